//! Looks into the live side. The reads themselves are made there, for many objects at once; a settled load balancer costs
//! no call of its own.

use super::Desired;
use super::desired::Present;
use super::observed::{Certificates, Observed, State};
use super::plan::is_new;
use crate::api::EcsLoadBalancer;
use crate::aws::elb::{LoadBalancerKey, LoadBalancerView, Sight, Watcher};
use crate::aws::reflector::Pace;
use crate::domain::ObjectKey;
use crate::engine::ctx::Ctx;
use crate::engine::{Managed, Stop};
use kube::ResourceExt;
use std::sync::Arc;

/// Who is told of news.
pub fn watcher(object: &EcsLoadBalancer) -> Watcher {
    let object = ObjectKey { namespace: object.namespace().unwrap_or_default(), name: object.name_any() };
    Watcher { kind: super::EcsLoadBalancerKind::KIND, object }
}

/// What is known in this pass.
pub fn observe(object: &EcsLoadBalancer, want: Result<&Desired, &Stop>, ctx: &Ctx) -> Observed {
    let memory = object.status.clone().unwrap_or_default();
    let mut seen = Observed { memory, ..Observed::default() };
    let (key, is_new) = match want {
        Ok(Desired::Present(want)) => (&want.key, is_new(want, &seen)),
        Ok(Desired::Absent(want)) => (&want.key, seen.memory.account.is_none()),
        Err(_) => return seen,
    };
    // Nothing was ever sent for a new object: it is created first and read on conflict.
    if is_new {
        return seen;
    }
    let (balancing, who) = (&ctx.aws.balancing, watcher(object));
    let before = balancing.load_balancer(key);
    balancing.follow_load_balancer(key, &who, pace(object, want, &before, &seen));
    look(key, ctx, &mut seen);
    if let State::There(view) = &seen.state {
        let view = Arc::clone(view);
        follow_rules(&view, &who, ctx, &mut seen);
        seen.trouble_beside = std::iter::once(&view.load_balancer.arn)
            .chain(view.listeners.iter().map(|it| &it.listener.arn))
            .find_map(|arn| balancing.last_error_beside(arn).or_else(|| balancing.last_error_of_listener(arn)));
    }
    seen.limits = balancing.limits();
    if let Ok(Desired::Present(want)) = want {
        seen.certificates = certificates(want, &who, ctx);
    }
    seen
}

fn look(key: &LoadBalancerKey, ctx: &Ctx, seen: &mut Observed) {
    let balancing = &ctx.aws.balancing;
    seen.state = match balancing.load_balancer(key) {
        Sight::Unknown => State::Unknown,
        Sight::Missing { times } => State::Missing { times },
        Sight::Several { arns } => State::Several(arns),
        Sight::Live { value, .. } => State::There(value),
    };
    seen.trouble = balancing.last_error_of_load_balancer(key);
}

/// Closely while something moves or is awaited.
fn pace(object: &EcsLoadBalancer, want: Result<&Desired, &Stop>, sight: &Sight<LoadBalancerView>, seen: &Observed) -> Pace {
    let (is_asked, has_attributes) = match want {
        Ok(Desired::Present(want)) => {
            (want.look_at.is_some() && want.look_at != seen.memory.reconciled_at, !want.attributes.is_empty())
        }
        _ => (false, true),
    };
    let is_changed = object.metadata.generation != seen.memory.observed_generation;
    match sight {
        _ if is_asked => Pace::Now,
        Sight::Unknown if is_changed => Pace::Now,
        Sight::Missing { times: 1 } => Pace::Rolling,
        Sight::Live { value, .. } if value.load_balancer.state == "provisioning" => Pace::Rolling,
        Sight::Live { value, .. } if has_attributes && value.attributes.is_none() => Pace::Rolling,
        _ => Pace::Settled,
    }
}

/// The rules of an Application Load Balancer: how many there are, and whose.
fn follow_rules(view: &LoadBalancerView, who: &Watcher, ctx: &Ctx, seen: &mut Observed) {
    if view.load_balancer.kind != "application" {
        return;
    }
    let balancing = &ctx.aws.balancing;
    let is_left = |arn: &String| view.listeners.iter().any(|it| it.listener.arn == *arn);
    for gone in seen.memory.listeners.iter().filter(|it| !is_left(&it.arn)) {
        balancing.unfollow_listener(&gone.arn, who);
    }
    for arn in view.listeners.iter().map(|it| &it.listener.arn) {
        // Whoever wants to delete it waits for this.
        let pace = if balancing.listener(arn) == Sight::Unknown { Pace::Now } else { Pace::Settled };
        balancing.follow_listener(arn, who, pace);
        if let Sight::Live { value, .. } = balancing.listener(arn) {
            let rules = value.rules.iter().filter(|(rule, _)| !rule.is_default()).cloned().collect();
            seen.rules.insert(arn.clone(), rules);
        }
    }
}

/// They are asked for only where a listener looks for them, or has hosts that its own may not cover.
fn certificates(want: &Present, who: &Watcher, ctx: &Ctx) -> Certificates {
    let store = &ctx.aws.certificates;
    if !want.listeners.iter().flatten().any(|it| it.discovers || (it.is_secure() && !it.hosts.is_empty())) {
        store.unfollow(who);
        return Certificates::NotAsked;
    }
    match store.follow(who) {
        None => Certificates::Unknown,
        Some(Ok(known)) => Certificates::Known(known),
        Some(Err(error)) => Certificates::Denied(error),
    }
}
