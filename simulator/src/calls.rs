//! The log of what callers asked for.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

/// What a caller got.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Outcome {
    /// The operation was carried out.
    Ok,
    /// The operation was refused with this error code.
    Error(String),
    /// The bucket of the operation was empty.
    Throttled,
    /// The operation was carried out and its reply was lost.
    LostReply,
    /// No reply was ever sent and nothing was done.
    Hung,
}

/// One call over a wire.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Call {
    /// Simulated time.
    pub at: Timestamp,
    /// Account the call acted in.
    pub account: String,
    /// Region the call acted in.
    pub region: String,
    /// Service in the words of the credential scope: `ecs`, `elasticloadbalancing`, `sts`, `iam`, `ec2`, `acm`, `logs`.
    pub service: String,
    /// Operation, such as `CreateService`.
    pub operation: String,
    /// Names and ARNs that the input points at, separated by spaces.
    pub target: String,
    /// What came of it.
    pub outcome: Outcome,
    /// The input as received, unless the settings say not to keep it.
    pub input: Value,
}

/// The members of an input that say what it is about, joined.
pub(crate) fn target(input: &Value) -> String {
    const MEMBERS: [&str; 28] = [
        "cluster",
        "clusters",
        "clusterName",
        "service",
        "services",
        "serviceName",
        "taskDefinition",
        "family",
        "familyPrefix",
        "resourceArn",
        "task",
        "tasks",
        "serviceDeploymentArn",
        "serviceDeploymentArns",
        "serviceRevisionArns",
        "RoleName",
        "RoleArn",
        "Name",
        "Names",
        "LoadBalancerArn",
        "LoadBalancerArns",
        "ListenerArn",
        "ListenerArns",
        "RuleArn",
        "RuleArns",
        "TargetGroupArn",
        "TargetGroupArns",
        "ResourceArns",
    ];
    let mut words = Vec::new();
    for member in MEMBERS {
        match input.get(member) {
            Some(Value::String(word)) => words.push(word.as_str()),
            Some(Value::Array(items)) => words.extend(items.iter().filter_map(Value::as_str)),
            _ => {}
        }
    }
    words.join(" ")
}
