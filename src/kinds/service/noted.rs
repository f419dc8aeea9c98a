//! What a pass over a service tells for metrics: drift, and the end of a rollout. Pure.

use super::plan::{differences, is_drift, is_held};
use super::rollout::state;
use super::{Desired, Done, EcsServiceKind as Kind};
use crate::api::EcsServiceStatus as Status;
use crate::api::service::status::Rollout;
use crate::engine::Pass;
use crate::engine::noted::{Drifted, Ended, Noted};
use jiff::Timestamp;
use std::time::Duration;

/// What to tell.
pub fn noted(before: &Status, after: &Status, pass: &Pass<Kind>, now: Timestamp) -> Noted {
    let drift = Drifted::of(has_corrected(pass), &before.drift, &after.drift);
    Noted { drift, rollout: ended(before.rollout.as_ref(), after.rollout.as_ref(), now) }
}

/// Whether something was written although the declaration is the one that was in force: somebody else changed the service, or
/// deleted it. A restart that was asked for is none of that.
fn has_corrected(pass: &Pass<Kind>) -> bool {
    let (Some(Desired::Present(want)), Some(seen)) = (&pass.want, &pass.seen) else { return false };
    let differs = || match &seen.live {
        Some(live) => differences(want, seen, live).iter().any(|change| !(change.deploys && is_held(want, seen))),
        None => true,
    };
    let is_correction = |done: &Done| match done {
        Done::Began(_) | Done::Changed(_) => differs(),
        Done::Tagged => true,
        Done::Claimed | Done::Deleted | Done::Child => false,
    };
    is_drift(want, seen) && pass.done.iter().any(is_correction)
}

/// The rollout that was under way in the status before and is over in the one after. Status outlives the process, so that each
/// is told once.
fn ended(before: Option<&Rollout>, after: Option<&Rollout>, now: Timestamp) -> Option<Ended> {
    let (before, after) = (before?, after?);
    let is_same = |a: &Option<String>, b: &Option<String>| a.is_some() && a == b;
    let is_the_one = is_same(&before.deployment_id, &after.deployment_id)
        || is_same(&before.service_deployment_arn, &after.service_deployment_arn);
    if !is_the_one || word(&before.state).is_some() {
        return None;
    }
    // Where AWS does not tell when it ended, it has ended just now.
    let finished = after.finished_at.as_ref().map_or(now, |time| time.0);
    let took = after.started_at.as_ref().and_then(|started| Duration::try_from(finished.duration_since(started.0)).ok());
    Some(Ended { outcome: word(&after.state)?, took })
}

/// The word for a rollout that is over.
fn word(of: &str) -> Option<&'static str> {
    [state::COMPLETED, state::ROLLED_BACK, state::FAILED].into_iter().find(|word| *word == of)
}
