//! What a declaration means to a load balancer that is made of it: every default in words. Pure.

use super::listener_difference::{DEFAULT_SSL_POLICY, alpn, off};
use crate::api::EcsLoadBalancerSpec;
use crate::api::load_balancer::{IpAddressType, Listener, LoadBalancerType, MutualAuthenticationMode, OnOff, Scheme};
use crate::aws::elb::model::Action;
use crate::kinds::action::{TargetGroups, action, is_same};
use crate::kinds::attributes::default_of_load_balancer;
use std::collections::BTreeMap;

/// A declaration in which every default is spelled out, so that those that mean the same are equal. What AWS is not told is
/// in it as it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Meaning {
    spec: EcsLoadBalancerSpec,
    attributes: BTreeMap<String, String>,
    listeners: Option<Vec<(Listener, DefaultAction)>>,
}

/// What a listener does with what no rule takes.
#[derive(Clone, Debug)]
enum DefaultAction {
    Known(Action),
    /// That of whoever names the listener.
    Open,
}

impl PartialEq for DefaultAction {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Known(one), Self::Known(other)) => is_same(one, other),
            (Self::Open, Self::Open) => true,
            _ => false,
        }
    }
}

/// The meaning of a declaration. `None`: an action refers to objects.
pub fn meaning(declared: &EcsLoadBalancerSpec) -> Option<Meaning> {
    let mut spec = declared.clone();
    let kind = spec.r#type.get_or_insert(LoadBalancerType::Application).as_str().to_owned();
    let is_network = kind == "network";
    spec.scheme.get_or_insert(Scheme::InternetFacing);
    spec.ip_address_type.get_or_insert(IpAddressType::Ipv4);
    if is_network {
        spec.enable_prefix_for_ipv6_source_nat.get_or_insert(OnOff::Off);
    }
    let mut attributes = spec.declared_attributes();
    attributes.retain(|key, value| default_of_load_balancer(&kind, key) != Some(value.as_str()));
    (spec.attributes, spec.idle_timeout_seconds, spec.deletion_protection) = (None, None, None);
    let listeners = spec.listeners.take();
    let listeners = listeners.map(|all| all.into_iter().map(|one| listener(one, is_network)).collect::<Option<Vec<_>>>());
    let listeners = match listeners {
        Some(listeners) => Some(listeners?),
        None => None,
    };
    Some(Meaning { spec, attributes, listeners })
}

fn listener(mut declared: Listener, is_network: bool) -> Option<(Listener, DefaultAction)> {
    let written = declared.default_action.take();
    let action = match written {
        Some(written) => DefaultAction::Known(action(&written, "", &TargetGroups::new()).ok()?),
        None if is_network => DefaultAction::Open,
        None => DefaultAction::Known(super::listener::not_found()),
    };
    if super::listener::is_secure(Some(&declared.protocol.as_str().to_owned())) {
        declared.ssl_policy.get_or_insert_with(|| DEFAULT_SSL_POLICY.to_owned());
    }
    let words: Vec<String> = declared.alpn_policy.iter().flatten().map(|it| it.as_str().to_owned()).collect();
    if alpn(&words) == alpn(&[]) {
        declared.alpn_policy = None;
    }
    let says_off = |mode: &MutualAuthenticationMode| Some(mode.as_str()) == off().mode.as_deref();
    if declared.mutual_authentication.as_ref().is_some_and(|it| says_off(&it.mode)) {
        declared.mutual_authentication = None;
    }
    if let Some(mutual) = &mut declared.mutual_authentication {
        mutual.ignore_client_certificate_expiry.get_or_insert(false);
        mutual.advertise_trust_store_ca_names.get_or_insert(OnOff::Off);
    }
    Some((declared, action))
}
