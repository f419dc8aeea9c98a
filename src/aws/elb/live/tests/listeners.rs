//! Listeners with their rules.

use super::world::{World, listener_arn, names, rule_arn, seconds, watcher};
use crate::aws::Kind;
use crate::aws::elb::live::Sight;
use crate::aws::reflector::Pace;
use crate::aws::testing::{members, pass, xml_error};
use std::time::Duration;

#[tokio::test(start_paused = true)]
async fn a_listener_is_read_soon_with_its_load_balancer_and_its_rules_and_all_who_follow_it_are_told() {
    let mut world = World::new();
    let listener = world.listener("edge", 443, "HTTPS");
    let rule = world.rule("edge", 443, 7);
    world.tag(&rule, "of", "web");
    assert_eq!(world.balancing.listener(&listener), Sight::Unknown);
    world.balancing.follow_listener(&listener, &watcher("a"), Pace::Settled);
    world.balancing.follow_listener(&listener, &watcher("b"), Pace::Settled);
    pass(Duration::from_millis(400)).await;
    let view = world.view(&listener);
    assert_eq!((view.listener.port, view.load_balancer.name.as_str()), (Some(443), "edge"));
    let read: Vec<_> = view.rules.iter().map(|(rule, tags)| (rule.priority, tags.len())).collect();
    assert_eq!(read, [(Some(7), 1), (None, 0)], "the default rule last");
    assert_eq!(world.told().await, names(&["a", "b"]));
    assert_eq!(world.fake.count("DescribeRules"), 1, "one read for both");
}

#[tokio::test(start_paused = true)]
async fn however_many_follow_a_listener_with_however_many_rules_it_costs_three_calls_a_minute_and_their_tags_in_turn() {
    let world = World::new();
    let listener = world.listener("edge", 443, "HTTPS");
    for number in 1..100 {
        world.rule("edge", 443, number);
    }
    for number in 0..500 {
        world.balancing.follow_listener(&listener, &watcher(&format!("o{number}")), Pace::Settled);
    }
    seconds(180).await;
    world.fake.clear();
    seconds(1200).await;
    for operation in ["DescribeRules", "DescribeListeners", "DescribeLoadBalancers"] {
        let calls = world.fake.count(operation);
        assert!((19..=20).contains(&calls), "{calls} {operation} in twenty minutes");
    }
    // Five calls for the tags of a hundred rules, every other minute.
    let tags = world.fake.count("DescribeTags");
    assert!((45..=55).contains(&tags), "{tags} DescribeTags in twenty minutes");
    let others = world.fake.calls().len() - tags - world.fake.count("DescribeRules") * 3;
    assert!(others <= 3, "{others} other calls");
}

#[tokio::test(start_paused = true)]
async fn listeners_are_described_twenty_in_a_call_and_their_load_balancers_too() {
    let world = World::new();
    for number in 0..40 {
        let listener = world.listener(&format!("lb{number}"), 80, "HTTP");
        world.balancing.follow_listener(&listener, &watcher("a"), Pace::Settled);
    }
    seconds(180).await;
    world.fake.clear();
    seconds(600).await;
    let (listeners, load_balancers) = (world.fake.count("DescribeListeners"), world.fake.count("DescribeLoadBalancers"));
    assert!((20..=24).contains(&listeners), "{listeners} calls for ten reads of forty listeners");
    assert_eq!(listeners, load_balancers);
    assert!((390..=440).contains(&world.fake.count("DescribeRules")));
}

#[tokio::test(start_paused = true)]
async fn only_what_is_new_is_told() {
    let mut world = World::new();
    let listener = world.listener("edge", 443, "HTTPS");
    world.rule("edge", 443, 7);
    world.balancing.follow_listener(&listener, &watcher("a"), Pace::Rolling);
    seconds(20).await;
    assert_eq!(world.told().await, names(&["a"]));
    seconds(20).await;
    assert_eq!(world.told().await, names(&[]));
    world.aws.lock().rules.get_mut(&rule_arn("edge", 443, 7)).unwrap().1 = "tg-other".to_owned();
    seconds(6).await;
    assert_eq!(world.told().await, names(&["a"]));
    let forwards: Vec<_> = world.view(&listener).rules[0].0.target_groups().map(|one| one.arn.clone()).collect();
    assert_eq!(forwards, ["tg-other"]);
}

#[tokio::test(start_paused = true)]
async fn a_tag_that_somebody_takes_away_is_seen_within_three_minutes() {
    let mut world = World::new();
    let listener = world.listener("edge", 443, "HTTPS");
    let rule = world.rule("edge", 443, 7);
    world.tag(&rule, "of", "web");
    world.balancing.follow_listener(&listener, &watcher("a"), Pace::Settled);
    seconds(10).await;
    world.told().await;
    world.aws.lock().tags.clear();
    seconds(180).await;
    assert!(world.view(&listener).rules[0].1.is_empty());
    assert_eq!(world.told().await, names(&["a"]));
}

#[tokio::test(start_paused = true)]
async fn a_listener_that_is_missing_does_not_hide_the_others_and_is_read_alone_from_then_on() {
    let mut world = World::new();
    let gone = listener_arn("gone", 80);
    world.balancing.follow_listener(&gone, &watcher("lost"), Pace::Settled);
    let others: Vec<String> = (0..19).map(|number| world.listener(&format!("lb{number:02}"), 80, "HTTP")).collect();
    for listener in &others {
        world.balancing.follow_listener(listener, &watcher("a"), Pace::Settled);
    }
    seconds(5).await;
    assert!(matches!(world.balancing.listener(&gone), Sight::Missing { .. }));
    for listener in &others {
        assert_eq!(world.view(listener).rules.len(), 1);
    }
    assert_eq!(world.told().await, names(&["a", "lost"]));
    seconds(120).await;
    world.fake.clear();
    seconds(300).await;
    for (operation, body) in world.fake.calls() {
        let arns = members(&body, "ListenerArns");
        assert!(operation != "DescribeListeners" || !arns.contains(&gone) || arns.len() == 1, "{arns:?}");
    }
    world.listener("gone", 80, "HTTP");
    seconds(61).await;
    assert_eq!(world.view(&gone).rules.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn reads_that_are_denied_are_kept_told_once_and_tried_more_and_more_seldom() {
    let mut world = World::with(|operation, _| {
        let denied = || xml_error("AccessDenied", "User: x is not authorized to perform: elasticloadbalancing:DescribeRules");
        (operation == "DescribeRules").then(denied)
    });
    let listener = world.listener("edge", 443, "HTTPS");
    world.balancing.follow_listener(&listener, &watcher("a"), Pace::Rolling);
    seconds(600).await;
    let error = world.balancing.last_error_of_listener(&listener).unwrap();
    assert!(error.kind == Kind::Denied && error.advice().contains("`elasticloadbalancing:DescribeRules`"), "{}", error.advice());
    assert_eq!(world.told().await, names(&["a"]));
    assert!(world.fake.count("DescribeRules") <= 12, "{}", world.fake.count("DescribeRules"));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_shown_without_its_tags_since_nobody_would_know_whose_it_is() {
    let world = World::with(|operation, _| (operation == "DescribeTags").then(|| xml_error("AccessDenied", "no")));
    let listener = world.listener("edge", 443, "HTTPS");
    let group = world.group("web");
    world.balancing.follow_listener(&listener, &watcher("a"), Pace::Settled);
    world.follow_group(&group, Pace::Settled);
    seconds(5).await;
    assert_eq!(world.balancing.listener(&listener), Sight::Unknown);
    assert_eq!(world.balancing.target_group(&group), Sight::Unknown);
    assert_eq!(world.balancing.last_error_of_listener(&listener).unwrap().operation, "DescribeTags");
    assert_eq!(world.balancing.last_error_of_target_group(&group).unwrap().operation, "DescribeTags");
}

#[tokio::test(start_paused = true)]
async fn a_rule_that_goes_before_its_tags_are_read_is_left_out() {
    let world = World::with(|operation, body| {
        let is_asked = operation == "DescribeTags" && members(body, "ResourceArns").contains(&rule_arn("edge", 443, 7));
        is_asked.then(|| xml_error("RuleNotFound", "One or more rules not found"))
    });
    let listener = world.listener("edge", 443, "HTTPS");
    world.rule("edge", 443, 7);
    world.balancing.follow_listener(&listener, &watcher("a"), Pace::Settled);
    seconds(2).await;
    let priorities: Vec<_> = world.view(&listener).rules.iter().map(|(rule, _)| rule.priority).collect();
    assert_eq!(priorities, [None]);
}

#[tokio::test(start_paused = true)]
async fn one_who_is_settled_does_not_slow_down_another_for_whom_it_moves() {
    let world = World::new();
    let listener = world.listener("edge", 443, "HTTPS");
    world.balancing.follow_listener(&listener, &watcher("moving"), Pace::Rolling);
    world.balancing.follow_listener(&listener, &watcher("settled"), Pace::Settled);
    seconds(10).await;
    world.fake.clear();
    seconds(50).await;
    assert!((9..=11).contains(&world.fake.count("DescribeRules")));
    world.balancing.unfollow(&watcher("moving"));
    seconds(10).await;
    world.fake.clear();
    seconds(120).await;
    assert!(world.fake.count("DescribeRules") <= 2);
}

#[tokio::test(start_paused = true)]
async fn one_who_waits_for_a_read_is_told_though_nothing_is_new_and_the_others_are_not() {
    let mut world = World::new();
    let listener = world.listener("edge", 443, "HTTPS");
    for name in ["a", "b"] {
        world.balancing.follow_listener(&listener, &watcher(name), Pace::Settled);
    }
    seconds(5).await;
    world.told().await;
    world.balancing.follow_listener(&listener, &watcher("b"), Pace::Now);
    seconds(1).await;
    assert_eq!(world.told().await, names(&["b"]));
}

#[tokio::test(start_paused = true)]
async fn what_nobody_follows_is_read_no_more() {
    let world = World::new();
    let listener = world.listener("edge", 443, "HTTPS");
    let group = world.group("web");
    world.balancing.follow_listener(&listener, &watcher("a"), Pace::Rolling);
    world.balancing.follow_target_group(&group, &watcher("a"), Pace::Rolling);
    seconds(10).await;
    world.balancing.unfollow(&watcher("a"));
    seconds(1).await;
    world.fake.clear();
    seconds(600).await;
    assert!(world.fake.calls().is_empty(), "{:?}", world.fake.calls());
    assert_eq!(world.balancing.listener(&listener), Sight::Unknown);
}

#[tokio::test(start_paused = true)]
async fn the_quotas_of_the_account_are_read_once_in_a_long_while() {
    let world = World::new();
    assert!(world.balancing.limits().is_none());
    seconds(10).await;
    assert!(world.fake.calls().is_empty(), "nobody follows anything");
    world.balancing.follow_listener(&world.listener("edge", 443, "HTTPS"), &watcher("a"), Pace::Settled);
    seconds(1000).await;
    assert_eq!(world.balancing.limits().unwrap().get("rules"), Some(100));
    assert_eq!(world.fake.count("DescribeAccountLimits"), 1);
}
