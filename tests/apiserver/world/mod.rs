//! What a story plays in: a real kube-apiserver, the operator, and a simulated AWS, one namespace to each story.

mod objects;
mod rights;
mod wait;

use aws_smithy_runtime_api::client::http::SharedHttpClient;
use ecs_operator::api::{EcsService, EcsTaskDefinition, crds};
use ecs_operator::aws::connection::{Connection, config_in_process};
use ecs_operator::aws::pace::Pacer;
use ecs_operator::aws::reflector::Polling;
use ecs_operator::engine::brake::Limit;
use ecs_operator::health::Readiness;
use ecs_operator::metrics::Metrics;
use ecs_operator::operator::Operator;
use ecs_operator::settings::Guard;
use envtest::ControlPlane;
use k8s_openapi::api::core::v1::{Event, Namespace};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams};
use kube::core::{GroupVersionKind, ObjectMeta};
use kube::discovery::ApiResource;
use kube::{Client, ResourceExt};
use serde_json::{Value, json};
use simulator::{Settings, Simulator};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::sync::OnceCell;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub use objects::*;
pub use wait::until_some;

/// Simulated seconds in a second: a rollout of a minute takes half a second.
pub const SPEED: f64 = 120.0;
/// The cluster that is there from the start.
pub const CLUSTER: &str = "demo";

/// The control plane that most stories share.
pub async fn control_plane() -> &'static ControlPlane {
    static SHARED: OnceCell<ControlPlane> = OnceCell::const_new();
    SHARED
        .get_or_init(|| async {
            let plane = ControlPlane::start().await.unwrap();
            install(&plane.client().await.unwrap()).await;
            plane
        })
        .await
}

/// Installs the kinds and waits until they are served.
pub async fn install(kube: &Client) {
    install_these(kube, crds()).await;
}

/// The same with definitions of the story's own.
pub async fn install_these(kube: &Client, crds: impl IntoIterator<Item = CustomResourceDefinition>) {
    let api = Api::all(kube.clone());
    for crd in crds {
        api.create(&PostParams::default(), &crd).await.unwrap();
        let established = kube::runtime::conditions::is_crd_established();
        kube::runtime::wait::await_condition(api.clone(), &crd.name_any(), established).await.unwrap();
    }
}

/// An AWS in which a rollout takes half a second.
pub fn fast() -> Settings {
    Settings { speed: SPEED, ..Settings::default() }
}

/// One story's surroundings.
pub struct World {
    /// The Kubernetes API, as an administrator.
    pub kube: Client,
    /// AWS.
    pub aws: Simulator,
    /// The story's own namespace.
    pub namespace: String,
    /// Other namespaces that the operator works in. None, but in the stories that are about them.
    pub beside: Vec<String>,
    /// Identifier of the installation.
    pub installation: String,
    /// Whether the operator asks the policy of the namespace. Off, but in the stories that are about it.
    pub guard: Guard,
    /// How many deletions go through. All, but in the stories that are about it.
    pub brake: Limit,
    running: Option<(CancellationToken, JoinHandle<()>)>,
}

impl World {
    /// A namespace, an AWS account with a cluster `demo`, and an operator that is at work.
    pub async fn new() -> Self {
        let mut world = Self::without_operator(fast()).await;
        world.start_operator();
        world
    }

    /// The same before the operator is started.
    pub async fn without_operator(settings: Settings) -> Self {
        Self::in_cluster(control_plane().await.client().await.unwrap(), settings).await
    }

    /// The same in a control plane of the story's own, in which the kinds are installed.
    pub async fn in_cluster(kube: Client, settings: Settings) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let namespace = format!("story-{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        make_namespace(&kube, &namespace).await;
        rights::grant(&kube).await;
        let aws = Simulator::new(settings);
        aws.call("CreateCluster", json!({"clusterName": CLUSTER})).unwrap();
        Self {
            kube,
            aws,
            namespace,
            beside: Vec::new(),
            installation: "test-installation".to_owned(),
            guard: Guard::Off,
            brake: Limit::NONE,
            running: None,
        }
    }

    /// Another namespace in which the operator works from its start on, as a story of its own in the same AWS.
    pub async fn neighbour(&mut self) -> Self {
        let mut other = Self::in_cluster(self.kube.clone(), fast()).await;
        other.aws = self.aws.clone();
        self.beside.push(other.namespace.clone());
        other
    }

    /// Makes another namespace in which the operator works from its start on. Objects whose manifests name it are applied there.
    pub async fn beside(&mut self) -> String {
        let name = format!("{}-beside", self.namespace);
        make_namespace(&self.kube, &name).await;
        self.beside.push(name.clone());
        name
    }

    /// Starts the operator, with the rights that the chart gives it.
    pub fn start_operator(&mut self) {
        self.start_operator_as("111122223333");
    }

    /// Starts the operator with credentials of an account.
    pub fn start_operator_as(&mut self, account: &str) {
        self.start(self.operator(rights::as_operator(&self.kube), self.aws.http_client(), account));
    }

    /// Starts the operator with a way to AWS of the story's own.
    pub fn start_operator_by(&mut self, connection: Connection) {
        let usual = self.operator(rights::as_operator(&self.kube), self.aws.http_client(), "111122223333");
        self.start(Operator { connection, ..usual });
    }

    fn start(&mut self, operator: Operator) {
        let stop = CancellationToken::new();
        self.running = Some((stop.clone(), tokio::spawn(operator.run(stop))));
    }

    /// The operator, with wires of the story's own.
    pub fn operator(&self, kube: Client, http: SharedHttpClient, account: &str) -> Operator {
        let config = config_in_process(http, account, "eu-central-1");
        let connection = Connection::of_account("default", &config, Pacer::new(), String::new()).unwrap();
        Operator {
            kube,
            connection,
            installation: self.installation.clone(),
            namespaces: [std::slice::from_ref(&self.namespace), &self.beside].concat(),
            polling: Polling {
                settled: Duration::from_secs(1),
                rolling: Duration::from_millis(100),
                stopped_tasks: Duration::from_millis(200),
                in_turn: Duration::from_millis(200),
                window: Duration::from_millis(10),
            },
            metrics: Arc::new(Metrics::new()),
            readiness: Readiness::new(),
            concurrency: 8,
            guard: self.guard,
            brake: self.brake,
        }
    }

    /// Stops the operator as SIGTERM does.
    pub async fn stop_operator(&mut self) {
        if let Some((stop, running)) = self.running.take() {
            stop.cancel();
            running.await.unwrap();
        }
    }

    /// The services of this story.
    pub fn services(&self) -> Api<EcsService> {
        Api::namespaced(self.kube.clone(), &self.namespace)
    }

    /// The task definitions of this story.
    pub fn task_definitions(&self) -> Api<EcsTaskDefinition> {
        Api::namespaced(self.kube.clone(), &self.namespace)
    }

    /// `kubectl apply --server-side` of one or more documents, into the story's own namespace where they name none.
    pub async fn apply(&self, yaml: &str) {
        self.try_apply(yaml).await.unwrap();
    }

    /// The same, where a refusal is expected.
    pub async fn try_apply(&self, yaml: &str) -> Result<(), kube::Error> {
        for document in yaml.split("\n---\n") {
            let value: Value = serde_yaml_ng::from_str(document).unwrap();
            let kind = value["kind"].as_str().unwrap().to_owned();
            let resource = ApiResource::from_gvk(&GroupVersionKind::gvk("ecs-operator.io", "v1alpha1", &kind));
            let namespace = value["metadata"]["namespace"].as_str().unwrap_or(&self.namespace);
            let api: Api<DynamicObject> = match kind.as_str() {
                "AwsConnection" => Api::all_with(self.kube.clone(), &resource),
                _ => Api::namespaced_with(self.kube.clone(), namespace, &resource),
            };
            let name = value["metadata"]["name"].as_str().unwrap().to_owned();
            let params = PatchParams::apply("kubectl").force();
            api.patch(&name, &params, &Patch::Apply(value)).await?;
        }
        Ok(())
    }

    /// The sentence with which the API server refuses a manifest.
    pub async fn refusal(&self, yaml: &str) -> String {
        told(self.try_apply(yaml).await)
    }

    /// Changes the spec of a service.
    pub async fn edit(&self, name: &str, spec: Value) {
        self.try_edit(name, spec).await.unwrap();
    }

    /// The same, where a refusal is expected.
    pub async fn try_edit(&self, name: &str, spec: Value) -> Result<(), kube::Error> {
        let patch = Patch::Merge(json!({"spec": spec}));
        self.services().patch(name, &PatchParams::default(), &patch).await.map(drop)
    }

    /// The sentence with which the API server refuses an edit.
    pub async fn refused_edit(&self, name: &str, spec: Value) -> String {
        told(self.try_edit(name, spec).await)
    }

    /// Changes the spec of a task definition.
    pub async fn edit_definition(&self, name: &str, spec: Value) {
        let patch = Patch::Merge(json!({"spec": spec}));
        self.task_definitions().patch(name, &PatchParams::default(), &patch).await.unwrap();
    }

    /// Sets an annotation on a service.
    pub async fn annotate(&self, name: &str, key: &str, value: &str) {
        let patch = Patch::Merge(json!({"metadata": {"annotations": {key: value}}}));
        self.services().patch(name, &PatchParams::default(), &patch).await.unwrap();
    }

    /// Deletes a service and waits until it is gone.
    pub async fn delete_and_wait(&self, name: &str) {
        self.services().delete(name, &DeleteParams::default()).await.unwrap();
        self.until_gone(name).await;
    }

    /// The service as ECS describes it.
    pub fn live(&self, name: &str) -> Value {
        let input = json!({"cluster": CLUSTER, "services": [name], "include": ["TAGS"]});
        self.aws.call("DescribeServices", input).unwrap()["services"][0].clone()
    }

    /// How often an operation was called.
    pub fn count(&self, operation: &str) -> usize {
        self.aws.calls().iter().filter(|call| call.operation == operation).count()
    }

    /// Has AWS done something directly, as somebody else in the account would.
    pub fn by_hand(&self, operation: &str, input: Value) -> Value {
        self.aws.call(operation, input).unwrap()
    }

    /// Gives the cluster an instance with room in each of two zones.
    pub fn add_container_instances(&self) {
        for zone in ["a", "b"] {
            self.by_hand(
                "RegisterContainerInstance",
                json!({
                    "cluster": CLUSTER,
                    "totalResources": [
                        {"name": "CPU", "type": "INTEGER", "integerValue": 4096},
                        {"name": "MEMORY", "type": "INTEGER", "integerValue": 16384},
                    ],
                    "attributes": [
                        {"name": "ecs.instance-type", "value": "m7.xlarge"},
                        {"name": "ecs.availability-zone", "value": format!("eu-central-1{zone}")},
                    ],
                }),
            );
        }
    }

    /// Numbers of the ACTIVE revisions of a family, oldest first.
    pub fn active_revisions(&self, family: &str) -> Vec<u32> {
        let listed = self.by_hand("ListTaskDefinitions", json!({"familyPrefix": family, "status": "ACTIVE"}));
        let arns = listed["taskDefinitionArns"].as_array().unwrap().clone();
        arns.iter().map(|arn| arn.as_str().unwrap().rsplit_once(':').unwrap().1.parse().unwrap()).collect()
    }

    /// Tags of the service as ECS shows them.
    pub fn tags(&self, name: &str) -> Vec<(String, String)> {
        let tags = self.live(name)["tags"].as_array().cloned().unwrap_or_default();
        let text = |tag: &Value, key: &str| tag[key].as_str().unwrap_or_default().to_owned();
        tags.iter().map(|tag| (text(tag, "key"), text(tag, "value"))).collect()
    }

    /// How many calls that change something were made.
    pub fn writes(&self) -> usize {
        self.aws.calls().iter().filter(|call| is_write(&call.operation)).count()
    }

    /// The Kubernetes Events about a service.
    pub async fn events(&self, name: &str) -> Vec<Event> {
        let api: Api<Event> = Api::namespaced(self.kube.clone(), &self.namespace);
        let all = api.list(&ListParams::default()).await.unwrap();
        all.items.into_iter().filter(|event| event.involved_object.name.as_deref() == Some(name)).collect()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some((_, running)) = self.running.take() {
            running.abort();
        }
    }
}

async fn make_namespace(kube: &Client, name: &str) {
    let meta = ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() };
    let object = Namespace { metadata: meta, ..Namespace::default() };
    Api::all(kube.clone()).create(&PostParams::default(), &object).await.unwrap();
}

/// What the API server says about a refused request.
fn told(outcome: Result<(), kube::Error>) -> String {
    match outcome {
        Err(kube::Error::Api(refusal)) => refusal.message.clone(),
        other => panic!("a refusal was expected, not {other:?}"),
    }
}

/// Whether an operation of AWS changes something.
pub fn is_write(operation: &str) -> bool {
    !["Describe", "List", "Get"].iter().any(|word| operation.starts_with(word))
}
