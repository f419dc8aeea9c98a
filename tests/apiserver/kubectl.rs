//! What a person with kubectl does on an empty cluster: install, apply each sample, look, explain, wait.

use crate::world::{CLUSTER, World, fast};
use ecs_operator::settings::Guard;
use envtest::{Assets, ControlPlane};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use tokio::process::Command;

/// A kubectl that talks to a control plane of the story's own.
pub struct Kubectl {
    program: PathBuf,
    kubeconfig: PathBuf,
    namespace: String,
}

impl Kubectl {
    pub async fn to(plane: &ControlPlane, namespace: &str) -> Self {
        Self {
            program: Assets::kubectl().await.unwrap(),
            kubeconfig: plane.kubeconfig().to_owned(),
            namespace: namespace.to_owned(),
        }
    }

    /// What it prints; it must exit with 0.
    pub async fn run(&self, arguments: &str) -> String {
        let arguments: Vec<&str> = arguments.split_whitespace().collect();
        self.run_all(&arguments).await
    }

    pub async fn run_all(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(&self.program);
        command.arg("--kubeconfig").arg(&self.kubeconfig).args(["-n", &self.namespace]).args(arguments);
        // Its cache of what is served is not shared with the user's.
        command.arg("--cache-dir").arg(self.kubeconfig.with_file_name("kubectl-cache"));
        let output = command.output().await.unwrap();
        let told = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert!(output.status.success(), "kubectl {arguments:?}: {}{}", told(&output.stdout), told(&output.stderr));
        told(&output.stdout)
    }

    async fn apply(&self, file: &Path) -> String {
        self.run_all(&["apply", "-f", file.to_str().unwrap()]).await
    }
}

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn samples() -> Vec<PathBuf> {
    let folder = std::fs::read_dir(project().join("deploy/samples")).unwrap();
    let mut all: Vec<PathBuf> = folder.map(|entry| entry.unwrap().path()).collect();
    all.sort();
    assert!(all.len() > 5);
    all
}

/// A control plane on which a person has installed the kinds.
pub async fn installed() -> (ControlPlane, kube::Client) {
    let plane = ControlPlane::start().await.unwrap();
    let kubectl = Kubectl::to(&plane, "default").await;
    kubectl.apply(&project().join("crds")).await;
    kubectl.run("wait --for=condition=Established --timeout=60s crd --all").await;
    let again = kubectl.apply(&project().join("crds")).await;
    assert!(again.lines().all(|line| line.ends_with("unchanged")), "{again}");
    let kube = plane.client().await.unwrap();
    (plane, kube)
}

/// What the samples take for granted in AWS.
fn furnish(world: &World) {
    world.by_hand(
        "PutClusterCapacityProviders",
        json!({
            "cluster": CLUSTER, "capacityProviders": ["FARGATE", "FARGATE_SPOT"], "defaultCapacityProviderStrategy": [],
        }),
    );
    world.add_container_instances();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_sample_is_accepted_by_plain_apply_and_becomes_ready() {
    let (plane, kube) = installed().await;
    for file in samples() {
        // One account to each sample: several of them stand for the same service.
        let mut world = World::in_cluster(kube.clone(), fast()).await;
        furnish(&world);
        // Nothing is granted but what the sample of a policy grants.
        world.guard = Guard::Enforce;
        world.start_operator();
        let kubectl = Kubectl::to(&plane, &world.namespace).await;
        kubectl.apply(&project().join("deploy/samples/policy.yaml")).await;
        kubectl.apply(&file).await;
        for kind in ["awsconn", "ecspol", "ecstd", "ecslb", "ecstg", "ecsrule", "ecssvc"] {
            if !kubectl.run(&format!("get {kind} -o name")).await.is_empty() {
                kubectl.run(&format!("wait --for=condition=Ready --timeout=60s {kind} --all")).await;
            }
        }
        let again = kubectl.apply(&file).await;
        assert!(again.lines().all(|line| line.ends_with("unchanged")), "{}: {again}", file.display());
        world.stop_operator().await;
    }
    plane.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_looks_with_kubectl() {
    let (plane, kube) = installed().await;
    let mut world = World::in_cluster(kube, fast()).await;
    world.start_operator();
    let kubectl = Kubectl::to(&plane, &world.namespace).await;
    let sample = project().join("deploy/samples/service.yaml");
    kubectl.run_all(&["apply", "--server-side", "-f", sample.to_str().unwrap()]).await;
    kubectl.run("wait --for=condition=Ready --timeout=60s ecssvc/web").await;

    let table = kubectl.run("get ecssvc").await;
    let mut lines = table.lines();
    let header: Vec<&str> = lines.next().unwrap().split_whitespace().collect();
    assert_eq!(header, ["NAME", "READY", "REASON", "ROLLOUT", "DESIRED", "RUNNING", "REVISION", "URL", "AGE"]);
    let row: Vec<&str> = lines.next().unwrap().split_whitespace().collect();
    assert_eq!(row[..7], ["web", "True", "Serving", "Completed", "2", "2", "web:1"]);
    let wide = kubectl.run("get ecssvc -o wide").await;
    for word in [
        "PENDING",
        "EXPOSED",
        "CLUSTER",
        "CONNECTION",
        "STRATEGY",
        "STAGE",
        "MESSAGE",
        "demo",
        "default",
        "ROLLING",
        "web:1 serves",
    ] {
        assert!(wide.contains(word), "{word}: {wide}");
    }
    let all = kubectl.run("get ecs").await;
    assert!(all.contains("ecsservice.ecs-operator.io/web"), "{all}");

    let told = kubectl.run("describe ecssvc web").await;
    for word in ["web:1 serves: 2 of 2 tasks run", "has reached a steady state", "Observed Generation"] {
        assert!(told.contains(word), "{word}: {told}");
    }
    let explained = kubectl.run("explain ecssvc.spec.desiredCount").await;
    assert!(explained.contains("Unset: created with 1"), "{explained}");
    let explained = kubectl.run("explain ecstd.spec.containerDefinitions.image").await;
    assert!(explained.contains("DESCRIPTION"), "{explained}");

    kubectl.run("scale ecssvc web --replicas=3").await;
    kubectl.run("wait --for=jsonpath={.status.runningCount}=3 --timeout=60s ecssvc/web").await;
    kubectl.run("annotate ecssvc web ecs-operator.io/restarted-at=now").await;
    kubectl.run("wait --for=jsonpath={.status.restartedAt}=now --timeout=60s ecssvc/web").await;
    kubectl.run("delete ecssvc web --timeout=60s").await;
    assert_eq!(world.live("web")["status"], "INACTIVE");
    drop(world);
    plane.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_looks_at_load_balancing_with_kubectl() {
    let (plane, kube) = installed().await;
    let world = World::in_cluster(kube, fast()).await;
    let kubectl = Kubectl::to(&plane, &world.namespace).await;
    for file in ["load-balancer.yaml", "target-group.yaml"] {
        kubectl.apply(&project().join("deploy/samples-load-balancing").join(file)).await;
    }
    for (kind, name, status, columns) in [
        ("ecslb", "shared", json!({"type": "application", "state": "active", "dnsName": "shared.elb.example.com"}), 7),
        ("ecstg", "api", json!({"serving": true, "healthy": 3, "unhealthy": 1, "name": "default-api-0123"}), 7),
        ("ecsrule", "api", json!({"priority": 120, "url": "https://api.example.com/"}), 6),
        ("ecssvc", "api", json!({"exposures": [{"name": "grpc", "url": "https://api.example.com/", "ready": true}]}), 9),
    ] {
        let patch = json!({ "status": status }).to_string();
        kubectl.run_all(&["patch", kind, name, "--subresource=status", "--type=merge", "-p", &patch]).await;
        let table = kubectl.run(&format!("get {kind} {name}")).await;
        assert_eq!(table.lines().next().unwrap().split_whitespace().count(), columns, "{table}");
        for value in status.as_object().unwrap().values().filter_map(Value::as_str) {
            assert!(table.contains(value), "{value}: {table}");
        }
    }
    let wide = kubectl.run("get ecsrule api -o wide").await;
    assert!(wide.contains("HOSTS") && wide.contains("api.example.com"), "{wide}");
    assert!(kubectl.run("get ecssvc api").await.contains("https://api.example.com/"));
    assert!(kubectl.run("get ecs").await.contains("ecsloadbalancer.ecs-operator.io/shared"));
    assert!(!kubectl.run("get ecs").await.contains("ecstargetgroup"), "children are in ecs-all");
    let explained = kubectl.run("explain ecssvc.spec.expose.match.hosts").await;
    let words: Vec<&str> = explained.split_whitespace().collect();
    assert!(words.join(" ").contains("Unset: any host"), "{explained}");
    plane.stop().await;
}
