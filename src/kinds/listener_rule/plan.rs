//! What to do about a rule. Pure.
//!
//! What is new is made first, what stands is changed next, and what is left over goes when all else is in force: there is no
//! moment in which a request that is declared finds no rule.

use super::accept::{accepted, withdraws};
use super::desired::{Absent, Present};
use super::difference::{self, change};
use super::observed::{Observed, holder, judged_ours};
use super::parts::{Conditions, Part, meaning};
use super::priority::{self, Standing};
use super::{Desired, Step};
use crate::aws::elb::ListenerView;
use crate::aws::elb::model::{Rule, Tags};
use crate::domain::owner::PART;
use crate::engine::{Plan, Stop};
use crate::kinds::listener::{Found, is_gone};
use std::collections::BTreeSet;

/// What to do.
pub fn plan(want: &Desired, seen: &Observed) -> Plan<Step> {
    match want {
        Desired::Present(want) => present(want, seen),
        Desired::Absent(want) => absent(want, seen),
    }
}

fn present(want: &Present, seen: &Observed) -> Plan<Step> {
    let plan = match &seen.listener {
        Some(Found::There(view)) if want.is_only_observed => observe(want, view),
        Some(Found::There(view)) => on(want, seen, view),
        Some(Found::Not(stop)) => Plan::Refuse(stop.clone()),
        Some(Found::Unknown) | None => Plan::Wait("the first look at the listener".to_owned()),
    };
    match plan {
        Plan::Do(_) if want.paused => Plan::Wait("paused by annotation: a change waits".to_owned()),
        plan => plan,
    }
}

fn observe(want: &Present, view: &ListenerView) -> Plan<Step> {
    match observed_rule(want, view) {
        Some(_) => Plan::InSync,
        None => Plan::Refuse(Stop::waiting(
            "NotFound",
            match want.priority {
                Some(priority) => format!("the listener has no rule of priority {priority} to observe"),
                None => "the listener has no rule with this match to observe; set priority to name one".to_owned(),
            },
        )),
    }
}

/// The rule that is looked at and not managed: the one of the priority, or else of the match.
pub fn observed_rule<'a>(want: &Present, view: &'a ListenerView) -> Option<&'a (Rule, Tags)> {
    let whole = meaning(&want.whole);
    let is_meant = |rule: &Rule| match want.priority {
        Some(priority) => rule.priority == Some(priority),
        None => !rule.is_default() && meaning(&rule.conditions) == whole,
    };
    view.rules.iter().find(|(rule, _)| is_meant(rule))
}

fn on(want: &Present, seen: &Observed, view: &ListenerView) -> Plan<Step> {
    let listener = &view.listener.arn;
    // What may have been made stands on the listener that is remembered, so it is looked for before another takes its place.
    if seen.pending().next().is_some() {
        let there = seen.memory.listener_arn.as_ref().unwrap_or(listener);
        return Plan::Do(vec![Step::Look { listener: there.clone() }]);
    }
    if want.listener.as_ref() != Some(listener) {
        return Plan::Do(vec![Step::Found { listener: listener.clone() }]);
    }
    if let Err(stop) = accepted(want, view) {
        let left: Vec<Step> = seen.ours(&want.owner).filter(|_| withdraws(&stop)).map(delete).collect();
        return if left.is_empty() { Plan::Refuse(stop) } else { Plan::Do(left) };
    }
    let pairs = pairs(want, seen, view);
    let creates = match creates(want, view, &pairs) {
        Ok(creates) => creates,
        Err(stop) => return Plan::Refuse(stop),
    };
    let in_the_way: Vec<Step> = hindrances(want, seen, view).map(delete).collect();
    if !creates.is_empty() && !in_the_way.is_empty() {
        return Plan::Do(in_the_way);
    }
    let mut steps = creates;
    steps.extend(mend(want, seen, &pairs));
    if steps.is_empty() {
        steps.extend(moves(want, seen, view, &pairs));
    }
    if !steps.is_empty() {
        return Plan::Do(steps);
    }
    steps.extend(pairs.left.iter().copied().chain(seen.ours_elsewhere(&want.owner)).map(delete));
    match (steps.is_empty(), unread(seen)) {
        (false, _) => Plan::Do(steps),
        (true, Some(plan)) => plan,
        (true, None) => Plan::InSync,
    }
}

fn delete((rule, _): &(Rule, Tags)) -> Step {
    Step::Delete { arn: rule.arn.clone() }
}

/// Why what stands on other listeners is not known, if so.
fn unread(seen: &Observed) -> Option<Plan<Step>> {
    seen.elsewhere.iter().find_map(|(arn, found)| match found {
        Found::There(_) => None,
        Found::Unknown => Some(Plan::Wait(format!("a look at {arn}, on which rules of this object stood"))),
        Found::Not(stop) => (!is_gone(stop)).then(|| Plan::Refuse(stop.clone())),
    })
}

/// Which rule of AWS stands for which part of the match.
pub struct Pairs<'a> {
    /// One for each part, if there is one.
    pub of_parts: Vec<Option<&'a (Rule, Tags)>>,
    /// Rules of ours that stand for nothing.
    pub left: Vec<&'a (Rule, Tags)>,
}

/// Whether a rule stands for a part.
type IsIts = dyn Fn(&Part, &Rule, &Tags) -> bool;

/// Pairs parts with the rules that have their conditions, then with those that were made for them, then the last part that
/// changed with the last rule that is left, as that is one change in place.
pub fn pairs<'a>(want: &'a Present, seen: &'a Observed, view: &ListenerView) -> Pairs<'a> {
    let mut left: Vec<&(Rule, Tags)> = seen.ours(&want.owner).collect();
    let mut of_parts: Vec<Option<&(Rule, Tags)>> = vec![None; want.parts.len()];
    let has_conditions = |part: &Part, rule: &Rule, _: &Tags| meaning(&part.conditions) == meaning(&rule.conditions);
    let was_made_for = |part: &Part, _: &Rule, tags: &Tags| tags.get(PART) == Some(&part.hash);
    let ways: [&IsIts; 2] = [&has_conditions, &was_made_for];
    for is_its in ways {
        for (part, pair) in want.parts.iter().zip(&mut of_parts).filter(|(_, pair)| pair.is_none()) {
            let at = left.iter().position(|(rule, tags)| is_its(part, rule, tags));
            *pair = at.map(|at| left.remove(at));
        }
    }
    let open = of_parts.iter().filter(|pair| pair.is_none()).count();
    let is_full = is_full(seen, view);
    // Where the listener is full nothing can be made first, so parts are changed one after the other.
    if (open == 1 && left.len() == 1) || is_full {
        for (part, pair) in want.parts.iter().zip(&mut of_parts).filter(|(_, pair)| pair.is_none()) {
            let fits = |rule: &Rule| is_full || want.priority.is_some() || may_stay(want, view, part, rule);
            *pair = left.iter().position(|(rule, _)| fits(rule)).map(|at| left.remove(at));
        }
    }
    Pairs { of_parts, left }
}

/// Whether the listener alone has as many rules as AWS allows to a load balancer.
fn is_full(seen: &Observed, view: &ListenerView) -> bool {
    seen.most_rules.and_then(|most| usize::try_from(most).ok()).is_some_and(|most| number_of_rules(view) >= most)
}

/// How many rules a listener has beside the default one, which AWS does not count.
pub fn number_of_rules(view: &ListenerView) -> usize {
    view.rules.iter().filter(|(rule, _)| !rule.is_default()).count()
}

fn may_stay(want: &Present, view: &ListenerView, part: &Part, rule: &Rule) -> bool {
    rule.priority.is_some_and(|priority| priority::may_stay(priority, &part.conditions, &standing(want, view)))
}

/// What others have on the listener.
fn standing(want: &Present, view: &ListenerView) -> Vec<Standing> {
    let is_explicit = |name: &String| want.neighbours.iter().any(|other| other.name == *name && other.is_explicit);
    let others = view.rules.iter().filter(|(_, tags)| !judged_ours(tags, &want.owner));
    let one = |(rule, tags): &(Rule, Tags)| {
        let is_ours = holder(tags, &want.owner).is_some_and(|name| !is_explicit(&name));
        Some(Standing { priority: rule.priority?, conditions: rule.conditions.clone(), is_ours })
    };
    others.filter_map(one).collect()
}

/// Priorities that nobody else may be given: of rules of this object, and those that others are about to have.
fn taken(want: &Present, view: &ListenerView) -> BTreeSet<i32> {
    let live = view.rules.iter().filter_map(|(rule, _)| rule.priority);
    live.chain(want.neighbours.iter().flat_map(|other| other.priorities.iter().copied())).collect()
}

/// A free priority for these conditions, beside those that are known to be taken.
///
/// # Errors
/// [`Stop::Waiting`] when the band has none.
pub fn free_priority(want: &Present, view: &ListenerView, conditions: &Conditions, beside: &BTreeSet<i32>) -> Result<i32, Stop> {
    let taken: BTreeSet<i32> = taken(want, view).union(beside).copied().collect();
    priority::choose(want.band, conditions, &standing(want, view), &taken).ok_or_else(|| {
        Stop::waiting(
            "NoFreePriority",
            format!(
                "every priority from {} to {} is taken on this listener; widen the priorityBand of the load balancer, ask for a \
                 priority outside of it, or delete rules",
                want.band.from, want.band.to
            ),
        )
    })
}

fn creates(want: &Present, view: &ListenerView, pairs: &Pairs) -> Result<Vec<Step>, Stop> {
    let mut chosen = BTreeSet::new();
    let mut steps = Vec::new();
    for (part, declared) in want.parts.iter().enumerate().filter(|(part, _)| pairs.of_parts[*part].is_none()) {
        // Held by a rule of this object: it is exchanged once the new rule is there.
        let is_free = |number: &i32| !view.rules.iter().any(|(rule, _)| rule.priority == Some(*number));
        let priority = match want.priority_of(part).filter(is_free) {
            Some(asked_for) => asked_for,
            None => free_priority(want, view, &declared.conditions, &chosen)?,
        };
        chosen.insert(priority);
        steps.push(Step::Create { part, priority, among: number_of_rules(view) });
    }
    Ok(steps)
}

/// A target group belongs to one load balancer: what of ours forwards to it on another has to go first.
fn hindrances<'a>(want: &'a Present, seen: &'a Observed, view: &'a ListenerView) -> impl Iterator<Item = &'a (Rule, Tags)> {
    let wanted: BTreeSet<&str> = want.action.target_groups().iter().map(|it| it.arn.as_str()).collect();
    let there = |found: &'a (String, Found)| if let Found::There(view) = &found.1 { Some(view.as_ref()) } else { None };
    let others = seen.elsewhere.iter().filter_map(there).filter(|other| other.load_balancer.arn != view.load_balancer.arn);
    others
        .flat_map(|other| super::observed::ours(other, &want.owner))
        .filter(move |(rule, _)| rule.target_groups().any(|it| wanted.contains(it.arn.as_str())))
}

/// Whether a difference was made by somebody else: the declaration is the one that was in force.
pub fn is_drift(want: &Present, seen: &Observed) -> bool {
    seen.memory.applied_hash.as_ref() == Some(&want.hash)
}

/// Whether differences are somebody else's and are to be left so.
fn is_only_reported(want: &Present, seen: &Observed) -> bool {
    want.only_report && is_drift(want, seen)
}

/// What stands and differs.
fn mend(want: &Present, seen: &Observed, pairs: &Pairs) -> Vec<Step> {
    let reported = is_only_reported(want, seen);
    let applied = &seen.memory.applied;
    let mut steps = Vec::new();
    for (part, (rule, tags)) in want.parts.iter().zip(&pairs.of_parts).filter_map(|(part, pair)| Some((part, (*pair)?))) {
        if let Some((change, _)) = change(want, part, rule, applied).filter(|_| !reported) {
            steps.push(Step::Modify(change));
        }
        let (set, gone) = difference::tags(want, part, tags, applied, reported);
        if !set.is_empty() {
            steps.push(Step::Tag { arn: rule.arn.clone(), tags: set });
        }
        if !gone.is_empty() {
            steps.push(Step::Untag { arn: rule.arn.clone(), keys: gone });
        }
    }
    steps
}

/// Priorities that are not as declared, or not as they were chosen, in one call: AWS exchanges them all at once.
fn moves(want: &Present, seen: &Observed, view: &ListenerView, pairs: &Pairs) -> Option<Step> {
    if is_only_reported(want, seen) {
        return None;
    }
    let holder_of = |number: i32| view.rules.iter().find(|(rule, _)| rule.priority == Some(number));
    let chosen = |rule: &Rule| {
        let remembered = seen.memory.rules.iter().find(|part| part.arn.as_ref() == Some(&rule.arn))?;
        Some(remembered.priority).filter(|number| holder_of(*number).is_none())
    };
    let mut all = Vec::new();
    let mut taken = BTreeSet::new();
    for (part, (rule, _)) in pairs.of_parts.iter().enumerate().filter_map(|(part, pair)| Some((part, (*pair)?))) {
        let Some(number) = want.priority_of(part).or_else(|| chosen(rule)).filter(|number| rule.priority != Some(*number)) else {
            continue;
        };
        taken.insert(number);
        all.push((rule.arn.clone(), number));
        if let Some(left) = pairs.left.iter().find(|(left, _)| left.priority == Some(number)) {
            let elsewhere = free_priority(want, view, &left.0.conditions, &taken).ok()?;
            taken.insert(elsewhere);
            all.push((left.0.arn.clone(), elsewhere));
        }
    }
    (!all.is_empty()).then_some(Step::SetPriorities(all))
}

fn absent(want: &Absent, seen: &Observed) -> Plan<Step> {
    // Account and region stand in status before the first write: without them nothing was ever sent.
    if want.only_observed || seen.memory.account.is_none() {
        return Plan::Gone;
    }
    if let Some(why) = still_used(want, seen) {
        return Plan::Wait(why);
    }
    if let Some(plan) = unread(seen) {
        return plan;
    }
    let there = |found: &(String, Found)| if let (arn, Found::There(_)) = found { Some(arn.clone()) } else { None };
    let open = seen.memory.rules.iter().any(|part| part.arn.is_none());
    let ours: Vec<&(Rule, Tags)> = seen.ours_elsewhere(&want.owner).collect();
    let look = seen.elsewhere.iter().filter_map(there).find(|arn| open && seen.memory.listener_arn.as_ref() == Some(arn));
    match (look, ours.is_empty()) {
        (None, true) => Plan::Gone,
        _ if want.paused => Plan::Wait("paused by annotation: the deletion waits".to_owned()),
        (Some(listener), _) => Plan::Do(vec![Step::Look { listener }]),
        (None, false) if want.keep => Plan::Finish(ours.iter().map(|(rule, _)| Step::Disown { arn: rule.arn.clone() }).collect()),
        (None, false) => Plan::Finish(ours.into_iter().map(delete).collect()),
    }
}

/// Requests that find no rule are worse than a rule that stays a little longer.
fn still_used(want: &Absent, seen: &Observed) -> Option<String> {
    let service = want.service.as_ref().filter(|service| service.exposes && !want.keep)?;
    if !service.is_going {
        return Some(format!("EcsService {} still exposes it; take the entry out there, or delete the service", service.name));
    }
    seen.is_service_up.then(|| format!("the tasks of EcsService {} are being stopped", service.name))
}
