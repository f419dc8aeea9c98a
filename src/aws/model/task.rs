//! Tasks that stopped, and why.

use super::timestamp;
use aws_sdk_ecs::types;
use jiff::Timestamp;

/// A task that stopped. AWS shows it for about an hour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoppedTask {
    /// ARN.
    pub arn: String,
    /// Id of the deployment that started it, `ecs-svc/<number>`.
    pub started_by: Option<String>,
    /// ARN of its task definition.
    pub task_definition: String,
    /// `TaskFailedToStart`, `EssentialContainerExited`, `ServiceSchedulerInitiated` and so on.
    pub stop_code: Option<String>,
    /// Why, in AWS's words.
    pub stopped_reason: Option<String>,
    /// When it stopped.
    pub stopped_at: Option<Timestamp>,
    /// Its containers.
    pub containers: Vec<StoppedContainer>,
}

/// A container of a task that stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoppedContainer {
    /// Name in the task definition.
    pub name: String,
    /// Exit code. Absent if the container never ran.
    pub exit_code: Option<i32>,
    /// Why, in AWS's words: image pulls and start failures stand here.
    pub reason: Option<String>,
    /// `HEALTHY`, `UNHEALTHY` or `UNKNOWN`, with a container health check.
    pub health: Option<String>,
}

impl StoppedTask {
    pub(in crate::aws) fn read(task: types::Task) -> Self {
        Self {
            arn: task.task_arn.unwrap_or_default(),
            started_by: task.started_by,
            task_definition: task.task_definition_arn.unwrap_or_default(),
            stop_code: task.stop_code.map(|c| c.as_str().to_owned()),
            stopped_reason: task.stopped_reason,
            stopped_at: timestamp(task.stopped_at),
            containers: task.containers.unwrap_or_default().into_iter().map(StoppedContainer::read).collect(),
        }
    }
}

impl StoppedContainer {
    fn read(container: types::Container) -> Self {
        Self {
            name: container.name.unwrap_or_default(),
            exit_code: container.exit_code,
            reason: container.reason,
            health: container.health_status.map(|h| h.as_str().to_owned()),
        }
    }
}
