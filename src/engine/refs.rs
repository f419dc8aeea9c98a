//! The watch caches, and who points at whom. Which objects are looked at again when another one changes is made from it.

use crate::api::{EcsService, EcsTaskDefinition};
use kube::core::DeserializeGuard;
use kube::runtime::reflector::{ObjectRef, Store};
use kube::{Resource, ResourceExt};
use std::sync::Arc;

/// A watched object, readable or not.
pub type Guarded<K> = DeserializeGuard<K>;

/// What the watches hold.
#[derive(Clone)]
pub struct Caches {
    /// Every `EcsTaskDefinition`.
    pub task_definitions: Store<Guarded<EcsTaskDefinition>>,
    /// Every `EcsService`.
    pub services: Store<Guarded<EcsService>>,
}

impl Caches {
    /// Waits until both kinds have been listed once. Before that what is there looks as if it were not.
    pub async fn are_filled(&self) {
        // The only error is that the watch is gone: the process is ending.
        let _ = self.task_definitions.wait_until_ready().await;
        let _ = self.services.wait_until_ready().await;
    }

    /// The task definition of that name, if it is there and readable.
    pub fn task_definition(&self, namespace: &str, name: &str) -> Option<EcsTaskDefinition> {
        self.task_definitions.get(&ObjectRef::new(name).within(namespace)).and_then(|guarded| guarded.0.clone().ok())
    }

    /// Shows each readable service to `look`.
    pub fn each_service(&self, look: impl FnMut(&EcsService)) {
        each(&self.services.state(), look);
    }

    /// Shows each readable task definition to `look`.
    pub fn each_task_definition(&self, look: impl FnMut(&EcsTaskDefinition)) {
        each(&self.task_definitions.state(), look);
    }
}

/// Nothing is copied: there may be thousands, and every pass looks.
fn each<K>(all: &[Arc<Guarded<K>>], look: impl FnMut(&K)) {
    all.iter().filter_map(|guarded| guarded.0.as_ref().ok()).for_each(look);
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

/// Whether `older` stands before `newer` when both claim the same thing in AWS: by age, then by namespace and name.
pub fn stands_before<K: Resource>(older: &K, newer: &K) -> bool {
    let rank = |object: &K| {
        let meta = object.meta();
        (meta.creation_timestamp.clone().map(|time| time.0), meta.namespace.clone(), meta.name.clone())
    };
    rank(older) < rank(newer)
}
