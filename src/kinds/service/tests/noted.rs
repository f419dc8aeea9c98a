//! What passes tell for metrics: drift once, and each rollout once, when it ends.

use super::declared::service;
use super::ecs::{deployment_arn, minute, told};
use super::world::{World, in_force, world};
use crate::engine::Plan;
use crate::engine::noted::{Drifted, Ended};
use serde_json::json;
use std::time::Duration;

/// The drifts and rollouts that so many passes tell.
fn passes(world: &mut World, number: usize) -> (Vec<Drifted>, Vec<Ended>) {
    let (mut drifts, mut rollouts) = (Vec::new(), Vec::new());
    for _ in 0..number {
        world.pass();
        drifts.extend(world.noted.drift);
        rollouts.extend(world.noted.rollout);
    }
    (drifts, rollouts)
}

fn outcomes(ended: &[Ended]) -> Vec<&str> {
    ended.iter().map(|it| it.outcome).collect()
}

#[test]
fn what_somebody_changed_counts_when_it_is_put_back() {
    let mut world = in_force(service("web").count(2).tagged("team", "shop"));
    world.live().fields["desiredCount"] = json!(7);
    assert_eq!(passes(&mut world, 3).0, [Drifted::Corrected]);
    world.live().tags.insert("team".to_owned(), "ops".to_owned());
    assert_eq!(passes(&mut world, 3).0, [Drifted::Corrected]);
}

#[test]
fn what_somebody_changed_and_is_only_reported_counts_once() {
    let mut world = in_force(service("web").count(2).with("driftPolicy", json!("Report")));
    world.live().fields["desiredCount"] = json!(7);
    assert_eq!(passes(&mut world, 3).0, [Drifted::Reported]);
    world.live().fields["desiredCount"] = json!(8);
    assert_eq!(passes(&mut world, 3).0, [Drifted::Reported], "another difference is news");
}

#[test]
fn an_edit_and_a_restart_are_no_drift() {
    let mut world = in_force(service("web").count(2));
    world.declared = service("web").count(3);
    assert!(matches!(world.pass(), Plan::Do(_)) && world.noted.drift.is_none());
    world.complete();
    passes(&mut world, 2);
    world.declared = world.declared.clone().annotated("restarted-at", "now");
    assert!(matches!(world.pass(), Plan::Do(_)), "it is restarted");
    assert_eq!(world.noted.drift, None);
}

#[test]
fn a_service_that_somebody_deleted_counts_when_it_is_made_again() {
    let mut world = in_force(service("web"));
    world.live = None;
    world.missing = Some((2, false));
    assert_eq!(passes(&mut world, 1).0, [Drifted::Corrected]);
    assert_eq!(passes(&mut super::world::world(service("api")), 1).0, [], "the first time is none");
}

#[test]
fn a_rollout_counts_once_when_it_has_completed_with_the_time_that_aws_tells() {
    let mut world = world(service("web"));
    assert_eq!(passes(&mut world, 2).1, []);
    let number = world.clock;
    world.complete();
    let finished_at = Some(minute(number) + Duration::from_secs(90));
    world.told = Some(crate::aws::ServiceDeployment { finished_at, ..told(number, "SUCCESSFUL") });
    assert_eq!(world.live().current_service_deployment, Some(deployment_arn(number)));
    let ended = passes(&mut world, 3).1;
    assert_eq!(ended, [Ended { outcome: "Completed", took: Some(Duration::from_secs(90)) }]);
    // A restart of the operator keeps the status, and nothing else.
    let mut next = super::world::world(service("web"));
    (next.status, next.live) = (world.status.clone(), world.live.clone());
    assert_eq!(passes(&mut next, 2).1, []);
}

#[test]
fn a_rollout_that_went_back_counts_once_and_what_serves_after_it_does_not() {
    let mut world = in_force(service("web").breaker());
    world.declared = service("web").breaker().runs("web:2");
    assert_eq!(passes(&mut world, 1).1, []);
    world.roll_back("web:1");
    world.tell("ROLLBACK_IN_PROGRESS", "tasks failed to start");
    assert_eq!(passes(&mut world, 2).1, []);
    world.complete();
    world.tell("ROLLBACK_SUCCESSFUL", "tasks failed to start");
    assert_eq!(outcomes(&passes(&mut world, 3).1), ["RolledBack"]);
    world.declared = service("web").breaker();
    assert_eq!(passes(&mut world, 3).1, [], "the deployment that serves is no rollout of ours");
}

#[test]
fn a_rollout_of_a_service_that_was_there_before_its_object_is_not_told() {
    let mut world = super::world::beside(service("web").with("managementPolicy", json!("Observe")), &service("web"));
    assert_eq!(passes(&mut world, 3).1, []);
}
