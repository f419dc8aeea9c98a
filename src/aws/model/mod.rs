//! What AWS told, as values that can be compared: no SDK types, times as [`jiff::Timestamp`], enums as AWS's own words.
//!
//! Enums stay text because AWS adds values without notice, and a value that is not known must survive.

mod deployment;
mod service;
mod task;
mod task_definition;

pub use deployment::{Rollback, ServiceDeployment, ServiceRevision};
pub use service::{LiveDeployment, LiveService, ServiceEvent, ServiceState};
pub use task::{StoppedContainer, StoppedTask};
pub use task_definition::TaskDefinition;

use aws_sdk_ecs::types;
use aws_smithy_types::DateTime;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// A cluster, as far as services need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// ARN of the cluster.
    pub arn: String,
    /// `ACTIVE`, `PROVISIONING`, `INACTIVE` and so on.
    pub status: String,
}

impl Cluster {
    pub(super) fn read(cluster: types::Cluster) -> Self {
        Self { arn: cluster.cluster_arn.unwrap_or_default(), status: cluster.status.unwrap_or_default() }
    }
}

pub(in crate::aws) fn timestamp(at: Option<DateTime>) -> Option<Timestamp> {
    let at = at?;
    Timestamp::new(at.secs(), i32::try_from(at.subsec_nanos()).ok()?).ok()
}

fn tags(tags: Option<Vec<types::Tag>>) -> BTreeMap<String, String> {
    let pairs = tags.unwrap_or_default().into_iter();
    pairs.filter_map(|tag| Some((tag.key?, tag.value.unwrap_or_default()))).collect()
}
