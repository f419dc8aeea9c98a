//! When the services of one call are due. Pure.

use crate::aws::calls::SERVICES_PER_CALL;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::Instant;

/// Services read in one go: two calls for the services, one for the `ServiceDeployments` of all.
pub(super) const AT_ONCE: usize = 2 * SERVICES_PER_CALL;

/// Names by the time at which they are due.
#[derive(Debug, Default)]
pub(super) struct Queue(BTreeSet<(Instant, String)>);

impl Queue {
    pub(super) fn insert(&mut self, due: Instant, name: &str) {
        self.0.insert((due, name.to_owned()));
    }

    pub(super) fn remove(&mut self, due: Instant, name: &str) {
        self.0.remove(&(due, name.to_owned()));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// When to take: as soon as a call is full, else when the first has waited for others.
    pub(super) fn ready_at(&self, now: Instant, window: Duration) -> Option<Instant> {
        let (first, _) = self.0.first()?;
        let is_full = self.0.iter().take_while(|(due, _)| *due <= now).take(SERVICES_PER_CALL).count() == SERVICES_PER_CALL;
        Some(if is_full { now } else { *first + window })
    }

    /// Takes what is due, and fills the last call up with what would be due within `ahead`.
    ///
    /// A place in a call that is made anyway costs nothing, and what is read together is due together again: so calls stay full.
    pub(super) fn take(&mut self, now: Instant, ahead: Duration) -> Vec<String> {
        let due = self.0.iter().take(AT_ONCE).take_while(|(due, _)| *due <= now).count();
        let places = due.div_ceil(SERVICES_PER_CALL) * SERVICES_PER_CALL;
        let mut taken = Vec::new();
        while taken.len() < places && self.0.first().is_some_and(|(due, _)| *due <= now + ahead) {
            taken.extend(self.0.pop_first().map(|(_, name)| name));
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

    fn queue(now: Instant, seconds: &[u64]) -> Queue {
        let mut queue = Queue::default();
        for (number, after) in seconds.iter().enumerate() {
            queue.insert(now + Duration::from_secs(*after), &format!("s{number}"));
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
        let now = Instant::now();
        assert_eq!(queue(now, &[0, 29, 31]).take(now, AHEAD).len(), 2);
        assert_eq!(queue(now, &[0, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5]).take(now, AHEAD).len(), 10);
        assert_eq!(queue(now, &[0; 25]).take(now, AHEAD).len(), 20);
        assert_eq!(queue(now, &[5]).take(now, AHEAD).len(), 0);
    }
}
