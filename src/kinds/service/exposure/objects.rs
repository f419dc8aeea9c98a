//! The objects that a service keeps for what it exposes, and those that are left over. Pure.

use super::Exposures;
use super::target::type_of;
use crate::api::load_balancing::{Action, Forward};
use crate::api::service::expose::Exposure;
use crate::api::shared::{GROUP, Reference};
use crate::api::{EcsListenerRule, EcsListenerRuleSpec, EcsService, EcsTargetGroup, EcsTargetGroupSpec};
use crate::kinds::service::Refs;
use crate::kinds::service::child::{Child, owned_by, owner_reference};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::{Resource, ResourceExt};
use std::collections::BTreeMap;

/// Name of the objects of an entry.
pub fn child_name(service: &EcsService, entry: &str) -> String {
    format!("{}-{entry}", service.name_any())
}

fn meta_of(service: &EcsService, entry: &str) -> ObjectMeta {
    ObjectMeta {
        name: Some(child_name(service, entry)),
        namespace: service.namespace(),
        labels: Some(BTreeMap::from([(format!("{GROUP}/service"), service.name_any())])),
        owner_references: Some(vec![owner_reference(service)]),
        ..ObjectMeta::default()
    }
}

pub(super) fn target_group(exposure: &Exposure, service: &EcsService, refs: &Refs) -> EcsTargetGroup {
    EcsTargetGroup {
        metadata: meta_of(service, &exposure.name),
        spec: EcsTargetGroupSpec {
            settings: exposure.settings.clone(),
            target_type: Some(type_of(service, refs)),
            listener: exposure.listener.clone(),
            tags: service.spec.tags.clone(),
            connection_ref: service.spec.connection_ref.clone(),
            deletion_policy: service.spec.deletion_policy.clone(),
            drift_policy: service.spec.drift_policy.clone(),
            ..EcsTargetGroupSpec::default()
        },
        status: None,
    }
}

/// An entry that does not say what it matches is the whole listener of a network load balancer, which has no rules.
pub(super) fn rule(exposure: &Exposure, service: &EcsService) -> Option<EcsListenerRule> {
    let target_group_ref = Some(Reference { name: child_name(service, &exposure.name), namespace: None });
    let forward = vec![Forward { target_group_ref, ..Forward::default() }];
    Some(EcsListenerRule {
        metadata: meta_of(service, &exposure.name),
        spec: EcsListenerRuleSpec {
            listener: exposure.listener.clone()?,
            r#match: exposure.r#match.clone()?,
            rewrite: exposure.rewrite.clone(),
            action: Action { forward: Some(forward), ..Action::default() },
            priority: exposure.priority,
            tags: service.spec.tags.clone(),
            connection_ref: service.spec.connection_ref.clone(),
            deletion_policy: service.spec.deletion_policy.clone(),
            drift_policy: service.spec.drift_policy.clone(),
            ..EcsListenerRuleSpec::default()
        },
        status: None,
    })
}

/// What the service made once and no entry asks for any more.
pub(super) fn leave_over(service: &EcsService, refs: &Refs, all: &mut Exposures) {
    let own = |exposure: &&Exposure| exposure.target_group.is_none();
    let target_groups: Vec<String> =
        service.spec.expose.iter().flatten().filter(own).map(|it| child_name(service, &it.name)).collect();
    let with_match = |exposure: &&Exposure| exposure.r#match.is_some();
    let rules: Vec<String> =
        service.spec.expose.iter().flatten().filter(own).filter(with_match).map(|it| child_name(service, &it.name)).collect();
    all.left_rules = left(&refs.balancing.rules, &rules, service).map(|it| Child::Rule(Box::new(it))).collect();
    all.left_target_groups =
        left(&refs.balancing.target_groups, &target_groups, service).map(|it| Child::TargetGroup(Box::new(it))).collect();
}

/// Those of a service that are not among the wanted names.
fn left<'a, K: Resource<DynamicType = ()> + Clone>(
    all: &'a BTreeMap<String, K>,
    wanted: &'a [String],
    service: &'a EcsService,
) -> impl Iterator<Item = K> + 'a {
    all.iter().filter(|(name, object)| owned_by(*object, service) && !wanted.contains(name)).map(|(_, object)| object.clone())
}
