//! The policy of a namespace in the words of IAM, for the session with which its calls are made. Pure.
//!
//! AWS then refuses what the guard here would have let through by mistake: a session has the rights that both its role and
//! this document give. `engine::connections` hands it to `AssumeRole` (`Policy` and `Tags`).

use super::asks::Ask;
use super::policy::Compiled;
use crate::api::namespace_policy::GuardMode;
use crate::api::{EcsNamespacePolicySpec, TaskDefinition};
use crate::domain::grant::{Place, Slot};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The longest document that STS takes, in characters. What it packs it into has a limit of its own that nobody publishes;
/// STS answers `PackedPolicyTooLarge` there, which the connection has to tell as it tells [`TooLong`].
pub const LONGEST: usize = 2048;
/// The longest value of a session tag.
const LONGEST_TAG: usize = 256;

/// A policy that does not fit into a session.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "as a session policy of AWS it has {length} characters, and {} are allowed: put the roles of the namespace under one \
     path and list `role/<path>/*`",
    LONGEST
)]
pub struct TooLong {
    /// How long it is.
    pub length: usize,
}

/// Services to which roles of a slot are passed.
const fn passed_to(slot: Slot) -> &'static [&'static str] {
    match slot {
        Slot::InfrastructureRoles => &["ecs.amazonaws.com"],
        _ => &["ecs-tasks.amazonaws.com"],
    }
}

/// The roles of a task definition that is run in another namespace than its own, as ARNs: ECS asks whether they may be passed
/// when a service is made to run it, too, and not only when it is registered. What the policy of its own namespace does not
/// grant is not among them, unless the mode of that lets it pass.
pub fn lent(spec: &EcsNamespacePolicySpec, definition: &TaskDefinition, place: &Place) -> Vec<String> {
    let compiled = Compiled::of(spec, place, true);
    let roles = [
        Ask::new("taskRoleArn", Slot::TaskRoles, definition.task_role_arn.as_deref().unwrap_or_default()),
        Ask::new("executionRoleArn", Slot::ExecutionRoles, definition.execution_role_arn.as_deref().unwrap_or_default()),
    ];
    // IAM would take these for patterns.
    let is_one = |role: &str| !role.is_empty() && !role.contains(['*', '?', '$']);
    let is_passed = |ask: &Ask| compiled.mode != GuardMode::Enforce || compiled.judge(ask, None).is_ok();
    roles.iter().filter(|ask| is_one(&ask.value) && is_passed(ask)).map(|ask| ask.slot.meaning(&ask.value, place)).collect()
}

/// The session policy of a namespace: everything that the operator's role may do, but roles are passed as the policy says,
/// beside those that are lent to it, and to ECS alone. There is no shorter form that is weaker: what does not fit is refused,
/// and no call is made.
///
/// # Errors
/// [`TooLong`].
pub fn policy(spec: &EcsNamespacePolicySpec, lent: &BTreeSet<String>, place: &Place) -> Result<String, TooLong> {
    let compiled = Compiled::of(spec, place, true);
    // Tasks have both kinds of role, and what IAM sees of them is the same.
    let mut by_service: BTreeMap<&[&str], BTreeSet<String>> = BTreeMap::new();
    for slot in [Slot::TaskRoles, Slot::ExecutionRoles, Slot::InfrastructureRoles] {
        by_service.entry(passed_to(slot)).or_default().extend(compiled.resources(slot));
    }
    by_service.entry(passed_to(Slot::TaskRoles)).or_default().extend(lent.iter().cloned());
    let mut statements = vec![json!({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"})];
    for (services, roles) in by_service.into_iter().filter(|(_, roles)| !roles.is_empty()) {
        statements.push(json!({
            "Effect": "Allow",
            "Action": "iam:PassRole",
            "Resource": one_or_all(roles.into_iter().collect()),
            "Condition": {"StringEquals": {"iam:PassedToService": one_or_all(services.iter().map(|it| (*it).to_owned()).collect())}},
        }));
    }
    let document = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
    let length = document.chars().count();
    if length > LONGEST { Err(TooLong { length }) } else { Ok(document) }
}

fn one_or_all(mut all: Vec<String>) -> Value {
    if all.len() == 1 { json!(all.remove(0)) } else { json!(all) }
}

/// The tags of a session, which `CloudTrail` shows and policies of AWS can ask for.
///
/// A session is shared by the objects of a namespace, so no object stands in them.
pub fn tags(cluster: &str, namespace: Option<&str>) -> BTreeMap<String, String> {
    let pairs = [("ecs-operator.io/installation", Some(cluster)), ("ecs-operator.io/namespace", namespace)];
    pairs.into_iter().filter_map(|(key, value)| Some((key.to_owned(), tag_value(value?)))).collect()
}

/// What STS takes in a tag: letters, digits, blanks and `_.:/=+-@`.
fn tag_value(text: &str) -> String {
    let taken = |c: char| if c.is_alphanumeric() || " _.:/=+-@".contains(c) { c } else { '_' };
    text.chars().take(LONGEST_TAG).map(taken).collect()
}
