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
    /// Only objects of Kubernetes were written. The watch tells of them: a pass before that would write them again.
    Ordered,
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
            Self::Progressing(_) | Self::Ordered => 30.0,
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

/// AWS is broken, not the call. Most outages are short, so for two minutes it is tried every few seconds, and then every
/// minute. How often a broken AWS is called in all, the pacer bounds.
fn outage(failures: u32) -> Duration {
    match failures {
        0..=2 => Duration::from_secs(1 << failures.max(1)),
        3..=15 => Duration::from_secs(8),
        _ => Duration::from_mins(1),
    }
}

/// How long until another attempt after `failures` failures in a row, the present one included: doubling from one second
/// to [`LONGEST_RETRY`]. What looks as if only a person could mend it is tried three times, since ECS refuses in the same
/// words what is only early, and then at the longest.
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
            None if error.kind == Kind::Unavailable => outage(failures),
            None => doubling(),
        },
        Stop::Kube(_) => doubling(),
    };
    Some(pause.mul_f64(spread))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::AwsError;

    fn error(kind: Kind) -> Stop {
        told(kind, None)
    }

    fn told(kind: Kind, retry_after: Option<Duration>) -> Stop {
        let message = String::new();
        Stop::Aws(AwsError {
            operation: "CreateService",
            kind,
            code: None,
            message,
            retry_after,
            request_id: None,
            is_write: true,
        })
    }

    fn seconds(stop: &Stop, failures: &[u32]) -> Vec<u64> {
        failures.iter().map(|failures| retry(stop, *failures, 0.0).unwrap().as_secs()).collect()
    }

    #[test]
    fn pauses_double_from_one_second_to_ten_minutes() {
        for stop in
            [error(Kind::Throttled), error(Kind::Denied), error(Kind::NotReady), error(Kind::Unknown), Stop::Kube(String::new())]
        {
            assert_eq!(seconds(&stop, &[0, 1, 2, 3, 4, 10, 11, 12, u32::MAX]), [1, 1, 2, 4, 8, 512, 600, 600, 600], "{stop:?}");
        }
    }

    #[test]
    fn while_aws_is_broken_it_is_tried_every_few_seconds_and_later_every_minute() {
        assert_eq!(seconds(&error(Kind::Unavailable), &[0, 1, 2, 3, 15, 16, u32::MAX]), [2, 2, 4, 8, 8, 60, 60]);
    }

    #[test]
    fn what_looks_final_is_tried_three_times_and_then_every_ten_minutes_but_never_given_up() {
        for kind in [Kind::Invalid, Kind::Quota, Kind::Conflict] {
            assert_eq!(seconds(&error(kind), &[1, 2, 3, 4, 100]), [1, 2, 4, 600, 600], "{kind:?}");
        }
    }

    #[test]
    fn the_pause_that_aws_asks_for_is_kept() {
        let minutes = |minutes: u64| Some(Duration::from_mins(minutes));
        assert_eq!(seconds(&told(Kind::Throttled, minutes(2)), &[1, 9]), [120, 256]);
        assert_eq!(seconds(&told(Kind::Throttled, minutes(30)), &[1]), [1800], "longer than ours is longer");
    }

    #[test]
    fn only_a_declaration_that_cannot_work_waits_for_an_edit() {
        assert_eq!(retry(&Stop::invalid("InvalidTaskSize", ""), 1, 0.0), None);
        assert_eq!(seconds(&Stop::waiting("TaskDefinitionNotFound", ""), &[1, 50]), [60, 60]);
        assert_eq!(seconds(&Stop::waiting("Conflict", ""), &[1, 50]), [60, 60], "it may go away");
    }

    #[test]
    fn jitter_only_lengthens_and_by_a_fifth_at_most() {
        assert_eq!(retry(&error(Kind::Unavailable), 4, 1.0), Some(Duration::from_millis(9600)));
        assert_eq!(Next::Progressing(String::new()).delay(1.0), Some(Duration::from_secs(36)));
    }

    #[test]
    fn a_settled_object_is_looked_at_again_and_one_that_is_gone_is_not() {
        assert_eq!(Next::Settled.delay(0.0), Some(Duration::from_mins(30)));
        assert_eq!(Next::Progressing(String::new()).delay(0.0), Some(Duration::from_secs(30)));
        assert_eq!(Next::Acted.delay(0.5), Some(Duration::ZERO));
        assert_eq!(Next::Ordered.delay(0.0), Some(Duration::from_secs(30)), "the watch is faster");
        assert_eq!(Next::Gone.delay(0.0), None);
    }
}
