//! How a target group is reached, checks, and spreads.

use super::attributes::Attribute;
use super::health::HealthCheck;
use super::settings_rules as rules;
use crate::api::open_enum::open_enum;
use kube::KubeSchema;
use serde::{Deserialize, Serialize};

open_enum! {
    /// Protocol between a load balancer and its targets.
    TargetGroupProtocol {
        /// ALB.
        Http = "HTTP",
        /// ALB, with TLS to the targets.
        Https = "HTTPS",
        /// NLB.
        Tcp = "TCP",
        /// NLB, with TLS to the targets.
        Tls = "TLS",
        /// NLB.
        Udp = "UDP",
        /// NLB, both on one port.
        TcpUdp = "TCP_UDP",
        /// NLB.
        Quic = "QUIC",
        /// NLB, both on one port.
        TcpQuic = "TCP_QUIC",
    }
}

open_enum! {
    /// Version of HTTP between an ALB and its targets.
    ProtocolVersion {
        /// HTTP/1.1.
        Http1 = "HTTP1",
        /// HTTP/2.
        Http2 = "HTTP2",
        /// gRPC.
        Grpc = "GRPC",
    }
}

open_enum! {
    /// IP addresses of targets.
    TargetGroupIpAddressType {
        /// IPv4.
        Ipv4 = "ipv4",
        /// IPv6.
        Ipv6 = "ipv6",
    }
}

open_enum! {
    /// How an ALB chooses the target of a request.
    LoadBalancingAlgorithmType {
        /// One after the other.
        RoundRobin = "round_robin",
        /// The one with the fewest requests under way.
        LeastOutstandingRequests = "least_outstanding_requests",
        /// By chance, with weights.
        WeightedRandom = "weighted_random",
    }
}

open_enum! {
    /// What keeps a client with its target.
    StickinessType {
        /// ALB: a cookie of the load balancer.
        LbCookie = "lb_cookie",
        /// ALB: a cookie of the application.
        AppCookie = "app_cookie",
        /// NLB: the client's address.
        SourceIp = "source_ip",
    }
}

/// How targets are reached, checked and chosen. `deregistrationDelaySeconds`, `slowStartSeconds`,
/// `loadBalancingAlgorithmType` and `stickiness` are attributes of AWS under a name of their own.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = rules::no_attribute_twice())]
#[x_kube(validation = rules::version_needs_http())]
#[x_kube(validation = rules::grpc_matcher_needs_grpc())]
#[x_kube(validation = rules::http_matcher_is_not_for_grpc())]
#[x_kube(validation = rules::http_is_not_checked_by_tcp())]
#[x_kube(validation = rules::alb_has_no_codes_of_servers())]
#[x_kube(validation = rules::slow_start_is_long_enough())]
#[x_kube(validation = rules::slow_start_spreads_evenly())]
#[x_kube(validation = rules::alb_attributes_need_an_alb())]
#[x_kube(validation = rules::stickiness_fits_the_protocol())]
pub struct TargetGroupSettings {
    /// Protocol to the targets: HTTP and HTTPS behind an ALB; TCP, TLS, UDP, TCP_UDP, QUIC and TCP_QUIC behind an NLB.
    /// Unset: HTTP behind an ALB, that of the listener behind an NLB (TCP for TLS). An edit replaces the target group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<TargetGroupProtocol>,
    /// HTTP1, HTTP2 or GRPC; ALB only. Unset: HTTP1. An edit replaces the target group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol_version: Option<ProtocolVersion>,
    /// ipv4 or ipv6. Unset: ipv4. An edit replaces the target group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip_address_type: Option<TargetGroupIpAddressType>,
    /// Port on which an ALB and an agent beside the targets agree on how many requests each takes. Unset: none. An edit
    /// replaces the target group.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65535))]
    pub target_control_port: Option<i32>,
    /// How targets are found healthy. Unset: AWS's defaults. An edit is in place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_check: Option<HealthCheck>,
    /// Seconds that a target which is taken out goes on with its requests, 0 to 3600. Unset: 300.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 3600))]
    pub deregistration_delay_seconds: Option<i32>,
    /// Seconds in which a new target gets a growing share, 30 to 900, or 0 for none; ALB only. Unset: 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 900))]
    pub slow_start_seconds: Option<i32>,
    /// round_robin, least_outstanding_requests or weighted_random; ALB only. Unset: round_robin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub load_balancing_algorithm_type: Option<LoadBalancingAlgorithmType>,
    /// Keeps a client with the target that it was sent to first. Unset: off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stickiness: Option<Stickiness>,
    /// Other attributes, under AWS's keys. Those that are not listed are left as they are; one that is taken out goes back
    /// to AWS's default. An edit is in place.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 40), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["key"]))]
    pub attributes: Option<Vec<Attribute>>,
}

/// Keeps a client with the target that it was sent to first.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = rules::stickiness_has_a_type())]
#[x_kube(validation = rules::cookie_name_goes_with_app_cookie())]
#[x_kube(validation = rules::duration_goes_with_a_cookie())]
#[x_kube(validation = rules::cookie_name_is_free())]
pub struct Stickiness {
    /// Whether it is on. Unset: true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// lb_cookie or app_cookie (ALB), or source_ip (NLB). Needed while it is on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r#type: Option<StickinessType>,
    /// Seconds after which a cookie is worth nothing, 1 to 604800. Unset: 86400.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 604_800))]
    pub duration_seconds: Option<i32>,
    /// Name of the application's cookie. Needed with app_cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255))]
    pub cookie_name: Option<String>,
}
