//! The loop that reads.

use super::entry::{Entry, Reading};
use super::{Lane, Seen, Services, State, drive};
use crate::aws::calls::SERVICES_PER_CALL;
use crate::aws::error::{AwsError, Kind};
use crate::aws::pace::Priority;
use crate::domain::{ObjectKey, ServiceKey};
use crate::trace;
use futures::FutureExt;
use futures::future::join_all;
use std::collections::BTreeMap;
use tokio::time::Instant;
use tracing::Instrument;

/// Reads by one that fail in the same way until the whole batch counts as failed.
const SAME_FAILURES: usize = 3;

/// What is read in one go.
pub(super) enum Work {
    Batch(Batch),
    StoppedTasks(ServiceKey),
}

/// Services of one lane that are read together.
pub(super) struct Batch {
    cluster: String,
    names: Vec<String>,
    priority: Priority,
}

impl Services {
    /// Reads what is due, for ever. To be run once, as a task; dropping it stops the reading.
    pub async fn run(&self) {
        drive(
            &self.0.woken,
            || self.take_due(),
            |work| match work {
                Work::Batch(batch) => self.read(batch).instrument(trace::sweep("services")).boxed(),
                Work::StoppedTasks(key) => self.read_stopped(key).instrument(trace::sweep("stopped_tasks")).boxed(),
            },
        )
        .await;
    }

    fn take_due(&self) -> (Vec<Work>, Option<Instant>) {
        let now = Instant::now();
        let window = self.0.polling.window;
        let mut state = self.0.state.lock();
        let mut batches = Vec::new();
        let lanes: Vec<Lane> = state.queues.keys().cloned().collect();
        for lane in lanes {
            while let Some(queue) = state.queues.get_mut(&lane)
                && queue.ready_at(now, window).is_some_and(|at| at <= now)
            {
                let names = queue.take(now, window, self.0.polling.settled / 2);
                batches.push(Work::Batch(state.begin(&lane, names)));
            }
        }
        state.queues.retain(|_, queue| !queue.is_empty());
        let next = state.queues.values().filter_map(|queue| queue.ready_at(now, window)).min();
        (batches, next)
    }

    /// Reads a batch, then the `ServiceDeployments` of those that roll. Returns those whose stopped tasks are worth a look.
    async fn read(&self, batch: Batch) -> Vec<Work> {
        let started = Instant::now();
        let calls = batch.names.chunks(SERVICES_PER_CALL).map(|names| self.read_services(&batch, names));
        let readings: BTreeMap<String, (Reading, bool)> = join_all(calls).await.into_iter().flatten().collect();
        let (keys, owners) = self.absorb(&batch, readings, started);
        self.read_deployments(&keys).await;
        let now = Instant::now();
        let mut state = self.0.state.lock();
        for owner in &owners {
            state.tell(owner);
        }
        let wants = |key: &ServiceKey| state.entries.get(key).is_some_and(|e| e.wants_stopped(now, &self.0.polling));
        let lacking: Vec<ServiceKey> = keys.into_iter().filter(wants).collect();
        for key in &lacking {
            if let Some(entry) = state.entries.get_mut(key) {
                entry.stopped_looked = Some(now);
            }
        }
        lacking.into_iter().map(Work::StoppedTasks).collect()
    }

    /// Reads up to ten services. The flag says that a service makes reads fail for others.
    async fn read_services(&self, batch: &Batch, names: &[String]) -> Vec<(String, (Reading, bool))> {
        let whole = self.describe(batch, names).await;
        match whole {
            Ok(readings) => readings,
            Err(e) if names.len() > 1 && matches!(e.kind, Kind::Invalid | Kind::Denied) => {
                self.read_one_by_one(batch, names).await
            }
            Err(e) => names.iter().map(|name| (name.clone(), (failure(&e), false))).collect(),
        }
    }

    /// One name that is refused must not hide the others. When the first few are all refused alike, it is about none of them.
    async fn read_one_by_one(&self, batch: &Batch, names: &[String]) -> Vec<(String, (Reading, bool))> {
        let mut readings: Vec<(String, (Reading, bool))> = Vec::new();
        for (index, name) in names.iter().enumerate() {
            match self.describe(batch, std::slice::from_ref(name)).await {
                Ok(one) => readings.extend(one),
                Err(e) => readings.push((name.clone(), (failure(&e), true))),
            }
            let is_general = index + 1 == SAME_FAILURES.min(names.len()) && readings.iter().all(|(_, (_, spoils))| *spoils);
            if is_general && let Some((_, (reading, _))) = readings.first().cloned() {
                return names.iter().map(|name| (name.clone(), (reading.clone(), false))).collect();
            }
        }
        readings
    }

    async fn describe(&self, batch: &Batch, names: &[String]) -> Result<Vec<(String, (Reading, bool))>, AwsError> {
        let ecs = self.0.ecs(batch.priority);
        let described = ecs.describe_services(&batch.cluster, names).await?;
        let mut readings: BTreeMap<String, (Reading, bool)> =
            // What AWS says nothing about, it does not know.
            names.iter().map(|name| (name.clone(), (Reading::Missing { cluster: false }, false))).collect();
        for service in described.found {
            readings.insert(service.name.clone(), (Reading::Found(Box::new(service)), false));
        }
        for (name, error) in described.failed {
            readings.insert(name, (Reading::Failed(error), false));
        }
        Ok(readings.into_iter().collect())
    }

    /// Stores the readings, tells owners, and says when to read next. Returns the keys, and the owners that are to be told
    /// once the `ServiceDeployment` is read too: both are one piece of news.
    fn absorb(
        &self,
        batch: &Batch,
        readings: BTreeMap<String, (Reading, bool)>,
        started: Instant,
    ) -> (Vec<ServiceKey>, Vec<ObjectKey>) {
        let now = Instant::now();
        let polling = self.0.polling;
        let mut state = self.0.state.lock();
        let spread = state.spread.next(polling.settled);
        let (mut keys, mut later) = (Vec::new(), Vec::new());
        for (name, (reading, spoils)) in readings {
            let key = ServiceKey { cluster: batch.cluster.clone(), name };
            let told = state.schedule(&key, |entry| {
                let entry = entry.as_mut()?;
                let is_first = matches!(entry.seen, Seen::Unknown);
                entry.timing.is_alone = spoils || (entry.timing.is_alone && matches!(reading, Reading::Failed(_)));
                let is_new = entry.absorb(reading, started, now, &polling);
                let timing = &mut entry.timing;
                if is_first && !timing.is_rolling && timing.error.is_none() && timing.due > now + polling.rolling {
                    timing.due = now + spread;
                }
                let has_more = entry.wanted_deployment(now, &polling).is_some();
                is_new.then(|| (entry.owner.clone(), has_more))
            });
            match told {
                Some((owner, true)) => later.push(owner),
                Some((owner, false)) => state.tell(&owner),
                None => {}
            }
            keys.push(key);
        }
        (keys, later)
    }
}

impl State {
    fn begin(&mut self, lane: &Lane, names: Vec<String>) -> Batch {
        let mut priority = Priority::Sweep;
        for name in &names {
            let key = ServiceKey { cluster: lane.cluster.clone(), name: name.clone() };
            if let Some(entry) = self.entries.get_mut(&key) {
                entry.timing.is_reading = true;
                priority = priority.min(urgency(entry));
            }
        }
        Batch { cluster: lane.cluster.clone(), names, priority }
    }
}

fn urgency(entry: &Entry) -> Priority {
    if entry.timing.awaited.is_some() {
        Priority::Change
    } else if entry.timing.is_rolling {
        Priority::Rollout
    } else {
        Priority::Sweep
    }
}

fn failure(error: &AwsError) -> Reading {
    if error.is_cluster_missing() { Reading::Missing { cluster: true } } else { Reading::Failed(error.clone()) }
}
