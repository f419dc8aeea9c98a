//! STS: who the caller is, and roles to become.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Neighbours, Session, required, text, unknown};
use crate::clock::later;
use crate::fault::ServiceError;
use crate::simulator::Request;

pub(super) fn call(neighbours: &mut Neighbours, request: &Request, now: Timestamp) -> Result<Value, ServiceError> {
    match request.operation.as_str() {
        "GetCallerIdentity" => Ok(caller_identity(request)),
        "AssumeRole" | "AssumeRoleWithWebIdentity" => assume_role(neighbours, &request.input, now),
        _ => Err(unknown(request)),
    }
}

fn caller_identity(request: &Request) -> Value {
    let account = &request.account;
    let of_user = || format!("arn:aws:iam::{account}:user/simulated");
    json!({
        "UserId": "AIDASIMULATED",
        "Account": account,
        "Arn": request.session.as_ref().map_or_else(of_user, |session| session.arn.clone()),
    })
}

/// The longest session policy, in characters.
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>, `Policy`
const LONGEST_POLICY: usize = 2048;
/// The shortest and the longest session, in seconds. The same page, `DurationSeconds`
const DURATIONS: std::ops::RangeInclusive<u64> = 900..=43_200;

/// What STS checks of an input before it looks for the role. The same page, patterns and lengths of the members.
fn check(input: &Value) -> Result<Value, ServiceError> {
    let invalid = |message: String| ServiceError::new("ValidationError", message);
    let name = required(input, "RoleSessionName")?;
    let fits = (2..=64).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c));
    if !fits {
        return Err(invalid(format!("Value '{name}' at 'roleSessionName' failed to satisfy constraint")));
    }
    if let Some(seconds) = text(input, "DurationSeconds").and_then(|text| text.parse().ok())
        && !DURATIONS.contains(&seconds)
    {
        return Err(invalid(format!("Value '{seconds}' at 'DurationSeconds' failed to satisfy constraint")));
    }
    let Some(policy) = text(input, "Policy") else { return Ok(Value::Null) };
    if policy.chars().count() > LONGEST_POLICY {
        return Err(invalid(
            "Value at 'policy' failed to satisfy constraint: Member must have length less than or equal to 2048".into(),
        ));
    }
    serde_json::from_str(policy).map_err(|_| ServiceError::new("MalformedPolicyDocument", "Syntax errors in policy."))
}

/// What STS packs policy and tags into has a limit of its own, and the error says how much of it they take. How it packs them nobody
/// publishes, so characters stand for it here (?).
/// <https://repost.aws/knowledge-center/iam-role-aws-sts-error>
fn check_packed(input: &Value, most: usize) -> Result<(), ServiceError> {
    let policy = text(input, "Policy").map_or(0, str::len);
    let tags = input.as_object().into_iter().flatten().filter(|(name, _)| name.starts_with("Tags."));
    let tags: usize = tags.filter_map(|(_, value)| value.as_str()).map(str::len).sum();
    let percent = |length: usize| length * 100 / most.max(1);
    let too_large = |message: String| Err(ServiceError::new("PackedPolicyTooLarge", message));
    match (policy + tags > most, tags > most) {
        (_, true) => too_large(format!("Packed size of session tags consumes {}% of allotted space.", percent(tags))),
        (true, false) => {
            too_large(format!("Packed policy consumes {}% of allotted space, please use smaller policy.", percent(policy + tags)))
        }
        _ => Ok(()),
    }
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
    let policy = check(input)?;
    if let Some(most) = neighbours.largest_packed_policy {
        check_packed(input, most)?;
    }
    let is_closed = neighbours.closed_roles.iter().any(|part| role.contains(part.as_str()));
    if is_closed || neighbours.removed_roles.contains(name.rsplit('/').next().unwrap_or(name)) {
        let message = format!("User: simulated is not authorized to perform: sts:AssumeRole on resource: {role}");
        return Err(ServiceError { status: 403, code: "AccessDenied".to_owned(), message });
    }
    let seconds = text(input, "DurationSeconds").and_then(|text| text.parse().ok()).unwrap_or(3600);
    let key = format!("ASIASIMULATED{:07}", neighbours.sessions.len() + 1);
    let arn = format!("arn:aws:sts::{account}:assumed-role/{name}/{session}");
    let ends = later(now, Duration::from_secs(seconds));
    neighbours.sessions.insert(key.clone(), Session { account: account.to_owned(), arn: arn.clone(), policy, ends });
    Ok(json!({
        "Credentials": {
            "AccessKeyId": key,
            "SecretAccessKey": "simulated",
            "SessionToken": "simulated",
            "Expiration": ends.to_string(),
        },
        "AssumedRoleUser": {
            "AssumedRoleId": format!("AROASIMULATED:{session}"),
            "Arn": arn,
        },
    }))
}
