//! A load balancer with its listeners.
//!
//! It owns the load balancer that carries its tags, and those of its listeners that do. It never touches a load balancer or
//! listener that carries other tags or none, nor rules: these are objects of their own, or somebody else's. It makes no
//! security group and no rule in one; what stands in `securityGroups` is used as it is.

mod act;
mod certificates;
mod desired;
mod difference;
mod listener;
mod listener_difference;
pub mod meaning;
mod noted;
mod observe;
mod observed;
mod plan;
mod refs;
mod said;
mod status;
#[cfg(test)]
mod tests;

use crate::api::{EcsLoadBalancer, EcsLoadBalancerStatus, EcsTargetGroup};
use crate::aws::elb::model::{Attributes, ListenerChange, LoadBalancer, NewListener, SubnetsChange, Tags};
use crate::aws::error::AwsError;
use crate::engine::cache::{Indexed, Key, connection_keys, namespace_key};
use crate::engine::connections::Reach;
use crate::engine::ctx::{Ctx, Site};
use crate::engine::noted::Noted;
use crate::engine::references;
use crate::engine::refs::Caches;
use crate::engine::watch::{DigestOfStatus, hash};
use crate::engine::{Managed, Notice, Pass, Plan, Stop};
use jiff::Timestamp;
use kube::ResourceExt;

/// The kind `EcsLoadBalancer`.
pub struct EcsLoadBalancerKind;

/// What is wanted of a load balancer.
#[derive(Clone, Debug, PartialEq)]
pub enum Desired {
    /// It is to be there.
    Present(Box<desired::Present>),
    /// Its object is being deleted.
    Absent(desired::Absent),
}

/// One write.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// `CreateLoadBalancer`.
    Create,
    /// Tags are set.
    Tag {
        /// On what.
        arn: String,
        /// Its port, if it is a listener.
        port: Option<i32>,
        /// Key and value.
        tags: Tags,
    },
    /// Tags are taken off.
    Untag {
        /// From what.
        arn: String,
        /// Its port, if it is a listener.
        port: Option<i32>,
        /// Their keys.
        keys: Vec<String>,
    },
    /// `SetSubnets`.
    SetSubnets(SubnetsChange),
    /// `SetSecurityGroups`.
    SetSecurityGroups {
        /// ARN of the load balancer.
        arn: String,
        /// Their ids, all of them.
        groups: Vec<String>,
    },
    /// `SetIpAddressType`.
    SetIpAddressType {
        /// ARN of the load balancer.
        arn: String,
        /// AWS's word.
        kind: String,
    },
    /// `ModifyLoadBalancerAttributes`.
    SetAttributes {
        /// ARN of the load balancer.
        arn: String,
        /// Those that change.
        set: Attributes,
    },
    /// `CreateListener`.
    CreateListener(NewListener),
    /// `ModifyListener`.
    ModifyListener {
        /// Its port.
        port: i32,
        /// What changes.
        change: ListenerChange,
    },
    /// `ModifyListenerAttributes`.
    SetListenerAttributes {
        /// Its port.
        port: i32,
        /// Its ARN.
        arn: String,
        /// Those that change.
        set: Attributes,
    },
    /// `AddListenerCertificates`, with one.
    AddCertificate {
        /// Port of the listener.
        port: i32,
        /// ARN of the listener.
        arn: String,
        /// ARN of the certificate.
        certificate: String,
    },
    /// `RemoveListenerCertificates`, with one.
    RemoveCertificate {
        /// Port of the listener.
        port: i32,
        /// ARN of the listener.
        arn: String,
        /// ARN of the certificate.
        certificate: String,
    },
    /// `DeleteListener`.
    DeleteListener {
        /// Its port.
        port: i32,
        /// Its ARN.
        arn: String,
    },
    /// `DeleteLoadBalancer`, with all its listeners.
    Delete {
        /// Its ARN.
        arn: String,
    },
}

impl Step {
    /// ARN of the listener that it is taken on.
    fn listener(&self) -> Option<&str> {
        match self {
            Self::Tag { arn, port: Some(_), .. }
            | Self::Untag { arn, port: Some(_), .. }
            | Self::SetListenerAttributes { arn, .. }
            | Self::AddCertificate { arn, .. }
            | Self::RemoveCertificate { arn, .. }
            | Self::DeleteListener { arn, .. } => Some(arn),
            Self::ModifyListener { change, .. } => Some(&change.arn),
            _ => None,
        }
    }
}

/// What a write brought to light.
#[derive(Clone, Debug, PartialEq)]
pub enum Done {
    /// The load balancer is there; as AWS answered.
    Created(Box<LoadBalancer>),
    /// A listener is there.
    ListenerCreated {
        /// Its port.
        port: i32,
        /// Its ARN.
        arn: String,
        /// Its protocol.
        protocol: String,
    },
    /// A listener is gone.
    ListenerDeleted {
        /// Its port.
        port: i32,
    },
    /// These attributes are set.
    Attributes {
        /// Of the listener on this port, or of the load balancer.
        port: Option<i32>,
        /// Key and value.
        set: Attributes,
    },
    /// A certificate was added to the listener on a port.
    Certified {
        /// Port of the listener.
        port: i32,
        /// ARN of the certificate.
        certificate: String,
    },
    /// Something else is as it was asked for.
    Changed,
    /// The load balancer is gone.
    Deleted,
}

impl Managed for EcsLoadBalancerKind {
    type Object = EcsLoadBalancer;
    type Status = EcsLoadBalancerStatus;
    type Refs = refs::Refs;
    type Desired = Desired;
    type Observed = observed::Observed;
    type Step = Step;
    type Done = Done;

    const KIND: &'static str = "EcsLoadBalancer";

    fn status_of(object: &EcsLoadBalancer) -> Option<&EcsLoadBalancerStatus> {
        object.status.as_ref()
    }

    fn observed_generation(object: &EcsLoadBalancer) -> Option<i64> {
        object.status.as_ref()?.observed_generation
    }

    fn set_status(object: &mut EcsLoadBalancer, status: EcsLoadBalancerStatus) {
        object.status = Some(status);
    }

    fn reach(object: &EcsLoadBalancer, caches: &Caches) -> Result<Reach, Stop> {
        Reach::of(object, caches)
    }

    fn forbidden(object: &EcsLoadBalancer, ctx: &Ctx) -> Option<Stop> {
        mismatch(object, &ctx.caches)
    }

    fn refs(object: &EcsLoadBalancer, caches: &Caches) -> refs::Refs {
        refs::refs(object, caches)
    }

    fn desired(object: &EcsLoadBalancer, refs: &refs::Refs, site: &Site) -> Result<Desired, Stop> {
        desired::desired(object, refs, site)
    }

    async fn observe(object: &EcsLoadBalancer, want: Result<&Desired, &Stop>, ctx: &Ctx) -> Result<observed::Observed, AwsError> {
        Ok(observe::observe(object, want, ctx))
    }

    fn plan(want: &Desired, seen: &observed::Observed) -> Plan<Step> {
        plan::plan(want, seen)
    }

    fn takes_away(step: &Step) -> bool {
        matches!(step, Step::Delete { .. })
    }

    fn promise(before: &EcsLoadBalancerStatus, _want: &Desired, _step: &Step, site: &Site) -> EcsLoadBalancerStatus {
        status::promise(before, site)
    }

    /// One listener does not wait for another, nor for the load balancer's own settings.
    fn lane(step: &Step) -> u32 {
        let port = match step {
            Step::Tag { port, .. } | Step::Untag { port, .. } => *port,
            Step::CreateListener(new) => new.port,
            Step::ModifyListener { port, .. }
            | Step::SetListenerAttributes { port, .. }
            | Step::AddCertificate { port, .. }
            | Step::RemoveCertificate { port, .. }
            | Step::DeleteListener { port, .. } => Some(*port),
            _ => None,
        };
        port.and_then(|port| u32::try_from(port).ok()).unwrap_or_default()
    }

    async fn act(object: &EcsLoadBalancer, want: &Desired, step: &Step, ctx: &Ctx) -> Result<Done, Stop> {
        act::act(object, want, step, ctx).await
    }

    fn status(object: &EcsLoadBalancer, pass: &Pass<Self>, site: Option<&Site>, now: Timestamp) -> EcsLoadBalancerStatus {
        status::status(object, pass, site, now)
    }

    fn notices(before: &EcsLoadBalancerStatus, after: &EcsLoadBalancerStatus, pass: &Pass<Self>) -> Vec<Notice> {
        said::notices(before, after, pass)
    }

    fn noted(before: &EcsLoadBalancerStatus, after: &EcsLoadBalancerStatus, pass: &Pass<Self>, _now: Timestamp) -> Noted {
        noted::noted(before, after, pass)
    }

    fn forget(object: &EcsLoadBalancer, ctx: &Ctx) {
        let who = observe::watcher(object);
        ctx.aws.balancing.unfollow(&who);
        ctx.aws.certificates.unfollow(&who);
    }
}

/// The target groups that its listeners refer to have to be made through the same connection.
fn mismatch(object: &EcsLoadBalancer, caches: &Caches) -> Option<Stop> {
    refs::referred(object).find_map(|it| caches.mismatch_of::<EcsTargetGroup, _>(object, it))
}

impl Indexed for EcsLoadBalancer {
    fn keys(&self) -> Vec<Key> {
        let namespace = self.namespace().unwrap_or_default();
        let listeners = self.status.iter().flat_map(|status| &status.listeners);
        let listeners = listeners.map(|listener| Key::Listener(listener.arn.clone()));
        let mut keys: Vec<Key> = listeners.chain([namespace_key(self)]).collect();
        let within = |other: &Option<String>| other.clone().unwrap_or_else(|| namespace.clone());
        keys.extend(refs::referred(self).map(|it| Key::TargetGroup(within(&it.namespace), it.name.clone())));
        keys.extend(references::keys(&namespace, refs::referred(self)));
        // One that named a listener may name another now, and has to be let go.
        let claims = self.status.iter().flat_map(|status| &status.listeners).filter_map(|it| it.claimed_by.as_ref());
        let claims = claims.filter_map(|full_name| full_name.split_once('/'));
        keys.extend(claims.map(|(namespace, name)| Key::TargetGroup(namespace.to_owned(), name.to_owned())));
        keys.extend(connection_keys(self));
        keys.sort();
        keys.dedup();
        keys
    }
}

impl DigestOfStatus for EcsLoadBalancer {
    fn digest_of_status(&self) -> u64 {
        let Some(status) = &self.status else { return 0 };
        let of_it = |it: &crate::api::load_balancer::ListenerStatus| (it.port, it.protocol.clone(), it.arn.clone());
        let listeners: Vec<_> = status.listeners.iter().map(of_it).collect();
        let claims: Vec<_> = status.listeners.iter().map(|it| (&it.claimed_by, &it.conflicts, &it.uncovered_hosts)).collect();
        let place = (&status.load_balancer_arn, &status.dns_name, &status.vpc_id, &status.r#type);
        hash(&(place, listeners, claims, status.observed_generation, &status.connection))
    }
}
