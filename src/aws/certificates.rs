//! The certificates of an account in memory, for listeners that look for theirs. They are read in one go, while somebody
//! asks for them, and seldom: a certificate that is new is found within some minutes.

use super::acm::{Acm, Certificate};
use super::elb::Watcher;
use super::error::AwsError;
use super::reflector::Polling;
use crate::trace;
use futures::Stream;
use futures::channel::mpsc::{UnboundedSender, unbounded};
use parking_lot::{Mutex, RwLock};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;
use tracing::Instrument;

/// Time between two reads, in times between two reads of a thing that is settled.
pub const SELDOM: u32 = 5;
/// How long the loop sleeps when nobody asks.
const IDLE: Duration = Duration::from_hours(1);

/// What was read of them.
pub type Read = Result<Arc<Vec<Certificate>>, AwsError>;

/// The certificates of one connection. Clones share their state.
#[derive(Clone)]
pub struct Certificates(Arc<Shared>);

struct Shared {
    acm: RwLock<Acm>,
    every: Duration,
    state: Mutex<State>,
    woken: Notify,
}

#[derive(Default)]
struct State {
    asking: BTreeSet<Watcher>,
    read: Option<Read>,
    due: Option<Instant>,
    /// When AWS last answered; before that, since when somebody asks.
    answered: Option<Instant>,
    watchers: Vec<UnboundedSender<Watcher>>,
}

impl Certificates {
    /// A store that reads with these calls once [`Certificates::run`] runs.
    pub fn new(acm: Acm, polling: Polling) -> Self {
        let every = polling.settled * SELDOM;
        Self(Arc::new(Shared { acm: RwLock::new(acm), every, state: Mutex::default(), woken: Notify::new() }))
    }

    /// Reads with other calls from now on, of the same account and region: what was read stays.
    pub fn reconnect(&self, acm: Acm) {
        *self.0.acm.write() = acm;
    }

    /// What was read last, and a wish to be told when that is other. `None`: nothing yet.
    pub fn follow(&self, who: &Watcher) -> Option<Read> {
        let mut state = self.0.state.lock();
        if state.asking.is_empty() {
            state.answered = Some(Instant::now());
        }
        if state.asking.insert(who.clone()) {
            self.0.woken.notify_one();
        }
        state.read.clone()
    }

    /// An object asks no more.
    pub fn unfollow(&self, who: &Watcher) {
        self.0.state.lock().asking.remove(who);
    }

    /// How long ago AWS last answered. `None`: nobody asks.
    pub fn age(&self) -> Option<Duration> {
        let state = self.0.state.lock();
        let answered = state.answered.filter(|_| !state.asking.is_empty())?;
        Some(Instant::now().saturating_duration_since(answered))
    }

    /// Those who ask, whenever something other was read.
    pub fn changes(&self) -> impl Stream<Item = Watcher> + Send + 'static + use<> {
        let (sender, receiver) = unbounded();
        self.0.state.lock().watchers.push(sender);
        receiver
    }

    /// Reads what is due, for ever.
    pub async fn run(&self) {
        loop {
            let due = self.due();
            if due.is_some_and(|at| at <= Instant::now()) {
                let acm = self.0.acm.read().clone();
                let read = acm.certificates().instrument(trace::sweep("certificates")).await.map(Arc::new);
                self.take(read);
                continue;
            }
            let until = due.unwrap_or_else(|| Instant::now() + IDLE);
            // Whether it was woken or its time has come: what is due is looked at again.
            let _ = tokio::time::timeout_at(until, self.0.woken.notified()).await;
        }
    }

    fn due(&self) -> Option<Instant> {
        let state = self.0.state.lock();
        (!state.asking.is_empty()).then(|| state.due.unwrap_or_else(Instant::now))
    }

    /// What was read once is kept where a later read fails for a while.
    fn take(&self, read: Read) {
        let mut state = self.0.state.lock();
        state.due = Some(Instant::now() + self.0.every);
        if read.is_ok() {
            state.answered = Some(Instant::now());
        }
        let is_passing = matches!((&read, &state.read), (Err(error), Some(Ok(_))) if error.is_transient());
        if is_passing || state.read.as_ref() == Some(&read) {
            return;
        }
        state.read = Some(read);
        let asking: Vec<Watcher> = state.asking.iter().cloned().collect();
        for who in asking {
            state.watchers.retain(|to| to.unbounded_send(who.clone()).is_ok());
        }
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "the tests' time is paused")]
mod tests {
    use super::*;
    use crate::aws::Kind;
    use crate::aws::testing::{Fake, error, pass};
    use crate::domain::ObjectKey;
    use futures::StreamExt;
    use serde_json::json;

    fn who() -> Watcher {
        Watcher { kind: "EcsLoadBalancer", object: ObjectKey { namespace: "edge".to_owned(), name: "shared".to_owned() } }
    }

    #[tokio::test(start_paused = true)]
    async fn they_are_read_while_somebody_asks_and_whoever_asks_is_told() {
        let fake = Fake::new(|_, _| {
            let one = json!({"CertificateArn": "a", "DomainName": "a.example.com"});
            (200, json!({"CertificateSummaryList": [one]}))
        });
        let store = Certificates::new(fake.connection().acm, Polling::default());
        let running = store.clone();
        let _task = tokio::spawn(async move { running.run().await });
        pass(Duration::from_mins(10)).await;
        assert_eq!(fake.count("ListCertificates"), 0, "nobody asks");
        let mut changes = Box::pin(store.changes());
        assert_eq!(store.follow(&who()), None);
        assert_eq!(changes.next().await, Some(who()));
        assert_eq!(store.follow(&who()).unwrap().unwrap()[0].arn, "a");
        pass(Duration::from_mins(16)).await;
        assert_eq!(fake.count("ListCertificates"), 4, "every five minutes");
        store.unfollow(&who());
        pass(Duration::from_hours(1)).await;
        assert!(fake.count("ListCertificates") <= 5, "nobody asks any more");
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_is_told() {
        let fake = Fake::new(|_, _| error("AccessDeniedException", "not authorized to perform: acm:ListCertificates"));
        let store = Certificates::new(fake.connection().acm, Polling::default());
        let mut changes = Box::pin(store.changes());
        store.follow(&who());
        let running = store.clone();
        let _task = tokio::spawn(async move { running.run().await });
        assert_eq!(changes.next().await, Some(who()));
        assert_eq!(store.follow(&who()).unwrap().unwrap_err().kind, Kind::Denied);
    }
}
