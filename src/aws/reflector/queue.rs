//! When the things of one call are due. Pure.

use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::Instant;

/// Things by the time at which they are due.
#[derive(Debug)]
pub(in crate::aws) struct Queue<K> {
    due: BTreeSet<(Instant, K)>,
    per_call: usize,
    at_once: usize,
}

impl<K: Ord + Clone> Queue<K> {
    /// A queue of things of which a call takes so many, and of which so many are taken at once.
    pub(in crate::aws) const fn new(per_call: usize, at_once: usize) -> Self {
        Self { due: BTreeSet::new(), per_call, at_once }
    }

    pub(in crate::aws) fn insert(&mut self, due: Instant, key: K) {
        self.due.insert((due, key));
    }

    pub(in crate::aws) fn remove(&mut self, due: Instant, key: &K) {
        self.due.remove(&(due, key.clone()));
    }

    pub(in crate::aws) fn is_empty(&self) -> bool {
        self.due.is_empty()
    }

    /// When to take: as soon as a call is full, else when the first has waited for others.
    pub(in crate::aws) fn ready_at(&self, now: Instant, window: Duration) -> Option<Instant> {
        let (first, _) = self.due.first()?;
        let is_full = self.due.iter().take_while(|(due, _)| *due <= now).take(self.per_call).count() == self.per_call;
        Some(if is_full { now } else { *first + window })
    }

    /// Takes what is due, in full calls. What would not fill one waits for others until its `window` is over; then the call is
    /// filled up with what would be due within `ahead`.
    ///
    /// A place in a call that is made anyway costs nothing, and what is read together is due together again: so calls stay full.
    pub(in crate::aws) fn take(&mut self, now: Instant, window: Duration, ahead: Duration) -> Vec<K> {
        let due = self.due.iter().take(self.at_once).take_while(|(due, _)| *due <= now).count();
        let full = due - due % self.per_call;
        let is_over = self.due.iter().take(due).nth(full).is_some_and(|(due, _)| *due + window <= now);
        let places = if is_over { full + self.per_call } else { full };
        let mut taken = Vec::new();
        while taken.len() < places && self.due.first().is_some_and(|(due, _)| *due <= now + ahead) {
            taken.extend(self.due.pop_first().map(|(_, key)| key));
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::Queue;
    use std::time::Duration;
    use tokio::time::Instant;

    const WINDOW: Duration = Duration::from_millis(100);
    const AHEAD: Duration = Duration::from_secs(30);

    fn queue(now: Instant, seconds: &[u64]) -> Queue<String> {
        let mut queue = Queue::new(10, 20);
        for (number, after) in seconds.iter().enumerate() {
            queue.insert(now + Duration::from_secs(*after), format!("s{number}"));
        }
        queue
    }

    #[test]
    fn the_first_waits_for_others_and_a_full_call_does_not() {
        let now = Instant::now();
        assert_eq!(queue(now, &[0; 3]).ready_at(now, WINDOW), Some(now + WINDOW));
        assert_eq!(queue(now, &[0; 10]).ready_at(now, WINDOW), Some(now));
        assert_eq!(queue(now, &[]).ready_at(now, WINDOW), None);
    }

    #[test]
    fn a_call_is_filled_up_with_what_is_due_soon() {
        let start = Instant::now();
        let now = start + WINDOW;
        assert_eq!(queue(start, &[0, 29, 31]).take(now, WINDOW, AHEAD).len(), 2);
        assert_eq!(queue(start, &[0, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5]).take(now, WINDOW, AHEAD).len(), 10);
        assert_eq!(queue(start, &[0; 25]).take(now, WINDOW, AHEAD).len(), 20);
        assert_eq!(queue(start, &[5]).take(now, WINDOW, AHEAD).len(), 0);
    }

    #[test]
    fn what_would_not_fill_a_call_waits_until_its_window_is_over() {
        let now = Instant::now();
        let mut queue = queue(now, &[0; 13]);
        assert_eq!(queue.take(now, WINDOW, AHEAD).len(), 10);
        assert_eq!(queue.ready_at(now, WINDOW), Some(now + WINDOW));
        assert_eq!(queue.take(now + WINDOW, WINDOW, AHEAD).len(), 3);
    }
}
