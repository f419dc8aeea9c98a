//! Words of the trade as types: what a name or an ARN is, parsed once. No I/O, no AWS SDK, no Kubernetes client.

mod arn;
pub mod grant;
pub mod json;
mod key;
pub mod owner;
pub mod pattern;
mod revision;
mod time;

pub use arn::{Arn, NotAnArn};
pub use key::{ObjectKey, ServiceKey, short_name};
pub use revision::{NotARevision, Revision};
pub use time::whole_seconds;
