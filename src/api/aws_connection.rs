//! `AwsConnection`: an account and a region of AWS, how to get in, and which namespaces may.
//!
//! Administrators write it; nobody who may create the namespaced kinds should be able to.

mod rules;

use super::open_enum::open_enum;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, LabelSelector};
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Name of the connection that is used where nothing names one. Without an object of that name it is made from the
/// environment of the operator.
pub const DEFAULT: &str = "default";
/// In `allowedNamespaces.names`: every namespace.
pub const ALL_NAMESPACES: &str = "*";

open_enum! {
    /// Whether the operator's own credentials are used as they are.
    AmbientCredentials {
        /// They are.
        Allowed = "Allowed",
    }
}

open_enum! {
    /// Whether a session carries tags.
    SessionTags {
        /// It carries `ecs-operator.io/installation` and `ecs-operator.io/namespace`.
        Enabled = "Enabled",
        /// It carries none.
        Disabled = "Disabled",
    }
}

/// An account and a region of AWS, how the operator gets in, and which namespaces may have something there.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[kube(
    group = "ecs-operator.io",
    version = "v1alpha1",
    kind = "AwsConnection",
    derive = "PartialEq",
    shortname = "awsconn",
    status = "AwsConnectionStatus",
    doc = "An account and a region of AWS, how the operator gets in, and which namespaces may have something there.",
    printcolumn = r#"{"name":"Account", "type":"string", "jsonPath":".spec.accountId", "description":"Account id."}"#,
    printcolumn = r#"{"name":"Region", "type":"string", "jsonPath":".spec.region", "description":"Region."}"#,
    printcolumn = r#"{"name":"Ready", "type":"string", "jsonPath":".status.conditions[?(@.type==\"Ready\")].status", "description":"Whether AWS lets the operator in."}"#,
    printcolumn = r#"{"name":"Reason", "type":"string", "jsonPath":".status.conditions[?(@.type==\"Ready\")].reason", "description":"Why it is ready or not."}"#,
    printcolumn = r#"{"name":"Role", "type":"string", "jsonPath":".spec.assumeRole.roleArn", "description":"The role that is taken on."}"#,
    printcolumn = r#"{"name":"Age", "type":"date", "jsonPath":".metadata.creationTimestamp"}"#,
    printcolumn = r#"{"name":"Caller", "type":"string", "jsonPath":".status.callerArn", "priority":1, "description":"As whom AWS knows the operator."}"#,
    printcolumn = r#"{"name":"Message", "type":"string", "jsonPath":".status.conditions[?(@.type==\"Ready\")].message", "priority":1, "description":"Why it is ready or not, in a sentence."}"#
)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = rules::account_is_kept())]
#[x_kube(validation = rules::region_is_kept())]
#[x_kube(validation = rules::credentials_are_said())]
#[x_kube(validation = rules::one_way_in())]
#[x_kube(validation = rules::role_is_of_the_account())]
pub struct AwsConnectionSpec {
    /// Account id, twelve digits. Credentials of any other account are refused, and nothing is written. Cannot be changed.
    #[schemars(length(min = 12, max = 12), regex(pattern = r"^[0-9]{12}$"))]
    pub account_id: String,
    /// Region, such as eu-central-1. Cannot be changed: make another connection for another region.
    #[schemars(length(max = 32), regex(pattern = r"^[a-z]{2,4}(-[a-z]+)+-[0-9]+$"))]
    pub region: String,
    /// The role of that account that the operator takes on with its own credentials, anew for each namespace. Unset:
    /// ambientCredentials has to be Allowed. An edit counts from the next call on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assume_role: Option<AssumeRole>,
    /// Allowed: the operator's own credentials are used as they are, whatever they may do. Unset: they are used for nothing
    /// but taking on the role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ambient_credentials: Option<AmbientCredentials>,
    /// Where AWS answers, for every service and STS too, such as an emulator. Unset: AWS itself, or AWS_ENDPOINT_URL of the
    /// operator.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048), regex(pattern = r"^https?://[^\s@?#]+$"))]
    pub endpoint_url: Option<String>,
    /// The namespaces whose objects may use the connection. Unset or empty: none. `names: ["*"]`: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_namespaces: Option<AllowedNamespaces>,
}

/// A role to take on (sts:AssumeRole).
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct AssumeRole {
    /// ARN of the role.
    #[schemars(length(max = 2048), regex(pattern = r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]+$"))]
    pub role_arn: String,
    /// External id that the role's trust policy asks for. It is not treated as a secret by AWS, nor here. Unset: none is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 2, max = 1224), regex(pattern = r"^[\w+=,.@:/-]*$"))]
    pub external_id: Option<String>,
    /// How long a session lasts, in seconds; a new one is begun before. At most 3600 where the operator's own credentials are
    /// those of a role, and never more than the role allows. Unset: 3600.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 900, max = 43200))]
    pub session_duration_seconds: Option<i32>,
    /// Enabled: sessions carry the tags ecs-operator.io/installation and ecs-operator.io/namespace, which the role's trust policy has to
    /// permit (sts:TagSession). Disabled: none. Unset: Enabled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_tags: Option<SessionTags>,
}

/// Namespaces by name, by label, or both: one of them is enough.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = rules::selector_says_something)]
pub struct AllowedNamespaces {
    /// Names of namespaces; `*` alone stands for all. Unset: none by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1000), inner(length(min = 1, max = 63), regex(pattern = r"^(\*|[a-z0-9]([a-z0-9-]*[a-z0-9])?)$")))]
    #[schemars(extend("x-kubernetes-list-type" = "set"))]
    pub names: Option<Vec<String>>,
    /// Labels that a namespace carries. Whoever may label namespaces decides then. Unset: none by label.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selector: Option<LabelSelector>,
}

/// Whether AWS lets the operator in.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub struct AwsConnectionStatus {
    /// The generation of the object that this status speaks of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// As whom AWS knows the operator there: the ARN of a session or a user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caller_arn: Option<String>,
    /// `Ready`, and `Reconciling` or `Stalled` while they are true.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
}
