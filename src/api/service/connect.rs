//! Service Connect: names and a proxy for calls between services.

use crate::api::open_enum::open_enum;
use crate::api::task_definition::LogConfiguration;
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Gives each task a proxy, so that services find one another by name.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("!has(self.accessLogConfiguration) || has(self.logConfiguration)")
    .message("serviceConnectConfiguration.accessLogConfiguration needs logConfiguration beside it"))]
pub struct ServiceConnectConfiguration {
    /// Whether tasks have the proxy. `false` takes Service Connect away.
    pub enabled: bool,
    /// Name or ARN of the Cloud Map namespace. Unset: the cluster's default namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024))]
    pub namespace: Option<String>,
    /// Ports that other services can call. Unset or empty: this service only calls others.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 50))]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["portName"]))]
    pub services: Option<Vec<ServiceConnectService>>,
    /// Where the proxy's log goes. Unset: nowhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_configuration: Option<LogConfiguration>,
    /// Log of each request. Unset: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_log_configuration: Option<ServiceConnectAccessLogConfiguration>,
    /// Settings of the proxy container, one per entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 10), extend("x-kubernetes-list-type" = "atomic"))]
    pub container_configurations: Option<Vec<ServiceConnectContainerConfiguration>>,
}

/// A port that other services can call.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct ServiceConnectService {
    /// Name of a port mapping in the task definition.
    #[schemars(length(min = 1, max = 64))]
    pub port_name: String,
    /// Name in Cloud Map, one of its kind in the namespace. Unset: portName.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64), regex(pattern = r"^[a-z0-9_][a-z0-9_-]*$"))]
    pub discovery_name: Option<String>,
    /// Name and port by which clients call; at most one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1), extend("x-kubernetes-list-type" = "atomic"))]
    pub client_aliases: Option<Vec<ServiceConnectClientAlias>>,
    /// Port on which the proxy listens. Unset: the container port (awsvpc) or a free one (bridge).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65535))]
    pub ingress_port_override: Option<i32>,
    /// Time limits of the proxy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<TimeoutConfiguration>,
    /// Encrypts calls. Unset: plain text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<ServiceConnectTlsConfiguration>,
}

/// Name and port by which clients call a service.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct ServiceConnectClientAlias {
    /// Port that clients call.
    #[schemars(range(min = 1, max = 65535))]
    pub port: i32,
    /// Host name that clients call. Unset: `discoveryName.namespace`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 127))]
    pub dns_name: Option<String>,
    /// Which calls are test traffic during BLUE_GREEN, LINEAR and CANARY.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_traffic_rules: Option<ServiceConnectTestTrafficRules>,
}

/// Which calls go to the new revision before production traffic does.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct ServiceConnectTestTrafficRules {
    /// Header that marks them.
    pub header: ServiceConnectTestTrafficHeaderRules,
}

/// Header that marks test traffic.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct ServiceConnectTestTrafficHeaderRules {
    /// Name of the header.
    #[schemars(length(min = 1, max = 255))]
    pub name: String,
    /// Value of the header. Unset: any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<ServiceConnectTestTrafficHeaderMatchRules>,
}

/// How the header's value is compared.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct ServiceConnectTestTrafficHeaderMatchRules {
    /// The value equals this.
    #[schemars(length(max = 1024))]
    pub exact: String,
}

/// Time limits of the proxy, in seconds.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct TimeoutConfiguration {
    /// How long a connection may be idle; 0: for ever. Unset: 300 (HTTP, HTTP2, gRPC) or 3600 (TCP).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub idle_timeout_seconds: Option<i32>,
    /// How long an answer may take; 0: for ever. Not for TCP.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub per_request_timeout_seconds: Option<i32>,
}

/// Encrypts calls between proxies.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct ServiceConnectTlsConfiguration {
    /// Who issues the certificates.
    pub issuer_certificate_authority: ServiceConnectTlsCertificateAuthority,
    /// KMS key (id, ARN or alias) that guards the private keys. Unset: AWS's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    pub kms_key: Option<String>,
    /// ARN of the role that lets ECS issue and store certificates.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048), regex(pattern = r"^arn:"))]
    pub role_arn: Option<String>,
}

/// Who issues certificates.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct ServiceConnectTlsCertificateAuthority {
    /// ARN of the AWS Private CA.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048), regex(pattern = r"^arn:"))]
    pub aws_pca_authority_arn: Option<String>,
}

open_enum! {
    /// Form of the access log's lines.
    ServiceConnectAccessLoggingFormat {
        /// Text for people.
        Text = "TEXT",
        /// One JSON object a line.
        Json = "JSON",
    }
}

open_enum! {
    /// Whether the access log shows query parameters.
    ServiceConnectIncludeQueryParameters {
        /// They are logged.
        Enabled = "ENABLED",
        /// They are left out.
        Disabled = "DISABLED",
    }
}

/// Log of each request that the proxy serves.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct ServiceConnectAccessLogConfiguration {
    /// TEXT or JSON.
    pub format: ServiceConnectAccessLoggingFormat,
    /// Whether query parameters are logged; they may hold secrets. Unset: DISABLED.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub include_query_parameters: Option<ServiceConnectIncludeQueryParameters>,
}

open_enum! {
    /// How much the proxy logs.
    ServiceConnectContainerLogLevel {
        /// Little.
        Info = "info",
        /// Much, for a search.
        Debug = "debug",
    }
}

/// One setting of the proxy container.
// A union in AWS's model, with a single member so far.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct ServiceConnectContainerConfiguration {
    /// How much the proxy logs. Without it: info.
    pub log_level: ServiceConnectContainerLogLevel,
}
