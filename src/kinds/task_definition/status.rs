//! What to say about a task definition family after a pass. Pure.

use super::canonical::canonical;
use super::plan::DEREGISTERED;
use super::{Desired, Done, EcsTaskDefinitionKind as Kind};
use crate::api::shared::{Drift, ManagementPolicy};
use crate::api::task_definition::{PendingRegistration, RegisteredRevision};
use crate::api::{EcsTaskDefinition, EcsTaskDefinitionStatus as Status};
use crate::aws::error;
use crate::domain::owner::{HASH, Ownership};
use crate::domain::whole_seconds;
use crate::engine::conditions::{Statement, Type, merge};
use crate::engine::ctx::Site;
use crate::engine::drift;
use crate::engine::next::Next;
use crate::engine::{Pass, Stop, statements_of};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// What must stand in status before a registration: where it goes, and the hash by which it can be found again.
pub fn promise(before: &Status, want: &Desired, step: &super::Step, site: &Site) -> Status {
    let mut status = before.clone();
    status.connection = Some(site.connection.clone());
    status.account = Some(site.account.clone());
    status.region = Some(site.region.clone());
    if let (Desired::Present(want), super::Step::Register) = (want, step) {
        status.pending = Some(PendingRegistration { hash: want.hash.clone() });
    }
    status
}

/// The status after a pass.
pub fn status(object: &EcsTaskDefinition, pass: &Pass<Kind>, site: Option<&Site>, now: Timestamp) -> Status {
    let mut status = object.status.clone().unwrap_or_default();
    let generation = object.metadata.generation;
    let answered = pass.want.is_some();
    if let (Some(site), true) = (site, answered) {
        status.connection = Some(site.connection.clone());
        status.account = Some(site.account.clone());
        status.region = Some(site.region.clone());
    }
    for done in &pass.done {
        learn(&mut status, done);
    }
    if let Some(Desired::Present(want)) = &pass.want {
        if was_refused(pass) {
            status.pending = None;
        }
        if pass.end.is_ok() && want.look_at.is_some() {
            status.reconciled_at.clone_from(&want.look_at);
        }
        observe_only(&mut status, want, pass);
        find_again(&mut status, want, pass);
        // What was somebody else's once is not deleted because managementPolicy says something else later.
        status.adopted |= want.management == ManagementPolicy::Adopt && status.hash.is_some();
        if let Some(active) = pass.seen.as_ref().and_then(|seen| seen.active.as_ref()) {
            status.revisions.retain(|ours| active.contains(&ours.revision) || newer(active, ours.revision));
            let ours = released(pass).chain(status.revisions.iter().map(|ours| ours.revision)).collect::<Vec<_>>();
            status.foreign_revisions = active.iter().copied().filter(|number| !ours.contains(number)).collect();
            status.foreign_revisions.sort_unstable();
        }
    }
    status.observed_generation = generation;
    let before = std::mem::take(&mut status.conditions);
    status.conditions = merge(&before, &statements(&status, pass), generation, now);
    status
}

/// A revision that carries our tags and is not in status was registered before a crash: it is ours to tidy up.
fn find_again(status: &mut Status, want: &super::desired::Present, pass: &Pass<Kind>) {
    if want.management == ManagementPolicy::Observe {
        return;
    }
    for live in pass.seen.iter().flat_map(|seen| &seen.looked_at) {
        let is_known = status.revisions.iter().any(|ours| ours.revision == live.revision);
        let is_ours = live.active && want.owner.judge(&live.tags, None) == Ownership::Ours;
        if is_known || !is_ours || released(pass).any(|revision| revision == live.revision) {
            continue;
        }
        status.revisions.push(RegisteredRevision {
            revision: live.revision,
            hash: live.tags.get(HASH).cloned().unwrap_or_default(),
            registered_at: live.registered_at.map(whole_seconds),
        });
    }
    status.revisions.sort_by_key(|ours| ours.revision);
}

/// Revisions that were ours until this pass: the list of what is ACTIVE was made before.
fn released(pass: &Pass<Kind>) -> impl Iterator<Item = i32> + '_ {
    pass.done.iter().filter_map(|done| if let Done::Released { revision } = done { Some(*revision) } else { None })
}

/// A revision newer than the list: registered after the list was made.
fn newer(listed: &[i32], revision: i32) -> bool {
    listed.iter().max().is_none_or(|newest| revision > *newest)
}

/// Whether a registration was answered with a refusal, so that it certainly had no effect.
fn was_refused(pass: &Pass<Kind>) -> bool {
    let registered = pass.done.iter().any(|done| matches!(done, Done::Current { .. }));
    match &pass.end {
        Err(Stop::Aws(refusal)) => {
            !registered && refusal.operation == "RegisterTaskDefinition" && refusal.kind != error::Kind::Unknown
        }
        Err(stop) => !registered && stop.is_not_granted(),
        _ => false,
    }
}

fn learn(status: &mut Status, done: &Done) {
    match done {
        Done::Current { arn, revision, hash, tags, registered_at, foreign } => {
            status.task_definition_arn = Some(arn.clone());
            status.revision = Some(*revision);
            status.hash = Some(hash.clone());
            status.pending = None;
            status.tags.clone_from(tags);
            status.revisions.retain(|ours| ours.revision != *revision);
            status.revisions.push(RegisteredRevision {
                revision: *revision,
                hash: hash.clone(),
                registered_at: registered_at.map(whole_seconds),
            });
            status.revisions.sort_by_key(|ours| ours.revision);
            if let Some(foreign) = foreign {
                status.foreign_revisions.clone_from(foreign);
            }
        }
        Done::Tagged { tags } => status.tags.extend(tags.clone()),
        Done::Untagged { keys } => status.tags.retain(|key, _| !keys.contains(key)),
        Done::Released { revision } => status.revisions.retain(|ours| ours.revision != *revision),
    }
}

/// Under `Observe`, and while an adoption waits, status shows the newest revision and how it differs.
fn observe_only(status: &mut Status, want: &super::desired::Present, pass: &Pass<Kind>) {
    let Some(seen) = &pass.seen else { return };
    let adopting = want.management == ManagementPolicy::Adopt && status.hash.is_none();
    if want.management != ManagementPolicy::Observe && !adopting {
        status.drift.clear();
        return;
    }
    let Some(latest) = &seen.latest else { return };
    status.drift = drift::of_both(&want.canonical, &canonical(&latest.fields));
    status.drift.extend(tag_drift(&want.tags, &latest.tags));
    if want.management == ManagementPolicy::Observe {
        status.task_definition_arn = Some(latest.arn.clone());
        status.revision = Some(latest.revision);
    }
}

fn tag_drift(wanted: &BTreeMap<String, String>, seen: &BTreeMap<String, String>) -> Vec<Drift> {
    let differing = wanted.iter().filter(|(key, value)| seen.get(*key) != Some(value));
    differing
        .map(|(key, value)| Drift { field: format!("tags.{key}"), wanted: Some(value.clone()), seen: seen.get(key).cloned() })
        .collect()
}

fn statements(status: &Status, pass: &Pass<Kind>) -> Vec<Statement> {
    let mut all = match (&pass.want, &pass.end) {
        (Some(Desired::Present(want)), end) if stands(status, want) && !is_gone(end) => registered(status, end.as_ref().err()),
        (Some(Desired::Absent(_)), Ok(Next::Progressing(why))) => {
            vec![Statement::no(Type::Ready, "Deleting", why.clone()), Statement::yes(Type::Reconciling, "Deleting", why.clone())]
        }
        (_, Err(stop)) => statements_of(stop),
        (_, Ok(next)) => {
            let why = if let Next::Progressing(why) = next { why.clone() } else { "not registered yet".to_owned() };
            vec![Statement::no(Type::Ready, "Registering", why.clone()), Statement::yes(Type::Reconciling, "Registering", why)]
        }
    };
    if let Some(Desired::Present(want)) = &pass.want {
        if want.paused {
            all.push(Statement::yes(
                Type::Paused,
                "PausedByAnnotation",
                "nothing is written to AWS while ecs-operator.io/paused is true",
            ));
        }
        if !status.drift.is_empty() {
            all.push(Statement::yes(Type::Drifted, "Differs", drift::sentence(&status.drift)));
        }
    }
    all
}

/// Whether AWS has the revision that the declaration stands for.
fn stands(status: &Status, want: &super::desired::Present) -> bool {
    match want.management {
        ManagementPolicy::Observe => status.revision.is_some(),
        _ => status.hash.as_ref() == Some(&want.hash) && status.pending.is_none(),
    }
}

/// Whether the revision that stood for the declaration was seen to be gone.
fn is_gone(end: &Result<Next, Stop>) -> bool {
    matches!(end, Err(Stop::Waiting { reason, .. }) if *reason == DEREGISTERED)
}

/// Ready, whatever the tidying up after it met.
fn registered(status: &Status, trouble: Option<&Stop>) -> Vec<Statement> {
    let revision = status.revision.unwrap_or_default();
    let mut all = vec![Statement::yes(Type::Ready, "Registered", format!("revision {revision} stands for this declaration"))];
    if let Some(stop) = trouble {
        let companion = if stop.is_waiting() { Type::Reconciling } else { Type::Stalled };
        all.push(Statement::yes(companion, stop.reason(), stop.message()));
    }
    all
}
