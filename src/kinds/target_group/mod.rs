//! A target group, and those that it replaces.
//!
//! It owns the target groups that carry its tags. It never touches one that carries other tags or none, nor what others
//! attached to it, and above all no target: those are ECS's alone. What AWS cannot change is replaced by a new target group
//! under another name; the old one goes when nothing uses it any more.

mod act;
mod defaults;
mod desired;
mod difference;
mod health;
pub mod meaning;
mod noted;
mod observe;
mod observed;
mod plan;
mod settings;
mod standing;
mod status;
#[cfg(test)]
mod tests;

use crate::api::{EcsService, EcsTargetGroup, EcsTargetGroupStatus};
use crate::aws::elb::Watcher;
use crate::aws::elb::model::{HealthCheck, NewTargetGroup, TargetGroup};
use crate::aws::error::AwsError;
use crate::domain::ObjectKey;
use crate::engine::cache::{Indexed, Key, connection_keys, namespace_key, owner_key};
use crate::engine::conditions::Type;
use crate::engine::connections::Reach;
use crate::engine::ctx::{Ctx, Site};
use crate::engine::noted::Noted;
use crate::engine::references::shown_in;
use crate::engine::refs::{Caches, full_name};
use crate::engine::watch::{DigestOfStatus, hash};
use crate::engine::{Managed, Notice, Pass, Plan, Stop, conditions};
use crate::kinds::TARGET_TYPE_MISMATCH;
use crate::kinds::listener::{Announced, Place, announced, load_balancer, place};
use jiff::Timestamp;
use kube::ResourceExt;
use standing::name_in;
use std::collections::{BTreeMap, BTreeSet};

/// The kind `EcsTargetGroup`.
pub struct EcsTargetGroupKind;

/// What is wanted of a target group.
#[derive(Clone, Debug, PartialEq)]
pub enum Desired {
    /// It is to be there.
    Present(Box<desired::Present>),
    /// Its object is being deleted.
    Absent(desired::Absent),
}

/// What other objects contribute.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Refs {
    /// Where the listener is that it is for, or why that is not known yet.
    pub listener: Option<Result<Place, Stop>>,
    /// What its `EcsLoadBalancer` declares of a listener that is not there yet.
    pub announced: Option<Announced>,
    /// Objects that forward to it or register tasks in it.
    pub users: Vec<String>,
    /// Target groups in which services here register their tasks, by ARN, and which service that is.
    pub attached: BTreeMap<String, String>,
    /// Whether a service that registers its tasks in it is at work.
    pub is_awaited: bool,
    /// Why a service that refers to it cannot register its tasks there, in its own words.
    pub misfit: Option<String>,
}

/// One write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// `CreateTargetGroup`.
    Create(Box<NewTargetGroup>),
    /// `ModifyTargetGroup`: the health check.
    Check {
        /// Of which.
        arn: String,
        /// The members that change.
        check: Box<HealthCheck>,
    },
    /// `ModifyTargetGroupAttributes`.
    Attributes {
        /// Name of the target group, which may just have been made.
        name: String,
        /// The attributes that change.
        attributes: BTreeMap<String, String>,
    },
    /// Tags are set.
    Tag {
        /// On what.
        arn: String,
        /// Key and value.
        tags: BTreeMap<String, String>,
    },
    /// Tags are taken off.
    Untag {
        /// From what.
        arn: String,
        /// Their keys.
        keys: Vec<String>,
    },
    /// `DeleteTargetGroup`.
    Delete {
        /// Which.
        arn: String,
    },
}

/// What a write brought to light.
#[derive(Clone, Debug, PartialEq)]
pub enum Done {
    /// The target group as AWS made it.
    Created(Box<TargetGroup>),
    /// Something of it changed.
    Changed,
    /// It is gone.
    Deleted {
        /// Which.
        arn: String,
    },
}

impl Managed for EcsTargetGroupKind {
    type Object = EcsTargetGroup;
    type Status = EcsTargetGroupStatus;
    type Refs = Refs;
    type Desired = Desired;
    type Observed = observed::Observed;
    type Step = Step;
    type Done = Done;

    const KIND: &'static str = "EcsTargetGroup";

    fn status_of(object: &EcsTargetGroup) -> Option<&EcsTargetGroupStatus> {
        object.status.as_ref()
    }

    fn observed_generation(object: &EcsTargetGroup) -> Option<i64> {
        object.status.as_ref()?.observed_generation
    }

    fn set_status(object: &mut EcsTargetGroup, status: EcsTargetGroupStatus) {
        object.status = Some(status);
    }

    fn reach(object: &EcsTargetGroup, caches: &Caches) -> Result<Reach, Stop> {
        Reach::of(object, caches)
    }

    fn forbidden(object: &EcsTargetGroup, ctx: &Ctx) -> Option<Stop> {
        mismatch(object, &ctx.caches)
    }

    fn refs(object: &EcsTargetGroup, caches: &Caches) -> Refs {
        refs(object, caches)
    }

    fn desired(object: &EcsTargetGroup, refs: &Refs, site: &Site) -> Result<Desired, Stop> {
        desired::desired(object, refs, site)
    }

    async fn observe(object: &EcsTargetGroup, want: Result<&Desired, &Stop>, ctx: &Ctx) -> Result<observed::Observed, AwsError> {
        Ok(observe::observe(object, want, &ctx.aws.balancing))
    }

    fn plan(want: &Desired, seen: &observed::Observed) -> Plan<Step> {
        plan::plan(want, seen)
    }

    fn promise(before: &EcsTargetGroupStatus, _want: &Desired, step: &Step, site: &Site) -> EcsTargetGroupStatus {
        status::promise(before, step, site)
    }

    async fn act(object: &EcsTargetGroup, want: &Desired, step: &Step, ctx: &Ctx) -> Result<Done, Stop> {
        act::act(object, want, step, ctx).await
    }

    fn status(object: &EcsTargetGroup, pass: &Pass<Self>, site: Option<&Site>, now: Timestamp) -> EcsTargetGroupStatus {
        status::status(object, pass, site, now)
    }

    fn notices(before: &EcsTargetGroupStatus, after: &EcsTargetGroupStatus, pass: &Pass<Self>) -> Vec<Notice> {
        let mut all = conditions::notices(&before.conditions, &after.conditions);
        all.extend(pass.done.iter().filter_map(|done| told(before, done)));
        if let (false, true, Some(old)) = (before.serving, after.serving, before.previous.last()) {
            let name = after.name.as_deref().unwrap_or_default();
            all.push(notice("Serving", format!("target group {name} takes over from {}", old.name)));
        }
        all
    }

    fn noted(before: &EcsTargetGroupStatus, after: &EcsTargetGroupStatus, pass: &Pass<Self>, _now: Timestamp) -> Noted {
        noted::noted(before, after, pass)
    }

    fn forget(object: &EcsTargetGroup, ctx: &Ctx) {
        ctx.aws.balancing.unfollow(&watcher(object));
    }
}

fn told(before: &EcsTargetGroupStatus, done: &Done) -> Option<Notice> {
    match done {
        Done::Created(group) => Some(match before.arn.as_deref().map(name_in).filter(|old| *old != group.name) {
            Some(old) => notice("Replaced", format!("target group {} was made to replace {old}", group.name)),
            None => notice("Created", format!("target group {} was made", group.name)),
        }),
        Done::Deleted { arn } => Some(notice("Deleted", format!("target group {} was deleted", name_in(arn)))),
        Done::Changed => None,
    }
}

fn notice(reason: &str, message: String) -> Notice {
    Notice { id: None, warning: false, reason: reason.to_owned(), message }
}

/// Who is told when something new is read for an object.
fn watcher(object: &EcsTargetGroup) -> Watcher {
    let key = ObjectKey { namespace: object.namespace().unwrap_or_default(), name: object.name_any() };
    Watcher { kind: EcsTargetGroupKind::KIND, object: key }
}

impl Indexed for EcsTargetGroup {
    fn keys(&self) -> Vec<Key> {
        let namespace = self.namespace().unwrap_or_default();
        let mut keys: Vec<Key> = owner_key(self).into_iter().chain([namespace_key(self)]).collect();
        if let Some(listener) = &self.spec.listener {
            keys.extend(listener.arn.iter().cloned().map(Key::Listener));
            let within = |other: &Option<String>| other.clone().unwrap_or_else(|| namespace.clone());
            keys.extend(listener.r#ref.iter().map(|it| Key::LoadBalancer(within(&it.namespace), it.name.clone())));
        }
        keys.extend(connection_keys(self));
        keys
    }
}

impl DigestOfStatus for EcsTargetGroup {
    fn digest_of_status(&self) -> u64 {
        let Some(status) = &self.status else { return 0 };
        let said: Vec<_> = status.conditions.iter().map(|one| (&one.type_, &one.status, &one.message)).collect();
        let previous: Vec<&str> = status.previous.iter().map(|it| it.arn.as_str()).collect();
        let health = (status.healthy, status.unhealthy, &status.load_balancer_arns);
        let health = (health, &status.url);
        hash(&(&status.arn, previous, status.serving, health, status.observed_generation, said, &status.connection))
    }
}

/// The load balancer of the listener that it names has to be made through the same connection.
fn mismatch(object: &EcsTargetGroup, caches: &Caches) -> Option<Stop> {
    let listener = object.spec.listener.as_ref()?;
    let found = load_balancer(listener, &object.namespace().unwrap_or_default(), caches);
    caches.mismatch(object, found.as_ref())
}

fn refs(object: &EcsTargetGroup, caches: &Caches) -> Refs {
    let (namespace, name) = (object.namespace().unwrap_or_default(), object.name_any());
    let mut refs = Refs { listener: object.spec.listener.as_ref().map(|it| place(it, &namespace, caches)), ..Refs::default() };
    refs.announced = object.spec.listener.as_ref().and_then(|it| announced(it, &namespace, caches));
    let this = Key::TargetGroup(namespace.clone(), name);
    let mut users = BTreeSet::new();
    // Who is not granted it does nothing to it by naming it, unless it has been at it since it was.
    let may =
        |from: Option<String>| caches.may_refer::<EcsTargetGroup>(&from.unwrap_or_default(), &namespace, &object.name_any());
    let arns = arns_of(object);
    caches.listener_rules.each(&this, |rule| {
        let mut forwards = rule.status.iter().flat_map(|status| &status.target_groups);
        if may(rule.namespace()) || forwards.any(|it| arns.contains(it.arn.as_str())) {
            users.insert(format!("EcsListenerRule {}", full_name(rule)));
        }
    });
    caches.load_balancers.each(&this, |load_balancer| {
        if may(load_balancer.namespace()) {
            users.insert(format!("EcsLoadBalancer {}", full_name(load_balancer)));
        }
    });
    caches.services.each(&this, |service| {
        let (may, is_attached) = (may(service.namespace()), is_attached(service, &arns));
        if may || is_attached {
            users.insert(format!("EcsService {}", full_name(service)));
            refs.used_by(service);
        }
        refs.misfit = refs.misfit.take().or_else(|| misfit(service, object).filter(|_| may));
    });
    if let Some(Key::Owner(namespace, owner)) = owner_key(object)
        && let Some(service) = caches.services.get(&namespace, &owner)
    {
        refs.used_by(&service);
        // A service that is being deleted deletes what belongs to it itself, when it is time.
        if is_attached(&service, &arns) && service.metadata.deletion_timestamp.is_none() {
            users.insert(format!("EcsService {}", full_name(&service)));
        }
    }
    refs.users = users.into_iter().collect();
    refs
}

/// The target groups that an object stands for, and those that it replaces.
fn arns_of(object: &EcsTargetGroup) -> BTreeSet<&str> {
    let status = object.status.as_ref();
    status
        .iter()
        .flat_map(|status| status.arn.iter().chain(status.previous.iter().map(|it| &it.arn)))
        .map(String::as_str)
        .collect()
}

/// Whether a service registers its tasks in one of these.
fn is_attached(service: &EcsService, arns: &BTreeSet<&str>) -> bool {
    let exposures = service.status.iter().flat_map(|status| &status.exposures);
    exposures.flat_map(|exposure| &exposure.attached).any(|arn| arns.contains(arn.as_str()))
}

/// What a service says of a target group that does not take its tasks.
fn misfit(service: &EcsService, target_group: &EcsTargetGroup) -> Option<String> {
    let target_group = shown_in(target_group, &service.namespace().unwrap_or_default());
    let ready = Type::Ready.as_str();
    let said = service.status.iter().flat_map(|status| &status.conditions).find(|one| one.type_ == ready)?;
    let is_meant = said.reason == TARGET_TYPE_MISMATCH && said.message.contains(&format!("EcsTargetGroup {target_group} "));
    is_meant.then(|| format!("EcsService {}: {}", full_name(service), said.message))
}

impl Refs {
    fn used_by(&mut self, service: &EcsService) {
        let Some(status) = &service.status else { return };
        let arns = status.exposures.iter().flat_map(|exposure| &exposure.attached);
        self.attached.extend(arns.map(|arn| (arn.clone(), full_name(service))));
        self.is_awaited |= conditions::is_true(&status.conditions, Type::Reconciling);
    }
}
