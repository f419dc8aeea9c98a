//! An ECS service: its configuration, its rollouts, its tags.
//!
//! It owns the service that carries its tags, and the `EcsTaskDefinition` made from its template. It never touches a
//! service that carries other tags or none, nor tags that others set, nor the number of tasks where it is not declared.

mod act;
pub mod canonical;
pub mod child;
mod desired;
pub mod difference;
mod events;
pub mod exposure;
mod fields;
pub mod meaning;
mod noted;
mod observed;
mod pending;
mod plan;
mod rollout;
mod sentences;
mod started;
mod statements;
mod status;
mod stopped;
#[cfg(test)]
mod tests;

use crate::api::{EcsService, EcsServiceStatus, EcsTargetGroup, EcsTaskDefinition};
use crate::aws::LiveService;
use crate::aws::error::AwsError;
use crate::aws::reflector::{Pace, Seen};
use crate::domain::ObjectKey;
use crate::engine::cache::{Indexed, Key, connection_keys, namespace_key};
use crate::engine::connections::Reach;
use crate::engine::ctx::{Ctx, Site};
use crate::engine::noted::Noted;
use crate::engine::references;
use crate::engine::refs::{Caches, full_name, revisions_of, stands_before, task_definition_of};
use crate::engine::watch::{DigestOfStatus, hash};
use crate::engine::{Managed, Notice, Pass, Plan, Stop, conditions};
use crate::kinds::TARGET_TYPE_MISMATCH;
use child::Child;
use jiff::Timestamp;
use kube::ResourceExt;
use serde_json::Value;
use std::collections::BTreeMap;

pub use desired::key_of;

/// The kind `EcsService`.
pub struct EcsServiceKind;

/// What is wanted of a service.
#[derive(Clone, Debug, PartialEq)]
pub enum Desired {
    /// It is to be there.
    Present(Box<desired::Present>),
    /// Its object is being deleted.
    Absent(Box<desired::Absent>),
}

/// What other objects contribute.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Refs {
    /// An older object that claims the same service.
    pub older_claim: Option<String>,
    /// The task definition that it refers to or that was made from its template.
    pub task_definition: Option<EcsTaskDefinition>,
    /// Why it may not run the one that it refers to: that is in another namespace, which does not grant it.
    pub ungranted: Option<Stop>,
    /// The object of its own name, which is its child if it was made from its template.
    pub child: Option<EcsTaskDefinition>,
    /// Network mode of the task definition, where an object here declares it.
    pub network_mode: Option<String>,
    /// Target groups and rules that belong to it or that it refers to.
    pub balancing: exposure::Refs,
}

/// One write.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// `CreateService`.
    Create,
    /// `UpdateService`.
    Update {
        /// The members that change.
        members: Value,
        /// Whether a new deployment is forced.
        force: bool,
        /// Whether a new deployment begins.
        deploys: bool,
        /// What is needed to find that deployment again.
        wish: plan::Wish,
    },
    /// An existing service is marked as ours.
    Claim,
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
    /// `DeleteService`.
    Delete,
    /// An object that belongs to this service is applied.
    ApplyChild(Child),
    /// An object that belongs to this service is deleted.
    RemoveChild(Child),
}

/// What a write brought to light.
#[derive(Clone, Debug, PartialEq)]
pub enum Done {
    /// A rollout began; the service as ECS answered.
    Began(LiveService),
    /// Something changed without a rollout; the service as ECS answered.
    Changed(LiveService),
    /// The service is ours now.
    Claimed,
    /// Tags changed.
    Tagged,
    /// The service is being deleted.
    Deleted,
    /// A child object was written.
    Child,
}

impl Managed for EcsServiceKind {
    type Object = EcsService;
    type Status = EcsServiceStatus;
    type Refs = Refs;
    type Desired = Desired;
    type Observed = observed::Observed;
    type Step = Step;
    type Done = Done;

    const KIND: &'static str = "EcsService";

    fn status_of(object: &EcsService) -> Option<&EcsServiceStatus> {
        object.status.as_ref()
    }

    fn observed_generation(object: &EcsService) -> Option<i64> {
        object.status.as_ref()?.observed_generation
    }

    fn set_status(object: &mut EcsService, status: EcsServiceStatus) {
        object.status = Some(status);
    }

    fn reach(object: &EcsService, caches: &Caches) -> Result<Reach, Stop> {
        Reach::of(object, caches)
    }

    fn forbidden(object: &EcsService, ctx: &Ctx) -> Option<Stop> {
        mismatch(object, &ctx.caches)
    }

    fn refs(object: &EcsService, caches: &Caches) -> Refs {
        refs(object, caches)
    }

    fn desired(object: &EcsService, refs: &Refs, site: &Site) -> Result<Desired, Stop> {
        desired::desired(object, refs, site)
    }

    /// A look into the reflector's store: the reads themselves are made there, for many services at once.
    async fn observe(object: &EcsService, want: Result<&Desired, &Stop>, ctx: &Ctx) -> Result<observed::Observed, AwsError> {
        let key = key_of(object);
        let memory = object.status.clone().unwrap_or_default();
        let services = &ctx.aws.services;
        let owner = owner_of(object);
        let asked = match want {
            Ok(Desired::Present(want)) => want.look_at.is_some() && want.look_at != memory.reconciled_at,
            _ => false,
        };
        // What was never seen is created first and read on conflict: its token makes a repetition safe.
        let is_unseen = memory.service_arn.is_none() && is_full(object) && !services.is_followed(&key);
        let is_to_be_created = matches!(want, Ok(Desired::Present(want)) if !want.paused);
        if !(is_unseen && (is_to_be_created || memory.account.is_none())) {
            let is_changed = object.metadata.generation != memory.observed_generation;
            let seen = services.get(&key);
            // After a start there is much to be read. Who changed something meanwhile does not wait for all of it.
            let asked = asked || (is_changed && matches!(seen, Seen::Unknown));
            services.follow(&key, &owner, pace(asked, memory.pending.is_some(), &seen));
        }
        // What became of a rollout whose reply was not seen is told by the newest one.
        let remembered = memory.rollout.as_ref().filter(|_| memory.pending.is_none());
        services.follow_deployment(&key, remembered.and_then(|rollout| rollout.service_deployment_arn.as_deref()));
        let (trouble, beside) = (services.last_error(&key), services.last_error_beside(&key));
        Ok(observed::Observed::new(memory, services.get(&key), trouble, beside))
    }

    fn plan(want: &Desired, seen: &observed::Observed) -> Plan<Step> {
        plan::plan(want, seen)
    }

    fn is_order(step: &Step) -> bool {
        matches!(step, Step::ApplyChild(_) | Step::RemoveChild(_))
    }

    fn takes_away(step: &Step) -> bool {
        matches!(step, Step::Delete)
    }

    fn promise(before: &EcsServiceStatus, want: &Desired, step: &Step, site: &Site) -> EcsServiceStatus {
        status::promise(before, want, step, site)
    }

    async fn act(object: &EcsService, want: &Desired, step: &Step, ctx: &Ctx) -> Result<Done, Stop> {
        // What is about to be created needs no look before it is there.
        if !matches!(step, Step::Create) {
            ctx.aws.services.follow(&key_of(object), &owner_of(object), Pace::Rolling);
        }
        act::act(object, want, step, ctx).await
    }

    fn status(object: &EcsService, pass: &Pass<Self>, site: Option<&Site>, now: Timestamp) -> EcsServiceStatus {
        status::status(object, pass, site, now)
    }

    fn notices(before: &EcsServiceStatus, after: &EcsServiceStatus, pass: &Pass<Self>) -> Vec<Notice> {
        let mut all = conditions::notices(&before.conditions, &after.conditions);
        let live = pass.seen.as_ref().and_then(|seen| seen.live.as_ref()).filter(|_| after.last_event != before.last_event);
        if let Some(live) = live {
            all.extend(events::unheard(before.last_event.as_ref(), live).into_iter().map(events::notice));
        }
        all
    }

    fn noted(before: &EcsServiceStatus, after: &EcsServiceStatus, pass: &Pass<Self>, now: Timestamp) -> Noted {
        noted::noted(before, after, pass, now)
    }

    fn forget(object: &EcsService, ctx: &Ctx) {
        ctx.aws.services.forget(&key_of(object));
    }
}

/// Closely while something moves, so that status follows within seconds.
fn pace(asked: bool, is_pending: bool, seen: &Seen) -> Pace {
    match seen {
        _ if asked => Pace::Now,
        _ if is_pending => Pace::Rolling,
        Seen::Live { service, .. } if service.is_moving() => Pace::Rolling,
        Seen::Missing { times: 1, .. } => Pace::Rolling,
        _ => Pace::Settled,
    }
}

fn owner_of(object: &EcsService) -> ObjectKey {
    ObjectKey { namespace: object.namespace().unwrap_or_default(), name: object.name_any() }
}

fn is_full(object: &EcsService) -> bool {
    use crate::api::shared::ManagementPolicy;
    object.spec.management_policy.as_ref().is_none_or(|policy| *policy == ManagementPolicy::Full)
}

impl Indexed for EcsService {
    fn keys(&self) -> Vec<Key> {
        let mut keys = vec![namespace_key(self), Key::Cluster(self.spec.cluster.clone()), Key::Service(key_of(self))];
        let namespace = self.namespace().unwrap_or_default();
        if let Some((other, name)) = task_definition_of(self) {
            keys.extend((other != namespace).then(|| Key::RunsForeign(namespace.clone())));
            keys.push(Key::TaskDefinition(other, name));
        }
        let referred = self.spec.expose.iter().flatten().filter_map(|it| it.target_group.as_ref()?.r#ref.as_ref());
        let within = |other: &Option<String>| other.clone().unwrap_or_else(|| namespace.clone());
        keys.extend(referred.clone().map(|it| Key::TargetGroup(within(&it.namespace), it.name.clone())));
        keys.extend(references::keys(&namespace, referred.chain(&self.spec.task_definition_ref)));
        let listeners = self.spec.expose.iter().flatten().filter_map(|it| it.listener.as_ref()?.r#ref.as_ref());
        keys.extend(listeners.map(|it| Key::LoadBalancer(within(&it.namespace), it.name.clone())));
        let shifted = self.spec.load_balancers.iter().flatten().filter_map(|it| it.advanced_configuration.as_ref());
        let rules = shifted.flat_map(|it| [&it.production_listener_rule, &it.test_listener_rule]).flatten();
        keys.extend(rules.cloned().map(Key::Rule));
        keys.extend(revisions_of(self).map(|revision| Key::Family(revision.family)));
        keys.extend(connection_keys(self));
        keys.sort();
        keys.dedup();
        keys
    }
}

impl DigestOfStatus for EcsService {
    fn digest_of_status(&self) -> u64 {
        let Some(status) = &self.status else { return 0 };
        let revisions: Vec<_> = status.deployments.iter().map(|deployment| &deployment.revision).collect();
        // Target groups are looked at closely while a service that registers tasks in them is at work.
        let attached: Vec<_> = status.exposures.iter().map(|exposure| &exposure.attached).collect();
        let is_working = conditions::is_true(&status.conditions, conditions::Type::Reconciling);
        // A target group that does not take its tasks says so too.
        let ready = status.conditions.iter().find(|one| one.type_ == conditions::Type::Ready.as_str());
        let misfit = ready.filter(|one| one.reason == TARGET_TYPE_MISMATCH).map(|one| &one.message);
        let runs = (&status.task_definition, &status.refused_task_definition, &status.revision, &status.last_completed);
        hash(&(runs, revisions, attached, is_working, misfit, &status.connection))
    }
}

/// What it refers to has to be made through the same connection: a task definition and target groups.
fn mismatch(object: &EcsService, caches: &Caches) -> Option<Stop> {
    let namespace = object.namespace().unwrap_or_default();
    let task_definition = object.spec.task_definition_ref.as_ref();
    let mut target_groups = object.spec.expose.iter().flatten().filter_map(|it| it.target_group.as_ref()?.r#ref.as_ref());
    let listeners = object.spec.expose.iter().flatten().filter_map(|it| it.listener.as_ref()?.r#ref.as_ref());
    let mut listeners = listeners.map(|it| caches.load_balancers.get(it.namespace.as_deref().unwrap_or(&namespace), &it.name));
    task_definition
        .and_then(|it| caches.mismatch_of::<EcsTaskDefinition, _>(object, it))
        .or_else(|| target_groups.find_map(|it| caches.mismatch_of::<EcsTargetGroup, _>(object, it)))
        .or_else(|| listeners.find_map(|found| caches.mismatch(object, found.as_ref())))
}

fn refs(object: &EcsService, caches: &Caches) -> Refs {
    let mut older_claim = None;
    caches.services.each(&Key::Service(key_of(object)), |other| {
        if other.metadata.uid != object.metadata.uid && stands_before(other, object) && caches.are_together(other, object) {
            older_claim = Some(full_name(other));
        }
    });
    let namespace = object.namespace().unwrap_or_default();
    let child = caches.task_definitions.get(&namespace, &object.name_any());
    let (task_definition, ungranted) = match &object.spec.task_definition_ref {
        Some(reference) => match caches.referred(&namespace, reference) {
            Ok(found) => (found, None),
            Err(stop) => (None, Some(stop)),
        },
        None => (child.clone().filter(|_| object.spec.task_definition_template.is_some()), None),
    };
    let network_mode = task_definition.as_ref().map(|found| {
        let mode = serde_json::to_value(&found.spec.task_definition.network_mode).unwrap_or_default();
        mode.as_str().unwrap_or("bridge").to_owned()
    });
    Refs { older_claim, task_definition, ungranted, child, network_mode, balancing: balancing(object, caches) }
}

/// What belongs to the service, what has the name of what will, and what it refers to.
fn balancing(object: &EcsService, caches: &Caches) -> exposure::Refs {
    let namespace = object.namespace().unwrap_or_default();
    let mut refs = exposure::Refs::default();
    let key = Key::Owner(namespace.clone(), object.name_any());
    caches.target_groups.each(&key, |found| {
        refs.target_groups.insert(found.name_any(), found.clone());
    });
    caches.listener_rules.each(&key, |found| {
        refs.rules.insert(found.name_any(), found.clone());
    });
    for entry in object.spec.expose.iter().flatten() {
        let own = exposure::child_name(object, &entry.name);
        refs.target_groups.extend(caches.target_groups.get(&namespace, &own).map(|found| (own.clone(), found)));
        let referred = entry.target_group.as_ref().and_then(|it| it.r#ref.as_ref());
        let referred = referred.and_then(|it| caches.referred(&namespace, it).transpose());
        refs.referred.extend(referred.map(|found| (entry.name.clone(), found)));
        refs.rules.extend(caches.listener_rules.get(&namespace, &own).map(|found| (own, found)));
    }
    refs
}
