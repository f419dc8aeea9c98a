//! Waiting until something is as it should be.

use super::{World, condition, is_ready};
use ecs_operator::api::{EcsService, EcsTaskDefinition};
use kube::api::{Api, DynamicObject};
use kube::core::GroupVersionKind;
use kube::discovery::ApiResource;
use serde_json::Value;
use simulator::Simulator;
use std::fmt::Debug;
use std::time::Duration;

/// Longest wait for anything. A machine that is busy is slow, so this is not tight.
const PATIENCE: Duration = Duration::from_mins(1);

/// Asks again and again until the answer is good.
pub async fn until_some<T: Debug>(what: &str, ask: impl AsyncFn() -> Result<T, String>) -> T {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        match ask().await {
            Ok(answer) => return answer,
            Err(last) => {
                assert!(tokio::time::Instant::now() < deadline, "waited in vain until {what}; last seen: {last}");
            }
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

impl World {
    /// Waits until a service is gone from Kubernetes.
    pub async fn until_gone(&self, name: &str) {
        until_some(&format!("{name} is gone"), async || {
            let left = self.services().get_opt(name).await.unwrap();
            left.map_or(Ok(()), |left| Err(serde_yaml_ng::to_string(&left.status).unwrap()))
        })
        .await;
    }

    /// Waits until a task definition is gone from Kubernetes.
    pub async fn until_definition_gone(&self, name: &str) {
        until_some(&format!("task definition {name} is gone"), async || {
            let left = self.task_definitions().get_opt(name).await.unwrap();
            left.map_or(Ok(()), |left| Err(serde_yaml_ng::to_string(&left.status).unwrap()))
        })
        .await;
    }

    /// Waits until a service is as `holds` says; fails with its status otherwise.
    pub async fn until(&self, name: &str, what: &str, holds: impl Fn(&EcsService) -> bool) -> EcsService {
        until_some(what, async || {
            let service = self.services().get(name).await.unwrap();
            if holds(&service) { Ok(service) } else { Err(serde_yaml_ng::to_string(&service.status).unwrap()) }
        })
        .await
    }

    /// Waits until a service is as `holds` says of it as it stands there, whether this version can read it or not.
    pub async fn until_raw(&self, name: &str, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk("ecs-operator.io", "v1alpha1", "EcsService"));
        let api: Api<DynamicObject> = Api::namespaced_with(self.kube.clone(), &self.namespace, &resource);
        until_some(what, async || {
            let object = api.get(name).await.unwrap().data;
            if holds(&object) { Ok(object) } else { Err(object.to_string()) }
        })
        .await
    }

    /// Waits until a task definition is as `holds` says.
    pub async fn until_definition(
        &self,
        name: &str,
        what: &str,
        holds: impl Fn(&EcsTaskDefinition) -> bool,
    ) -> EcsTaskDefinition {
        until_some(what, async || {
            let found = self.task_definitions().get(name).await.unwrap();
            if holds(&found) { Ok(found) } else { Err(serde_yaml_ng::to_string(&found.status).unwrap()) }
        })
        .await
    }

    /// Waits until a task definition is Ready with this revision.
    pub async fn until_registered(&self, name: &str, revision: i32) -> EcsTaskDefinition {
        self.until_definition(name, &format!("revision {revision} is registered"), |found| {
            found.status.as_ref().is_some_and(|status| {
                let ready = status.conditions.iter().any(|one| one.type_ == "Ready" && one.status == "True");
                ready && status.revision == Some(revision) && status.observed_generation == found.metadata.generation
            })
        })
        .await
    }

    /// Waits until a service is Ready for its newest generation.
    pub async fn until_ready(&self, name: &str) -> EcsService {
        self.until(name, "Ready", is_ready).await
    }

    /// Waits until a service is not Ready for this reason, and says each of these words.
    pub async fn until_told(&self, name: &str, reason: &str, words: &[&str]) -> EcsService {
        let what = format!("{name} says {reason} and {words:?}");
        self.until(name, &what, |service| {
            let ready = condition(service, "Ready");
            ready.is_some_and(|it| {
                it.status == "False" && it.reason == reason && words.iter().all(|word| it.message.contains(word))
            })
        })
        .await
    }

    /// Waits until AWS is as `holds` says.
    pub async fn until_aws(&self, what: &str, holds: impl Fn(&Simulator) -> bool) {
        until_some(what, async || if holds(&self.aws) { Ok(()) } else { Err(String::from("not yet")) }).await;
    }
}
