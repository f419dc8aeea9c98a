//! What stands in status: conditions that people and kstatus tools read.

use super::declared::{Declared, arn_of, registered, service};
use super::ecs::minute;
use super::world::{World, in_force, world};
use crate::aws::{AwsError, Kind, StoppedContainer, StoppedTask};
use crate::engine::{Plan, Stop};
use crate::kinds::service::Step;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use serde_json::json;

fn rolling(declared: Declared) -> World {
    let mut world = in_force(service("web").breaker().count(3));
    world.declared = declared;
    world.pass();
    world.sent.clear();
    world
}

fn to_web_2() -> Declared {
    service("web").breaker().count(3).runs("web:2")
}

fn crashed(id: &str, deployment: &str) -> StoppedTask {
    StoppedTask {
        arn: format!("arn:aws:ecs:eu-central-1:111122223333:task/prod/{id}"),
        started_by: Some(deployment.to_owned()),
        task_definition: String::new(),
        stop_code: Some("EssentialContainerExited".to_owned()),
        stopped_reason: Some("Essential container in task exited".to_owned()),
        stopped_at: Some(minute(3)),
        containers: vec![StoppedContainer { name: "app".to_owned(), exit_code: Some(1), reason: None, health: None }],
    }
}

#[test]
fn ready_only_when_the_revision_that_was_asked_for_serves() {
    let mut world = world(service("web").count(3));
    world.pass();
    assert_eq!((world.holds().as_str(), world.ready().0.as_str()), ("Reconciling", "RolloutInProgress"));
    world.pass();
    assert_eq!(world.holds(), "Reconciling");
    assert!(world.ready().1.contains("0 of 3 tasks of web:1"), "{}", world.ready().1);
    world.complete();
    world.pass();
    assert_eq!(world.holds(), "Available Ready");
    assert_eq!(world.ready(), ("Serving".to_owned(), "web:1 serves: 3 of 3 tasks run".to_owned()));
}

#[test]
fn during_a_rollout_it_is_available_and_not_ready() {
    let mut world = rolling(to_web_2());
    assert_eq!(world.holds(), "Available Reconciling");
    assert_eq!(world.status.revision.as_deref(), Some("web:1"), "what serves");
    world.complete();
    world.pass();
    assert_eq!(world.holds(), "Available Ready");
    assert_eq!(world.status.revision.as_deref(), Some("web:2"));
}

#[test]
fn a_lost_replica_moves_available_only() {
    let mut world = in_force(service("web").count(3));
    world.live().running = 2;
    world.pass();
    assert_eq!(world.holds(), "Ready");
    assert_eq!(world.condition("Available"), Some(false));
}

#[test]
fn rolled_back_is_not_ready_and_says_why() {
    let mut world = rolling(to_web_2());
    world.stopped = vec![crashed("a", "ecs-svc/2"), crashed("b", "ecs-svc/2"), crashed("old", "ecs-svc/1")];
    world.roll_back("web:1");
    world.pass();
    assert_eq!((world.holds().as_str(), world.ready().0.as_str()), ("Available Reconciling", "RollingBack"));
    world.complete();
    world.tell("ROLLBACK_SUCCESSFUL", "tasks failed to start.");
    world.pass();
    assert_eq!(world.holds(), "Available RolledBack Stalled");
    let (reason, message) = world.ready();
    assert_eq!(reason, "RolledBack");
    for part in [
        "web:2 failed: tasks failed to start;",
        "web:1 serves",
        "2 tasks stopped with exit code 1 (container app)",
        "Edit the declaration",
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
    assert_eq!(world.status.stopped_tasks[0].count, 2);
}

#[test]
fn a_rollout_that_fails_without_rollback_is_stalled() {
    let mut world = rolling(to_web_2());
    world.fail();
    world.pass();
    assert_eq!((world.ready().0.as_str(), world.condition("Stalled")), ("RolloutFailed", Some(true)));
    assert_eq!(world.condition("Reconciling"), None);
    assert_eq!(world.condition("RolledBack"), None);
}

#[test]
fn a_rollout_past_its_deadline_is_stalled_until_it_moves() {
    let mut world = rolling(to_web_2().with("progressDeadlineSeconds", json!(600)));
    world.clock += 9;
    world.pass();
    assert_eq!(world.ready().0, "RolloutInProgress");
    world.clock += 3;
    world.pass();
    assert_eq!(
        (world.ready().0.as_str(), world.condition("Stalled"), world.condition("Reconciling")),
        ("ProgressDeadlineExceeded", Some(true), None)
    );
    world.complete();
    world.pass();
    assert_eq!(world.holds(), "Available Ready");
}

#[test]
fn reconciling_and_stalled_stand_there_only_when_true() {
    let declared = service("web").without("taskDefinition").with("taskDefinitionRef", json!({"name": "web"}));
    let mut waits = world(declared);
    waits.pass();
    assert_eq!(waits.holds(), "Reconciling");
    assert_eq!(waits.condition("Ready"), Some(false));
    let mut refused = world(service("web").refers_to(registered("web", "web:1", "awsvpc")));
    refused.pass();
    assert_eq!(refused.holds(), "Stalled");
    let mut done = in_force(service("web"));
    done.pass();
    assert_eq!((done.condition("Reconciling"), done.condition("Stalled")), (None, None));
}

#[test]
fn a_reference_that_is_not_ready_makes_its_service_not_ready_and_tells_its_reason() {
    let mut world = in_force(service("web"));
    let mut refused = registered("web", "web:1", "bridge");
    let condition = &mut refused.status.as_mut().unwrap().conditions[0];
    "False".clone_into(&mut condition.status);
    "memory is too small".clone_into(&mut condition.message);
    world.declared = service("web").refers_to(refused);
    world.pass();
    assert_eq!(world.ready().0, "TaskDefinitionNotReady");
    assert!(world.ready().1.contains("memory is too small"));
    assert_eq!(world.status.running_count, Some(1), "what runs is shown all the same");
    assert_eq!(world.condition("Reconciling"), Some(true));
}

#[test]
fn a_reference_that_was_refused_stalls_its_service_too() {
    let mut world = in_force(service("web"));
    let mut refused = registered("web", "web:1", "bridge");
    let conditions = &mut refused.status.as_mut().unwrap().conditions;
    "False".clone_into(&mut conditions[0].status);
    let stalled = Condition { type_: "Stalled".to_owned(), status: "True".to_owned(), ..conditions[0].clone() };
    conditions.push(stalled);
    world.declared = service("web").refers_to(refused);
    world.pass();
    assert_eq!((world.ready().0.as_str(), world.condition("Stalled")), ("TaskDefinitionNotReady", Some(true)));
    assert_eq!(world.status.running_count, Some(1), "what runs is shown all the same");
}

#[test]
fn an_error_of_aws_stands_in_status_with_what_to_do() {
    let mut world = in_force(service("web"));
    world.live = None;
    world.trouble = Some(AwsError {
        operation: "DescribeServices",
        kind: Kind::Denied,
        code: Some("AccessDeniedException".to_owned()),
        message: "User: x is not authorized to perform: ecs:DescribeServices".to_owned(),
        retry_after: None,
        request_id: None,
        is_write: false,
    });
    world.pass();
    assert_eq!(world.ready().0, "AwsAccessDenied");
    assert!(world.ready().1.starts_with("DescribeServices: "), "{}", world.ready().1);
    assert_eq!(world.condition("Stalled"), Some(true));
}

#[test]
fn a_revision_that_ecs_refuses_stands_in_status_until_another_is_asked_for() {
    let mut world = in_force(service("web"));
    let refers_to = |revision: &str| service("web").refers_to(registered("web", revision, "bridge"));
    world.declared = refers_to("web:2");
    world.pass_refused(Stop::waiting("TaskDefinitionInactive", "UpdateService: somebody deregistered the revision"));
    assert_eq!((world.ready().0.as_str(), world.condition("Reconciling")), ("TaskDefinitionInactive", Some(true)));
    assert_eq!(world.status.refused_task_definition, Some(arn_of("web:2")));
    assert_eq!(world.status.pending, None, "no rollout began");
    world.declared = refers_to("web:3");
    world.pass();
    assert_eq!(world.status.refused_task_definition, None);
}

#[test]
fn equal_input_gives_an_equal_status() {
    let mut worlds = vec![in_force(service("web").count(3)), rolling(to_web_2())];
    worlds[1].roll_back("web:1");
    for world in &mut worlds {
        world.pass();
        let before = serde_json::to_value(&world.status).unwrap();
        world.clock += 7;
        assert_eq!(world.pass(), Plan::InSync);
        assert_eq!(serde_json::to_value(&world.status).unwrap(), before, "a status that moves by itself is written for ever");
    }
}

#[test]
fn a_status_survives_being_written_and_read() {
    let mut world = rolling(to_web_2());
    world.roll_back("web:1");
    world.complete();
    world.tell("ROLLBACK_SUCCESSFUL", "tasks failed to start");
    world.pass();
    let written = serde_json::to_string(&world.status).unwrap();
    assert_eq!(serde_json::from_str::<crate::api::EcsServiceStatus>(&written).unwrap(), world.status);
}

#[test]
fn where_a_service_lives_stands_in_status_before_the_first_write() {
    let want = service("web").desired().unwrap();
    let promised = super::super::status::promise(&crate::api::EcsServiceStatus::default(), &want, &Step::Create, &super::site());
    assert_eq!((promised.account.as_deref(), promised.region.as_deref()), (Some("111122223333"), Some("eu-central-1")));
}

#[test]
fn a_service_that_others_own_fills_no_status() {
    let mut world = super::world::beside(service("web"), &service("web"));
    world.pass();
    assert_eq!(world.ready().0, "Conflict");
    assert_eq!(world.status.service_arn, None, "its absence would else count as ours");
    assert_eq!((world.status.running_count, world.status.account.as_deref()), (None, None));
}

#[test]
fn a_service_without_deployments_is_judged_by_its_counts() {
    let declared = service("web").with("deploymentController", json!({"type": "EXTERNAL"})).count(1);
    let mut world = in_force(declared);
    world.live().deployments.clear();
    world.pass();
    assert_eq!(world.holds(), "Available Ready");
    world.live().running = 0;
    world.pass();
    assert_eq!(world.condition("Ready"), Some(false));
}
