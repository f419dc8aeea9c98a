//! Tasks: what they are and how they start. ecs-semantics §4.

pub(crate) mod life;
pub(crate) mod read;
pub(crate) mod run;
pub(crate) mod targets;

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::agenda::Event;
use super::images::ImageBehaviour;
use super::input::Input;
use super::services::ServiceKey;
use super::task_definitions::sizes;
use super::{World, tempo};
use crate::clock::later;
use crate::elb::TargetKey;

/// `lastStatus`, in the order of a task's life. §4.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    Provisioning,
    Pending,
    Activating,
    Running,
    Deactivating,
    Stopping,
    Deprovisioning,
    Stopped,
}

impl Stage {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Provisioning => "PROVISIONING",
            Self::Pending => "PENDING",
            Self::Activating => "ACTIVATING",
            Self::Running => "RUNNING",
            Self::Deactivating => "DEACTIVATING",
            Self::Stopping => "STOPPING",
            Self::Deprovisioning => "DEPROVISIONING",
            Self::Stopped => "STOPPED",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Health {
    Unknown,
    Healthy,
    Unhealthy,
}

impl Health {
    fn name(self) -> &'static str {
        match self {
            Self::Unknown => "UNKNOWN",
            Self::Healthy => "HEALTHY",
            Self::Unhealthy => "UNHEALTHY",
        }
    }
}

/// A container health check: when it first passes, and when it has failed often enough.
#[derive(Debug, Clone, Copy)]
struct Check {
    passes_after: Duration,
    fails_after: Duration,
}

#[derive(Debug)]
struct Container {
    name: String,
    image: String,
    essential: bool,
    behaviour: ImageBehaviour,
    check: Option<Check>,
    health: Health,
    exit_code: Option<i32>,
    reason: Option<String>,
}

/// Who a task works for.
#[derive(Debug, Clone)]
pub(crate) struct Owner {
    pub(crate) service: ServiceKey,
    pub(crate) deployment: String,
    /// Whether the task registers with load balancers or discovery, and so passes ACTIVATING.
    pub(crate) registers: bool,
    /// Ports that stand in target groups.
    pub(crate) bindings: Vec<targets::Binding>,
    /// Time after the start in which failing checks are overlooked.
    pub(crate) grace: Duration,
}

/// Where a task runs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Place {
    pub(crate) launch_type: String,
    pub(crate) provider: Option<String>,
    pub(crate) instance: Option<String>,
    pub(crate) subnet: Option<String>,
}

/// One task.
#[expect(clippy::struct_excessive_bools, reason = "they are independent facts")]
#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) id: String,
    pub(crate) arn: String,
    pub(crate) cluster: String,
    pub(crate) definition: String,
    pub(crate) owner: Option<Owner>,
    pub(crate) group: String,
    pub(crate) started_by: Option<String>,
    pub(crate) instance: Option<String>,
    pub(crate) cpu: i64,
    pub(crate) memory: i64,
    pub(crate) stage: Stage,
    /// Where it is registered with load balancers.
    pub(crate) targets: Vec<TargetKey>,
    /// Its address, when the network mode gives it one.
    pub(crate) address: String,
    /// Tasks are counted.
    number: u32,
    place: Place,
    is_awsvpc: bool,
    overrides: Value,
    execute_command: bool,
    containers: Vec<Container>,
    /// `desiredStatus` is STOPPED.
    pub(crate) stops: bool,
    /// Counts as healthy for its deployment: §2.4.
    pub(crate) is_healthy: bool,
    has_run: bool,
    health: Health,
    due: Timestamp,
    version: u64,
    created: Timestamp,
    pull_started: Option<Timestamp>,
    started: Option<Timestamp>,
    stopping: Option<Timestamp>,
    stopped: Option<Timestamp>,
    stop_code: Option<String>,
    stopped_reason: Option<String>,
}

impl Task {
    pub(crate) fn is_stopped(&self) -> bool {
        self.stage == Stage::Stopped
    }

    /// Counted in `runningCount`.
    pub(crate) fn is_running(&self) -> bool {
        self.stage == Stage::Running
    }

    /// Counted in `pendingCount`.
    pub(crate) fn is_starting(&self) -> bool {
        self.stage < Stage::Running && !self.stops
    }

    /// Wanted, and not on its way out.
    pub(crate) fn is_alive(&self) -> bool {
        !self.stops
    }

    /// Whether its containers answer requests.
    pub(crate) fn serves(&self) -> bool {
        let is_up = (Stage::Running..=Stage::Deactivating).contains(&self.stage);
        is_up && self.containers.iter().all(|container| container.exit_code.is_none())
    }

    pub(crate) fn provider(&self) -> Option<&str> {
        self.place.provider.as_deref()
    }

    /// Whether the containers have not been told to end yet: what a DRAINING service waits for (§2.9).
    pub(crate) fn is_busy(&self) -> bool {
        self.stage < Stage::Stopping
    }
}

/// What a new task is made of.
#[derive(Debug)]
pub(crate) struct Launch<'a> {
    pub(crate) cluster: &'a str,
    pub(crate) definition: &'a Value,
    pub(crate) owner: Option<Owner>,
    pub(crate) group: Option<&'a str>,
    pub(crate) started_by: Option<&'a str>,
    pub(crate) place: Place,
    pub(crate) overrides: Value,
    pub(crate) execute_command: bool,
    pub(crate) tags: &'a [Value],
}

/// Makes a task, in PROVISIONING.
pub(crate) fn start(world: &mut World, launch: Launch<'_>) -> String {
    let id = world.hex();
    let arn = world.arn(&format!("task/{}/{id}", launch.cluster));
    let definition = Input(launch.definition);
    let containers = definition.objects("containerDefinitions").map(|container| new_container(world, container)).collect();
    let family = definition.text("family").unwrap_or_default();
    let group = match (&launch.owner, launch.group) {
        (Some(owner), _) => format!("service:{}", owner.service.1),
        (None, Some(group)) => group.to_owned(),
        (None, None) => format!("family:{family}"),
    };
    // The deployment started the tasks of a service: §4.1.
    let started_by = launch.owner.as_ref().map(|owner| owner.deployment.clone()).or_else(|| launch.started_by.map(str::to_owned));
    let (cpu, memory) = sizes(launch.definition);
    let is_fargate = launch.place.launch_type == "FARGATE";
    let due = later(world.now, if is_fargate { tempo::PROVISION_FARGATE } else { tempo::PROVISION_INSTANCE });
    world.tasks_started += 1;
    let number = world.tasks_started;
    let task = Task {
        id: id.clone(),
        arn: arn.clone(),
        cluster: launch.cluster.to_owned(),
        definition: definition.text("taskDefinitionArn").unwrap_or_default().to_owned(),
        owner: launch.owner,
        group,
        started_by,
        instance: launch.place.instance.clone(),
        cpu,
        memory,
        stage: Stage::Provisioning,
        targets: Vec::new(),
        address: address(number),
        number,
        place: launch.place,
        is_awsvpc: definition.text("networkMode") == Some("awsvpc"),
        overrides: launch.overrides,
        execute_command: launch.execute_command,
        containers,
        stops: false,
        is_healthy: false,
        has_run: false,
        health: Health::Unknown,
        due,
        version: 1,
        created: world.now,
        pull_started: None,
        started: None,
        stopping: None,
        stopped: None,
        stop_code: None,
        stopped_reason: None,
    };
    world.tasks.insert(id.clone(), task);
    world.tags.put(&arn, launch.tags);
    world.agenda.enter(due, Event::Task(id.clone()));
    id
}

/// Addresses of 10.0.0.0/16 in turn, but for those that AWS keeps.
fn address(number: u32) -> String {
    format!("10.0.{}.{}", number / 250 % 250, 4 + number % 250)
}

fn new_container(world: &World, definition: Input<'_>) -> Container {
    let check = definition.get("healthCheck").map(Input).map(|check| {
        let seconds = |member: &str, default: i64| Duration::from_secs(check.number(member).unwrap_or(default).unsigned_abs());
        let interval = seconds("interval", 30);
        let retries = u32::try_from(check.number("retries").unwrap_or(3)).unwrap_or(3);
        Check { passes_after: interval, fails_after: seconds("startPeriod", 0) + interval * retries }
    });
    let image = definition.text("image").unwrap_or_default().to_owned();
    Container {
        name: definition.text("name").unwrap_or_default().to_owned(),
        behaviour: world.images.behaviour(&image),
        image,
        essential: definition.0.get("essential").is_none_or(|essential| *essential == true),
        check,
        health: Health::Unknown,
        exit_code: None,
        reason: None,
    }
}

/// The network interface of an awsvpc task: §4.1.
fn attachment(task: &Task) -> Value {
    let id = &task.id;
    let status = match task.stage {
        Stage::Provisioning => "PRECREATED",
        Stage::Stopped => "DELETED",
        _ => "ATTACHED",
    };
    json!({
        "id": format!("{}-{}-4{}-8{}-{}", &id[..8], &id[8..12], &id[13..16], &id[17..20], &id[20..]),
        "type": "ElasticNetworkInterface", "status": status,
        "details": [
            {"name": "subnetId", "value": task.place.subnet},
            {"name": "networkInterfaceId", "value": format!("eni-0{}", &id[..16])},
            {"name": "macAddress", "value": format!("0a:{}:{}:{}:{}:{}", &id[..2], &id[2..4], &id[4..6], &id[6..8], &id[8..10])},
            {"name": "privateIPv4Address", "value": task.address},
        ],
    })
}
