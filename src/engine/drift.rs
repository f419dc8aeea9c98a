//! Where two canonical forms differ, told without showing what may be a secret.

use crate::api::shared::Drift;
use crate::domain::json::{is_within, text};
use serde_json::Value;

/// Words in a path below which values are never shown: they may hold credentials.
const SENSITIVE: [&str; 8] =
    ["environment", "options", "driverOpts", "dockerLabels", "labels", "command", "entryPoint", "hookDetails"];
/// Longest value that is shown.
const LONGEST: usize = 120;

/// Every path at which `seen` is not what `wanted` says. What only `seen` says is no difference.
pub fn between(wanted: &Value, seen: &Value) -> Vec<Drift> {
    let mut all = Vec::new();
    walk("", wanted, seen, &mut all);
    all
}

fn walk(path: &str, wanted: &Value, seen: &Value, all: &mut Vec<Drift>) {
    if is_within(wanted, seen) {
        return;
    }
    match (wanted, seen) {
        (Value::Object(members), Value::Object(_)) => {
            for (key, wanted) in members {
                walk(&joined(path, key), wanted, seen.get(key).unwrap_or(&Value::Null), all);
            }
        }
        (Value::Array(items), Value::Array(others)) if items.len() == others.len() && named_alike(items, others) => {
            for (wanted, seen) in items.iter().zip(others) {
                let name = wanted["name"].as_str().unwrap_or_default();
                walk(&format!("{path}[{name}]"), wanted, seen, all);
            }
        }
        _ => all.push(entry(path, wanted, seen)),
    }
}

fn joined(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

fn named_alike(items: &[Value], others: &[Value]) -> bool {
    items.iter().zip(others).all(|(a, b)| a["name"].is_string() && a["name"] == b["name"])
}

/// One difference, with both values unless they may hold secrets.
pub fn entry(path: &str, wanted: &Value, seen: &Value) -> Drift {
    if is_sensitive(path) {
        return Drift { field: path.to_owned(), wanted: Some("(differs)".to_owned()), seen: None };
    }
    Drift { field: path.to_owned(), wanted: shown(wanted), seen: shown(seen) }
}

/// Whether values at this path, or anything within them, may hold a secret.
fn is_sensitive(path: &str) -> bool {
    path == "containerDefinitions"
        || path.split(['.', '[', ']']).any(|word| SENSITIVE.contains(&word))
        || path.ends_with(']') && path.matches('[').count() == 1 && path.starts_with("containerDefinitions")
}

fn shown(value: &Value) -> Option<String> {
    let full = match value {
        Value::Null => return None,
        Value::String(text) => text.clone(),
        other => text(other),
    };
    if full.chars().count() <= LONGEST {
        return Some(full);
    }
    Some(full.chars().take(LONGEST).chain("…".chars()).collect())
}

/// One sentence that names the fields that differ.
pub fn sentence(drift: &[Drift]) -> String {
    let mut names: Vec<&str> = drift.iter().take(5).map(|one| one.field.as_str()).collect();
    if drift.len() > names.len() {
        names.push("…");
    }
    format!("AWS differs from the declaration in {}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_difference_names_the_path_and_both_values() {
        let wanted = json!({"deploymentConfiguration": {"maximumPercent": 150}, "platformVersion": "LATEST"});
        let seen = json!({"deploymentConfiguration": {"maximumPercent": 200}, "platformVersion": "LATEST", "more": 1});
        let drift = between(&wanted, &seen);
        assert_eq!(drift.len(), 1);
        assert_eq!(drift[0].field, "deploymentConfiguration.maximumPercent");
        assert_eq!((drift[0].wanted.as_deref(), drift[0].seen.as_deref()), (Some("150"), Some("200")));
    }

    #[test]
    fn a_value_of_the_environment_is_never_shown() {
        let wanted = json!({"containerDefinitions": [{"name": "app", "environment": [{"name": "TOKEN", "value": "hunter2"}]}]});
        let seen = json!({"containerDefinitions": [{"name": "app", "environment": [{"name": "TOKEN", "value": "old"}]}]});
        let drift = between(&wanted, &seen);
        assert_eq!(drift[0].field, "containerDefinitions[app].environment[TOKEN].value");
        assert!(!format!("{drift:?}").contains("hunter2"));
        let other_length = between(&wanted, &json!({"containerDefinitions": []}));
        assert!(!format!("{other_length:?}").contains("hunter2"));
    }
}
