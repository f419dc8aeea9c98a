//! `EcsNamespacePolicy`: what the objects of a namespace may make AWS do.
//!
//! A field for each slot of [`Slot`](crate::domain::grant::Slot). Administrators write it; nobody who may create the other
//! kinds should be able to.

mod rules;

use super::aws_connection::AllowedNamespaces;
use super::open_enum::open_enum;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The name of the one policy that a namespace can have.
pub const NAME: &str = "default";

open_enum! {
    /// What becomes of a call that is not granted.
    GuardMode {
        /// It is not made.
        Enforce = "Enforce",
        /// It is made, and an Event says what would have been refused.
        Warn = "Warn",
        /// It is made, and only the log and a metric tell of it.
        Audit = "Audit",
    }
}

open_enum! {
    /// A kind whose objects can be referred to from other namespaces, where their own grants it.
    ReferencedKind {
        /// Task definitions: services there may run them, with the roles and secrets that they declare.
        TaskDefinition = "EcsTaskDefinition",
        /// Target groups: rules and load balancers there may forward to them, and services register their tasks in them.
        TargetGroup = "EcsTargetGroup",
    }
}

/// What the objects of this namespace may make AWS do with the operator's rights. A field that is unset grants nothing,
/// unless it says otherwise; without a policy nothing is granted at all.
///
/// An entry is an ARN, or without `arn:` the resource of one in the operator's account and region, such as `role/team-a`.
/// A `*` at the end stands for whatever follows. What the operator made itself for an object of the namespace (target
/// groups, load balancers, revisions) needs no entry, and neither does a deletion.
#[derive(CustomResource, Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[kube(
    group = "ecs-operator.io",
    version = "v1alpha1",
    kind = "EcsNamespacePolicy",
    plural = "ecsnamespacepolicies",
    namespaced,
    derive = "PartialEq",
    shortname = "ecspol",
    status = "EcsNamespacePolicyStatus",
    doc = "Says what the objects of a namespace may make AWS do. A namespace has one, named default.",
    printcolumn(name = "Ready", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].status"#),
    printcolumn(name = "Reason", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].reason"#),
    printcolumn(name = "Mode", type_ = "string", json_path = ".spec.mode"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(
        name = "Message",
        type_ = "string",
        json_path = r#".status.conditions[?(@.type=="Ready")].message"#,
        priority = 1
    ),
    validation = rules::name_is_default()
)]
#[serde(rename_all = "camelCase")]
pub struct EcsNamespacePolicySpec {
    /// Enforce (what is not granted is not done), Warn (it is done, and an Event says so) or Audit (it is done; log and
    /// metrics say so). Unset: Enforce.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<GuardMode>,
    /// AwsConnection of the namespace: objects that name none use it, and none may name another. Unset: default, and
    /// objects may name any connection that allows the namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub connection: Option<String>,
    /// Roles for the containers of a task (taskRoleArn). Unset: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 100), inner(length(max = 2048), regex(pattern = rules::ROLE)))]
    #[schemars(extend("x-kubernetes-list-type" = "set"))]
    pub task_roles: Option<Vec<String>>,
    /// Roles with which images are pulled, secrets read and log groups written for a task (executionRoleArn). Unset: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 100), inner(length(max = 2048), regex(pattern = rules::ROLE)))]
    #[schemars(extend("x-kubernetes-list-type" = "set"))]
    pub execution_roles: Option<Vec<String>>,
    /// Roles with which ECS acts for a service: on load balancers and VPC Lattice, on volumes, in hooks, for the certificates
    /// of Service Connect. Unset: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 100), inner(length(max = 2048), regex(pattern = rules::ROLE)))]
    #[schemars(extend("x-kubernetes-list-type" = "set"))]
    pub infrastructure_roles: Option<Vec<String>>,
    /// Clusters for services, such as `cluster/team-a`. Unset: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 100), inner(length(max = 2048), regex(pattern = rules::CLUSTER)))]
    #[schemars(extend("x-kubernetes-list-type" = "set"))]
    pub clusters: Option<Vec<String>>,
    /// Families of task definitions that may be registered here, or run by their name. Unset: an EcsTaskDefinition may have
    /// the family of its own name, and a service may run what an EcsTaskDefinition of the namespace stands for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 100), inner(length(min = 1, max = 256), regex(pattern = rules::NAMED)))]
    #[schemars(extend("x-kubernetes-list-type" = "set"))]
    pub families: Option<Vec<String>>,
    /// Images of containers, as they are written in the task definition. Unset: any.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 100), inner(length(min = 1, max = 512), regex(pattern = rules::NAMED)))]
    #[schemars(extend("x-kubernetes-list-type" = "set"))]
    pub images: Option<Vec<String>>,
    /// Secrets of Secrets Manager (`secret:team-a/*`), parameters (`parameter/team-a/*`), credential specifications, and files
    /// in S3 (`arn:aws:s3:::bucket/*`) that a task may be given. Unset: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200), inner(length(max = 2048), regex(pattern = rules::SECRET)))]
    #[schemars(extend("x-kubernetes-list-type" = "set"))]
    pub secrets: Option<Vec<String>>,
    /// Log groups of CloudWatch for the log driver awslogs. Unset: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 100), inner(length(min = 1, max = 512), regex(pattern = rules::NAMED)))]
    #[schemars(extend("x-kubernetes-list-type" = "set"))]
    pub log_groups: Option<Vec<String>>,
    /// File systems and access points of EFS and FSx, and snapshots for volumes, by their ids. Unset: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 100), inner(length(min = 1, max = 2048), regex(pattern = rules::NAMED)))]
    #[schemars(extend("x-kubernetes-list-type" = "set"))]
    pub file_systems: Option<Vec<String>>,
    /// Subnets for tasks and load balancers. Unset: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 100), inner(length(min = 1, max = 64), regex(pattern = rules::NAMED)))]
    #[schemars(extend("x-kubernetes-list-type" = "set"))]
    pub subnets: Option<Vec<String>>,
    /// Security groups for tasks and load balancers. Unset: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 100), inner(length(min = 1, max = 64), regex(pattern = rules::NAMED)))]
    #[schemars(extend("x-kubernetes-list-type" = "set"))]
    pub security_groups: Option<Vec<String>>,
    /// Elastic IP addresses (`eipalloc-…`) and pools of addresses for load balancers. Unset: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 100), inner(length(min = 1, max = 128), regex(pattern = rules::NAMED)))]
    #[schemars(extend("x-kubernetes-list-type" = "set"))]
    pub addresses: Option<Vec<String>>,
    /// Target groups that others made, such as `targetgroup/team-a-*`. Unset: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 100), inner(length(max = 2048), regex(pattern = rules::TARGET_GROUP)))]
    #[schemars(extend("x-kubernetes-list-type" = "set"))]
    pub target_groups: Option<Vec<String>>,
    /// Listeners that others made, and the hosts that rules may claim there. The allowedRoutes of an EcsLoadBalancer govern
    /// its own listeners. Unset: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 50))]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["arn"]))]
    pub listeners: Option<Vec<ListenerGrant>>,
    /// Load balancers that others made and that may be named here: by an EcsLoadBalancer that observes one, or a classic one
    /// by a service. Unset: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 50), inner(length(max = 2048), regex(pattern = rules::LOAD_BALANCER)))]
    #[schemars(extend("x-kubernetes-list-type" = "set"))]
    pub load_balancers: Option<Vec<String>>,
    /// Certificates (`certificate/…`) and trust stores (`truststore/…`) for listeners. Unset: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 100), inner(length(max = 2048), regex(pattern = rules::CERTIFICATE)))]
    #[schemars(extend("x-kubernetes-list-type" = "set"))]
    pub certificates: Option<Vec<String>>,
    /// Functions of Lambda that a rollout may call (hookTargetArn), such as `function:team-a-*`. Unset: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 50), inner(length(max = 2048), regex(pattern = rules::FUNCTION)))]
    #[schemars(extend("x-kubernetes-list-type" = "set"))]
    pub hook_targets: Option<Vec<String>>,
    /// Keys of KMS (`key/…`, `alias/…`) and certificate authorities (`certificate-authority/…`). Unset: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 50), inner(length(max = 2048), regex(pattern = rules::KEY)))]
    #[schemars(extend("x-kubernetes-list-type" = "set"))]
    pub keys: Option<Vec<String>>,
    /// Services of Cloud Map that tasks may be registered in, such as `service/srv-…`. Unset: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 50), inner(length(max = 2048), regex(pattern = rules::REGISTRY)))]
    #[schemars(extend("x-kubernetes-list-type" = "set"))]
    pub registries: Option<Vec<String>>,
    /// Namespaces of Service Connect, as services name them. Unset: none but the cluster's own default.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 50), inner(length(min = 1, max = 1024), regex(pattern = rules::NAMED)))]
    #[schemars(extend("x-kubernetes-list-type" = "set"))]
    pub service_connect_namespaces: Option<Vec<String>>,
    /// What may be taken over with managementPolicy Adopt or takeOverFrom: `service/<cluster>/<name>`,
    /// `task-definition/<family>`, `loadbalancer/…` and its `listener/…`. Unset: nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 100), inner(length(max = 2048), regex(pattern = rules::ADOPTED)))]
    #[schemars(extend("x-kubernetes-list-type" = "set"))]
    pub adoption: Option<Vec<String>>,
    /// What a container may do to the EC2 instance that it runs on, and so to everybody else there. Unset: nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ec2: Option<Ec2Grant>,
    /// Objects of this namespace that objects of other namespaces may refer to. The mode says nothing about these: what is not
    /// listed is refused. Listeners are granted by the allowedRoutes of their EcsLoadBalancer. Unset: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 50), extend("x-kubernetes-list-type" = "atomic"))]
    pub references: Option<Vec<ReferenceGrant>>,
}

/// Objects of a namespace that objects of others may refer to.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = rules::grants_to_somebody)]
pub struct ReferenceGrant {
    /// The namespaces whose objects may refer to them.
    pub from: AllowedNamespaces,
    /// EcsTaskDefinition (a service there may run it, with the roles and secrets that the policy of this namespace grants it) or
    /// EcsTargetGroup (a rule or load balancer there may forward to it, and a service there may register its tasks in it).
    #[schemars(length(min = 1, max = 2), extend("x-kubernetes-list-type" = "set"))]
    pub kinds: Vec<ReferencedKind>,
    /// Names of the objects, such as `base` or `web-*`. Unset: every object of these kinds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 100), inner(length(min = 1, max = 253), regex(pattern = rules::OBJECT)))]
    #[schemars(extend("x-kubernetes-list-type" = "set"))]
    pub names: Option<Vec<String>>,
}

/// A listener that rules may be put on.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ListenerGrant {
    /// ARN of the listener, such as `listener/app/shared/*`.
    #[schemars(length(max = 2048), regex(pattern = rules::LISTENER))]
    pub arn: String,
    /// Hosts that may be claimed there, such as `*.team-a.example.com`. `*`: all of them, and rules without a host.
    #[schemars(length(min = 1, max = 50), inner(length(min = 1, max = 128)), extend("x-kubernetes-list-type" = "set"))]
    pub hosts: Vec<String>,
}

/// What a container may do to the instance that it runs on.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Ec2Grant {
    /// Whether containers may be root on the instance (privileged), or drop its security profiles. Unset: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_privileged: Option<bool>,
    /// Whether tasks may have the network of the instance (networkMode host), and with it the credentials of its role.
    /// Unset: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_host_network: Option<bool>,
    /// Whether tasks may see the processes of the instance (pidMode host). Unset: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_host_pid: Option<bool>,
    /// Whether tasks may share memory with others on the instance (ipcMode host). Unset: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_host_ipc: Option<bool>,
    /// Whether tasks may have files of the instance: a volume with sourcePath, of a driver with options, or shared with other
    /// tasks. Unset: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_host_volumes: Option<bool>,
    /// Whether containers may have devices of the instance. Unset: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_host_devices: Option<bool>,
    /// Capabilities of Linux that containers may add, such as `SYS_PTRACE`. Unset: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 50), inner(length(min = 1, max = 64)), extend("x-kubernetes-list-type" = "set"))]
    pub capabilities: Option<Vec<String>>,
}

/// Whether the policy is in force.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub struct EcsNamespacePolicyStatus {
    /// The generation of the object that this status speaks of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// `Ready`, and `Reconciling` or `Stalled` while they are true.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
}
