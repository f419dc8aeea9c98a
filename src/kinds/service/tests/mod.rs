//! Tables and properties over the pure files of the kind.
//!
//! [`declared`] holds the builders of declarations; [`world`] runs passes over one of them against a model of ECS of a few
//! lines, so that a test reads as what happens to a service.

mod adoption;
mod declared;
mod deletion;
mod ecs;
mod events;
mod exposure;
mod life;
mod normalisation;
mod normalisation_lists;
mod noted;
mod pending;
mod properties;
mod rollout;
mod secrets;
mod started;
mod status;
mod updates;
mod world;

use super::Step;
use crate::engine::ctx::Site;
use crate::engine::{Plan, Stop};
use serde_json::Value;

/// The account and region of all tests.
fn site() -> Site {
    Site {
        connection: "default".to_owned(),
        account: "111122223333".to_owned(),
        region: "eu-central-1".to_owned(),
        partition: "aws".to_owned(),
        installation: "here".to_owned(),
    }
}

/// The steps of a plan that has some.
fn steps(plan: Plan<Step>) -> Vec<Step> {
    match plan {
        Plan::Do(steps) | Plan::Finish(steps) => steps,
        other => panic!("writes were expected, not {other:?}"),
    }
}

/// The members of the only UpdateService of a plan.
fn update(plan: Plan<Step>) -> Value {
    match steps(plan).as_slice() {
        [Step::Update { members, .. }] => members.clone(),
        other => panic!("one update was expected, not {other:?}"),
    }
}

/// The members of the only UpdateService of a plan, if that forces a deployment.
fn forced(plan: Plan<Step>) -> Value {
    match steps(plan).as_slice() {
        [Step::Update { members, force: true, deploys: true, .. }] => members.clone(),
        other => panic!("one update with force was expected, not {other:?}"),
    }
}

/// Why a plan refuses to write.
fn refusal(plan: Plan<Step>) -> Stop {
    match plan {
        Plan::Refuse(stop) => stop,
        other => panic!("a refusal was expected, not {other:?}"),
    }
}

/// What a plan waits for.
fn waiting(plan: Plan<Step>) -> String {
    match plan {
        Plan::Wait(why) => why,
        other => panic!("waiting was expected, not {other:?}"),
    }
}
