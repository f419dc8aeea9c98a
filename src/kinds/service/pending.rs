//! What became of a rollout that was begun and whose reply was not seen: the reply was lost, or the process ended. Pure.
//!
//! What was promised in status before the call names the deployment that was the newest then. Identifiers are compared and
//! not times: Kubernetes keeps whole seconds, and a rollback can follow within one.

use super::canonical::is_same_task_definition;
use super::plan::Wish;
use super::rollout::{begun, is_going_back, state, was_given_up};
use crate::api::service::status::{PendingRollout, Rollout};
use crate::aws::{LiveService, ServiceDeployment};
use crate::domain::{short_name, whole_seconds};

/// What is known of a promised rollout.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Fate {
    /// None was promised, or there is no trace of it.
    #[default]
    NoTrace,
    /// Something began, and the ServiceDeployment that tells what it was is not read yet.
    NotTold,
    /// It began.
    Began(Box<Rollout>),
}

/// What is promised before a rollout is begun.
pub fn promise(hash: &str, wish: &Wish, restarted_at: Option<&String>) -> PendingRollout {
    PendingRollout {
        hash: hash.to_owned(),
        task_definition: wish.task_definition.clone(),
        restarted_at: restarted_at.cloned(),
        after_deployment: wish.after_deployment.clone(),
        after_service_deployment: wish.after_service_deployment.clone(),
    }
}

/// What became of it. `can_be_told`: whether ServiceDeployments can be read at all.
pub fn fate(pending: &PendingRollout, live: &LiveService, told: Option<&ServiceDeployment>, can_be_told: bool) -> Fate {
    let Some(primary) = live.primary() else { return Fate::NoTrace };
    let is_ours = |name: &str| pending.task_definition.as_ref().is_none_or(|wanted| is_same_task_definition(wanted, name));
    let is_new = Some(&primary.id) != pending.after_deployment.as_ref();
    let ours = |rollout: Rollout| Fate::Began(Box::new(Rollout { hash: Some(pending.hash.clone()), ..rollout }));
    if is_new && is_ours(&primary.task_definition) && !is_going_back(primary) && begun(live, primary).state == state::IN_PROGRESS
    {
        return ours(begun(live, primary));
    }
    let current = live.current_service_deployment.as_ref();
    let is_later = current.is_some() && current != pending.after_service_deployment.as_ref();
    if is_later && can_be_told {
        return match told.filter(|told| Some(&told.arn) == current) {
            None => Fate::NotTold,
            Some(told) if told.target_task_definition.as_deref().is_some_and(|target| !is_ours(target)) => Fate::NoTrace,
            Some(told) if told.rollback.is_some() => ours(taken_back(pending, told)),
            Some(_) if is_new && is_ours(&primary.task_definition) => ours(begun(live, primary)),
            Some(_) => Fate::NoTrace,
        };
    }
    let is_later = |id: &String| Some(id) != pending.after_deployment.as_ref();
    let failed = live.deployments.iter().find(|one| is_later(&one.id) && is_ours(&one.task_definition) && was_given_up(one));
    match failed {
        Some(failed) => ours(begun(live, failed)),
        None if is_new && is_ours(&primary.task_definition) => ours(begun(live, primary)),
        None => Fate::NoTrace,
    }
}

/// A rollout of which only the ServiceDeployment is left: its deployment may not be listed any more.
fn taken_back(pending: &PendingRollout, told: &ServiceDeployment) -> Rollout {
    Rollout {
        state: state::ROLLING_BACK.to_owned(),
        revision: pending.task_definition.as_deref().map(|name| short_name(name).to_owned()),
        service_deployment_arn: Some(told.arn.clone()),
        strategy: told.strategy.clone(),
        started_at: told.started_at.or(told.created_at).map(whole_seconds),
        ..Rollout::default()
    }
}
