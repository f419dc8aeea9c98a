//! Amazon Resource Names.

use std::fmt;
use std::str::FromStr;

/// An ARN, taken apart: `arn:partition:service:region:account:resource`.
///
/// ```
/// use ecs_operator::domain::Arn;
/// let arn: Arn = "arn:aws:ecs:eu-central-1:111122223333:service/prod/web".parse()?;
/// assert_eq!(arn.name(), "web");
/// assert_eq!(arn.path(), ["service", "prod", "web"]);
/// # Ok::<(), ecs_operator::domain::NotAnArn>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Arn {
    /// `aws`, `aws-cn`, `aws-us-gov` and the like.
    pub partition: String,
    /// The AWS service, such as `ecs`.
    pub service: String,
    /// Empty for global resources, such as IAM roles.
    pub region: String,
    /// Twelve digits. Empty for a few resources, such as buckets.
    pub account: String,
    /// All that follows, with its slashes and colons.
    pub resource: String,
}

/// A text that is no ARN.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an ARN, such as `arn:aws:ecs:eu-central-1:111122223333:cluster/prod`")]
pub struct NotAnArn(pub String);

impl Arn {
    /// The resource in its parts, as they stand between slashes.
    pub fn path(&self) -> Vec<&str> {
        self.resource.split('/').collect()
    }

    /// The last part of the resource: the name of a cluster, a service, a role.
    pub fn name(&self) -> &str {
        self.resource.rsplit('/').next().unwrap_or(&self.resource)
    }

    /// The cluster of a service, task, deployment or revision in the long form of its ARN, or of a cluster itself.
    ///
    /// Services made before long ARNs are `service/name` and say nothing about their cluster.
    pub fn cluster(&self) -> Option<&str> {
        match self.path().as_slice() {
            ["cluster", cluster] => Some(cluster),
            [_, cluster, _, ..] if self.service == "ecs" => Some(cluster),
            _ => None,
        }
    }
}

impl FromStr for Arn {
    type Err = NotAnArn;

    fn from_str(text: &str) -> Result<Self, NotAnArn> {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let ["arn", partition, service, region, account, resource] = parts[..] else {
            return Err(NotAnArn(text.to_owned()));
        };
        if partition.is_empty() || service.is_empty() || resource.is_empty() {
            return Err(NotAnArn(text.to_owned()));
        }
        Ok(Self {
            partition: partition.to_owned(),
            service: service.to_owned(),
            region: region.to_owned(),
            account: account.to_owned(),
            resource: resource.to_owned(),
        })
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { partition, service, region, account, resource } = self;
        write!(f, "arn:{partition}:{service}:{region}:{account}:{resource}")
    }
}

#[cfg(test)]
mod tests {
    use super::Arn;

    #[test]
    fn an_arn_is_read_and_written_back_the_same() {
        for text in [
            "arn:aws:ecs:eu-central-1:111122223333:service/prod/web",
            "arn:aws:iam::111122223333:role/k8s/prod/web",
            "arn:aws:ecs:eu-central-1:111122223333:task-definition/web:7",
            "arn:aws-cn:secretsmanager:cn-north-1:111122223333:secret:db-Ab12:password::",
        ] {
            assert_eq!(text.parse::<Arn>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_arn_is_refused() {
        for text in ["", "web", "web:7", "arn:aws:ecs", "arn::ecs:r:a:x", "arn:aws:ecs:r:a:"] {
            assert!(text.parse::<Arn>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_cluster_is_read_from_long_arns_only() {
        let cluster = |text: &str| text.parse::<Arn>().unwrap().cluster().map(str::to_owned);
        assert_eq!(cluster("arn:aws:ecs:r:1:cluster/prod").as_deref(), Some("prod"));
        assert_eq!(cluster("arn:aws:ecs:r:1:service/prod/web").as_deref(), Some("prod"));
        assert_eq!(cluster("arn:aws:ecs:r:1:service-deployment/prod/web/x").as_deref(), Some("prod"));
        assert_eq!(cluster("arn:aws:ecs:r:1:service/web"), None);
    }
}
