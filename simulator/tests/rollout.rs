//! A service's life through the real AWS SDK, in process, under tokio's paused clock.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

mod common;

use std::time::Duration;

use aws_sdk_ecs::types::{DeploymentRolloutState, ServiceDeploymentStatus};
use common::{Aws, seconds};

#[tokio::test(start_paused = true)]
async fn a_service_rolls_out_until_it_is_steady() {
    let aws = Aws::start();
    aws.register("web", "nginx:1").await;
    let created = aws.create("web", "web:1", 2).await.unwrap();
    assert_eq!(created.running_count(), 0);
    assert_eq!(created.deployments()[0].rollout_state(), Some(&DeploymentRolloutState::InProgress));

    seconds(25).await;
    let service = aws.service("web").await;
    assert_eq!((service.running_count(), service.pending_count()), (2, 0));
    seconds(45).await;
    let service = aws.service("web").await;
    let primary = &service.deployments()[0];
    assert_eq!(primary.rollout_state(), Some(&DeploymentRolloutState::Completed));
    assert!(service.events()[0].message().unwrap().ends_with("has reached a steady state."));
    let tasks = aws.tasks("web").await;
    assert_eq!(tasks[0].started_by(), primary.id());
    assert_eq!(aws.newest_deployment("web").await.status(), Some(&ServiceDeploymentStatus::Successful));
}

#[tokio::test(start_paused = true)]
async fn an_update_replaces_every_task_and_keeps_enough_of_them() {
    let aws = Aws::start();
    aws.settled("web", "nginx:1", 2).await;
    aws.register("web", "nginx:2").await;
    aws.ecs.update_service().cluster("main").service("web").task_definition("web:2").send().await.unwrap();
    for _ in 0..60 {
        seconds(2).await;
        assert!(aws.service("web").await.running_count() >= 2);
    }
    let service = aws.service("web").await;
    assert_eq!(service.deployments().len(), 1);
    assert!(service.task_definition().unwrap().ends_with("web:2"));
    assert_eq!(service.running_count(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_bad_image_is_rolled_back_by_the_circuit_breaker() {
    let aws = Aws::start();
    aws.settled("web", "nginx:1", 1).await;
    let good = aws.service("web").await.deployments()[0].id().unwrap().to_owned();
    aws.register("web", "missing:2").await;
    aws.ecs.update_service().cluster("main").service("web").task_definition("web:2").send().await.unwrap();
    let mut seen = Vec::new();
    for _ in 0..150 {
        seconds(1).await;
        let status = aws.newest_deployment("web").await.status().unwrap().as_str().to_owned();
        if seen.last() != Some(&status) {
            seen.push(status);
        }
    }
    assert_eq!(seen, ["IN_PROGRESS", "ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS", "ROLLBACK_SUCCESSFUL"]);
    let service = aws.service("web").await;
    assert!(service.task_definition().unwrap().ends_with("web:1"));
    assert_eq!(service.deployments().len(), 1);
    assert_eq!(service.deployments()[0].id(), Some(good.as_str()));
    assert_eq!(service.deployments()[0].rollout_state(), Some(&DeploymentRolloutState::Completed));
    let record = aws.newest_deployment("web").await;
    assert!(record.rollback().unwrap().reason().unwrap().contains("circuit breaker"));
    let messages: Vec<_> = service.events().iter().filter_map(|event| event.message()).collect();
    assert!(messages.iter().any(|message| message.contains(&format!("rolling back to deployment {good}."))));
    let stopped = aws.stopped_tasks("web").await;
    assert!(stopped[0].stopped_reason().unwrap().starts_with("CannotPullContainerError"));
}

#[tokio::test(start_paused = true)]
async fn a_first_deployment_that_fails_has_nothing_to_go_back_to() {
    let aws = Aws::start();
    aws.register("web", "crash:1").await;
    aws.create("web", "web:1", 1).await.unwrap();
    seconds(180).await;
    let service = aws.service("web").await;
    assert_eq!(service.deployments()[0].rollout_state(), Some(&DeploymentRolloutState::Failed));
    assert_eq!(aws.newest_deployment("web").await.status(), Some(&ServiceDeploymentStatus::Stopped));
    let stopped = aws.stopped_tasks("web").await;
    assert_eq!(stopped[0].containers()[0].exit_code(), Some(1));
}

#[tokio::test(start_paused = true)]
async fn a_newer_deployment_supersedes_the_one_in_flight() {
    let aws = Aws::start();
    aws.register("web", "nginx:1").await;
    aws.create("web", "web:1", 1).await.unwrap();
    seconds(5).await;
    aws.register("web", "nginx:2").await;
    aws.ecs.update_service().cluster("main").service("web").task_definition("web:2").send().await.unwrap();
    seconds(120).await;
    let records = aws.ecs.list_service_deployments().cluster("main").service("web").send().await.unwrap();
    let statuses: Vec<_> = records.service_deployments().iter().map(|record| record.status().unwrap().as_str()).collect();
    assert_eq!(statuses, ["SUCCESSFUL", "STOPPED"]);
}

#[tokio::test(start_paused = true)]
async fn a_deleted_service_drains_is_inactive_and_can_be_made_again() {
    let aws = Aws::start();
    aws.settled("web", "nginx:1", 1).await;
    let refused = aws.ecs.delete_service().cluster("main").service("web").send().await.unwrap_err();
    assert!(refused.into_service_error().to_string().contains("scaled above 0"));
    aws.ecs.delete_service().cluster("main").service("web").force(true).send().await.unwrap();
    assert_eq!(aws.service("web").await.status(), Some("DRAINING"));
    let again = aws.create("web", "web:1", 1).await.unwrap_err();
    assert!(again.contains("still Draining"), "{again}");
    seconds(30).await;
    assert_eq!(aws.service("web").await.status(), Some("INACTIVE"));
    assert_eq!(aws.create("web", "web:1", 1).await.unwrap().status(), Some("ACTIVE"));
}

#[tokio::test(start_paused = true)]
async fn stopped_tasks_are_visible_for_an_hour() {
    let aws = Aws::start();
    aws.settled("web", "nginx:1", 1).await;
    aws.ecs.update_service().cluster("main").service("web").desired_count(0).send().await.unwrap();
    seconds(30).await;
    assert_eq!(aws.stopped_tasks("web").await.len(), 1);
    aws.simulator.advance(Duration::from_hours(1));
    assert_eq!(aws.stopped_tasks("web").await.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_fails_its_health_check_is_replaced_and_counted() {
    let aws = Aws::start();
    aws.register_with_check("web", "unhealthy:1").await;
    aws.create("web", "web:1", 1).await.unwrap();
    seconds(130).await;
    let service = aws.service("web").await;
    assert!(service.events().iter().any(|event| event.message().unwrap().contains("failed container health checks.")));
    assert!(service.deployments()[0].failed_tasks() >= 1);
}
