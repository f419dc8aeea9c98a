//! A model of what CreateService and UpdateService do to a service and of what DescribeServices shows afterwards: as little
//! as the decisions here depend on (notes on omission, read-back, deployments and rollback).

use crate::aws::{LiveDeployment, LiveService, ServiceDeployment, ServiceState};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// When the first service was made. A deployment is a minute later than the one before it.
pub const START: &str = "2026-01-01T00:00:00Z";

pub fn minute(number: i64) -> Timestamp {
    START.parse::<Timestamp>().unwrap() + SignedDuration::from_mins(number)
}

/// What is shown of a service that was made with `declared`: defaults filled in, sets in another order.
pub fn shown(declared: &Value) -> Value {
    let daemon = declared["schedulingStrategy"] == "DAEMON";
    let mut all = json!({
        "schedulingStrategy": "REPLICA", "propagateTags": "NONE", "enableECSManagedTags": false,
        "enableExecuteCommand": false, "healthCheckGracePeriodSeconds": 0, "deploymentController": {"type": "ECS"},
        "loadBalancers": [], "serviceRegistries": [], "placementConstraints": [], "placementStrategy": [],
        "availabilityZoneRebalancing": if daemon { "DISABLED" } else { "ENABLED" },
        "role": "arn:aws:iam::111122223333:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS",
        "deploymentConfiguration": {
            "strategy": "ROLLING", "bakeTimeInMinutes": 0,
            "maximumPercent": if daemon { 100 } else { 200 }, "minimumHealthyPercent": if daemon { 0 } else { 100 },
            "alarms": {"alarmNames": [], "enable": false, "rollback": false},
            "deploymentCircuitBreaker": {
                "enable": false, "rollback": false, "resetOnHealthyTask": true,
                "thresholdConfiguration": {"type": "BOUNDED_PERCENT", "value": 50},
            },
        },
    });
    let fields = all.as_object_mut().unwrap();
    set(fields, declared);
    if declared["launchType"] == "FARGATE" {
        fields.entry("platformVersion").or_insert(json!("LATEST"));
    }
    all
}

/// Members that are left out keep their value; `deploymentConfiguration` is merged part by part.
fn set(fields: &mut Map<String, Value>, members: &Value) {
    for (name, value) in members.as_object().unwrap() {
        match name.as_str() {
            "deploymentConfiguration" => {
                for (part, value) in value.as_object().unwrap() {
                    let mut value = value.clone();
                    if part == "deploymentCircuitBreaker" {
                        let breaker = value.as_object_mut().unwrap();
                        breaker.entry("resetOnHealthyTask").or_insert(json!(true));
                        breaker.entry("thresholdConfiguration").or_insert(json!({"type": "BOUNDED_PERCENT", "value": 50}));
                    }
                    fields["deploymentConfiguration"][part] = value;
                }
            }
            "networkConfiguration" => {
                let mut vpc = value["awsvpcConfiguration"].clone();
                for (member, default) in [("assignPublicIp", json!("DISABLED")), ("securityGroups", json!([]))] {
                    if vpc[member].is_null() {
                        vpc[member] = default;
                    }
                }
                vpc["subnets"].as_array_mut().unwrap().reverse();
                fields.insert(name.clone(), json!({"awsvpcConfiguration": vpc}));
            }
            "capacityProviderStrategy" if value == &json!([]) => {
                fields.remove(name);
            }
            "capacityProviderStrategy" => {
                fields.remove("launchType");
                fields.insert(name.clone(), value.clone());
            }
            "serviceConnectConfiguration" if value["enabled"] == false => {
                fields.remove(name);
            }
            _ => {
                fields.insert(name.clone(), value.clone());
            }
        }
    }
}

/// The ARN of a service on the cluster `prod`.
pub fn service_arn(name: &str) -> String {
    format!("arn:aws:ecs:eu-central-1:111122223333:service/prod/{name}")
}

/// CreateService.
pub fn created(declared: &Value, tags: BTreeMap<String, String>, number: i64) -> LiveService {
    let name = declared["serviceName"].as_str().unwrap().to_owned();
    let mut live = LiveService {
        arn: service_arn(&name),
        name,
        cluster_arn: "arn:aws:ecs:eu-central-1:111122223333:cluster/prod".to_owned(),
        status: ServiceState::Active,
        created_at: Some(minute(number)),
        task_definition: String::new(),
        desired: declared["desiredCount"].as_i64().map_or(1, |count| i32::try_from(count).unwrap()),
        running: 0,
        pending: 0,
        launch_type: None,
        deployments: Vec::new(),
        events: Vec::new(),
        current_service_deployment: None,
        tags,
        managed_by_ecs: false,
        fields: shown(declared),
    };
    live.fields["desiredCount"] = json!(live.desired);
    live.launch_type = live.fields["launchType"].as_str().map(str::to_owned);
    begin(&mut live, number);
    live
}

/// UpdateService.
pub fn updated(live: &LiveService, members: &Value, deploys: bool, number: i64) -> LiveService {
    let mut live = live.clone();
    set(live.fields.as_object_mut().unwrap(), members);
    live.launch_type = live.fields["launchType"].as_str().map(str::to_owned);
    live.desired = live.fields["desiredCount"].as_i64().map_or(live.desired, |count| i32::try_from(count).unwrap());
    for deployment in live.deployments.iter_mut().filter(|deployment| deployment.status == "PRIMARY") {
        deployment.desired = live.desired;
    }
    if deploys {
        begin(&mut live, number);
    }
    live
}

/// A deployment of what the service is set to begins.
pub fn begin(live: &mut LiveService, number: i64) {
    live.task_definition = live.fields["taskDefinition"].as_str().unwrap_or_default().to_owned();
    for older in &mut live.deployments {
        "ACTIVE".clone_into(&mut older.status);
    }
    live.deployments.insert(
        0,
        LiveDeployment {
            id: format!("ecs-svc/{number}"),
            status: "PRIMARY".to_owned(),
            task_definition: live.task_definition.clone(),
            desired: live.desired,
            running: 0,
            pending: live.desired,
            failed: 0,
            rollout_state: Some("IN_PROGRESS".to_owned()),
            rollout_state_reason: Some(format!("ECS deployment ecs-svc/{number} in progress.")),
            created_at: Some(minute(number)),
            updated_at: None,
        },
    );
    live.current_service_deployment = Some(deployment_arn(number));
}

pub fn deployment_arn(number: i64) -> String {
    format!("arn:aws:ecs:eu-central-1:111122223333:service-deployment/prod/web/{number}")
}

/// A ServiceDeployment in a state.
pub fn told(number: i64, status: &str) -> ServiceDeployment {
    ServiceDeployment {
        arn: deployment_arn(number),
        status: status.to_owned(),
        status_reason: None,
        lifecycle_stage: None,
        target_revision: None,
        target_task_definition: None,
        rollback: None,
        circuit_breaker_status: None,
        failure_count: 0,
        failure_threshold: 0,
        triggered_alarms: Vec::new(),
        strategy: Some("ROLLING".to_owned()),
        created_at: Some(minute(number)),
        started_at: Some(minute(number)),
        finished_at: None,
    }
}
