//! What lines and spans look like when calls are made, with a collector in the process.

use super::*;
use crate::aws::Pacer;
use crate::aws::connection::{Connection, config_in_process};
use crate::trace::Subject;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use opentelemetry::trace::{SpanId, SpanKind, Status, TracerProvider};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanData, SpanExporter};
use parking_lot::Mutex;
use serde_json::{Value, json};
use simulator::{Fault, Settings, Simulator};
use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;
use tracing::Instrument;

#[test]
fn a_filter_of_one_module_is_read() {
    assert_eq!(read_filter("info,ecs_operator=debug").unwrap().to_string(), "ecs_operator=debug,info");
}

#[test]
fn a_filter_that_means_nothing_is_refused() {
    assert!(read_filter("ecs_operator=loud").is_err());
}

/// What was written and sent.
#[derive(Clone, Debug, Default)]
struct Heard {
    text: Arc<Mutex<Vec<u8>>>,
    spans: Arc<Mutex<Vec<SpanData>>>,
}

impl Write for Heard {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.text.lock().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl SpanExporter for Heard {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.spans.lock().extend(batch);
        Ok(())
    }
}

impl Heard {
    fn subscriber(&self, is_traced: bool) -> impl Subscriber + Send + Sync {
        let provider = SdkTracerProvider::builder().with_simple_exporter(self.clone()).build();
        let (tracer, out) = (provider.tracer("test"), self.clone());
        subscriber(LogFormat::Json, read_filter("info").unwrap(), move || out.clone(), is_traced.then_some(tracer))
    }

    fn lines(&self) -> Vec<Value> {
        let text = String::from_utf8(self.text.lock().clone()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn spans(&self) -> Vec<SpanData> {
        self.spans.lock().clone()
    }
}

fn attributes(span: &SpanData) -> BTreeMap<String, String> {
    span.attributes.iter().map(|pair| (pair.key.to_string(), pair.value.to_string())).collect()
}

fn connection(aws: &Simulator) -> Connection {
    let config = config_in_process(SharedHttpClient::new(aws.http_client()), "111122223333", "eu-central-1");
    Connection::of_account("default", &config, Pacer::new(), "111122223333".to_owned()).unwrap()
}

/// A pass that makes a tag, looks at the cluster, and is refused.
async fn pass(aws: &Simulator) {
    let ecs = connection(aws).ecs;
    let subject = Subject { kind: "EcsService", namespace: "shop".to_owned(), name: "web".to_owned() };
    let span = trace::pass(&subject, Some(3), "object", Duration::from_millis(1500));
    let work = async {
        let cluster = ecs.describe_cluster("demo").await.unwrap().unwrap();
        let arn = "arn:aws:ecs:eu-central-1:111122223333:cluster/demo";
        assert_eq!(cluster.arn, arn);
        ecs.tag_resource(arn, &BTreeMap::from([("team".to_owned(), "hunter2".to_owned())])).await.unwrap();
        aws.inject(Fault::error("UntagResource", "AccessDeniedException", "no such right").times(1));
        ecs.untag_resource(arn, &["team".to_owned()]).await.unwrap_err();
        trace::pass_ended("AwsAccessDenied", true);
    };
    subject.during(work).instrument(span).await;
}

fn aws() -> Simulator {
    let aws = Simulator::new(Settings::default());
    aws.call("CreateCluster", json!({"clusterName": "demo"})).unwrap();
    aws
}

#[tokio::test]
async fn a_pass_is_a_span_with_its_calls_below_it() {
    let heard = Heard::default();
    let _guard = tracing::subscriber::set_default(heard.subscriber(true));
    pass(&aws()).await;
    let spans = heard.spans();
    let names: Vec<&str> = spans.iter().map(|span| span.name.as_ref()).collect();
    assert_eq!(names, ["ECS.DescribeClusters", "ECS.TagResource", "ECS.UntagResource", "reconcile EcsService"]);
    let pass = &spans[3];
    assert_eq!(pass.parent_span_id, SpanId::INVALID, "it begins a trace");
    assert_eq!(pass.status, Status::error(""));
    let of_pass = attributes(pass);
    for (key, value) in [
        ("k8s.namespace.name", "shop"),
        ("ecs_operator.kind", "EcsService"),
        ("ecs_operator.name", "web"),
        ("ecs_operator.generation", "3"),
        ("ecs_operator.trigger", "object"),
        ("ecs_operator.queue_ms", "1500"),
        ("ecs_operator.result", "AwsAccessDenied"),
        ("error.type", "AwsAccessDenied"),
    ] {
        assert_eq!(of_pass.get(key).map(String::as_str), Some(value), "{key}: {of_pass:?}");
    }
    for call in &spans[..3] {
        assert_eq!(call.parent_span_id, pass.span_context.span_id(), "{}", call.name);
        assert_eq!(call.span_kind, SpanKind::Client);
        let of_call = attributes(call);
        assert_eq!((of_call["cloud.region"].as_str(), of_call["ecs_operator.attempts"].as_str()), ("eu-central-1", "1"));
        assert!(of_call["aws.request_id"].len() > 8, "{of_call:?}");
        assert!(of_call.contains_key("ecs_operator.pacer_wait_ms"));
    }
    assert_eq!(attributes(&spans[1])["ecs_operator.outcome"], "ok");
    assert_eq!((attributes(&spans[2])["error.type"].as_str(), &spans[2].status), ("AwsAccessDenied", &Status::error("")));
    assert!(!format!("{spans:?}").contains("hunter2"), "no value of a request is in a span");
}

#[tokio::test]
async fn a_throttled_call_is_one_span_that_tells_how_often_it_was_tried() {
    let heard = Heard::default();
    let _guard = tracing::subscriber::set_default(heard.subscriber(true));
    let aws = aws();
    aws.inject(Fault::error("DescribeClusters", "ThrottlingException", "Rate exceeded").times(1));
    connection(&aws).ecs.describe_cluster("demo").await.unwrap();
    let spans = heard.spans();
    assert_eq!(spans.len(), 1, "{spans:?}");
    assert_eq!((attributes(&spans[0])["ecs_operator.attempts"].as_str(), &spans[0].status), ("2", &Status::Unset));
    let keys: Vec<_> = spans[0].attributes.iter().map(|pair| &pair.key).collect();
    assert_eq!(keys.len(), attributes(&spans[0]).len(), "each once: {keys:?}");
}

#[tokio::test]
async fn each_change_in_aws_and_each_refusal_is_one_line_that_leads_to_its_trace() {
    let heard = Heard::default();
    let _guard = tracing::subscriber::set_default(heard.subscriber(true));
    pass(&aws()).await;
    let (lines, spans) = (heard.lines(), heard.spans());
    assert_eq!(lines.len(), 2, "reads are no changes: {lines:?}");
    for (line, (span, operation, message)) in
        lines.iter().zip([(&spans[1], "TagResource", "changed AWS"), (&spans[2], "UntagResource", "AWS was not changed")])
    {
        assert_eq!((&line["operation"], &line["message"]), (&json!(operation), &json!(message)));
        assert_eq!((&line["kind"], &line["namespace"], &line["name"]), (&json!("EcsService"), &json!("shop"), &json!("web")));
        assert_eq!(line["resource"], "arn:aws:ecs:eu-central-1:111122223333:cluster/demo");
        assert_eq!(line["request_id"], json!(attributes(span)["aws.request_id"]));
        assert_eq!(line["trace_id"], json!(span.span_context.trace_id().to_string()));
        assert_eq!(line["span_id"], json!(span.span_context.span_id().to_string()));
    }
    assert_eq!((&lines[0]["level"], &lines[1]["level"]), (&json!("INFO"), &json!("WARN")));
    assert_eq!((&lines[0]["outcome"], &lines[1]["outcome"]), (&Value::Null, &json!("AwsAccessDenied")));
    assert!(lines[1]["error"].as_str().unwrap().contains("no such right"), "{}", lines[1]);
}

#[tokio::test]
async fn without_a_collector_lines_are_the_same_but_for_the_ids_and_no_span_is_made() {
    let heard = Heard::default();
    let _guard = tracing::subscriber::set_default(heard.subscriber(false));
    pass(&aws()).await;
    let lines = heard.lines();
    assert_eq!((lines.len(), heard.spans().len()), (2, 0));
    assert!(lines.iter().all(|line| line["name"] == "web" && line.get("trace_id").is_none() && line.get("span").is_none()));
}
