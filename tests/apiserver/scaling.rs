//! Who sets the number of tasks: the declaration, `kubectl scale`, or an autoscaler.

use crate::world::{CLUSTER, SPEED, World, install, is_ready, web, with};
use envtest::ControlPlane;
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use kube::Api;
use kube::api::{Patch, PatchParams, PostParams};
use serde_json::json;
use simulator::Settings;

#[tokio::test(flavor = "multi_thread")]
async fn a_count_that_is_left_unset_belongs_to_whoever_scales_in_aws() {
    let world = World::new().await;
    world.apply(&with(&web("nginx:1", 1), json!({"desiredCount": null}))).await;
    world.until_ready("web").await;
    assert_eq!(world.live("web")["desiredCount"], 1);
    world.by_hand("UpdateService", json!({"cluster": CLUSTER, "service": "web", "desiredCount": 4}));
    world.apply(&with(&web("nginx:2", 1), json!({"desiredCount": null}))).await;
    world
        .until("web", "web:2 serves with four tasks", |service| {
            let status = service.status.as_ref().unwrap();
            is_ready(service) && status.revision.as_deref() == Some("web:2") && status.running_count == Some(4)
        })
        .await;
    assert_eq!(world.live("web")["desiredCount"], 4);
    let updates = world.aws.calls().into_iter().filter(|call| call.operation == "UpdateService");
    assert!(updates.into_iter().all(|call| call.input["desiredCount"].is_null()));
    assert_eq!(world.services().get("web").await.unwrap().spec.desired_count, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn kubectl_scale_changes_the_number_of_tasks_in_place() {
    let world = World::new().await;
    world.apply(&web("nginx:1", 1)).await;
    world.until_ready("web").await;
    let patch = Patch::Merge(json!({"spec": {"replicas": 3}}));
    world.services().patch_scale("web", &PatchParams::default(), &patch).await.unwrap();
    world
        .until("web", "three run", |service| is_ready(service) && service.status.as_ref().unwrap().running_count == Some(3))
        .await;
    let scale = world.services().get_scale("web").await.unwrap().status.unwrap();
    assert_eq!(scale.replicas, 3);
    assert_eq!(scale.selector.as_deref(), Some("ecs-operator.io/service=web"));
    assert_eq!(world.live("web")["deployments"].as_array().map(Vec::len), Some(1));
    assert_eq!(world.count("RegisterTaskDefinition"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_autoscaler_keeps_the_number_within_its_bounds() {
    let mut plane = ControlPlane::start().await.unwrap();
    plane.start_controller_manager(&["horizontal-pod-autoscaler-controller"]).await.unwrap();
    let kube = plane.client().await.unwrap();
    install(&kube).await;
    let mut world = World::in_cluster(kube, Settings { speed: SPEED, ..Settings::default() }).await;
    world.start_operator();
    world.apply(&web("nginx:1", 1)).await;
    world.until_ready("web").await;
    let autoscaler: HorizontalPodAutoscaler = serde_json::from_value(json!({
        "metadata": {"name": "web"},
        "spec": {
            "scaleTargetRef": {"apiVersion": "ecs-operator.io/v1alpha1", "kind": "EcsService", "name": "web"},
            "minReplicas": 3, "maxReplicas": 5,
            "metrics": [{"type": "External", "external": {"metric": {"name": "requests"}, "target": {"type": "Value", "value": "10"}}}],
        },
    })).unwrap();
    Api::namespaced(world.kube.clone(), &world.namespace).create(&PostParams::default(), &autoscaler).await.unwrap();
    world
        .until("web", "the autoscaler's least number runs", |service| {
            is_ready(service) && service.status.as_ref().unwrap().running_count == Some(3)
        })
        .await;
    drop(world);
    plane.stop().await;
}
