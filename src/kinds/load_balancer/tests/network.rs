//! Listeners of a Network Load Balancer: each belongs to the target group that names it.

use super::declared::{listener, network, target_group};
use super::elb::forwards;
use super::world::{World, in_force, world};
use super::{refusal, steps};
use crate::engine::Plan;
use crate::kinds::load_balancer::Step;
use serde_json::json;

fn on_5432() -> super::declared::Declared {
    network().listening(&[listener(5432, "TCP", &json!({}))])
}

fn forwarded(world: &mut World) -> Vec<(String, i32)> {
    forwards(world.on(5432))
}

#[test]
fn a_listener_is_made_once_a_target_group_names_it_and_has_an_arn() {
    let mut world = world(on_5432());
    let stop = refusal(world.settle());
    assert_eq!((stop.reason(), stop.is_waiting()), ("WaitingForTargetGroup", true));
    assert!(stop.message().contains("5432"), "{}", stop.message());
    world.declared = on_5432().claimed(5432, "shop/db", None);
    assert_eq!(refusal(world.settle()).reason(), "WaitingForTargetGroup");
    assert!(world.ports().is_empty());
    world.declared = on_5432().with("allowedRoutes", json!([{"namespaces": ["shop"]}])).claimed(5432, "shop/db", Some("arn:db"));
    assert_eq!(world.settle(), Plan::InSync);
    assert_eq!(forwarded(&mut world), [("arn:db".to_owned(), 1)]);
    assert_eq!(world.status.listeners[0].claimed_by.as_deref(), Some("shop/db"));
}

#[test]
fn the_oldest_target_group_has_it_and_the_others_are_told() {
    let declared = on_5432().claimed(5432, "edge/first", Some("arn:1")).claimed(5432, "edge/second", Some("arn:2"));
    let mut world = in_force(declared);
    assert_eq!(forwarded(&mut world), [("arn:1".to_owned(), 1)]);
    assert_eq!(world.status.listeners[0].conflicts, ["edge/second"]);
    assert!(world.ready().1.contains("edge/second"), "{}", world.ready().1);
    world.declared = on_5432().claimed(5432, "edge/second", Some("arn:2"));
    world.settle();
    assert_eq!(forwarded(&mut world), [("arn:2".to_owned(), 1)], "it takes over when the older goes");
}

#[test]
fn a_target_group_of_a_namespace_that_is_not_admitted_gets_nothing() {
    for (routes, admitted) in [
        (json!(null), false),
        (json!([{"namespaces": ["shop"]}]), true),
        (json!([{"namespaces": ["team-a", "sh*"]}]), true),
        (json!([{"namespaces": ["*"]}]), true),
        (json!([{"namespaces": ["shopping", "s"]}]), false),
    ] {
        let declared = on_5432().with("allowedRoutes", routes.clone()).claimed(5432, "shop/db", Some("arn:db"));
        let mut world = world(declared);
        let plan = world.settle();
        assert_eq!(plan == Plan::InSync, admitted, "{routes}: {plan:?}");
        assert_eq!(world.ports().len(), usize::from(admitted), "{routes}");
    }
}

#[test]
fn an_entry_is_needed_for_the_own_namespace_too_where_there_are_any() {
    let declared = on_5432().with("allowedRoutes", json!([{"namespaces": ["shop"]}])).claimed(5432, "edge/db", Some("arn:db"));
    assert_eq!(refusal(world(declared).settle()).reason(), "WaitingForTargetGroup");
}

#[test]
fn the_listener_goes_when_nobody_names_it_any_more() {
    let mut world = in_force(on_5432().claimed(5432, "edge/db", Some("arn:db")));
    world.declared = on_5432();
    assert!(matches!(steps(world.pass()).as_slice(), [Step::DeleteListener { port: 5432, .. }]));
    assert_eq!(refusal(world.settle()).reason(), "WaitingForTargetGroup");
    assert_eq!(world.ready().0, "WaitingForTargetGroup");
}

#[test]
fn the_listener_stays_while_its_target_group_is_made_again() {
    let mut world = in_force(on_5432().claimed(5432, "edge/db", Some("arn:db")));
    world.declared = on_5432().claimed(5432, "edge/db", None);
    assert_eq!(refusal(world.settle()).reason(), "WaitingForTargetGroup");
    assert_eq!(world.ports(), [5432]);
    world.declared = on_5432().claimed(5432, "edge/db", Some("arn:db2"));
    world.settle();
    assert_eq!(forwarded(&mut world), [("arn:db2".to_owned(), 1)]);
}

#[test]
fn while_a_target_group_is_replaced_the_old_one_keeps_the_traffic() {
    let mut declared = on_5432();
    let mut group = target_group("edge/db", Some("arn:new"));
    let status = group.status.as_mut().unwrap();
    status.serving = false;
    status.previous.push(crate::api::target_group::PreviousTargetGroup { arn: "arn:old".to_owned(), name: "old".to_owned() });
    declared.refs.claims.insert(5432, vec![group]);
    let mut world = in_force(declared);
    assert_eq!(forwarded(&mut world), [("arn:new".to_owned(), 0), ("arn:old".to_owned(), 1)]);
    world.declared = on_5432().with("driftPolicy", json!("Report")).claimed(5432, "edge/db", Some("arn:new"));
    world.settle();
    assert_eq!(forwarded(&mut world), [("arn:new".to_owned(), 1)], "it moves though drift is only reported");
}

#[test]
fn a_declared_forward_goes_before_those_that_name_the_listener() {
    let action = json!({"forward": [{"targetGroupRef": {"name": "db"}, "weight": 3}]});
    let mut declared = network().listening(&[listener(5432, "TCP", &json!({"defaultAction": action}))]);
    let db = ("edge".to_owned(), "db".to_owned());
    declared.refs.target_groups.insert(db, Ok(target_group("edge/db", Some("arn:db"))));
    let mut world = in_force(declared.claimed(5432, "edge/other", Some("arn:other")));
    assert_eq!(forwarded(&mut world), [("arn:db".to_owned(), 3)]);
}

#[test]
fn a_target_group_that_is_referred_to_and_not_there_is_waited_for_and_named() {
    let action = json!({"forward": [{"targetGroupRef": {"name": "db"}}]});
    let declared =
        network().listening(&[listener(5432, "TCP", &json!({"defaultAction": action})), listener(53, "UDP", &json!({}))]);
    let mut world = world(declared.claimed(53, "edge/dns", Some("arn:dns")));
    let stop = refusal(world.settle());
    assert_eq!(stop.reason(), "TargetGroupNotFound");
    assert!(stop.message().contains("edge/db"), "{}", stop.message());
    assert_eq!(world.ports(), [53], "the other listener does not wait for it");
}
