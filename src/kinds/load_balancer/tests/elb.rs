//! A model of Elastic Load Balancing of a few lines.

use crate::aws::elb::model::{Action, Attributes, Listener, LoadBalancer, NewListener, NewLoadBalancer, Tags, Zone};
use crate::aws::elb::{LoadBalancerListener, LoadBalancerView};
use crate::kinds::load_balancer::{Done, Step};
use std::collections::BTreeSet;

const PREFIX: &str = "arn:aws:elasticloadbalancing:eu-central-1:111122223333";

/// ARN of the load balancer that was made as the so-manyth.
pub fn arn(number: usize) -> String {
    format!("{PREFIX}:loadbalancer/app/shared/{number}")
}

/// `CreateLoadBalancer`.
pub fn made(new: &NewLoadBalancer, tags: Tags, number: usize) -> LoadBalancerView {
    let kind = new.kind.clone().unwrap_or_else(|| "application".to_owned());
    let mapped = new.subnet_mappings.iter().map(|it| it.subnet_id.clone());
    let zone = |subnet_id: String| Zone { subnet_id, ..Zone::default() };
    let default = BTreeSet::from(["sg-default".to_owned()]);
    let attributes = [
        ("deletion_protection.enabled", "false"),
        ("idle_timeout.timeout_seconds", "60"),
        ("routing.http2.enabled", "true"),
        ("waf.fail_open.enabled", "false"),
        ("access_logs.s3.bucket", ""),
        ("waf.fail_open.enabled", "false"),
    ];
    LoadBalancerView {
        load_balancer: LoadBalancer {
            arn: arn(number),
            name: new.name.clone(),
            scheme: Some(new.scheme.clone().unwrap_or_else(|| "internet-facing".to_owned())),
            dns_name: Some(format!("shared-{number}.eu-central-1.elb.amazonaws.com")),
            vpc_id: Some("vpc-1".to_owned()),
            state: "active".to_owned(),
            zones: new.subnets.iter().cloned().chain(mapped).map(zone).collect(),
            security_groups: match new.security_groups.as_slice() {
                [] if kind == "application" => default,
                groups => groups.iter().cloned().collect(),
            },
            ip_address_type: Some(new.ip_address_type.clone().unwrap_or_else(|| "ipv4".to_owned())),
            customer_owned_ipv4_pool: new.customer_owned_ipv4_pool.clone(),
            ipv4_ipam_pool_id: new.ipv4_ipam_pool_id.clone(),
            enable_prefix_for_ipv6_source_nat: new.enable_prefix_for_ipv6_source_nat.clone(),
            kind,
            ..LoadBalancer::default()
        },
        tags,
        attributes: Some(attributes.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()),
        listeners: Vec::new(),
    }
}

/// `CreateListener`.
pub fn listens(new: &NewListener, view: &mut LoadBalancerView) -> LoadBalancerListener {
    let port = new.port.unwrap();
    let is_secure = matches!(new.protocol.as_deref(), Some("HTTPS" | "TLS"));
    assert_eq!(is_secure, new.certificate_arn.is_some(), "{new:?}");
    assert!(!new.default_actions.is_empty(), "{new:?}");
    assert!(view.listeners.iter().all(|it| it.listener.port != Some(port)), "DuplicateListener");
    let made = LoadBalancerListener {
        listener: Listener {
            arn: format!("{}/{port}", view.load_balancer.arn.replace(":loadbalancer/", ":listener/")),
            load_balancer_arn: view.load_balancer.arn.clone(),
            port: Some(port),
            protocol: new.protocol.clone(),
            certificate_arn: new.certificate_arn.clone(),
            ssl_policy: is_secure.then(|| new.ssl_policy.clone().unwrap_or_else(|| "ELBSecurityPolicy-2016-08".to_owned())),
            default_actions: new.default_actions.clone(),
            alpn_policy: new.alpn_policy.clone(),
            mutual_authentication: new.mutual_authentication.clone(),
        },
        tags: new.tags.clone(),
        certificates: Some(Vec::new()),
    };
    view.listeners.push(made.clone());
    view.listeners.sort_by_key(|it| it.listener.port);
    made
}

fn of<'a>(view: &'a mut LoadBalancerView, arn: &str) -> &'a mut LoadBalancerListener {
    view.listeners.iter_mut().find(|it| it.listener.arn == arn).unwrap()
}

fn tags_of<'a>(view: &'a mut LoadBalancerView, arn: &str) -> &'a mut Tags {
    if view.load_balancer.arn == arn { &mut view.tags } else { &mut of(view, arn).tags }
}

/// Carries out a step on a load balancer that is there.
pub fn carried_out(step: &Step, view: &mut LoadBalancerView) -> Done {
    match step {
        Step::Create | Step::Delete { .. } => panic!("{step:?} is for the world"),
        Step::Tag { arn, tags, .. } => tags_of(view, arn).extend(tags.clone()),
        Step::Untag { arn, keys, .. } => tags_of(view, arn).retain(|key, _| !keys.contains(key)),
        Step::SetSubnets(change) => {
            let mapped = change.subnet_mappings.iter().map(|it| it.subnet_id.clone());
            let subnets = change.subnets.iter().cloned().chain(mapped);
            view.load_balancer.zones = subnets.map(|subnet_id| Zone { subnet_id, ..Zone::default() }).collect();
            if change.enable_prefix_for_ipv6_source_nat.is_some() {
                view.load_balancer.enable_prefix_for_ipv6_source_nat.clone_from(&change.enable_prefix_for_ipv6_source_nat);
            }
        }
        Step::SetSecurityGroups { groups, .. } => view.load_balancer.security_groups = groups.iter().cloned().collect(),
        Step::SetIpAddressType { kind, .. } => view.load_balancer.ip_address_type = Some(kind.clone()),
        Step::SetAttributes { set, .. } => {
            view.attributes.get_or_insert_with(Attributes::new).extend(set.clone());
            return Done::Attributes { port: None, set: set.clone() };
        }
        Step::CreateListener(new) => {
            let made = listens(new, view).listener;
            let protocol = made.protocol.unwrap();
            return Done::ListenerCreated { port: made.port.unwrap(), arn: made.arn, protocol };
        }
        Step::ModifyListener { change, .. } => {
            let live = &mut of(view, &change.arn).listener;
            live.protocol = change.protocol.clone().or(live.protocol.take());
            live.certificate_arn = change.certificate_arn.clone().or(live.certificate_arn.take());
            live.ssl_policy = change.ssl_policy.clone().or(live.ssl_policy.take());
            live.mutual_authentication = change.mutual_authentication.clone().or(live.mutual_authentication.take());
            if let Some(actions) = &change.default_actions {
                live.default_actions.clone_from(actions);
            }
            if let Some(policy) = &change.alpn_policy {
                live.alpn_policy.clone_from(policy);
            }
            if !matches!(live.protocol.as_deref(), Some("HTTPS" | "TLS")) {
                (live.certificate_arn, live.ssl_policy) = (None, None);
            } else if live.ssl_policy.is_none() {
                live.ssl_policy = Some("ELBSecurityPolicy-2016-08".to_owned());
            }
        }
        Step::SetListenerAttributes { port, set, .. } => return Done::Attributes { port: Some(*port), set: set.clone() },
        Step::AddCertificate { port, arn, certificate } => {
            of(view, arn).certificates.as_mut().unwrap().push(certificate.clone());
            return Done::Certified { port: *port, certificate: certificate.clone() };
        }
        Step::RemoveCertificate { arn, certificate, .. } => {
            let live = of(view, arn);
            assert_ne!(live.listener.certificate_arn.as_ref(), Some(certificate), "OperationNotPermitted");
            live.certificates.as_mut().unwrap().retain(|it| it != certificate);
        }
        Step::DeleteListener { port, arn } => {
            view.listeners.retain(|it| it.listener.arn != *arn);
            return Done::ListenerDeleted { port: *port };
        }
    }
    Done::Changed
}

/// The target groups that a listener forwards to.
pub fn forwards(listener: &LoadBalancerListener) -> Vec<(String, i32)> {
    let all = listener.listener.default_actions.iter().flat_map(Action::target_groups);
    all.map(|it| (it.arn.clone(), it.weight)).collect()
}
