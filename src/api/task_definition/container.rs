//! One container of a task.

use super::environment::{EnvironmentFile, KeyValuePair, Secret};
use super::linux::{LinuxParameters, SystemControl, Ulimit};
use super::logging::{FirelensConfiguration, LogConfiguration};
use super::network::{HostEntry, PortMapping};
use super::resources::ResourceRequirement;
use super::rules;
use super::volume::{MountPoint, VolumeFrom};
use crate::api::open_enum::open_enum;
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A container of the task, under the names that ECS uses.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = rules::memory_covers_reservation())]
#[x_kube(validation = rules::no_dependency_on_itself())]
pub struct ContainerDefinition {
    /// Name of the container: letters, digits, `_` and `-`. Load balancers, `dependsOn` and exec refer to it.
    #[schemars(length(min = 1, max = 255), regex(pattern = r"^[A-Za-z0-9_-]+$"))]
    pub name: String,
    /// Image, as `repository/name:tag` or `repository/name@sha256:…`. For a service ECS resolves a tag once per
    /// deployment: a tag that was pushed anew is not seen until the next one.
    #[schemars(length(min = 1, max = 2048))]
    pub image: String,
    /// Credentials of a private registry. Unset: none, which is right for ECR.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository_credentials: Option<RepositoryCredentials>,
    /// CPU units (1024 = 1 vCPU) reserved for this container: a share on Linux, a limit on Windows. Unset: 0, an equal
    /// share of what is left.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub cpu: Option<i32>,
    /// Hard limit in MiB: the container is killed above it. Unset: the memory of the task is the limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 4))]
    pub memory: Option<i32>,
    /// Soft limit in MiB, reserved for the container; at most `memory`. Unset: `memory` is what is reserved.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 4))]
    pub memory_reservation: Option<i32>,
    /// Containers that this one reaches by name, as `name` or `name:alias`. Only with networkMode bridge. Unset: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(inner(length(max = 511)), extend("x-kubernetes-list-type" = "atomic", "maxItems" = 10))]
    pub links: Option<Vec<String>>,
    /// Ports that the container listens on. Service Connect, VPC Lattice and exposure refer to their names. Unset: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-kubernetes-list-type" = "atomic", "maxItems" = 100))]
    pub port_mappings: Option<Vec<PortMapping>>,
    /// Whether the task stops when this container stops. Unset: true. One container must be essential.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub essential: Option<bool>,
    /// Restarts the container in place, without a new task. Unset: no restart; the task is replaced if the container is
    /// essential.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restart_policy: Option<ContainerRestartPolicy>,
    /// Replaces the ENTRYPOINT of the image. Unset or `[]`: the image's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-kubernetes-list-type" = "atomic", "maxItems" = 1000))]
    pub entry_point: Option<Vec<String>>,
    /// Replaces the CMD of the image, one argument an item. Unset or `[]`: the image's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-kubernetes-list-type" = "atomic", "maxItems" = 1000))]
    pub command: Option<Vec<String>>,
    /// Environment variables; order does not matter. Wins over `environmentFiles`. Readable by anyone who may describe
    /// the task definition: put secrets in `secrets`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"], "maxItems" = 1000))]
    pub environment: Option<Vec<KeyValuePair>>,
    /// Files in S3 with environment variables, read when a task starts; the first file that sets a variable wins. Unset:
    /// none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-kubernetes-list-type" = "atomic", "maxItems" = 10))]
    pub environment_files: Option<Vec<EnvironmentFile>>,
    /// Volumes of the task that the container sees. Unset: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-kubernetes-list-type" = "atomic", "maxItems" = 50))]
    pub mount_points: Option<Vec<MountPoint>>,
    /// Containers whose mounts this one sees too. Unset: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-kubernetes-list-type" = "atomic", "maxItems" = 10))]
    pub volumes_from: Option<Vec<VolumeFrom>>,
    /// Settings of the Linux kernel for the container. Not on Windows. Unset: the defaults of the container runtime.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub linux_parameters: Option<LinuxParameters>,
    /// Environment variables whose values come from Secrets Manager or Parameter Store when a task starts. The execution
    /// role must be allowed to read them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"], "maxItems" = 1000))]
    pub secrets: Option<Vec<Secret>>,
    /// What other containers must have reached before this one starts; shut down in the reverse order. Unset: all start
    /// together.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["containerName"], "maxItems" = 10))]
    pub depends_on: Option<Vec<ContainerDependency>>,
    /// Seconds to wait for what `dependsOn` asks of this container; at most 120 on Fargate. Unset: 3 minutes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 2))]
    pub start_timeout: Option<i32>,
    /// Seconds between SIGTERM and SIGKILL; 2 to 120 on Fargate. Unset: 30.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub stop_timeout: Option<i32>,
    /// Whether ECS pins the tag of the image to a digest for a deployment. Unset: enabled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version_consistency: Option<VersionConsistency>,
    /// Host name inside the container; not with networkMode awsvpc. Unset: chosen by the runtime.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 255))]
    pub hostname: Option<String>,
    /// User, and group after a colon, by name or number. Not on Windows. Unset: the image's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 255))]
    pub user: Option<String>,
    /// Directory in which commands run. Unset: the image's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    pub working_directory: Option<String>,
    /// Switches the network of the container off. Not on Fargate. Unset: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disable_networking: Option<bool>,
    /// Gives the container the rights of root on its instance. Not on Fargate. Unset: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub privileged: Option<bool>,
    /// Mounts the root file system read-only. Unset: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub readonly_root_filesystem: Option<bool>,
    /// Name servers for the container, tried in order. Not on Fargate. Unset: those of the instance.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(inner(length(max = 255)), extend("x-kubernetes-list-type" = "atomic", "maxItems" = 10))]
    pub dns_servers: Option<Vec<String>>,
    /// Search domains for the container, tried in order. Not on Fargate. Unset: those of the instance.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(inner(length(max = 255)), extend("x-kubernetes-list-type" = "atomic", "maxItems" = 10))]
    pub dns_search_domains: Option<Vec<String>>,
    /// Lines for /etc/hosts. Not with networkMode awsvpc. Unset: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-kubernetes-list-type" = "atomic", "maxItems" = 100))]
    pub extra_hosts: Option<Vec<HostEntry>>,
    /// Options for SELinux, AppArmor or credential specs. Not on Fargate. Unset: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(inner(length(max = 2048)), extend("x-kubernetes-list-type" = "atomic", "maxItems" = 10))]
    pub docker_security_options: Option<Vec<String>>,
    /// Keeps standard input open. Unset: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interactive: Option<bool>,
    /// Gives the container a terminal. Unset: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pseudo_terminal: Option<bool>,
    /// Labels of the container in its runtime. Unset: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub docker_labels: Option<BTreeMap<String, String>>,
    /// Limits of the kernel. Not on Windows. Unset: the runtime's; on Fargate nofile is 65535.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"], "maxItems" = 15))]
    pub ulimits: Option<Vec<Ulimit>>,
    /// Where the output of the container goes. Unset: the runtime's own log on the instance; on Fargate it is lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_configuration: Option<LogConfiguration>,
    /// Command that tells whether the container is healthy. Unset: the container has no health; a HEALTHCHECK in the
    /// image is not used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_check: Option<HealthCheck>,
    /// Kernel parameters (sysctl) for the container. Unset: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-kubernetes-list-type" = "atomic", "maxItems" = 50))]
    pub system_controls: Option<Vec<SystemControl>>,
    /// GPUs or accelerators for the container. Unset: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"], "maxItems" = 3))]
    pub resource_requirements: Option<Vec<ResourceRequirement>>,
    /// Makes this container the log router of the task. Unset: it is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub firelens_configuration: Option<FirelensConfiguration>,
    /// ARN in SSM or S3 of a credential spec for Active Directory, with the prefix `credentialspec:` or
    /// `credentialspecdomainless:`. Unset: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(inner(length(max = 2048)), extend("x-kubernetes-list-type" = "atomic", "maxItems" = 1))]
    pub credential_specs: Option<Vec<String>>,
}

/// Credentials of a private registry.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct RepositoryCredentials {
    /// ARN of a secret in Secrets Manager with `username` and `password`.
    #[schemars(length(min = 1, max = 2048))]
    pub credentials_parameter: String,
}

/// When a container is restarted in place.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ContainerRestartPolicy {
    /// Whether the container is restarted when it exits.
    pub enabled: bool,
    /// Exit codes after which it is not restarted. Unset: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-kubernetes-list-type" = "atomic", "maxItems" = 50))]
    pub ignored_exit_codes: Option<Vec<i32>>,
    /// Seconds that the container must have run before it is restarted. Unset: 300.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 60, max = 1800))]
    pub restart_attempt_period: Option<i32>,
}

/// What another container must have reached.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ContainerDependency {
    /// Name of the other container.
    #[schemars(length(min = 1, max = 255))]
    pub container_name: String,
    /// START: it was started. COMPLETE: it exited. SUCCESS: it exited with 0. HEALTHY: its health check passed.
    pub condition: ContainerCondition,
}

/// A command that runs in the container; exit code 0 means healthy.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = rules::health_command_says_how())]
pub struct HealthCheck {
    /// The command: `CMD-SHELL` and one line for the shell, or `CMD` and its arguments.
    #[schemars(length(min = 1), inner(length(max = 4096)), extend("x-kubernetes-list-type" = "atomic", "maxItems" = 100))]
    pub command: Vec<String>,
    /// Seconds between two checks. Unset: 30.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 5, max = 300))]
    pub interval: Option<i32>,
    /// Seconds after which a check has failed. Unset: 5.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 2, max = 60))]
    pub timeout: Option<i32>,
    /// Failed checks in a row that make the container unhealthy. Unset: 3.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 10))]
    pub retries: Option<i32>,
    /// Seconds after the start in which failures do not count. Unset: off.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 300))]
    pub start_period: Option<i32>,
}

open_enum! {
    /// What another container must have reached.
    ContainerCondition {
        /// It exited.
        Complete = "COMPLETE",
        /// Its health check passed.
        Healthy = "HEALTHY",
        /// It was started.
        Start = "START",
        /// It exited with 0.
        Success = "SUCCESS",
    }
}

open_enum! {
    /// Whether a tag is pinned to a digest for a deployment.
    VersionConsistency {
        /// The tag is resolved by each task.
        Disabled = "disabled",
        /// The tag is resolved once for a deployment.
        Enabled = "enabled",
    }
}
