//! A service is made, found again, made anew; and what of it is left alone.

use super::declared::{arn_of, registered, service};
use super::ecs::minute;
use super::world::{beside, in_force, world};
use super::{refusal, steps, waiting};
use crate::aws::{AwsError, Kind, ServiceState};
use crate::domain::owner::Owner;
use crate::engine::{Plan, Stop};
use crate::kinds::service::Step;
use crate::kinds::service::canonical::is_same_task_definition;
use serde_json::json;

#[test]
fn a_new_service_is_created_without_a_look() {
    assert_eq!(world(service("web").count(3)).plan(), Plan::Do(vec![Step::Create]));
}

#[test]
fn a_cluster_may_be_named_by_its_arn() {
    let by_arn = service("web").on("arn:aws:ecs:eu-central-1:111122223333:cluster/prod").present();
    assert_eq!(by_arn.key, service("web").on("prod").present().key);
    assert_ne!(by_arn.key, service("web").on("test").present().key);
}

#[test]
fn a_service_whose_reply_was_lost_is_created_again_and_then_found() {
    let mut world = world(service("web"));
    world.pass();
    world.status.service_arn = None;
    let live = world.live.take();
    assert_eq!(world.plan(), Plan::Do(vec![Step::Create]), "the token makes it the same service");
    world.live = live;
    world.complete();
    assert_eq!(world.pass(), Plan::InSync);
    assert_eq!(world.ready().0, "Serving");
}

#[test]
fn an_older_service_of_that_name_is_waited_for_while_it_drains() {
    let mut world = in_force(service("web"));
    world.live().status = ServiceState::Draining;
    assert!(waiting(world.pass()).contains("draining"));
    assert_eq!(world.condition("Ready"), Some(false));
    assert_eq!(world.condition("Reconciling"), Some(true));
}

#[test]
fn an_inactive_service_is_as_good_as_none() {
    let mut world = in_force(service("web"));
    world.live().status = ServiceState::Inactive;
    assert_eq!(world.plan(), Plan::Do(vec![Step::Create]));
}

#[test]
fn a_service_once_seen_is_made_again_only_after_two_looks() {
    let mut world = in_force(service("web"));
    world.live = None;
    world.missing = Some((1, false));
    assert!(waiting(world.plan()).contains("once more"));
    world.missing = Some((2, false));
    assert_eq!(world.plan(), Plan::Do(vec![Step::Create]));
}

#[test]
fn nothing_is_done_about_a_service_that_could_not_be_read_yet() {
    let mut world = in_force(service("web"));
    world.live = None;
    assert!(waiting(world.plan()).contains("first look"));
    world.trouble = Some(AwsError {
        operation: "DescribeServices",
        kind: Kind::Denied,
        code: Some("AccessDeniedException".to_owned()),
        message: "not allowed".to_owned(),
        retry_after: None,
        request_id: None,
        is_write: false,
    });
    assert_eq!(refusal(world.plan()).reason(), "AwsAccessDenied");
}

#[test]
fn a_start_of_the_operator_changes_no_status() {
    let mut world = in_force(service("web"));
    let before = world.status.clone();
    let live = world.live.take();
    assert!(waiting(world.pass()).contains("first look"));
    assert_eq!(world.status, before);
    world.live = live;
    assert_eq!(world.pass(), Plan::InSync);
    assert_eq!(world.status, before);
}

#[test]
fn a_service_without_our_tags_is_left_alone() {
    let world = beside(service("web").count(9), &service("web"));
    let stop = refusal(world.plan());
    assert_eq!(stop.reason(), "Conflict");
    assert!(stop.message().contains("nobody's tags") && stop.message().contains("Adopt"), "{}", stop.message());
}

#[test]
fn a_service_of_another_object_or_installation_is_left_alone_and_its_owner_named() {
    let mut world = beside(service("web"), &service("web"));
    let owner = Owner {
        installation: "elsewhere".to_owned(),
        kind: "EcsService".to_owned(),
        namespace: "shop".to_owned(),
        name: "web".to_owned(),
        uid: String::new(),
    };
    world.live().tags = owner.tags();
    world.pass();
    assert_eq!(world.ready().0, "Conflict");
    assert!(world.ready().1.contains("installation elsewhere"), "{}", world.ready().1);
    assert_eq!(world.condition("Stalled"), Some(true));
    assert!(world.status.service_arn.is_none_or(|arn| !arn.is_empty()));
}

#[test]
fn a_service_of_the_installation_before_is_inherited_and_marked_anew() {
    let mut world = in_force(service("web"));
    let mut tags = world.declared.present().owner.tags();
    tags.insert("ecs-operator.io/installation".to_owned(), "old".to_owned());
    world.live().tags = tags;
    assert_eq!(refusal(world.plan()).reason(), "Conflict");
    world.declared = world.declared.clone().with("takeOverFrom", json!("old"));
    match steps(world.plan()).as_slice() {
        [Step::Tag { tags, .. }] => assert_eq!(tags.get("ecs-operator.io/installation").unwrap(), "here"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_express_service_is_left_alone() {
    let mut world = in_force(service("web"));
    world.live().managed_by_ecs = true;
    world.declared = world.declared.clone().count(5);
    let stop = refusal(world.plan());
    assert!(stop.message().contains("Express"), "{}", stop.message());
}

#[test]
fn a_paused_service_is_looked_at_and_never_written() {
    assert!(waiting(world(service("web").paused()).plan()).contains("paused"));
    let mut world = in_force(service("web").count(1));
    world.declared = world.declared.clone().count(5).paused();
    assert!(waiting(world.pass()).contains("paused"));
    assert_eq!(world.condition("Paused"), Some(true));
    assert_eq!(world.condition("Ready"), Some(false), "what was asked for does not serve");
    world.live().running = 0;
    world.pass();
    assert_eq!(world.status.running_count, Some(0), "status follows all the same");
    assert!(world.sent.is_empty());
}

#[test]
fn a_task_definition_that_is_not_there_is_waited_for() {
    let declared = service("web").without("taskDefinition").with("taskDefinitionRef", json!({"name": "web"}));
    let stop = refusal(world(declared).plan());
    assert_eq!(stop.reason(), "TaskDefinitionNotFound");
    assert!(stop.is_waiting());
    let mut unregistered = registered("web", "web:1", "awsvpc");
    unregistered.metadata.generation = Some(2);
    let stop = refusal(world(service("web").network(&["a"]).refers_to(unregistered)).plan());
    assert_eq!(stop.reason(), "TaskDefinitionNotReady");
}

#[test]
fn awsvpc_without_a_network_is_refused_with_what_to_set() {
    let stop = refusal(world(service("web").refers_to(registered("web", "web:1", "awsvpc"))).plan());
    assert!(!stop.is_waiting());
    assert!(stop.message().contains("subnets"), "{}", stop.message());
    let bridged = service("web").network(&["a"]).refers_to(registered("web", "web:1", "bridge"));
    assert_eq!(refusal(world(bridged).plan()).reason(), "NetworkConfigurationNotAllowed");
}

#[test]
fn a_service_that_was_made_anew_starts_with_a_clean_memory() {
    let mut world = in_force(service("web").breaker());
    world.declared = world.declared.clone().runs("web:2");
    world.pass();
    world.fail();
    world.pass();
    assert!(world.status.failed.is_some());
    world.live().created_at = Some(minute(100));
    world.live().fields["taskDefinition"] = json!(arn_of("web:1"));
    world.live().deployments[0].rollout_state = Some("COMPLETED".to_owned());
    let plan = world.plan();
    assert!(is_same_task_definition(
        "web:2",
        steps(plan)
            .iter()
            .find_map(|step| match step {
                Step::Update { members, .. } => members["taskDefinition"].as_str(),
                _ => None,
            })
            .unwrap()
    ));
}

#[test]
fn an_older_object_that_claims_the_same_service_wins() {
    let mut declared = service("web");
    declared.refs.older_claim = Some("shop/first".to_owned());
    match refusal(world(declared).plan()) {
        Stop::Waiting { reason: "Conflict", message } => assert!(message.contains("shop/first"), "{message}"),
        other => panic!("{other:?}"),
    }
}
