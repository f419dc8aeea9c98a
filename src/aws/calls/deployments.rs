//! The history of services: `ServiceDeployments` and `ServiceRevisions`.

use super::{Ecs, unreadable};
use crate::aws::error::AwsError;
use crate::aws::model::{ServiceDeployment, ServiceRevision};
use crate::aws::operation::{DESCRIBE_SERVICE_DEPLOYMENTS, DESCRIBE_SERVICE_REVISIONS, LIST_SERVICE_DEPLOYMENTS};

/// How many `ServiceDeployments` or `ServiceRevisions` one call describes.
pub(in crate::aws) const HISTORY_PER_CALL: usize = 20;

impl Ecs {
    /// Describes up to twenty `ServiceDeployments`. Those that AWS does not know are left out.
    ///
    /// # Errors
    /// Those of AWS.
    pub async fn describe_service_deployments(&self, arns: &[String]) -> Result<Vec<ServiceDeployment>, AwsError> {
        let output = self
            .call(DESCRIBE_SERVICE_DEPLOYMENTS, || {
                self.client.describe_service_deployments().set_service_deployment_arns(Some(arns.to_vec())).send()
            })
            .await?;
        Ok(output.service_deployments.unwrap_or_default().into_iter().map(ServiceDeployment::read).collect())
    }

    /// Lists the newest `ServiceDeployments` of a service, newest first, at most a hundred. Strategy, stage, rollback and
    /// circuit breaker are not in the list.
    ///
    /// # Errors
    /// Those of AWS.
    pub async fn list_service_deployments(&self, cluster: &str, service: &str) -> Result<Vec<ServiceDeployment>, AwsError> {
        let output = self
            .call(LIST_SERVICE_DEPLOYMENTS, || {
                self.client.list_service_deployments().cluster(cluster).service(service).max_results(100).send()
            })
            .await?;
        let mut listed: Vec<_> =
            output.service_deployments.unwrap_or_default().into_iter().map(ServiceDeployment::read_brief).collect();
        // AWS does not promise an order.
        listed.sort_by_key(|d| std::cmp::Reverse(d.created_at));
        Ok(listed)
    }

    /// Describes up to twenty `ServiceRevisions`. Those that AWS does not know are left out.
    ///
    /// # Errors
    /// Those of AWS.
    pub async fn describe_service_revisions(&self, arns: &[String]) -> Result<Vec<ServiceRevision>, AwsError> {
        let output = self
            .call(DESCRIBE_SERVICE_REVISIONS, || {
                self.client.describe_service_revisions().set_service_revision_arns(Some(arns.to_vec())).send()
            })
            .await?;
        let revisions = output.service_revisions.unwrap_or_default();
        revisions.iter().map(ServiceRevision::read).collect::<Result<_, _>>().map_err(unreadable(DESCRIBE_SERVICE_REVISIONS))
    }
}
