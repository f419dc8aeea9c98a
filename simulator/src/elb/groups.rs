//! Target groups. load-balancing §2, §3; defaults from normalisation §4.34.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::balancers::check_name;
use super::objects::{Group, Objects};
use super::shapes::validation;
use super::{Answer, Elb, attributes, find, page, tags};
use crate::ecs::input::Input;
use crate::fault::ServiceError;
use crate::neighbours::network;

/// Members of the health check, which alone can be modified.
const HEALTH: [&str; 9] = [
    "HealthCheckProtocol",
    "HealthCheckPort",
    "HealthCheckEnabled",
    "HealthCheckPath",
    "HealthCheckIntervalSeconds",
    "HealthCheckTimeoutSeconds",
    "HealthyThresholdCount",
    "UnhealthyThresholdCount",
    "Matcher",
];

pub(super) fn create(elb: &mut Elb, input: Input<'_>) -> Answer {
    let name = input.text("Name").unwrap_or_default();
    check_name("Target group", name)?;
    tags::check(input.list("Tags"))?;
    let mut shown = identity(input)?;
    let given = given(input);
    let health = health_checks(&shown, &given)?;
    if let (Some(shown), Value::Object(health)) = (shown.as_object_mut(), health) {
        shown.extend(health);
        shown.retain(|_, value| !value.is_null());
    }
    if let Some(known) = elb.objects.groups.values().find(|known| known.name == name) {
        return again(elb, known, &shown);
    }
    elb.quotas.check("target-groups", elb.objects.groups.len() + 1, "TooManyTargetGroups")?;
    let id = elb.id();
    let arn = elb.arn(&format!("targetgroup/{name}/{id}"));
    shown["TargetGroupArn"] = json!(*arn);
    let text = |member: &str| shown[member].as_str().unwrap_or_default();
    let group = Group {
        arn: Arc::clone(&arn),
        name: name.to_owned(),
        created: elb.now,
        attributes: attributes::of_group(text("Protocol"), text("TargetType")),
        shown,
        targets: BTreeMap::new(),
    };
    let answer = json!({"TargetGroups": [render(&elb.objects, &group)]});
    elb.objects.groups.insert(Arc::clone(&arn), Arc::new(group));
    tags::put(elb, &arn, input.list("Tags"));
    Ok(answer)
}

/// A name that is taken: identical settings give the target group back. load-balancing §3.4.
fn again(elb: &Elb, known: &Group, asked: &Value) -> Answer {
    let mut now = known.shown.clone();
    now.as_object_mut().map(|members| members.remove("TargetGroupArn"));
    if now == *asked {
        return Ok(json!({"TargetGroups": [render(&elb.objects, known)]}));
    }
    let message = format!("A target group with the same name '{}' exists, but with different settings", known.name);
    Err(ServiceError::new("DuplicateTargetGroupName", message))
}

/// What can never be changed.
fn identity(input: Input<'_>) -> Result<Value, ServiceError> {
    let kind = input.text("TargetType").unwrap_or("instance");
    let mut shown = json!({"TargetGroupName": input.text("Name"), "TargetType": kind});
    if kind == "lambda" {
        if let Some(member) = ["Protocol", "Port", "VpcId", "ProtocolVersion"].into_iter().find(|member| input.has(member)) {
            return Err(validation(format!("{member} cannot be specified for target groups with target type 'lambda'")));
        }
        shown["IpAddressType"] = json!("ipv4");
        return Ok(shown);
    }
    let protocol = input.text("Protocol").ok_or_else(|| validation("A protocol must be specified"))?;
    let port = input.number("Port").ok_or_else(|| validation("A port must be specified"))?;
    let vpc = input.text("VpcId").ok_or_else(|| validation("A VPC ID must be specified"))?;
    if !vpc.starts_with("vpc-") || !network::exists(vpc) {
        return Err(validation(format!("The VPC ID '{vpc}' is not found")));
    }
    let is_http = matches!(protocol, "HTTP" | "HTTPS");
    if kind == "alb" && protocol != "TCP" {
        return Err(validation(format!("The target type 'alb' does not support the protocol '{protocol}'")));
    }
    if protocol == "GENEVE" && port != 6081 {
        return Err(validation("The port must be 6081 for target groups with the GENEVE protocol"));
    }
    match input.text("ProtocolVersion") {
        Some(_) if !is_http => {
            return Err(validation(format!(
                "A protocol version cannot be specified for target groups with the {protocol} protocol"
            )));
        }
        Some(version) if !["HTTP1", "HTTP2", "GRPC"].contains(&version) => {
            return Err(validation(format!("The protocol version '{version}' must be one of [HTTP1, HTTP2, GRPC]")));
        }
        version if is_http => shown["ProtocolVersion"] = json!(version.unwrap_or("HTTP1")),
        _ => {}
    }
    shown["Protocol"] = json!(protocol);
    shown["Port"] = json!(port);
    shown["VpcId"] = json!(vpc);
    shown["IpAddressType"] = json!(input.text("IpAddressType").unwrap_or("ipv4"));
    if let Some(port) = input.number("TargetControlPort") {
        shown["TargetControlPort"] = json!(port);
    }
    Ok(shown)
}

/// The members of the health check that a request gives.
fn given(input: Input<'_>) -> Value {
    let given = HEALTH.iter().filter_map(|member| Some(((*member).to_owned(), input.get(member)?.clone())));
    given.collect::<serde_json::Map<_, _>>().into()
}

/// The whole health check, from what is given and the defaults of this kind of group.
fn health_checks(shown: &Value, given: &Value) -> Result<Value, ServiceError> {
    let (group, given) = (Input(shown), Input(given));
    let (kind, protocol) = (group.text("TargetType").unwrap_or_default(), group.text("Protocol").unwrap_or_default());
    let is_grpc = group.text("ProtocolVersion") == Some("GRPC");
    let is_http_group = matches!(protocol, "HTTP" | "HTTPS") || kind == "lambda";
    let check = given.text("HealthCheckProtocol").unwrap_or(match protocol {
        "HTTP" | "HTTPS" => protocol,
        _ if kind == "alb" => "HTTP",
        _ => "TCP",
    });
    let is_http_check = matches!(check, "HTTP" | "HTTPS") || kind == "lambda";
    let is_allowed =
        if is_http_group { matches!(check, "HTTP" | "HTTPS") || kind == "lambda" } else { is_http_check || check == "TCP" };
    if !is_allowed {
        return Err(validation(format!(
            "Health check protocol '{check}' is not supported for target groups with the {protocol} protocol"
        )));
    }
    let timeout = match () {
        () if kind == "lambda" => 30,
        () if is_http_group => 5,
        () if is_http_check => 6,
        () => 10,
    };
    let mut out = json!({
        "HealthCheckEnabled": given.get("HealthCheckEnabled").and_then(Value::as_bool).unwrap_or(kind != "lambda"),
        "HealthCheckIntervalSeconds": given.number("HealthCheckIntervalSeconds").unwrap_or(if kind == "lambda" { 35 } else { 30 }),
        "HealthCheckTimeoutSeconds": given.number("HealthCheckTimeoutSeconds").unwrap_or(timeout),
        "HealthyThresholdCount": given.number("HealthyThresholdCount").unwrap_or(5),
        "UnhealthyThresholdCount": given.number("UnhealthyThresholdCount").unwrap_or(2),
    });
    if kind != "lambda" {
        out["HealthCheckProtocol"] = json!(check);
        out["HealthCheckPort"] = json!(check_port(given.text("HealthCheckPort").unwrap_or("traffic-port"))?);
    }
    if out["HealthCheckEnabled"] == false && kind != "lambda" {
        return Err(validation(format!("Health check enabled must be true for target groups with target type '{kind}'")));
    }
    check_timing(&out)?;
    if is_http_check {
        let path = given.text("HealthCheckPath").unwrap_or(if is_grpc { "/AWS.ALB/healthcheck" } else { "/" });
        if !path.starts_with('/') {
            return Err(validation(format!("Health check path '{path}' must begin with a '/' character")));
        }
        out["HealthCheckPath"] = json!(path);
        out["Matcher"] = matcher(given.object("Matcher"), is_grpc, is_http_group)?;
    } else if given.has("HealthCheckPath") || given.has("Matcher") {
        return Err(validation(format!("A health check path or matcher cannot be specified for {check} health checks")));
    }
    Ok(out)
}

fn check_timing(health: &Value) -> Result<(), ServiceError> {
    let health = Input(health);
    let seconds = |member: &str| health.number(member).unwrap_or_default();
    let (timeout, interval) = (seconds("HealthCheckTimeoutSeconds"), seconds("HealthCheckIntervalSeconds"));
    if timeout >= interval {
        return Err(validation(format!("Health check timeout '{timeout}' must be smaller than the interval '{interval}'")));
    }
    Ok(())
}

fn check_port(port: &str) -> Result<&str, ServiceError> {
    if port == "traffic-port" || port.parse::<u16>().is_ok_and(|port| port > 0) {
        return Ok(port);
    }
    Err(validation(format!("Health check port '{port}' must be either 'traffic-port' or a number from 1 to 65535")))
}

/// `200`, `200,202` or `200-299`; another range for gRPC codes.
fn matcher(given: Input<'_>, is_grpc: bool, is_http_group: bool) -> Result<Value, ServiceError> {
    let (member, other) = if is_grpc { ("GrpcCode", "HttpCode") } else { ("HttpCode", "GrpcCode") };
    if given.has(other) {
        return Err(validation(format!("The matcher '{other}' does not fit the protocol version of the target group")));
    }
    let (default, low, high) = match (is_grpc, is_http_group) {
        (true, _) => ("12", 0, 99),
        (false, true) => ("200", 200, 499),
        (false, false) => ("200-399", 200, 599),
    };
    let codes = given.text(member).unwrap_or(default);
    let is_code = |text: &str| text.parse::<u32>().is_ok_and(|code| (low..=high).contains(&code));
    let fits = |part: &str| part.split_once('-').map_or_else(|| is_code(part), |(from, to)| is_code(from) && is_code(to));
    if !codes.split(',').all(fits) {
        return Err(validation(format!(
            "Health check matcher '{codes}' must be codes from {low} to {high}, such as '{default}'"
        )));
    }
    Ok(json!({member: codes}))
}

fn render(objects: &Objects, group: &Group) -> Value {
    let mut shown = group.shown.clone();
    shown["LoadBalancerArns"] = objects.balancer_of(&group.arn).map(|arn| json!(**arn)).into_iter().collect();
    shown
}

/// The health check alone: all else makes another target group. load-balancing §3.2.
pub(super) fn modify(elb: &mut Elb, input: Input<'_>) -> Answer {
    let mut group = find::group(elb, input.text("TargetGroupArn").unwrap_or_default())?;
    let mut merged = given(Input(&group.shown));
    let new = given(input);
    if let (Some(merged), Value::Object(new)) = (merged.as_object_mut(), new) {
        // A path and a matcher do not outlive a change to TCP checks.
        let becomes_tcp = new.get("HealthCheckProtocol").is_some_and(|protocol| protocol == "TCP");
        if becomes_tcp {
            merged.remove("HealthCheckPath");
            merged.remove("Matcher");
        }
        merged.extend(new);
    }
    let health = health_checks(&group.shown, &merged)?;
    let changed = Arc::make_mut(&mut group);
    if let (Some(shown), Value::Object(health)) = (changed.shown.as_object_mut(), health) {
        shown.retain(|member, _| !HEALTH.contains(&member.as_str()));
        shown.extend(health);
    }
    let answer = json!({"TargetGroups": [render(&elb.objects, &group)]});
    elb.objects.groups.insert(Arc::clone(&group.arn), group);
    Ok(answer)
}

/// One that is not there counts as deleted: the model has no error for it.
pub(super) fn delete(elb: &mut Elb, input: Input<'_>) -> Answer {
    let arn = input.text("TargetGroupArn").unwrap_or_default();
    if elb.objects.balancer_of(arn).is_some() {
        let message = format!("Target group '{arn}' is currently in use by a listener or a rule");
        return Err(ServiceError::new("ResourceInUse", message));
    }
    elb.objects.groups.remove(arn);
    elb.objects.tags.remove(arn);
    Ok(json!({}))
}

pub(super) fn describe(elb: &mut Elb, input: Input<'_>) -> Answer {
    let seen = elb.seen();
    let (arns, names): (Vec<_>, Vec<_>) = (input.texts("TargetGroupArns").collect(), input.texts("Names").collect());
    let balancer = input.text("LoadBalancerArn");
    if usize::from(!arns.is_empty()) + usize::from(!names.is_empty()) + usize::from(balancer.is_some()) > 1 {
        return Err(validation("Only one of target group names, target group ARNs and a load balancer ARN can be specified"));
    }
    let known = || seen.groups.values().filter(|group| elb.is_known(group.created));
    let missing = || ServiceError::new("TargetGroupNotFound", "One or more target groups not found");
    let mut found: Vec<&Arc<Group>> = Vec::new();
    for arn in &arns {
        found.push(seen.groups.get(*arn).filter(|group| elb.is_known(group.created)).ok_or_else(missing)?);
    }
    for name in &names {
        found.push(known().find(|group| group.name == *name).ok_or_else(missing)?);
    }
    if let Some(balancer) = balancer {
        find::balancer(elb, balancer)?;
        found = known().filter(|group| seen.balancer_of(&group.arn).is_some_and(|behind| **behind == *balancer)).collect();
    } else if arns.is_empty() && names.is_empty() {
        found = known().collect();
    }
    page(input, "TargetGroups", found.into_iter().map(|group| render(seen, group)).collect())
}
