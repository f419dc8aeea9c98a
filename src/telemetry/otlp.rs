//! Sends spans to a collector: OTLP, protobuf over HTTP. They wait in a queue that has a bound and are sent by a thread of their
//! own. A collector that is slow or away costs spans, and neither a pass nor memory.

use super::collector::Collector;
use anyhow::Context as _;
use async_trait::async_trait;
use axum::body::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider;
use opentelemetry_http::{HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{SpanExporter as Otlp, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider, SpanData, SpanExporter};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::runtime::Handle;

/// How long the end of the process waits for the last spans to be sent. The pod's grace has room for it.
const LAST: Duration = Duration::from_secs(2);
/// The longest answer of a collector that is read, in bytes.
const LONGEST: usize = 64 << 10;

/// Spans on their way.
pub(super) struct Sending {
    provider: SdkTracerProvider,
}

impl Sending {
    /// Sends to a collector from now on. Has to be called within the runtime of tokio.
    ///
    /// # Errors
    /// When an HTTPS client cannot be made, for want of the machine's certificates.
    pub(super) fn begin(to: Collector, replica: &str) -> anyhow::Result<Self> {
        let client = Http::new(&to).context("send spans over HTTPS; the machine's certificates are needed, or SSL_CERT_FILE")?;
        let endpoint = to.endpoint.to_string();
        let exporter = Otlp::builder()
            .with_http()
            .with_http_client(client)
            .with_endpoint(&endpoint)
            .with_headers(to.headers)
            .with_timeout(to.timeout)
            .build()
            .context("make the exporter of spans")?;
        let exporter = Told { inner: exporter, endpoint, is_losing: AtomicBool::new(false) };
        // OTEL_RESOURCE_ATTRIBUTES are in it already.
        let resource = Resource::builder().with_service_name(to.service).with_attributes([
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
            KeyValue::new("service.instance.id", replica.to_owned()),
        ]);
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_sampler(to.sampler)
            .with_resource(resource.build())
            .build();
        Ok(Self { provider })
    }

    /// What makes the spans.
    pub(super) fn tracer(&self) -> SdkTracer {
        self.provider.tracer(env!("CARGO_PKG_NAME"))
    }

    /// Sends what is left, for two seconds at most.
    pub(super) async fn end(self) {
        let ended = tokio::task::spawn_blocking(move || self.provider.shutdown_with_timeout(LAST)).await;
        if let Ok(Err(error)) = ended {
            tracing::warn!(%error, "the last spans were not sent");
        }
    }
}

/// Says once that spans are lost, and once that they are no more.
struct Told<E> {
    inner: E,
    endpoint: String,
    is_losing: AtomicBool,
}

impl<E> fmt::Debug for Told<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Told").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

impl<E: SpanExporter> SpanExporter for Told<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        match self.inner.export(batch).await {
            Ok(()) if self.is_losing.swap(false, Ordering::Relaxed) => {
                tracing::info!(endpoint = self.endpoint, "the collector takes spans again");
            }
            Err(error) if !self.is_losing.swap(true, Ordering::Relaxed) => {
                tracing::warn!(endpoint = self.endpoint, %error, "the collector takes no spans; they are lost until it does");
            }
            Ok(()) | Err(_) => {}
        }
        // It was told: the SDK would say it for each batch.
        Ok(())
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

/// HTTP as the rest of the program speaks it, for a thread that is none of tokio's.
struct Http {
    client: Spoken,
    runtime: Handle,
    timeout: Duration,
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Http")
    }
}

#[derive(Clone)]
enum Spoken {
    Plainly(Client<HttpConnector, Full<Bytes>>),
    InPrivate(Client<HttpsConnector<HttpConnector>, Full<Bytes>>),
}

impl Http {
    fn new(to: &Collector) -> std::io::Result<Self> {
        let builder = Client::builder(TokioExecutor::new());
        let client = if to.endpoint.scheme_str() == Some("https") {
            let connector = HttpsConnectorBuilder::new().with_native_roots()?.https_only().enable_http1().build();
            Spoken::InPrivate(builder.build(connector))
        } else {
            Spoken::Plainly(builder.build_http())
        };
        Ok(Self { client, runtime: Handle::current(), timeout: to.timeout })
    }
}

#[async_trait]
impl HttpClient for Http {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (client, request, patience) = (self.client.clone(), request.map(Full::new), self.timeout);
        let answer = async move {
            let answer = match client {
                Spoken::Plainly(client) => client.request(request).await,
                Spoken::InPrivate(client) => client.request(request).await,
            }?;
            let (head, body) = answer.into_parts();
            let body = Limited::new(body, LONGEST).collect().await?.to_bytes();
            Ok::<_, HttpError>(Response::from_parts(head, body))
        };
        // Also the clock is tokio's, and may be asked for there alone.
        self.runtime.spawn(async move { tokio::time::timeout(patience, answer).await }).await??
    }
}
