//! The pace of calls to AWS: one [`Pacer`] per account and region, shared by all that calls there.
//!
//! It mirrors AWS's token buckets and stays a little below them, so that alone in an account next to nothing is throttled.
//! Where an API has a bucket of its own for all its calls, a call needs a token of its class and one of that.
//!
//! Who waits is served by [`Priority`]. A throttled call slows its bucket down and is retried here, for as long as a person
//! would wait without a word; then the caller is told, and comes back later. A bucket whose calls find AWS broken is probed
//! one call at a time. All other errors go back to the caller at once.

mod lane;

use super::error::{AwsError, Kind};
use super::operation::{Bucket, Operation};
use crate::trace;
use lane::{Lane, Offer, Ticket};
use parking_lot::Mutex;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;
use tokio::sync::{Mutex as AsyncMutex, Notify, OwnedMutexGuard};
use tokio::time::{Instant, timeout_at};

/// How long a caller is kept waiting while AWS throttles every call of a bucket.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// Whose turn it is first. In the order of the variants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// Somebody changed something and waits for it.
    Change,
    /// A rollout in flight.
    Rollout,
    /// Settled things are looked at.
    Sweep,
    /// What is old is removed. Only while the bucket is at least half full.
    CleanUp,
}

/// A call that was made, or was given up before, for metrics.
#[derive(Clone, Copy, Debug)]
pub struct Observed {
    /// The operation.
    pub operation: &'static str,
    /// `ok`, or the reason of the error.
    pub outcome: &'static str,
    /// How long it waited for its turn.
    pub waited: Duration,
    /// How long AWS took. `None`: the call was not made, since AWS throttles all of its kind.
    pub took: Option<Duration>,
}

type Observer = Box<dyn Fn(&Observed) + Send + Sync>;

/// Paces the calls of one account and region. Clones share their state.
#[derive(Clone)]
pub struct Pacer(Arc<Shared>);

struct Shared {
    scale: f64,
    tickets: AtomicU64,
    lanes: Mutex<BTreeMap<Bucket, Lane>>,
    families: Mutex<HashMap<String, Weak<AsyncMutex<()>>>>,
    observer: Arc<OnceLock<Observer>>,
}

impl Default for Pacer {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Pacer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pacer").field("scale", &self.0.scale).finish_non_exhaustive()
    }
}

impl Pacer {
    /// A pacer for AWS's published buckets.
    pub fn new() -> Self {
        Self::scaled(1.0)
    }

    /// A pacer for an account whose quotas were changed: `scale` times the published buckets.
    pub fn scaled(scale: f64) -> Self {
        Self::observed(scale, Arc::default())
    }

    /// A pacer for another account or region, of the same scale and reporting to the same observer.
    #[must_use]
    pub fn alike(&self) -> Self {
        Self::observed(self.0.scale, Arc::clone(&self.0.observer))
    }

    fn observed(scale: f64, observer: Arc<OnceLock<Observer>>) -> Self {
        let (lanes, families) = (Mutex::default(), Mutex::default());
        Self(Arc::new(Shared { scale, tickets: AtomicU64::new(0), lanes, families, observer }))
    }

    /// Has every call reported, retries too. Only the first observer counts.
    pub fn observe(&self, observer: impl Fn(&Observed) + Send + Sync + 'static) {
        let _ = self.0.observer.set(Box::new(observer));
    }

    /// Waits for the turn to register a revision of a family: AWS refuses registrations that overlap.
    pub(super) async fn family_turn(&self, family: &str) -> OwnedMutexGuard<()> {
        let lock = {
            let mut families = self.0.families.lock();
            families.retain(|_, lock| lock.strong_count() > 0);
            let held = families.get(family).and_then(Weak::upgrade);
            held.unwrap_or_else(|| {
                let lock = Arc::new(AsyncMutex::new(()));
                families.insert(family.to_owned(), Arc::downgrade(&lock));
                lock
            })
        };
        lock.lock_owned().await
    }

    /// Makes a call when it is its turn, and again while AWS throttles it.
    ///
    /// # Errors
    /// Those of the call; [`Kind::Throttled`] once AWS has throttled the whole bucket for longer than the caller is kept.
    pub(super) async fn run<T, F, S>(&self, operation: Operation, priority: Priority, mut attempt: F) -> Result<T, AwsError>
    where
        F: FnMut() -> S,
        S: Future<Output = Result<T, AwsError>>,
    {
        let ticket = (priority, self.0.tickets.fetch_add(1, Ordering::Relaxed));
        let began = Instant::now();
        let mut refused = None;
        loop {
            let asked = Instant::now();
            let turn = self.turn(operation.bucket, ticket, began).await;
            let waited = asked.elapsed();
            let Some(turn) = turn else {
                trace::aws_tried(0, waited);
                let error = refused.unwrap_or_else(|| AwsError::throttled(operation.name, operation.is_write));
                self.report(Observed { operation: operation.name, outcome: error.reason(), waited, took: None });
                return Err(error);
            };
            trace::aws_tried(1, waited);
            let sent = Instant::now();
            let result = attempt().await;
            let error = result.as_ref().err();
            turn.done(error);
            let outcome = error.map_or("ok", AwsError::reason);
            self.report(Observed { operation: operation.name, outcome, waited, took: Some(sent.elapsed()) });
            match result {
                Err(error) if error.kind == Kind::Throttled => refused = Some(error),
                result => return result,
            }
        }
    }

    fn report(&self, observed: Observed) {
        if let Some(observer) = self.0.observer.get() {
            observer(&observed);
        }
    }

    fn with<R>(&self, bucket: Bucket, look: impl FnOnce(&mut Lane) -> R) -> R {
        let mut lanes = self.0.lanes.lock();
        look(lanes.entry(bucket).or_insert_with(|| Lane::new(bucket, self.0.scale, Instant::now())))
    }

    /// The turn of a caller who waits since `began`. `None`: it is not worth waiting for now.
    async fn turn(&self, bucket: Bucket, ticket: Ticket, began: Instant) -> Option<Turn> {
        let wake = Arc::new(Notify::new());
        self.with(bucket, |lane| lane.join(ticket, Arc::clone(&wake)));
        let mut place = Place { pacer: self, bucket, ticket, is_waiting: true };
        loop {
            let now = Instant::now();
            let offer = self.offer(bucket, ticket, &wake);
            let is_hopeless = self.with(bucket, |lane| lane.is_hopeless(began, now));
            // Woken or not: the next offer says. Who is woken by nobody looks whether there is still hope.
            let then = match offer {
                Offer::Go => {
                    place.is_waiting = false;
                    return Some(Turn { pacer: self.clone(), bucket, sent: now, is_done: false });
                }
                _ if is_hopeless => return None,
                Offer::WhenWoken => now + PATIENCE,
                Offer::At(then) => then.min(now + PATIENCE),
            };
            drop(timeout_at(then, wake.notified()).await);
        }
    }

    /// Takes a token of the class, and one of the whole API where it has such a bucket: both or none.
    ///
    /// Only the first of a class queues for what all classes share, and only while its class has a token for it: one who
    /// waits for its class must not stand in the way of others.
    fn offer(&self, bucket: Bucket, ticket: Ticket, wake: &Arc<Notify>) -> Offer {
        let now = Instant::now();
        let mut offer = self.with(bucket, |lane| lane.offer(ticket, now));
        if let Some(overall) = bucket.overall() {
            offer = self.with(overall, |lane| match offer {
                Offer::Go => {
                    lane.join(ticket, Arc::clone(wake));
                    let offer = lane.offer(ticket, now);
                    if offer == Offer::Go {
                        lane.take(ticket);
                    }
                    offer
                }
                later => {
                    lane.leave(ticket);
                    later
                }
            });
        }
        if offer == Offer::Go {
            self.with(bucket, |lane| lane.take(ticket));
        }
        offer
    }
}

/// A place in the queue, given up when the caller loses its patience.
struct Place<'a> {
    pacer: &'a Pacer,
    bucket: Bucket,
    ticket: Ticket,
    is_waiting: bool,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if self.is_waiting {
            for bucket in [Some(self.bucket), self.bucket.overall()].into_iter().flatten() {
                self.pacer.with(bucket, |lane| lane.leave(self.ticket));
            }
        }
    }
}

/// The right to make one call.
struct Turn {
    pacer: Pacer,
    bucket: Bucket,
    sent: Instant,
    is_done: bool,
}

impl Turn {
    /// What a call says about AWS counts for its class: AWS does not tell which of two buckets was empty.
    fn done(mut self, error: Option<&AwsError>) {
        self.is_done = true;
        let now = Instant::now();
        self.pacer.with(self.bucket, |lane| lane.done(self.sent, error, now));
        self.leave_overall();
    }

    fn leave_overall(&self) {
        if let Some(overall) = self.bucket.overall() {
            self.pacer.with(overall, Lane::ended);
        }
    }
}

impl Drop for Turn {
    /// A call that was given up says nothing about AWS.
    fn drop(&mut self) {
        if !self.is_done {
            self.pacer.with(self.bucket, Lane::ended);
            self.leave_overall();
        }
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_of_two_buckets;
