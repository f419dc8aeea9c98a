//! Conditions: their types, how a new set takes the place of the old one, and what a reader may conclude. Pure.

use super::Notice;
use crate::domain::whole_seconds;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

/// The types of condition that kinds here use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// What was asked for is what serves.
    Ready,
    /// Enough of it serves, whatever revision.
    Available,
    /// Work is under way.
    Reconciling,
    /// Work cannot go on without help.
    Stalled,
    /// ECS went back to an older revision.
    RolledBack,
    /// AWS differs from the declaration and is left so.
    Drifted,
    /// Nothing is written because of the annotation.
    Paused,
    /// A rule may stand on its listener: host, match and priority are its own.
    Accepted,
    /// AWS has it.
    Programmed,
    /// A rule can never match, because another one stands before it.
    Shadowed,
}

impl Type {
    /// The type as it stands in status.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "Ready",
            Self::Available => "Available",
            Self::Reconciling => "Reconciling",
            Self::Stalled => "Stalled",
            Self::RolledBack => "RolledBack",
            Self::Drifted => "Drifted",
            Self::Paused => "Paused",
            Self::Accepted => "Accepted",
            Self::Programmed => "Programmed",
            Self::Shadowed => "Shadowed",
        }
    }
}

/// One statement about an object, before it is merged with what stood there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// What it is about.
    pub kind: Type,
    /// Whether it holds.
    pub holds: bool,
    /// One word, from a fixed list.
    pub reason: &'static str,
    /// A sentence for people.
    pub message: String,
}

impl Statement {
    /// A statement that holds.
    pub fn yes(kind: Type, reason: &'static str, message: impl Into<String>) -> Self {
        Self { kind, holds: true, reason, message: message.into() }
    }

    /// A statement that does not hold.
    pub fn no(kind: Type, reason: &'static str, message: impl Into<String>) -> Self {
        Self { kind, holds: false, reason, message: message.into() }
    }
}

/// The conditions for `statements`. A time of transition moves only when the status flips; a type that is not stated is dropped.
pub fn merge(before: &[Condition], statements: &[Statement], generation: Option<i64>, now: Timestamp) -> Vec<Condition> {
    statements
        .iter()
        .map(|statement| {
            let status = if statement.holds { "True" } else { "False" };
            let since = before
                .iter()
                .find(|old| old.type_ == statement.kind.as_str() && old.status == status)
                .map_or_else(|| whole_seconds(now), |old| old.last_transition_time.clone());
            Condition {
                type_: statement.kind.as_str().to_owned(),
                status: status.to_owned(),
                reason: statement.reason.to_owned(),
                message: shortened(&statement.message),
                observed_generation: generation,
                last_transition_time: since,
            }
        })
        .collect()
}

/// Whether a condition of that type stands there and is true.
pub fn is_true(conditions: &[Condition], kind: Type) -> bool {
    conditions.iter().any(|c| c.type_ == kind.as_str() && c.status == "True")
}

/// What is worth an event: a condition that flipped, or that stands as before for another reason, if it tells of trouble.
pub fn notices(before: &[Condition], after: &[Condition]) -> Vec<Notice> {
    let is_new = |condition: &&Condition| {
        !before.iter().any(|old| old.type_ == condition.type_ && old.status == condition.status && old.reason == condition.reason)
    };
    after
        .iter()
        .filter(is_new)
        .filter_map(|condition| {
            match (condition.type_.as_str(), condition.status.as_str()) {
                ("Stalled" | "RolledBack" | "Drifted" | "Shadowed", "True") | ("Accepted", "False") => Some(true),
                ("Paused", "True") => Some(false),
                ("Ready", "True") if !before.is_empty() => Some(false),
                _ => None,
            }
            .map(|warning| Notice {
                id: None,
                warning,
                reason: condition.reason.clone(),
                message: condition.message.clone(),
            })
        })
        .collect()
}

/// Kubernetes allows 32 KiB; what AWS says may be long, and a person reads the first lines.
fn shortened(message: &str) -> String {
    const MOST: usize = 2000;
    if message.chars().count() <= MOST {
        return message.to_owned();
    }
    message.chars().take(MOST).chain("…".chars()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transition_time_moves_only_when_the_status_flips() {
        let first: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let later: Timestamp = "2026-01-01T01:00:00Z".parse().unwrap();
        let waiting = merge(&[], &[Statement::no(Type::Ready, "Waiting", "a")], Some(1), first);
        let still = merge(&waiting, &[Statement::no(Type::Ready, "RolledBack", "b")], Some(2), later);
        assert_eq!(still[0].last_transition_time.0, first);
        assert_eq!((still[0].reason.as_str(), still[0].observed_generation), ("RolledBack", Some(2)));
        let flipped = merge(&still, &[Statement::yes(Type::Ready, "Ready", "c")], Some(2), later);
        assert_eq!(flipped[0].last_transition_time.0, later);
    }

    #[test]
    fn a_type_that_is_no_longer_stated_is_dropped() {
        let now = Timestamp::UNIX_EPOCH;
        let stalled = merge(&[], &[Statement::yes(Type::Stalled, "Failed", "")], None, now);
        assert!(is_true(&stalled, Type::Stalled));
        assert!(merge(&stalled, &[], None, now).is_empty());
    }
}
