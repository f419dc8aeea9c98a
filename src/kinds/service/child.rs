//! The task definition that belongs to one service alone, made from its `taskDefinitionTemplate`. Pure.

use super::Refs;
use super::desired::Child;
use crate::api::shared::GROUP;
use crate::api::{EcsService, EcsTaskDefinition, EcsTaskDefinitionSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use kube::{Resource, ResourceExt};
use std::collections::BTreeMap;

/// Whether a task definition was made from that service's template.
pub fn is_of(child: &EcsTaskDefinition, service: &EcsService) -> bool {
    let uid = service.uid().unwrap_or_default();
    child.owner_references().iter().any(|owner| owner.controller == Some(true) && owner.uid == uid)
}

/// What is to become of the child of a service.
pub fn wanted(service: &EcsService, refs: &Refs) -> Child {
    let present = refs.child.as_ref().filter(|child| is_of(child, service));
    match (&service.spec.task_definition_template, present) {
        (None, None) => Child::Fine,
        (None, Some(left)) if left.metadata.deletion_timestamp.is_some() => Child::Fine,
        (None, Some(left)) => Child::Remove(Box::new(left.clone())),
        (Some(_), present) => {
            let child = made_from(service);
            if refs.child.is_some() && present.is_none() || present.is_some_and(|there| there.spec == child.spec) {
                return Child::Fine;
            }
            Child::Apply(Box::new(child))
        }
    }
}

fn made_from(service: &EcsService) -> EcsTaskDefinition {
    let spec = &service.spec;
    let owner = OwnerReference {
        api_version: EcsService::api_version(&()).into_owned(),
        kind: EcsService::kind(&()).into_owned(),
        name: service.name_any(),
        uid: service.uid().unwrap_or_default(),
        controller: Some(true),
        block_owner_deletion: Some(true),
    };
    EcsTaskDefinition {
        metadata: ObjectMeta {
            name: service.metadata.name.clone(),
            namespace: service.namespace(),
            labels: Some(BTreeMap::from([(format!("{GROUP}/service"), service.name_any())])),
            owner_references: Some(vec![owner]),
            ..ObjectMeta::default()
        },
        spec: EcsTaskDefinitionSpec {
            task_definition: spec.task_definition_template.clone().unwrap_or_default(),
            revision_history_limit: spec.revision_history_limit,
            deletion_policy: spec.deletion_policy.clone(),
            ..EcsTaskDefinitionSpec::default()
        },
        status: None,
    }
}
