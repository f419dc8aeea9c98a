//! What happens to a rule from its creation to its deletion.

use super::world::{World, other, rule_for, shared};
use super::{failure, refusal};
use crate::aws::Kind;
use crate::engine::Plan;
use crate::engine::noted::Drifted;
use crate::kinds::listener::Place;
use crate::kinds::listener_rule::Step;
use serde_json::json;
use std::collections::BTreeMap;

pub fn settled(host: &str) -> World {
    let mut world = rule_for(host);
    assert_eq!(world.settle(), Plan::InSync);
    world.sent.clear();
    world
}

pub fn many(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("h{number:02}.example.com")).collect()
}

/// A rule in three parts.
pub fn in_three() -> World {
    let mut world = rule_for("a").with("match", json!({"hosts": many(12)}));
    assert_eq!(world.settle(), Plan::InSync);
    world.sent.clear();
    world
}

#[test]
fn a_rule_is_made_once_and_settles() {
    let mut world = rule_for("shop.example.com");
    assert!(matches!(world.pass(), Plan::Do(steps) if matches!(steps.as_slice(), [Step::Create { part: 0, .. }])));
    assert_eq!(world.pass(), Plan::InSync);
    assert_eq!(
        (world.condition("Ready"), world.condition("Accepted"), world.condition("Programmed")),
        (Some(true), Some(true), Some(true))
    );
    assert_eq!(world.status.priority, world.only().priority);
    assert_eq!(world.status.url.as_deref(), Some("https://shop.example.com/"));
    assert_eq!(world.status.target_groups.iter().map(|it| it.arn.as_str()).collect::<Vec<_>>(), ["tg-a"]);
    let before = world.status.clone();
    assert_eq!(world.pass(), Plan::InSync);
    assert_eq!(world.status, before, "an equal status is equal");
}

#[test]
fn another_host_is_one_change_in_place() {
    let mut world = settled("a.example.com");
    let before = world.only();
    world.hosts(&["b.example.com"]);
    world.settle();
    assert!(
        matches!(world.sent.as_slice(), [Step::Modify(change), Step::Tag { .. }] if change.actions.is_none()),
        "{:?}",
        world.sent
    );
    assert_eq!((world.only().arn, world.only().priority), (before.arn, before.priority));
}

#[test]
fn a_match_of_twelve_hosts_is_three_rules_and_an_edit_touches_as_few_as_can_be() {
    let mut world = in_three();
    assert_eq!(world.ours_on(&shared()).len(), 3);
    assert_eq!(world.status.rules.len(), 3);
    let mut hosts = many(12);
    hosts.push("z.example.com".to_owned());
    world.set("match", json!({"hosts": hosts}));
    world.settle();
    assert_eq!(world.sent.iter().filter(|step| !matches!(step, Step::Tag { .. })).count(), 1, "{:?}", world.sent);
}

#[test]
fn no_declared_host_is_without_a_rule_at_any_moment() {
    let mut world = in_three();
    let kept = many(9);
    let mut hosts = kept.clone();
    hosts.extend(["0.example.com".to_owned(), "1.example.com".to_owned(), "2.example.com".to_owned()]);
    world.set("match", json!({"hosts": hosts}));
    loop {
        let served: Vec<String> = world.ours_on(&shared()).iter().map(|(rule, _)| format!("{:?}", rule.conditions)).collect();
        for host in &kept {
            assert!(served.iter().any(|rule| rule.contains(host.as_str())), "{host} is not served");
        }
        if !matches!(world.pass(), Plan::Do(_)) {
            break;
        }
    }
    assert_eq!(world.ours_on(&shared()).len(), 3);
}

#[test]
fn a_full_listener_has_its_parts_changed_in_place() {
    let mut world = in_three();
    world.most_rules = Some(3);
    world.set("match", json!({"hosts": many(12).iter().map(|host| format!("x{host}")).collect::<Vec<_>>()}));
    assert_eq!(world.settle(), Plan::InSync);
    assert!(!world.sent.iter().any(|step| matches!(step, Step::Create { .. } | Step::Delete { .. })), "{:?}", world.sent);
}

#[test]
fn a_match_that_becomes_wider_moves_behind_what_it_would_take_from_others() {
    let mut world = rule_for("a.example.com").with("match", json!({"hosts": ["a.example.com"], "paths": ["/x"]}));
    world.settle();
    world.foreign(20_000, json!({"hosts": ["b.example.com"]}), BTreeMap::new());
    world.set("match", json!({"paths": ["/*"]}));
    world.settle();
    assert!(world.only().priority > Some(20_000), "{:?}", world.only());
}

#[test]
fn a_lost_reply_makes_no_second_rule() {
    let mut world = rule_for("a.example.com");
    world.pass_until(|_, _| Some((true, failure("CreateRule", Kind::Unknown))));
    assert_eq!(world.status.rules.iter().filter(|part| part.arn.is_none()).count(), 1, "what was to be made is kept in mind");
    assert_eq!(world.settle(), Plan::InSync);
    world.only();
}

#[test]
fn a_write_that_never_arrived_is_repeated_after_a_look() {
    let mut world = rule_for("a.example.com");
    world.pass_until(|_, _| Some((false, failure("CreateRule", Kind::Unknown))));
    assert!(matches!(world.plan(), Plan::Do(steps) if matches!(steps.as_slice(), [Step::Look { .. }])));
    assert_eq!(world.settle(), Plan::InSync);
    world.only();
}

#[test]
fn a_plain_refusal_leaves_nothing_to_look_for() {
    let mut world = rule_for("a.example.com");
    world.pass_until(|_, _| Some((false, failure("CreateRule", Kind::Denied))));
    assert!(world.status.rules.is_empty());
    assert_eq!((world.ready().0.as_str(), world.condition("Programmed")), ("AwsAccessDenied", Some(false)));
}

#[test]
fn a_rule_that_was_deleted_by_hand_is_made_again() {
    let mut world = settled("a.example.com");
    let priority = world.only().priority;
    world.aws.get_mut(&shared()).unwrap().rules.retain(|(rule, _)| rule.is_default());
    assert_eq!(world.settle(), Plan::InSync);
    assert_eq!(world.only().priority, priority);
    assert_eq!(world.drifts, [Drifted::Corrected]);
}

#[test]
fn another_listener_has_the_rule_before_the_first_one_loses_it() {
    let mut world = settled("a.example.com");
    world.set("forward", json!(null));
    world.set("fixedResponse", json!({"statusCode": "503"}));
    world.settle();
    world.moves_to(&other());
    world.pass();
    assert_eq!((world.ours_on(&shared()).len(), world.ours_on(&other()).len()), (1, 1));
    assert_eq!(world.settle(), Plan::InSync);
    assert_eq!((world.ours_on(&shared()).len(), world.ours_on(&other()).len()), (0, 1));
    assert_eq!(world.status.rules.len(), 1);
    assert_eq!(world.status.listener_arn, Some(other()));
}

#[test]
fn a_target_group_goes_with_the_rule_to_another_load_balancer() {
    let mut world = settled("a.example.com");
    world.moves_to(&other());
    world.pass();
    assert_eq!((world.ours_on(&shared()).len(), world.ours_on(&other()).len()), (0, 0), "it can belong to one only");
    assert_eq!(world.settle(), Plan::InSync);
    assert_eq!(world.ours_on(&other()).len(), 1);
}

#[test]
fn a_listener_that_is_found_by_tags_is_remembered_before_anything_is_made_on_it() {
    let mut world = rule_for("a");
    world.refs.place = Ok(Place::Tagged { tags: BTreeMap::new(), port: 443 });
    world.refs.listener = None;
    assert_eq!(world.pass(), Plan::Do(vec![Step::Found { listener: shared() }]));
    assert_eq!(world.status.listener_arn, Some(shared()));
    world.refs.listener = world.status.listener_arn.clone();
    assert_eq!(world.settle(), Plan::InSync);
    world.only();
}

#[test]
fn a_listener_that_is_not_there_is_waited_for() {
    let mut world = rule_for("a");
    let there = world.aws.remove(&shared()).unwrap();
    assert_eq!(refusal(world.pass()).reason(), "ListenerNotFound");
    assert_eq!((world.condition("Reconciling"), world.condition("Accepted")), (Some(true), None));
    world.aws.insert(shared(), there);
    assert_eq!(world.settle(), Plan::InSync);
}

#[test]
fn a_load_balancer_deleted_under_us_is_waited_for_and_never_blocks_the_deletion() {
    let mut world = settled("a");
    world.aws.remove(&shared());
    assert_eq!(refusal(world.pass()).reason(), "ListenerNotFound");
    world.is_deleted = true;
    assert_eq!(world.plan(), Plan::Gone);
}

#[test]
fn a_restart_says_nothing_new_before_the_first_look() {
    let mut world = settled("a");
    let before = world.status.clone();
    world.is_unread = true;
    assert!(matches!(world.pass(), Plan::Wait(_)));
    assert_eq!(world.status, before);
}

#[test]
fn a_pause_holds_back_writes_and_nothing_else() {
    let mut world = rule_for("a");
    world.annotations.insert("ecs-operator.io/paused".to_owned(), "true".to_owned());
    assert!(matches!(world.pass(), Plan::Wait(_)));
    assert!(world.sent.is_empty());
    assert_eq!(world.condition("Paused"), Some(true));
    world.annotations.clear();
    world.settle();
    world.annotations.insert("ecs-operator.io/paused".to_owned(), "true".to_owned());
    assert_eq!(world.pass(), Plan::InSync);
    assert_eq!(world.condition("Ready"), Some(true));
    world.is_deleted = true;
    assert!(matches!(world.pass(), Plan::Wait(why) if why.contains("paused")));
}

#[test]
fn observing_shows_the_rule_of_a_priority_and_its_differences() {
    let mut world = rule_for("a").with("managementPolicy", json!("Observe")).with("priority", json!(7));
    assert_eq!(refusal(world.pass()).reason(), "NotFound");
    let rule = world.foreign(7, json!({"hosts": ["b"]}), BTreeMap::new());
    assert_eq!(world.pass(), Plan::InSync);
    assert_eq!(world.status.rules[0].arn, Some(rule.arn));
    let fields: Vec<&str> = world.status.drift.iter().map(|one| one.field.as_str()).collect();
    assert_eq!((fields, world.condition("Drifted")), (vec!["match", "forward"], Some(true)));
    assert!(world.sent.is_empty());
    world.is_deleted = true;
    assert_eq!(world.plan(), Plan::Gone);
}
