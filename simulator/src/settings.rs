//! What a simulator is started with.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

/// How a [`Simulator`](crate::Simulator) behaves from its start.
#[expect(clippy::struct_excessive_bools, reason = "they are independent settings")]
#[derive(Debug, Clone)]
pub struct Settings {
    /// Account that answers callers whose access key id does not name one (12 digits).
    pub account: String,
    /// Region for requests that carry no credential scope.
    pub region: String,
    /// Simulated time at the start; `None` is the present.
    pub start: Option<Timestamp>,
    /// Simulated seconds that pass in one second.
    pub speed: f64,
    /// Whether the published throttle buckets apply. Direct calls are never throttled.
    pub throttling: bool,
    /// Seed of every identifier and every shuffled list: equal seeds and equal calls give equal answers.
    pub seed: u64,
    /// How long each reply over a wire takes.
    pub latency: Duration,
    /// Clusters that exist from the start in every account and region. AWS has none, not even `default`.
    pub clusters: Vec<String>,
    /// Simulated time by which reads of services lag behind writes.
    pub read_lag: Duration,
    /// Whether a rollback takes up the identifier of the deployment it returns to (`ecs-semantics` §3.5: the sources disagree).
    pub rollback_reuses_deployment: bool,
    /// Whether ECS refuses target groups of its account and region that do not exist. Off, such a name is taken as written.
    pub strict_target_groups: bool,
    /// Simulated time for which a load balancer, listener, rule or target group that was just made is not found by other calls.
    pub load_balancer_lag: Duration,
    /// Quotas of Elastic Load Balancing that differ from AWS's, by their names in `DescribeAccountLimits`.
    pub quotas: BTreeMap<String, u32>,
    /// Whether the call log keeps the input of each call.
    pub log_inputs: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            account: "111122223333".to_owned(),
            region: "eu-central-1".to_owned(),
            start: None,
            speed: 1.0,
            throttling: false,
            seed: 1,
            latency: Duration::ZERO,
            clusters: Vec::new(),
            read_lag: Duration::ZERO,
            rollback_reuses_deployment: true,
            strict_target_groups: true,
            load_balancer_lag: Duration::ZERO,
            quotas: BTreeMap::new(),
            log_inputs: true,
        }
    }
}
