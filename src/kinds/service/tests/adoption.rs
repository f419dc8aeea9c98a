//! Taking over what exists, looking at it, and what is reported rather than mended.

use super::declared::{Declared, service};
use super::world::{World, beside, in_force};
use super::{refusal, steps};
use crate::engine::Plan;
use crate::kinds::service::Step;
use serde_json::json;

fn adopting(declared: Declared, made: &Declared) -> World {
    beside(declared.policy("Adopt"), made)
}

fn drift(world: &World) -> Vec<(&str, Option<&str>, Option<&str>)> {
    world.status.drift.iter().map(|one| (one.field.as_str(), one.wanted.as_deref(), one.seen.as_deref())).collect()
}

#[test]
fn a_service_as_declared_is_adopted_by_writing_our_tags_and_nothing_else() {
    let mut world = adopting(service("web").count(2), &service("web").count(2).tagged("team", "shop"));
    assert_eq!(world.plan(), Plan::Do(vec![Step::Claim]));
    world.settle();
    assert_eq!(world.sent, [Step::Claim]);
    assert!(world.status.adopted);
    assert_eq!(world.live().tags.get("team").unwrap(), "shop", "others' tags stay");
    assert_eq!(world.ready().0, "Serving");
}

#[test]
fn an_adoption_that_would_change_something_names_it_and_waits() {
    let mut world = adopting(service("web").count(2).with("enableExecuteCommand", json!(true)), &service("web").count(5));
    world.pass();
    let (reason, message) = world.ready();
    assert_eq!(reason, "AdoptionWouldChange");
    assert!(message.contains("desiredCount, enableExecuteCommand") && message.contains("Overwrite"), "{message}");
    assert_eq!(drift(&world), [("desiredCount", Some("2"), Some("5")), ("enableExecuteCommand", Some("true"), None)]);
    assert!(world.sent.is_empty());
}

#[test]
fn overwrite_claims_first_and_then_updates() {
    for policy in ["Correct", "Report"] {
        let declared = service("web").count(2).with("adoption", json!("Overwrite")).with("driftPolicy", json!(policy));
        let mut world = adopting(declared, &service("web").count(5));
        world.settle();
        assert!(matches!(world.sent.as_slice(), [Step::Claim, Step::Update { .. }]), "{policy}: {:?}", world.sent);
        assert_eq!(world.live().desired, 2);
    }
}

#[test]
fn nothing_is_made_where_there_is_nothing_to_adopt() {
    let mut world = super::world::world(service("web").policy("Adopt"));
    assert!(matches!(world.plan(), Plan::Wait(_)), "not before the first look");
    world.missing = Some((3, false));
    assert_eq!(refusal(world.plan()).reason(), "NotFound");
}

#[test]
fn an_adopted_service_that_belongs_to_another_is_left_alone() {
    let mut world = adopting(service("web"), &service("web"));
    world.live().tags = service("other").present().owner.tags();
    assert_eq!(refusal(world.plan()).reason(), "Conflict");
}

#[test]
fn once_adopted_it_is_kept_as_any_other() {
    let mut world = adopting(service("web").count(2), &service("web").count(2));
    world.settle();
    world.live().desired = 7;
    world.live().fields["desiredCount"] = json!(7);
    assert_eq!(super::update(world.plan()), json!({"desiredCount": 2}));
}

#[test]
fn observing_never_writes_and_tells_every_difference() {
    let declared = service("web").runs("web:2").count(2).tagged("team", "shop").policy("Observe");
    let mut world = beside(declared, &service("web").count(5).with("propagateTags", json!("SERVICE")));
    assert_eq!(world.pass(), Plan::InSync);
    assert!(world.sent.is_empty());
    let fields: Vec<&str> = world.status.drift.iter().map(|one| one.field.as_str()).collect();
    assert_eq!(fields, ["taskDefinition", "desiredCount", "tags.team"]);
    assert_eq!(world.condition("Drifted"), Some(true));
    assert_eq!(world.condition("Ready"), Some(false), "the revision that was asked for does not serve");
    world.declared = world.declared.clone().deleted();
    assert_eq!(world.plan(), Plan::Gone);
}

#[test]
fn drift_is_mended_or_reported_as_the_policy_says() {
    let mut world = in_force(service("web").count(2).tagged("team", "shop"));
    world.live().fields["desiredCount"] = json!(7);
    world.live().tags.insert("team".to_owned(), "ops".to_owned());
    assert_eq!(steps(world.plan()).len(), 2);
    world.declared = world.declared.clone().with("driftPolicy", json!("Report"));
    assert_eq!(world.pass(), Plan::InSync);
    assert_eq!(drift(&world), [("desiredCount", Some("2"), Some("7")), ("tags.team", Some("shop"), Some("ops"))]);
    assert_eq!(world.condition("Drifted"), Some(true));
}

#[test]
fn an_edit_is_carried_out_under_report_even_when_it_only_spells_out_a_default() {
    let mut world = in_force(service("web").with("driftPolicy", json!("Report")));
    world.live().fields["enableExecuteCommand"] = json!(true);
    assert_eq!(world.pass(), Plan::InSync, "nobody declares it");
    world.declared = world.declared.clone().with("enableExecuteCommand", json!(false));
    assert_eq!(super::update(world.plan()), json!({"enableExecuteCommand": false}));
}

#[test]
fn an_edit_of_ours_is_carried_out_under_report() {
    let mut world = in_force(service("web").count(2).with("driftPolicy", json!("Report")));
    world.declared = world.declared.clone().count(3);
    assert_eq!(super::update(world.plan()), json!({"desiredCount": 3}));
}
