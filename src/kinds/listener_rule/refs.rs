//! What other objects contribute to a rule: where its listener is, what it forwards to, who else stands on that listener and
//! who may, and the service that it belongs to.

use super::parts::{Conditions, meaning, whole};
use super::priority::Band;
use crate::api::load_balancer::{AllowedRoute, DEFAULT_PRIORITY_FROM, DEFAULT_PRIORITY_TO};
use crate::api::load_balancing::Forward;
use crate::api::{EcsListenerRule, EcsLoadBalancer, EcsService, EcsTargetGroup};
use crate::domain::ServiceKey;
use crate::engine::Stop;
use crate::engine::cache::Key;
use crate::engine::references::{NOT_GRANTED, TargetGroups};
use crate::engine::refs::{Caches, full_name, stands_before};
use crate::kinds::listener::{Place, place};
use crate::kinds::service::exposure::child_name;
use crate::kinds::service::key_of;
use kube::ResourceExt;
use std::collections::{BTreeMap, BTreeSet};

/// What other objects contribute.
#[derive(Clone, Debug, PartialEq)]
pub struct Refs {
    /// Where the listener is.
    pub place: Result<Place, Stop>,
    /// ARN of the listener, where it is known without a look at AWS. Without it nobody else is known here either.
    pub listener: Option<String>,
    /// The target groups that are referred to.
    pub target_groups: TargetGroups,
    /// The other rules of the listener.
    pub neighbours: Vec<Neighbour>,
    /// What each load balancer of ours that has the listener says about who may use it.
    pub routes: Vec<Routes>,
    /// The service that it belongs to.
    pub service: Option<OwnService>,
    /// Whether ECS shifts traffic between its target groups.
    pub is_swung: bool,
}

/// Another rule of the listener.
#[derive(Clone, Debug, PartialEq)]
pub struct Neighbour {
    /// Namespace and name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// Whether it is older.
    pub is_older: bool,
    /// Whether it claims nothing any more: it is being deleted, or was refused.
    pub is_out: bool,
    /// Whether it asks for its priority.
    pub is_explicit: bool,
    /// What its match means.
    pub whole: Conditions,
    /// The hosts that it claims, in lower case.
    pub hosts: BTreeSet<String>,
    /// Priorities that it has or is about to have.
    pub priorities: BTreeSet<i32>,
}

/// Who may put rules on a load balancer.
#[derive(Clone, Debug, PartialEq)]
pub struct Routes {
    /// Namespace and name of the load balancer.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// The entries. `None`: its own namespace, any host.
    pub allowed: Option<Vec<AllowedRoute>>,
    /// Priorities for those who ask for none.
    pub band: Band,
    /// Hosts of the listener that no certificate covers, as far as certificates are looked for.
    pub uncovered: BTreeSet<String>,
}

/// The service that a rule belongs to.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnService {
    /// Namespace and name.
    pub name: String,
    /// Where it stands in ECS.
    pub key: ServiceKey,
    /// Whether it is being deleted.
    pub is_going: bool,
    /// Whether one of its entries stands for the rule.
    pub exposes: bool,
    /// Whether anything was ever sent to ECS for it.
    pub was_sent: bool,
}

/// What the caches hold about a rule. No I/O.
pub fn refs(object: &EcsListenerRule, caches: &Caches) -> Refs {
    let namespace = object.namespace().unwrap_or_default();
    let place = place(&object.spec.listener, &namespace, caches);
    let listener = match &place {
        Ok(Place::Arn(arn)) => Some(arn.clone()),
        Ok(Place::Tagged { .. }) => object.status.as_ref().and_then(|status| status.listener_arn.clone()),
        Err(_) => None,
    };
    let mut refs = Refs {
        place,
        target_groups: target_groups(object, caches),
        neighbours: Vec::new(),
        routes: Vec::new(),
        service: own_service(object, caches),
        is_swung: is_swung(object, caches),
        listener,
    };
    let Some(arn) = &refs.listener else { return refs };
    let mut neighbours = BTreeMap::new();
    caches.listener_rules.each(&Key::Listener(arn.clone()), |other| add(&mut neighbours, other, object));
    let mut routes = BTreeMap::new();
    caches.load_balancers.each(&Key::Listener(arn.clone()), |found| {
        routes.insert(full_name(found), routes_of(found, arn));
        // Those that name it by its object have no ARN to be found by before they were looked at.
        let key = Key::LoadBalancer(found.namespace().unwrap_or_default(), found.name_any());
        let port = found.status.iter().flat_map(|status| &status.listeners).find(|it| it.arn == *arn).map(|it| it.port);
        caches.listener_rules.each(&key, |other| {
            if other.spec.listener.port == port {
                add(&mut neighbours, other, object);
            }
        });
    });
    refs.neighbours = neighbours.into_values().collect();
    refs.routes = routes.into_values().collect();
    refs
}

fn add(all: &mut BTreeMap<String, Neighbour>, other: &EcsListenerRule, this: &EcsListenerRule) {
    if other.metadata.uid != this.metadata.uid {
        all.insert(full_name(other), neighbour(other, this));
    }
}

fn neighbour(other: &EcsListenerRule, this: &EcsListenerRule) -> Neighbour {
    Neighbour {
        name: full_name(other),
        namespace: other.namespace().unwrap_or_default(),
        is_older: stands_before(other, this),
        is_out: other.metadata.deletion_timestamp.is_some() || was_refused(other),
        is_explicit: other.spec.priority.is_some(),
        whole: meaning(&whole(&other.spec.r#match)),
        hosts: other.spec.r#match.hosts.iter().flatten().map(|host| host.to_lowercase()).collect(),
        priorities: other.status.iter().flat_map(|status| &status.rules).map(|part| part.priority).collect(),
    }
}

/// Whether what it declares now was looked at and may not stand on the listener.
fn was_refused(other: &EcsListenerRule) -> bool {
    let Some(status) = &other.status else { return false };
    let refused = status.conditions.iter().any(|one| one.type_ == "Accepted" && one.status == "False");
    // Or whoever may create a rule could keep a host from those who were granted it.
    let is_granted =
        !status.conditions.iter().any(|one| one.type_ == "Ready" && ["NotGranted", NOT_GRANTED].contains(&one.reason.as_str()));
    (refused || (!is_granted && status.rules.is_empty())) && status.observed_generation == other.metadata.generation
}

fn routes_of(found: &EcsLoadBalancer, listener: &str) -> Routes {
    let of_it = found.status.iter().flat_map(|status| &status.listeners).filter(|it| it.arn == listener);
    let band = found.spec.priority_band.as_ref();
    Routes {
        name: full_name(found),
        namespace: found.namespace().unwrap_or_default(),
        allowed: found.spec.allowed_routes.clone(),
        uncovered: of_it.flat_map(|it| &it.uncovered_hosts).map(|host| host.to_lowercase()).collect(),
        band: Band {
            from: band.map_or(DEFAULT_PRIORITY_FROM, |band| band.from),
            to: band.map_or(DEFAULT_PRIORITY_TO, |band| band.to),
        },
    }
}

/// Namespace and name of the target groups that an object of `namespace` refers to.
pub fn referred<'a>(forward: &'a [Forward], namespace: &'a str) -> impl Iterator<Item = (String, String)> + 'a {
    let named = forward.iter().filter_map(|it| it.target_group_ref.as_ref());
    named.map(move |it| (it.namespace.clone().unwrap_or_else(|| namespace.to_owned()), it.name.clone()))
}

fn target_groups(object: &EcsListenerRule, caches: &Caches) -> TargetGroups {
    let named = object.spec.action.forward.iter().flatten().filter_map(|it| it.target_group_ref.as_ref());
    caches.target_groups_of(&object.namespace().unwrap_or_default(), named)
}

fn own_service(object: &EcsListenerRule, caches: &Caches) -> Option<OwnService> {
    let owner = object.owner_references().iter().find(|owner| owner.controller == Some(true) && owner.kind == "EcsService")?;
    let service = caches.services.get(&object.namespace().unwrap_or_default(), &owner.name)?;
    if service.metadata.uid.as_deref() != Some(owner.uid.as_str()) {
        return None;
    }
    let stands_for_it = |name: &str| child_name(&service, name) == object.name_any();
    Some(OwnService {
        name: full_name(&service),
        key: key_of(&service),
        is_going: service.metadata.deletion_timestamp.is_some(),
        exposes: service.spec.expose.iter().flatten().any(|it| it.target_group.is_none() && stands_for_it(&it.name)),
        was_sent: service.status.as_ref().is_some_and(|status| status.account.is_some()),
    })
}

/// ECS swings the weights of a rule that a service with such a strategy names or forwards through.
fn is_swung(object: &EcsListenerRule, caches: &Caches) -> bool {
    let mut is_swung = false;
    let mut look = |service: &EcsService| {
        let strategy = service.spec.deployment_configuration.as_ref().and_then(|it| it.strategy.as_ref());
        is_swung |= strategy.is_some_and(|strategy| strategy.as_str() != "ROLLING");
    };
    for part in object.status.iter().flat_map(|status| &status.rules) {
        if let Some(arn) = &part.arn {
            caches.services.each(&Key::Rule(arn.clone()), &mut look);
        }
    }
    let namespace = object.namespace().unwrap_or_default();
    for (namespace, name) in referred(object.spec.action.forward.as_deref().unwrap_or_default(), &namespace) {
        caches.services.each(&Key::TargetGroup(namespace.clone(), name.clone()), |service| {
            if caches.may_refer::<EcsTargetGroup>(&service.namespace().unwrap_or_default(), &namespace, &name) {
                look(service);
            }
        });
    }
    for owner in object.owner_references().iter().filter(|owner| owner.kind == "EcsService") {
        if let Some(service) = caches.services.get(&namespace, &owner.name) {
            look(&service);
        }
    }
    is_swung
}
