//! Tags.

use super::Ecs;
use crate::aws::error::AwsError;
use crate::aws::operation::{TAG_RESOURCE, UNTAG_RESOURCE};
use aws_sdk_ecs::types::Tag;
use std::collections::BTreeMap;

impl Ecs {
    /// Sets tags on a resource. Others that it has stay.
    ///
    /// # Errors
    /// Those of AWS.
    pub async fn tag_resource(&self, arn: &str, tags: &BTreeMap<String, String>) -> Result<(), AwsError> {
        let tags: Vec<Tag> = tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect();
        let call = || self.client.tag_resource().resource_arn(arn).set_tags(Some(tags.clone())).send();
        self.caller.write(TAG_RESOURCE, arn, |_| None, call).await?;
        Ok(())
    }

    /// Takes tags off a resource. Those that it does not have are no error.
    ///
    /// # Errors
    /// Those of AWS.
    pub async fn untag_resource(&self, arn: &str, keys: &[String]) -> Result<(), AwsError> {
        let call = || self.client.untag_resource().resource_arn(arn).set_tag_keys(Some(keys.to_vec())).send();
        self.caller.write(UNTAG_RESOURCE, arn, |_| None, call).await?;
        Ok(())
    }
}
