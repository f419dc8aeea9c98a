//! One life of the operator's process: it ends at a call of a given number, on whichever wire. That call takes effect, its
//! reply is never seen, and nothing is sent after it.

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use std::future::{Future, pending};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use tokio_util::sync::CancellationToken;

/// Counts calls. Clones share the count.
#[derive(Clone, Debug)]
pub struct Life {
    left: Arc<AtomicI64>,
    over: CancellationToken,
}

impl Life {
    /// One that does not end by itself.
    pub fn new() -> Self {
        Self { left: Arc::new(AtomicI64::new(i64::MAX)), over: CancellationToken::new() }
    }

    /// It ends with the call of this number from now on; the next one is 1.
    pub fn end_at(&self, number: i64) {
        self.left.store(number, Ordering::SeqCst);
    }

    /// Whether it has ended.
    pub fn is_over(&self) -> bool {
        self.over.is_cancelled()
    }

    /// A call, if there is life for it.
    pub async fn call<T>(&self, call: impl Future<Output = T>) -> T {
        let left = self.left.fetch_sub(1, Ordering::SeqCst);
        if left > 0 {
            let reply = call.await;
            if left > 1 {
                return reply;
            }
            self.over.cancel();
        }
        pending().await
    }

    /// The wire to AWS of this life.
    pub fn aws(&self, inner: SharedHttpClient) -> SharedHttpClient {
        SharedHttpClient::new(Wire { life: self.clone(), inner })
    }
}

#[derive(Debug)]
struct Wire {
    life: Life,
    inner: SharedHttpClient,
}

impl HttpClient for Wire {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(Connector { life: self.life.clone(), inner })
    }
}

#[derive(Debug)]
struct Connector {
    life: Life,
    inner: SharedHttpConnector,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (life, inner) = (self.life.clone(), self.inner.clone());
        HttpConnectorFuture::new(async move { life.call(async { inner.call(request).await }).await })
    }
}
