//! What to do about a target group. Pure.

use super::desired::{Absent, Present};
use super::difference::{Differences, as_check, differences};
use super::observed::{ENOUGH, Look, Observed, Previous, Shown, is_known};
use super::settings::{Settings, unlike};
use super::standing::name_in;
use super::{Desired, Step};
use crate::aws::elb::TargetGroupView;
use crate::aws::elb::model::NewTargetGroup;
use crate::domain::owner::Ownership;
use crate::domain::short_name;
use crate::engine::{Plan, Stop};

/// What to do.
pub fn plan(want: &Desired, seen: &Observed) -> Plan<Step> {
    match want {
        Desired::Present(want) => present(want, seen),
        Desired::Absent(want) => absent(want, seen),
    }
}

fn present(want: &Present, seen: &Observed) -> Plan<Step> {
    if want.only_observed {
        return observe(want, seen);
    }
    match unpaused(want, seen) {
        Plan::Do(_) | Plan::Finish(_) if want.paused => Plan::Wait("paused by annotation: a change waits".to_owned()),
        plan => plan,
    }
}

fn observe(want: &Present, seen: &Observed) -> Plan<Step> {
    match (&seen.current.shown, &seen.current.trouble) {
        (Shown::There(_), _) => Plan::InSync,
        (Shown::Unknown, Some(trouble)) => Plan::Refuse(Stop::Aws(trouble.clone())),
        (Shown::Unknown, None) => Plan::Wait(FIRST_LOOK.to_owned()),
        (Shown::Missing { .. }, _) => Plan::Refuse(Stop::waiting(
            "NotFound",
            format!("there is no target group {} to observe", want.name.as_deref().unwrap_or_default()),
        )),
    }
}

const FIRST_LOOK: &str = "the first look at AWS";

fn unpaused(want: &Present, seen: &Observed) -> Plan<Step> {
    let settings = match &seen.settings {
        None => return Plan::Wait("the first look at its listener".to_owned()),
        Some(Err(stop)) => return Plan::Refuse(stop.clone()),
        Some(Ok(settings)) => settings,
    };
    let view = match &seen.current.shown {
        Shown::There(view) => view,
        Shown::Unknown if let Some(trouble) = &seen.current.trouble => return Plan::Refuse(Stop::Aws(trouble.clone())),
        Shown::Unknown if is_looked_at_first(settings, seen) => return Plan::Wait(FIRST_LOOK.to_owned()),
        Shown::Missing { times } if *times < ENOUGH && was_seen(settings, seen) => {
            return Plan::Wait(
                "AWS does not show the target group; it is looked for once more before it is made again".to_owned(),
            );
        }
        Shown::Unknown | Shown::Missing { .. } => return create(want, settings),
    };
    if let Some(stop) = hindrance(want, settings, view) {
        return Plan::Refuse(stop);
    }
    let steps = to_send(want, settings, seen, view).steps(&view.target_group.arn);
    if steps.is_empty() { replaced(want, seen) } else { Plan::Do(steps) }
}

/// A name that was chosen may be somebody's: AWS gives back what exists and is equal, whosever it is. Under one that is made
/// and was never sent nothing can be.
fn is_looked_at_first(settings: &Settings, seen: &Observed) -> bool {
    settings.is_chosen || is_known(&seen.memory, &settings.name)
}

/// Whether it was there once, so that its absence is worth a second look.
fn was_seen(settings: &Settings, seen: &Observed) -> bool {
    seen.memory.arn.as_deref().map(name_in) == Some(settings.name.as_str())
}

fn create(want: &Present, settings: &Settings) -> Plan<Step> {
    let mut tags = want.owner.tags();
    tags.extend(want.tags.clone());
    let new = NewTargetGroup {
        name: settings.name.clone(),
        protocol: Some(settings.protocol.clone()),
        protocol_version: settings.protocol_version.clone(),
        port: Some(settings.port),
        vpc_id: Some(settings.vpc_id.clone()),
        target_type: Some(settings.target_type.clone()),
        ip_address_type: Some(settings.ip_address_type.clone()),
        target_control_port: settings.target_control_port,
        health_check: as_check(&want.check),
        tags,
    };
    let mut steps = vec![Step::Create(Box::new(new))];
    if !want.attributes.is_empty() {
        steps.push(Step::Attributes { name: settings.name.clone(), attributes: want.attributes.clone() });
    }
    Plan::Do(steps)
}

/// Why the target group that is there is not touched.
pub fn hindrance(want: &Present, settings: &Settings, view: &TargetGroupView) -> Option<Stop> {
    let name = &settings.name;
    let why = match want.owner.judge(&view.tags, None) {
        Ownership::Ours => None,
        Ownership::Other(who) => Some(format!("it belongs to {who}")),
        Ownership::Nobody => Some("nobody's tags stand on it".to_owned()),
    };
    if let Some(why) = why {
        return Some(Stop::waiting(
            "Conflict",
            format!(
                "a target group {name} exists and {why}; it is left alone. Choose another name, or attach it by its ARN with \
                 targetGroup.arn in expose"
            ),
        ));
    }
    let (member, wanted, seen) = unlike(settings, &view.target_group).into_iter().next()?;
    let message = if settings.is_chosen {
        format!(
            "target group {name} has {member} {seen} and AWS cannot change it to {wanted}; a name that was chosen cannot be \
             replaced: set {member} back, or make another EcsTargetGroup without a name"
        )
    } else {
        format!(
            "somebody made target group {name} again with {member} {seen} instead of {wanted}; delete it, and it is made anew"
        )
    };
    Some(Stop::invalid("Immutable", message))
}

/// Everything that differs and is not to be left so.
pub fn to_send(want: &Present, settings: &Settings, seen: &Observed, view: &TargetGroupView) -> Differences {
    let all = differences(want, settings, &seen.memory, view);
    if want.only_report && is_drift(want, seen) { all.only_marks(want) } else { all }
}

/// Whether a difference was made by somebody else: the declaration is the one that was in force.
pub fn is_drift(want: &Present, seen: &Observed) -> bool {
    seen.memory.applied_hash.as_ref() == Some(&want.hash)
}

/// What becomes of those that are replaced: nothing before the new one serves, then each goes once nothing uses it.
fn replaced(want: &Present, seen: &Observed) -> Plan<Step> {
    if !seen.standing.serving {
        return Plan::Wait(takeover(seen));
    }
    let mut steps = Vec::new();
    let mut held = None;
    for previous in &seen.previous {
        match hold(want, previous) {
            None => steps.push(Step::Delete { arn: previous.entry.arn.clone() }),
            Some(why) => drop(held.get_or_insert(why)),
        }
    }
    match (steps.is_empty(), held) {
        (false, _) => Plan::Do(steps),
        (true, Some(why)) => Plan::Wait(why),
        (true, None) => Plan::InSync,
    }
}

fn takeover(seen: &Observed) -> String {
    let name = seen.standing.name.as_deref().unwrap_or_default();
    let old = seen.previous.last().map(|it| it.entry.name.as_str()).unwrap_or_default();
    let is_attached = seen.current.there().is_some_and(|view| !view.target_group.load_balancer_arns.is_empty());
    let what = if is_attached { "has as many healthy targets" } else { "is attached to the load balancer" };
    format!("{old} serves until {name}, which replaces it, {what}")
}

/// Why a target group that is replaced may not go yet.
fn hold(want: &Present, previous: &Previous) -> Option<String> {
    let name = &previous.entry.name;
    let Some(view) = previous.look.there() else {
        let trouble = previous.look.trouble.as_ref().map(|trouble| Stop::Aws(trouble.clone()).message());
        return Some(format!("{name} is looked at{}", trouble.map(|it| format!(": {it}")).unwrap_or_default()));
    };
    if let Some(service) = want.attached.get(&view.target_group.arn) {
        return Some(format!("EcsService {service} still registers its tasks in {name}, which is replaced"));
    }
    if let Some(who) = forwards_to(view) {
        return Some(format!("{who} still forwards to {name}, which is replaced"));
    }
    match &view.health {
        None => Some(format!("the targets of {name}, which is replaced, were not read yet")),
        Some(targets) if !targets.is_empty() => {
            Some(format!("{} targets are still registered in {name}, which is replaced", targets.len()))
        }
        Some(_) => None,
    }
}

/// The load balancer that has a target group: `load balancer <name>`.
fn forwards_to(view: &TargetGroupView) -> Option<String> {
    let arn = view.target_group.load_balancer_arns.first()?;
    // `…:loadbalancer/app/<name>/<id>`
    let name = arn.rsplit('/').nth(1).unwrap_or_else(|| short_name(arn));
    Some(format!("load balancer {name}"))
}

fn absent(want: &Absent, seen: &Observed) -> Plan<Step> {
    if want.only_observed || seen.previous.is_empty() {
        return Plan::Gone;
    }
    let looks: Vec<&Look> = seen.previous.iter().map(|it| &it.look).collect();
    if looks.iter().any(|look| look.shown == Shown::Unknown) {
        return match looks.iter().find_map(|look| look.trouble.as_ref()) {
            Some(trouble) => Plan::Refuse(Stop::Aws(trouble.clone())),
            None => Plan::Wait(FIRST_LOOK.to_owned()),
        };
    }
    if want.paused {
        return Plan::Wait("paused by annotation: the deletion waits".to_owned());
    }
    if looks.iter().any(|look| matches!(look.shown, Shown::Missing { .. })) {
        return Plan::Wait("AWS does not show the target group; it is looked for once more".to_owned());
    }
    let there = || looks.iter().filter_map(|look| look.there());
    if want.keep {
        let keys: Vec<String> = want.owner.tags().into_keys().collect();
        return Plan::Finish(there().map(|it| Step::Untag { arn: it.target_group.arn.clone(), keys: keys.clone() }).collect());
    }
    if !want.users.is_empty() {
        return Plan::Wait(format!("still used by {}", want.users.join(", ")));
    }
    if let Some((who, view)) = there().find_map(|view| Some((forwards_to(view)?, view))) {
        return Plan::Wait(format!("{who} still forwards to target group {}", view.target_group.name));
    }
    Plan::Finish(there().map(|it| Step::Delete { arn: it.target_group.arn.clone() }).collect())
}
