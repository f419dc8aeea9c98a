//! What to say about a policy after a pass. Pure.

use super::EcsNamespacePolicyKind as Kind;
use super::desired::Desired;
use crate::api::namespace_policy::GuardMode;
use crate::api::{EcsNamespacePolicy, EcsNamespacePolicyStatus as Status};
use crate::engine::conditions::{Statement, Type, merge};
use crate::engine::next::Next;
use crate::engine::{Pass, statements_of};
use jiff::Timestamp;

/// The status after a pass.
pub fn status(object: &EcsNamespacePolicy, pass: &Pass<Kind>, now: Timestamp) -> Status {
    let before = object.status.as_ref().map(|status| status.conditions.clone()).unwrap_or_default();
    let generation = object.metadata.generation;
    Status { observed_generation: generation, conditions: merge(&before, &statements(pass), generation, now) }
}

fn statements(pass: &Pass<Kind>) -> Vec<Statement> {
    match (&pass.end, &pass.want) {
        (Err(stop), _) => statements_of(stop),
        (Ok(Next::Progressing(why)), _) => {
            vec![Statement::no(Type::Ready, "Deleting", why), Statement::yes(Type::Reconciling, "Deleting", why)]
        }
        (Ok(_), Some(Desired::Present { .. })) if pass.seen.is_some_and(|seen| !seen.is_on) => {
            let why = "the operator was started with --guard off: of the policy only connection and references are asked, and no call is refused";
            // Stalled too: without it kstatus takes what is not Ready for something that is under way.
            vec![Statement::no(Type::Ready, "GuardOff", why), Statement::yes(Type::Stalled, "GuardOff", why)]
        }
        (Ok(_), Some(Desired::Present { mode, .. })) => vec![in_force(mode)],
        (Ok(_), _) => vec![Statement::no(Type::Ready, "Deleting", "nothing of the namespace is in AWS any more")],
    }
}

fn in_force(mode: &GuardMode) -> Statement {
    match mode {
        GuardMode::Warn => Statement::yes(Type::Ready, "Warns", "what is not granted is done all the same; an Event tells of it"),
        GuardMode::Audit => {
            Statement::yes(Type::Ready, "Audits", "what is not granted is done all the same; log and metrics tell of it")
        }
        _ => Statement::yes(Type::Ready, "InForce", "what is not granted is refused"),
    }
}
