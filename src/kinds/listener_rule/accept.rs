//! Whether a rule may stand on its listener: the listener has rules, the namespace may use it, hosts and match belong to
//! nobody else, and the priority that is asked for is free. Pure.
//!
//! Of two that claim the same, the one that stands on the listener goes first, and the older one where both or none do: an
//! edit of an old object takes nothing away from those that serve.

use super::covers::{Case, pattern_covers};
use super::desired::Present;
use super::observed::{holder, judged_ours};
use super::parts::{meaning, shown};
use super::refs::{Neighbour, Routes};
use crate::aws::elb::ListenerView;
use crate::aws::elb::model::Condition;
use crate::engine::Stop;

/// Reasons for which a rule is not accepted.
pub const REFUSED: [&str; 6] =
    ["Conflict", "HostClaimed", "HostNotAllowed", "ListenerWithoutRules", "NamespaceNotAllowed", "PriorityInUse"];

/// Whether a rule may stand on the listener.
///
/// # Errors
/// Why not, and who stands in the way.
pub fn accepted(want: &Present, view: &ListenerView) -> Result<(), Stop> {
    has_rules(view)?;
    want.routes.iter().try_for_each(|routes| allowed(want, routes))?;
    hosts_are_free(want, view)?;
    match_is_free(want, view)?;
    priority_is_free(want, view)
}

/// Whether what stands there already has to go when it is not accepted. A priority that is taken only keeps the rule from
/// moving.
pub fn withdraws(stop: &Stop) -> bool {
    REFUSED.contains(&stop.reason()) && stop.reason() != "PriorityInUse"
}

fn has_rules(view: &ListenerView) -> Result<(), Stop> {
    let kind = view.load_balancer.kind.as_str();
    if kind == "application" {
        return Ok(());
    }
    Err(Stop::invalid(
        "ListenerWithoutRules",
        format!(
            "the listener belongs to the {kind} load balancer {}, and only application load balancers have rules; name a \
             listener of one, or leave match out of the service's expose to forward the whole listener",
            view.load_balancer.name
        ),
    ))
}

/// What the load balancer's object says about the namespace and its hosts.
fn allowed(want: &Present, routes: &Routes) -> Result<(), Stop> {
    let namespace = &want.owner.namespace;
    let Some(entries) = &routes.allowed else {
        if *namespace == routes.namespace {
            return Ok(());
        }
        return Err(namespace_not_allowed(namespace, routes));
    };
    let is_meant = |pattern: &String| match pattern.strip_suffix('*') {
        Some(beginning) => namespace.starts_with(beginning),
        None => pattern == namespace,
    };
    let mine: Vec<_> = entries.iter().filter(|entry| entry.namespaces.iter().any(is_meant)).collect();
    if mine.is_empty() {
        return Err(namespace_not_allowed(namespace, routes));
    }
    if mine.iter().any(|entry| entry.hosts.is_none()) {
        return Ok(());
    }
    let patterns = || mine.iter().flat_map(|entry| entry.hosts.iter().flatten());
    let is_allowed = |host: &str| patterns().any(|pattern| pattern_covers(pattern, host, Case::MeansNothing));
    let is_any = want.hosts.is_empty();
    let refused = if is_any {
        Some("any host").filter(|_| !is_allowed("*"))
    } else {
        want.hosts.iter().map(String::as_str).find(|host| !is_allowed(host))
    };
    match refused {
        None => Ok(()),
        Some(host) => Err(Stop::waiting(
            "HostNotAllowed",
            format!(
                "namespace {namespace} may not claim {host} on EcsLoadBalancer {}: its allowedRoutes list {}; have the host \
                 added there, or list hosts of these under match",
                routes.name,
                patterns().cloned().collect::<Vec<_>>().join(", ")
            ),
        )),
    }
}

fn namespace_not_allowed(namespace: &str, routes: &Routes) -> Stop {
    Stop::waiting(
        "NamespaceNotAllowed",
        format!(
            "namespace {namespace} may not put rules on EcsLoadBalancer {}; have it listed in the allowedRoutes there",
            routes.name
        ),
    )
}

/// Whether `other` goes before this one, given what of each stands on the listener.
fn goes_before(other: &Neighbour, stands: bool, we_stand: bool) -> bool {
    match (stands, we_stand) {
        (true, false) => true,
        (false, true) => false,
        _ => other.is_older,
    }
}

/// A host belongs to one namespace, unless a load balancer's object lists it for this one in so many words.
fn hosts_are_free(want: &Present, view: &ListenerView) -> Result<(), Stop> {
    for host in &want.hosts {
        let shares = |claimed: &String| {
            pattern_covers(claimed, host, Case::MeansNothing) || pattern_covers(host, claimed, Case::MeansNothing)
        };
        let others = want.neighbours.iter().filter(|other| other.namespace != want.owner.namespace && !other.is_out);
        for other in others {
            let Some(claimed) = other.hosts.iter().find(|claimed| shares(claimed)) else { continue };
            let theirs = claims(view, claimed, |tags| holder(tags, &want.owner).as_deref() == Some(&other.name));
            let ours = claims(view, host, |tags| judged_ours(tags, &want.owner));
            if goes_before(other, theirs, ours) && !is_listed(want, host) {
                return Err(Stop::waiting(
                    "HostClaimed",
                    format!(
                        "host {host} is claimed as {claimed} by EcsListenerRule {} of another namespace; choose another host, or \
                         have {host} listed for namespace {} in the allowedRoutes of the load balancer",
                        other.name, want.owner.namespace
                    ),
                ));
            }
        }
    }
    Ok(())
}

/// Whether a rule of the listener whose tags are meant has the host.
fn claims(view: &ListenerView, host: &str, is_meant: impl Fn(&crate::aws::elb::model::Tags) -> bool) -> bool {
    let has = |condition: &Condition| match condition {
        Condition::HostHeader(patterns) => patterns.values.iter().any(|value| value.eq_ignore_ascii_case(host)),
        _ => false,
    };
    view.rules.iter().any(|(rule, tags)| rule.conditions.iter().any(has) && is_meant(tags))
}

fn is_listed(want: &Present, host: &str) -> bool {
    let namespace = &want.owner.namespace;
    let entries = want.routes.iter().flat_map(|routes| routes.allowed.iter().flatten());
    let mut mine = entries.filter(|entry| entry.namespaces.iter().any(|name| name == namespace));
    mine.any(|entry| entry.hosts.iter().flatten().any(|listed| listed.eq_ignore_ascii_case(host)))
}

/// One match stands on a listener once.
fn match_is_free(want: &Present, view: &ListenerView) -> Result<(), Stop> {
    let parts = |is_meant: &dyn Fn(&crate::aws::elb::model::Tags) -> bool| {
        let stands = |part: &super::parts::Part| {
            let wanted = meaning(&part.conditions);
            view.rules.iter().any(|(rule, tags)| is_meant(tags) && meaning(&rule.conditions) == wanted)
        };
        want.parts.iter().any(stands)
    };
    let same = want.neighbours.iter().filter(|other| !other.is_out && other.whole == meaning(&want.whole));
    for other in same {
        let theirs = parts(&|tags| holder(tags, &want.owner).as_deref() == Some(&other.name));
        let ours = parts(&|tags| judged_ours(tags, &want.owner));
        if goes_before(other, theirs, ours) {
            return Err(Stop::waiting(
                "Conflict",
                format!(
                    "EcsListenerRule {} has the same match ({}) on this listener; change one of the two, or delete one",
                    other.name,
                    shown(&want.whole)
                ),
            ));
        }
    }
    Ok(())
}

/// A priority that is asked for is free, and so are those behind it that further parts of the match take.
fn priority_is_free(want: &Present, view: &ListenerView) -> Result<(), Stop> {
    for number in (0..want.parts.len()).filter_map(|part| want.priority_of(part)) {
        if number > super::priority::LAST {
            return Err(Stop::invalid(
                "InvalidMatch",
                format!(
                    "the match takes {} rules, and the last would have priority {number}; AWS takes up to 50000",
                    want.parts.len()
                ),
            ));
        }
        let held = view.rules.iter().find(|(rule, tags)| rule.priority == Some(number) && !judged_ours(tags, &want.owner));
        let by = match held {
            Some((rule, tags)) => {
                Some(holder(tags, &want.owner).map_or_else(|| format!("rule {}", rule.arn), |name| named(&name)))
            }
            None => want
                .neighbours
                .iter()
                .find(|other| other.priorities.contains(&number) && !other.is_out && other.is_older)
                .map(|other| named(&other.name)),
        };
        if let Some(by) = by {
            return Err(priority_in_use(number, &by));
        }
    }
    Ok(())
}

fn named(name: &str) -> String {
    format!("EcsListenerRule {name}")
}

/// A priority that is asked for is somebody else's.
pub fn priority_in_use(number: i32, by: &str) -> Stop {
    Stop::waiting(
        "PriorityInUse",
        format!("priority {number} is held by {by}; ask for another, or for none to have a free one chosen"),
    )
}
