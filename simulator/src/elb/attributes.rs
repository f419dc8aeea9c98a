//! Attributes: bags of texts with defaults by type. normalisation §4.35: about twenty come back that nobody set.

use std::sync::Arc;

use serde_json::{Value, json};

use super::objects::{Attributes, BalancerKind, Group};
use super::shapes::validation;
use super::{Answer, Elb, find};
use crate::ecs::input::Input;
use crate::fault::ServiceError;

/// What a value may be.
#[derive(Debug, Clone, Copy)]
enum Rule {
    Any,
    Flag,
    /// A number in a range.
    Range(i64, i64),
    /// As a range, or this word.
    RangeOr(i64, i64, &'static str),
    OneOf(&'static [&'static str]),
}

type Row = (&'static str, &'static str, Rule);

const CROSS_ZONE: &str = "load_balancing.cross_zone.enabled";
const DELAY: &str = "deregistration_delay.timeout_seconds";

const EVERY_BALANCER: [Row; 2] =
    [("deletion_protection.enabled", "false", Rule::Flag), ("ipv6.deny_all_igw_traffic", "false", Rule::Flag)];
const LOGS: [Row; 4] = [
    ("access_logs.s3.enabled", "false", Rule::Flag),
    ("access_logs.s3.bucket", "", Rule::Any),
    ("access_logs.s3.prefix", "", Rule::Any),
    ("zonal_shift.config.enabled", "false", Rule::Flag),
];
const APPLICATION: [Row; 16] = [
    ("client_keep_alive.seconds", "3600", Rule::Range(60, 604_800)),
    ("connection_logs.s3.bucket", "", Rule::Any),
    ("connection_logs.s3.enabled", "false", Rule::Flag),
    ("connection_logs.s3.prefix", "", Rule::Any),
    ("health_check_logs.s3.bucket", "", Rule::Any),
    ("health_check_logs.s3.enabled", "false", Rule::Flag),
    ("health_check_logs.s3.prefix", "", Rule::Any),
    ("idle_timeout.timeout_seconds", "60", Rule::Range(1, 4000)),
    (CROSS_ZONE, "true", Rule::Flag),
    ("routing.http.desync_mitigation_mode", "defensive", Rule::OneOf(&["monitor", "defensive", "strictest"])),
    ("routing.http.drop_invalid_header_fields.enabled", "false", Rule::Flag),
    ("routing.http.preserve_host_header.enabled", "false", Rule::Flag),
    ("routing.http.x_amzn_tls_version_and_cipher_suite.enabled", "false", Rule::Flag),
    ("routing.http.xff_client_port.enabled", "false", Rule::Flag),
    ("routing.http.xff_header_processing.mode", "append", Rule::OneOf(&["append", "preserve", "remove"])),
    ("routing.http2.enabled", "true", Rule::Flag),
];
const APPLICATION_LAST: [Row; 1] = [("waf.fail_open.enabled", "false", Rule::Flag)];
const NETWORK: [Row; 3] = [
    (CROSS_ZONE, "false", Rule::Flag),
    (
        "dns_record.client_routing_policy",
        "any_availability_zone",
        Rule::OneOf(&["any_availability_zone", "availability_zone_affinity", "partial_availability_zone_affinity"]),
    ),
    ("secondary_ips.auto_assigned.per_subnet", "0", Rule::Range(0, 7)),
];
const GATEWAY: [Row; 1] = [(CROSS_ZONE, "false", Rule::Flag)];

const EVERY_GROUP: [Row; 7] = [
    (DELAY, "300", Rule::Range(0, 3600)),
    (CROSS_ZONE, "use_load_balancer_configuration", Rule::OneOf(&["true", "false", "use_load_balancer_configuration"])),
    ("stickiness.enabled", "false", Rule::Flag),
    ("target_group_health.dns_failover.minimum_healthy_targets.count", "1", Rule::RangeOr(1, 1000, "off")),
    ("target_group_health.dns_failover.minimum_healthy_targets.percentage", "off", Rule::RangeOr(1, 100, "off")),
    ("target_group_health.unhealthy_state_routing.minimum_healthy_targets.count", "1", Rule::Range(1, 1000)),
    ("target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage", "off", Rule::RangeOr(1, 100, "off")),
];
const HTTP_GROUP: [Row; 7] = [
    (
        "load_balancing.algorithm.type",
        "round_robin",
        Rule::OneOf(&["round_robin", "least_outstanding_requests", "weighted_random"]),
    ),
    ("load_balancing.algorithm.anomaly_mitigation", "off", Rule::OneOf(&["on", "off"])),
    ("slow_start.duration_seconds", "0", Rule::Range(0, 900)),
    ("stickiness.type", "lb_cookie", Rule::OneOf(&["lb_cookie", "app_cookie"])),
    ("stickiness.lb_cookie.duration_seconds", "86400", Rule::Range(1, 604_800)),
    ("stickiness.app_cookie.cookie_name", "", Rule::Any),
    ("stickiness.app_cookie.duration_seconds", "86400", Rule::Range(1, 604_800)),
];
const TCP_GROUP: [Row; 6] = [
    ("deregistration_delay.connection_termination.enabled", "false", Rule::Flag),
    ("preserve_client_ip.enabled", "true", Rule::Flag),
    ("proxy_protocol_v2.enabled", "false", Rule::Flag),
    ("stickiness.type", "source_ip", Rule::OneOf(&["source_ip"])),
    ("target_health_state.unhealthy.connection_termination.enabled", "true", Rule::Flag),
    ("target_health_state.unhealthy.draining_interval_seconds", "0", Rule::Range(0, 360_000)),
];
const LAMBDA_GROUP: [Row; 1] = [("lambda.multi_value_headers.enabled", "false", Rule::Flag)];

const HTTP_LISTENER: [Row; 9] = [
    ("routing.http.response.server.enabled", "true", Rule::Flag),
    ("routing.http.response.strict_transport_security.header_value", "", Rule::Any),
    ("routing.http.response.access_control_allow_origin.header_value", "", Rule::Any),
    ("routing.http.response.access_control_allow_methods.header_value", "", Rule::Any),
    ("routing.http.response.access_control_allow_headers.header_value", "", Rule::Any),
    ("routing.http.response.access_control_allow_credentials.header_value", "", Rule::Any),
    ("routing.http.response.content_security_policy.header_value", "", Rule::Any),
    ("routing.http.response.x_content_type_options.header_value", "", Rule::Any),
    ("routing.http.response.x_frame_options.header_value", "", Rule::Any),
];
const TCP_LISTENER: [Row; 1] = [("tcp.idle_timeout.seconds", "350", Rule::Range(60, 6000))];

fn balancer_rows(kind: BalancerKind) -> Vec<Row> {
    let own: Vec<&[Row]> = match kind {
        BalancerKind::Application => vec![&LOGS, &APPLICATION, &APPLICATION_LAST],
        BalancerKind::Network => vec![&LOGS, &NETWORK],
        BalancerKind::Gateway => vec![&GATEWAY],
    };
    EVERY_BALANCER.iter().chain(own.into_iter().flatten()).copied().collect()
}

fn group_rows(protocol: &str, target_type: &str) -> Vec<Row> {
    match protocol {
        _ if target_type == "lambda" => LAMBDA_GROUP.to_vec(),
        "HTTP" | "HTTPS" => EVERY_GROUP.iter().chain(&HTTP_GROUP).copied().collect(),
        _ => EVERY_GROUP.iter().chain(&TCP_GROUP).copied().collect(),
    }
}

fn listener_rows(protocol: &str) -> Vec<Row> {
    match protocol {
        "HTTP" | "HTTPS" => HTTP_LISTENER.to_vec(),
        "TCP" => TCP_LISTENER.to_vec(),
        _ => Vec::new(),
    }
}

fn defaults(rows: &[Row]) -> Attributes {
    rows.iter().map(|(key, value, _)| ((*key).to_owned(), (*value).to_owned())).collect()
}

pub(super) fn of_balancer(kind: BalancerKind) -> Attributes {
    defaults(&balancer_rows(kind))
}

pub(super) fn of_group(protocol: &str, target_type: &str) -> Attributes {
    let mut attributes = defaults(&group_rows(protocol, target_type));
    // Client addresses are kept by default for instances, and for UDP always.
    if target_type != "instance" && matches!(protocol, "TCP" | "TLS") {
        attributes.insert("preserve_client_ip.enabled".to_owned(), "false".to_owned());
    }
    attributes
}

pub(super) fn of_listener(protocol: &str) -> Attributes {
    defaults(&listener_rows(protocol))
}

pub(super) fn modify_balancer(elb: &mut Elb, input: Input<'_>) -> Answer {
    let mut balancer = find::balancer(elb, input.text("LoadBalancerArn").unwrap_or_default())?;
    let rows = balancer_rows(balancer.kind);
    let changed = Arc::make_mut(&mut balancer);
    let answer = set(&mut changed.attributes, input, &rows, "Load balancer")?;
    elb.objects.balancers.insert(Arc::clone(&balancer.arn), balancer);
    Ok(answer)
}

pub(super) fn modify_listener(elb: &mut Elb, input: Input<'_>) -> Answer {
    let mut listener = find::listener(elb, input.text("ListenerArn").unwrap_or_default())?;
    let rows = listener_rows(&listener.protocol);
    let changed = Arc::make_mut(&mut listener);
    let answer = set(&mut changed.attributes, input, &rows, "Listener")?;
    elb.objects.listeners.insert(Arc::clone(&listener.arn), listener);
    Ok(answer)
}

pub(super) fn modify_group(elb: &mut Elb, input: Input<'_>) -> Answer {
    let mut group = find::group(elb, input.text("TargetGroupArn").unwrap_or_default())?;
    let rows = group_rows(group.text("Protocol"), group.text("TargetType"));
    let changed = Arc::make_mut(&mut group);
    let answer = set(&mut changed.attributes, input, &rows, "Target group")?;
    check_group(&group)?;
    elb.objects.groups.insert(Arc::clone(&group.arn), group);
    Ok(answer)
}

/// What holds between attributes. load-balancing §2: slow start is off, or 30 to 900 seconds, and for round robin only.
fn check_group(group: &Group) -> Result<(), ServiceError> {
    let slow_start = group.attribute("slow_start.duration_seconds");
    if !matches!(slow_start, "" | "0") {
        if slow_start.parse::<i64>().is_ok_and(|seconds| seconds < 30) {
            return Err(validation(format!(
                "'slow_start.duration_seconds' value '{slow_start}' must be 0 or between '30-900' inclusive"
            )));
        }
        if group.attribute("load_balancing.algorithm.type") != "round_robin" {
            return Err(invalid("Slow start is only supported with the load balancing algorithm 'round_robin'"));
        }
    }
    let is_sticky = group.attribute("stickiness.enabled") == "true";
    if is_sticky && group.attribute("stickiness.type") == "app_cookie" {
        let name = group.attribute("stickiness.app_cookie.cookie_name");
        if name.is_empty() || name.starts_with("AWSALB") {
            return Err(invalid("A cookie name that does not start with AWSALB must be specified for app_cookie stickiness"));
        }
    }
    if is_sticky && group.text("Protocol") == "TLS" {
        return Err(invalid("You cannot enable stickiness on target groups with the TLS protocol"));
    }
    Ok(())
}

fn invalid(message: &str) -> ServiceError {
    ServiceError::new("InvalidConfigurationRequest", message)
}

/// Sets what is given and gives it back; the rest stays.
fn set(known: &mut Attributes, input: Input<'_>, rows: &[Row], kind: &str) -> Answer {
    let mut shown = Vec::new();
    for attribute in input.objects("Attributes") {
        let (key, value) = (attribute.text("Key").unwrap_or_default(), attribute.text("Value").unwrap_or_default());
        let Some((_, _, rule)) = rows.iter().find(|(known, ..)| *known == key) else {
            return Err(validation(format!("{kind} attribute key '{key}' is not recognized")));
        };
        check(key, value, *rule)?;
        known.insert(key.to_owned(), value.to_owned());
        shown.push(json!({"Key": key, "Value": value}));
    }
    if shown.is_empty() {
        return Err(validation("An attribute must be specified"));
    }
    Ok(json!({"Attributes": shown}))
}

fn check(key: &str, value: &str, rule: Rule) -> Result<(), ServiceError> {
    let within = |low: i64, high: i64| value.parse::<i64>().is_ok_and(|number| (low..=high).contains(&number));
    let refused = |words: String| Err(validation(format!("'{key}' value '{value}' must be {words}")));
    match rule {
        Rule::Flag if !matches!(value, "true" | "false") => refused("one of [true, false]".to_owned()),
        Rule::Range(low, high) if !within(low, high) => refused(format!("between '{low}-{high}' inclusive")),
        Rule::RangeOr(low, high, word) if value != word && !within(low, high) => {
            refused(format!("'{word}' or between '{low}-{high}' inclusive"))
        }
        Rule::OneOf(words) if !words.contains(&value) => refused(format!("one of [{}]", words.join(", "))),
        _ => Ok(()),
    }
}

pub(super) fn describe_balancer(elb: &mut Elb, input: Input<'_>) -> Answer {
    let arn = input.text("LoadBalancerArn").unwrap_or_default();
    let now = find::balancer(elb, arn)?;
    Ok(render(&elb.seen().balancers.get(arn).unwrap_or(&now).attributes))
}

pub(super) fn describe_listener(elb: &mut Elb, input: Input<'_>) -> Answer {
    let arn = input.text("ListenerArn").unwrap_or_default();
    let now = find::listener(elb, arn)?;
    Ok(render(&elb.seen().listeners.get(arn).unwrap_or(&now).attributes))
}

pub(super) fn describe_group(elb: &mut Elb, input: Input<'_>) -> Answer {
    let arn = input.text("TargetGroupArn").unwrap_or_default();
    let now = find::group(elb, arn)?;
    Ok(render(&elb.seen().groups.get(arn).unwrap_or(&now).attributes))
}

fn render(attributes: &Attributes) -> Value {
    let shown = attributes.iter().map(|(key, value)| json!({"Key": key, "Value": value}));
    json!({"Attributes": shown.collect::<Vec<_>>()})
}
