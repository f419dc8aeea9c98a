//! Something is missing or wrong that only AWS or another object can tell: what stands in status, and that it goes on by
//! itself once that is put right.

use crate::world::{CLUSTER, SPEED, World, condition, family, is_true, reason_of, running, web, with};
use serde_json::{Value, json};
use simulator::Settings;

#[tokio::test(flavor = "multi_thread")]
async fn a_size_in_vcpus_that_fargate_does_not_have_is_told_in_status() {
    let world = World::new().await;
    world.apply(&with(&web("nginx:1", 1), json!({"taskDefinitionTemplate": {"cpu": "1 vCPU", "memory": "512"}}))).await;
    let told = world.until_told("web", "TaskDefinitionNotReady", &["Fargate has no task with cpu 1024 and memory 512"]).await;
    assert!(is_true(&told, "Stalled"), "it does not go away by itself, so nobody is to wait for it");
    world.edit("web", json!({"taskDefinitionTemplate": {"memory": "2 GB"}})).await;
    world.until_ready("web").await;
    assert_eq!(world.count("RegisterTaskDefinition"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reference_to_nothing_is_told_and_followed_once_it_is_there() {
    let world = World::new().await;
    world.apply(&running("web", "shop", 1)).await;
    world
        .until_told("web", "TaskDefinitionNotFound", &["taskDefinitionRef needs EcsTaskDefinition shop, which is not there"])
        .await;
    world.apply(&family("shop", "nginx:1")).await;
    let service = world.until_ready("web").await;
    assert_eq!(service.status.unwrap().revision.as_deref(), Some("shop:1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shared_definition_with_awsvpc_and_no_subnets_is_told_in_status() {
    let world = World::new().await;
    world.apply(&with(&family("shop", "nginx:1"), json!({"requiresCompatibilities": ["EC2"]}))).await;
    let on_instances = json!({"launchType": "EC2", "networkConfiguration": null});
    world.apply(&with(&running("web", "shop", 1), on_instances)).await;
    let what = "it asks for subnets";
    let service = world.until("web", what, |service| is_true(service, "Stalled")).await;
    let ready = condition(&service, "Ready").unwrap();
    assert!(ready.message.contains("set networkConfiguration.awsvpcConfiguration.subnets"), "{}", ready.message);
    assert_eq!(world.count("CreateService"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_cannot_be_passed_is_named_and_taken_once_it_can() {
    let world = World::new().await;
    world.aws.forbid_role("role/ecs-exec");
    world.apply(&web("nginx:1", 1)).await;
    world.until_told("web", "TaskDefinitionNotReady", &["iam:PassRole", "role/ecs-exec"]).await;
    world.aws.allow_roles();
    world.until_ready("web").await;
    assert_eq!(world.active_revisions("web"), [1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_is_not_there_is_waited_for() {
    let world = World::new().await;
    world.apply(&with(&web("nginx:1", 1), json!({"cluster": "later"}))).await;
    world.until_told("web", "AwsNotFound", &["create the cluster"]).await;
    world.by_hand("CreateCluster", json!({"clusterName": "later"}));
    world.until_ready("web").await;
    let services = world.by_hand("ListServices", json!({"cluster": "later"}));
    assert_eq!(services["serviceArns"].as_array().map(Vec::len), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_of_that_name_that_is_not_ours_is_left_alone() {
    let world = World::new().await;
    by_hand(&world, "web", json!([]));
    let before = world.live("web");
    world.apply(&web("nginx:1", 1)).await;
    world.until_told("web", "Conflict", &["managementPolicy: Adopt", "nobody's tags"]).await;
    world.services().delete("web", &kube::api::DeleteParams::default()).await.unwrap();
    world.until_gone("web").await;
    let after = world.live("web");
    for member in ["status", "taskDefinition", "desiredCount", "tags"] {
        assert_eq!(after[member], before[member], "{member}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_of_another_installation_is_left_alone_until_it_is_inherited() {
    let world = World::new().await;
    let mark = |key: &str, value: &str| json!({"key": format!("ecs-operator.io/{key}"), "value": value});
    let namespace = world.namespace.clone();
    let tags = [
        mark("installation", "old"),
        mark("kind", "EcsService"),
        mark("namespace", &namespace),
        mark("name", "web"),
        mark("uid", "1"),
    ];
    by_hand(&world, "web", json!(tags));
    world.apply(&web("nginx:1", 1)).await;
    world.until_told("web", "Conflict", &["of installation old"]).await;
    world.edit("web", json!({"takeOverFrom": "old"})).await;
    world.until_ready("web").await;
    assert!(world.tags("web").contains(&("ecs-operator.io/installation".to_owned(), world.installation.clone())));
}

/// A service that somebody made with other tools.
fn by_hand(world: &World, name: &str, tags: Value) {
    world.by_hand(
        "RegisterTaskDefinition",
        json!({
            "family": "by-hand", "requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": "256", "memory": "512",
            "containerDefinitions": [{"name": "app", "image": "nginx:0"}],
        }),
    );
    let mut input = json!({
        "cluster": CLUSTER, "serviceName": name, "taskDefinition": "by-hand:1", "desiredCount": 1, "launchType": "FARGATE",
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-a"]}},
    });
    if tags.as_array().is_some_and(|tags| !tags.is_empty()) {
        input["tags"] = tags;
    }
    world.by_hand("CreateService", input);
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_of_another_account_write_nothing_and_say_so() {
    let mut world = World::new().await;
    world.apply(&web("nginx:1", 1)).await;
    world.until_ready("web").await;
    world.stop_operator().await;
    world.aws.clear_calls();

    world.start_operator_as("444455556666");
    world.edit("web", json!({"desiredCount": 2})).await;
    world.until_told("web", "AccountMismatch", &["account 111122223333", "444455556666"]).await;
    assert_eq!(world.writes(), 0);
    world.stop_operator().await;

    world.start_operator();
    world.until_ready("web").await;
    assert_eq!(world.live("web")["desiredCount"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_definition_over_64_kib_is_refused_before_aws_is_asked() {
    let world = World::new().await;
    let text = "x".repeat(1000);
    let entries: Vec<Value> = (0..70).map(|number| json!({"name": format!("KEY_{number}"), "value": text})).collect();
    world
        .apply(&with(
            &family("large", "nginx:1"),
            json!({"containerDefinitions": [
                {"name": "app", "image": "nginx:1", "environment": entries}
            ]}),
        ))
        .await;
    let found = world
        .until_definition("large", "told to be too large", |found| {
            found.status.as_ref().is_some_and(|status| status.conditions.iter().any(|one| one.reason == "TooLarge"))
        })
        .await;
    let told = &found.status.unwrap().conditions[0].message;
    assert!(told.contains("at most 65536") && told.contains("environmentFiles"), "{told}");
    assert_eq!(world.count("RegisterTaskDefinition"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_definition_just_under_64_kib_is_registered() {
    let world = World::new().await;
    let text = "x".repeat(1000);
    let entries: Vec<Value> = (0..61).map(|number| json!({"name": format!("KEY_{number}"), "value": text})).collect();
    world
        .apply(&with(
            &family("large", "nginx:1"),
            json!({"containerDefinitions": [
                {"name": "app", "image": "nginx:1", "environment": entries}
            ]}),
        ))
        .await;
    world.until_registered("large", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_objects_for_one_service_the_older_holds_it_and_the_other_says_so() {
    let mut world = World::without_operator(Settings { speed: SPEED, ..Settings::default() }).await;
    world.apply(&web("nginx:1", 1)).await;
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    let mut other: Value = serde_yaml_ng::from_str(&running("other", "web", 1)).unwrap();
    other["spec"]["serviceName"] = json!("web");
    world.apply(&other.to_string()).await;
    world.start_operator();
    world.until_ready("web").await;
    world.until_told("other", "Conflict", &[&format!("{}/web", world.namespace)]).await;
    world.delete_and_wait("web").await;
    let reason = |service: &ecs_operator::api::EcsService| reason_of(service) != "Conflict";
    world.until("other", "the name is free", reason).await;
}
