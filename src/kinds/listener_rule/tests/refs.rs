//! What a rule takes from the target groups that it refers to.

use super::refusal;
use super::world::rule_for;
use crate::api::EcsTargetGroup;
use crate::aws::elb::model::Action;
use crate::engine::references::NOT_GRANTED;
use crate::engine::{Plan, Stop};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Value, json};

fn target_group(status: Value) -> EcsTargetGroup {
    EcsTargetGroup {
        metadata: ObjectMeta { name: Some("web".to_owned()), namespace: Some("shop".to_owned()), ..ObjectMeta::default() },
        spec: serde_json::from_value(json!({})).unwrap(),
        status: serde_json::from_value(status).unwrap(),
    }
}

#[test]
fn a_target_group_that_is_not_there_yet_is_waited_for_and_named() {
    let mut world = rule_for("a").with("forward", json!([{"targetGroupRef": {"name": "web"}}]));
    assert_eq!(refusal(world.pass()).reason(), "TargetGroupNotFound");
    let key = ("shop".to_owned(), "web".to_owned());
    let refused = json!({"conditions": [{"type": "Ready", "status": "False", "reason": "X", "message": "no VPC", "lastTransitionTime": "2026-01-01T00:00:00Z"}]});
    world.refs.target_groups.insert(key.clone(), Ok(target_group(refused)));
    let stop = refusal(world.pass());
    assert_eq!(stop.reason(), "TargetGroupNotReady");
    assert!(stop.message().contains("no VPC"), "{}", stop.message());
    assert_eq!(world.condition("Reconciling"), Some(true));
    world.refs.target_groups.insert(key, Ok(target_group(json!({"arn": "tg-1"}))));
    assert_eq!(world.settle(), Plan::InSync);
    assert_eq!(world.only().actions, [Action::forward_to("tg-1")]);
}

#[test]
fn while_a_target_group_is_replaced_both_are_there_and_the_old_one_serves() {
    let mut world = rule_for("a").with("forward", json!([{"targetGroupRef": {"name": "web"}, "weight": 5}]));
    let key = ("shop".to_owned(), "web".to_owned());
    let previous = json!([{"arn": "tg-0", "name": "0"}, {"arn": "tg-1", "name": "1"}]);
    let mut step = |status: Value| {
        world.refs.target_groups.insert(key.clone(), Ok(target_group(status)));
        world.settle();
        world.only().actions
    };
    assert_eq!(step(json!({"arn": "tg-1", "serving": true})), [Action::forward([("tg-1", 5)], None)]);
    let both = Action::forward([("tg-1", 5), ("tg-2", 0)], None);
    assert_eq!(step(json!({"arn": "tg-2", "serving": false, "previous": previous})), [both]);
    assert_eq!(step(json!({"arn": "tg-2", "serving": true, "previous": previous})), [Action::forward([("tg-2", 5)], None)]);
}

#[test]
fn a_target_group_of_another_namespace_is_forwarded_to_while_that_grants_it() {
    let mut world = rule_for("a").with("forward", json!([{"targetGroupRef": {"name": "web", "namespace": "team"}}]));
    let (own, other) = (("shop".to_owned(), "web".to_owned()), ("team".to_owned(), "web".to_owned()));
    world.refs.target_groups.insert(own, Ok(target_group(json!({"arn": "tg-own"}))));
    assert_eq!(refusal(world.pass()).reason(), "TargetGroupNotFound", "one of the own namespace is not meant");
    world.refs.target_groups.insert(other.clone(), Ok(target_group(json!({"arn": "tg-team"}))));
    assert_eq!(world.settle(), Plan::InSync);
    assert_eq!(world.only().actions, [Action::forward_to("tg-team")]);
    let sent = world.sent.len();
    world.refs.target_groups.insert(other, Err(Stop::invalid(NOT_GRANTED, "not granted any more")));
    assert_eq!(refusal(world.pass()).reason(), "ReferenceNotGranted");
    assert_eq!((world.sent.len(), world.condition("Ready")), (sent, Some(false)), "what serves goes on serving");
    world.is_deleted = true;
    assert!(matches!(world.pass(), Plan::Finish(_)), "a deletion asks nobody");
}
