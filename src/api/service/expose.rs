//! What makes a service reachable: one entry is a target group and a rule, kept as objects of their own.

use super::expose_rules as rules;
use crate::api::load_balancing::{ListenerReference, Match, Rewrite, TargetGroupSettings};
use crate::api::shared::Reference;
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Exposes a port of the tasks through a listener of a load balancer, or registers it in a target group that exists. An
/// EcsTargetGroup and an EcsListenerRule named `<service>-<name>` do it; they say why it does not work.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = rules::name_is_a_label())]
#[x_kube(validation = rules::port_or_container())]
#[x_kube(validation = rules::listener_or_target_group())]
#[x_kube(validation = rules::match_needs_a_listener())]
#[x_kube(validation = rules::rule_needs_a_match())]
#[x_kube(validation = rules::target_group_is_left_as_it_is())]
#[x_kube(validation = rules::match_needs_http())]
#[x_kube(validation = rules::http_needs_a_match())]
#[x_kube(validation = rules::stickiness_fits_the_listener())]
pub struct Exposure {
    /// Name of the entry: small letters, digits and hyphens. Another name is another target group.
    #[schemars(length(min = 1, max = 63))]
    pub name: String,
    /// Name of one of portMappings in the task definition. Or use containerName and containerPort.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub port: Option<String>,
    /// Container that gets the requests. Goes with containerPort.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255))]
    pub container_name: Option<String>,
    /// Port of that container; the task definition must map it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65535))]
    pub container_port: Option<i32>,
    /// The listener that requests come through. With `match` it is one of an application load balancer and gets a rule;
    /// without, it is one of a network load balancer and gives all that it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listener: Option<ListenerReference>,
    /// The requests that are meant. An edit is in place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r#match: Option<Match>,
    /// What becomes of a request before it reaches a task. Unset: nothing. An edit is in place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rewrite: Option<Rewrite>,
    /// Priority of the rule, 1 to 50000. Refused while another rule has it. Unset: a free one, which stays.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 50000))]
    pub priority: Option<i32>,
    /// Protocol, health check and attributes of the target group.
    #[serde(flatten)]
    pub settings: TargetGroupSettings,
    /// A target group that exists, instead of `listener`. Tasks are registered in it; it is never changed nor deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_group: Option<TargetGroupReference>,
}

/// A target group that exists: exactly one of arn and ref.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = rules::arn_or_ref())]
#[x_kube(validation = crate::api::load_balancing::arn_of_a_target_group("arn"))]
pub struct TargetGroupReference {
    /// ARN of the target group.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 512))]
    pub arn: Option<String>,
    /// An EcsTargetGroup.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r#ref: Option<Reference>,
}

/// What became of one entry of `expose`.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub struct ExposureStatus {
    /// Name of the entry.
    pub name: String,
    /// Where it can be reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// ARN of the target group that serves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_group: Option<String>,
    /// ARNs of the target groups that tasks are registered in: two while one is replaced.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attached: Vec<String>,
    /// Whether requests reach healthy tasks.
    pub ready: bool,
    /// One word for why it is ready or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The same in a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Targets that are healthy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub healthy: Option<i32>,
    /// Targets that are not healthy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unhealthy: Option<i32>,
}
