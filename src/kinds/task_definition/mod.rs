//! A task definition family and its revisions.
//!
//! It owns the revisions that it registered, told by their tags. It never touches a revision that somebody else
//! registered, never deregisters one that runs or that a rollout could go back to, and never calls `DeleteTaskDefinitions`.

mod act;
pub mod canonical;
mod desired;
mod noted;
mod observe;
mod observed;
mod plan;
mod status;
#[cfg(test)]
mod tests;

use crate::api::{EcsService, EcsTaskDefinition, EcsTaskDefinitionStatus};
use crate::aws::error::AwsError;
use crate::domain::Revision;
use crate::engine::cache::{Indexed, Key, connection_keys, namespace_key};
use crate::engine::connections::Reach;
use crate::engine::ctx::{Ctx, Site};
use crate::engine::noted::Noted;
use crate::engine::refs::{Caches, full_name, revisions_of, stands_before};
use crate::engine::watch::{DigestOfStatus, hash};
use crate::engine::{Managed, Notice, Pass, Plan, Stop, conditions};
use crate::kinds::service::child::owned_by;
use jiff::Timestamp;
use kube::ResourceExt;
use std::collections::{BTreeMap, BTreeSet};

pub use desired::family_of;

/// The kind `EcsTaskDefinition`.
pub struct EcsTaskDefinitionKind;

/// What is wanted of a family.
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
    /// An older object that claims the same family.
    pub older_claim: Option<String>,
    /// Services that run it or refer to it.
    pub users: Vec<String>,
    /// Numbers of revisions that services run, or could go back to.
    pub in_use: BTreeSet<i32>,
    /// Numbers of revisions that ECS refused to services because somebody had deregistered them.
    pub refused: BTreeSet<i32>,
    /// Clusters of all services.
    pub clusters: BTreeSet<String>,
}

/// One write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// `RegisterTaskDefinition`.
    Register,
    /// An existing revision is marked as ours.
    Claim {
        /// Its number.
        revision: i32,
    },
    /// A revision of ours stands for the declaration; no call.
    Select {
        /// Its number.
        revision: i32,
    },
    /// Tags are set.
    Tag {
        /// On which revision.
        revision: i32,
        /// Key and value.
        tags: BTreeMap<String, String>,
    },
    /// Tags are taken off.
    Untag {
        /// From which revision.
        revision: i32,
        /// Their keys.
        keys: Vec<String>,
    },
    /// A revision of ours becomes INACTIVE.
    Deregister {
        /// Its number.
        revision: i32,
    },
    /// A revision of ours stays, without our tags.
    Disown {
        /// Its number.
        revision: i32,
    },
}

/// What a write brought to light.
#[derive(Clone, Debug, PartialEq)]
pub enum Done {
    /// This revision stands for the declaration now.
    Current {
        /// Its ARN.
        arn: String,
        /// Its number.
        revision: i32,
        /// Hash of the declaration.
        hash: String,
        /// Tags of the declaration that stand on it.
        tags: BTreeMap<String, String>,
        /// When AWS registered it, if it told.
        registered_at: Option<Timestamp>,
        /// Revisions that others registered, if they were looked for.
        foreign: Option<Vec<i32>>,
    },
    /// These tags stand on the current revision now.
    Tagged {
        /// Key and value.
        tags: BTreeMap<String, String>,
    },
    /// These tags are gone.
    Untagged {
        /// Their keys.
        keys: Vec<String>,
    },
    /// This revision is no longer ours.
    Released {
        /// Its number.
        revision: i32,
    },
}

impl Managed for EcsTaskDefinitionKind {
    type Object = EcsTaskDefinition;
    type Status = EcsTaskDefinitionStatus;
    type Refs = Refs;
    type Desired = Desired;
    type Observed = observed::Observed;
    type Step = Step;
    type Done = Done;

    const KIND: &'static str = "EcsTaskDefinition";

    fn status_of(object: &EcsTaskDefinition) -> Option<&EcsTaskDefinitionStatus> {
        object.status.as_ref()
    }

    fn observed_generation(object: &EcsTaskDefinition) -> Option<i64> {
        object.status.as_ref()?.observed_generation
    }

    fn set_status(object: &mut EcsTaskDefinition, status: EcsTaskDefinitionStatus) {
        object.status = Some(status);
    }

    fn reach(object: &EcsTaskDefinition, caches: &Caches) -> Result<Reach, Stop> {
        Reach::of(object, caches)
    }

    fn refs(object: &EcsTaskDefinition, caches: &Caches) -> Refs {
        refs(object, caches)
    }

    fn desired(object: &EcsTaskDefinition, refs: &Refs, site: &Site) -> Result<Desired, Stop> {
        desired::desired(object, refs, site)
    }

    async fn observe(
        object: &EcsTaskDefinition,
        want: Result<&Desired, &Stop>,
        ctx: &Ctx,
    ) -> Result<observed::Observed, AwsError> {
        observe::observe(object, want, &ctx.aws.ecs()).await
    }

    fn plan(want: &Desired, seen: &observed::Observed) -> Plan<Step> {
        plan::plan(want, seen)
    }

    fn promise(before: &EcsTaskDefinitionStatus, want: &Desired, step: &Step, site: &Site) -> EcsTaskDefinitionStatus {
        status::promise(before, want, step, site)
    }

    async fn act(object: &EcsTaskDefinition, want: &Desired, step: &Step, ctx: &Ctx) -> Result<Done, Stop> {
        act::act(object, want, step, ctx).await
    }

    fn status(object: &EcsTaskDefinition, pass: &Pass<Self>, site: Option<&Site>, now: Timestamp) -> EcsTaskDefinitionStatus {
        status::status(object, pass, site, now)
    }

    fn notices(before: &EcsTaskDefinitionStatus, after: &EcsTaskDefinitionStatus, pass: &Pass<Self>) -> Vec<Notice> {
        let mut all = conditions::notices(&before.conditions, &after.conditions);
        let Some(Desired::Present(want)) = &pass.want else { return all };
        if let (true, Some(revision)) = (before.revision != after.revision, after.revision) {
            all.push(Notice {
                id: None,
                warning: false,
                reason: "Registered".to_owned(),
                message: format!("revision {}:{revision} stands for this declaration", want.family),
            });
        }
        all
    }

    fn noted(before: &EcsTaskDefinitionStatus, after: &EcsTaskDefinitionStatus, pass: &Pass<Self>, _now: Timestamp) -> Noted {
        noted::noted(before, after, pass)
    }

    fn forget(_object: &EcsTaskDefinition, _ctx: &Ctx) {}
}

impl Indexed for EcsTaskDefinition {
    fn keys(&self) -> Vec<Key> {
        let mut keys = vec![Key::Family(family_of(self)), namespace_key(self)];
        keys.extend(connection_keys(self));
        keys
    }
}

impl DigestOfStatus for EcsTaskDefinition {
    fn digest_of_status(&self) -> u64 {
        let Some(status) = &self.status else { return 0 };
        let ready = status.conditions.iter().find(|one| one.type_ == "Ready").map(|one| (&one.status, &one.message));
        hash(&(&status.task_definition_arn, status.observed_generation, ready, &status.connection))
    }
}

fn refs(object: &EcsTaskDefinition, caches: &Caches) -> Refs {
    let family = family_of(object);
    let this = (object.namespace().unwrap_or_default(), object.name_any());
    let mut refs = Refs { clusters: caches.clusters_beside(object), ..Refs::default() };
    caches.task_definitions.each(&Key::Family(family.clone()), |other| {
        if other.metadata.uid != object.metadata.uid && stands_before(other, object) && caches.are_together(other, object) {
            refs.older_claim = Some(full_name(other));
        }
    });
    let refused = |service: &EcsService| -> Option<i32> {
        let name = service.status.as_ref()?.refused_task_definition.as_deref()?;
        let revision = name.parse::<Revision>().ok().filter(|revision| revision.family == family)?;
        i32::try_from(revision.number).ok()
    };
    let mut users = BTreeSet::new();
    caches.services.each(&Key::TaskDefinition(this.0.clone(), this.1.clone()), |service| {
        // A service that was deleted and made anew waits for what the one before it leaves behind.
        if service.spec.task_definition_ref.is_none() && !owned_by(object, service) {
            return;
        }
        // Who is not granted it does nothing to it by naming it. Who runs it is found by its family.
        if caches.may_refer::<EcsTaskDefinition>(&service.namespace().unwrap_or_default(), &this.0, &this.1) {
            users.insert(full_name(service));
            refs.refused.extend(refused(service));
        }
    });
    caches.services.each(&Key::Family(family.clone()), |service| {
        if !caches.are_together(service, object) {
            return;
        }
        users.insert(full_name(service));
        let revisions = revisions_of(service).filter(|revision| revision.family == family);
        refs.in_use.extend(revisions.filter_map(|revision| i32::try_from(revision.number).ok()));
        refs.refused.extend(refused(service));
    });
    refs.users = users.into_iter().map(|name| format!("EcsService {name}")).collect();
    refs
}

/// The number in the ARN of a revision.
fn number_in(arn: &str) -> Option<i32> {
    arn.parse::<Revision>().ok().and_then(|revision| i32::try_from(revision.number).ok())
}
