//! What the operator made itself, and therefore answers for: no policy has to list the target groups, listeners and revisions
//! that stand for objects of the namespace.
//!
//! An object of another namespace stands for it just so while its namespace grants the reference, which is asked at each call.
//!
//! What an object only observes was made by somebody else and is not vouched for. Neither is what does not carry our tags in
//! AWS: an object may name in its status what it observed before, or is still to adopt. Until the tags were read it is looked
//! at again; it is not believed.

use crate::api::namespace_policy::GuardMode;
use crate::api::shared::ManagementPolicy;
use crate::api::{EcsListenerRule, EcsLoadBalancer, EcsService, EcsTargetGroup, EcsTaskDefinition};
use crate::aws::RegisterTaskDefinitionInput;
use crate::aws::codec;
use crate::aws::elb::model::Tags;
use crate::aws::elb::{LoadBalancerKey, TargetGroupKey};
use crate::aws::guard::asks::NamedLoadBalancer;
use crate::aws::guard::{Slot, Vouched};
use crate::domain::owner::owner_of;
use crate::domain::{ObjectKey, Revision};
use crate::engine::Stop;
use crate::engine::cache::Key;
use crate::engine::ctx::Ctx;
use crate::engine::references::{TargetGroups, shown_in};
use crate::kinds::service::exposure::child_name;
use crate::kinds::task_definition::family_of;
use kube::{Resource, ResourceExt};
use serde_json::{Value, json};

/// A family that carries the name of its object.
pub fn own_family(object: &EcsTaskDefinition) -> Vouched {
    let own = Some(family_of(object)).filter(|family| *family == object.name_any());
    Vouched { own_family: own, ..Vouched::default() }
}

/// What a service's call may name because objects of its namespace, or such as it may refer to, stand for it.
pub fn of_service(object: &EcsService, ctx: &Ctx) -> Vouched {
    let namespace = object.namespace().unwrap_or_default();
    let mut vouched = Vouched::default();
    for entry in object.spec.expose.iter().flatten() {
        let found = match &entry.target_group {
            None => ctx.caches.target_groups.get(&namespace, &child_name(object, &entry.name)),
            Some(target) => target.r#ref.as_ref().and_then(|reference| ctx.caches.referred(&namespace, reference).ok().flatten()),
        };
        add(&mut vouched, found.as_ref(), ctx);
    }
    if object.spec.task_definition.is_none() {
        vouched.values.extend(task_definition(object, &namespace, ctx).map(|arn| (Slot::Families, arn)));
    }
    vouched
}

/// Whether all that a deployment takes from other objects is granted now: what the service refers to, and what its
/// `EcsTaskDefinition` declares, by the policy of the namespace that this is in. What was granted once and no longer is starts
/// no new deployment, by way of an older revision neither.
///
/// # Errors
/// [`Stop::Invalid`] with what is not granted.
pub fn deployment_is_granted(object: &EcsService, ctx: &Ctx) -> Result<(), Stop> {
    let namespace = object.namespace().unwrap_or_default();
    for reference in object.spec.expose.iter().flatten().filter_map(|it| it.target_group.as_ref()?.r#ref.as_ref()) {
        ctx.caches.referred::<EcsTargetGroup>(&namespace, reference)?;
    }
    if object.spec.task_definition.is_some() {
        return Ok(());
    }
    let Some(found) = runs(object, &namespace, ctx)? else { return Ok(()) };
    let guard = ctx.guard(&found.namespace().unwrap_or_default());
    if guard.mode() != GuardMode::Enforce {
        return Ok(());
    }
    // What cannot be gone through is not believed to be harmless.
    let Some(input) = declared(&found, &family_of(&found)) else {
        let name = shown_in(&found, &namespace);
        let message = format!("EcsTaskDefinition {name} cannot be read as a task definition; correct it first");
        return Err(Stop::invalid("NotGranted", message));
    };
    match guard.vouching(own_family(&found)).refused(&input).into_iter().next() {
        None => Ok(()),
        Some(refused) => {
            let name = shown_in(&found, &namespace);
            Err(Stop::invalid(refused.reason(), format!("EcsTaskDefinition {name}, by the policy of its namespace: {refused}")))
        }
    }
}

/// The `EcsTaskDefinition` that a service runs.
fn runs(object: &EcsService, namespace: &str, ctx: &Ctx) -> Result<Option<EcsTaskDefinition>, Stop> {
    match &object.spec.task_definition_ref {
        Some(reference) => ctx.caches.referred(namespace, reference),
        None => Ok(ctx.caches.task_definitions.get(namespace, &object.name_any())),
    }
}

/// The revision that stands for it.
fn task_definition(object: &EcsService, namespace: &str, ctx: &Ctx) -> Option<String> {
    let found = runs(object, namespace, ctx).ok().flatten()?;
    if found.spec.management_policy == Some(ManagementPolicy::Observe) {
        return None;
    }
    let arn = found.status.as_ref()?.task_definition_arn.clone()?;
    let family = family_of(&found);
    arn.parse::<Revision>().is_ok_and(|revision| revision.family == family).then_some(arn)
}

fn declared(object: &EcsTaskDefinition, family: &str) -> Option<RegisterTaskDefinitionInput> {
    let mut input: Value = serde_json::to_value(&object.spec.task_definition).ok()?;
    input["family"] = json!(family);
    input.as_object_mut()?.remove("tags");
    codec::to_input(&input).ok()
}

/// What is known of whose something is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Proof {
    /// It is somebody else's, and nobody here may speak for it.
    No,
    /// Nobody has seen yet whose it is.
    Unproven,
    /// It carries our tags, or a policy lets an object speak for it.
    Ours,
}

/// Whether the tags are those of an object, and of no other of its namespace: what is granted may be one of them only.
fn by_tags<K: Resource<DynamicType = ()>>(tags: Option<&Tags>, object: &K, ctx: &Ctx) -> Proof {
    let owner = tags.and_then(|tags| owner_of(tags, &ctx.installation, &K::kind(&())));
    let this = ObjectKey { namespace: object.namespace().unwrap_or_default(), name: object.name_any() };
    if owner == Some(this) { Proof::Ours } else { Proof::Unproven }
}

/// The target group that an object stands for, and those that it replaces.
fn add(vouched: &mut Vouched, found: Option<&EcsTargetGroup>, ctx: &Ctx) {
    let Some(found) = found.filter(|found| found.spec.management_policy != Some(ManagementPolicy::Observe)) else { return };
    let Some(status) = &found.status else { return };
    for arn in status.arn.iter().chain(status.previous.iter().map(|it| &it.arn)) {
        // By name, as all are followed.
        let name = arn.split('/').nth(1).unwrap_or_default();
        let sight = ctx.aws.balancing.target_group(&TargetGroupKey::Name(name.to_owned()));
        let tags = sight.live().filter(|view| view.target_group.arn == *arn).map(|view| &view.tags);
        let value = (Slot::TargetGroups, arn.clone());
        match by_tags(tags, found, ctx) {
            Proof::Ours => vouched.values.insert(value),
            _ => vouched.unproven.insert(value),
        };
    }
}

/// The listener of a rule, where its `EcsLoadBalancer` says who may use it, and the target groups that it refers to.
pub fn of_rule(object: &EcsListenerRule, listener: &str, rule: Option<&str>, ctx: &Ctx) -> Vouched {
    let namespace = object.namespace().unwrap_or_default();
    let mut vouched = Vouched::default();
    let forward = object.spec.action.forward.iter().flatten().filter_map(|it| it.target_group_ref.as_ref());
    for found in ctx.caches.target_groups_of(&namespace, forward).into_values().flatten() {
        add(&mut vouched, Some(&found), ctx);
    }
    let arns = [Some(listener), rule].into_iter().flatten().map(|arn| (Slot::Listeners, arn.to_owned()));
    match governed(listener, ctx) {
        Proof::Ours => vouched.values.extend(arns),
        Proof::Unproven => vouched.unproven.extend(arns),
        Proof::No => {}
    }
    vouched
}

/// Whether an `EcsLoadBalancer` has the listener, so that its `allowedRoutes` decide: one that the operator keeps, or one that
/// the policy of its own namespace lets it speak for.
fn governed(listener: &str, ctx: &Ctx) -> Proof {
    let mut best = Proof::No;
    ctx.caches.load_balancers.each(&Key::Listener(listener.to_owned()), |found| best = best.max(speaks_for_it(found, ctx)));
    best
}

fn speaks_for_it(found: &EcsLoadBalancer, ctx: &Ctx) -> Proof {
    // What is made through another connection is read there, and nothing of it is seen here.
    if ctx.caches.connection_of(found).ok().as_ref() != Some(&ctx.aws.connection.name) {
        return Proof::No;
    }
    let Some(arn) = found.status.as_ref().and_then(|status| status.load_balancer_arn.clone()) else { return Proof::No };
    let namespace = found.namespace().unwrap_or_default();
    if found.spec.management_policy == Some(ManagementPolicy::Observe) {
        let is_granted = ctx.guard(&namespace).refused(&NamedLoadBalancer(arn)).is_empty();
        return if is_granted { Proof::Ours } else { Proof::No };
    }
    let sight = ctx.aws.balancing.load_balancer(&LoadBalancerKey::Arn(arn));
    by_tags(sight.live().map(|view| &view.tags), found, ctx)
}

/// What a load balancer's listeners forward to, where objects stand for it.
pub fn of_load_balancer<'a>(referred: &'a TargetGroups, claims: impl Iterator<Item = &'a EcsTargetGroup>, ctx: &Ctx) -> Vouched {
    let mut vouched = Vouched::default();
    referred.values().flatten().chain(claims).for_each(|found| add(&mut vouched, Some(found), ctx));
    vouched
}
