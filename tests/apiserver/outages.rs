//! A side is away, throttles or refuses: what the user sees, and that nothing is lost.

use crate::world::{CLUSTER, World, condition, fast, install, is_ready, is_true, until_some, web, with};
use ecs_operator::aws::operation::OPERATIONS;
use envtest::ControlPlane;
use futures::StreamExt;
use serde_json::{Value, json};
use simulator::{Fault, Settings};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn while_aws_throttles_everything_for_a_minute_nothing_is_lost_and_aws_is_spared() {
    let mut world = World::without_operator(Settings { speed: 20.0, ..Settings::default() }).await;
    world.start_operator();
    let end = world.aws.now() + Duration::from_mins(1);
    world.aws.inject(Fault::error("*", "ThrottlingException", "Rate exceeded").until(end));
    world.apply(&web("nginx:1", 1)).await;
    world.until_aws("the minute is over", |aws| aws.now() > end).await;
    assert!(world.aws.calls().len() < 30, "{} calls in a minute of throttling", world.aws.calls().len());
    world.until_ready("web").await;
    assert_eq!(world.active_revisions("web"), [1]);

    let end = world.aws.now() + Duration::from_mins(1);
    world.aws.inject(Fault::error("*", "ThrottlingException", "Rate exceeded").until(end));
    world.until_aws("the minute is over", |aws| aws.now() > end).await;
    assert!(is_true(&world.services().get("web").await.unwrap(), "Ready"), "what serves goes on serving");
}

#[tokio::test(flavor = "multi_thread")]
async fn when_kube_apiserver_comes_back_everything_goes_on() {
    let mut plane = ControlPlane::start().await.unwrap();
    let kube = plane.client().await.unwrap();
    install(&kube).await;
    let mut world = World::in_cluster(kube, fast()).await;
    world.start_operator();
    world.apply(&web("nginx:1", 1)).await;
    world.until_ready("web").await;
    world.apply(&web("nginx:2", 1)).await;
    world.until_aws("the rollout has begun", |aws| aws.calls().iter().any(|call| call.operation == "UpdateService")).await;

    plane.stop_apiserver().await.unwrap();
    let back = world.aws.now() + Duration::from_mins(1);
    world.until_aws("a minute has passed", |aws| aws.now() > back).await;
    world.by_hand("UpdateService", json!({"cluster": CLUSTER, "service": "web", "desiredCount": 4}));
    plane.start_apiserver().await.unwrap();

    world
        .until("web", "web:2 serves with one task", |service| {
            let status = service.status.as_ref().unwrap();
            is_ready(service) && status.revision.as_deref() == Some("web:2") && status.running_count == Some(1)
        })
        .await;
    assert_eq!(world.active_revisions("web"), [1, 2]);
    world.delete_and_wait("web").await;
    drop(world);
    plane.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_call_that_is_denied_is_named_and_made_once_it_is_allowed() {
    let of_ecs = OPERATIONS.iter().filter(|one| one.action().starts_with("ecs:"));
    let lives: Vec<Denied> = futures::stream::iter(of_ecs.map(|one| denied(one.name))).buffer_unordered(6).collect().await;
    let never: Vec<&str> = lives.iter().filter(|life| !life.called).map(|life| life.operation).collect();
    let silent: Vec<&str> = lives.iter().filter(|life| life.called && !life.told).map(|life| life.operation).collect();
    assert_eq!(silent, [] as [&str; 0], "these were denied and nobody was told");
    // They are for looks that this story gives no reason for.
    assert!(never.iter().all(|name| ["ListServices", "ListServiceDeployments", "DescribeClusters"].contains(name)), "{never:?}");
}

struct Denied {
    operation: &'static str,
    called: bool,
    told: bool,
}

/// One life of a service while one operation is denied until status has named it.
async fn denied(operation: &'static str) -> Denied {
    // Slow enough for a look at tasks between two of them.
    let mut world = World::without_operator(Settings { speed: 40.0, ..Settings::default() }).await;
    world.start_operator();
    let message = format!("User: arn:aws:iam::111122223333:user/it is not authorized to perform: ecs:{operation} on resource: *");
    world.aws.inject(Fault::error(operation, "AccessDeniedException", &message));
    let told = AtomicBool::new(false);
    let life = Life { world: &world, operation, told: &told };
    let declared = |image: &str, tags: Value| with(&web(image, 1), json!({"revisionHistoryLimit": 0, "tags": tags}));

    world.apply(&declared("nginx:1", json!([{"key": "old", "value": "1"}]))).await;
    life.goes_on("Ready", async || is_ready(&world.services().get("web").await.unwrap())).await;
    world.apply(&declared("crash:2", json!([{"key": "old", "value": "1"}]))).await;
    life.goes_on("rolled back", async || {
        let service = world.services().get("web").await.unwrap();
        is_true(&service, "RolledBack")
    })
    .await;
    world.apply(&declared("nginx:3", json!([{"key": "team", "value": "a"}]))).await;
    life.goes_on("the third revision serves alone", async || {
        let service = world.services().get("web").await.unwrap();
        let serves = is_ready(&service) && service.status.unwrap().revision.as_deref() == Some("web:3");
        serves && world.tags("web").iter().any(|(key, _)| key == "team") && world.active_revisions("web") == [3]
    })
    .await;
    let look = kube::api::Patch::Merge(json!({"metadata": {"annotations": {"ecs-operator.io/reconcile-at": "now"}}}));
    world.task_definitions().patch("web", &kube::api::PatchParams::default(), &look).await.unwrap();
    life.goes_on("looked again", async || {
        world.task_definitions().get("web").await.unwrap().status.unwrap().reconciled_at.is_some()
    })
    .await;
    world.services().delete("web", &kube::api::DeleteParams::default()).await.unwrap();
    life.goes_on("gone", async || {
        world.services().get_opt("web").await.unwrap().is_none()
            && world.task_definitions().get_opt("web").await.unwrap().is_none()
    })
    .await;
    assert_eq!(world.live("web")["status"], "INACTIVE");
    let called = world.count(operation) > 0;
    world.stop_operator().await;
    Denied { operation, called, told: told.into_inner() }
}

struct Life<'a> {
    world: &'a World,
    operation: &'static str,
    told: &'a AtomicBool,
}

impl Life<'_> {
    /// Waits for the goal; when status names the denied call, it is allowed.
    async fn goes_on(&self, goal: &str, is_reached: impl AsyncFn() -> bool) {
        until_some(&format!("{goal} (with {} denied)", self.operation), async || {
            if is_reached().await {
                return Ok(());
            }
            let said = self.said().await;
            if said.contains(&format!("ecs:{}", self.operation)) && !self.told.swap(true, Ordering::SeqCst) {
                self.world.aws.clear_faults();
            }
            Err(said)
        })
        .await;
    }

    async fn said(&self) -> String {
        let service = self.world.services().get_opt("web").await.unwrap();
        let ready = service.as_ref().and_then(|service| condition(service, "Ready")).map(|it| it.message.clone());
        let definition = self.world.task_definitions().get_opt("web").await.unwrap();
        let conditions = definition.and_then(|it| it.status).map(|it| it.conditions).unwrap_or_default();
        let others = conditions.into_iter().map(|it| it.message);
        ready.into_iter().chain(others).collect::<Vec<_>>().join("\n")
    }
}
