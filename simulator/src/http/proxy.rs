//! The way in for the clients of services: an HTTP proxy to the simulated load balancers.
//!
//! A request in absolute form, as `curl -x http://127.0.0.1:4566 http://NAME/` sends it, goes to the load balancer of that DNS name,
//! or else to one that has a rule for that host, as if the DNS had an alias. Listeners that end TLS are reached in the clear, by
//! their port: there is no TLS here.

use std::net::Ipv4Addr;

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};

use crate::Simulator;
use crate::traffic::{HttpRequest, HttpResponse};

/// The client's address, when a test wants to say it.
const SOURCE: &str = "x-simulator-source-ip";

/// Calls to AWS are signed and in origin form.
pub(super) fn is_meant(uri: &Uri, headers: &HeaderMap) -> bool {
    uri.authority().is_some() && !headers.contains_key("x-amz-target") && !headers.contains_key("x-amz-date")
}

pub(super) fn pass_on(simulator: &Simulator, method: &Method, uri: &Uri, headers: &HeaderMap) -> Response {
    let name = uri.host().unwrap_or_default();
    let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 });
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let request = HttpRequest {
        to: name.to_owned(),
        port,
        host: text("host").unwrap_or(name).to_owned(),
        method: method.to_string(),
        path: uri.path().to_owned(),
        query: uri.query().unwrap_or_default().to_owned(),
        headers: headers.iter().filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned()))).collect(),
        source_ip: text(SOURCE).and_then(|text| text.parse().ok()).unwrap_or(Ipv4Addr::LOCALHOST),
    };
    let found = simulator.send_to(&request, false).or_else(|| simulator.send_to(&request, true));
    found.filter(|response| response.status != 0).map_or_else(
        || (StatusCode::BAD_GATEWAY, format!("simulator: nobody answers at {name}:{port}\n")).into_response(),
        |response| write(&response),
    )
}

fn write(response: &HttpResponse) -> Response {
    let status = StatusCode::from_u16(response.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut out = (status, format!("{}\n", response.body)).into_response();
    let told = [
        ("x-simulator-task", &response.task),
        ("x-simulator-target", &response.target),
        ("x-simulator-rule", &response.rule),
        ("x-simulator-target-group", &response.target_group),
    ];
    let told = told.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.clone()?)));
    for (name, value) in response.headers.iter().cloned().chain(told) {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            if name == "content-type" {
                out.headers_mut().remove(&name);
            }
            out.headers_mut().append(name, value);
        }
    }
    out
}
