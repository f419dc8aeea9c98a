//! How often an object failed, and what is not tried again yet.
//!
//! Something may wake an object while it waits for its next try: its own read after a refused write does. A write that
//! failed is not repeated then, unless something about it changed. Pure but for the lock: time and jitter are arguments.

use super::Stop;
use super::next;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::time::Duration;
use tokio::time::Instant;

/// The longest time for which news of AWS do not bring the next try forward.
const DEAF: Duration = Duration::from_mins(1);

/// The failures of all objects, by UID.
#[derive(Debug, Default)]
pub struct Failures(Mutex<HashMap<String, Failure>>);

#[derive(Debug)]
struct Failure {
    /// In a row.
    count: u32,
    /// What was tried, as one number.
    attempt: u64,
    stop: Option<Stop>,
    not_before: Instant,
    is_held: bool,
}

impl Failures {
    /// Notes what is about to be tried; `attempt` is equal for equal writes that follow from an equal declaration.
    ///
    /// # Errors
    /// What it failed with the last time, if it is too early to try it again.
    pub fn attempt(&self, uid: &str, attempt: u64, now: Instant) -> Result<(), Stop> {
        let mut all = self.0.lock();
        let new = || Failure { count: 0, attempt, stop: None, not_before: now, is_held: false };
        let failure = all.entry(uid.to_owned()).or_insert_with(new);
        if let Some(stop) = failure.stop.as_ref().filter(|_| failure.attempt == attempt && now < failure.not_before) {
            failure.is_held = true;
            return Err(stop.clone());
        }
        failure.attempt = attempt;
        Ok(())
    }

    /// How long until the next try after a pass that failed. `jitter` is from 0 to 1.
    pub fn failed(&self, uid: &str, stop: &Stop, now: Instant, jitter: f64) -> Option<Duration> {
        let mut all = self.0.lock();
        let new = || Failure { count: 0, attempt: 0, stop: None, not_before: now, is_held: false };
        let failure = all.entry(uid.to_owned()).or_insert_with(new);
        if std::mem::take(&mut failure.is_held) {
            return Some(failure.not_before.saturating_duration_since(now));
        }
        // Who waited for others has not failed.
        let has_waited = matches!(failure.stop, Some(Stop::Waiting { .. }));
        failure.count = if has_waited { 1 } else { failure.count.saturating_add(1) };
        let delay = next::retry(stop, failure.count, jitter);
        failure.stop = Some(stop.clone());
        failure.not_before = now + delay.unwrap_or_default().min(DEAF);
        delay
    }

    /// Forgets the failures of an object that did not fail, or is gone.
    pub fn forget(&self, uid: &str) {
        self.0.lock().remove(uid);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stop() -> Stop {
        Stop::Kube("busy".to_owned())
    }

    #[test]
    fn what_failed_is_not_repeated_before_its_time_whoever_asks() {
        let (failures, start) = (Failures::default(), Instant::now());
        assert_eq!(failures.attempt("a", 1, start), Ok(()));
        assert_eq!(failures.failed("a", &stop(), start, 0.0), Some(Duration::from_secs(1)));
        let soon = start + Duration::from_millis(300);
        assert_eq!(failures.attempt("a", 1, soon), Err(stop()));
        assert_eq!(failures.failed("a", &stop(), soon, 0.0), Some(Duration::from_millis(700)));
        let then = start + Duration::from_secs(1);
        assert_eq!(failures.attempt("a", 1, then), Ok(()));
        assert_eq!(failures.failed("a", &stop(), then, 0.0), Some(Duration::from_secs(2)), "held passes are no failures");
    }

    #[test]
    fn waiting_for_others_does_not_lengthen_the_pause_after_a_failure() {
        let (failures, now) = (Failures::default(), Instant::now());
        for _ in 0..5 {
            failures.failed("a", &Stop::waiting("TaskDefinitionNotReady", ""), now, 0.0);
        }
        assert_eq!(failures.failed("a", &stop(), now, 0.0), Some(Duration::from_secs(1)));
        assert_eq!(failures.failed("a", &stop(), now, 0.0), Some(Duration::from_secs(2)));
    }

    #[test]
    fn something_else_is_tried_at_once() {
        let (failures, now) = (Failures::default(), Instant::now());
        failures.attempt("a", 1, now).unwrap();
        failures.failed("a", &stop(), now, 0.0);
        assert_eq!(failures.attempt("a", 2, now), Ok(()));
        assert_eq!(failures.attempt("b", 1, now), Ok(()));
    }

    #[test]
    fn news_are_acted_on_within_a_minute_however_often_it_failed() {
        let (failures, now) = (Failures::default(), Instant::now());
        failures.attempt("a", 1, now).unwrap();
        for _ in 0..12 {
            failures.failed("a", &stop(), now, 0.0);
        }
        assert_eq!(failures.attempt("a", 1, now + Duration::from_secs(59)), Err(stop()));
        assert_eq!(failures.failed("a", &stop(), now + Duration::from_secs(59), 0.0), Some(Duration::from_secs(1)));
        assert_eq!(failures.attempt("a", 1, now + Duration::from_mins(1)), Ok(()));
    }
}
