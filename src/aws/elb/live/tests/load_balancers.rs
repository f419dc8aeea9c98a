//! Load balancers with their listeners.

use super::world::{World, listener_arn, load_balancer_arn, names, seconds, watcher};
use crate::aws::elb::live::{LoadBalancerKey, Sight};
use crate::aws::reflector::Pace;
use std::collections::BTreeMap;

fn by_tags(key: &str, value: &str) -> LoadBalancerKey {
    LoadBalancerKey::Tags(BTreeMap::from([(key.to_owned(), value.to_owned())]))
}

#[tokio::test(start_paused = true)]
async fn a_load_balancer_is_read_with_its_listeners_whichever_way_it_is_named() {
    let mut world = World::new();
    world.listener("edge", 443, "HTTPS");
    world.listener("edge", 80, "HTTP");
    world.tag(&load_balancer_arn("edge"), "edge", "public");
    let keys =
        [LoadBalancerKey::Arn(load_balancer_arn("edge")), LoadBalancerKey::Name("edge".to_owned()), by_tags("edge", "public")];
    for key in &keys {
        world.balancing.follow_load_balancer(key, &watcher("lb"), Pace::Rolling);
    }
    seconds(3).await;
    for key in &keys {
        let view = world.load_balancer_view(key);
        assert_eq!((view.load_balancer.name.as_str(), view.tags["edge"].as_str()), ("edge", "public"));
        let listeners: Vec<_> = view.listeners.iter().map(|one| (one.listener.port, one.certificates.clone())).collect();
        assert_eq!(listeners, [(Some(80), None), (Some(443), Some(vec!["more".to_owned()]))], "HTTP has no certificates");
        assert_eq!(view.attributes.as_ref().unwrap()["delay"], "300");
    }
    assert_eq!(world.told().await, names(&["lb"]));
}

#[tokio::test(start_paused = true)]
async fn tags_that_none_has_or_several_have_are_said() {
    let mut world = World::new();
    let key = by_tags("edge", "public");
    world.listener("a", 80, "HTTP");
    world.listener("b", 80, "HTTP");
    world.balancing.follow_load_balancer(&key, &watcher("lb"), Pace::Rolling);
    seconds(1).await;
    assert_eq!(world.balancing.load_balancer(&key), Sight::Missing { times: 1 });
    world.told().await;
    world.tag(&load_balancer_arn("a"), "edge", "public");
    world.tag(&load_balancer_arn("b"), "edge", "public");
    seconds(180).await;
    let arns = vec![load_balancer_arn("a"), load_balancer_arn("b")];
    assert_eq!(world.balancing.load_balancer(&key), Sight::Several { arns });
    assert_eq!(world.told().await, names(&["lb"]));
    world.aws.lock().tags.remove(&load_balancer_arn("b"));
    seconds(180).await;
    assert_eq!(world.load_balancer_view(&key).load_balancer.name, "a");
    assert_eq!(world.told().await, names(&["lb"]));
}

#[tokio::test(start_paused = true)]
async fn many_selectors_cost_one_look_at_all_load_balancers() {
    let world = World::new();
    for number in 0..10 {
        world.listener(&format!("lb{number}"), 80, "HTTP");
        world.tag(&load_balancer_arn(&format!("lb{number}")), "number", &number.to_string());
        world.balancing.follow_load_balancer(&by_tags("number", &number.to_string()), &watcher("lb"), Pace::Settled);
    }
    seconds(120).await;
    world.fake.clear();
    seconds(600).await;
    assert!((9..=11).contains(&world.fake.count("DescribeLoadBalancers")), "{}", world.fake.count("DescribeLoadBalancers"));
    // Those of ten load balancers and their listeners, every other minute; two calls where both are due.
    assert!(world.fake.count("DescribeTags") <= 11, "{}", world.fake.count("DescribeTags"));
}

#[tokio::test(start_paused = true)]
async fn a_listener_that_is_added_is_told() {
    let mut world = World::new();
    world.listener("edge", 443, "HTTPS");
    let key = LoadBalancerKey::Name("edge".to_owned());
    world.balancing.follow_load_balancer(&key, &watcher("lb"), Pace::Rolling);
    seconds(3).await;
    world.told().await;
    world.listener("edge", 80, "HTTP");
    seconds(6).await;
    let arns: Vec<_> = world.load_balancer_view(&key).listeners.iter().map(|one| one.listener.arn.clone()).collect();
    assert_eq!(arns, [listener_arn("edge", 80), listener_arn("edge", 443)]);
    assert_eq!(world.told().await, names(&["lb"]));
}
