//! A revision as an `EcsTaskDefinition`. Pure.

use super::Options;
use super::object::{Imported, NotWritten, not_expressed, shaped, tags};
use super::prune::without_what_is_understood;
use crate::api::{EcsTaskDefinition, EcsTaskDefinitionSpec};
use crate::aws::TaskDefinition;
use crate::kinds::task_definition::canonical::{NOT_DECLARED, canonical};
use serde_json::{Value, json};

pub(super) const KIND: &str = "EcsTaskDefinition";

/// The object that stands for a revision. `newest`: the newest ACTIVE revision of the family, with which the operator compares.
///
/// # Errors
/// When the revision has something that no field can hold.
pub fn task_definition(
    live: &TaskDefinition,
    name: &str,
    newest: Option<&TaskDefinition>,
    options: &Options,
) -> Result<Imported, NotWritten> {
    let refuse = |e: serde_json::Error| NotWritten { kind: KIND, arn: live.arn.clone(), why: e.to_string() };
    let mut notes = Vec::new();
    let mut all = live.fields.as_object().cloned().unwrap_or_default();
    all.retain(|member, _| !NOT_DECLARED.contains(&member.as_str()));
    if live.family != name {
        all.insert("family".to_owned(), json!(live.family));
    }
    let (list, about_tags) = tags(&live.tags);
    notes.extend(about_tags);
    all.extend(list.map(|list| ("tags".to_owned(), list)));
    all.insert("managementPolicy".to_owned(), json!(options.policy.word()));
    let meant = meaning(&Value::Object(all.clone()));
    let is_a_spec = |candidate: &Value| serde_json::from_value::<EcsTaskDefinitionSpec>(candidate.clone()).is_ok();
    let spec = without_what_is_understood(Value::Object(all), |candidate| meaning(candidate) == meant && is_a_spec(candidate));
    let (spec, no_field) = shaped::<EcsTaskDefinitionSpec>(&spec).map_err(refuse)?;
    notes.extend(not_expressed(KIND, &no_field));
    match newest {
        None => notes.push(format!(
            "{}:{} is not ACTIVE, nor is any other revision of its family: it can be neither observed nor adopted",
            live.family, live.revision
        )),
        Some(newest) if canonical(&newest.fields) != canonical(&live.fields) => {
            notes.push(format!("revision {} is newer and differs: Observe and Adopt compare with that one", newest.revision));
        }
        Some(_) => {}
    }
    let mut object = EcsTaskDefinition::new(name, spec);
    object.metadata.namespace.clone_from(&options.namespace);
    Imported::new(KIND, &object, &live.arn, notes)
}

/// What a declaration means. Family and tags are compared on their own by the operator, and may not get lost here.
fn meaning(declared: &Value) -> (Value, Value, Value, Value) {
    let member = |name: &str| declared.get(name).cloned().unwrap_or_default();
    (canonical(declared), member("family"), member("tags"), member("managementPolicy"))
}
