//! What is seen of a service.

use super::expose::ExposureStatus;
use crate::api::shared::Drift;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What was seen in AWS, and what became of the declaration.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub struct EcsServiceStatus {
    /// The generation of the object that this status speaks of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// `Ready` and `Available`, and `Reconciling`, `Stalled`, `RolledBack`, `Drifted`, `Paused` while they are true.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
    /// Connection to AWS in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection: Option<String>,
    /// AWS account that holds the service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// AWS region that holds the service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Name of the cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// ARN of the service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_arn: Option<String>,
    /// When AWS created the service. A service deleted and made again has the same ARN and another time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Time>,
    /// `true` if the service was taken over and not created by this object.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub adopted: bool,
    /// ARN of the task definition that was asked for, references resolved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_definition: Option<String>,
    /// ARN of the task definition that ECS refused last, because somebody had deregistered it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused_task_definition: Option<String>,
    /// The revision that serves now, as `family:number`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    /// The last revision whose rollout completed, as `family:number`: the one that ECS could go back to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_completed: Option<String>,
    /// Tasks that ECS keeps running, as ECS has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub desired_count: Option<i32>,
    /// Tasks in state RUNNING.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub running_count: Option<i32>,
    /// Tasks in state PENDING.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pending_count: Option<i32>,
    /// Label selector in text form, for the scale subresource. ECS tasks are no pods, so it selects none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selector: Option<String>,
    /// What became of each entry of `expose`, in their order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub exposures: Vec<ExposureStatus>,
    /// How many of them are ready, as `1/2`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exposed: Option<String>,
    /// The newest rollout.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rollout: Option<Rollout>,
    /// The deployments that ECS lists, newest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub deployments: Vec<Deployment>,
    /// A configuration whose rollout failed. It is not sent again until the declaration changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed: Option<FailedRollout>,
    /// Tasks of the newest rollout that stopped, grouped by reason, most frequent first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stopped_tasks: Vec<StoppedTasks>,
    /// What the tasks of the newest deployment were started with, of the settings that a running task keeps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_with: Option<StartedWith>,
    /// A change that begins a rollout, and whose outcome is not known yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pending: Option<PendingRollout>,
    /// Where AWS differs from the declaration.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub drift: Vec<Drift>,
    /// Optional fields that were sent to AWS. One that leaves the declaration is set back to AWS's default once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "set"))]
    pub applied: Vec<String>,
    /// The value of the annotation `ecs-operator.io/restarted-at` that was carried out last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restarted_at: Option<String>,
    /// The value of the annotation `ecs-operator.io/reconcile-at` that was carried out last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reconciled_at: Option<String>,
    /// Hash of the declaration that was in force in AWS last. A difference under the same hash was made by somebody else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub applied_hash: Option<String>,
    /// Time and ids of the newest ECS service event that was made known here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_event: Option<LastEvent>,
}

/// One rollout: a ServiceDeployment of ECS.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub struct Rollout {
    /// `InProgress`, `Completed`, `Failed`, `RollingBack` or `RolledBack`. Once the declaration asks for what serves
    /// again, the deployment that serves stands here, and what failed is history.
    pub state: String,
    /// Hash of the configuration that is rolled out. Absent when somebody else began the rollout.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
    /// The revision that is rolled out, as `family:number`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    /// Identifier of the deployment, as `ecs-svc/<number>`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deployment_id: Option<String>,
    /// ARN of the ServiceDeployment, where ECS told it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_deployment_arn: Option<String>,
    /// Status of the ServiceDeployment in ECS's own word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Lifecycle stage in ECS's own word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// Deployment strategy in ECS's own word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strategy: Option<String>,
    /// Why it stands as it does, in ECS's own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Tasks that the rollout wants.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub desired: Option<i32>,
    /// Tasks of the rollout that run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub running: Option<i32>,
    /// Tasks of the rollout that are about to run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pending: Option<i32>,
    /// Tasks of the rollout that failed in a row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed: Option<i32>,
    /// When it began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Time>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Time>,
}

/// One entry of the list of deployments that ECS shows for a service.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub struct Deployment {
    /// Identifier, as `ecs-svc/<number>`.
    pub id: String,
    /// `PRIMARY` (the newest) or `ACTIVE` (being replaced).
    pub status: String,
    /// The revision it runs, as `family:number`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    /// Tasks that it wants.
    pub desired: i32,
    /// Tasks that run.
    pub running: i32,
    /// Tasks that are about to run.
    pub pending: i32,
    /// Tasks that failed in a row.
    pub failed: i32,
    /// `IN_PROGRESS`, `COMPLETED` or `FAILED`, where ECS tells it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rollout_state: Option<String>,
    /// Why, in ECS's own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rollout_state_reason: Option<String>,
    /// When ECS made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Time>,
}

/// Settings that ECS gives a task when it starts, as they were when a deployment began.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub struct StartedWith {
    /// Identifier of the deployment.
    pub deployment_id: String,
    /// The settings, by the names of their fields.
    pub settings: BTreeMap<String, String>,
    /// Those that were changed since: tasks that run already keep the former value until they are replaced.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub outdated: Vec<String>,
}

/// Written before a rollout is begun, so that it can be told from others after a crash or a lost reply.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub struct PendingRollout {
    /// Hash of the configuration that is to be rolled out.
    pub hash: String,
    /// ARN of the task definition that is to be rolled out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_definition: Option<String>,
    /// The value of the annotation `ecs-operator.io/restarted-at` that is carried out with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restarted_at: Option<String>,
    /// Identifier of the deployment that was the newest before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after_deployment: Option<String>,
    /// ARN of the ServiceDeployment that was the newest before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after_service_deployment: Option<String>,
}

/// A configuration whose rollout failed.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub struct FailedRollout {
    /// Hash of what was asked for.
    pub hash: String,
    /// ARN of the task definition that failed.
    pub task_definition: String,
    /// Why, in ECS's own words.
    pub reason: String,
    /// ARN of the task definition that ECS went back to. Absent when it did not go back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rolled_back_to: Option<String>,
}

/// Tasks that stopped for the same reason.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub struct StoppedTasks {
    /// The reason in ECS's own words, without what differs from task to task.
    pub reason: String,
    /// How many tasks, of those that ECS still shows.
    pub count: i32,
    /// Container that made the task stop, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// Exit code of that container.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// Identifier of the newest of these tasks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_task: Option<String>,
    /// When the newest of these tasks stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_stopped_at: Option<Time>,
}

/// How far ECS's service events were made known.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub struct LastEvent {
    /// Time of the newest event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Time>,
    /// Identifiers of the events of that time.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<String>,
}
