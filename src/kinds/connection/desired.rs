//! What is wanted of a connection. Pure.

use super::Refs;
use crate::api::AwsConnection;
use crate::engine::Stop;
use crate::engine::connections::says_how;
use crate::engine::write::has_finalizer;

/// A connection, in use or on its way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Desired {
    /// It is to be there.
    Present {
        /// Whether an object has something in AWS by way of it, and it can still be deleted.
        is_to_be_held: bool,
    },
    /// The operator works in none of its namespaces: somebody else looks after it, or nobody.
    Elsewhere,
    /// It is being deleted.
    Absent {
        /// An object that has something in AWS by way of it.
        user: Option<String>,
    },
}

/// What is wanted.
///
/// # Errors
/// [`Stop::Invalid`] when it does not say how to get in.
pub fn desired(object: &AwsConnection, refs: &Refs) -> Result<Desired, Stop> {
    if !refs.is_used_here {
        return Ok(Desired::Elsewhere);
    }
    if object.metadata.deletion_timestamp.is_some() {
        return Ok(Desired::Absent { user: refs.user.clone() });
    }
    says_how(object)?;
    Ok(Desired::Present { is_to_be_held: refs.user.is_some() && !has_finalizer(object) })
}
