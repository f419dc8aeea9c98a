//! Tables and properties over the pure files of the kind.
//!
//! [`world`] runs passes over a declaration against a model of a listener of a few lines, so that a test reads as what
//! happens to a rule.

mod accept;
mod covers;
mod deletion;
mod edits;
mod life;
mod parts;
mod priority;
mod properties;
mod refs;
mod status;
mod world;

use super::Step;
use crate::aws::{AwsError, Kind};
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

/// A failure of `CreateRule` or another write.
fn failure(operation: &'static str, kind: Kind) -> AwsError {
    AwsError { operation, kind, code: None, message: "no".to_owned(), retry_after: None, request_id: None, is_write: true }
}

/// Why a plan refuses to write.
fn refusal(plan: Plan<Step>) -> Stop {
    match plan {
        Plan::Refuse(stop) => stop,
        other => panic!("a refusal was expected, not {other:?}"),
    }
}
