//! The brake: many deletions in a short time are more often a mistake than a wish (a folder moved in Git, a namespace deleted, a
//! sync of the wrong branch). Beyond a number of them each further one waits until somebody confirms it on the object.

use parking_lot::Mutex;
use std::collections::HashMap;
use std::time::Duration;
use tokio::time::Instant;

/// How many deletions of what serves people go through within a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// So many. 0: all of them.
    pub deletions: u16,
    /// Within so long.
    pub within: Duration,
}

impl Limit {
    /// No brake.
    pub const NONE: Self = Self { deletions: 0, within: Duration::ZERO };
}

/// Counts the deletions of one process. What was held before stays held by what stands in its status.
pub struct Brake {
    limit: Limit,
    let_through: Mutex<HashMap<String, Instant>>,
}

impl Brake {
    /// Nothing was deleted yet.
    pub fn new(limit: Limit) -> Self {
        Self { limit, let_through: Mutex::default() }
    }

    /// Whether the object of that UID may be deleted in AWS now. One that was let through before may be.
    pub fn lets(&self, uid: &str, now: Instant) -> bool {
        let Limit { deletions, within } = self.limit;
        if deletions == 0 {
            return true;
        }
        let mut all = self.let_through.lock();
        if all.contains_key(uid) {
            return true;
        }
        all.retain(|_, since| now.duration_since(*since) < within);
        let is_let = all.len() < usize::from(deletions);
        if is_let {
            all.insert(uid.to_owned(), now);
        }
        is_let
    }

    /// Why an object is held, and what releases it.
    pub fn sentence(&self) -> String {
        let Limit { deletions, within } = self.limit;
        format!(
            "more than {deletions} deletions within {} minutes: nothing more is deleted in AWS until somebody confirms it with the \
             annotation {}=true on the object; to keep what runs, set deletionPolicy to Retain",
            within.as_secs().div_ceil(60),
            crate::api::shared::annotation::CONFIRM_DELETION,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn beyond_the_limit_deletions_are_held_until_the_time_is_over() {
        let brake = Brake::new(Limit { deletions: 2, within: Duration::from_mins(10) });
        let start = Instant::now();
        assert!(brake.lets("a", start) && brake.lets("b", start));
        assert!(!brake.lets("c", start));
        assert!(brake.lets("a", start), "what was let through is not held on the way");
        let later = start + Duration::from_mins(10);
        assert!(brake.lets("c", later) && brake.lets("d", later));
        assert!(!brake.lets("e", later));
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_limit_nothing_is_held() {
        let brake = Brake::new(Limit::NONE);
        assert!((0..1000).all(|number| brake.lets(&number.to_string(), Instant::now())));
    }
}
