//! Environment variables and where their values come from.

use crate::api::open_enum::open_enum;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A name and its value.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct KeyValuePair {
    /// The name.
    #[schemars(length(min = 1, max = 255))]
    pub name: String,
    /// The value. Unset: the empty text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// A file with environment variables.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct EnvironmentFile {
    /// ARN of the object in S3; its name ends in `.env`.
    #[schemars(length(min = 1, max = 2048))]
    pub value: String,
    /// `s3`.
    pub r#type: EnvironmentFileType,
}

/// A value that is read from Secrets Manager or Parameter Store when a task starts.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Secret {
    /// Name of the environment variable or of the option.
    #[schemars(length(min = 1, max = 255))]
    pub name: String,
    /// ARN of the secret (`:json-key:stage:version` may follow) or of the parameter; a parameter of the same region may
    /// be given by its name.
    #[schemars(length(min = 1, max = 2048))]
    pub value_from: String,
}

open_enum! {
    /// Where an environment file lies.
    EnvironmentFileType {
        /// An object in Amazon S3.
        S3 = "s3",
    }
}
