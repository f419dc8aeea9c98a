//! Conditions and events of a load balancer. Pure.

use super::desired::Present;
use super::observed::Certificates;
use super::{Desired, Done, EcsLoadBalancerKind as Kind};
use crate::api::EcsLoadBalancerStatus as Status;
use crate::aws::AwsError;
use crate::engine::conditions::{Statement, Type};
use crate::engine::next::Next;
use crate::engine::{Notice, Pass, conditions, drift, statements_of};

/// What is said of it.
pub fn statements(status: &Status, pass: &Pass<Kind>, want: Option<&Present>) -> Vec<Statement> {
    let mut all = match (&pass.end, want) {
        (Err(stop), _) => statements_of(stop),
        (Ok(Next::Gone), _) => vec![Statement::no(Type::Ready, "Deleted", "nothing of it is left in AWS")],
        (Ok(Next::Progressing(why)), None) => progressing("Deleting", why),
        (Ok(_), None) => progressing("Deleting", "the deletion was sent to AWS"),
        (Ok(Next::Progressing(why)), Some(want)) => progressing(if want.paused { "Paused" } else { "Waiting" }, why),
        (Ok(Next::Acted | Next::Ordered), Some(_)) => progressing("Applying", "the change was sent to AWS"),
        (Ok(Next::Settled), Some(_)) => of_state(status),
    };
    if let (Some(ready), true) = (all.first_mut(), pass.end.is_ok()) {
        for remark in remarks(status, pass) {
            ready.message = format!("{}; {remark}", ready.message);
        }
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

fn progressing(reason: &'static str, message: &str) -> Vec<Statement> {
    vec![Statement::no(Type::Ready, reason, message), Statement::yes(Type::Reconciling, reason, message)]
}

fn stalled(reason: &'static str, message: &str) -> Vec<Statement> {
    vec![Statement::no(Type::Ready, reason, message), Statement::yes(Type::Stalled, reason, message)]
}

/// Ready is true only while the load balancer works, with the listeners that are declared.
fn of_state(status: &Status) -> Vec<Statement> {
    let reason = status.state_reason.as_deref().unwrap_or("AWS does not say why");
    match status.state.as_deref().unwrap_or_default() {
        "provisioning" => progressing("Provisioning", "AWS is setting up the load balancer"),
        "failed" => stalled("Failed", &format!("AWS could not set up the load balancer: {reason}")),
        "active_impaired" => stalled("Impaired", &format!("AWS cannot scale the load balancer: {reason}")),
        _ => vec![Statement::yes(Type::Ready, "Active", listening(status))],
    }
}

fn listening(status: &Status) -> String {
    let ports: Vec<String> = status.listeners.iter().map(|it| it.port.to_string()).collect();
    let on = if ports.is_empty() { "has no listener".to_owned() } else { format!("listens on {}", ports.join(", ")) };
    format!("{} {on}", status.dns_name.as_deref().unwrap_or("it"))
}

/// What a person should know although it works.
fn remarks(status: &Status, pass: &Pass<Kind>) -> Vec<String> {
    let mut all = Vec::new();
    let declared = match &pass.want {
        Some(Desired::Present(want)) => want.listeners.as_deref().unwrap_or_default(),
        _ => &[],
    };
    for listener in &status.listeners {
        if !listener.uncovered_hosts.is_empty() {
            let (port, hosts) = (listener.port, listener.uncovered_hosts.join(", "));
            let discovers = declared.iter().any(|it| it.port == port && it.discovers);
            let to_do =
                if discovers { "request one in Certificate Manager" } else { "list one that does, or set discoverCertificates" };
            all.push(format!("no certificate on port {port} covers {hosts}: {to_do}"));
        }
        if !listener.conflicts.is_empty() {
            let others = listener.conflicts.join(", ");
            let holder = listener.claimed_by.as_deref().unwrap_or("none");
            all.push(format!("port {} belongs to {holder}; it is named in vain by {others}", listener.port));
        }
    }
    let Some(seen) = &pass.seen else { return all };
    // Where none is looked for, nobody has to allow that.
    if let (Certificates::Denied(error), true) = (&seen.certificates, declared.iter().any(|it| it.discovers)) {
        all.push(format!("certificates cannot be looked for, so only those that are listed are used: {}", told(error)));
    }
    let lasting = |error: &&AwsError| !error.is_transient();
    if let Some(error) = seen.trouble.as_ref().filter(lasting).or(seen.trouble_beside.as_ref().filter(lasting)) {
        all.push(format!("part of it cannot be seen: {}", told(error)));
    }
    all
}

fn told(error: &AwsError) -> String {
    format!("{}: {}. {}", error.operation, error.message.trim_end_matches('.'), error.advice())
}

/// What is worth an event.
pub fn notices(before: &Status, after: &Status, pass: &Pass<Kind>) -> Vec<Notice> {
    let mut all = conditions::notices(&before.conditions, &after.conditions);
    let is_deleted = matches!(pass.want, Some(Desired::Absent(_)));
    all.extend(pass.done.iter().filter_map(|done| {
        let (warning, reason, message) = match done {
            Done::Created(live) => {
                let dns = live.dns_name.as_deref().unwrap_or_default();
                match &before.load_balancer_arn {
                    Some(old) if *old != live.arn => {
                        let message = format!("{old} was gone and is made again, with another DNS name: {dns}");
                        (true, "MadeAgain", message)
                    }
                    _ => (false, "Created", format!("load balancer {} is made: {dns}", live.name)),
                }
            }
            Done::ListenerCreated { port, protocol, .. } => {
                (false, "ListenerCreated", format!("listens on port {port} ({protocol})"))
            }
            Done::ListenerDeleted { port } => (false, "ListenerDeleted", format!("no longer listens on port {port}")),
            Done::Deleted if is_deleted => (false, "Deleted", "the load balancer is deleted, with its listeners".to_owned()),
            _ => return None,
        };
        Some(Notice { id: None, warning, reason: reason.to_owned(), message })
    }));
    all
}
