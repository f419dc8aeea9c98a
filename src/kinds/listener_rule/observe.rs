//! Looks into what the live side keeps of the listeners of a rule, and follows them.

use super::observed::Observed;
use super::{Desired, watcher};
use crate::api::{EcsListenerRule, EcsListenerRuleStatus};
use crate::aws::ServiceState;
use crate::aws::elb::{Sight, Watcher};
use crate::aws::reflector::{Pace, Seen};
use crate::engine::Stop;
use crate::engine::ctx::Ctx;
use crate::kinds::listener::{Found, Place, listener_of, look};
use std::collections::BTreeSet;

/// Quota of AWS for the rules of a load balancer.
const RULES: &str = "rules-per-application-load-balancer";

/// What is known in this pass.
pub fn observe(object: &EcsListenerRule, want: Result<&Desired, &Stop>, ctx: &Ctx) -> Observed {
    let balancing = &ctx.aws.balancing;
    let memory = object.status.clone().unwrap_or_default();
    let who = watcher(object);
    let most_rules = balancing.limits().and_then(|limits| limits.get(RULES));
    let mut seen = Observed { most_rules, ..Observed::default() };
    match want {
        Ok(Desired::Present(want)) => {
            let asked = want.look_at.is_some() && want.look_at != memory.reconciled_at;
            let pace = if asked { Pace::Now } else { Pace::Settled };
            let found = look(&want.place, balancing, &who, pace);
            let here = match &found {
                Found::There(view) => Some(view.listener.arn.clone()),
                _ => want.listener.clone(),
            };
            seen.trouble = here.as_deref().and_then(|arn| balancing.last_error_of_listener(arn));
            seen.listener = Some(found);
            seen.elsewhere = elsewhere(&memory, here.as_deref(), ctx, &who);
        }
        Ok(Desired::Absent(want)) => {
            seen.elsewhere = elsewhere(&memory, None, ctx, &who);
            seen.is_service_up =
                want.service.as_ref().is_some_and(|service| service.was_sent && is_up(&ctx.aws.services.get(&service.key)));
        }
        Err(_) => {
            let known = memory.listener_arn.clone().map(Place::Arn);
            seen.listener = known.map(|place| look(&place, balancing, &who, Pace::Settled));
        }
    }
    Observed { memory, ..seen }
}

/// The listeners on which rules of this object stand, or may: all but `here`.
fn elsewhere(memory: &EcsListenerRuleStatus, here: Option<&str>, ctx: &Ctx, who: &Watcher) -> Vec<(String, Found)> {
    let made = memory.rules.iter().filter_map(|part| part.arn.as_deref()).map(listener_of);
    let mut all: BTreeSet<String> = made.chain(memory.listener_arn.clone()).collect();
    if let Some(here) = here {
        all.remove(here);
    }
    let looked_at = |arn: String| {
        let found = at(&arn, ctx, who);
        (arn, found)
    };
    all.into_iter().map(looked_at).collect()
}

/// A listener that was there a moment ago is looked for once more before it counts as gone.
fn at(arn: &str, ctx: &Ctx, who: &Watcher) -> Found {
    let found = look(&Place::Arn(arn.to_owned()), &ctx.aws.balancing, who, Pace::Settled);
    match ctx.aws.balancing.listener(arn) {
        Sight::Missing { times: 1 } => Found::Unknown,
        _ => found,
    }
}

/// Whether a service may still have tasks that get requests.
fn is_up(seen: &Seen) -> bool {
    match seen {
        Seen::Unknown => true,
        Seen::Missing { .. } => false,
        Seen::Live { service, .. } => service.status != ServiceState::Inactive,
    }
}
