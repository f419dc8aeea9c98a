//! Volumes that ECS makes for each task, and metrics of the service.

use crate::api::open_enum::open_enum;
use crate::api::shared::Tag;
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

open_enum! {
    /// From where tasks or volumes get their tags.
    PropagateTags {
        /// From the task definition.
        TaskDefinition = "TASK_DEFINITION",
        /// From the service.
        Service = "SERVICE",
        /// From nowhere.
        None = "NONE",
    }
}

open_enum! {
    /// File system of a volume.
    TaskFilesystemType {
        /// ext3 (Linux).
        Ext3 = "ext3",
        /// ext4 (Linux).
        Ext4 = "ext4",
        /// XFS (Linux).
        Xfs = "xfs",
        /// NTFS (Windows).
        Ntfs = "ntfs",
    }
}

open_enum! {
    /// What an EBS tag specification speaks of.
    EbsResourceType {
        /// The volume.
        Volume = "volume",
    }
}

/// What stands behind a volume that the task definition marks `configuredAtLaunch`.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct ServiceVolumeConfiguration {
    /// Name of the volume in the task definition.
    #[schemars(length(min = 1, max = 255))]
    pub name: String,
    /// An EBS volume, made anew for each task.
    #[serde(rename = "managedEBSVolume", skip_serializing_if = "Option::is_none")]
    pub managed_ebs_volume: Option<ServiceManagedEbsVolumeConfiguration>,
}

/// An EBS volume that ECS makes for each task and deletes with it.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("has(self.sizeInGiB) || has(self.snapshotId)")
        .message("managedEBSVolume needs sizeInGiB or snapshotId"),
    validation = Rule::new("!has(self.volumeInitializationRate) || has(self.snapshotId)")
        .message("volumeInitializationRate needs snapshotId"),
    validation = Rule::new("!has(self.throughput) || !has(self.volumeType) || self.volumeType == 'gp3'")
        .message("throughput can be set for volumeType gp3 only"),
    validation = Rule::new("!has(self.volumeType) || !(self.volumeType in ['io1', 'io2']) || has(self.iops)")
        .message("volumeType io1 and io2 need iops"),
)]
pub struct ServiceManagedEbsVolumeConfiguration {
    /// ARN of the ECS infrastructure role, which makes and attaches the volume.
    #[schemars(length(max = 2048), regex(pattern = r"^arn:"))]
    pub role_arn: String,
    /// Size in GiB. Unset: the snapshot's.
    #[serde(rename = "sizeInGiB", skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65_536))]
    pub size_in_gib: Option<i32>,
    /// Snapshot that the volume starts from. Unset: an empty volume.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 255))]
    pub snapshot_id: Option<String>,
    /// gp2, gp3, io1, io2, st1, sc1 or standard. Unset: gp3.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32))]
    pub volume_type: Option<String>,
    /// I/O operations a second; needed for io1 and io2. Unset: 3000 for gp3.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub iops: Option<i32>,
    /// MiB a second; gp3 only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub throughput: Option<i32>,
    /// Whether it is encrypted. Unset: yes, on AWS's side.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encrypted: Option<bool>,
    /// KMS key (id, ARN or alias). A wrong one is not refused: the tasks fail to start.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    pub kms_key_id: Option<String>,
    /// MiB a second at which the snapshot is read; needs snapshotId.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub volume_initialization_rate: Option<i32>,
    /// File system. Unset: xfs. With a snapshot it must be the snapshot's, else tasks fail to start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filesystem_type: Option<TaskFilesystemType>,
    /// Tags of the volume; at most one entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1), extend("x-kubernetes-list-type" = "atomic"))]
    pub tag_specifications: Option<Vec<EbsTagSpecification>>,
}

/// Tags of a volume.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct EbsTagSpecification {
    /// `volume`.
    pub resource_type: EbsResourceType,
    /// The tags. AmazonECSCreated and AmazonECSManaged are ECS's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 50))]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["key"]))]
    pub tags: Option<Vec<Tag>>,
    /// Whose tags are copied to the volume. Unset: nobody's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub propagate_tags: Option<PropagateTags>,
}

/// How finely ECS measures the service.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct MonitoringConfiguration {
    /// Resolution by metric. Unset: 60 seconds for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 10), extend("x-kubernetes-list-type" = "atomic"))]
    pub metric_configurations: Option<Vec<MetricConfiguration>>,
}

/// Resolution of some metrics.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct MetricConfiguration {
    /// CPUUtilization, MemoryUtilization.
    #[schemars(length(min = 1, max = 10), inner(length(min = 1, max = 64)))]
    #[schemars(extend("x-kubernetes-list-type" = "set"))]
    pub metric_names: Vec<String>,
    /// Seconds: 20 or 60.
    #[schemars(extend("enum" = [20, 60]))]
    pub resolution_seconds: i32,
}
