//! Objects that come from a backup, from another cluster, or from a newer version.

use crate::world::{CLUSTER, World, condition, family, fast, install_these, is_ready, is_true, running, web};
use ecs_operator::api::crds;
use envtest::ControlPlane;
use kube::api::{DeleteParams, Patch, PatchParams};
use serde_json::{Value, json};

/// A service and its shared definition that are gone from Kubernetes and run on in AWS. Returns the status of both.
async fn lost(world: &mut World) -> (Value, Value) {
    world.apply(&family("shop", "nginx:1")).await;
    world.apply(&running("web", "shop", 2)).await;
    let service = world.until_ready("web").await;
    let definition = world.until_registered("shop", 1).await;
    world.stop_operator().await;
    let loose = Patch::Merge(json!({"metadata": {"finalizers": null}}));
    world.services().patch("web", &PatchParams::default(), &loose).await.unwrap();
    world.task_definitions().patch("shop", &PatchParams::default(), &loose).await.unwrap();
    world.services().delete("web", &DeleteParams::default()).await.unwrap();
    world.task_definitions().delete("shop", &DeleteParams::default()).await.unwrap();
    world.until_gone("web").await;
    world.until_definition_gone("shop").await;
    (serde_json::to_value(service.status).unwrap(), serde_json::to_value(definition.status).unwrap())
}

fn assert_untouched(world: &World, before: &Value) {
    let after = world.live("web");
    for member in ["createdAt", "taskDefinition", "desiredCount", "runningCount"] {
        assert_eq!(after[member], before[member], "{member}");
    }
    assert_eq!(after["deployments"][0]["id"], before["deployments"][0]["id"], "no new rollout");
    assert_eq!(world.active_revisions("shop"), [1]);
    let services = world.by_hand("ListServices", json!({"cluster": CLUSTER}));
    assert_eq!(services["serviceArns"].as_array().map(Vec::len), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_restored_with_their_status_find_their_own_again() {
    let mut world = World::new().await;
    let (service, definition) = lost(&mut world).await;
    let before = world.live("web");
    world.apply(&family("shop", "nginx:1")).await;
    world.apply(&running("web", "shop", 2)).await;
    let status = |status: Value| Patch::Merge(json!({"status": status}));
    world.services().patch_status("web", &PatchParams::default(), &status(service)).await.unwrap();
    world.task_definitions().patch_status("shop", &PatchParams::default(), &status(definition)).await.unwrap();
    world.start_operator();
    world.edit("web", json!({"propagateTags": "SERVICE"})).await;
    world.until("web", "the edit is in force", |service| is_ready(service) && service.metadata.generation == Some(2)).await;
    assert_untouched(&world, &before);
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_restored_without_their_status_find_their_own_again() {
    let mut world = World::new().await;
    lost(&mut world).await;
    let before = world.live("web");
    world.apply(&family("shop", "nginx:1")).await;
    world.apply(&running("web", "shop", 2)).await;
    world.start_operator();
    world.until_ready("web").await;
    assert_untouched(&world, &before);
    world.delete_and_wait("web").await;
    assert_eq!(world.live("web")["status"], "INACTIVE");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_of_a_newer_version_says_so_and_does_not_stop_the_others() {
    let plane = ControlPlane::start().await.unwrap();
    let kube = plane.client().await.unwrap();
    // A version of tomorrow: the deadline may also be written with a unit.
    let newer = crds().into_iter().map(|crd| {
        let mut crd = serde_json::to_value(crd).unwrap();
        let spec = &mut crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"];
        if spec.get("progressDeadlineSeconds").is_some() {
            spec["progressDeadlineSeconds"] = json!({"x-kubernetes-int-or-string": true});
        }
        serde_json::from_value(crd).unwrap()
    });
    install_these(&kube, newer).await;
    let mut world = World::in_cluster(kube, fast()).await;
    let mut strange: Value = serde_yaml_ng::from_str(&running("strange", "shop", 1)).unwrap();
    strange["spec"]["progressDeadlineSeconds"] = json!("30m");
    world.apply(&strange.to_string()).await;
    world.apply(&web("nginx:1", 1)).await;
    world.start_operator();
    world.until_ready("web").await;
    let said = world
        .until_raw("strange", "it says that it cannot be read", |object| {
            object["status"]["conditions"][0]["reason"] == "Unreadable"
        })
        .await;
    let message = said["status"]["conditions"][0]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("this version of the operator cannot read the object"), "{message}");
    assert_eq!(said["spec"], strange["spec"], "nothing is lost");

    let readable = json!({"spec": {"progressDeadlineSeconds": 1800}});
    world.services().patch_metadata("strange", &PatchParams::default(), &Patch::Merge(readable)).await.unwrap();
    world.apply(&family("shop", "nginx:1")).await;
    let service = world.until_ready("strange").await;
    assert!(!is_true(&service, "Stalled") && condition(&service, "Stalled").is_none());
    drop(world);
    plane.stop().await;
}
