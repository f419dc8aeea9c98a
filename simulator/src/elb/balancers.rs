//! Load balancers. load-balancing §2, §3.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::objects::{Balancer, BalancerKind, Objects};
use super::shapes::validation;
use super::{Answer, Elb, attributes, find, page, tags};
use crate::ecs::input::Input;
use crate::fault::ServiceError;
use crate::neighbours::network;

/// Checks a name of a load balancer or target group. load-balancing §3.4: 32 letters, digits and hyphens, no hyphen at the edge.
pub(super) fn check_name(kind: &str, name: &str) -> Result<(), ServiceError> {
    if name.len() > 32 {
        return Err(validation(format!("{kind} name '{name}' cannot be longer than '32' characters")));
    }
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        return Err(validation(format!(
            "{kind} name '{name}' can only contain characters that are alphanumeric characters or hyphens(-)"
        )));
    }
    if name.starts_with('-') || name.ends_with('-') {
        return Err(validation(format!("{kind} name '{name}' cannot begin or end with '-'")));
    }
    Ok(())
}

fn invalid(message: impl Into<String>) -> ServiceError {
    ServiceError::new("InvalidConfigurationRequest", message)
}

pub(super) fn create(elb: &mut Elb, input: Input<'_>) -> Answer {
    let name = input.text("Name").unwrap_or_default();
    check_name("Load balancer", name)?;
    if name.starts_with("internal-") {
        return Err(validation(format!("Load balancer name '{name}' cannot begin with 'internal-'")));
    }
    tags::check(input.list("Tags"))?;
    let kind = BalancerKind::of(input.text("Type").unwrap_or_default());
    if kind == BalancerKind::Gateway && input.has("Scheme") {
        return Err(ServiceError::new("InvalidScheme", "A scheme cannot be specified for load balancers with type 'gateway'"));
    }
    let subnets = check_subnets(kind, input)?;
    let groups = security_groups(kind, input)?;
    let shown = json!({
        "Type": kind.name(), "VpcId": network::VPC, "LoadBalancerName": name,
        "Scheme": if kind == BalancerKind::Gateway { Value::Null } else { json!(input.text("Scheme").unwrap_or("internet-facing")) },
        "AvailabilityZones": zones(elb, &subnets), "SecurityGroups": groups,
        "IpAddressType": input.text("IpAddressType").unwrap_or("ipv4"),
    });
    if let Some(known) = elb.objects.balancers.values().find(|known| known.name == name) {
        return again(elb, known, &shown);
    }
    let of_kind = elb.objects.balancers.values().filter(|balancer| balancer.kind == kind).count() + 1;
    elb.quotas.check(&format!("{}-load-balancers", kind.name()), of_kind, "TooManyLoadBalancers")?;
    let arn = insert(elb, kind, shown);
    tags::put(elb, &arn, input.list("Tags"));
    let made = elb.objects.balancers.get(&arn).map(|balancer| render(balancer, elb));
    Ok(json!({"LoadBalancers": [made]}))
}

fn insert(elb: &mut Elb, kind: BalancerKind, mut shown: Value) -> Arc<str> {
    let name = shown["LoadBalancerName"].as_str().unwrap_or_default().to_owned();
    let id = elb.id();
    let arn = elb.arn(&format!("loadbalancer/{}/{name}/{id}", kind.short()));
    let region = &elb.region;
    shown["LoadBalancerArn"] = json!(*arn);
    shown["CreatedTime"] = json!(elb.now.to_string());
    if kind != BalancerKind::Gateway {
        let is_internal = shown["Scheme"] == "internal";
        let (host, zone) = if kind == BalancerKind::Application {
            let prefix = if is_internal { "internal-" } else { "" };
            let number = u64::from_str_radix(&id, 16).unwrap_or_default() % 9_000_000_000 + 1_000_000_000;
            (format!("{prefix}{name}-{number}.{region}.elb.amazonaws.com"), "Z215JYRZR1TBD5")
        } else {
            (format!("{name}-{id}.elb.{region}.amazonaws.com"), "Z3F0SRJ5LGBH90")
        };
        shown["DNSName"] = json!(host);
        shown["CanonicalHostedZoneId"] = json!(zone);
    }
    if let Some(members) = shown.as_object_mut() {
        members.retain(|_, value| !value.is_null());
    }
    let attributes = attributes::of_balancer(kind);
    let balancer = Balancer { arn: Arc::clone(&arn), name, kind, created: elb.now, shown, attributes };
    elb.objects.balancers.insert(Arc::clone(&arn), Arc::new(balancer));
    arn
}

/// A name that is taken: identical settings give the load balancer back. load-balancing §3.4.
fn again(elb: &Elb, known: &Balancer, asked: &Value) -> Answer {
    let sorted = |value: &Value| {
        let mut words: Vec<String> = value.as_array().into_iter().flatten().map(Value::to_string).collect();
        words.sort();
        words
    };
    let is_same = ["Type", "Scheme", "IpAddressType"]
        .iter()
        .all(|member| known.shown.get(*member).unwrap_or(&Value::Null) == &asked[*member])
        && ["AvailabilityZones", "SecurityGroups"].iter().all(|member| sorted(&known.shown[*member]) == sorted(&asked[*member]));
    if is_same {
        return Ok(json!({"LoadBalancers": [render(known, elb)]}));
    }
    let message = format!("A load balancer with the same name '{}' exists, but with different settings", known.name);
    Err(ServiceError::new("DuplicateLoadBalancerName", message))
}

/// The subnets of a request: each in a zone of its own, two for an Application Load Balancer.
fn check_subnets(kind: BalancerKind, input: Input<'_>) -> Result<Vec<String>, ServiceError> {
    if !input.list("Subnets").is_empty() && !input.list("SubnetMappings").is_empty() {
        return Err(validation("You can specify either subnets or subnet mappings, but not both"));
    }
    let mapped = input.objects("SubnetMappings").filter_map(|mapping| mapping.text("SubnetId"));
    let subnets: Vec<String> = input.texts("Subnets").chain(mapped).map(str::to_owned).collect();
    let mut zones = BTreeSet::new();
    for subnet in &subnets {
        if !network::exists(subnet) || !subnet.starts_with("subnet-") {
            return Err(ServiceError::new("SubnetNotFound", format!("The subnet ID '{subnet}' does not exist")));
        }
        if !zones.insert(network::zone_of(subnet)) {
            return Err(invalid("A load balancer cannot be attached to multiple subnets in the same Availability Zone"));
        }
    }
    match (kind, subnets.len()) {
        (BalancerKind::Application, 0 | 1) => {
            Err(validation("At least two subnets in two different Availability Zones must be specified"))
        }
        (_, 0) => Err(validation("At least one subnet must be specified")),
        _ => Ok(subnets),
    }
}

/// An Application Load Balancer takes the network's default group; a Network Load Balancer may do without; a Gateway must.
fn security_groups(kind: BalancerKind, input: Input<'_>) -> Result<Value, ServiceError> {
    let given: Vec<&str> = input.texts("SecurityGroups").collect();
    if let Some(group) = given.iter().find(|group| !group.starts_with("sg-") || !network::exists(group)) {
        return Err(ServiceError::new("InvalidSecurityGroup", format!("The security group '{group}' does not exist")));
    }
    match kind {
        BalancerKind::Gateway if !given.is_empty() => {
            Err(invalid("Security groups are not supported for load balancers with type 'gateway'"))
        }
        BalancerKind::Application if given.is_empty() => Ok(json!([network::DEFAULT_GROUP])),
        BalancerKind::Application => Ok(json!(given)),
        _ if given.is_empty() => Ok(Value::Null),
        _ => Ok(json!(given)),
    }
}

fn zones(elb: &Elb, subnets: &[String]) -> Value {
    let zones = subnets.iter().map(|subnet| {
        json!({"ZoneName": format!("{}{}", elb.region, network::zone_of(subnet)), "SubnetId": subnet, "LoadBalancerAddresses": []})
    });
    zones.collect()
}

fn render(balancer: &Balancer, elb: &Elb) -> Value {
    let mut shown = balancer.shown.clone();
    shown["State"] = json!({"Code": if balancer.is_active(elb.now) { "active" } else { "provisioning" }});
    shown
}

pub(super) fn describe(elb: &mut Elb, input: Input<'_>) -> Answer {
    let seen: &Objects = elb.seen();
    let (arns, names): (Vec<_>, Vec<_>) = (input.texts("LoadBalancerArns").collect(), input.texts("Names").collect());
    if !arns.is_empty() && !names.is_empty() {
        return Err(validation("Load balancer names and load balancer ARNs cannot be specified at the same time"));
    }
    let known = || seen.balancers.values().filter(|balancer| elb.is_known(balancer.created));
    let missing = |asked: &str| ServiceError::new("LoadBalancerNotFound", format!("Load balancers '[{asked}]' not found"));
    let mut found: Vec<&Arc<Balancer>> = Vec::new();
    for arn in &arns {
        found.push(known().find(|balancer| *balancer.arn == **arn).ok_or_else(|| missing(arn))?);
    }
    for name in &names {
        found.push(known().find(|balancer| balancer.name == *name).ok_or_else(|| missing(name))?);
    }
    if arns.is_empty() && names.is_empty() {
        found = known().collect();
    }
    page(input, "LoadBalancers", found.into_iter().map(|balancer| render(balancer, elb)).collect())
}

/// One that is not there counts as deleted; its listeners and rules go with it, its target groups stay. load-balancing §3.3.
pub(super) fn delete(elb: &mut Elb, input: Input<'_>) -> Answer {
    let arn = input.text("LoadBalancerArn").unwrap_or_default();
    let Some(balancer) = elb.objects.balancers.get(arn).cloned() else { return Ok(json!({})) };
    if balancer.flag("deletion_protection.enabled") {
        let message = format!("Load balancer '{arn}' cannot be deleted because deletion protection is enabled");
        return Err(ServiceError::new("OperationNotPermitted", message));
    }
    if elb.objects.is_target(arn) {
        let message = format!("Load balancer '{arn}' cannot be deleted because it is registered as a target");
        return Err(ServiceError::new("ResourceInUse", message));
    }
    let listeners: Vec<_> = elb.objects.listeners_of(arn).into_iter().map(|listener| Arc::clone(&listener.arn)).collect();
    for listener in listeners {
        super::listeners::drop_listener(elb, &listener);
    }
    elb.objects.balancers.remove(arn);
    elb.objects.tags.remove(arn);
    Ok(json!({}))
}

pub(super) fn set_subnets(elb: &mut Elb, input: Input<'_>) -> Answer {
    let mut balancer = find::balancer(elb, input.text("LoadBalancerArn").unwrap_or_default())?;
    let subnets = check_subnets(balancer.kind, input)?;
    let zones = zones(elb, &subnets);
    let changed = Arc::make_mut(&mut balancer);
    changed.shown["AvailabilityZones"] = zones.clone();
    if let Some(kind) = input.text("IpAddressType") {
        changed.shown["IpAddressType"] = json!(kind);
    }
    let answer = json!({"AvailabilityZones": zones, "IpAddressType": balancer.shown["IpAddressType"]});
    elb.objects.balancers.insert(Arc::clone(&balancer.arn), balancer);
    Ok(answer)
}

pub(super) fn set_security_groups(elb: &mut Elb, input: Input<'_>) -> Answer {
    let mut balancer = find::balancer(elb, input.text("LoadBalancerArn").unwrap_or_default())?;
    let groups = security_groups(balancer.kind, input)?;
    if balancer.kind == BalancerKind::Gateway {
        return Err(invalid("Security groups are not supported for load balancers with type 'gateway'"));
    }
    if balancer.kind == BalancerKind::Network && balancer.shown.get("SecurityGroups").is_none() {
        // One made without groups cannot get any.
        return Err(invalid("You can't set security groups on a Network Load Balancer that was created without them"));
    }
    if input.list("SecurityGroups").is_empty() {
        return Err(validation("At least one security group must be specified"));
    }
    Arc::make_mut(&mut balancer).shown["SecurityGroups"] = groups.clone();
    elb.objects.balancers.insert(Arc::clone(&balancer.arn), balancer);
    Ok(json!({"SecurityGroupIds": groups}))
}

pub(super) fn set_ip_address_type(elb: &mut Elb, input: Input<'_>) -> Answer {
    let mut balancer = find::balancer(elb, input.text("LoadBalancerArn").unwrap_or_default())?;
    let kind = input.text("IpAddressType").unwrap_or_default();
    if kind == "dualstack-without-public-ipv4" && balancer.shown["Scheme"] == "internal" {
        return Err(invalid("The IP address type 'dualstack-without-public-ipv4' needs the scheme 'internet-facing'"));
    }
    Arc::make_mut(&mut balancer).shown["IpAddressType"] = json!(kind);
    elb.objects.balancers.insert(Arc::clone(&balancer.arn), balancer);
    Ok(json!({"IpAddressType": kind}))
}
