//! What a task or a container needs of the machine below it.

use super::rules;
use crate::api::open_enum::open_enum;
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A GPU or accelerator for a container.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = rules::value_or_sharing())]
pub struct ResourceRequirement {
    /// Number of GPUs or `ALL`; `ALL` for NeuronDevice; the device name for InferenceAccelerator. Left out only with
    /// `sharingStrategy`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255))]
    pub value: Option<String>,
    /// What is asked for.
    pub r#type: ResourceType,
    /// How a GPU is shared with other containers; instead of `value`. Unset: each GPU is the container's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sharing_strategy: Option<SharingStrategy>,
}

/// How containers share a GPU: exactly one member.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("minProperties" = 1, "maxProperties" = 1))]
pub struct SharingStrategy {
    /// By NVIDIA's Multi-Process Service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nvidia_mps: Option<NvidiaMpsAllocation>,
}

/// A share of a GPU.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct NvidiaMpsAllocation {
    /// Memory of the GPU in MiB.
    #[schemars(range(min = 1))]
    pub memory: i32,
    /// Largest part of the GPU's compute capacity, in percent. Unset: as the MPS server has it, as a rule 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100))]
    pub max_compute_percent: Option<i32>,
}

/// The disk of a task on Fargate.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct EphemeralStorage {
    /// Size in GiB, 21 to 200.
    #[serde(rename = "sizeInGiB")]
    #[schemars(range(min = 21, max = 200))]
    pub size_in_gib: i32,
}

/// What the containers run on.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct RuntimePlatform {
    /// Unset: X86_64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_architecture: Option<CpuArchitecture>,
    /// Unset: LINUX.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operating_system_family: Option<OsFamily>,
}

/// An Elastic Inference accelerator.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct InferenceAccelerator {
    /// Name that `resourceRequirements` refers to.
    #[schemars(length(min = 1, max = 255))]
    pub device_name: String,
    /// Type of the accelerator.
    #[schemars(length(min = 1, max = 255))]
    pub device_type: String,
}

/// A rule about instances that may run the task.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct PlacementConstraint {
    /// `memberOf`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r#type: Option<PlacementConstraintType>,
    /// Expression in the cluster query language, such as `attribute:ecs.instance-type =~ c7.*`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2000))]
    pub expression: Option<String>,
}

open_enum! {
    /// A resource that a container may ask for.
    ResourceType {
        /// A GPU.
        Gpu = "GPU",
        /// An Elastic Inference accelerator.
        InferenceAccelerator = "InferenceAccelerator",
        /// An AWS Neuron device.
        NeuronDevice = "NeuronDevice",
    }
}

open_enum! {
    /// A processor architecture.
    CpuArchitecture {
        /// ARM, such as AWS Graviton.
        Arm64 = "ARM64",
        /// Intel and AMD.
        X8664 = "X86_64",
    }
}

open_enum! {
    /// An operating system.
    OsFamily {
        /// Linux.
        Linux = "LINUX",
        /// Windows Server version 2004 Core.
        WindowsServer2004Core = "WINDOWS_SERVER_2004_CORE",
        /// Windows Server 2016 Full.
        WindowsServer2016Full = "WINDOWS_SERVER_2016_FULL",
        /// Windows Server 2019 Core.
        WindowsServer2019Core = "WINDOWS_SERVER_2019_CORE",
        /// Windows Server 2019 Full.
        WindowsServer2019Full = "WINDOWS_SERVER_2019_FULL",
        /// Windows Server 2022 Core.
        WindowsServer2022Core = "WINDOWS_SERVER_2022_CORE",
        /// Windows Server 2022 Full.
        WindowsServer2022Full = "WINDOWS_SERVER_2022_FULL",
        /// Windows Server 2025 Core.
        WindowsServer2025Core = "WINDOWS_SERVER_2025_CORE",
        /// Windows Server 2025 Full.
        WindowsServer2025Full = "WINDOWS_SERVER_2025_FULL",
        /// Windows Server version 20H2 Core.
        WindowsServer20H2Core = "WINDOWS_SERVER_20H2_CORE",
    }
}

open_enum! {
    /// A kind of placement constraint.
    PlacementConstraintType {
        /// Instances for which the expression is true.
        MemberOf = "memberOf",
    }
}
