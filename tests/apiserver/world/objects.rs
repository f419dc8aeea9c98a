//! Manifests as people write them, and what is read from objects.

use ecs_operator::api::EcsService;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use serde_json::Value;

/// The reason of Ready, or an empty word.
pub fn reason_of(service: &EcsService) -> &str {
    condition(service, "Ready").map_or("", |ready| ready.reason.as_str())
}

/// A condition of a service.
pub fn condition<'a>(service: &'a EcsService, kind: &str) -> Option<&'a Condition> {
    service.status.as_ref()?.conditions.iter().find(|condition| condition.type_ == kind)
}

/// Whether a condition of a service is true.
pub fn is_true(service: &EcsService, kind: &str) -> bool {
    condition(service, kind).is_some_and(|condition| condition.status == "True")
}

/// Whether the service is Ready for its newest generation.
pub fn is_ready(service: &EcsService) -> bool {
    is_true(service, "Ready")
        && service.status.as_ref().and_then(|status| status.observed_generation) == service.metadata.generation
}

/// A service with its own template on Fargate.
pub fn web(image: &str, count: u32) -> String {
    format!(
        r#"
apiVersion: ecs-operator.io/v1alpha1
kind: EcsService
metadata: {{name: web}}
spec:
  cluster: demo
  desiredCount: {count}
  launchType: FARGATE
  networkConfiguration: {{awsvpcConfiguration: {{subnets: [subnet-a, subnet-b], securityGroups: [sg-app]}}}}
  deploymentConfiguration: {{deploymentCircuitBreaker: {{enable: true, rollback: true}}}}
  taskDefinitionTemplate:
    requiresCompatibilities: [FARGATE]
    networkMode: awsvpc
    cpu: "256"
    memory: "512"
    executionRoleArn: arn:aws:iam::111122223333:role/ecs-exec
    containerDefinitions:
    - name: app
      image: {image}
      portMappings: [{{name: http, containerPort: 80}}]
"#
    )
}

/// A task definition on Fargate.
pub fn family(name: &str, image: &str) -> String {
    format!(
        r#"
apiVersion: ecs-operator.io/v1alpha1
kind: EcsTaskDefinition
metadata: {{name: {name}}}
spec:
  requiresCompatibilities: [FARGATE]
  networkMode: awsvpc
  cpu: "256"
  memory: "512"
  containerDefinitions:
  - name: app
    image: {image}
    portMappings: [{{name: http, containerPort: 80}}]
"#
    )
}

/// A service on Fargate that refers to a task definition.
pub fn running(name: &str, family: &str, count: u32) -> String {
    format!(
        r"
apiVersion: ecs-operator.io/v1alpha1
kind: EcsService
metadata: {{name: {name}}}
spec:
  cluster: demo
  desiredCount: {count}
  launchType: FARGATE
  networkConfiguration: {{awsvpcConfiguration: {{subnets: [subnet-a], securityGroups: [sg-app]}}}}
  deploymentConfiguration: {{deploymentCircuitBreaker: {{enable: true, rollback: true}}}}
  taskDefinitionRef: {{name: {family}}}
"
    )
}

/// A manifest with some members of its spec set, or with null taken out.
pub fn with(yaml: &str, spec: Value) -> String {
    let mut whole: Value = serde_yaml_ng::from_str(yaml).unwrap();
    merge(&mut whole["spec"], spec);
    whole.to_string()
}

fn merge(into: &mut Value, patch: Value) {
    let Value::Object(members) = patch else {
        *into = patch;
        return;
    };
    for (key, value) in members {
        if value.is_null() {
            into.as_object_mut().unwrap().remove(&key);
        } else {
            merge(&mut into[key.as_str()], value);
        }
    }
}
