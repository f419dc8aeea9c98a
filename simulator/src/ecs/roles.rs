//! Whether the caller may pass a role to ECS. ecs-semantics §9.

use super::World;
use crate::fault::ServiceError;
use serde_json::Value;

/// Refuses a role that was marked as not passable, in IAM's words.
pub(crate) fn check_pass(world: &World, role: Option<&str>) -> Result<(), ServiceError> {
    let Some(role) = role else { return Ok(()) };
    let account = &world.account;
    let arn = if role.starts_with("arn:") { role.to_owned() } else { format!("arn:aws:iam::{account}:role/{role}") };
    let lacking = if world.forbidden_roles.iter().any(|part| role.contains(part.as_str())) {
        "identity-based"
    } else if !session_allows(&world.session_policy, &arn) {
        "session"
    } else {
        return Ok(());
    };
    let message = format!(
        "User: arn:aws:iam::{account}:user/simulated is not authorized to perform: iam:PassRole on resource: {arn} because no {lacking} policy allows the iam:PassRole action"
    );
    Err(ServiceError::new("AccessDeniedException", message))
}

/// Whether a session policy lets a role be passed: what a session may do is what its role may do and this allows too. Of the
/// language only what says that is read: `Allow` statements that name the action, and a `*` at the end of a resource.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session>
fn session_allows(policy: &Value, role: &str) -> bool {
    if policy.is_null() {
        return true;
    }
    let allows = |statement: &Value| {
        let names_it = listed(&statement["Action"]).any(|action| matches!(action, "iam:PassRole" | "iam:*" | "*"));
        let is_meant = |resource: &str| resource.strip_suffix('*').map_or(resource == role, |start| role.starts_with(start));
        statement["Effect"] == "Allow" && names_it && listed(&statement["Resource"]).any(is_meant)
    };
    policy["Statement"].as_array().into_iter().flatten().any(allows)
}

/// One text, or a list of texts.
fn listed(value: &Value) -> impl Iterator<Item = &str> {
    value.as_str().into_iter().chain(value.as_array().into_iter().flatten().filter_map(Value::as_str))
}

#[cfg(test)]
mod tests {
    use super::session_allows;
    use serde_json::{Value, json};

    #[test]
    fn a_session_policy_allows_the_roles_that_it_lists() {
        let all_but_iam = json!({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"});
        let passes = json!({"Effect": "Allow", "Action": "iam:PassRole", "Resource": ["arn:aws:iam::1:role/a", "arn:aws:iam::1:role/k8s/*"]});
        let policy = json!({"Statement": [all_but_iam.clone(), passes]});
        assert!(session_allows(&policy, "arn:aws:iam::1:role/a") && session_allows(&policy, "arn:aws:iam::1:role/k8s/b"));
        assert!(!session_allows(&policy, "arn:aws:iam::1:role/ab"));
        assert!(!session_allows(&json!({"Statement": [all_but_iam]}), "arn:aws:iam::1:role/a"));
        assert!(session_allows(&Value::Null, "arn:aws:iam::1:role/a"), "a session without a policy may what its role may");
    }
}
