//! What others are told and woken by.

use super::world::{name, web};
use crate::engine::next::Next;
use crate::engine::watch::DigestOfStatus;
use crate::engine::{Managed, Pass};
use crate::kinds::target_group::{Done, EcsTargetGroupKind as Kind};
use serde_json::json;

fn told(before: &crate::api::EcsTargetGroupStatus, after: &crate::api::EcsTargetGroupStatus, done: Vec<Done>) -> Vec<String> {
    let pass = Pass::<Kind> { want: None, seen: None, done, end: Ok(Next::Acted) };
    Kind::notices(before, after, &pass).into_iter().map(|it| format!("{}: {}", it.reason, it.message)).collect()
}

#[test]
fn a_person_is_told_what_was_made_replaced_taken_over_and_deleted() {
    let mut world = web();
    let before = world.status();
    world.pass();
    let old = world.groups[0].target_group.clone();
    let created = told(&before, &world.status(), vec![Done::Created(Box::new(old.clone()))]);
    assert_eq!(created[0], format!("Created: target group {} was made", old.name));
    world.attach(&old.arn, 1);
    world.pass();
    let before = world.status();
    world.edit("port", json!(8080));
    world.pass();
    let new = world.groups[1].target_group.clone();
    let replaced = told(&before, &world.status(), vec![Done::Created(Box::new(new.clone()))]);
    assert_eq!(replaced, [format!("Replaced: target group {} was made to replace {}", new.name, old.name)]);
    let before = world.status();
    world.attach(&new.arn, 1);
    world.pass();
    let serving = told(&before, &world.status(), Vec::new());
    assert!(serving.contains(&format!("Serving: target group {} takes over from {}", new.name, old.name)), "{serving:?}");
    let deleted = told(&before, &before, vec![Done::Deleted { arn: old.arn.clone() }]);
    assert_eq!(deleted, [format!("Deleted: target group {} was deleted", name(&old.arn))]);
}

#[test]
fn others_are_woken_by_what_they_take_from_it_and_not_by_the_rest() {
    let mut world = web().in_force();
    let before = world.object.digest_of_status();
    world.pass();
    assert_eq!(world.object.digest_of_status(), before);
    let arn = world.status().arn.unwrap();
    world.attach(&arn, 1);
    world.pass();
    assert_ne!(world.object.digest_of_status(), before);
    world.object.status.as_mut().unwrap().reconciled_at = Some("now".to_owned());
    let same = world.object.digest_of_status();
    world.object.status.as_mut().unwrap().reconciled_at = None;
    assert_eq!(world.object.digest_of_status(), same);
}
