//! What to say about a load balancer after a pass. Pure.

use super::certificates::chosen;
use super::desired::Present;
use super::listener_difference::mark;
use super::observed::{Observed, State};
use super::plan::Differences;
use super::said::statements;
use super::{Desired, Done, EcsLoadBalancerKind as Kind};
use crate::api::load_balancer::{ListenerStatus, Quota, Quotas};
use crate::api::shared::{Drift, ManagementPolicy};
use crate::api::{EcsLoadBalancer, EcsLoadBalancerStatus as Status};
use crate::aws::elb::LoadBalancerView;
use crate::aws::elb::model::{Action, LoadBalancer};
use crate::domain::owner::Ownership;
use crate::engine::conditions::merge;
use crate::engine::ctx::Site;
use crate::engine::next::Next;
use crate::engine::{Pass, drift};
use jiff::Timestamp;
use std::collections::BTreeSet;

/// What must stand in status before a write to AWS: where it goes.
pub fn promise(before: &Status, site: &Site) -> Status {
    let mut status = before.clone();
    place(&mut status, site);
    status
}

fn place(status: &mut Status, site: &Site) {
    status.connection = Some(site.connection.clone());
    status.account = Some(site.account.clone());
    status.region = Some(site.region.clone());
}

/// The status after a pass.
pub fn status(object: &EcsLoadBalancer, pass: &Pass<Kind>, site: Option<&Site>, now: Timestamp) -> Status {
    if let (Some(said), true) = (&object.status, is_before_the_first_look(pass)) {
        return said.clone();
    }
    let mut status = object.status.clone().unwrap_or_default();
    let generation = object.metadata.generation;
    let shown = shown(pass);
    if let (Some(site), true) = (site, shown.is_some() || !pass.done.is_empty()) {
        place(&mut status, site);
    }
    let present = match &pass.want {
        Some(Desired::Present(want)) => Some(want.as_ref()),
        _ => None,
    };
    match (&pass.seen, shown) {
        (Some(seen), Some(view)) => show(&mut status, seen, view),
        (Some(seen), None) if !is_looked_for(seen) => forget(&mut status),
        _ => {}
    }
    for done in &pass.done {
        learn(&mut status, done, present);
    }
    if let (Some(want), Some(seen)) = (present, &pass.seen) {
        show_claims(&mut status, want, seen);
        if let Some(view) = shown {
            remember_applied(&mut status, want, seen, view, pass);
            status.drift = drift_to_report(want, seen, view);
            // What was somebody else's once is not deleted because managementPolicy says something else later.
            let is_ours = want.owner.judge(&view.tags, want.inherits.as_deref()) == Ownership::Ours;
            status.adopted |= want.management == ManagementPolicy::Adopt && is_ours;
        }
        if pass.end.is_ok() && want.look_at.is_some() {
            status.reconciled_at.clone_from(&want.look_at);
        }
    }
    status.observed_generation = generation;
    let before = std::mem::take(&mut status.conditions);
    status.conditions = merge(&before, &statements(&status, pass, present), generation, now);
    status
}

/// Whether the operator has just started and has not read the load balancer yet. What was said last is then worth more than
/// that nothing is known.
fn is_before_the_first_look(pass: &Pass<Kind>) -> bool {
    let unread = |seen: &Observed| {
        let was_there = seen.memory.load_balancer_arn.is_some() && !seen.memory.conditions.is_empty();
        matches!(seen.state, State::Unknown) && seen.trouble.is_none() && was_there
    };
    matches!(pass.end, Ok(Next::Progressing(_))) && pass.done.is_empty() && pass.seen.as_ref().is_some_and(unread)
}

/// The load balancer that status tells of: one that is ours, observed, or to be adopted. What is not is not shown as ours.
fn shown(pass: &Pass<Kind>) -> Option<&LoadBalancerView> {
    let view = pass.seen.as_ref()?.view()?;
    let (owner, inherits, management) = match pass.want.as_ref()? {
        Desired::Present(want) => (&want.owner, want.inherits.as_deref(), Some(&want.management)),
        Desired::Absent(want) => (&want.owner, want.inherits.as_deref(), None),
    };
    let is_shown = match (owner.judge(&view.tags, inherits), management) {
        (Ownership::Ours, _) | (_, Some(ManagementPolicy::Observe)) => true,
        (Ownership::Nobody, Some(management)) => *management != ManagementPolicy::Full,
        _ => false,
    };
    is_shown.then_some(view)
}

/// Whether AWS may still be about to show it.
fn is_looked_for(seen: &Observed) -> bool {
    matches!(seen.state, State::Unknown | State::Missing { times: 1 })
}

/// It is gone, or is not the one that it was taken for: it is looked for by name from now on.
fn forget(status: &mut Status) {
    *status = Status {
        observed_generation: status.observed_generation,
        conditions: std::mem::take(&mut status.conditions),
        connection: status.connection.take(),
        account: status.account.take(),
        region: status.region.take(),
        applied_hash: status.applied_hash.take(),
        reconciled_at: status.reconciled_at.take(),
        ..Status::default()
    };
}

fn show(status: &mut Status, seen: &Observed, view: &LoadBalancerView) {
    fill(status, &view.load_balancer);
    status.listeners = view
        .listeners
        .iter()
        .map(|it| ListenerStatus {
            port: it.listener.port.unwrap_or_default(),
            protocol: it.listener.protocol.clone().unwrap_or_default(),
            arn: it.listener.arn.clone(),
            rules_used: seen.rules.get(&it.listener.arn).and_then(|rules| i32::try_from(rules.len()).ok()),
            ..ListenerStatus::default()
        })
        .collect();
    status.quotas = quotas(seen, view).or(status.quotas.take());
}

fn fill(status: &mut Status, live: &LoadBalancer) {
    status.load_balancer_arn = Some(live.arn.clone());
    status.name = Some(live.name.clone());
    status.r#type = Some(live.kind.clone());
    status.scheme.clone_from(&live.scheme);
    status.dns_name.clone_from(&live.dns_name);
    status.canonical_hosted_zone_id.clone_from(&live.canonical_hosted_zone_id);
    status.vpc_id.clone_from(&live.vpc_id);
    status.state = Some(live.state.clone());
    status.state_reason.clone_from(&live.state_reason);
}

/// How much of what AWS allows is used; what is not read yet is left out.
fn quotas(seen: &Observed, view: &LoadBalancerView) -> Option<Quotas> {
    let kind = view.load_balancer.kind.as_str();
    let quota =
        |what: &str, used: Option<usize>| Some(Quota { used: i32::try_from(used?).ok()?, limit: seen.limit(what, kind)? });
    let is_read = view.listeners.iter().all(|it| seen.rules.contains_key(&it.listener.arn));
    let rules = || seen.rules.values().flatten().map(|(rule, _)| rule);
    let in_rules = rules().flat_map(|rule| &rule.actions);
    let actions = view.listeners.iter().flat_map(|it| &it.listener.default_actions).chain(in_rules);
    let target_groups: BTreeSet<&str> = actions.flat_map(Action::target_groups).map(|it| it.arn.as_str()).collect();
    let certificates = view.listeners.iter().filter_map(|it| it.certificates.as_ref()).map(Vec::len).sum();
    let quotas = Quotas {
        rules: quota("rules", is_read.then(|| rules().count())),
        target_groups: quota("target-groups", is_read.then_some(target_groups.len())),
        listeners: quota("listeners", Some(view.listeners.len())),
        certificates: quota("certificates", Some(certificates)),
    };
    (quotas != Quotas::default()).then_some(quotas)
}

fn learn(status: &mut Status, done: &Done, want: Option<&Present>) {
    match done {
        Done::Created(live) => {
            // Nothing of what was sent to an older one is in this one.
            forget(status);
            fill(status, live);
            status.applied_hash = None;
        }
        Done::ListenerCreated { port, arn, protocol } => {
            forget_listener(status, *port);
            let made = ListenerStatus { port: *port, protocol: protocol.clone(), arn: arn.clone(), ..ListenerStatus::default() };
            status.listeners.push(made);
            status.listeners.sort_by_key(|it| it.port);
        }
        Done::ListenerDeleted { port } => forget_listener(status, *port),
        Done::Attributes { port: None, set } => {
            let declared = |key: &str| want.is_some_and(|want| want.attributes.contains_key(key));
            for key in set.keys() {
                put(status, &format!("attributes.{key}"), declared(key));
            }
        }
        Done::Attributes { port: Some(port), set } => {
            let listeners = want.and_then(|want| want.listeners.as_ref()).into_iter().flatten();
            let declared = listeners.filter(|it| it.port == *port).flat_map(|it| it.attributes.keys()).collect::<BTreeSet<_>>();
            for (key, value) in set {
                let path = format!("listeners[{port}].attributes.{key}");
                status.applied.retain(|sent| !sent.starts_with(&format!("{path}@")));
                let sent = format!("listeners[{port}].attributes.{}", mark(key, value));
                put(status, &sent, declared.contains(key));
            }
        }
        Done::Certified { port, certificate } => put(status, &format!("listeners[{port}].certificates.{certificate}"), true),
        Done::Changed | Done::Deleted => {}
    }
}

/// Puts a path into the list of what was sent, or takes it out.
fn put(status: &mut Status, path: &str, is_declared: bool) {
    status.applied.retain(|sent| sent != path);
    if is_declared {
        status.applied.push(path.to_owned());
        status.applied.sort();
    }
}

fn forget_listener(status: &mut Status, port: i32) {
    status.listeners.retain(|it| it.port != port);
    status.applied.retain(|path| !path.starts_with(&format!("listeners[{port}]")));
}

/// Who has the listeners of a Network Load Balancer, and which hosts have no certificate.
fn show_claims(status: &mut Status, want: &Present, seen: &Observed) {
    for listener in want.listeners.iter().flatten() {
        let Some(shown) = status.listeners.iter_mut().find(|it| it.port == listener.port) else { continue };
        shown.claimed_by.clone_from(&listener.claimed_by);
        shown.conflicts.clone_from(&listener.conflicts);
        shown.uncovered_hosts = chosen(listener, seen).uncovered.into_iter().collect();
    }
}

/// Once nothing differs any more, the declaration is what is in force, as far as it can be.
fn remember_applied(status: &mut Status, want: &Present, seen: &Observed, view: &LoadBalancerView, pass: &Pass<Kind>) {
    let is_ours = want.owner.judge(&view.tags, want.inherits.as_deref()) == Ownership::Ours;
    let is_settled = matches!(pass.end, Ok(Next::Settled));
    let is_reported = want.only_report && seen.is_in_force(want);
    let differs = || !is_reported && Differences::of(want, seen, view).all().next().is_some();
    let is_hindered = pass.done.is_empty() && pass.end.is_err();
    if want.management == ManagementPolicy::Observe || !is_ours || !(is_settled || is_hindered) || differs() {
        return;
    }
    let unread = view.attributes.is_none() && !want.attributes.is_empty();
    if !unread {
        status.applied_hash = Some(want.hash.clone());
    }
    status.applied = applied(want, seen, view);
}

/// The paths of what is declared, as they stand in `status.applied` once it is in force.
fn applied(want: &Present, seen: &Observed, view: &LoadBalancerView) -> Vec<String> {
    let mut all = Vec::new();
    let mut declared = |path: &str, is_declared: bool| {
        if is_declared {
            all.push(path.to_owned());
        }
    };
    declared("ipAddressType", want.new.ip_address_type.is_some());
    declared("enablePrefixForIpv6SourceNat", want.new.enable_prefix_for_ipv6_source_nat.is_some());
    all.extend(want.attributes.keys().map(|key| format!("attributes.{key}")));
    all.extend(want.tags.keys().map(|key| format!("tags.{key}")));
    for listener in want.listeners.iter().flatten() {
        let place = format!("listeners[{}]", listener.port);
        if !view.listeners.iter().any(|it| it.listener.port == Some(listener.port)) {
            continue;
        }
        let members = [
            ("sslPolicy", listener.ssl_policy.is_some()),
            ("alpnPolicy", listener.alpn_policy.is_some()),
            ("mutualAuthentication", listener.mutual_authentication.is_some()),
        ];
        all.extend(members.into_iter().filter(|(_, is_declared)| *is_declared).map(|(name, _)| format!("{place}.{name}")));
        all.extend(listener.attributes.iter().map(|(key, value)| format!("{place}.attributes.{}", mark(key, value))));
        let known = seen.sent(&format!("{place}.certificates."));
        let chosen = chosen(listener, seen);
        let wanted = chosen.others.iter().chain(known.iter().filter(|_| listener.discovers && chosen.others.is_empty()));
        let certificates: BTreeSet<&String> = wanted.collect();
        all.extend(certificates.into_iter().map(|arn| format!("{place}.certificates.{arn}")));
    }
    all.sort();
    all.dedup();
    all
}

/// Differences that are left as they are: told, not mended.
fn drift_to_report(want: &Present, seen: &Observed, view: &LoadBalancerView) -> Vec<Drift> {
    let is_ours = want.owner.judge(&view.tags, want.inherits.as_deref()) == Ownership::Ours;
    let is_left = want.management == ManagementPolicy::Observe || !is_ours;
    let is_reported = (want.only_report || want.paused) && seen.is_in_force(want);
    if !is_left && !is_reported {
        return Vec::new();
    }
    let differing = Differences::of(want, seen, view);
    let mut all: Vec<Drift> = if is_left {
        let tags = want.tags.iter().filter(|(key, value)| view.tags.get(*key) != Some(value));
        let shown = |value: &String| serde_json::Value::from(value.as_str());
        let tags = tags.map(|(key, value)| {
            drift::entry(&format!("tags.{key}"), &shown(value), &view.tags.get(key).map(shown).unwrap_or_default())
        });
        differing.to_adopt().flat_map(|change| change.drift.clone()).chain(tags).collect()
    } else {
        differing.all().flat_map(|change| change.drift.clone()).collect()
    };
    all.dedup();
    all
}
