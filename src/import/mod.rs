//! Writes what runs in AWS as objects of ours: `ecs-operator import`.
//!
//! It reads and never writes to AWS or Kubernetes. A declaration is all that AWS shows, without what the operator's own rules
//! call the same when it is not there; whether it agrees is asked of the rules by which the operator looks for drift. What no
//! field can hold is said in a sentence.
//!
//! Pure but for [`read`] and `balancing`, which ask AWS, and [`command`], which is the program.

mod action;
mod balancing;
pub mod command;
mod load_balancer;
mod names;
mod object;
mod prune;
pub mod read;
mod rule;
mod service;
mod target_group;
mod task_definition;
#[cfg(test)]
mod tests;

pub use load_balancer::load_balancer;
pub use names::Names;
pub use object::{Imported, NotWritten};
pub use rule::rule;
pub use service::{Runs, service};
pub use target_group::target_group;
pub use task_definition::task_definition;

use clap::ValueEnum;

/// What the objects may do once they are applied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "PascalCase")]
pub enum Policy {
    /// Nothing is written to AWS: status says what differs.
    #[default]
    Observe,
    /// What is there is taken over, if nothing differs.
    Adopt,
}

/// How the objects are to look.
#[derive(Clone, Debug)]
pub struct Options {
    /// Namespace that is written into the objects. `None`: none, so that `kubectl apply -n` chooses.
    pub namespace: Option<String>,
    /// Their `managementPolicy`.
    pub policy: Policy,
    /// Whether a service brings its task definition as an object and refers to it. Else it names the revision.
    pub with_task_definition: bool,
    /// Whether a service brings its target groups as objects.
    pub with_target_groups: bool,
    /// Whether `desiredCount` is written. Without, it is left to whoever scales the service.
    pub with_desired_count: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            namespace: None,
            policy: Policy::Observe,
            with_task_definition: true,
            with_target_groups: false,
            with_desired_count: true,
        }
    }
}
