//! Target groups.

use super::world::{World, group_arn, load_balancer_arn, names, seconds, watcher};
use crate::aws::elb::live::{Sight, TargetGroupKey};
use crate::aws::reflector::Pace;
use crate::aws::testing::pass;
use std::time::Duration;

#[tokio::test(start_paused = true)]
async fn a_target_group_that_moves_is_read_at_once_with_its_attributes_and_its_targets() {
    let mut world = World::new();
    let key = world.group("web");
    world.tag(&group_arn("web"), "of", "web");
    world.follow_group(&key, Pace::Rolling);
    seconds(1).await;
    let view = world.group_view(&key);
    assert_eq!((view.target_group.name.as_str(), view.tags.len()), ("web", 1));
    assert_eq!(view.attributes.as_ref().unwrap()["delay"], "300");
    assert!(view.health.as_ref().unwrap()[0].is_healthy());
    assert_eq!(world.told().await, names(&["group"]));
}

#[tokio::test(start_paused = true)]
async fn a_target_group_is_found_by_its_name_too() {
    let world = World::new();
    world.group("web");
    let by_name = TargetGroupKey::Name("web".to_owned());
    world.follow_group(&by_name, Pace::Rolling);
    seconds(1).await;
    let view = world.group_view(&by_name);
    assert_eq!((view.target_group.arn.as_str(), view.health.is_some()), (group_arn("web").as_str(), true));
}

#[tokio::test(start_paused = true)]
async fn settled_target_groups_are_read_twenty_in_a_call_and_what_costs_a_call_each_in_turn() {
    let world = World::new();
    for number in 0..100 {
        let key = world.group(&format!("g{number:03}"));
        world.follow_group(&key, Pace::Settled);
    }
    seconds(420).await;
    world.fake.clear();
    seconds(600).await;
    let groups = world.fake.count("DescribeTargetGroups");
    assert!((47..=55).contains(&groups), "{groups} calls for ten reads of a hundred");
    let tags = world.fake.count("DescribeTags");
    assert!((20..=30).contains(&tags), "{tags} calls for five reads of the tags of a hundred");
    let targets = world.fake.count("DescribeTargetHealth");
    let attributes = world.fake.count("DescribeTargetGroupAttributes");
    assert!((285..=301).contains(&(targets + attributes)), "{targets} and {attributes} in ten minutes: one every two seconds");
    assert!(targets > attributes && attributes > 20, "{targets} and {attributes}");
}

#[tokio::test(start_paused = true)]
async fn what_is_read_beside_a_few_settled_target_groups_is_read_no_more_often_than_they_are() {
    let world = World::new();
    world.follow_group(&world.group("web"), Pace::Settled);
    seconds(300).await;
    world.fake.clear();
    seconds(600).await;
    assert!((9..=11).contains(&world.fake.count("DescribeTargetHealth")));
    assert!((1..=3).contains(&world.fake.count("DescribeTargetGroupAttributes")));
}

#[tokio::test(start_paused = true)]
async fn targets_are_read_every_few_seconds_while_something_moves_and_their_change_is_told() {
    let mut world = World::new();
    let key = world.group("web");
    world.aws.lock().health.insert(group_arn("web"), "initial".to_owned());
    world.follow_group(&key, Pace::Rolling);
    seconds(60).await;
    let targets = world.fake.count("DescribeTargetHealth");
    assert!((10..=14).contains(&targets), "{targets} reads in a minute");
    assert_eq!(world.fake.count("DescribeTargetGroupAttributes"), 1);
    world.told().await;
    world.aws.lock().health.clear();
    seconds(7).await;
    assert!(world.group_view(&key).health.as_ref().unwrap()[0].is_healthy());
    assert_eq!(world.told().await, names(&["group"]));
}

#[tokio::test(start_paused = true)]
async fn many_that_move_at_the_same_time_leave_most_of_the_calls_to_others() {
    let world = World::new();
    for number in 0..200 {
        let key = world.group(&format!("g{number:03}"));
        world.follow_group(&key, Pace::Rolling);
    }
    seconds(60).await;
    world.fake.clear();
    seconds(60).await;
    let each = world.fake.count("DescribeTargetHealth") + world.fake.count("DescribeTargetGroupAttributes");
    assert!((200..=275).contains(&each), "{each} in a minute");
    // Two hundred, every five seconds, twenty in a call.
    let groups = world.fake.count("DescribeTargetGroups");
    assert!((100..=135).contains(&groups), "{groups}");
}

#[tokio::test(start_paused = true)]
async fn a_missing_target_group_is_looked_for_again_soon_and_does_not_hide_the_others() {
    let mut world = World::new();
    let (web, lost) = (world.group("web"), TargetGroupKey::Arn(group_arn("lost")));
    world.follow_group(&web, Pace::Settled);
    world.balancing.follow_target_group(&lost, &watcher("lost"), Pace::Settled);
    seconds(1).await;
    assert_eq!(world.group_view(&web).target_group.name, "web");
    assert_eq!(world.balancing.target_group(&lost), Sight::Missing { times: 1 });
    seconds(6).await;
    assert_eq!(world.balancing.target_group(&lost), Sight::Missing { times: 2 });
    assert_eq!(world.told().await, names(&["group", "lost"]));
    world.group("lost");
    seconds(60).await;
    assert_eq!(world.group_view(&lost).target_group.name, "lost");
}

#[tokio::test(start_paused = true)]
async fn a_target_group_that_gets_a_load_balancer_is_told() {
    let mut world = World::new();
    let key = world.group("web");
    world.follow_group(&key, Pace::Rolling);
    seconds(3).await;
    world.told().await;
    world.aws.lock().groups.get_mut(&group_arn("web")).unwrap().2 = Some(load_balancer_arn("edge"));
    seconds(6).await;
    assert!(world.group_view(&key).target_group.load_balancer_arns.contains(&load_balancer_arn("edge")));
    assert_eq!(world.told().await, names(&["group"]));
}

#[tokio::test(start_paused = true)]
async fn one_who_waits_for_a_change_is_told_within_a_second_of_a_start_with_many() {
    let world = World::new();
    for number in 0..300 {
        let key = world.group(&format!("g{number:03}"));
        world.follow_group(&key, Pace::Settled);
    }
    pass(Duration::from_millis(200)).await;
    let web = world.group("web");
    world.balancing.follow_target_group(&web, &watcher("web"), Pace::Now);
    seconds(1).await;
    assert_eq!(world.group_view(&web).target_group.name, "web");
}
