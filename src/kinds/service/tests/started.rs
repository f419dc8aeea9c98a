//! Settings that a running task keeps until it is replaced.

use super::declared::{Declared, service};
use super::world::{World, in_force};
use crate::engine::Plan;
use serde_json::json;

fn with_exec() -> Declared {
    service("web").count(2).with("enableExecuteCommand", json!(true))
}

/// A service that runs two tasks and was edited so that tasks may be entered.
fn edited() -> World {
    let mut world = in_force(service("web").count(2));
    world.declared = with_exec();
    world.pass();
    world
}

#[test]
fn running_tasks_that_lack_a_setting_are_told_of_until_a_restart() {
    let mut world = edited();
    for _ in 0..2 {
        let told = world.ready().1;
        assert!(told.contains("keep their former enableExecuteCommand"), "{told}");
        assert!(told.contains("ecs-operator.io/restarted-at"), "{told}");
        assert_eq!(world.holds(), "Available Ready", "what was asked for serves");
        assert_eq!(world.pass(), Plan::InSync);
    }
    world.declared = with_exec().annotated("restarted-at", "monday");
    world.pass();
    world.complete();
    world.pass();
    assert_eq!(world.ready().1, "web:1 serves: 2 of 2 tasks run");
}

#[test]
fn each_setting_that_waits_is_named() {
    let mut world = in_force(service("web").count(2));
    world.declared = with_exec().with("propagateTags", json!("SERVICE")).with("enableECSManagedTags", json!(true));
    world.pass();
    let outdated = world.status.started_with.clone().unwrap().outdated;
    assert_eq!(outdated, ["enableECSManagedTags", "enableExecuteCommand", "propagateTags"]);
    world.declared = service("web").count(2).with("propagateTags", json!("NONE"));
    world.pass();
    assert!(world.status.started_with.clone().unwrap().outdated.is_empty(), "nothing differs from what they have");
}

#[test]
fn a_lost_reply_does_not_hide_it() {
    let mut world = in_force(service("web").count(2));
    world.declared = with_exec();
    world.pass_without_reply();
    world.pass();
    assert_eq!(world.status.started_with.clone().unwrap().outdated, ["enableExecuteCommand"]);
}

#[test]
fn a_setting_that_comes_with_a_rollout_is_not_told_of() {
    let mut world = in_force(service("web").count(2));
    world.declared = with_exec().runs("web:2");
    world.pass();
    world.complete();
    world.pass();
    assert_eq!(world.ready().1, "web:2 serves: 2 of 2 tasks run");
}

#[test]
fn where_no_task_runs_nothing_keeps_the_former_setting() {
    let mut world = in_force(service("web").count(0));
    world.declared = with_exec().count(0);
    world.pass();
    assert_eq!(world.ready().1, "web:1 serves: 0 of 0 tasks run");
}
