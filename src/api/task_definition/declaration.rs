//! The input of RegisterTaskDefinition, as a person declares it.

use super::container::ContainerDefinition;
use super::network::ProxyConfiguration;
use super::resources::{EphemeralStorage, InferenceAccelerator, PlacementConstraint, RuntimePlatform};
use super::rules;
use super::volume::Volume;
use crate::api::open_enum::open_enum;
use crate::api::shared::Tag;
use kube::KubeSchema;
use serde::{Deserialize, Serialize};

/// What RegisterTaskDefinition takes, under AWS's names. An edit of any field but `tags` registers a new revision. Unset
/// means AWS's default.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = rules::cpu_is_a_size())]
#[x_kube(validation = rules::memory_is_a_size())]
#[x_kube(validation = rules::an_essential_container())]
#[x_kube(validation = rules::memory_is_somewhere())]
#[x_kube(validation = rules::fargate_needs_a_size())]
#[x_kube(validation = rules::fargate_has_this_size())]
#[x_kube(validation = rules::fargate_needs_awsvpc())]
#[x_kube(validation = rules::fargate_shares_no_host())]
#[x_kube(validation = rules::fargate_is_not_privileged())]
#[x_kube(validation = rules::fargate_has_its_own_network())]
#[x_kube(validation = rules::fargate_has_its_own_kernel())]
#[x_kube(validation = rules::fargate_has_no_gpu())]
#[x_kube(validation = rules::fargate_knows_the_log_driver())]
#[x_kube(validation = rules::fargate_has_no_host_volumes())]
#[x_kube(validation = rules::host_port_is_the_container_port())]
#[x_kube(validation = rules::no_network_no_ports())]
#[x_kube(validation = rules::external_has_no_awsvpc())]
#[x_kube(validation = rules::mounts_name_a_volume())]
#[x_kube(validation = rules::dependencies_name_a_container())]
#[x_kube(validation = rules::tags_are_not_reserved())]
pub struct TaskDefinition {
    /// Family of the task definition: letters, digits, `_` and `-`. Unset: the name of the object. Cannot be changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255), regex(pattern = r"^[A-Za-z0-9_-]+$"))]
    pub family: Option<String>,
    /// The containers of the task, 1 to 10; order does not matter.
    #[schemars(length(min = 1), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"], "maxItems" = 10))]
    pub container_definitions: Vec<ContainerDefinition>,
    /// ARN of the IAM role that the containers act as. Unset: none, so that they reach no AWS API. The operator must be
    /// allowed to pass it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    pub task_role_arn: Option<String>,
    /// ARN of the IAM role that ECS acts as to pull images, read secrets and write logs. Unset: none. The operator must
    /// be allowed to pass it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    pub execution_role_arn: Option<String>,
    /// How the task is on the network; FARGATE needs awsvpc. Unset: bridge.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network_mode: Option<NetworkMode>,
    /// Launch types that AWS checks the task definition against. Unset: no check.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-kubernetes-list-type" = "set", "maxItems" = 4))]
    pub requires_compatibilities: Option<Vec<Compatibility>>,
    /// CPU of the whole task as text: units such as `"256"`, or `"0.25 vCPU"`. Needed with FARGATE. Unset: no limit but
    /// the containers'.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 16))]
    pub cpu: Option<String>,
    /// Memory of the whole task as text: MiB such as `"512"`, or `"0.5 GB"`. Needed with FARGATE. Unset: no limit but the
    /// containers'.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 16))]
    pub memory: Option<String>,
    /// Volumes that containers mount with `mountPoints`; order does not matter. Unset: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"], "maxItems" = 50))]
    pub volumes: Option<Vec<Volume>>,
    /// Rules about instances that may run the task. Not on Fargate. Unset: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-kubernetes-list-type" = "atomic", "maxItems" = 10))]
    pub placement_constraints: Option<Vec<PlacementConstraint>>,
    /// Process namespace of the containers; on Fargate only task. Unset: each container has its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pid_mode: Option<PidMode>,
    /// IPC namespace of the containers. Not on Fargate. Unset: as the container runtime of the instance has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ipc_mode: Option<IpcMode>,
    /// App Mesh proxy of the task. Unset: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy_configuration: Option<ProxyConfiguration>,
    /// Elastic Inference accelerators, which AWS no longer offers. Unset: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["deviceName"], "maxItems" = 10))]
    pub inference_accelerators: Option<Vec<InferenceAccelerator>>,
    /// Disk of the task on Fargate. Unset: 20 GiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ephemeral_storage: Option<EphemeralStorage>,
    /// Operating system and processor that the images are built for. Unset: Linux on X86_64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runtime_platform: Option<RuntimePlatform>,
    /// Whether the containers may ask for faults to be injected. Unset: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enable_fault_injection: Option<bool>,
    /// Tags of the revision; an edit changes them in place. Tags that others set on it are left alone. Unset: only the
    /// tags of the operator.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["key"], "maxItems" = 45))]
    pub tags: Option<Vec<Tag>>,
}

open_enum! {
    /// How a task is on the network.
    NetworkMode {
        /// A network interface of its own, with its own security groups.
        Awsvpc = "awsvpc",
        /// The virtual network of the container runtime.
        Bridge = "bridge",
        /// The network of the instance.
        Host = "host",
        /// No network.
        None = "none",
    }
}

open_enum! {
    /// A launch type that a task definition is checked against.
    Compatibility {
        /// EC2 instances of the cluster.
        Ec2 = "EC2",
        /// Machines outside AWS.
        External = "EXTERNAL",
        /// AWS Fargate.
        Fargate = "FARGATE",
        /// Instances that ECS manages.
        ManagedInstances = "MANAGED_INSTANCES",
    }
}

open_enum! {
    /// A process namespace.
    PidMode {
        /// That of the instance.
        Host = "host",
        /// One for the whole task.
        Task = "task",
    }
}

open_enum! {
    /// An IPC namespace.
    IpcMode {
        /// That of the instance.
        Host = "host",
        /// One for each container.
        None = "none",
        /// One for the whole task.
        Task = "task",
    }
}
