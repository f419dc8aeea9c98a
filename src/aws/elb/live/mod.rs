//! The live side of load balancing in memory: what [`Services`](crate::aws::Services) is for services of ECS, this is for
//! listeners with their rules, target groups and load balancers.
//!
//! A thing that several objects follow is read once for all of them, and all are told when something new was read. What is
//! described twenty in a call is read in batches; what costs a call for each thing (targets, attributes, certificates) is read
//! at once where something moves and in turn where nothing does. Nothing is decided here, and nothing is written to AWS.
//!
//! What our own writes return counts as read, and what was under way before a write ended does not undo it.

mod apart;
mod beside;
mod followed;
mod in_turn;
mod lately;
mod listeners;
mod load_balancers;
mod priorities;
mod rules;
mod target_groups;
mod views;
mod writes;

pub use views::{
    ListenerView, LoadBalancerKey, LoadBalancerListener, LoadBalancerView, Sight, TargetGroupKey, TargetGroupView, Watcher,
};

use super::calls::Elb;
use super::model::{AccountLimits, Listener};
use crate::aws::error::AwsError;
use crate::aws::pace::Priority;
use crate::aws::reflector::{Pace, Polling, Spread, drive};
use crate::trace;
use beside::Beside;
use followed::{Batch, ListenerKey, Shelf};
use futures::channel::mpsc::{UnboundedSender, unbounded};
use futures::{FutureExt, Stream};
use in_turn::{Item, Turns};
use lately::Lately;
use parking_lot::{Mutex, RwLock};
use priorities::Reserved;
use rules::RuleWrites;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;
use tracing::Instrument;

/// Time between two reads of the quotas of the account.
const LIMITS: Duration = Duration::from_hours(1);

/// The load balancing of one connection, as far as it is followed. Clones share their state.
#[derive(Clone)]
pub struct Balancing(Arc<Shared>);

struct Shared {
    elb: RwLock<Elb>,
    polling: Polling,
    state: Mutex<State>,
    woken: Notify,
}

impl Shared {
    /// The calls, at this priority.
    fn elb(&self, priority: Priority) -> Elb {
        self.elb.read().at(priority)
    }
}

#[derive(Default)]
struct State {
    listeners: Shelf<ListenerKey>,
    target_groups: Shelf<TargetGroupKey>,
    load_balancers: Shelf<LoadBalancerKey>,
    beside: Beside,
    turns: Turns,
    rule_writes: RuleWrites,
    listener_writes: Lately<Listener>,
    reserved: Reserved,
    limits: Option<AccountLimits>,
    limits_due: Option<Instant>,
    spread: Spread,
    watchers: Vec<UnboundedSender<Watcher>>,
}

/// What is read in one go.
enum Work {
    Listeners(Batch<ListenerKey>),
    TargetGroups(Batch<TargetGroupKey>),
    LoadBalancers(Batch<LoadBalancerKey>),
    InTurn(Item, Priority),
    Limits,
}

impl Work {
    /// A word for traces.
    const fn what(&self) -> &'static str {
        match self {
            Self::Listeners(_) => "listeners",
            Self::TargetGroups(_) => "target_groups",
            Self::LoadBalancers(_) => "load_balancers",
            Self::InTurn(..) => "in_turn",
            Self::Limits => "limits",
        }
    }
}

impl Balancing {
    /// A store that reads with these calls once [`Balancing::run`] runs.
    pub fn new(elb: Elb, polling: Polling) -> Self {
        Self(Arc::new(Shared { elb: RwLock::new(elb), polling, state: Mutex::default(), woken: Notify::new() }))
    }

    /// Reads with other calls from now on, of the same account and region: what was read stays.
    pub fn reconnect(&self, elb: Elb) {
        *self.0.elb.write() = elb;
    }

    /// Reads what is due, for ever. To be run once, as a task; dropping it stops the reading.
    pub async fn run(&self) {
        drive(
            &self.0.woken,
            || self.take_due(),
            |work| {
                let span = trace::sweep(work.what());
                let read = match work {
                    Work::Listeners(batch) => self.read_listeners(batch).boxed(),
                    Work::TargetGroups(batch) => self.read_target_groups(batch).boxed(),
                    Work::LoadBalancers(batch) => self.read_load_balancers(batch).boxed(),
                    Work::InTurn(item, priority) => self.read_in_turn(item, priority).boxed(),
                    Work::Limits => self.read_limits().boxed(),
                };
                read.instrument(span).map(|()| Vec::new()).boxed()
            },
        )
        .await;
    }

    /// Those who follow something of which something new was read, or which could not be read. One that lags behind loses nothing.
    pub fn changes(&self) -> impl Stream<Item = Watcher> + Send + 'static + use<> {
        let (sender, receiver) = unbounded();
        self.0.state.lock().watchers.push(sender);
        receiver
    }

    /// Follows a listener with its load balancer and its rules, or changes how closely. To be called in every reconcile.
    pub fn follow_listener(&self, arn: &str, who: &Watcher, pace: Pace) {
        let polling = self.0.polling;
        self.change(|state| state.listeners.follow(&ListenerKey(arn.to_owned()), who, pace, &polling));
    }

    /// What was read of a listener last.
    pub fn listener(&self, arn: &str) -> Sight<ListenerView> {
        self.0.state.lock().listeners.sight(&ListenerKey(arn.to_owned()))
    }

    /// Why the last read of a listener failed, until one succeeds.
    pub fn last_error_of_listener(&self, arn: &str) -> Option<AwsError> {
        self.0.state.lock().listeners.error(&ListenerKey(arn.to_owned()))
    }

    /// Follows a target group, or changes how closely. To be called in every reconcile.
    pub fn follow_target_group(&self, by: &TargetGroupKey, who: &Watcher, pace: Pace) {
        let polling = self.0.polling;
        self.change(|state| state.target_groups.follow(by, who, pace, &polling));
    }

    /// What was read of a target group last.
    pub fn target_group(&self, by: &TargetGroupKey) -> Sight<TargetGroupView> {
        self.0.state.lock().target_groups.sight(by)
    }

    /// Why the last read of a target group failed, until one succeeds.
    pub fn last_error_of_target_group(&self, by: &TargetGroupKey) -> Option<AwsError> {
        self.0.state.lock().target_groups.error(by)
    }

    /// Follows a load balancer with its listeners, or changes how closely. To be called in every reconcile.
    pub fn follow_load_balancer(&self, by: &LoadBalancerKey, who: &Watcher, pace: Pace) {
        let polling = self.0.polling;
        self.change(|state| state.load_balancers.follow(by, who, pace, &polling));
    }

    /// What was read of a load balancer last. One that is named by tags is missing where none has them.
    pub fn load_balancer(&self, by: &LoadBalancerKey) -> Sight<LoadBalancerView> {
        self.0.state.lock().load_balancers.sight(by)
    }

    /// Why the last read of a load balancer failed, until one succeeds.
    pub fn last_error_of_load_balancer(&self, by: &LoadBalancerKey) -> Option<AwsError> {
        self.0.state.lock().load_balancers.error(by)
    }

    /// Why what is read beside a target group, a load balancer or a listener of one could not be, until it can: its targets,
    /// its attributes, its certificates.
    pub fn last_error_beside(&self, arn: &str) -> Option<AwsError> {
        self.0.state.lock().beside.error(arn)
    }

    /// The quotas of the account, once they were read. They are read when something is followed, and every hour.
    pub fn limits(&self) -> Option<AccountLimits> {
        self.0.state.lock().limits.clone()
    }

    /// How long ago AWS last answered for the listener, the target group and the load balancer that it has not answered for
    /// longest. `None`: none is followed.
    pub fn ages(&self) -> [(&'static str, Option<Duration>); 3] {
        let (now, state) = (Instant::now(), self.0.state.lock());
        [
            ("listeners", state.listeners.age(now)),
            ("target_groups", state.target_groups.age(now)),
            ("load_balancers", state.load_balancers.age(now)),
        ]
    }

    /// Stops all that an object follows, and gives back what it reserved. What nobody follows is forgotten.
    pub fn unfollow(&self, who: &Watcher) {
        self.change(|state| {
            state.listeners.unfollow(who);
            state.target_groups.unfollow(who);
            state.load_balancers.unfollow(who);
            state.reserved.unfollow(who);
        });
    }

    /// Stops following one listener.
    pub fn unfollow_listener(&self, arn: &str, who: &Watcher) {
        self.change(|state| state.listeners.unfollow_one(&ListenerKey(arn.to_owned()), who));
    }

    /// Stops following one target group.
    pub fn unfollow_target_group(&self, by: &TargetGroupKey, who: &Watcher) {
        self.change(|state| state.target_groups.unfollow_one(by, who));
    }

    /// Reserves a priority of a listener. `false`: a rule has it, or another object reserved it. It is given back when a rule
    /// that has it was seen, by [`Balancing::release_priority`], and after two minutes.
    pub fn reserve_priority(&self, listener: &str, priority: i32, who: &Watcher) -> bool {
        let mut state = self.0.state.lock();
        let sight = state.listeners.sight(&ListenerKey(listener.to_owned()));
        let is_taken = sight.live().is_some_and(|view| view.rules.iter().any(|(rule, _)| rule.priority == Some(priority)));
        !is_taken && state.reserved.reserve(listener, priority, who, Instant::now())
    }

    /// Gives back a priority: it is not used after all.
    pub fn release_priority(&self, listener: &str, priority: i32, who: &Watcher) {
        self.0.state.lock().reserved.release(listener, priority, who);
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.0.state.lock());
        self.0.woken.notify_one();
    }

    fn take_due(&self) -> (Vec<Work>, Option<Instant>) {
        let now = Instant::now();
        let polling = &self.0.polling;
        let mut state = self.0.state.lock();
        let mut work = Vec::new();
        work.extend(state.listeners.take_due(now, polling).into_iter().map(Work::Listeners));
        work.extend(state.target_groups.take_due(now, polling).into_iter().map(Work::TargetGroups));
        work.extend(state.load_balancers.take_due(now, polling).into_iter().map(Work::LoadBalancers));
        work.extend(state.take_turn(now, polling).map(|(item, priority)| Work::InTurn(item, priority)));
        let is_used = !state.listeners.is_empty() || !state.target_groups.is_empty() || !state.load_balancers.is_empty();
        if is_used && state.limits_due.is_none_or(|at| at <= now) {
            state.limits_due = Some(now + LIMITS);
            work.push(Work::Limits);
        }
        let shelves = [
            state.listeners.next(now, polling),
            state.target_groups.next(now, polling),
            state.load_balancers.next(now, polling),
            state.turns.next(),
            state.limits_due.filter(|_| is_used),
        ];
        (work, shelves.into_iter().flatten().min())
    }

    async fn read_limits(&self) {
        // Nothing depends on them: what they could not tell, the call that is refused does.
        let read = self.0.elb(Priority::Sweep).describe_account_limits().await;
        let mut state = self.0.state.lock();
        if let Ok(limits) = read {
            state.limits = Some(limits);
        }
        state.forget_unused(Instant::now());
    }
}

impl State {
    /// Forgets what was read beside things that are gone.
    fn forget_unused(&mut self, now: Instant) {
        let Some(since) = now.checked_sub(LIMITS) else { return };
        let mut used = BTreeSet::new();
        used.extend(self.listeners.live().flat_map(|(_, view)| &view.rules).map(|(rule, _)| rule.arn.clone()));
        used.extend(self.target_groups.live().map(|(_, view)| view.target_group.arn.clone()));
        for (_, view) in self.load_balancers.live() {
            used.insert(view.load_balancer.arn.clone());
            used.extend(view.listeners.iter().map(|one| one.listener.arn.clone()));
        }
        self.beside.forget(since, |arn| used.contains(arn));
    }

    fn tell(&mut self, who: impl IntoIterator<Item = Watcher>) {
        for watcher in who {
            self.watchers.retain(|to| to.unbounded_send(watcher.clone()).is_ok());
        }
    }
}

#[cfg(test)]
mod tests;
