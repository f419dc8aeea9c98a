//! The history of a service: its `ServiceDeployments` and `ServiceRevisions`.

use super::timestamp;
use crate::aws::codec::{CodecError, to_json};
use aws_sdk_ecs::types;
use jiff::Timestamp;
use serde_json::Value;

/// One rollout of a service: what the outcome is read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceDeployment {
    /// ARN.
    pub arn: String,
    /// `PENDING`, `IN_PROGRESS`, `SUCCESSFUL`, `STOPPED`, `ROLLBACK_SUCCESSFUL` and so on.
    pub status: String,
    /// Why, in AWS's words. Tells a superseded rollout from a failed one, which are both `STOPPED`.
    pub status_reason: Option<String>,
    /// Where a rollout in progress stands, such as `SCALE_UP` or `BAKE_TIME`.
    pub lifecycle_stage: Option<String>,
    /// ARN of the `ServiceRevision` that it rolls out.
    pub target_revision: Option<String>,
    /// ARN of the task definition of that revision, once it was looked up: see [`ServiceRevision`].
    pub target_task_definition: Option<String>,
    /// How it was taken back, if it was.
    pub rollback: Option<Rollback>,
    /// `TRIGGERED`, `MONITORING`, `MONITORING_COMPLETE` or `DISABLED`.
    pub circuit_breaker_status: Option<String>,
    /// Tasks that failed, as the circuit breaker counts them.
    pub failure_count: i32,
    /// At how many the circuit breaker opens.
    pub failure_threshold: i32,
    /// Alarms that went off.
    pub triggered_alarms: Vec<String>,
    /// Strategy, such as `ROLLING` or `BLUE_GREEN`.
    pub strategy: Option<String>,
    /// When it was asked for.
    pub created_at: Option<Timestamp>,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

/// How a rollout was taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rollback {
    /// Why, in AWS's words.
    pub reason: String,
    /// ARN of the `ServiceRevision` that it went back to.
    pub service_revision_arn: Option<String>,
    /// When it began.
    pub started_at: Option<Timestamp>,
}

/// A configuration that a service was set to once. Never changes.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceRevision {
    /// ARN.
    pub arn: String,
    /// ARN of the task definition.
    pub task_definition: String,
    /// The whole description, as AWS's JSON.
    pub fields: Value,
}

impl ServiceDeployment {
    /// `true` if nothing more happens to it.
    ///
    /// Asked the other way round, so that a status that AWS adds later is looked at again.
    pub fn is_terminal(&self) -> bool {
        matches!(self.status.as_str(), "SUCCESSFUL" | "STOPPED" | "ROLLBACK_SUCCESSFUL" | "ROLLBACK_FAILED")
    }

    pub(in crate::aws) fn read(deployment: types::ServiceDeployment) -> Self {
        let breaker = deployment.deployment_circuit_breaker;
        let config = deployment.deployment_configuration;
        Self {
            arn: deployment.service_deployment_arn.unwrap_or_default(),
            status: deployment.status.map(|s| s.as_str().to_owned()).unwrap_or_default(),
            status_reason: deployment.status_reason,
            lifecycle_stage: deployment.lifecycle_stage.map(|s| s.as_str().to_owned()),
            target_revision: deployment.target_service_revision.and_then(|r| r.arn),
            target_task_definition: None,
            rollback: deployment.rollback.map(Rollback::read),
            failure_count: breaker.as_ref().map_or(0, |b| b.failure_count),
            failure_threshold: breaker.as_ref().map_or(0, |b| b.threshold),
            circuit_breaker_status: breaker.and_then(|b| b.status).map(|s| s.as_str().to_owned()),
            triggered_alarms: deployment.alarms.and_then(|a| a.triggered_alarm_names).unwrap_or_default(),
            strategy: config.and_then(|c| c.strategy).map(|s| s.as_str().to_owned()),
            created_at: timestamp(deployment.created_at),
            started_at: timestamp(deployment.started_at),
            // A rollout that was stopped has no finish, only a stop.
            finished_at: timestamp(deployment.finished_at).or_else(|| timestamp(deployment.stopped_at)),
        }
    }

    /// Reads an entry of the list, which holds less than a description.
    pub(in crate::aws) fn read_brief(brief: types::ServiceDeploymentBrief) -> Self {
        let deployment = types::ServiceDeployment::builder()
            .set_service_deployment_arn(brief.service_deployment_arn)
            .set_created_at(brief.created_at)
            .set_started_at(brief.started_at)
            .set_finished_at(brief.finished_at)
            .set_status(brief.status)
            .set_status_reason(brief.status_reason)
            .target_service_revision(types::ServiceRevisionSummary::builder().set_arn(brief.target_service_revision_arn).build())
            .build();
        Self::read(deployment)
    }
}

impl Rollback {
    fn read(rollback: types::Rollback) -> Self {
        Self {
            reason: rollback.reason.unwrap_or_default(),
            service_revision_arn: rollback.service_revision_arn,
            started_at: timestamp(rollback.started_at),
        }
    }
}

impl ServiceRevision {
    pub(in crate::aws) fn read(revision: &types::ServiceRevision) -> Result<Self, CodecError> {
        Ok(Self {
            arn: revision.service_revision_arn.clone().unwrap_or_default(),
            task_definition: revision.task_definition.clone().unwrap_or_default(),
            fields: to_json(revision)?,
        })
    }
}
