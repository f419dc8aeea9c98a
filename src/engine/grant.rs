//! The guard at work: what a pass is about to send is shown to the policy of the object's namespace, as it stands now.

use super::ctx::Ctx;
use super::{Notice, Stop, write};
use crate::api::namespace_policy::GuardMode;
use crate::aws::guard::Vouched;
use crate::aws::guard::asks::Asks;
use crate::aws::{Granted, NotGranted};
use kube::{Resource, ResourceExt};

/// Grants an input for an object. The caller vouches for values that the operator made itself for the namespace.
///
/// # Errors
/// [`Stop::Invalid`] with what an administrator would have to grant. A change of the policy wakes the object.
pub async fn grant<K, I>(ctx: &Ctx, object: &K, vouched: Vouched, input: I) -> Result<Granted<I>, Stop>
where
    K: Resource<DynamicType = ()> + Sync,
    I: Asks + Send,
{
    let unproven = vouched.unproven.clone();
    let guard = ctx.guard(&object.namespace().unwrap_or_default()).vouching(vouched);
    let granted = guard.grant(input).map_err(|refused| {
        if unproven.contains(&(refused.slot, refused.value.clone())) {
            let message = format!(
                "an object stands for {}, but AWS was not seen to have it under its tags; it is looked at",
                refused.value
            );
            return Stop::waiting("NotOwnedYet", message);
        }
        ctx.metrics.not_granted(refused.slot.field(), "refused");
        Stop::invalid(refused.reason(), refused.to_string())
    })?;
    for passed in granted.let_pass() {
        ctx.metrics.not_granted(passed.slot.field(), "let_pass");
        tracing::warn!(
            namespace = object.namespace().unwrap_or_default(),
            name = object.name_any(),
            member = passed.member,
            value = passed.value,
            slot = passed.slot.field(),
            "not granted by the policy of the namespace, and let pass by its mode"
        );
    }
    if guard.mode() == GuardMode::Warn {
        let notices = granted.let_pass().iter().map(would_be_refused).collect();
        write::notices(ctx, object, notices).await;
    }
    Ok(granted)
}

/// Told once for each value, however often it is sent.
fn would_be_refused(passed: &NotGranted) -> Notice {
    Notice {
        id: Some(format!("{} {} {}", passed.slot.field(), passed.member, passed.value)),
        warning: true,
        reason: passed.reason().to_owned(),
        message: format!("let pass by mode Warn: {passed}"),
    }
}
