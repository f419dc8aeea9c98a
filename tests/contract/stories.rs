//! The operator's main stories on a real kube-apiserver and ministack: an AWS that nobody of this project wrote.

use crate::emulator::{Emulator, Kind};
use crate::engine;
use crate::target::{Aws, Places, config};
use aws_config::SdkConfig;
use ecs_operator::api::{EcsService, crds};
use ecs_operator::aws::connection::Connection;
use ecs_operator::aws::pace::Pacer;
use ecs_operator::aws::reflector::Polling;
use ecs_operator::metrics::Metrics;
use ecs_operator::operator::Operator;
use ecs_operator::settings::Guard;
use envtest::ControlPlane;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::api::{Api, DeleteParams, Patch, PatchParams, PostParams};
use kube::{Client, ResourceExt};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// Longest wait for anything. A machine that is busy is slow, so this is not tight.
const PATIENCE: Duration = Duration::from_mins(1);

#[tokio::test(flavor = "multi_thread")]
async fn a_service_rolls_out_is_edited_and_deleted_on_ministack() {
    let world = World::new().await;
    world.apply("nginx:1.27").await;
    // ministack calls a first deployment COMPLETED before a task runs, so Ready alone says little here.
    let runs = |service: &EcsService| service.status.as_ref().unwrap().running_count == Some(2);
    let status = world.until("Ready with two tasks", |service| is_ready(service) && runs(service)).await.status.unwrap();
    assert_eq!(status.revision.as_deref(), Some("web:1"));

    world.apply("nginx:1.28").await;
    let serves = |service: &EcsService| service.status.as_ref().unwrap().revision.as_deref() == Some("web:2");
    world.until("web:2 serves", |service| is_ready(service) && serves(service) && runs(service)).await;
    let live = world.aws.describe().await.unwrap();
    assert!(live["taskDefinition"].as_str().unwrap().ends_with("/web:2"), "{live}");

    world.services.delete("web", &DeleteParams::default()).await.unwrap();
    let started = Instant::now();
    while let Some(left) = world.services.get_opt("web").await.unwrap() {
        assert!(started.elapsed() < PATIENCE, "it does not go away: {:?}", left.status);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(world.aws.describe().await.unwrap()["status"], "INACTIVE");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_image_is_rolled_back_by_ministack_and_told() {
    let world = World::new().await;
    world.apply("nginx:1.27").await;
    world.until("two tasks", |service| is_ready(service) && service.status.as_ref().unwrap().running_count == Some(2)).await;
    world.apply("shop/missing:2").await;
    // ministack never takes the failed deployment off its list, as AWS does at the end, and keeps no record that tells of one. So
    // whether the way back has ended is the operator's guess; that it failed and what serves is not.
    let service = world.until("web:1 serves again", |service| went_back(service) && is_true(service, "Available")).await;
    let ready = condition(&service, "Ready").unwrap();
    assert_eq!(ready.status, "False");
    assert!(ready.message.starts_with("web:2 failed: "), "{}", ready.message);
    assert!(ready.message.contains("circuit breaker") && ready.message.contains("web:1 serves"), "{}", ready.message);

    // A revision that failed is not sent again: the operator would fight ministack for ever.
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(world.aws.definition("web:3").await.is_err());
    let live = world.aws.describe().await.unwrap();
    assert!(live["taskDefinition"].as_str().unwrap().ends_with("/web:1"), "{live}");
    assert_eq!(live["deployments"].as_array().unwrap().len(), 2, "{live}");
}

/// A kube-apiserver, ministack, and the operator between them.
struct World {
    services: Api<EcsService>,
    /// Cluster and family are both named `web`.
    aws: Aws,
    stop: CancellationToken,
    // Held until the end of the story.
    _ministack: Emulator,
    _plane: ControlPlane,
}

impl World {
    async fn new() -> Self {
        let docker = engine::serve().await;
        let (plane, ministack) = tokio::join!(ControlPlane::start(), Emulator::start(Kind::Ministack, Some(&docker)));
        let plane = plane.unwrap();
        let kube = plane.client().await.unwrap();
        install(&kube).await;
        let config = config().await.into_builder().endpoint_url(ministack.endpoint()).build();
        let aws = Aws::emulated("web", &ministack.endpoint(), &config, Places::default());
        aws.call("CreateCluster", json!({"clusterName": "web"})).await.unwrap();
        let stop = CancellationToken::new();
        tokio::spawn(operator(kube.clone(), &config).run(stop.clone()));
        Self { services: Api::namespaced(kube, "default"), aws, stop, _ministack: ministack, _plane: plane }
    }

    /// `kubectl apply --server-side` of a service with an image.
    async fn apply(&self, image: &str) {
        let params = PatchParams::apply("kubectl").force();
        self.services.patch("web", &params, &Patch::Apply(web(image))).await.unwrap();
    }

    /// Waits until the service is as `holds` says; fails with its status otherwise.
    async fn until(&self, what: &str, holds: impl Fn(&EcsService) -> bool) -> EcsService {
        let started = Instant::now();
        loop {
            let service = self.services.get("web").await.unwrap();
            if holds(&service) {
                return service;
            }
            if started.elapsed() > PATIENCE {
                let live = self.aws.describe().await;
                panic!("waited in vain until {what}; its status: {:#?}; in ministack: {live:#?}", service.status);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn install(kube: &Client) {
    let api = Api::all(kube.clone());
    for crd in crds() {
        api.create(&PostParams::default(), &crd).await.unwrap();
        let established = kube::runtime::conditions::is_crd_established();
        kube::runtime::wait::await_condition(api.clone(), &crd.name_any(), established).await.unwrap();
    }
}

fn operator(kube: Client, config: &SdkConfig) -> Operator {
    Operator {
        kube,
        connection: Connection::new("default", config, Pacer::new()).unwrap(),
        installation: "contract".to_owned(),
        namespaces: Vec::new(),
        polling: Polling {
            settled: Duration::from_secs(1),
            rolling: Duration::from_millis(200),
            stopped_tasks: Duration::from_millis(200),
            in_turn: Duration::from_millis(200),
            window: Duration::from_millis(10),
        },
        metrics: Arc::new(Metrics::new()),
        concurrency: 8,
        guard: Guard::Off,
    }
}

fn condition<'a>(service: &'a EcsService, kind: &str) -> Option<&'a Condition> {
    service.status.as_ref()?.conditions.iter().find(|condition| condition.type_ == kind)
}

fn is_true(service: &EcsService, kind: &str) -> bool {
    condition(service, kind).is_some_and(|condition| condition.status == "True")
}

fn is_ready(service: &EcsService) -> bool {
    is_true(service, "Ready")
        && service.status.as_ref().and_then(|status| status.observed_generation) == service.metadata.generation
}

fn went_back(service: &EcsService) -> bool {
    matches!(condition(service, "Ready").unwrap().reason.as_str(), "RollingBack" | "RolledBack")
}

fn web(image: &str) -> Value {
    json!({
        "apiVersion": "ecs-operator.io/v1alpha1", "kind": "EcsService", "metadata": {"name": "web"},
        "spec": {
            "cluster": "web", "desiredCount": 2, "launchType": "FARGATE",
            "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-0a"], "securityGroups": ["sg-0a"]}},
            "deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": true, "rollback": true}},
            "taskDefinitionTemplate": {
                "requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": "256", "memory": "512",
                "containerDefinitions": [{"name": "app", "image": image, "portMappings": [{"containerPort": 80}]}],
            },
        },
    })
}
