//! The published token buckets of ECS, one set per account and region.
//!
//! Source: ecs-semantics §6.1 (burst and refill per second). Neighbours are not throttled.

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

/// The buckets of one account and region.
#[derive(Debug, Default)]
pub(crate) struct Buckets(BTreeMap<&'static str, Bucket>);

#[derive(Debug)]
struct Bucket {
    tokens: f64,
    at: Timestamp,
}

impl Buckets {
    /// Takes one token; false when there is none.
    pub(crate) fn take(&mut self, operation: &str, now: Timestamp) -> bool {
        let (name, burst, rate) = bucket_of(operation);
        let bucket = self.0.entry(name).or_insert(Bucket { tokens: burst, at: now });
        bucket.tokens = (bucket.tokens + since(bucket.at, now).as_secs_f64() * rate).min(burst);
        bucket.at = now;
        let granted = bucket.tokens >= 1.0;
        if granted {
            bucket.tokens -= 1.0;
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
}
