//! What became of the newest rollout. Pure.
//!
//! After a rollback nothing in the description of a service says that there was one: a single deployment of the old
//! revision, complete. So the rollout that we began is remembered in status, and its `ServiceDeployment` is asked.

use crate::api::service::status::{FailedRollout, Rollout};
use crate::aws::{LiveDeployment, LiveService, ServiceDeployment};
use crate::domain::{short_name, whole_seconds};
use jiff::{SignedDuration, Timestamp};

/// Words for `status.rollout.state`.
pub mod state {
    /// Tasks are being replaced.
    pub const IN_PROGRESS: &str = "InProgress";
    /// The revision serves.
    pub const COMPLETED: &str = "Completed";
    /// It failed and ECS stays where it is.
    pub const FAILED: &str = "Failed";
    /// It failed and ECS goes back to the revision before.
    pub const ROLLING_BACK: &str = "RollingBack";
    /// It failed and ECS went back to the revision before.
    pub const ROLLED_BACK: &str = "RolledBack";
}

/// The newest rollout, as far as it can be told from what AWS shows and what is remembered.
pub fn judge(remembered: Option<&Rollout>, live: &LiveService, told: Option<&ServiceDeployment>) -> Option<Rollout> {
    let primary = live.primary()?;
    let is_known = |rollout: &&Rollout| rollout.deployment_id.is_some() || rollout.service_deployment_arn.is_some();
    let Some(remembered) = remembered.filter(is_known) else {
        return Some(begun(live, primary));
    };
    let mut rollout = remembered.clone();
    // What is complete and still the newest deployment stays so: what ECS took back is another one.
    let is_over = rollout.state == state::COMPLETED && is_complete(primary, live);
    let is_settled = is_over && rollout.deployment_id.as_ref() == Some(&primary.id);
    // The reply to our write may have named the one before, or none: the service names it later.
    let is_newest = rollout.deployment_id.as_ref() == Some(&primary.id) && live.current_service_deployment.is_some();
    if is_newest && !is_settled {
        rollout.service_deployment_arn.clone_from(&live.current_service_deployment);
    }
    let told = told.filter(|told| is_about(told, &rollout) && !(is_settled && told.rollback.is_some()));
    let judged = match told {
        Some(told) => from_service_deployment(&rollout, live, primary, told),
        None => from_deployments(&rollout, live, primary).map(|state| (state, None)),
    };
    let Some((state, reason)) = judged else {
        return Some(begun(live, primary));
    };
    if let Some(told) = told {
        rollout.status = Some(told.status.clone());
        rollout.stage.clone_from(&told.lifecycle_stage);
        rollout.finished_at = told.finished_at.map(whole_seconds);
        rollout.started_at = told.started_at.or(told.created_at).map(whole_seconds).or(rollout.started_at);
        rollout.strategy = told.strategy.clone().or(rollout.strategy);
    }
    if state == state::ROLLED_BACK && rollout.finished_at.is_none() {
        // Nobody tells when it ended. What is newer than this deployment is another rollout.
        rollout.finished_at = primary.created_at.map(whole_seconds);
    }
    rollout.reason = reason.or_else(|| reason_of(&rollout, live)).or(rollout.reason);
    state.clone_into(&mut rollout.state);
    Some(with_counts(rollout, live))
}

/// Whether a ServiceDeployment is that of a rollout: one that began well before it is another one.
fn is_about(told: &ServiceDeployment, rollout: &Rollout) -> bool {
    const TOLERANCE: SignedDuration = SignedDuration::from_secs(10);
    let is_older = match (told.created_at, &rollout.started_at) {
        (Some(created), Some(started)) => created + TOLERANCE < started.0,
        _ => false,
    };
    rollout.service_deployment_arn.as_ref() == Some(&told.arn) && !is_older
}

/// The rollout that the PRIMARY deployment is.
pub fn begun(live: &LiveService, primary: &LiveDeployment) -> Rollout {
    let rollout = Rollout {
        state: state_of(primary, live).to_owned(),
        revision: Some(short_name(&primary.task_definition).to_owned()),
        deployment_id: Some(primary.id.clone()),
        service_deployment_arn: live.current_service_deployment.clone(),
        strategy: live.fields.pointer("/deploymentConfiguration/strategy").and_then(|s| s.as_str()).map(str::to_owned),
        reason: primary.rollout_state_reason.clone(),
        started_at: primary.created_at.map(whole_seconds),
        ..Rollout::default()
    };
    with_counts(rollout, live)
}

type Judged = (&'static str, Option<String>);

/// `None`: another rollout has taken its place.
fn from_service_deployment(
    rollout: &Rollout,
    live: &LiveService,
    primary: &LiveDeployment,
    told: &ServiceDeployment,
) -> Option<Judged> {
    let is_primary = rollout.deployment_id.as_ref() == Some(&primary.id);
    let is_current = live.current_service_deployment.as_ref().is_none_or(|current| *current == told.arn);
    let why = || {
        let rollback = told.rollback.as_ref().map(|rollback| rollback.reason.clone());
        rollback.filter(|reason| !reason.is_empty()).or_else(|| told.status_reason.clone())
    };
    match told.status.as_str() {
        "ROLLBACK_REQUESTED" | "ROLLBACK_IN_PROGRESS" => Some((state::ROLLING_BACK, why())),
        "ROLLBACK_SUCCESSFUL" if is_newer(primary, told.finished_at) => None,
        // The list of deployments was read before: it has to show the end too, or status would contradict itself.
        "ROLLBACK_SUCCESSFUL" if !is_complete(primary, live) => Some((state::ROLLING_BACK, why())),
        "ROLLBACK_SUCCESSFUL" => Some((state::ROLLED_BACK, why())),
        "ROLLBACK_FAILED" => Some((state::FAILED, why())),
        "SUCCESSFUL" if is_primary && !is_complete(primary, live) => Some((state::IN_PROGRESS, None)),
        "SUCCESSFUL" if is_primary => Some((state::COMPLETED, why())),
        "SUCCESSFUL" => None,
        "STOPPED" if is_primary => Some((state::FAILED, why())),
        // The two are read one after the other: the list of deployments may know of a failure first.
        _ if !is_primary => match from_deployments(rollout, live, primary) {
            None if is_current => Some((state::IN_PROGRESS, None)),
            judged => judged.map(|state| (state, None)),
        },
        _ => Some((state::IN_PROGRESS, None)),
    }
}

/// Without `ServiceDeployments` (an old service, another control plane) the list of deployments has to do.
fn from_deployments(rollout: &Rollout, live: &LiveService, primary: &LiveDeployment) -> Option<&'static str> {
    let ours = live.deployments.iter().find(|deployment| Some(&deployment.id) == rollout.deployment_id.as_ref());
    let goes_back = is_going_back(primary);
    match ours {
        Some(ours) if ours.id == primary.id => Some(state_of(primary, live)),
        // A control plane may go on listing what failed after it has gone back.
        Some(ours) if was_given_up(ours) && is_complete(primary, live) => Some(state::ROLLED_BACK),
        Some(ours) if was_given_up(ours) || goes_back => Some(state::ROLLING_BACK),
        Some(_) => None,
        None => {
            let failed_before =
                matches!(rollout.state.as_str(), state::ROLLING_BACK | state::FAILED) || is_told_in_events(rollout, live);
            let other = rollout.revision.as_deref() != Some(short_name(&primary.task_definition));
            match (rollout.state.as_str(), failed_before || goes_back) {
                (state::ROLLED_BACK, _) if other && !is_newer(primary, rollout.finished_at.as_ref().map(|time| time.0)) => {
                    Some(state::ROLLED_BACK)
                }
                (_, true) if other && is_complete(primary, live) => Some(state::ROLLED_BACK),
                (_, true) if other => Some(state::ROLLING_BACK),
                _ => None,
            }
        }
    }
}

fn state_of(primary: &LiveDeployment, live: &LiveService) -> &'static str {
    match primary.rollout_state.as_deref() {
        Some("COMPLETED") => state::COMPLETED,
        Some("FAILED") => state::FAILED,
        // Behind a Classic Load Balancer ECS tells no state.
        None if is_complete(primary, live) => state::COMPLETED,
        _ => state::IN_PROGRESS,
    }
}

/// Whether ECS gave a deployment up.
pub fn was_given_up(deployment: &LiveDeployment) -> bool {
    deployment.rollout_state.as_deref() == Some("FAILED")
}

fn is_complete(primary: &LiveDeployment, live: &LiveService) -> bool {
    match primary.rollout_state.as_deref() {
        Some(state) => state == "COMPLETED",
        None => live.deployments.len() == 1 && primary.running == primary.desired && primary.pending == 0,
    }
}

/// Whether the deployment began well after a rollout had ended, so that it is another one.
fn is_newer(primary: &LiveDeployment, finished_at: Option<Timestamp>) -> bool {
    matches!((primary.created_at, finished_at), (Some(created), Some(finished)) if created.as_second() > finished.as_second())
}

/// Whether a deployment goes back to the one before.
pub fn is_going_back(primary: &LiveDeployment) -> bool {
    primary.rollout_state_reason.as_deref().is_some_and(|reason| reason.contains("rolling back"))
}

fn is_told_in_events(rollout: &Rollout, live: &LiveService) -> bool {
    let Some(id) = &rollout.deployment_id else { return false };
    live.events.iter().any(|event| event.message.contains(id.as_str()) && event.message.contains("deployment failed"))
}

fn reason_of(rollout: &Rollout, live: &LiveService) -> Option<String> {
    let ours = live.deployments.iter().find(|deployment| Some(&deployment.id) == rollout.deployment_id.as_ref())?;
    ours.rollout_state_reason.clone()
}

fn with_counts(mut rollout: Rollout, live: &LiveService) -> Rollout {
    let ours = live.deployments.iter().find(|deployment| Some(&deployment.id) == rollout.deployment_id.as_ref());
    rollout.desired = ours.map(|ours| ours.desired);
    rollout.running = ours.map(|ours| ours.running);
    rollout.pending = ours.map(|ours| ours.pending);
    // The number that made it fail is worth more than the zero that stands there once the deployment is gone.
    rollout.failed = ours.map(|ours| ours.failed).or(rollout.failed);
    rollout
}

/// Whether a rollout failed, whatever ECS did then.
pub fn has_failed(rollout: &Rollout) -> bool {
    matches!(rollout.state.as_str(), state::FAILED | state::ROLLING_BACK | state::ROLLED_BACK)
}

/// What is remembered of a rollout that failed, so that it is not begun again.
pub fn failure(rollout: &Rollout, live: &LiveService, task_definition: &str) -> Option<FailedRollout> {
    let hash = rollout.hash.clone().filter(|_| has_failed(rollout))?;
    let went_back = rollout.state != state::FAILED;
    Some(FailedRollout {
        hash,
        task_definition: task_definition.to_owned(),
        reason: rollout.reason.clone().unwrap_or_else(|| "ECS gave no reason".to_owned()),
        rolled_back_to: live.primary().filter(|_| went_back).map(|primary| primary.task_definition.clone()),
    })
}
