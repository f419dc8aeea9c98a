//! `DeleteService`, and what becomes of the service afterwards. ecs-semantics §2.9.

use jiff::Timestamp;

use super::{ServiceKey, State, describe, update};
use crate::clock::later;
use crate::ecs::agenda::Event;
use crate::ecs::input::Input;
use crate::ecs::{Answer, World, deployments, tempo};
use crate::fault::ServiceError;

pub(crate) fn delete(world: &mut World, input: Input<'_>) -> Answer {
    let key = update::key(world, input)?;
    let Some(service) = world.services.get(&key) else { return describe::respond(world, &key) };
    match service.state {
        State::Active => {}
        // Flagged idempotent; what the second call answers is not stated (?).
        State::Draining => return describe::respond(world, &key),
        State::Inactive => return Err(super::not_found()),
    }
    if service.desired > 0 && !service.is_daemon() && !input.flag("force") {
        return Err(ServiceError::invalid("The service cannot be stopped while it is scaled above 0."));
    }
    let before = describe::past(world, service);
    if let Some(service) = world.services.get_mut(&key) {
        service.pasts.push_back((world.now, before));
        service.state = State::Draining;
        service.desired = 0;
    }
    deployments::schedule(world, &key);
    describe::respond(world, &key)
}

/// Marks a drained service INACTIVE; it goes from sight later.
pub(crate) fn finish(world: &mut World, key: &ServiceKey) {
    let now = world.now;
    let Some(service) = world.services.get_mut(key) else { return };
    service.state = State::Inactive;
    service.deployments.clear();
    let (arn, created) = (service.arn.clone(), service.created);
    world.tags.remove(&arn);
    world.agenda.enter(later(now, tempo::INACTIVE_SERVICE_VISIBLE), Event::ForgetService(key.clone(), created));
}

/// The service of this incarnation is no longer visible.
pub(crate) fn forget(world: &mut World, key: &ServiceKey, created: Timestamp) {
    if world.services.get(key).is_some_and(|service| service.is_inactive() && service.created == created) {
        world.services.remove(key);
    }
}
