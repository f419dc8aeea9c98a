//! The custom resources: types, schema, validation rules, printer columns. No behaviour.
//!
//! A field that AWS has carries AWS's name, shape and unit; what we add stands beside it. See `docs/architecture.md`.

#![allow(clippy::doc_markdown, reason = "these comments are what `kubectl explain` shows: AWS's words stand as AWS writes them")]

mod crds;
mod kustomize;
mod open_enum;
pub mod service;
pub mod shared;
pub mod task_definition;

pub use crds::crds;
pub use kustomize::kustomize_schema;
pub use service::{EcsService, EcsServiceSpec, EcsServiceStatus};
pub use task_definition::{EcsTaskDefinition, EcsTaskDefinitionSpec, EcsTaskDefinitionStatus, TaskDefinition};
