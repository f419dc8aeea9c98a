//! Tables and properties over the pure files of the kind.

mod declared;
mod golden;
mod normalisation;
mod plan;
mod properties;
mod status;

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
