//! What has to change in the listeners of a live load balancer. Pure.

use super::Step;
use super::certificates::chosen;
use super::desired::Present;
use super::difference::{Change, of_tags};
use super::listener::{Wanted, is_secure};
use super::observed::{Certificates, Observed};
use crate::aws::elb::model::{Listener, ListenerChange, MutualAuthentication, NewListener};
use crate::aws::elb::{LoadBalancerListener, LoadBalancerView};
use crate::domain::json::sha256;
use crate::engine::drift;
use crate::engine::{Stop, drift::entry};
use crate::kinds::action::{is_same, shown};
use crate::kinds::attributes;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The policy for TLS that AWS takes where none is said (`CreateListener` through the API).
pub(super) const DEFAULT_SSL_POLICY: &str = "ELBSecurityPolicy-2016-08";

/// What differs in the listeners.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes {
    /// Listeners to be made.
    pub created: Vec<Change>,
    /// What is to change in those that are there.
    pub changed: Vec<Change>,
    /// Listeners of ours that nobody declares any more.
    pub deleted: Vec<Change>,
    /// Why some of them cannot be as declared yet.
    pub hindrances: Vec<Stop>,
}

/// Everything that differs in the listeners. `is_ours` tells a listener that may be written from others.
pub fn changes(
    want: &Present,
    seen: &Observed,
    view: &LoadBalancerView,
    is_ours: impl Fn(&LoadBalancerListener) -> bool,
) -> Changes {
    let mut all = Changes::default();
    let Some(wanted) = &want.listeners else { return all };
    for listener in wanted {
        let live = view.listeners.iter().find(|it| it.listener.port == Some(listener.port));
        match live {
            None => create(want, seen, view, listener, &mut all),
            Some(live) if !is_ours(live) => all.hindrances.push(foreign(listener.port)),
            // Gone below: nobody names it any more, and a target group may be waiting for it to go.
            Some(_) if listener.is_unclaimed => all.hindrances.extend(listener.action.clone().err()),
            Some(live) => {
                all.hindrances.extend(listener.action.clone().err());
                all.changed.extend(change(want, seen, listener, live));
            }
        }
    }
    let keeps = |port| wanted.iter().any(|it| Some(it.port) == port && !it.is_unclaimed);
    for left in view.listeners.iter().filter(|it| !keeps(it.listener.port) && is_ours(it)) {
        let port = left.listener.port.unwrap_or_default();
        let unclaimed = wanted.iter().any(|it| it.port == port);
        let step = Step::DeleteListener { port, arn: left.listener.arn.clone() };
        let drift = vec![entry(&format!("listeners[{port}]"), &Value::Null, &json!(left.listener.protocol))];
        all.deleted.push(Change { step, drift, is_due_anyway: unclaimed });
    }
    all
}

fn foreign(port: i32) -> Stop {
    let message = format!(
        "somebody else made a listener on port {port} of this load balancer; it is left alone. Delete it, or take the port out of listeners"
    );
    Stop::waiting("Conflict", message)
}

fn create(want: &Present, seen: &Observed, view: &LoadBalancerView, listener: &Wanted, all: &mut Changes) {
    let action = match &listener.action {
        Ok(action) => action.clone(),
        Err(stop) => return all.hindrances.push(stop.clone()),
    };
    let certificates = chosen(listener, seen);
    if listener.is_secure() && certificates.default.is_none() {
        return all.hindrances.push(uncertified(listener, &seen.certificates));
    }
    let mut tags = want.tags.clone();
    tags.extend(want.owner.tags());
    let new = NewListener {
        load_balancer_arn: view.load_balancer.arn.clone(),
        port: Some(listener.port),
        protocol: Some(listener.protocol.clone()),
        certificate_arn: certificates.default,
        ssl_policy: listener.ssl_policy.clone(),
        default_actions: vec![action],
        alpn_policy: listener.alpn_policy.clone().unwrap_or_default(),
        mutual_authentication: listener.mutual_authentication.clone(),
        tags,
    };
    let drift = vec![entry(&format!("listeners[{}]", listener.port), &json!(listener.protocol), &Value::Null)];
    all.created.push(Change::new(Step::CreateListener(new), drift));
}

fn uncertified(listener: &Wanted, certificates: &Certificates) -> Stop {
    let port = listener.port;
    if let (Certificates::Denied(error), true) = (certificates, listener.discovers) {
        return Stop::Aws(error.clone());
    }
    if *certificates == Certificates::Unknown && listener.discovers {
        let message = format!("the listener on port {port} needs a certificate, and those of the account are being read");
        return Stop::waiting("ReadingCertificates", message);
    }
    let hosts: Vec<&str> = listener.hosts.iter().map(String::as_str).collect();
    let hosts = if hosts.is_empty() { "no host yet".to_owned() } else { hosts.join(", ") };
    Stop::waiting(
        "CertificateNotFound",
        format!(
            "the listener on port {port} needs a certificate, and Certificate Manager has none that is issued for its hosts ({hosts}); list one in certificates, or request one"
        ),
    )
}

/// What has to change in a listener of ours.
fn change(want: &Present, seen: &Observed, listener: &Wanted, live: &LoadBalancerListener) -> Vec<Change> {
    let mut all = Vec::new();
    all.extend(settings(seen, listener, &live.listener));
    all.extend(certificates(seen, listener, live));
    all.extend(of_attributes(seen, listener, &live.listener));
    all.extend(of_tags(want, seen, (&live.listener.arn, Some(listener.port)), &live.tags));
    all
}

/// What `ModifyListener` takes, and only what differs of it.
fn settings(seen: &Observed, listener: &Wanted, live: &Listener) -> Option<Change> {
    let mut change = ListenerChange { arn: live.arn.clone(), ..ListenerChange::default() };
    let mut differing = Vec::new();
    let place = format!("listeners[{}]", listener.port);
    let mut differs =
        |member: &str, wanted: Value, stands: Value| differing.push(entry(&format!("{place}.{member}"), &wanted, &stands));
    let was_sent = |member: &str| seen.memory.applied.iter().any(|path| *path == format!("{place}.{member}"));
    if live.protocol.as_ref() != Some(&listener.protocol) {
        differs("protocol", json!(listener.protocol), json!(live.protocol));
        change.protocol = Some(listener.protocol.clone());
    }
    let lacks_certificate = listener.is_secure() && live.certificate_arn.is_none();
    let certificate = listener.certificate.clone().or_else(|| chosen(listener, seen).default.filter(|_| lacks_certificate));
    if certificate.is_some() && certificate != live.certificate_arn {
        differs("certificates", json!(certificate), json!(live.certificate_arn));
        change.certificate_arn = certificate;
    }
    let default = || (was_sent("sslPolicy") && listener.is_secure()).then(|| DEFAULT_SSL_POLICY.to_owned());
    if let Some(policy) = listener.ssl_policy.clone().or_else(default).filter(|it| live.ssl_policy.as_ref() != Some(it)) {
        differs("sslPolicy", json!(policy), json!(live.ssl_policy));
        change.ssl_policy = Some(policy);
    }
    let default = || was_sent("alpnPolicy").then(Vec::new);
    if let Some(policy) = listener.alpn_policy.clone().or_else(default).filter(|it| alpn(it) != alpn(&live.alpn_policy)) {
        differs("alpnPolicy", json!(policy), json!(live.alpn_policy));
        change.alpn_policy = Some(alpn(&policy));
    }
    let default = || was_sent("mutualAuthentication").then(off);
    let mutual = listener.mutual_authentication.clone().or_else(default);
    if let Some(mutual) = mutual.filter(|it| !asks_the_same(it, live.mutual_authentication.as_ref())) {
        differs(
            "mutualAuthentication",
            json!(mutual.mode),
            json!(live.mutual_authentication.as_ref().and_then(|it| it.mode.clone())),
        );
        change.mutual_authentication = Some(mutual);
    }
    let is_as_wanted = |action| matches!(live.default_actions.as_slice(), [only] if is_same(only, action));
    if let Some(action) = listener.action.as_ref().ok().filter(|action| !is_as_wanted(action)) {
        let stands: Vec<String> = live.default_actions.iter().map(shown).collect();
        differs("defaultAction", json!(shown(action)), json!(stands.join(", ")));
        change.default_actions = Some(vec![action.clone()]);
    }
    (!differing.is_empty()).then(|| Change::new(Step::ModifyListener { port: listener.port, change }, differing))
}

/// AWS's word for no policy is `None`, and it shows an empty list.
pub(super) fn alpn(policy: &[String]) -> Vec<String> {
    if policy.is_empty() { vec!["None".to_owned()] } else { policy.to_vec() }
}

pub(super) fn off() -> MutualAuthentication {
    MutualAuthentication { mode: Some("off".to_owned()), ..MutualAuthentication::default() }
}

/// Whether all that is wanted of clients is asked of them; AWS fills in the rest.
fn asks_the_same(wanted: &MutualAuthentication, live: Option<&MutualAuthentication>) -> bool {
    fn holds<T: PartialEq>(wanted: Option<&T>, seen: Option<&T>) -> bool {
        wanted.is_none() || wanted == seen
    }
    let live = live.cloned().unwrap_or_else(off);
    holds(wanted.mode.as_ref(), live.mode.as_ref())
        && holds(wanted.trust_store_arn.as_ref(), live.trust_store_arn.as_ref())
        && wanted.ignore_client_certificate_expiry.unwrap_or_default()
            == live.ignore_client_certificate_expiry.unwrap_or_default()
        && holds(wanted.advertise_trust_store_ca_names.as_ref(), live.advertise_trust_store_ca_names.as_ref())
}

/// Certificates beside the default one. Those that were added by others stay.
fn certificates(seen: &Observed, listener: &Wanted, live: &LoadBalancerListener) -> Vec<Change> {
    // A listener that becomes one with certificates gets them once it is.
    if !listener.is_secure() || !is_secure(live.listener.protocol.as_ref()) {
        return Vec::new();
    }
    let (port, arn) = (listener.port, &live.listener.arn);
    let chosen = chosen(listener, seen);
    let sent = seen.sent(&format!("listeners[{port}].certificates."));
    let has: BTreeSet<&String> = live.certificates.as_ref().map_or_else(|| sent.iter().collect(), |all| all.iter().collect());
    let default = listener.certificate.as_ref().or(live.listener.certificate_arn.as_ref());
    let path = format!("listeners[{port}].certificates");
    let mut all = Vec::new();
    for certificate in chosen.others.iter().filter(|it| !has.contains(it) && Some(*it) != default) {
        let step = Step::AddCertificate { port, arn: arn.clone(), certificate: certificate.clone() };
        let drift = vec![drift::entry(&path, &json!(certificate), &Value::Null)];
        all.push(Change { step, drift, is_due_anyway: chosen.found.contains(certificate) });
    }
    // What cannot be read of the account's certificates may still be in use.
    let is_known = !listener.discovers || matches!(seen.certificates, Certificates::Known(_));
    let left = sent.iter().filter(|it| !chosen.others.contains(*it) && has.contains(*it) && Some(*it) != default);
    for certificate in left.filter(|_| is_known) {
        let step = Step::RemoveCertificate { port, arn: arn.clone(), certificate: certificate.clone() };
        all.push(Change::new(step, vec![drift::entry(&path, &Value::Null, &json!(certificate))]));
    }
    all
}

/// No description of a listener shows its attributes: one is sent when it is not what was sent last.
fn of_attributes(seen: &Observed, listener: &Wanted, live: &Listener) -> Option<Change> {
    let before = seen.sent(&format!("listeners[{}].attributes.", listener.port));
    let mut set: BTreeMap<String, String> = listener.attributes.clone();
    set.retain(|key, value| !before.contains(&mark(key, value)));
    for key in before.iter().filter_map(|mark| mark.rsplit_once('@')).map(|(key, _)| key) {
        if !listener.attributes.contains_key(key)
            && let Some(default) = attributes::default_of_listener(key)
        {
            set.insert(key.to_owned(), default.to_owned());
        }
    }
    if set.is_empty() {
        return None;
    }
    let path = |key: &String| format!("listeners[{}].attributes.{key}", listener.port);
    let differing = set.iter().map(|(key, value)| entry(&path(key), &json!(value), &Value::Null)).collect();
    let step = Step::SetListenerAttributes { port: listener.port, arn: live.arn.clone(), set };
    Some(Change { step, drift: differing, is_due_anyway: true })
}

/// How an attribute that cannot be seen stands in `status.applied`.
pub fn mark(key: &str, value: &str) -> String {
    format!("{key}@{}", &sha256(value)[..8])
}
