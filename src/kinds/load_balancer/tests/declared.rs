//! Declarations that read as prose.

use super::site;
use crate::api::{EcsLoadBalancer, EcsTargetGroup};
use crate::engine::Managed;
use crate::kinds::load_balancer::desired::Present;
use crate::kinds::load_balancer::refs::Refs;
use crate::kinds::load_balancer::{Desired, EcsLoadBalancerKind};
use kube::ResourceExt;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What a person wrote, and what else stands in Kubernetes.
#[derive(Clone, Debug)]
pub struct Declared {
    pub spec: Value,
    pub annotations: BTreeMap<String, String>,
    pub is_deleted: bool,
    pub refs: Refs,
}

/// An Application Load Balancer without listeners.
pub fn application() -> Declared {
    let spec = json!({"subnets": ["subnet-a", "subnet-b"]});
    Declared { spec, annotations: BTreeMap::new(), is_deleted: false, refs: Refs::default() }
}

/// A Network Load Balancer without listeners.
pub fn network() -> Declared {
    application().with("type", json!("network"))
}

/// A listener of a protocol, with more members.
pub fn listener(port: i32, protocol: &str, more: &Value) -> Value {
    let mut listener = json!({"port": port, "protocol": protocol});
    listener.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    listener
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

    /// With these listeners and no others.
    pub fn listening(self, listeners: &[Value]) -> Self {
        self.with("listeners", json!(listeners))
    }

    /// With a listener for HTTP on each of these ports.
    pub fn on(self, ports: &[i32]) -> Self {
        let listeners: Vec<Value> = ports.iter().map(|port| listener(*port, "HTTP", &json!({}))).collect();
        self.listening(&listeners)
    }

    pub fn policy(self, policy: &str) -> Self {
        self.with("managementPolicy", json!(policy))
    }

    pub fn tagged(mut self, key: &str, value: &str) -> Self {
        let tag = json!({"key": key, "value": value});
        match self.spec["tags"].as_array_mut() {
            Some(tags) => tags.push(tag),
            None => self.spec["tags"] = json!([tag]),
        }
        self
    }

    pub fn attribute(self, key: &str, value: &str) -> Self {
        self.with("attributes", json!([{"key": key, "value": value}]))
    }

    pub fn annotated(mut self, key: &str, value: &str) -> Self {
        self.annotations.insert(format!("ecs-operator.io/{key}"), value.to_owned());
        self
    }

    pub fn deleted(mut self) -> Self {
        self.is_deleted = true;
        self
    }

    /// A target group of a namespace names the listener on a port. Without an ARN it is not made yet.
    pub fn claimed(mut self, port: i32, name: &str, arn: Option<&str>) -> Self {
        self.refs.claims.entry(port).or_default().push(target_group(name, arn));
        self
    }

    /// Rules on a port are for these hosts.
    pub fn hosts(mut self, port: i32, hosts: &[&str]) -> Self {
        self.refs.hosts.entry(port).or_default().extend(hosts.iter().map(|it| (*it).to_owned()));
        self
    }

    pub fn object(&self) -> EcsLoadBalancer {
        let deleted = self.is_deleted.then_some("2026-01-01T00:00:00Z");
        serde_json::from_value(json!({
            "apiVersion": "ecs-operator.io/v1alpha1", "kind": "EcsLoadBalancer",
            "metadata": {
                "name": "shared", "namespace": "edge", "uid": "uid-of-shared", "generation": 1,
                "annotations": self.annotations, "deletionTimestamp": deleted,
            },
            "spec": self.spec,
        }))
        .unwrap()
    }

    pub fn present(&self) -> Present {
        match EcsLoadBalancerKind::desired(&self.object(), &self.refs, &site()).unwrap() {
            Desired::Present(want) => *want,
            Desired::Absent(_) => panic!("it is being deleted"),
        }
    }
}

/// An `EcsTargetGroup` named `namespace/name`.
pub fn target_group(full_name: &str, arn: Option<&str>) -> EcsTargetGroup {
    let (namespace, name) = full_name.split_once('/').unwrap();
    let group: EcsTargetGroup = serde_json::from_value(json!({
        "apiVersion": "ecs-operator.io/v1alpha1", "kind": "EcsTargetGroup",
        "metadata": {"name": name, "namespace": namespace, "uid": full_name},
        "spec": {},
        "status": {"arn": arn, "serving": true},
    }))
    .unwrap();
    assert_eq!(group.name_any(), name);
    group
}
