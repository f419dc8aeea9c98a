//! Actions of listeners and rules: what is refused, and how they are read back. load-balancing §3, normalisation §4.31.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::objects::{Balancer, BalancerKind, Group, Listener};
use super::shapes::{broken, validation};
use super::{Elb, find};
use crate::ecs::input::Input;
use crate::fault::ServiceError;

/// Where actions stand: the listener as it will be, and the name of the member that they are given in.
pub(super) struct Place<'a> {
    pub(super) balancer: &'a Balancer,
    pub(super) protocol: &'a str,
    pub(super) port: i64,
    pub(super) member: &'static str,
}

impl<'a> Place<'a> {
    pub(super) fn rule(balancer: &'a Balancer, listener: &'a Listener) -> Self {
        Self { balancer, protocol: &listener.protocol, port: listener.port, member: "actions" }
    }
}

fn refused(message: impl Into<String>) -> ServiceError {
    ServiceError::new("InvalidLoadBalancerAction", message)
}

/// Checks actions and gives them as they are read back, with the target groups that they forward to.
pub(super) fn check(elb: &Elb, place: &Place<'_>, actions: &[Value]) -> Result<(Value, Vec<Arc<str>>), ServiceError> {
    let mut ordered: Vec<Input<'_>> = actions.iter().map(Input).collect();
    check_order(&ordered)?;
    ordered.sort_by_key(|action| action.number("Order"));
    let is_last = |action: &Input<'_>| matches!(action.text("Type"), Some("forward" | "redirect" | "fixed-response"));
    let ends = ordered.iter().filter(|action| is_last(action)).count();
    // Exactly one of these, and at the end. (?) the words.
    if ends != 1 || !ordered.last().is_some_and(is_last) {
        return Err(refused(
            "You must specify exactly one 'forward', 'redirect' or 'fixed-response' action, and it must be the last",
        ));
    }
    let mut groups = Vec::new();
    let mut shown = Vec::new();
    for (at, action) in ordered.iter().enumerate() {
        shown.push(check_one(elb, place, (at + 1, *action), &mut groups)?);
    }
    check_behind(elb, place, &groups)?;
    Ok((shown.into(), groups.into_iter().map(|group| Arc::clone(&group.arn)).collect()))
}

fn check_order(actions: &[Input<'_>]) -> Result<(), ServiceError> {
    if actions.is_empty() {
        return Err(validation("An action must be specified"));
    }
    if actions.len() > 1 {
        let orders: BTreeSet<_> = actions.iter().filter_map(|action| action.number("Order")).collect();
        if orders.len() != actions.len() {
            return Err(validation("An order that is unique must be specified for each action when there are several"));
        }
    }
    Ok(())
}

fn check_one(
    elb: &Elb,
    place: &Place<'_>,
    (number, action): (usize, Input<'_>),
    groups: &mut Vec<Arc<Group>>,
) -> Result<Value, ServiceError> {
    let kind = action.text("Type").unwrap_or_default();
    if place.balancer.kind != BalancerKind::Application && kind != "forward" {
        return Err(refused(format!(
            "Actions of type '{kind}' are not supported for load balancers with type '{}'",
            place.balancer.kind.name()
        )));
    }
    let mut shown = action.0.clone();
    match kind {
        "forward" => {
            shown["ForwardConfig"] = forward(elb, place, action, groups)?;
            match shown["ForwardConfig"]["TargetGroups"].as_array().map(Vec::as_slice) {
                Some([only]) => shown["TargetGroupArn"] = only["TargetGroupArn"].clone(),
                _ => drop(shown.as_object_mut().map(|members| members.remove("TargetGroupArn"))),
            }
        }
        "redirect" => shown["RedirectConfig"] = redirect(place, action)?,
        "fixed-response" => fixed_response(place, number, action)?,
        // It ends TLS, or else a secret would travel in the open.
        _ if place.protocol != "HTTPS" => {
            return Err(refused(format!("Actions of type '{kind}' are supported only on HTTPS listeners")));
        }
        _ => {}
    }
    Ok(shown)
}

/// One target group in `TargetGroupArn`, or some with weights in `ForwardConfig`, or the same one in both.
fn forward(elb: &Elb, place: &Place<'_>, action: Input<'_>, groups: &mut Vec<Arc<Group>>) -> Result<Value, ServiceError> {
    let config = action.object("ForwardConfig");
    let single = action.text("TargetGroupArn");
    let mut tuples: Vec<(String, i64)> = Vec::new();
    for tuple in config.objects("TargetGroups") {
        let arn = tuple.text("TargetGroupArn").ok_or_else(|| validation("A target group ARN must be specified"))?;
        tuples.push((arn.to_owned(), tuple.number("Weight").unwrap_or(1)));
    }
    match (single, tuples.as_slice()) {
        (None, []) => return Err(validation("A target group ARN must be specified")),
        (Some(arn), []) => tuples.push((arn.to_owned(), 1)),
        (Some(arn), [(only, _)]) if arn == only => {}
        (Some(_), _) => {
            return Err(refused(
                "You can specify both TargetGroupArn and ForwardConfig only with one target group that is the same in both",
            ));
        }
        _ => {}
    }
    if tuples.iter().any(|(_, weight)| !(0..=999).contains(weight)) {
        return Err(validation("The weight of a target group must be between '0-999' inclusive"));
    }
    let names: BTreeSet<_> = tuples.iter().map(|(arn, _)| arn).collect();
    if names.len() != tuples.len() {
        return Err(validation("A target group cannot be specified more than once in an action"));
    }
    let kind = if place.balancer.kind == BalancerKind::Application { "application" } else { "network" };
    elb.quotas.check(&format!("target-groups-per-action-on-{kind}-load-balancer"), tuples.len(), "TooManyTargetGroups")?;
    for (arn, _) in &tuples {
        let group = find::group(elb, arn)?;
        check_group(elb, place, &group)?;
        groups.push(group);
    }
    let has_weights = place.balancer.kind == BalancerKind::Application || tuples.len() > 1;
    let shown = tuples.iter().map(|(arn, weight)| {
        // A Network Load Balancer shows no weight of a single group: normalisation §4.31.
        if has_weights { json!({"TargetGroupArn": arn, "Weight": weight}) } else { json!({"TargetGroupArn": arn}) }
    });
    let mut out = json!({"TargetGroups": shown.collect::<Vec<_>>()});
    if place.balancer.kind == BalancerKind::Application {
        out["TargetGroupStickinessConfig"] = stickiness(config.object("TargetGroupStickinessConfig"))?;
    }
    Ok(out)
}

fn stickiness(given: Input<'_>) -> Result<Value, ServiceError> {
    let seconds = given.number("DurationSeconds");
    if given.flag("Enabled") && !seconds.is_some_and(|seconds| (1..=604_800).contains(&seconds)) {
        return Err(validation("Target group stickiness duration must be between '1-604800' inclusive"));
    }
    let mut shown = json!({"Enabled": given.flag("Enabled")});
    if let Some(seconds) = seconds {
        shown["DurationSeconds"] = json!(seconds);
    }
    Ok(shown)
}

/// The group must fit the listener, and be in the same network and behind no other load balancer. load-balancing §3.1, §3.4.
fn check_group(elb: &Elb, place: &Place<'_>, group: &Group) -> Result<(), ServiceError> {
    let (protocol, target) = (group.text("Protocol"), group.text("TargetType"));
    let fits = match place.protocol {
        "HTTP" | "HTTPS" => group.is_http() || target == "lambda",
        "TCP" => matches!(protocol, "TCP" | "TCP_UDP" | "TCP_QUIC"),
        "TLS" => matches!(protocol, "TCP" | "TLS"),
        "UDP" => matches!(protocol, "UDP" | "TCP_UDP"),
        _ => protocol == place.protocol || (place.balancer.kind == BalancerKind::Gateway && protocol == "GENEVE"),
    };
    if !fits {
        let message = format!(
            "The protocol '{protocol}' of the target group '{}' is incompatible with the listener protocol '{}'",
            group.arn, place.protocol
        );
        return Err(ServiceError::new("IncompatibleProtocols", message));
    }
    if target != "lambda" && group.shown["VpcId"] != place.balancer.shown["VpcId"] {
        let message = format!("The target group '{}' is not in the VPC of the load balancer", group.arn);
        return Err(ServiceError::new("InvalidConfigurationRequest", message));
    }
    if elb.objects.balancer_of(&group.arn).is_some_and(|known| *known != place.balancer.arn) {
        let message = format!("The following target groups cannot be associated with more than one load balancer: {}", group.arn);
        return Err(ServiceError::new("TargetGroupAssociationLimit", message));
    }
    Ok(())
}

/// The quota of target groups behind one load balancer.
fn check_behind(elb: &Elb, place: &Place<'_>, groups: &[Arc<Group>]) -> Result<(), ServiceError> {
    if place.balancer.kind != BalancerKind::Application {
        return Ok(());
    }
    let mut behind: BTreeSet<_> = elb.objects.groups_behind(&place.balancer.arn).into_iter().collect();
    let before = behind.len();
    behind.extend(groups.iter().map(|group| Arc::clone(&group.arn)));
    if behind.len() == before {
        return Ok(());
    }
    elb.quotas.check("target-groups-per-application-load-balancer", behind.len(), "TooManyUniqueTargetGroupsPerLoadBalancer")
}

/// Redirects fill in what they leave as it is. normalisation §4.32.
fn redirect(place: &Place<'_>, action: Input<'_>) -> Result<Value, ServiceError> {
    let config = action.object("RedirectConfig");
    if config.0.is_null() {
        return Err(validation("A redirect configuration must be specified"));
    }
    let given = |member: &str, unchanged: &str| config.text(member).unwrap_or(unchanged).to_owned();
    let (protocol, port) = (given("Protocol", "#{protocol}"), given("Port", "#{port}"));
    let (host, path, query) = (given("Host", "#{host}"), given("Path", "/#{path}"), given("Query", "#{query}"));
    if !matches!(protocol.as_str(), "HTTP" | "HTTPS" | "#{protocol}") {
        return Err(validation(format!("The redirect protocol '{protocol}' must be HTTP, HTTPS or #{{protocol}}")));
    }
    if port != "#{port}" && !port.parse::<u16>().is_ok_and(|port| port > 0) {
        return Err(validation(format!("The redirect port '{port}' must be between '1-65535' inclusive or #{{port}}")));
    }
    if !path.starts_with('/') {
        return Err(validation(format!("The redirect path '{path}' must start with '/'")));
    }
    let same = |value: &str, unchanged: &str, now: &str| value == unchanged || value == now;
    let changes_nothing = same(&protocol, "#{protocol}", place.protocol)
        && same(&port, "#{port}", &place.port.to_string())
        && host == "#{host}"
        && path == "/#{path}"
        && query == "#{query}";
    if changes_nothing {
        return Err(refused("The redirect configuration is not valid because it creates a loop"));
    }
    let status = config.text("StatusCode");
    Ok(json!({"Protocol": protocol, "Port": port, "Host": host, "Path": path, "Query": query, "StatusCode": status}))
}

fn fixed_response(place: &Place<'_>, number: usize, action: Input<'_>) -> Result<(), ServiceError> {
    const TYPES: [&str; 5] = ["text/plain", "text/css", "text/html", "application/javascript", "application/json"];
    let config = action.object("FixedResponseConfig");
    if config.0.is_null() {
        return Err(validation("A fixed response configuration must be specified"));
    }
    let code = config.text("StatusCode").unwrap_or_default();
    let is_code = code.len() == 3 && code.starts_with(['2', '4', '5']) && code.bytes().all(|byte| byte.is_ascii_digit());
    if !is_code {
        let path = format!("{}.{number}.member.fixedResponseConfig.statusCode", place.member);
        return Err(broken(code, &path, "Member must satisfy regular expression pattern: ^(2|4|5)\\d\\d$"));
    }
    if config.text("ContentType").is_some_and(|kind| !TYPES.contains(&kind)) {
        return Err(validation(format!("The content type must be one of [{}]", TYPES.join(", "))));
    }
    Ok(())
}
