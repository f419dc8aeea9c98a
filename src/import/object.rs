//! One object to be written, with what is to be said about it. Pure.

use crate::domain::json::is_empty;
use crate::domain::owner::{Owner, Ownership, TAG_PREFIX};
use kube::ResourceExt;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Tags that people may declare on an object (maxItems of `tags` in every kind).
const MOST_TAGS: usize = 45;
/// Prefix of tags that AWS sets.
const OF_AWS: &str = "aws:";
/// The tag of what a stack of `CloudFormation` made: of Copilot, of CDK, of SAM.
const STACK: &str = "aws:cloudformation:stack-name";

/// An object of ours that stands for a thing in AWS.
#[derive(Clone, Debug, PartialEq)]
pub struct Imported {
    /// Kind of the object.
    pub kind: &'static str,
    /// Name of the object.
    pub name: String,
    /// ARN of what it stands for.
    pub arn: String,
    /// What the object does not say, or what has to be known before it is applied: a sentence each.
    pub notes: Vec<String>,
    manifest: String,
}

/// Why a thing in AWS cannot be written as an object.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{arn} cannot be written as {kind}: {why}")]
pub struct NotWritten {
    /// Kind of the object.
    pub kind: &'static str,
    /// ARN of the thing.
    pub arn: String,
    /// The reason, and what to do instead.
    pub why: String,
}

impl Imported {
    /// Puts an object down as YAML.
    ///
    /// # Errors
    /// When the object cannot be written, which none that was read can.
    pub fn new<K: Serialize + ResourceExt>(
        kind: &'static str,
        object: &K,
        arn: &str,
        notes: Vec<String>,
    ) -> Result<Self, NotWritten> {
        let manifest = serde_yaml_ng::to_string(object);
        let manifest = manifest.map_err(|e| NotWritten { kind, arn: arn.to_owned(), why: e.to_string() })?;
        Ok(Self { kind, name: object.name_any(), arn: arn.to_owned(), notes, manifest })
    }

    /// The object as one document, below a comment that says what it stands for and what it does not say.
    pub fn yaml(&self) -> String {
        let said = std::iter::once(&self.arn).chain(&self.notes);
        let comment: Vec<String> = said.map(|line| format!("# {}\n", one_line(line))).collect();
        comment.concat() + &self.manifest
    }

    /// Name of a file for the object alone.
    pub fn file_name(&self) -> String {
        format!("{}-{}.yaml", self.kind.to_lowercase(), self.name)
    }
}

/// A text as one line: what comes from AWS must not end a comment.
fn one_line(text: &str) -> String {
    text.chars().map(|it| if it.is_control() || matches!(it, '\u{2028}' | '\u{2029}') { ' ' } else { it }).collect()
}

/// A declaration as the type of a spec, and the paths of what that type does not have.
///
/// # Errors
/// When a member that the type needs is missing, or one is of another type.
pub fn shaped<S: Serialize + DeserializeOwned>(declaration: &Value) -> Result<(S, Vec<String>), serde_json::Error> {
    let spec: S = serde_json::from_value(declaration.clone())?;
    let mut lost = Vec::new();
    compare("", declaration, &serde_json::to_value(&spec)?, &mut lost);
    Ok((spec, lost))
}

fn compare(path: &str, given: &Value, taken: &Value, lost: &mut Vec<String>) {
    match (given, taken) {
        (Value::Object(given), Value::Object(taken)) => {
            for (name, given) in given.iter().filter(|(_, given)| !is_empty(given)) {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                match taken.get(name) {
                    Some(taken) => compare(&path, given, taken, lost),
                    None => lost.push(path),
                }
            }
        }
        (Value::Array(given), Value::Array(taken)) => {
            for (index, (given, taken)) in given.iter().zip(taken).enumerate() {
                compare(&format!("{path}[{index}]"), given, taken, lost);
            }
        }
        _ => {}
    }
}

/// Sentences about members that have no field.
pub fn not_expressed(kind: &str, lost: &[String]) -> Vec<String> {
    lost.iter().map(|path| format!("{path} is left out: {kind} has no such field; it stays as it is in AWS")).collect()
}

/// The tags that a person set, as a member of a spec; and sentences about the others.
pub fn tags(all: &BTreeMap<String, String>) -> (Option<Value>, Vec<String>) {
    let mut notes = Vec::new();
    let is_reserved = |key: &str| key.to_ascii_lowercase().starts_with(OF_AWS) || key.starts_with(TAG_PREFIX);
    let theirs: Vec<_> = all.iter().filter(|(key, _)| !is_reserved(key)).collect();
    if theirs.len() > MOST_TAGS {
        notes.push(format!(
            "{} tags are left out: {MOST_TAGS} can be declared; the others stay as they are",
            theirs.len() - MOST_TAGS
        ));
    }
    if let Some(stack) = all.get(STACK) {
        notes.push(format!(
            "it belongs to the CloudFormation stack {stack}, which may change or delete it: take it out of the stack first"
        ));
    }
    if let Ownership::Other(who) = nobody().judge(all, None) {
        notes.push(format!("it is kept by {who}: an object of another name or installation is a conflict"));
    }
    let list: Vec<Value> = theirs.into_iter().take(MOST_TAGS).map(|(key, value)| json!({"key": key, "value": value})).collect();
    ((!list.is_empty()).then_some(Value::Array(list)), notes)
}

/// An owner that has nothing, so that every other is another.
fn nobody() -> Owner {
    let none = String::new;
    Owner { installation: none(), kind: none(), namespace: none(), name: none(), uid: none() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{EcsService, EcsServiceSpec};

    #[test]
    fn what_aws_says_cannot_end_a_comment() {
        let service = EcsService::new("web", EcsServiceSpec { cluster: "prod".to_owned(), ..EcsServiceSpec::default() });
        let notes = vec!["a\nkind: Secret\u{2028}b".to_owned()];
        let imported = Imported::new("EcsService", &service, "arn", notes).unwrap();
        assert!(imported.yaml().starts_with("# arn\n# a kind: Secret b\napiVersion: "), "{}", imported.yaml());
        assert_eq!(imported.file_name(), "ecsservice-web.yaml");
    }

    #[test]
    fn a_member_without_a_field_is_named() {
        let declaration = json!({
            "cluster": "prod", "moon": 1, "gone": [], "loadBalancers": [{"containerName": "a", "containerPort": 1, "tide": "low"}],
        });
        let (_, lost) = shaped::<EcsServiceSpec>(&declaration).unwrap();
        assert_eq!(lost, ["loadBalancers[0].tide", "moon"]);
        assert!(shaped::<EcsServiceSpec>(&json!({"serviceName": "web"})).is_err(), "cluster is missing");
    }

    #[test]
    fn tags_of_aws_and_of_the_operator_are_left_out_and_told_of() {
        let of = |pairs: &[(&str, &str)]| pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let (list, notes) = tags(&of(&[
            ("team", "shop"),
            ("aws:cloudformation:stack-name", "shop-prod"),
            ("ecs-operator.io/name", "web"),
            ("ecs-operator.io/namespace", "shop"),
            ("ecs-operator.io/installation", "x"),
        ]));
        assert_eq!(list, Some(json!([{"key": "team", "value": "shop"}])));
        assert!(notes[0].contains("stack shop-prod") && notes[1].contains("shop/web of installation x"), "{notes:?}");
        assert_eq!(tags(&of(&[("aws:x", "1")])), (None, Vec::new()));
        let many: BTreeMap<String, String> = (0..50).map(|number| (format!("tag-{number:02}"), String::new())).collect();
        let (list, notes) = tags(&many);
        assert_eq!(list.unwrap().as_array().unwrap().len(), 45);
        assert!(notes[0].starts_with("5 tags are left out"), "{notes:?}");
    }
}
