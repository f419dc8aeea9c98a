//! What probes and Prometheus ask: `/healthz` (the process answers), `/readyz` (it can work; else it names what it waits
//! for) and `/metrics`.
//!
//! A replica that stands by for the Lease is ready: were it not, a rolling update of the operator's own Deployment would
//! wait for the new pod, and the new pod for the old one's Lease.

use crate::metrics::Metrics;
use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use parking_lot::Mutex;
use std::{collections::BTreeMap, fmt::Write, sync::Arc};
use tokio::net::TcpListener;

/// What the process waits for before it can work, and what people may want to know besides. Cheap to clone; clones share.
#[derive(Clone, Debug, Default)]
pub struct Readiness(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    waiting: BTreeMap<&'static str, String>,
    notes: BTreeMap<&'static str, String>,
}

impl Readiness {
    /// Nothing to wait for.
    pub fn new() -> Self {
        Self::default()
    }

    /// Not ready while `what` is missing; `why` tells people what to do.
    pub fn waits_for(&self, what: &'static str, why: impl Into<String>) {
        self.0.lock().waiting.insert(what, why.into());
    }

    /// `what` is there.
    pub fn has(&self, what: &'static str) {
        self.0.lock().waiting.remove(what);
    }

    /// A sentence beside the answer that does not make the process unready, such as who holds the Lease.
    pub fn note(&self, about: &'static str, sentence: impl Into<String>) {
        self.0.lock().notes.insert(about, sentence.into());
    }

    /// There is nothing to say about it any more.
    pub fn forget(&self, about: &'static str) {
        self.0.lock().notes.remove(about);
    }

    /// Whether nothing is missing.
    pub fn is_ready(&self) -> bool {
        self.0.lock().waiting.is_empty()
    }

    /// The answer to `/readyz`, one line for each thing.
    pub fn report(&self) -> String {
        let inner = self.0.lock();
        let mut text = if inner.waiting.is_empty() { "ready\n".to_owned() } else { String::new() };
        for (what, why) in &inner.waiting {
            _ = writeln!(text, "waiting for {what}: {why}");
        }
        for (about, sentence) in &inner.notes {
            _ = writeln!(text, "{about}: {sentence}");
        }
        text
    }
}

/// Serves probes and metrics until the process ends.
///
/// # Errors
/// When the listener fails.
pub async fn serve(listener: TcpListener, readiness: Readiness, metrics: Arc<Metrics>) -> std::io::Result<()> {
    axum::serve(listener, routes(readiness, metrics)).await
}

fn routes(readiness: Readiness, metrics: Arc<Metrics>) -> Router {
    let probes = Router::new().route("/healthz", get(async || "ok\n")).route("/readyz", get(readyz)).with_state(readiness);
    probes.merge(Router::new().route("/metrics", get(metrics_text)).with_state(metrics))
}

async fn readyz(State(readiness): State<Readiness>) -> (StatusCode, String) {
    let status = if readiness.is_ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, readiness.report())
}

async fn metrics_text(State(metrics): State<Arc<Metrics>>) -> Response {
    const TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    match metrics.text() {
        Ok(text) => ([(header::CONTENT_TYPE, TYPE)], text).into_response(),
        Err(e) => (StatusCode::INTERNAL_SERVER_ERROR, format!("metrics cannot be written: {e}\n")).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::{body::Body, http::Request};
    use tower::ServiceExt as _;

    async fn ask(readiness: &Readiness, path: &str) -> (StatusCode, String) {
        let routes = routes(readiness.clone(), Arc::new(Metrics::new()));
        let answer = routes.oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
        let status = answer.status();
        let body = axum::body::to_bytes(answer.into_body(), 1 << 20).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn readyz_names_what_it_waits_for_until_it_is_there() {
        let readiness = Readiness::new();
        readiness.waits_for("custom resources", "apply crds/");
        let (status, said) = ask(&readiness, "/readyz").await;
        assert_eq!((status.as_u16(), said.as_str()), (503, "waiting for custom resources: apply crds/\n"));
        readiness.has("custom resources");
        assert_eq!(ask(&readiness, "/readyz").await.0, StatusCode::OK);
    }

    #[tokio::test]
    async fn a_replica_that_stands_by_is_ready_and_says_who_leads() {
        let readiness = Readiness::new();
        readiness.note("lease", "held by pod-a");
        assert_eq!(ask(&readiness, "/readyz").await, (StatusCode::OK, "ready\nlease: held by pod-a\n".to_owned()));
    }

    #[tokio::test]
    async fn the_process_is_alive_while_it_waits() {
        let readiness = Readiness::new();
        readiness.waits_for("the API server", "it does not answer");
        assert_eq!(ask(&readiness, "/healthz").await.0, StatusCode::OK);
    }

    #[tokio::test]
    async fn metrics_are_open_metrics_text() {
        let (status, text) = ask(&Readiness::new(), "/metrics").await;
        assert_eq!(status, StatusCode::OK);
        assert!(text.ends_with("# EOF\n"), "{text}");
    }
}
