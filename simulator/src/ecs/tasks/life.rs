//! The life of a task, stage by stage. ecs-semantics §4.1.

use std::time::Duration;

use super::{Container, Health, Stage, Task, targets};
use crate::clock::later;
use crate::ecs::agenda::Event;
use crate::ecs::images::{ImageBehaviour, delay};
use crate::ecs::{World, deployments, tempo};

/// What a service learns from a step of one of its tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum News {
    Nothing,
    Changed,
    /// It became healthy.
    Healthy,
    /// It ended before it ever ran.
    NeverRan,
    /// It failed its health checks.
    FailedChecks,
    /// It failed the checks of a load balancer.
    FailedTargetChecks,
}

/// Takes a task as far as it should be by now.
pub(crate) fn step(world: &mut World, id: &str) {
    let Some(mut task) = world.tasks.remove(id) else { return };
    let news = advance(world, &mut task);
    tell(world, task, news);
}

/// Begins the stop of a task; nothing if it is on its way already.
pub(crate) fn stop(world: &mut World, id: &str, code: &str, reason: &str) {
    let Some(mut task) = world.tasks.remove(id) else { return };
    let news = if task.stops { News::Nothing } else { News::Changed };
    begin_stop(world, &mut task, code, reason);
    tell(world, task, news);
}

/// Puts the task back and lets its service know.
fn tell(world: &mut World, task: Task, news: News) {
    let owner = task.owner.clone();
    let id = task.id.clone();
    let is_stopped = task.is_stopped();
    world.tasks.insert(id.clone(), task);
    if let (Some(owner), true) = (owner, news != News::Nothing) {
        if is_stopped && let Some(service) = world.services.get_mut(&owner.service) {
            service.tasks.remove(&id);
        }
        deployments::hear(world, &owner, &id, news);
    }
}

fn advance(world: &mut World, task: &mut Task) -> News {
    if task.stage == Stage::Running {
        return run(world, task);
    }
    if task.is_stopped() || world.now < task.due {
        return News::Nothing;
    }
    match task.stage {
        Stage::Provisioning => {
            task.pull_started = Some(world.now);
            let slowest = task.containers.iter().map(|container| delay(&container.behaviour)).max();
            enter(world, task, Stage::Pending, tempo::PULL + slowest.unwrap_or_default());
        }
        Stage::Pending => return end_pending(world, task),
        Stage::Activating => begin_running(world, task),
        Stage::Deactivating => enter(world, task, Stage::Stopping, tempo::STOP),
        Stage::Stopping => {
            end_containers(task);
            enter(world, task, Stage::Deprovisioning, tempo::DEPROVISION);
        }
        _ => {
            task.stage = Stage::Stopped;
            task.version += 1;
            task.stopped = Some(world.now);
            world.agenda.enter(later(world.now, tempo::STOPPED_TASK_VISIBLE), Event::ForgetTask(task.id.clone()));
        }
    }
    News::Changed
}

fn enter(world: &mut World, task: &mut Task, stage: Stage, lasts: Duration) {
    task.stage = stage;
    task.version += 1;
    task.due = later(world.now, lasts);
    world.agenda.enter(task.due, Event::Task(task.id.clone()));
}

/// Images are pulled and containers started, or not.
fn end_pending(world: &mut World, task: &mut Task) -> News {
    let fails = |container: &&mut Container| {
        container.essential && matches!(container.behaviour, ImageBehaviour::Missing | ImageBehaviour::Crash { .. })
    };
    if let Some(container) = task.containers.iter_mut().find(fails) {
        let (code, reason) = if let ImageBehaviour::Crash { exit_code } = container.behaviour {
            container.exit_code = Some(exit_code);
            ("EssentialContainerExited", "Essential container in task exited".to_owned())
        } else {
            let reason = cannot_pull(&container.image);
            container.reason = Some(reason.clone());
            ("TaskFailedToStart", reason)
        };
        begin_stop(world, task, code, &reason);
        return News::NeverRan;
    }
    if task.owner.as_ref().is_some_and(|owner| owner.registers) {
        enter(world, task, Stage::Activating, tempo::ACTIVATE);
    } else {
        begin_running(world, task);
    }
    News::Changed
}

/// The form of the text is documented (§4.1); what follows the name is the registry's.
fn cannot_pull(image: &str) -> String {
    format!(
        "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref {image}: {image}: not found"
    )
}

/// Enters every moment at which something about a running task can change.
fn begin_running(world: &mut World, task: &mut Task) {
    let now = world.now;
    task.stage = Stage::Running;
    task.version += 1;
    task.has_run = true;
    task.started = Some(now);
    targets::register(world, task);
    let grace = task.owner.as_ref().map_or(Duration::ZERO, |owner| owner.grace);
    let mut moments = vec![tempo::HEALTHY_WITHOUT_CHECKS, grace];
    for container in &task.containers {
        if let ImageBehaviour::Exits { after_seconds, .. } = container.behaviour {
            moments.push(Duration::from_secs(after_seconds));
        }
        if let Some(check) = container.check {
            moments.extend([check.passes_after, check.fails_after, check.fails_after.max(grace)]);
        }
    }
    for moment in moments {
        world.agenda.enter(later(now, moment), Event::Task(task.id.clone()));
    }
}

/// A running task: exits, health checks, and at last being counted as healthy.
fn run(world: &mut World, task: &mut Task) -> News {
    let elapsed = task.started.map_or(Duration::ZERO, |started| crate::clock::since(started, world.now));
    let exited = task.containers.iter_mut().find_map(|container| match container.behaviour {
        ImageBehaviour::Exits { exit_code, after_seconds } if elapsed >= Duration::from_secs(after_seconds) => {
            container.exit_code = Some(exit_code);
            Some(container.essential)
        }
        _ => None,
    });
    if exited == Some(true) {
        begin_stop(world, task, "EssentialContainerExited", "Essential container in task exited");
        return News::Changed;
    }
    check_containers(task, elapsed);
    let grace = task.owner.as_ref().map_or(Duration::ZERO, |owner| owner.grace);
    if task.health == Health::Unhealthy && task.owner.is_some() && elapsed >= grace {
        begin_stop(world, task, "ServiceSchedulerInitiated", "Task failed container health checks");
        return News::FailedChecks;
    }
    if elapsed >= grace && fails_target_checks(world, task) {
        return News::FailedTargetChecks;
    }
    let has_check = task.containers.iter().any(|container| container.essential && container.check.is_some());
    // ecs-semantics §2.4: the container's check and the load balancer's both, or else 40 seconds.
    let is_healthy = if has_check || !task.targets.is_empty() {
        (!has_check || task.health == Health::Healthy) && targets::are_healthy(world, task)
    } else {
        elapsed >= tempo::HEALTHY_WITHOUT_CHECKS
    };
    if is_healthy && !task.is_healthy {
        task.is_healthy = true;
        return News::Healthy;
    }
    News::Nothing
}

/// Stops a task that a load balancer finds unhealthy, and says so.
fn fails_target_checks(world: &mut World, task: &mut Task) -> bool {
    let Some(key) = targets::failing(world, task).cloned() else { return false };
    if let Some(owner) = task.owner.clone() {
        targets::complain(world, &owner.service, &key, key.1.1);
    }
    begin_stop(world, task, "ServiceSchedulerInitiated", &format!("Task failed ELB health checks in (target-group {})", key.0));
    true
}

/// The task's health comes from its essential containers with a check: UNHEALTHY wins, then UNKNOWN (§4.1).
fn check_containers(task: &mut Task, elapsed: Duration) {
    for container in &mut task.containers {
        let Some(check) = container.check else { continue };
        let fails = matches!(container.behaviour, ImageBehaviour::Unhealthy);
        if fails && elapsed >= check.fails_after {
            container.health = Health::Unhealthy;
        } else if !fails && elapsed >= check.passes_after {
            container.health = Health::Healthy;
        }
    }
    let checked = || task.containers.iter().filter(|container| container.essential && container.check.is_some());
    let health = if checked().any(|container| container.health == Health::Unhealthy) {
        Health::Unhealthy
    } else if checked().next().is_none() || checked().any(|container| container.health == Health::Unknown) {
        Health::Unknown
    } else {
        Health::Healthy
    };
    if health != task.health {
        task.health = health;
        task.version += 1;
    }
}

fn begin_stop(world: &mut World, task: &mut Task, code: &str, reason: &str) {
    if task.stops {
        return;
    }
    task.stops = true;
    task.is_healthy = false;
    task.stopping = Some(world.now);
    task.stop_code = Some(code.to_owned());
    task.stopped_reason = Some(reason.to_owned());
    if task.stage >= Stage::Activating {
        let drains = if code == "EssentialContainerExited" && !task.targets.is_empty() {
            // Until ECS has noticed, its load balancer sends requests to what is gone.
            world.agenda.enter(later(world.now, tempo::NOTICE), Event::Deregister(task.id.clone()));
            tempo::NOTICE
        } else {
            targets::deregister(world, task)
        };
        enter(world, task, Stage::Deactivating, tempo::DEACTIVATE.max(drains));
    } else {
        enter(world, task, Stage::Deprovisioning, tempo::DEPROVISION);
    }
}

/// ECS has noticed that a task ended by itself.
pub(crate) fn deregister(world: &mut World, id: &str) {
    let Some(mut task) = world.tasks.remove(id) else { return };
    let drains = targets::deregister(world, &mut task);
    if task.stage == Stage::Deactivating && !drains.is_zero() {
        task.due = task.due.max(later(world.now, drains));
        world.agenda.enter(task.due, Event::Task(task.id.clone()));
    }
    world.tasks.insert(task.id.clone(), task);
}

/// Containers that had not ended by themselves end on SIGTERM.
fn end_containers(task: &mut Task) {
    for container in &mut task.containers {
        container.exit_code.get_or_insert(0);
    }
}
