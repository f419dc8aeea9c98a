//! What has to change on a live load balancer for it to be as declared, but for its listeners. Pure.

use super::Step;
use super::desired::Present;
use super::observed::Observed;
use crate::api::shared::Drift;
use crate::aws::elb::LoadBalancerView;
use crate::aws::elb::model::{LoadBalancer, SubnetMapping, SubnetsChange, Tags};
use crate::engine::{Stop, drift};
use crate::kinds::{attributes, tags};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// One write, and where AWS differs, for people.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// What is to be done.
    pub step: Step,
    /// What it is about.
    pub drift: Vec<Drift>,
    /// Whether it is done although drift is only reported: nobody changed it by hand, what it follows from changed.
    pub is_due_anyway: bool,
}

impl Change {
    /// A change that is drift where the declaration is the one that was in force.
    pub fn new(step: Step, drift: Vec<Drift>) -> Self {
        Self { step, drift, is_due_anyway: false }
    }
}

/// Everything that differs on the load balancer itself.
pub fn changes(want: &Present, seen: &Observed, view: &LoadBalancerView) -> Vec<Change> {
    let live = &view.load_balancer;
    let mut all = Vec::new();
    all.extend(subnets(want, seen, live));
    all.extend(ip_address_type(want, seen, live));
    all.extend(security_groups(want, live));
    all.extend(of_attributes(want, seen, view));
    all.extend(of_tags(want, seen, (&live.arn, None), &view.tags));
    all
}

/// Subnets and what is set with them. An unset member of these stays as it is.
fn subnets(want: &Present, seen: &Observed, live: &LoadBalancer) -> Option<Change> {
    let new = &want.new;
    let mut differing = Vec::new();
    let seen_subnets = live.subnets();
    let declared: BTreeSet<&str> = new.subnets.iter().map(String::as_str).collect();
    if !declared.is_empty() && declared != seen_subnets {
        differing.push(drift::entry("subnets", &json!(declared), &json!(seen_subnets)));
    }
    if !new.subnet_mappings.is_empty() && !are_mapped(&new.subnet_mappings, live) {
        let mapped: Vec<&str> = new.subnet_mappings.iter().map(|it| it.subnet_id.as_str()).collect();
        differing.push(drift::entry("subnetMappings", &json!(mapped), &json!(seen_subnets)));
    }
    let prefix = with_default("enablePrefixForIpv6SourceNat", new.enable_prefix_for_ipv6_source_nat.as_ref(), "off", seen);
    let stands = live.enable_prefix_for_ipv6_source_nat.as_deref().unwrap_or("off");
    let prefix = prefix.filter(|wanted| wanted != stands);
    if let Some(wanted) = &prefix {
        differing.push(drift::entry("enablePrefixForIpv6SourceNat", &json!(wanted), &json!(stands)));
    }
    if differing.is_empty() {
        return None;
    }
    // All subnets have to be named, also where only the prefixes change.
    let as_they_are = new.subnets.is_empty() && new.subnet_mappings.is_empty();
    let change = SubnetsChange {
        arn: live.arn.clone(),
        subnets: if as_they_are { seen_subnets.iter().map(|it| (*it).to_owned()).collect() } else { new.subnets.clone() },
        subnet_mappings: new.subnet_mappings.clone(),
        ip_address_type: None,
        enable_prefix_for_ipv6_source_nat: prefix,
    };
    Some(Change::new(Step::SetSubnets(change), differing))
}

/// Whether the load balancer has these subnets and no others, each with what is declared of its addresses.
fn are_mapped(declared: &[SubnetMapping], live: &LoadBalancer) -> bool {
    let holds = |wanted: Option<&String>, seen: Option<&String>| wanted.is_none() || wanted == seen;
    declared.len() == live.zones.len()
        && declared.iter().all(|wanted| {
            let Some(zone) = live.zones.iter().find(|zone| zone.subnet_id == wanted.subnet_id) else { return false };
            let is_plain = SubnetMapping { subnet_id: wanted.subnet_id.clone(), ..SubnetMapping::default() } == *wanted;
            is_plain
                || zone.addresses.iter().any(|it| {
                    holds(wanted.allocation_id.as_ref(), it.allocation_id.as_ref())
                        && holds(wanted.private_ipv4_address.as_ref(), it.private_ipv4_address.as_ref())
                        && holds(wanted.ipv6_address.as_ref(), it.ipv6_address.as_ref())
                        && (wanted.source_nat_ipv6_prefix.as_deref() == Some("auto_assigned")
                            || holds(wanted.source_nat_ipv6_prefix.as_ref(), it.source_nat_ipv6_prefix.as_ref()))
                })
        })
}

/// What is declared, or AWS's default where it was sent before and is no longer declared.
fn with_default(path: &str, declared: Option<&String>, default: &str, seen: &Observed) -> Option<String> {
    let was_sent = seen.memory.applied.iter().any(|sent| sent == path);
    declared.cloned().or_else(|| was_sent.then(|| default.to_owned()))
}

fn ip_address_type(want: &Present, seen: &Observed, live: &LoadBalancer) -> Option<Change> {
    let wanted = with_default("ipAddressType", want.new.ip_address_type.as_ref(), "ipv4", seen)?;
    let stands = live.ip_address_type.as_deref().unwrap_or("ipv4");
    if wanted == stands {
        return None;
    }
    let differing = vec![drift::entry("ipAddressType", &json!(wanted), &json!(stands))];
    Some(Change::new(Step::SetIpAddressType { arn: live.arn.clone(), kind: wanted }, differing))
}

fn security_groups(want: &Present, live: &LoadBalancer) -> Option<Change> {
    let wanted: BTreeSet<&String> = want.new.security_groups.iter().collect();
    if wanted.is_empty() || wanted == live.security_groups.iter().collect() {
        return None;
    }
    let differing = vec![drift::entry("securityGroups", &json!(wanted), &json!(live.security_groups))];
    let groups = want.new.security_groups.clone();
    Some(Change::new(Step::SetSecurityGroups { arn: live.arn.clone(), groups }, differing))
}

fn of_attributes(want: &Present, seen: &Observed, view: &LoadBalancerView) -> Option<Change> {
    let (live, kind) = (&view.load_balancer, view.load_balancer.kind.as_str());
    let default = |key: &str| attributes::default_of_load_balancer(kind, key);
    let set = attributes::changes(&want.attributes, view.attributes.as_ref(), &seen.sent("attributes."), default);
    if set.is_empty() {
        return None;
    }
    let stands = |key: &String| view.attributes.as_ref().and_then(|all| all.get(key)).map_or(Value::Null, |it| json!(it));
    let differing = set.iter().map(|(key, value)| drift::entry(&format!("attributes.{key}"), &json!(value), &stands(key)));
    let differing = differing.collect();
    Some(Change::new(Step::SetAttributes { arn: live.arn.clone(), set }, differing))
}

/// Tags of the load balancer, or of its listener on a port. The owner's are written whatever happens to the others.
pub fn of_tags(want: &Present, seen: &Observed, (arn, port): (&String, Option<i32>), live: &Tags) -> Vec<Change> {
    let owners = want.owner.tags();
    let sent = seen.sent("tags.");
    let tags::Change { set, gone } = tags::change(&want.owner, &want.tags, live, sent.iter().map(String::as_str));
    let (owners, declared): (Tags, Tags) = set.into_iter().partition(|(key, _)| owners.contains_key(key));
    let mut all = Vec::new();
    if !owners.is_empty() {
        let step = Step::Tag { arn: arn.clone(), port, tags: owners };
        all.push(Change { step, drift: Vec::new(), is_due_anyway: true });
    }
    let place = port.map_or_else(String::new, |port| format!("listeners[{port}]."));
    let entry = |key: &String, value: Value| {
        let stands = live.get(key).map_or(Value::Null, |it| json!(it));
        drift::entry(&format!("{place}tags.{key}"), &value, &stands)
    };
    if !declared.is_empty() {
        let differing = declared.iter().map(|(key, value)| entry(key, json!(value))).collect();
        all.push(Change::new(Step::Tag { arn: arn.clone(), port, tags: declared }, differing));
    }
    if !gone.is_empty() {
        let differing = gone.iter().map(|key| entry(key, Value::Null)).collect();
        all.push(Change::new(Step::Untag { arn: arn.clone(), port, keys: gone }, differing));
    }
    all
}

/// What AWS cannot change, where the schema could not see it: the load balancer was made otherwise.
pub fn immutable(want: &Present, live: &LoadBalancer) -> Option<Stop> {
    let new = &want.new;
    let name = want.is_named.then_some(&new.name);
    let members = [
        ("name", name, Some(&live.name)),
        ("type", new.kind.as_ref(), Some(&live.kind)),
        ("scheme", new.scheme.as_ref(), live.scheme.as_ref()),
        ("customerOwnedIpv4Pool", new.customer_owned_ipv4_pool.as_ref(), live.customer_owned_ipv4_pool.as_ref()),
        ("ipamPools", new.ipv4_ipam_pool_id.as_ref(), live.ipv4_ipam_pool_id.as_ref()),
    ];
    let (member, wanted, stands) = members.into_iter().find(|(_, wanted, stands)| wanted.is_some() && wanted != stands)?;
    Some(Stop::invalid(
        "Immutable",
        format!(
            "the load balancer has {member} {}, and it cannot be changed to {}; declare what it has, or delete the object and apply it again",
            stands.map_or("none", String::as_str),
            wanted.map_or("none", String::as_str)
        ),
    ))
}
