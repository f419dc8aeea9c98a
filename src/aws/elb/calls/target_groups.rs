//! Target groups. Their targets are ECS's: there is no call that changes those.

use super::{Elb, PAGE, attributes, gone_is_done, one};
use crate::aws::elb::model::{Attributes, HealthCheck, NewTargetGroup, TargetGroup, TargetHealth};
use crate::aws::error::AwsError;
use crate::aws::guard::Granted;
use crate::aws::operation::{
    CREATE_TARGET_GROUP, DELETE_TARGET_GROUP, DESCRIBE_TARGET_GROUP_ATTRIBUTES, DESCRIBE_TARGET_GROUPS, DESCRIBE_TARGET_HEALTH,
    MODIFY_TARGET_GROUP, MODIFY_TARGET_GROUP_ATTRIBUTES,
};
use aws_sdk_elasticloadbalancingv2::operation::create_target_group::CreateTargetGroupOutput;
use aws_sdk_elasticloadbalancingv2::types::TargetGroupAttribute;

impl Elb {
    /// Describes up to twenty target groups by ARN.
    ///
    /// # Errors
    /// Those of AWS. One that it does not know fails the call.
    pub async fn describe_target_groups(&self, arns: &[String]) -> Result<Vec<TargetGroup>, AwsError> {
        self.target_groups(arns, &[]).await
    }

    /// Describes up to twenty target groups by name.
    ///
    /// # Errors
    /// Those of AWS. One that it does not know fails the call.
    pub async fn describe_target_groups_named(&self, names: &[String]) -> Result<Vec<TargetGroup>, AwsError> {
        self.target_groups(&[], names).await
    }

    async fn target_groups(&self, arns: &[String], names: &[String]) -> Result<Vec<TargetGroup>, AwsError> {
        let listed = |all: &[String]| (!all.is_empty()).then(|| all.to_vec());
        if arns.is_empty() && names.is_empty() {
            // Without any AWS would describe all that there are.
            return Ok(Vec::new());
        }
        let mut groups = Vec::new();
        let mut next = None;
        loop {
            let page = self
                .call(DESCRIBE_TARGET_GROUPS, || {
                    let call = self.client.describe_target_groups().page_size(PAGE).set_marker(next.clone());
                    call.set_target_group_arns(listed(arns)).set_names(listed(names)).send()
                })
                .await?;
            groups.extend(page.target_groups.unwrap_or_default().into_iter().map(TargetGroup::read));
            next = page.next_marker;
            if next.is_none() {
                return Ok(groups);
            }
        }
    }

    /// Describes the attributes of a target group.
    ///
    /// # Errors
    /// Those of AWS.
    pub async fn describe_target_group_attributes(&self, arn: &str) -> Result<Attributes, AwsError> {
        let output = self
            .call(DESCRIBE_TARGET_GROUP_ATTRIBUTES, || {
                self.client.describe_target_group_attributes().target_group_arn(arn).send()
            })
            .await?;
        Ok(attributes(output.attributes.unwrap_or_default().into_iter().map(|one| (one.key, one.value))))
    }

    /// Describes the targets of a target group and how they are, by id and port.
    ///
    /// # Errors
    /// Those of AWS.
    pub async fn describe_target_health(&self, arn: &str) -> Result<Vec<TargetHealth>, AwsError> {
        let output =
            self.call(DESCRIBE_TARGET_HEALTH, || self.client.describe_target_health().target_group_arn(arn).send()).await?;
        let described = output.target_health_descriptions.unwrap_or_default();
        let mut health: Vec<_> = described.into_iter().map(TargetHealth::read).collect();
        health.sort();
        Ok(health)
    }

    /// Makes a target group. AWS gives back one that is there already and equals it.
    ///
    /// # Errors
    /// Those of AWS; [`Kind::Conflict`](crate::aws::Kind::Conflict) if the name is taken by another.
    pub async fn create_target_group(&self, new: Granted<NewTargetGroup>) -> Result<TargetGroup, AwsError> {
        let input = new.input().to_input();
        let arn: fn(&CreateTargetGroupOutput) -> Option<&str> = |output| output.target_groups().first()?.target_group_arn();
        let name = &new.input().name;
        // The inputs of target groups are large, and so would be everything that waits for this.
        let call = || Box::pin(input.clone().send_with(&self.client));
        let output = self.caller.write(CREATE_TARGET_GROUP, name, arn, call).await?;
        one(CREATE_TARGET_GROUP, output.target_groups, "target group").map(TargetGroup::read)
    }

    /// Changes how the targets of a target group are checked: all that AWS can change in one. What is `None` stays.
    ///
    /// # Errors
    /// Those of AWS.
    pub async fn modify_target_group(&self, arn: &str, check: &HealthCheck) -> Result<TargetGroup, AwsError> {
        let input = check.to_input(arn);
        let output = self.caller.write(MODIFY_TARGET_GROUP, arn, |_| None, || input.clone().send_with(&self.client)).await?;
        one(MODIFY_TARGET_GROUP, output.target_groups, "target group").map(TargetGroup::read)
    }

    /// Changes attributes of a target group; others stay. Returns those that AWS shows: all, or those that were changed.
    ///
    /// # Errors
    /// Those of AWS.
    pub async fn modify_target_group_attributes(&self, arn: &str, change: &Attributes) -> Result<Attributes, AwsError> {
        let pair = |(key, value): (&String, &String)| TargetGroupAttribute::builder().key(key).value(value).build();
        let pairs: Vec<_> = change.iter().map(pair).collect();
        let call = || {
            let call = self.client.modify_target_group_attributes().target_group_arn(arn);
            call.set_attributes(Some(pairs.clone())).send()
        };
        let output = self.caller.write(MODIFY_TARGET_GROUP_ATTRIBUTES, arn, |_| None, call).await?;
        Ok(attributes(output.attributes.unwrap_or_default().into_iter().map(|one| (one.key, one.value))))
    }

    /// Deletes a target group. One that is gone is no error.
    ///
    /// # Errors
    /// Those of AWS; [`Kind::NotReady`](crate::aws::Kind::NotReady) while something forwards to it.
    pub async fn delete_target_group(&self, arn: &str) -> Result<(), AwsError> {
        let call = || self.client.delete_target_group().target_group_arn(arn).send();
        gone_is_done(self.caller.write(DELETE_TARGET_GROUP, arn, |_| None, call).await)
    }
}
