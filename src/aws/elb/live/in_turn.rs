//! What costs a call for each thing: targets, attributes, certificates. It is read soon where something moves, and in turn,
//! one every few seconds, for all the rest.

use super::views::{LoadBalancerKey, TargetGroupKey};
use super::{Balancing, State};
use crate::aws::pace::Priority;
use crate::aws::reflector::Polling;
use std::collections::{BTreeSet, HashSet, VecDeque};
use std::time::Duration;
use tokio::time::Instant;

/// Time between two of these reads where something moves: four tenths of what AWS allows for all calls together.
const URGENT: Duration = Duration::from_millis(250);
/// How often attributes and certificates are read anew, in times between two reads of the thing.
const SELDOM: u32 = 5;

/// A read, with the ARN of what it is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Item {
    Health(String),
    TargetGroupAttributes(String),
    LoadBalancerAttributes(String),
    /// Of a listener.
    Certificates(String),
}

impl Item {
    fn arn(&self) -> &str {
        match self {
            Self::Health(arn)
            | Self::TargetGroupAttributes(arn)
            | Self::LoadBalancerAttributes(arn)
            | Self::Certificates(arn) => arn,
        }
    }

    fn every(&self, polling: &Polling) -> Duration {
        match self {
            Self::Health(_) => polling.settled,
            _ => polling.settled * SELDOM,
        }
    }
}

/// Whose turn it is.
#[derive(Debug, Default)]
pub(super) struct Turns {
    known: HashSet<Item>,
    by_time: BTreeSet<(Instant, Item)>,
    urgent: VecDeque<Item>,
    not_before: Option<Instant>,
    urgent_not_before: Option<Instant>,
}

impl Turns {
    /// Has something read in turn from now on.
    pub(super) fn join(&mut self, item: Item, now: Instant) {
        if self.known.insert(item.clone()) {
            self.by_time.insert((now, item));
        }
    }

    /// Has something read before all that is read in turn.
    pub(super) fn hurry(&mut self, item: Item) {
        if !self.urgent.contains(&item) {
            self.urgent.push_back(item);
        }
    }

    /// When the next is due.
    pub(super) fn next(&self) -> Option<Instant> {
        let in_turn = self.by_time.first().map(|(due, _)| self.not_before.map_or(*due, |at| at.max(*due)));
        let urgent = self.urgent.front().and(self.urgent_not_before.or_else(|| Some(Instant::now())));
        in_turn.into_iter().chain(urgent).min()
    }
}

impl State {
    /// Takes the read whose turn it is.
    pub(super) fn take_turn(&mut self, now: Instant, polling: &Polling) -> Option<(Item, Priority)> {
        if self.turns.urgent_not_before.is_none_or(|at| at <= now)
            && let Some(item) = self.turns.urgent.pop_front()
        {
            self.turns.urgent_not_before = Some(now + URGENT);
            return Some((item, Priority::Rollout));
        }
        while self.turns.not_before.is_none_or(|at| at <= now)
            && self.turns.by_time.first().is_some_and(|(due, _)| *due <= now)
            && let Some((_, item)) = self.turns.by_time.pop_first()
        {
            if !self.is_followed(&item) {
                self.turns.known.remove(&item);
                continue;
            }
            let every = item.every(polling);
            let is_due = self.is_due(&item, every, now);
            let again = if is_due { now + every } else { self.read_at(&item).unwrap_or(now) + every };
            self.turns.by_time.insert((again.max(now + polling.in_turn), item.clone()));
            if is_due {
                self.turns.not_before = Some(now + polling.in_turn);
                return Some((item, Priority::Sweep));
            }
        }
        None
    }

    /// Has what is read beside a thing read in turn; at once where it moves and that is due.
    pub(super) fn keep_reading(&mut self, items: impl IntoIterator<Item = Item>, is_rolling: bool, polling: &Polling) {
        let now = Instant::now();
        for item in items {
            let every = match item {
                // What is read at every look is a little early now and then.
                Item::Health(_) => polling.rolling / 2,
                _ => item.every(polling),
            };
            if is_rolling && self.is_due(&item, every, now) {
                self.turns.hurry(item.clone());
            }
            self.turns.join(item, now);
        }
    }

    fn is_due(&self, item: &Item, every: Duration, now: Instant) -> bool {
        let (beside, arn) = (&self.beside, item.arn());
        match item {
            Item::Health(_) => beside.health.get(arn).is_none_or(|noted| noted.is_due(every, now)),
            Item::Certificates(_) => beside.certificates.get(arn).is_none_or(|noted| noted.is_due(every, now)),
            _ => beside.attributes.get(arn).is_none_or(|noted| noted.is_due(every, now)),
        }
    }

    fn read_at(&self, item: &Item) -> Option<Instant> {
        let (beside, arn) = (&self.beside, item.arn());
        match item {
            Item::Health(_) => beside.health.get(arn)?.read_at,
            Item::Certificates(_) => beside.certificates.get(arn)?.read_at,
            _ => beside.attributes.get(arn)?.read_at,
        }
    }

    fn is_followed(&self, item: &Item) -> bool {
        match item {
            Item::Health(arn) | Item::TargetGroupAttributes(arn) => {
                names_of_target_group(arn).iter().any(|key| self.target_groups.shown(key).is_some())
            }
            Item::LoadBalancerAttributes(arn) => self.load_balancers.live().any(|(_, view)| view.load_balancer.arn == *arn),
            Item::Certificates(arn) => {
                let has = |view: &super::LoadBalancerView| view.listeners.iter().any(|one| one.listener.arn == *arn);
                self.load_balancers.live().any(|(_, view)| has(view))
            }
        }
    }

    /// Shows what is noted beside a target group, and tells those who follow it if that is new.
    pub(super) fn show_target_group(&mut self, arn: &str, is_told: bool) {
        let (attributes, health, tags) = (self.beside.attributes(arn), self.beside.health(arn), self.beside.tags(arn).ok());
        let mut told = Vec::new();
        for key in names_of_target_group(arn) {
            told.extend(self.target_groups.change(&key, |view| {
                if view.target_group.arn == arn {
                    view.attributes.clone_from(&attributes);
                    view.health.clone_from(&health);
                    view.tags = tags.clone().unwrap_or_else(|| std::mem::take(&mut view.tags));
                }
            }));
        }
        if is_told {
            self.tell(told);
        }
    }

    /// Shows what is noted beside a load balancer and its listeners, and tells those who follow it if that is new.
    pub(super) fn show_load_balancer(&mut self, arn: &str, is_told: bool) {
        let of_it = |view: &super::LoadBalancerView| {
            view.load_balancer.arn == arn || view.listeners.iter().any(|one| one.listener.arn == arn)
        };
        let keys: Vec<LoadBalancerKey> =
            self.load_balancers.live().filter(|(_, view)| of_it(view)).map(|(key, _)| key.clone()).collect();
        let mut told = Vec::new();
        for key in keys {
            let beside = &self.beside;
            told.extend(self.load_balancers.change(&key, |view| {
                view.attributes = beside.attributes(&view.load_balancer.arn);
                if let Ok(tags) = beside.tags(&view.load_balancer.arn) {
                    view.tags = tags;
                }
                for one in &mut view.listeners {
                    one.certificates = beside.certificates(&one.listener.arn);
                    if let Ok(tags) = beside.tags(&one.listener.arn) {
                        one.tags = tags;
                    }
                }
            }));
        }
        if is_told {
            self.tell(told);
        }
    }
}

/// The keys by which a target group may be followed. Its name stands in its ARN: `…:targetgroup/<name>/<id>`.
pub(super) fn names_of_target_group(arn: &str) -> [TargetGroupKey; 2] {
    let name = arn.rsplit('/').nth(1).unwrap_or_default();
    [TargetGroupKey::Arn(arn.to_owned()), TargetGroupKey::Name(name.to_owned())]
}

impl Balancing {
    pub(super) async fn read_in_turn(&self, item: Item, priority: Priority) {
        let elb = self.0.elb(priority);
        let started = Instant::now();
        let arn = item.arn().to_owned();
        match item {
            Item::Health(_) => {
                let read = elb.describe_target_health(&arn).await;
                let mut state = self.0.state.lock();
                let is_new = state.beside.health.entry(arn.clone()).or_default().absorb(read, started, Instant::now());
                state.show_target_group(&arn, true);
                state.tell_of_failure(&arn, is_new);
            }
            Item::TargetGroupAttributes(_) => {
                let read = elb.describe_target_group_attributes(&arn).await;
                let mut state = self.0.state.lock();
                let is_new = state.beside.attributes.entry(arn.clone()).or_default().absorb(read, started, Instant::now());
                state.show_target_group(&arn, true);
                state.tell_of_failure(&arn, is_new);
            }
            Item::LoadBalancerAttributes(_) => {
                let read = elb.describe_load_balancer_attributes(&arn).await;
                let mut state = self.0.state.lock();
                let is_new = state.beside.attributes.entry(arn.clone()).or_default().absorb(read, started, Instant::now());
                state.show_load_balancer(&arn, true);
                state.tell_of_failure(&arn, is_new);
            }
            Item::Certificates(_) => {
                let read = elb.describe_listener_certificates(&arn).await;
                let mut state = self.0.state.lock();
                let is_new = state.beside.certificates.entry(arn.clone()).or_default().absorb(read, started, Instant::now());
                state.show_load_balancer(&arn, true);
                state.tell_of_failure(&arn, is_new);
            }
        }
    }
}

impl State {
    /// Tells those who follow what an ARN names that a failure beside it came or went.
    fn tell_of_failure(&mut self, arn: &str, is_new: bool) {
        if !is_new {
            return;
        }
        let mut told = BTreeSet::new();
        for key in names_of_target_group(arn) {
            told.extend(self.target_groups.watchers(&key));
        }
        let has = |view: &super::LoadBalancerView| {
            view.load_balancer.arn == arn || view.listeners.iter().any(|one| one.listener.arn == arn)
        };
        let keys: Vec<_> = self.load_balancers.live().filter(|(_, view)| has(view)).map(|(key, _)| key.clone()).collect();
        told.extend(keys.iter().flat_map(|key| self.load_balancers.watchers(key)));
        self.tell(told);
    }
}
