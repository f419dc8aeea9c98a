//! Listeners. Their default actions are those of a rule that has no priority. load-balancing §3.

use std::sync::Arc;

use serde_json::{Value, json};

use super::actions::{self, Place};
use super::objects::{Balancer, BalancerKind, Listener, Objects, Rule};
use super::shapes::validation;
use super::{Answer, Elb, arn, attributes, certificates, find, page, tags};
use crate::ecs::input::Input;
use crate::fault::ServiceError;

/// Whether a listener of this protocol ends TLS.
pub(super) fn is_secure(protocol: &str) -> bool {
    matches!(protocol, "HTTPS" | "TLS")
}

/// The settings of a listener that depend on each other.
struct Setup {
    protocol: String,
    port: i64,
    policy: Option<String>,
    certificate: Option<String>,
    alpn: Vec<String>,
    mutual: Option<Value>,
}

pub(super) fn create(elb: &mut Elb, input: Input<'_>) -> Answer {
    let balancer = find::balancer(elb, input.text("LoadBalancerArn").unwrap_or_default())?;
    tags::check(input.list("Tags"))?;
    let setup = setup(elb, &balancer, input, None)?;
    if elb.objects.listeners_of(&balancer.arn).iter().any(|listener| listener.port == setup.port) {
        return Err(duplicate(&balancer));
    }
    let count = elb.objects.listeners_of(&balancer.arn).len() + 1;
    elb.quotas.check(&format!("listeners-per-{}-load-balancer", balancer.kind.name()), count, "TooManyListeners")?;
    let place = Place { balancer: &balancer, protocol: &setup.protocol, port: setup.port, member: "defaultActions" };
    let (shown, groups) = actions::check(elb, &place, input.list("DefaultActions"))?;
    let id = elb.id();
    let listener_arn: Arc<str> = format!("{}{id}", arn::listeners_of(&balancer.arn)).into();
    let id = elb.id();
    let rule_arn: Arc<str> = format!("{}{id}", arn::rules_of(&listener_arn)).into();
    let listener = Listener {
        arn: Arc::clone(&listener_arn),
        created: elb.now,
        port: setup.port,
        shown: render_setup(&listener_arn, &balancer, &setup),
        certificates: Vec::new(),
        attributes: attributes::of_listener(&setup.protocol),
        protocol: setup.protocol,
    };
    let rule = Rule {
        arn: Arc::clone(&rule_arn),
        created: elb.now,
        priority: None,
        conditions: json!([]),
        actions: shown,
        transforms: json!([]),
    };
    elb.objects.set_uses(&rule_arn, &balancer.arn, groups);
    elb.objects.rules.insert(rule_arn, Arc::new(rule));
    let answer = Arc::new(listener);
    elb.objects.listeners.insert(Arc::clone(&listener_arn), Arc::clone(&answer));
    tags::put(elb, &listener_arn, input.list("Tags"));
    Ok(json!({"Listeners": [render(&elb.objects, &answer)]}))
}

fn duplicate(balancer: &Balancer) -> ServiceError {
    let message = format!("A listener already exists on this port for this load balancer '{}'", balancer.arn);
    ServiceError::new("DuplicateListener", message)
}

/// What a listener will be, from what is asked and what it was.
fn setup(elb: &Elb, balancer: &Balancer, input: Input<'_>, old: Option<&Listener>) -> Result<Setup, ServiceError> {
    let (protocol, port) = protocol_and_port(balancer, input, old)?;
    let is_secure = is_secure(&protocol);
    let known = old.map_or(Input(&Value::Null), |old| Input(&old.shown));
    let given: Vec<Input<'_>> = input.objects("Certificates").collect();
    if given.len() > 1 {
        return Err(validation("Only one certificate can be specified: add others with AddListenerCertificates"));
    }
    let asked = given.first().and_then(|certificate| certificate.text("CertificateArn")).map(str::to_owned);
    if !is_secure && (asked.is_some() || input.has("SslPolicy")) {
        return Err(validation(format!("Certificates and SSL policies cannot be specified for {protocol} listeners")));
    }
    let kept = known.objects("Certificates").next().and_then(|certificate| certificate.text("CertificateArn")).map(str::to_owned);
    let certificate = asked.or(kept).filter(|_| is_secure);
    match &certificate {
        None if is_secure => return Err(validation(format!("A certificate must be specified for {protocol} listeners"))),
        Some(arn) => certificates::check(elb, arn)?,
        None => {}
    }
    let policy = input.text("SslPolicy").or(known.text("SslPolicy")).unwrap_or(certificates::DEFAULT_POLICY);
    if is_secure {
        certificates::check_policy(policy)?;
    }
    let alpn = if input.has("AlpnPolicy") { input } else { known };
    let alpn: Vec<String> = alpn.texts("AlpnPolicy").map(str::to_owned).collect();
    if !alpn.is_empty() && protocol != "TLS" {
        return Err(validation("ALPN policies are supported only for TLS listeners"));
    }
    let names = ["HTTP1Only", "HTTP2Only", "HTTP2Optional", "HTTP2Preferred", "None"];
    if let Some(name) = alpn.iter().find(|name| !names.contains(&name.as_str())) {
        return Err(ServiceError::new("ALPNPolicyNotFound", format!("ALPN policy '{name}' not found")));
    }
    let mutual = input.get("MutualAuthentication").or(known.get("MutualAuthentication")).cloned();
    Ok(Setup { policy: is_secure.then(|| policy.to_owned()), protocol, port, certificate, alpn, mutual })
}

/// load-balancing §2: which protocols a type of load balancer speaks.
fn protocol_and_port(balancer: &Balancer, input: Input<'_>, old: Option<&Listener>) -> Result<(String, i64), ServiceError> {
    let protocols: &[&str] = match balancer.kind {
        BalancerKind::Application => &["HTTP", "HTTPS"],
        BalancerKind::Network => &["TCP", "TLS", "UDP", "TCP_UDP", "QUIC", "TCP_QUIC"],
        BalancerKind::Gateway => {
            if input.has("Port") || input.has("Protocol") {
                return Err(validation("A port and a protocol cannot be specified for gateway listeners"));
            }
            return Ok(("GENEVE".to_owned(), 6081));
        }
    };
    let port = input.number("Port").or(old.map(|old| old.port));
    let port = port.ok_or_else(|| validation("A listener port must be specified"))?;
    let protocol = input.text("Protocol").or(old.map(|old| old.protocol.as_str()));
    let protocol = protocol.ok_or_else(|| validation("A listener protocol must be specified"))?;
    if !protocols.contains(&protocol) {
        return Err(validation(format!("Listener protocol '{protocol}' must be one of '{}'", protocols.join(", "))));
    }
    Ok((protocol.to_owned(), port))
}

fn render_setup(arn: &str, balancer: &Balancer, setup: &Setup) -> Value {
    let mut shown = json!({"ListenerArn": arn, "LoadBalancerArn": *balancer.arn});
    if balancer.kind != BalancerKind::Gateway {
        shown["Port"] = json!(setup.port);
        shown["Protocol"] = json!(setup.protocol);
    }
    if let Some(certificate) = &setup.certificate {
        shown["Certificates"] = json!([{"CertificateArn": certificate}]);
    }
    if let Some(policy) = &setup.policy {
        shown["SslPolicy"] = json!(policy);
    }
    if !setup.alpn.is_empty() {
        shown["AlpnPolicy"] = json!(setup.alpn);
    }
    if setup.protocol == "HTTPS" {
        shown["MutualAuthentication"] = setup.mutual.clone().unwrap_or_else(|| json!({"Mode": "off"}));
    }
    shown
}

/// The rule that holds the default actions.
pub(super) fn default_rule<'a>(objects: &'a Objects, listener: &str) -> Option<&'a Arc<Rule>> {
    objects.rules_of(listener).into_iter().find(|rule| rule.priority.is_none())
}

fn render(objects: &Objects, listener: &Listener) -> Value {
    let mut shown = listener.shown.clone();
    shown["DefaultActions"] = default_rule(objects, &listener.arn).map_or_else(|| json!([]), |rule| rule.actions.clone());
    shown
}

/// What is not given, or given as an empty list, is kept. load-balancing §1.
pub(super) fn modify(elb: &mut Elb, input: Input<'_>) -> Answer {
    let mut listener = find::listener(elb, input.text("ListenerArn").unwrap_or_default())?;
    let balancer = find::balancer(elb, &arn::balancer_of(&listener.arn))?;
    let setup = setup(elb, &balancer, input, Some(&listener))?;
    let others = elb.objects.listeners_of(&balancer.arn).into_iter().filter(|other| other.arn != listener.arn);
    if others.into_iter().any(|other| other.port == setup.port) {
        return Err(duplicate(&balancer));
    }
    let Some(mut rule) = default_rule(&elb.objects, &listener.arn).cloned() else {
        return Err(find::missing("RuleNotFound", "Default rule of", &listener.arn));
    };
    let given = input.list("DefaultActions");
    let kept = rule.actions.as_array().cloned().unwrap_or_default();
    let place = Place { balancer: &balancer, protocol: &setup.protocol, port: setup.port, member: "defaultActions" };
    let (shown, groups) = actions::check(elb, &place, if given.is_empty() { &kept } else { given })?;
    elb.objects.set_uses(&rule.arn, &balancer.arn, groups);
    Arc::make_mut(&mut rule).actions = shown;
    elb.objects.rules.insert(Arc::clone(&rule.arn), rule);
    let changed = Arc::make_mut(&mut listener);
    changed.shown = render_setup(&changed.arn, &balancer, &setup);
    if changed.protocol != setup.protocol {
        changed.attributes = attributes::of_listener(&setup.protocol);
        if !is_secure(&setup.protocol) {
            changed.certificates.clear();
        }
    }
    changed.port = setup.port;
    changed.protocol = setup.protocol;
    elb.objects.listeners.insert(Arc::clone(&listener.arn), Arc::clone(&listener));
    Ok(json!({"Listeners": [render(&elb.objects, &listener)]}))
}

pub(super) fn delete(elb: &mut Elb, input: Input<'_>) -> Answer {
    let listener = find::listener(elb, input.text("ListenerArn").unwrap_or_default())?;
    drop_listener(elb, &listener.arn);
    Ok(json!({}))
}

/// Takes a listener away, with its rules.
pub(super) fn drop_listener(elb: &mut Elb, listener: &str) {
    let rules: Vec<_> = elb.objects.rules_of(listener).into_iter().map(|rule| Arc::clone(&rule.arn)).collect();
    for rule in rules {
        elb.objects.drop_uses(&rule);
        elb.objects.rules.remove(&rule);
        elb.objects.tags.remove(&rule);
    }
    elb.objects.listeners.remove(listener);
    elb.objects.tags.remove(listener);
}

pub(super) fn describe(elb: &mut Elb, input: Input<'_>) -> Answer {
    let arns: Vec<&str> = input.texts("ListenerArns").collect();
    let balancer = input.text("LoadBalancerArn");
    if arns.is_empty() == balancer.is_none() {
        return Err(validation("You must specify either listener ARNs or a load balancer ARN"));
    }
    let seen = elb.seen();
    let mut found = Vec::new();
    for arn in arns {
        let listener = seen.listeners.get(arn).filter(|listener| elb.is_known(listener.created));
        let missing = || ServiceError::new("ListenerNotFound", "One or more listeners not found");
        found.push(render(seen, listener.ok_or_else(missing)?));
    }
    if let Some(balancer) = balancer {
        if !seen.balancers.get(balancer).is_some_and(|balancer| elb.is_known(balancer.created)) {
            return Err(ServiceError::new("LoadBalancerNotFound", "One or more load balancers not found"));
        }
        let known = seen.listeners_of(balancer).into_iter().filter(|listener| elb.is_known(listener.created));
        found.extend(known.map(|listener| render(seen, listener)));
    }
    page(input, "Listeners", found)
}
