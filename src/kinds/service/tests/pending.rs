//! A rollout that was begun and whose reply was not seen.

use super::declared::{Declared, arn_of, service};
use super::ecs::{begin, told};
use super::world::{World, in_force};
use super::{forced, update, waiting};
use crate::aws::Kind;
use crate::engine::Plan;
use crate::kinds::service::Step;
use serde_json::json;

fn restarted() -> Declared {
    service("web").breaker().annotated("restarted-at", "monday")
}

/// A service that is to be restarted, and the reply is lost.
fn restart_unheard() -> World {
    let mut world = in_force(service("web").breaker());
    world.declared = restarted();
    assert_eq!(forced(world.pass_without_reply()), json!({}));
    world
}

/// A service that is to run `web:2`, which fails and is rolled back, and the reply is lost.
fn rolled_back_unheard() -> World {
    let mut world = in_force(service("web").breaker());
    world.declared = service("web").breaker().runs("web:2");
    update(world.pass_without_reply());
    world.roll_back("web:1");
    world.complete();
    world
}

fn taken_back(world: &World, target: &str) -> crate::aws::ServiceDeployment {
    let number = world.live.as_ref().unwrap().current_service_deployment.as_ref().unwrap().rsplit('/').next().unwrap();
    let mut told = told(number.parse().unwrap(), "ROLLBACK_SUCCESSFUL");
    told.target_task_definition = Some(arn_of(target));
    told.rollback =
        Some(crate::aws::Rollback { reason: "tasks failed to start".to_owned(), service_revision_arn: None, started_at: None });
    told.finished_at = Some(super::ecs::minute(world.clock + 1));
    told
}

#[test]
fn a_restart_whose_reply_was_lost_is_not_carried_out_twice() {
    let mut world = restart_unheard();
    assert_eq!(world.pass(), Plan::InSync, "still rolling");
    assert_eq!(world.status.restarted_at.as_deref(), Some("monday"));
    assert_eq!(world.status.pending, None);
    let mut world = restart_unheard();
    world.complete();
    assert!(waiting(world.pass()).contains("looked up"), "it may have been taken back already");
    world.told = Some(told(2, "SUCCESSFUL"));
    assert_eq!(world.pass(), Plan::InSync);
    assert_eq!(world.status.restarted_at.as_deref(), Some("monday"));
    assert_eq!(world.sent.len(), 1);
}

#[test]
fn a_restart_that_never_arrived_is_carried_out() {
    let mut world = in_force(service("web").breaker());
    let before = world.live.clone();
    world.declared = restarted();
    world.pass_without_reply();
    world.live = before;
    assert_eq!(forced(world.pass()), json!({}));
    assert_eq!((world.status.restarted_at.as_deref(), world.status.pending.is_some()), (Some("monday"), false));
}

#[test]
fn a_wish_that_is_taken_back_leaves_nothing_behind() {
    let mut world = in_force(service("web").breaker());
    let before = world.live.clone();
    world.declared = restarted();
    world.pass_without_reply();
    world.live = before;
    world.declared = service("web").breaker();
    assert_eq!(world.pass(), Plan::InSync);
    assert_eq!(world.status.pending, None);
}

#[test]
fn a_rollback_that_nobody_saw_begin_is_ours_and_not_tried_again() {
    let mut world = rolled_back_unheard();
    assert!(waiting(world.pass()).contains("looked up"));
    world.told = Some(taken_back(&world, "web:2"));
    for _ in 0..3 {
        assert_eq!(world.pass(), Plan::InSync);
        assert_eq!(world.ready().0, "RolledBack");
    }
    assert!(world.ready().1.starts_with("web:2 failed: tasks failed to start; web:1 serves"), "{}", world.ready().1);
    world.told = None;
    assert_eq!(world.pass(), Plan::InSync, "after a start of the operator");
    assert_eq!(world.ready().0, "RolledBack");
    assert_eq!(world.sent.len(), 1);
}

#[test]
fn a_rollback_of_what_somebody_else_began_is_not_ours() {
    let mut world = in_force(service("web").breaker());
    let before = world.live.clone();
    world.declared = service("web").breaker().runs("web:2");
    world.pass_without_reply();
    world.live = before;
    world.clock += 1;
    let clock = world.clock;
    world.live().fields["taskDefinition"] = json!(arn_of("web:9"));
    begin(world.live(), clock);
    world.roll_back("web:1");
    world.complete();
    world.told = Some(taken_back(&world, "web:9"));
    assert_eq!(update(world.plan()), json!({"taskDefinition": arn_of("web:2")}));
}

#[test]
fn an_edit_does_not_wait_for_what_became_of_the_wish_before() {
    let mut world = rolled_back_unheard();
    world.declared = service("web").breaker().runs("web:3");
    assert_eq!(update(world.plan()), json!({"taskDefinition": arn_of("web:3")}));
}

#[test]
fn who_may_not_read_what_became_of_it_does_not_wait_for_ever() {
    let mut world = rolled_back_unheard();
    world.trouble_beside = Some(crate::aws::AwsError { kind: Kind::Denied, ..super::world::no_reply() });
    assert_eq!(update(world.plan()), json!({"taskDefinition": arn_of("web:2")}));
    let mut world = restart_unheard();
    world.complete();
    world.trouble_beside = Some(crate::aws::AwsError { kind: Kind::Denied, ..super::world::no_reply() });
    assert_eq!(world.pass(), Plan::InSync, "the newest deployment is younger than the wish");
}

#[test]
fn a_refusal_is_no_open_question() {
    let mut world = in_force(service("web"));
    world.declared = service("web").runs("web:2");
    world.pass();
    assert_eq!(world.status.pending, None, "answered");
    assert!(matches!(world.sent.as_slice(), [Step::Update { deploys: true, .. }]));
}
