//! A load balancer with its listeners as an `EcsLoadBalancer`. Pure.

use super::object::{Imported, NotWritten, not_expressed, shaped, tags};
use super::prune::without_what_is_understood;
use super::{Options, action};
use crate::api::load_balancing::{DELETION_PROTECTION, IDLE_TIMEOUT};
use crate::api::{EcsLoadBalancer, EcsLoadBalancerSpec};
use crate::aws::elb::model::{Attributes, Listener, LoadBalancer, SubnetMapping};
use crate::aws::elb::{LoadBalancerListener, LoadBalancerView};
use crate::kinds::attributes::default_of_listener;
use crate::kinds::load_balancer::meaning::{Meaning, meaning};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

pub(super) const KIND: &str = "EcsLoadBalancer";

/// The object that stands for a load balancer. `listener_attributes`: those of its listeners, by ARN.
///
/// # Errors
/// When it is a Gateway Load Balancer, or has something that no field can hold.
pub fn load_balancer(
    view: &LoadBalancerView,
    listener_attributes: &BTreeMap<String, Attributes>,
    name: &str,
    options: &Options,
) -> Result<Imported, NotWritten> {
    let live = &view.load_balancer;
    let refuse = |why: String| NotWritten { kind: KIND, arn: live.arn.clone(), why };
    if !matches!(live.kind.as_str(), "application" | "network") {
        return Err(refuse(format!("it is of type {}, with which ECS registers no tasks", live.kind)));
    }
    let mut notes = Vec::new();
    let mut all = of_aws(live);
    all.extend(attributes(view.attributes.clone().unwrap_or_default()));
    let listeners: Vec<Value> = view.listeners.iter().filter_map(|one| listener(one, &mut notes)).collect();
    if !listeners.is_empty() {
        all.insert("listeners".to_owned(), Value::Array(listeners));
    }
    notes.extend(view.listeners.iter().flat_map(|one| unseen(&one.listener, listener_attributes)));
    if live.enforce_security_group_inbound_rules_on_private_link_traffic.as_deref() == Some("off") {
        notes.push(
            "enforceSecurityGroupInboundRulesOnPrivateLinkTraffic is off, which cannot be declared; it stays so".to_owned(),
        );
    }
    let (list, about_tags) = tags(&view.tags);
    notes.extend(about_tags);
    all.extend(list.map(|list| ("tags".to_owned(), list)));
    all.insert("managementPolicy".to_owned(), json!(options.policy.word()));
    let all = Value::Object(all);
    let meant = meant(&all).ok_or_else(|| refuse("a member is of another type than its field".to_owned()))?;
    let spec = without_what_is_understood(all, |candidate| self::meant(candidate).as_ref() == Some(&meant));
    let (spec, no_field) = shaped::<EcsLoadBalancerSpec>(&spec).map_err(|e| refuse(e.to_string()))?;
    notes.extend(not_expressed(KIND, &no_field));
    let mut object = EcsLoadBalancer::new(name, spec);
    object.metadata.namespace.clone_from(&options.namespace);
    Imported::new(KIND, &object, &live.arn, notes)
}

fn meant(declaration: &Value) -> Option<Meaning> {
    meaning(&serde_json::from_value(declaration.clone()).ok()?)
}

/// Its own settings, without attributes.
fn of_aws(live: &LoadBalancer) -> Map<String, Value> {
    let mappings: Vec<Value> =
        live.zones.iter().flat_map(|zone| &zone.addresses).filter(|it| is_chosen(it)).map(mapping).collect();
    let (mut subnets, mut mapped) = (json!(live.subnets()), Value::Null);
    if !mappings.is_empty() {
        let others = live.zones.iter().filter(|zone| !zone.addresses.iter().any(is_chosen));
        let others = others.map(|zone| json!({"subnetId": zone.subnet_id}));
        (subnets, mapped) = (Value::Null, mappings.into_iter().chain(others).collect());
    }
    let groups = (!live.security_groups.is_empty()).then_some(&live.security_groups);
    let pools = live.ipv4_ipam_pool_id.as_ref().map(|pool| json!({"ipv4IpamPoolId": pool}));
    let all = json!({
        "name": live.name, "type": live.kind, "scheme": live.scheme, "subnets": subnets, "subnetMappings": mapped,
        "securityGroups": groups, "ipAddressType": live.ip_address_type,
        "customerOwnedIpv4Pool": live.customer_owned_ipv4_pool, "ipamPools": pools,
        "enablePrefixForIpv6SourceNat": live.enable_prefix_for_ipv6_source_nat.as_ref().filter(|_| live.kind == "network"),
    });
    let members = all.as_object().cloned().unwrap_or_default();
    members.into_iter().filter(|(_, value)| !value.is_null()).collect()
}

/// Whether a person chose something about the addresses in a subnet.
fn is_chosen(address: &SubnetMapping) -> bool {
    let plain = SubnetMapping { subnet_id: address.subnet_id.clone(), ..SubnetMapping::default() };
    *address != plain
}

fn mapping(address: &SubnetMapping) -> Value {
    json!({
        "subnetId": address.subnet_id, "allocationId": address.allocation_id,
        "privateIPv4Address": address.private_ipv4_address, "ipv6Address": address.ipv6_address,
        "sourceNatIpv6Prefix": address.source_nat_ipv6_prefix,
    })
}

fn attributes(mut live: Attributes) -> Map<String, Value> {
    let mut all = Map::new();
    let seconds = live.remove(IDLE_TIMEOUT).and_then(|text| text.parse::<i32>().ok());
    all.extend(seconds.map(|seconds| ("idleTimeoutSeconds".to_owned(), json!(seconds))));
    let protected = live.remove(DELETION_PROTECTION).map(|text| text == "true");
    all.extend(protected.map(|protected| ("deletionProtection".to_owned(), json!(protected))));
    // An empty text is what AWS shows where nothing was set, and it takes none.
    let rest = live.iter().filter(|(_, value)| !value.is_empty()).map(|(key, value)| json!({"key": key, "value": value}));
    all.insert("attributes".to_owned(), rest.collect());
    all
}

/// A listener, or `None` with a sentence.
fn listener(one: &LoadBalancerListener, notes: &mut Vec<String>) -> Option<Value> {
    let live = &one.listener;
    let port = live.port.unwrap_or_default();
    let action = match action::of(&live.default_actions) {
        Ok(action) => action,
        Err(why) => {
            notes.push(format!("the listener on port {port} is left out and stays as it is: {why}"));
            return None;
        }
    };
    let others = one.certificates.iter().flatten().filter(|arn| Some(*arn) != live.certificate_arn.as_ref());
    let certificates: Vec<Value> = live.certificate_arn.iter().chain(others).map(|arn| json!({"certificateArn": arn})).collect();
    let mutual = live.mutual_authentication.as_ref().map(|mutual| {
        json!({
            "mode": mutual.mode, "trustStoreArn": mutual.trust_store_arn,
            "ignoreClientCertificateExpiry": mutual.ignore_client_certificate_expiry,
            "advertiseTrustStoreCaNames": mutual.advertise_trust_store_ca_names,
        })
    });
    let all = json!({
        "port": port, "protocol": live.protocol, "sslPolicy": live.ssl_policy, "mutualAuthentication": mutual,
        "certificates": (!certificates.is_empty()).then_some(certificates),
        "alpnPolicy": (!live.alpn_policy.is_empty()).then_some(&live.alpn_policy), "defaultAction": action,
    });
    let members = all.as_object().cloned().unwrap_or_default();
    Some(Value::Object(members.into_iter().filter(|(_, value)| !value.is_null()).collect()))
}

/// Attributes of a listener, which no description shows, so that declaring them would send them once.
fn unseen(live: &Listener, all: &BTreeMap<String, Attributes>) -> Vec<String> {
    let (port, protocol) = (live.port.unwrap_or_default(), live.protocol.as_deref().unwrap_or_default());
    let set = all
        .get(&live.arn)
        .into_iter()
        .flatten()
        .filter(|(key, value)| !value.is_empty() && default_of_listener(key) != Some(value.as_str()));
    set.map(|(key, value)| {
        format!(
            "attribute {key} of the {protocol} listener on port {port} is left out and stays {value}: it cannot be compared; declared, it is sent once"
        )
    })
    .collect()
}
