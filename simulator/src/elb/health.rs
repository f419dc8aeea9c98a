//! The health of targets: initial, healthy, unhealthy, draining, unused.
//!
//! A target's next change follows from how it answers and since when, so only changes are events, not every check.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::objects::Group;
use super::targets::{Target, TargetBehaviour, TargetKey, TargetState};
use super::{Answer, Elb, News, find};
use crate::clock::{later, since};
use crate::ecs::input::Input;

/// A registration takes this long to reach the load balancer.
const REGISTRATION: Duration = Duration::from_secs(2);

fn seconds(group: &Group, member: &str) -> Duration {
    Duration::from_secs(group.number(member).unsigned_abs())
}

/// How long a target must have answered so until its state changes, and to what. `None`: it stays as it is.
///
/// A new target needs one good check, whatever the threshold says (AWS's guide on target health); one that was unhealthy needs
/// as many as the threshold.
fn next(group: &Group, target: &Target) -> Option<(Duration, TargetState)> {
    let interval = seconds(group, "HealthCheckIntervalSeconds");
    let times = |member: &str| interval * u32::try_from(group.number(member)).unwrap_or(1);
    let passes = target.answers == TargetBehaviour::Healthy;
    match target.state {
        TargetState::Initial if passes => Some((interval, TargetState::Healthy)),
        TargetState::Unhealthy if passes => Some((times("HealthyThresholdCount"), TargetState::Healthy)),
        TargetState::Initial | TargetState::Healthy if !passes => {
            Some((times("UnhealthyThresholdCount"), TargetState::Unhealthy))
        }
        _ => None,
    }
}

/// How a target answers now: what was said about it by name, or else what it is.
fn behaviour(elb: &Elb, key: &TargetKey, target: &Target) -> TargetBehaviour {
    if elb.behaviours.is_empty() {
        return target.behaviour;
    }
    let name = format!("{}:{}", key.1.0, key.1.1);
    let said = elb.behaviours.iter().rev().find(|(pattern, _)| name.contains(pattern.as_str()));
    said.map_or(target.behaviour, |(_, behaviour)| *behaviour)
}

/// Looks at a target: what changed about it or around it, and what comes next.
pub(super) fn look(elb: &mut Elb, key: &TargetKey) {
    let now = elb.now;
    let is_used = elb.objects.balancer_of(&key.0).is_some();
    let Some(group) = elb.objects.groups.get(&key.0) else { return };
    let Some(known) = group.targets.get(&key.1) else { return };
    if known.state == TargetState::Draining {
        return;
    }
    let mut target = known.clone();
    let answers = behaviour(elb, key, &target);
    let is_checked = is_used && answers != TargetBehaviour::Stopped;
    if !is_checked {
        target.state = TargetState::Unused;
    } else if target.state == TargetState::Unused {
        target.state = TargetState::Initial;
        target.since = now;
    }
    if (answers == TargetBehaviour::Healthy) != (target.answers == TargetBehaviour::Healthy) {
        target.since = now;
    }
    target.answers = answers;
    let due = next(group, &target).map(|(lasts, _)| later(target.since, lasts));
    put(elb, key, target);
    if let Some(due) = due {
        enter(elb, due, key);
    }
}

/// Puts a target back, and tells of its new state.
fn put(elb: &mut Elb, key: &TargetKey, target: Target) {
    let Some(group) = elb.objects.groups.get_mut(&key.0) else { return };
    let known = group.targets.get(&key.1);
    let is_same =
        known.is_some_and(|known| known.state == target.state && known.since == target.since && known.answers == target.answers);
    if is_same {
        return;
    }
    if known.is_none_or(|known| known.state != target.state) {
        elb.news.push(News { target: key.clone() });
    }
    Arc::make_mut(group).targets.insert(key.1.clone(), target);
}

fn enter(elb: &mut Elb, at: Timestamp, key: &TargetKey) {
    elb.entered += 1;
    elb.agenda.insert((at, elb.entered), key.clone());
}

/// After a write anything may have changed: what is used, and how often it is checked.
pub(super) fn look_at_all(elb: &mut Elb) {
    elb.agenda.clear();
    let groups = elb.objects.groups.values().filter(|group| !group.targets.is_empty());
    let mut keys: Vec<TargetKey> = Vec::new();
    let mut ends: Vec<(Timestamp, TargetKey)> = Vec::new();
    for group in groups {
        for (id, target) in &group.targets {
            let key = (Arc::clone(&group.arn), id.clone());
            match target.gone {
                Some(gone) => ends.push((gone, key)),
                None => keys.push(key),
            }
        }
    }
    for (gone, key) in ends {
        enter(elb, gone, &key);
    }
    for key in keys {
        look(elb, &key);
    }
}

/// Something about a target is due.
pub(super) fn step(elb: &mut Elb, key: &TargetKey) {
    let now = elb.now;
    let Some(group) = elb.objects.groups.get(&key.0) else { return };
    let Some(target) = group.targets.get(&key.1) else { return };
    if target.gone.is_some_and(|gone| gone <= now) {
        elb.news.push(News { target: key.clone() });
        if let Some(group) = elb.objects.groups.get_mut(&key.0) {
            Arc::make_mut(group).targets.remove(&key.1);
        }
        return;
    }
    if let Some((lasts, state)) = next(group, target).filter(|(lasts, _)| later(target.since, *lasts) <= now) {
        let changed = Target { state, since: later(target.since, lasts), ..target.clone() };
        put(elb, key, changed);
        look(elb, key);
    }
}

/// Begins the end of a registration; gives back how long it takes.
pub(super) fn drain(elb: &mut Elb, key: &TargetKey) -> Duration {
    let now = elb.now;
    let Some(group) = elb.objects.groups.get_mut(&key.0) else { return Duration::ZERO };
    let delay = Duration::from_secs(group.attribute("deregistration_delay.timeout_seconds").parse().unwrap_or(0));
    let Some(target) = Arc::make_mut(group).targets.get_mut(&key.1) else { return Duration::ZERO };
    if let Some(gone) = target.gone {
        return since(now, gone);
    }
    // Where no traffic came there is nothing to wait for.
    let delay = if target.state == TargetState::Unused { Duration::ZERO } else { delay };
    let gone = later(now, delay);
    target.state = TargetState::Draining;
    target.gone = Some(gone);
    elb.news.push(News { target: key.clone() });
    enter(elb, gone, key);
    delay
}

/// Reason code and words of a state; a healthy target has none. The codes are AWS's; the words are those that it is seen to use.
pub(super) fn reason(group: &Group, target: &Target, now: Timestamp) -> Option<(&'static str, &'static str)> {
    match target.state {
        TargetState::Healthy => None,
        TargetState::Initial if since(target.registered, now) < REGISTRATION => {
            Some(("Elb.RegistrationInProgress", "Target registration is in progress"))
        }
        TargetState::Initial => Some(("Elb.InitialHealthChecking", "Initial health checks in progress")),
        TargetState::Draining => Some(("Target.DeregistrationInProgress", "Target deregistration is in progress")),
        TargetState::Unused if target.answers == TargetBehaviour::Stopped => {
            Some(("Target.InvalidState", "Target is in the stopped state"))
        }
        TargetState::Unused => {
            Some(("Target.NotInUse", "Target group is not configured to receive traffic from the load balancer"))
        }
        // Codes and time-outs are told apart for HTTP only.
        TargetState::Unhealthy if group.is_http() => Some(match target.answers {
            TargetBehaviour::TimesOut => ("Target.Timeout", "Request timed out"),
            TargetBehaviour::Refuses => ("Target.FailedHealthChecks", "Health checks failed"),
            _ => ("Target.ResponseCodeMismatch", "Health checks failed with these codes: [503]"),
        }),
        TargetState::Unhealthy => Some(("Target.FailedHealthChecks", "Health checks failed")),
    }
}

pub(super) fn describe(elb: &mut Elb, input: Input<'_>) -> Answer {
    let arn = input.text("TargetGroupArn").unwrap_or_default();
    let now = find::group(elb, arn)?;
    let group = elb.seen().groups.get(arn).unwrap_or(&now);
    let asked: Vec<(String, i64)> = input
        .objects("Targets")
        .map(|target| {
            let port = target.number("Port").unwrap_or_else(|| group.number("Port"));
            (target.text("Id").unwrap_or_default().to_owned(), port)
        })
        .collect();
    let keys = if asked.is_empty() { group.targets.keys().cloned().collect() } else { asked };
    let shown: Vec<Value> = keys.iter().map(|key| render(elb, group, key)).collect();
    Ok(json!({"TargetHealthDescriptions": shown}))
}

fn render(elb: &Elb, group: &Group, (id, port): &(String, i64)) -> Value {
    let mut shown = json!({"Target": {"Id": id, "Port": port}});
    let check = group.text("HealthCheckPort");
    shown["HealthCheckPort"] = json!(if check == "traffic-port" { port.to_string() } else { check.to_owned() });
    let Some(target) = group.targets.get(&(id.clone(), *port)) else {
        shown["TargetHealth"] = json!({
            "State": "unused", "Reason": "Target.NotRegistered", "Description": "Target is not registered to the target group",
        });
        return shown;
    };
    if let Some(zone) = &target.zone {
        shown["Target"]["AvailabilityZone"] = json!(zone);
    }
    shown["TargetHealth"] = json!({"State": target.state.name()});
    if let Some((code, words)) = reason(group, target, elb.now) {
        shown["TargetHealth"]["Reason"] = json!(code);
        shown["TargetHealth"]["Description"] = json!(words);
    }
    if group.is_http() {
        shown["AdministrativeOverride"] = json!({"State": "no_override", "Reason": "AdministrativeOverride.NoOverride", "Description": "No override is currently active on target"});
    }
    shown
}
