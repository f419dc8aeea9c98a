//! What to do about a connection. Pure.

use super::Hold;
use super::desired::Desired;
use crate::engine::Plan;

/// What to do.
pub fn plan(want: &Desired) -> Plan<Hold> {
    match want {
        Desired::Present { is_to_be_held: true } => Plan::Do(vec![Hold]),
        Desired::Present { is_to_be_held: false } | Desired::Elsewhere => Plan::InSync,
        Desired::Absent { user: Some(user) } => Plan::Wait(format!(
            "{user} still has something in AWS by way of this connection, which goes after it; nothing new may use it"
        )),
        Desired::Absent { user: None } => Plan::Gone,
    }
}
