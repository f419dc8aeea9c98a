//! Clusters.

use super::Ecs;
use crate::aws::error::AwsError;
use crate::aws::model::Cluster;
use crate::aws::operation::DESCRIBE_CLUSTERS;

impl Ecs {
    /// Describes a cluster by name or ARN. One that AWS does not know is `None`; one that was deleted may still be shown, as `INACTIVE`.
    ///
    /// # Errors
    /// Those of AWS.
    pub async fn describe_cluster(&self, cluster: &str) -> Result<Option<Cluster>, AwsError> {
        let output = self.call(DESCRIBE_CLUSTERS, || self.client.describe_clusters().clusters(cluster).send()).await?;
        Ok(output.clusters.unwrap_or_default().into_iter().next().map(Cluster::read))
    }
}
