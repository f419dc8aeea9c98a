//! Token buckets of ECS, which AWS publishes, and of Elastic Load Balancing, one set per account and region.
//!
//! Sources: ecs-semantics §6.1; the project's notes on performance for Elastic Load Balancing, where they were seen. Burst and
//! refill per second. Neighbours are not throttled.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::clock::since;

/// Name, burst and refill per second of the bucket that an operation draws from.
fn bucket_of(operation: &str) -> (&'static str, f64, f64) {
    match operation {
        "CreateCluster" | "UpdateCluster" | "UpdateClusterSettings" | "DeleteCluster" | "PutClusterCapacityProviders" => {
            ("cluster modify", 20.0, 1.0)
        }
        "DescribeClusters" | "ListClusters" => ("cluster read", 50.0, 20.0),
        "CreateCapacityProvider" | "UpdateCapacityProvider" | "DeleteCapacityProvider" => ("capacity provider modify", 10.0, 1.0),
        "DescribeCapacityProviders" => ("capacity provider read", 50.0, 20.0),
        "RegisterTaskDefinition" | "DeregisterTaskDefinition" => ("task definition modify", 20.0, 1.0),
        "DeleteTaskDefinitions" => ("task definition delete", 5.0, 1.0),
        "DescribeTaskDefinition" | "ListTaskDefinitions" | "ListTaskDefinitionFamilies" => ("task definition read", 50.0, 20.0),
        "CreateService" | "UpdateService" | "DeleteService" => ("service modify", 50.0, 5.0),
        "DescribeServices" | "ListServices" => ("service read", 100.0, 20.0),
        "DescribeServiceDeployments" | "ListServiceDeployments" => ("service deployment read", 50.0, 20.0),
        "DescribeServiceRevisions" => ("service revision read", 50.0, 20.0),
        "ListServicesByNamespace" => ("namespace read", 10.0, 1.0),
        "DescribeTasks" | "ListTasks" | "DescribeContainerInstances" | "ListContainerInstances" => {
            ("cluster resource read", 100.0, 20.0)
        }
        "TagResource" | "UntagResource" => ("tag modify", 20.0, 10.0),
        "ListTagsForResource" => ("tag read", 50.0, 20.0),
        "PutAccountSetting" => ("account setting modify", 10.0, 1.0),
        "ListAccountSettings" => ("account setting read", 50.0, 20.0),
        // Stop and continue of a deployment are not published; they sit with the other calls on what runs. (?)
        _ => ("cluster resource modify", 100.0, 40.0),
    }
}

/// All calls to Elastic Load Balancing together.
const ALL_BALANCING: (&str, f64, f64) = ("load balancing", 40.0, 10.0);

/// The class of an operation of Elastic Load Balancing, beside the bucket for all; reads have none of their own.
fn balancing_bucket_of(operation: &str) -> Option<(&'static str, f64, f64)> {
    match operation {
        "CreateLoadBalancer" => Some(("load balancer create", 10.0, 0.2)),
        "RegisterTargets" | "DeregisterTargets" => Some(("target modify", 20.0, 4.0)),
        _ if operation.starts_with("Describe") => None,
        _ => Some(("load balancing modify", 20.0, 3.0)),
    }
}

/// The buckets of one account and region.
#[derive(Debug, Default)]
pub(crate) struct Buckets(BTreeMap<&'static str, Bucket>);

#[derive(Debug)]
struct Bucket {
    tokens: f64,
    at: Timestamp,
}

impl Buckets {
    /// Takes one token for a call to ECS; false when there is none.
    pub(crate) fn take(&mut self, operation: &str, now: Timestamp) -> bool {
        self.take_all(&[bucket_of(operation)], now)
    }

    /// Takes a token of each bucket that a call to Elastic Load Balancing draws from; none when one of them is empty.
    pub(crate) fn take_balancing(&mut self, operation: &str, now: Timestamp) -> bool {
        let buckets: Vec<_> = std::iter::once(ALL_BALANCING).chain(balancing_bucket_of(operation)).collect();
        self.take_all(&buckets, now)
    }

    fn take_all(&mut self, buckets: &[(&'static str, f64, f64)], now: Timestamp) -> bool {
        for (name, burst, rate) in buckets {
            let bucket = self.0.entry(name).or_insert(Bucket { tokens: *burst, at: now });
            bucket.tokens = (bucket.tokens + since(bucket.at, now).as_secs_f64() * rate).min(*burst);
            bucket.at = now;
        }
        let granted = buckets.iter().all(|(name, ..)| self.0.get(name).is_some_and(|bucket| bucket.tokens >= 1.0));
        if granted {
            for (name, ..) in buckets {
                if let Some(bucket) = self.0.get_mut(name) {
                    bucket.tokens -= 1.0;
                }
            }
        }
        granted
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock::later;

    #[test]
    fn a_bucket_gives_its_burst_and_then_its_rate() {
        let mut buckets = Buckets::default();
        let start = Timestamp::UNIX_EPOCH;
        let granted = (0..30).filter(|_| buckets.take("RegisterTaskDefinition", start)).count();
        assert_eq!(granted, 20);
        assert!(buckets.take("DeregisterTaskDefinition", later(start, Duration::from_secs(1))));
        assert!(!buckets.take("RegisterTaskDefinition", later(start, Duration::from_secs(1))));
    }

    #[test]
    fn a_load_balancing_call_draws_from_its_class_and_from_all() {
        let mut buckets = Buckets::default();
        let start = Timestamp::UNIX_EPOCH;
        assert_eq!((0..30).filter(|_| buckets.take_balancing("CreateRule", start)).count(), 20);
        assert_eq!((0..30).filter(|_| buckets.take_balancing("DescribeRules", start)).count(), 20);
        assert!(!buckets.take_balancing("RegisterTargets", start));
        let second = later(start, Duration::from_secs(1));
        assert_eq!((0..30).filter(|_| buckets.take_balancing("CreateRule", second)).count(), 3);
    }
}
