//! What one arm of the benchmark plays in: a fresh kube-apiserver and etcd, a fresh simulator over HTTP, and the user who
//! applies things.

use crate::audit::{Audit, USER};
use crate::objects;
use anyhow::{Context, Result};
use ecs_operator::api::crds;
use envtest::ControlPlane;
use futures::{StreamExt, TryStreamExt, stream};
use kube::api::{Api, DynamicObject, Patch, PatchParams, PostParams};
use kube::core::{GroupVersionKind, TypeMeta};
use kube::discovery::ApiResource;
use kube::{Client, ResourceExt};
use serde_json::{Value, json};
use simulator::{Call, Settings, Simulator};
use std::path::PathBuf;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::time::Instant;

/// Connections with which objects are applied.
const APPLYING: usize = 16;
/// The cluster of all services.
pub const CLUSTER: &str = "bench";
const GROUP: &str = "ecs-operator.io";
const VERSION: &str = "v1alpha1";

/// The surroundings of the operator.
pub struct World {
    /// Kubernetes, as an administrator.
    pub kube: Client,
    /// AWS.
    pub aws: Simulator,
    /// Where AWS listens.
    pub aws_url: String,
    /// The kubeconfig under which the operator has a name of its own.
    pub operator_kubeconfig: PathBuf,
    /// What the operator asks of Kubernetes.
    pub audit: Audit,
    /// The programs of Kubernetes.
    pub plane: ControlPlane,
    server: tokio::task::JoinHandle<()>,
}

impl Drop for World {
    fn drop(&mut self) {
        eprintln!("  calls to AWS at the end: {:?}", self.aws.counts());
        self.server.abort();
    }
}

/// An AWS that is `speed` times as fast as the real one and throttles nobody.
pub fn fast(speed: f64) -> Settings {
    Settings { speed, clusters: vec![CLUSTER.to_owned()], ..Settings::default() }
}

/// An AWS with its published buckets, in real time: these and the operator's pace run by the same clock.
pub fn throttling() -> Settings {
    Settings { throttling: true, ..fast(1.0) }
}

impl World {
    /// Starts everything but the operator.
    ///
    /// # Errors
    /// When a program does not start.
    pub async fn new(settings: Settings) -> Result<Self> {
        let plane = ControlPlane::builder().audit(true).start().await?;
        let kube = plane.client().await?;
        install(&kube).await?;
        let aws = Simulator::new(settings);
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let aws_url = format!("http://{}", listener.local_addr()?);
        let serving = aws.clone();
        let server = tokio::spawn(async move {
            let _ = serving.serve(listener, std::future::pending()).await;
        });
        let operator_kubeconfig = operator_kubeconfig(&plane)?;
        let audit = Audit::new(plane.audit_log().context("no audit log")?.to_owned());
        Ok(Self { kube, aws, aws_url, operator_kubeconfig, audit, plane, server })
    }

    /// Objects of a kind in namespace `default`.
    pub fn api(&self, kind: &str) -> Api<DynamicObject> {
        Api::namespaced_with(self.kube.clone(), "default", &resource(kind))
    }

    /// Creates objects over several connections, as fast as they are taken.
    ///
    /// # Errors
    /// When one is refused.
    pub async fn apply(&self, objects: Vec<Value>) -> Result<()> {
        let created = objects.into_iter().map(|object| self.apply_one(object));
        stream::iter(created).buffer_unordered(APPLYING).try_collect().await
    }

    /// Creates one object.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn apply_one(&self, object: Value) -> Result<()> {
        let object: DynamicObject = serde_json::from_value(object)?;
        let kind = object.types.as_ref().map_or("", |types: &TypeMeta| types.kind.as_str());
        let created = self.api(kind).create(&PostParams::default(), &object).await;
        created.with_context(|| format!("create {}", object.name_any()))?;
        Ok(())
    }

    /// Changes the number of tasks in the spec of a service.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn scale(&self, name: &str, count: u32) -> Result<()> {
        let patch = Patch::Merge(json!({"spec": {"desiredCount": count}}));
        self.api("EcsService").patch(name, &PatchParams::default(), &patch).await?;
        Ok(())
    }

    /// Waits until the log of calls to AWS satisfies `claim`.
    ///
    /// # Errors
    /// When it does not within `patience`.
    pub async fn until_calls(&self, what: &str, patience: Duration, claim: impl Fn(&[Call]) -> bool) -> Result<Vec<Call>> {
        let deadline = Instant::now() + patience;
        loop {
            let calls = self.aws.calls();
            if claim(&calls) {
                return Ok(calls);
            }
            anyhow::ensure!(Instant::now() < deadline, "waited {patience:?} in vain until {what}; {}", self.explain());
            tokio::time::sleep(Duration::from_millis(20).max(Duration::from_micros(20) * u32::try_from(calls.len())?)).await;
        }
    }

    /// What is worth knowing when something did not happen.
    pub fn explain(&self) -> String {
        let log = std::fs::read_to_string(self.plane.dir().join("operator.log")).unwrap_or_default();
        let last: Vec<&str> = log.lines().rev().take(5).collect();
        format!("calls to AWS: {:?}; the operator said last: {last:?}", self.aws.counts())
    }
}

fn resource(kind: &str) -> ApiResource {
    ApiResource::from_gvk(&GroupVersionKind::gvk(GROUP, VERSION, kind))
}

async fn install(kube: &Client) -> Result<()> {
    let api = Api::all(kube.clone());
    for crd in crds() {
        api.create(&PostParams::default(), &crd).await?;
        let established = kube::runtime::conditions::is_crd_established();
        kube::runtime::wait::await_condition(api.clone(), &crd.name_any(), established).await?;
    }
    // A definition is established a moment before its objects are served.
    let probe = objects::task_definition("probe");
    let api = Api::<DynamicObject>::namespaced_with(kube.clone(), "default", &resource("EcsTaskDefinition"));
    let dry = PostParams { dry_run: true, ..PostParams::default() };
    let mut tries = 0;
    while let Err(error) = api.create(&dry, &serde_json::from_value(probe.clone())?).await {
        tries += 1;
        anyhow::ensure!(tries < 100, "kube-apiserver does not take objects of our kinds: {error}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}

/// The administrator's, but acting as somebody of another name with the same rights: so the audit log tells them apart.
fn operator_kubeconfig(plane: &ControlPlane) -> Result<PathBuf> {
    let text = std::fs::read_to_string(plane.kubeconfig())?;
    let token = format!("    token: {}\n", plane.token());
    let acting = format!("{token}    as: {USER}\n    as-groups: [system:masters]\n");
    anyhow::ensure!(text.contains(&token), "the kubeconfig has another form than expected");
    let path = plane.dir().join("kubeconfig-operator");
    std::fs::write(&path, text.replace(&token, &acting))?;
    Ok(path)
}
