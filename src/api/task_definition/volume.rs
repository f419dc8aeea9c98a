//! Volumes of a task, and how containers see them.

use super::rules;
use crate::api::open_enum::open_enum;
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A volume of a task: a name and at most one source. Without a source it is an empty directory of the task.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = rules::one_volume_source())]
pub struct Volume {
    /// Name that `mountPoints` refers to: letters, digits, `_` and `-`.
    #[schemars(length(min = 1, max = 255), regex(pattern = r"^[A-Za-z0-9_-]+$"))]
    pub name: String,
    /// A directory of the instance. Unset or `{}`: an empty directory that goes with the task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<HostVolumeProperties>,
    /// A Docker volume. Not on Fargate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub docker_volume_configuration: Option<DockerVolumeConfiguration>,
    /// A file system in Amazon EFS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub efs_volume_configuration: Option<EfsVolumeConfiguration>,
    /// A file system in Amazon S3 Files. Needs `taskRoleArn`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub s3files_volume_configuration: Option<S3FilesVolumeConfiguration>,
    /// A file system in Amazon FSx for Windows File Server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fsx_windows_file_server_volume_configuration: Option<FsxWindowsFileServerVolumeConfiguration>,
    /// The service says what the volume is (`volumeConfigurations`): an EBS volume. At most one volume of a task. Unset:
    /// false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub configured_at_launch: Option<bool>,
}

/// A directory of the instance.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct HostVolumeProperties {
    /// Path on the instance; what lies there outlives the task. Not on Fargate. Unset: an empty directory that goes with
    /// the task.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    pub source_path: Option<String>,
}

/// A Docker volume.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct DockerVolumeConfiguration {
    /// Whether the volume goes with the task or stays. Unset: task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
    /// Whether a shared volume is made if it is not there. Only with scope shared. Unset: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub autoprovision: Option<bool>,
    /// Name of the volume driver, as the instance has it. Unset: local.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 255))]
    pub driver: Option<String>,
    /// Options of the driver. Unset: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub driver_opts: Option<BTreeMap<String, String>>,
    /// Labels of the volume. Unset: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<BTreeMap<String, String>>,
}

/// A file system in Amazon EFS.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct EfsVolumeConfiguration {
    /// Identifier of the file system, as `fs-…`.
    #[schemars(length(min = 1, max = 255))]
    pub file_system_id: String,
    /// Directory that is mounted; `/` or unset with an access point. Unset: the root.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    pub root_directory: Option<String>,
    /// Whether data is encrypted on the way; ENABLED is needed for IAM and for an access point. Unset: DISABLED.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transit_encryption: Option<EfsTransitEncryption>,
    /// Port for encrypted data. Unset or 0: chosen by the mount helper.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 65535))]
    pub transit_encryption_port: Option<i32>,
    /// Access point and use of IAM. Unset: neither.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization_config: Option<EfsAuthorizationConfig>,
}

/// How a task is let into an EFS file system.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct EfsAuthorizationConfig {
    /// Identifier of the access point, as `fsap-…`. Unset: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 255))]
    pub access_point_id: Option<String>,
    /// Whether the task role is used. Unset: DISABLED.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iam: Option<EfsAuthorizationConfigIam>,
}

/// A file system in Amazon FSx for Windows File Server.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct FsxWindowsFileServerVolumeConfiguration {
    /// Identifier of the file system, as `fs-…`.
    #[schemars(length(min = 1, max = 255))]
    pub file_system_id: String,
    /// Directory that is mounted.
    #[schemars(length(min = 1, max = 4096))]
    pub root_directory: String,
    /// Who asks for access.
    pub authorization_config: FsxWindowsFileServerAuthorizationConfig,
}

/// Who asks an FSx file system for access.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct FsxWindowsFileServerAuthorizationConfig {
    /// ARN of a secret or of a parameter with the credentials.
    #[schemars(length(min = 1, max = 2048))]
    pub credentials_parameter: String,
    /// Fully qualified name of the Active Directory domain.
    #[schemars(length(min = 1, max = 255))]
    pub domain: String,
}

/// A file system in Amazon S3 Files.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct S3FilesVolumeConfiguration {
    /// ARN of the file system.
    #[schemars(length(min = 1, max = 2048))]
    pub file_system_arn: String,
    /// Directory that is mounted; `/` or unset with an access point. Unset: the root.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    pub root_directory: Option<String>,
    /// Port for encrypted data. Unset: chosen by the mount helper.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 65535))]
    pub transit_encryption_port: Option<i32>,
    /// ARN of the access point. Unset: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    pub access_point_arn: Option<String>,
}

/// A volume as a container sees it.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct MountPoint {
    /// Name of a volume of the task.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 255))]
    pub source_volume: Option<String>,
    /// Path in the container.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    pub container_path: Option<String>,
    /// Whether the container may only read. Unset: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_only: Option<bool>,
}

/// A container whose mounts another one sees too.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct VolumeFrom {
    /// Name of the container.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 255))]
    pub source_container: Option<String>,
    /// Whether they may only be read. Unset: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_only: Option<bool>,
}

open_enum! {
    /// How long a Docker volume lives.
    Scope {
        /// It stays when the task stops.
        Shared = "shared",
        /// It goes with the task.
        Task = "task",
    }
}

open_enum! {
    /// Whether data is encrypted on its way to EFS.
    EfsTransitEncryption {
        /// It is not.
        Disabled = "DISABLED",
        /// It is.
        Enabled = "ENABLED",
    }
}

open_enum! {
    /// Whether the task role is used towards EFS.
    EfsAuthorizationConfigIam {
        /// It is not.
        Disabled = "DISABLED",
        /// It is.
        Enabled = "ENABLED",
    }
}
