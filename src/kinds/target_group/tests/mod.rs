//! Tables and properties over the pure files of the kind.
//!
//! [`world`] runs passes over a declaration against a model of AWS of a few lines, so that a test reads as what happens to a
//! target group.

mod deletion;
mod differences;
mod health;
mod life;
mod names;
mod observed;
mod properties;
mod replacement;
mod world;

use super::Step;
use crate::engine::ctx::Site;
use crate::engine::{Plan, Stop};

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

/// The names of the steps of a plan that has some.
fn steps(plan: Plan<Step>) -> Vec<&'static str> {
    match plan {
        Plan::Do(steps) | Plan::Finish(steps) => steps.iter().map(word).collect(),
        other => panic!("writes were expected, not {other:?}"),
    }
}

fn word(step: &Step) -> &'static str {
    match step {
        Step::Create(_) => "Create",
        Step::Check { .. } => "Check",
        Step::Attributes { .. } => "Attributes",
        Step::Tag { .. } => "Tag",
        Step::Untag { .. } => "Untag",
        Step::Delete { .. } => "Delete",
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
