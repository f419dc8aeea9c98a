//! What became of a rollout, read from the evidence that ECS leaves (notes on rollback), and what is done then.

use super::declared::{arn_of, service};
use super::ecs::{begin, deployment_arn, minute};
use super::world::{World, in_force};
use super::{forced, update};
use crate::engine::Plan;
use serde_json::json;

/// A service that ran `web:1` and was edited to run `web:2`.
fn rolling() -> World {
    let mut world = in_force(service("web").breaker());
    world.declared = service("web").breaker().runs("web:2");
    world.pass();
    world.sent.clear();
    world
}

fn state(world: &mut World) -> String {
    world.pass();
    world.status.rollout.clone().unwrap().state
}

/// A rollout that went back to `web:1`, as it is told by ServiceDeployments or without.
fn rolled_back(is_told: bool) -> World {
    let mut world = rolling();
    world.roll_back("web:1");
    if is_told {
        world.tell("ROLLBACK_IN_PROGRESS", "tasks failed to start");
    }
    assert_eq!(state(&mut world), "RollingBack");
    world.complete();
    if is_told {
        world.tell("ROLLBACK_SUCCESSFUL", "tasks failed to start");
    }
    world
}

#[test]
fn a_rollout_is_in_progress_until_it_completed() {
    let mut world = rolling();
    assert_eq!(state(&mut world), "InProgress");
    world.tell("IN_PROGRESS", "");
    assert_eq!(state(&mut world), "InProgress");
    world.complete();
    assert_eq!(state(&mut world), "Completed");
    assert_eq!(world.status.last_completed.as_deref(), Some("web:2"));
    world.tell("SUCCESSFUL", "");
    assert_eq!(state(&mut world), "Completed");
}

#[test]
fn an_end_that_the_list_of_deployments_does_not_show_yet_is_no_end() {
    let mut world = rolling();
    world.tell("SUCCESSFUL", "");
    assert_eq!(state(&mut world), "InProgress");
    let mut world = rolling();
    world.roll_back("web:1");
    world.tell("ROLLBACK_SUCCESSFUL", "tasks failed to start");
    assert_eq!(state(&mut world), "RollingBack");
}

#[test]
fn a_rollback_is_told_apart_from_success() {
    for is_told in [true, false] {
        let mut world = rolled_back(is_told);
        assert_eq!(state(&mut world), "RolledBack", "{is_told}");
        let failed = world.status.failed.clone().unwrap();
        assert_eq!(failed.task_definition, arn_of("web:2"));
        assert_eq!(failed.rolled_back_to, Some(arn_of("web:1")));
        assert!(failed.reason.contains("tasks failed to start"), "{}", failed.reason);
        assert_eq!(world.status.last_completed.as_deref(), Some("web:1"));
        assert_eq!(state(&mut world), "RolledBack", "and stays so");
    }
}

#[test]
fn a_rollback_that_reuses_the_old_deployment_is_seen_too() {
    let mut world = in_force(service("web").breaker());
    let old = world.live().deployments[0].clone();
    world.declared = service("web").breaker().runs("web:2");
    world.pass();
    world.fail();
    let failed = world.live().deployments[0].clone();
    assert_eq!(state(&mut world), "Failed");
    world.live().fields["taskDefinition"] = json!(arn_of("web:1"));
    world.live().deployments = vec![old];
    world.live().deployments[0].rollout_state_reason = Some("ECS deployment ecs-svc/1 completed.".to_owned());
    assert_eq!(state(&mut world), "RolledBack", "{}", failed.id);
}

#[test]
fn a_revision_that_failed_is_not_sent_again() {
    for is_told in [true, false] {
        let mut world = rolled_back(is_told);
        for _ in 0..3 {
            assert_eq!(world.pass(), Plan::InSync);
        }
        world.declared = world.declared.clone().count(5).with("healthCheckGracePeriodSeconds", json!(9));
        assert_eq!(
            update(world.plan()),
            json!({"desiredCount": 5, "healthCheckGracePeriodSeconds": 9}),
            "what begins no rollout is sent all the same"
        );
        world.pass();
        assert_eq!(world.pass(), Plan::InSync, "and the failed revision is still held back");
    }
}

#[test]
fn an_edit_or_a_restart_tries_again() {
    let mut world = rolled_back(true);
    world.pass();
    world.declared = service("web").breaker().runs("web:3");
    assert_eq!(update(world.plan()), json!({"taskDefinition": arn_of("web:3")}));
    world.declared = service("web").breaker().runs("web:2").annotated("restarted-at", "now");
    assert_eq!(forced(world.plan()), json!({"taskDefinition": arn_of("web:2")}));
    world.pass();
    assert_eq!(world.status.failed, None);
    world.complete();
    assert_eq!(state(&mut world), "Completed");
}

#[test]
fn going_back_to_what_serves_is_ready_at_once() {
    let mut world = rolled_back(true);
    world.pass();
    world.declared = service("web").breaker();
    for _ in 0..2 {
        assert_eq!(world.pass(), Plan::InSync);
        assert_eq!(world.holds(), "Available Ready");
        let rollout = world.status.rollout.clone().unwrap();
        assert_eq!((rollout.state.as_str(), rollout.revision.as_deref()), ("Completed", Some("web:1")), "beside Ready");
        assert_eq!((rollout.status, rollout.service_deployment_arn), (None, None), "what ECS tells is about web:2");
    }
    assert!(world.status.stopped_tasks.is_empty());
    world.declared = service("web").breaker().runs("web:2");
    assert_eq!(update(world.plan()), json!({"taskDefinition": arn_of("web:2")}), "an edit tries again");
}

#[test]
fn going_back_to_what_serves_counts_although_nobody_tells() {
    let mut world = rolled_back(false);
    world.pass();
    world.declared = service("web").breaker();
    world.pass();
    world.pass();
    assert_eq!(world.status.rollout.clone().unwrap().state, "Completed");
    assert_eq!((world.status.failed.clone(), world.status.last_completed.as_deref()), (None, Some("web:1")));
}

#[test]
fn a_rollout_that_somebody_else_began_takes_the_place_of_ours() {
    for told in ["STOPPED", "STOP_REQUESTED", ""] {
        let mut world = rolling();
        world.clock += 1;
        let clock = world.clock;
        world.live().fields["taskDefinition"] = json!(arn_of("web:9"));
        begin(world.live(), clock);
        if !told.is_empty() {
            world.tell(told, "");
        }
        assert_eq!(world.seen().rollout.unwrap().revision.as_deref(), Some("web:9"), "{told}");
        assert!(world.seen().failed.is_none(), "superseded is not failed");
        assert_eq!(update(world.plan()), json!({"taskDefinition": arn_of("web:2")}), "it is drift");
    }
}

#[test]
fn a_rollout_after_the_rollback_is_another_one() {
    for is_told in [true, false] {
        let mut world = rolled_back(is_told);
        world.pass();
        world.clock += 5;
        let clock = world.clock;
        world.live().fields["taskDefinition"] = json!(arn_of("web:9"));
        begin(world.live(), clock);
        if is_told {
            world.live().deployments.truncate(1);
            assert_eq!(world.seen().rollout.unwrap().revision.as_deref(), Some("web:9"));
        }
        world.complete();
        world.pass();
        assert!(!world.holds().contains("Ready"), "somebody runs web:9, and web:2 is held back");
        assert_eq!(world.condition("Stalled"), Some(true), "{:?}", world.ready());
    }
}

#[test]
fn a_rollout_fails_where_there_is_no_rollback() {
    for told in ["STOPPED", ""] {
        let mut world = rolling();
        world.fail();
        if !told.is_empty() {
            world.tell(told, "");
        }
        assert_eq!(state(&mut world), "Failed", "{told}");
        assert_eq!(world.status.failed.clone().unwrap().rolled_back_to, None);
        assert_eq!(world.plan(), Plan::InSync);
    }
}

#[test]
fn a_first_rollout_that_fails_has_nothing_to_go_back_to() {
    let mut world = super::world::world(service("web").breaker());
    world.pass();
    world.fail();
    assert_eq!(state(&mut world), "Failed");
    assert_eq!(world.status.last_completed, None);
    assert_eq!(world.plan(), Plan::InSync, "ECS stops trying, and so do we");
}

#[test]
fn a_rollback_that_fails_is_a_failure() {
    let mut world = rolling();
    world.roll_back("web:1");
    world.tell("ROLLBACK_FAILED", "no capacity");
    assert_eq!(state(&mut world), "Failed");
    assert_eq!(world.status.failed.clone().unwrap().reason, "no capacity");
}

#[test]
fn a_rollout_whose_reply_was_lost_is_ours_when_it_is_what_was_asked_for() {
    let mut world = in_force(service("web").breaker());
    let before = world.status.clone();
    world.declared = service("web").breaker().runs("web:2");
    world.pass();
    world.status = before;
    assert_eq!(world.pass(), Plan::InSync);
    world.roll_back("web:1");
    assert_eq!(state(&mut world), "RollingBack");
    world.complete();
    assert_eq!(state(&mut world), "RolledBack");
    assert_eq!(world.plan(), Plan::InSync, "not redeployed again and again");
}

#[test]
fn a_service_made_anew_is_not_judged_by_the_rollout_before() {
    let mut world = rolled_back(true);
    world.pass();
    world.live().created_at = Some(minute(500));
    world.told = None;
    assert_eq!(world.seen().rollout.unwrap().state, "Completed");
    assert!(world.seen().failed.is_none());
}

#[test]
fn a_reply_that_still_names_the_deployment_before_is_not_believed() {
    let mut world = rolling();
    world.status.rollout.as_mut().unwrap().service_deployment_arn = Some(deployment_arn(1));
    world.told = Some(super::ecs::told(1, "SUCCESSFUL"));
    assert_eq!(state(&mut world), "InProgress", "what completed is the deployment before");
    assert_eq!(world.status.rollout.unwrap().service_deployment_arn, Some(deployment_arn(2)));
}

#[test]
fn a_deployment_arn_that_was_not_in_the_reply_is_learned_later() {
    let mut world = rolling();
    world.status.rollout.as_mut().unwrap().service_deployment_arn = None;
    world.pass();
    assert_eq!(world.status.rollout.clone().unwrap().service_deployment_arn, Some(deployment_arn(2)));
    world.roll_back("web:1");
    world.complete();
    world.tell("ROLLBACK_SUCCESSFUL", "tasks failed to start");
    assert_eq!(state(&mut world), "RolledBack", "even when the operator was away meanwhile");
}

#[test]
fn behind_a_classic_load_balancer_the_counts_tell() {
    let mut world = in_force(service("web"));
    world.declared = service("web").runs("web:2");
    world.pass();
    for deployment in &mut world.live().deployments {
        deployment.rollout_state = None;
    }
    assert_eq!(state(&mut world), "InProgress");
    world.complete();
    world.live().deployments[0].rollout_state = None;
    assert_eq!(state(&mut world), "Completed");
}
