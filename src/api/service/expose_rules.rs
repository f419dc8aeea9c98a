//! What an entry of `expose` must fulfil, as CEL with a sentence for the person who wrote it. What it must agree on with
//! the rest of the service stands in `rules`.

use crate::api::load_balancing::rule;
use kube::core::Rule;

const OF_HTTP: &str = "self.protocol in ['HTTP', 'HTTPS']";

pub(super) fn name_is_a_label() -> Rule {
    rule(
        "self.name.matches('^[a-z0-9]([a-z0-9-]*[a-z0-9])?$')",
        "name in expose must consist of small letters, digits and hyphens, with no hyphen at either end",
    )
}

pub(super) fn port_or_container() -> Rule {
    rule(
        "has(self.port) ? !(has(self.containerName) || has(self.containerPort)) : has(self.containerName) && has(self.containerPort)",
        "each of expose needs either port, the name of a port mapping, or containerName and containerPort",
    )
}

pub(super) fn listener_or_target_group() -> Rule {
    rule(
        "has(self.listener) != has(self.targetGroup)",
        "each of expose needs either listener, for a target group of its own, or targetGroup, for one that exists",
    )
}

pub(super) fn match_needs_a_listener() -> Rule {
    rule(
        "!has(self.match) || has(self.listener)",
        "match needs a listener: a target group that exists gets its requests from rules that exist",
    )
}

pub(super) fn rule_needs_a_match() -> Rule {
    rule(
        "has(self.match) || !(has(self.rewrite) || has(self.priority))",
        "rewrite and priority are those of a rule: they need match, and a network load balancer has no rules",
    )
}

pub(super) fn target_group_is_left_as_it_is() -> Rule {
    let none = [
        "protocol",
        "protocolVersion",
        "ipAddressType",
        "targetControlPort",
        "healthCheck",
        "deregistrationDelaySeconds",
        "slowStartSeconds",
        "loadBalancingAlgorithmType",
        "stickiness",
        "attributes",
    ]
    .map(|field| format!("has(self.{field})"))
    .join(" || ");
    rule(
        format!("!has(self.targetGroup) || !({none})"),
        "targetGroup is attached and left as it is: remove protocol, health check and attributes here",
    )
}

pub(super) fn match_needs_http() -> Rule {
    rule(
        format!("!has(self.match) || !has(self.protocol) || {OF_HTTP}"),
        "match makes a rule of an application load balancer, which speaks to tasks by protocol HTTP or HTTPS",
    )
}

pub(super) fn http_needs_a_match() -> Rule {
    rule(
        format!(
            "has(self.match) || !((has(self.protocol) && {OF_HTTP}) || has(self.protocolVersion) || has(self.targetControlPort) || has(self.loadBalancingAlgorithmType) || (has(self.slowStartSeconds) && self.slowStartSeconds > 0))"
        ),
        "without match this is the whole listener of a network load balancer, which has no HTTP, no gRPC, no slow start and no algorithm: set match, such as paths: [\"/*\"]",
    )
}

pub(super) fn stickiness_fits_the_listener() -> Rule {
    rule(
        "!has(self.stickiness) || !has(self.stickiness.type) || has(self.match) == (self.stickiness.type != 'source_ip')",
        "stickiness is by lb_cookie or app_cookie where there is a match, by source_ip where there is none",
    )
}

/// On the reference to a target group.
pub(super) fn arn_or_ref() -> Rule {
    rule("has(self.arn) != has(self.ref)", "targetGroup needs either arn or ref")
}
