//! Tasks.

use super::Ecs;
use crate::aws::error::AwsError;
use crate::aws::model::StoppedTask;
use crate::aws::operation::{DESCRIBE_TASKS, LIST_TASKS};
use crate::domain::Revision;
use aws_sdk_ecs::types::DesiredStatus;
use std::collections::BTreeSet;

impl Ecs {
    /// The tasks of a service that stopped within the last hour or so, newest first, at most a hundred.
    ///
    /// # Errors
    /// Those of AWS.
    pub async fn stopped_tasks(&self, cluster: &str, service: &str) -> Result<Vec<StoppedTask>, AwsError> {
        let listed = self
            .call(LIST_TASKS, || {
                let call = self.client.list_tasks().cluster(cluster).service_name(service);
                call.desired_status(DesiredStatus::Stopped).send()
            })
            .await?;
        let arns = listed.task_arns.unwrap_or_default();
        if arns.is_empty() {
            return Ok(Vec::new());
        }
        let described = self
            .call(DESCRIBE_TASKS, || self.client.describe_tasks().cluster(cluster).set_tasks(Some(arns.clone())).send())
            .await?;
        let mut tasks: Vec<_> = described.tasks.unwrap_or_default().into_iter().map(StoppedTask::read).collect();
        tasks.sort_by_key(|task| std::cmp::Reverse(task.stopped_at));
        Ok(tasks)
    }

    /// Numbers of the revisions of a family of which tasks are to run in a cluster, whoever started them. A cluster that
    /// is not there runs none.
    ///
    /// # Errors
    /// [`AwsError`], sorted by what to do about it.
    pub async fn revisions_with_tasks(&self, cluster: &str, family: &str) -> Result<BTreeSet<i32>, AwsError> {
        let mut running = BTreeSet::new();
        let mut next = None;
        loop {
            let listed = self
                .call(LIST_TASKS, || self.client.list_tasks().cluster(cluster).family(family).set_next_token(next.clone()).send())
                .await;
            let page = match listed {
                Err(error) if error.is_cluster_missing() => return Ok(running),
                page => page?,
            };
            let arns = page.task_arns.unwrap_or_default();
            if !arns.is_empty() {
                let described = self
                    .call(DESCRIBE_TASKS, || self.client.describe_tasks().cluster(cluster).set_tasks(Some(arns.clone())).send())
                    .await?;
                let definitions = described.tasks.unwrap_or_default().into_iter().filter_map(|task| task.task_definition_arn);
                let revisions = definitions.filter_map(|arn| arn.parse::<Revision>().ok());
                running.extend(revisions.filter_map(|revision| i32::try_from(revision.number).ok()));
            }
            next = page.next_token;
            if next.is_none() {
                return Ok(running);
            }
        }
    }
}
