//! What `kubectl apply` refuses, with the sentence that the user reads. AWS is never asked.

use crate::world::{World, family, running, web, with};
use kube::api::PostParams;
use serde_json::{Value, json};

fn container(name: &str) -> Value {
    json!({"name": name, "image": "nginx:1"})
}

/// A world whose operator would write to AWS if it were let.
async fn refusing(yaml: &str, sentence: &str) {
    let world = World::without_operator(simulator::Settings::default()).await;
    let told = world.refusal(yaml).await;
    assert!(told.contains(sentence), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_size_that_fargate_does_not_have_is_refused_with_those_it_has() {
    refusing(
        &with(&family("web", "nginx:1"), json!({"cpu": "256", "memory": "8192"})),
        "FARGATE has no task with cpu 256 and memory 8192: with this cpu, memory must be 512, 1024 or 2048 MiB",
    )
    .await;
    refusing(&with(&web("nginx:1", 1), json!({"taskDefinitionTemplate": {"cpu": "300"}})), "FARGATE has no task with cpu 300")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn awsvpc_without_subnets_is_refused() {
    let template = json!({"launchType": "EC2", "networkConfiguration": null, "taskDefinitionTemplate": {"requiresCompatibilities": ["EC2"]}});
    refusing(&with(&web("nginx:1", 1), template), "set networkConfiguration.awsvpcConfiguration with at least one subnet").await;
    let by_reference = with(&running("web", "shop", 1), json!({"networkConfiguration": null}));
    refusing(&by_reference, "Fargate needs networkConfiguration.awsvpcConfiguration").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_containers_of_one_name_are_refused() {
    let twice = with(&family("web", "nginx:1"), json!({"containerDefinitions": [container("app"), container("app")]}));
    let world = World::without_operator(simulator::Settings::default()).await;
    let told = world.refusal(&twice).await;
    assert!(told.contains("duplicate") && told.contains("app"), "{told}");
    let object = serde_json::from_str(&twice).unwrap();
    let created = world.task_definitions().create(&PostParams::default(), &object).await.unwrap_err().to_string();
    assert!(created.contains("Duplicate value") && created.contains("containerDefinitions"), "{created}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_definition_in_which_no_container_is_essential_is_refused() {
    let side = json!({"name": "app", "image": "nginx:1", "essential": false});
    refusing(&with(&family("web", "nginx:1"), json!({"containerDefinitions": [side]})), "no container is essential").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_and_a_reference_together_are_refused() {
    let sentence = "set exactly one of taskDefinition, taskDefinitionRef and taskDefinitionTemplate";
    refusing(&with(&running("web", "shop", 1), json!({"taskDefinition": "shop:7"})), sentence).await;
    refusing(&with(&web("nginx:1", 1), json!({"taskDefinitionRef": {"name": "shop"}})), sentence).await;
    refusing(&with(&running("web", "shop", 1), json!({"taskDefinitionRef": null})), sentence).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ecs_cannot_change_is_refused_with_what_to_do_instead() {
    let mut world = World::new().await;
    world.apply(&web("nginx:1", 1)).await;
    let before = world.until_ready("web").await;
    let edits = [
        (json!({"cluster": "other"}), "cluster cannot be changed: ECS cannot move a service"),
        (json!({"serviceName": "shop"}), "serviceName cannot be changed"),
        (
            json!({"launchType": "EC2", "taskDefinitionTemplate": {"requiresCompatibilities": ["EC2"]}}),
            "launchType cannot be changed",
        ),
        (json!({"schedulingStrategy": "DAEMON", "desiredCount": null}), "schedulingStrategy cannot be changed"),
        (json!({"taskDefinitionTemplate": {"family": "shop"}}), "family of taskDefinitionTemplate cannot be changed"),
    ];
    for (edit, sentence) in edits {
        let told = world.refused_edit("web", edit).await;
        assert!(told.contains(sentence), "{told}");
    }
    let after = world.services().get("web").await.unwrap();
    assert_eq!((&after.spec, after.metadata.generation), (&before.spec, before.metadata.generation));
    world.stop_operator().await;
    assert_eq!(world.count("UpdateService"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_family_of_a_task_definition_cannot_be_changed() {
    let world = World::without_operator(simulator::Settings::default()).await;
    world.apply(&family("shop", "nginx:1")).await;
    let told = world.refusal(&with(&family("shop", "nginx:1"), json!({"family": "other"}))).await;
    assert!(told.contains("spec.family cannot be changed"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn bounds_of_load_balancing_are_checked_at_apply() {
    let world = World::without_operator(simulator::Settings::default()).await;
    let listener = json!({"ref": {"name": "edge"}, "port": 443});
    let exposed = |entries: Value| with(&web("nginx:1", 1), json!({"expose": entries}));
    let entry = |changes: Value| {
        let mut entry =
            json!({"name": "web", "containerName": "app", "containerPort": 80, "listener": listener, "match": {"paths": ["/*"]}});
        entry.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        entry
    };
    let balancer = |listeners: Value| {
        let spec = json!({"subnets": ["subnet-a", "subnet-b"], "listeners": listeners});
        json!({"apiVersion": "ecs-operator.io/v1alpha1", "kind": "EcsLoadBalancer", "metadata": {"name": "edge"}, "spec": spec})
            .to_string()
    };
    let http = json!({"port": 80, "protocol": "HTTP"});
    for (yaml, sentence) in [
        (exposed(json!([entry(json!({})), entry(json!({}))])), "duplicate"),
        (exposed(json!([entry(json!({"priority": 50001}))])), "spec.expose[0].priority"),
        (exposed(json!([entry(json!({"healthCheck": {"intervalSeconds": 301}}))])), "spec.expose[0].healthCheck.intervalSeconds"),
        (exposed(json!([entry(json!({"match": {"paths": ["cart"]}}))])), "paths must begin with /"),
        (balancer(json!([http, http])), "duplicate"),
        (balancer(json!([{"port": 80, "protocol": "GENEVE"}])), "Unsupported value"),
    ] {
        let told = world.refusal(&yaml).await;
        assert!(told.contains(sentence), "{sentence}: {told}");
    }
    world.apply(&exposed(json!([entry(json!({"priority": 50000}))]))).await;
    world.apply(&balancer(json!([http]))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn samples_of_load_balancing_are_accepted() {
    let world = World::without_operator(simulator::Settings::default()).await;
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/samples-load-balancing");
    let mut applied = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        world.apply(&std::fs::read_to_string(file.unwrap().path()).unwrap()).await;
        applied += 1;
    }
    assert!(applied > 3);
}
