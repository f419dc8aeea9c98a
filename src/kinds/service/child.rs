//! The objects that belong to one service alone, and the task definition made from its `taskDefinitionTemplate`. Pure.

use super::Refs;
use crate::api::shared::GROUP;
use crate::api::{EcsListenerRule, EcsService, EcsTargetGroup, EcsTaskDefinition, EcsTaskDefinitionSpec};
use crate::domain::short_name;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use kube::{Resource, ResourceExt};
use std::collections::BTreeMap;

/// An object that a service keeps for itself.
#[derive(Clone, Debug, PartialEq)]
pub enum Child {
    /// The task definition made from its template.
    TaskDefinition(Box<EcsTaskDefinition>),
    /// The target group of an entry of `expose`.
    TargetGroup(Box<EcsTargetGroup>),
    /// The rule of an entry of `expose`.
    Rule(Box<EcsListenerRule>),
}

impl Child {
    /// Kind and name, for people.
    pub fn full_name(&self) -> String {
        match self {
            Self::TaskDefinition(it) => format!("EcsTaskDefinition {}", it.name_any()),
            Self::TargetGroup(it) => format!("EcsTargetGroup {}", it.name_any()),
            Self::Rule(it) => format!("EcsListenerRule {}", it.name_any()),
        }
    }

    /// Whether it is being deleted.
    pub fn is_going(&self) -> bool {
        let meta = match self {
            Self::TaskDefinition(it) => &it.metadata,
            Self::TargetGroup(it) => &it.metadata,
            Self::Rule(it) => &it.metadata,
        };
        meta.deletion_timestamp.is_some()
    }
}

/// What is to become of the task definition that belongs to a service alone.
#[derive(Clone, Debug, PartialEq)]
pub enum Template {
    /// There is none, or it is as it should be.
    Fine,
    /// It is to be applied.
    Apply(Child),
    /// It is left over and may go once nothing runs it.
    Remove(Child),
}

/// Whether an object belongs to that service.
pub fn owned_by<K: Resource<DynamicType = ()>>(child: &K, service: &EcsService) -> bool {
    let uid = service.uid().unwrap_or_default();
    child.owner_references().iter().any(|owner| owner.controller == Some(true) && owner.uid == uid)
}

/// What makes an object belong to that service.
pub fn owner_reference(service: &EcsService) -> OwnerReference {
    OwnerReference {
        api_version: EcsService::api_version(&()).into_owned(),
        kind: EcsService::kind(&()).into_owned(),
        name: service.name_any(),
        uid: service.uid().unwrap_or_default(),
        controller: Some(true),
        block_owner_deletion: Some(true),
    }
}

/// What is to become of the task definition of a service.
pub fn wanted(service: &EcsService, refs: &Refs) -> Template {
    let present = refs.child.as_ref().filter(|child| owned_by(*child, service));
    match (&service.spec.task_definition_template, present) {
        (None, None) => Template::Fine,
        (None, Some(left)) if left.metadata.deletion_timestamp.is_some() => Template::Fine,
        // Somebody went back to one of its revisions by number: deregistering it would leave the service without.
        (None, Some(left)) if runs_one_of(service, left) => Template::Fine,
        (None, Some(left)) => Template::Remove(Child::TaskDefinition(Box::new(left.clone()))),
        (Some(_), present) => {
            let child = made_from(service);
            if refs.child.is_some() && present.is_none() || present.is_some_and(|there| there.spec == child.spec) {
                return Template::Fine;
            }
            Template::Apply(Child::TaskDefinition(Box::new(child)))
        }
    }
}

/// Whether the service names a revision of a task definition's family, or the family.
fn runs_one_of(service: &EcsService, definition: &EcsTaskDefinition) -> bool {
    let family = definition.spec.task_definition.family.clone().unwrap_or_else(|| definition.name_any());
    let named = service.spec.task_definition.as_deref().map(short_name);
    named.is_some_and(|named| named.split(':').next() == Some(family.as_str()))
}

/// All that belongs to a service, in the order in which it may go: what sends requests, where they were sent to, what ran.
pub fn all_of(service: &EcsService, refs: &Refs) -> Vec<Child> {
    let rules = refs.balancing.rules.values().filter(|it| owned_by(*it, service)).cloned().map(Box::new).map(Child::Rule);
    let target_groups = refs.balancing.target_groups.values().filter(|it| owned_by(*it, service)).cloned();
    let definition = refs.child.iter().filter(|it| owned_by(*it, service)).cloned();
    let target_groups = target_groups.map(Box::new).map(Child::TargetGroup);
    rules.chain(target_groups).chain(definition.map(Box::new).map(Child::TaskDefinition)).collect()
}

fn made_from(service: &EcsService) -> EcsTaskDefinition {
    let spec = &service.spec;
    EcsTaskDefinition {
        metadata: ObjectMeta {
            name: service.metadata.name.clone(),
            namespace: service.namespace(),
            labels: Some(BTreeMap::from([(format!("{GROUP}/service"), service.name_any())])),
            owner_references: Some(vec![owner_reference(service)]),
            ..ObjectMeta::default()
        },
        spec: EcsTaskDefinitionSpec {
            task_definition: spec.task_definition_template.clone().unwrap_or_default(),
            revision_history_limit: spec.revision_history_limit,
            connection_ref: spec.connection_ref.clone(),
            deletion_policy: spec.deletion_policy.clone(),
            ..EcsTaskDefinitionSpec::default()
        },
        status: None,
    }
}
