//! Whose a service is and who may change it: tags, drift, Observe, Adopt, Retain, sharing.

use crate::world::{CLUSTER, World, condition, family, is_ready, is_true, running, web, with};
use ecs_operator::api::EcsService;
use kube::api::{DeleteParams, ListParams};
use serde_json::{Value, json};
use std::time::Duration;

fn pair(key: &str, value: &str) -> (String, String) {
    (key.to_owned(), value.to_owned())
}

fn drifted_fields(service: &EcsService) -> Vec<String> {
    service.status.iter().flat_map(|status| &status.drift).map(|drift| drift.field.clone()).collect()
}

/// A service as somebody made it with other tools: image nginx:0, two tasks.
fn made_by_hand(world: &World) {
    world.by_hand(
        "RegisterTaskDefinition",
        json!({
            "family": "old", "requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": "256", "memory": "512",
            "containerDefinitions": [{"name": "app", "image": "nginx:0"}],
        }),
    );
    world.by_hand(
        "CreateService",
        json!({
            "cluster": CLUSTER, "serviceName": "web", "taskDefinition": "old:1", "desiredCount": 2, "launchType": "FARGATE",
            "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-a"], "securityGroups": ["sg-app"]}},
            "tags": [{"key": "team", "value": "shop"}],
        }),
    );
}

/// The declaration that agrees with it, but for the number of tasks.
fn declared(count: u32, more: Value) -> String {
    let agreed = json!({"taskDefinitionRef": null, "taskDefinition": "old:1", "deploymentConfiguration": null});
    with(&with(&running("web", "none", count), agreed), more)
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_are_kept_as_declared_and_those_of_others_stay() {
    let world = World::new().await;
    world.apply(&with(&web("nginx:1", 1), json!({"tags": [{"key": "team", "value": "a"}, {"key": "old", "value": "1"}]}))).await;
    world.until_ready("web").await;
    let arn = world.live("web")["serviceArn"].clone();
    world.by_hand("TagResource", json!({"resourceArn": arn, "tags": [{"key": "cost", "value": "9"}]}));
    world.apply(&with(&web("nginx:1", 1), json!({"tags": [{"key": "team", "value": "b"}]}))).await;
    world
        .until_aws("the tags are as declared", |_| {
            let tags = world.tags("web");
            tags.contains(&pair("team", "b")) && !tags.iter().any(|(key, _)| key == "old")
        })
        .await;
    assert!(world.tags("web").contains(&pair("cost", "9")));
    world.by_hand("TagResource", json!({"resourceArn": arn, "tags": [{"key": "team", "value": "changed"}]}));
    world.until_aws("the tag is put back", |_| world.tags("web").contains(&pair("team", "b"))).await;
    assert_eq!(world.count("UpdateService"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tag_edit_of_a_task_definition_is_no_new_revision() {
    let world = World::new().await;
    world.apply(&with(&family("shop", "nginx:1"), json!({"tags": [{"key": "team", "value": "a"}]}))).await;
    let arn = world.until_registered("shop", 1).await.status.unwrap().task_definition_arn.unwrap();
    world.apply(&with(&family("shop", "nginx:1"), json!({"tags": [{"key": "team", "value": "b"}]}))).await;
    world
        .until_aws("the tag is changed", |aws| {
            let tags = aws.call("ListTagsForResource", json!({"resourceArn": arn})).unwrap();
            tags["tags"].as_array().unwrap().iter().any(|tag| tag["value"] == "b")
        })
        .await;
    assert_eq!(world.count("RegisterTaskDefinition"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_else_changed_is_put_back() {
    let world = World::new().await;
    world.apply(&web("nginx:1", 2)).await;
    world.until_ready("web").await;
    world.by_hand("UpdateService", json!({"cluster": CLUSTER, "service": "web", "desiredCount": 7}));
    world.until_aws("the count is put back", |_| world.live("web")["desiredCount"] == 2).await;
    let update = world.aws.calls().into_iter().find(|call| call.operation == "UpdateService").unwrap();
    assert_eq!(update.input["desiredCount"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_else_changed_is_only_reported_if_so_wished() {
    let world = World::new().await;
    world.apply(&with(&web("nginx:1", 2), json!({"driftPolicy": "Report"}))).await;
    world.until_ready("web").await;
    world.by_hand("UpdateService", json!({"cluster": CLUSTER, "service": "web", "desiredCount": 3}));
    let service = world.until("web", "the drift is told", |service| is_true(service, "Drifted")).await;
    let drift = &service.status.as_ref().unwrap().drift[0];
    assert_eq!((drift.field.as_str(), drift.wanted.as_deref(), drift.seen.as_deref()), ("desiredCount", Some("2"), Some("3")));
    assert!(condition(&service, "Drifted").unwrap().message.contains("desiredCount"));
    assert_eq!(world.count("UpdateService"), 0);
    world.edit("web", json!({"desiredCount": 4})).await;
    world
        .until("web", "an edit is in force all the same", |service| is_ready(service) && drifted_fields(service).is_empty())
        .await;
    assert_eq!(world.live("web")["desiredCount"], 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn observe_shows_what_differs_and_writes_nothing() {
    let world = World::new().await;
    made_by_hand(&world);
    world.apply(&declared(3, json!({"managementPolicy": "Observe"}))).await;
    let service = world.until("web", "the difference is told", |service| is_true(service, "Drifted")).await;
    assert_eq!(drifted_fields(&service), ["desiredCount"]);
    let status = service.status.unwrap();
    assert_eq!((status.revision.as_deref(), status.desired_count), (Some("old:1"), Some(2)));
    world.delete_and_wait("web").await;
    assert_eq!(world.live("web")["status"], "ACTIVE");
    assert_eq!(world.writes(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn adopting_what_agrees_writes_nothing_but_our_tags() {
    let world = World::new().await;
    made_by_hand(&world);
    world.apply(&declared(2, json!({"managementPolicy": "Adopt"}))).await;
    world.until_ready("web").await;
    let writes: Vec<String> =
        world.aws.calls().into_iter().map(|call| call.operation).filter(|name| crate::world::is_write(name)).collect();
    assert_eq!(writes, ["TagResource"]);
    let tags = world.tags("web");
    assert!(tags.contains(&pair("team", "shop")) && tags.contains(&pair("ecs-operator.io/name", "web")), "{tags:?}");

    world.edit("web", json!({"desiredCount": 3})).await;
    world
        .until("web", "it is kept from now on", |service| {
            is_ready(service) && service.status.as_ref().unwrap().running_count == Some(3)
        })
        .await;
    world.delete_and_wait("web").await;
    assert_eq!(world.live("web")["status"], "ACTIVE", "what was adopted stays");
    assert_eq!(world.tags("web"), [pair("team", "shop")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_adoption_that_would_change_something_waits_until_it_would_not() {
    let world = World::new().await;
    made_by_hand(&world);
    world.apply(&declared(5, json!({"managementPolicy": "Adopt"}))).await;
    let service = world.until_told("web", "AdoptionWouldChange", &["desiredCount", "adoption: Overwrite"]).await;
    assert_eq!(drifted_fields(&service), ["desiredCount"]);
    assert_eq!(world.writes(), 0);
    world.edit("web", json!({"desiredCount": 2})).await;
    world.until_ready("web").await;
    assert_eq!(world.count("UpdateService"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_adoption_may_overwrite() {
    let world = World::new().await;
    made_by_hand(&world);
    world.apply(&declared(5, json!({"managementPolicy": "Adopt", "adoption": "Overwrite"}))).await;
    world
        .until("web", "five run", |service| is_ready(service) && service.status.as_ref().unwrap().running_count == Some(5))
        .await;
    assert_eq!((world.count("CreateService"), world.count("UpdateService")), (0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_definition_is_adopted_if_it_agrees() {
    let world = World::new().await;
    made_by_hand(&world);
    let adopt = |image: &str| {
        with(
            &family("old", image),
            json!({"managementPolicy": "Adopt", "containerDefinitions": [{"name": "app", "image": image}]}),
        )
    };
    world.apply(&adopt("nginx:9")).await;
    world
        .until_definition("old", "it would change", |found| {
            found.status.as_ref().is_some_and(|status| status.conditions.iter().any(|one| one.reason == "AdoptionWouldChange"))
        })
        .await;
    assert_eq!(world.writes(), 0);
    world.apply(&adopt("nginx:0")).await;
    world.until_registered("old", 1).await;
    assert_eq!(world.count("RegisterTaskDefinition"), 0);
    assert_eq!(world.active_revisions("old"), [1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_retained_runs_on_without_our_tags() {
    let world = World::new().await;
    world.apply(&with(&web("nginx:1", 1), json!({"deletionPolicy": "Retain"}))).await;
    world.until_ready("web").await;
    world.delete_and_wait("web").await;
    world.until_definition_gone("web").await;
    let live = world.live("web");
    assert_eq!((&live["status"], &live["runningCount"]), (&json!("ACTIVE"), &json!(1)));
    assert_eq!(world.tags("web"), []);
    assert_eq!(world.active_revisions("web"), [1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_definition_in_use_outlives_its_deletion_until_nobody_uses_it() {
    let world = World::new().await;
    world.apply(&family("shop", "nginx:1")).await;
    world.apply(&running("web", "shop", 1)).await;
    world.apply(&running("jobs", "shop", 1)).await;
    world.until_ready("web").await;
    world.until_ready("jobs").await;
    world.task_definitions().delete("shop", &DeleteParams::default()).await.unwrap();
    world
        .until_definition("shop", "it names its users", |found| {
            let conditions = found.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
            conditions.iter().any(|one| one.reason == "Deleting" && one.message.contains("web") && one.message.contains("jobs"))
        })
        .await;
    world.delete_and_wait("web").await;
    assert_eq!(world.active_revisions("shop"), [1], "jobs still runs it");
    world.delete_and_wait("jobs").await;
    world.until_definition_gone("shop").await;
    assert_eq!(world.active_revisions("shop"), [] as [u32; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn going_from_a_template_to_a_reference_removes_what_the_template_made() {
    let world = World::new().await;
    world.apply(&web("nginx:1", 1)).await;
    world.until_ready("web").await;
    world.apply(&family("shop", "nginx:2")).await;
    world.until_registered("shop", 1).await;
    world.apply(&with(&web("nginx:1", 1), json!({"taskDefinitionTemplate": null, "taskDefinitionRef": {"name": "shop"}}))).await;
    world
        .until("web", "shop:1 serves", |service| {
            is_ready(service) && service.status.as_ref().unwrap().revision.as_deref() == Some("shop:1")
        })
        .await;
    world.until_definition_gone("web").await;
    assert_eq!(world.active_revisions("web"), [] as [u32; 0]);
    assert_eq!(world.task_definitions().list(&ListParams::default()).await.unwrap().items.len(), 1);
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(is_ready(&world.services().get("web").await.unwrap()));
}
