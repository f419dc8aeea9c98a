//! What to do about a task definition family. Pure.

use super::canonical::{canonical, is_comparable};
use super::desired::{Absent, Present};
use super::observed::Observed;
use super::{Desired, Step};
use crate::api::shared::ManagementPolicy;
use crate::aws::TaskDefinition;
use crate::domain::owner::{HASH, Ownership};
use crate::engine::{Plan, Stop};
use std::collections::{BTreeMap, BTreeSet};

/// Reason of a declaration whose revision is gone and is only told of.
pub const DEREGISTERED: &str = "Deregistered";

/// What to do.
pub fn plan(want: &Desired, seen: &Observed) -> Plan<Step> {
    match want {
        Desired::Present(want) => present(want, seen),
        Desired::Absent(want) => absent(want, seen),
    }
}

fn present(want: &Present, seen: &Observed) -> Plan<Step> {
    if want.management == ManagementPolicy::Observe {
        return match seen.latest {
            Some(_) => Plan::InSync,
            None => Plan::Refuse(Stop::waiting("NotFound", format!("family {} has no ACTIVE revision to observe", want.family))),
        };
    }
    if want.paused {
        return Plan::Wait("paused by annotation".to_owned());
    }
    let Some(current) = current(want, seen) else {
        return begin(want, seen);
    };
    let mut steps = Vec::new();
    if seen.memory.revision != Some(current) || seen.memory.hash.as_ref() != Some(&want.hash) || seen.memory.pending.is_some() {
        steps.push(Step::Select { revision: current });
    }
    steps.extend(tag_steps(want, seen, current));
    steps.extend(surplus(want, seen, current).into_iter().map(|revision| Step::Deregister { revision }));
    if steps.is_empty() { Plan::InSync } else { Plan::Do(steps) }
}

/// The revision that stands for the declaration already, if one does: the one in status, another of ours that was declared
/// the same (a revert), or one that AWS shows to carry our tags.
fn current(want: &Present, seen: &Observed) -> Option<i32> {
    let memory = &seen.memory;
    let gone = |revision: i32| seen.active.as_ref().is_some_and(|active| !active.contains(&revision));
    if memory.hash.as_ref() == Some(&want.hash)
        && let Some(revision) = memory.revision.filter(|revision| !gone(*revision))
    {
        return Some(revision);
    }
    let remembered = memory.revisions.iter().rev().find(|ours| ours.hash == want.hash && !gone(ours.revision));
    if let Some(ours) = remembered {
        return Some(ours.revision);
    }
    seen.looked_at
        .iter()
        .find(|live| {
            let ours = want.owner.judge(&live.tags, None) == Ownership::Ours;
            let same_hash = live.tags.get(HASH) == Some(&want.hash);
            let rules_changed = live.tags.get(HASH).is_none_or(|hash| !is_comparable(hash));
            live.active && ours && (same_hash || (rules_changed && canonical(&live.fields) == want.canonical))
        })
        .map(|live| live.revision)
}

fn begin(want: &Present, seen: &Observed) -> Plan<Step> {
    let adopting = want.management == ManagementPolicy::Adopt && seen.memory.hash.is_none();
    match (&seen.latest, adopting) {
        (None, true) => {
            Plan::Refuse(Stop::waiting("NotFound", format!("family {} has no ACTIVE revision to adopt", want.family)))
        }
        (Some(latest), true) => adopt(want, latest),
        // The same declaration had a revision, which is not there any more.
        _ if want.only_report && seen.memory.hash.as_ref() == Some(&want.hash) => Plan::Refuse(Stop::waiting(
            DEREGISTERED,
            format!(
                "somebody deregistered revision {}:{}; what runs goes on running. Set driftPolicy: Correct to register it anew",
                want.family,
                seen.memory.revision.unwrap_or_default()
            ),
        )),
        _ => Plan::Do(vec![Step::Register]),
    }
}

fn adopt(want: &Present, latest: &TaskDefinition) -> Plan<Step> {
    if let Ownership::Other(who) = want.owner.judge(&latest.tags, None) {
        return Plan::Refuse(Stop::waiting(
            "Conflict",
            format!("revision {}:{} belongs to {who}", latest.family, latest.revision),
        ));
    }
    if canonical(&latest.fields) == want.canonical {
        return Plan::Do(vec![Step::Claim { revision: latest.revision }]);
    }
    if want.overwrite {
        return Plan::Do(vec![Step::Register]);
    }
    Plan::Refuse(Stop::waiting(
        "AdoptionWouldChange",
        format!(
            "revision {}:{} differs from the declaration (see status.drift); make the declaration agree, or set adoption: Overwrite to register a new revision",
            latest.family, latest.revision
        ),
    ))
}

/// Tags that are declared and do not stand there, and tags that were declared and no longer are. Others' tags stay.
fn tag_steps(want: &Present, seen: &Observed, current: i32) -> Vec<Step> {
    let before = if seen.memory.revision == Some(current) { seen.memory.tags.clone() } else { live_tags(seen, current) };
    let set: BTreeMap<_, _> =
        want.tags.iter().filter(|(key, value)| before.get(*key) != Some(value)).map(|(k, v)| (k.clone(), v.clone())).collect();
    let gone: Vec<_> = before.keys().filter(|key| !want.tags.contains_key(*key)).cloned().collect();
    let mut steps = Vec::new();
    if !set.is_empty() {
        steps.push(Step::Tag { revision: current, tags: set });
    }
    if !gone.is_empty() && seen.memory.revision == Some(current) {
        steps.push(Step::Untag { revision: current, keys: gone });
    }
    steps
}

fn live_tags(seen: &Observed, revision: i32) -> BTreeMap<String, String> {
    let live = seen.looked_at.iter().find(|live| live.revision == revision);
    live.map(|live| live.tags.clone()).unwrap_or_default()
}

/// Revisions of ours beyond the history that nobody uses, oldest first. Nothing is surplus until it is known what runs.
pub fn surplus(want: &Present, seen: &Observed, current: i32) -> Vec<i32> {
    let Some(running) = &seen.running else { return Vec::new() };
    candidates(want, seen, current).into_iter().filter(|revision| !running.contains(revision)).collect()
}

/// What would be surplus if no task ran.
pub fn candidates(want: &Present, seen: &Observed, current: i32) -> Vec<i32> {
    let older: BTreeSet<i32> =
        seen.memory.revisions.iter().map(|ours| ours.revision).filter(|revision| *revision != current).collect();
    let surplus = older.len().saturating_sub(want.history);
    older.into_iter().take(surplus).filter(|revision| !want.in_use.contains(revision)).collect()
}

fn absent(want: &Absent, seen: &Observed) -> Plan<Step> {
    if want.only_observed {
        return Plan::Gone;
    }
    let mut ours: BTreeSet<i32> = seen.memory.revisions.iter().map(|ours| ours.revision).collect();
    let found = seen.looked_at.iter().filter(|live| want.owner.judge(&live.tags, None) == Ownership::Ours);
    ours.extend(found.map(|live| live.revision));
    if ours.is_empty() {
        return Plan::Gone;
    }
    if want.paused {
        return Plan::Wait("paused by annotation: the deletion waits".to_owned());
    }
    if !want.users.is_empty() && !want.keep {
        return Plan::Wait(format!("still used by {}", want.users.join(", ")));
    }
    let step = |revision| if want.keep { Step::Disown { revision } } else { Step::Deregister { revision } };
    Plan::Finish(ours.into_iter().map(step).collect())
}
