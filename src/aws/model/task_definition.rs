//! A revision of a task definition.

use super::{tags, timestamp};
use crate::aws::codec::{CodecError, to_json};
use aws_sdk_ecs::types;
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;

/// A revision of a task definition, as AWS describes it.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskDefinition {
    /// ARN, with the number of the revision.
    pub arn: String,
    /// Name of the family.
    pub family: String,
    /// Number of the revision.
    pub revision: i32,
    /// `false` once it is deregistered.
    pub active: bool,
    /// When it was registered.
    pub registered_at: Option<Timestamp>,
    /// The whole description, as AWS's JSON.
    pub fields: Value,
    /// Tags, where they were read.
    pub tags: BTreeMap<String, String>,
}

impl TaskDefinition {
    /// Reads a description. Tags stand beside it in AWS's answers, not in it.
    pub(in crate::aws) fn read(described: &types::TaskDefinition, tagged: Option<Vec<types::Tag>>) -> Result<Self, CodecError> {
        Ok(Self {
            arn: described.task_definition_arn.clone().unwrap_or_default(),
            family: described.family.clone().unwrap_or_default(),
            revision: described.revision,
            active: described.status == Some(types::TaskDefinitionStatus::Active),
            registered_at: timestamp(described.registered_at),
            fields: to_json(described)?,
            tags: tags(tagged),
        })
    }
}
