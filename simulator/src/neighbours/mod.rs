//! The AWS services that clients need on their way to ECS: thin, but truthful about what they say.
//!
//! STS, IAM, EC2, ACM and CloudWatch Logs.

pub(crate) mod acm;
mod ec2;
mod iam;
mod logs;
pub(crate) mod network;
mod sts;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value;

use crate::fault::ServiceError;
use crate::simulator::Request;

/// What the neighbours remember.
#[derive(Debug, Default)]
pub(crate) struct Neighbours {
    /// Each session that `AssumeRole` handed out, by access key.
    sessions: BTreeMap<String, Session>,
    /// Parts of the ARNs of roles that nobody may take on.
    closed_roles: Vec<String>,
    /// What the policy and the tags of a session may have together, in characters.
    largest_packed_policy: Option<usize>,
    removed_roles: BTreeSet<String>,
    created_roles: BTreeMap<(String, String), Value>,
    log_groups: BTreeMap<(String, String, String), Timestamp>,
}

/// A role that was taken on.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) account: String,
    pub(crate) arn: String,
    /// What it may do of what its role may do. `Null`: all of it.
    pub(crate) policy: Value,
    pub(crate) ends: Timestamp,
}

impl Neighbours {
    pub(crate) fn session(&self, access_key: &str) -> Option<Session> {
        self.sessions.get(access_key).cloned()
    }

    pub(crate) fn close_role(&mut self, pattern: &str) {
        self.closed_roles.push(pattern.to_owned());
    }

    pub(crate) fn open_roles(&mut self) {
        self.closed_roles.clear();
    }

    pub(crate) fn set_largest_packed_policy(&mut self, characters: Option<usize>) {
        self.largest_packed_policy = characters;
    }

    pub(crate) fn remove_role(&mut self, name: &str) {
        self.removed_roles.insert(name.to_owned());
        self.created_roles.retain(|(_, created), _| created != name);
    }
}

/// Answers a call to any service but ECS, Elastic Load Balancing and ACM.
pub(crate) fn call(neighbours: &mut Neighbours, request: &Request, now: Timestamp) -> Result<Value, ServiceError> {
    match request.service.as_str() {
        "sts" => sts::call(neighbours, request, now),
        "iam" => iam::call(neighbours, request, now),
        "ec2" => ec2::call(request),
        "logs" => logs::call(neighbours, request, now),
        other => Err(ServiceError::new("InvalidAction", format!("the service {other} is not simulated"))),
    }
}

fn unknown(request: &Request) -> ServiceError {
    ServiceError::new("InvalidAction", format!("The action {} is not valid for this web service.", request.operation))
}

fn text<'a>(input: &'a Value, member: &str) -> Option<&'a str> {
    input.get(member).and_then(Value::as_str)
}

fn required<'a>(input: &'a Value, member: &str) -> Result<&'a str, ServiceError> {
    text(input, member)
        .ok_or_else(|| ServiceError::new("ValidationError", format!("The request must contain the parameter {member}.")))
}
