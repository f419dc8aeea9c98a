//! Quotas of the account, by the names that `DescribeAccountLimits` gives them. load-balancing §3.4.

use std::collections::BTreeMap;

use serde_json::json;

use super::{Answer, Elb, page};
use crate::ecs::input::Input;
use crate::fault::ServiceError;

/// The defaults. Of wildcards AWS's list of quotas says six, and its user guide (condition types) five; of values in one
/// condition the guide says three, and AWS takes five.
const DEFAULTS: [(&str, u32); 19] = [
    ("application-load-balancers", 50),
    ("listeners-per-application-load-balancer", 50),
    ("rules-per-application-load-balancer", 100),
    ("targets-per-application-load-balancer", 1000),
    ("target-groups", 3000),
    ("target-groups-per-application-load-balancer", 100),
    ("target-groups-per-action-on-application-load-balancer", 5),
    ("target-id-registrations-per-application-load-balancer", 1000),
    ("certificates-per-application-load-balancer", 25),
    ("condition-values-per-alb-rule", 5),
    ("condition-wildcards-per-alb-rule", 6),
    ("network-load-balancers", 50),
    ("listeners-per-network-load-balancer", 50),
    ("targets-per-network-load-balancer", 3000),
    // One until weighted target groups came to Network Load Balancers: load-balancing §2.
    ("target-groups-per-action-on-network-load-balancer", 5),
    ("certificates-per-network-load-balancer", 25),
    ("targets-per-availability-zone-per-network-load-balancer", 500),
    ("gateway-load-balancers", 100),
    ("targets-per-gateway-load-balancer", 300),
];

/// How many of each there may be.
#[derive(Debug, Clone)]
pub(crate) struct Quotas(BTreeMap<String, u32>);

impl Quotas {
    pub(crate) fn new(changes: &BTreeMap<String, u32>) -> Self {
        let mut quotas: BTreeMap<_, _> = DEFAULTS.iter().map(|(name, most)| ((*name).to_owned(), *most)).collect();
        quotas.extend(changes.clone());
        Self(quotas)
    }

    pub(crate) fn set(&mut self, name: &str, most: u32) {
        self.0.insert(name.to_owned(), most);
    }

    pub(super) fn most(&self, name: &str) -> usize {
        self.0.get(name).map_or(usize::MAX, |most| usize::try_from(*most).unwrap_or(usize::MAX))
    }

    /// Refuses `count` of something when that is too many. (?) The words are ours; the codes are AWS's.
    pub(super) fn check(&self, name: &str, count: usize, code: &str) -> Result<(), ServiceError> {
        let most = self.most(name);
        if count <= most {
            return Ok(());
        }
        Err(ServiceError::new(code, format!("The maximum number of {} has been reached: '{most}'", name.replace('-', " "))))
    }
}

pub(super) fn describe(elb: &mut Elb, input: Input<'_>) -> Answer {
    let limits = elb.quotas.0.iter().map(|(name, most)| json!({"Name": name, "Max": most.to_string()})).collect();
    page(input, "Limits", limits)
}
