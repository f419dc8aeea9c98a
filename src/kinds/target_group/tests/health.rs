//! How the targets are, in status.

use super::world::{target, web};
use crate::aws::elb::model::TargetHealth;
use serde_json::json;

fn unhealthy(number: usize, reason: &str) -> TargetHealth {
    TargetHealth {
        reason: Some(reason.to_owned()),
        description: Some("Health checks failed".to_owned()),
        ..target(number, "unhealthy")
    }
}

#[test]
fn targets_are_counted_and_grouped_with_those_in_trouble_first() {
    let mut world = web().in_force();
    world.current().health = Some(vec![
        target(1, "healthy"),
        target(2, "healthy"),
        unhealthy(3, "Target.Timeout"),
        unhealthy(4, "Target.FailedHealthChecks"),
        unhealthy(5, "Target.FailedHealthChecks"),
        target(6, "initial"),
        target(7, "draining"),
        target(8, "unhealthy.draining"),
        target(9, "unused"),
    ]);
    world.pass();
    let status = world.status();
    assert_eq!((status.healthy, status.unhealthy, status.draining, status.initial), (Some(2), Some(3), Some(2), Some(1)));
    let groups: Vec<(String, Option<String>, i32)> =
        status.targets.iter().map(|it| (it.state.clone(), it.reason.clone(), it.count)).collect();
    let reason = |text: &str| Some(text.to_owned());
    assert_eq!(groups[0], ("unhealthy".to_owned(), reason("Target.FailedHealthChecks"), 2));
    assert_eq!(groups[1], ("unhealthy".to_owned(), reason("Target.Timeout"), 1));
    assert_eq!(groups[2].0, "initial");
    assert_eq!(groups.last().unwrap().0, "healthy");
    assert_eq!(status.targets[0].example.as_deref(), Some("10.0.0.4:8080"));
    assert_eq!(world.said_of("Available"), ("HealthyTargets".to_owned(), "2 of 6 targets are healthy".to_owned()));
    assert_eq!(world.holds(), "Available Ready");
}

#[test]
fn each_reason_says_what_to_look_at() {
    for (reason, words) in [
        ("Target.Timeout", "security group of the tasks let that of the load balancer in on port 8080"),
        ("Target.ResponseCodeMismatch", "/healthz has to answer with 200-299"),
        ("Target.FailedHealthChecks", "listen on port 8080"),
        ("Target.FailedHealthChecks", "healthCheckGracePeriodSeconds"),
        ("Elb.InternalError", "load balancer is at fault"),
        ("Target.NotInUse", "nothing forwards"),
    ] {
        let check = json!({"path": "/healthz", "matcher": {"httpCode": "200-299"}});
        let mut world = web().with("healthCheck", check).in_force();
        world.current().health = Some(vec![unhealthy(1, reason)]);
        world.pass();
        let hint = world.status().targets[0].hint.clone().unwrap();
        assert!(hint.contains(words), "{reason}: {hint}");
        let (said, message) = world.said_of("Available");
        assert_eq!(said, "NoHealthyTargets");
        assert!(message.contains(reason) && message.contains(words), "{message}");
    }
}

#[test]
fn the_port_of_the_health_check_is_the_one_that_is_named() {
    let mut world = web().with("healthCheck", json!({"port": "9000"})).in_force();
    world.current().health = Some(vec![unhealthy(1, "Target.Timeout")]);
    world.pass();
    assert!(world.status().targets[0].hint.as_ref().unwrap().contains("port 9000"));
}

#[test]
fn without_targets_nothing_is_said_about_availability() {
    let mut world = web().in_force();
    world.current().health = Some(vec![target(1, "draining")]);
    world.pass();
    assert_eq!(world.holds(), "Ready");
    assert!(!world.status().conditions.iter().any(|it| it.type_ == "Available"));
}

#[test]
fn targets_that_were_not_read_leave_what_was_said_of_them() {
    let mut world = web().in_force();
    world.current().health = Some(vec![target(1, "healthy")]);
    world.pass();
    world.current().health = None;
    world.pass();
    assert_eq!(world.status().healthy, Some(1));
}
