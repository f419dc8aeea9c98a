//! What to say about a rule after a pass. Pure.

use super::accept::REFUSED;
use super::covers::covers;
use super::desired::{Absent, Present};
use super::difference::{change, tag_drift};
use super::observed::{Observed, holder, judged_ours};
use super::plan::{is_drift, observed_rule, pairs};
use super::{Desired, Done, EcsListenerRuleKind as Kind, Step};
use crate::api::listener_rule::{RulePart, ShadowedBy, WeightedTargetGroup};
use crate::api::shared::Drift;
use crate::api::{EcsListenerRule, EcsListenerRuleStatus as Status};
use crate::aws::elb::ListenerView;
use crate::aws::elb::model::Rule;
use crate::aws::error;
use crate::engine::conditions::{self, Statement, Type, merge};
use crate::engine::ctx::Site;
use crate::engine::drift;
use crate::engine::next::Next;
use crate::engine::{Notice, Pass, Stop, statements_of};
use crate::kinds::listener::{Found, listener_of};
use jiff::Timestamp;

/// What must stand in status before a step: where it goes, and the priority by which a new rule is found again.
pub fn promise(before: &Status, want: &Desired, step: &Step, site: &Site) -> Status {
    let mut status = before.clone();
    place(&mut status, site);
    if let Step::Found { listener } = step {
        status.listener_arn = Some(listener.clone());
    }
    if let (Desired::Present(want), Step::Create { part, priority, .. }) = (want, step) {
        let part = i32::try_from(*part).unwrap_or(i32::MAX);
        status.listener_arn.clone_from(&want.listener);
        status.rules.retain(|held| held.arn.is_some() || held.part != part);
        status.rules.push(RulePart { part, arn: None, priority: *priority });
    }
    status
}

fn place(status: &mut Status, site: &Site) {
    status.connection = Some(site.connection.clone());
    status.account = Some(site.account.clone());
    status.region = Some(site.region.clone());
}

/// The status after a pass.
pub fn status(object: &EcsListenerRule, pass: &Pass<Kind>, site: Option<&Site>, now: Timestamp) -> Status {
    if let (Some(said), true) = (&object.status, is_before_the_first_look(pass)) {
        return said.clone();
    }
    let mut status = object.status.clone().unwrap_or_default();
    let generation = object.metadata.generation;
    if let (Some(site), true) = (site, pass.want.is_some()) {
        place(&mut status, site);
    }
    let present = match &pass.want {
        Some(Desired::Present(want)) => Some(want.as_ref()),
        _ => None,
    };
    if let (Some(want), Some(seen)) = (present, &pass.seen) {
        show(&mut status, want, seen, pass);
        remember_applied(&mut status, want, pass);
        status.drift = drift_to_report(want, seen);
    }
    if let (Some(Desired::Absent(want)), Some(seen)) = (&pass.want, &pass.seen) {
        show_what_is_left(&mut status, want, seen, pass);
    }
    status.observed_generation = generation;
    let before = std::mem::take(&mut status.conditions);
    let statements = statements(&status, pass, present);
    status.conditions = merge(&before, &statements, generation, now);
    status
}

/// Whether the operator has just started and has not read the listener yet. What was said last is then worth more than that
/// nothing is known.
fn is_before_the_first_look(pass: &Pass<Kind>) -> bool {
    let unread = |seen: &Observed| seen.listener == Some(Found::Unknown) && !seen.memory.conditions.is_empty();
    matches!(pass.end, Ok(Next::Progressing(_))) && pass.done.is_empty() && pass.seen.as_ref().is_some_and(unread)
}

/// The rules of the object as they stand after what was done, by priority.
fn after(seen: Vec<Rule>, pass: &Pass<Kind>) -> Vec<Rule> {
    let mut rules = seen;
    for done in &pass.done {
        match done {
            Done::Found { .. } | Done::Tagged => {}
            Done::Looked(found) => found.iter().for_each(|rule| put(&mut rules, rule)),
            Done::Created { rule, .. } | Done::Changed(rule) => put(&mut rules, rule),
            Done::Moved(priorities) => {
                for (arn, priority) in priorities {
                    rules.iter_mut().filter(|rule| rule.arn == *arn).for_each(|rule| rule.priority = Some(*priority));
                }
            }
            Done::Released { arn } => rules.retain(|rule| rule.arn != *arn),
        }
    }
    rules.sort_by_key(|rule| rule.priority);
    rules
}

fn put(rules: &mut Vec<Rule>, rule: &Rule) {
    match rules.iter_mut().find(|held| held.arn == rule.arn) {
        Some(held) => held.clone_from(rule),
        None => rules.push(rule.clone()),
    }
}

fn show(status: &mut Status, want: &Present, seen: &Observed, pass: &Pass<Kind>) {
    let Some(view) = seen.view() else { return };
    status.load_balancer_arn = Some(view.load_balancer.arn.clone());
    status.url = url(want, view);
    let stood = status.listener_arn.replace(view.listener.arn.clone());
    let here: Vec<Rule> = match want.is_only_observed {
        true => observed_rule(want, view).into_iter().map(|(rule, _)| rule.clone()).collect(),
        false => seen.ours(&want.owner).map(|(rule, _)| rule.clone()).collect(),
    };
    let gone = |arn: &str| seen.elsewhere.iter().any(|(at, found)| *at == arn && is_read(found));
    let mut all = after(here.into_iter().chain(seen.ours_elsewhere(&want.owner).map(|(rule, _)| rule.clone())).collect(), pass);
    // What stands where it could not be looked at is kept in mind.
    let unread = status.rules.iter().filter(|part| {
        part.arn.as_deref().is_some_and(|arn| {
            let listener = listener_of(arn);
            listener != view.listener.arn && !gone(&listener) && !is_released(pass, arn)
        })
    });
    let mut parts: Vec<RulePart> = unread.cloned().collect();
    all.retain(|rule| !parts.iter().any(|part| part.arn.as_ref() == Some(&rule.arn)));
    let pending = pending(status, stood.as_ref() == Some(&view.listener.arn), seen, pass);
    let first = all.iter().find(|rule| listener_of(&rule.arn) == view.listener.arn);
    status.priority = first.and_then(|rule| rule.priority).or(want.priority);
    let forwards = first.into_iter().flat_map(Rule::target_groups);
    status.target_groups = forwards.map(|it| WeightedTargetGroup { arn: it.arn.clone(), weight: it.weight }).collect();
    let made =
        |(part, rule): (i32, &Rule)| RulePart { part, arn: Some(rule.arn.clone()), priority: rule.priority.unwrap_or_default() };
    parts.extend((0..).zip(&all).map(made));
    parts.extend(pending);
    status.rules = parts;
    status.shadowed_by = shadow(want, view, &all);
}

const fn is_read(found: &Found) -> bool {
    !matches!(found, Found::Unknown)
}

fn is_released(pass: &Pass<Kind>, arn: &str) -> bool {
    pass.done.iter().any(|done| matches!(done, Done::Released { arn: released } if released == arn))
}

/// Rules that were about to be made and of which nobody knows: kept until a look at the listener told.
fn pending(status: &Status, is_same_listener: bool, seen: &Observed, pass: &Pass<Kind>) -> Vec<RulePart> {
    if pass.done.iter().any(|done| matches!(done, Done::Looked(_))) || was_refused(pass) {
        return Vec::new();
    }
    let is_seen = |priority: i32| {
        is_same_listener && seen.view().is_some_and(|view| view.rules.iter().any(|(rule, _)| rule.priority == Some(priority)))
    };
    let is_made = |part: i32| {
        let is_it = |made: usize| i32::try_from(made) == Ok(part);
        pass.done.iter().any(|done| matches!(done, Done::Created { part, .. } if is_it(*part)))
    };
    let open = status.rules.iter().filter(|held| held.arn.is_none());
    open.filter(|held| !is_seen(held.priority) && !is_made(held.part)).cloned().collect()
}

/// Whether a creation was answered with a refusal, so that it certainly had no effect.
fn was_refused(pass: &Pass<Kind>) -> bool {
    match &pass.end {
        Err(Stop::Aws(refusal)) => {
            refusal.operation == "CreateRule" && !matches!(refusal.kind, error::Kind::Unknown | error::Kind::Unavailable)
        }
        Err(Stop::Waiting { reason, .. }) => {
            matches!(*reason, "QuotaExceeded" | "TargetGroupAssociationLimit" | "PriorityInUse" | "NoFreePriority")
        }
        Err(Stop::Invalid { reason, .. }) => *reason == "NotGranted",
        _ => false,
    }
}

fn show_what_is_left(status: &mut Status, want: &Absent, seen: &Observed, pass: &Pass<Kind>) {
    let found: Vec<Rule> = seen.ours_elsewhere(&want.owner).map(|(rule, _)| rule.clone()).collect();
    for rule in after(found, pass) {
        if !status.rules.iter().any(|part| part.arn.as_ref() == Some(&rule.arn)) {
            status.rules.push(RulePart { part: 0, arn: Some(rule.arn.clone()), priority: rule.priority.unwrap_or_default() });
        }
    }
    let was_looked_for = pass.done.iter().any(|done| matches!(done, Done::Looked(_)));
    status.rules.retain(|part| match &part.arn {
        Some(arn) => !is_released(pass, arn),
        None => !was_looked_for,
    });
    status.drift.clear();
}

/// Where a request that matches can be sent, as far as the match says it.
fn url(want: &Present, view: &ListenerView) -> Option<String> {
    let has_wildcard = |text: &str| text.contains(['*', '?']);
    let host = match want.hosts.is_empty() {
        true => view.load_balancer.dns_name.clone()?,
        false => want.hosts.iter().find(|host| !has_wildcard(host))?.clone(),
    };
    let (scheme, default) = if view.listener.protocol.as_deref() == Some("HTTPS") { ("https", 443) } else { ("http", 80) };
    let port = view.listener.port.filter(|port| *port != default).map(|port| format!(":{port}")).unwrap_or_default();
    let path = want.paths.iter().find(|path| !has_wildcard(path)).or(want.paths.first());
    let path = path.map_or("/", |path| path.split(['*', '?']).next().unwrap_or_default());
    Some(format!("{scheme}://{host}{port}{path}"))
}

/// A rule of somebody else that stands before one of ours and takes all that it would.
fn shadow(want: &Present, view: &ListenerView, ours: &[Rule]) -> Option<ShadowedBy> {
    let others = || view.rules.iter().filter(|(_, tags)| !judged_ours(tags, &want.owner) && !want.is_only_observed);
    let before = |rule: &Rule| {
        others().find(|(other, _)| {
            other.priority.is_some() && other.priority < rule.priority && covers(&other.conditions, &rule.conditions)
        })
    };
    let (other, tags) = ours.iter().filter(|rule| listener_of(&rule.arn) == view.listener.arn).find_map(before)?;
    Some(ShadowedBy { arn: other.arn.clone(), priority: other.priority?, owner: holder(tags, &want.owner) })
}

/// Once AWS is as declared, or was told to become so, the declaration is what is in force.
fn remember_applied(status: &mut Status, want: &Present, pass: &Pass<Kind>) {
    let has_written = pass.done.iter().any(|done| !matches!(done, Done::Found { .. } | Done::Looked(_)));
    let is_in_force = match pass.end {
        Ok(Next::Settled) => true,
        Ok(Next::Acted) => has_written,
        _ => false,
    };
    if want.look_at.is_some() && matches!(pass.end, Ok(Next::Settled)) {
        status.reconciled_at.clone_from(&want.look_at);
    }
    if is_in_force && !want.is_only_observed {
        status.applied_hash = Some(want.hash.clone());
        status.applied.clone_from(&want.applied);
    }
}

/// Differences that are left as they are: told, not mended.
fn drift_to_report(want: &Present, seen: &Observed) -> Vec<Drift> {
    let Some(view) = seen.view() else { return Vec::new() };
    if want.is_only_observed {
        let Some((rule, tags)) = observed_rule(want, view) else { return Vec::new() };
        let all = super::parts::Part { conditions: want.whole.clone(), hash: String::new() };
        let differing = change(want, &all, rule, &[]).map(|(_, drift)| drift).unwrap_or_default();
        return differing.into_iter().chain(tag_drift(want, tags)).collect();
    }
    if !((want.only_report || want.paused) && is_drift(want, seen)) {
        return Vec::new();
    }
    let pairs = pairs(want, seen, view);
    let mut all = Vec::new();
    for (part, pair) in want.parts.iter().zip(&pairs.of_parts).enumerate().map(|(index, (part, pair))| ((index, part), *pair)) {
        let (index, part) = part;
        let Some((rule, tags)) = pair else { continue };
        all.extend(change(want, part, rule, &seen.memory.applied).map(|(_, drift)| drift).unwrap_or_default());
        all.extend(tag_drift(want, tags));
        all.extend(priority_drift(want, index, rule));
    }
    all
}

fn priority_drift(want: &Present, part: usize, rule: &Rule) -> Option<Drift> {
    let wanted = want.priority_of(part).filter(|wanted| rule.priority != Some(*wanted))?;
    let seen = rule.priority.map(|seen| seen.to_string());
    Some(Drift { field: "priority".to_owned(), wanted: Some(wanted.to_string()), seen })
}

fn statements(status: &Status, pass: &Pass<Kind>, want: Option<&Present>) -> Vec<Statement> {
    let mut all = match (&pass.end, want) {
        (Ok(Next::Gone), _) => vec![Statement::no(Type::Ready, "Deleted", "nothing of it is left in AWS")],
        (Ok(next), None) => progressing("Deleting", &waiting_for(next)),
        (Err(stop), None) => statements_of(stop),
        (end, Some(want)) => of_listener(status, end, want, pass),
    };
    if want.is_some_and(|want| want.paused) {
        all.push(Statement::yes(
            Type::Paused,
            "PausedByAnnotation",
            "nothing is written to AWS while ecs-operator.io/paused is true",
        ));
    }
    if !status.drift.is_empty() {
        all.push(Statement::yes(Type::Drifted, "Differs", drift::sentence(&status.drift)));
    }
    all
}

/// Ready only when the listener has what is declared, and requests reach it.
fn of_listener(status: &Status, end: &Result<Next, Stop>, want: &Present, pass: &Pass<Kind>) -> Vec<Statement> {
    let is_there = pass.seen.as_ref().is_some_and(|seen| seen.view().is_some());
    let accepted = || Statement::yes(Type::Accepted, "Accepted", "host, match and priority are its own on the listener");
    match end {
        Err(stop) if REFUSED.contains(&stop.reason()) => {
            let mut all = statements_of(stop);
            all.push(Statement::no(Type::Accepted, stop.reason(), stop.message()));
            all.push(Statement::no(Type::Programmed, stop.reason(), "the listener does not have it as declared"));
            all
        }
        Err(stop) => {
            let mut all = statements_of(stop);
            all.extend(is_there.then(accepted));
            all.push(Statement::no(Type::Programmed, stop.reason(), stop.message()));
            all
        }
        Ok(Next::Settled) => settled(status, want, accepted()),
        Ok(next) => {
            let why = waiting_for(next);
            let mut all = progressing(if want.paused { "Paused" } else { "Programming" }, &why);
            all.push(Statement::no(Type::Programmed, "Programming", why));
            all
        }
    }
}

fn settled(status: &Status, want: &Present, accepted: Statement) -> Vec<Statement> {
    let priority = status.priority.unwrap_or_default();
    if want.is_only_observed {
        return vec![Statement::yes(Type::Ready, "Observed", format!("the listener has a rule of priority {priority}"))];
    }
    let rules = match status.rules.len() {
        1 => format!("the listener has it with priority {priority}"),
        several => format!("the listener has it as {several} rules, the first with priority {priority}"),
    };
    let Some(by) = &status.shadowed_by else {
        return vec![
            Statement::yes(Type::Ready, "Programmed", rules.clone()),
            accepted,
            Statement::yes(Type::Programmed, "Programmed", rules),
        ];
    };
    let who = by.owner.as_ref().map(|owner| format!(" of EcsListenerRule {owner}")).unwrap_or_default();
    let message = format!(
        "rule {}{who} with priority {} takes every request that this one would match; ask for a smaller priority, or change one of the two",
        by.arn, by.priority
    );
    vec![
        Statement::no(Type::Ready, "Shadowed", message.clone()),
        Statement::yes(Type::Stalled, "Shadowed", message.clone()),
        accepted,
        Statement::yes(Type::Programmed, "Programmed", rules),
        Statement::yes(Type::Shadowed, "Shadowed", message),
    ]
}

fn waiting_for(next: &Next) -> String {
    match next {
        Next::Progressing(why) => why.clone(),
        _ => "the change was sent to AWS".to_owned(),
    }
}

fn progressing(reason: &'static str, message: &str) -> Vec<Statement> {
    vec![Statement::no(Type::Ready, reason, message), Statement::yes(Type::Reconciling, reason, message)]
}

/// What to tell: what was done in AWS, and what the conditions say anew, each sentence once.
pub fn notices(before: &Status, after: &Status, pass: &Pass<Kind>) -> Vec<Notice> {
    let normal = |reason: &str, message: String| Notice { id: None, warning: false, reason: reason.to_owned(), message };
    let mut all: Vec<Notice> = Vec::new();
    for done in &pass.done {
        match done {
            Done::Created { rule, .. } => {
                all.push(normal(
                    "Created",
                    format!("rule {} was made with priority {}", rule.arn, rule.priority.unwrap_or_default()),
                ));
            }
            Done::Changed(rule) => all.push(normal("Changed", format!("rule {} was changed", rule.arn))),
            Done::Moved(moved) => {
                all.extend(moved.iter().map(|(arn, to)| normal("Moved", format!("rule {arn} was moved to priority {to}"))));
            }
            Done::Released { arn } => all.push(normal("Released", format!("rule {arn} is gone, or no longer managed"))),
            Done::Found { .. } | Done::Looked(_) | Done::Tagged => {}
        }
    }
    for notice in conditions::notices(&before.conditions, &after.conditions) {
        if !all.iter().any(|told| told.message == notice.message) {
            all.push(notice);
        }
    }
    all
}
