//! The pages of the kinds, read from their definitions.

use super::cell;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use serde_json::Value;
use std::fmt::Write;

/// A field that holds what another page is about.
const ELSEWHERE: [(&str, &str); 1] = [("spec.taskDefinitionTemplate", "EcsTaskDefinition")];

/// Name of the file of a kind.
pub(super) fn file(crd: &CustomResourceDefinition) -> String {
    format!("{}.md", crd.spec.names.kind.to_lowercase())
}

/// The list of pages.
pub(super) fn index(crds: &[CustomResourceDefinition]) -> String {
    let mut page = String::from("# Reference\n\n| page | |\n|---|---|\n");
    for crd in crds {
        let schema = schema(crd);
        let about = schema["description"].as_str().unwrap_or_default().to_owned();
        let _ = writeln!(page, "| [{}]({}) | {} |", crd.spec.names.kind, file(crd), cell(&about));
    }
    page += "| [Conditions and reasons](conditions.md) | What stands in status, and what to do about it. |\n";
    page += "| [Metrics](metrics.md) | What `/metrics` serves. |\n";
    page
}

/// The page of a kind.
pub(super) fn page(crd: &CustomResourceDefinition) -> String {
    let names = &crd.spec.names;
    let schema = schema(crd);
    let short = names.short_names.iter().flatten().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let mut page = format!("# {}\n\n{}\n\n", names.kind, schema["description"].as_str().unwrap_or_default());
    let version = crd.spec.versions.first().map(|version| version.name.clone()).unwrap_or_default();
    let _ = writeln!(page, "`{}/{version}`, {}; short name {short}.\n", crd.spec.group, crd.spec.scope.to_lowercase());
    rules(&mut page, "The whole object", &schema);
    for (part, title) in [("spec", "Spec"), ("status", "Status")] {
        let of = &schema["properties"][part];
        let _ = writeln!(page, "## {title}\n\n{}\n", cell(of["description"].as_str().unwrap_or_default()));
        page += if part == "spec" {
            "| field | type | | unset | edit | accepted |\n|---|---|---|---|---|---|\n"
        } else {
            "| field | type | |\n|---|---|---|\n"
        };
        let is_required = |name: &str, of: &Value| of["required"].as_array().is_some_and(|all| all.iter().any(|one| one == name));
        fields(&mut page, of, part, &mut |path, field, parent, name| row(part, path, field, is_required(name, parent)));
        page.push('\n');
        rules_below(&mut page, of, part);
    }
    page
}

fn schema(crd: &CustomResourceDefinition) -> Value {
    let version = crd.spec.versions.first();
    let schema = version.and_then(|version| version.schema.as_ref()).and_then(|schema| schema.open_api_v3_schema.as_ref());
    schema.and_then(|schema| serde_json::to_value(schema).ok()).unwrap_or_default()
}

/// Every field below a schema, in the order of their names.
fn fields(page: &mut String, schema: &Value, path: &str, row: &mut impl FnMut(&str, &Value, &Value, &str) -> String) {
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{path}.{name}");
        page.push_str(&row(&path, field, schema, name));
        if !ELSEWHERE.iter().any(|(elsewhere, _)| *elsewhere == path) {
            let (inner, below) = if field["items"].is_object() { (&field["items"], format!("{path}[]")) } else { (field, path) };
            fields(page, inner, &below, row);
        }
    }
}

fn row(part: &str, path: &str, field: &Value, is_required: bool) -> String {
    let path_in = path.strip_prefix(&format!("{part}.")).unwrap_or(path);
    let described = Described::of(field["description"].as_str().unwrap_or_default());
    let elsewhere = ELSEWHERE.iter().find(|(elsewhere, _)| *elsewhere == path);
    let link = elsewhere.map(|(_, kind)| format!(" Fields: [{kind}]({}.md).", kind.to_lowercase())).unwrap_or_default();
    let is = cell(&described.is) + &link;
    if part == "status" {
        return format!("| `{path_in}` | {} | {} |\n", kind(field), cell(field["description"].as_str().unwrap_or_default()));
    }
    let unset = if is_required { "*required*".to_owned() } else { cell(&described.unset) };
    format!("| `{path_in}` | {} | {is} | {unset} | {} | {} |\n", kind(field), cell(&described.edit), accepted(field))
}

/// A description, taken apart by what its sentences are about.
#[derive(Default)]
struct Described {
    is: String,
    unset: String,
    edit: String,
}

impl Described {
    fn of(text: &str) -> Self {
        let mut described = Self::default();
        for sentence in sentences(text) {
            let is_edit = ["An edit", "Cannot be changed", "Can give way"].iter().any(|start| sentence.starts_with(start));
            let into = match sentence.strip_prefix("Unset: ") {
                Some(unset) => {
                    join(&mut described.unset, unset.trim_end_matches('.'));
                    continue;
                }
                None if is_edit => &mut described.edit,
                None => &mut described.is,
            };
            join(into, sentence);
        }
        described
    }
}

fn join(into: &mut String, sentence: &str) {
    if !into.is_empty() {
        into.push(' ');
    }
    into.push_str(sentence);
}

/// Sentences end with a full stop before a space and a capital.
fn sentences(text: &str) -> Vec<&str> {
    let mut all = Vec::new();
    let (mut start, bytes) = (0, text.as_bytes());
    for (at, _) in text.match_indices(". ") {
        if bytes.get(at + 2).is_some_and(u8::is_ascii_uppercase) {
            all.push(text[start..=at].trim());
            start = at + 2;
        }
    }
    all.push(text[start..].trim());
    all
}

fn kind(field: &Value) -> String {
    let of = |field: &Value| match field["type"].as_str() {
        Some("object") if field["additionalProperties"].is_object() => "map".to_owned(),
        Some(word) => word.to_owned(),
        None => "any".to_owned(),
    };
    match field["type"].as_str() {
        Some("array") => format!("list of {}", of(&field["items"])),
        _ => of(field),
    }
}

/// Bounds, patterns and values.
fn accepted(field: &Value) -> String {
    let mut all = Vec::new();
    let scalar = if field["type"] == "array" { &field["items"] } else { field };
    let values: Vec<String> =
        scalar["enum"].as_array().into_iter().flatten().filter_map(Value::as_str).map(|it| format!("`{it}`")).collect();
    if !values.is_empty() {
        all.push(values.join(", "));
    }
    let number = |at: &Value| at.as_f64().map(|number| number.to_string());
    let mut range = |what: &str, low: &Value, high: &Value| match (number(low), number(high)) {
        (Some(low), Some(high)) => all.push(format!("{low} to {high}{what}")),
        (Some(low), None) => all.push(format!("at least {low}{what}")),
        (None, Some(high)) => all.push(format!("at most {high}{what}")),
        (None, None) => {}
    };
    range("", &scalar["minimum"], &scalar["maximum"]);
    range(" characters", &scalar["minLength"], &scalar["maxLength"]);
    range(" entries", &field["minItems"], &field["maxItems"]);
    if let Some(keys) = field["x-kubernetes-list-map-keys"].as_array() {
        let keys: Vec<&str> = keys.iter().filter_map(Value::as_str).collect();
        all.push(format!("one for each {}", keys.join(" and ")));
    }
    if let Some(pattern) = scalar["pattern"].as_str() {
        all.push(format!("`{}`", cell(pattern)));
    }
    all.join("; ")
}

/// The sentences of the rules of a schema.
fn messages(schema: &Value) -> Vec<String> {
    let rules = schema["x-kubernetes-validations"].as_array().into_iter().flatten();
    rules.filter_map(|rule| rule["message"].as_str()).map(cell).collect()
}

fn rules(page: &mut String, title: &str, schema: &Value) {
    let messages = messages(schema);
    if messages.is_empty() {
        return;
    }
    let _ = writeln!(page, "## {title}\n");
    for message in messages {
        let _ = writeln!(page, "- {message}");
    }
    page.push('\n');
}

/// The rules of a part and of all that is below it.
fn rules_below(page: &mut String, schema: &Value, part: &str) {
    let mut all: Vec<(String, Vec<String>)> =
        vec![(part.to_owned(), messages(schema)), (format!("{part}[]"), messages(&schema["items"]))];
    let mut nothing = String::new();
    fields(&mut nothing, schema, part, &mut |path, field, _, _| {
        all.push((path.to_owned(), messages(field)));
        all.push((format!("{path}[]"), messages(&field["items"])));
        String::new()
    });
    all.retain(|(_, messages)| !messages.is_empty());
    if all.is_empty() {
        return;
    }
    page.push_str("### Rules\n\n| of | |\n|---|---|\n");
    for (path, messages) in all {
        let path = path.strip_prefix(&format!("{part}.")).unwrap_or(&path).to_owned();
        for message in messages {
            let _ = writeln!(page, "| `{path}` | {message} |");
        }
    }
    page.push('\n');
}
