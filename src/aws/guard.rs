//! What a namespace may make AWS do.
//!
//! Whoever writes a spec borrows the operator's right to pass roles. A call that carries roles, secrets or target groups
//! therefore takes only [`Granted`] inputs, and only a [`Guard`] makes those. Pure.

/// An input that may be sent. There is no other way to one than [`Guard::grant`].
///
/// Has no `Debug`: inputs hold environment variables, and those hold secrets.
pub struct Granted<I>(pub(super) I);

impl<I> Granted<I> {
    /// The input that was granted.
    pub const fn input(&self) -> &I {
        &self.0
    }
}

/// Why an input may not be sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{value}` is not granted to this namespace as `{member}`: have it added to the EcsNamespacePolicy, or use another")]
pub struct NotGranted {
    /// The member that holds what is not granted.
    pub member: String,
    /// What is not granted: an ARN or a name, never a secret.
    pub value: String,
}

/// Decides what may be sent for one namespace.
#[derive(Clone, Debug)]
pub struct Guard {
    policy: Policy,
}

#[derive(Clone, Debug)]
enum Policy {
    AllowAll,
}

impl Guard {
    /// A guard that grants everything: the only one until namespace policies exist.
    pub const fn allow_all() -> Self {
        Self { policy: Policy::AllowAll }
    }

    /// Grants an input.
    ///
    /// # Errors
    /// When it names something that the namespace may not use.
    pub fn grant<I>(&self, input: I) -> Result<Granted<I>, NotGranted> {
        match self.policy {
            Policy::AllowAll => Ok(Granted(input)),
        }
    }
}
