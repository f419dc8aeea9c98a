//! What a namespace may make AWS do.
//!
//! Whoever writes a spec borrows the operator's right to pass roles. A call that carries roles, secrets or target groups
//! therefore takes only [`Granted`] inputs, and only a [`Guard`] makes those. Pure.
//!
//! [`members`] lists what is asked about in an input of ECS, [`asks`] what in one of Elastic Load Balancing; a
//! policy answers for what people wrote, and whoever calls vouches for what the operator made itself.

pub mod asks;
pub mod members;
mod policy;
pub mod session;
#[cfg(test)]
mod tests;

use crate::api::EcsNamespacePolicySpec;
use crate::api::namespace_policy::GuardMode;
pub use crate::domain::grant::{NotAPattern, Place, Slot};
use asks::{Ask, Asks};
use policy::Compiled;
use std::collections::BTreeSet;
use std::sync::Arc;

/// An input that may be sent. There is no other way to one than [`Guard::grant`].
///
/// Has no `Debug`: inputs hold environment variables, and those hold secrets.
pub struct Granted<I>(pub(super) I, Vec<NotGranted>);

impl<I> Granted<I> {
    /// The input that was granted.
    pub const fn input(&self) -> &I {
        &self.0
    }

    /// What the policy does not grant and lets pass all the same, because its mode is not Enforce.
    pub fn let_pass(&self) -> &[NotGranted] {
        &self.1
    }
}

/// Why an input may not be sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{member}: `{value}` is not granted to this namespace; an administrator grants it in {} of EcsNamespacePolicy default{}", .slot.field(), beside(.because.as_deref()))]
pub struct NotGranted {
    /// The member that holds what is not granted.
    pub member: String,
    /// What is not granted: an ARN, a name or a word, never a secret.
    pub value: String,
    /// The slot in which it would have to stand.
    pub slot: Slot,
    /// What else there is to say.
    pub because: Option<String>,
}

fn beside(because: Option<&str>) -> String {
    because.map_or_else(String::new, |because| format!(" ({because})"))
}

impl NotGranted {
    /// One word for condition, event and metric.
    pub const fn reason(&self) -> &'static str {
        if self.slot.is_role() { "RoleNotGranted" } else { "NotGranted" }
    }
}

/// Decides what may be sent for one namespace.
#[derive(Clone, Debug)]
pub struct Guard {
    policy: Policy,
    vouched: Vouched,
}

/// What the caller answers for: the operator made it itself for an object of the namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vouched {
    /// Values, as they stand in the input.
    pub values: BTreeSet<(Slot, String)>,
    /// The family that carries the name of its object: granted where the policy says nothing about families.
    pub own_family: Option<String>,
    /// Values for which an object stands that was not seen to own them: not granted, but worth another look.
    pub unproven: BTreeSet<(Slot, String)>,
}

#[derive(Clone, Debug)]
enum Policy {
    AllowAll,
    Of(Arc<Compiled>),
}

impl Guard {
    /// A guard that grants everything: where the guard is switched off.
    pub const fn allow_all() -> Self {
        Self {
            policy: Policy::AllowAll,
            vouched: Vouched { values: BTreeSet::new(), own_family: None, unproven: BTreeSet::new() },
        }
    }

    /// The guard of a namespace with this policy, or with none.
    pub fn of(policy: Option<&EcsNamespacePolicySpec>, place: &Place) -> Self {
        let compiled = Compiled::of(policy.unwrap_or(&EcsNamespacePolicySpec::default()), place, policy.is_some());
        Self { policy: Policy::Of(Arc::new(compiled)), vouched: Vouched::default() }
    }

    /// Grants what the caller answers for, beside what the policy does.
    #[must_use]
    pub fn vouching(self, vouched: Vouched) -> Self {
        Self { vouched, ..self }
    }

    /// What becomes of what is not granted.
    pub fn mode(&self) -> GuardMode {
        match &self.policy {
            Policy::AllowAll => GuardMode::Audit,
            Policy::Of(policy) => policy.mode.clone(),
        }
    }

    /// Grants an input.
    ///
    /// # Errors
    /// When it names something that the namespace may not use.
    pub fn grant<I: Asks>(&self, input: I) -> Result<Granted<I>, NotGranted> {
        let mut refused = self.refused(&input);
        if refused.is_empty() || self.mode() != GuardMode::Enforce {
            return Ok(Granted(input, refused));
        }
        let mut first = refused.remove(0);
        if !refused.is_empty() {
            let others: Vec<String> = refused.iter().map(|it| format!("{} `{}`", it.member, it.value)).collect();
            let others = format!("nor is {}", others.join(", nor "));
            first.because = Some(first.because.map_or(others.clone(), |because| format!("{because}; {others}")));
        }
        Err(first)
    }

    /// Everything in an input that is not granted.
    pub fn refused<I: Asks>(&self, input: &I) -> Vec<NotGranted> {
        let Policy::Of(policy) = &self.policy else { return Vec::new() };
        let mut refused = Vec::new();
        input.asks(&mut |ask: Ask| {
            let is_vouched = self.vouched.values.contains(&(ask.slot, ask.value.clone()));
            if !is_vouched && let Err(because) = policy.judge(&ask, self.vouched.own_family.as_deref()) {
                refused.push(NotGranted { member: ask.member, value: ask.value, slot: ask.slot, because });
            }
        });
        refused
    }
}

/// Entries of a policy that say nothing, and why.
pub fn problems(policy: &EcsNamespacePolicySpec, place: &Place) -> Vec<NotAPattern> {
    Compiled::of(policy, place, true).problems
}
