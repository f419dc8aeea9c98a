//! What AWS cannot change is replaced: the new one takes over when it can, the old one goes when nothing uses it.

use super::world::{World, name, target, web};
use super::{steps, waiting};
use crate::engine::Plan;
use crate::kinds::target_group::observed::Shown;
use serde_json::json;

/// In force, attached, with three healthy targets; and its ARN.
fn serving() -> (World, String) {
    let mut world = web().in_force();
    let arn = world.status().arn.unwrap();
    world.attach(&arn, 3);
    world.pass();
    world.refs.attached.insert(arn.clone(), "shop/web".to_owned());
    (world, arn)
}

fn replaced(port: i32) -> (World, String, String) {
    let (mut world, old) = serving();
    world.edit("port", json!(port));
    assert_eq!(steps(world.pass()), ["Create"]);
    let new = world.status().arn.unwrap();
    assert_ne!(name(&old), name(&new));
    (world, old, new)
}

fn previous(world: &World) -> Vec<String> {
    world.status().previous.into_iter().map(|it| it.arn).collect()
}

#[test]
fn the_old_one_serves_until_the_new_one_has_as_many_healthy_targets() {
    let (mut world, old, new) = replaced(8080);
    assert_eq!((previous(&world), world.status().serving), (vec![old.clone()], false));
    assert!(waiting(world.pass()).contains("is attached to the load balancer"));
    assert_eq!(world.holds(), "Ready Reconciling");
    world.attach(&new, 2);
    assert!(waiting(world.pass()).contains("as many healthy targets"));
    assert!(!world.status().serving);
    world.attach(&new, 3);
    world.pass();
    assert!(world.status().serving);
    world.attach(&new, 1);
    world.pass();
    assert!(world.status().serving, "traffic does not go back");
}

#[test]
fn the_old_one_goes_when_no_service_no_rule_and_no_target_is_left() {
    let (mut world, old, new) = replaced(8080);
    world.attach(&new, 3);
    assert!(waiting(world.pass()).contains("EcsService shop/web still registers its tasks in"));
    world.refs.attached.clear();
    assert!(waiting(world.pass()).contains("load balancer shared still forwards to"));
    world.group(&old).target_group.load_balancer_arns.clear();
    assert!(waiting(world.pass()).contains("3 targets are still registered in"));
    world.group(&old).health = None;
    assert!(waiting(world.pass()).contains("were not read yet"));
    world.detach(&old);
    assert_eq!(steps(world.pass()), ["Delete"]);
    assert_eq!(world.pass(), Plan::InSync);
    assert_eq!(world.holds(), "Available Ready");
    assert_eq!(world.groups.len(), 1);
}

#[test]
fn one_that_nothing_forwards_to_is_replaced_at_once() {
    let mut world = web().in_force();
    world.edit("port", json!(8080));
    world.settle();
    assert_eq!((world.groups.len(), world.holds()), (1, "Ready".to_owned()));
    assert!(world.status().serving);
}

#[test]
fn an_old_one_without_healthy_targets_is_no_reason_to_wait() {
    let (mut world, old, new) = replaced(8080);
    world.group(&old).health = Some(vec![target(1, "unhealthy")]);
    world.attach(&new, 0);
    world.pass();
    assert!(world.status().serving);
}

#[test]
fn one_that_never_served_does_not_seem_to_have_the_traffic() {
    let (mut world, old, between) = replaced(8080);
    world.edit("port", json!(9090));
    world.pass();
    assert_eq!(previous(&world), [between.clone(), old.clone()]);
    let new = world.status().arn.unwrap();
    world.attach(&new, 3);
    world.detach(&old);
    world.refs.attached.clear();
    world.settle();
    assert_eq!(world.groups.len(), 1);
    assert_eq!(world.status().arn, Some(new));
}

#[test]
fn going_back_before_the_takeover_makes_nothing_new() {
    let (mut world, old, between) = replaced(8080);
    world.edit("port", json!(80));
    world.sent.clear();
    world.refs.attached.clear();
    world.settle();
    let status = world.status();
    assert_eq!((status.arn.as_ref(), status.serving), (Some(&old), true));
    assert!(status.previous.is_empty() && !world.groups.iter().any(|it| it.target_group.arn == between));
    assert_eq!(super::steps(Plan::Do(world.sent.clone())), ["Delete"]);
}

#[test]
fn going_back_after_the_takeover_is_a_takeover_too() {
    let (mut world, old, new) = replaced(8080);
    world.attach(&new, 3);
    world.pass();
    world.edit("port", json!(80));
    world.group(&old).health = Some(Vec::new());
    world.pass();
    let status = world.status();
    assert_eq!((status.arn.as_ref(), status.serving, previous(&world)), (Some(&old), false, vec![new]));
    world.attach(&old, 3);
    world.pass();
    assert!(world.status().serving);
}

#[test]
fn an_old_one_that_was_deleted_by_hand_is_forgotten() {
    let (mut world, old, _) = replaced(8080);
    world.groups.retain(|it| it.target_group.arn != old);
    world.says(&name(&old), Shown::Missing { times: 1 });
    world.pass();
    assert_eq!(previous(&world), [old], "once may be a lag of AWS");
    world.said.clear();
    world.pass();
    assert!(previous(&world).is_empty() && world.status().serving);
}

#[test]
fn an_old_one_that_is_no_longer_ours_is_left_alone() {
    let (mut world, old, new) = replaced(8080);
    world.attach(&new, 3);
    world.detach(&old);
    world.group(&old).tags.clear();
    world.refs.attached.clear();
    world.settle();
    assert!(previous(&world).is_empty());
    assert!(world.groups.iter().any(|it| it.target_group.arn == old), "nobody deleted it");
}

#[test]
fn a_replacement_whose_reply_was_lost_and_that_was_edited_away_is_found_and_deleted() {
    let (mut world, old) = serving();
    world.edit("port", json!(8080));
    let Plan::Do(all) = world.plan() else { panic!("it is replaced") };
    world.fails_at = Some(world.sent.len() + 1);
    world.pass();
    world.act(&all[0]);
    let lost = world.groups[1].target_group.arn.clone();
    world.fails_at = None;
    world.edit("port", json!(9090));
    world.pass();
    assert_eq!(previous(&world).last(), Some(&old), "the one with the traffic stands last");
    let new = world.status().arn.unwrap();
    world.attach(&new, 3);
    world.detach(&old);
    world.refs.attached.clear();
    world.settle();
    assert!(!world.groups.iter().any(|it| it.target_group.arn == lost));
    assert_eq!(world.groups.len(), 1);
}
