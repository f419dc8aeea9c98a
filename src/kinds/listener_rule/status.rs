//! What to say about a rule after a pass. Pure.

use super::covers::covers;
use super::desired::{Absent, Present};
use super::difference::{change, tag_drift};
use super::observed::{Observed, holder, judged_ours};
use super::plan::{is_drift, observed_rule, pairs};
use super::statements::statements;
use super::{Desired, Done, EcsListenerRuleKind as Kind, Step};
use crate::api::listener_rule::{RulePart, ShadowedBy, WeightedTargetGroup};
use crate::api::shared::Drift;
use crate::api::{EcsListenerRule, EcsListenerRuleStatus as Status};
use crate::aws::elb::ListenerView;
use crate::aws::elb::model::Rule;
use crate::aws::error;
use crate::engine::conditions::merge;
use crate::engine::ctx::Site;
use crate::engine::next::Next;
use crate::engine::{Pass, Stop};
use crate::kinds::listener::{Found, is_gone, listener_of};
use jiff::Timestamp;

/// What must stand in status before a step: where it goes, the priority by which a new rule is found again, and the optional
/// fields that may be there from now on.
pub fn promise(before: &Status, want: &Desired, step: &Step, site: &Site) -> Status {
    let mut status = before.clone();
    place(&mut status, site);
    if let Step::Found { listener } = step {
        status.listener_arn = Some(listener.clone());
    }
    if let (Desired::Present(want), Step::Create { .. } | Step::Modify(_) | Step::Tag { .. }) = (want, step) {
        status.applied.extend(want.applied.iter().filter(|path| !before.applied.contains(path)).cloned());
        status.applied.sort();
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
        status.drift = drift_to_report(want, seen);
        remember_applied(&mut status, want, pass);
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
    let here: Vec<Rule> = if want.is_only_observed {
        observed_rule(want, view).into_iter().map(|(rule, _)| rule.clone()).collect()
    } else {
        seen.ours(&want.owner).map(|(rule, _)| rule.clone()).collect()
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
    let pending = pending(status, view, pass);
    // What may have been made is looked for on the listener that is remembered.
    if pending.is_empty() || status.listener_arn.is_none() {
        status.listener_arn = Some(view.listener.arn.clone());
    }
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

fn is_read(found: &Found) -> bool {
    match found {
        Found::There(_) => true,
        Found::Unknown => false,
        Found::Not(stop) => is_gone(stop),
    }
}

fn is_released(pass: &Pass<Kind>, arn: &str) -> bool {
    pass.done.iter().any(|done| matches!(done, Done::Released { arn: released } if released == arn))
}

/// Rules that were about to be made and of which nobody knows: kept until a look at the listener told.
fn pending(status: &Status, view: &ListenerView, pass: &Pass<Kind>) -> Vec<RulePart> {
    if pass.done.iter().any(|done| matches!(done, Done::Looked(_))) || was_refused(pass) {
        return Vec::new();
    }
    let is_same_listener = status.listener_arn.as_ref() == Some(&view.listener.arn);
    let is_seen = |priority: i32| is_same_listener && view.rules.iter().any(|(rule, _)| rule.priority == Some(priority));
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
            matches!(
                *reason,
                "QuotaExceeded" | "TargetGroupAssociationLimit" | "PriorityInUse" | "NoFreePriority" | "NotOwnedYet"
            )
        }
        Err(stop) => stop.is_not_granted(),
        Ok(_) => false,
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
    let host = if want.hosts.is_empty() {
        view.load_balancer.dns_name.clone()?
    } else {
        want.hosts.iter().find(|host| !has_wildcard(host))?.clone()
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

/// Once AWS is as declared, the declaration is what is in force.
fn remember_applied(status: &mut Status, want: &Present, pass: &Pass<Kind>) {
    if !matches!(pass.end, Ok(Next::Settled)) {
        return;
    }
    if want.look_at.is_some() {
        status.reconciled_at.clone_from(&want.look_at);
    }
    let is_in_force = !(want.is_only_observed || want.paused || !status.drift.is_empty());
    if is_in_force {
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
