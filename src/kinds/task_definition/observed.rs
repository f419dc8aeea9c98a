//! What AWS told about a task definition family, and what status remembers. Pure.

use crate::api::EcsTaskDefinitionStatus;
use crate::aws::TaskDefinition;
use std::collections::BTreeSet;

/// What is known in a pass.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observed {
    /// What stands in status.
    pub memory: EcsTaskDefinitionStatus,
    /// The newest ACTIVE revision, if it was looked for and is there.
    pub latest: Option<TaskDefinition>,
    /// ACTIVE revisions that were looked at, newest first.
    pub looked_at: Vec<TaskDefinition>,
    /// Numbers of all ACTIVE revisions, where they were listed.
    pub active: Option<Vec<i32>>,
    /// Numbers of revisions of which tasks run. `None`: it was not asked, so nothing may be deregistered.
    pub running: Option<BTreeSet<i32>>,
}
