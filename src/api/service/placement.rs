//! On what capacity and on which instances tasks run.

use crate::api::open_enum::open_enum;
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

open_enum! {
    /// The kind of capacity that tasks run on.
    LaunchType {
        /// Container instances of the cluster.
        Ec2 = "EC2",
        /// AWS Fargate.
        Fargate = "FARGATE",
        /// Own machines registered with the cluster (ECS Anywhere).
        External = "EXTERNAL",
        /// Instances that ECS manages; ECS accepts it through a capacity provider strategy only.
        ManagedInstances = "MANAGED_INSTANCES",
    }
}

open_enum! {
    /// How the number of tasks comes about.
    SchedulingStrategy {
        /// `desiredCount` copies.
        Replica = "REPLICA",
        /// One on each matching container instance.
        Daemon = "DAEMON",
    }
}

open_enum! {
    /// Whether ECS evens out tasks over availability zones.
    AvailabilityZoneRebalancing {
        /// It does.
        Enabled = "ENABLED",
        /// It does not.
        Disabled = "DISABLED",
    }
}

/// Share of one capacity provider in the tasks of a service.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct CapacityProviderStrategyItem {
    /// Name of a provider that the cluster has: FARGATE, FARGATE_SPOT or one of your own.
    #[schemars(length(min = 1, max = 255))]
    pub capacity_provider: String,
    /// Share of the tasks beyond `base`, 0 to 1000. Unset: 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1000))]
    pub weight: Option<i32>,
    /// Tasks that this provider gets first, 0 to 100000; on one item only. Unset: 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 100_000))]
    pub base: Option<i32>,
}

open_enum! {
    /// What a placement constraint asks of an instance.
    PlacementConstraintType {
        /// No two tasks of the service on it.
        DistinctInstance = "distinctInstance",
        /// It matches an expression.
        MemberOf = "memberOf",
    }
}

/// A condition that an instance must meet to get a task.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("(self.type == 'memberOf') == (has(self.expression) && self.expression != '')")
    .message("a memberOf constraint needs an expression; distinctInstance takes none"))]
pub struct PlacementConstraint {
    /// distinctInstance (one task per instance) or memberOf (the expression holds).
    pub r#type: PlacementConstraintType,
    /// Expression in the cluster query language, for memberOf.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2000))]
    pub expression: Option<String>,
}

open_enum! {
    /// How instances are ranked for the next task.
    PlacementStrategyType {
        /// By chance.
        Random = "random",
        /// Evenly over a field's values.
        Spread = "spread",
        /// The fullest that still has room.
        Binpack = "binpack",
    }
}

/// A rule by which instances are ranked for the next task.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("(self.type == 'random') != (has(self.field) && self.field != '')")
        .message("placement strategies spread and binpack need a field; random takes none"),
    validation = Rule::new("self.type != 'binpack' || !has(self.field) || self.field.lowerAscii() in ['cpu', 'memory']")
        .message("placement strategy binpack works on field cpu or memory"),
)]
pub struct PlacementStrategy {
    /// random, spread or binpack.
    pub r#type: PlacementStrategyType,
    /// spread: `instanceId` or `attribute:NAME` such as `attribute:ecs.availability-zone`; binpack: `cpu` or `memory`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 255))]
    pub field: Option<String>,
}
