//! A connection to AWS: that AWS lets the operator in, that it is the account that was declared, and that the connection stays as
//! long as something is made through it.
//!
//! It owns nothing in AWS, and makes one call there: who am I. It is held by our finalizer while an object has something in
//! AWS that was made through it, since nothing could be taken away without it.

mod desired;
mod plan;
mod status;
#[cfg(test)]
mod tests;

use crate::api::{AwsConnection, AwsConnectionStatus};
use crate::aws::AwsError;
use crate::engine::cache::{Cache, Indexed, Key};
use crate::engine::connections::{self, Reach};
use crate::engine::ctx::{Ctx, Site};
use crate::engine::home::InAws;
use crate::engine::refs::{Caches, full_name};
use crate::engine::watch::DigestOfStatus;
use crate::engine::write::has_finalizer;
use crate::engine::{Managed, Notice, Pass, Plan, Stop};
use desired::Desired;
use jiff::Timestamp;
use kube::ResourceExt;

/// The kind `AwsConnection`.
pub struct AwsConnectionKind;

/// What other objects contribute.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refs {
    /// Kind and name of one that has something in AWS by way of this connection.
    pub user: Option<String>,
    /// Whether the operator works in a namespace that may use it. An operator for other namespaces looks after it otherwise.
    pub is_used_here: bool,
}

/// The connection is held; no call, since the engine has put the finalizer on before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold;

/// As whom AWS knows the operator: an ARN.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caller(pub Option<String>);

impl Managed for AwsConnectionKind {
    type Object = AwsConnection;
    type Status = AwsConnectionStatus;
    type Refs = Refs;
    type Desired = Desired;
    type Observed = Caller;
    type Step = Hold;
    type Done = ();

    const KIND: &'static str = connections::KIND;

    fn status_of(object: &AwsConnection) -> Option<&AwsConnectionStatus> {
        object.status.as_ref()
    }

    fn observed_generation(object: &AwsConnection) -> Option<i64> {
        object.status.as_ref()?.observed_generation
    }

    fn set_status(object: &mut AwsConnection, status: AwsConnectionStatus) {
        object.status = Some(status);
    }

    fn reach(object: &AwsConnection, _: &Caches) -> Result<Reach, Stop> {
        Ok(Reach::Beside(object.name_any()))
    }

    fn refs(object: &AwsConnection, caches: &Caches) -> Refs {
        let name = object.name_any();
        let user = held(&caches.services, &name)
            .or_else(|| held(&caches.task_definitions, &name))
            .or_else(|| held(&caches.listener_rules, &name))
            .or_else(|| held(&caches.target_groups, &name))
            .or_else(|| held(&caches.load_balancers, &name));
        let allowed = object.spec.allowed_namespaces.as_ref();
        let mut here = caches.watched.iter();
        let is_used_here = user.is_some() || caches.watched.is_empty() || here.any(|it| caches.is_allowed(allowed, it));
        Refs { user, is_used_here }
    }

    fn desired(object: &AwsConnection, refs: &Refs, _: &Site) -> Result<Desired, Stop> {
        desired::desired(object, refs)
    }

    async fn observe(object: &AwsConnection, want: Result<&Desired, &Stop>, ctx: &Ctx) -> Result<Caller, AwsError> {
        match want {
            // What was made through it is taken away through it.
            Ok(Desired::Present { .. } | Desired::Absent { user: Some(_) }) => {
                Ok(Caller(Some(ctx.connections.check(object).await?)))
            }
            _ => Ok(Caller::default()),
        }
    }

    fn plan(want: &Desired, _: &Caller) -> Plan<Hold> {
        plan::plan(want)
    }

    fn promise(before: &AwsConnectionStatus, _: &Desired, _: &Hold, _: &Site) -> AwsConnectionStatus {
        before.clone()
    }

    async fn act(_: &AwsConnection, _: &Desired, _: &Hold, _: &Ctx) -> Result<(), Stop> {
        Ok(())
    }

    fn status(object: &AwsConnection, pass: &Pass<Self>, _site: Option<&Site>, now: Timestamp) -> AwsConnectionStatus {
        status::status(object, pass, now)
    }

    /// It belongs to no namespace in which Events could be told; its status says all.
    fn notices(_before: &AwsConnectionStatus, _after: &AwsConnectionStatus, _pass: &Pass<Self>) -> Vec<Notice> {
        Vec::new()
    }

    fn forget(object: &AwsConnection, ctx: &Ctx) {
        ctx.connections.close(object);
    }
}

/// An object that has something in AWS by way of a connection.
fn held<K: InAws + Clone + 'static>(cache: &Cache<K>, name: &str) -> Option<String> {
    let is_in = |object: &K| has_finalizer(object) && object.home().connection == Some(name);
    let found = cache.first(&Key::Connection(name.to_owned()), is_in)?;
    Some(format!("{} {}", K::kind(&()), full_name(&found)))
}

impl Indexed for AwsConnection {
    fn keys(&self) -> Vec<Key> {
        Vec::new()
    }
}

impl DigestOfStatus for AwsConnection {
    fn digest_of_status(&self) -> u64 {
        0
    }
}
