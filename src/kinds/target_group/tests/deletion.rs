//! A target group is deleted when nothing needs it any more, and nothing else is.

use super::world::{denied, web};
use super::{refusal, steps, waiting};
use crate::engine::Plan;
use crate::kinds::target_group::observed::{Look, Shown};
use serde_json::json;

#[test]
fn it_waits_for_those_who_use_it_and_names_them() {
    let mut world = web().in_force();
    let arn = world.status().arn.unwrap();
    world.attach(&arn, 1);
    world.refs.users = vec!["EcsListenerRule shop/web".to_owned(), "EcsService shop/api".to_owned()];
    world.delete();
    let why = waiting(world.pass());
    assert!(why.contains("EcsListenerRule shop/web, EcsService shop/api"), "{why}");
    assert_eq!(world.said_of("Ready").0, "Deleting");
    world.refs.users.clear();
    assert!(waiting(world.pass()).contains("load balancer shared still forwards to target group"));
    world.detach(&arn);
    assert_eq!(steps(world.pass()), ["Delete"]);
    assert!(world.groups.is_empty());
}

#[test]
fn what_it_replaced_goes_with_it() {
    let mut world = web().in_force();
    let old = world.status().arn.unwrap();
    world.attach(&old, 1);
    world.edit("port", json!(8080));
    world.pass();
    world.delete();
    world.detach(&old);
    assert_eq!(steps(world.pass()), ["Delete", "Delete"]);
}

#[test]
fn one_whose_creation_was_never_answered_is_looked_for() {
    let mut world = web();
    let Plan::Do(all) = world.plan() else { panic!("it is made") };
    world.fails_at = Some(1);
    world.pass();
    world.act(&all[0]);
    world.delete();
    assert_eq!(steps(world.pass()), ["Delete"]);
    assert!(world.groups.is_empty());
}

#[test]
fn one_that_was_never_sent_is_gone_at_once() {
    let mut world = web();
    world.delete();
    assert_eq!(world.pass(), Plan::Gone);
}

#[test]
fn one_that_was_deleted_by_hand_is_gone_when_aws_says_so_twice() {
    let mut world = web().in_force();
    world.groups.clear();
    world.delete();
    world.says(&world.status().name.unwrap(), Shown::Missing { times: 1 });
    assert!(waiting(world.pass()).contains("once more"));
    world.said.clear();
    assert_eq!(world.pass(), Plan::Gone);
}

#[test]
fn what_is_retained_stays_without_our_tags() {
    let mut world =
        web().with("deletionPolicy", json!("Retain")).with("tags", json!([{"key": "team", "value": "shop"}])).in_force();
    world.refs.users = vec!["EcsService shop/api".to_owned()];
    world.delete();
    assert_eq!(steps(world.pass()), ["Untag"]);
    assert_eq!(world.groups[0].tags.keys().collect::<Vec<_>>(), ["team"]);
}

#[test]
fn what_lost_our_tags_is_not_deleted() {
    let mut world = web().in_force();
    world.groups[0].tags.clear();
    world.delete();
    assert_eq!(world.pass(), Plan::Gone);
    assert!(world.sent.is_empty());
}

#[test]
fn a_pause_holds_back_the_deletion() {
    let mut world = web().in_force().annotated("paused", "true");
    world.delete();
    assert!(waiting(world.pass()).contains("paused"));
}

#[test]
fn a_deletion_waits_for_a_read_that_is_denied_and_says_so() {
    let mut world = web().in_force();
    let key = world.status().name.unwrap();
    world.delete();
    world.said.insert(key, Look { trouble: Some(denied()), ..Look::default() });
    assert_eq!(refusal(world.pass()).reason(), "AwsAccessDenied");
}
