//! The custom resources: types, schema, validation rules, printer columns. No behaviour.
//!
//! A field that AWS has carries AWS's name, shape and unit; what we add stands beside it. See `docs/architecture.md`.

#![allow(clippy::doc_markdown, reason = "these comments are what `kubectl explain` shows: AWS's words stand as AWS writes them")]

pub mod aws_connection;
mod crds;
mod kustomize;
pub mod listener_rule;
pub mod load_balancer;
pub mod load_balancing;
pub mod namespace_policy;
mod open_enum;
pub mod service;
pub mod shared;
pub mod target_group;
pub mod task_definition;

pub use aws_connection::{AwsConnection, AwsConnectionSpec, AwsConnectionStatus};
pub use crds::{NOT_OBSERVED, crds};
pub use kustomize::kustomize_schema;
pub use listener_rule::{EcsListenerRule, EcsListenerRuleSpec, EcsListenerRuleStatus};
pub use load_balancer::{EcsLoadBalancer, EcsLoadBalancerSpec, EcsLoadBalancerStatus};
pub use namespace_policy::{EcsNamespacePolicy, EcsNamespacePolicySpec, EcsNamespacePolicyStatus};
pub use service::{EcsService, EcsServiceSpec, EcsServiceStatus};
pub use target_group::{EcsTargetGroup, EcsTargetGroupSpec, EcsTargetGroupStatus};
pub use task_definition::{EcsTaskDefinition, EcsTaskDefinitionSpec, EcsTaskDefinitionStatus, TaskDefinition};
