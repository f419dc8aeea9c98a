//! What to say about a service after a pass. Pure.

use super::desired::Present;
use super::difference::applied;
use super::observed::{Observed, State};
use super::pending::{self, Fate};
use super::plan::{controller_of, differences, is_drift, is_held};
use super::rollout::{self, state};
use super::sentences::{counts, failed_sentence, hint, serving};
use super::stopped::grouped;
use super::{Desired, Done, EcsServiceKind as Kind, Step, events, started};
use crate::api::service::status::{Deployment, Rollout};
use crate::api::shared::{Drift, GROUP, ManagementPolicy};
use crate::api::{EcsService, EcsServiceStatus as Status};
use crate::aws::{AwsError, LiveService};
use crate::domain::owner::Ownership;
use crate::domain::{short_name, whole_seconds};
use crate::engine::conditions::{Statement, Type, merge};
use crate::engine::ctx::Site;
use crate::engine::drift;
use crate::engine::next::Next;
use crate::engine::{Pass, Stop, statements_of};
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
    let statements = statements(&status, pass, present, now);
    status.conditions = merge(&before, &statements, generation, now);
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

fn statements(status: &Status, pass: &Pass<Kind>, want: Option<&Present>, now: Timestamp) -> Vec<Statement> {
    let mut all = match (&pass.end, want) {
        (Err(stop), _) => statements_of(stop),
        (Ok(Next::Gone), _) => vec![Statement::no(Type::Ready, "Deleted", "nothing of it is left in AWS")],
        (Ok(_), None) => progressing("Deleting", &waiting_for(&pass.end)),
        (Ok(_), Some(want)) => of_rollout(status, pass, want, now),
    };
    if let (Some(blind), Some(ready), true) = (blind_spot(pass), all.first_mut(), pass.end.is_ok()) {
        ready.message = format!("{}; {blind}", ready.message);
    }
    all.extend(available(status));
    if status.rollout.as_ref().is_some_and(|rollout| rollout.state == state::ROLLED_BACK) {
        let held = want.zip(pass.seen.as_ref()).is_some_and(|(want, seen)| is_held(want, seen));
        if held {
            all.push(Statement::yes(Type::RolledBack, "RolledBack", failed_sentence(status)));
        }
    }
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

/// What is not seen of a service because a person has to allow it first; what passes by itself is not worth a word.
fn blind_spot(pass: &Pass<Kind>) -> Option<String> {
    let seen = pass.seen.as_ref()?;
    let lasting = |error: &&AwsError| !error.is_transient();
    let error = seen.trouble.as_ref().filter(lasting).or(seen.trouble_beside.as_ref().filter(lasting))?;
    Some(format!("part of it cannot be seen: {}: {}. {}", error.operation, error.message.trim_end_matches('.'), error.advice()))
}

fn waiting_for(end: &Result<Next, Stop>) -> String {
    match end {
        Ok(Next::Progressing(why)) => why.clone(),
        _ => "the change was sent to AWS".to_owned(),
    }
}

fn progressing(reason: &'static str, message: &str) -> Vec<Statement> {
    vec![Statement::no(Type::Ready, reason, message), Statement::yes(Type::Reconciling, reason, message)]
}

fn stalled(reason: &'static str, message: &str) -> Vec<Statement> {
    vec![Statement::no(Type::Ready, reason, message), Statement::yes(Type::Stalled, reason, message)]
}

/// Ready is true only when what was asked for is what serves.
fn of_rollout(status: &Status, pass: &Pass<Kind>, want: &Present, now: Timestamp) -> Vec<Statement> {
    if let Ok(Next::Progressing(why)) = &pass.end {
        return progressing(if want.paused { "Paused" } else { "Waiting" }, why);
    }
    let live = pass.seen.as_ref().and_then(|seen| seen.live.as_deref());
    let controller = controller_of(want, live);
    let Some(rollout) = &status.rollout else {
        return without_deployments(status, controller);
    };
    let held = pass.seen.as_ref().is_some_and(|seen| is_held(want, seen));
    match rollout.state.as_str() {
        state::ROLLING_BACK => progressing("RollingBack", &failed_sentence(status)),
        state::ROLLED_BACK if held => stalled("RolledBack", &failed_sentence(status)),
        state::FAILED => stalled("RolloutFailed", &failed_sentence(status)),
        state::IN_PROGRESS if is_overdue(rollout, want, now) => {
            let message = format!(
                "{}; it has been under way for longer than {} s{}",
                counts(rollout),
                want.progress_deadline,
                hint(status)
            );
            stalled("ProgressDeadlineExceeded", &message)
        }
        state::IN_PROGRESS => progressing("RolloutInProgress", &format!("{}{}", counts(rollout), hint(status))),
        _ if !serves(status, want, controller) && held => stalled("RolloutFailed", &failed_sentence(status)),
        _ if !serves(status, want, controller) => {
            progressing("RevisionNotServing", "the revision that was asked for does not serve yet")
        }
        _ => match want.exposures.entries.iter().find_map(|entry| entry.trouble.as_ref()) {
            Some(trouble) => statements_of(trouble),
            None => vec![Statement::yes(Type::Ready, "Serving", serving(status))],
        },
    }
}

/// Controllers that ECS does not run show no deployments; the counts have to do.
fn without_deployments(status: &Status, controller: &str) -> Vec<Statement> {
    match (status.running_count, status.desired_count) {
        (Some(running), Some(desired)) if running >= desired && controller != "ECS" => {
            vec![Statement::yes(Type::Ready, "Serving", serving(status))]
        }
        _ => progressing("RolloutInProgress", "no deployment is to be seen yet"),
    }
}

/// Whether the PRIMARY deployment runs the task definition that was asked for.
fn serves(status: &Status, want: &Present, controller: &str) -> bool {
    let Ok(wanted) = &want.task_definition else { return false };
    if wanted.is_empty() || controller != "ECS" {
        return true;
    }
    let primary = status.deployments.iter().find(|deployment| deployment.status == "PRIMARY");
    let runs = primary.and_then(|primary| primary.revision.clone()).unwrap_or_default();
    super::canonical::is_same_task_definition(short_name(wanted), &runs)
}

fn is_overdue(rollout: &Rollout, want: &Present, now: Timestamp) -> bool {
    rollout.started_at.as_ref().is_some_and(|started| now.duration_since(started.0).as_secs() > i64::from(want.progress_deadline))
}

/// Available moves with the tasks, whatever the revision.
fn available(status: &Status) -> Option<Statement> {
    let (running, desired) = (status.running_count?, status.desired_count?);
    let message = format!("{running} of {desired} tasks run");
    Some(if running >= desired {
        Statement::yes(Type::Available, "EnoughTasks", message)
    } else {
        Statement::no(Type::Available, "TooFewTasks", message)
    })
}
