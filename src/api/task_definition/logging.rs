//! Where the output of containers goes.

use super::environment::Secret;
use crate::api::open_enum::open_enum;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Where the output of a container goes.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct LogConfiguration {
    /// Driver that takes the output. On Fargate: awslogs, splunk or awsfirelens.
    pub log_driver: LogDriver,
    /// Options of the driver, such as `awslogs-group`, `awslogs-region`, `awslogs-stream-prefix` and `mode` (unset: as
    /// the account has it, as a rule non-blocking, which may lose lines).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub options: Option<BTreeMap<String, String>>,
    /// Options whose values are secrets. Unset: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"], "maxItems" = 100))]
    pub secret_options: Option<Vec<Secret>>,
}

/// Makes a container the log router of its task.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct FirelensConfiguration {
    /// The router in the image.
    pub r#type: FirelensConfigurationType,
    /// `enable-ecs-log-metadata`, `config-file-type` (on Fargate only `file`) and `config-file-value`. Unset: the
    /// router's own configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub options: Option<BTreeMap<String, String>>,
}

open_enum! {
    /// A log driver.
    LogDriver {
        /// The log router of the task.
        Awsfirelens = "awsfirelens",
        /// Amazon CloudWatch Logs.
        Awslogs = "awslogs",
        /// Fluentd.
        Fluentd = "fluentd",
        /// Graylog.
        Gelf = "gelf",
        /// The journal of the instance.
        Journald = "journald",
        /// Files on the instance.
        JsonFile = "json-file",
        /// Splunk.
        Splunk = "splunk",
        /// Syslog.
        Syslog = "syslog",
    }
}

open_enum! {
    /// A log router.
    FirelensConfigurationType {
        /// Fluent Bit.
        Fluentbit = "fluentbit",
        /// Fluentd.
        Fluentd = "fluentd",
    }
}
