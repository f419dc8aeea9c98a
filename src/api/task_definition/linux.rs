//! What a container asks of the kernel.

use crate::api::open_enum::open_enum;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Settings of the Linux kernel for a container.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct LinuxParameters {
    /// Capabilities added to or taken from the runtime's default set. Unset: that set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capabilities: Option<KernelCapabilities>,
    /// Devices of the instance that the container sees. Not on Fargate. Unset: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-kubernetes-list-type" = "atomic", "maxItems" = 50))]
    pub devices: Option<Vec<Device>>,
    /// Runs an init process that forwards signals and reaps children; ECS Exec works best with it. Unset: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub init_process_enabled: Option<bool>,
    /// Size of /dev/shm in MiB. Not on Fargate. Unset: the runtime's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub shared_memory_size: Option<i32>,
    /// File systems in memory. Unset: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-kubernetes-list-type" = "atomic", "maxItems" = 50))]
    pub tmpfs: Option<Vec<Tmpfs>>,
    /// Swap in MiB that the container may use; 0: none. Not on Fargate. Unset: as the instance has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub max_swap: Option<i32>,
    /// How eagerly pages are swapped out, 0 to 100; needs `maxSwap`. Not on Fargate. Unset: 60.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 100))]
    pub swappiness: Option<i32>,
}

/// Changes to the default set of capabilities.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct KernelCapabilities {
    /// Capabilities to add, such as `NET_ADMIN`. On Fargate only `SYS_PTRACE`. Unset: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(inner(length(max = 64)), extend("x-kubernetes-list-type" = "atomic", "maxItems" = 50))]
    pub add: Option<Vec<String>>,
    /// Capabilities to take away, or `ALL`. Unset: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(inner(length(max = 64)), extend("x-kubernetes-list-type" = "atomic", "maxItems" = 50))]
    pub drop: Option<Vec<String>>,
}

/// A device of the instance.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Device {
    /// Path on the instance.
    #[schemars(length(min = 1, max = 4096))]
    pub host_path: String,
    /// Path in the container. Unset: the path on the instance.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    pub container_path: Option<String>,
    /// What the container may do with it. Unset: all three.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-kubernetes-list-type" = "set", "maxItems" = 3))]
    pub permissions: Option<Vec<DeviceCgroupPermission>>,
}

/// A file system in memory.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Tmpfs {
    /// Absolute path in the container.
    #[schemars(length(min = 1, max = 4096))]
    pub container_path: String,
    /// Largest size in MiB.
    #[schemars(range(min = 1))]
    pub size: i32,
    /// Options of the mount, such as `noexec`. Unset: the runtime's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(inner(length(max = 64)), extend("x-kubernetes-list-type" = "atomic", "maxItems" = 50))]
    pub mount_options: Option<Vec<String>>,
}

/// A kernel parameter.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct SystemControl {
    /// Name of the parameter, such as `net.core.somaxconn`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 255))]
    pub namespace: Option<String>,
    /// Its value.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 255))]
    pub value: Option<String>,
}

/// A limit of the kernel for the processes of a container.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Ulimit {
    /// What is limited.
    pub name: UlimitName,
    /// Limit that applies; a process may raise it up to `hardLimit`.
    pub soft_limit: i32,
    /// Highest limit.
    pub hard_limit: i32,
}

open_enum! {
    /// What a container may do with a device.
    DeviceCgroupPermission {
        /// Make device files.
        Mknod = "mknod",
        /// Read.
        Read = "read",
        /// Write.
        Write = "write",
    }
}

open_enum! {
    /// A resource that the kernel limits for a process.
    UlimitName {
        /// Size of core dumps.
        Core = "core",
        /// CPU seconds.
        Cpu = "cpu",
        /// Size of the data segment.
        Data = "data",
        /// Size of a file.
        Fsize = "fsize",
        /// File locks.
        Locks = "locks",
        /// Locked memory.
        Memlock = "memlock",
        /// Bytes in message queues.
        Msgqueue = "msgqueue",
        /// Nice value.
        Nice = "nice",
        /// Open files.
        Nofile = "nofile",
        /// Processes.
        Nproc = "nproc",
        /// Resident memory.
        Rss = "rss",
        /// Real-time priority.
        Rtprio = "rtprio",
        /// Real-time CPU microseconds.
        Rttime = "rttime",
        /// Pending signals.
        Sigpending = "sigpending",
        /// Size of the stack.
        Stack = "stack",
    }
}
