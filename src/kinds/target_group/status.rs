//! What to say about a target group after a pass. Pure.

use super::desired::Present;
use super::difference::{applied, differences};
use super::health::{counts, grouped};
use super::observed::{Listener, Look, Observed, Shown};
use super::plan::{hindrance, is_drift, to_send};
use super::settings::{Settings, unlike};
use super::standing::Standing;
use super::{Desired, Done, EcsTargetGroupKind as Kind, Step};
use crate::api::shared::Drift;
use crate::api::{EcsTargetGroup, EcsTargetGroupStatus as Status};
use crate::aws::AwsError;
use crate::aws::elb::TargetGroupView;
use crate::aws::elb::model::TargetGroup;
use crate::domain::owner::Ownership;
use crate::engine::conditions::{Statement, Type, merge};
use crate::engine::ctx::Site;
use crate::engine::drift;
use crate::engine::next::Next;
use crate::engine::{Pass, Stop, statements_of};
use crate::kinds::TARGET_TYPE_MISMATCH;
use jiff::Timestamp;

/// What must stand in status before a write: where it goes, and the name of what is about to be made.
pub fn promise(before: &Status, step: &Step, site: &Site) -> Status {
    let mut status = before.clone();
    place(&mut status, site);
    if let Step::Create(new) = step {
        let mut standing = Standing::of(&status);
        standing.promise(&new.name);
        standing.remember(&mut status);
    }
    status
}

fn place(status: &mut Status, site: &Site) {
    status.connection = Some(site.connection.clone());
    status.account = Some(site.account.clone());
    status.region = Some(site.region.clone());
}

/// The status after a pass.
pub fn status(object: &EcsTargetGroup, pass: &Pass<Kind>, site: Option<&Site>, now: Timestamp) -> Status {
    if let (Some(said), true) = (&object.status, is_before_the_first_look(pass)) {
        return said.clone();
    }
    let mut status = object.status.clone().unwrap_or_default();
    let present = match &pass.want {
        Some(Desired::Present(want)) => Some(want.as_ref()),
        _ => None,
    };
    let shown = pass.seen.as_ref().zip(present).and_then(|(seen, want)| shown(want, seen));
    if let (Some(site), true) = (site, !pass.done.is_empty() || shown.is_some()) {
        place(&mut status, site);
    }
    if let (Some(seen), Some(want)) = (&pass.seen, present) {
        keep_standing(&mut status, seen, want, shown);
    }
    if let Some(view) = shown {
        fill(&mut status, &view.target_group);
        show_health(&mut status, view);
    }
    if let (Some(seen), true) = (&pass.seen, present.is_some()) {
        show_url(&mut status, &seen.listener);
    }
    for done in &pass.done {
        learn(&mut status, done);
    }
    if let (Some(want), Some(seen)) = (present, &pass.seen) {
        remember_applied(&mut status, want, seen, pass);
        status.drift = drift_to_report(want, seen);
    }
    status.observed_generation = object.metadata.generation;
    let before = std::mem::take(&mut status.conditions);
    status.conditions = merge(&before, &statements(&status, pass, present), object.metadata.generation, now);
    status
}

/// Whether the operator has just started and has not read the target group yet. What was said last is then worth more than
/// that nothing is known.
fn is_before_the_first_look(pass: &Pass<Kind>) -> bool {
    let is_unread = |look: &Look| look.shown == Shown::Unknown && look.trouble.is_none();
    let is_unread = |seen: &Observed| match &pass.want {
        Some(Desired::Present(_)) => is_unread(&seen.current),
        _ => seen.previous.iter().any(|it| is_unread(&it.look)),
    };
    let unread = |seen: &Observed| is_unread(seen) && !seen.memory.conditions.is_empty() && seen.memory.arn.is_some();
    matches!(pass.end, Ok(Next::Progressing(_))) && pass.done.is_empty() && pass.seen.as_ref().is_some_and(unread)
}

/// What is not ours is not shown as ours: only a target group that is owned or observed fills the status.
fn shown<'a>(want: &Present, seen: &'a Observed) -> Option<&'a TargetGroupView> {
    let view = seen.current.there()?;
    let is_ours = want.owner.judge(&view.tags, None) == Ownership::Ours;
    (is_ours || want.only_observed).then_some(view)
}

/// A name that was promised to a target group before this pass stands in status and not yet in what was seen.
fn keep_standing(status: &mut Status, seen: &Observed, want: &Present, shown: Option<&TargetGroupView>) {
    let mut standing = seen.standing.clone();
    if let (Some(view), true) = (shown, want.only_observed) {
        standing.replaced_by(&view.target_group.arn);
    }
    if let Some(promised) = status.name.as_ref().filter(|name| seen.memory.name.as_ref() != Some(name)) {
        standing.promise(promised);
    }
    standing.remember(status);
}

fn fill(status: &mut Status, group: &TargetGroup) {
    status.vpc_id.clone_from(&group.vpc_id);
    status.protocol.clone_from(&group.protocol);
    status.port = group.port;
    status.target_type = Some(group.target_type.clone());
    status.load_balancer_arns = group.load_balancer_arns.iter().cloned().collect();
}

fn show_health(status: &mut Status, view: &TargetGroupView) {
    let Some(targets) = &view.health else { return };
    let counts = counts(targets);
    status.healthy = Some(counts.healthy);
    status.unhealthy = Some(counts.unhealthy);
    status.draining = Some(counts.draining);
    status.initial = Some(counts.initial);
    status.targets = grouped(targets, &view.target_group);
}

/// What a listener of a network load balancer takes goes to one target group, so that its address is that of the target group.
fn show_url(status: &mut Status, listener: &Listener) {
    match listener {
        Listener::Unread => {}
        Listener::There(behind) if !status.load_balancer_arns.is_empty() => status.url.clone_from(&behind.url),
        Listener::There(_) | Listener::Unnamed | Listener::Not(_) => status.url = None,
    }
}

fn learn(status: &mut Status, done: &Done) {
    let mut standing = Standing::of(status);
    match done {
        Done::Created(group) => {
            standing.replaced_by(&group.arn);
            fill(status, group);
            (status.healthy, status.unhealthy, status.draining, status.initial) = (Some(0), Some(0), Some(0), Some(0));
            status.targets.clear();
        }
        Done::Deleted { arn } => standing.without(arn),
        Done::Changed => {}
    }
    standing.remember(status);
}

/// Whether the target group that is there is as declared, but for what is left to others.
fn is_as_declared(want: &Present, seen: &Observed) -> bool {
    let (Some(view), Some(Ok(settings))) = (seen.current.there(), &seen.settings) else { return false };
    hindrance(want, settings, view).is_none() && to_send(want, settings, seen, view).is_empty()
}

/// Once AWS is as declared, or was told to become so, the declaration is what is in force.
fn remember_applied(status: &mut Status, want: &Present, seen: &Observed, pass: &Pass<Kind>) {
    let is_told = matches!(pass.end, Ok(Next::Acted));
    if want.look_at.is_some() && (is_told || matches!(pass.end, Ok(Next::Settled)) || is_as_declared(want, seen)) {
        status.reconciled_at.clone_from(&want.look_at);
    }
    if want.only_observed || !(is_told || is_as_declared(want, seen)) {
        return;
    }
    status.applied_hash = Some(want.hash.clone());
    status.applied = applied(want);
}

/// Differences that are left as they are: told, not mended.
fn drift_to_report(want: &Present, seen: &Observed) -> Vec<Drift> {
    let Some(view) = shown(want, seen) else { return Vec::new() };
    let reporting = (want.only_report || want.paused) && is_drift(want, seen);
    match &seen.settings {
        Some(Ok(settings)) if reporting => differences(want, settings, &seen.memory, view).drift,
        _ if want.only_observed => observed_drift(want, seen, view),
        _ => Vec::new(),
    }
}

fn observed_drift(want: &Present, seen: &Observed, view: &TargetGroupView) -> Vec<Drift> {
    let live = &view.target_group;
    let settings = declared_or_live(want, live);
    let fixed = unlike(&settings, live).into_iter();
    let fixed = fixed.map(|(member, wanted, seen)| Drift { field: member.to_owned(), wanted: Some(wanted), seen: Some(seen) });
    fixed.chain(differences(want, &settings, &seen.memory, view).drift).collect()
}

/// What AWS cannot change: as declared, and where nothing is declared as it is.
fn declared_or_live(want: &Present, live: &TargetGroup) -> Settings {
    let given = &want.given;
    Settings {
        name: live.name.clone(),
        is_chosen: true,
        protocol: given.protocol.clone().or_else(|| live.protocol.clone()).unwrap_or_default(),
        protocol_version: given.protocol_version.clone().or_else(|| live.protocol_version.clone()),
        port: given.port.or(live.port).unwrap_or_default(),
        vpc_id: given.vpc_id.clone().or_else(|| live.vpc_id.clone()).unwrap_or_default(),
        target_type: given.target_type.clone().unwrap_or_else(|| live.target_type.clone()),
        ip_address_type: given.ip_address_type.clone().unwrap_or_else(|| live.ip_address_type.clone()),
        target_control_port: given.target_control_port.or(live.target_control_port),
    }
}

fn statements(status: &Status, pass: &Pass<Kind>, want: Option<&Present>) -> Vec<Statement> {
    let mut all = match (&pass.end, want, &pass.seen) {
        (end, Some(want), Some(seen)) if is_ready(want, seen, end) => ready(status, want, seen, end),
        (Err(stop), ..) => statements_of(stop),
        (Ok(Next::Gone), ..) => vec![Statement::no(Type::Ready, "Deleted", "nothing of it is left in AWS")],
        (Ok(next), None, _) => progressing("Deleting", next),
        (Ok(next), Some(want), _) => progressing(if want.paused { "Paused" } else { "Waiting" }, next),
    };
    all.extend(want.and_then(|want| available(status, want.misfit.as_ref())));
    if want.is_some_and(|want| want.paused) {
        all.push(Statement::yes(
            Type::Paused,
            "PausedByAnnotation",
            "nothing is written to AWS while ecs-operator.io/paused is true",
        ));
    }
    if !status.drift.is_empty() {
        all.push(Statement::yes(Type::Drifted, "Differs", drift::sentence(&status.drift)));
    }
    all
}

fn progressing(reason: &'static str, next: &Next) -> Vec<Statement> {
    let why = if let Next::Progressing(why) = next { why.as_str() } else { "the change was sent to AWS" };
    vec![Statement::no(Type::Ready, reason, why), Statement::yes(Type::Reconciling, reason, why)]
}

fn is_ready(want: &Present, seen: &Observed, end: &Result<Next, Stop>) -> bool {
    match end {
        Ok(Next::Acted | Next::Ordered) => true,
        Ok(Next::Settled) => want.only_observed || is_as_declared(want, seen),
        Ok(Next::Progressing(_)) | Err(_) => !want.only_observed && is_as_declared(want, seen),
        Ok(Next::Gone) => false,
    }
}

/// Ready, whatever becomes of those that it replaces.
fn ready(status: &Status, want: &Present, seen: &Observed, end: &Result<Next, Stop>) -> Vec<Statement> {
    let name = status.name.as_deref().unwrap_or_default();
    let (reason, mut message) = if want.only_observed {
        ("Observed", format!("target group {name} is there"))
    } else {
        ("AsDeclared", format!("target group {name} is as declared"))
    };
    if let Some(blind) = blind_spot(seen) {
        message = format!("{message}; {blind}");
    }
    let mut all = vec![Statement::yes(Type::Ready, reason, message)];
    all.extend(match end {
        Ok(Next::Progressing(why)) => Some(Statement::yes(Type::Reconciling, "Replacing", why.clone())),
        Err(stop) if stop.is_waiting() => Some(Statement::yes(Type::Reconciling, stop.reason(), stop.message())),
        Err(stop) => Some(Statement::yes(Type::Stalled, stop.reason(), stop.message())),
        Ok(_) => None,
    });
    all
}

/// What is not seen of a target group because a person has to allow it first; what passes by itself is not worth a word.
fn blind_spot(seen: &Observed) -> Option<String> {
    let lasting = |error: &&AwsError| !error.is_transient();
    let looks = || [&seen.current].into_iter().chain(seen.previous.iter().map(|it| &it.look));
    let troubles = looks().flat_map(|look| [look.trouble.as_ref(), look.trouble_beside.as_ref()]);
    let error = troubles.flatten().find(lasting)?;
    Some(format!("part of it cannot be seen: {}", Stop::Aws(error.clone()).message()))
}

/// Available moves with the targets, whatever the declaration.
fn available(status: &Status, misfit: Option<&String>) -> Option<Statement> {
    let healthy = status.healthy.unwrap_or_default();
    let registered = healthy + status.unhealthy.unwrap_or_default() + status.initial.unwrap_or_default();
    if registered == 0 {
        return misfit.map(|why| Statement::no(Type::Available, TARGET_TYPE_MISMATCH, why.clone()));
    }
    let message = format!("{healthy} of {registered} targets are healthy");
    if healthy > 0 {
        return Some(Statement::yes(Type::Available, "HealthyTargets", message));
    }
    let worst = status.targets.first();
    let why = worst.and_then(|it| it.reason.as_ref()).map(|reason| format!(": {reason}")).unwrap_or_default();
    let hint = worst.and_then(|it| it.hint.as_ref()).map(|hint| format!("; {hint}")).unwrap_or_default();
    Some(Statement::no(Type::Available, "NoHealthyTargets", format!("{message}{why}{hint}")))
}
