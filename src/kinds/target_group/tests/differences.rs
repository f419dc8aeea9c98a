//! What differs is sent, what others set is left, and what leaves the declaration goes back to AWS's default once.

use super::steps;
use super::world::{World, behind_nlb, web};
use crate::engine::Plan;
use crate::engine::noted::Drifted;
use crate::kinds::target_group::Step;
use serde_json::{Value, json};

/// The members that the only `ModifyTargetGroup` of a plan sends.
fn sent_check(plan: Plan<Step>) -> Value {
    let Plan::Do(all) = plan else { panic!("something differs: {plan:?}") };
    let [Step::Check { check, .. }] = all.as_slice() else { panic!("one call: {all:?}") };
    serde_json::to_value(check).unwrap()
}

fn attribute(world: &mut World, key: &str) -> String {
    world.current().attributes.as_ref().unwrap()[key].clone()
}

#[test]
fn only_the_members_of_the_health_check_that_differ_are_sent() {
    let mut world = web().with("healthCheck", json!({"path": "/a", "intervalSeconds": 10})).in_force();
    world.edit("healthCheck", json!({"path": "/b", "intervalSeconds": 10, "matcher": {"httpCode": "200-299"}}));
    assert_eq!(sent_check(world.pass()), json!({"path": "/b", "matcher": {"httpCode": "200-299"}}));
    assert_eq!(world.pass(), Plan::InSync);
}

#[test]
fn a_health_check_that_leaves_the_declaration_goes_back_to_awss_default_once() {
    let declared = json!({"path": "/a", "port": "9000", "intervalSeconds": 10, "timeoutSeconds": 3, "healthyThresholdCount": 2, "unhealthyThresholdCount": 3, "matcher": {"httpCode": "201"}});
    let mut world = web().with("healthCheck", declared).in_force();
    world.edit("healthCheck", Value::Null);
    assert_eq!(
        sent_check(world.pass()),
        json!({"path": "/", "port": "traffic-port", "intervalSeconds": 30, "timeoutSeconds": 5, "healthyThresholdCount": 5, "unhealthyThresholdCount": 2, "matcher": {"httpCode": "200"}})
    );
    world.pass();
    world.current().target_group.health_check.path = Some("/by-hand".to_owned());
    assert_eq!(world.pass(), Plan::InSync, "what is not declared is not managed");
}

#[test]
fn behind_an_nlb_a_check_by_http_goes_back_to_tcp_without_path_and_matcher() {
    let mut world = behind_nlb("TCP").with("healthCheck", json!({"protocol": "HTTP", "path": "/a"})).in_force();
    world.edit("healthCheck", Value::Null);
    assert_eq!(sent_check(world.pass()), json!({"protocol": "TCP"}));
}

#[test]
fn defaults_of_a_check_follow_the_protocols() {
    let mut grpc = web()
        .with("protocolVersion", json!("GRPC"))
        .with("healthCheck", json!({"path": "/a.B/C", "matcher": {"grpcCode": "0"}}))
        .in_force();
    grpc.edit("healthCheck", Value::Null);
    assert_eq!(sent_check(grpc.pass()), json!({"path": "/AWS.ALB/healthcheck", "matcher": {"grpcCode": "12"}}));
    let declared = json!({"protocol": "HTTP", "path": "/a", "timeoutSeconds": 4, "matcher": {"httpCode": "201"}});
    let mut nlb = behind_nlb("TCP").with("healthCheck", declared).in_force();
    nlb.edit("healthCheck", json!({"protocol": "HTTP"}));
    assert_eq!(sent_check(nlb.pass()), json!({"path": "/", "timeoutSeconds": 6, "matcher": {"httpCode": "200-399"}}));
}

#[test]
fn attributes_that_nobody_declared_are_left_alone() {
    let mut world = web().with("deregistrationDelaySeconds", json!(30)).in_force();
    world.current().attributes.as_mut().unwrap().insert("slow_start.duration_seconds".to_owned(), "60".to_owned());
    assert_eq!(world.pass(), Plan::InSync);
}

#[test]
fn an_attribute_that_leaves_the_declaration_goes_back_to_its_default() {
    let mut world = web()
        .with("deregistrationDelaySeconds", json!(30))
        .with("stickiness", json!({"type": "lb_cookie"}))
        .with("attributes", json!([{"key": "no.such.attribute", "value": "x"}]))
        .in_force();
    assert_eq!(attribute(&mut world, "stickiness.enabled"), "true");
    for field in ["deregistrationDelaySeconds", "stickiness", "attributes"] {
        world.edit(field, Value::Null);
    }
    assert_eq!(steps(world.pass()), ["Attributes"]);
    assert_eq!(attribute(&mut world, "deregistration_delay.timeout_seconds"), "300");
    assert_eq!(attribute(&mut world, "stickiness.enabled"), "false");
    assert_eq!(attribute(&mut world, "no.such.attribute"), "x", "without a known default it stays");
    assert_eq!(world.pass(), Plan::InSync);
    assert!(world.status().applied.is_empty());
}

#[test]
fn attributes_that_were_not_read_yet_are_sent_after_an_edit_and_not_else() {
    let mut world = web().with("deregistrationDelaySeconds", json!(30)).in_force();
    world.current().attributes = None;
    assert_eq!(world.pass(), Plan::InSync);
    world.edit("deregistrationDelaySeconds", json!(60));
    assert_eq!(steps(world.pass()), ["Attributes"]);
}

#[test]
fn tags_of_the_declaration_come_and_go_and_those_of_others_stay() {
    let mut world = web().with("tags", json!([{"key": "team", "value": "shop"}, {"key": "old", "value": "1"}])).in_force();
    world.current().tags.insert("cost".to_owned(), "9".to_owned());
    world.edit("tags", json!([{"key": "team", "value": "ops"}]));
    assert_eq!(steps(world.pass()), ["Tag", "Untag"]);
    let tags = world.current().tags.clone();
    assert_eq!(
        (tags.get("team").map(String::as_str), tags.get("old"), tags.get("cost").map(String::as_str)),
        (Some("ops"), None, Some("9"))
    );
    assert_eq!(world.pass(), Plan::InSync);
}

#[test]
fn what_somebody_else_changed_is_put_back() {
    let mut world = web().with("healthCheck", json!({"path": "/a"})).with("deregistrationDelaySeconds", json!(30)).in_force();
    world.current().target_group.health_check.path = Some("/b".to_owned());
    world.current().attributes.as_mut().unwrap().insert("deregistration_delay.timeout_seconds".to_owned(), "9".to_owned());
    assert_eq!(steps(world.pass()), ["Check", "Attributes"]);
    assert_eq!(world.pass(), Plan::InSync);
    assert_eq!(world.holds(), "Ready");
}

#[test]
fn what_somebody_else_changed_is_only_reported_where_that_is_declared() {
    let mut world = web()
        .with("healthCheck", json!({"path": "/a"}))
        .with("tags", json!([{"key": "team", "value": "shop"}]))
        .with("driftPolicy", json!("Report"))
        .in_force();
    world.current().target_group.health_check.path = Some("/b".to_owned());
    world.current().tags.remove("team");
    assert_eq!(world.pass(), Plan::InSync);
    let fields: Vec<String> = world.status().drift.into_iter().map(|it| it.field).collect();
    assert_eq!(fields, ["healthCheck.path", "tags.team"]);
    assert_eq!((world.holds().as_str(), &world.drifts[..]), ("Drifted Ready", &[Drifted::Reported][..]));
    world.edit("healthCheck", json!({"path": "/c"}));
    assert_eq!(steps(world.pass()), ["Check", "Tag"], "an edit is in force all the same");
    world.pass();
    assert!(world.status().drift.is_empty());
}

#[test]
fn our_marks_are_set_again_even_where_drift_is_only_reported() {
    let mut world = web().with("driftPolicy", json!("Report")).in_force();
    world.current().tags.remove("ecs-operator.io/uid");
    assert_eq!(steps(world.pass()), ["Tag"]);
}
