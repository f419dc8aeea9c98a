//! One folder per kind, each with the same files: `desired`, `observed`, `plan` and `status` are pure; `observe` reads
//! and `act` writes.

pub mod service;
pub mod task_definition;
