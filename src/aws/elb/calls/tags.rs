//! Tags of load balancers, listeners, rules and target groups, and the quotas of the account.

use super::{Elb, PAGE};
use crate::aws::elb::model::{AccountLimits, Tags, read_tags, to_tags};
use crate::aws::error::AwsError;
use crate::aws::operation::{ADD_TAGS, DESCRIBE_ACCOUNT_LIMITS, DESCRIBE_TAGS, REMOVE_TAGS};
use std::collections::BTreeMap;

impl Elb {
    /// Describes the tags of up to twenty resources, by ARN.
    ///
    /// # Errors
    /// Those of AWS. One that it does not know fails the call.
    pub async fn describe_tags(&self, arns: &[String]) -> Result<BTreeMap<String, Tags>, AwsError> {
        let output =
            self.call(DESCRIBE_TAGS, || self.client.describe_tags().set_resource_arns(Some(arns.to_vec())).send()).await?;
        let described = output.tag_descriptions.unwrap_or_default().into_iter();
        Ok(described.filter_map(|one| Some((one.resource_arn?, read_tags(one.tags)))).collect())
    }

    /// Sets tags on a resource. Others that it has stay.
    ///
    /// # Errors
    /// Those of AWS.
    pub async fn add_tags(&self, arn: &str, tags: &Tags) -> Result<(), AwsError> {
        let tags = to_tags(tags);
        let call = || self.client.add_tags().resource_arns(arn).set_tags(tags.clone()).send();
        self.caller.write(ADD_TAGS, arn, |_| None, call).await?;
        Ok(())
    }

    /// Takes tags off a resource. Those that it does not have are no error.
    ///
    /// # Errors
    /// Those of AWS.
    pub async fn remove_tags(&self, arn: &str, keys: &[String]) -> Result<(), AwsError> {
        let call = || self.client.remove_tags().resource_arns(arn).set_tag_keys(Some(keys.to_vec())).send();
        self.caller.write(REMOVE_TAGS, arn, |_| None, call).await?;
        Ok(())
    }

    /// Describes the quotas of the account.
    ///
    /// # Errors
    /// Those of AWS.
    pub async fn describe_account_limits(&self) -> Result<AccountLimits, AwsError> {
        let mut limits = Vec::new();
        let mut next = None;
        loop {
            let page = self
                .call(DESCRIBE_ACCOUNT_LIMITS, || {
                    self.client.describe_account_limits().page_size(PAGE).set_marker(next.clone()).send()
                })
                .await?;
            limits.extend(page.limits.unwrap_or_default());
            next = page.next_marker;
            if next.is_none() {
                return Ok(AccountLimits::read(limits));
            }
        }
    }
}
