//! The object is deleted.

use super::declared::{Declared, registered, service};
use super::world::{World, beside, in_force, world};
use super::{refusal, waiting};
use crate::api::EcsTaskDefinition;
use crate::aws::{AwsError, Kind, ServiceState};
use crate::engine::Plan;
use crate::kinds::service::Step;
use crate::kinds::service::child::Child;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{OwnerReference, Time};
use serde_json::json;

fn deleted(mut world: World) -> World {
    world.declared = world.declared.deleted();
    world
}

fn child() -> EcsTaskDefinition {
    let mut child = registered("web", "web:1", "bridge");
    child.metadata.owner_references =
        Some(vec![OwnerReference { uid: "uid-of-web".to_owned(), controller: Some(true), ..OwnerReference::default() }]);
    child
}

fn with_child() -> Declared {
    let mut declared = service("web");
    declared.refs.child = Some(child());
    declared
}

#[test]
fn what_was_never_sent_is_gone_at_once() {
    assert_eq!(world(service("web").deleted()).plan(), Plan::Gone);
}

#[test]
fn a_service_drains_before_its_object_goes() {
    let mut world = deleted(in_force(service("web")));
    assert_eq!(world.pass(), Plan::Do(vec![Step::Delete]));
    assert!(waiting(world.pass()).contains("being stopped"));
    assert_eq!(world.ready().0, "Deleting");
    assert_eq!(world.condition("Reconciling"), Some(true));
    world.live().status = ServiceState::Inactive;
    assert_eq!(world.pass(), Plan::Gone);
}

#[test]
fn a_service_that_cannot_be_read_is_not_forgotten() {
    let mut world = deleted(in_force(service("web")));
    world.live = None;
    assert!(waiting(world.plan()).contains("first look"));
    world.trouble = Some(AwsError {
        operation: "DescribeServices",
        kind: Kind::Throttled,
        code: None,
        message: "slow down".to_owned(),
        retry_after: None,
        request_id: None,
        is_write: false,
    });
    assert_eq!(refusal(world.plan()).reason(), "AwsThrottled");
}

#[test]
fn a_service_that_ecs_does_not_show_is_looked_for_twice() {
    let mut world = deleted(in_force(service("web")));
    world.live = None;
    world.missing = Some((1, false));
    assert!(waiting(world.plan()).contains("once more"));
    world.missing = Some((2, false));
    assert_eq!(world.plan(), Plan::Gone);
}

#[test]
fn with_its_cluster_a_service_is_gone() {
    let mut world = deleted(in_force(service("web")));
    world.live = None;
    world.missing = Some((1, true));
    assert_eq!(world.plan(), Plan::Gone);
}

#[test]
fn a_create_whose_reply_was_lost_is_looked_for_before_the_object_goes() {
    let mut world = world(service("web"));
    world.pass();
    world.live = None;
    world.status = crate::api::EcsServiceStatus { account: Some("111122223333".to_owned()), ..Default::default() };
    let mut world = deleted(world);
    assert!(matches!(world.plan(), Plan::Wait(_)));
    world.missing = Some((1, false));
    assert!(matches!(world.plan(), Plan::Wait(_)));
    world.missing = Some((2, false));
    assert_eq!(world.plan(), Plan::Gone);
}

#[test]
fn what_is_not_ours_stays() {
    for policy in ["Full", "Adopt"] {
        let mut world = beside(service("web").policy(policy), &service("web"));
        world.pass();
        world.status.account = Some("111122223333".to_owned());
        world.sent.clear();
        assert_eq!(
            deleted(world).plan(),
            if policy == "Full" {
                Plan::Gone
            } else {
                Plan::Finish(vec![Step::Untag {
                    arn: super::ecs::service_arn("web"),
                    keys: service("web").present().owner.tags().into_keys().collect(),
                }])
            }
        );
    }
}

#[test]
fn a_paused_deletion_waits_and_says_so() {
    let mut world = in_force(service("web"));
    world.declared = service("web").paused().deleted();
    assert!(waiting(world.pass()).contains("paused"));
    assert_eq!(world.condition("Ready"), Some(false));
}

#[test]
fn a_service_to_be_kept_loses_our_tags_only() {
    let retained = in_force(service("web").with("deletionPolicy", json!("Retain")).tagged("team", "shop"));
    let mut world = deleted(retained);
    world.pass();
    assert!(matches!(world.sent.as_slice(), [Step::Untag { .. }]), "{:?}", world.sent);
    assert_eq!(world.live().tags.keys().collect::<Vec<_>>(), ["team"]);
    assert_eq!(world.live().status, ServiceState::Active);
}

#[test]
fn an_adopted_service_is_kept_unless_deletion_is_asked_for() {
    let adopted = || {
        let mut world = beside(service("web").policy("Adopt"), &service("web"));
        world.settle();
        world.sent.clear();
        world
    };
    assert!(matches!(deleted(adopted()).plan(), Plan::Finish(steps) if matches!(steps.as_slice(), [Step::Untag { .. }])));
    let mut world = adopted();
    world.declared = world.declared.with("deletionPolicy", json!("Delete")).deleted();
    assert_eq!(world.plan(), Plan::Do(vec![Step::Delete]));
}

#[test]
fn the_task_definition_of_a_service_goes_after_the_service() {
    let mut world = deleted(in_force(service("web")));
    world.declared.refs.child = Some(child());
    assert_eq!(world.pass(), Plan::Do(vec![Step::Delete]));
    assert!(matches!(world.pass(), Plan::Wait(_)));
    world.live().status = ServiceState::Inactive;
    assert_eq!(world.plan(), Plan::Finish(vec![Step::RemoveChild(Child::TaskDefinition(Box::new(child())))]));
    let mut leaving = child();
    leaving.metadata.deletion_timestamp = Some(Time(super::ecs::minute(1)));
    world.declared.refs.child = Some(leaving);
    assert_eq!(world.plan(), Plan::Gone);
}

#[test]
fn somebody_elses_task_definition_of_that_name_stays() {
    let mut world = deleted(in_force(service("web")));
    world.declared.refs.child = Some(registered("web", "web:1", "bridge"));
    world.live().status = ServiceState::Inactive;
    assert_eq!(world.plan(), Plan::Gone);
}

#[test]
fn a_template_that_left_the_declaration_leaves_after_the_update() {
    let mut world = in_force(service("web"));
    world.declared = with_child().runs("other:1");
    assert!(matches!(super::steps(world.plan()).as_slice(), [Step::Update { .. }]));
    world.pass();
    world.complete();
    assert_eq!(world.pass(), Plan::Do(vec![Step::RemoveChild(Child::TaskDefinition(Box::new(child())))]));
}

#[test]
fn a_template_stays_while_the_service_names_a_revision_of_its_family() {
    for named in ["web:1", "web", "arn:aws:ecs:eu-central-1:111122223333:task-definition/web:1"] {
        let mut world = in_force(service("web").runs("other:1"));
        world.declared = with_child().runs(named);
        world.pass();
        world.complete();
        assert_eq!(world.pass(), Plan::InSync, "{named}");
    }
}
