//! The custom resource definitions: the committed files are the snapshot, and the rules are evaluated in process.
//!
//! What only an API server decides (bounds, patterns, duplicates, the cost of the rules) is not tested here.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod connections;
mod documentation;
mod load_balancing;
mod reference;

use ecs_operator::api::{EcsTaskDefinitionSpec, crds};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::core::cel::Validator;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

/// Client-side apply keeps the whole object in an annotation, and annotations end at 256 KiB.
const MOST_BYTES_FOR_CLIENT_SIDE_APPLY: usize = 256 * 1024;

#[derive(Deserialize)]
struct Refused {
    when: String,
    spec: Value,
    says: String,
    #[serde(default)]
    by: String,
}

fn crd(kind: &str) -> CustomResourceDefinition {
    crds().into_iter().find(|crd| crd.spec.names.kind == kind).unwrap()
}

fn schema(kind: &str) -> Value {
    let version = crd(kind).spec.versions.remove(0);
    serde_json::to_value(version.schema.unwrap().open_api_v3_schema.unwrap()).unwrap()
}

/// A task definition that every rule accepts.
fn good() -> Value {
    json!({
        "requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": "256", "memory": "512",
        "containerDefinitions": [{"name": "app", "image": "nginx"}],
    })
}

/// The good one with some fields set, or taken away by null.
fn good_but(changes: &Value) -> Value {
    good_but_of(&good(), changes)
}

fn good_but_of(good: &Value, changes: &Value) -> Value {
    let mut spec = good.clone();
    for (field, value) in changes.as_object().unwrap() {
        if value.is_null() {
            spec.as_object_mut().unwrap().remove(field);
        } else {
            spec[field] = value.clone();
        }
    }
    spec
}

fn named(name: &str, spec: &Value) -> Value {
    json!({"apiVersion": "ecs-operator.io/v1alpha1", "kind": "EcsTaskDefinition", "metadata": {"name": name}, "spec": spec})
}

/// What the rules say of a task definition, or of a change of it.
fn complaints(object: &Value, old: Option<&Value>) -> String {
    static SCHEMA: LazyLock<Value> = LazyLock::new(|| schema("EcsTaskDefinition"));
    match Validator::new().validate(&SCHEMA, object, old) {
        Ok(()) => String::new(),
        Err(errors) => errors.to_string(),
    }
}

fn refused() -> Vec<Refused> {
    serde_yaml_ng::from_str(&fs::read_to_string("tests/refused/task-definitions.yaml").unwrap()).unwrap()
}

/// Every message of a rule, wherever the rule stands in the schema.
fn messages(schema: &Value, found: &mut BTreeSet<String>) {
    match schema {
        Value::Object(fields) => {
            for rule in fields.get("x-kubernetes-validations").and_then(Value::as_array).into_iter().flatten() {
                let text = rule.get("message").or(rule.get("messageExpression")).unwrap();
                found.insert(text.as_str().unwrap().to_owned());
            }
            fields.values().for_each(|value| messages(value, found));
        }
        Value::Array(items) => items.iter().for_each(|item| messages(item, found)),
        _ => {}
    }
}

#[test]
fn committed_files_are_what_the_code_says() {
    let fresh = tempfile::tempdir().unwrap();
    let status = std::process::Command::new(env!("CARGO_BIN_EXE_crdgen")).arg(fresh.path()).status().unwrap();
    assert!(status.success());
    for folder in ["crds", "deploy/guard", "deploy/kustomize/openapi", "docs/reference"] {
        let (fresh, committed) = (fresh.path().join(folder), Path::new(folder));
        let names = |folder: &Path| -> BTreeSet<_> { fs::read_dir(folder).unwrap().map(|it| it.unwrap().file_name()).collect() };
        assert_eq!(names(&fresh), names(committed), "{folder} has other files; run `cargo run --bin crdgen`");
        for name in names(&fresh) {
            let same = fs::read(fresh.join(&name)).unwrap() == fs::read(committed.join(&name)).unwrap();
            assert!(same, "{folder}/{} is stale; run `cargo run --bin crdgen`", name.display());
        }
    }
}

#[test]
fn each_definition_is_small_enough_for_client_side_apply() {
    for crd in crds() {
        let bytes = serde_json::to_vec(&crd).unwrap().len();
        assert!(bytes < MOST_BYTES_FOR_CLIENT_SIDE_APPLY, "{} has {bytes} bytes", crd.spec.names.kind);
    }
}

#[test]
fn null_is_never_a_value_so_that_it_means_unset() {
    for crd in crds() {
        let text = serde_json::to_string(&crd).unwrap();
        assert!(!text.contains("\"nullable\":true"), "{}", crd.spec.names.kind);
    }
}

#[test]
fn each_field_of_a_spec_is_explained() {
    fn unexplained(schema: &Value, path: &str, found: &mut Vec<String>) {
        for (name, field) in schema["properties"].as_object().into_iter().flatten() {
            let path = format!("{path}.{name}");
            if field["description"].as_str().unwrap_or_default().is_empty() {
                found.push(path.clone());
            }
            unexplained(field, &path, found);
        }
        if schema["items"].is_object() {
            unexplained(&schema["items"], path, found);
        }
    }
    for crd in crds() {
        let mut found = vec![];
        unexplained(&schema(&crd.spec.names.kind)["properties"]["spec"], "spec", &mut found);
        assert_eq!(found, Vec::<String>::new(), "{}", crd.spec.names.kind);
    }
}

#[test]
fn bad_task_definitions_are_refused_with_a_sentence() {
    for case in refused().iter().filter(|case| case.by.is_empty()) {
        let said = complaints(&named("web", &good_but(&case.spec)), None);
        assert!(said.contains(&case.says), "when {}: said `{said}`, not `{}`", case.when, case.says);
    }
}

#[test]
fn bad_templates_of_a_service_are_refused_with_the_same_sentence() {
    let service = schema("EcsService");
    let template = &service["properties"]["spec"]["properties"]["taskDefinitionTemplate"];
    for case in refused().iter().filter(|case| case.by.is_empty()) {
        let said = match Validator::new().validate(template, &good_but(&case.spec), None) {
            Ok(()) => String::new(),
            Err(errors) => errors.to_string(),
        };
        assert!(said.contains(&case.says), "when {}: said `{said}`, not `{}`", case.when, case.says);
    }
}

#[test]
fn each_rule_of_a_task_definition_has_a_case_that_breaks_it() {
    let mut rules = BTreeSet::new();
    messages(&schema("EcsTaskDefinition")["properties"]["spec"], &mut rules);
    let said: Vec<_> = refused().iter().map(|case| complaints(&named("web", &good_but(&case.spec)), None)).collect();
    let computed = |rule: &str| rule.contains("FARGATE has no task with cpu"); // its message is an expression
    for rule in rules.iter().filter(|rule| !computed(rule)) {
        assert!(said.iter().any(|said| said.contains(rule.as_str())), "tests/refused has no case for: {rule}");
    }
}

#[test]
fn good_task_definitions_pass() {
    let plain = json!({});
    let in_words = json!({"cpu": ".25 vCPU", "memory": "0.5GB"});
    let largest = json!({"cpu": "32768", "memory": "249856"});
    let on_instances = json!({"requiresCompatibilities": ["EC2"], "networkMode": null, "cpu": null, "memory": null,
        "containerDefinitions": [{"name": "app", "image": "nginx", "memory": 64, "privileged": true, "command": []}]});
    let host_port_zero = json!({"containerDefinitions":
        [{"name": "app", "image": "nginx", "portMappings": [{"containerPort": 80, "hostPort": 0}]}]});
    for changes in [plain, in_words, largest, on_instances, host_port_zero] {
        assert_eq!(complaints(&named("web", &good_but(&changes)), None), "", "{changes}");
    }
}

#[test]
fn a_name_with_dots_needs_a_family() {
    assert!(complaints(&named("shop.web", &good()), None).contains("set spec.family"));
    assert_eq!(complaints(&named("shop.web", &good_but(&json!({"family": "shop-web"}))), None), "");
}

#[test]
fn the_family_cannot_be_changed() {
    let unset = named("web", &good());
    let same = named("web", &good_but(&json!({"family": "web"})));
    let other = named("web", &good_but(&json!({"family": "other"})));
    let message = "spec.family cannot be changed";
    assert!(complaints(&other, Some(&unset)).contains(message));
    assert!(complaints(&unset, Some(&other)).contains(message), "taking the field away is a change too");
    assert_eq!(complaints(&same, Some(&unset)), "", "the name of the object is what an unset family stands for");
    assert_eq!(complaints(&unset, Some(&same)), "");
}

#[test]
fn a_spec_comes_back_as_it_was_written() {
    let written = good_but(&json!({"volumes": [], "revisionHistoryLimit": 3, "pidMode": "newer-than-this-binary",
        "ephemeralStorage": {"sizeInGiB": 30}, "containerDefinitions": [{"name": "app", "image": "nginx", "command": []}]}));
    let read: EcsTaskDefinitionSpec = serde_json::from_value(written.clone()).unwrap();
    assert_eq!(serde_json::to_value(&read).unwrap(), written, "empty lists and unknown values must survive");
}

fn samples() -> Vec<(String, Value)> {
    let mut objects = vec![];
    for file in fs::read_dir("deploy/samples").unwrap().map(|it| it.unwrap().path()) {
        let text = fs::read_to_string(&file).unwrap();
        for document in serde_yaml_ng::Deserializer::from_str(&text) {
            objects.push((file.display().to_string(), Value::deserialize(document).unwrap()));
        }
    }
    objects
}

#[test]
fn sample_task_definitions_pass_every_rule_and_lose_nothing() {
    for (file, object) in samples().iter().filter(|(_, object)| object["kind"] == "EcsTaskDefinition") {
        assert_eq!(complaints(object, None), "", "{file}");
        let read: EcsTaskDefinitionSpec = serde_json::from_value(object["spec"].clone()).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), object["spec"], "{file}");
    }
}

#[test]
fn samples_can_be_applied_together() {
    let mut seen = BTreeSet::new();
    for (file, object) in samples() {
        let name = format!("{} {}", object["kind"], object["metadata"]["name"]);
        assert!(seen.insert(name.clone()), "{file} has {name}, as another sample has");
    }
}
