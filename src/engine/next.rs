//! When to look again. Pure: the caller brings the number of failures and the jitter.

use super::Stop;
use crate::aws::Kind;
use std::time::Duration;

/// How a pass ended well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// AWS is as declared. What changes there comes back through the reflector.
    Settled,
    /// Something is under way; the text says what.
    Progressing(String),
    /// Writes were sent; another pass sees what they did.
    Acted,
    /// Nothing is left in AWS: the finalizer may go.
    Gone,
}

/// Longest pause between two attempts at something that failed.
pub const LONGEST_RETRY: Duration = Duration::from_mins(10);

impl Next {
    /// How long until the object is looked at again without any trigger. `jitter` is from 0 to 1.
    pub fn delay(&self, jitter: f64) -> Option<Duration> {
        let seconds = match self {
            Self::Settled => 1800.0,
            Self::Progressing(_) => 30.0,
            Self::Acted => 0.0,
            Self::Gone => return None,
        };
        Some(Duration::from_secs_f64(seconds * (1.0 + 0.2 * jitter)))
    }
}

/// Whether the same call is refused again until a person changes something.
const fn looks_final(kind: Kind) -> bool {
    matches!(kind, Kind::Invalid | Kind::Quota | Kind::Conflict)
}

/// How long until another attempt after `failures` failures in a row, the present one included: doubling from one second
/// to [`LONGEST_RETRY`], and at once at the longest for what looks as if only a person could mend it.
/// `None`: only an edit, of the object or of what it refers to, can help. `jitter` is from 0 to 1.
pub fn retry(stop: &Stop, failures: u32, jitter: f64) -> Option<Duration> {
    let spread = 1.0 + 0.2 * jitter;
    let doubling = || Duration::from_secs(1 << failures.saturating_sub(1).min(10)).min(LONGEST_RETRY);
    let pause = match stop {
        Stop::Invalid { .. } => return None,
        Stop::Waiting { .. } => Duration::from_mins(1),
        Stop::Aws(error) => match error.retry_after {
            Some(told) => told.max(doubling()),
            None if failures > 3 && looks_final(error.kind) => LONGEST_RETRY,
            None => doubling(),
        },
        Stop::Kube(_) => doubling(),
    };
    Some(pause.mul_f64(spread))
}
