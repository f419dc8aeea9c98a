//! What somebody sees who runs the program: spans at a collector, lines on standard error, and `/metrics`, after something real
//! has happened.

use crate::world::{CLUSTER, World, control_plane, fast, until_some, web};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use serde_json::{Value, json};
use simulator::Fault;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};

/// A collector that keeps what it is sent, and the tokens that came with it.
#[derive(Clone, Default)]
struct Collector {
    requests: Arc<Mutex<Vec<ExportTraceServiceRequest>>>,
    tokens: Arc<Mutex<Vec<String>>>,
}

impl Collector {
    /// Takes spans from now on. Its address.
    async fn listen(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let routes = Router::new().route("/v1/traces", post(take)).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        format!("http://{address}")
    }

    fn spans(&self) -> Vec<Span> {
        let requests = self.requests.lock().unwrap();
        let scopes = requests.iter().flat_map(|it| &it.resource_spans).flat_map(|it| &it.scope_spans);
        scopes.flat_map(|it| it.spans.clone()).collect()
    }

    /// An attribute of the program itself.
    fn resource(&self, key: &str) -> Value {
        let requests = self.requests.lock().unwrap();
        let resource = requests[0].resource_spans[0].resource.as_ref().unwrap();
        attribute(&resource.attributes, key)
    }
}

async fn take(State(collector): State<Collector>, headers: HeaderMap, body: Bytes) {
    collector.tokens.lock().unwrap().push(headers["authorization"].to_str().unwrap().to_owned());
    collector.requests.lock().unwrap().push(ExportTraceServiceRequest::decode(body).unwrap());
}

fn attribute(all: &[KeyValue], key: &str) -> Value {
    let value = all.iter().find(|it| it.key == key).and_then(|it| it.value.clone());
    match value {
        Some(AnyValue { value: Some(any_value::Value::StringValue(text)) }) => json!(text),
        Some(AnyValue { value: Some(any_value::Value::IntValue(number)) }) => json!(number),
        _ => Value::Null,
    }
}

fn hex(id: &[u8]) -> String {
    id.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|digit| char::from_digit(digit.into(), 16).unwrap()).collect()
}

/// The program itself, with the simulator as AWS.
struct Program {
    child: Child,
    listen: String,
    lines: Arc<Mutex<Vec<Value>>>,
}

impl Program {
    async fn start(world: &World, variables: &[(&str, &str)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let aws = world.aws.clone();
        tokio::spawn(async move { aws.serve(listener, std::future::pending()).await });
        // Somebody else could take it in between; nobody does.
        let listen = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().to_string();
        let mut command = command();
        command.env("KUBECONFIG", control_plane().await.kubeconfig()).env("AWS_ENDPOINT_URL", endpoint);
        command.args(["--watch-namespaces", &world.namespace, "--lease-namespace", &world.namespace, "--listen", &listen]);
        command.args(["--guard", "off", "--poll-settled-seconds", "1", "--poll-rolling-seconds", "1"]);
        command.envs(variables.iter().copied()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let (lines, errors) = (Arc::<Mutex<Vec<Value>>>::default(), child.stderr.take().unwrap());
        let kept = Arc::clone(&lines);
        tokio::spawn(async move {
            let mut read = BufReader::new(errors).lines();
            while let Some(line) = read.next_line().await.unwrap() {
                kept.lock().unwrap().push(serde_json::from_str(&line).unwrap_or_else(|_| json!({"not JSON": line})));
            }
        });
        Self { child, listen, lines }
    }

    /// What it answers to a GET.
    async fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.listen).await.unwrap();
        stream.write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    /// Stops it as Kubernetes does.
    async fn stop(&mut self) -> ExitStatus {
        let id = self.child.id().unwrap().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().await.unwrap().success());
        self.child.wait().await.unwrap()
    }

    fn lines(&self) -> Vec<Value> {
        let lines = self.lines.lock().unwrap().clone();
        assert!(lines.iter().all(|line| line["message"].is_string()), "{lines:#?}");
        lines
    }
}

fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ecs-operator"));
    command.env_clear().env("AWS_EC2_METADATA_DISABLED", "true").env("AWS_REGION", "eu-central-1");
    command.env("AWS_ACCESS_KEY_ID", "111122223333").env("AWS_SECRET_ACCESS_KEY", "secret");
    command
}

/// The value of a metric.
fn value(metrics: &str, series: &str) -> Option<f64> {
    metrics.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_to_a_service_is_seen_in_spans_lines_and_metrics() {
    let (world, collector) = (World::without_operator(fast()).await, Collector::default());
    let mut program = Program::start(
        &world,
        &[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.listen().await),
            ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20hunter2"),
            ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=story"),
            // Spans that are few come when the process ends, or never.
            ("OTEL_BSP_SCHEDULE_DELAY", "600000"),
        ],
    )
    .await;
    world.aws.inject(Fault::error("CreateService", "ThrottlingException", "Rate exceeded").times(1));
    world.apply(&web("nginx:1", 1)).await;
    world.until_ready("web").await;
    world.by_hand("UpdateService", json!({"cluster": CLUSTER, "service": "web", "desiredCount": 4}));
    until_some("it is put back", async || {
        let count = world.live("web")["desiredCount"].clone();
        if count == 1 { Ok(()) } else { Err(count.to_string()) }
    })
    .await;
    until_some("all of it is counted", async || {
        let metrics = program.get("/metrics").await;
        of_metrics(&metrics).map_err(|what| format!("{what} in {metrics}"))
    })
    .await;

    let asked = Instant::now();
    assert!(program.stop().await.success(), "{:?}", program.lines());
    assert!(asked.elapsed() < Duration::from_secs(20), "{:?}", asked.elapsed());
    let created = of_lines(&program.lines(), &world.namespace);
    of_spans(&collector, &world.namespace, &created);
    assert!(collector.tokens.lock().unwrap().iter().all(|it| it == "Bearer hunter2"));
    let secrets = format!("{:?}{:?}", program.lines(), collector.spans());
    assert!(!secrets.contains("hunter2"), "headers are nobody's business");
}

/// What is missing of what should stand in `/metrics`.
fn of_metrics(metrics: &str) -> Result<(), &'static str> {
    let is =
        |series: &'static str, holds: fn(f64) -> bool| value(metrics, series).filter(|it| holds(*it)).map(drop).ok_or(series);
    let some = |it: f64| it > 0.0;
    let one = |it: f64| (it - 1.0).abs() < f64::EPSILON;
    is(r#"ecs_operator_workqueue_queue_duration_seconds_count{kind="EcsService"}"#, some)?;
    is(r#"ecs_operator_workqueue_depth{kind="EcsService"}"#, |it| it < 2.0)?;
    is(r#"ecs_operator_workqueue_longest_wait_seconds{kind="EcsService"}"#, |it| it < 30.0)?;
    is(r#"ecs_operator_active_workers{kind="EcsService"}"#, |it| it < 2.0)?;
    is(r#"ecs_operator_poll_age_seconds{what="services"}"#, |it| it < 30.0)?;
    is(r#"ecs_operator_poll_interval_seconds{what="services"}"#, one)?;
    is(r#"ecs_operator_drift_found_total{kind="EcsService",outcome="Corrected"}"#, some)?;
    is(r#"ecs_operator_rollouts_total{outcome="Completed"}"#, one)?;
    is(r#"ecs_operator_aws_call_wait_seconds_count{operation="CreateService"}"#, |it| (it - 2.0).abs() < f64::EPSILON)?;
    is(r#"ecs_operator_aws_calls_total{operation="CreateService",outcome="ok"}"#, one)?;
    is(r#"ecs_operator_aws_calls_total{operation="CreateService",outcome="AwsThrottled"}"#, one)?;
    is(r#"ecs_operator_aws_throttled_total{operation="CreateService"}"#, one)?;
    is(r#"ecs_operator_reconcile_total{kind="EcsService",result="Settled"}"#, some)
}

/// Each change in AWS is one line. Returns the one of `CreateService`.
fn of_lines(lines: &[Value], namespace: &str) -> Value {
    let changes: Vec<&Value> = lines.iter().filter(|line| line["message"] == "changed AWS").collect();
    for line in &changes {
        assert_eq!((&line["namespace"], &line["name"], &line["level"]), (&json!(namespace), &json!("web"), &json!("INFO")));
        assert!(line["resource"].as_str().unwrap().starts_with("arn:aws:ecs:eu-central-1:111122223333:"), "{line}");
        assert!(line["request_id"].is_string() && line["trace_id"].is_string() && line["span_id"].is_string(), "{line}");
    }
    let of = |operation: &str| changes.iter().filter(|line| line["operation"] == operation).copied().collect::<Vec<_>>();
    assert_eq!((of("RegisterTaskDefinition").len(), of("CreateService").len()), (1, 1), "{changes:?}");
    assert!(of("RegisterTaskDefinition")[0]["kind"] == "EcsTaskDefinition" && of("CreateService")[0]["kind"] == "EcsService");
    assert!(!of("UpdateService").is_empty(), "what was put back is a change too: {changes:?}");
    of("CreateService")[0].clone()
}

/// The span of the pass has those of its calls and writes below it, and the line of the call leads there.
fn of_spans(collector: &Collector, namespace: &str, line: &Value) {
    let spans = collector.spans();
    let named = |name: &str| spans.iter().filter(|it| it.name == name).collect::<Vec<_>>();
    let [call] = named("ECS.CreateService")[..] else { panic!("one call: {:?}", named("ECS.CreateService")) };
    assert_eq!((&line["trace_id"], &line["span_id"]), (&json!(hex(&call.trace_id)), &json!(hex(&call.span_id))));
    for (key, value) in [
        ("rpc.system", json!("aws-api")),
        ("rpc.service", json!("ECS")),
        ("rpc.method", json!("CreateService")),
        ("cloud.region", json!("eu-central-1")),
        ("aws.request_id", line["request_id"].clone()),
        ("ecs_operator.attempts", json!(2)),
        ("ecs_operator.outcome", json!("ok")),
    ] {
        assert_eq!(attribute(&call.attributes, key), value, "{key}");
    }
    let pass = spans.iter().find(|it| it.span_id == call.parent_span_id).unwrap();
    assert!(pass.name == "reconcile EcsService" && pass.parent_span_id.is_empty() && pass.trace_id == call.trace_id);
    for (key, value) in [
        ("k8s.namespace.name", json!(namespace)),
        ("ecs_operator.kind", json!("EcsService")),
        ("ecs_operator.name", json!("web")),
        ("ecs_operator.generation", json!(1)),
        ("ecs_operator.result", json!("Acted")),
    ] {
        assert_eq!(attribute(&pass.attributes, key), value, "{key}");
    }
    let below: Vec<&str> = spans.iter().filter(|it| it.parent_span_id == pass.span_id).map(|it| it.name.as_str()).collect();
    assert!(below.contains(&"write status"), "{below:?}");
    let reads = named("ECS.DescribeServices");
    let sweeps = named("sweep services");
    assert!(reads.iter().any(|read| sweeps.iter().any(|sweep| sweep.span_id == read.parent_span_id)), "{reads:?}");
    assert_eq!(collector.resource("service.name"), "ecs-operator");
    assert_eq!(collector.resource("deployment.environment.name"), "story");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_away_is_told_of_once_and_changes_nothing_else() {
    let world = World::without_operator(fast()).await;
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let variables = [("OTEL_EXPORTER_OTLP_ENDPOINT", &*format!("http://{nobody}")), ("OTEL_BSP_SCHEDULE_DELAY", "50")];
    let mut program = Program::start(&world, &variables).await;
    world.apply(&web("nginx:1", 1)).await;
    world.until_ready("web").await;
    world.delete_and_wait("web").await;
    let asked = Instant::now();
    assert!(program.stop().await.success(), "{:?}", program.lines());
    assert!(asked.elapsed() < Duration::from_secs(20), "{:?}", asked.elapsed());
    let lines = program.lines();
    let told: Vec<&Value> = lines.iter().filter(|line| line["message"].as_str().unwrap().contains("takes no spans")).collect();
    assert_eq!(told.len(), 1, "{lines:?}");
    assert_eq!(told[0]["endpoint"], json!(format!("http://{nobody}/v1/traces")));
    let is_trouble =
        |line: &&Value| line["level"] != "INFO" && *line != told[0] && !line.to_string().contains("the guard is off");
    let trouble: Vec<&Value> = lines.iter().filter(is_trouble).collect();
    assert_eq!(trouble, [] as [&Value; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_variable_that_makes_no_sense_is_refused_at_the_start() {
    let mut command = command();
    command.env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4317").env("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc");
    let output = command.output().await.unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && said.contains("OTEL_EXPORTER_OTLP_PROTOCOL: `grpc` is not spoken here"), "{said}");
}
