//! One token bucket and those who wait for it. Pure but for the wake-ups: time is an argument.

use super::{PATIENCE, Priority};
use crate::aws::error::{AwsError, Kind};
use crate::aws::operation::Bucket;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// Our rate, as a part of AWS's. At exactly AWS's, calls that take unequally long to arrive would be throttled now and then.
const RATE: f64 = 0.99;
/// How unequally long calls take to arrive, in seconds. The tokens of that time are never spent.
const JITTER: f64 = 0.05;
/// The least of the full rate that throttling leaves.
const FLOOR: f64 = 1.0 / 8.0;
/// How much of the full rate comes back each second after throttling.
const RECOVERY: f64 = 0.02;
/// Calls under way at a time. More would only mean more failures before the first is known.
const IN_FLIGHT: usize = 8;
/// Failures of AWS in a row from which on it counts as down.
const DOWN: u32 = 5;
/// The longest pause between probes while AWS is down.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// A place in the queue: served by priority, then in order of arrival.
pub(super) type Ticket = (Priority, u64);

/// Whether it is someone's turn.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Offer {
    Go,
    At(Instant),
    WhenWoken,
}

pub(super) struct Lane {
    burst: f64,
    full_rate: f64,
    rate: f64,
    tokens: f64,
    counted: Instant,
    not_before: Instant,
    slowed: Instant,
    /// How many calls were throttled in a row, and since when.
    throttled: Option<(u32, Instant)>,
    failures: u32,
    in_flight: usize,
    queue: BTreeMap<Ticket, Arc<Notify>>,
}

impl Lane {
    pub(super) fn new(bucket: Bucket, scale: f64, now: Instant) -> Self {
        let (burst, rate) = bucket.size();
        let burst = (burst - (rate * JITTER).max(0.25)) * scale;
        let full_rate = rate * RATE * scale;
        Self {
            burst,
            full_rate,
            rate: full_rate,
            tokens: burst,
            counted: now,
            not_before: now,
            slowed: now,
            throttled: None,
            failures: 0,
            in_flight: 0,
            queue: BTreeMap::new(),
        }
    }

    pub(super) fn join(&mut self, ticket: Ticket, wake: Arc<Notify>) {
        self.queue.insert(ticket, wake);
    }

    pub(super) fn leave(&mut self, ticket: Ticket) {
        if self.queue.remove(&ticket).is_some() {
            self.wake_first();
        }
    }

    /// Whether it is the turn of this ticket.
    pub(super) fn offer(&mut self, ticket: Ticket, now: Instant) -> Offer {
        self.refill(now);
        let is_first = self.queue.first_key_value().is_some_and(|(first, _)| *first == ticket);
        let room = if self.failures >= DOWN { 1 } else { IN_FLIGHT };
        if !is_first || self.in_flight >= room {
            return Offer::WhenWoken;
        }
        if now < self.not_before {
            return Offer::At(self.not_before);
        }
        // A call needs a whole token, and less urgent ones leave some for those that may come.
        let short = 1.0 + self.kept_from(ticket.0) - self.tokens;
        if short > 1e-9 {
            return Offer::At(now + Duration::from_secs_f64(short / self.rate));
        }
        Offer::Go
    }

    /// Takes the token that was offered.
    pub(super) fn take(&mut self, ticket: Ticket) {
        self.tokens -= 1.0;
        self.in_flight += 1;
        self.queue.remove(&ticket);
        self.wake_first();
    }

    /// Whether AWS throttles every call for so long that one who waits since `began` is better told so.
    pub(super) fn is_hopeless(&self, began: Instant, now: Instant) -> bool {
        self.throttled.is_some_and(|(times, since)| times > 1 && now >= since.max(began) + PATIENCE)
    }

    /// What a call says about AWS.
    pub(super) fn done(&mut self, sent: Instant, error: Option<&AwsError>, now: Instant) {
        self.refill(now);
        self.in_flight -= 1;
        let is_throttled = error.is_some_and(|e| e.kind == Kind::Throttled);
        let (times, since) = self.throttled.unwrap_or((0, now));
        self.throttled = is_throttled.then_some((times.saturating_add(1), since));
        match error.map(|e| e.kind) {
            Some(Kind::Throttled) => self.slow_down(sent, now),
            Some(Kind::Unavailable | Kind::Unknown) => {
                self.failures = self.failures.saturating_add(1);
                if self.failures >= DOWN {
                    let pause = Duration::from_secs(1 << (self.failures - DOWN).min(8));
                    self.not_before = self.not_before.max(now + pause.min(LONGEST_PAUSE));
                }
            }
            _ => self.failures = 0,
        }
        if let Some(wait) = error.and_then(|e| e.retry_after) {
            self.not_before = self.not_before.max(now + wait);
        }
        self.wake_first();
    }

    /// A call has ended that says nothing about AWS here.
    pub(super) fn ended(&mut self) {
        self.in_flight -= 1;
        self.wake_first();
    }

    /// AWS's bucket is empty, whatever ours says. Calls that were under way when the rate was halved do not halve it again.
    fn slow_down(&mut self, sent: Instant, now: Instant) {
        self.tokens = self.tokens.min(0.0);
        if sent >= self.slowed {
            self.rate = (self.rate / 2.0).max(self.full_rate * FLOOR);
            self.slowed = now;
        }
    }

    fn refill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.counted).as_secs_f64();
        self.counted = now;
        self.rate = (self.rate + self.full_rate * RECOVERY * passed).min(self.full_rate);
        self.tokens = (self.tokens + self.rate * passed).min(self.burst);
    }

    fn kept_from(&self, priority: Priority) -> f64 {
        match priority {
            Priority::Change | Priority::Rollout => 0.0,
            Priority::Sweep => self.burst * 0.1,
            Priority::CleanUp => self.burst * 0.5,
        }
    }

    fn wake_first(&self) {
        if let Some((_, first)) = self.queue.first_key_value() {
            first.notify_one();
        }
    }
}
