//! The watch caches, and who points at whom. Which objects are looked at again when another one changes is made from it.

use super::cache::{Cache, Key};
use super::home::InAws;
use crate::api::{
    AwsConnection, EcsListenerRule, EcsLoadBalancer, EcsNamespacePolicy, EcsService, EcsTargetGroup, EcsTaskDefinition,
};
use crate::aws::Connection;
use crate::domain::Revision;
use k8s_openapi::api::core::v1::Namespace;
use kube::{Resource, ResourceExt};
use std::collections::BTreeSet;

/// What the watches hold.
#[derive(Clone)]
pub struct Caches {
    /// Every `EcsTaskDefinition`.
    pub task_definitions: Cache<EcsTaskDefinition>,
    /// Every `EcsService`.
    pub services: Cache<EcsService>,
    /// Every `EcsTargetGroup`.
    pub target_groups: Cache<EcsTargetGroup>,
    /// Every `EcsListenerRule`.
    pub listener_rules: Cache<EcsListenerRule>,
    /// Every `EcsLoadBalancer`.
    pub load_balancers: Cache<EcsLoadBalancer>,
    /// Every `EcsNamespacePolicy`.
    pub policies: Cache<EcsNamespacePolicy>,
    /// Every `AwsConnection`.
    pub connections: Cache<AwsConnection>,
    /// Every namespace, for its labels.
    pub namespaces: Cache<Namespace>,
    /// The connection that the environment gives.
    pub built_in: Option<Connection>,
    /// The namespaces that are watched. None: all.
    pub watched: Vec<String>,
}

impl Caches {
    /// Waits until each kind has been listed once. Before that what is there looks as if it were not.
    pub async fn are_filled(&self) {
        self.task_definitions.is_filled().await;
        self.services.is_filled().await;
        self.target_groups.is_filled().await;
        self.listener_rules.is_filled().await;
        self.load_balancers.is_filled().await;
        self.policies.is_filled().await;
        self.connections.is_filled().await;
        self.namespaces.is_filled().await;
    }

    /// The kinds that have not been listed yet.
    pub fn not_filled(&self) -> Vec<&'static str> {
        let all = [
            ("EcsTaskDefinition", self.task_definitions.is_listed()),
            ("EcsService", self.services.is_listed()),
            ("EcsTargetGroup", self.target_groups.is_listed()),
            ("EcsListenerRule", self.listener_rules.is_listed()),
            ("EcsLoadBalancer", self.load_balancers.is_listed()),
            ("EcsNamespacePolicy", self.policies.is_listed()),
            ("AwsConnection", self.connections.is_listed()),
            ("Namespace", self.namespaces.is_listed()),
        ];
        all.into_iter().filter(|(_, is_listed)| !is_listed).map(|(kind, _)| kind).collect()
    }

    /// The clusters that services name which live where this object does.
    pub fn clusters_beside<K: InAws>(&self, object: &K) -> BTreeSet<String> {
        let from_the_first = Key::Cluster(String::new());
        let mut all = self.services.keys_from(&from_the_first, |key| match key {
            Key::Cluster(cluster) => Some(cluster.clone()),
            _ => None,
        });
        all.retain(|cluster| {
            let here = |service: &EcsService| self.are_together(service, object);
            self.services.first(&Key::Cluster(cluster.clone()), here).is_some()
        });
        all
    }
}

/// `namespace/name`.
pub fn full_name<K: Resource>(object: &K) -> String {
    format!("{}/{}", object.namespace().unwrap_or_default(), object.name_any())
}

/// Namespace and name of the task definition that a service runs: the one it refers to, or its own child.
pub fn task_definition_of(service: &EcsService) -> Option<(String, String)> {
    let namespace = service.namespace().unwrap_or_default();
    if let Some(reference) = &service.spec.task_definition_ref {
        let namespace = reference.namespace.clone().unwrap_or(namespace);
        return Some((namespace, reference.name.clone()));
    }
    service.spec.task_definition_template.as_ref()?;
    Some((namespace, service.name_any()))
}

/// Every revision that a service runs, was asked to run, or could go back to; what is no `family:number` or its ARN left out.
pub fn revisions_of(service: &EcsService) -> impl Iterator<Item = Revision> {
    service.status.iter().flat_map(|status| {
        let rolled_back_to = status.failed.iter().filter_map(|failed| failed.rolled_back_to.as_ref());
        let single = [&status.task_definition, &status.revision, &status.last_completed].into_iter().flatten();
        let rollout = status.rollout.iter().filter_map(|rollout| rollout.revision.as_ref());
        let deployments = status.deployments.iter().filter_map(|deployment| deployment.revision.as_ref());
        let pending = status.pending.iter().filter_map(|pending| pending.task_definition.as_ref());
        single.chain(pending).chain(rollout).chain(deployments).chain(rolled_back_to).filter_map(|name| name.parse().ok())
    })
}

/// Whether `older` stands before `newer` when both claim the same thing in AWS: by age, then by namespace and name.
pub fn stands_before<K: Resource>(older: &K, newer: &K) -> bool {
    let rank = |object: &K| {
        let meta = object.meta();
        (meta.creation_timestamp.clone().map(|time| time.0), meta.namespace.clone(), meta.name.clone())
    };
    rank(older) < rank(newer)
}
