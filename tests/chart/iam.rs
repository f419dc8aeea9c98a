//! The IAM policies and the calls to AWS: each call is allowed, nothing else is, and whatever changes something is bound to our
//! owner tag.

use ecs_operator::aws::operation::{OPERATIONS, Operation};
use ecs_operator::domain::owner::OWNER_KEYS;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;

/// What is allowed and no operation: it is asked for when a role is named in one.
const NO_CALL: &str = "iam:PassRole";
/// How a session in another account begins; `aws::session` calls the first, which asks for the second where it has tags.
const ASSUME: [&str; 2] = ["sts:AssumeRole", "sts:TagSession"];
/// Changes something, and AWS knows no condition for it that we are sure of.
const UNBOUND: [&str; 1] = ["ecs:DeregisterTaskDefinition"];
/// Characters of a managed policy, without white space. AWS, "IAM and STS quotas".
const LONGEST: usize = 6144;

/// Name of the file, and a statement of it.
fn statements() -> Vec<(String, Value)> {
    let mut all = Vec::new();
    for entry in fs::read_dir("deploy/iam").unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|it| it == "json") {
            let policy: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
            assert_eq!(policy["Version"], "2012-10-17", "{}", path.display());
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            all.extend(policy["Statement"].as_array().unwrap().iter().map(|it| (name.clone(), it.clone())));
        }
    }
    all
}

/// Text, or a list of texts.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(one) => vec![one.clone()],
        list => list.as_array().into_iter().flatten().map(|it| it.as_str().unwrap().to_owned()).collect(),
    }
}

fn actions() -> BTreeSet<String> {
    statements().iter().flat_map(|(_, statement)| texts(&statement["Action"])).collect()
}

#[test]
fn what_is_called_is_allowed_and_nothing_else() {
    let called: BTreeSet<String> =
        OPERATIONS.iter().map(Operation::action).chain([NO_CALL, ASSUME[0], ASSUME[1]].map(str::to_owned)).collect();
    assert_eq!(actions(), called);
}

#[test]
fn whatever_changes_something_is_bound_to_our_owner_tag() {
    let writes: BTreeSet<String> = OPERATIONS.iter().filter(|it| it.is_write).map(Operation::action).collect();
    for (file, statement) in statements() {
        let sid = statement["Sid"].as_str().unwrap();
        let condition = statement["Condition"].to_string();
        for action in texts(&statement["Action"]).iter().filter(|it| writes.contains(*it) && !UNBOUND.contains(&it.as_str())) {
            let equals = &statement["Condition"]["StringEquals"];
            let bound = ["aws:ResourceTag", "aws:RequestTag"].map(|key| &equals[format!("{key}/{}", OWNER_KEYS[0])]);
            assert!(bound.contains(&&Value::from("INSTALLATION_ID")), "{file} {sid} {action}: {condition}");
        }
    }
}

#[test]
fn conditions_name_tags_that_the_operator_writes() {
    for (file, statement) in statements() {
        let conditions = statement["Condition"].as_object().into_iter().flat_map(|it| it.values());
        for key in conditions.flat_map(|it| it.as_object().unwrap().keys()) {
            if let Some((_, tag)) = key.split_once("Tag/") {
                assert!(OWNER_KEYS.contains(&tag), "{file}: {key}");
            }
        }
    }
}

#[test]
fn roles_are_passed_below_a_path_and_to_ecs_only() {
    let passing: Vec<Value> =
        statements().into_iter().map(|it| it.1).filter(|it| texts(&it["Action"]).iter().any(|it| it == NO_CALL)).collect();
    assert_eq!(passing.len(), 2);
    for statement in passing {
        let to = statement["Condition"]["StringEquals"]["iam:PassedToService"].as_str().unwrap();
        assert!(["ecs-tasks.amazonaws.com", "ecs.amazonaws.com"].contains(&to), "{to}");
        for resource in texts(&statement["Resource"]) {
            assert!(resource.starts_with("arn:aws:iam::ACCOUNT_ID:role/k8s/CLUSTER/"), "{resource}");
        }
    }
}

#[test]
fn roles_are_taken_on_below_a_name_and_the_code_does_it() {
    let assuming: Vec<Value> = statements()
        .into_iter()
        .map(|it| it.1)
        .filter(|it| texts(&it["Action"]).iter().any(|it| ASSUME.contains(&it.as_str())))
        .collect();
    assert_eq!(assuming.len(), 1);
    assert_eq!(texts(&assuming[0]["Action"]), ASSUME);
    assert_eq!(texts(&assuming[0]["Resource"]), ["arn:aws:iam::*:role/ecs-operator-*"]);
    assert!(fs::read_to_string("src/aws/session.rs").unwrap().contains(".assume_role()"));
}

#[test]
fn every_statement_allows_has_a_name_and_is_explained() {
    let readme = fs::read_to_string("deploy/iam/README.md").unwrap();
    for (file, statement) in statements() {
        let sid = statement["Sid"].as_str().unwrap();
        assert_eq!(statement["Effect"], "Allow", "{file} {sid}");
        let section = readme.split(&format!("## {file}")).nth(1).and_then(|it| it.split("\n## ").next()).unwrap_or_default();
        assert!(section.contains(&format!("| `{sid}` |")), "deploy/iam/README.md says nothing of {file} {sid}");
        assert!(texts(&statement["Action"]).iter().all(|it| !it.contains('*')), "{file} {sid}: a wildcard");
    }
}

#[test]
fn each_file_fits_in_a_managed_policy() {
    for entry in fs::read_dir("deploy/iam").unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let length = text.chars().filter(|it| !it.is_whitespace()).count();
        assert!(path.extension().is_none_or(|it| it != "json") || length < LONGEST, "{}: {length}", path.display());
    }
}
