//! What will happen, in order.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::services::ServiceKey;

/// Something that ECS does by itself.
#[derive(Debug, Clone)]
pub(crate) enum Event {
    /// A task goes to its next stage.
    Task(String),
    /// A task that ended by itself leaves its target groups.
    Deregister(String),
    /// The service scheduler looks at a service.
    Service(ServiceKey),
    /// A stopped task is no longer visible.
    ForgetTask(String),
    /// An INACTIVE service, of this incarnation, is no longer visible.
    ForgetService(ServiceKey, Timestamp),
}

/// Events by time; those of one moment in the order in which they were entered.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    entered: u64,
    events: BTreeMap<(Timestamp, u64), Event>,
}

impl Agenda {
    pub(crate) fn enter(&mut self, at: Timestamp, event: Event) {
        self.entered += 1;
        self.events.insert((at, self.entered), event);
    }

    /// When the first event is due.
    pub(crate) fn next_at(&self) -> Option<Timestamp> {
        self.events.first_key_value().map(|((at, _), _)| *at)
    }

    /// Takes out the first event that is due.
    pub(crate) fn due(&mut self, now: Timestamp) -> Option<(Timestamp, Event)> {
        let first = self.events.first_entry().filter(|entry| entry.key().0 <= now)?;
        let ((at, _), event) = first.remove_entry();
        Some((at, event))
    }
}
