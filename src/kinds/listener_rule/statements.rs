//! What to say about a rule in conditions and events. Pure.

use super::accept::REFUSED;
use super::desired::Present;
use super::{Done, EcsListenerRuleKind as Kind};
use crate::api::EcsListenerRuleStatus as Status;
use crate::engine::conditions::{self, Statement, Type};
use crate::engine::drift;
use crate::engine::next::Next;
use crate::engine::{Notice, Pass, Stop, statements_of};

/// The conditions after a pass, given the rest of the status.
pub fn statements(status: &Status, pass: &Pass<Kind>, want: Option<&Present>) -> Vec<Statement> {
    let mut all = match (&pass.end, want) {
        (Ok(Next::Gone), _) => vec![Statement::no(Type::Ready, "Deleted", "nothing of it is left in AWS")],
        (Ok(next), None) => progressing("Deleting", &waiting_for(next)),
        (Err(stop), None) => statements_of(stop),
        (end, Some(want)) => of_listener(status, end, want, pass),
    };
    if let (Some(blind), Some(ready), true) = (blind_spot(pass), all.first_mut(), pass.end.is_ok()) {
        ready.message = format!("{}; {blind}", ready.message);
    }
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

/// What is no longer seen because a person has to allow it first; what passes by itself is not worth a word.
fn blind_spot(pass: &Pass<Kind>) -> Option<String> {
    let error = pass.seen.as_ref()?.trouble.as_ref().filter(|error| !error.is_transient())?;
    Some(format!("it cannot be looked at any more: {}", Stop::Aws(error.clone()).message()))
}

/// Ready only when the listener has what is declared, and requests reach it.
fn of_listener(status: &Status, end: &Result<Next, Stop>, want: &Present, pass: &Pass<Kind>) -> Vec<Statement> {
    let is_there = pass.seen.as_ref().is_some_and(|seen| seen.view().is_some());
    let accepted = || Statement::yes(Type::Accepted, "Accepted", "host, match and priority are its own on the listener");
    match end {
        Err(stop) if REFUSED.contains(&stop.reason()) => {
            let mut all = statements_of(stop);
            all.push(Statement::no(Type::Accepted, stop.reason(), stop.message()));
            all.push(Statement::no(Type::Programmed, stop.reason(), "the listener does not have it as declared"));
            all
        }
        Err(stop) => {
            let mut all = statements_of(stop);
            all.extend(is_there.then(accepted));
            all.push(Statement::no(Type::Programmed, stop.reason(), stop.message()));
            all
        }
        Ok(Next::Settled) => settled(status, want, accepted()),
        Ok(next) => {
            let why = waiting_for(next);
            let mut all = progressing(if want.paused { "Paused" } else { "Programming" }, &why);
            all.push(Statement::no(Type::Programmed, "Programming", why));
            all
        }
    }
}

fn settled(status: &Status, want: &Present, accepted: Statement) -> Vec<Statement> {
    let priority = status.priority.unwrap_or_default();
    if want.is_only_observed {
        return vec![Statement::yes(Type::Ready, "Observed", format!("the listener has a rule of priority {priority}"))];
    }
    let rules = match status.rules.len() {
        1 => format!("the listener has it with priority {priority}"),
        several => format!("the listener has it as {several} rules, the first with priority {priority}"),
    };
    let programmed = Statement::yes(Type::Programmed, "Programmed", rules.clone());
    let Some(by) = &status.shadowed_by else {
        let mut all = match uncovered(want) {
            Some(why) => progressing("CertificateMissing", &format!("{rules}, but {why}")),
            None => vec![Statement::yes(Type::Ready, "Programmed", rules)],
        };
        all.extend([accepted, programmed]);
        return all;
    };
    let who = by.owner.as_ref().map(|owner| format!(" of EcsListenerRule {owner}")).unwrap_or_default();
    let message = format!(
        "rule {}{who} with priority {} takes every request that this one would match; ask for a smaller priority, or change one of the two",
        by.arn, by.priority
    );
    vec![
        Statement::no(Type::Ready, "Shadowed", message.clone()),
        Statement::yes(Type::Stalled, "Shadowed", message.clone()),
        accepted,
        programmed,
        Statement::yes(Type::Shadowed, "Shadowed", message),
    ]
}

/// Which of its hosts clients would refuse to talk to, if one can tell.
fn uncovered(want: &Present) -> Option<String> {
    let is_uncovered = |host: &&String| want.routes.iter().any(|routes| routes.uncovered.contains(&host.to_lowercase()));
    let hosts: Vec<&str> = want.hosts.iter().filter(is_uncovered).map(String::as_str).collect();
    let to_do = "request one in Certificate Manager, or list one that covers it on the listener";
    (!hosts.is_empty()).then(|| format!("no certificate of the listener covers {}; {to_do}", hosts.join(", ")))
}

fn waiting_for(next: &Next) -> String {
    match next {
        Next::Progressing(why) => why.clone(),
        _ => "the change was sent to AWS".to_owned(),
    }
}

fn progressing(reason: &'static str, message: &str) -> Vec<Statement> {
    vec![Statement::no(Type::Ready, reason, message), Statement::yes(Type::Reconciling, reason, message)]
}

/// What to tell: what was done in AWS, and what the conditions say anew, each sentence once.
pub fn notices(before: &Status, after: &Status, pass: &Pass<Kind>) -> Vec<Notice> {
    let normal = |reason: &str, message: String| Notice { id: None, warning: false, reason: reason.to_owned(), message };
    let mut all: Vec<Notice> = Vec::new();
    for done in &pass.done {
        match done {
            Done::Created { rule, .. } => {
                all.push(normal(
                    "Created",
                    format!("rule {} was made with priority {}", rule.arn, rule.priority.unwrap_or_default()),
                ));
            }
            Done::Changed(rule) => all.push(normal("Changed", format!("rule {} was changed", rule.arn))),
            Done::Moved(moved) => {
                all.extend(moved.iter().map(|(arn, to)| normal("Moved", format!("rule {arn} was moved to priority {to}"))));
            }
            Done::Released { arn } => all.push(normal("Released", format!("rule {arn} is gone, or no longer managed"))),
            Done::Found { .. } | Done::Looked(_) | Done::Tagged => {}
        }
    }
    for notice in conditions::notices(&before.conditions, &after.conditions) {
        if !all.iter().any(|told| told.message == notice.message) {
            all.push(notice);
        }
    }
    all
}
