//! What AWS shows of a load balancer, and what status remembers. Pure.

use super::desired::Present;
use crate::api::EcsLoadBalancerStatus;
use crate::aws::AwsError;
use crate::aws::acm::Certificate;
use crate::aws::elb::model::{AccountLimits, Rule, Tags};
use crate::aws::elb::{LoadBalancerListener, LoadBalancerView};
use crate::domain::owner::{Owner, Ownership};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What is known in a pass.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// What stands in status.
    pub memory: EcsLoadBalancerStatus,
    /// How AWS shows it.
    pub state: State,
    /// Why the last read failed, if it did.
    pub trouble: Option<AwsError>,
    /// Why what is shown beside it cannot be read, if so.
    pub trouble_beside: Option<AwsError>,
    /// The rules of its listeners, by ARN of the listener, without the default ones. Only of those that were read.
    pub rules: BTreeMap<String, Vec<(Rule, Tags)>>,
    /// The quotas of the account, once they were read.
    pub limits: Option<AccountLimits>,
    /// The certificates of the account, where they are asked for.
    pub certificates: Certificates,
}

/// How a load balancer stands in AWS.
#[derive(Clone, Debug, Default)]
pub enum State {
    /// It was not read yet.
    #[default]
    Unknown,
    /// It is not there; so many reads in a row said so.
    Missing {
        /// Reads in a row.
        times: u32,
    },
    /// Several carry the tags by which it is named.
    Several(Vec<String>),
    /// It is there.
    There(Arc<LoadBalancerView>),
}

/// The certificates of the account.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Certificates {
    /// Nobody asked for them.
    #[default]
    NotAsked,
    /// They were not read yet.
    Unknown,
    /// Those that are issued.
    Known(Arc<Vec<Certificate>>),
    /// They cannot be read.
    Denied(AwsError),
}

impl Observed {
    /// The load balancer, where it is there.
    pub fn view(&self) -> Option<&LoadBalancerView> {
        match &self.state {
            State::There(view) => Some(view),
            _ => None,
        }
    }

    /// What of `paths` in status begins with `prefix`, without it: what was sent before.
    pub fn sent(&self, prefix: &str) -> BTreeSet<String> {
        self.memory.applied.iter().filter_map(|path| path.strip_prefix(prefix)).map(str::to_owned).collect()
    }

    /// Whether the declaration is the one that was in force last.
    pub fn is_in_force(&self, want: &Present) -> bool {
        self.memory.applied_hash.as_ref() == Some(&want.hash)
    }

    /// A quota of one load balancer.
    pub fn limit(&self, what: &str, kind: &str) -> Option<i32> {
        let limit = self.limits.as_ref()?.get(&format!("{what}-per-{kind}-load-balancer"))?;
        i32::try_from(limit).ok()
    }
}

/// The listeners of a load balancer that are ours, and those that are not.
pub fn divided<'a>(
    view: &'a LoadBalancerView,
    owner: &Owner,
    inherits: Option<&str>,
) -> (Vec<&'a LoadBalancerListener>, Vec<&'a LoadBalancerListener>) {
    view.listeners.iter().partition(|it| owner.judge(&it.tags, inherits) == Ownership::Ours)
}
