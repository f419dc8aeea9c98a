//! Priorities of rules that are about to be made. Pure: time is an argument.
//!
//! AWS refuses a priority twice, and passes of many objects choose theirs at the same time.

use super::views::Watcher;
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;
use tokio::time::Instant;

/// How long a priority is kept for one who never says what became of it.
const KEPT: Duration = Duration::from_mins(2);

/// Who reserved which priority, by listener.
#[derive(Debug, Default)]
pub(super) struct Reserved(HashMap<String, BTreeMap<i32, (Watcher, Instant)>>);

impl Reserved {
    /// Reserves a priority, unless another has.
    pub(super) fn reserve(&mut self, listener: &str, priority: i32, who: &Watcher, now: Instant) -> bool {
        let of_listener = self.0.entry(listener.to_owned()).or_default();
        of_listener.retain(|_, (_, since)| now < *since + KEPT);
        let is_free = of_listener.get(&priority).is_none_or(|(holder, _)| holder == who);
        if is_free {
            of_listener.insert(priority, (who.clone(), now));
        }
        is_free
    }

    pub(super) fn release(&mut self, listener: &str, priority: i32, who: &Watcher) {
        self.give_back(listener, |at, holder| at == priority && holder == who);
    }

    /// Gives back those that rules have now.
    pub(super) fn seen(&mut self, listener: &str, priorities: impl IntoIterator<Item = i32>) {
        if let Some(of_listener) = self.0.get_mut(listener) {
            for priority in priorities {
                of_listener.remove(&priority);
            }
            self.0.retain(|_, of_listener| !of_listener.is_empty());
        }
    }

    pub(super) fn unfollow(&mut self, who: &Watcher) {
        for of_listener in self.0.values_mut() {
            of_listener.retain(|_, (holder, _)| holder != who);
        }
        self.0.retain(|_, of_listener| !of_listener.is_empty());
    }

    fn give_back(&mut self, listener: &str, is_meant: impl Fn(i32, &Watcher) -> bool) {
        if let Some(of_listener) = self.0.get_mut(listener) {
            of_listener.retain(|priority, (holder, _)| !is_meant(*priority, holder));
            self.0.retain(|_, of_listener| !of_listener.is_empty());
        }
    }
}
