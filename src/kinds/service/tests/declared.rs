//! Declarations that read as prose: `service("web").on("blue").count(3)`.

use super::site;
use crate::api::{EcsService, EcsTaskDefinition};
use crate::engine::Stop;
use crate::kinds::service::desired::{Present, desired};
use crate::kinds::service::{Desired, Refs};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A service as somebody declares it.
#[derive(Clone, Debug)]
pub struct Declared {
    pub name: String,
    pub spec: Value,
    pub annotations: BTreeMap<String, String>,
    pub refs: Refs,
    pub is_deleted: bool,
}

/// A service on the cluster `prod` that runs `web:1`.
pub fn service(name: &str) -> Declared {
    Declared {
        name: name.to_owned(),
        spec: json!({"cluster": "prod", "taskDefinition": arn_of("web:1")}),
        annotations: BTreeMap::new(),
        refs: Refs::default(),
        is_deleted: false,
    }
}

/// The ARN of `family:revision`.
pub fn arn_of(revision: &str) -> String {
    format!("arn:aws:ecs:eu-central-1:111122223333:task-definition/{revision}")
}

impl Declared {
    pub fn with(mut self, field: &str, value: Value) -> Self {
        self.spec[field] = value;
        self
    }

    pub fn without(mut self, field: &str) -> Self {
        self.spec.as_object_mut().unwrap().remove(field);
        self
    }

    pub fn on(self, cluster: &str) -> Self {
        self.with("cluster", json!(cluster))
    }

    pub fn count(self, count: i32) -> Self {
        self.with("desiredCount", json!(count))
    }

    pub fn runs(self, revision: &str) -> Self {
        self.with("taskDefinition", json!(arn_of(revision)))
    }

    pub fn refers_to(self, task_definition: EcsTaskDefinition) -> Self {
        let name = task_definition.metadata.name.clone().unwrap_or_default();
        let mut declared = self.without("taskDefinition").with("taskDefinitionRef", json!({"name": name}));
        declared.refs.network_mode =
            task_definition.spec.task_definition.network_mode.as_ref().map(|mode| mode.as_str().to_owned());
        declared.refs.task_definition = Some(task_definition);
        declared
    }

    pub fn daemon(self) -> Self {
        self.with("schedulingStrategy", json!("DAEMON"))
    }

    pub fn breaker(self) -> Self {
        self.with("deploymentConfiguration", json!({"deploymentCircuitBreaker": {"enable": true, "rollback": true}}))
    }

    pub fn network(self, subnets: &[&str]) -> Self {
        self.with("networkConfiguration", json!({"awsvpcConfiguration": {"subnets": subnets}}))
    }

    pub fn policy(self, management: &str) -> Self {
        self.with("managementPolicy", json!(management))
    }

    pub fn tagged(mut self, key: &str, value: &str) -> Self {
        let mut tags = self.spec["tags"].as_array().cloned().unwrap_or_default();
        tags.push(json!({"key": key, "value": value}));
        self.spec["tags"] = json!(tags);
        self
    }

    pub fn annotated(mut self, key: &str, value: &str) -> Self {
        self.annotations.insert(format!("ecs-operator.io/{key}"), value.to_owned());
        self
    }

    pub fn paused(self) -> Self {
        self.annotated("paused", "true")
    }

    pub fn deleted(mut self) -> Self {
        self.is_deleted = true;
        self
    }

    pub fn object(&self) -> EcsService {
        let spec = serde_json::from_value(self.spec.clone()).unwrap();
        EcsService {
            metadata: ObjectMeta {
                name: Some(self.name.clone()),
                namespace: Some("shop".to_owned()),
                uid: Some(format!("uid-of-{}", self.name)),
                generation: Some(1),
                annotations: Some(self.annotations.clone()),
                deletion_timestamp: self.is_deleted.then(|| Time("2026-01-02T00:00:00Z".parse().unwrap())),
                ..ObjectMeta::default()
            },
            spec,
            status: None,
        }
    }

    /// What is wanted, or why that cannot be said.
    pub fn desired(&self) -> Result<Desired, Stop> {
        desired(&self.object(), &self.refs, &site())
    }

    /// What is wanted of a service that is to be there.
    pub fn present(&self) -> Present {
        match self.desired() {
            Ok(Desired::Present(want)) => *want,
            other => panic!("a service was expected, not {other:?}"),
        }
    }
}

/// A task definition object whose revision stands for it.
pub fn registered(name: &str, revision: &str, network_mode: &str) -> EcsTaskDefinition {
    serde_json::from_value(json!({
        "apiVersion": "ecs-operator.io/v1alpha1", "kind": "EcsTaskDefinition",
        "metadata": {"name": name, "namespace": "shop", "uid": format!("uid-of-{name}"), "generation": 1},
        "spec": {"networkMode": network_mode, "containerDefinitions": [{"name": "app", "image": "nginx"}]},
        "status": {
            "observedGeneration": 1, "taskDefinitionArn": arn_of(revision),
            "conditions": [{"type": "Ready", "status": "True", "reason": "Registered", "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z"}],
        },
    }))
    .unwrap()
}
