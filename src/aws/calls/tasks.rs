//! Tasks.

use super::Ecs;
use crate::aws::error::AwsError;
use crate::aws::model::StoppedTask;
use crate::aws::operation::{DESCRIBE_TASKS, LIST_TASKS};
use aws_sdk_ecs::types::DesiredStatus;

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
}
