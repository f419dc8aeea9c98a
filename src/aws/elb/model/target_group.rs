//! Target groups.

use super::{Tags, set, text, to_tags, word};
use aws_sdk_elasticloadbalancingv2::operation::create_target_group::builders::CreateTargetGroupInputBuilder;
use aws_sdk_elasticloadbalancingv2::operation::modify_target_group::builders::ModifyTargetGroupInputBuilder;
use aws_sdk_elasticloadbalancingv2::types;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A target group, as AWS describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetGroup {
    /// ARN.
    pub arn: String,
    /// Name.
    pub name: String,
    /// `HTTP`, `HTTPS`, `TCP`, … None with functions.
    pub protocol: Option<String>,
    /// `HTTP1`, `HTTP2` or `GRPC`. With HTTP and HTTPS only.
    pub protocol_version: Option<String>,
    /// Port of targets that are registered without one.
    pub port: Option<i32>,
    /// Where the targets are.
    pub vpc_id: Option<String>,
    /// `instance`, `ip`, `lambda` or `alb`.
    pub target_type: String,
    /// `ipv4` or `ipv6`.
    pub ip_address_type: String,
    /// Port on which targets say how much they can take.
    pub target_control_port: Option<i32>,
    /// How targets are checked. AWS fills in all that applies.
    pub health_check: HealthCheck,
    /// The load balancers that have it: one, or none while nothing forwards to it.
    pub load_balancer_arns: BTreeSet<String>,
}

/// How targets are checked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HealthCheck {
    /// Whether they are checked at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Protocol of the check.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol: Option<String>,
    /// A port, or `traffic-port`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<String>,
    /// Path that is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Time between two checks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval_seconds: Option<i32>,
    /// How long an answer may take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<i32>,
    /// Successes in a row that make a target healthy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub healthy_threshold_count: Option<i32>,
    /// Failures in a row that make it unhealthy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unhealthy_threshold_count: Option<i32>,
    /// Which answers are successes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matcher: Option<Matcher>,
}

/// Which answers of a target are successes, such as `200-299`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Matcher {
    /// Status codes of HTTP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_code: Option<String>,
    /// Status codes of gRPC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grpc_code: Option<String>,
}

/// A target group to be made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewTargetGroup {
    /// Name, at most 32 characters.
    pub name: String,
    /// Protocol.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol: Option<String>,
    /// Version of the protocol.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol_version: Option<String>,
    /// Port of targets that are registered without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<i32>,
    /// Where the targets are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vpc_id: Option<String>,
    /// `instance`, `ip`, `lambda` or `alb`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_type: Option<String>,
    /// `ipv4` or `ipv6`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip_address_type: Option<String>,
    /// Port on which targets say how much they can take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_control_port: Option<i32>,
    /// How targets are checked.
    #[serde(default)]
    pub health_check: HealthCheck,
    /// Tags.
    #[serde(default)]
    pub tags: Tags,
}

impl TargetGroup {
    pub(in crate::aws) fn read(group: types::TargetGroup) -> Self {
        let protocol = text(group.protocol);
        let is_http = matches!(protocol.as_deref(), Some("HTTP" | "HTTPS"));
        Self {
            arn: group.target_group_arn.unwrap_or_default(),
            name: group.target_group_name.unwrap_or_default(),
            protocol,
            port: group.port,
            vpc_id: group.vpc_id,
            // AWS's defaults, for answers that leave them out.
            protocol_version: group.protocol_version.or_else(|| is_http.then(|| "HTTP1".to_owned())),
            target_type: text(group.target_type).unwrap_or_else(|| "instance".to_owned()),
            ip_address_type: text(group.ip_address_type).unwrap_or_else(|| "ipv4".to_owned()),
            target_control_port: group.target_control_port,
            health_check: HealthCheck {
                enabled: group.health_check_enabled,
                protocol: text(group.health_check_protocol),
                port: group.health_check_port,
                path: group.health_check_path,
                interval_seconds: group.health_check_interval_seconds,
                timeout_seconds: group.health_check_timeout_seconds,
                healthy_threshold_count: group.healthy_threshold_count,
                unhealthy_threshold_count: group.unhealthy_threshold_count,
                matcher: group.matcher.map(|m| Matcher { http_code: m.http_code, grpc_code: m.grpc_code }),
            },
            load_balancer_arns: set(group.load_balancer_arns),
        }
    }
}

impl Matcher {
    fn to_sdk(&self) -> types::Matcher {
        types::Matcher::builder().set_http_code(self.http_code.clone()).set_grpc_code(self.grpc_code.clone()).build()
    }
}

impl NewTargetGroup {
    pub(in crate::aws) fn to_input(&self) -> CreateTargetGroupInputBuilder {
        let check = &self.health_check;
        CreateTargetGroupInputBuilder::default()
            .set_name(Some(self.name.clone()))
            .set_protocol(word(self.protocol.as_ref()))
            .set_protocol_version(self.protocol_version.clone())
            .set_port(self.port)
            .set_vpc_id(self.vpc_id.clone())
            .set_target_type(word(self.target_type.as_ref()))
            .set_ip_address_type(word(self.ip_address_type.as_ref()))
            .set_target_control_port(self.target_control_port)
            .set_health_check_enabled(check.enabled)
            .set_health_check_protocol(word(check.protocol.as_ref()))
            .set_health_check_port(check.port.clone())
            .set_health_check_path(check.path.clone())
            .set_health_check_interval_seconds(check.interval_seconds)
            .set_health_check_timeout_seconds(check.timeout_seconds)
            .set_healthy_threshold_count(check.healthy_threshold_count)
            .set_unhealthy_threshold_count(check.unhealthy_threshold_count)
            .set_matcher(check.matcher.as_ref().map(Matcher::to_sdk))
            .set_tags(to_tags(&self.tags))
    }
}

impl HealthCheck {
    /// The change of a target group into one that is checked like this. What is `None` stays.
    pub(in crate::aws) fn to_input(&self, arn: &str) -> ModifyTargetGroupInputBuilder {
        ModifyTargetGroupInputBuilder::default()
            .set_target_group_arn(Some(arn.to_owned()))
            .set_health_check_enabled(self.enabled)
            .set_health_check_protocol(word(self.protocol.as_ref()))
            .set_health_check_port(self.port.clone())
            .set_health_check_path(self.path.clone())
            .set_health_check_interval_seconds(self.interval_seconds)
            .set_health_check_timeout_seconds(self.timeout_seconds)
            .set_healthy_threshold_count(self.healthy_threshold_count)
            .set_unhealthy_threshold_count(self.unhealthy_threshold_count)
            .set_matcher(self.matcher.as_ref().map(Matcher::to_sdk))
    }
}
