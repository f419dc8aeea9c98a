//! What is wanted of a listener. Pure.

use super::refs::Refs;
use crate::api::EcsTargetGroup;
use crate::api::load_balancer::{AllowedRoute, Listener, MutualAuthentication as DeclaredMutual};
use crate::api::load_balancing::listed;
use crate::aws::elb::model::{Action, Attributes, FixedResponse, MutualAuthentication};
use crate::engine::Stop;
use crate::engine::refs::full_name;
use crate::kinds::action::{action, shares};
use kube::ResourceExt;
use std::collections::BTreeSet;

/// A listener that is to be there.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    /// Its port, which tells it from others.
    pub port: i32,
    /// AWS's word.
    pub protocol: String,
    /// ARN of the default certificate.
    pub certificate: Option<String>,
    /// ARNs of other certificates.
    pub others: BTreeSet<String>,
    /// Whether certificates are looked for.
    pub discovers: bool,
    /// Policy for TLS.
    pub ssl_policy: Option<String>,
    /// Policy for ALPN.
    pub alpn_policy: Option<Vec<String>>,
    /// What is asked of clients.
    pub mutual_authentication: Option<MutualAuthentication>,
    /// Attributes that are declared.
    pub attributes: Attributes,
    /// What is done with what no rule takes, or why that cannot be said yet.
    pub action: Result<Action, Stop>,
    /// Whether it may only be there while a target group names it, and none does.
    pub is_unclaimed: bool,
    /// The target group that it forwards to because that one names it.
    pub claimed_by: Option<String>,
    /// Target groups that name it too and get nothing.
    pub conflicts: Vec<String>,
    /// Hosts of its rules.
    pub hosts: BTreeSet<String>,
}

impl Wanted {
    /// Whether it has certificates.
    pub fn is_secure(&self) -> bool {
        is_secure(Some(&self.protocol))
    }
}

/// Whether listeners of that protocol have certificates.
pub fn is_secure(protocol: Option<&String>) -> bool {
    matches!(protocol.map(String::as_str), Some("HTTPS" | "TLS"))
}

/// Whose listener it is: what has to be known of the load balancer.
#[derive(Clone, Copy, Debug)]
pub struct Of<'a> {
    /// Namespace of the object.
    pub namespace: &'a str,
    /// Whether it is a Network Load Balancer.
    pub is_network: bool,
    /// Who may use its listeners.
    pub routes: Option<&'a [AllowedRoute]>,
}

/// What is wanted of a declared listener.
pub fn wanted(declared: &Listener, of: Of, refs: &Refs) -> Wanted {
    let certificates = declared.certificates.iter().flatten().map(|it| it.certificate_arn.clone());
    let mut certificates = certificates.collect::<Vec<_>>().into_iter();
    let certificate = certificates.next();
    let default = default_action(declared, of, refs);
    Wanted {
        port: declared.port,
        protocol: declared.protocol.as_str().to_owned(),
        others: certificates.filter(|arn| Some(arn) != certificate.as_ref()).collect(),
        certificate,
        discovers: declared.discover_certificates == Some(true),
        ssl_policy: declared.ssl_policy.clone(),
        alpn_policy: declared.alpn_policy.as_ref().map(|all| all.iter().map(|it| it.as_str().to_owned()).collect()),
        mutual_authentication: declared.mutual_authentication.as_ref().map(mutual_authentication),
        attributes: listed(declared.attributes.as_deref()),
        action: default.action,
        is_unclaimed: default.is_unclaimed,
        claimed_by: default.claimed_by,
        conflicts: default.conflicts,
        hosts: refs.hosts.get(&declared.port).cloned().unwrap_or_default(),
    }
}

fn mutual_authentication(declared: &DeclaredMutual) -> MutualAuthentication {
    MutualAuthentication {
        mode: Some(declared.mode.as_str().to_owned()),
        trust_store_arn: declared.trust_store_arn.clone(),
        ignore_client_certificate_expiry: declared.ignore_client_certificate_expiry,
        advertise_trust_store_ca_names: declared.advertise_trust_store_ca_names.as_ref().map(|it| it.as_str().to_owned()),
    }
}

struct Default {
    action: Result<Action, Stop>,
    is_unclaimed: bool,
    claimed_by: Option<String>,
    conflicts: Vec<String>,
}

fn default_action(declared: &Listener, of: Of, refs: &Refs) -> Default {
    let plain = |action| Default { action, is_unclaimed: false, claimed_by: None, conflicts: Vec::new() };
    match &declared.default_action {
        Some(written) => plain(action(written, of.namespace, &refs.target_groups)),
        None if of.is_network => claimed(declared.port, of, refs),
        None => plain(Ok(not_found())),
    }
}

/// What an Application Load Balancer answers where no rule matches, if nothing else is said.
pub(super) fn not_found() -> Action {
    Action::FixedResponse(FixedResponse {
        status_code: "404".to_owned(),
        content_type: Some("text/plain".to_owned()),
        message_body: None,
    })
}

/// A listener of a Network Load Balancer has no rules: all of it belongs to the oldest target group that names it.
fn claimed(port: i32, of: Of, refs: &Refs) -> Default {
    let (admitted, refused): (Vec<&EcsTargetGroup>, Vec<&EcsTargetGroup>) = refs
        .claims
        .get(&port)
        .into_iter()
        .flatten()
        .partition(|group| admits(of.routes, of.namespace, &group.namespace().unwrap_or_default()));
    let refused = refused.iter().map(|group| format!("{} (allowedRoutes does not list its namespace)", full_name(*group)));
    let conflicts = admitted.iter().skip(1).map(|group| full_name(*group)).chain(refused).collect();
    let Some(holder) = admitted.first() else {
        let message =
            format!("the listener on port {port} is made once an EcsTargetGroup names it: listener.ref and port {port}");
        let action = Err(Stop::waiting("WaitingForTargetGroup", message));
        return Default { action, is_unclaimed: true, claimed_by: None, conflicts };
    };
    let shares = holder.status.as_ref().and_then(|status| shares(status, 1));
    let action = shares.map(|all| Action::forward(all.iter().map(|(arn, weight)| (arn.as_str(), *weight)), None));
    let name = full_name(*holder);
    let action = action.ok_or_else(|| {
        let message = format!("the listener on port {port} waits for EcsTargetGroup {name}, which has no ARN yet");
        Stop::waiting("WaitingForTargetGroup", message)
    });
    Default { action, is_unclaimed: false, claimed_by: Some(name), conflicts }
}

/// Whether objects of a namespace may use the listeners at all. Unset: those of the load balancer's own.
pub fn admits(routes: Option<&[AllowedRoute]>, own: &str, namespace: &str) -> bool {
    let Some(routes) = routes else { return own == namespace };
    let is_listed = |pattern: &String| match pattern.strip_suffix('*') {
        Some(beginning) => namespace.starts_with(beginning),
        None => pattern == namespace,
    };
    routes.iter().any(|route| route.namespaces.iter().any(is_listed))
}
