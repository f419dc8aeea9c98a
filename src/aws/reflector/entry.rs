//! One service that is followed: what was read, and when to read again. Pure: time is an argument.

use super::{Lane, MISSING_LOOKS, Pace, Polling, Seen, Timing};
use crate::aws::error::{AwsError, Kind};
use crate::aws::model::{LiveService, ServiceDeployment, StoppedTask};
use crate::domain::{ObjectKey, ServiceKey};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How long after our own write AWS may still answer as if it had not been.
const WRITE_LAG: Duration = Duration::from_secs(15);
/// How long after our own write AWS may not know a service that it has just made.
const CREATE_LAG: Duration = Duration::from_mins(2);

/// What one read says about one service.
#[derive(Clone, Debug)]
pub(super) enum Reading {
    Found(Box<LiveService>),
    Missing { cluster: bool },
    Failed(AwsError),
}

/// What is read beside a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Beside {
    Deployment,
    StoppedTasks,
}

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) owner: ObjectKey,
    pub(super) seen: Seen,
    pub(super) timing: Timing,
    pub(super) deployment_arn: Option<String>,
    /// A `ServiceRevision` and its task definition. Revisions never change.
    pub(super) revision: Option<(String, String)>,
    pub(super) stopped_looked: Option<Instant>,
    /// What is read beside the service and could not be, why, and when.
    pub(super) failed_beside: BTreeMap<Beside, (AwsError, Instant)>,
    /// A write may have happened. Until then a reading that shows nothing new may be from before it.
    unsure_until: Option<Instant>,
}

impl Entry {
    pub(super) fn new(owner: ObjectKey, now: Instant) -> Self {
        Self {
            owner,
            seen: Seen::Unknown,
            timing: Timing::new(now),
            deployment_arn: None,
            revision: None,
            stopped_looked: None,
            failed_beside: BTreeMap::new(),
            unsure_until: None,
        }
    }

    pub(super) fn lane(&self, key: &ServiceKey) -> Lane {
        Lane { cluster: key.cluster.clone(), alone: self.timing.is_alone.then(|| key.name.clone()) }
    }

    pub(super) fn follow(&mut self, owner: &ObjectKey, pace: Pace, now: Instant, polling: &Polling) {
        self.owner.clone_from(owner);
        self.timing.follow(pace, now, polling);
    }

    pub(super) fn wrote(&mut self, mut reply: LiveService, now: Instant, polling: &Polling) {
        let (mut deployment, mut stopped) = (None, Arc::default());
        if let Seen::Live { service, deployment: old_deployment, stopped: old_stopped, .. } = &self.seen
            && service.created_at == reply.created_at
        {
            // UpdateService and DeleteService leave tags out.
            if reply.tags.is_empty() {
                reply.tags.clone_from(&service.tags);
            }
            deployment.clone_from(old_deployment);
            stopped = Arc::clone(old_stopped);
        }
        deployment = deployment.filter(|d| Some(&d.arn) == reply.current_service_deployment.as_ref());
        self.seen = Seen::Live { service: Arc::new(reply), deployment, stopped, read_at: now };
        self.timing.replied(now, polling);
        self.unsure_until = None;
    }

    pub(super) fn retagged(&mut self, tags: BTreeMap<String, String>, now: Instant) {
        if let Seen::Live { service, .. } = &mut self.seen {
            Arc::make_mut(service).tags = tags;
        }
        self.timing.wrote(now);
    }

    /// Where AWS answered, however badly, the next reading is believed; where nothing came back, AWS may lag behind.
    pub(super) fn unsure(&mut self, error: AwsError, now: Instant) {
        self.timing.touched(now);
        let lag = if error.kind == Kind::Unknown { WRITE_LAG } else { Duration::ZERO };
        self.unsure_until = Some(now + lag);
        self.timing.error = Some(error);
    }

    /// What is known of the service, if that can be said.
    pub(super) fn shown(&self) -> Seen {
        if self.unsure_until.is_some() { Seen::Unknown } else { self.seen.clone() }
    }

    /// Takes a reading that began at `started`, and says whether the owner is to be told.
    pub(super) fn absorb(&mut self, reading: Reading, started: Instant, now: Instant, polling: &Polling) -> bool {
        if self.timing.is_outdated(started, now, polling) {
            return false;
        }
        let is_new = match reading {
            Reading::Failed(error) => self.timing.failed(error, now),
            Reading::Found(service) => self.found(*service, now),
            Reading::Missing { cluster } => self.missing(cluster, now),
        };
        let is_settling = matches!(self.seen, Seen::Missing { times, .. } if times < MISSING_LOOKS);
        self.timing.read(started, now, is_settling, polling) || is_new
    }

    fn found(&mut self, found: LiveService, now: Instant) -> bool {
        if self.unsure_until.is_some_and(|until| now < until) && self.shows_nothing_new(&found) {
            self.timing.reads_again();
            return false;
        }
        self.unsure_until = None;
        let had_error = self.timing.succeeded();
        let mut is_new = true;
        let mut kept = None;
        if let Seen::Live { service, deployment, stopped, .. } = &self.seen {
            if self.timing.is_written_within(WRITE_LAG, now) && is_older(&found, service) {
                return had_error;
            }
            is_new = !shows_the_same(&found, service);
            if found.created_at == service.created_at {
                kept = Some((deployment.clone(), Arc::clone(stopped)));
            }
        }
        let (deployment, stopped) = kept.unwrap_or_default();
        self.seen = Seen::Live { service: Arc::new(found), deployment, stopped, read_at: now };
        is_new || had_error
    }

    fn shows_nothing_new(&self, found: &LiveService) -> bool {
        matches!(&self.seen, Seen::Live { service, .. } if shows_the_same(found, service))
    }

    fn missing(&mut self, cluster_missing: bool, now: Instant) -> bool {
        self.unsure_until = None;
        let had_error = self.timing.succeeded();
        if matches!(self.seen, Seen::Live { .. }) && self.timing.is_written_within(CREATE_LAG, now) {
            return had_error;
        }
        let (times, is_new) = match self.seen {
            Seen::Missing { times, cluster_missing: old } if old == cluster_missing => {
                (times.saturating_add(1), times < MISSING_LOOKS)
            }
            _ => (1, true),
        };
        self.seen = Seen::Missing { times, cluster_missing };
        is_new || had_error
    }

    /// The `ServiceDeployment` to read beside the service, if there is one that can still change.
    pub(super) fn wanted_deployment(&self, now: Instant, polling: &Polling) -> Option<String> {
        let Seen::Live { service, deployment, .. } = &self.seen else { return None };
        if self.is_refused(Beside::Deployment, now, polling) {
            return None;
        }
        let arn = self.deployment_arn.as_ref().or(service.current_service_deployment.as_ref())?;
        let held = deployment.as_ref().filter(|d| d.arn == *arn);
        // One that was refused while the rollout ended is still due: what is held would stand for ever.
        let is_due = held.is_some_and(|d| !d.is_terminal()) || self.failed_beside.contains_key(&Beside::Deployment);
        let is_known = held.is_some_and(|d| d.is_terminal()) && !is_due;
        ((self.timing.is_rolling || is_due) && !is_known).then(|| arn.clone())
    }

    /// Whether a read beside the service failed so lately, and in such a way, that another would too.
    fn is_refused(&self, what: Beside, now: Instant, polling: &Polling) -> bool {
        self.failed_beside.get(&what).is_some_and(|(error, at)| !error.is_transient() && now < *at + polling.settled)
    }

    /// Takes the outcome of a read beside the service, and says whether the owner is to be told of it.
    pub(super) fn read_beside(&mut self, what: Beside, error: Option<AwsError>, now: Instant) -> bool {
        let old = self.failed_beside.remove(&what);
        let sort = |error: &AwsError| (error.kind, error.code.clone());
        let is_new = old.map(|(error, _)| sort(&error)) != error.as_ref().map(sort);
        self.failed_beside.extend(error.map(|error| (what, (error, now))));
        is_new
    }

    pub(super) fn absorb_deployment(&mut self, read: ServiceDeployment) -> bool {
        let Seen::Live { deployment, .. } = &mut self.seen else { return false };
        let is_new = deployment.as_ref().is_none_or(|old| **old != read);
        *deployment = Some(Arc::new(read));
        is_new
    }

    /// Whether stopped tasks may tell something: some failed, or some are lacking.
    pub(super) fn wants_stopped(&self, now: Instant, polling: &Polling) -> bool {
        let Seen::Live { service, .. } = &self.seen else { return false };
        let is_lacking = service.running < service.desired || service.deployments.iter().any(|d| d.failed > 0);
        // What could not be read is still owed when tasks are lacking no more: it tells why a rollout failed.
        (is_lacking || self.failed_beside.contains_key(&Beside::StoppedTasks))
            && !self.is_refused(Beside::StoppedTasks, now, polling)
            && self.stopped_looked.is_none_or(|at| now >= at + polling.stopped_tasks)
    }

    pub(super) fn absorb_stopped(&mut self, read: Vec<StoppedTask>) -> bool {
        let Seen::Live { stopped, .. } = &mut self.seen else { return false };
        let is_new = **stopped != read;
        *stopped = Arc::new(read);
        is_new
    }
}

/// Whether a reading is from before the write whose reply we hold: it does not know the deployment that the write made.
fn is_older(found: &LiveService, held: &LiveService) -> bool {
    let (Some(new), Some(held)) = (found.primary(), held.primary()) else { return false };
    new.id != held.id && new.created_at < held.created_at && found.deployments.iter().all(|d| d.id != held.id)
}

/// Whether two readings differ in nothing that anybody is shown.
fn shows_the_same(new: &LiveService, old: &LiveService) -> bool {
    let shown = |service: &LiveService| {
        let mut service = service.clone();
        for deployment in &mut service.deployments {
            // Moves with each count, which is compared itself.
            deployment.updated_at = None;
        }
        service
    };
    new == old || shown(new) == shown(old)
}
