//! Words that several kinds share: references, policies, tags, annotations.

use super::open_enum::open_enum;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The API group of every kind.
pub const GROUP: &str = "ecs-operator.io";
/// The API version of every kind.
pub const VERSION: &str = "v1alpha1";
/// The finalizer that stands on an object from before its first write to AWS until AWS holds nothing of it.
pub const FINALIZER: &str = "ecs-operator.io/aws";

/// Annotations that people set. All are read, none is ever written by the operator.
pub mod annotation {
    /// `true`: look and report, write nothing to AWS.
    pub const PAUSED: &str = "ecs-operator.io/paused";
    /// Any new value: one new deployment of the same configuration, as `kubectl rollout restart` does.
    pub const RESTARTED_AT: &str = "ecs-operator.io/restarted-at";
    /// `true`: delete in AWS though the brake holds it, on an object that is being deleted.
    pub const CONFIRM_DELETION: &str = "ecs-operator.io/confirm-deletion";
    /// Any new value: look at AWS now.
    pub const RECONCILE_AT: &str = "ecs-operator.io/reconcile-at";
}

/// Points at another object.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq, Hash)]
#[serde(rename_all = "camelCase")]
pub struct Reference {
    /// Name of the object.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// Namespace of the object. Unset: the namespace of the object that refers. Another namespace has to grant it
    /// in `references` of its EcsNamespacePolicy, or, where a listener is named, in allowedRoutes of the EcsLoadBalancer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub namespace: Option<String>,
}

/// Names an AwsConnection, which belongs to the whole cluster.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq, Hash)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionReference {
    /// Name of the AwsConnection.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
}

/// A tag on an AWS object.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "camelCase")]
pub struct Tag {
    /// Key of the tag: at most 128 characters. `aws:` and `ecs-operator.io/` are reserved.
    #[schemars(length(min = 1, max = 128))]
    pub key: String,
    /// Value of the tag: at most 256 characters. Unset: the empty text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub value: Option<String>,
}

open_enum! {
    /// What happens in AWS when the object is deleted here.
    DeletionPolicy {
        /// AWS's object is deleted too.
        Delete = "Delete",
        /// AWS's object stays; only the owner tags are taken off.
        Retain = "Retain",
    }
}

open_enum! {
    /// How much of the AWS object is managed.
    ManagementPolicy {
        /// Created, kept as declared, deleted.
        Full = "Full",
        /// Only read: `status.drift` says what would change, nothing is written to AWS.
        Observe = "Observe",
        /// An existing object of that name is taken over, then managed in full.
        Adopt = "Adopt",
    }
}

open_enum! {
    /// What adoption does when the declaration and the existing object differ.
    Adoption {
        /// Nothing is written until they agree.
        MustMatch = "MustMatch",
        /// The declaration wins.
        Overwrite = "Overwrite",
    }
}

open_enum! {
    /// What is done when AWS's object no longer is as declared.
    DriftPolicy {
        /// It is put back.
        Correct = "Correct",
        /// It is reported in `status.drift` and the condition `Drifted`, and left.
        Report = "Report",
    }
}

/// One field where AWS differs from the declaration.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase", default)]
pub struct Drift {
    /// Path of the field in the spec, such as `deploymentConfiguration.maximumPercent`.
    pub field: String,
    /// What the declaration asks for. Values that may hold secrets are not shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wanted: Option<String>,
    /// What AWS has. Values that may hold secrets are not shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seen: Option<String>,
}
