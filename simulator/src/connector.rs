//! The simulator as the HTTP client of an AWS SDK, with no socket between.

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;

use crate::Simulator;
use crate::http::{Incoming, Outgoing};

#[derive(Debug, Clone)]
pub(crate) struct Connector {
    simulator: Simulator,
}

impl Connector {
    pub(crate) fn new(simulator: Simulator) -> Self {
        Self { simulator }
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let simulator = self.simulator.clone();
        HttpConnectorFuture::new(async move {
            let header = |name| request.headers().get(name).map(str::to_owned);
            let incoming = Incoming {
                target: header("x-amz-target"),
                authorization: header("authorization"),
                date: header("x-amz-date"),
                body: request.body().bytes().unwrap_or_default().to_vec(),
            };
            match crate::http::exchange(&simulator, incoming).await {
                Outgoing::Response { status, content_type, body } => {
                    let status = status.try_into().map_err(|error| ConnectorError::user(Box::new(error)))?;
                    let mut response = HttpResponse::new(status, SdkBody::from(body));
                    response.headers_mut().insert("content-type", content_type);
                    if let Some(date) = crate::http::http_date(&simulator) {
                        response.headers_mut().insert("date", date);
                    }
                    response.headers_mut().insert("x-amzn-requestid", crate::http::REQUEST_ID);
                    Ok(response)
                }
                Outgoing::BrokenConnection => Err(ConnectorError::io("the connection was closed before the reply".into())),
                Outgoing::Never => std::future::pending().await,
            }
        })
    }
}

impl HttpClient for Connector {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}
