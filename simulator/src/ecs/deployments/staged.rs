//! Blue/green, linear and canary: stages one after the other. ecs-semantics §2.4, §2.7.
//!
//! Traffic is shifted where the service names listener rules ([`shift`]). PAUSE hooks wait; Lambda hooks succeed at once.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::rolling::{launch, stop_some};
use super::{rollback, shift, tally};
use crate::clock::{later, since};
use crate::ecs::input::Input;
use crate::ecs::service_deployments::Hook;
use crate::ecs::services::Service;
use crate::ecs::{World, tempo};

const STAGES: [&str; 11] = [
    "RECONCILE_SERVICE",
    "PRE_SCALE_UP",
    "SCALE_UP",
    "POST_SCALE_UP",
    "TEST_TRAFFIC_SHIFT",
    "POST_TEST_TRAFFIC_SHIFT",
    "PRE_PRODUCTION_TRAFFIC_SHIFT",
    "PRODUCTION_TRAFFIC_SHIFT",
    "POST_PRODUCTION_TRAFFIC_SHIFT",
    "BAKE_TIME",
    "CLEAN_UP",
];

/// Which stage a deployment is in, and since when.
#[derive(Debug, Clone)]
pub(crate) struct Progress {
    stage: usize,
    since: Timestamp,
    /// Whether the PAUSE hook of this stage has been met.
    has_paused: bool,
    /// The share of production traffic that the new tasks were given.
    percent: i64,
}

impl Progress {
    /// Whether the last stage is reached; then it only waits for old tasks to go.
    pub(crate) fn is_over(&self) -> bool {
        self.stage + 1 == STAGES.len()
    }
}

/// Goes through as many stages as are over by now.
pub(super) fn go(world: &mut World, service: &mut Service) {
    let now = world.now;
    let Some(primary) = service.deployments.first_mut() else { return };
    let first = Progress { stage: 0, since: now, has_paused: false, percent: 0 };
    let mut progress = primary.stage.take().unwrap_or(first);
    let id = primary.id.clone();
    while let Step::Over = step(world, service, &id, &mut progress) {
        if progress.is_over() {
            break;
        }
        progress = Progress { stage: progress.stage + 1, since: now, has_paused: false, percent: progress.percent };
    }
    if let Some(record) = service.history.last_mut().filter(|record| record.rollback.is_none()) {
        // PRE_PRODUCTION_TRAFFIC_SHIFT is a stage for hooks but not in the status enum: §2.7.
        record.stage = Some(match STAGES[progress.stage] {
            "PRE_PRODUCTION_TRAFFIC_SHIFT" => "POST_TEST_TRAFFIC_SHIFT",
            stage => stage,
        });
    }
    if let Some(primary) = service.deployments.iter_mut().find(|deployment| deployment.id == id && !deployment.is_rollback) {
        primary.stage = Some(progress);
    }
}

enum Step {
    Over,
    Waits,
}

/// Does the work of one stage.
fn step(world: &mut World, service: &mut Service, id: &str, progress: &mut Progress) -> Step {
    give_traffic(world, service, progress);
    let new = tally(world, service, |deployment| deployment == id);
    match STAGES[progress.stage] {
        "SCALE_UP" => {
            launch(world, service, service.desired - new.alive);
            return if new.healthy >= service.desired { Step::Over } else { Step::Waits };
        }
        "CLEAN_UP" => {
            let old = tally(world, service, |deployment| deployment != id);
            stop_some(world, service, old.alive, |deployment| deployment != id);
            return Step::Over;
        }
        stage => {
            // From here on lost tasks are replaced.
            if progress.stage > 2 {
                launch(world, service, service.desired - new.alive);
            }
            if let Step::Waits = pause(world, service, stage, progress) {
                return Step::Waits;
            }
        }
    }
    let lasts = duration(service, STAGES[progress.stage]);
    if since(progress.since, world.now) >= lasts {
        return Step::Over;
    }
    service.wake_at(&mut world.agenda, later(progress.since, lasts));
    Step::Waits
}

/// Swings the weights as far as they should be by now.
fn give_traffic(world: &mut World, service: &mut Service, progress: &mut Progress) {
    let stage = STAGES[progress.stage];
    let Some(primary) = service.deployments.first() else { return };
    if stage == "TEST_TRAFFIC_SHIFT" && since(progress.since, world.now).is_zero() {
        shift::test(world, primary);
    }
    let is_first = service.last_completed.is_none();
    let Some(record) = service.history.last_mut() else { return };
    let percent = match stage {
        // Nothing else serves: there is nobody to share with (?).
        "PRODUCTION_TRAFFIC_SHIFT" if is_first => 100,
        "PRODUCTION_TRAFFIC_SHIFT" => share(Input(&record.config), since(progress.since, world.now)),
        "POST_PRODUCTION_TRAFFIC_SHIFT" | "BAKE_TIME" | "CLEAN_UP" => 100,
        _ => return,
    };
    record.production_percent = Some(percent);
    if percent != progress.percent {
        progress.percent = percent;
        shift::production(world, primary, percent);
    }
    if percent < 100 {
        // Steps of a linear deployment are at whole minutes.
        let next = later(world.now, Duration::from_mins(1));
        service.wake_at(&mut world.agenda, next);
    }
}

/// The share of production traffic after so long in its shift: a part for a canary, step by step if linear, else all.
fn share(config: Input<'_>, elapsed: Duration) -> i64 {
    let percent = |of: Input<'_>, member: &str, default: f64| of.get(member).and_then(Value::as_f64).unwrap_or(default);
    let share = match config.text("strategy") {
        Some("CANARY") => percent(config.object("canaryConfiguration"), "canaryPercent", 5.0),
        Some("LINEAR") => {
            let linear = config.object("linearConfiguration");
            let minutes = linear.number("stepBakeTimeInMinutes").unwrap_or(6).unsigned_abs();
            let steps = if minutes == 0 { u64::MAX } else { 1 + elapsed.as_secs() / (60 * minutes) };
            percent(linear, "stepPercent", 10.0) * f64::from(u32::try_from(steps).unwrap_or(u32::MAX))
        }
        _ => 100.0,
    };
    #[expect(clippy::cast_possible_truncation, reason = "it is between 1 and 100")]
    let share = share.round().clamp(1.0, 100.0) as i64;
    share
}

/// How long a stage without tasks to wait for takes.
fn duration(service: &Service, stage: &str) -> Duration {
    let Some(record) = service.history.last() else { return tempo::STAGE };
    let config = Input(&record.config);
    let minutes = |number: Option<i64>, default: i64| Duration::from_secs(60 * number.unwrap_or(default).unsigned_abs());
    match (stage, config.text("strategy")) {
        ("BAKE_TIME", _) => minutes(config.number("bakeTimeInMinutes"), 0),
        ("PRODUCTION_TRAFFIC_SHIFT", Some("CANARY")) => {
            minutes(config.object("canaryConfiguration").number("canaryBakeTimeInMinutes"), 10)
        }
        ("PRODUCTION_TRAFFIC_SHIFT", Some("LINEAR")) => {
            let linear = config.object("linearConfiguration");
            let percent = linear.get("stepPercent").and_then(Value::as_f64).unwrap_or(10.0);
            // No bake after the last step.
            let steps = (100.0 / percent).ceil() - 1.0;
            minutes(linear.number("stepBakeTimeInMinutes"), 6).mul_f64(steps.max(0.0))
        }
        _ => tempo::STAGE,
    }
}

/// Waits at the PAUSE hook of a stage, if there is one, until it is let go or its time is up.
fn pause(world: &mut World, service: &mut Service, stage: &str, progress: &mut Progress) -> Step {
    let now = world.now;
    let Some(record) = service.history.last_mut() else { return Step::Over };
    let hooks = Input(&record.config).list("lifecycleHooks").to_vec();
    let here = |hook: &&Value| {
        Input(hook).text("targetType") == Some("PAUSE") && Input(hook).texts("lifecycleStages").any(|name| name == stage)
    };
    let Some(hook) = hooks.iter().find(here) else { return Step::Over };
    if !progress.has_paused {
        progress.has_paused = true;
        let timeout = Input(hook).object("timeoutConfiguration");
        let minutes = timeout.number("timeoutInMinutes").unwrap_or(1440).unsigned_abs();
        let expires = later(now, Duration::from_secs(60 * minutes));
        let timeout_action = timeout.text("action").unwrap_or("ROLLBACK").to_owned();
        let id = world.uuid();
        record.hook = Some(Hook { id, status: "AWAITING_ACTION", expires, timeout_action });
        service.wake_at(&mut world.agenda, expires);
        return Step::Waits;
    }
    let Some(waiting) = record.hook.as_mut().filter(|hook| hook.status == "AWAITING_ACTION") else {
        return Step::Over;
    };
    if now < waiting.expires {
        let at = waiting.expires;
        service.wake_at(&mut world.agenda, at);
        return Step::Waits;
    }
    waiting.status = "TIMED_OUT";
    if waiting.timeout_action == "ROLLBACK" {
        rollback::give_up(world, service);
        return Step::Waits;
    }
    Step::Over
}
