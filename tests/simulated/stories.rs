//! Stories whose point is a time or a lost reply.

use crate::world::{World, web};
use serde_json::{Value, json};
use simulator::{Fault, FaultKind, Settings};
use std::time::Duration;

const MINUTES: Duration = Duration::from_mins(15);

/// A service that serves.
async fn serving() -> World {
    let mut world = World::new(Settings::default());
    world.kubernetes.apply("ecsservices", "web", &web("web", "nginx:1", 1));
    assert!(world.until(MINUTES, |world| world.is_ready("web")).await, "{}", world.service("web"));
    world
}

fn restarted(image: &str) -> Value {
    let mut manifest = web("web", image, 1);
    manifest["metadata"]["annotations"]["ecs-operator.io/restarted-at"] = json!("monday");
    manifest
}

#[tokio::test(start_paused = true)]
async fn while_aws_throttles_everything_status_says_so_within_seconds() {
    let mut world = World::new(Settings::default());
    let end = world.aws.now() + Duration::from_mins(1);
    world.aws.inject(Fault::error("*", "ThrottlingException", "Rate exceeded").until(end));
    world.kubernetes.apply("ecsservices", "web", &web("web", "nginx:1", 1));
    let is_told =
        |world: &World| world.condition("web", "Ready")["message"].as_str().is_some_and(|it| it.contains("Rate exceeded"));
    assert!(world.until(Duration::from_secs(12), is_told).await, "{}", world.service("web")["status"]);
    assert_eq!(world.condition("web", "Reconciling")["status"], "True");
    assert!(world.until(MINUTES, |world| world.is_ready("web")).await, "{}", world.service("web"));
    assert_eq!(world.active_revisions("web").len(), 1);
    assert!(world.aws.calls().iter().filter(|call| call.operation == "RegisterTaskDefinition").count() < 20);
}

#[tokio::test(start_paused = true)]
async fn a_restart_whose_reply_is_lost_happens_once() {
    let mut world = serving().await;
    world.aws.inject(Fault::new("UpdateService", FaultKind::LostReply).times(1));
    world.kubernetes.apply("ecsservices", "web", &restarted("nginx:1"));
    let is_restarted = |world: &World| world.is_ready("web") && world.service("web")["status"]["restartedAt"] == "monday";
    assert!(world.until(MINUTES, is_restarted).await, "{}", world.service("web"));
    world.pass(MINUTES).await;
    assert_eq!((world.rollouts("web"), world.count("UpdateService")), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn a_restart_whose_request_was_lost_happens_all_the_same() {
    let mut world = serving().await;
    world.aws.inject(Fault::new("UpdateService", FaultKind::Hang).times(1));
    world.kubernetes.apply("ecsservices", "web", &restarted("nginx:1"));
    let is_restarted = |world: &World| world.is_ready("web") && world.service("web")["status"]["restartedAt"] == "monday";
    assert!(world.until(MINUTES, is_restarted).await, "{}", world.service("web"));
    assert_eq!(world.rollouts("web"), 2);
}

#[tokio::test(start_paused = true)]
async fn a_restart_of_an_operator_that_died_over_it_happens_once() {
    let mut world = serving().await;
    for number in 1..8 {
        let before = world.rollouts("web");
        let mut manifest = restarted("nginx:1");
        manifest["metadata"]["annotations"]["ecs-operator.io/restarted-at"] = json!(number.to_string());
        world.life.end_at(number);
        world.kubernetes.apply("ecsservices", "web", &manifest);
        let is_restarted =
            |world: &World| world.is_ready("web") && world.service("web")["status"]["restartedAt"] == json!(number.to_string());
        assert!(world.until(MINUTES, is_restarted).await, "{}", world.service("web"));
        assert_eq!(world.rollouts("web"), before + 1, "died at call {number}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_bad_revision_is_sent_once_although_the_operator_was_away_until_it_was_taken_back() {
    for reuses in [true, false] {
        let mut world = World::new(Settings { rollback_reuses_deployment: reuses, ..Settings::default() });
        world.kubernetes.apply("ecsservices", "web", &web("web", "nginx:1", 1));
        assert!(world.until(MINUTES, |world| world.is_ready("web")).await, "{}", world.service("web"));
        world.kubernetes.apply("ecsservices", "web", &web("web", "crash:2", 1));
        // Nothing is heard from when the update is sent until the rollback is over.
        assert!(world.until(MINUTES, |world| world.count("UpdateService") == 1).await);
        let status =
            world.kubernetes.with(|state| state.log.iter().rev().find(|it| !it.object["status"]["pending"].is_null()).cloned());
        let promised = status.expect("a rollout is promised").object["status"].clone();
        world.stop_operator().await;
        world.kubernetes.overwrite_status("ecsservices", "web", &promised);
        world.pass(MINUTES).await;
        world.start_operator();
        let is_told = |world: &World| world.condition("web", "RolledBack")["status"] == "True";
        assert!(world.until(MINUTES, is_told).await, "{}", world.service("web"));
        world.pass(MINUTES).await;
        assert_eq!((world.rollouts("web"), world.count("UpdateService")), (2, 1), "{}", world.service("web"));
        world.kubernetes.apply("ecsservices", "web", &web("web", "nginx:1", 1));
        assert!(world.until(MINUTES, |world| world.is_ready("web")).await, "{}", world.service("web"));
        assert_eq!(world.service("web")["status"]["rollout"]["state"], "Completed");
        assert_eq!(world.count("UpdateService"), 1, "what serves is what is declared again");
    }
}

#[tokio::test(start_paused = true)]
async fn a_revision_that_somebody_deregistered_is_registered_anew_when_ecs_refuses_it() {
    let mut world = serving().await;
    let revision = world.live("web")["taskDefinition"].clone();
    world.aws.call("DeregisterTaskDefinition", json!({"taskDefinition": revision})).unwrap();
    world.aws.clear_calls();
    world.pass(Duration::from_hours(1)).await;
    let asked = world.aws.calls().iter().filter(|call| call.operation.contains("TaskDefinition")).count();
    assert_eq!((asked, world.is_ready("web")), (0, true), "what runs goes on running, and nobody asks");
    world.aws.call("DeleteService", json!({"cluster": "demo", "service": "web", "force": true})).unwrap();
    let is_back = |world: &World| world.is_ready("web") && world.live("web")["status"] == "ACTIVE";
    assert!(world.until(MINUTES, is_back).await, "{}", world.service("web"));
    assert_ne!(world.live("web")["taskDefinition"], revision);
    assert_eq!(world.count("RegisterTaskDefinition"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_is_made_anew_waits_for_what_the_one_before_it_leaves_and_has_its_own_then() {
    let mut world = serving().await;
    world.aws.inject(Fault::error("DeregisterTaskDefinition", "AccessDeniedException", "not authorized to perform it"));
    world.kubernetes.delete("ecsservices", "web");
    assert!(world.until(MINUTES, |world| world.service("web").is_null()).await, "{}", world.service("web"));
    world.kubernetes.apply("ecsservices", "web", &web("web", "nginx:2", 1));
    let waits = |world: &World| {
        let ready = world.condition("web", "Ready");
        ready["reason"] == "TaskDefinitionNotReady" && ready["message"] == "EcsTaskDefinition web: it is being deleted"
    };
    assert!(world.until(MINUTES, waits).await, "{}", world.service("web"));
    world.aws.clear_faults();
    assert!(world.until(MINUTES, |world| world.is_ready("web")).await, "{}", world.service("web"));
    assert_eq!(world.active_revisions("web").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn tasks_that_lack_a_setting_are_told_of_across_a_restart_of_the_operator() {
    let mut world = serving().await;
    let mut manifest = web("web", "nginx:1", 1);
    manifest["spec"]["enableExecuteCommand"] = json!(true);
    world.kubernetes.apply("ecsservices", "web", &manifest);
    let told = |world: &World| {
        world.condition("web", "Ready")["message"].as_str().is_some_and(|it| it.contains("former enableExecuteCommand"))
    };
    assert!(world.until(MINUTES, told).await, "{}", world.service("web"));
    world.replace_operator().await;
    world.pass(MINUTES).await;
    assert!(told(&world), "{}", world.service("web"));
    manifest["metadata"]["annotations"]["ecs-operator.io/restarted-at"] = json!("monday");
    world.kubernetes.apply("ecsservices", "web", &manifest);
    assert!(world.until(MINUTES, |world| world.is_ready("web") && !told(world)).await, "{}", world.service("web"));
}

#[tokio::test(start_paused = true)]
async fn an_edit_of_tags_is_one_call_for_those_that_come_and_one_for_those_that_go() {
    let mut world = World::new(Settings::default());
    let tagged = |key: &str| {
        let mut manifest = web("web", "nginx:1", 1);
        manifest["spec"]["tags"] = json!([{"key": key, "value": "shop"}]);
        manifest
    };
    world.kubernetes.apply("ecsservices", "web", &tagged("team"));
    assert!(world.until(MINUTES, |world| world.is_ready("web")).await, "{}", world.service("web"));
    world.kubernetes.apply("ecsservices", "web", &tagged("crew"));
    world.pass(MINUTES).await;
    assert_eq!((world.count("TagResource"), world.count("UntagResource")), (1, 1));
    assert!(world.is_ready("web"));
}
