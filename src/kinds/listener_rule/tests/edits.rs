//! What an edit sends, whoever makes it, and what it leaves alone.

use super::life::{many, settled};
use super::world::{World, rule_for, shared};
use crate::aws::elb::model::{Action, Weighted};
use crate::engine::Plan;
use crate::engine::noted::Drifted;
use crate::kinds::listener_rule::Step;
use serde_json::json;

#[test]
fn what_was_edited_by_hand_is_put_back() {
    let world = settled("a.example.com");
    let rule = world.only();
    let edits: [&dyn Fn(&mut World); 4] = [
        &|world| world.rule(&rule.arn).0.conditions.clear(),
        &|world| world.rule(&rule.arn).0.actions = vec![Action::forward_to("tg-other")],
        &|world| world.rule(&rule.arn).0.priority = Some(7),
        &|world| drop(world.rule(&rule.arn).1.remove("ecs-operator.io/part")),
    ];
    for edit in edits {
        let mut world = settled("a.example.com");
        let (before, tags) = world.ours_on(&shared()).remove(0);
        edit(&mut world);
        assert_eq!(world.settle(), Plan::InSync);
        assert_eq!(world.ours_on(&shared()), [(before, tags)], "{:?}", world.sent);
        assert_eq!(world.sent.len(), 1, "{:?}", world.sent);
        assert_eq!(world.drifts, [Drifted::Corrected]);
    }
}

#[test]
fn what_was_edited_by_hand_is_only_reported_where_that_is_asked_for() {
    let mut world = settled("a.example.com").with("driftPolicy", json!("Report"));
    world.settle();
    let arn = world.only().arn;
    world.rule(&arn).0.actions = vec![Action::forward_to("tg-other")];
    world.sent.clear();
    assert_eq!(world.settle(), Plan::InSync);
    assert!(world.sent.is_empty(), "{:?}", world.sent);
    assert_eq!((world.status.drift[0].field.as_str(), world.condition("Drifted")), ("forward", Some(true)));
    assert!(world.status.drift[0].seen.as_ref().unwrap().contains("tg-other"));
    assert_eq!(world.drifts, [Drifted::Reported], "once, however often it is looked at");
    world.hosts(&["b.example.com"]);
    world.settle();
    assert_eq!(world.only().actions, [Action::forward_to("tg-a")], "an edit puts all in force");
    assert_eq!(world.drifts, [Drifted::Reported], "and corrects nothing");
}

#[test]
fn a_rewrite_that_is_taken_out_goes_once_and_one_of_somebody_else_stays() {
    let mut world = rule_for("a").with("rewrite", json!({"url": {"regex": "^/a", "replace": "/b"}}));
    world.settle();
    assert_eq!(world.only().transforms.len(), 1);
    let by_hand = world.only().transforms;
    world.set("rewrite", json!(null));
    world.settle();
    assert!(world.only().transforms.is_empty());
    let arn = world.only().arn;
    world.rule(&arn).0.transforms = by_hand.clone();
    world.settle();
    assert_eq!(world.only().transforms, by_hand);
}

#[test]
fn a_tag_that_is_taken_out_goes_and_those_of_others_stay() {
    let mut world = rule_for("a").with("tags", json!([{"key": "team", "value": "shop"}]));
    world.settle();
    let arn = world.only().arn;
    world.rule(&arn).1.insert("cost".to_owned(), "1".to_owned());
    world.set("tags", json!(null));
    world.settle();
    let tags = world.rule(&arn).1.clone();
    assert!(!tags.contains_key("team") && tags.contains_key("cost"), "{tags:?}");
}

#[test]
fn weights_that_ecs_swings_are_left_alone_and_a_third_target_group_is_not() {
    let forward = json!([{"targetGroupArn": "blue", "weight": 100}, {"targetGroupArn": "green", "weight": 0}]);
    let mut world = rule_for("a").with("forward", forward);
    world.refs.is_swung = true;
    world.settle();
    let arn = world.only().arn;
    let swung = Action::forward([("blue", 0), ("green", 100)], None);
    world.rule(&arn).0.actions = vec![swung.clone()];
    world.sent.clear();
    assert_eq!(world.settle(), Plan::InSync);
    assert!(world.sent.is_empty(), "{:?}", world.sent);
    assert_eq!(world.status.target_groups.iter().map(|it| it.weight).collect::<Vec<_>>(), [0, 100]);
    world.hosts(&["b"]);
    world.settle();
    assert_eq!(world.only().actions, [swung], "another edit sends no weights");
    world.rule(&arn).0.actions = vec![Action::forward([("blue", 1), ("red", 1)], None)];
    world.settle();
    assert_eq!(world.only().actions, [Action::forward([("blue", 100), ("green", 0)], None)]);
    world.refs.is_swung = false;
    world.rule(&arn).0.actions = vec![Action::forward([("blue", 1), ("green", 9)], None)];
    world.settle();
    assert_eq!(world.only().actions, [Action::forward([("blue", 100), ("green", 0)], None)]);
}

#[test]
fn a_priority_that_is_asked_for_is_used_and_an_edit_moves_the_rule() {
    let mut world = rule_for("a").with("priority", json!(50));
    world.settle();
    assert_eq!(world.only().priority, Some(50));
    world.set("priority", json!(60));
    world.sent.clear();
    world.settle();
    assert_eq!(world.sent, [Step::SetPriorities(vec![(world.only().arn, 60)])]);
    world.set("priority", json!(null));
    world.settle();
    assert_eq!(world.only().priority, Some(60), "it stays where it is");
}

#[test]
fn parts_follow_the_priority_that_is_asked_for_and_are_exchanged_without_a_gap() {
    let mut world = rule_for("a").with("match", json!({"hosts": many(12)})).with("priority", json!(50));
    world.settle();
    let numbers = |world: &World| world.ours_on(&shared()).iter().filter_map(|(rule, _)| rule.priority).collect::<Vec<_>>();
    assert_eq!(numbers(&world), [50, 51, 52]);
    let mut hosts = many(12);
    hosts.insert(0, "0.example.com".to_owned());
    world.set("match", json!({"hosts": hosts}));
    loop {
        let served: Vec<String> = world.ours_on(&shared()).iter().map(|(rule, _)| format!("{:?}", rule.conditions)).collect();
        assert!(many(12).iter().all(|host| served.iter().any(|rule| rule.contains(host.as_str()))));
        if !matches!(world.pass(), Plan::Do(_)) {
            break;
        }
    }
    assert_eq!(numbers(&world), [50, 51, 52]);
}

#[test]
fn only_what_differs_is_sent() {
    let mut world = rule_for("a").with("forward", json!([{"targetGroupArn": "x", "weight": 3}, {"targetGroupArn": "y"}]));
    world.settle();
    let shares = [Weighted { arn: "x".to_owned(), weight: 3 }, Weighted { arn: "y".to_owned(), weight: 1 }];
    assert_eq!(world.only().actions[0].target_groups(), shares);
    world.set("stickiness", json!({"durationSeconds": 60}));
    world.sent.clear();
    world.settle();
    assert!(
        matches!(world.sent.as_slice(), [Step::Modify(change)] if change.conditions.is_none() && change.transforms.is_none())
    );
    world.set("stickiness", json!(null));
    world.settle();
    assert!(matches!(world.only().actions[0], Action::Forward { stickiness_seconds: None, .. }));
}

#[test]
fn as_many_tags_as_may_be_declared_fit_beside_ours() {
    let tags: Vec<_> = (0..45).map(|number| json!({"key": format!("k{number}"), "value": "v"})).collect();
    let mut world = rule_for("a").with("tags", json!(tags));
    assert_eq!(world.settle(), Plan::InSync);
    assert_eq!(world.ours_on(&shared())[0].1.len(), 50);
}
