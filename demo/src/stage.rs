//! Where the story plays: a kube-apiserver, AWS behind an address, and the operator between them.

use crate::shell::Shell;
use crate::terminal::{aside, say};
use anyhow::{Context as _, Result};
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use console::style;
use ecs_operator::api::EcsService;
use ecs_operator::aws::connection::{Connection, DEFAULT};
use ecs_operator::aws::pace::Pacer;
use ecs_operator::aws::reflector::Polling;
use ecs_operator::clock::Clock;
use ecs_operator::engine::brake::Limit;
use ecs_operator::health::Readiness;
use ecs_operator::metrics::Metrics;
use ecs_operator::operator::Operator;
use ecs_operator::settings::Guard;
use envtest::{Assets, ControlPlane};
use kube::{Api, Client};
use serde_json::{Value, json};
use simulator::{Settings, Simulator};
use std::collections::BTreeMap;
use std::fs::File;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

/// The account that AWS is simulated for; also the access key, which the simulator takes for the account.
const ACCOUNT: &str = "111122223333";
const REGION: &str = "eu-central-1";
/// The cluster of the sample manifests.
pub const CLUSTER: &str = "demo";

/// Everything that runs. Dropping it ends all of it.
pub struct Stage {
    /// AWS.
    pub aws: Simulator,
    /// Where commands run.
    pub shell: Shell,
    /// The Kubernetes API, as an administrator.
    pub kube: Client,
    /// The one source of time.
    pub clock: Clock,
    endpoint: String,
    speed: f64,
    background: parking_lot::Mutex<JoinSet<()>>,
    plane: ControlPlane,
}

impl Stage {
    /// Starts kube-apiserver and AWS. The operator waits until its kinds are installed: [`Stage::start_operator`].
    ///
    /// # Errors
    /// When a program cannot be found, built or started; no port is free.
    pub async fn set(speed: f64) -> Result<Self> {
        println!("{}\n", style("ecs-operator at work").bold());
        say(&format!(
            "A real kube-apiserver, the operator, and a simulated AWS, all on this machine. A minute of AWS takes {:.0} seconds \
             here, so its clock runs ahead. Lines that begin with $ are commands as you would type them, with what they printed.",
            60.0 / speed
        ));
        aside("Starting kube-apiserver and etcd (built first where there are none, which takes some minutes) ...");
        let plane = ControlPlane::start().await.context("start a Kubernetes API")?;
        let kubectl = Assets::kubectl().await.context("find a kubectl")?;
        log_to_file(&plane)?;

        let aws =
            Simulator::new(Settings { speed, account: ACCOUNT.to_owned(), region: REGION.to_owned(), ..Settings::default() });
        let listener = TcpListener::bind("127.0.0.1:0").await.context("listen on 127.0.0.1 for AWS calls")?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let mut background = JoinSet::new();
        let serving = aws.clone();
        background.spawn(async move {
            if let Err(error) = serving.serve(listener, std::future::pending()).await {
                crate::terminal::bad(&format!("the simulated AWS ended: {error:#}"));
            }
        });
        furnish(&aws)?;
        let stage = Self {
            shell: Shell::new(&kubectl, plane.kubeconfig(), plane.dir())?,
            kube: plane.client().await?,
            clock: Clock::of_the_machine(),
            aws,
            endpoint,
            speed,
            background: parking_lot::Mutex::new(background),
            plane,
        };
        println!("\n  Kubernetes  {}", stage.plane.url());
        println!("  AWS         {}  account {ACCOUNT}, {REGION}, ECS cluster \"{CLUSTER}\"", stage.endpoint);
        Ok(stage)
    }

    /// Starts the operator, with its credentials and its way to AWS over HTTP.
    ///
    /// # Errors
    /// When the way to AWS lacks something.
    pub fn start_operator(&self) -> Result<()> {
        let credentials = Credentials::new(ACCOUNT, "any", None, None, "demo");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .endpoint_url(&self.endpoint)
            .build();
        let connection = Connection::new(DEFAULT, &config, Pacer::new()).context("connect to the simulated AWS")?;
        let seconds = |simulated: f64| Duration::from_secs_f64((simulated / self.speed).max(0.1));
        let operator = Operator {
            kube: self.kube.clone(),
            connection,
            installation: "demo".to_owned(),
            namespaces: Vec::new(),
            polling: Polling {
                settled: seconds(60.0),
                rolling: seconds(2.0),
                stopped_tasks: seconds(4.0),
                in_turn: seconds(4.0),
                window: Duration::from_millis(20),
            },
            metrics: Arc::new(Metrics::new()),
            readiness: Readiness::new(),
            concurrency: 8,
            guard: Guard::Enforce,
            brake: Limit { deletions: 20, within: Duration::from_mins(10) },
        };
        self.background.lock().spawn(operator.run(CancellationToken::new()));
        Ok(())
    }

    /// The services of the namespace in which the story plays.
    pub fn services(&self) -> Api<EcsService> {
        Api::namespaced(self.kube.clone(), "default")
    }

    /// Where AWS answers, which is also the proxy to its load balancers.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// How many load balancers there are in AWS.
    pub fn load_balancers(&self) -> usize {
        let answer = self.aws.call_elb("DescribeLoadBalancers", json!({})).unwrap_or_default();
        answer["LoadBalancers"].as_array().map_or(0, Vec::len)
    }

    /// A service as ECS describes it; null where ECS does not know it.
    pub fn in_ecs(&self, name: &str) -> Value {
        let answer = self.aws.call("DescribeServices", json!({"cluster": CLUSTER, "services": [name]}));
        answer.map(|mut answer| answer["services"][0].take()).unwrap_or_default()
    }

    /// How often each operation that writes to ECS was called so far.
    pub fn writes(&self) -> BTreeMap<String, u64> {
        let reads = ["Describe", "List", "Get"];
        let counts = self.aws.counts().into_iter();
        counts.filter(|(operation, _)| !reads.iter().any(|read| operation.starts_with(read))).collect()
    }

    /// Shows the end of the operator's log, where the reason of a failure may stand.
    pub fn last_words(&self) {
        let log = std::fs::read_to_string(self.plane.dir().join("operator.log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        println!("\nThe end of the operator's log:");
        lines[lines.len().saturating_sub(20)..].iter().for_each(|line| println!("  {line}"));
    }

    /// Says what one can do now that the story is over.
    pub fn invite(&self) {
        let links = self.shell.programs().display();
        println!("\n{}\n", style("Now it is yours").bold());
        say("All of it stays up until you press Ctrl-C. In another terminal, in this folder:");
        println!("\n  export KUBECONFIG={}\n  export PATH={links}:$PATH\n", self.plane.kubeconfig().display());
        let remarked = |remark: &str, command: &str| println!("  {}\n  {command}", style(format!("# {remark}")).dim());
        remarked("all that the operator keeps; watch it while you do one of the others", "kubectl get ecssvc -o wide --watch");
        println!("  kubectl get ecs");
        remarked("a HorizontalPodAutoscaler does the same", "kubectl scale ecssvc shop --replicas=6");
        remarked(
            "a new image rolls out to service shop; one with missing, crash or slow in its name does that",
            "kubectl edit ecstd shop",
        );
        remarked(
            "new tasks of the same revision",
            "kubectl annotate ecssvc api --overwrite ecs-operator.io/restarted-at=$(date +%s)",
        );
        remarked("a host on a load balancer of its own; then", "kubectl apply -f deploy/samples/exposed.yaml");
        println!("  curl -x {} http://site.example.com/", self.endpoint);
        remarked("what a field is, what unset means, what an edit does", "kubectl explain ecssvc.spec.desiredCount");
        println!("\nThe simulated AWS answers any AWS client:\n");
        println!("  export AWS_ENDPOINT_URL={} AWS_REGION={REGION}", self.endpoint);
        println!("  export AWS_ACCESS_KEY_ID={ACCOUNT} AWS_SECRET_ACCESS_KEY=any");
        println!("  aws ecs describe-services --cluster {CLUSTER} --services shop");
        remarked("how often each operation was called", "curl -s $AWS_ENDPOINT_URL/_simulator/counts");
        println!("\nThe operator's log, and those of kube-apiserver and etcd:\n\n  ls {}", self.plane.dir().display());
    }
}

/// What an account has before the operator comes: a cluster, and instances for the samples that want them.
fn furnish(aws: &Simulator) -> Result<()> {
    let call = |operation: &str, input: Value| {
        aws.call(operation, input).map_err(|error| anyhow::anyhow!("{operation}: {}: {}", error.code, error.message))
    };
    call("CreateCluster", json!({"clusterName": CLUSTER, "capacityProviders": ["FARGATE", "FARGATE_SPOT"]}))?;
    for zone in ["eu-central-1a", "eu-central-1b"] {
        let attributes = json!([
            {"name": "ecs.instance-type", "value": "m7.large"},
            {"name": "ecs.availability-zone", "value": zone},
        ]);
        call("RegisterContainerInstance", json!({"cluster": CLUSTER, "attributes": attributes}))?;
    }
    Ok(())
}

/// The operator's log goes to a file beside those of kube-apiserver and etcd.
fn log_to_file(plane: &ControlPlane) -> Result<()> {
    let path = plane.dir().join("operator.log");
    let file = File::create(&path).with_context(|| format!("write {}", path.display()))?;
    let lines = tracing_subscriber::fmt().with_env_filter(EnvFilter::new("info")).with_ansi(false);
    lines
        .with_writer(std::sync::Mutex::new(file))
        .try_init()
        .map_err(|error| anyhow::anyhow!("start the operator's log: {error}"))
}
