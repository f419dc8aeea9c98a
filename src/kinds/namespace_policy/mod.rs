//! The policy of a namespace: that it can be read, and that it stays as long as it is needed.
//!
//! It owns nothing in AWS. It is held by our finalizer while an object of the namespace has something in AWS, so that a
//! namespace that is deleted ends well: admission looks for the policy of whatever is written there, a finalizer's removal
//! included. What the policy grants is asked just before each call, in `engine::grant`, and not here.

mod desired;
mod plan;
mod status;
#[cfg(test)]
mod tests;

use crate::api::aws_connection::DEFAULT;
use crate::api::{EcsNamespacePolicy, EcsNamespacePolicyStatus};
use crate::aws::AwsError;
use crate::engine::cache::{Cache, Indexed, Key, namespace_key};
use crate::engine::connections::Reach;
use crate::engine::ctx::{Ctx, Site};
use crate::engine::refs::{Caches, full_name};
use crate::engine::watch::DigestOfStatus;
use crate::engine::write::has_finalizer;
use crate::engine::{Managed, Notice, Pass, Plan, Stop, conditions};
use desired::Desired;
use jiff::Timestamp;
use kube::Resource;

/// The kind `EcsNamespacePolicy`.
pub struct EcsNamespacePolicyKind;

/// What other objects contribute: one that has something in AWS, if there is any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refs {
    /// Kind and name of it.
    pub user: Option<String>,
}

/// The policy is held; no call, since the engine has put the finalizer on before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold;

/// Whether policies are asked at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Switch {
    /// `--guard enforce`.
    pub is_on: bool,
}

impl Managed for EcsNamespacePolicyKind {
    type Object = EcsNamespacePolicy;
    type Status = EcsNamespacePolicyStatus;
    type Refs = Refs;
    type Desired = Desired;
    type Observed = Switch;
    type Step = Hold;
    type Done = ();

    const KIND: &'static str = "EcsNamespacePolicy";

    fn status_of(object: &EcsNamespacePolicy) -> Option<&EcsNamespacePolicyStatus> {
        object.status.as_ref()
    }

    fn observed_generation(object: &EcsNamespacePolicy) -> Option<i64> {
        object.status.as_ref()?.observed_generation
    }

    fn set_status(object: &mut EcsNamespacePolicy, status: EcsNamespacePolicyStatus) {
        object.status = Some(status);
    }

    fn reach(object: &EcsNamespacePolicy, _: &Caches) -> Result<Reach, Stop> {
        Ok(Reach::Beside(object.spec.connection.clone().unwrap_or_else(|| DEFAULT.to_owned())))
    }

    fn refs(object: &EcsNamespacePolicy, caches: &Caches) -> Refs {
        let all = namespace_key(object);
        let user = held(&caches.services, &all)
            .or_else(|| held(&caches.task_definitions, &all))
            .or_else(|| held(&caches.listener_rules, &all))
            .or_else(|| held(&caches.target_groups, &all))
            .or_else(|| held(&caches.load_balancers, &all));
        Refs { user }
    }

    fn desired(object: &EcsNamespacePolicy, refs: &Refs, site: &Site) -> Result<Desired, Stop> {
        Ok(desired::desired(object, refs, site))
    }

    async fn observe(_: &EcsNamespacePolicy, _: Result<&Desired, &Stop>, ctx: &Ctx) -> Result<Switch, AwsError> {
        Ok(Switch { is_on: ctx.is_guarded })
    }

    fn plan(want: &Desired, _: &Switch) -> Plan<Hold> {
        plan::plan(want)
    }

    fn promise(before: &EcsNamespacePolicyStatus, _: &Desired, _: &Hold, _: &Site) -> EcsNamespacePolicyStatus {
        before.clone()
    }

    async fn act(_: &EcsNamespacePolicy, _: &Desired, _: &Hold, _: &Ctx) -> Result<(), Stop> {
        Ok(())
    }

    fn status(object: &EcsNamespacePolicy, pass: &Pass<Self>, _site: Option<&Site>, now: Timestamp) -> EcsNamespacePolicyStatus {
        status::status(object, pass, now)
    }

    fn notices(before: &EcsNamespacePolicyStatus, after: &EcsNamespacePolicyStatus, _pass: &Pass<Self>) -> Vec<Notice> {
        conditions::notices(&before.conditions, &after.conditions)
    }

    fn forget(_object: &EcsNamespacePolicy, _ctx: &Ctx) {}
}

/// An object of a namespace that has something in AWS.
fn held<K: Resource<DynamicType = ()> + Clone + 'static>(cache: &Cache<K>, all: &Key) -> Option<String> {
    let found = cache.first(all, has_finalizer)?;
    Some(format!("{} {}", K::kind(&()), full_name(&found)))
}

impl Indexed for EcsNamespacePolicy {
    fn keys(&self) -> Vec<Key> {
        let connection = self.spec.connection.clone().unwrap_or_default();
        vec![namespace_key(self), Key::Connection(connection)]
    }
}

impl DigestOfStatus for EcsNamespacePolicy {
    fn digest_of_status(&self) -> u64 {
        0
    }
}
