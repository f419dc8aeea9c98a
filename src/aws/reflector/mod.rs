//! The live side of services in memory: what a reflector of Kubernetes is for objects, this is for services of ECS.
//!
//! Services that are followed are read in batches, at a pace that follows what happens to them, and whoever owns a service
//! whose reading differs from the one before is told. Reconciles look here and never call AWS to read. Nothing is decided
//! here, and nothing is written to AWS.
//!
//! What our own writes return counts as read, and readings that were under way before a write ended are thrown away.

mod beside;
mod drive;
mod entry;
mod poll;
mod queue;
mod timing;

pub(super) use drive::drive;
pub(super) use queue::Queue;
pub(super) use timing::{MISSING_LOOKS, Spread, Timing};

use super::calls::{Ecs, SERVICES_PER_CALL};
use super::error::AwsError;
use super::model::{LiveService, ServiceDeployment, StoppedTask};
use super::pace::Priority;
use crate::domain::{ObjectKey, ServiceKey};
use entry::Entry;
use futures::Stream;
use futures::channel::mpsc::{UnboundedSender, unbounded};
use parking_lot::{Mutex, RwLock};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// Services read in one go: two calls for the services, one for the `ServiceDeployments` of all.
const AT_ONCE: usize = 2 * SERVICES_PER_CALL;

/// How closely a thing is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Nothing is expected to happen.
    Settled,
    /// A rollout or a deletion is under way. Its `ServiceDeployment` is read too.
    Rolling,
    /// Read once, at once, and the owner is told even if nothing is new. After that as before.
    Now,
}

/// What was read of a service last.
#[derive(Clone, Debug)]
pub enum Seen {
    /// Nothing yet.
    Unknown,
    /// AWS does not know it.
    Missing {
        /// How often in a row AWS said so. One time may be a lag of AWS.
        times: u32,
        /// `true` if it is the cluster that AWS does not know.
        cluster_missing: bool,
    },
    /// AWS described it. It may be draining or inactive.
    Live {
        /// The service.
        service: Arc<LiveService>,
        /// Its newest `ServiceDeployment`, once it was followed as rolling.
        deployment: Option<Arc<ServiceDeployment>>,
        /// Tasks that stopped, newest first, if some failed or were lacking.
        stopped: Arc<Vec<StoppedTask>>,
        /// When it was read, or when the write whose reply it is ended.
        read_at: Instant,
    },
}

/// How often things are read.
#[derive(Clone, Copy, Debug)]
pub struct Polling {
    /// Time between two reads of a settled service.
    pub settled: Duration,
    /// Time between two reads of a service that rolls out.
    pub rolling: Duration,
    /// Least time between two looks at the stopped tasks of a service.
    pub stopped_tasks: Duration,
    /// Time between two reads of what costs a call for each thing and is read in turn: targets, attributes, certificates.
    pub in_turn: Duration,
    /// How long the first of a batch waits for others.
    pub window: Duration,
}

impl Default for Polling {
    fn default() -> Self {
        Self {
            settled: Duration::from_mins(1),
            rolling: Duration::from_secs(5),
            stopped_tasks: Duration::from_secs(10),
            in_turn: Duration::from_secs(2),
            window: Duration::from_millis(100),
        }
    }
}

/// The services of one connection that are followed. Clones share their state.
#[derive(Clone)]
pub struct Services(Arc<Shared>);

struct Shared {
    ecs: RwLock<Ecs>,
    polling: Polling,
    state: Mutex<State>,
    woken: Notify,
}

impl Shared {
    /// The calls, at this priority.
    fn ecs(&self, priority: Priority) -> Ecs {
        self.ecs.read().at(priority)
    }
}

#[derive(Default)]
struct State {
    entries: HashMap<ServiceKey, Entry>,
    queues: BTreeMap<Lane, Queue<String>>,
    listeners: Vec<UnboundedSender<ObjectKey>>,
    spread: Spread,
}

/// Services that can be read in one call: those of a cluster; but those that spoil the call for others go alone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Lane {
    cluster: String,
    alone: Option<String>,
}

impl Services {
    /// A store that reads with these calls once [`Services::run`] runs.
    pub fn new(ecs: Ecs, polling: Polling) -> Self {
        Self(Arc::new(Shared { ecs: RwLock::new(ecs), polling, state: Mutex::default(), woken: Notify::new() }))
    }

    /// Whether both are one and the same store.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Reads with other calls from now on, of the same account and region: what was read stays.
    pub fn reconnect(&self, ecs: Ecs) {
        *self.0.ecs.write() = ecs;
    }

    /// Follows a service for its owner, or changes how closely. To be called in every reconcile; the owner is told of what is new.
    pub fn follow(&self, key: &ServiceKey, owner: &ObjectKey, pace: Pace) {
        let now = Instant::now();
        let polling = self.0.polling;
        self.0.state.lock().schedule(key, |entry| {
            let entry = entry.get_or_insert_with(|| Entry::new(owner.clone(), now));
            entry.follow(owner, pace, now, &polling);
        });
        self.0.woken.notify_one();
    }

    /// Stops following a service and forgets what was read.
    pub fn forget(&self, key: &ServiceKey) {
        self.0.state.lock().schedule(key, |entry| *entry = None);
    }

    /// Whether a service is followed.
    pub fn is_followed(&self, key: &ServiceKey) -> bool {
        self.0.state.lock().entries.contains_key(key)
    }

    /// What was read of a service last.
    pub fn get(&self, key: &ServiceKey) -> Seen {
        self.0.state.lock().entries.get(key).map_or(Seen::Unknown, Entry::shown)
    }

    /// Why the last read of a service failed, until one succeeds.
    pub fn last_error(&self, key: &ServiceKey) -> Option<AwsError> {
        self.0.state.lock().entries.get(key).and_then(|entry| entry.timing.error.clone())
    }

    /// Why what is shown beside a service (its `ServiceDeployment`, its stopped tasks) could not be read, until it can.
    pub fn last_error_beside(&self, key: &ServiceKey) -> Option<AwsError> {
        let state = self.0.state.lock();
        state.entries.get(key).and_then(|entry| entry.failed_beside.values().next().map(|(error, _)| error.clone()))
    }

    /// Takes the reply of our own write for what is read. Readings that began before are thrown away.
    pub fn wrote(&self, key: &ServiceKey, reply: LiveService) {
        let (now, polling) = (Instant::now(), self.0.polling);
        self.0.state.lock().schedule(key, |entry| {
            if let Some(entry) = entry {
                entry.wrote(reply, now, &polling);
            }
        });
    }

    /// Takes the tags that we just set for what is read.
    pub fn retagged(&self, key: &ServiceKey, tags: BTreeMap<String, String>) {
        let now = Instant::now();
        self.0.state.lock().schedule(key, |entry| {
            if let Some(entry) = entry {
                entry.retagged(tags, now);
            }
        });
    }

    /// Notes a write whose reply says nothing, or that may have happened: what was read before no longer counts as new, and
    /// the service is read at once.
    pub fn touched(&self, key: &ServiceKey) {
        let now = Instant::now();
        self.0.state.lock().schedule(key, |entry| {
            if let Some(entry) = entry {
                entry.timing.touched(now);
            }
        });
        self.0.woken.notify_one();
    }

    /// Notes a write that may have happened: until a read has told, nothing is shown but why it is not known.
    pub fn unsure(&self, key: &ServiceKey, error: &AwsError) {
        let now = Instant::now();
        self.0.state.lock().schedule(key, |entry| {
            if let Some(entry) = entry {
                entry.unsure(error.clone(), now);
            }
        });
        self.0.woken.notify_one();
    }

    /// Has this `ServiceDeployment` read while the service rolls, instead of the one that the service names as its current one.
    pub fn follow_deployment(&self, key: &ServiceKey, arn: Option<&str>) {
        if let Some(entry) = self.0.state.lock().entries.get_mut(key) {
            entry.deployment_arn = arn.map(str::to_owned);
        }
    }

    /// How long ago AWS last answered for the service that it has not answered for longest. `None`: none is followed.
    pub fn age(&self) -> Option<Duration> {
        let now = Instant::now();
        self.0.state.lock().entries.values().map(|entry| entry.timing.age(now)).max()
    }

    /// The owners of services of which something new was read, or which could not be read. One that lags behind loses nothing.
    pub fn changes(&self) -> impl Stream<Item = ObjectKey> + Send + 'static + use<> {
        let (sender, receiver) = unbounded();
        self.0.state.lock().listeners.push(sender);
        receiver
    }
}

impl State {
    /// Changes an entry and keeps the queues in step with it.
    fn schedule<R>(&mut self, key: &ServiceKey, change: impl FnOnce(&mut Option<Entry>) -> R) -> R {
        let mut entry = self.entries.remove(key);
        if let Some(entry) = &entry
            && let Some(queue) = self.queues.get_mut(&entry.lane(key))
        {
            queue.remove(entry.timing.due, &key.name);
        }
        let result = change(&mut entry);
        if let Some(entry) = entry {
            if !entry.timing.is_reading {
                let queue = self.queues.entry(entry.lane(key)).or_insert_with(|| Queue::new(SERVICES_PER_CALL, AT_ONCE));
                queue.insert(entry.timing.due, key.name.clone());
            }
            self.entries.insert(key.clone(), entry);
        }
        self.queues.retain(|_, queue| !queue.is_empty());
        result
    }

    fn tell(&mut self, owner: &ObjectKey) {
        self.listeners.retain(|listener| listener.unbounded_send(owner.clone()).is_ok());
    }
}

#[cfg(test)]
mod tests;
