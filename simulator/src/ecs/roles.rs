//! Whether the caller may pass a role to ECS. ecs-semantics §9.

use super::World;
use crate::fault::ServiceError;

/// Refuses a role that was marked as not passable, in IAM's words.
pub(crate) fn check_pass(world: &World, role: Option<&str>) -> Result<(), ServiceError> {
    let Some(role) = role else { return Ok(()) };
    if !world.forbidden_roles.iter().any(|part| role.contains(part.as_str())) {
        return Ok(());
    }
    let account = &world.account;
    let arn = if role.starts_with("arn:") { role.to_owned() } else { format!("arn:aws:iam::{account}:role/{role}") };
    let message = format!(
        "User: arn:aws:iam::{account}:user/simulated is not authorized to perform: iam:PassRole on resource: {arn} because no identity-based policy allows the iam:PassRole action"
    );
    Err(ServiceError::new("AccessDeniedException", message))
}
