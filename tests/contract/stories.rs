//! The operator's main stories on a real kube-apiserver and ministack: an AWS that nobody of this project wrote.

use crate::engine;
use crate::world::{World, condition, is_ready, is_true};
use ecs_operator::api::EcsService;
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn a_service_rolls_out_is_edited_and_deleted_on_ministack() {
    let world = World::on(&engine::serve().await).await;
    world.apply(web("nginx:1.27")).await;
    // ministack calls a first deployment COMPLETED before a task runs, so Ready alone says little here.
    let runs = |service: &EcsService| service.status.as_ref().unwrap().running_count == Some(2);
    let status = world.until("Ready with two tasks", |service| is_ready(service) && runs(service)).await.status.unwrap();
    assert_eq!(status.revision.as_deref(), Some("web:1"));

    world.apply(web("nginx:1.28")).await;
    let serves = |service: &EcsService| service.status.as_ref().unwrap().revision.as_deref() == Some("web:2");
    world.until("web:2 serves", |service| is_ready(service) && serves(service) && runs(service)).await;
    let live = world.aws.describe().await.unwrap();
    assert!(live["taskDefinition"].as_str().unwrap().ends_with("/web:2"), "{live}");

    world.delete().await;
    assert_eq!(world.aws.describe().await.unwrap()["status"], "INACTIVE");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_image_is_rolled_back_by_ministack_and_told() {
    let world = World::on(&engine::serve().await).await;
    world.apply(web("nginx:1.27")).await;
    world.until("two tasks", |service| is_ready(service) && service.status.as_ref().unwrap().running_count == Some(2)).await;
    world.apply(web("shop/missing:2")).await;
    // ministack never takes the failed deployment off its list, as AWS does at the end, and keeps no record that tells of one. So
    // whether the way back has ended is the operator's guess; that it failed and what serves is not.
    let service = world.until("web:1 serves again", |service| went_back(service) && is_true(service, "Available")).await;
    let ready = condition(&service, "Ready").unwrap();
    assert_eq!(ready.status, "False");
    assert!(ready.message.starts_with("web:2 failed: "), "{}", ready.message);
    assert!(ready.message.contains("circuit breaker") && ready.message.contains("web:1 serves"), "{}", ready.message);

    // A revision that failed is not sent again: the operator would fight ministack for ever.
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(world.aws.definition("web:3").await.is_err());
    let live = world.aws.describe().await.unwrap();
    assert!(live["taskDefinition"].as_str().unwrap().ends_with("/web:1"), "{live}");
    assert_eq!(live["deployments"].as_array().unwrap().len(), 2, "{live}");
}

fn went_back(service: &EcsService) -> bool {
    matches!(condition(service, "Ready").unwrap().reason.as_str(), "RollingBack" | "RolledBack")
}

fn web(image: &str) -> Value {
    json!({
        "apiVersion": "ecs-operator.io/v1alpha1", "kind": "EcsService", "metadata": {"name": "web"},
        "spec": {
            "cluster": "web", "desiredCount": 2, "launchType": "FARGATE",
            "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-0a"], "securityGroups": ["sg-0a"]}},
            "deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": true, "rollback": true}},
            "taskDefinitionTemplate": {
                "requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": "256", "memory": "512",
                "containerDefinitions": [{"name": "app", "image": image, "portMappings": [{"containerPort": 80}]}],
            },
        },
    })
}
