//! Spans: one for each pass over an object, and below it one for each call to AWS and each write to Kubernetes. What is read for
//! many objects at once, the sweep, is a span of its own. [`crate::telemetry`] sends them where somebody wants them; else no span
//! is made, and each of these functions costs a look at a flag.
//!
//! No value of a request gets into a span: neither headers nor environments nor the texts of errors, only names, words from fixed
//! lists, ids and numbers. Attributes go by OpenTelemetry's conventions where there is one
//! (<https://opentelemetry.io/docs/specs/semconv/cloud-providers/aws-sdk/>, <https://opentelemetry.io/docs/specs/semconv/resource/k8s/>),
//! and begin with `ecs_operator` where there is none.

use std::cell::Cell;
use std::time::Duration;
use tracing::{Span, field::Empty};

/// The target of every span here. Log lines have others.
pub const TARGET: &str = "ecs_operator::span";

tokio::task_local! {
    static SUBJECT: Subject;
    /// How often the call of this moment was tried, and how long it has waited for its turn in all.
    static TRIES: Cell<(u32, Duration)>;
}

/// The object that a pass is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Its kind.
    pub kind: &'static str,
    /// Its namespace. Empty: it belongs to the whole cluster.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl Subject {
    /// Does `work` about it: what is logged meanwhile can name it.
    pub async fn during<F: Future>(self, work: F) -> F::Output {
        SUBJECT.scope(self, work).await
    }

    /// The object that this task is about at the moment.
    pub fn current() -> Option<Self> {
        SUBJECT.try_with(Clone::clone).ok()
    }
}

/// A pass over an object. `woken_by` is a word for what woke it, `waited` how long it waited since.
pub fn pass(of: &Subject, generation: Option<i64>, woken_by: &'static str, waited: Duration) -> Span {
    tracing::info_span!(
        target: TARGET,
        parent: None,
        "pass",
        otel.name = format!("reconcile {}", of.kind),
        k8s.namespace.name = of.namespace,
        ecs_operator.kind = of.kind,
        ecs_operator.name = of.name,
        ecs_operator.generation = generation,
        ecs_operator.trigger = woken_by,
        ecs_operator.queue_ms = milliseconds(waited),
        ecs_operator.result = Empty,
        "error.type" = Empty,
        otel.status_code = Empty,
    )
}

/// The pass of this moment ended in one word. `failed`: somebody has to do something about it.
pub fn pass_ended(result: &'static str, failed: bool) {
    let span = Span::current();
    span.record("ecs_operator.result", result);
    if failed {
        fail(&span, result);
    }
}

/// One read of many things: `what` is a word from a fixed list.
pub fn sweep(what: &'static str) -> Span {
    tracing::info_span!(target: TARGET, parent: None, "sweep", otel.name = format!("sweep {what}"), ecs_operator.what = what)
}

/// A call to AWS: its waits for its turn, and every attempt. `service` is AWS's name of the API, such as `ECS`.
pub fn aws_call(service: &'static str, operation: &'static str, region: &str) -> Span {
    tracing::info_span!(
        target: TARGET,
        "aws",
        otel.name = format!("{service}.{operation}"),
        otel.kind = "client",
        rpc.system = "aws-api",
        rpc.service = service,
        rpc.method = operation,
        cloud.region = region,
        aws.request_id = Empty,
        ecs_operator.attempts = Empty,
        ecs_operator.pacer_wait_ms = Empty,
        ecs_operator.outcome = Empty,
        "error.type" = Empty,
        otel.status_code = Empty,
    )
}

/// Makes a call whose tries are counted until [`aws_ended`].
pub async fn with_tries<F: Future>(call: F) -> F::Output {
    TRIES.scope(Cell::default(), call).await
}

/// The call of this moment has waited so long for its turn, and is tried so often now: once, or not at all.
pub fn aws_tried(attempts: u32, waited: Duration) {
    let add = |tries: &Cell<(u32, Duration)>| {
        let (before, waited_before) = tries.get();
        tries.set((before + attempts, waited_before + waited));
    };
    // Without anybody who counts there is nothing to tell.
    let _ = TRIES.try_with(add);
}

/// The call of this moment ended: with `ok`, or with the word for what failed.
pub fn aws_ended(outcome: &'static str, request_id: Option<&str>) {
    let span = Span::current();
    span.record("ecs_operator.outcome", outcome);
    // Recorded once: what is recorded again stands in the span twice.
    if let Ok((attempts, waited)) = TRIES.try_with(Cell::get) {
        span.record("ecs_operator.attempts", i64::from(attempts));
        span.record("ecs_operator.pacer_wait_ms", milliseconds(waited));
    }
    if let Some(request_id) = request_id {
        span.record("aws.request_id", request_id);
    }
    if outcome != "ok" {
        fail(&span, outcome);
    }
}

/// A write to Kubernetes. `what` is `status`, `finalizer`, `child` or `event`, and `kind` the kind that is written.
pub fn kube_write(what: &'static str, kind: &str) -> Span {
    tracing::info_span!(
        target: TARGET,
        "kubernetes",
        otel.name = format!("write {what}"),
        otel.kind = "client",
        ecs_operator.what = what,
        ecs_operator.kind = kind,
        http.response.status_code = Empty,
        "error.type" = Empty,
        otel.status_code = Empty,
    )
}

/// The write of this moment was not made: `code` is the API server's, and `None` where it did not answer. That an object is gone,
/// or has changed meanwhile, is no failure.
pub fn kube_refused(code: Option<u16>) {
    let span = Span::current();
    if let Some(code) = code {
        span.record("http.response.status_code", i64::from(code));
    }
    match code {
        Some(404 | 409) => {}
        Some(_) => fail(&span, "refused"),
        None => fail(&span, "no_answer"),
    }
}

fn fail(span: &Span, word: &'static str) {
    span.record("error.type", word);
    span.record("otel.status_code", "ERROR");
}

/// OpenTelemetry has numbers with a sign only; others would become texts.
fn milliseconds(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_task_knows_what_it_is_about_while_the_pass_lasts() {
        let subject = Subject { kind: "EcsService", namespace: "shop".to_owned(), name: "web".to_owned() };
        let within = subject.clone().during(async { Subject::current() }).await;
        assert_eq!((within, Subject::current()), (Some(subject), None));
    }

    #[test]
    fn where_nobody_wants_spans_none_is_made() {
        let logs = tracing_subscriber::fmt().with_max_level(tracing::Level::WARN).with_writer(std::io::sink).finish();
        tracing::subscriber::with_default(logs, || {
            let subject = Subject { kind: "EcsService", namespace: String::new(), name: String::new() };
            assert!(pass(&subject, Some(1), "object", Duration::ZERO).is_disabled());
            assert!(aws_call("ECS", "CreateService", "eu-central-1").is_disabled());
        });
    }
}
