//! The commands of `docs/how-to/three-in-the-morning.md` and of the import, as a person types them.

use crate::kubectl::{Kubectl, installed};
use crate::world::{World, fast, is_ready, is_true, web, with};
use serde_json::{Value, json};

/// A person beside an operator at work, with a service that runs.
async fn person() -> (envtest::ControlPlane, World, Kubectl) {
    let (plane, kube) = installed().await;
    let mut world = World::in_cluster(kube, fast()).await;
    world.start_operator();
    let kubectl = Kubectl::to(&plane, &world.namespace).await;
    world.apply(&web("nginx:1", 2)).await;
    world.until_ready("web").await;
    (plane, world, kubectl)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_rollout_is_understood_and_undone_at_three_in_the_morning() {
    let (plane, world, kubectl) = person().await;
    world.apply(&web("shop/missing:2", 2)).await;
    world.until("web", "rolled back", |service| is_true(service, "RolledBack")).await;

    let told = kubectl.run("describe ecssvc web").await;
    for word in ["RolledBack", "CannotPullContainerError", "Stopped Tasks"] {
        assert!(told.contains(word), "{word}: {told}");
    }
    assert!(kubectl.run("get ecssvc -A -o wide").await.contains("RolledBack"));
    let reasons = ["get", "ecssvc", "web", "-o", "jsonpath={range .status.stoppedTasks[*]}{.reason}{\"\\n\"}{end}"];
    assert!(kubectl.run_all(&reasons).await.contains("CannotPullContainerError"));
    kubectl.run("get events --field-selector involvedObject.name=web").await;
    let completed = kubectl.run("get ecssvc web -o jsonpath={.status.lastCompleted}").await;
    assert_eq!(completed, "web:1");

    let undo =
        json!({"spec": {"taskDefinition": completed, "taskDefinitionRef": null, "taskDefinitionTemplate": null}}).to_string();
    kubectl.run_all(&["patch", "ecssvc", "web", "--type", "merge", "-p", &undo]).await;
    world.until("web", "web:1 serves", |service| is_ready(service) && !is_true(service, "RolledBack")).await;
    kubectl.run_all(&["annotate", "ecssvc", "web", "--overwrite", "ecs-operator.io/restarted-at=2026-01-01T00:00:00Z"]).await;
    kubectl.run("wait --for=jsonpath={.status.restartedAt}=2026-01-01T00:00:00Z --timeout=60s ecssvc/web").await;
    world.until_ready("web").await;
    assert!(world.active_revisions("web").contains(&1), "what runs is not deregistered");

    // Back to a template of its own, with what was wrong mended.
    let mended: Value = serde_yaml_ng::from_str(&web("nginx:3", 2)).unwrap();
    let merge =
        json!({"spec": {"taskDefinition": null, "taskDefinitionTemplate": mended["spec"]["taskDefinitionTemplate"]}}).to_string();
    kubectl.run_all(&["patch", "ecssvc", "web", "--type", "merge", "-p", &merge]).await;
    world
        .until("web", "what is mended serves", |service| {
            is_ready(service) && service.status.as_ref().unwrap().revision.as_deref() != Some("web:1")
        })
        .await;
    plane.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_is_held_back_and_a_service_outlives_its_object() {
    let (plane, world, kubectl) = person().await;
    kubectl.run("annotate ecssvc web ecs-operator.io/paused=true").await;
    kubectl.run("wait --for=condition=Paused --timeout=60s ecssvc/web").await;
    world.apply(&with(&web("nginx:1", 5), json!({}))).await;
    let told = world.until_told("web", "Paused", &["paused"]).await;
    assert_eq!(told.status.unwrap().desired_count, Some(2));
    kubectl.run("annotate ecssvc web ecs-operator.io/paused-").await;
    kubectl.run("wait --for=jsonpath={.status.runningCount}=5 --timeout=60s ecssvc/web").await;
    kubectl.run("annotate ecssvc web --overwrite ecs-operator.io/reconcile-at=now").await;
    kubectl.run("wait --for=jsonpath={.status.reconciledAt}=now --timeout=60s ecssvc/web").await;
    kubectl.run("scale ecssvc web --replicas=0").await;
    kubectl.run("wait --for=jsonpath={.status.desiredCount}=0 --timeout=60s ecssvc/web").await;
    kubectl.run("scale ecssvc web --replicas=1").await;
    kubectl.run("wait --for=condition=Ready --timeout=60s ecssvc/web").await;
    kubectl.run_all(&["patch", "ecssvc", "web", "--type", "merge", "-p", r#"{"spec":{"deletionPolicy":"Retain"}}"#]).await;
    world.until_ready("web").await;
    kubectl.run("delete ecssvc web --timeout=60s").await;
    world.until_definition_gone("web").await;
    assert_eq!((world.live("web")["status"].as_str(), world.tags("web").len()), (Some("ACTIVE"), 0));
    assert_eq!(world.active_revisions("web"), [1]);
    plane.stop().await;
}
