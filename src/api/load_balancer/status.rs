//! What is seen of a load balancer.

use crate::api::shared::Drift;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What was seen in AWS, and what became of the declaration.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub struct EcsLoadBalancerStatus {
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
    /// AWS account that holds the load balancer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// AWS region that holds the load balancer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// `true` if the load balancer was taken over and not made by this object.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub adopted: bool,
    /// ARN of the load balancer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub load_balancer_arn: Option<String>,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `application` or `network`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r#type: Option<String>,
    /// `internet-facing` or `internal`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheme: Option<String>,
    /// Its DNS name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dns_name: Option<String>,
    /// Route 53 zone of that name, for alias records.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canonical_hosted_zone_id: Option<String>,
    /// VPC of the load balancer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vpc_id: Option<String>,
    /// State in AWS's own word: `provisioning`, `active`, `active_impaired` or `failed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Why it is in that state, in AWS's own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state_reason: Option<String>,
    /// The listeners that AWS has, by port.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["port"]))]
    pub listeners: Vec<ListenerStatus>,
    /// How much of what AWS allows is used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quotas: Option<Quotas>,
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

/// A listener, as AWS has it.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase", default)]
pub struct ListenerStatus {
    /// Its port.
    pub port: i32,
    /// Its protocol in AWS's own word.
    pub protocol: String,
    /// Its ARN.
    pub arn: String,
    /// Rules on it, whoever made them, without the default one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rules_used: Option<i32>,
    /// The EcsTargetGroup that a listener of a network load balancer forwards to because it names it: `namespace/name`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claimed_by: Option<String>,
    /// Other EcsTargetGroups that name it and get nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conflicts: Vec<String>,
    /// Hosts of its rules that no certificate covers, where Certificate Manager can be read and has all of the listener's.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub uncovered_hosts: Vec<String>,
}

/// How much of what AWS allows to one load balancer is used, whoever uses it.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase", default)]
pub struct Quotas {
    /// Rules of all listeners, without the default ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rules: Option<Quota>,
    /// Target groups.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_groups: Option<Quota>,
    /// Listeners.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listeners: Option<Quota>,
    /// Certificates, without the default ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificates: Option<Quota>,
}

/// How many there are, and how many there may be.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase", default)]
pub struct Quota {
    /// How many there are.
    pub used: i32,
    /// How many there may be.
    pub limit: i32,
}
