//! What is read beside a service: the `ServiceDeployment` while it rolls, and stopped tasks while some are lacking.
//!
//! A failure here leaves the service itself in view. It is kept and told, since somebody has to allow these calls too.

use super::entry::Beside;
use super::poll::Work;
use super::{Services, State};
use crate::aws::calls::HISTORY_PER_CALL;
use crate::aws::error::AwsError;
use crate::aws::model::ServiceDeployment;
use crate::aws::pace::Priority;
use crate::domain::ServiceKey;
use std::collections::BTreeMap;
use tokio::time::Instant;

/// ARNs of `ServiceDeployment`s, and the services that they are of.
type Wanted = BTreeMap<String, ServiceKey>;

impl Services {
    /// Reads the `ServiceDeployment`s of those services that roll.
    pub(super) async fn read_deployments(&self, keys: &[ServiceKey]) {
        let wanted: Wanted = {
            let (now, state) = (Instant::now(), self.0.state.lock());
            let arn = |key: &ServiceKey| state.entries.get(key)?.wanted_deployment(now, &self.0.polling);
            keys.iter().filter_map(|key| Some((arn(key)?, key.clone()))).collect()
        };
        let arns: Vec<String> = wanted.keys().cloned().collect();
        for arns in arns.chunks(HISTORY_PER_CALL) {
            let (read, error) = self.describe_deployments(arns, &wanted).await;
            let now = Instant::now();
            let mut state = self.0.state.lock();
            for key in arns.iter().filter_map(|arn| wanted.get(arn)) {
                state.change(key, |entry| entry.read_beside(Beside::Deployment, error.clone(), now));
            }
            for deployment in read {
                if let Some(key) = wanted.get(&deployment.arn) {
                    state.change(key, |entry| entry.absorb_deployment(deployment));
                }
            }
        }
    }

    /// Without the names of task definitions, the rest is still worth having.
    async fn describe_deployments(&self, arns: &[String], wanted: &Wanted) -> (Vec<ServiceDeployment>, Option<AwsError>) {
        match self.0.ecs(Priority::Rollout).describe_service_deployments(arns).await {
            Ok(mut read) => {
                let named = self.name_task_definitions(&mut read, wanted).await;
                (read, named.err())
            }
            Err(error) => (Vec::new(), Some(error)),
        }
    }

    /// Looks up the task definitions of revisions that are new: once for each rollout.
    async fn name_task_definitions(&self, read: &mut [ServiceDeployment], wanted: &Wanted) -> Result<(), AwsError> {
        let known = |state: &State, deployment: &ServiceDeployment| {
            let (revision, task_definition) = state.entries.get(wanted.get(&deployment.arn)?)?.revision.clone()?;
            (deployment.target_revision.as_deref() == Some(&revision)).then_some(task_definition)
        };
        let mut unknown = Vec::new();
        {
            let state = self.0.state.lock();
            for deployment in read.iter_mut() {
                deployment.target_task_definition = known(&state, deployment);
                if deployment.target_task_definition.is_none() {
                    unknown.extend(deployment.target_revision.clone());
                }
            }
        }
        if unknown.is_empty() {
            return Ok(());
        }
        let revisions = self.0.ecs(Priority::Rollout).describe_service_revisions(&unknown).await?;
        let found: BTreeMap<String, String> = revisions.into_iter().map(|r| (r.arn, r.task_definition)).collect();
        let mut state = self.0.state.lock();
        for deployment in read.iter_mut() {
            let Some((revision, task_definition)) = deployment.target_revision.as_ref().and_then(|arn| found.get_key_value(arn))
            else {
                continue;
            };
            deployment.target_task_definition = Some(task_definition.clone());
            if let Some(entry) = wanted.get(&deployment.arn).and_then(|key| state.entries.get_mut(key)) {
                entry.revision = Some((revision.clone(), task_definition.clone()));
            }
        }
        Ok(())
    }

    /// Reads the stopped tasks of a service in which tasks are lacking.
    pub(super) async fn read_stopped(&self, key: ServiceKey) -> Vec<Work> {
        // Many lack tasks for a moment while they start: this must not be in the way of reading services.
        let read = self.0.ecs(Priority::Sweep).stopped_tasks(&key.cluster, &key.name).await;
        let now = Instant::now();
        let mut state = self.0.state.lock();
        state.change(&key, |entry| entry.read_beside(Beside::StoppedTasks, read.as_ref().err().cloned(), now));
        if let Ok(stopped) = read {
            state.change(&key, |entry| entry.absorb_stopped(stopped));
        }
        Vec::new()
    }
}

impl State {
    /// Changes what is known of a service, not when it is read, and tells its owner if that is new.
    fn change(&mut self, key: &ServiceKey, change: impl FnOnce(&mut super::Entry) -> bool) {
        let told = self.entries.get_mut(key).and_then(|entry| change(entry).then(|| entry.owner.clone()));
        if let Some(owner) = told {
            self.tell(&owner);
        }
    }
}
