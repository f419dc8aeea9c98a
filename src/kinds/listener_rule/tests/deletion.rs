//! How a rule goes.

use super::failure;
use super::life::{in_three, settled};
use super::world::{rule_for, shared};
use crate::aws::Kind;
use crate::domain::ServiceKey;
use crate::engine::Plan;
use crate::kinds::listener_rule::Step;
use crate::kinds::listener_rule::refs::OwnService;
use serde_json::json;

#[test]
fn deletion_takes_every_rule_and_keeps_them_where_that_is_asked_for() {
    let mut world = in_three();
    world.is_deleted = true;
    assert!(matches!(world.pass(), Plan::Finish(steps) if steps.len() == 3));
    assert!(world.ours_on(&shared()).is_empty());
    let mut world = in_three().with("deletionPolicy", json!("Retain"));
    world.settle();
    world.is_deleted = true;
    assert!(matches!(world.pass(), Plan::Finish(_)));
    assert_eq!(world.aws[&shared()].rules.len(), 4, "the default one and three");
    assert!(world.foreigners().iter().all(|(_, tags)| !tags.keys().any(|key| key.starts_with("ecs-operator.io/"))));
}

#[test]
fn a_rule_whose_creation_is_in_doubt_is_looked_for_before_the_object_goes() {
    let mut world = rule_for("a");
    world.pass_until(|_, _| Some((true, failure("CreateRule", Kind::Unknown))));
    world.is_deleted = true;
    assert!(matches!(world.pass(), Plan::Do(steps) if matches!(steps.as_slice(), [Step::Look { .. }])));
    assert!(matches!(world.pass(), Plan::Finish(_)));
    assert!(world.ours_on(&shared()).is_empty());
}

#[test]
fn an_object_that_never_wrote_goes_at_once() {
    let mut world = rule_for("a");
    world.is_deleted = true;
    world.is_unread = true;
    assert_eq!(world.plan(), Plan::Gone);
}

#[test]
fn the_service_that_a_rule_belongs_to_goes_first() {
    let mut world = settled("a");
    let service = OwnService {
        name: "shop/web".to_owned(),
        key: ServiceKey::new("prod", "web"),
        is_going: false,
        exposes: true,
        was_sent: true,
    };
    world.is_deleted = true;
    world.refs.service = Some(service.clone());
    assert!(matches!(world.pass(), Plan::Wait(why) if why.contains("EcsService shop/web still exposes it")));
    world.refs.service = Some(OwnService { is_going: true, ..service.clone() });
    world.is_service_up = true;
    assert!(matches!(world.pass(), Plan::Wait(why) if why.contains("are being stopped")));
    world.is_service_up = false;
    assert!(matches!(world.plan(), Plan::Finish(_)));
    world.refs.service = Some(OwnService { exposes: false, ..service });
    assert!(matches!(world.plan(), Plan::Finish(_)), "the entry was taken out");
}
