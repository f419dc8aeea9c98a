//! `EcsService`: a service on ECS, as CreateService and UpdateService take it, and how it is kept.
//!
//! Types, schema and rules only. A member of AWS has AWS's name on the wire, since the fields are read by the SDK's own
//! codec; `EXCLUDED` lists the members that are no field. Rules over several fields stand in `rules`, those over one
//! beside its type.

pub mod connect;
pub mod deployment;
pub mod expose;
mod expose_rules;
pub mod network;
pub mod placement;
mod rules;
pub mod status;
#[cfg(test)]
mod tests;
pub mod volume;

use super::shared::{Adoption, ConnectionReference, DeletionPolicy, DriftPolicy, ManagementPolicy, Reference, Tag};
use super::task_definition::TaskDefinition;
use connect::ServiceConnectConfiguration;
use deployment::{DeploymentConfiguration, DeploymentController};
use expose::Exposure;
use kube::CustomResource;
use network::{GatewayConnector, LoadBalancer, NetworkConfiguration, ServiceRegistry, VpcLatticeConfiguration};
use placement::{
    AvailabilityZoneRebalancing, CapacityProviderStrategyItem, LaunchType, PlacementConstraint, PlacementStrategy,
    SchedulingStrategy,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
pub use status::EcsServiceStatus;
use volume::{MonitoringConfiguration, PropagateTags, ServiceVolumeConfiguration};

/// Input members of CreateService and UpdateService that are no field of the spec, and why.
pub const EXCLUDED: &[(&str, &str)] = &[
    ("clientToken", "derived from the owner and the request, so that a repeated create is recognised"),
    ("forceNewDeployment", "an act, not a state: annotation ecs-operator.io/restarted-at, and where ECS demands it"),
    ("service", "UpdateService's name for serviceName"),
];

/// Seconds without progress after which a rollout is reported as stalled, where `progressDeadlineSeconds` is unset.
pub const DEFAULT_PROGRESS_DEADLINE_SECONDS: i32 = 1800;

/// What is to run, under the names of CreateService and UpdateService. This operator's own are taskDefinitionRef,
/// taskDefinitionTemplate, revisionHistoryLimit, expose, managementPolicy, adoption, deletionPolicy, driftPolicy,
/// takeOverFrom and progressDeadlineSeconds.
///
/// Unless a field says otherwise, unset means AWS's default, and a field that is taken out goes back to it once.
#[derive(CustomResource, Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[kube(
    group = "ecs-operator.io",
    version = "v1alpha1",
    kind = "EcsService",
    namespaced,
    derive = "PartialEq",
    shortname = "ecssvc",
    category = "ecs",
    category = "ecs-all",
    status = "EcsServiceStatus",
    doc = "Runs and keeps a number of copies of a task definition on an Amazon ECS cluster.",
    scale(
        spec_replicas_path = ".spec.desiredCount",
        status_replicas_path = ".status.runningCount",
        label_selector_path = ".status.selector"
    ),
    printcolumn(name = "Ready", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].status"#),
    printcolumn(name = "Reason", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].reason"#),
    printcolumn(name = "Rollout", type_ = "string", json_path = ".status.rollout.state"),
    printcolumn(name = "Desired", type_ = "integer", json_path = ".status.desiredCount"),
    printcolumn(name = "Running", type_ = "integer", json_path = ".status.runningCount"),
    printcolumn(name = "Pending", type_ = "integer", json_path = ".status.pendingCount", priority = 1),
    printcolumn(name = "Revision", type_ = "string", json_path = ".status.revision"),
    printcolumn(name = "URL", type_ = "string", json_path = ".status.exposures[0].url"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Exposed", type_ = "string", json_path = ".status.exposed", priority = 1),
    printcolumn(name = "Cluster", type_ = "string", json_path = ".status.cluster", priority = 1),
    printcolumn(name = "Connection", type_ = "string", json_path = ".status.connection", priority = 1),
    printcolumn(name = "Strategy", type_ = "string", json_path = ".status.rollout.strategy", priority = 1),
    printcolumn(name = "Stage", type_ = "string", json_path = ".status.rollout.stage", priority = 1),
    printcolumn(
        name = "Message",
        type_ = "string",
        json_path = r#".status.conditions[?(@.type=="Ready")].message"#,
        priority = 1
    ),
    validation = rules::name_is_kept(),
    validation = rules::family_is_kept(),
    validation = rules::name_fits_ecs(),
    validation = rules::family_fits_ecs(),
    validation = rules::names_of_children_fit()
)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = rules::spec, transform = rules::tags)]
pub struct EcsServiceSpec {
    /// Name or ARN of the ECS cluster. Cannot be changed: ECS cannot move a service.
    #[schemars(length(max = 2048), regex(pattern = rules::CLUSTER))]
    pub cluster: String,
    /// Name of the service in ECS. Unset: metadata.name. Cannot be changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 255), regex(pattern = r"^[A-Za-z0-9_-]+$"))]
    pub service_name: Option<String>,
    /// Task definition in AWS: `family:revision`, its ARN, or `family` for the newest active revision. An edit is a new
    /// deployment.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048), regex(pattern = rules::TASK_DEFINITION))]
    pub task_definition: Option<String>,
    /// An EcsTaskDefinition, which several services can share. Each new revision of it is a new deployment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_definition_ref: Option<Reference>,
    /// The task definition itself. It becomes an EcsTaskDefinition that belongs to this service; an edit registers a
    /// revision and is a new deployment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_definition_template: Option<TaskDefinition>,
    /// Active revisions of taskDefinitionTemplate that are kept beside those in use. Unset: 10.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1000))]
    pub revision_history_limit: Option<i32>,
    /// Tasks to keep running. Unset: created with 1, then left to whoever scales it. `kubectl scale` and a
    /// HorizontalPodAutoscaler need it set. An edit is in place.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 5000))]
    pub desired_count: Option<i32>,
    /// REPLICA (desiredCount tasks) or DAEMON (one on each instance). Unset: REPLICA. Cannot be changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheduling_strategy: Option<SchedulingStrategy>,
    /// EC2, FARGATE or EXTERNAL; MANAGED_INSTANCES needs a strategy. Unset: capacityProviderStrategy, else the
    /// cluster's default. Can give way to a strategy and come back once that is taken out or `[]`; otherwise it cannot
    /// be changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub launch_type: Option<LaunchType>,
    /// Capacity providers and their shares, instead of launchType. An edit is a new deployment. `[]` goes back to the
    /// launch type, or to the cluster's default.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 20))]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["capacityProvider"]))]
    pub capacity_provider_strategy: Option<Vec<CapacityProviderStrategyItem>>,
    /// Fargate platform version. Unset: LATEST. An edit is a new deployment.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub platform_version: Option<String>,
    /// Subnets and security groups; needed with network mode awsvpc, refused with others. An edit is a new deployment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network_configuration: Option<NetworkConfiguration>,
    /// Target groups that already exist. An edit is a new deployment; `[]` detaches them. At most 5, or one without
    /// deploymentController ECS.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 5), extend("x-kubernetes-list-type" = "atomic"))]
    pub load_balancers: Option<Vec<LoadBalancer>>,
    /// Ports of the tasks that are reachable through a load balancer: target group and rule are made, kept and deleted in
    /// the right order. At most 5, together with loadBalancers; deploymentController ECS and strategy ROLLING only. An entry
    /// that comes, goes or changes its port is a new deployment; other edits are in place.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 5))]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub expose: Option<Vec<Exposure>>,
    /// Seconds after a task's start in which failed health checks do not count. Unset: 0. An edit is in place.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub health_check_grace_period_seconds: Option<i32>,
    /// Role that lets ECS call a load balancer; not with awsvpc. Unset: ECS's service-linked role, as it should be.
    /// Cannot be changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 2048))]
    pub role: Option<String>,
    /// How a new revision replaces the old one. An edit is in place and governs the next rollout.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deployment_configuration: Option<DeploymentConfiguration>,
    /// Who replaces tasks. Unset: ECS. With CODE_DEPLOY and EXTERNAL this object does not roll out. An edit is in
    /// place, between rollouts only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deployment_controller: Option<DeploymentController>,
    /// Service Connect. An edit is a new deployment; clients see a new endpoint after their own next deployment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_connect_configuration: Option<ServiceConnectConfiguration>,
    /// Cloud Map service that tasks are registered in; at most one. An edit is a new deployment; `[]` ends it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1), extend("x-kubernetes-list-type" = "atomic"))]
    pub service_registries: Option<Vec<ServiceRegistry>>,
    /// VPC Lattice target groups. An edit is a new deployment; `[]` detaches them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 10), extend("x-kubernetes-list-type" = "atomic"))]
    pub vpc_lattice_configurations: Option<Vec<VpcLatticeConfiguration>>,
    /// Ingress of an ECS gateway; at most one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1), extend("x-kubernetes-list-type" = "atomic"))]
    pub gateway_connectors: Option<Vec<GatewayConnector>>,
    /// What stands behind a volume marked configuredAtLaunch; one, REPLICA only. An edit is a new deployment.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1))]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub volume_configurations: Option<Vec<ServiceVolumeConfiguration>>,
    /// Whether ECS evens out tasks over availability zones. Unset: left as ECS has it. An edit is in place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub availability_zone_rebalancing: Option<AvailabilityZoneRebalancing>,
    /// Which instances may run tasks; not on Fargate. `[]`: all. An edit is in place.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 10), extend("x-kubernetes-list-type" = "atomic"))]
    pub placement_constraints: Option<Vec<PlacementConstraint>>,
    /// Which instances are preferred, in this order; not on Fargate nor DAEMON. `[]`: none. An edit is in place.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 5), extend("x-kubernetes-list-type" = "atomic"))]
    pub placement_strategy: Option<Vec<PlacementStrategy>>,
    /// Whether `aws ecs execute-command` may enter tasks; the task role must allow it. Unset: false. Running tasks get
    /// it with restarted-at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enable_execute_command: Option<bool>,
    /// Whether tasks carry aws:ecs:clusterName and aws:ecs:serviceName. Unset: false. Running tasks get them with
    /// restarted-at.
    #[serde(rename = "enableECSManagedTags", skip_serializing_if = "Option::is_none")]
    pub enable_ecs_managed_tags: Option<bool>,
    /// Whose tags new tasks get: TASK_DEFINITION, SERVICE or NONE. Unset: NONE. Running tasks get them with
    /// restarted-at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub propagate_tags: Option<PropagateTags>,
    /// How finely ECS measures CPU and memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub monitoring: Option<MonitoringConfiguration>,
    /// Tags of the service, beside the operator's own; at most 45. An edit is in place.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 45))]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["key"]))]
    pub tags: Option<Vec<Tag>>,

    /// The AwsConnection through which it is made. Unset: that of the EcsNamespacePolicy, else default. Another one has to
    /// lead to the same account and region once there is something in AWS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection_ref: Option<ConnectionReference>,
    /// Full (create, keep, delete), Observe (only read) or Adopt (take over the existing service of that name). Unset:
    /// Full.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub management_policy: Option<ManagementPolicy>,
    /// With Adopt, when spec and service differ: MustMatch (write nothing until they agree) or Overwrite. Unset:
    /// MustMatch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adoption: Option<Adoption>,
    /// What becomes of the service when this object is deleted: Delete or Retain. Unset: Delete if it was made here,
    /// Retain if it was adopted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deletion_policy: Option<DeletionPolicy>,
    /// When somebody else changed the service: Correct (put it back) or Report (say so in status). Unset: Correct.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drift_policy: Option<DriftPolicy>,
    /// Id of another installation of this operator whose service of the same owner is inherited. Unset: such a service
    /// is a conflict.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub take_over_from: Option<String>,
    /// Seconds without progress after which a rollout is reported as Stalled; ECS keeps trying. Unset: 1800.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub progress_deadline_seconds: Option<i32>,
}
