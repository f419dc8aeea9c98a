//! What to say about a connection after a pass. Pure.

use super::AwsConnectionKind as Kind;
use super::desired::Desired;
use crate::api::{AwsConnection, AwsConnectionStatus as Status};
use crate::aws::error::{Kind as Sort, MISMATCH};
use crate::engine::conditions::{Statement, Type, merge};
use crate::engine::next::Next;
use crate::engine::{Notice, Pass, Stop, statements_of};
use jiff::Timestamp;

/// The status after a pass.
pub fn status(object: &AwsConnection, pass: &Pass<Kind>, now: Timestamp) -> Status {
    let before = object.status.clone().unwrap_or_default();
    if pass.want == Some(Desired::Elsewhere) {
        return before;
    }
    let generation = object.metadata.generation;
    let seen = pass.seen.as_ref().and_then(|caller| caller.0.clone());
    Status {
        observed_generation: generation,
        caller_arn: seen.filter(|arn| !arn.is_empty()),
        conditions: merge(&before.conditions, &statements(object, pass), generation, now),
    }
}

fn statements(object: &AwsConnection, pass: &Pass<Kind>) -> Vec<Statement> {
    match &pass.end {
        Err(stop) => statements_of(&in_our_words(stop)),
        Ok(Next::Progressing(why)) => {
            vec![Statement::no(Type::Ready, "Deleting", why), Statement::yes(Type::Reconciling, "Deleting", why)]
        }
        Ok(Next::Gone) => vec![Statement::no(Type::Ready, "Deleting", "nothing is in AWS any more by way of this connection")],
        Ok(_) => {
            let (account, region) = (&object.spec.account_id, &object.spec.region);
            vec![Statement::yes(Type::Ready, "Connected", format!("AWS knows the operator in account {account}, {region}"))]
        }
    }
}

/// What is told as an Event: that the operator is kept out, for each new reason, and that it is let in again. Whoever made the
/// connection hears of it in `status` when it works from the start.
pub fn notices(before: &Status, after: &Status) -> Vec<Notice> {
    let ready = |status: &Status| status.conditions.iter().find(|one| one.type_ == "Ready").cloned();
    let (old, Some(new)) = (ready(before), ready(after)) else { return Vec::new() };
    let is_known = match &old {
        Some(old) => old.status == new.status && old.reason == new.reason,
        None => new.status == "True",
    };
    if is_known || new.reason == "Deleting" {
        return Vec::new();
    }
    vec![Notice { id: None, warning: new.status != "True", reason: new.reason, message: new.message }]
}

/// What keeps the operator out has a word of its own here, whichever call found out.
fn in_our_words(stop: &Stop) -> Stop {
    match stop {
        Stop::Aws(error) if error.code.as_deref() == Some(MISMATCH) => Stop::waiting(MISMATCH, stop.message()),
        Stop::Aws(error) if matches!(error.kind, Sort::Credentials | Sort::Denied) => {
            Stop::waiting("CredentialsUnavailable", stop.message())
        }
        stop => stop.clone(),
    }
}
