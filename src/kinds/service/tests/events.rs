//! Service events and stopped tasks, as they are told to people.

use super::declared::service;
use super::ecs::minute;
use super::world::in_force;
use crate::api::service::status::{LastEvent, Rollout};
use crate::aws::{ServiceEvent, StoppedContainer, StoppedTask};
use crate::kinds::service::events::{newest, notice, unheard};
use crate::kinds::service::stopped::grouped;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

fn event(id: &str, at: i64, message: &str) -> ServiceEvent {
    ServiceEvent { id: id.to_owned(), at: Some(minute(at)), message: message.to_owned() }
}

fn ids(before: Option<&LastEvent>, events: Vec<ServiceEvent>) -> Vec<String> {
    let mut world = in_force(service("web"));
    world.live().events = events;
    unheard(before, world.live()).into_iter().map(|event| event.id.clone()).collect()
}

#[test]
fn each_event_is_told_once_and_the_oldest_first() {
    let (one, two, three) = (event("1", 1, "a"), event("2", 2, "b"), event("3", 2, "c"));
    let mut world = in_force(service("web"));
    world.live().events = vec![two.clone(), one.clone()];
    assert_eq!(ids(None, vec![two.clone(), one.clone()]), ["1", "2"]);
    let heard = newest(None, world.live());
    assert_eq!(heard, Some(LastEvent { at: Some(Time(minute(2))), ids: vec!["2".to_owned()] }));
    assert_eq!(ids(heard.as_ref(), vec![three, two, one]), ["3"], "the same second, another event");
    world.live().events.clear();
    assert_eq!(newest(heard.clone(), world.live()), heard);
}

#[test]
fn trouble_is_a_warning() {
    let cases = [
        ("(service web) has reached a steady state.", "SteadyState", false),
        ("(service web) (deployment ecs-svc/1) deployment failed: tasks failed to start.", "DeploymentFailed", true),
        ("(service web) rolling back to deployment ecs-svc/1.", "RollingBack", true),
        ("(service web) registered 1 targets in (target-group x)", "TargetsRegistered", false),
        ("(service web) deregistered 1 targets in (target-group x)", "TargetsDeregistered", false),
        (
            "(service web) was unable to place a task because no container instance met all of its requirements.",
            "TaskPlacementFailed",
            true,
        ),
        (
            "(service web) (port 80) is unhealthy in (target-group x) due to (reason Health checks failed)",
            "TargetUnhealthy",
            true,
        ),
        ("a text that came later", "EcsServiceEvent", false),
    ];
    for (message, reason, warning) in cases {
        let notice = notice(&event("1", 1, message));
        assert_eq!((notice.reason.as_str(), notice.warning), (reason, warning), "{message}");
    }
}

fn stopped(reason: &str, code: Option<i32>, at: i64) -> StoppedTask {
    StoppedTask {
        arn: format!("arn:aws:ecs:eu-central-1:111122223333:task/prod/{at}"),
        started_by: Some("ecs-svc/2".to_owned()),
        task_definition: String::new(),
        stop_code: None,
        stopped_reason: Some("Task failed to start".to_owned()),
        stopped_at: Some(minute(at)),
        containers: vec![
            StoppedContainer { name: "log".to_owned(), exit_code: Some(0), reason: None, health: None },
            StoppedContainer { name: "app".to_owned(), exit_code: code, reason: Some(reason.to_owned()), health: None },
        ],
    }
}

#[test]
fn stopped_tasks_are_grouped_by_what_stopped_them() {
    let pull = "CannotPullContainerError: pull image manifest has been retried: missing:1 not found";
    let mut scaled = stopped("", None, 9);
    scaled.stopped_reason = Some("Scaling activity initiated by (deployment ecs-svc/2)".to_owned());
    scaled.containers.clear();
    let mut other = stopped(pull, None, 9);
    other.started_by = Some("ecs-svc/1".to_owned());
    let rollout = Rollout { deployment_id: Some("ecs-svc/2".to_owned()), ..Rollout::default() };
    let all = [stopped(pull, None, 1), stopped("OutOfMemoryError", Some(137), 2), stopped(pull, None, 3), scaled, other];
    let groups = grouped(&all, Some(&rollout));
    assert_eq!(groups.len(), 2);
    assert_eq!((groups[0].count, groups[0].reason.as_str(), groups[0].exit_code), (2, pull, None));
    assert_eq!(groups[0].last_task.as_deref(), Some("3"));
    assert_eq!((groups[1].count, groups[1].container.as_deref(), groups[1].exit_code), (1, Some("app"), Some(137)));
}
