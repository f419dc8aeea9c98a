//! Tables and properties over the pure files of the kind.
//!
//! [`world`] runs passes over a declaration against a model of a listener of a few lines, so that a test reads as what
//! happens to a rule.

mod accept;
mod covers;
mod life;
mod parts;
mod priority;
mod properties;
mod refs;
mod status;
mod world;

use crate::engine::ctx::Site;

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
