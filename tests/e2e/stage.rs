//! What stands in the cluster during a run: two namespaces, the simulated AWS, the chart's release.

use crate::cluster::{Cluster, condition, until};
use crate::images;
use crate::report::Done;
use crate::settings::Settings;
use crate::simulator::{ACCOUNT, NAME, PORT, REGION};
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

/// Where the operator and the simulated AWS are.
pub const OPERATOR: &str = "ecs-e2e";
/// Where the samples are.
pub const SAMPLES: &str = "ecs-e2e-samples";
/// The release, and with it the Deployment and the ServiceAccount.
pub const RELEASE: &str = "ecs-operator";
const CHART: &str = "charts/ecs-operator";
/// Marks the namespaces, so that what a run left that was cut short is known.
const MARK: &str = "ecs-operator.io/e2e";

pub struct Stage {
    pub cluster: Cluster,
    /// What ends a pod's container at once, if there is something.
    pub kill: Option<String>,
    registry: String,
    test_image: Option<String>,
}

impl Stage {
    /// Refuses a cluster in which somebody works with the operator.
    pub async fn new(settings: &Settings) -> Result<Self> {
        let cluster = Cluster::new(&settings.kubeconfig).await?;
        let (kill, registry, test_image) = (settings.kill.clone(), settings.registry.clone(), settings.test_image.clone());
        let stage = Self { cluster, kill, registry, test_image };
        let left = stage.cluster.json(&["namespaces", "--selector", MARK]).await?;
        if left["items"] != json!([]) {
            println!("What an earlier run left is removed first.");
            stage.strike().await?;
        }
        let definitions = stage.cluster.kubectl(&["get", "crd", "--output", "name"]).await?;
        ensure!(
            !definitions.contains(".ecs-operator.io"),
            "this cluster has the definitions of ecs-operator.io already, and a run ends with their removal: take another cluster"
        );
        Ok(stage)
    }

    /// The namespaces, and the simulated AWS in a pod.
    pub async fn simulate(&self) -> Result<Done> {
        self.cluster.kubectl_with(&["apply", "--filename", "-"], &self.surroundings().to_string()).await?;
        self.rolled_out(NAME).await?;
        until("the simulated AWS answers", 30, async || self.cluster.writes(OPERATOR).await.map(drop)).await?;
        self.cluster.furnish(OPERATOR).await?;
        Ok(Done::Passed)
    }

    fn surroundings(&self) -> Value {
        let image = format!("{}{}:{}", self.registry, images::SIMULATOR, images::TAG);
        let labels = json!({"app": NAME});
        let level = json!({MARK: "", "pod-security.kubernetes.io/enforce": "restricted"});
        let namespace =
            |name: &str| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": level}});
        let container = json!({
            "name": NAME, "image": image, "imagePullPolicy": "IfNotPresent",
            "args": ["--listen", format!("0.0.0.0:{PORT}"), "--speed", "10", "--account", ACCOUNT, "--region", REGION],
            "ports": [{"containerPort": PORT}],
            "readinessProbe": {"httpGet": {"path": "/_simulator/clock", "port": PORT}, "periodSeconds": 1},
            "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}},
        });
        let pod = json!({"metadata": {"labels": labels}, "spec": {
            "automountServiceAccountToken": false,
            "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [container],
        }});
        let of = |name: &str| json!({"name": name, "namespace": OPERATOR});
        json!({"apiVersion": "v1", "kind": "List", "items": [
            namespace(OPERATOR),
            namespace(SAMPLES),
            {"apiVersion": "v1", "kind": "Secret", "metadata": of("aws-keys"),
             "stringData": {"AWS_ACCESS_KEY_ID": ACCOUNT, "AWS_SECRET_ACCESS_KEY": "any"}},
            {"apiVersion": "v1", "kind": "Service", "metadata": of(NAME),
             "spec": {"selector": labels, "ports": [{"port": PORT}]}},
            {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": of(NAME),
             "spec": {"selector": {"matchLabels": labels}, "template": pod}},
        ]})
    }

    /// Installs the chart. The address of the Service, not its name: a cluster may have no DNS.
    pub async fn install(&self) -> Result<Done> {
        let address = self.cluster.json(&["service", NAME, "--namespace", OPERATOR]).await?;
        let address = address["spec"]["clusterIP"].as_str().context("the simulator's Service has no address")?.to_owned();
        let mut values = vec![
            format!("image.repository={}{}", self.registry, images::OPERATOR),
            format!("image.tag={}", images::TAG),
            format!("aws.region={REGION}"),
            format!("aws.endpointUrl=http://{address}:{PORT}"),
            "aws.credentialsSecret=aws-keys".to_owned(),
            "settings.pollRollingSeconds=1".to_owned(),
            "settings.pollSettledSeconds=5".to_owned(),
        ];
        values.extend(self.test_image.iter().map(|image| format!("tests.image={image}")));
        let values: Vec<&str> = values.iter().flat_map(|value| ["--set", value]).collect();
        let install = ["install", RELEASE, CHART, "--namespace", OPERATOR, "--wait", "--timeout", "3m"];
        self.cluster.helm(&[&install[..], &values].concat()).await?;
        self.rolled_out(RELEASE).await?;
        Ok(Done::Passed)
    }

    /// Changes values of the release, and waits until its pods have them.
    pub async fn upgrade(&self, value: &str) -> Result<()> {
        let words = ["upgrade", RELEASE, CHART, "--namespace", OPERATOR, "--reset-then-reuse-values", "--set", value];
        self.cluster.helm(&[&words[..], &["--wait", "--timeout", "3m"]].concat()).await?;
        self.rolled_out(RELEASE).await
    }

    pub async fn uninstall(&self) -> Result<()> {
        let words = ["uninstall", RELEASE, "--namespace", OPERATOR, "--ignore-not-found", "--wait", "--timeout", "2m"];
        self.cluster.helm(&words).await.map(drop)
    }

    /// Waits until a Deployment has the pods that are declared.
    pub async fn rolled_out(&self, deployment: &str) -> Result<()> {
        let name = format!("deployment/{deployment}");
        self.cluster.kubectl(&["rollout", "status", &name, "--namespace", OPERATOR, "--timeout", "2m"]).await.map(drop)
    }

    /// Names of the operator's pods that are there to stay.
    pub async fn pods(&self) -> Result<Vec<String>> {
        let selector = format!("app.kubernetes.io/name={RELEASE}");
        let all = self.cluster.json(&["pods", "--namespace", OPERATOR, "--selector", &selector]).await?;
        let stays = |pod: &&Value| pod["metadata"]["deletionTimestamp"].is_null();
        let name = |pod: &Value| pod["metadata"]["name"].as_str().map(str::to_owned);
        Ok(all["items"].as_array().into_iter().flatten().filter(stays).filter_map(name).collect())
    }

    /// Who holds the Lease: the name of a pod, and behind `_` what sets a container apart from the one before it there.
    pub async fn holder(&self) -> Result<String> {
        let lease = self.cluster.json(&["lease", RELEASE, "--namespace", OPERATOR]).await?;
        Ok(lease["spec"]["holderIdentity"].as_str().context("nobody holds the Lease")?.to_owned())
    }

    /// The pod that holds the Lease.
    pub async fn leader(&self) -> Result<String> {
        Ok(self.holder().await?.split('_').next().unwrap_or_default().to_owned())
    }

    /// Every object of ours in the samples' namespace.
    pub async fn samples(&self) -> Result<Vec<Value>> {
        let mut all = self.cluster.json(&["ecs-all", "--namespace", SAMPLES]).await?;
        Ok(all["items"].as_array_mut().map(std::mem::take).unwrap_or_default())
    }

    /// What may tell why something failed.
    pub async fn last_words(&self) {
        println!("\n== What there is");
        let selector = format!("app.kubernetes.io/name={RELEASE}");
        let asked: [&[&str]; 3] = [
            &["get", "pods,events", "--namespace", OPERATOR, "--output", "wide"],
            &["logs", "--namespace", OPERATOR, "--selector", &selector, "--tail", "20", "--prefix"],
            &["get", "ecs-all", "--namespace", SAMPLES],
        ];
        for words in asked {
            println!("{}", self.cluster.kubectl(words).await.unwrap_or_else(|error| error.to_string()));
        }
        for object in self.samples().await.unwrap_or_default() {
            let ready = condition(&object, "Ready");
            if ready["status"] != "True" {
                println!("{} {}: {ready}", object["kind"], object["metadata"]["name"]);
            }
        }
    }

    /// Removes everything, in the order of docs/install.md. Objects that the operator cannot let go of, because a run was cut
    /// short, are freed by hand: what they stand for is simulated.
    pub async fn strike(&self) -> Result<Done> {
        self.cluster.strike_applications().await?;
        let definitions = self.cluster.kubectl(&["get", "crd", "--output", "name"]).await?;
        if definitions.contains(".ecs-operator.io") {
            // What others need comes last: a policy is held while something of its namespace is in AWS, a connection while
            // something was made through it.
            for kind in ["ecs-all", "ecspol", "awsconnections"] {
                let words = ["delete", kind, "--all", "--namespace", SAMPLES, "--timeout", "60s"];
                if let Err(error) = self.cluster.kubectl(&words).await {
                    println!("   {error:#}");
                    self.free(kind).await?;
                }
            }
        }
        self.uninstall().await?;
        let selector = "app.kubernetes.io/part-of=ecs-operator";
        self.cluster.kubectl(&["delete", "crd", "--selector", selector, "--timeout", "60s"]).await?;
        let words = ["delete", "namespace", OPERATOR, SAMPLES, "--ignore-not-found", "--timeout", "2m"];
        self.cluster.kubectl(&words).await?;
        Ok(Done::Passed)
    }

    async fn free(&self, kind: &str) -> Result<()> {
        let all = self.cluster.json(&[kind, "--namespace", SAMPLES]).await?;
        for object in all["items"].as_array().into_iter().flatten() {
            let (kind, name) =
                (object["kind"].as_str().unwrap_or_default(), object["metadata"]["name"].as_str().unwrap_or_default());
            let patch = r#"{"metadata":{"finalizers":null}}"#;
            self.cluster.kubectl(&["patch", kind, name, "--namespace", SAMPLES, "--type", "merge", "--patch", patch]).await?;
        }
        Ok(())
    }
}
