//! The objects of one kind that were woken and wait for their pass. kube's queue does not show itself, so it is kept here what goes
//! in and what comes out. An object that is looked at again because its time has come was never woken, and is not here.

use crate::domain::ObjectKey;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// What woke an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// It was made or changed, or the operator has just started.
    Object,
    /// Another object that it has to do with changed.
    Related,
    /// Something new was read in AWS.
    Aws,
    /// Nothing: it is time to look again.
    Time,
}

impl Cause {
    /// The word for traces.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Object => "object",
            Self::Related => "related",
            Self::Aws => "aws",
            Self::Time => "time",
        }
    }
}

/// Who waits, since when, and for what. Clones share their state.
#[derive(Clone, Debug, Default)]
pub struct Waiting(Arc<Mutex<HashMap<ObjectKey, (Cause, Instant)>>>);

impl Waiting {
    /// An object was woken. One that waits already waits on.
    pub fn woken(&self, object: ObjectKey, by: Cause, now: Instant) {
        self.0.lock().entry(object).or_insert((by, now));
    }

    /// Its pass begins, or there is none since it is gone. What woke it first, and how long it waited since.
    pub fn begins(&self, object: &ObjectKey, now: Instant) -> (Cause, Duration) {
        let woken = self.0.lock().remove(object);
        woken.map_or((Cause::Time, Duration::ZERO), |(by, since)| (by, now.saturating_duration_since(since)))
    }

    /// How many wait, and how long the one that has waited longest.
    pub fn all(&self, now: Instant) -> (usize, Duration) {
        let waiting = self.0.lock();
        let first = waiting.values().map(|(_, since)| *since).min();
        (waiting.len(), first.map_or(Duration::ZERO, |since| now.saturating_duration_since(since)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> ObjectKey {
        ObjectKey { namespace: "shop".to_owned(), name: name.to_owned() }
    }

    #[test]
    fn an_object_waits_from_the_first_that_woke_it_until_its_pass() {
        let (waiting, start) = (Waiting::default(), Instant::now());
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        waiting.woken(named("web"), Cause::Aws, at(0));
        waiting.woken(named("web"), Cause::Object, at(2));
        waiting.woken(named("api"), Cause::Object, at(3));
        assert_eq!(waiting.all(at(5)), (2, Duration::from_secs(5)));
        assert_eq!(waiting.begins(&named("web"), at(6)), (Cause::Aws, Duration::from_secs(6)));
        assert_eq!(waiting.all(at(7)), (1, Duration::from_secs(4)));
        assert_eq!(waiting.begins(&named("api"), at(7)), (Cause::Object, Duration::from_secs(4)));
        assert_eq!(waiting.all(at(9)), (0, Duration::ZERO));
    }

    #[test]
    fn a_pass_that_nothing_woke_is_one_whose_time_has_come() {
        assert_eq!(Waiting::default().begins(&named("web"), Instant::now()), (Cause::Time, Duration::ZERO));
    }
}
