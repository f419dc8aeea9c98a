//! The objects that are applied.

use serde_json::{Value, json};
use std::fmt::Write as _;

use crate::world::CLUSTER;

/// Size of an object as it stands in etcd, about, in bytes.
const SIZE: usize = 3000;
const ROLE: &str = "arn:aws:iam::111122223333:role/ecs-exec";

/// A task definition of about 3 KB.
pub fn task_definition(name: &str) -> Value {
    let environment: Vec<Value> = (0..12)
        .map(|number| json!({"name": format!("SETTING_{number}"), "value": format!("https://{name}.example.com/{number}")}))
        .collect();
    padded(json!({
        "apiVersion": "ecs-operator.io/v1alpha1",
        "kind": "EcsTaskDefinition",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "requiresCompatibilities": ["FARGATE"],
            "networkMode": "awsvpc",
            "cpu": "256",
            "memory": "512",
            "executionRoleArn": ROLE,
            "containerDefinitions": [{
                "name": "app",
                "image": format!("registry.example.com/{name}:1.27"),
                "portMappings": [{"name": "http", "containerPort": 80}],
                "environment": environment,
            }],
        },
    }))
}

/// A service of about 3 KB that refers to a task definition. Without `count` the number of tasks is left to others.
pub fn service(name: &str, task_definition: &str, count: Option<u32>) -> Value {
    let mut object = json!({
        "apiVersion": "ecs-operator.io/v1alpha1",
        "kind": "EcsService",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "cluster": CLUSTER,
            "taskDefinitionRef": {"name": task_definition},
            "launchType": "FARGATE",
            "networkConfiguration": {"awsvpcConfiguration": {
                "subnets": ["subnet-0a0a0a0a0a0a0a0a0", "subnet-0b0b0b0b0b0b0b0b0"],
                "securityGroups": ["sg-0c0c0c0c0c0c0c0c0"],
            }},
            "deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": true, "rollback": true}},
        },
    });
    if let Some(count) = count {
        object["spec"]["desiredCount"] = json!(count);
    }
    padded(object)
}

/// Objects that were applied by `kubectl apply` carry themselves once more in an annotation.
fn padded(mut object: Value) -> Value {
    let mut filling = String::new();
    while filling.len() + object.to_string().len() + 700 < SIZE {
        let _ = write!(filling, "{object} ");
    }
    filling.truncate(SIZE.saturating_sub(object.to_string().len() + 700));
    object["metadata"]["annotations"] = json!({"bench.example.com/last-applied": filling});
    object
}

/// The name of pair number `number`; task definition and service share it.
pub fn pair_name(number: usize) -> String {
    format!("pair-{number:05}")
}

/// Pairs of a task definition and a service that refers to it.
pub fn pairs(count: usize) -> Vec<Value> {
    let both = |number| {
        let name = pair_name(number);
        [task_definition(&name), service(&name, &name, Some(1))]
    };
    (0..count).flat_map(both).collect()
}

/// Names of pairs that a call points at.
pub fn pairs_in(target: &str) -> impl Iterator<Item = &str> {
    target.split([' ', '/', ':']).filter(|word| word.starts_with("pair-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_have_about_the_size_that_the_recipe_asks_for() {
        for object in pairs(1) {
            let size = object.to_string().len();
            assert!((SIZE - 900..=SIZE).contains(&size), "{size}");
        }
    }

    #[test]
    fn a_pair_is_found_in_names_and_arns() {
        let target = "bench arn:aws:ecs:eu-central-1:111122223333:task-definition/pair-00007:1 pair-00008";
        assert_eq!(pairs_in(target).collect::<Vec<_>>(), ["pair-00007", "pair-00008"]);
    }
}
