//! What is read beside the things that are followed.

use super::world::{World, group_arn, names, seconds};
use crate::aws::Kind;
use crate::aws::reflector::Pace;
use crate::aws::testing::xml_error;
use parking_lot::Mutex;
use std::sync::Arc;

#[tokio::test(start_paused = true)]
async fn a_permission_that_is_missing_for_targets_alone_is_told_once_and_hides_nothing_else() {
    let denied = Arc::new(Mutex::new(true));
    let is_denied = Arc::clone(&denied);
    let mut world = World::with(move |operation, _| {
        (operation == "DescribeTargetHealth" && *is_denied.lock())
            .then(|| xml_error("AccessDenied", "User: x is not authorized to perform: elasticloadbalancing:DescribeTargetHealth"))
    });
    let key = world.group("web");
    world.follow_group(&key, Pace::Rolling);
    seconds(2).await;
    assert_eq!(world.told().await, names(&["group"]));
    seconds(50).await;
    assert_eq!(world.told().await, names(&[]));
    let view = world.group_view(&key);
    assert!(view.attributes.is_some() && view.health.is_none());
    assert_eq!(world.balancing.last_error_of_target_group(&key), None);
    assert_eq!(world.balancing.last_error_beside(&group_arn("web")).unwrap().kind, Kind::Denied);
    let asked = world.fake.count("DescribeTargetHealth");
    assert!(asked <= 14, "{asked} times in 52 s");
    *denied.lock() = false;
    seconds(70).await;
    assert!(world.group_view(&key).health.is_some());
    assert_eq!(world.balancing.last_error_beside(&group_arn("web")), None);
    assert_eq!(world.told().await, names(&["group"]));
}

#[tokio::test(start_paused = true)]
async fn an_attribute_that_somebody_changes_is_seen_in_its_turn() {
    let mut world = World::new();
    let key = world.group("web");
    world.follow_group(&key, Pace::Settled);
    seconds(60).await;
    assert_eq!(world.group_view(&key).attributes.as_ref().unwrap()["delay"], "300");
    world.told().await;
    world.aws.lock().delay.insert(group_arn("web"), 5);
    seconds(310).await;
    assert_eq!(world.group_view(&key).attributes.as_ref().unwrap()["delay"], "5");
    assert_eq!(world.told().await, names(&["group"]));
}
