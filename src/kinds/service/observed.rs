//! What AWS shows of a service, and what status remembers. Pure.

use super::pending::{Fate, fate};
use super::rollout;
use crate::api::EcsServiceStatus;
use crate::api::service::status::{FailedRollout, Rollout};
use crate::aws::reflector::Seen;
use crate::aws::{AwsError, LiveService, ServiceDeployment, ServiceState, StoppedTask};
use crate::domain::whole_seconds;
use std::sync::Arc;

/// What is known in a pass.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// What stands in status.
    pub memory: EcsServiceStatus,
    /// What ECS shows.
    pub state: State,
    /// The service, where it is there in whatever state.
    pub live: Option<Arc<LiveService>>,
    /// What ECS tells of the rollout that is remembered.
    pub deployment: Option<Arc<ServiceDeployment>>,
    /// Tasks that stopped.
    pub stopped: Arc<Vec<StoppedTask>>,
    /// The newest rollout.
    pub rollout: Option<Rollout>,
    /// What became of a rollout whose reply was not seen.
    pub fate: Fate,
    /// A configuration whose rollout failed.
    pub failed: Option<FailedRollout>,
    /// Why the last read failed, if it did.
    pub trouble: Option<AwsError>,
    /// Why what is shown beside a service cannot be read, if so.
    pub trouble_beside: Option<AwsError>,
}

/// How a service stands in ECS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// It was not read yet.
    #[default]
    Unknown,
    /// It is not there; so many reads in a row said so.
    Missing {
        /// Reads in a row.
        times: u32,
        /// Whether the cluster is not there either.
        with_cluster: bool,
    },
    /// It is there and takes changes.
    Active,
    /// It is being deleted.
    Draining,
    /// It was deleted; ECS still shows it for a while.
    Inactive,
}

impl Observed {
    /// What a look into the reflector's store means together with what is remembered.
    pub fn new(memory: EcsServiceStatus, seen: Seen, trouble: Option<AwsError>, trouble_beside: Option<AwsError>) -> Self {
        let mut observed = Self { memory, trouble, trouble_beside, ..Self::default() };
        match seen {
            Seen::Unknown => {}
            Seen::Missing { times, cluster_missing } => {
                observed.state = State::Missing { times, with_cluster: cluster_missing };
            }
            Seen::Live { service, deployment, stopped, .. } => {
                observed.state = match service.status {
                    ServiceState::Draining => State::Draining,
                    ServiceState::Inactive => State::Inactive,
                    ServiceState::Active | ServiceState::Other(_) => State::Active,
                };
                observed.deployment = deployment;
                observed.stopped = stopped;
                observed.live = Some(service);
            }
        }
        observed.judge();
        observed
    }

    fn judge(&mut self) {
        let Some(live) = self.live.as_ref().filter(|_| self.state == State::Active) else { return };
        let incarnation = live.created_at.map(whole_seconds);
        let same = self.memory.created_at.is_none() || self.memory.created_at == incarnation;
        let told = self.deployment.as_deref();
        // Who may not read ServiceDeployments does not wait for one.
        let can_be_told = self.trouble_beside.as_ref().is_none_or(AwsError::is_transient);
        let pending = self.memory.pending.as_ref().filter(|_| same);
        self.fate = pending.map(|pending| fate(pending, live, told, can_be_told)).unwrap_or_default();
        let remembered = match &self.fate {
            Fate::Began(rollout) => Some(rollout.as_ref()),
            Fate::NoTrace | Fate::NotTold => self.memory.rollout.as_ref().filter(|_| same),
        };
        self.rollout = rollout::judge(remembered, live, told);
        let begun = pending.filter(|_| matches!(self.fate, Fate::Began(_))).and_then(|pending| pending.task_definition.clone());
        let task_definition = begun.or_else(|| self.memory.task_definition.clone()).unwrap_or_default();
        let now = self.rollout.as_ref().and_then(|rollout| rollout::failure(rollout, live, &task_definition));
        self.failed = now.or_else(|| self.memory.failed.clone().filter(|_| same));
    }
}
