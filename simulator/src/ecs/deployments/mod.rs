//! The service scheduler: it starts and stops tasks until the PRIMARY deployment is what runs. ecs-semantics §3.
//!
//! Every look is one pass over one service. It decides from what is there, so that it may be called at any time.

pub(crate) mod breaker;
mod complete;
pub(crate) mod rollback;
mod rolling;
pub(crate) mod shift;
mod staged;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::input::{Input, epoch};
use super::service_deployments::{Revision, ServiceDeployment, Status};
use super::services::{HIDDEN, Service, ServiceKey, State, delete, validate::Placement};
use super::tasks::life::{self, News};
use super::tasks::{Owner, Stage};
use super::{World, instances, task_definitions, tempo};
use crate::clock::{later, since};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rollout {
    InProgress,
    Completed,
    Failed,
}

/// One entry of `deployments[]`.
#[derive(Debug)]
pub(crate) struct Deployment {
    /// `ecs-svc/` and 19 digits.
    pub(crate) id: String,
    pub(crate) revision: String,
    pub(crate) setup: Value,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
    pub(crate) rollout: Rollout,
    pub(crate) reason: String,
    /// Consecutive failures, for the circuit breaker.
    pub(crate) failed: i64,
    /// Consecutive tasks that never ran, for the launch backoff.
    pub(crate) never_ran: u32,
    /// No task is launched before this time.
    pub(crate) hold: Option<Timestamp>,
    pub(crate) is_rollback: bool,
    /// Said once: that percentages or capacity leave no room to move.
    pub(crate) has_complained: bool,
    pub(crate) stage: Option<staged::Progress>,
    /// Whether its tasks are in the alternate target groups.
    pub(crate) on_alternate: bool,
}

/// How many tasks of some deployments are in which state.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Tally {
    pub(crate) alive: i64,
    pub(crate) starting: i64,
    pub(crate) running: i64,
    pub(crate) healthy: i64,
}

/// Counts the service's tasks whose deployment `of` picks.
pub(crate) fn tally(world: &World, service: &Service, of: impl Fn(&str) -> bool) -> Tally {
    let mut tally = Tally::default();
    for task in service.tasks.iter().filter_map(|id| world.tasks.get(id)) {
        if task.owner.as_ref().is_some_and(|owner| of(&owner.deployment)) {
            tally.alive += i64::from(task.is_alive());
            tally.starting += i64::from(task.is_starting());
            tally.running += i64::from(task.is_running());
            tally.healthy += i64::from(task.is_healthy);
        }
    }
    tally
}

/// Starts a new deployment of what the service now says. An older one in flight is superseded (§3.2).
pub(crate) fn begin(world: &mut World, key: &ServiceKey) {
    let id = format!("ecs-svc/{}", world.digits(19));
    let (number, record) = (world.digits(19), world.hex()[..21].to_owned());
    let path = format!("{}/{}", key.0, key.1);
    let revision = world.arn(&format!("service-revision/{path}/{number}"));
    let arn = world.arn(&format!("service-deployment/{path}/{record}"));
    let Some(mut service) = world.services.remove(key) else { return };
    let now = world.now;
    if let Some(last) = service.history.last_mut().filter(|last| !last.status.is_terminal()) {
        last.set(Status::StopRequested, now);
        last.reason = Some("A newer service deployment was started.".to_owned());
    }
    let setup = service.setup();
    let sources = service.deployments.iter().map(|deployment| deployment.revision.clone()).collect();
    let on_alternate = shift::side(&service);
    let images = images(world, &setup);
    service.revisions.push(Revision { arn: revision.clone(), images, setup: setup.clone(), on_alternate, created: now });
    service.history.push(ServiceDeployment {
        arn,
        status: Status::Pending,
        reason: None,
        target: revision.clone(),
        sources,
        config: service.get("deploymentConfiguration").clone(),
        rollback: None,
        is_triggered: false,
        failures: 0,
        stage: None,
        production_percent: None,
        hook: None,
        created: now,
        started: None,
        updated: now,
        finished: None,
        stopped: None,
    });
    service.deployments.insert(0, Deployment { on_alternate, ..new_deployment(id, revision, setup, now) });
    service.steady_since = None;
    service.wake_at(&mut world.agenda, later(now, tempo::SCHEDULER));
    world.services.insert(key.clone(), service);
}

fn new_deployment(id: String, revision: String, setup: Value, now: Timestamp) -> Deployment {
    Deployment {
        reason: format!("ECS deployment {id} in progress."),
        id,
        revision,
        setup,
        created: now,
        updated: now,
        rollout: Rollout::InProgress,
        failed: 0,
        never_ran: 0,
        hold: None,
        is_rollback: false,
        has_complained: false,
        stage: None,
        on_alternate: false,
    }
}

/// Something about the service was changed that starts no deployment: the launch backoff ends (§4.4).
pub(crate) fn look_again(world: &mut World, key: &ServiceKey) {
    let at = later(world.now, tempo::SCHEDULER);
    let Some(service) = world.services.get_mut(key) else { return };
    if let Some(primary) = service.deployments.first_mut() {
        primary.hold = None;
        primary.never_ran = 0;
        primary.has_complained = false;
    }
    service.wake_at(&mut world.agenda, at);
}

/// Hears about a task of a service.
pub(crate) fn hear(world: &mut World, owner: &Owner, task: &str, news: News) {
    let (now, id) = (world.now, world.uuid());
    let Some(service) = world.services.get_mut(&owner.service) else { return };
    if news == News::FailedChecks {
        service.say(id, now, &format!("(task {task}) failed container health checks."));
    }
    if let Some(at) = service.deployments.iter().position(|deployment| deployment.id == owner.deployment) {
        breaker::count(service, at, news, now);
    }
    service.wake_at(&mut world.agenda, now);
}

/// One look at a service.
pub(crate) fn schedule(world: &mut World, key: &ServiceKey) {
    let Some(mut service) = world.services.remove(key) else { return };
    service.wake = None;
    let is_drained = match service.state {
        State::Active => {
            look(world, &mut service);
            false
        }
        State::Draining => drain(world, &service),
        State::Inactive => false,
    };
    world.services.insert(key.clone(), service);
    if is_drained {
        delete::finish(world, key);
    }
}

fn look(world: &mut World, service: &mut Service) {
    let now = world.now;
    for record in &mut service.history {
        match record.status {
            Status::StopRequested => record.set(Status::Stopped, now),
            Status::RollbackRequested if since(record.updated, now) >= tempo::SCHEDULER => {
                record.set(Status::RollbackInProgress, now);
            }
            _ => {}
        }
    }
    if let Some(current) = service.history.last_mut().filter(|current| current.status == Status::Pending) {
        current.set(Status::InProgress, now);
        current.started = Some(now);
    }
    if service.is_daemon() {
        // A daemon's count mirrors the instances: §2.1.
        let count = instances::active(world, &service.key.0, None).count();
        service.desired = i64::try_from(count).unwrap_or(i64::MAX);
    }
    if breaker::has_tripped(service) {
        rollback::fail(world, service);
    }
    let strategy = service.history.last().map(|current| current.config["strategy"].clone()).unwrap_or_default();
    let is_staged = strategy != "ROLLING"
        && service.deployments.first().is_some_and(|primary| !primary.is_rollback && primary.rollout == Rollout::InProgress);
    if is_staged {
        staged::go(world, service);
    } else {
        rolling::go(world, service);
    }
    complete::complete(world, service);
}

/// Stops what runs; true when nothing but STOPPING and STOPPED tasks are left (§2.9).
fn drain(world: &mut World, service: &Service) -> bool {
    let ids: Vec<String> = service.tasks.iter().cloned().collect();
    for id in &ids {
        let reason = stop_reason(world, id);
        life::stop(world, id, "ServiceSchedulerInitiated", &reason);
    }
    !ids.iter().filter_map(|id| world.tasks.get(id)).any(|task| task.is_busy() && task.stage < Stage::Stopping)
}

/// §4.1.
fn stop_reason(world: &World, id: &str) -> String {
    let deployment = world.tasks.get(id).and_then(|task| task.owner.as_ref()).map(|owner| owner.deployment.as_str());
    format!("Scaling activity initiated by (deployment {})", deployment.unwrap_or_default())
}

/// The resolved images of a revision. §1.6.
fn images(world: &World, setup: &Value) -> Value {
    let definition = task_definitions::revision(world, Input(setup).text("taskDefinition").unwrap_or_default());
    let containers = definition.map(Input).into_iter().flat_map(|definition| definition.objects("containerDefinitions"));
    let images = containers.map(|container| {
        let image = container.text("image").unwrap_or_default();
        json!({"containerName": container.text("name"), "image": image, "imageDigest": digest(image)})
    });
    images.collect()
}

/// A digest that stands for an image: 64 hex digits made from its name (FNV-1a; nothing depends on its strength).
pub(crate) fn digest(image: &str) -> String {
    let hash =
        image.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let words = (0..4_u64)
        .map(|word| format!("{:016x}", hash.rotate_left(u32::try_from(word).unwrap_or(0) * 13).wrapping_mul(2 * word + 1)));
    format!("sha256:{}", words.collect::<String>())
}

/// A deployment as Describe shows it; the first is PRIMARY.
pub(crate) fn render(world: &World, service: &Service, (at, deployment): (usize, &Deployment)) -> Value {
    let tally = tally(world, service, |id| id == deployment.id);
    let (state, reason) = match deployment.rollout {
        Rollout::InProgress => ("IN_PROGRESS", deployment.reason.as_str()),
        Rollout::Completed => ("COMPLETED", deployment.reason.as_str()),
        Rollout::Failed => ("FAILED", deployment.reason.as_str()),
    };
    let mut out = json!({
        "id": deployment.id, "status": if at == 0 { "PRIMARY" } else { "ACTIVE" },
        "taskDefinition": deployment.setup["taskDefinition"],
        "desiredCount": if at == 0 { service.desired } else { tally.alive },
        "runningCount": tally.running, "pendingCount": tally.starting, "failedTasks": deployment.failed,
        "createdAt": epoch(deployment.created), "updatedAt": epoch(deployment.updated),
        "rolloutState": state, "rolloutStateReason": reason,
    });
    let shown = ["launchType", "capacityProviderStrategy", "networkConfiguration", "platformVersion", "platformFamily"];
    for member in shown.iter().chain(HIDDEN.iter().filter(|member| !["monitoring", "gatewayConnectors"].contains(*member))) {
        if let Some(value) = deployment.setup.get(*member) {
            out[*member] = value.clone();
        }
    }
    // The service says LATEST, its deployment what that was.
    if out["platformVersion"] == "LATEST" {
        out["platformVersion"] = json!("1.4.0");
    }
    out
}

/// Where the deployment's next task goes.
fn placement(deployment: &Deployment) -> Placement {
    Placement::of(&deployment.setup)
}
