//! How a new revision replaces the old one.

use crate::api::open_enum::open_enum;
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

open_enum! {
    /// Who replaces old tasks by new ones.
    DeploymentControllerType {
        /// ECS itself.
        Ecs = "ECS",
        /// AWS CodeDeploy: it changes task definition and target groups, this object does not.
        CodeDeploy = "CODE_DEPLOY",
        /// Somebody who calls the task set API.
        External = "EXTERNAL",
    }
}

/// Who replaces old tasks by new ones.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct DeploymentController {
    /// ECS (rollouts by ECS), CODE_DEPLOY or EXTERNAL. A service can go from CODE_DEPLOY to the others and between ECS
    /// and EXTERNAL, never to CODE_DEPLOY.
    pub r#type: DeploymentControllerType,
}

open_enum! {
    /// How traffic and tasks go from the old revision to the new one.
    DeploymentStrategy {
        /// Tasks are replaced step by step.
        Rolling = "ROLLING",
        /// Both revisions run in full, then all traffic goes over.
        BlueGreen = "BLUE_GREEN",
        /// Traffic goes over in equal steps.
        Linear = "LINEAR",
        /// A small part of the traffic goes over first, then the rest.
        Canary = "CANARY",
    }
}

/// How a new revision replaces the old one. Members left out keep what ECS has.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("!has(self.strategy) || self.strategy != 'BLUE_GREEN' || has(self.bakeTimeInMinutes)")
        .message("strategy BLUE_GREEN needs bakeTimeInMinutes: how long both revisions run after the traffic shift (0 is allowed)"),
    validation = Rule::new("!has(self.linearConfiguration) || (has(self.strategy) && self.strategy == 'LINEAR')")
        .message("linearConfiguration needs strategy LINEAR"),
    validation = Rule::new("!has(self.canaryConfiguration) || (has(self.strategy) && self.strategy == 'CANARY')")
        .message("canaryConfiguration needs strategy CANARY"),
    validation = Rule::new("!has(self.earlySuccessCriteria) || !self.earlySuccessCriteria.enable || !has(self.strategy) || self.strategy == 'ROLLING'")
        .message("earlySuccessCriteria works with strategy ROLLING only"),
    validation = Rule::new("!has(self.earlySuccessCriteria) || !has(self.earlySuccessCriteria.healthyPercent) || !has(self.minimumHealthyPercent) || self.earlySuccessCriteria.healthyPercent >= self.minimumHealthyPercent")
        .message("earlySuccessCriteria.healthyPercent must not be below minimumHealthyPercent"),
)]
pub struct DeploymentConfiguration {
    /// ROLLING, BLUE_GREEN, LINEAR or CANARY; the latter three need deploymentController ECS. Unset: ROLLING. An edit
    /// is in place and governs the next rollout.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strategy: Option<DeploymentStrategy>,
    /// Most tasks during a rollout, in percent of desiredCount, rounded down. Unset: 200 (DAEMON: 100).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub maximum_percent: Option<i32>,
    /// Fewest healthy tasks during a rollout, in percent of desiredCount, rounded up. Unset: 100 (DAEMON: 0).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 100))]
    pub minimum_healthy_percent: Option<i32>,
    /// Ends a rollout whose tasks do not become healthy. Unset: off, and a bad revision is tried for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deployment_circuit_breaker: Option<DeploymentCircuitBreaker>,
    /// Ends a rollout when a CloudWatch alarm goes off. Unset: off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alarms: Option<DeploymentAlarms>,
    /// Minutes that both revisions run on after all traffic has shifted. Needed for BLUE_GREEN.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1440))]
    pub bake_time_in_minutes: Option<i32>,
    /// Steps of strategy LINEAR.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub linear_configuration: Option<LinearConfiguration>,
    /// First step of strategy CANARY.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canary_configuration: Option<CanaryConfiguration>,
    /// Functions and pauses at stages of a rollout; at most 10 of each kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 20), extend("x-kubernetes-list-type" = "atomic"))]
    pub lifecycle_hooks: Option<Vec<DeploymentLifecycleHook>>,
    /// Lets a ROLLING rollout succeed before every task is replaced. Unset: off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub early_success_criteria: Option<DeploymentEarlySuccessCriteria>,
}

/// Ends a rollout whose tasks do not become healthy.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct DeploymentCircuitBreaker {
    /// Whether it is on.
    pub enable: bool,
    /// Whether ECS goes back to the last completed revision. The failed one is not tried again until this object
    /// changes.
    pub rollback: bool,
    /// Whether a healthy task sets the count of failures back. Unset: true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reset_on_healthy_task: Option<bool>,
    /// Failures that end the rollout. Unset: half of desiredCount, at least 3, at most 200.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold_configuration: Option<ThresholdConfiguration>,
}

open_enum! {
    /// How a failure threshold is computed.
    ThresholdType {
        /// Percent of desiredCount, at least 3 and at most 200.
        BoundedPercent = "BOUNDED_PERCENT",
        /// Percent of desiredCount.
        UnboundedPercent = "UNBOUNDED_PERCENT",
        /// Number of failures.
        Count = "COUNT",
    }
}

/// Failures that end a rollout.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct ThresholdConfiguration {
    /// BOUNDED_PERCENT of desiredCount (result between 3 and 200), UNBOUNDED_PERCENT, or COUNT.
    pub r#type: ThresholdType,
    /// Percentage or count.
    #[schemars(range(min = 1))]
    pub value: i32,
}

/// Ends a rollout when a CloudWatch alarm goes off. An alarm that is off already when the rollout begins is ignored.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("!self.enable || size(self.alarmNames) > 0").message("alarms.enable needs at least one name in alarmNames"))]
pub struct DeploymentAlarms {
    /// Names of the alarms.
    #[schemars(length(max = 50), inner(length(min = 1, max = 255)), extend("x-kubernetes-list-type" = "set"))]
    pub alarm_names: Vec<String>,
    /// Whether ECS goes back to the last completed revision.
    pub rollback: bool,
    /// Whether the alarms are watched.
    pub enable: bool,
}

/// Traffic goes over in equal steps.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct LinearConfiguration {
    /// Percent of the traffic per step, 3.0 to 100.0 in tenths. Unset: 10.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 3.0, max = 100.0))]
    pub step_percent: Option<f64>,
    /// Minutes between steps. Unset: 6.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1440))]
    pub step_bake_time_in_minutes: Option<i32>,
}

/// A small part of the traffic goes over first.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct CanaryConfiguration {
    /// Percent of the traffic in the first step, 0.1 to 100.0. Unset: 5.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.1, max = 100.0))]
    pub canary_percent: Option<f64>,
    /// Minutes until the rest goes over. Unset: 10.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1440))]
    pub canary_bake_time_in_minutes: Option<i32>,
}

open_enum! {
    /// What becomes of the old revision's tasks after early success.
    ServiceRevisionCleanup {
        /// The rollout ends when they are gone.
        Blocking = "BLOCKING",
        /// They go after the rollout has ended.
        Deferred = "DEFERRED",
    }
}

/// Lets a rollout succeed early. From then on circuit breaker and alarms no longer guard it.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("!self.enable || (has(self.healthyPercent) && has(self.sourceServiceRevisionCleanup))")
    .message("earlySuccessCriteria.enable needs healthyPercent and sourceServiceRevisionCleanup"))]
pub struct DeploymentEarlySuccessCriteria {
    /// Whether it is on.
    pub enable: bool,
    /// Healthy tasks of the new revision, in percent of desiredCount, that make a success.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 100))]
    pub healthy_percent: Option<i32>,
    /// Whether the rollout waits for the old tasks to go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_service_revision_cleanup: Option<ServiceRevisionCleanup>,
}

open_enum! {
    /// What a lifecycle hook does.
    DeploymentLifecycleHookTargetType {
        /// Calls a Lambda function.
        AwsLambda = "AWS_LAMBDA",
        /// Waits until somebody continues or rolls back.
        Pause = "PAUSE",
    }
}

open_enum! {
    /// Stages of a rollout that accept a hook, in the order in which they come.
    DeploymentLifecycleHookStage {
        /// Before a rollout that finds more than one active revision.
        ReconcileService = "RECONCILE_SERVICE",
        /// Before the new revision starts.
        PreScaleUp = "PRE_SCALE_UP",
        /// After the new revision has started.
        PostScaleUp = "POST_SCALE_UP",
        /// While test traffic goes over.
        TestTrafficShift = "TEST_TRAFFIC_SHIFT",
        /// After test traffic has gone over.
        PostTestTrafficShift = "POST_TEST_TRAFFIC_SHIFT",
        /// Before each step of production traffic.
        PreProductionTrafficShift = "PRE_PRODUCTION_TRAFFIC_SHIFT",
        /// While production traffic goes over.
        ProductionTrafficShift = "PRODUCTION_TRAFFIC_SHIFT",
        /// After production traffic has gone over.
        PostProductionTrafficShift = "POST_PRODUCTION_TRAFFIC_SHIFT",
    }
}

open_enum! {
    /// What happens when a hook is not answered in time.
    DeploymentLifecycleHookAction {
        /// The rollout is rolled back.
        Rollback = "ROLLBACK",
        /// The rollout goes on.
        Continue = "CONTINUE",
    }
}

/// A function or a pause at stages of a rollout.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("has(self.targetType) && self.targetType == 'PAUSE' ? !has(self.hookTargetArn) && !has(self.roleArn) : has(self.hookTargetArn) && has(self.roleArn)")
        .message("an AWS_LAMBDA hook needs hookTargetArn and roleArn; a PAUSE hook takes neither"),
    validation = Rule::new("!has(self.targetType) || self.targetType != 'PAUSE' || !self.lifecycleStages.exists(s, s in ['TEST_TRAFFIC_SHIFT', 'PRODUCTION_TRAFFIC_SHIFT'])")
        .message("a PAUSE hook cannot stand at TEST_TRAFFIC_SHIFT or PRODUCTION_TRAFFIC_SHIFT: use the stage before or after"),
)]
pub struct DeploymentLifecycleHook {
    /// AWS_LAMBDA calls a function; PAUSE waits until somebody continues or rolls back. Unset: AWS_LAMBDA.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_type: Option<DeploymentLifecycleHookTargetType>,
    /// ARN of the Lambda function.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048), regex(pattern = r"^arn:"))]
    pub hook_target_arn: Option<String>,
    /// ARN of the role that lets ECS call the function.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048), regex(pattern = r"^arn:"))]
    pub role_arn: Option<String>,
    /// Stages at which the hook runs, at least one.
    #[schemars(length(min = 1, max = 8), extend("x-kubernetes-list-type" = "set"))]
    pub lifecycle_stages: Vec<DeploymentLifecycleHookStage>,
    /// Any JSON, given to the function at each call. Visible to all who may read this object: no secrets.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-kubernetes-preserve-unknown-fields" = true))]
    pub hook_details: Option<serde_json::Value>,
    /// How long ECS waits for an answer. Unset: 1440 minutes, then ROLLBACK.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_configuration: Option<DeploymentLifecycleHookTimeoutConfiguration>,
}

/// How long ECS waits for a hook, and what it does then.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct DeploymentLifecycleHookTimeoutConfiguration {
    /// Minutes, 1 to 20160. Unset: 1440.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 20160))]
    pub timeout_in_minutes: Option<i32>,
    /// ROLLBACK or CONTINUE. Unset: ROLLBACK.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<DeploymentLifecycleHookAction>,
}
