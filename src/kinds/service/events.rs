//! ECS's service events, made known as Kubernetes Events once each. Pure.

use crate::api::service::status::LastEvent;
use crate::aws::{LiveService, ServiceEvent};
use crate::domain::whole_seconds;
use crate::engine::Notice;

/// What to match in a message, the reason it gets here, and whether it is trouble (notes on service events). The first
/// match counts. Texts are no contract of AWS's: they are told to people and decide nothing.
const KNOWN: [(&str, &str, bool); 18] = [
    ("has reached a steady state", "SteadyState", false),
    ("deployment completed", "DeploymentCompleted", false),
    ("deployment failed", "DeploymentFailed", true),
    ("rolling back to", "RollingBack", true),
    ("unable to consistently start tasks", "TaskStartImpaired", true),
    ("unable to place a task", "TaskPlacementFailed", true),
    ("unable to stop or start tasks", "DeploymentBlocked", true),
    ("unable to scale in", "ScaleInBlocked", true),
    ("is unhealthy in", "TargetUnhealthy", true),
    ("failed container health checks", "ContainerUnhealthy", true),
    ("due to an unhealthy status", "TasksReplaced", true),
    ("being throttled", "Throttled", true),
    ("No Container Instances were found", "NoContainerInstances", true),
    ("TARGET GROUP IS NOT FOUND", "TargetGroupNotFound", true),
    ("has started", "TasksStarted", false),
    ("has stopped", "TasksStopped", false),
    ("deregistered", "TargetsDeregistered", false),
    ("registered", "TargetsRegistered", false),
];

/// Events that were not made known yet, oldest first.
pub fn unheard<'a>(before: Option<&LastEvent>, live: &'a LiveService) -> Vec<&'a ServiceEvent> {
    let last = before.and_then(|last| last.at.as_ref().map(|time| time.0));
    let ids = before.map(|last| last.ids.as_slice()).unwrap_or_default();
    let mut new: Vec<&ServiceEvent> = live
        .events
        .iter()
        .filter(|event| !ids.contains(&event.id) && (last.is_none() || event.at.map(|at| whole_seconds(at).0) >= last))
        .collect();
    new.reverse();
    new
}

/// How far events are made known once all of `live` are.
pub fn newest(before: Option<LastEvent>, live: &LiveService) -> Option<LastEvent> {
    let second = |event: &ServiceEvent| event.at.map(whole_seconds);
    let at = live.events.iter().filter_map(second).max_by_key(|at| at.0);
    let Some(at) = at else { return before };
    if before.as_ref().and_then(|last| last.at.as_ref()).is_some_and(|last| last.0 > at.0) {
        return before;
    }
    let ids = live.events.iter().filter(|event| second(event).as_ref() == Some(&at)).map(|event| event.id.clone()).collect();
    Some(LastEvent { at: Some(at), ids })
}

/// What a person reads of an event.
pub fn notice(event: &ServiceEvent) -> Notice {
    let known = KNOWN.iter().find(|(text, _, _)| event.message.contains(text));
    let (reason, warning) = known.map_or(("EcsServiceEvent", false), |(_, reason, warning)| (*reason, *warning));
    Notice { id: Some(event.id.clone()), warning, reason: reason.to_owned(), message: event.message.clone() }
}
