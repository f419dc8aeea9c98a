//! What goes wrong on the way: throttling, lost replies, stale reads, hanging calls.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

mod common;

use std::time::Duration;

use aws_sdk_ecs::error::{ProvideErrorMetadata, SdkError};
use common::{Aws, seconds};
use simulator::{Fault, FaultKind, Outcome, Settings};

#[tokio::test(start_paused = true)]
async fn the_twenty_first_registration_in_a_second_is_throttled() {
    let aws = Aws::with(Settings { throttling: true, ..Settings::default() });
    for _ in 0..20 {
        aws.register("web", "nginx:1").await;
    }
    let request = aws.ecs.deregister_task_definition().task_definition("web:1");
    let error = request.clone().send().await.unwrap_err();
    assert_eq!((error.code(), error.message()), (Some("ThrottlingException"), Some("Rate exceeded")));
    assert_eq!(aws.simulator.calls().last().unwrap().outcome, Outcome::Throttled);
    seconds(1).await;
    request.send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_lost_reply_leaves_its_effect() {
    let aws = Aws::start();
    aws.register("web", "nginx:1").await;
    aws.simulator.inject(Fault::new("CreateService", FaultKind::LostReply).on("web").times(1));
    assert!(aws.create("web", "web:1", 1).await.is_err());
    assert_eq!(aws.simulator.calls().last().unwrap().outcome, Outcome::LostReply);
    assert_eq!(aws.service("web").await.status(), Some("ACTIVE"));
}

#[tokio::test(start_paused = true)]
async fn a_stale_read_shows_the_time_before_the_last_write() {
    let aws = Aws::start();
    aws.settled("web", "nginx:1", 1).await;
    aws.ecs.update_service().cluster("main").service("web").desired_count(3).send().await.unwrap();
    let stale = FaultKind::StaleRead { age: Duration::from_secs(5) };
    aws.simulator.inject(Fault::new("DescribeServices", stale).times(1));
    assert_eq!(aws.service("web").await.desired_count(), 1);
    assert_eq!(aws.service("web").await.desired_count(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_was_just_made_is_missing_while_reads_lag() {
    let aws = Aws::with(Settings { read_lag: Duration::from_secs(3), ..Settings::default() });
    aws.register("web", "nginx:1").await;
    aws.create("web", "web:1", 1).await.unwrap();
    let describe = aws.ecs.describe_services().cluster("main").services("web");
    let early = describe.clone().send().await.unwrap();
    assert_eq!(early.failures()[0].reason(), Some("MISSING"));
    seconds(4).await;
    assert_eq!(describe.send().await.unwrap().services().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_hangs_ends_with_the_clients_timeout() {
    let aws = Aws::start();
    aws.simulator.inject(Fault::new("List*", FaultKind::Hang));
    let error = aws.ecs.list_clusters().send().await.unwrap_err();
    assert!(matches!(error, SdkError::TimeoutError(_)));
    aws.simulator.clear_faults();
    aws.ecs.list_clusters().send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_proxys_page_is_not_an_answer() {
    let aws = Aws::start();
    aws.simulator.inject(Fault::new("*", FaultKind::Html502).times(1));
    let error = aws.ecs.list_clusters().send().await.unwrap_err();
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 502);
    assert_eq!(error.code(), None);
}

#[tokio::test(start_paused = true)]
async fn an_injected_refusal_has_its_code_and_spares_other_resources() {
    let aws = Aws::start();
    aws.register("web", "nginx:1").await;
    aws.simulator.inject(Fault::error("CreateService", "AccessDeniedException", "no").on("other"));
    aws.create("web", "web:1", 1).await.unwrap();
    let error = aws.create("other", "web:1", 1).await.unwrap_err();
    assert!(error.contains("AccessDeniedException"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn equal_seeds_and_equal_calls_give_equal_answers() {
    let start = "2026-01-05T09:00:00Z".parse().ok();
    let mut ids = Vec::new();
    for _ in 0..2 {
        let aws = Aws::with(Settings { start, ..Settings::default() });
        aws.settled("web", "nginx:1", 2).await;
        ids.push(format!("{:?}{:?}", aws.service("web").await, aws.tasks("web").await));
    }
    assert_eq!(ids[0], ids[1]);
}

#[tokio::test(start_paused = true)]
async fn every_account_and_region_is_a_world_of_its_own() {
    let aws = Aws::start();
    aws.register("web", "nginx:1").await;
    let input = serde_json::json!({"taskDefinition": "web:1"});
    assert!(aws.simulator.call("DescribeTaskDefinition", input.clone()).is_ok());
    assert!(aws.simulator.call_in("444455556666", "eu-central-1", "DescribeTaskDefinition", input.clone()).is_err());
    assert!(aws.simulator.call_in("111122223333", "us-east-1", "DescribeTaskDefinition", input).is_err());
}
