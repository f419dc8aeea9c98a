//! What to do about a policy. Pure.

use super::Hold;
use super::desired::Desired;
use crate::engine::{Plan, Stop};

/// What to do.
pub fn plan(want: &Desired) -> Plan<Hold> {
    match want {
        Desired::Present { is_to_be_held: true, .. } => Plan::Do(vec![Hold]),
        Desired::Present { problems, .. } if !problems.is_empty() => Plan::Refuse(Stop::invalid(
            "InvalidEntry",
            format!("these entries grant nothing, the others are in force: {}", problems.join("; ")),
        )),
        Desired::Present { .. } => Plan::InSync,
        Desired::Absent { user: Some(user) } => {
            Plan::Wait(format!("{user} still has something in AWS; the policy grants nothing any more, and goes after it"))
        }
        Desired::Absent { user: None } => Plan::Gone,
    }
}
