//! What the settings of a target group must fulfil: see `rules`, whose neighbour this is.

use super::attributes as key;
use super::rules::rule;
use kube::core::Rule;

const BEHIND_ALB: &str = "(has(self.protocol) && self.protocol in ['HTTP', 'HTTPS'])";
const BEHIND_NLB: &str = "(has(self.protocol) && !(self.protocol in ['HTTP', 'HTTPS']))";
const IS_GRPC: &str = "(has(self.protocolVersion) && self.protocolVersion == 'GRPC')";
const HAS_MATCHER: &str = "(has(self.healthCheck) && has(self.healthCheck.matcher))";
const IS_STICKY: &str = "(has(self.stickiness) && (!has(self.stickiness.enabled) || self.stickiness.enabled))";

pub(super) fn no_attribute_twice() -> Rule {
    let twice = [
        format!("has(self.deregistrationDelaySeconds) && a.key == '{}'", key::DEREGISTRATION_DELAY),
        format!("has(self.slowStartSeconds) && a.key == '{}'", key::SLOW_START),
        format!("has(self.loadBalancingAlgorithmType) && a.key == '{}'", key::ALGORITHM),
        "has(self.stickiness) && a.key.startsWith('stickiness.')".to_owned(),
    ]
    .map(|claim| format!("({claim})"))
    .join(" || ");
    rule(
        format!("!has(self.attributes) || !self.attributes.exists(a, {twice})"),
        "an attribute stands both in attributes and under a field of its own (deregistrationDelaySeconds, slowStartSeconds, \
         loadBalancingAlgorithmType, stickiness): keep one of them",
    )
}

pub(super) fn version_needs_http() -> Rule {
    rule(
        format!("!has(self.protocolVersion) || !{BEHIND_NLB}"),
        "protocolVersion needs protocol HTTP or HTTPS: HTTP/2 and gRPC are read by application load balancers only",
    )
}

pub(super) fn grpc_matcher_needs_grpc() -> Rule {
    rule(
        format!("!{HAS_MATCHER} || !has(self.healthCheck.matcher.grpcCode) || {IS_GRPC}"),
        "grpcCode in healthCheck.matcher needs protocolVersion GRPC",
    )
}

pub(super) fn http_matcher_is_not_for_grpc() -> Rule {
    rule(
        format!("!{HAS_MATCHER} || !has(self.healthCheck.matcher.httpCode) || !{IS_GRPC}"),
        "protocolVersion GRPC is checked by grpcCode in healthCheck.matcher, not by httpCode",
    )
}

pub(super) fn http_is_not_checked_by_tcp() -> Rule {
    rule(
        format!(
            "!({BEHIND_ALB} || has(self.protocolVersion)) || !has(self.healthCheck) || !has(self.healthCheck.protocol) || self.healthCheck.protocol != 'TCP'"
        ),
        "protocol HTTP and HTTPS cannot be checked by TCP: use protocol HTTP or HTTPS in healthCheck",
    )
}

pub(super) fn alb_has_no_codes_of_servers() -> Rule {
    rule(
        format!(
            "!{BEHIND_ALB} || !{HAS_MATCHER} || !has(self.healthCheck.matcher.httpCode) || !self.healthCheck.matcher.httpCode.matches('(^|[,-])5')"
        ),
        "httpCode must be from 200 to 499 with protocol HTTP and HTTPS",
    )
}

pub(super) fn slow_start_is_long_enough() -> Rule {
    rule(
        "!has(self.slowStartSeconds) || self.slowStartSeconds == 0 || self.slowStartSeconds >= 30",
        "slowStartSeconds must be 30 to 900, or 0 for none",
    )
}

/// Source: the user guide of Application Load Balancers, target group attributes: slow start is for round robin.
pub(super) fn slow_start_spreads_evenly() -> Rule {
    rule(
        "!has(self.slowStartSeconds) || self.slowStartSeconds == 0 || !has(self.loadBalancingAlgorithmType) || self.loadBalancingAlgorithmType == 'round_robin'",
        "slowStartSeconds needs loadBalancingAlgorithmType round_robin",
    )
}

pub(super) fn alb_attributes_need_an_alb() -> Rule {
    rule(
        format!(
            "!{BEHIND_NLB} || !((has(self.slowStartSeconds) && self.slowStartSeconds > 0) || has(self.loadBalancingAlgorithmType) || has(self.targetControlPort))"
        ),
        "slowStartSeconds, loadBalancingAlgorithmType and targetControlPort need protocol HTTP or HTTPS: a network load balancer has none of them",
    )
}

/// Source: the user guide of Network Load Balancers, sticky sessions: not with TLS.
pub(super) fn stickiness_fits_the_protocol() -> Rule {
    rule(
        format!(
            "!{IS_STICKY} || !has(self.protocol) || !has(self.stickiness.type) || ({BEHIND_ALB} ? self.stickiness.type != 'source_ip' : self.protocol != 'TLS' && self.stickiness.type == 'source_ip')"
        ),
        "stickiness is by lb_cookie or app_cookie with protocol HTTP and HTTPS, by source_ip with TCP, UDP, TCP_UDP, QUIC and TCP_QUIC, and not there with TLS",
    )
}

pub(super) fn stickiness_has_a_type() -> Rule {
    rule(
        "has(self.type) || (has(self.enabled) && !self.enabled)",
        "stickiness needs a type: lb_cookie or app_cookie behind an application load balancer, source_ip behind a network one",
    )
}

pub(super) fn cookie_name_goes_with_app_cookie() -> Rule {
    rule(
        "has(self.cookieName) == (has(self.type) && self.type == 'app_cookie')",
        "cookieName and type app_cookie need each other: it is the name of the application's cookie",
    )
}

pub(super) fn duration_goes_with_a_cookie() -> Rule {
    rule(
        "!has(self.durationSeconds) || (has(self.type) && self.type in ['lb_cookie', 'app_cookie'])",
        "durationSeconds of stickiness goes with type lb_cookie or app_cookie",
    )
}

pub(super) fn cookie_name_is_free() -> Rule {
    rule(
        "!has(self.cookieName) || !self.cookieName.startsWith('AWSALB')",
        "cookieName must not begin with AWSALB, which is reserved",
    )
}
