//! Observe and Adopt: load balancers that somebody else made.

use super::declared::{Declared, application};
use super::world::{beside, in_force, world};
use super::{refusal, steps};
use crate::aws::elb::LoadBalancerKey;
use crate::engine::Plan;
use crate::kinds::load_balancer::Step;
use serde_json::json;

fn observed() -> Declared {
    application().without("subnets").policy("Observe")
}

#[test]
fn observe_fills_the_status_and_writes_nothing() {
    let declared = observed().with("idleTimeoutSeconds", json!(30)).tagged("team", "shop");
    let mut world = beside(declared, application().on(&[80]));
    assert_eq!(world.pass(), Plan::InSync);
    assert!(world.sent.is_empty());
    let status = &world.status;
    assert_eq!((status.vpc_id.as_deref(), status.listeners.len()), (Some("vpc-1"), 1));
    let fields: Vec<&str> = status.drift.iter().map(|drift| drift.field.as_str()).collect();
    assert_eq!(fields, ["attributes.idle_timeout.timeout_seconds", "tags.team"]);
    assert_eq!(world.holds(), "Drifted Ready");
}

#[test]
fn observe_looks_by_arn_by_tags_or_by_name() {
    let key = |declared: Declared| declared.present().key;
    assert_eq!(key(observed()), LoadBalancerKey::Name("shared".to_owned()));
    assert_eq!(key(observed().with("name", json!("public"))), LoadBalancerKey::Name("public".to_owned()));
    assert_eq!(key(observed().with("loadBalancerArn", json!("arn:x"))), LoadBalancerKey::Arn("arn:x".to_owned()));
    let selector = json!({"tags": [{"key": "edge", "value": "public"}, {"key": "main"}]});
    let tags = [("edge".to_owned(), "public".to_owned()), ("main".to_owned(), String::new())];
    assert_eq!(key(observed().with("selector", selector)), LoadBalancerKey::Tags(tags.into()));
}

#[test]
fn what_is_observed_and_not_there_is_waited_for() {
    let mut world = world(observed());
    world.missing = Some(1);
    let stop = refusal(world.pass());
    assert_eq!((stop.reason(), stop.is_waiting()), ("NotFound", true));
}

#[test]
fn several_that_carry_the_tags_are_named() {
    let world = world(observed().with("selector", json!({"tags": [{"key": "edge"}]})));
    let want = crate::kinds::load_balancer::Desired::Present(Box::new(world.declared.present()));
    let several = crate::kinds::load_balancer::observed::State::Several(vec!["arn:a".to_owned(), "arn:b".to_owned()]);
    let seen = crate::kinds::load_balancer::observed::Observed { state: several, ..world.seen() };
    let stop = refusal(crate::kinds::load_balancer::plan::plan(&want, &seen));
    assert_eq!(stop.reason(), "LoadBalancerAmbiguous");
    assert!(stop.message().contains("arn:a, arn:b") && stop.message().contains("edge="), "{}", stop.message());
}

#[test]
fn adopt_writes_nothing_but_our_tags_where_nothing_differs() {
    let mut world = beside(application().policy("Adopt").on(&[80]), application().on(&[80, 81]));
    let writes = steps(world.pass());
    assert!(writes.iter().all(|step| matches!(step, Step::Tag { .. })), "{writes:?}");
    assert_eq!(writes.len(), 2, "the load balancer, and the listener that is declared");
    assert_eq!(world.settle(), Plan::InSync);
    assert_eq!(world.ports(), [80, 81], "a listener that is not declared stays somebody else's");
    assert_eq!(world.holds(), "Ready");
}

#[test]
fn adopt_waits_where_something_differs_unless_it_may_overwrite() {
    let declared = || application().policy("Adopt").on(&[80]).with("ipAddressType", json!("dualstack"));
    let mut world = beside(declared(), application().on(&[80]));
    let stop = refusal(world.pass());
    assert_eq!((stop.reason(), stop.is_waiting()), ("AdoptionWouldChange", false));
    assert!(stop.message().contains("ipAddressType"), "{}", stop.message());
    assert_eq!(world.status.drift.len(), 1);
    assert!(world.sent.is_empty());
    world.declared = declared().with("adoption", json!("Overwrite"));
    assert_eq!(world.settle(), Plan::InSync);
    assert_eq!(world.live().load_balancer.ip_address_type.as_deref(), Some("dualstack"));
    assert!(world.status.drift.is_empty());
}

#[test]
fn what_belongs_to_another_object_is_not_adopted() {
    let mut world = beside(application().policy("Adopt"), application());
    let owner = crate::domain::owner::Owner { name: "other".to_owned(), ..world.declared.present().owner };
    world.live().tags.extend(owner.tags());
    let stop = refusal(world.pass());
    assert_eq!(stop.reason(), "Conflict");
    assert!(stop.message().contains("edge/other"), "{}", stop.message());
}

#[test]
fn what_an_older_installation_made_is_inherited_where_it_is_named() {
    let mut world = in_force(application().on(&[80]));
    let tags = &mut world.live().tags;
    tags.insert("ecs-operator.io/installation".to_owned(), "old".to_owned());
    let listener = world.on(80);
    listener.tags.insert("ecs-operator.io/installation".to_owned(), "old".to_owned());
    assert_eq!(refusal(world.plan()).reason(), "Conflict");
    world.declared = application().on(&[80]).with("takeOverFrom", json!("old"));
    assert_eq!(world.settle(), Plan::InSync);
    assert_eq!(world.live().tags["ecs-operator.io/installation"], "here");
    assert_eq!(world.on(80).tags["ecs-operator.io/installation"], "here");
}
