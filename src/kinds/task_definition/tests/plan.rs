//! When a revision is registered, chosen, marked, deregistered; and when not.

use super::declared::{Family, family};
use crate::aws::Kind;
use crate::domain::owner::{HASH, Owner};
use crate::engine::noted::Drifted;
use crate::engine::{Plan, Stop};
use crate::kinds::task_definition::Step;
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn registered(image: &str) -> Family {
    let mut family = family(image);
    family.pass();
    assert_eq!(family.pass(), Plan::InSync);
    family.sent.clear();
    family
}

/// A family whose declaration went through these images.
fn history(limit: usize, images: &[&str]) -> Family {
    let mut family = registered(images[0]).with("revisionHistoryLimit", json!(limit));
    for image in &images[1..] {
        family.edited(image).pass();
        assert_eq!(family.plan(), Plan::InSync);
        family.sent.clear();
    }
    family
}

fn refusal(plan: Plan<Step>) -> Stop {
    match plan {
        Plan::Refuse(stop) => stop,
        other => panic!("a refusal was expected, not {other:?}"),
    }
}

#[test]
fn a_new_family_is_registered_once() {
    let mut family = family("nginx:1");
    assert_eq!(family.pass(), Plan::Do(vec![Step::Register]));
    assert_eq!(family.pass(), Plan::InSync);
    family.edited("nginx:2");
    assert_eq!(family.pass(), Plan::Do(vec![Step::Register]));
    assert_eq!(family.status.revision, Some(2));
}

#[test]
fn a_registration_before_a_crash_is_found_by_its_tags() {
    let mut family = family("nginx:1");
    family.crash_while_registering();
    assert_eq!(family.status.revision, None);
    assert_eq!(family.pass(), Plan::Do(vec![Step::Select { revision: 1 }]));
    assert_eq!((family.status.revision, family.numbers()), (Some(1), vec![1]));
    assert_eq!(family.pass(), Plan::InSync);
}

#[test]
fn a_crash_before_the_registration_registers_once() {
    let mut family = registered("nginx:1");
    family.edited("nginx:2");
    family.crash_while_registering();
    family.aws.pop();
    assert_eq!(family.pass(), Plan::Do(vec![Step::Register]));
    assert_eq!(family.numbers(), [1, 2]);
}

#[test]
fn a_revision_before_a_crash_is_ours_even_when_the_declaration_changed_meanwhile() {
    let mut family = family("nginx:1").with("revisionHistoryLimit", json!(0));
    family.crash_while_registering();
    family.edited("nginx:2").pass();
    assert_eq!(family.status.revision, Some(2));
    assert_eq!(family.status.foreign_revisions, Vec::<i32>::new());
    family.pass();
    assert_eq!(family.numbers(), [2], "the orphan goes as any older revision");
}

#[test]
fn a_refused_registration_is_not_looked_for() {
    let mut family = family("nginx:1");
    family.refused(Kind::Invalid);
    assert_eq!(family.status.pending, None);
    assert_eq!(family.ready().0, "AwsInvalid");
    family.refused(Kind::Unknown);
    assert!(family.status.pending.is_some(), "it may have happened");
}

#[test]
fn a_revert_selects_the_older_revision_without_registering() {
    let mut family = history(10, &["nginx:1", "nginx:2"]);
    family.edited("nginx:1");
    assert_eq!(family.pass(), Plan::Do(vec![Step::Select { revision: 1 }]));
    assert_eq!(family.status.revision, Some(1));
    assert!(family.status.task_definition_arn.clone().unwrap().ends_with("web:1"));
    assert_eq!(family.pass(), Plan::InSync);
}

#[test]
fn a_revert_to_a_revision_that_somebody_deregistered_registers() {
    let mut family = history(10, &["nginx:1", "nginx:2"]);
    family.at(1).active = false;
    family.edited("nginx:1");
    let seen = family.searched();
    assert_eq!(family.pass_seeing(seen), Plan::Do(vec![Step::Register]));
}

#[test]
fn a_revision_that_ecs_refuses_to_a_service_is_registered_anew() {
    let mut family = registered("nginx:1");
    family.at(1).active = false;
    assert_eq!(family.pass(), Plan::InSync, "nobody tells");
    family.refs.refused.insert(1);
    assert_eq!(family.pass(), Plan::Do(vec![Step::Register]));
    assert_eq!((family.status.revision, family.pass()), (Some(2), Plan::InSync));
    assert_eq!(family.drifts, [Drifted::Corrected]);
}

#[test]
fn a_deregistered_revision_is_only_told_of_where_that_is_asked_for() {
    let mut family = registered("nginx:1").with("driftPolicy", json!("Report"));
    family.at(1).active = false;
    family.refs.refused.insert(1);
    for _ in 0..2 {
        assert_eq!(refusal(family.pass()).reason(), "Deregistered");
        assert_eq!(family.ready().0, "Deregistered");
        assert_eq!((family.condition("Ready"), family.condition("Stalled")), (Some(false), Some(true)));
    }
    assert_eq!(family.drifts, [Drifted::Reported], "once, however often it is told");
    family.edited("nginx:2");
    assert_eq!(family.pass(), Plan::Do(vec![Step::Register]), "an edit is no drift");
    assert_eq!(family.drifts.len(), 1);
    assert_eq!(family.condition("Ready"), Some(true));
}

#[test]
fn a_revision_that_is_refused_and_still_stands_is_kept() {
    let mut family = registered("nginx:1");
    family.refs.refused.insert(1);
    assert_eq!(family.pass(), Plan::InSync, "AWS lags, or somebody else's answer was old");
}

#[test]
fn older_revisions_beyond_the_history_are_deregistered_oldest_first() {
    let mut family = history(10, &["1", "2", "3", "4"]);
    family.spec["revisionHistoryLimit"] = json!(1);
    assert_eq!(family.pass(), Plan::Do(vec![Step::Deregister { revision: 1 }, Step::Deregister { revision: 2 }]));
    assert_eq!(family.numbers(), [3, 4]);
    assert_eq!(family.pass(), Plan::InSync);
}

#[test]
fn what_runs_or_could_be_gone_back_to_is_not_deregistered() {
    let mut family = history(10, &["1", "2", "3", "4"]);
    family.spec["revisionHistoryLimit"] = json!(0);
    family.running.insert(1);
    family.refs.in_use.insert(2);
    assert_eq!(family.plan(), Plan::Do(vec![Step::Deregister { revision: 3 }]));
    let mut unasked = family.unread();
    unasked.running = None;
    assert_eq!(family.clone().pass_seeing(unasked), Plan::InSync, "nothing goes before it is known what runs");
}

#[test]
fn the_current_revision_stays_even_when_it_is_the_oldest() {
    let mut family = history(10, &["1", "2", "3"]);
    family.edited("1").pass();
    family.spec["revisionHistoryLimit"] = json!(0);
    family.pass();
    assert_eq!(family.numbers(), [1]);
}

#[test]
fn revisions_of_others_are_reported_and_left_alone() {
    let mut family = history(10, &["1", "2"]);
    family.register(json!({}), BTreeMap::new());
    family.edited("3");
    family.spec["revisionHistoryLimit"] = json!(0);
    let seen = family.searched();
    family.pass_seeing(seen);
    let seen = family.searched();
    family.pass_seeing(seen);
    assert_eq!(family.status.foreign_revisions, [3]);
    assert_eq!(family.numbers(), [3, 4]);
    family.is_deleted = true;
    family.pass();
    assert_eq!(family.numbers(), [3]);
}

#[test]
fn another_objects_revision_is_not_taken_for_ours_after_a_crash() {
    let mut family = family("nginx:1");
    let want = family.present();
    let mut tags = Owner { name: "other".to_owned(), ..want.owner.clone() }.tags();
    tags.insert(HASH.to_owned(), want.hash);
    family.register(want.input, tags);
    family.status.pending = Some(crate::api::task_definition::PendingRegistration { hash: want.canonical.to_string() });
    assert_eq!(family.plan(), Plan::Do(vec![Step::Register]));
}

#[test]
fn a_hash_of_other_rules_is_rewritten_and_nothing_registered() {
    let mut family = registered("nginx:1");
    family.status.hash = Some("v0:older".to_owned());
    family.status.revisions[0].hash = "v0:older".to_owned();
    family.at(1).tags.insert(HASH.to_owned(), "v0:older".to_owned());
    family.at(1).fields["containerDefinitions"][0]["essential"] = json!(true);
    assert_eq!(family.pass(), Plan::Do(vec![Step::Select { revision: 1 }]));
    assert!(family.status.hash.clone().unwrap().starts_with("v1:"));
    assert_eq!(family.pass(), Plan::InSync);
    assert_eq!(family.numbers(), [1]);
}

#[test]
fn a_hash_of_other_rules_does_not_hide_an_edit() {
    let mut family = registered("nginx:1");
    family.status.hash = Some("v0:older".to_owned());
    family.at(1).tags.insert(HASH.to_owned(), "v0:older".to_owned());
    family.edited("nginx:2");
    assert_eq!(family.pass(), Plan::Do(vec![Step::Register]));
}

#[test]
fn tags_change_in_place_and_those_of_others_stay() {
    let mut family = registered("nginx:1");
    family.at(1).tags.insert("cost".to_owned(), "42".to_owned());
    family.tagged(&[("team", "shop"), ("stage", "test")]);
    family.pass();
    family.tagged(&[("team", "ops")]);
    family.pass();
    assert_eq!(family.pass(), Plan::InSync);
    let tags = &family.aws[0].tags;
    assert_eq!(tags.get("team").unwrap(), "ops");
    assert_eq!(tags.get("cost").unwrap(), "42");
    assert!(!tags.contains_key("stage"));
    assert_eq!(family.numbers(), [1]);
}

#[test]
fn a_deletion_waits_for_the_services_that_use_it() {
    let mut family = history(10, &["1", "2"]);
    family.is_deleted = true;
    family.refs.users.push("EcsService shop/web".to_owned());
    assert!(matches!(family.pass(), Plan::Wait(why) if why.contains("EcsService shop/web")));
    assert_eq!(family.condition("Reconciling"), Some(true));
    family.refs.users.clear();
    assert_eq!(family.pass(), Plan::Finish(vec![Step::Deregister { revision: 1 }, Step::Deregister { revision: 2 }]));
}

#[test]
fn a_deletion_finds_what_was_registered_before_a_crash() {
    let mut family = family("nginx:1");
    family.crash_while_registering();
    family.is_deleted = true;
    assert_eq!(family.pass(), Plan::Finish(vec![Step::Deregister { revision: 1 }]));
}

#[test]
fn retain_takes_our_tags_off_and_nothing_else() {
    let mut family = history(10, &["1", "2"]).with("deletionPolicy", json!("Retain"));
    family.at(1).tags.insert("cost".to_owned(), "42".to_owned());
    family.refs.users.push("EcsService shop/web".to_owned());
    family.is_deleted = true;
    family.pass();
    assert_eq!(family.numbers(), [1, 2]);
    assert_eq!(family.aws[0].tags.keys().collect::<Vec<_>>(), ["cost"]);
}

#[test]
fn what_was_never_registered_is_gone_at_once() {
    let mut family = family("nginx:1");
    family.is_deleted = true;
    assert_eq!(family.plan(), Plan::Gone);
}

#[test]
fn paused_writes_nothing_not_even_a_deletion() {
    let mut family = registered("nginx:1");
    family.annotations.insert("ecs-operator.io/paused".to_owned(), "true".to_owned());
    family.edited("nginx:2");
    assert!(matches!(family.pass(), Plan::Wait(_)));
    assert_eq!((family.condition("Paused"), family.condition("Ready")), (Some(true), Some(false)));
    family.is_deleted = true;
    assert!(matches!(family.pass(), Plan::Wait(why) if why.contains("deletion waits")));
}

fn existing(policy: &str, fields: Value) -> Family {
    let mut family = family("nginx:1").with("managementPolicy", json!(policy));
    family.register(fields, BTreeMap::from([("team".to_owned(), "shop".to_owned())]));
    family
}

#[test]
fn an_equal_revision_is_adopted_by_its_tags() {
    let described = json!({"containerDefinitions": [{"name": "app", "image": "nginx:1", "essential": true, "cpu": 0, "environment": []}], "status": "ACTIVE"});
    let mut family = existing("Adopt", described);
    assert_eq!(family.pass(), Plan::Do(vec![Step::Claim { revision: 1 }]));
    assert_eq!(family.aws[0].tags.get("team").unwrap(), "shop");
    assert_eq!((family.condition("Ready"), family.numbers()), (Some(true), vec![1]));
    assert_eq!(family.pass(), Plan::InSync);
    family.is_deleted = true;
    let kept = Plan::Finish(vec![Step::Disown { revision: 1 }]);
    assert_eq!(family.plan(), kept, "what was adopted is kept");
    let family = family.with("managementPolicy", json!("Full"));
    assert_eq!(family.plan(), kept, "whatever managementPolicy says later");
}

#[test]
fn an_adoption_that_would_change_something_waits_or_overwrites() {
    let other = json!({"containerDefinitions": [{"name": "app", "image": "nginx:0"}]});
    let mut family = existing("Adopt", other.clone());
    assert_eq!(refusal(family.pass()).reason(), "AdoptionWouldChange");
    assert_eq!(family.status.drift[0].field, "containerDefinitions[app].image");
    assert_eq!(family.status.drift[0].seen.as_deref(), Some("nginx:0"));
    let family = existing("Adopt", other).with("adoption", json!("Overwrite"));
    assert_eq!(family.plan(), Plan::Do(vec![Step::Register]));
}

#[test]
fn observing_shows_the_newest_revision_and_its_differences() {
    let mut family = existing("Observe", json!({"containerDefinitions": [{"name": "app", "image": "nginx:0"}]}));
    assert_eq!(family.pass(), Plan::InSync);
    assert_eq!((family.status.revision, family.condition("Drifted")), (Some(1), Some(true)));
    assert!(family.sent.is_empty());
    family.is_deleted = true;
    assert_eq!(family.plan(), Plan::Gone);
    let nothing = super::declared::family("nginx:1").with("managementPolicy", json!("Observe"));
    assert_eq!(refusal(nothing.plan()).reason(), "NotFound");
}

#[test]
fn what_only_the_live_revision_says_stands_in_the_way_of_an_adoption_and_is_named() {
    let privileged = json!({"containerDefinitions": [{"name": "app", "image": "nginx:1", "privileged": true}]});
    let mut family = existing("Adopt", privileged);
    assert_eq!(refusal(family.pass()).reason(), "AdoptionWouldChange");
    assert_eq!(family.status.drift[0].field, "containerDefinitions[app].privileged");
}
