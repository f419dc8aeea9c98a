//! Task definitions.

use super::carry::Carry;
use super::{Ecs, missing, unreadable};
use crate::aws::error::{AwsError, Kind};
use crate::aws::guard::Granted;
use crate::aws::model::TaskDefinition;
use crate::aws::operation::{
    DEREGISTER_TASK_DEFINITION, DESCRIBE_TASK_DEFINITION, LIST_TASK_DEFINITIONS, REGISTER_TASK_DEFINITION,
};
use aws_sdk_ecs::operation::register_task_definition::{RegisterTaskDefinitionInput, RegisterTaskDefinitionOutput};
use aws_sdk_ecs::types::{TaskDefinitionField, TaskDefinitionStatus};
use std::sync::Arc;

impl Ecs {
    /// Registers a revision. Not idempotent: each call that AWS accepts makes one.
    ///
    /// # Errors
    /// Those of AWS. After one with [`AwsError::may_have_happened`], look for the revision before calling again.
    pub async fn register_task_definition(
        &self,
        input: Granted<RegisterTaskDefinitionInput>,
    ) -> Result<TaskDefinition, AwsError> {
        let operation = REGISTER_TASK_DEFINITION;
        // AWS refuses registrations of one family that overlap.
        let _turn = self.caller.pacer.family_turn(input.0.family.as_deref().unwrap_or_default()).await;
        let input = Arc::new(input.0);
        let family = input.family.as_deref().unwrap_or_default();
        let arn: fn(&RegisterTaskDefinitionOutput) -> Option<&str> = |output| output.task_definition()?.task_definition_arn();
        let output = self
            .caller
            .write(operation, family, arn, || {
                self.client.register_task_definition().customize().interceptor(Carry(Arc::clone(&input))).send()
            })
            .await?;
        let registered = output.task_definition.ok_or_else(|| missing(operation, "task definition"))?;
        TaskDefinition::read(&registered, output.tags).map_err(unreadable(operation))
    }

    /// Describes a revision by ARN or `family:revision`, or the newest active one by family. With tags. Unknown ones are `None`.
    ///
    /// # Errors
    /// Those of AWS.
    pub async fn describe_task_definition(&self, arn_or_family: &str) -> Result<Option<TaskDefinition>, AwsError> {
        let operation = DESCRIBE_TASK_DEFINITION;
        let described = self
            .call(operation, || {
                let call = self.client.describe_task_definition().task_definition(arn_or_family);
                call.include(TaskDefinitionField::Tags).send()
            })
            .await;
        match described {
            Err(e) if e.kind == Kind::NotFound => Ok(None),
            Err(e) => Err(e),
            Ok(output) => {
                let described = output.task_definition.ok_or_else(|| missing(operation, "task definition"))?;
                TaskDefinition::read(&described, output.tags).map(Some).map_err(unreadable(operation))
            }
        }
    }

    /// Lists the ARNs of the active revisions of a family, newest first. A family without any is empty.
    ///
    /// # Errors
    /// Those of AWS.
    pub async fn list_task_definitions(&self, family: &str) -> Result<Vec<String>, AwsError> {
        let mut arns = Vec::new();
        let mut next = None;
        loop {
            let page = self
                .call(LIST_TASK_DEFINITIONS, || {
                    let call = self.client.list_task_definitions().family_prefix(family);
                    let call = call.status(TaskDefinitionStatus::Active).sort(aws_sdk_ecs::types::SortOrder::Desc);
                    call.set_next_token(next.clone()).send()
                })
                .await?;
            arns.extend(page.task_definition_arns.unwrap_or_default());
            next = page.next_token;
            if next.is_none() {
                return Ok(arns);
            }
        }
    }

    /// Deregisters a revision. One that is not known or not active any more is done already.
    ///
    /// # Errors
    /// Those of AWS.
    pub async fn deregister_task_definition(&self, arn: &str) -> Result<(), AwsError> {
        let call = || self.client.deregister_task_definition().task_definition(arn).send();
        match self.caller.write(DEREGISTER_TASK_DEFINITION, arn, |_| None, call).await {
            Err(e) if e.kind != Kind::NotFound => Err(e),
            _ => Ok(()),
        }
    }
}
