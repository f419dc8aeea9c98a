//! Simulated time: tokio's clock, stretched and moved.
//!
//! Tokio's clock is real unless a test pauses it, so the same arithmetic serves both.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

/// The clock of one simulator.
#[derive(Debug)]
pub(crate) struct Clock {
    start: Timestamp,
    origin: Instant,
    speed: f64,
    advanced: Duration,
}

impl Clock {
    pub(crate) fn new(start: Timestamp, speed: f64) -> Self {
        Self { start, origin: Instant::now(), speed, advanced: Duration::ZERO }
    }

    /// The present, in whole milliseconds: what the wire can carry.
    pub(crate) fn now(&self) -> Timestamp {
        let elapsed = self.origin.elapsed().mul_f64(self.speed) + self.advanced;
        let now = self.start.saturating_add(elapsed).unwrap_or(Timestamp::MAX);
        Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
    }

    pub(crate) fn advance(&mut self, by: Duration) {
        self.advanced += by;
    }
}

/// `after` later than `from`, never past the end of time.
pub(crate) fn later(from: Timestamp, after: Duration) -> Timestamp {
    from.saturating_add(after).unwrap_or(Timestamp::MAX)
}

/// How long ago `past` was; zero when it lies ahead.
pub(crate) fn since(past: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(past)).unwrap_or_default()
}
