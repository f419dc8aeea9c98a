//! Blue/green, linear and canary deployments: stages, bakes, hooks and the way back.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

use std::time::Duration;

use serde_json::{Value, json};
use simulator::{Settings, Simulator};

/// A settled service, with a second revision to deploy.
fn settled(configuration: &Value, image: &str) -> Simulator {
    let simulator = Simulator::new(Settings { clusters: vec!["main".to_owned()], ..Settings::default() });
    for image in ["nginx:1", image] {
        let definition = json!({
            "family": "web", "requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": "256", "memory": "512",
            "containerDefinitions": [{"name": "app", "image": image}],
        });
        simulator.call("RegisterTaskDefinition", definition).unwrap();
    }
    let service = json!({
        "cluster": "main", "serviceName": "web", "taskDefinition": "web:1", "desiredCount": 2, "launchType": "FARGATE",
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-a"]}},
    });
    simulator.call("CreateService", service).unwrap();
    simulator.advance(Duration::from_mins(3));
    let update =
        json!({"cluster": "main", "service": "web", "taskDefinition": "web:2", "deploymentConfiguration": configuration});
    simulator.call("UpdateService", update).unwrap();
    simulator
}

fn service(simulator: &Simulator) -> Value {
    simulator.call("DescribeServices", json!({"cluster": "main", "services": ["web"]})).unwrap()["services"][0].clone()
}

fn record(simulator: &Simulator) -> Value {
    let arn = service(simulator)["currentServiceDeployment"].clone();
    let described = simulator.call("DescribeServiceDeployments", json!({"serviceDeploymentArns": [arn]})).unwrap();
    described["serviceDeployments"][0].clone()
}

/// The stages seen, a look every second, until the deployment is over or `most` seconds have passed.
fn stages(simulator: &Simulator, most: usize) -> Vec<String> {
    let mut seen: Vec<String> = Vec::new();
    for _ in 0..most {
        simulator.advance(Duration::from_secs(1));
        let record = record(simulator);
        let now = record["lifecycleStage"].as_str().or(record["status"].as_str()).unwrap().to_owned();
        if seen.last() != Some(&now) {
            seen.push(now);
        }
        if record.get("finishedAt").is_some() {
            break;
        }
    }
    seen
}

#[test]
fn a_blue_green_deployment_goes_through_its_stages_with_both_revisions_up() {
    let simulator = settled(&json!({"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 2}), "nginx:2");
    simulator.advance(Duration::from_mins(2));
    let during = service(&simulator);
    assert_eq!(during["deployments"].as_array().unwrap().len(), 2);
    assert_eq!(during["runningCount"], 4);
    let seen = stages(&simulator, 600);
    assert_eq!(seen.first().map(String::as_str), Some("BAKE_TIME"));
    assert_eq!(seen.last().map(String::as_str), Some("SUCCESSFUL"));
    assert_eq!(service(&simulator)["runningCount"], 2);
}

#[test]
fn a_canary_bakes_before_all_traffic_is_shifted() {
    let canary = json!({"strategy": "CANARY", "canaryConfiguration": {"canaryPercent": 10.0, "canaryBakeTimeInMinutes": 30}});
    let simulator = settled(&canary, "nginx:2");
    simulator.advance(Duration::from_mins(20));
    assert_eq!(record(&simulator)["lifecycleStage"], "PRODUCTION_TRAFFIC_SHIFT");
    simulator.advance(Duration::from_mins(20));
    assert_eq!(record(&simulator)["status"], "SUCCESSFUL");
}

#[test]
fn a_pause_hook_waits_until_it_is_let_go() {
    let hooks = json!([{"targetType": "PAUSE", "lifecycleStages": ["POST_SCALE_UP"]}]);
    let simulator = settled(&json!({"strategy": "BLUE_GREEN", "lifecycleHooks": hooks}), "nginx:2");
    simulator.advance(Duration::from_hours(1));
    let waiting = record(&simulator);
    assert_eq!(waiting["lifecycleStage"], "POST_SCALE_UP");
    let hook = &waiting["lifecycleHookDetails"][0];
    assert_eq!(hook["status"], "AWAITING_ACTION");
    let go = json!({"serviceDeploymentArn": waiting["serviceDeploymentArn"], "hookId": hook["hookId"]});
    simulator.call("ContinueServiceDeployment", go).unwrap();
    simulator.advance(Duration::from_mins(5));
    assert_eq!(record(&simulator)["status"], "SUCCESSFUL");
}

#[test]
fn a_pause_hook_that_nobody_answers_rolls_back() {
    let hooks =
        json!([{"targetType": "PAUSE", "lifecycleStages": ["POST_SCALE_UP"], "timeoutConfiguration": {"timeoutInMinutes": 10}}]);
    let simulator = settled(&json!({"strategy": "BLUE_GREEN", "lifecycleHooks": hooks}), "nginx:2");
    simulator.advance(Duration::from_mins(15));
    let record = record(&simulator);
    assert_eq!(record["status"], "ROLLBACK_SUCCESSFUL");
    assert_eq!(record["lifecycleHookDetails"], Value::Null);
    let after = service(&simulator);
    assert!(after["taskDefinition"].as_str().unwrap().ends_with("web:1"));
    assert_eq!(after["runningCount"], 2);
}

#[test]
fn a_blue_green_deployment_of_a_bad_image_is_rolled_back() {
    let breaker = json!({"strategy": "BLUE_GREEN", "deploymentCircuitBreaker": {"enable": true, "rollback": true}});
    let simulator = settled(&breaker, "crash:2");
    simulator.advance(Duration::from_mins(5));
    assert_eq!(record(&simulator)["status"], "ROLLBACK_SUCCESSFUL");
}

#[test]
fn a_stop_request_rolls_back_and_a_finished_deployment_cannot_be_stopped() {
    let simulator = settled(&json!({}), "slow:2");
    simulator.advance(Duration::from_secs(20));
    let stop = json!({"serviceDeploymentArn": record(&simulator)["serviceDeploymentArn"]});
    simulator.call("StopServiceDeployment", stop.clone()).unwrap();
    simulator.advance(Duration::from_mins(2));
    assert_eq!(record(&simulator)["status"], "ROLLBACK_SUCCESSFUL");
    assert!(service(&simulator)["taskDefinition"].as_str().unwrap().ends_with("web:1"));
    assert_eq!(simulator.call("StopServiceDeployment", stop).unwrap_err().code, "ConflictException");
}
