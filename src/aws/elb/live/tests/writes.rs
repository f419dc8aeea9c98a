//! Our own writes, and the priorities of rules to be made.

use super::world::{World, group_arn, listener_arn, load_balancer_arn, names, rule_arn, seconds, watcher};
use crate::aws::elb::live::{LoadBalancerKey, Sight, TargetGroupKey};
use crate::aws::elb::model::{Action, Listener, LoadBalancer, Rule, Tags, TargetGroup};
use crate::aws::reflector::Pace;
use crate::aws::testing::pass;
use std::collections::BTreeSet;
use std::time::Duration;

fn rule(number: usize, group: &str) -> Rule {
    Rule {
        arn: rule_arn("edge", 443, number),
        priority: i32::try_from(number).ok(),
        conditions: BTreeSet::new(),
        actions: vec![Action::forward_to(&group_arn(group))],
        transforms: BTreeSet::new(),
    }
}

fn tags() -> Tags {
    Tags::from([("of".to_owned(), "web".to_owned())])
}

fn priorities(world: &World, listener: &str) -> Vec<Option<i32>> {
    world.view(listener).rules.iter().map(|(rule, _)| rule.priority).collect()
}

/// A world with a followed listener of which nothing is left to tell.
async fn followed() -> (World, String) {
    let mut world = World::new();
    let listener = world.listener("edge", 443, "HTTPS");
    world.balancing.follow_listener(&listener, &watcher("a"), Pace::Settled);
    seconds(1).await;
    world.told().await;
    (world, listener)
}

#[tokio::test(start_paused = true)]
async fn a_rule_that_we_made_is_shown_at_once_and_nobody_is_told() {
    let (mut world, listener) = followed().await;
    world.balancing.wrote_rule(&rule(7, "web"), Some(&tags()));
    assert_eq!(priorities(&world, &listener), [Some(7), None]);
    assert_eq!(world.view(&listener).rules[0].1, tags());
    world.rule("edge", 443, 7);
    world.aws.lock().tags.insert(rule_arn("edge", 443, 7), tags());
    seconds(200).await;
    assert_eq!(world.told().await, names(&[]), "what is read then is not new");
}

#[tokio::test(start_paused = true)]
async fn a_read_that_was_under_way_when_we_wrote_undoes_nothing() {
    let (world, listener) = followed().await;
    world.rule("edge", 443, 1);
    world.rule("edge", 443, 2);
    world.balancing.follow_listener(&listener, &watcher("a"), Pace::Now);
    seconds(1).await;
    assert_eq!(priorities(&world, &listener), [Some(1), Some(2), None]);
    world.balancing.follow_listener(&listener, &watcher("a"), Pace::Now);
    // The call for the listener takes from 100 to 120 ms, that for the rules from 120 to 140.
    pass(Duration::from_millis(130)).await;
    world.balancing.wrote_rule(&rule(7, "web"), Some(&tags()));
    world.balancing.wrote_rule(&rule(1, "changed"), None);
    world.balancing.deleted_rule(&rule_arn("edge", 443, 2));
    pass(Duration::from_millis(200)).await;
    assert_eq!(priorities(&world, &listener), [Some(1), Some(7), None]);
    assert_eq!(world.view(&listener).rules[0].0.target_groups().next().unwrap().arn, group_arn("changed"));
}

#[tokio::test(start_paused = true)]
async fn a_lagging_answer_does_not_undo_what_we_made_or_deleted_and_later_it_is_believed() {
    let (world, listener) = followed().await;
    world.rule("edge", 443, 2);
    world.balancing.follow_listener(&listener, &watcher("a"), Pace::Rolling);
    seconds(6).await;
    world.balancing.wrote_rule(&rule(7, "web"), Some(&tags()));
    world.balancing.deleted_rule(&rule_arn("edge", 443, 2));
    seconds(10).await;
    assert_eq!(priorities(&world, &listener), [Some(7), None]);
    seconds(12).await;
    assert_eq!(priorities(&world, &listener), [Some(2), None]);
}

#[tokio::test(start_paused = true)]
async fn a_target_group_to_which_a_rule_was_made_is_read_at_once_since_it_has_a_load_balancer_now() {
    let (world, _) = followed().await;
    let key = world.group("web");
    world.follow_group(&key, Pace::Settled);
    seconds(30).await;
    world.aws.lock().groups.get_mut(&group_arn("web")).unwrap().2 = Some(load_balancer_arn("edge"));
    world.balancing.wrote_rule(&rule(7, "web"), Some(&tags()));
    pass(Duration::from_millis(300)).await;
    assert!(!world.group_view(&key).target_group.load_balancer_arns.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_write_whose_end_is_not_known_is_looked_at_at_once_and_told() {
    let (mut world, listener) = followed().await;
    let key = world.group("web");
    world.follow_group(&key, Pace::Settled);
    seconds(10).await;
    world.told().await;
    world.balancing.touched_listener(&listener);
    world.balancing.touched_target_group(&key);
    seconds(1).await;
    assert_eq!(world.told().await, names(&["a", "group"]));
}

#[tokio::test(start_paused = true)]
async fn a_target_group_that_we_made_changed_and_deleted_is_shown_so_at_once() {
    let world = World::new();
    let key = TargetGroupKey::Name("web".to_owned());
    world.follow_group(&key, Pace::Rolling);
    seconds(1).await;
    assert!(matches!(world.balancing.target_group(&key), Sight::Missing { .. }));
    let mut group = TargetGroup {
        arn: group_arn("web"),
        name: "web".to_owned(),
        protocol: None,
        protocol_version: None,
        port: None,
        vpc_id: None,
        target_type: "ip".to_owned(),
        ip_address_type: "ipv4".to_owned(),
        target_control_port: None,
        health_check: crate::aws::elb::model::HealthCheck::default(),
        load_balancer_arns: BTreeSet::new(),
    };
    world.balancing.wrote_target_group(&group, Some(&tags()));
    assert_eq!(world.group_view(&key).tags, tags());
    seconds(8).await;
    assert_eq!(world.group_view(&key).tags, tags(), "AWS may lag behind");
    group.health_check.path = Some("/new".to_owned());
    world.balancing.wrote_target_group(&group, None);
    let view = world.group_view(&key);
    assert_eq!((&view.tags, view.target_group.health_check.path.as_deref()), (&tags(), Some("/new")));
    world.balancing.retagged(&group_arn("web"), &Tags::new());
    assert!(world.group_view(&key).tags.is_empty());
    world.group("web");
    world.balancing.deleted_target_group(&group_arn("web"));
    seconds(8).await;
    assert!(matches!(world.balancing.target_group(&key), Sight::Missing { .. }), "AWS may lag behind");
}

#[tokio::test(start_paused = true)]
async fn attributes_that_we_changed_are_shown_beside_those_that_were_read() {
    let world = World::new();
    let key = world.group("web");
    world.follow_group(&key, Pace::Rolling);
    seconds(2).await;
    world.balancing.wrote_target_group_attributes(&group_arn("web"), &Tags::from([("slow".to_owned(), "30".to_owned())]));
    let attributes = world.group_view(&key).attributes.clone().unwrap();
    assert_eq!((attributes["delay"].as_str(), attributes["slow"].as_str()), ("300", "30"));
}

#[tokio::test(start_paused = true)]
async fn listeners_and_load_balancers_that_we_made_changed_and_deleted_are_shown_so_at_once() {
    let world = World::new();
    let key = LoadBalancerKey::Name("edge".to_owned());
    world.balancing.follow_load_balancer(&key, &watcher("lb"), Pace::Rolling);
    seconds(1).await;
    let made = LoadBalancer { arn: load_balancer_arn("edge"), name: "edge".to_owned(), ..LoadBalancer::default() };
    world.balancing.wrote_load_balancer(&made, Some(&tags()));
    let listener = |port: u16, policy: Option<&str>| Listener {
        arn: listener_arn("edge", port),
        load_balancer_arn: load_balancer_arn("edge"),
        port: Some(port.into()),
        ssl_policy: policy.map(str::to_owned),
        ..Listener::default()
    };
    world.balancing.wrote_listener(&listener(443, None), Some(&tags()));
    world.balancing.wrote_listener(&listener(80, None), Some(&tags()));
    world.balancing.wrote_listener(&listener(443, Some("new")), None);
    world.balancing.wrote_certificates(&listener_arn("edge", 443), vec!["b".to_owned(), "a".to_owned()]);
    let view = world.load_balancer_view(&key);
    let shown: Vec<_> = view.listeners.iter().map(|one| (one.listener.port, one.listener.ssl_policy.as_deref())).collect();
    assert_eq!(shown, [(Some(80), None), (Some(443), Some("new"))]);
    assert_eq!(view.listeners[1].certificates, Some(vec!["a".to_owned(), "b".to_owned()]));
    world.balancing.deleted_listener(&load_balancer_arn("edge"), &listener_arn("edge", 80));
    assert_eq!(world.load_balancer_view(&key).listeners.len(), 1);
    world.balancing.deleted_load_balancer(&load_balancer_arn("edge"));
    assert!(matches!(world.balancing.load_balancer(&key), Sight::Missing { .. }));
}

#[tokio::test(start_paused = true)]
async fn two_passes_at_the_same_time_never_choose_the_same_priority() {
    let (world, listener) = followed().await;
    world.rule("edge", 443, 5);
    seconds(120).await;
    let (a, b, balancing) = (watcher("a"), watcher("b"), &world.balancing);
    assert!(!balancing.reserve_priority(&listener, 5, &a), "a rule has it");
    assert!(balancing.reserve_priority(&listener, 7, &a));
    assert!(balancing.reserve_priority(&listener, 7, &a), "it is its own");
    assert!(!balancing.reserve_priority(&listener, 7, &b));
    assert!(balancing.reserve_priority(&listener_arn("other", 443), 7, &b), "another listener has its own priorities");
    balancing.release_priority(&listener, 7, &b);
    assert!(!balancing.reserve_priority(&listener, 7, &b), "only who has it gives it back");
    balancing.release_priority(&listener, 7, &a);
    assert!(balancing.reserve_priority(&listener, 7, &b));
    balancing.wrote_rule(&rule(7, "web"), Some(&tags()));
    assert!(!balancing.reserve_priority(&listener, 7, &b), "a rule has it now");
    balancing.deleted_rule(&rule_arn("edge", 443, 7));
    assert!(balancing.reserve_priority(&listener, 7, &a));
}

#[tokio::test(start_paused = true)]
async fn a_priority_of_one_who_goes_or_says_nothing_is_free_again() {
    let (world, listener) = followed().await;
    let (a, b) = (watcher("a"), watcher("b"));
    assert!(world.balancing.reserve_priority(&listener, 7, &b));
    world.balancing.unfollow(&b);
    assert!(world.balancing.reserve_priority(&listener, 7, &a));
    seconds(121).await;
    assert!(world.balancing.reserve_priority(&listener, 7, &b));
}
