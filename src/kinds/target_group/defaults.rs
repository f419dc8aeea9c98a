//! The values that AWS takes where nothing is said, for fields that leave the declaration. Pure.
//!
//! Sources: the reference of `CreateTargetGroup` and of `TargetGroupAttribute`, and the notes on normalisation §4.34 and §4.35.

use super::settings::{Settings, is_http};
use serde_json::{Value, json};

/// The default of a member of the health check, for checks of that protocol. `None`: AWS has none, and it is left alone.
pub fn of_check(member: &str, settings: &Settings, check_protocol: &str) -> Option<Value> {
    let asks = is_http(check_protocol);
    let is_grpc = settings.protocol_version.as_deref() == Some("GRPC");
    let behind_alb = is_http(&settings.protocol);
    Some(match member {
        "protocol" => json!(check_protocol_of(settings)),
        "port" => json!("traffic-port"),
        "path" if asks && is_grpc => json!("/AWS.ALB/healthcheck"),
        "path" if asks => json!("/"),
        "matcher" if asks && is_grpc => json!({"grpcCode": "12"}),
        "matcher" if asks && behind_alb => json!({"httpCode": "200"}),
        "matcher" if asks => json!({"httpCode": "200-399"}),
        "intervalSeconds" => json!(30),
        "timeoutSeconds" if behind_alb => json!(5),
        "timeoutSeconds" if check_protocol == "HTTP" => json!(6),
        "timeoutSeconds" => json!(10),
        "healthyThresholdCount" => json!(5),
        "unhealthyThresholdCount" => json!(2),
        _ => return None,
    })
}

/// The protocol of the health check where nothing is said.
pub fn check_protocol_of(settings: &Settings) -> &str {
    if is_http(&settings.protocol) { &settings.protocol } else { "TCP" }
}

/// The default of an attribute. `None`: none is known, and it is left alone.
pub fn of_attribute(key: &str, settings: &Settings) -> Option<&'static str> {
    let (http, protocol) = (is_http(&settings.protocol), settings.protocol.as_str());
    Some(match key {
        "deregistration_delay.timeout_seconds" => "300",
        "load_balancing.cross_zone.enabled" => "use_load_balancer_configuration",
        "stickiness.enabled" => "false",
        "stickiness.type" if http => "lb_cookie",
        "stickiness.type" => "source_ip",
        "target_group_health.dns_failover.minimum_healthy_targets.count"
        | "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count" => "1",
        "target_group_health.dns_failover.minimum_healthy_targets.percentage"
        | "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage" => "off",
        "load_balancing.algorithm.type" if http => "round_robin",
        "load_balancing.algorithm.anomaly_mitigation" if http => "off",
        "slow_start.duration_seconds" if http => "0",
        "stickiness.lb_cookie.duration_seconds" | "stickiness.app_cookie.duration_seconds" if http => "86400",
        "deregistration_delay.connection_termination.enabled" if !http => bool_of(matches!(protocol, "UDP" | "TCP_UDP")),
        "preserve_client_ip.enabled" if !http => {
            bool_of(settings.target_type == "instance" || !matches!(protocol, "TCP" | "TLS"))
        }
        "proxy_protocol_v2.enabled" if !http => "false",
        "target_health_state.unhealthy.connection_termination.enabled" if !http => "true",
        "target_health_state.unhealthy.draining_interval_seconds" if !http => "0",
        // The name of a cookie means nothing while stickiness is off, and AWS takes no empty one.
        _ => return None,
    })
}

const fn bool_of(flag: bool) -> &'static str {
    if flag { "true" } else { "false" }
}
