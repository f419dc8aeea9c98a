//! Looks at what the live side has of a target group, of its listener and of those that it replaces.

use super::Desired;
use super::desired::Present;
use super::health::is_moving;
use super::observed::{Behind, Listener, Look, Looks, Observed, Shown, names};
use super::settings::complete;
use crate::api::{EcsTargetGroup, EcsTargetGroupStatus};
use crate::aws::elb::{Balancing, Sight, TargetGroupKey, TargetGroupView, Watcher};
use crate::aws::reflector::Pace;
use crate::engine::Stop;
use crate::kinds::listener::{Announced, Found, address, look};
use std::collections::BTreeSet;

/// What is known in this pass. The reads themselves are made by the live side, for many target groups at once.
pub fn observe(object: &EcsTargetGroup, want: Result<&Desired, &Stop>, balancing: &Balancing) -> Observed {
    let memory = object.status.clone().unwrap_or_default();
    let who = super::watcher(object);
    match want {
        Ok(Desired::Present(want)) => present(object, want, memory, balancing, &who),
        Ok(Desired::Absent(want)) if !want.only_observed => {
            let looks = follow(names(&memory, None, false), balancing, &who, |_| Pace::Rolling);
            Observed::of_absent(memory, &want.owner, &looks)
        }
        Ok(Desired::Absent(_)) | Err(_) => Observed { memory, ..Observed::default() },
    }
}

fn present(
    object: &EcsTargetGroup,
    want: &Present,
    memory: EcsTargetGroupStatus,
    balancing: &Balancing,
    who: &Watcher,
) -> Observed {
    let listener = match &want.listener {
        None => Listener::Unnamed,
        Some(Err(stop)) => want.announced.as_ref().map_or_else(|| Listener::Not(stop.clone()), declared_listener),
        Some(Ok(place)) => seen_listener(look(place, balancing, who, Pace::Settled)),
    };
    let settings = complete(want, &listener);
    let name = match (&settings, &want.name) {
        (Some(Ok(settings)), _) => Some(settings.name.clone()),
        (_, chosen) if want.only_observed => chosen.clone(),
        _ => None,
    };
    let asked = want.look_at.is_some() && want.look_at != memory.reconciled_at;
    let is_changed = object.metadata.generation != memory.observed_generation || !memory.previous.is_empty() || want.is_awaited;
    let looked_at = names(&memory, name.as_deref(), want.name.is_some());
    let looks = follow(looked_at, balancing, who, |sight| pace(asked, is_changed, sight));
    let observed = Observed { listener, ..Observed::of_present(memory, settings, name.as_deref(), &want.owner, &looks) };
    for gone in looks.into_keys().filter(|looked| !observed.is_followed(looked, name.as_deref())) {
        balancing.unfollow_target_group(&TargetGroupKey::Name(gone), who);
    }
    observed
}

fn declared_listener(announced: &Announced) -> Listener {
    let Announced { is_network, vpc_id, protocol, port, dns_name } = announced.clone();
    let url = dns_name.filter(|_| is_network).map(|dns_name| address(&protocol, &dns_name, port));
    Listener::There(Behind { is_network, vpc_id: Some(vpc_id), protocol, url })
}

fn seen_listener(found: Found) -> Listener {
    match found {
        Found::Unknown => Listener::Unread,
        Found::Not(stop) => Listener::Not(stop),
        Found::There(view) => {
            let is_network = view.load_balancer.kind == "network";
            let protocol = view.listener.protocol.clone().unwrap_or_default();
            let at = view.load_balancer.dns_name.as_ref().zip(view.listener.port).filter(|_| is_network);
            let url = at.map(|(dns_name, port)| address(&protocol, dns_name, port));
            Listener::There(Behind { is_network, vpc_id: view.load_balancer.vpc_id.clone(), protocol, url })
        }
    }
}

/// Closely while something moves, so that status follows within seconds.
fn pace(asked: bool, is_changed: bool, sight: &Sight<TargetGroupView>) -> Pace {
    let moves = |view: &TargetGroupView| view.health.as_deref().is_some_and(is_moving);
    match sight {
        _ if asked => Pace::Now,
        _ if is_changed => Pace::Rolling,
        Sight::Live { value, .. } if moves(value) => Pace::Rolling,
        Sight::Missing { times: 1 } => Pace::Rolling,
        _ => Pace::Settled,
    }
}

/// Follows target groups by name, and says what is seen of each.
fn follow(
    names: BTreeSet<String>,
    balancing: &Balancing,
    who: &Watcher,
    pace: impl Fn(&Sight<TargetGroupView>) -> Pace,
) -> Looks {
    let look = |name: String| {
        let key = TargetGroupKey::Name(name.clone());
        let sight = balancing.target_group(&key);
        balancing.follow_target_group(&key, who, pace(&sight));
        let trouble = balancing.last_error_of_target_group(&key);
        let beside = sight.live().and_then(|view| balancing.last_error_beside(&view.target_group.arn));
        (name, Look { shown: shown(sight), trouble, trouble_beside: beside })
    };
    names.into_iter().map(look).collect()
}

fn shown(sight: Sight<TargetGroupView>) -> Shown {
    match sight {
        Sight::Unknown | Sight::Several { .. } => Shown::Unknown,
        Sight::Missing { times } => Shown::Missing { times },
        Sight::Live { value, .. } => Shown::There(value),
    }
}
