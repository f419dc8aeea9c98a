//! What to do about a service. Pure.

use super::child::{Child, Template};
use super::desired::{Absent, Present};
use super::difference::{Change, Sides, changes};
use super::observed::{Observed, State};
use super::pending::Fate;
use super::{Desired, Step};
use crate::api::shared::ManagementPolicy;
use crate::aws::LiveService;
use crate::domain::owner::Ownership;
use crate::engine::{Plan, Stop};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What a rollout that is about to begin is told from others by.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wish {
    /// ARN of the task definition that it is to run.
    pub task_definition: Option<String>,
    /// Identifier of the deployment that is the newest until then.
    pub after_deployment: Option<String>,
    /// ARN of the ServiceDeployment that is the newest until then.
    pub after_service_deployment: Option<String>,
}

/// What to do.
pub fn plan(want: &Desired, seen: &Observed) -> Plan<Step> {
    match want {
        Desired::Present(want) => present(want, seen),
        Desired::Absent(want) => absent(want, seen),
    }
}

fn present(want: &Present, seen: &Observed) -> Plan<Step> {
    if want.management == ManagementPolicy::Observe {
        return observe(want, seen);
    }
    match unpaused(want, seen) {
        Plan::Do(_) | Plan::Finish(_) if want.paused => Plan::Wait("paused by annotation: a change waits".to_owned()),
        plan => plan,
    }
}

/// A pause holds back writes and nothing else: what agrees with its declaration is as ready as without.
fn unpaused(want: &Present, seen: &Observed) -> Plan<Step> {
    let template = match &want.template {
        Template::Apply(child) => Some(child),
        Template::Fine | Template::Remove(_) => None,
    };
    let children: Vec<Step> = template.into_iter().chain(&want.exposures.apply).cloned().map(Step::ApplyChild).collect();
    if !children.is_empty() {
        return Plan::Do(children);
    }
    if let Err(stop) = &want.task_definition {
        return Plan::Refuse(stop.clone());
    }
    if let (Some(trouble), State::Unknown) = (&seen.trouble, seen.state) {
        return Plan::Refuse(Stop::Aws(trouble.clone()));
    }
    match (seen.state, &seen.live) {
        (State::Active, Some(live)) => active(want, seen, live),
        (State::Draining, _) => Plan::Wait("an older service of this name is still draining".to_owned()),
        (State::Unknown, _) if was_seen(seen) => Plan::Wait("the first look at AWS".to_owned()),
        (State::Missing { times, .. }, _) if was_seen(seen) && times < 2 => {
            Plan::Wait("ECS does not show the service; it is looked for once more before it is made again".to_owned())
        }
        (State::Missing { .. } | State::Unknown | State::Active | State::Inactive, _) => create(want, seen),
    }
}

/// Whether the service was there once, so that its absence is worth a second look.
fn was_seen(seen: &Observed) -> bool {
    seen.memory.service_arn.is_some()
}

fn create(want: &Present, seen: &Observed) -> Plan<Step> {
    let adopting = want.management == ManagementPolicy::Adopt && !seen.memory.adopted;
    match (adopting, seen.state) {
        (true, State::Unknown) => Plan::Wait("the first look at AWS".to_owned()),
        (true, _) => Plan::Refuse(Stop::waiting(
            "NotFound",
            format!("there is no service {} in cluster {} to adopt", want.key.name, want.key.cluster),
        )),
        (false, _) => match want.exposures.hindrance() {
            Some(stop) => Plan::Refuse(stop.clone()),
            None => Plan::Do(vec![Step::Create]),
        },
    }
}

fn observe(want: &Present, seen: &Observed) -> Plan<Step> {
    match (seen.state, &seen.trouble) {
        (State::Active | State::Draining, _) => Plan::InSync,
        (State::Unknown, Some(trouble)) => Plan::Refuse(Stop::Aws(trouble.clone())),
        (State::Unknown, None) => Plan::Wait("the first look at AWS".to_owned()),
        (State::Missing { .. } | State::Inactive, _) => Plan::Refuse(Stop::waiting(
            "NotFound",
            format!("there is no service {} in cluster {} to observe", want.key.name, want.key.cluster),
        )),
    }
}

fn active(want: &Present, seen: &Observed, live: &LiveService) -> Plan<Step> {
    if live.managed_by_ecs {
        return Plan::Refuse(Stop::waiting("Conflict", "this is an Express service, which ECS manages itself; it is left alone"));
    }
    match want.owner.judge(&live.tags, want.inherits.as_deref()) {
        Ownership::Other(who) => return Plan::Refuse(conflict(want, &format!("it belongs to {who}"))),
        Ownership::Nobody if want.management == ManagementPolicy::Adopt || seen.memory.adopted => {
            return adopt(want, seen, live);
        }
        Ownership::Nobody => return Plan::Refuse(conflict(want, "nobody's tags stand on it")),
        Ownership::Ours => {}
    }
    if let Some(stop) = immutable(want, seen, live) {
        return Plan::Refuse(stop);
    }
    // Requests are turned away before the tasks are: a rule must not forward to a target group that is about to be empty.
    if let Some(plan) = removal(&want.exposures.left_rules) {
        return plan;
    }
    let mut steps = update(want, seen, live);
    if !steps.is_empty() && seen.fate == Fate::NotTold && is_pending(want, seen) {
        return Plan::Wait("the reply to an update was not seen; what became of it is looked up".to_owned());
    }
    steps.extend(tag_steps(want, seen, live));
    if !steps.is_empty() {
        return Plan::Do(steps);
    }
    let left = match &want.template {
        Template::Remove(child) => vec![child.clone()],
        Template::Fine | Template::Apply(_) => Vec::new(),
    };
    // A target group is let go once no deployment registers tasks in it any more.
    let is_rolling = live.deployments.len() > 1;
    let unused = want.exposures.left_target_groups.iter().filter(|child| !is_rolling && !child.is_going()).cloned();
    let steps: Vec<Step> = left.into_iter().chain(unused).map(Step::RemoveChild).collect();
    if steps.is_empty() { Plan::InSync } else { Plan::Do(steps) }
}

fn conflict(want: &Present, why: &str) -> Stop {
    Stop::waiting(
        "Conflict",
        format!(
            "a service {} exists in cluster {} and {why}; it is left alone. Set managementPolicy: Adopt to take it over, or choose another serviceName",
            want.key.name, want.key.cluster
        ),
    )
}

/// Nothing is written but our tags, and that only when nothing differs.
fn adopt(want: &Present, seen: &Observed, live: &LiveService) -> Plan<Step> {
    let differing = differences(want, seen, live);
    if differing.is_empty() || want.overwrite {
        return Plan::Do(vec![Step::Claim]);
    }
    let names: Vec<&str> = differing.iter().map(|change| change.field).collect();
    Plan::Refuse(Stop::waiting(
        "AdoptionWouldChange",
        format!(
            "taking over the service would change {} (see status.drift); make the declaration agree, or set adoption: Overwrite",
            names.join(", ")
        ),
    ))
}

/// What ECS cannot change, where the schema could not see it: the service was made otherwise.
fn immutable(want: &Present, seen: &Observed, live: &LiveService) -> Option<Stop> {
    let live_type = live.launch_type.as_deref();
    let declared = want.declared["launchType"].as_str();
    let emptied = want.declared["capacityProviderStrategy"].as_array().is_some_and(Vec::is_empty);
    // Server-side apply drops an empty list, so that a strategy of ours that is taken out has to do as well.
    let emptied = emptied || seen.memory.applied.iter().any(|path| path == "capacityProviderStrategy");
    if let (Some(live_type), Some(declared)) = (live_type, declared)
        && live_type != declared
    {
        return Some(Stop::invalid(
            "Immutable",
            format!(
                "the service runs with launchType {live_type} and ECS cannot change it to {declared}; declare {live_type}, use a capacityProviderStrategy, or delete the object and apply it again"
            ),
        ));
    }
    if let (None, Some(declared), false) = (live_type, declared, emptied)
        && live.fields["capacityProviderStrategy"].as_array().is_some_and(|strategy| !strategy.is_empty())
    {
        return Some(Stop::invalid(
            "Immutable",
            format!(
                "the service runs with a capacityProviderStrategy; to go back to launchType {declared} declare capacityProviderStrategy: [] beside it"
            ),
        ));
    }
    let strategy = |fields: &Value| fields["schedulingStrategy"].as_str().unwrap_or("REPLICA").to_owned();
    let (wanted, seen) = (strategy(&want.declared), strategy(&live.fields));
    (wanted != seen).then(|| {
        Stop::invalid("Immutable", format!("the service runs with schedulingStrategy {seen} and ECS cannot change it to {wanted}; delete the object and apply it again"))
    })
}

/// Everything that differs between declaration and service.
pub fn differences(want: &Present, seen: &Observed, live: &LiveService) -> Vec<Change> {
    changes(Sides {
        declared: &want.declared,
        live: &live.fields,
        applied: &seen.memory.applied,
        daemon: want.daemon,
        controller: controller_of(want, Some(live)),
        is_edited: seen.memory.applied_hash.as_ref().is_some_and(|hash| *hash != want.hash),
    })
}

/// The deployment controller: the declared one, else the one that the service was made with.
pub fn controller_of<'a>(want: &'a Present, live: Option<&'a LiveService>) -> &'a str {
    let made_with = live.and_then(|live| live.fields.pointer("/deploymentController/type")).and_then(Value::as_str);
    made_with.filter(|_| want.declared["deploymentController"].is_null()).unwrap_or(&want.controller)
}

/// Whether the rollout of what is declared failed, so that it is not begun again.
pub fn is_held(want: &Present, seen: &Observed) -> bool {
    seen.failed.as_ref().is_some_and(|failed| failed.hash == want.rollout_hash)
}

/// Whether a difference was made by somebody else: the declaration is the one that was in force.
pub fn is_drift(want: &Present, seen: &Observed) -> bool {
    seen.memory.applied_hash.as_ref() == Some(&want.hash)
}

/// Whether differences are somebody else's and are to be left so.
fn is_only_reported(want: &Present, seen: &Observed) -> bool {
    want.only_report && is_drift(want, seen)
}

/// One `UpdateService` with all that differs: several in a row would supersede each other's rollouts.
fn update(want: &Present, seen: &Observed, live: &LiveService) -> Vec<Step> {
    let held = is_held(want, seen);
    let reported = is_only_reported(want, seen);
    let sent: Vec<Change> =
        differences(want, seen, live).into_iter().filter(|change| !(reported || held && change.deploys)).collect();
    let has_begun = matches!(seen.fate, Fate::Began(_));
    let carried_out = match &seen.memory.pending {
        Some(pending) if has_begun => &pending.restarted_at,
        _ => &seen.memory.restarted_at,
    };
    let restart = want.restarted_at.is_some() && want.restarted_at != *carried_out;
    if sent.is_empty() && !restart {
        return Vec::new();
    }
    // Without force ECS refuses a change of the strategy (notes on capacity transitions).
    let force = restart || sent.iter().any(|change| change.field == "capacityProviderStrategy");
    let deploys = force || sent.iter().any(|change| change.deploys);
    let members: Map<String, Value> = sent.into_iter().map(|change| (change.field.to_owned(), change.value)).collect();
    let wish = Wish {
        task_definition: want.task_definition.clone().ok().filter(|name| !name.is_empty()),
        after_deployment: live.primary().map(|primary| primary.id.clone()),
        after_service_deployment: live.current_service_deployment.clone(),
    };
    vec![Step::Update { members: Value::Object(members), force, deploys, wish }]
}

/// Whether what is declared was promised already.
fn is_pending(want: &Present, seen: &Observed) -> bool {
    seen.memory.pending.as_ref().is_some_and(|pending| pending.hash == want.rollout_hash)
}

/// Tags that differ, and tags that were declared once and no longer are. Others' tags stay.
fn tag_steps(want: &Present, seen: &Observed, live: &LiveService) -> Vec<Step> {
    let mut wanted = want.owner.tags();
    if !is_only_reported(want, seen) {
        wanted.extend(want.tags.clone());
    }
    let set: BTreeMap<String, String> =
        wanted.iter().filter(|(key, value)| live.tags.get(*key) != Some(value)).map(|(k, v)| (k.clone(), v.clone())).collect();
    let gone: Vec<String> = seen
        .memory
        .applied
        .iter()
        .filter_map(|path| path.strip_prefix("tags."))
        .filter(|key| !want.tags.contains_key(*key) && !wanted.contains_key(*key) && live.tags.contains_key(*key))
        .map(str::to_owned)
        .collect();
    let mut steps = Vec::new();
    if !set.is_empty() {
        steps.push(Step::Tag { arn: live.arn.clone(), tags: set });
    }
    if !gone.is_empty() {
        steps.push(Step::Untag { arn: live.arn.clone(), keys: gone });
    }
    steps
}

fn absent(want: &Absent, seen: &Observed) -> Plan<Step> {
    if want.only_observed {
        return Plan::Gone;
    }
    // Account and region stand in status before the first write: without them nothing was ever sent.
    let never_sent = seen.memory.account.is_none() && seen.memory.service_arn.is_none();
    match (seen.state, &seen.live) {
        (State::Unknown, _) if never_sent => gone(want),
        (State::Unknown, _) => match &seen.trouble {
            Some(trouble) => Plan::Refuse(Stop::Aws(trouble.clone())),
            None => Plan::Wait("the first look at AWS".to_owned()),
        },
        (State::Missing { times, with_cluster }, _) if times >= 2 || with_cluster => gone(want),
        (State::Missing { .. }, _) => Plan::Wait("ECS does not show the service; it is looked for once more".to_owned()),
        (State::Inactive, _) => gone(want),
        (_, Some(live)) if want.owner.judge(&live.tags, want.inherits.as_deref()) != Ownership::Ours => gone(want),
        (_, _) if want.paused => Plan::Wait("paused by annotation: the deletion waits".to_owned()),
        (State::Draining, _) if !want.keep => Plan::Wait("its tasks are being stopped".to_owned()),
        (_, Some(live)) if want.keep => Plan::Finish(release(want, live)),
        (_, _) => Plan::Do(vec![Step::Delete]),
    }
}

/// One after the other, each kind only when the one before it is gone.
fn gone(want: &Absent) -> Plan<Step> {
    let kind = |child: &Child| std::mem::discriminant(child);
    let Some(first) = want.children.first() else { return Plan::Gone };
    let same: Vec<Child> = want.children.iter().filter(|child| kind(child) == kind(first)).cloned().collect();
    if let Child::TaskDefinition(_) = first {
        // Its revisions may be kept, or wait for somebody else: nothing of this service depends on when it goes.
        let left: Vec<Step> = same.into_iter().filter(|child| !child.is_going()).map(Step::RemoveChild).collect();
        return if left.is_empty() { Plan::Gone } else { Plan::Finish(left) };
    }
    removal(&same).unwrap_or(Plan::Gone)
}

/// Deletes these objects and waits until they are gone. `None`: there are none.
fn removal(children: &[Child]) -> Option<Plan<Step>> {
    let first = children.first()?;
    let left: Vec<Step> = children.iter().filter(|child| !child.is_going()).cloned().map(Step::RemoveChild).collect();
    Some(if left.is_empty() { Plan::Wait(format!("{} is being deleted", first.full_name())) } else { Plan::Do(left) })
}

fn release(want: &Absent, live: &LiveService) -> Vec<Step> {
    let mut steps = vec![Step::Untag { arn: live.arn.clone(), keys: want.owner.tags().into_keys().collect() }];
    steps.extend(want.children.iter().filter(|child| !child.is_going()).cloned().map(Step::RemoveChild));
    steps
}
