//! What the documentation shows is what the kinds take.

use super::schema;
use kube::core::cel::Validator;
use serde::Deserialize;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

const OURS: &str = "ecs-operator.io/v1alpha1";

fn pages() -> Vec<PathBuf> {
    let folders = ["docs", "docs/how-to"];
    let files = folders.iter().flat_map(|folder| fs::read_dir(Path::new(folder)).unwrap()).map(|entry| entry.unwrap().path());
    let mut all: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|it| it == "md")).collect();
    all.push(PathBuf::from("README.md"));
    all.sort();
    all
}

/// The blocks of a page that are YAML, each with the line where it begins.
fn blocks(text: &str) -> Vec<(usize, String)> {
    let mut all = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (number, line) in text.lines().enumerate() {
        match &mut open {
            Some((_, block)) if !line.trim_start().starts_with("```") => {
                block.push_str(line);
                block.push('\n');
            }
            Some(_) => all.extend(open.take()),
            None if line.trim() == "```yaml" => open = Some((number + 1, String::new())),
            None => {}
        }
    }
    all
}

/// Fields of a value that a schema does not have.
fn unknown(value: &Value, schema: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(members) if schema["properties"].is_object() => {
            for (name, value) in members {
                match schema["properties"].get(name) {
                    Some(schema) => unknown(value, schema, &format!("{path}.{name}"), found),
                    None => found.push(format!("{path}.{name}")),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| unknown(item, &schema["items"], &format!("{path}[]"), found)),
        _ => {}
    }
}

fn complaints(object: &Value) -> Vec<String> {
    let schema = schema(object["kind"].as_str().unwrap());
    let mut found = Vec::new();
    unknown(&object["spec"], &schema["properties"]["spec"], "spec", &mut found);
    if let Err(errors) = Validator::new().validate(&schema, object, None) {
        found.push(errors.to_string());
    }
    found
}

#[test]
fn every_object_in_the_documentation_has_fields_that_there_are_and_keeps_the_rules() {
    let (mut faults, mut objects) = (Vec::new(), 0);
    for page in pages() {
        for (line, block) in blocks(&fs::read_to_string(&page).unwrap()) {
            for document in serde_yaml_ng::Deserializer::from_str(&block) {
                let place = format!("{}:{line}", page.display());
                match Value::deserialize(document) {
                    Err(error) => faults.push(format!("{place}: {error}")),
                    Ok(object) if object["apiVersion"] == OURS => {
                        objects += 1;
                        faults.extend(complaints(&object).into_iter().map(|fault| format!("{place}: {fault}")));
                    }
                    Ok(_) => {}
                }
            }
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
    assert!(objects >= 5, "only {objects} objects were found");
}

#[test]
fn a_field_that_there_is_not_is_found() {
    let object = serde_json::json!({"apiVersion": OURS, "kind": "EcsService", "metadata": {"name": "web"}, "spec": {"cluster": "c", "taskDefinition": "a", "moon": 1}});
    assert_eq!(complaints(&object), ["spec.moon"]);
    assert_eq!(blocks("a\n```yaml\nb: 1\n```\n```sh\nc\n```\n"), [(2, "b: 1\n".to_owned())]);
}

#[test]
fn links_within_the_documentation_lead_somewhere() {
    let mut broken = Vec::new();
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().unwrap();
            let is_outside = file.contains("://") || file.is_empty() || file.contains(' ');
            if !is_outside && !page.parent().unwrap().join(file).exists() {
                broken.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:?}");
}
