//! Targets and what ECS makes of them, through the real AWS SDKs, in process, under tokio's paused clock.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

mod common;

use aws_sdk_ecs::types::{DeploymentRolloutState, ServiceDeploymentStatus};
use common::{Aws, Edge, attribute, edge, seconds, targets};
use serde_json::json;
use simulator::TargetBehaviour;

fn pair(state: &str, reason: &str) -> (String, String) {
    (state.to_owned(), reason.to_owned())
}

/// A world with one load balancer whose group drains quickly.
fn world() -> (Aws, Edge) {
    let aws = Aws::start();
    let edge = edge(&aws.simulator, "web");
    attribute(&aws.simulator, &edge.group, "deregistration_delay.timeout_seconds", "20");
    (aws, edge)
}

async fn only(aws: &Aws, group: &str) -> (String, String) {
    let mut health = aws.health(group).await;
    assert_eq!(health.len(), 1);
    health.remove(0)
}

#[tokio::test(start_paused = true)]
async fn a_target_is_initial_until_its_first_good_check_and_drains_at_its_end() {
    let (aws, edge) = world();
    targets(&aws.simulator, &edge.group, &["10.0.9.1"]);
    assert_eq!(only(&aws, &edge.group).await, pair("initial", "Elb.RegistrationInProgress"));
    seconds(3).await;
    assert_eq!(only(&aws, &edge.group).await, pair("initial", "Elb.InitialHealthChecking"));
    seconds(28).await;
    assert_eq!(only(&aws, &edge.group).await, pair("healthy", ""));
    let target = aws_sdk_elasticloadbalancingv2::types::TargetDescription::builder().id("10.0.9.1").build();
    aws.elb.deregister_targets().target_group_arn(&edge.group).targets(target.clone()).send().await.unwrap();
    assert_eq!(only(&aws, &edge.group).await, pair("draining", "Target.DeregistrationInProgress"));
    seconds(21).await;
    assert_eq!(aws.health(&edge.group).await, []);
    let asked = aws.elb.describe_target_health().target_group_arn(&edge.group).targets(target).send().await.unwrap();
    let health = asked.target_health_descriptions()[0].target_health().unwrap();
    assert_eq!(health.reason().unwrap().as_str(), "Target.NotRegistered");
}

#[tokio::test(start_paused = true)]
async fn an_unhealthy_target_says_why_and_recovers_after_the_threshold() {
    let (aws, edge) = world();
    targets(&aws.simulator, &edge.group, &["10.0.9.1"]);
    seconds(31).await;
    for (behaviour, reason) in [
        (TargetBehaviour::Unhealthy, "Target.ResponseCodeMismatch"),
        (TargetBehaviour::Refuses, "Target.FailedHealthChecks"),
        (TargetBehaviour::TimesOut, "Target.Timeout"),
    ] {
        aws.simulator.set_target("10.0.9.1:80", behaviour);
        seconds(61).await;
        assert_eq!(only(&aws, &edge.group).await, pair("unhealthy", reason));
    }
    aws.simulator.set_target("10.0.9.1:80", TargetBehaviour::Healthy);
    seconds(149).await;
    assert_eq!(only(&aws, &edge.group).await.0, "unhealthy");
    seconds(2).await;
    assert_eq!(only(&aws, &edge.group).await.0, "healthy");
    aws.simulator.set_target("10.0.9.1:80", TargetBehaviour::Stopped);
    assert_eq!(only(&aws, &edge.group).await, pair("unused", "Target.InvalidState"));
}

#[tokio::test(start_paused = true)]
async fn targets_of_a_group_that_nothing_forwards_to_are_unused() {
    let (aws, edge) = world();
    targets(&aws.simulator, &edge.group, &["10.0.9.1"]);
    seconds(31).await;
    aws.elb.delete_listener().listener_arn(&edge.listener).send().await.unwrap();
    assert_eq!(only(&aws, &edge.group).await, pair("unused", "Target.NotInUse"));
}

#[tokio::test(start_paused = true)]
async fn a_task_counts_when_its_target_is_healthy() {
    let (aws, edge) = world();
    aws.register_web("web", "nginx:1").await;
    aws.create_behind("web", &edge.group, (2, 0)).await.unwrap();
    seconds(24).await;
    assert_eq!(aws.service("web").await.running_count(), 2);
    assert_eq!(aws.health(&edge.group).await.len(), 2);
    assert_eq!(aws.service("web").await.deployments()[0].rollout_state(), Some(&DeploymentRolloutState::InProgress));
    seconds(36).await;
    assert_eq!(aws.health(&edge.group).await, [pair("healthy", ""), pair("healthy", "")]);
    assert_eq!(aws.service("web").await.deployments()[0].rollout_state(), Some(&DeploymentRolloutState::Completed));
    let registered = format!("(service web) registered 1 targets in (target-group {})", edge.group);
    assert_eq!(aws.events("web").await.into_iter().filter(|event| *event == registered).count(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_rollout_keeps_enough_healthy_targets_and_old_tasks_drain() {
    let (aws, edge) = world();
    aws.register_web("web", "nginx:1").await;
    aws.create_behind("web", &edge.group, (2, 0)).await.unwrap();
    seconds(120).await;
    aws.register_web("web", "nginx:2").await;
    aws.ecs.update_service().cluster("main").service("web").task_definition("web:2").send().await.unwrap();
    let mut has_drained = false;
    for _ in 0..80 {
        seconds(2).await;
        let health = aws.health(&edge.group).await;
        assert!(health.iter().filter(|(state, _)| state == "healthy").count() >= 2, "{health:?}");
        has_drained |= health.iter().any(|(state, _)| state == "draining");
    }
    assert!(has_drained);
    assert_eq!(aws.health(&edge.group).await.len(), 2);
    assert_eq!(aws.newest_deployment("web").await.status(), Some(&ServiceDeploymentStatus::Successful));
    assert!(aws.events("web").await.iter().any(|event| event.contains("has begun draining connections on")));
}

#[tokio::test(start_paused = true)]
async fn draining_holds_back_the_end_of_a_task() {
    let (aws, edge) = world();
    attribute(&aws.simulator, &edge.group, "deregistration_delay.timeout_seconds", "120");
    aws.register_web("web", "nginx:1").await;
    aws.create_behind("web", &edge.group, (1, 0)).await.unwrap();
    seconds(120).await;
    aws.ecs.update_service().cluster("main").service("web").desired_count(0).send().await.unwrap();
    seconds(110).await;
    assert_eq!(aws.stopped_tasks("web").await[0].last_status(), Some("DEACTIVATING"));
    seconds(30).await;
    assert_eq!(aws.stopped_tasks("web").await[0].last_status(), Some("STOPPED"));
}

#[tokio::test(start_paused = true)]
async fn a_release_that_fails_its_checks_trips_the_breaker_after_the_grace_period() {
    let (aws, edge) = world();
    aws.register_web("web", "nginx:1").await;
    aws.create_behind("web", &edge.group, (1, 90)).await.unwrap();
    seconds(120).await;
    aws.register_web("web", "unhealthy:2").await;
    aws.ecs.update_service().cluster("main").service("web").task_definition("web:2").send().await.unwrap();
    seconds(100).await;
    assert_eq!(aws.service("web").await.deployments()[0].failed_tasks(), 0);
    seconds(15).await;
    assert_eq!(aws.service("web").await.deployments()[0].failed_tasks(), 1);
    let expected = format!(
        "(service web) (port 80) is unhealthy in (target-group {}) due to (reason Health checks failed with these codes: [503])",
        edge.group
    );
    assert!(aws.events("web").await.contains(&expected));
    let reason = format!("Task failed ELB health checks in (target-group {})", edge.group);
    assert!(aws.stopped_tasks("web").await.iter().any(|task| task.stopped_reason() == Some(reason.as_str())));
    seconds(400).await;
    assert_eq!(aws.newest_deployment("web").await.status(), Some(&ServiceDeploymentStatus::RollbackSuccessful));
}

#[tokio::test(start_paused = true)]
async fn tasks_on_instances_are_targets_by_instance_and_host_port() {
    let (aws, edge) = world();
    let input = json!({"Name": "machines", "Protocol": "HTTP", "Port": 80, "VpcId": common::VPC});
    let group = common::text(&common::made(&aws.simulator, "CreateTargetGroup", input, "TargetGroups"), "TargetGroupArn");
    common::rule(&aws.simulator, &edge, (1, "m.example.com"), &[(&group, 1)]);
    let container = json!({"name": "app", "image": "nginx", "memory": 64, "portMappings": [{"containerPort": 80}]});
    let attributes = json!([{"name": "ecs.instance-id", "value": "i-0123456789abcdef0"}]);
    aws.simulator.call("RegisterContainerInstance", json!({"cluster": "main", "attributes": attributes})).unwrap();
    aws.simulator.call("RegisterTaskDefinition", json!({"family": "m", "containerDefinitions": [container]})).unwrap();
    let input = json!({
        "cluster": "main", "serviceName": "m", "taskDefinition": "m", "desiredCount": 2,
        "loadBalancers": [{"targetGroupArn": group, "containerName": "app", "containerPort": 80}],
    });
    aws.simulator.call("CreateService", input).unwrap();
    seconds(60).await;
    let answer = aws.elb.describe_target_health().target_group_arn(&group).send().await.unwrap();
    let ports: Vec<i32> = answer
        .target_health_descriptions()
        .iter()
        .map(|health| {
            assert_eq!(health.target().unwrap().id(), Some("i-0123456789abcdef0"));
            health.target().unwrap().port().unwrap()
        })
        .collect();
    assert!(ports.len() == 2 && ports[0] != ports[1] && ports.iter().all(|port| *port >= 32_768), "{ports:?}");
}
