//! What is seen of a target group.

use crate::api::shared::Drift;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What was seen in AWS, and what became of the declaration.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub struct EcsTargetGroupStatus {
    /// The generation of the object that this status speaks of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// `Ready`, and `Reconciling`, `Stalled`, `Drifted`, `Paused` while they are true.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
    /// Connection to AWS in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection: Option<String>,
    /// AWS account that holds the target group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// AWS region that holds the target group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// ARN of the target group that the declaration stands for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Target groups that this one replaces and that are not deleted yet, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub previous: Vec<PreviousTargetGroup>,
    /// Whether traffic belongs to `arn`. While it is false, and something stands in `previous`, the newest of those has it.
    pub serving: bool,
    /// VPC of the target group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vpc_id: Option<String>,
    /// Protocol to the targets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<String>,
    /// Port of the target group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<i32>,
    /// How targets are registered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_type: Option<String>,
    /// Load balancers that forward to it; AWS allows one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub load_balancer_arns: Vec<String>,
    /// Where it is reached: the listener of the network load balancer that forwards to it, such as `tcp://…:5432`. Unset behind an
    /// application load balancer, where the rule says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Targets that are healthy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub healthy: Option<i32>,
    /// Targets that are not healthy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unhealthy: Option<i32>,
    /// Targets that were taken out and finish their requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub draining: Option<i32>,
    /// Targets that are checked for the first time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initial: Option<i32>,
    /// Targets grouped by state and reason, those in trouble first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<Targets>,
    /// Where AWS differs from the declaration.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub drift: Vec<Drift>,
    /// Optional fields and attributes that were sent to AWS. One that leaves the declaration is set back to AWS's default
    /// once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "set"))]
    pub applied: Vec<String>,
    /// Hash of the declaration that was in force in AWS last. A difference under the same hash was made by somebody else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub applied_hash: Option<String>,
    /// The value of the annotation `ecs-operator.io/reconcile-at` that was carried out last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reconciled_at: Option<String>,
}

/// A target group that is being replaced.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase", default)]
pub struct PreviousTargetGroup {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
}

/// Targets in the same state for the same reason.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase", default)]
pub struct Targets {
    /// State in AWS's own word.
    pub state: String,
    /// Reason in AWS's own word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What AWS says about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// How many targets.
    pub count: i32,
    /// One of them, as address or instance with its port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub example: Option<String>,
    /// What to look at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}
