//! Import writes every member that AWS takes: a service and a revision that have everything of everything are written as
//! objects, and each member has to be found again. A new version of the SDK shows here what would get lost.

use super::{Input, Members, input, is_among, service_members, walked};
use aws_sdk_ecs::operation::register_task_definition::RegisterTaskDefinitionInput;
use ecs_operator::aws::{LiveService, ServiceState, TaskDefinition};
use ecs_operator::import::{Imported, Options, Runs, service, task_definition};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Members of a service that import does not take from its description, with the reason.
const NOT_FROM_A_SERVICE: [&str; 8] = [
    "clientToken",        // of a request
    "forceNewDeployment", // of a request
    "service",            // UpdateService's word for serviceName
    "monitoring",         // no description shows it: said as a note
    "gatewayConnectors",  // likewise
    "tags",               // told beside the service; see the tests of import
    "cluster",            // likewise
    "taskDefinition",     // likewise
];
/// Likewise of a task definition.
const NOT_FROM_A_REVISION: [&str; 2] = ["tags", "family"];

/// Two values of each type, of which at least one is no default.
#[derive(Clone, Copy)]
enum Side {
    One,
    Other,
}

fn value(word: &str, path: &str, side: Side) -> Value {
    match (word, side) {
        ("boolean", Side::One) => json!(true),
        ("boolean", Side::Other) => json!(false),
        ("integer", Side::One) => json!(7),
        ("integer", Side::Other) => json!(3),
        ("number", _) => json!(2.5),
        _ => json!(path),
    }
}

/// JSON that has every member once.
fn everything(members: &Members, side: Side) -> Value {
    let mut whole = Value::Object(Map::new());
    // What holds others comes before them.
    for (path, word) in members.iter().filter(|(_, word)| **word != "another member of a union") {
        let is_leaf = !matches!(*word, "object" | "array");
        let place = place(&mut whole, path);
        if is_leaf {
            *place = value(word, path, side);
        }
    }
    whole
}

/// The place of a path, made where it is not there yet.
fn place<'a>(whole: &'a mut Value, path: &str) -> &'a mut Value {
    let mut here = whole;
    for step in path.replace("[]", ".[]").replace("{}", ".{}").split('.') {
        here = match step {
            "[]" => {
                if !here.is_array() {
                    *here = json!([null]);
                }
                &mut here[0]
            }
            "{}" => {
                if !here.is_object() {
                    *here = json!({});
                }
                &mut here["key"]
            }
            name => {
                if !here.is_object() {
                    *here = json!({});
                }
                &mut here[name]
            }
        };
    }
    here
}

/// Paths of all that an object declares.
fn declared(imported: &Imported) -> BTreeSet<String> {
    let object: Value = serde_yaml_ng::from_str(&imported.yaml()).unwrap();
    let mut found = BTreeSet::new();
    walked(&object["spec"], "", &mut found);
    found
}

fn missing(aws: &Input, left_out: &[&str], written: impl Fn(Value) -> Imported) -> Vec<String> {
    let mut found = BTreeSet::new();
    for side in [Side::One, Side::Other] {
        let imported = written(everything(&aws.members, side));
        assert_eq!(imported.notes, Vec::<String>::new());
        found.extend(declared(&imported));
    }
    let wanted = aws.members.iter().filter(|(path, word)| **word != "another member of a union" && !is_among(path, left_out));
    wanted.map(|(path, _)| path.clone()).filter(|path| !found.contains(path)).collect()
}

#[test]
fn a_service_is_imported_with_each_of_its_members() {
    let written = |mut fields: Value| {
        for member in ["monitoring", "gatewayConnectors", "clientToken", "forceNewDeployment", "service", "tags"] {
            fields.as_object_mut().unwrap().remove(member);
        }
        let live = LiveService {
            arn: "arn".to_owned(),
            name: "Web".to_owned(),
            cluster_arn: "arn:aws:ecs:eu-central-1:111122223333:cluster/prod".to_owned(),
            status: ServiceState::Active,
            created_at: None,
            task_definition: "web:1".to_owned(),
            desired: 1,
            running: 1,
            pending: 0,
            launch_type: None,
            deployments: Vec::new(),
            events: Vec::new(),
            current_service_deployment: None,
            tags: BTreeMap::new(),
            managed_by_ecs: false,
            fields,
        };
        service(&live, "web", Runs::Object("web".to_owned()), &Value::Null, &Options::default()).unwrap()
    };
    assert_eq!(missing(&service_members(), &NOT_FROM_A_SERVICE, written), Vec::<String>::new());
}

#[test]
fn a_revision_is_imported_with_each_of_its_members() {
    let written = |mut fields: Value| {
        for member in ["tags", "family"] {
            fields.as_object_mut().unwrap().remove(member);
        }
        let live = TaskDefinition {
            arn: "arn".to_owned(),
            family: "web".to_owned(),
            revision: 1,
            active: true,
            registered_at: None,
            fields,
            tags: BTreeMap::new(),
        };
        task_definition(&live, "web", Some(&live), &Options::default()).unwrap()
    };
    let aws = input(RegisterTaskDefinitionInput::deserialize);
    assert_eq!(missing(&aws, &NOT_FROM_A_REVISION, written), Vec::<String>::new());
}
