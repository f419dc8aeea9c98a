//! What has to change on a live service for it to be as declared. Pure.

use super::canonical::{asks_for_nothing, canonical, in_the_form_of};
use super::fields::{FIELDS, Field, UNSEEN, Unset, deployment_default, is_updatable};
use crate::api::shared::Drift;
use crate::domain::json::{is_empty, is_within, sha256, text};
use crate::engine::drift;
use serde_json::{Map, Value};

/// One member of `UpdateService` that has to be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// AWS's name of the member.
    pub field: &'static str,
    /// What is sent.
    pub value: Value,
    /// Whether it begins a new deployment.
    pub deploys: bool,
    /// Where it differs, for people.
    pub drift: Vec<Drift>,
}

/// What is compared.
#[derive(Clone, Copy, Debug)]
pub struct Sides<'a> {
    /// The declaration, in `CreateService`'s members, references resolved.
    pub declared: &'a Value,
    /// The live service, in the same members.
    pub live: &'a Value,
    /// Paths that were sent before, as [`applied`] lists them.
    pub applied: &'a [String],
    /// Whether the service is a DAEMON.
    pub daemon: bool,
    /// The deployment controller.
    pub controller: &'a str,
    /// Whether the declaration is another than the one that was in force.
    pub is_edited: bool,
}

/// Everything that differs, in the order of the table of fields.
pub fn changes(sides: Sides) -> Vec<Change> {
    let wanted = canonical(sides.declared);
    let mut live = in_the_form_of(&wanted, &canonical(sides.live));
    let was_set = sides.applied.iter().any(|path| path == "platformVersion");
    if sides.is_edited && was_set && !sides.live["platformVersion"].is_null() {
        // A version that was declared before stands there because of that, and not because LATEST was resolved to it.
        live["platformVersion"] = sides.live["platformVersion"].clone();
    }
    let mut all: Vec<Change> = FIELDS
        .iter()
        .filter(|field| field.name != "launchType" && is_updatable(field.name, sides.controller))
        .filter(|field| !(sides.daemon && matches!(field.name, "desiredCount" | "placementStrategy")))
        .filter_map(|field| change(sides, *field, &wanted, &live))
        .collect();
    all.extend(UNSEEN.iter().filter_map(|name| unseen(sides, name)));
    all
}

fn change(sides: Sides, field: Field, wanted: &Value, live: &Value) -> Option<Change> {
    let declared = sides.declared.get(field.name).filter(|value| !value.is_null());
    let seen = &live[field.name];
    if field.when_unset == Unset::Parts {
        return parts(sides, field, &wanted[field.name], seen);
    }
    let Some(declared) = declared else {
        let was_sent = sides.applied.iter().any(|path| path == field.name);
        let default = field.when_unset.value().filter(|_| was_sent && !is_empty(seen))?;
        if field.name == "platformVersion" && seen == "LATEST" {
            return None;
        }
        let drift = vec![drift::entry(field.name, &Value::Null, seen)];
        return Some(Change { field: field.name, value: default, deploys: field.deploys, drift });
    };
    let wanted = &wanted[field.name];
    let left = left_behind(sides.applied, field.name, wanted, seen);
    let agrees = if wanted.is_null() { is_empty(seen) } else { is_within(wanted, seen) && left.is_empty() };
    if agrees || (asks_for_nothing(declared) && is_empty(seen)) {
        return None;
    }
    let mut drift = drift::between(&member(field.name, wanted), &member(field.name, seen));
    drift.extend(left);
    let drift = if drift.is_empty() { vec![drift::entry(field.name, wanted, seen)] } else { drift };
    Some(Change { field: field.name, value: declared.clone(), deploys: field.deploys, drift })
}

fn member(name: &str, value: &Value) -> Value {
    Value::Object(Map::from_iter([(name.to_owned(), value.clone())]))
}

/// `deploymentConfiguration` is merged part by part, so only the parts that differ are sent.
fn parts(sides: Sides, field: Field, wanted: &Value, seen: &Value) -> Option<Change> {
    let mut send = Map::new();
    let mut drift = Vec::new();
    let declared = sides.declared[field.name].as_object().cloned().unwrap_or_default();
    let prefix = format!("{}.", field.name);
    // An older service does not show every part; what is not shown is switched off.
    let shown = |part: &str| match &seen[part] {
        Value::Null => deployment_default(part, sides.daemon).unwrap_or_default(),
        seen => seen.clone(),
    };
    for (part, value) in declared.iter().filter(|(_, value)| !value.is_null()) {
        let (path, wanted, seen) = (format!("{prefix}{part}"), &wanted[part], shown(part));
        let left = left_behind(sides.applied, &path, wanted, &seen);
        if !(is_within(wanted, &seen) || wanted.is_null() && is_empty(&seen)) {
            drift.push(drift::entry(&path, wanted, &seen));
        } else if left.is_empty() {
            continue;
        }
        drift.extend(left);
        send.insert(part.clone(), value.clone());
    }
    for part in sides.applied.iter().filter_map(|path| path.strip_prefix(&prefix)) {
        let left = declared.get(part).is_none_or(Value::is_null);
        let Some(default) = deployment_default(part, sides.daemon).filter(|_| left) else { continue };
        let seen = shown(part);
        if !is_within(&default, &seen) {
            drift.push(drift::entry(&format!("{prefix}{part}"), &default, &seen));
            send.insert(part.to_owned(), default);
        }
    }
    if send.is_empty() {
        return None;
    }
    Some(Change { field: field.name, value: Value::Object(send), deploys: field.deploys, drift })
}

/// What was sent once within a member, is no longer declared, and still stands there.
fn left_behind(applied: &[String], path: &str, wanted: &Value, seen: &Value) -> Vec<Drift> {
    if wanted.is_null() {
        return Vec::new();
    }
    let declared = nested(path, wanted);
    let stands = nested(path, seen).into_iter();
    stands
        .filter(|(path, _)| applied.contains(path) && !declared.iter().any(|(declared, _)| declared == path))
        .map(|(path, seen)| drift::entry(&path, &Value::Null, seen))
        .collect()
}

/// Every path within a value, without numbers of list items: `loadBalancers[].containerName`.
pub fn nested<'a>(path: &str, value: &'a Value) -> Vec<(String, &'a Value)> {
    match value {
        Value::Object(members) => members
            .iter()
            .filter(|(_, value)| !value.is_null())
            .flat_map(|(name, value)| {
                let path = format!("{path}.{name}");
                let within = nested(&path, value);
                std::iter::once((path, value)).chain(within)
            })
            .collect(),
        Value::Array(items) => items.iter().flat_map(|item| nested(&format!("{path}[]"), item)).collect(),
        _ => Vec::new(),
    }
}

/// A member that no description shows is sent when it is not the one that was sent last.
fn unseen(sides: Sides, name: &'static str) -> Option<Change> {
    let declared = sides.declared.get(name).filter(|value| !value.is_null());
    let mark = declared.map(|value| mark(name, value));
    let sent = sides.applied.iter().find(|path| path.starts_with(&format!("{name}@")));
    match (declared, mark, sent) {
        (Some(value), Some(mark), sent) if sent != Some(&mark) => Some(Change {
            field: name,
            value: value.clone(),
            deploys: false,
            drift: vec![drift::entry(name, value, &Value::Null)],
        }),
        (None, _, Some(_)) if name == "gatewayConnectors" => {
            Some(Change { field: name, value: Value::Array(Vec::new()), deploys: false, drift: Vec::new() })
        }
        _ => None,
    }
}

/// How an unseen member stands in `status.applied`.
fn mark(name: &str, value: &Value) -> String {
    format!("{name}@{}", &sha256(&text(value))[..8])
}

/// The paths of a declaration, as they stand in `status.applied` once it is in force.
pub fn applied(declared: &Value) -> Vec<String> {
    let mut all = Vec::new();
    for (name, value) in declared.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null()) {
        if UNSEEN.contains(&name.as_str()) {
            all.push(mark(name, value));
            continue;
        }
        let Some(field) = FIELDS.iter().find(|field| field.name == name) else { continue };
        // What is on record here is a version that was pinned: LATEST pins none, and what it came to is not to be undone.
        if name == "platformVersion" && value == "LATEST" {
            continue;
        }
        all.extend(nested(name, value).into_iter().map(|(path, _)| path));
        if !matches!(field.when_unset, Unset::Keep | Unset::Parts) {
            all.push(name.clone());
        }
    }
    all.sort();
    all.dedup();
    all
}

/// Hash of what a rollout is made of: the members whose change begins a deployment, and the wish to restart.
pub fn rollout_hash(declared: &Value, restarted_at: Option<&str>) -> String {
    let canonical = canonical(declared);
    let members: Map<String, Value> = FIELDS
        .iter()
        .filter(|field| field.deploys)
        .filter_map(|field| canonical.get(field.name).map(|value| (field.name.to_owned(), value.clone())))
        .collect();
    sha256(&format!("{}\n{}", text(&Value::Object(members)), restarted_at.unwrap_or_default()))
}
