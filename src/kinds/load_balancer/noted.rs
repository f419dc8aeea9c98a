//! What a pass over a load balancer tells for metrics: drift. Pure.

use super::plan::Differences;
use super::{Desired, EcsLoadBalancerKind as Kind};
use crate::api::EcsLoadBalancerStatus as Status;
use crate::engine::Pass;
use crate::engine::noted::{Drifted, Noted};

/// What to tell.
pub fn noted(before: &Status, after: &Status, pass: &Pass<Kind>) -> Noted {
    Noted { drift: Drifted::of(has_corrected(pass), &before.drift, &after.drift), rollout: None }
}

/// Whether something was written although the declaration is the one that was in force, and not because what it follows from has
/// changed, such as a certificate: somebody else changed the load balancer, or deleted it.
fn has_corrected(pass: &Pass<Kind>) -> bool {
    let (Some(Desired::Present(want)), Some(seen)) = (&pass.want, &pass.seen) else { return false };
    let differs = || match seen.view() {
        Some(view) => Differences::of(want, seen, view).all().any(|change| !change.is_due_anyway),
        None => true,
    };
    !pass.done.is_empty() && seen.is_in_force(want) && differs()
}
