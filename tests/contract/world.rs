//! What a story on ministack plays in: a real kube-apiserver, ministack, and the operator between them.

use crate::emulator::{Emulator, Kind};
use crate::recorder::Recorder;
use crate::target::{Aws, Places, config};
use aws_config::SdkConfig;
use ecs_operator::api::{EcsService, crds};
use ecs_operator::aws::connection::Connection;
use ecs_operator::aws::pace::Pacer;
use ecs_operator::aws::reflector::Polling;
use ecs_operator::engine::brake::Limit;
use ecs_operator::health::Readiness;
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

/// A kube-apiserver, ministack, and the operator between them.
pub struct World {
    /// The Kubernetes API, as an administrator.
    pub kube: Client,
    /// Cluster and family are both named `web`.
    pub aws: Aws,
    /// What the operator asked of ministack.
    pub asked: Recorder,
    stop: CancellationToken,
    // Held until the end of the story.
    ministack: Emulator,
    _plane: ControlPlane,
}

impl World {
    /// A world in which ministack runs tasks on this Docker engine.
    pub async fn on(docker: &str) -> Self {
        let (plane, ministack) = tokio::join!(ControlPlane::start(), Emulator::start(Kind::Ministack, Some(docker)));
        let plane = plane.unwrap();
        let kube = plane.client().await.unwrap();
        install(&kube).await;
        let config = config().await.into_builder().endpoint_url(ministack.endpoint()).build();
        let aws = Aws::emulated("web", &ministack.endpoint(), &config, Places::default());
        aws.call("CreateCluster", json!({"clusterName": "web"})).await.unwrap();
        let asked = Recorder::of(config.http_client().unwrap());
        let config = config.into_builder().http_client(asked.clone()).build();
        let stop = CancellationToken::new();
        tokio::spawn(operator(kube.clone(), &config).run(stop.clone()));
        Self { kube, aws, asked, stop, ministack, _plane: plane }
    }

    /// The services.
    pub fn services(&self) -> Api<EcsService> {
        Api::namespaced(self.kube.clone(), "default")
    }

    /// Where ministack listens, and its load balancers with it.
    pub fn address(&self) -> String {
        self.ministack.endpoint().trim_start_matches("http://").to_owned()
    }

    /// `kubectl apply --server-side` of the service.
    pub async fn apply(&self, service: Value) {
        let params = PatchParams::apply("kubectl").force();
        self.services().patch("web", &params, &Patch::Apply(service)).await.unwrap();
    }

    /// Deletes the service and waits until it is gone.
    pub async fn delete(&self) {
        self.services().delete("web", &DeleteParams::default()).await.unwrap();
        let started = Instant::now();
        while let Some(left) = self.services().get_opt("web").await.unwrap() {
            assert!(started.elapsed() < PATIENCE, "it does not go away: {:?}", left.status);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits until the service is as `holds` says; fails with its status otherwise.
    pub async fn until(&self, what: &str, holds: impl Fn(&EcsService) -> bool) -> EcsService {
        let started = Instant::now();
        loop {
            let service = self.services().get("web").await.unwrap();
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
        readiness: Readiness::new(),
        concurrency: 8,
        guard: Guard::Off,
        brake: Limit::NONE,
    }
}

/// A condition of the service.
pub fn condition<'a>(service: &'a EcsService, kind: &str) -> Option<&'a Condition> {
    service.status.as_ref()?.conditions.iter().find(|condition| condition.type_ == kind)
}

/// Whether a condition of the service is true.
pub fn is_true(service: &EcsService, kind: &str) -> bool {
    condition(service, kind).is_some_and(|condition| condition.status == "True")
}

/// Whether the service is Ready for its newest generation.
pub fn is_ready(service: &EcsService) -> bool {
    is_true(service, "Ready")
        && service.status.as_ref().and_then(|status| status.observed_generation) == service.metadata.generation
}
