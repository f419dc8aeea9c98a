//! What is wanted of a load balancer, or why that cannot be said. Pure.

use super::Desired;
use super::listener::{Of, Wanted, wanted};
use super::refs::Refs;
use crate::api::load_balancer::{LoadBalancerType, SubnetMapping as DeclaredMapping};
use crate::api::load_balancing::DELETION_PROTECTION;
use crate::api::shared::{Adoption, DeletionPolicy, DriftPolicy, ManagementPolicy, annotation};
use crate::api::{EcsLoadBalancer, EcsLoadBalancerSpec};
use crate::aws::elb::LoadBalancerKey;
use crate::aws::elb::model::{Attributes, NewLoadBalancer, SubnetMapping, Tags};
use crate::domain::json::{sha256, text};
use crate::domain::owner::Owner;
use crate::engine::Stop;
use crate::engine::ctx::Site;
use crate::kinds::action::shown;
use crate::kinds::names;
use kube::ResourceExt;
use serde_json::{Value, json};

/// Members of the spec that say nothing about AWS's load balancer.
const OURS: [&str; 11] = [
    "connectionRef",
    "allowedRoutes",
    "priorityBand",
    "loadBalancerArn",
    "selector",
    "managementPolicy",
    "adoption",
    "takeOverFrom",
    "deletionPolicy",
    "driftPolicy",
    "name",
];

/// A load balancer that is to be there.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a wish of its own")]
pub struct Present {
    /// How it is looked for.
    pub key: LoadBalancerKey,
    /// Whether its name was declared, so that somebody else may have one of that name.
    pub is_named: bool,
    /// Whose it is.
    pub owner: Owner,
    /// An installation whose load balancers are ours too.
    pub inherits: Option<String>,
    /// What is declared of it, without tags.
    pub new: NewLoadBalancer,
    /// Attributes that are declared.
    pub attributes: Attributes,
    /// Tags of the declaration.
    pub tags: Tags,
    /// Its listeners. `None`: those that are there are left alone.
    pub listeners: Option<Vec<Wanted>>,
    /// Hash of all that is declared, references resolved.
    pub hash: String,
    /// How much is managed.
    pub management: ManagementPolicy,
    /// Whether an existing one that differs is overwritten on adoption.
    pub overwrite: bool,
    /// Whether a difference that somebody else made is only reported.
    pub only_report: bool,
    /// Whether nothing may be written.
    pub paused: bool,
    /// The value of the annotation that asks to look at AWS now.
    pub look_at: Option<String>,
}

impl Present {
    /// AWS's word for its type, as declared or as AWS takes it.
    pub fn kind(&self) -> &str {
        self.new.kind.as_deref().unwrap_or("application")
    }
}

/// A load balancer whose object is being deleted.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a wish of its own")]
pub struct Absent {
    /// How it is looked for.
    pub key: LoadBalancerKey,
    /// Whose it was.
    pub owner: Owner,
    /// An installation whose load balancers are ours too.
    pub inherits: Option<String>,
    /// Whether AWS's load balancer stays.
    pub keep: bool,
    /// Whether it goes even if rules and listeners of others go with it.
    pub with_foreign: bool,
    /// Whether deletion protection was turned on by the declaration.
    pub is_protected_by_us: bool,
    /// Whether nothing was ever written and nothing will be.
    pub only_observed: bool,
    /// Whether nothing may be written.
    pub paused: bool,
    /// Objects that still name it.
    pub users: Vec<String>,
}

/// What is wanted.
///
/// # Errors
/// [`Stop::Invalid`] with what to change.
pub fn desired(object: &EcsLoadBalancer, refs: &Refs, site: &Site) -> Result<Desired, Stop> {
    let spec = &object.spec;
    let owner = owner_of(object, site);
    let management = spec.management_policy.clone().unwrap_or(ManagementPolicy::Full);
    let paused = object.annotations().get(annotation::PAUSED).is_some_and(|value| value == "true");
    let name = name_of(object, &owner, &management);
    let key = key_of(object, &management, &name);
    let attributes = spec.declared_attributes();
    if object.metadata.deletion_timestamp.is_some() {
        let is_adopted = management == ManagementPolicy::Adopt || object.status.as_ref().is_some_and(|status| status.adopted);
        return Ok(Desired::Absent(Absent {
            key,
            owner,
            inherits: spec.take_over_from.clone(),
            keep: spec.deletion_policy.clone().map_or(is_adopted, |policy| policy == DeletionPolicy::Retain),
            with_foreign: spec.deletion_policy == Some(DeletionPolicy::Delete),
            is_protected_by_us: attributes.get(DELETION_PROTECTION).is_some_and(|value| value == "true"),
            only_observed: management == ManagementPolicy::Observe,
            paused,
            users: refs.users.clone(),
        }));
    }
    let listeners = listeners(object, refs);
    let tags: Tags = spec.tags.iter().flatten().map(|tag| (tag.key.clone(), tag.value.clone().unwrap_or_default())).collect();
    Ok(Desired::Present(Box::new(Present {
        key,
        is_named: spec.name.is_some(),
        owner,
        inherits: spec.take_over_from.clone(),
        hash: hash(spec, listeners.as_deref())?,
        new: new(spec, name),
        attributes,
        tags,
        listeners,
        overwrite: spec.adoption == Some(Adoption::Overwrite),
        only_report: spec.drift_policy == Some(DriftPolicy::Report),
        management,
        paused,
        look_at: object.annotations().get(annotation::RECONCILE_AT).cloned(),
    })))
}

fn owner_of(object: &EcsLoadBalancer, site: &Site) -> Owner {
    Owner {
        installation: site.installation.clone(),
        kind: "EcsLoadBalancer".to_owned(),
        namespace: object.namespace().unwrap_or_default(),
        name: object.name_any(),
        uid: object.uid().unwrap_or_default(),
    }
}

/// Declared; or made of what tells this object from all others and of what cannot be changed, so that one that is made anew
/// with another scheme does not stumble over the old one. What exists already has the object's own name.
fn name_of(object: &EcsLoadBalancer, owner: &Owner, management: &ManagementPolicy) -> String {
    if let Some(declared) = &object.spec.name {
        return declared.clone();
    }
    if *management != ManagementPolicy::Full {
        return object.name_any();
    }
    let scheme = object.spec.scheme.as_ref().map_or("internet-facing", |it| it.as_str());
    let kind = object.spec.r#type.as_ref().map_or("application", |it| it.as_str());
    let identity = [&owner.installation, &owner.namespace, &owner.name, scheme, kind].join("/");
    names::made_of(&owner.namespace, &owner.name, &identity)
}

fn key_of(object: &EcsLoadBalancer, management: &ManagementPolicy, name: &str) -> LoadBalancerKey {
    let spec = &object.spec;
    if *management == ManagementPolicy::Observe {
        if let Some(arn) = &spec.load_balancer_arn {
            return LoadBalancerKey::Arn(arn.clone());
        }
        if let Some(selector) = &spec.selector {
            let tags = selector.tags.iter().map(|tag| (tag.key.clone(), tag.value.clone().unwrap_or_default()));
            return LoadBalancerKey::Tags(tags.collect());
        }
        return LoadBalancerKey::Name(name.to_owned());
    }
    let known = object.status.as_ref().and_then(|status| status.load_balancer_arn.clone());
    known.map_or_else(|| LoadBalancerKey::Name(name.to_owned()), LoadBalancerKey::Arn)
}

fn listeners(object: &EcsLoadBalancer, refs: &Refs) -> Option<Vec<Wanted>> {
    let spec = &object.spec;
    let seen = object.status.as_ref().and_then(|status| status.r#type.as_deref());
    let declared = spec.r#type.as_ref().map(LoadBalancerType::as_str);
    let namespace = object.namespace().unwrap_or_default();
    let of =
        Of { namespace: &namespace, is_network: declared.or(seen) == Some("network"), routes: spec.allowed_routes.as_deref() };
    spec.listeners.as_ref().map(|all| all.iter().map(|declared| wanted(declared, of, refs)).collect())
}

fn new(spec: &EcsLoadBalancerSpec, name: String) -> NewLoadBalancer {
    NewLoadBalancer {
        name,
        kind: spec.r#type.as_ref().map(|it| it.as_str().to_owned()),
        scheme: spec.scheme.as_ref().map(|it| it.as_str().to_owned()),
        subnets: spec.subnets.iter().flatten().cloned().collect(),
        subnet_mappings: spec.subnet_mappings.iter().flatten().map(mapping).collect(),
        security_groups: spec.security_groups.clone().unwrap_or_default(),
        ip_address_type: spec.ip_address_type.as_ref().map(|it| it.as_str().to_owned()),
        customer_owned_ipv4_pool: spec.customer_owned_ipv4_pool.clone(),
        ipv4_ipam_pool_id: spec.ipam_pools.as_ref().map(|pools| pools.ipv4_ipam_pool_id.clone()),
        enable_prefix_for_ipv6_source_nat: spec.enable_prefix_for_ipv6_source_nat.as_ref().map(|it| it.as_str().to_owned()),
        tags: Tags::new(),
    }
}

fn mapping(declared: &DeclaredMapping) -> SubnetMapping {
    SubnetMapping {
        subnet_id: declared.subnet_id.clone(),
        allocation_id: declared.allocation_id.clone(),
        private_ipv4_address: declared.private_ipv4_address.clone(),
        ipv6_address: declared.ipv6_address.clone(),
        source_nat_ipv6_prefix: declared.source_nat_ipv6_prefix.clone(),
    }
}

/// What a reference stands for counts beside what is written: another target group behind it is no drift.
fn hash(spec: &EcsLoadBalancerSpec, listeners: Option<&[Wanted]>) -> Result<String, Stop> {
    let mut declared = serde_json::to_value(spec)
        .map_err(|error| Stop::invalid("InvalidSpec", format!("the spec cannot be written as JSON: {error}")))?;
    if let Some(members) = declared.as_object_mut() {
        members.retain(|key, _| !OURS.contains(&key.as_str()));
    }
    let actions = listeners.into_iter().flatten().map(|it| {
        let action = it.action.as_ref().map_or(Value::Null, |action| json!(shown(action)));
        json!([it.port, action])
    });
    Ok(sha256(&format!("{}{}", text(&declared), text(&actions.collect()))))
}
