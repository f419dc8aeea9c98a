//! What to say about a service after a pass. Pure.

use super::desired::Present;
use super::difference::applied;
use super::observed::{Observed, State};
use super::pending::{self, Fate};
use super::plan::{controller_of, differences, is_drift, is_held};
use super::rollout::{self, state};
use super::statements::{serves, statements};
use super::stopped::grouped;
use super::{Desired, Done, EcsServiceKind as Kind, Step, events, started};
use crate::api::service::status::{Deployment, Rollout};
use crate::api::shared::{Drift, GROUP, ManagementPolicy};
use crate::api::{EcsService, EcsServiceStatus as Status};
use crate::aws::LiveService;
use crate::domain::owner::Ownership;
use crate::domain::{short_name, whole_seconds};
use crate::engine::conditions::merge;
use crate::engine::ctx::Site;
use crate::engine::next::Next;
use crate::engine::{Pass, Stop};
use jiff::Timestamp;
use kube::ResourceExt;

/// Reason of a write that ECS refused because the revision that it names is not ACTIVE any more.
pub const INACTIVE: &str = "TaskDefinitionInactive";

/// What must stand in status before a write to AWS: where it goes, and how a rollout that it begins is found again.
pub fn promise(before: &Status, want: &Desired, step: &Step, site: &Site) -> Status {
    let mut status = before.clone();
    if let (Desired::Present(want), Step::Update { deploys: true, wish, .. }) = (want, step) {
        status.pending = Some(pending::promise(&want.rollout_hash, wish, want.restarted_at.as_ref()));
    }
    if !matches!(step, Step::ApplyChild(_) | Step::RemoveChild(_)) {
        place(&mut status, site);
    }
    status
}

fn place(status: &mut Status, site: &Site) {
    status.connection = Some(site.connection.clone());
    status.account = Some(site.account.clone());
    status.region = Some(site.region.clone());
}

/// The status after a pass.
pub fn status(object: &EcsService, pass: &Pass<Kind>, site: Option<&Site>, now: Timestamp) -> Status {
    if let (Some(said), true) = (&object.status, is_before_the_first_look(pass)) {
        return said.clone();
    }
    let mut status = object.status.clone().unwrap_or_default();
    let generation = object.metadata.generation;
    status.selector = Some(format!("{GROUP}/service={}", object.name_any()));
    status.cluster = Some(object.spec.cluster.clone());
    let wrote = pass.done.iter().any(|done| !matches!(done, Done::Child));
    let present = match &pass.want {
        Some(Desired::Present(want)) => Some(want.as_ref()),
        _ => None,
    };
    let is_seen = pass.seen.as_ref().is_some_and(|seen| is_shown(pass, seen));
    if let (Some(site), true) = (site, wrote || is_seen) {
        place(&mut status, site);
    }
    if let Some(Ok(arn)) = present.map(|want| &want.task_definition) {
        status.task_definition = Some(arn.clone()).filter(|arn| !arn.is_empty());
    }
    if let Some(seen) = pass.seen.as_ref().filter(|seen| seen.live.is_none() || is_shown(pass, seen)) {
        show(&mut status, seen);
    }
    for done in &pass.done {
        learn(&mut status, done, present);
    }
    if was_refused(pass) || has_no_trace(pass) {
        status.pending = None;
    }
    status.refused_task_definition = refused_task_definition(&status, pass);
    if let (Some(want), Some(seen)) = (present, &pass.seen) {
        remember_applied(&mut status, want, seen, pass);
        put_right(&mut status, want, seen, pass);
        status.drift = drift_to_report(want, seen);
    }
    if let Some(want) = present {
        show_exposures(&mut status, want);
    }
    status.observed_generation = generation;
    let before = std::mem::take(&mut status.conditions);
    let said = statements(&status, pass, present, now);
    status.conditions = merge(&before, &said, generation, now);
    status
}

/// Whether the operator has just started and has not read the service yet. What was said last is then worth more than that
/// nothing is known: a restart must not make every service not Ready for a moment.
fn is_before_the_first_look(pass: &Pass<Kind>) -> bool {
    let unread = |seen: &Observed| {
        seen.state == State::Unknown
            && seen.trouble.is_none()
            && !seen.memory.conditions.is_empty()
            && seen.memory.service_arn.is_some()
    };
    matches!(pass.end, Ok(Next::Progressing(_))) && pass.done.is_empty() && pass.seen.as_ref().is_some_and(unread)
}

/// What is not ours is not shown as ours: only a service that is owned, observed or to be adopted fills the status.
fn is_shown(pass: &Pass<Kind>, seen: &Observed) -> bool {
    let Some(live) = &seen.live else { return false };
    match &pass.want {
        Some(Desired::Present(want)) => match want.owner.judge(&live.tags, want.inherits.as_deref()) {
            Ownership::Ours => true,
            Ownership::Nobody => want.management != ManagementPolicy::Full,
            Ownership::Other(_) => want.management == ManagementPolicy::Observe,
        },
        _ => seen.memory.service_arn.is_some(),
    }
}

fn show(status: &mut Status, seen: &Observed) {
    let Some(live) = &seen.live else {
        if let State::Missing { .. } = seen.state {
            status.running_count = Some(0).filter(|_| status.running_count.is_some());
            status.pending_count = Some(0).filter(|_| status.pending_count.is_some());
            status.deployments.clear();
        }
        return;
    };
    fill(status, live);
    if seen.state != State::Active {
        return;
    }
    status.rollout.clone_from(&seen.rollout);
    status.failed.clone_from(&seen.failed);
    if let (Fate::Began(_), Some(pending)) = (&seen.fate, &seen.memory.pending) {
        status.restarted_at.clone_from(&pending.restarted_at);
        status.pending = status.pending.take().filter(|promised| promised != pending);
    }
    if let Some(rollout) = seen.rollout.as_ref().filter(|rollout| rollout.state == state::COMPLETED) {
        status.last_completed.clone_from(&rollout.revision);
        status.stopped_tasks.clear();
    }
    let stopped = grouped(&seen.stopped, seen.rollout.as_ref());
    if !stopped.is_empty() {
        status.stopped_tasks = stopped;
    }
    status.last_event = events::newest(status.last_event.take(), live);
}

fn fill(status: &mut Status, live: &LiveService) {
    status.started_with = started::started_with(status.started_with.as_ref(), live);
    status.service_arn = Some(live.arn.clone());
    status.created_at = live.created_at.map(whole_seconds);
    status.desired_count = Some(live.desired);
    status.running_count = Some(live.running);
    status.pending_count = Some(live.pending);
    let serving = live.deployments.iter().filter(|deployment| deployment.running > 0);
    let oldest_serving = serving.min_by_key(|deployment| deployment.created_at);
    let complete = live.primary().filter(|primary| primary.rollout_state.as_deref() != Some("IN_PROGRESS"));
    status.revision = complete
        .or(oldest_serving)
        .map(|deployment| short_name(&deployment.task_definition).to_owned())
        .or_else(|| Some(short_name(&live.task_definition).to_owned()).filter(|name| !name.is_empty()));
    status.deployments = live
        .deployments
        .iter()
        .map(|deployment| Deployment {
            id: deployment.id.clone(),
            status: deployment.status.clone(),
            revision: Some(short_name(&deployment.task_definition).to_owned()),
            desired: deployment.desired,
            running: deployment.running,
            pending: deployment.pending,
            failed: deployment.failed,
            rollout_state: deployment.rollout_state.clone(),
            rollout_state_reason: deployment.rollout_state_reason.clone(),
            created_at: deployment.created_at.map(whole_seconds),
        })
        .collect();
}

fn learn(status: &mut Status, done: &Done, want: Option<&Present>) {
    match done {
        Done::Began(live) => {
            fill(status, live);
            let hash = want.map(|want| want.rollout_hash.clone());
            status.rollout = live.primary().map(|primary| Rollout { hash, ..rollout::begun(live, primary) });
            status.failed = None;
            status.pending = None;
            status.stopped_tasks.clear();
            status.restarted_at = want.and_then(|want| want.restarted_at.clone());
        }
        Done::Changed(live) => fill(status, live),
        Done::Claimed => {
            status.adopted = true;
            // A wish from before the adoption is not a wish for this service.
            status.restarted_at = want.and_then(|want| want.restarted_at.clone());
        }
        Done::Tagged | Done::Child | Done::Deleted => {}
    }
}

/// Once AWS is as declared, or was told to become so, the declaration is what is in force.
fn remember_applied(status: &mut Status, want: &Present, seen: &Observed, pass: &Pass<Kind>) {
    let settled = matches!(pass.end, Ok(Next::Settled | Next::Acted | Next::Ordered));
    let only_child = !pass.done.is_empty() && pass.done.iter().all(|done| matches!(done, Done::Child));
    if !settled || only_child || want.management == ManagementPolicy::Observe {
        return;
    }
    if want.look_at.is_some() {
        status.reconciled_at.clone_from(&want.look_at);
    }
    // Taken over and not yet compared: what differs is still to be sent.
    if pass.done.contains(&Done::Claimed) {
        return;
    }
    status.applied_hash = Some(want.hash.clone());
    let mut paths = applied(&want.declared);
    paths.extend(want.tags.keys().map(|key| format!("tags.{key}")));
    paths.sort();
    status.applied = paths;
    // A rollout whose reply was lost is ours all the same when it is what was asked for.
    let in_force = seen.live.as_ref().is_some_and(|live| differences(want, seen, live).iter().all(|change| !change.deploys));
    if let Some(rollout) = status.rollout.as_mut().filter(|rollout| rollout.hash.is_none() && in_force) {
        rollout.hash = Some(want.rollout_hash.clone());
    }
}

fn show_exposures(status: &mut Status, want: &Present) {
    status.exposures = want.exposures.status();
    let all = status.exposures.len();
    let ready = status.exposures.iter().filter(|exposure| exposure.ready).count();
    status.exposed = Some(format!("{ready}/{all}")).filter(|_| all > 0);
}

/// Whether ECS answered with a refusal, so that no rollout began.
fn was_refused(pass: &Pass<Kind>) -> bool {
    match &pass.end {
        Err(Stop::Aws(refusal)) => refusal.operation == "UpdateService" && !refusal.may_have_happened(),
        Err(Stop::Waiting { reason, .. }) => *reason == INACTIVE,
        _ => false,
    }
}

/// It stands until another one is asked for: its object looks at AWS because of it.
fn refused_task_definition(status: &Status, pass: &Pass<Kind>) -> Option<String> {
    match &pass.end {
        Err(Stop::Waiting { reason, .. }) if *reason == INACTIVE => status.task_definition.clone(),
        _ => status.refused_task_definition.clone().filter(|refused| Some(refused) == status.task_definition.as_ref()),
    }
}

/// Whether nothing is left to do and nothing became of what was promised.
fn has_no_trace(pass: &Pass<Kind>) -> bool {
    pass.end == Ok(Next::Settled) && pass.seen.as_ref().is_some_and(|seen| seen.fate == Fate::NoTrace)
}

/// Once the declaration asks for what serves again, the rollout that failed is history: what stands then is the deployment
/// that serves.
fn put_right(status: &mut Status, want: &Present, seen: &Observed, pass: &Pass<Kind>) {
    let is_over = status.rollout.as_ref().is_some_and(|rollout| rollout.state == state::ROLLED_BACK);
    let is_wanted = pass.end == Ok(Next::Settled) && want.management != ManagementPolicy::Observe && !is_held(want, seen);
    let Some(live) = seen.live.as_ref().filter(|_| is_over && is_wanted) else { return };
    let Some(primary) = live.primary().filter(|_| serves(status, want, controller_of(want, Some(live)))) else { return };
    let hash = Some(want.rollout_hash.clone());
    let serving = Rollout { hash, service_deployment_arn: None, ..rollout::begun(live, primary) };
    status.last_completed.clone_from(&serving.revision);
    status.rollout = Some(serving);
    status.failed = None;
    status.stopped_tasks.clear();
}

/// Differences that are left as they are: told, not mended.
fn drift_to_report(want: &Present, seen: &Observed) -> Vec<Drift> {
    let Some(live) = seen.live.as_ref().filter(|_| seen.state == State::Active) else { return Vec::new() };
    let adopting = want.management == ManagementPolicy::Adopt && !seen.memory.adopted;
    let observing = want.management == ManagementPolicy::Observe;
    let reporting = (want.only_report || want.paused) && is_drift(want, seen);
    if !(adopting || observing || reporting) {
        return Vec::new();
    }
    let mut all: Vec<Drift> = differences(want, seen, live).into_iter().flat_map(|change| change.drift).collect();
    let tags = want.tags.iter().filter(|(key, value)| live.tags.get(*key) != Some(value));
    all.extend(tags.map(|(key, value)| Drift {
        field: format!("tags.{key}"),
        wanted: Some(value.clone()),
        seen: live.tags.get(key).cloned(),
    }));
    all
}
