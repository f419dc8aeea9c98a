//! `EcsListenerRule`: what a listener of an application load balancer does with some requests.
//!
//! Made by `EcsService.spec.expose`, or written by hand. One object is one rule in AWS, or several where its match has
//! more values than AWS takes in one.

mod rules;
mod status;

pub use status::*;

use super::load_balancing::{Action, ListenerReference, Match, Rewrite};
use super::shared::{ConnectionReference, DeletionPolicy, DriftPolicy, ManagementPolicy, Tag};
use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

/// Input members of CreateRule and ModifyRule that are no field of the spec, and why. Below `conditions` and `actions` the
/// shape is ours: `match`, `forward`, `redirect` and `fixedResponse`.
pub const EXCLUDED: &[(&str, &str)] = &[
    ("listenerArn", "what listener stands for; it is in status"),
    ("ruleArn", "ModifyRule's name for what this object stands for; it is in status"),
    ("resetTransforms", "an act: what ModifyRule needs once rewrite is taken out"),
    ("conditions.field", "the name of the field under match"),
    ("conditions.values", "an older form of host and path conditions"),
    ("conditions.regexValues", "another form of the regular expressions for host, path and header"),
    ("conditions.sourceIpConfig.ipAddressType", "of Network Load Balancers, whose listeners have no rules of ours"),
    ("actions.type", "the name of the field: forward, redirect or fixedResponse"),
    ("actions.order", "one action in a rule needs no order"),
    ("actions.targetGroupArn", "an older form of forwarding to one target group"),
    ("actions.forwardConfig.targetGroupStickinessConfig.enabled", "stickiness is on where it stands"),
    ("actions.authenticateOidcConfig", "has a client secret, and takes a second action: not offered yet"),
    ("actions.authenticateCognitoConfig", "takes a second action: not offered yet"),
    ("actions.jwtValidationConfig", "takes a second action: not offered yet"),
    ("transforms.type", "the name of the field under rewrite"),
];

/// A rule of a listener: which requests, and what is done with them.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[kube(
    group = "ecs-operator.io",
    version = "v1alpha1",
    kind = "EcsListenerRule",
    namespaced,
    derive = "PartialEq",
    shortname = "ecsrule",
    category = "ecs-all",
    status = "EcsListenerRuleStatus",
    doc = "A rule of a listener of an Application Load Balancer.",
    printcolumn = r#"{"name":"Ready", "type":"string", "jsonPath":".status.conditions[?(@.type==\"Ready\")].status", "description":"Whether it is there as declared."}"#,
    printcolumn = r#"{"name":"Reason", "type":"string", "jsonPath":".status.conditions[?(@.type==\"Ready\")].reason", "description":"Why it is ready or not."}"#,
    printcolumn = r#"{"name":"Priority", "type":"integer", "jsonPath":".status.priority", "description":"Priority of the rule, or of the first of several."}"#,
    printcolumn = r#"{"name":"URL", "type":"string", "jsonPath":".status.url", "description":"Where a request that matches can be sent."}"#,
    printcolumn = r#"{"name":"Age", "type":"date", "jsonPath":".metadata.creationTimestamp"}"#,
    printcolumn = r#"{"name":"Hosts", "type":"string", "jsonPath":".spec.match.hosts", "priority":1, "description":"Hosts that it matches."}"#,
    printcolumn = r#"{"name":"Listener", "type":"string", "jsonPath":".status.listenerArn", "priority":1, "description":"ARN of the listener."}"#,
    printcolumn = r#"{"name":"Shadowed", "type":"string", "jsonPath":".status.conditions[?(@.type==\"Shadowed\")].status", "priority":1, "description":"Whether another rule leaves it nothing."}"#,
    printcolumn = r#"{"name":"Message", "type":"string", "jsonPath":".status.conditions[?(@.type==\"Ready\")].message", "priority":1, "description":"Why it is ready or not, in a sentence."}"#
)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = rules::policy_is_there())]
#[x_kube(validation = rules::observed_by_priority())]
#[x_kube(validation = crate::api::load_balancing::tags_are_not_reserved())]
pub struct EcsListenerRuleSpec {
    /// The listener. An edit makes the rule anew on the other one, then deletes it on this one.
    pub listener: ListenerReference,
    /// The requests that are meant. An edit is in place.
    pub r#match: Match,
    /// What becomes of a request before it reaches a target. Unset: nothing. An edit is in place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rewrite: Option<Rewrite>,
    /// What is done with the requests. An edit is in place.
    #[serde(flatten)]
    pub action: Action,
    /// Priority on the listener, 1 to 50000; the smallest that matches wins. Refused while another rule has it. Unset: a
    /// free one in the load balancer's band, by how specific the match is, which stays. An edit is in place.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 50000))]
    pub priority: Option<i32>,
    /// Tags of the rule, beside the operator's own; at most 45. An edit is in place.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 45))]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["key"]))]
    pub tags: Option<Vec<Tag>>,

    /// The AwsConnection through which it is made. Unset: that of the EcsNamespacePolicy, else default. Another one has to
    /// lead to the same account and region once there is something in AWS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection_ref: Option<ConnectionReference>,
    /// Full (create, keep, delete) or Observe (only read the rule of that priority). Unset: Full.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub management_policy: Option<ManagementPolicy>,
    /// What becomes of the rule when this object is deleted: Delete or Retain. Unset: Delete.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deletion_policy: Option<DeletionPolicy>,
    /// When somebody else changed the rule: Correct (put it back) or Report (say so in status). Unset: Correct.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drift_policy: Option<DriftPolicy>,
}
