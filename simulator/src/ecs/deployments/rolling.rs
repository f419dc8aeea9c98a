//! The rolling update: new tasks as far as maximumPercent goes, old ones away as far as minimumHealthyPercent allows.
//! ecs-semantics §2.4.

use std::time::Duration;

use super::{Rollout, Tally, placement, stop_reason, tally};
use crate::ecs::input::Input;
use crate::ecs::services::Service;
use crate::ecs::tasks::{Launch, Owner, Place, life, start, targets};
use crate::ecs::{World, instances, task_definitions};

/// Stops and starts what the percentages allow.
pub(super) fn go(world: &mut World, service: &mut Service) {
    let Some(primary) = service.deployments.first() else { return };
    let id = primary.id.clone();
    let is_failed = primary.rollout == Rollout::Failed;
    stop_old(world, service, &id, is_failed);
    let new = tally(world, service, |deployment| deployment == id);
    stop_some(world, service, new.alive - service.desired, |deployment| deployment == id);
    if is_failed {
        return;
    }
    let old = tally(world, service, |deployment| deployment != id);
    let new = tally(world, service, |deployment| deployment == id);
    let missing = service.desired - new.alive;
    let room = most(service) - new.alive - old.alive;
    if missing > 0 && room <= 0 && new.starting == 0 && old.alive > 0 && is_stuck(service, old, new) {
        complain(
            world,
            service,
            "was unable to stop or start tasks during a deployment because of the service deployment configuration. Update the minimumHealthyPercent or maximumPercent value and try again.",
        );
    }
    launch(world, service, missing.min(room));
}

fn percent(service: &Service, member: &str, default: i64) -> i64 {
    Input(service.get("deploymentConfiguration")).number(member).unwrap_or(default)
}

/// floor(desired × maximumPercent).
fn most(service: &Service) -> i64 {
    service.desired * percent(service, "maximumPercent", 200) / 100
}

/// ceil(desired × minimumHealthyPercent).
fn least(service: &Service) -> i64 {
    (service.desired * percent(service, "minimumHealthyPercent", 100) + 99) / 100
}

fn is_stuck(service: &Service, old: Tally, new: Tally) -> bool {
    old.healthy == old.alive && old.healthy + new.healthy <= least(service)
}

/// Old tasks go: those that are not healthy at once, healthy ones while enough stay.
fn stop_old(world: &mut World, service: &mut Service, primary: &str, is_failed: bool) {
    if is_failed {
        return;
    }
    let is_old = |deployment: &str| deployment != primary;
    let (old, new) = (tally(world, service, is_old), tally(world, service, |deployment| deployment == primary));
    if old.alive == 0 {
        return;
    }
    let spare = (new.healthy + old.healthy - least(service)).clamp(0, old.healthy);
    // Old tasks that are only starting do nobody any good.
    stop_some(world, service, old.alive - old.healthy + spare, is_old);
}

/// Stops this many tasks of the picked deployments, those that do least for the service first.
pub(super) fn stop_some(world: &mut World, service: &mut Service, count: i64, of: impl Fn(&str) -> bool) {
    let count = usize::try_from(count).unwrap_or(0);
    if count == 0 {
        return;
    }
    let tasks = service.tasks.iter().filter_map(|id| world.tasks.get(id));
    let mut alive: Vec<_> =
        tasks.filter(|task| task.is_alive() && task.owner.as_ref().is_some_and(|owner| of(&owner.deployment))).collect();
    alive.sort_by_key(|task| (task.is_healthy, task.stage));
    let ids: Vec<String> = alive.into_iter().take(count).map(|task| task.id.clone()).collect();
    let running = ids.iter().filter(|id| world.tasks.get(*id).is_some_and(super::super::tasks::Task::is_running)).count();
    for id in &ids {
        let reason = stop_reason(world, id);
        life::stop(world, id, "ServiceSchedulerInitiated", &reason);
    }
    if ids.is_empty() {
        return;
    }
    let kind = if running == ids.len() { "running" } else { "pending" };
    let event = world.uuid();
    service.say(event, world.now, &format!("has stopped {} {kind} tasks: {}.", ids.len(), named(&ids)));
}

fn named(ids: &[String]) -> String {
    ids.iter().map(|id| format!("(task {id})")).collect::<Vec<_>>().join(" ")
}

/// Starts this many tasks of the PRIMARY deployment, unless it is held back.
pub(super) fn launch(world: &mut World, service: &mut Service, count: i64) {
    let Some(primary) = service.deployments.first() else { return };
    if count <= 0 {
        return;
    }
    if let Some(until) = primary.hold.filter(|until| *until > world.now) {
        complain(
            world,
            service,
            "is unable to consistently start tasks successfully. For more information, see the Troubleshooting section.",
        );
        service.wake_at(&mut world.agenda, until);
        return;
    }
    let mut started = Vec::new();
    for _ in 0..count {
        if let Some(id) = launch_one(world, service) {
            service.tasks.insert(id.clone());
            started.push(id);
        } else {
            complain(world, service, "was unable to place a task because no container instance met all of its requirements.");
            break;
        }
    }
    if !started.is_empty() {
        let event = world.uuid();
        service.say(event, world.now, &format!("has started {} tasks: {}.", started.len(), named(&started)));
    }
}

/// `None` when no instance has room: the service looks again when the instances change.
fn launch_one(world: &mut World, service: &Service) -> Option<String> {
    let primary = service.deployments.first()?;
    let setup = Input(&primary.setup);
    let definition = task_definitions::revision(world, setup.text("taskDefinition")?)?.clone();
    let tasks = || service.tasks.iter().filter_map(|id| world.tasks.get(id)).filter(|task| task.is_alive());
    let (launch_type, provider) = placement(primary)
        .pick(|name| i64::try_from(tasks().filter(|task| task.provider() == Some(name)).count()).unwrap_or(i64::MAX));
    let mut place = Place { launch_type, provider, instance: None, subnet: None };
    place.subnet = setup.object("networkConfiguration").object("awsvpcConfiguration").texts("subnets").next().map(str::to_owned);
    if service.is_daemon() {
        // One on each instance: of this deployment, and beside no other.
        let taken: Vec<&str> = tasks().filter_map(|task| task.instance.as_deref()).collect();
        let free =
            instances::active(world, &service.key.0, place.provider.as_deref()).find(|(id, _)| !taken.contains(&id.as_str()));
        place.instance = Some(free?.0.clone());
    } else if place.launch_type != "FARGATE" {
        place.instance =
            Some(instances::place(world, &service.key.0, place.provider.as_deref(), task_definitions::sizes(&definition))?);
    }
    let grace = Input(service.get("healthCheckGracePeriodSeconds")).0.as_u64().unwrap_or(0);
    let owner = Owner {
        service: service.key.clone(),
        deployment: primary.id.clone(),
        registers: !setup.list("loadBalancers").is_empty() || !setup.list("serviceRegistries").is_empty(),
        bindings: targets::bindings(setup, primary.on_alternate),
        grace: Duration::from_secs(grace),
    };
    let tags = propagated(world, service, &definition);
    Some(start(
        world,
        Launch {
            cluster: &service.key.0,
            definition: &definition,
            owner: Some(owner),
            group: None,
            started_by: None,
            place,
            overrides: serde_json::json!({"containerOverrides": [], "inferenceAcceleratorOverrides": []}),
            execute_command: service.get("enableExecuteCommand") == true,
            tags: &tags,
        },
    ))
}

/// propagateTags and enableECSManagedTags reach new tasks only: §2.1.
fn propagated(world: &World, service: &Service, definition: &serde_json::Value) -> Vec<serde_json::Value> {
    let from = match service.get("propagateTags").as_str() {
        Some("SERVICE") => service.arn.as_str(),
        Some("TASK_DEFINITION") => definition["taskDefinitionArn"].as_str().unwrap_or_default(),
        _ => "",
    };
    let mut tags = world.tags.of(from).as_array().cloned().unwrap_or_default();
    if service.get("enableECSManagedTags") == true {
        tags.push(serde_json::json!({"key": "aws:ecs:clusterName", "value": service.key.0}));
        tags.push(serde_json::json!({"key": "aws:ecs:serviceName", "value": service.key.1}));
    }
    tags
}

/// Says why nothing moves, once per deployment.
fn complain(world: &mut World, service: &mut Service, message: &str) {
    let Some(primary) = service.deployments.first_mut() else { return };
    if !std::mem::replace(&mut primary.has_complained, true) {
        let event = world.uuid();
        service.say(event, world.now, message);
    }
}
