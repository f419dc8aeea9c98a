//! `EcsTaskDefinition`: a family of task definitions in Amazon ECS.
//!
//! [`TaskDefinition`] is what AWS takes, member for member; [`EcsTaskDefinitionSpec`] adds how this object is kept. The
//! types hold no behaviour: the conversion to the SDK goes through their JSON, so a name here is a name on the wire.

mod container;
mod declaration;
mod environment;
mod linux;
mod logging;
mod network;
mod resources;
mod rules;
mod status;
mod volume;

pub use container::*;
pub use declaration::*;
pub use environment::*;
pub use linux::*;
pub use logging::*;
pub use network::*;
pub use resources::*;
pub use status::*;
pub use volume::*;

use super::shared::{Adoption, ConnectionReference, DeletionPolicy, DriftPolicy, ManagementPolicy};
use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

/// How many revisions of an object stay ACTIVE beside those in use, where the object does not say.
pub const DEFAULT_REVISION_HISTORY_LIMIT: i32 = 10;

/// A task definition, under the names of RegisterTaskDefinition, and how this object is kept. An edit of what AWS knows
/// registers a new revision, unless an equal one of ours is still ACTIVE; `tags` are changed in place.
/// Unset means AWS's default.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[kube(
    group = "ecs-operator.io",
    version = "v1alpha1",
    kind = "EcsTaskDefinition",
    plural = "ecstaskdefinitions",
    shortname = "ecstd",
    category = "ecs",
    category = "ecs-all",
    namespaced,
    status = "EcsTaskDefinitionStatus",
    derive = "PartialEq",
    validation = rules::name_is_a_family(),
    validation = rules::family_is_kept(),
    doc = "A task definition family in Amazon ECS: each change of what it declares is registered as a new revision.",
    printcolumn = r#"{"name":"Ready", "type":"string", "jsonPath":".status.conditions[?(@.type==\"Ready\")].status", "description":"Whether the declared revision is registered."}"#,
    printcolumn = r#"{"name":"Revision", "type":"integer", "jsonPath":".status.revision", "description":"Number of the revision that the declaration stands for."}"#,
    printcolumn = r#"{"name":"Family", "type":"string", "jsonPath":".spec.family", "priority":1, "description":"Family, where it is not the name of the object."}"#,
    printcolumn = r#"{"name":"ARN", "type":"string", "jsonPath":".status.taskDefinitionArn", "priority":1, "description":"ARN of the revision."}"#,
    printcolumn = r#"{"name":"Account", "type":"string", "jsonPath":".status.account", "priority":1, "description":"AWS account that holds the family."}"#,
    printcolumn = r#"{"name":"Reason", "type":"string", "jsonPath":".status.conditions[?(@.type==\"Ready\")].reason", "priority":1, "description":"Why it is ready or not."}"#,
    printcolumn = r#"{"name":"Age", "type":"date", "jsonPath":".metadata.creationTimestamp"}"#
)]
#[serde(rename_all = "camelCase")]
pub struct EcsTaskDefinitionSpec {
    /// What AWS is given.
    #[serde(flatten)]
    pub task_definition: TaskDefinition,
    /// How many revisions of this object that nothing uses stay ACTIVE; older ones are deregistered. Unset: 10.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1000))]
    pub revision_history_limit: Option<i32>,
    /// `Delete`: the revisions that this object registered are deregistered when it is deleted. `Retain`: they stay.
    /// Unset: Delete, or Retain where the family was adopted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deletion_policy: Option<DeletionPolicy>,
    /// The AwsConnection through which it is made. Unset: that of the EcsNamespacePolicy, else default. Another one has to
    /// lead to the same account and region once there is something in AWS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection_ref: Option<ConnectionReference>,
    /// `Full`: registered and cleaned up. `Observe`: only read and compared. `Adopt`: the newest revision of an existing
    /// family is taken over. Unset: Full.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub management_policy: Option<ManagementPolicy>,
    /// What `managementPolicy: Adopt` does when the existing revision differs. `MustMatch`: nothing is written until
    /// they agree. `Overwrite`: a new revision is registered. Unset: MustMatch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adoption: Option<Adoption>,
    /// What is done about a revision that somebody deregistered. `Correct`: it is registered anew, and its services roll
    /// out. `Report`: it is only said in status. It is noticed when ECS refuses the revision to a service, or with
    /// ecs-operator.io/reconcile-at; what runs goes on running until then. Unset: Correct.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drift_policy: Option<DriftPolicy>,
}
