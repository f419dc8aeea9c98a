//! The operator: custom resources of the group `ecs-operator.io`, reconciled into Amazon ECS.

pub mod api;
pub mod aws;
pub mod clock;
pub mod domain;
pub mod engine;
pub mod kinds;
pub mod metrics;
pub mod operator;
