//! One folder per kind, each with the same files: `desired`, `observed`, `plan` and `status` are pure; `observe` reads
//! and `act` writes.

pub mod action;
pub mod attributes;
pub mod connection;
pub mod listener;
pub mod listener_rule;
pub mod load_balancer;
pub mod names;
pub mod namespace_policy;
pub mod service;
pub mod tags;
pub mod target_group;
pub mod task_definition;
pub mod vouch;

/// Why a service cannot register its tasks in a target group: the service says so, and the target group that it refers to.
pub const TARGET_TYPE_MISMATCH: &str = "TargetTypeMismatch";
