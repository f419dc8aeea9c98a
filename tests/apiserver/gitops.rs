//! What Argo CD, Flux and people with `kubectl` rely on: nobody writes their spec, an equal manifest does nothing, status
//! stands still when nothing happens, and annotations steer.

use crate::world::{World, condition, family, is_true, running, until_some, web, with};
use ecs_operator::api::{EcsService, NOT_OBSERVED};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

const PAUSED: &str = "ecs-operator.io/paused";
const RECONCILE_AT: &str = "ecs-operator.io/reconcile-at";

/// Waits until the service was not written for two seconds, in which it is read twice.
async fn until_quiet(world: &World, name: &str) -> EcsService {
    loop {
        let before = world.until_ready(name).await;
        tokio::time::sleep(Duration::from_secs(2)).await;
        let after = world.services().get(name).await.unwrap();
        if before.metadata.resource_version == after.metadata.resource_version {
            return after;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_equal_manifest_registers_nothing_nor_does_a_restart() {
    let mut world = World::new().await;
    let environment = |order: [&str; 2]| {
        let entries: Vec<Value> = order.iter().map(|name| json!({"name": name, "value": "1"})).collect();
        with(
            &web("nginx:1", 1),
            json!({"taskDefinitionTemplate": {"containerDefinitions": [
                {"name": "app", "image": "nginx:1", "environment": entries}
            ]}}),
        )
    };
    world.apply(&environment(["A", "B"])).await;
    world.until_ready("web").await;
    world.apply(&environment(["A", "B"])).await;
    world.apply(&environment(["B", "A"])).await;
    world.until_ready("web").await;
    world.stop_operator().await;
    world.start_operator();
    world.annotate("web", RECONCILE_AT, "now").await;
    world.until("web", "it looked again", |service| service.status.as_ref().unwrap().reconciled_at.is_some()).await;
    assert_eq!(world.count("RegisterTaskDefinition"), 1);
    assert_eq!((world.count("CreateService"), world.count("UpdateService")), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn spec_is_never_written() {
    let world = World::new().await;
    world.apply(&family("shop", "nginx:1")).await;
    world.apply(&with(&running("web", "shop", 1), json!({"desiredCount": null}))).await;
    let first = world.services().get("web").await.unwrap();
    world.until_ready("web").await;
    world.edit_definition("shop", json!({"cpu": "512", "memory": "1024"})).await;
    world.until("web", "shop:2 serves", |service| service.status.as_ref().unwrap().revision.as_deref() == Some("shop:2")).await;
    let last = world.until_ready("web").await;
    assert_eq!((&last.spec, last.metadata.generation), (&first.spec, Some(1)));
    let definition = world.until_registered("shop", 2).await;
    assert_eq!(definition.metadata.generation, Some(2));
    for fields in [last.metadata.managed_fields, definition.metadata.managed_fields] {
        for entry in fields.unwrap() {
            let owned = serde_json::to_value(&entry.fields_v1).unwrap();
            let of_user = entry.manager.as_deref() == Some("kubectl") || entry.operation.as_deref() == Some("Update");
            let touches_spec = owned.get("f:spec").is_some();
            assert!(!touches_spec || (of_user && entry.subresource.is_none()), "{entry:?}");
            assert!(entry.subresource.as_deref() != Some("status") || !touches_spec);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_settled_service_is_not_written() {
    let mut world = World::new().await;
    world.apply(&web("nginx:1", 2)).await;
    let quiet = until_quiet(&world, "web").await;
    let reads = world.count("DescribeServices");
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(world.count("DescribeServices") > reads, "it is looked at all the same");
    world.stop_operator().await;
    world.start_operator();
    tokio::time::sleep(Duration::from_secs(3)).await;
    let later = world.services().get("web").await.unwrap();
    assert_eq!(later.metadata.resource_version, quiet.metadata.resource_version);
}

#[tokio::test(flavor = "multi_thread")]
async fn times_and_generations_stand_still_when_a_later_pass_finds_the_same() {
    let world = World::new().await;
    world.apply(&web("nginx:1", 1)).await;
    let before = until_quiet(&world, "web").await.status.unwrap();
    world.annotate("web", RECONCILE_AT, "again").await;
    let looked = |service: &EcsService| service.status.as_ref().unwrap().reconciled_at.as_deref() == Some("again");
    let after = world.until("web", "it looked again", looked).await.status.unwrap();
    assert_eq!((after.conditions, after.observed_generation), (before.conditions, before.observed_generation));
}

#[tokio::test(flavor = "multi_thread")]
async fn ready_is_not_true_for_an_edit_that_was_not_looked_at() {
    let mut world = World::new().await;
    world.apply(&web("nginx:1", 1)).await;
    world.until_ready("web").await;
    world.stop_operator().await;
    world.edit("web", json!({"desiredCount": 2})).await;
    let service = world.services().get("web").await.unwrap();
    let of_old = |one: &Condition| one.observed_generation < service.metadata.generation;
    assert!(service.status.as_ref().unwrap().observed_generation < service.metadata.generation);
    assert!(service.status.as_ref().unwrap().conditions.iter().all(of_old));
}

/// Flux would take an object without a status for finished.
#[tokio::test(flavor = "multi_thread")]
async fn an_object_at_which_nobody_looked_yet_says_so() {
    let mut world = World::new().await;
    world.stop_operator().await;
    world.apply(&web("nginx:1", 1)).await;
    let status = world.services().get("web").await.unwrap().status.unwrap();
    assert_eq!((status.observed_generation, status.conditions.len()), (Some(NOT_OBSERVED), 0));
    world.start_operator();
    world.until_ready("web").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_paused_nothing_is_written_and_a_delete_waits() {
    let world = World::new().await;
    world.apply(&web("nginx:1", 1)).await;
    world.until_ready("web").await;
    world.annotate("web", PAUSED, "true").await;
    world.until("web", "paused", |service| is_true(service, "Paused")).await;
    let before = world.writes();
    world.edit("web", json!({"desiredCount": 3})).await;
    let seen = |service: &EcsService| {
        is_true(service, "Paused") && service.status.as_ref().unwrap().observed_generation == service.metadata.generation
    };
    let service = world.until("web", "the edit was seen", seen).await;
    assert_eq!(condition(&service, "Ready").unwrap().status, "False", "the edit is not in force");
    world.services().delete("web", &kube::api::DeleteParams::default()).await.unwrap();
    world.until_told("web", "Deleting", &["paused by annotation"]).await;
    assert_eq!(world.writes(), before);
    world.annotate("web", PAUSED, "false").await;
    world.until_gone("web").await;
    assert_eq!(world.live("web")["status"], "INACTIVE");
}

#[tokio::test(flavor = "multi_thread")]
async fn reconcile_at_looks_at_aws_now() {
    let world = World::new().await;
    world.apply(&family("shop", "nginx:1")).await;
    world.until_registered("shop", 1).await;
    world.by_hand(
        "RegisterTaskDefinition",
        json!({"family": "shop", "containerDefinitions": [
            {"name": "app", "image": "nginx:9", "memory": 128}
        ]}),
    );
    let patch = kube::api::Patch::Merge(json!({"metadata": {"annotations": {RECONCILE_AT: "now"}}}));
    world.task_definitions().patch("shop", &kube::api::PatchParams::default(), &patch).await.unwrap();
    let found = world
        .until_definition("shop", "the foreign revision is told", |found| found.status.as_ref().unwrap().foreign_revisions == [2])
        .await;
    assert_eq!(found.status.unwrap().revision, Some(1), "it is told, not fought");
    assert_eq!(world.active_revisions("shop"), [1, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_told_once_each() {
    let mut world = World::new().await;
    world.apply(&web("nginx:1", 1)).await;
    until_quiet(&world, "web").await;
    let before = told(&world).await;
    assert!(before.keys().any(|(reason, _)| reason == "SteadyState"), "{before:?}");
    assert!(before.keys().any(|(reason, _)| reason == "Registered"), "{before:?}");
    assert!(before.values().all(|count| *count == 1), "{before:?}");
    world.stop_operator().await;
    world.start_operator();
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(told(&world).await, before);
}

/// How often each event about the service and its task definition was told.
async fn told(world: &World) -> BTreeMap<(String, String), i32> {
    let mut all = BTreeMap::new();
    for event in world.events("web").await {
        let key = (event.reason.unwrap_or_default(), event.message.unwrap_or_default());
        let times = event.series.and_then(|series| series.count).unwrap_or(1);
        *all.entry(key).or_default() += times;
    }
    all
}

/// Argo CD prunes in the foreground: Kubernetes keeps the service until what belongs to it is gone, so what belongs to it must not
/// wait for the service to be gone.
#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_deleted_in_the_foreground_does_not_wait_for_its_task_definition_and_that_for_it() {
    let world = World::new().await;
    world.apply(&web("nginx:1", 1)).await;
    world.until_ready("web").await;
    world.services().delete("web", &kube::api::DeleteParams::foreground()).await.unwrap();
    let finalizers = |service: &EcsService| service.metadata.finalizers.clone().unwrap_or_default();
    world.until("web", "only Kubernetes keeps it", |service| finalizers(service) == ["foregroundDeletion"]).await;
    // As the garbage collector does, where it runs; it may have been quicker.
    let deleted = world.task_definitions().delete("web", &kube::api::DeleteParams::default()).await;
    assert!(!matches!(&deleted, Err(refused) if !refused.to_string().contains("not found")), "{deleted:?}");
    until_some("the task definition is gone", async || {
        let left = world.task_definitions().get_opt("web").await.unwrap();
        left.map_or(Ok(()), |left| Err(format!("{:?}", left.status.map(|status| status.conditions))))
    })
    .await;
    assert_eq!(world.active_revisions("web"), [] as [u32; 0]);
    let patch = kube::api::Patch::Merge(json!({"metadata": {"finalizers": null}}));
    let let_go = world.services().patch("web", &kube::api::PatchParams::default(), &patch).await;
    assert!(!matches!(&let_go, Err(refused) if !refused.to_string().contains("not found")), "{let_go:?}");
    world.until_gone("web").await;
}
