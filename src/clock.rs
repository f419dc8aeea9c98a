//! The only source of time. Code that asks the clock runs unchanged in virtual time, where an hour takes milliseconds.
//!
//! Two kinds of time are kept apart: a [`Timestamp`] is what people read and what goes into status; an [`Instant`]
//! measures how long something took and never jumps. Nothing else in the crate may ask the machine for either.

use jiff::{SignedDuration, Timestamp};
use std::time::Duration;
use tokio::time::Instant;

/// Tells the time, of the machine or of a test.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Option<(Timestamp, Instant)>,
}

impl Clock {
    /// The machine's own clock: follows corrections of the wall clock.
    pub const fn of_the_machine() -> Self {
        Self { start: None }
    }

    /// A clock that shows `start` now and moves with tokio's time, which a test may pause and advance.
    pub fn starting_at(start: Timestamp) -> Self {
        Self { start: Some((start, Instant::now())) }
    }

    /// The time of day. It may jump; measure with [`Clock::instant`].
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
    pub fn now(&self) -> Timestamp {
        match self.start {
            None => Timestamp::now(),
            Some((start, since)) => {
                let passed = SignedDuration::try_from(since.elapsed()).unwrap_or(SignedDuration::MAX);
                start.saturating_add(passed).unwrap_or(Timestamp::MAX)
            }
        }
    }

    /// A point in time to measure from. It never goes back.
    pub fn instant(&self) -> Instant {
        Instant::now()
    }

    /// Waits for `time`. Not for use in a reconcile: that returns when to look again.
    #[expect(clippy::disallowed_methods, reason = "the one place that waits, so that waits are easy to find")]
    pub async fn sleep(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_day_passes_at_once_when_time_is_paused() {
        let clock = Clock::starting_at("2030-01-01T00:00:00Z".parse().unwrap());
        let before = clock.instant();
        clock.sleep(Duration::from_hours(24)).await;
        assert_eq!(clock.now().to_string(), "2030-01-02T00:00:00Z");
        assert_eq!(before.elapsed(), Duration::from_hours(24));
    }
}
