//! When a thing that is followed is read, and what failures and our own writes do to that. Pure: time is an argument.

use super::{Pace, Polling};
use crate::aws::error::AwsError;
use std::time::Duration;
use tokio::time::Instant;

/// How often a missing thing is looked for at the pace of a rollout.
pub(in crate::aws) const MISSING_LOOKS: u32 = 3;
/// The longest pause after failures.
const LONGEST_BACKOFF: Duration = Duration::from_mins(5);

/// When one thing is read.
#[derive(Debug)]
pub(in crate::aws) struct Timing {
    pub(in crate::aws) due: Instant,
    pub(in crate::aws) is_reading: bool,
    pub(in crate::aws) is_rolling: bool,
    /// Since when somebody waits for a read, whatever it says.
    pub(in crate::aws) awaited: Option<Instant>,
    /// Read by itself, because it makes reads fail for others.
    pub(in crate::aws) is_alone: bool,
    /// Why the last read failed.
    pub(in crate::aws) error: Option<AwsError>,
    /// When AWS last answered for it; at first, since when it is followed.
    answered: Instant,
    failures: u32,
    written: Option<Instant>,
}

impl Timing {
    pub(in crate::aws) const fn new(now: Instant) -> Self {
        Self {
            due: now,
            is_reading: false,
            is_rolling: false,
            awaited: None,
            is_alone: false,
            error: None,
            answered: now,
            failures: 0,
            written: None,
        }
    }

    pub(in crate::aws) fn follow(&mut self, pace: Pace, now: Instant, polling: &Polling) {
        match pace {
            Pace::Settled => self.is_rolling = false,
            // Failures keep their pause.
            Pace::Rolling if self.failures == 0 => {
                self.is_rolling = true;
                self.due = self.due.min(now + polling.rolling);
            }
            Pace::Rolling => self.is_rolling = true,
            Pace::Now => {
                self.awaited = Some(now);
                self.due = now;
            }
        }
    }

    /// Our own write ended: what was under way before is not believed.
    pub(in crate::aws) const fn wrote(&mut self, now: Instant) {
        self.written = Some(now);
    }

    /// Our own write ended, and its reply is the newest that there is: the next look has time.
    pub(in crate::aws) fn replied(&mut self, now: Instant, polling: &Polling) {
        self.written = Some(now);
        if self.awaited.is_none() {
            self.due = self.due.max(now + polling.rolling);
        }
    }

    /// Our own write ended, and nobody knows how: it is to be read at once.
    pub(in crate::aws) const fn touched(&mut self, now: Instant) {
        self.written = Some(now);
        self.awaited = Some(now);
        self.due = now;
    }

    /// Whether we wrote less than this ago: AWS may lag behind.
    pub(in crate::aws) fn is_written_within(&self, lag: Duration, now: Instant) -> bool {
        self.written.is_some_and(|at| now < at + lag)
    }

    /// A read that began at `started` has ended. Whether it is older than our own last write, and so read again.
    pub(in crate::aws) fn is_outdated(&mut self, started: Instant, now: Instant, polling: &Polling) -> bool {
        self.is_reading = false;
        let is_outdated = self.written.is_some_and(|written| started <= written);
        if is_outdated {
            self.due = now + polling.window;
        }
        is_outdated
    }

    /// Notes a failure, and says whether it is another than before.
    pub(in crate::aws) fn failed(&mut self, error: AwsError, now: Instant) -> bool {
        self.failures = self.failures.saturating_add(1);
        self.due = now + Duration::from_secs(1 << self.failures.min(10)).min(LONGEST_BACKOFF);
        let is_new = self.error.as_ref().is_none_or(|old| (old.kind, &old.code) != (error.kind, &error.code));
        self.error = Some(error);
        is_new
    }

    /// Notes that it could be read, although what it said is not believed yet.
    pub(in crate::aws) const fn reads_again(&mut self) {
        self.failures = 0;
    }

    /// Notes that it could be read, and says whether that is new.
    pub(in crate::aws) fn succeeded(&mut self) -> bool {
        self.failures = 0;
        self.error.take().is_some()
    }

    /// Says when to read next, and whether somebody waited for the read that began at `started`.
    pub(in crate::aws) fn read(&mut self, started: Instant, now: Instant, is_moving: bool, polling: &Polling) -> bool {
        if self.failures == 0 {
            self.answered = now;
            self.due = now + if self.is_rolling || is_moving { polling.rolling } else { polling.settled };
        }
        let is_answer = self.awaited.take_if(|since| *since <= started).is_some();
        if self.awaited.is_some() {
            self.due = now;
        }
        is_answer
    }

    /// How long ago AWS last answered for it.
    pub(in crate::aws) fn age(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.answered)
    }

    /// Whether a failure keeps it from being read.
    pub(in crate::aws) const fn is_failing(&self) -> bool {
        self.failures > 0
    }
}

/// When things that were read for the first time together are read again. Steps of the golden ratio put them evenly over
/// the time between two reads.
#[derive(Debug, Default)]
pub(in crate::aws) struct Spread(u32);

impl Spread {
    pub(in crate::aws) fn next(&mut self, between: Duration) -> Duration {
        self.0 = self.0.wrapping_add(1);
        between.mul_f64((f64::from(self.0) * 0.618_034).fract())
    }
}
