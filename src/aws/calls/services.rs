//! Services.

use super::carry::Carry;
use super::{Ecs, missing, unreadable};
use crate::aws::error::AwsError;
use crate::aws::guard::Granted;
use crate::aws::model::LiveService;
use crate::aws::operation::{CREATE_SERVICE, DELETE_SERVICE, DESCRIBE_SERVICES, LIST_SERVICES, UPDATE_SERVICE};
use crate::domain::short_name;
use aws_sdk_ecs::operation::create_service::{CreateServiceInput, CreateServiceOutput};
use aws_sdk_ecs::operation::delete_service::DeleteServiceOutput;
use aws_sdk_ecs::operation::update_service::{UpdateServiceInput, UpdateServiceOutput};
use aws_sdk_ecs::types::ServiceField;
use std::sync::Arc;

/// How many services one `DescribeServices` takes.
pub(in crate::aws) const SERVICES_PER_CALL: usize = 10;

/// What AWS told about the services of one `DescribeServices`.
#[derive(Clone, Debug, Default)]
pub struct DescribedServices {
    /// Those that it described. Among them may be ones that drain or are no more.
    pub found: Vec<LiveService>,
    /// Names of those that it does not know.
    pub missing: Vec<String>,
    /// Names of those that it could not tell about, and why.
    pub failed: Vec<(String, AwsError)>,
}

impl Ecs {
    /// Creates a service.
    ///
    /// # Errors
    /// Those of AWS; [`Kind::Conflict`](crate::aws::Kind::Conflict) if the name is taken by a service that was made otherwise.
    pub async fn create_service(&self, input: Granted<CreateServiceInput>) -> Result<LiveService, AwsError> {
        let input = Arc::new(input.0);
        let names = full_name(input.cluster.as_deref(), input.service_name.as_deref());
        let arn: fn(&CreateServiceOutput) -> Option<&str> = |output| output.service()?.service_arn();
        let output = self
            .caller
            .write(CREATE_SERVICE, &names, arn, || {
                self.client.create_service().customize().interceptor(Carry(Arc::clone(&input))).send()
            })
            .await?;
        let created = output.service.ok_or_else(|| missing(CREATE_SERVICE, "service"))?;
        LiveService::read(created).map_err(unreadable(CREATE_SERVICE))
    }

    /// Updates a service. What the input leaves out stays as it is.
    ///
    /// # Errors
    /// Those of AWS.
    pub async fn update_service(&self, input: Granted<UpdateServiceInput>) -> Result<LiveService, AwsError> {
        let input = Arc::new(input.0);
        let names = full_name(input.cluster.as_deref(), input.service.as_deref());
        let arn: fn(&UpdateServiceOutput) -> Option<&str> = |output| output.service()?.service_arn();
        let output = self
            .caller
            .write(UPDATE_SERVICE, &names, arn, || {
                self.client.update_service().customize().interceptor(Carry(Arc::clone(&input))).send()
            })
            .await?;
        let updated = output.service.ok_or_else(|| missing(UPDATE_SERVICE, "service"))?;
        LiveService::read(updated).map_err(unreadable(UPDATE_SERVICE))
    }

    /// Deletes a service. `force` does so although it is scaled above 0. One that is gone already, or whose cluster is, is `None`.
    ///
    /// # Errors
    /// Those of AWS.
    pub async fn delete_service(&self, cluster: &str, service: &str, force: bool) -> Result<Option<LiveService>, AwsError> {
        let names = full_name(Some(cluster), Some(service));
        let arn: fn(&DeleteServiceOutput) -> Option<&str> = |output| output.service()?.service_arn();
        let deleted = self
            .caller
            .write(DELETE_SERVICE, &names, arn, || {
                self.client.delete_service().cluster(cluster).service(service).force(force).send()
            })
            .await;
        match deleted {
            Err(e) if e.is_service_gone() || e.is_cluster_missing() => Ok(None),
            Err(e) => Err(e),
            Ok(output) => output.service.map(LiveService::read).transpose().map_err(unreadable(DELETE_SERVICE)),
        }
    }

    /// Describes up to ten services of one cluster by name or ARN, with tags.
    ///
    /// # Errors
    /// Those of AWS about the call as a whole. What concerns one service is in the answer, so that it does not hide the others.
    pub async fn describe_services(&self, cluster: &str, names: &[String]) -> Result<DescribedServices, AwsError> {
        let operation = DESCRIBE_SERVICES;
        let output = self
            .call(operation, || {
                let call = self.client.describe_services().cluster(cluster).set_services(Some(names.to_vec()));
                call.include(ServiceField::Tags).send()
            })
            .await?;
        let mut described = DescribedServices::default();
        for failure in output.failures.unwrap_or_default() {
            let name = short_name(failure.arn.as_deref().unwrap_or_default()).to_owned();
            if failure.reason.as_deref() == Some("MISSING") {
                described.missing.push(name);
            } else {
                let why = failure.reason.or(failure.detail).unwrap_or_default();
                let error = AwsError::malformed(operation.name, false, format!("service {name} cannot be read: {why}"));
                described.failed.push((name, error));
            }
        }
        for service in output.services.unwrap_or_default() {
            let name = service.service_name.clone().unwrap_or_default();
            match LiveService::read(service).map_err(unreadable(operation)) {
                Ok(live) => described.found.push(live),
                Err(e) => described.failed.push((name, e)),
            }
        }
        Ok(described)
    }

    /// Lists the ARNs of the active services of a cluster. Those that drain are not listed.
    ///
    /// # Errors
    /// Those of AWS.
    pub async fn list_services(&self, cluster: &str) -> Result<Vec<String>, AwsError> {
        let mut arns = Vec::new();
        let mut next = None;
        loop {
            let page = self
                .call(LIST_SERVICES, || {
                    // The default page is ten.
                    self.client.list_services().cluster(cluster).max_results(100).set_next_token(next.clone()).send()
                })
                .await?;
            arns.extend(page.service_arns.unwrap_or_default());
            next = page.next_token;
            if next.is_none() {
                return Ok(arns);
            }
        }
    }
}

/// What a call names, where no ARN is known.
fn full_name(cluster: Option<&str>, service: Option<&str>) -> String {
    format!("{}/{}", cluster.unwrap_or_default(), service.unwrap_or_default())
}
