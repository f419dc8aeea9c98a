//! What other objects contribute to a load balancer: who forwards through its listeners, and for which hosts.

use crate::api::load_balancing::ListenerReference;
use crate::api::shared::Reference;
use crate::api::{EcsListenerRule, EcsLoadBalancer, EcsTargetGroup};
use crate::engine::cache::Key;
use crate::engine::references::TargetGroups;
use crate::engine::refs::{Caches, full_name, stands_before};
use kube::{Resource, ResourceExt};
use std::collections::{BTreeMap, BTreeSet};

/// What other objects contribute.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Refs {
    /// The target groups that its listeners refer to.
    pub target_groups: TargetGroups,
    /// The target groups that name a listener, by port, the oldest first.
    pub claims: BTreeMap<i32, Vec<EcsTargetGroup>>,
    /// The hosts of rules, by port.
    pub hosts: BTreeMap<i32, BTreeSet<String>>,
    /// Those that still name it, for people.
    pub users: Vec<String>,
}

/// What other objects contribute to a load balancer. No I/O.
pub fn refs(object: &EcsLoadBalancer, caches: &Caches) -> Refs {
    let target_groups = caches.target_groups_of(&object.namespace().unwrap_or_default(), referred(object));
    let mut refs = Refs { target_groups, ..Refs::default() };
    let mut users = BTreeSet::new();
    for key in names_of(object) {
        caches.target_groups.each(&key, |found| {
            if caches.mismatch(object, Some(found)).is_none() {
                take_claim(&mut refs, &mut users, object, found);
            }
        });
        caches.listener_rules.each(&key, |found| take_rule(&mut refs, &mut users, object, found));
        caches.services.each(&key, |found| take_user(&mut users, "EcsService", found));
    }
    for claims in refs.claims.values_mut() {
        claims
            .sort_by(|one, other| if stands_before(one, other) { std::cmp::Ordering::Less } else { std::cmp::Ordering::Greater });
        claims.dedup_by(|one, other| one.metadata.uid == other.metadata.uid);
    }
    refs.users = users.into_iter().collect();
    refs
}

/// The target groups to which its listeners forward what no rule takes, as they are named.
pub fn referred(object: &EcsLoadBalancer) -> impl Iterator<Item = &Reference> {
    let actions = object.spec.listeners.iter().flatten().filter_map(|listener| listener.default_action.as_ref());
    actions.flat_map(|action| action.forward.iter().flatten()).filter_map(|entry| entry.target_group_ref.as_ref())
}

/// Under what it, or a listener of it, is named by others.
fn names_of(object: &EcsLoadBalancer) -> Vec<Key> {
    let itself = Key::LoadBalancer(object.namespace().unwrap_or_default(), object.name_any());
    let listeners = object.status.iter().flat_map(|status| &status.listeners);
    std::iter::once(itself).chain(listeners.map(|listener| Key::Listener(listener.arn.clone()))).collect()
}

/// One that is being deleted holds nothing up: it may be waiting for this load balancer in turn.
fn take_user<K: Resource<DynamicType = ()>>(users: &mut BTreeSet<String>, kind: &str, found: &K) {
    if found.meta().deletion_timestamp.is_none() {
        users.insert(format!("{kind} {}", full_name(found)));
    }
}

fn take_claim(refs: &mut Refs, users: &mut BTreeSet<String>, object: &EcsLoadBalancer, found: &EcsTargetGroup) {
    let port = found.spec.listener.as_ref().and_then(|reference| port_of(reference, object));
    let Some(port) = port else { return };
    take_user(users, "EcsTargetGroup", found);
    if found.metadata.deletion_timestamp.is_none() {
        refs.claims.entry(port).or_default().push(found.clone());
    }
}

fn take_rule(refs: &mut Refs, users: &mut BTreeSet<String>, object: &EcsLoadBalancer, found: &EcsListenerRule) {
    take_user(users, "EcsListenerRule", found);
    let conditions = found.status.iter().flat_map(|status| &status.conditions);
    let is_refused = conditions.clone().any(|one| one.type_ == "Accepted" && one.status == "False");
    let port = port_of(&found.spec.listener, object).filter(|_| !is_refused && found.metadata.deletion_timestamp.is_none());
    if let Some(port) = port {
        refs.hosts.entry(port).or_default().extend(found.spec.r#match.hosts.iter().flatten().map(|it| it.to_lowercase()));
    }
}

/// The port of a listener of this load balancer that is named, whichever way.
fn port_of(reference: &ListenerReference, object: &EcsLoadBalancer) -> Option<i32> {
    if reference.r#ref.is_some() {
        return reference.port;
    }
    let arn = reference.arn.as_ref()?;
    let mut listeners = object.status.iter().flat_map(|status| &status.listeners);
    listeners.find(|listener| listener.arn == *arn).map(|listener| listener.port)
}
