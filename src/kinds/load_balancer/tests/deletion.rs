//! How a load balancer goes.

use super::declared::application;
use super::world::{World, beside, in_force, world};
use super::{refusal, steps, waiting};
use crate::aws::elb::model::Tags;
use crate::engine::Plan;
use crate::kinds::load_balancer::Step;
use serde_json::json;

fn deleted(mut world: World) -> World {
    world.declared = world.declared.clone().deleted();
    world
}

#[test]
fn one_call_takes_the_listeners_along() {
    let mut world = deleted(in_force(application().on(&[80, 81])));
    assert!(matches!(steps(world.pass()).as_slice(), [Step::Delete { .. }]));
    assert!(world.live.is_none());
    assert!(world.events().contains(&"Deleted"));
}

#[test]
fn what_was_never_sent_or_is_gone_is_gone() {
    assert_eq!(world(application().deleted()).pass(), Plan::Gone);
    let mut world = deleted(in_force(application()));
    world.live = None;
    world.missing = Some(1);
    assert!(waiting(world.pass()).contains("once more"));
    world.missing = Some(2);
    assert_eq!(world.pass(), Plan::Gone);
}

#[test]
fn it_waits_for_those_that_name_it_and_says_who() {
    let mut world = deleted(in_force(application()));
    world.declared.refs.users = vec!["EcsListenerRule shop/web".to_owned(), "EcsTargetGroup shop/web".to_owned()];
    assert_eq!(waiting(world.pass()), "still named by EcsListenerRule shop/web, EcsTargetGroup shop/web");
    assert_eq!(
        world.ready(),
        ("Deleting".to_owned(), "still named by EcsListenerRule shop/web, EcsTargetGroup shop/web".to_owned())
    );
    assert!(world.sent.is_empty());
}

#[test]
fn rules_and_listeners_of_others_are_not_taken_along_unless_that_is_said() {
    for is_listener in [true, false] {
        let mut world = in_force(application().on(&[80, 81]));
        if is_listener {
            world.on(81).tags = Tags::new();
        } else {
            world.rule(80, "theirs", Tags::new());
        }
        let mut world = deleted(world);
        let stop = refusal(world.pass());
        assert_eq!((stop.reason(), stop.is_waiting()), ("ForeignRules", true));
        assert!(stop.message().contains(if is_listener { "/81" } else { "theirs" }), "{}", stop.message());
        world.declared = world.declared.clone().with("deletionPolicy", json!("Delete"));
        assert!(matches!(steps(world.pass()).as_slice(), [Step::Delete { .. }]));
    }
}

#[test]
fn rules_of_objects_here_are_taken_along() {
    let mut world = in_force(application().on(&[80]));
    let tags = crate::domain::owner::Owner { kind: "EcsListenerRule".to_owned(), ..world.declared.present().owner }.tags();
    world.rule(80, "ours", tags);
    let mut world = deleted(world);
    assert!(matches!(steps(world.pass()).as_slice(), [Step::Delete { .. }]));
}

#[test]
fn protection_is_taken_off_only_where_it_was_declared() {
    let mut world = deleted(in_force(application().with("deletionProtection", json!(true))));
    assert!(matches!(steps(world.plan()).as_slice(), [Step::SetAttributes { .. }, Step::Delete { .. }]), "{:?}", world.plan());
    world.declared = application().deleted();
    let stop = refusal(world.pass());
    assert_eq!((stop.reason(), stop.is_waiting()), ("DeletionProtected", true));
    assert!(stop.message().contains("turn it off"), "{}", stop.message());
}

#[test]
fn what_is_retained_loses_our_tags_and_no_more() {
    let mut world = in_force(application().on(&[80]).tagged("team", "shop").with("deletionPolicy", json!("Retain")));
    world.declared.refs.users = vec!["EcsListenerRule shop/web".to_owned()];
    let mut world = deleted(world);
    assert_eq!(steps(world.pass()).len(), 2);
    assert_eq!(world.live().tags.keys().collect::<Vec<_>>(), ["team"]);
    assert_eq!(world.on(80).tags.keys().collect::<Vec<_>>(), ["team"]);
}

#[test]
fn what_was_adopted_stays_unless_its_deletion_is_said() {
    let mut world = beside(application().policy("Adopt"), application());
    world.settle();
    assert!(world.status.adopted);
    let mut world = deleted(world);
    let declared = world.declared.clone();
    assert!(matches!(steps(world.plan()).as_slice(), [Step::Untag { .. }]));
    world.declared = declared.clone().policy("Full");
    assert!(matches!(steps(world.plan()).as_slice(), [Step::Untag { .. }]), "whatever managementPolicy says later");
    world.declared = declared.with("deletionPolicy", json!("Delete"));
    assert!(matches!(steps(world.plan()).as_slice(), [Step::Delete { .. }]));
}

#[test]
fn what_is_observed_or_not_ours_is_let_go() {
    let mut observed = beside(application().policy("Observe"), application());
    observed.pass();
    assert_eq!(deleted(observed).pass(), Plan::Gone);
    let mut theirs = in_force(application());
    theirs.live().tags.clear();
    assert_eq!(deleted(theirs).pass(), Plan::Gone);
}

#[test]
fn a_deletion_waits_while_it_is_paused() {
    let mut world = deleted(in_force(application()));
    world.declared = world.declared.clone().annotated("paused", "true");
    assert!(waiting(world.pass()).contains("paused"));
}
