//! Keys: what an object is called here, and what a service is called in AWS.

use std::fmt;

/// Names an object in Kubernetes. The kind is known from where the key is used.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectKey {
    /// Namespace of the object.
    pub namespace: String,
    /// Name of the object.
    pub name: String,
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// Names an ECS service within one account and region.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ServiceKey {
    /// Short name of the cluster.
    pub cluster: String,
    /// Name of the service.
    pub name: String,
}

impl ServiceKey {
    /// The key of a service. Both parts may be given as ARNs: the same service always has the same key.
    pub fn new(cluster: &str, name: &str) -> Self {
        Self { cluster: short_name(cluster).to_owned(), name: short_name(name).to_owned() }
    }
}

impl fmt::Display for ServiceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.cluster, self.name)
    }
}

/// The name in an ARN or in a name: what stands behind the last slash. Names of ECS hold no slash.
pub fn short_name(arn_or_name: &str) -> &str {
    arn_or_name.rsplit('/').next().unwrap_or(arn_or_name)
}

#[cfg(test)]
mod tests {
    use super::ServiceKey;

    #[test]
    fn a_service_has_one_key_whichever_way_it_is_named() {
        let by_arn = ServiceKey::new(
            "arn:aws:ecs:eu-central-1:111122223333:cluster/prod",
            "arn:aws:ecs:eu-central-1:111122223333:service/prod/web",
        );
        assert_eq!(by_arn, ServiceKey::new("prod", "web"));
    }
}
