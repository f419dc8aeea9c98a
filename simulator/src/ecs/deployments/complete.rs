//! When a deployment has done its work. ecs-semantics §3.1, §3.6.

use super::{Rollout, tally};
use crate::clock::{later, since};
use crate::ecs::service_deployments::Status;
use crate::ecs::services::{Completed, Service};
use crate::ecs::{World, tempo};

/// Drops deployments that are gone, and notes completion and steadiness.
pub(super) fn complete(world: &mut World, service: &mut Service) {
    let Some(primary) = service.deployments.first() else { return };
    let (id, desired) = (primary.id.clone(), service.desired);
    let new = tally(world, service, |deployment| deployment == id);
    let old = tally(world, service, |deployment| deployment != id);
    let is_whole = new.alive == desired && new.healthy == desired && old.alive == 0;
    let settles = later(primary.created, if primary.is_rollback { tempo::ROLLBACK } else { tempo::SCHEDULER });
    if is_whole && primary.rollout == Rollout::InProgress && world.now < settles {
        service.wake_at(&mut world.agenda, settles);
    } else if is_whole
        && primary.rollout == Rollout::InProgress
        && primary.stage.as_ref().is_none_or(super::staged::Progress::is_over)
    {
        finish(world, service);
    } else {
        // A superseded deployment goes with its last task; a failed one stays until the rollback is over (§3.5).
        let empty = |id: &str| tally(world, service, |deployment| deployment == id).alive == 0;
        let gone: Vec<String> = service
            .deployments
            .iter()
            .skip(1)
            .filter(|old| old.rollout != Rollout::Failed && empty(&old.id))
            .map(|old| old.id.clone())
            .collect();
        service.deployments.retain(|deployment| !gone.contains(&deployment.id));
    }
    note_steadiness(world, service, is_whole);
}

fn finish(world: &mut World, service: &mut Service) {
    let now = world.now;
    service.deployments.truncate(1);
    let Some(primary) = service.deployments.first_mut() else { return };
    primary.rollout = Rollout::Completed;
    primary.reason = format!("ECS deployment {} completed.", primary.id);
    primary.updated = now;
    primary.failed = 0;
    service.last_completed = Some(Completed {
        id: primary.id.clone(),
        revision: primary.revision.clone(),
        setup: primary.setup.clone(),
        on_alternate: primary.on_alternate,
    });
    let (id, is_rollback) = (primary.id.clone(), primary.is_rollback);
    if let Some(record) = service.history.last_mut().filter(|record| !record.status.is_terminal()) {
        record.set(if is_rollback { Status::RollbackSuccessful } else { Status::Successful }, now);
        record.stage = None;
    }
    let event = world.uuid();
    service.say(event, now, &format!("(deployment {id}) deployment completed."));
}

/// Steady state is told when it is reached, and again from time to time.
fn note_steadiness(world: &mut World, service: &mut Service, is_whole: bool) {
    let is_done = service.deployments.first().is_some_and(|primary| primary.rollout == Rollout::Completed);
    if !is_whole || !is_done {
        service.steady_since = None;
        return;
    }
    let now = world.now;
    if service.steady_since.is_none_or(|told| since(told, now) >= tempo::STEADY_STATE_AGAIN) {
        service.steady_since = Some(now);
        let event = world.uuid();
        service.say(event, now, "has reached a steady state.");
    }
    let told = service.steady_since.unwrap_or(now);
    service.wake_at(&mut world.agenda, later(told, tempo::STEADY_STATE_AGAIN));
}
