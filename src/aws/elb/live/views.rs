//! What the live side shows.

use crate::aws::elb::model::{Attributes, Listener, LoadBalancer, Rule, Tags, TargetGroup, TargetHealth};
use crate::domain::ObjectKey;
use std::sync::Arc;
use tokio::time::Instant;

/// What was read of a thing last.
#[derive(Clone, Debug, PartialEq)]
pub enum Sight<T> {
    /// Nothing yet.
    Unknown,
    /// AWS does not know it.
    Missing {
        /// How often in a row AWS said so. One time may be a lag of AWS.
        times: u32,
    },
    /// It is named by tags, and several have these.
    Several {
        /// Their ARNs.
        arns: Vec<String>,
    },
    /// AWS described it.
    Live {
        /// What it said.
        value: Arc<T>,
        /// When it was read, or when our own write ended.
        read_at: Instant,
    },
}

impl<T> Sight<T> {
    /// What AWS described, if it did.
    pub const fn live(&self) -> Option<&Arc<T>> {
        match self {
            Self::Live { value, .. } => Some(value),
            _ => None,
        }
    }
}

/// Who is told when something new was read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Watcher {
    /// Kind of the object.
    pub kind: &'static str,
    /// The object.
    pub object: ObjectKey,
}

/// Names a target group.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TargetGroupKey {
    /// By its ARN.
    Arn(String),
    /// By its name, which is unique in the account and region.
    Name(String),
}

/// Names a load balancer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LoadBalancerKey {
    /// By its ARN.
    Arn(String),
    /// By its name, which is unique in the account and region.
    Name(String),
    /// By tags, all of which it has. Exactly one has to.
    Tags(Tags),
}

/// A listener, with its load balancer and its rules.
#[derive(Clone, Debug, PartialEq)]
pub struct ListenerView {
    /// The listener.
    pub listener: Listener,
    /// Its load balancer.
    pub load_balancer: LoadBalancer,
    /// Its rules with their tags, the default rule last.
    pub rules: Vec<(Rule, Tags)>,
}

/// A target group, with what has to be read beside it.
#[derive(Clone, Debug, PartialEq)]
pub struct TargetGroupView {
    /// The target group.
    pub target_group: TargetGroup,
    /// Its tags.
    pub tags: Tags,
    /// Its attributes. `None`: not read yet. Followed as rolling, they are read at once; else in turn.
    pub attributes: Option<Attributes>,
    /// Its targets, by id and port. `None`: not read yet, as with the attributes.
    pub health: Option<Vec<TargetHealth>>,
}

/// A load balancer, with its listeners.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadBalancerView {
    /// The load balancer.
    pub load_balancer: LoadBalancer,
    /// Its tags.
    pub tags: Tags,
    /// Its attributes. `None`: not read yet. Followed as rolling, they are read at once; else in turn.
    pub attributes: Option<Attributes>,
    /// Its listeners, by port.
    pub listeners: Vec<LoadBalancerListener>,
}

/// A listener of a load balancer.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadBalancerListener {
    /// The listener.
    pub listener: Listener,
    /// Its tags.
    pub tags: Tags,
    /// ARNs of its certificates beside the default one. `None`: not read yet, as with the attributes.
    pub certificates: Option<Vec<String>>,
}
