//! What is seen of a rule.

use crate::api::shared::Drift;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What was seen in AWS, and what became of the declaration.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub struct EcsListenerRuleStatus {
    /// The generation of the object that this status speaks of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// `Ready`, `Accepted` (nobody else has this match or priority, and the host is allowed) and `Programmed` (AWS has the
    /// rule); `Shadowed`, `Reconciling`, `Stalled`, `Drifted`, `Paused` while they are true.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
    /// Connection to AWS in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection: Option<String>,
    /// AWS account that holds the rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// AWS region that holds the rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// ARN of the listener, references resolved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listener_arn: Option<String>,
    /// ARN of the listener's load balancer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub load_balancer_arn: Option<String>,
    /// Where a request that matches can be sent, as far as the match says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The rules in AWS, in the order of their parts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<RulePart>,
    /// Priority of the first of them. One that was chosen here is kept for life.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<i32>,
    /// The rule that takes every request that this one would match.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shadowed_by: Option<ShadowedBy>,
    /// Target groups and their weights, as AWS has them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub target_groups: Vec<WeightedTargetGroup>,
    /// Where AWS differs from the declaration.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub drift: Vec<Drift>,
    /// Optional fields that were sent to AWS. One that leaves the declaration is taken out of AWS's rule once.
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

/// One rule in AWS. A match with more values than AWS takes in one rule has several.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase", default)]
pub struct RulePart {
    /// Which part of the match it is, from 0.
    pub part: i32,
    /// Its ARN. Absent: it is not there yet, and the priority is the one that it will have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
    /// Its priority.
    pub priority: i32,
}

/// A rule that stands before this one and leaves it nothing.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase", default)]
pub struct ShadowedBy {
    /// Its ARN.
    pub arn: String,
    /// Its priority.
    pub priority: i32,
    /// Whose it is, as `namespace/name`. Absent: it was not made by an EcsListenerRule of this installation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
}

/// A target group and its share.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase", default)]
pub struct WeightedTargetGroup {
    /// Its ARN.
    pub arn: String,
    /// Its weight.
    pub weight: i32,
}
