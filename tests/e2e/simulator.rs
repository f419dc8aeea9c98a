//! The simulated AWS in its pod, reached through the API server: nothing has to be open between this machine and the cluster.

use crate::cluster::Cluster;
use anyhow::{Result, ensure};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Name of its pod and Service, and its port.
pub const NAME: &str = "simulator";
pub const PORT: u16 = 4566;
/// The ECS cluster of the samples.
pub const CLUSTER: &str = "demo";
/// The account; also the access key, which the simulator takes for the account.
pub const ACCOUNT: &str = "111122223333";
pub const REGION: &str = "eu-central-1";

/// How often each operation was called.
pub type Counts = BTreeMap<String, u64>;

impl Cluster {
    async fn ask(&self, namespace: &str, path: &str, request: http::request::Builder, body: Vec<u8>) -> Result<String> {
        let uri = format!("/api/v1/namespaces/{namespace}/services/http:{NAME}:{PORT}/proxy{path}");
        Ok(self.kube.request_text(request.uri(uri).body(body)?).await?)
    }

    /// A call of ECS.
    pub async fn ecs(&self, namespace: &str, operation: &str, input: &Value) -> Result<Value> {
        let request = http::Request::builder()
            .method("POST")
            .header("x-amz-target", format!("AmazonEC2ContainerServiceV20141113.{operation}"))
            .header("content-type", "application/x-amz-json-1.1");
        Ok(serde_json::from_str(&self.ask(namespace, "/", request, serde_json::to_vec(input)?).await?)?)
    }

    /// A call of Elastic Load Balancing; the answer is XML.
    pub async fn elb(&self, namespace: &str, operation: &str) -> Result<String> {
        let request = http::Request::builder().method("POST").header("content-type", "application/x-www-form-urlencoded");
        self.ask(namespace, "/", request, format!("Action={operation}&Version=2015-12-01").into_bytes()).await
    }

    /// How often each operation that writes was called.
    pub async fn writes(&self, namespace: &str) -> Result<Counts> {
        let all: Counts =
            serde_json::from_str(&self.ask(namespace, "/_simulator/counts", http::Request::builder(), Vec::new()).await?)?;
        let is_read = |operation: &str| ["Describe", "List", "Get", "Assume"].iter().any(|read| operation.starts_with(read));
        Ok(all.into_iter().filter(|(operation, _)| !is_read(operation)).collect())
    }

    /// What an account has before the operator comes: a cluster, and instances for the samples that want them.
    pub async fn furnish(&self, namespace: &str) -> Result<()> {
        let cluster = json!({"clusterName": CLUSTER, "capacityProviders": ["FARGATE", "FARGATE_SPOT"]});
        self.ecs(namespace, "CreateCluster", &cluster).await?;
        for zone in ["eu-central-1a", "eu-central-1b"] {
            let attributes = json!([
                {"name": "ecs.instance-type", "value": "m7.large"},
                {"name": "ecs.availability-zone", "value": zone},
            ]);
            let instance = json!({"cluster": CLUSTER, "attributes": attributes});
            self.ecs(namespace, "RegisterContainerInstance", &instance).await?;
        }
        Ok(())
    }

    /// Status in ECS of a service; null where ECS does not know it.
    pub async fn in_ecs(&self, namespace: &str, name: &str) -> Result<Value> {
        let input = json!({"cluster": CLUSTER, "services": [name]});
        Ok(self.ecs(namespace, "DescribeServices", &input).await?["services"][0]["status"].take())
    }

    /// Fails while something that costs money is left in AWS.
    pub async fn is_empty(&self, namespace: &str) -> Result<()> {
        let services = self.ecs(namespace, "ListServices", &json!({"cluster": CLUSTER})).await?;
        ensure!(services["serviceArns"] == json!([]), "services are left: {}", services["serviceArns"]);
        for operation in ["DescribeLoadBalancers", "DescribeTargetGroups"] {
            let found = self.elb(namespace, operation).await?;
            ensure!(!found.contains("<member>"), "{operation} finds some: {found}");
        }
        Ok(())
    }
}

/// How often an operation was called between two looks.
pub fn between(before: &Counts, after: &Counts, operation: &str) -> u64 {
    let of = |counts: &Counts| counts.get(operation).copied().unwrap_or_default();
    of(after) - of(before)
}
