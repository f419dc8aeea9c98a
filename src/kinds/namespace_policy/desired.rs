//! What is wanted of a policy. Pure.

use super::Refs;
use crate::api::EcsNamespacePolicy;
use crate::api::namespace_policy::GuardMode;
use crate::aws::guard::{Place, problems};
use crate::engine::ctx::Site;
use crate::engine::references;
use crate::engine::write::has_finalizer;

/// A policy, in force or on its way out.
#[derive(Clone, Debug, PartialEq)]
pub enum Desired {
    /// It is in force.
    Present {
        /// What becomes of what it does not grant.
        mode: GuardMode,
        /// Entries that say nothing, and why.
        problems: Vec<String>,
        /// Whether an object of the namespace has something in AWS, and the policy can still be deleted.
        is_to_be_held: bool,
    },
    /// It is being deleted, and grants nothing any more.
    Absent {
        /// An object of the namespace that has something in AWS.
        user: Option<String>,
    },
}

/// What is wanted.
pub fn desired(object: &EcsNamespacePolicy, refs: &Refs, site: &Site) -> Desired {
    if object.metadata.deletion_timestamp.is_some() {
        return Desired::Absent { user: refs.user.clone() };
    }
    let place = Place { partition: site.partition.clone(), region: site.region.clone(), account: site.account.clone() };
    let entries = problems(&object.spec, &place).into_iter().map(|problem| problem.to_string());
    Desired::Present {
        mode: object.spec.mode.clone().unwrap_or(GuardMode::Enforce),
        problems: entries.chain(references::problems(object.spec.references.as_deref().unwrap_or_default())).collect(),
        is_to_be_held: refs.user.is_some() && !has_finalizer(object),
    }
}
