//! Tasks as targets of load balancers. ecs-semantics §2.6, load-balancing §3.

use std::time::Duration;

use super::{Container, Task};
use crate::ecs::deployments::shift;
use crate::ecs::images::ImageBehaviour;
use crate::ecs::input::Input;
use crate::ecs::services::ServiceKey;
use crate::ecs::{World, task_definitions};
use crate::elb::targets::TargetState;
use crate::elb::{TargetBehaviour, TargetKey};

/// A container's port that stands in a target group.
#[derive(Debug, Clone)]
pub(crate) struct Binding {
    pub(crate) group: String,
    pub(crate) container: String,
    pub(crate) port: i64,
}

/// The bindings that a deployment's setup asks for, on its side of two target groups.
pub(crate) fn bindings(setup: Input<'_>, on_alternate: bool) -> Vec<Binding> {
    let of = |balancer: Input<'_>| {
        Some(Binding {
            group: shift::group(balancer, on_alternate)?.to_owned(),
            container: balancer.text("containerName")?.to_owned(),
            port: balancer.number("containerPort")?,
        })
    };
    setup.objects("loadBalancers").filter_map(of).collect()
}

/// What a service says about its targets. Texts: ecs-semantics §3.6.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Saying {
    Registered(String),
    Draining,
    Deregistered(String),
    Unhealthy { port: i64, group: String, reason: String },
    GroupIsGone(String),
}

impl Saying {
    pub(crate) fn text(&self, count: usize) -> String {
        match self {
            Self::Registered(group) => format!("registered {count} targets in (target-group {group})"),
            Self::Draining => format!("has begun draining connections on {count} tasks."),
            Self::Deregistered(group) => format!("deregistered {count} targets in (target-group {group})"),
            Self::Unhealthy { port, group, reason } => {
                format!("(port {port}) is unhealthy in (target-group {group}) due to (reason {reason})")
            }
            Self::GroupIsGone(group) => {
                format!("failed to register targets in (target-group {group}) with (error TARGET GROUP IS NOT FOUND)")
            }
        }
    }
}

/// Registers a task that has begun to run.
pub(super) fn register(world: &mut World, task: &mut Task) {
    let Some(owner) = task.owner.clone() else { return };
    for binding in &owner.bindings {
        let behaviour = task.containers.iter().find(|container| container.name == binding.container).map(answers);
        let target = address(world, task, binding);
        let key = world.elb.register_task(&binding.group, target, behaviour.unwrap_or(TargetBehaviour::Healthy));
        if let Some(key) = key {
            world.task_of_target.insert(key.clone(), task.id.clone());
            task.targets.push(key);
            world.say(&owner.service, Saying::Registered(binding.group.clone()));
        } else if world.is_strict_about(&binding.group) {
            world.say(&owner.service, Saying::GroupIsGone(binding.group.clone()));
        }
    }
}

/// How a container answers the checks of a load balancer.
fn answers(container: &Container) -> TargetBehaviour {
    match container.behaviour {
        ImageBehaviour::Unhealthy => TargetBehaviour::Unhealthy,
        ImageBehaviour::Refuses => TargetBehaviour::Refuses,
        ImageBehaviour::TimesOut => TargetBehaviour::TimesOut,
        _ => TargetBehaviour::Healthy,
    }
}

/// The task's own address, or its instance's and the port that the host gives it: §2.6.
fn address(world: &World, task: &Task, binding: &Binding) -> (String, i64) {
    if task.is_awsvpc {
        return (task.address.clone(), binding.port);
    }
    let instance = task.instance.as_ref().and_then(|id| world.instances.get(id));
    let id = instance.map_or_else(|| task.address.clone(), |instance| instance.ec2_id.clone());
    (id, host_port(world, task, binding))
}

fn host_port(world: &World, task: &Task, binding: &Binding) -> i64 {
    let Some(definition) = task_definitions::revision(world, &task.definition).map(Input) else { return binding.port };
    if definition.text("networkMode") == Some("host") {
        return binding.port;
    }
    let container = definition.objects("containerDefinitions").find(|it| it.text("name") == Some(binding.container.as_str()));
    let mapping = container.and_then(|it| it.objects("portMappings").find(|it| it.number("containerPort") == Some(binding.port)));
    let fixed = mapping.and_then(|mapping| mapping.number("hostPort")).filter(|port| *port != 0);
    // A port of the host's choice, from Linux's range: the same for as long as the task lives.
    fixed.unwrap_or_else(|| 32_768 + i64::from(task.number % 28_000) + binding.port % 10)
}

/// Takes a task out of its target groups; gives back how long it drains.
pub(super) fn deregister(world: &mut World, task: &mut Task) -> Duration {
    let Some(owner) = task.owner.clone() else { return Duration::ZERO };
    let mut longest = Duration::ZERO;
    for key in std::mem::take(&mut task.targets) {
        longest = longest.max(world.elb.deregister_task(&key));
        if world.task_of_target.get(&key).is_some_and(|id| *id == task.id) {
            world.task_of_target.remove(&key);
        }
        world.say(&owner.service, Saying::Deregistered(key.0.to_string()));
    }
    if !longest.is_zero() {
        world.say(&owner.service, Saying::Draining);
    }
    longest
}

/// Whether every load balancer finds the task healthy. A target that somebody else took out says nothing.
pub(super) fn are_healthy(world: &World, task: &Task) -> bool {
    task.targets.iter().all(|key| world.elb.state_of(key).is_none_or(|state| state == TargetState::Healthy))
}

/// The first target that its load balancer finds unhealthy.
pub(super) fn failing<'a>(world: &World, task: &'a Task) -> Option<&'a TargetKey> {
    task.targets.iter().find(|key| world.elb.state_of(key) == Some(TargetState::Unhealthy))
}

/// Says why a target fails.
pub(super) fn complain(world: &mut World, service: &ServiceKey, key: &TargetKey, port: i64) {
    let reason = world.elb.description_of(key);
    world.say(service, Saying::Unhealthy { port, group: key.0.to_string(), reason });
}
