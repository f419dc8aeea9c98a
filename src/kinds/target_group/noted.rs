//! What a pass over a target group tells for metrics: drift. Pure.

use super::plan::is_drift;
use super::{Desired, Done, EcsTargetGroupKind as Kind};
use crate::api::EcsTargetGroupStatus as Status;
use crate::engine::Pass;
use crate::engine::noted::{Drifted, Noted};

/// What to tell. What is written although the declaration is the one that was in force puts back what somebody else changed.
pub fn noted(before: &Status, after: &Status, pass: &Pass<Kind>) -> Noted {
    let is_drifted = match (&pass.want, &pass.seen) {
        (Some(Desired::Present(want)), Some(seen)) => is_drift(want, seen),
        _ => false,
    };
    let has_written = pass.done.iter().any(|done| matches!(done, Done::Created(_) | Done::Changed));
    Noted { drift: Drifted::of(is_drifted && has_written, &before.drift, &after.drift), rollout: None }
}
