//! STS: who the caller is, and roles to become.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Neighbours, required, text, unknown};
use crate::clock::later;
use crate::fault::ServiceError;
use crate::simulator::Request;

pub(super) fn call(neighbours: &mut Neighbours, request: &Request, now: Timestamp) -> Result<Value, ServiceError> {
    match request.operation.as_str() {
        "GetCallerIdentity" => Ok(caller_identity(&request.account)),
        "AssumeRole" | "AssumeRoleWithWebIdentity" => assume_role(neighbours, &request.input, now),
        _ => Err(unknown(request)),
    }
}

fn caller_identity(account: &str) -> Value {
    json!({
        "UserId": "AIDASIMULATED",
        "Account": account,
        "Arn": format!("arn:aws:iam::{account}:user/simulated"),
    })
}

/// The session acts in the account of the role, which is how one account works in another.
fn assume_role(neighbours: &mut Neighbours, input: &Value, now: Timestamp) -> Result<Value, ServiceError> {
    let role = required(input, "RoleArn")?;
    let session = required(input, "RoleSessionName")?;
    let mut parts = role.splitn(6, ':');
    let account = parts.nth(4).unwrap_or_default();
    let name = parts.next().and_then(|resource| resource.strip_prefix("role/"));
    let Some(name) = name.filter(|_| account.len() == 12) else {
        return Err(ServiceError::new("ValidationError", format!("{role} is invalid")));
    };
    if neighbours.removed_roles.contains(name.rsplit('/').next().unwrap_or(name)) {
        let message = format!("User: simulated is not authorized to perform: sts:AssumeRole on resource: {role}");
        return Err(ServiceError { status: 403, code: "AccessDenied".to_owned(), message });
    }
    let seconds = text(input, "DurationSeconds").and_then(|text| text.parse().ok()).unwrap_or(3600);
    let key = format!("ASIASIMULATED{:07}", neighbours.sessions.len() + 1);
    neighbours.sessions.insert(key.clone(), (account.to_owned(), name.to_owned()));
    Ok(json!({
        "Credentials": {
            "AccessKeyId": key,
            "SecretAccessKey": "simulated",
            "SessionToken": "simulated",
            "Expiration": later(now, Duration::from_secs(seconds)).to_string(),
        },
        "AssumedRoleUser": {
            "AssumedRoleId": format!("AROASIMULATED:{session}"),
            "Arn": format!("arn:aws:sts::{account}:assumed-role/{name}/{session}"),
        },
    }))
}
