//! How a load balancer finds out whether a target is healthy.

use super::rules;
use crate::api::open_enum::open_enum;
use kube::KubeSchema;
use serde::{Deserialize, Serialize};

open_enum! {
    /// Protocol of a health check.
    HealthCheckProtocol {
        /// A request.
        Http = "HTTP",
        /// A request over TLS; the certificate is not looked at.
        Https = "HTTPS",
        /// A connection.
        Tcp = "TCP",
    }
}

/// How a load balancer finds out whether a target is healthy. An edit is in place. Unset members are AWS's defaults, which
/// differ by protocol.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = rules::timeout_is_below_interval())]
#[x_kube(validation = rules::health_check_port())]
#[x_kube(validation = rules::health_check_path())]
#[x_kube(validation = rules::tcp_check_has_no_path())]
pub struct HealthCheck {
    /// Whether targets are checked. With targets of ECS they always are: false is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = rules::health_check_is_on())]
    pub enabled: Option<bool>,
    /// HTTP, HTTPS or TCP. Unset: HTTP behind an ALB, TCP behind an NLB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<HealthCheckProtocol>,
    /// Port as text, or `traffic-port`. Unset: traffic-port, the port that requests go to.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 12))]
    pub port: Option<String>,
    /// Path that is asked for; with GRPC `/package.service/method`. Unset: `/`, with GRPC `/AWS.ALB/healthcheck`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024))]
    pub path: Option<String>,
    /// Seconds from one check to the next, 5 to 300. Unset: 30.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 5, max = 300))]
    pub interval_seconds: Option<i32>,
    /// Seconds without an answer that count as a failure, 2 to 120 and below the interval. Unset: AWS's default.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 2, max = 120))]
    pub timeout_seconds: Option<i32>,
    /// Successes in a row until a target is healthy, 2 to 10. Unset: 5.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 2, max = 10))]
    pub healthy_threshold_count: Option<i32>,
    /// Failures in a row until a target is unhealthy, 2 to 10. Unset: 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 2, max = 10))]
    pub unhealthy_threshold_count: Option<i32>,
    /// Codes that count as success. Unset: 200 behind an ALB, 200-399 behind an NLB, 12 with GRPC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub matcher: Option<Matcher>,
}

/// Codes that count as success: one, several as `200,202`, or a range as `200-299`.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = rules::one_matcher())]
#[x_kube(validation = rules::http_codes())]
#[x_kube(validation = rules::grpc_codes())]
pub struct Matcher {
    /// HTTP codes, 200 to 499 behind an ALB, 200 to 599 behind an NLB.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128))]
    pub http_code: Option<String>,
    /// gRPC codes, 0 to 99. Goes with protocolVersion GRPC.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128))]
    pub grpc_code: Option<String>,
}
