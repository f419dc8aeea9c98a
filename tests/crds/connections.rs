//! The kind of connections: what is refused, and what passes.

use crate::{good_but_of, messages, schema};
use ecs_operator::api::AwsConnectionSpec;
use kube::core::cel::Validator;
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn good() -> Value {
    json!({"accountId": "444455556666", "region": "eu-central-1",
        "assumeRole": {"roleArn": "arn:aws:iam::444455556666:role/ecs-operator-a"}, "allowedNamespaces": {"names": ["shop"]}})
}

fn said(changes: &Value, was: Option<&Value>) -> String {
    let object = |spec: Value| json!({"apiVersion": "ecs-operator.io/v1alpha1", "kind": "AwsConnection", "metadata": {"name": "a"}, "spec": spec});
    let old = was.map(|was| object(good_but_of(&good(), was)));
    match Validator::new().validate(&schema("AwsConnection"), &object(good_but_of(&good(), changes)), old.as_ref()) {
        Ok(()) => String::new(),
        Err(errors) => errors.to_string(),
    }
}

/// What is changed, and what is said of it.
fn refused() -> [(Value, &'static str); 7] {
    let of_another = json!({"roleArn": "arn:aws:iam::111122223333:role/ecs-operator-a"});
    [
        (json!({"accountId": "111122223333", "assumeRole": of_another}), "accountId cannot be changed"),
        (json!({"region": "us-east-1"}), "region cannot be changed"),
        (json!({"assumeRole": null}), "set assumeRole, or ambientCredentials: Allowed"),
        (json!({"ambientCredentials": "Allowed"}), "set one of assumeRole and ambientCredentials"),
        (json!({"assumeRole": of_another}), "assumeRole.roleArn must be of the account accountId"),
        (json!({"allowedNamespaces": {"selector": {}}}), "selector must name a label"),
        (json!({"allowedNamespaces": {"names": ["shop", "*"]}}), "'*' stands for all namespaces"),
    ]
}

#[test]
fn bad_connections_are_refused_with_a_sentence_and_each_rule_has_a_case() {
    let mut rules = BTreeSet::new();
    messages(&schema("AwsConnection")["properties"]["spec"], &mut rules);
    let all: Vec<String> = refused().iter().map(|(changes, _)| said(changes, Some(&json!({})))).collect();
    for ((changes, sentence), said) in refused().iter().zip(&all) {
        assert!(said.contains(sentence), "{changes}: {said}");
    }
    for rule in rules {
        assert!(all.iter().any(|said| said.contains(&rule)), "no case for: {rule}");
    }
}

#[test]
fn good_connections_pass_and_come_back_as_they_were_written() {
    for changes in [
        json!({}),
        json!({"assumeRole": null, "ambientCredentials": "Allowed"}),
        json!({"allowedNamespaces": null}),
        json!({"allowedNamespaces": {"names": ["*"]}}),
        json!({"allowedNamespaces": {"selector": {"matchExpressions": [{"key": "team", "operator": "Exists"}]}}}),
        json!({"endpointUrl": "http://127.0.0.1:4566"}),
    ] {
        assert_eq!(said(&changes, Some(&json!({}))), "", "{changes}");
        let spec = good_but_of(&good(), &changes);
        let read: AwsConnectionSpec = serde_json::from_value(spec.clone()).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), spec);
    }
}
