//! The end of a failed deployment, and the way back to the last one that completed. ecs-semantics §3.5.

use super::{Rollout, look_again, new_deployment, shift};
use crate::ecs::World;
use crate::ecs::input::Input;
use crate::ecs::service_deployments::{Rollback, Status};
use crate::ecs::services::{Completed, Service, ServiceKey};

/// The circuit breaker has tripped.
pub(super) fn fail(world: &mut World, service: &mut Service) {
    let now = world.now;
    let Some(primary) = service.deployments.first_mut() else { return };
    primary.rollout = Rollout::Failed;
    primary.reason = String::from("ECS deployment circuit breaker: tasks failed to start.");
    primary.updated = now;
    let (id, was_rollback) = (primary.id.clone(), primary.is_rollback);
    let event = world.uuid();
    service.say(event, now, &format!("(deployment {id}) deployment failed: tasks failed to start."));
    let has_target = target(service).is_some();
    let Some(record) = service.history.last_mut() else { return };
    record.is_triggered = true;
    record.reason = Some("Service deployment circuit breaker: tasks failed to start.".to_owned());
    let rolls_back = Input(&record.config).object("deploymentCircuitBreaker").flag("rollback");
    if was_rollback {
        record.set(Status::RollbackFailed, now);
    } else if rolls_back && has_target {
        go_back(world, service, "Service deployment rolled back because the circuit breaker threshold was exceeded.");
    } else {
        // §3.2: STOPPED is also the end of a failed deployment that is not rolled back.
        record.set(Status::Stopped, now);
    }
}

/// `StopServiceDeployment`, or a hook that says so.
pub(crate) fn on_request(world: &mut World, key: &ServiceKey) {
    let Some(mut service) = world.services.remove(key) else { return };
    give_up(world, &mut service);
    world.services.insert(key.clone(), service);
    look_again(world, key);
}

/// Ends the deployment in flight, and goes back if there is anything to go back to.
pub(super) fn give_up(world: &mut World, service: &mut Service) {
    if let Some(primary) = service.deployments.first_mut() {
        primary.rollout = Rollout::Failed;
        primary.reason = format!("ECS deployment {} stopped.", primary.id);
    }
    if target(service).is_some() {
        go_back(world, service, "Service deployment rolled back because of a stop request.");
    } else if let Some(record) = service.history.last_mut() {
        record.set(Status::StopRequested, world.now);
        record.reason = Some("Service deployment stopped by request; there is no completed deployment to go back to.".to_owned());
    }
}

/// The last completed deployment, unless it is the one that fails.
fn target(service: &Service) -> Option<&Completed> {
    let primary = service.deployments.first()?;
    service.last_completed.as_ref().filter(|completed| completed.id != primary.id)
}

/// The completed deployment is PRIMARY again, the failed one ACTIVE and FAILED. No revision is made for it (§3).
fn go_back(world: &mut World, service: &mut Service, reason: &str) {
    let now = world.now;
    let Some(completed) = target(service).cloned() else { return };
    let known = service.deployments.iter().position(|deployment| deployment.id == completed.id);
    // Whether the old id comes back is not clear (?); the setting decides.
    let reused = known.filter(|_| world.rollback_reuses_deployment).map(|at| service.deployments.remove(at));
    let id = if world.rollback_reuses_deployment { completed.id.clone() } else { format!("ecs-svc/{}", world.digits(19)) };
    let mut back = reused.unwrap_or_else(|| new_deployment(id, completed.revision.clone(), completed.setup.clone(), now));
    back.rollout = Rollout::InProgress;
    back.is_rollback = true;
    back.reason = format!("ECS deployment circuit breaker: rolling back to deploymentId {}.", completed.id);
    (back.created, back.updated) = (now, now);
    (back.failed, back.never_ran, back.hold, back.stage) = (0, 0, None, None);
    back.on_alternate = completed.on_alternate;
    // What was given away comes back at once.
    shift::production(world, &back, 100);
    service.deployments.insert(0, back);
    service.restore(&completed.setup);
    let event = world.uuid();
    service.say(event, now, &format!("rolling back to deployment {}.", completed.id));
    if let Some(record) = service.history.last_mut() {
        record.set(Status::RollbackRequested, now);
        record.stage = None;
        record.hook = None;
        record.rollback = Some(Rollback { reason: reason.to_owned(), started: now, revision: completed.revision });
    }
    let at = crate::clock::later(now, crate::ecs::tempo::SCHEDULER);
    service.wake_at(&mut world.agenda, at);
}
