//! What a walk or a story plays in.

use crate::kubernetes::Kubernetes;
use crate::life::Life;
use ecs_operator::aws::connection::{Connection, config_in_process};
use ecs_operator::aws::pace::Pacer;
use ecs_operator::aws::reflector::Polling;
use ecs_operator::engine::brake::Limit;
use ecs_operator::health::Readiness;
use ecs_operator::metrics::Metrics;
use ecs_operator::operator::Operator;
use ecs_operator::settings::Guard;
use serde_json::{Value, json};
use simulator::{Settings, Simulator};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;

/// The cluster that is there from the start.
pub const CLUSTER: &str = "demo";
/// How long the lease of a process that died keeps its successor waiting.
pub const LEASE: Duration = Duration::from_secs(15);

pub struct World {
    pub kubernetes: Kubernetes,
    pub aws: Simulator,
    pub life: Life,
    pub guard: Guard,
    running: Option<JoinHandle<()>>,
}

impl World {
    /// A cluster in AWS, and an operator that is at work.
    pub fn new(settings: Settings) -> Self {
        Self::with_guard(settings, Guard::Off)
    }

    /// The same where the policy of a namespace is asked, or not.
    pub fn with_guard(settings: Settings, guard: Guard) -> Self {
        let aws = Simulator::new(Settings { latency: Duration::from_millis(20), ..settings });
        aws.call("CreateCluster", json!({"clusterName": CLUSTER})).unwrap();
        let mut world = Self { kubernetes: Kubernetes::new(), aws, life: Life::new(), guard, running: None };
        world.start_operator();
        world
    }

    pub fn start_operator(&mut self) {
        self.life = Life::new();
        let config = config_in_process(self.life.aws(self.aws.http_client()), "111122223333", "eu-central-1");
        let operator = Operator {
            kube: self.kubernetes.client(&self.life),
            connection: Connection::of_account("default", &config, Pacer::new(), "111122223333".to_owned()).unwrap(),
            installation: "test-installation".to_owned(),
            namespaces: Vec::new(),
            polling: Polling::default(),
            metrics: Arc::new(Metrics::new()),
            readiness: Readiness::new(),
            concurrency: 8,
            guard: self.guard,
            brake: Limit::NONE,
        };
        self.running = Some(tokio::spawn(operator.run(<_>::default())));
    }

    /// The process dies at once.
    pub async fn stop_operator(&mut self) {
        if let Some(running) = self.running.take() {
            running.abort();
            let _ = running.await;
        }
    }

    /// The process dies at once, and its successor starts when the lease has run out.
    pub async fn replace_operator(&mut self) {
        self.stop_operator().await;
        pass(LEASE).await;
        self.start_operator();
    }

    /// Lets time pass. An operator that dies meanwhile is replaced.
    pub async fn pass(&mut self, time: Duration) {
        let end = tokio::time::Instant::now() + time;
        while tokio::time::Instant::now() < end {
            pass(Duration::from_secs(1)).await;
            if self.life.is_over() {
                self.replace_operator().await;
            }
        }
    }

    /// Waits until something holds, for so long at most. Says whether it does.
    pub async fn until(&mut self, patience: Duration, holds: impl Fn(&Self) -> bool) -> bool {
        let end = tokio::time::Instant::now() + patience;
        while !holds(self) {
            if tokio::time::Instant::now() > end {
                return false;
            }
            self.pass(Duration::from_secs(1)).await;
        }
        true
    }

    /// A service as Kubernetes has it.
    pub fn service(&self, name: &str) -> Value {
        self.kubernetes.get("ecsservices", name).unwrap_or_default()
    }

    /// A condition of a service.
    pub fn condition(&self, name: &str, kind: &str) -> Value {
        condition(&self.service(name), kind)
    }

    /// Whether a service is Ready for its newest generation.
    pub fn is_ready(&self, name: &str) -> bool {
        is_ready(&self.service(name))
    }

    /// A service as ECS describes it.
    pub fn live(&self, name: &str) -> Value {
        let input = json!({"cluster": CLUSTER, "services": [name], "include": ["TAGS"]});
        self.aws.call("DescribeServices", input).unwrap()["services"][0].clone()
    }

    /// A task definition as ECS describes it.
    pub fn revision(&self, arn: &Value) -> Value {
        self.aws.call("DescribeTaskDefinition", json!({"taskDefinition": arn, "include": ["TAGS"]})).unwrap_or_default()
    }

    /// ARNs of the ACTIVE revisions of a family, oldest first.
    pub fn active_revisions(&self, family: &str) -> Vec<Value> {
        let listed = self.aws.call("ListTaskDefinitions", json!({"familyPrefix": family, "status": "ACTIVE"})).unwrap();
        listed["taskDefinitionArns"].as_array().unwrap().clone()
    }

    /// How many rollouts a service has had.
    pub fn rollouts(&self, name: &str) -> usize {
        let listed = self.aws.call("ListServiceDeployments", json!({"cluster": CLUSTER, "service": name}));
        listed.map_or(0, |listed| listed["serviceDeployments"].as_array().map_or(0, Vec::len))
    }

    /// How often an operation was called.
    pub fn count(&self, operation: &str) -> usize {
        self.aws.calls().iter().filter(|call| call.operation == operation).count()
    }

    /// How many calls that change something were made.
    pub fn writes(&self) -> usize {
        self.aws.calls().iter().filter(|call| is_write(&call.operation)).count()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            running.abort();
        }
    }
}

async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
}

/// Whether an operation of AWS changes something.
pub fn is_write(operation: &str) -> bool {
    !["Describe", "List", "Get"].iter().any(|word| operation.starts_with(word))
}

/// A condition of an object.
pub fn condition(object: &Value, kind: &str) -> Value {
    let all = object["status"]["conditions"].as_array();
    all.into_iter().flatten().find(|one| one["type"] == kind).cloned().unwrap_or_default()
}

/// Whether an object is Ready for its newest generation.
pub fn is_ready(object: &Value) -> bool {
    condition(object, "Ready")["status"] == "True" && object["status"]["observedGeneration"] == object["metadata"]["generation"]
}

/// A service with its own template on Fargate.
pub fn web(name: &str, image: &str, count: u64) -> Value {
    json!({
        "apiVersion": "ecs-operator.io/v1alpha1", "kind": "EcsService", "metadata": {"name": name, "annotations": {}},
        "spec": {
            "cluster": CLUSTER, "desiredCount": count, "launchType": "FARGATE",
            "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-a"], "securityGroups": ["sg-app"]}},
            "deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": true, "rollback": true}},
            "taskDefinitionTemplate": {
                "requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": "256", "memory": "512",
                "executionRoleArn": "arn:aws:iam::111122223333:role/ecs-exec",
                "containerDefinitions": [
                    {"name": "app", "image": image, "portMappings": [{"name": "http", "containerPort": 80}]},
                ],
            },
        },
    })
}
