//! Things that are followed: who follows them, what was read, and when to read again.

use super::views::{ListenerView, LoadBalancerKey, LoadBalancerView, Sight, TargetGroupKey, TargetGroupView, Watcher};
use crate::aws::elb::calls::PER_CALL;
use crate::aws::error::AwsError;
use crate::aws::pace::Priority;
use crate::aws::reflector::{MISSING_LOOKS, Pace, Polling, Queue, Timing};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How long after our own write AWS may still show what we deleted, or not know what we made.
pub(super) const WRITE_LAG: Duration = Duration::from_secs(15);

/// Names a thing that is followed.
pub(super) trait Key: Clone + Ord + Hash {
    type View: PartialEq;

    /// Things with the same are read together.
    fn together(&self) -> &'static str;
}

/// ARN of a listener.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ListenerKey(pub(super) String);

impl Key for ListenerKey {
    type View = ListenerView;

    fn together(&self) -> &'static str {
        "by ARN"
    }
}

impl Key for TargetGroupKey {
    type View = TargetGroupView;

    fn together(&self) -> &'static str {
        match self {
            Self::Arn(_) => "by ARN",
            Self::Name(_) => "by name",
        }
    }
}

impl Key for LoadBalancerKey {
    type View = LoadBalancerView;

    fn together(&self) -> &'static str {
        match self {
            Self::Arn(_) => "by ARN",
            Self::Name(_) => "by name",
            Self::Tags(_) => "by tags",
        }
    }
}

/// What one read says about one thing.
#[derive(Debug, PartialEq)]
pub(super) enum Reading<V> {
    Found(V),
    Several(Vec<String>),
    Missing,
    Failed(AwsError),
}

impl<V> Reading<V> {
    pub(super) fn map<W>(self, found: impl FnOnce(V) -> Reading<W>) -> Reading<W> {
        match self {
            Self::Found(value) => found(value),
            Self::Several(arns) => Reading::Several(arns),
            Self::Missing => Reading::Missing,
            Self::Failed(error) => Reading::Failed(error),
        }
    }
}

/// Things that are read together.
pub(super) struct Batch<K> {
    pub(super) keys: Vec<K>,
    pub(super) priority: Priority,
    /// Those of them that are followed as rolling, or whose reading is waited for.
    pub(super) rolling: BTreeSet<K>,
}

/// One thing that is followed.
struct Entry<V> {
    /// Who follows it, and whether as rolling.
    watchers: BTreeMap<Watcher, bool>,
    /// Who waits for a read, whatever it says.
    asking: BTreeSet<Watcher>,
    sight: Sight<V>,
    timing: Timing,
}

/// Things of one kind that are followed.
pub(super) struct Shelf<K: Key> {
    entries: HashMap<K, Entry<K::View>>,
    queues: BTreeMap<Lane<K>, Queue<K>>,
}

/// Things that can be read in one call; but those that spoil the call for others go alone.
type Lane<K> = (&'static str, Option<K>);

impl<K: Key> Default for Shelf<K> {
    fn default() -> Self {
        Self { entries: HashMap::new(), queues: BTreeMap::new() }
    }
}

impl<V: PartialEq> Entry<V> {
    fn new(now: Instant) -> Self {
        let (watchers, asking) = (BTreeMap::new(), BTreeSet::new());
        Self { watchers, asking, sight: Sight::Unknown, timing: Timing::new(now) }
    }

    fn follow(&mut self, who: &Watcher, pace: Pace, now: Instant, polling: &Polling) {
        match pace {
            Pace::Settled | Pace::Rolling => drop(self.watchers.insert(who.clone(), pace == Pace::Rolling)),
            Pace::Now => {
                self.watchers.entry(who.clone()).or_insert(false);
                self.asking.insert(who.clone());
            }
        }
        // One that is settled does not slow down another for which it moves.
        let is_moving_for_another = pace == Pace::Settled && self.watchers.values().any(|rolling| *rolling);
        if !is_moving_for_another {
            self.timing.follow(pace, now, polling);
        }
    }

    fn absorb(&mut self, reading: Reading<V>, started: Instant, now: Instant, polling: &Polling) -> Vec<Watcher> {
        if self.timing.is_outdated(started, now, polling) {
            return Vec::new();
        }
        let is_lagging = self.timing.is_written_within(WRITE_LAG, now);
        let is_new = match reading {
            Reading::Failed(error) => self.timing.failed(error, now),
            Reading::Found(_) if is_lagging && matches!(self.sight, Sight::Missing { .. }) => self.timing.succeeded(),
            Reading::Missing if is_lagging && matches!(self.sight, Sight::Live { .. }) => self.timing.succeeded(),
            Reading::Found(value) => self.show(value, now) | self.timing.succeeded(),
            Reading::Missing => self.missing() | self.timing.succeeded(),
            Reading::Several(arns) => {
                let is_new = !matches!(&self.sight, Sight::Several { arns: old } if *old == arns);
                self.sight = Sight::Several { arns };
                self.timing.succeeded() || is_new
            }
        };
        let is_settling = matches!(self.sight, Sight::Missing { times } if times < MISSING_LOOKS);
        let is_answer = self.timing.read(started, now, is_settling, polling);
        let asking = if is_answer { std::mem::take(&mut self.asking) } else { BTreeSet::new() };
        if is_new { self.watchers.keys().cloned().collect() } else { asking.into_iter().collect() }
    }

    /// Shows a value, and says whether it is new.
    fn show(&mut self, value: V, now: Instant) -> bool {
        let held = self.sight.live().filter(|held| ***held == value).map(Arc::clone);
        let is_new = held.is_none();
        self.sight = Sight::Live { value: held.unwrap_or_else(|| Arc::new(value)), read_at: now };
        is_new
    }

    fn missing(&mut self) -> bool {
        let (times, is_new) = match self.sight {
            Sight::Missing { times } => (times.saturating_add(1), times < MISSING_LOOKS),
            _ => (1, true),
        };
        self.sight = Sight::Missing { times };
        is_new
    }
}

impl<K: Key> Shelf<K> {
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(super) fn follow(&mut self, key: &K, who: &Watcher, pace: Pace, polling: &Polling) {
        let now = Instant::now();
        self.schedule(key, |entry| entry.get_or_insert_with(|| Entry::new(now)).follow(who, pace, now, polling));
    }

    pub(super) fn unfollow(&mut self, who: &Watcher) {
        let keys: Vec<K> =
            self.entries.iter().filter(|(_, entry)| entry.watchers.contains_key(who)).map(|(key, _)| key.clone()).collect();
        for key in keys {
            self.unfollow_one(&key, who);
        }
    }

    pub(super) fn unfollow_one(&mut self, key: &K, who: &Watcher) {
        self.schedule(key, |entry| {
            let Some(held) = entry else { return };
            held.watchers.remove(who);
            held.asking.remove(who);
            held.timing.is_rolling &= held.watchers.values().any(|rolling| *rolling);
            if held.watchers.is_empty() {
                *entry = None;
            }
        });
    }

    pub(super) fn sight(&self, key: &K) -> Sight<K::View> {
        match self.entries.get(key).map(|entry| &entry.sight) {
            None | Some(Sight::Unknown) => Sight::Unknown,
            Some(Sight::Missing { times }) => Sight::Missing { times: *times },
            Some(Sight::Several { arns }) => Sight::Several { arns: arns.clone() },
            Some(Sight::Live { value, read_at }) => Sight::Live { value: Arc::clone(value), read_at: *read_at },
        }
    }

    pub(super) fn error(&self, key: &K) -> Option<AwsError> {
        self.entries.get(key).and_then(|entry| entry.timing.error.clone())
    }

    /// How long ago AWS last answered for the thing that it has not answered for longest.
    pub(super) fn age(&self, now: Instant) -> Option<Duration> {
        self.entries.values().map(|entry| entry.timing.age(now)).max()
    }

    /// What is shown, by key.
    pub(super) fn live(&self) -> impl Iterator<Item = (&K, &Arc<K::View>)> {
        self.entries.iter().filter_map(|(key, entry)| Some((key, entry.sight.live()?)))
    }

    pub(super) fn shown(&self, key: &K) -> Option<&Arc<K::View>> {
        self.entries.get(key)?.sight.live()
    }

    /// Who follows a thing.
    pub(super) fn watchers(&self, key: &K) -> Vec<Watcher> {
        self.entries.get(key).map(|entry| entry.watchers.keys().cloned().collect()).unwrap_or_default()
    }

    /// Takes what is due, in batches.
    pub(super) fn take_due(&mut self, now: Instant, polling: &Polling) -> Vec<Batch<K>> {
        let mut batches = Vec::new();
        for queue in self.queues.values_mut() {
            while queue.ready_at(now, polling.window).is_some_and(|at| at <= now) {
                batches.push(queue.take(now, polling.window, polling.settled / 2));
            }
        }
        self.queues.retain(|_, queue| !queue.is_empty());
        batches.into_iter().map(|keys| self.begin(keys)).collect()
    }

    /// When the next is due.
    pub(super) fn next(&self, now: Instant, polling: &Polling) -> Option<Instant> {
        self.queues.values().filter_map(|queue| queue.ready_at(now, polling.window)).min()
    }

    fn begin(&mut self, keys: Vec<K>) -> Batch<K> {
        let mut batch = Batch { keys, priority: Priority::Sweep, rolling: BTreeSet::new() };
        for key in &batch.keys {
            let Some(entry) = self.entries.get_mut(key) else { continue };
            entry.timing.is_reading = true;
            let (is_awaited, is_rolling) = (entry.timing.awaited.is_some(), entry.timing.is_rolling);
            if is_awaited || is_rolling {
                batch.rolling.insert(key.clone());
                batch.priority = batch.priority.min(if is_awaited { Priority::Change } else { Priority::Rollout });
            }
        }
        batch
    }

    /// Stores a reading that began at `started`, and returns who is to be told. `spread` is when a first reading is followed
    /// by the next, so that not all are due together for ever.
    pub(super) fn absorb(
        &mut self,
        key: &K,
        (reading, is_alone): (Reading<K::View>, bool),
        (started, spread): (Instant, Duration),
        polling: &Polling,
    ) -> Vec<Watcher> {
        let now = Instant::now();
        self.schedule(key, |entry| {
            let Some(entry) = entry else { return Vec::new() };
            let is_first = matches!(entry.sight, Sight::Unknown);
            entry.timing.is_alone = is_alone;
            let told = entry.absorb(reading, started, now, polling);
            let timing = &mut entry.timing;
            if is_first && !timing.is_rolling && !timing.is_failing() && timing.due > now + polling.rolling {
                timing.due = now + spread;
            }
            told
        })
    }

    /// Changes what is shown of a thing, not when it is read, and returns who is to be told if that is new.
    pub(super) fn change(&mut self, key: &K, change: impl FnOnce(&mut K::View)) -> Vec<Watcher>
    where
        K::View: Clone,
    {
        let Some(entry) = self.entries.get_mut(key) else { return Vec::new() };
        let Sight::Live { value, .. } = &mut entry.sight else { return Vec::new() };
        let mut new = (**value).clone();
        change(&mut new);
        if new == **value {
            return Vec::new();
        }
        *value = Arc::new(new);
        entry.watchers.keys().cloned().collect()
    }

    /// Shows what our own write returned. Nobody is told: whoever wrote knows.
    pub(super) fn wrote(&mut self, key: &K, value: K::View) {
        let now = Instant::now();
        self.schedule(key, |entry| {
            if let Some(entry) = entry {
                entry.show(value, now);
                entry.timing.wrote(now);
            }
        });
    }

    /// Shows that we deleted it.
    pub(super) fn deleted(&mut self, key: &K) {
        let now = Instant::now();
        self.schedule(key, |entry| {
            if let Some(entry) = entry {
                entry.sight = Sight::Missing { times: 1 };
                entry.timing.wrote(now);
            }
        });
    }

    /// Notes a write whose end is not known: it is read at once, and all are told.
    pub(super) fn touched(&mut self, key: &K) {
        let now = Instant::now();
        self.schedule(key, |entry| {
            if let Some(entry) = entry {
                entry.asking.extend(entry.watchers.keys().cloned());
                entry.timing.touched(now);
            }
        });
    }

    /// Has a thing read at once. Told is only what is new.
    pub(super) fn hurry(&mut self, key: &K, polling: &Polling) {
        let now = Instant::now();
        self.schedule(key, |entry| {
            if let Some(entry) = entry
                && !entry.timing.is_failing()
            {
                entry.timing.follow(Pace::Now, now, polling);
            }
        });
    }

    /// Changes an entry and keeps the queues in step with it.
    fn schedule<R>(&mut self, key: &K, change: impl FnOnce(&mut Option<Entry<K::View>>) -> R) -> R {
        let lane = |timing: &Timing| (key.together(), timing.is_alone.then(|| key.clone()));
        let mut entry = self.entries.remove(key);
        if let Some(entry) = &entry {
            let lane = lane(&entry.timing);
            if let Some(queue) = self.queues.get_mut(&lane) {
                queue.remove(entry.timing.due, key);
                if queue.is_empty() {
                    self.queues.remove(&lane);
                }
            }
        }
        let result = change(&mut entry);
        if let Some(entry) = entry {
            if !entry.timing.is_reading {
                let queue = self.queues.entry(lane(&entry.timing)).or_insert_with(|| Queue::new(PER_CALL, PER_CALL));
                queue.insert(entry.timing.due, key.clone());
            }
            self.entries.insert(key.clone(), entry);
        }
        result
    }
}
