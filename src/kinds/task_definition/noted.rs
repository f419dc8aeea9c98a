//! What a pass over a task definition tells for metrics: drift. Pure.

use super::plan::DEREGISTERED;
use super::{Desired, Done, EcsTaskDefinitionKind as Kind};
use crate::api::EcsTaskDefinitionStatus as Status;
use crate::engine::noted::{Drifted, Noted};
use crate::engine::{Pass, Stop};

/// What to tell. A revision never changes: what somebody else can do is deregister it.
pub fn noted(before: &Status, after: &Status, pass: &Pass<Kind>) -> Noted {
    let is_told = matches!(&pass.end, Err(Stop::Waiting { reason, .. }) if *reason == DEREGISTERED);
    let was_told = before.conditions.iter().any(|one| one.reason == DEREGISTERED);
    let reported = (is_told && !was_told).then_some(Drifted::Reported);
    let drift = reported.or_else(|| Drifted::of(has_registered_anew(before, pass), &before.drift, &after.drift));
    Noted { drift, rollout: None }
}

/// Whether the same declaration has got another revision than it had.
fn has_registered_anew(before: &Status, pass: &Pass<Kind>) -> bool {
    let Some(Desired::Present(want)) = &pass.want else { return false };
    let is_another =
        |done: &Done| matches!(done, Done::Current { revision, .. } if before.revision.is_some_and(|it| it != *revision));
    before.hash.as_ref() == Some(&want.hash) && pass.done.iter().any(is_another)
}
