//! What a pass over a rule tells for metrics: drift. Pure.

use super::plan::is_drift;
use super::{Desired, Done, EcsListenerRuleKind as Kind};
use crate::api::EcsListenerRuleStatus as Status;
use crate::engine::Pass;
use crate::engine::noted::{Drifted, Noted};

/// What to tell. What is written although the declaration is the one that was in force puts back what somebody else changed.
pub fn noted(before: &Status, after: &Status, pass: &Pass<Kind>) -> Noted {
    let is_drifted = match (&pass.want, &pass.seen) {
        (Some(Desired::Present(want)), Some(seen)) => is_drift(want, seen),
        _ => false,
    };
    let is_write = |done: &Done| matches!(done, Done::Created { .. } | Done::Changed(_) | Done::Moved(_) | Done::Tagged);
    let is_corrected = is_drifted && pass.done.iter().any(is_write);
    Noted { drift: Drifted::of(is_corrected, &before.drift, &after.drift), rollout: None }
}
