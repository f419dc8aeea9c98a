//! What is seen of a task definition family.

use crate::api::shared::Drift;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What was seen in AWS, and what became of the declaration.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub struct EcsTaskDefinitionStatus {
    /// The generation of the object that this status speaks of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// `Ready`, and `Reconciling`, `Stalled`, `Paused`, `Drifted` while they are true.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
    /// Connection to AWS in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection: Option<String>,
    /// AWS account that holds the family.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// AWS region that holds the family.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// `true` if the family was taken over and not begun by this object.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub adopted: bool,
    /// ARN of the revision that the declaration stands for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_definition_arn: Option<String>,
    /// Number of that revision.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<i32>,
    /// Hash of the canonical declaration behind that revision, as `v1:<sha256>`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
    /// A registration that was begun and whose outcome is not known yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pending: Option<PendingRegistration>,
    /// The revisions that this object registered and that are still ACTIVE, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub revisions: Vec<RegisteredRevision>,
    /// Numbers of ACTIVE revisions of the family that somebody else registered. They are left alone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub foreign_revisions: Vec<i32>,
    /// Tags of the declaration that stand on the revision. Tags that others set are not listed and are left alone.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// The value of the annotation `ecs-operator.io/reconcile-at` that was carried out last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reconciled_at: Option<String>,
    /// Where AWS differs from the declaration.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub drift: Vec<Drift>,
}

/// Written before a registration, so that its outcome can be found after a crash or a lost reply.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct PendingRegistration {
    /// Hash of what is being registered.
    pub hash: String,
}

/// One revision that this object registered.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct RegisteredRevision {
    /// Number of the revision.
    pub revision: i32,
    /// Hash of the canonical declaration behind it.
    pub hash: String,
    /// When AWS registered it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registered_at: Option<Time>,
}
