//! An HTTP client that notes which calls are made, in their order.

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use parking_lot::Mutex;
use std::sync::Arc;

/// The client. Clones share what they noted.
#[derive(Clone, Debug)]
pub struct Recorder {
    inner: SharedHttpClient,
    made: Arc<Mutex<Vec<String>>>,
}

impl Recorder {
    /// One that makes its calls with another client.
    pub fn of(inner: SharedHttpClient) -> Self {
        Self { inner, made: Arc::default() }
    }

    /// The operations so far that change something.
    pub fn writes(&self) -> Vec<String> {
        let is_read = |operation: &str| ["Describe", "List", "Get"].iter().any(|word| operation.starts_with(word));
        self.made.lock().iter().filter(|operation| !is_read(operation)).cloned().collect()
    }
}

impl HttpClient for Recorder {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(Connector { inner, made: Arc::clone(&self.made) })
    }
}

#[derive(Clone, Debug)]
struct Connector {
    inner: SharedHttpConnector,
    made: Arc<Mutex<Vec<String>>>,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        self.made.lock().extend(operation(&request));
        self.inner.call(request)
    }
}

/// ECS is told the operation in a header, Elastic Load Balancing in the body.
fn operation(request: &HttpRequest) -> Option<String> {
    if let Some(target) = request.headers().get("x-amz-target") {
        return target.rsplit('.').next().map(str::to_owned);
    }
    let body = std::str::from_utf8(request.body().bytes()?).ok()?;
    body.split('&').find_map(|pair| pair.strip_prefix("Action=")).map(str::to_owned)
}
