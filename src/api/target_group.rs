//! `EcsTargetGroup`: a target group whose targets ECS registers.
//!
//! Made by `EcsService.spec.expose`, or written by hand. What AWS cannot change is replaced; only the name is kept.

mod rules;
mod status;

pub use status::*;

use super::load_balancing::{ListenerReference, TargetGroupSettings};
use super::open_enum::open_enum;
use super::shared::{ConnectionReference, DeletionPolicy, DriftPolicy, ManagementPolicy, Tag};
use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

/// Input members of CreateTargetGroup and ModifyTargetGroup that are no field of the spec, and why.
pub const EXCLUDED: &[(&str, &str)] =
    &[("targetGroupArn", "ModifyTargetGroup's name for what this object stands for; it is in status")];

/// Values of AWS's enumerations that are not taken here, and why.
pub const EXCLUDED_VALUES: &[(&str, &str)] = &[
    ("GENEVE", "of Gateway Load Balancers, which ECS does not register tasks with"),
    ("lambda", "ECS registers no functions"),
    ("alb", "ECS registers no load balancers"),
];

open_enum! {
    /// How targets are registered.
    TargetType {
        /// By instance and host port.
        Instance = "instance",
        /// By IP address.
        Ip = "ip",
    }
}

/// A target group, under the names of CreateTargetGroup. Its targets are registered by ECS alone. Unset means AWS's
/// default unless a field says otherwise.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[kube(
    group = "ecs-operator.io",
    version = "v1alpha1",
    kind = "EcsTargetGroup",
    namespaced,
    derive = "PartialEq",
    shortname = "ecstg",
    category = "ecs-all",
    status = "EcsTargetGroupStatus",
    doc = "A target group of Elastic Load Balancing whose targets Amazon ECS registers.",
    printcolumn = r#"{"name":"Ready", "type":"string", "jsonPath":".status.conditions[?(@.type==\"Ready\")].status", "description":"Whether it is there as declared."}"#,
    printcolumn = r#"{"name":"Reason", "type":"string", "jsonPath":".status.conditions[?(@.type==\"Ready\")].reason", "description":"Why it is ready or not."}"#,
    printcolumn = r#"{"name":"Healthy", "type":"integer", "jsonPath":".status.healthy", "description":"Targets that are healthy."}"#,
    printcolumn = r#"{"name":"Unhealthy", "type":"integer", "jsonPath":".status.unhealthy", "description":"Targets that are not healthy."}"#,
    printcolumn = r#"{"name":"Name", "type":"string", "jsonPath":".status.name", "description":"Name in AWS."}"#,
    printcolumn = r#"{"name":"Age", "type":"date", "jsonPath":".metadata.creationTimestamp"}"#,
    printcolumn = r#"{"name":"ARN", "type":"string", "jsonPath":".status.arn", "priority":1, "description":"ARN of the target group."}"#,
    printcolumn = r#"{"name":"LB", "type":"string", "jsonPath":".status.loadBalancerArns[0]", "priority":1, "description":"Load balancer that forwards to it."}"#,
    printcolumn = r#"{"name":"Message", "type":"string", "jsonPath":".status.conditions[?(@.type==\"Ready\")].message", "priority":1, "description":"Why it is ready or not, in a sentence."}"#
)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = rules::name_is_kept())]
#[x_kube(validation = rules::name_fits())]
#[x_kube(validation = rules::network_is_known())]
#[x_kube(validation = rules::policy_is_there())]
#[x_kube(validation = rules::observed_by_name())]
#[x_kube(validation = crate::api::load_balancing::tags_are_not_reserved())]
pub struct EcsTargetGroupSpec {
    /// Name in AWS, at most 32 letters, digits and hyphens. Unset: made of namespace, name and a hash of what AWS cannot
    /// change, so that a replacement can stand beside the old one. Cannot be changed; with a name of its own a target
    /// group cannot be replaced, and what would replace it is reported instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 32))]
    pub name: Option<String>,
    /// Protocol, health check and attributes.
    #[serde(flatten)]
    pub settings: TargetGroupSettings,
    /// Port that targets have where nothing else is said; ECS registers each task with its own. Unset: 80, with HTTPS and
    /// TLS 443. An edit replaces the target group.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65535))]
    pub port: Option<i32>,
    /// VPC of the targets. Unset: that of the listener's load balancer. An edit replaces the target group.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 32), regex(pattern = r"^vpc-"))]
    pub vpc_id: Option<String>,
    /// How targets are registered: ip for network mode awsvpc, instance for bridge and host. Unset: instance. An edit
    /// replaces the target group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_type: Option<TargetType>,
    /// The listener that it is for: VPC and protocol are taken from there where they are unset. A listener of a network
    /// load balancer kept here forwards to the target group that names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listener: Option<ListenerReference>,
    /// Tags of the target group, beside the operator's own; at most 45. An edit is in place.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 45))]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["key"]))]
    pub tags: Option<Vec<Tag>>,

    /// The AwsConnection through which it is made. Unset: that of the EcsNamespacePolicy, else default. Another one has to
    /// lead to the same account and region once there is something in AWS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection_ref: Option<ConnectionReference>,
    /// Full (create, keep, delete) or Observe (only read the target group of that name). Unset: Full.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub management_policy: Option<ManagementPolicy>,
    /// What becomes of the target group when this object is deleted: Delete or Retain. Unset: Delete.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deletion_policy: Option<DeletionPolicy>,
    /// When somebody else changed the target group: Correct (put it back) or Report (say so in status). Unset: Correct.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drift_policy: Option<DriftPolicy>,
}
