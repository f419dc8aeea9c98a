//! How AWS refuses, and how a test makes it fail.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// An answer that refuses the request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{code}: {message}")]
pub struct ServiceError {
    /// HTTP status.
    pub status: u16,
    /// AWS's error code, such as `ClusterNotFoundException`.
    pub code: String,
    /// AWS's words.
    pub message: String,
}

impl ServiceError {
    /// An error with HTTP status 400, as nearly all of ECS's are.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self { status: 400, code: code.to_owned(), message: message.into() }
    }

    pub(crate) fn client(message: impl Into<String>) -> Self {
        Self::new("ClientException", message)
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new("InvalidParameterException", message)
    }
}

/// Identifies an injected fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct FaultId(pub u64);

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "kind")]
pub enum FaultKind {
    /// The request is refused and nothing is done.
    Error {
        /// HTTP status.
        status: u16,
        /// Error code.
        code: String,
        /// Message.
        message: String,
    },
    /// The request is carried out, then the connection breaks.
    LostReply,
    /// Reads of services answer as of this long ago.
    StaleRead {
        /// Age of the answer, in seconds.
        #[serde(rename = "ageSeconds", with = "seconds")]
        age: Duration,
    },
    /// The request is never answered and nothing is done.
    Hang,
    /// The answer comes this much later, in the caller's time.
    Delay {
        /// Extra time, in seconds.
        #[serde(rename = "bySeconds", with = "seconds")]
        by: Duration,
    },
    /// A proxy answers with a page of HTML and status 502; nothing is done.
    Html502,
}

/// A fault and the calls that meet it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Fault {
    /// Operation it applies to; `*` stands for any characters, as in `Describe*`.
    pub operation: String,
    /// Part of a name or ARN that the call must point at.
    #[serde(default)]
    pub resource: Option<String>,
    /// What goes wrong.
    #[serde(flatten)]
    pub kind: FaultKind,
    /// How many calls meet it; unset is all.
    #[serde(default)]
    pub count: Option<u32>,
    /// Simulated time at which it ends; unset is never.
    #[serde(default)]
    pub until: Option<Timestamp>,
}

impl Fault {
    /// A fault of every call of `operation`, a glob.
    pub fn new(operation: &str, kind: FaultKind) -> Self {
        Self { operation: operation.to_owned(), resource: None, kind, count: None, until: None }
    }

    /// A refusal of every call of `operation` with HTTP status 400.
    pub fn error(operation: &str, code: &str, message: &str) -> Self {
        let (code, message) = (code.to_owned(), message.to_owned());
        Self::new(operation, FaultKind::Error { status: 400, code, message })
    }

    /// Only for calls that point at something whose name or ARN contains `resource`.
    #[must_use]
    pub fn on(mut self, resource: &str) -> Self {
        self.resource = Some(resource.to_owned());
        self
    }

    /// Only for the next `count` calls.
    #[must_use]
    pub fn times(mut self, count: u32) -> Self {
        self.count = Some(count);
        self
    }

    /// Only until this simulated time.
    #[must_use]
    pub fn until(mut self, end: Timestamp) -> Self {
        self.until = Some(end);
        self
    }

    fn meets(&self, operation: &str, target: &str, now: Timestamp) -> bool {
        self.count != Some(0)
            && self.until.is_none_or(|end| now < end)
            && glob(&self.operation, operation)
            && self.resource.as_ref().is_none_or(|part| target.contains(part.as_str()))
    }
}

/// The faults in force.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    next: u64,
    list: Vec<(FaultId, Fault)>,
}

impl Faults {
    pub(crate) fn add(&mut self, fault: Fault) -> FaultId {
        self.next += 1;
        self.list.push((FaultId(self.next), fault));
        FaultId(self.next)
    }

    pub(crate) fn remove(&mut self, id: FaultId) {
        self.list.retain(|(known, _)| *known != id);
    }

    pub(crate) fn list(&self) -> &[(FaultId, Fault)] {
        &self.list
    }

    pub(crate) fn clear(&mut self) {
        self.list.clear();
    }

    /// The first fault that this call meets; its count goes down by one.
    pub(crate) fn meet(&mut self, operation: &str, target: &str, now: Timestamp) -> Option<FaultKind> {
        let (_, fault) = self.list.iter_mut().find(|(_, fault)| fault.meets(operation, target, now))?;
        if let Some(count) = &mut fault.count {
            *count -= 1;
        }
        Some(fault.kind.clone())
    }
}

/// Whether `text` has the form of `pattern`, in which `*` stands for any characters.
pub(crate) fn glob(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, tail)) => text
            .strip_prefix(head)
            .is_some_and(|rest| (0..=rest.len()).filter(|at| rest.is_char_boundary(*at)).any(|at| glob(tail, &rest[at..]))),
    }
}

/// Durations as whole or fractional seconds.
mod seconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(value: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(value.as_secs_f64())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        Duration::try_from_secs_f64(f64::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_glob_matches_whole_names_only() {
        assert!(glob("Describe*", "DescribeServices"));
        assert!(glob("*Service", "CreateService"));
        assert!(glob("*", ""));
        assert!(!glob("Create", "CreateService"));
    }

    #[test]
    fn a_counted_fault_is_met_that_often() {
        let mut faults = Faults::default();
        faults.add(Fault::new("*", FaultKind::Hang).times(1));
        assert!(faults.meet("CreateService", "", Timestamp::UNIX_EPOCH).is_some());
        assert!(faults.meet("CreateService", "", Timestamp::UNIX_EPOCH).is_none());
    }
}
