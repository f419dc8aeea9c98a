//! A fuse in both wires: it burns at the n-th write, whichever wire that goes over. The write takes effect, its reply is
//! never seen, and nothing is sent after it. This is what a process looks like from outside that was killed between two
//! calls.

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use futures::future::BoxFuture;
use kube::client::{Body, ClientBuilder};
use kube::{Client, Config};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use tokio_util::sync::CancellationToken;
use tower::{Layer, Service};

/// Counts writes. Clones share the count.
#[derive(Clone, Debug)]
pub struct Fuse {
    left: Arc<AtomicI64>,
    burnt: CancellationToken,
    last: Arc<OnceLock<String>>,
}

impl Fuse {
    /// Burns at the write of this number; the first is 1.
    pub fn at(number: i64) -> Self {
        Self { left: Arc::new(AtomicI64::new(number)), burnt: CancellationToken::new(), last: Arc::default() }
    }

    /// Resolves when it has burnt.
    pub async fn burnt(&self) {
        self.burnt.cancelled().await;
    }

    /// Whether it has burnt.
    pub fn is_burnt(&self) -> bool {
        self.burnt.is_cancelled()
    }

    /// The write at which it burnt.
    pub fn last(&self) -> String {
        self.last.get().cloned().unwrap_or_default()
    }

    async fn around<T>(&self, what: String, write: impl Future<Output = T>) -> T {
        let left = self.left.fetch_sub(1, Ordering::SeqCst);
        if left > 0 {
            let reply = write.await;
            if left > 1 {
                return reply;
            }
            let _ = self.last.set(what);
            self.burnt.cancel();
        }
        std::future::pending().await
    }

    /// A client of Kubernetes with the fuse in it.
    pub fn kube(&self, config: Config) -> Client {
        ClientBuilder::try_from(config).unwrap().with_layer(self).build()
    }

    /// The wire to AWS with the fuse in it.
    pub fn aws(&self, inner: SharedHttpClient) -> SharedHttpClient {
        SharedHttpClient::new(FusedAws { fuse: self.clone(), inner })
    }
}

impl<S> Layer<S> for Fuse {
    type Service = FusedKube<S>;

    fn layer(&self, inner: S) -> FusedKube<S> {
        FusedKube { fuse: self.clone(), inner }
    }
}

/// A client of Kubernetes behind a fuse.
#[derive(Clone)]
pub struct FusedKube<S> {
    fuse: Fuse,
    inner: S,
}

impl<S> Service<http::Request<Body>> for FusedKube<S>
where
    S: Service<http::Request<Body>>,
    S::Future: Send + 'static,
    S::Response: 'static,
    S::Error: 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<S::Response, S::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let is_read = request.method() == http::Method::GET;
        let what = format!("{} {}", request.method(), request.uri().path());
        // A future that is not polled sends nothing.
        let reply = self.inner.call(request);
        let fuse = self.fuse.clone();
        Box::pin(async move { if is_read { reply.await } else { fuse.around(what, reply).await } })
    }
}

#[derive(Debug)]
struct FusedAws {
    fuse: Fuse,
    inner: SharedHttpClient,
}

impl HttpClient for FusedAws {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(FusedConnector { fuse: self.fuse.clone(), inner })
    }
}

#[derive(Debug)]
struct FusedConnector {
    fuse: Fuse,
    inner: SharedHttpConnector,
}

impl HttpConnector for FusedConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap_or_default().to_owned();
        let is_write = target.rsplit_once('.').is_some_and(|(_, operation)| crate::world::is_write(operation));
        let (fuse, inner) = (self.fuse.clone(), self.inner.clone());
        HttpConnectorFuture::new(async move {
            let reply = async { inner.call(request).await };
            if is_write { fuse.around(target, reply).await } else { reply.await }
        })
    }
}
