//! AWS's protocols: which service and operation a request means, and how its answer is written.
//!
//! One endpoint stands for every service, as `AWS_ENDPOINT_URL` expects. The service is told by the credential scope of the
//! signature, or else by `X-Amz-Target`, or else by `Action`. Signatures are not checked, but their time and key may be: see `signatures`.

mod admin;
mod proxy;
pub(crate) mod query;
mod server;

use jiff::fmt::rfc2822::DateTimePrinter;
use serde_json::{Value, json};

pub(crate) use server::serve;

use crate::Simulator;
use crate::fault::ServiceError;
use crate::signatures::Signature;
use crate::simulator::{ReplyKind, Request};

/// The id of every request.
pub(crate) const REQUEST_ID: &str = "00000000-0000-4000-8000-000000000000";

const JSON: &str = "application/x-amz-json-1.1";
const XML: &str = "text/xml";

/// What matters of an HTTP request.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub(crate) target: Option<String>,
    pub(crate) authorization: Option<String>,
    pub(crate) date: Option<String>,
    pub(crate) body: Vec<u8>,
}

/// What goes back.
#[derive(Debug)]
pub(crate) enum Outgoing {
    Response { status: u16, content_type: &'static str, body: String },
    BrokenConnection,
    Never,
}

impl Outgoing {
    fn json(status: u16, body: &Value) -> Self {
        Self::Response { status, content_type: JSON, body: body.to_string() }
    }
}

/// The scope in `Authorization: AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/SERVICE/aws4_request, …`.
struct Scope<'a> {
    access_key: &'a str,
    region: &'a str,
    service: &'a str,
}

impl<'a> Scope<'a> {
    fn of(authorization: &'a str) -> Option<Self> {
        let (_, rest) = authorization.split_once("Credential=")?;
        let mut parts = rest.split([',', ' ']).next()?.split('/');
        let (access_key, _date, region, service) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        Some(Self { access_key, region, service })
    }
}

/// Answers one request, taking the time that the answer takes.
pub(crate) async fn exchange(simulator: &Simulator, incoming: Incoming) -> Outgoing {
    let is_json = incoming.target.is_some();
    let request = match parse(simulator, &incoming) {
        Ok(request) => request,
        Err(error) => {
            let service = incoming.authorization.as_deref().and_then(Scope::of).map_or("", |scope| scope.service);
            return write_error(is_json, service, &error);
        }
    };
    let (service, operation) = (request.service.clone(), request.operation.clone());
    let reply = simulator.answer(request);
    if !reply.after.is_zero() {
        #[expect(clippy::disallowed_methods, reason = "a reply takes its time in the time of its caller")]
        tokio::time::sleep(reply.after).await;
    }
    match reply.what {
        ReplyKind::Answer(Ok(answer)) if is_json => Outgoing::json(200, &answer),
        ReplyKind::Answer(Ok(answer)) => {
            Outgoing::Response { status: 200, content_type: XML, body: query::answer(&service, &operation, &answer) }
        }
        ReplyKind::Answer(Err(error)) => write_error(is_json, &service, &error),
        ReplyKind::Html(status, page) => Outgoing::Response { status, content_type: "text/html", body: page.to_owned() },
        ReplyKind::BrokenConnection => Outgoing::BrokenConnection,
        ReplyKind::Never => Outgoing::Never,
    }
}

/// The `Date` of an answer, if AWS's clock was set.
pub(crate) fn http_date(simulator: &Simulator) -> Option<String> {
    DateTimePrinter::new().timestamp_to_rfc9110_string(&simulator.date()?).ok()
}

fn write_error(is_json: bool, service: &str, error: &ServiceError) -> Outgoing {
    if is_json {
        return Outgoing::json(error.status, &json!({"__type": error.code, "message": error.message}));
    }
    Outgoing::Response { status: error.status, content_type: XML, body: query::error(service, error) }
}

fn parse(simulator: &Simulator, incoming: &Incoming) -> Result<Request, ServiceError> {
    let scope = incoming.authorization.as_deref().and_then(Scope::of);
    let access_key = scope.as_ref().map(|scope| scope.access_key);
    let signature = Signature::new(access_key, incoming.date.as_deref());
    let (account, session) = simulator.caller(access_key);
    let region = scope.as_ref().map_or_else(|| simulator.settings().region.clone(), |scope| scope.region.to_owned());
    let (service, operation, input) = match &incoming.target {
        Some(target) => {
            let (prefix, operation) = target.rsplit_once('.').unwrap_or(("", target));
            let service = match prefix {
                "CertificateManager" => "acm",
                _ if prefix.starts_with("Logs") => "logs",
                _ => "ecs",
            };
            let body = if incoming.body.is_empty() { b"{}".as_slice() } else { &incoming.body };
            let input =
                serde_json::from_slice(body).map_err(|error| ServiceError::new("SerializationException", error.to_string()))?;
            (service.to_owned(), operation.to_owned(), input)
        }
        None => query::parse(scope.as_ref().map(|scope| scope.service), &incoming.body)?,
    };
    Ok(Request { account, region, service, operation, input, session, signature })
}
