//! A fake AWS behind the SDK's HTTP client: a function from operation and request to status and answer.

use super::calls::Ecs;
use super::connection::{Connection, config_in_process};
use super::elb::Elb;
use super::pace::Pacer;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use parking_lot::Mutex;
use serde_json::{Map, Value, json};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

pub(super) type Answer = (u16, Value);
type Answers = Arc<dyn Fn(&str, &Value) -> Answer + Send + Sync>;

/// The status of an answer that never comes.
pub(super) const HANG: u16 = 0;

/// Lets time pass.
pub(super) async fn pass(time: Duration) {
    let _ = timeout(time, std::future::pending::<()>()).await;
}

/// A fake that answers after 20 ms and remembers what it was asked.
#[derive(Clone)]
pub(super) struct Fake {
    answer: Answers,
    calls: Arc<Mutex<Vec<(String, Value)>>>,
}

impl fmt::Debug for Fake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fake")
    }
}

impl Fake {
    pub(super) fn new(answer: impl Fn(&str, &Value) -> Answer + Send + Sync + 'static) -> Self {
        Self { answer: Arc::new(answer), calls: Arc::default() }
    }

    pub(super) fn connection(&self) -> Connection {
        let config = config_in_process(SharedHttpClient::new(self.clone()), "AKIDEXAMPLE", "eu-central-1");
        Connection::of_account("default", &config, Pacer::default(), "111122223333".to_owned()).unwrap()
    }

    pub(super) fn ecs(&self) -> Ecs {
        self.connection().ecs
    }

    pub(super) fn elb(&self) -> Elb {
        self.connection().elb
    }

    pub(super) fn calls(&self) -> Vec<(String, Value)> {
        self.calls.lock().clone()
    }

    pub(super) fn count(&self, operation: &str) -> usize {
        self.calls.lock().iter().filter(|(name, _)| name == operation).count()
    }

    pub(super) fn clear(&self) {
        self.calls.lock().clear();
    }
}

impl HttpConnector for Fake {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let fake = self.clone();
        HttpConnectorFuture::new(async move {
            pass(Duration::from_millis(20)).await;
            let (operation, body) = asked(&request);
            let (status, answer) = (fake.answer)(&operation, &body);
            fake.calls.lock().push((operation, body));
            if status == HANG {
                std::future::pending::<()>().await;
            }
            let body = answer.as_str().map_or_else(|| answer.to_string(), str::to_owned);
            Ok(HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body)))
        })
    }
}

/// The operation, and its input as JSON. Elastic Load Balancing and STS speak forms: the former's are shown as their pairs,
/// the latter's as the signature that it came with.
fn asked(request: &HttpRequest) -> (String, Value) {
    let body = request.body().bytes().unwrap_or_default();
    let Some(target) = request.headers().get("x-amz-target") else {
        let mut pairs = pairs(&String::from_utf8_lossy(body));
        pairs.remove("Version");
        let operation = pairs.remove("Action").and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default();
        let is_sts = operation == "GetCallerIdentity";
        return (operation, if is_sts { json!(request.headers().get("authorization")) } else { Value::Object(pairs) });
    };
    let operation = target.rsplit('.').next().unwrap_or_default();
    (operation.to_owned(), serde_json::from_slice(body).unwrap_or(Value::Null))
}

/// The pairs of a form.
fn pairs(form: &str) -> Map<String, Value> {
    let decoded = |text: &str| {
        let mut bytes = Vec::new();
        let mut left = text.bytes();
        while let Some(byte) = left.next() {
            let hex: String = if byte == b'%' { left.by_ref().take(2).map(char::from).collect() } else { String::new() };
            bytes.push(u8::from_str_radix(&hex, 16).unwrap_or(if byte == b'+' { b' ' } else { byte }));
        }
        String::from_utf8(bytes).unwrap()
    };
    form.split('&').filter_map(|pair| pair.split_once('=')).map(|(key, value)| (decoded(key), json!(decoded(value)))).collect()
}

/// An answer of Elastic Load Balancing with this result.
pub(super) fn xml(operation: &str, result: &str) -> Answer {
    (200, json!(format!("<{operation}Response><{operation}Result>{result}</{operation}Result></{operation}Response>")))
}

/// An error of Elastic Load Balancing.
pub(super) fn xml_error(code: &str, message: &str) -> Answer {
    let error = format!(
        "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
    );
    (400, json!(error))
}

/// The members of a list in a form, such as `Names.member.1`, in their order.
pub(super) fn members(body: &Value, list: &str) -> Vec<String> {
    (1..).map_while(|n| Some(body.get(format!("{list}.member.{n}"))?.as_str()?.to_owned())).collect()
}

impl HttpClient for Fake {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

pub(super) fn error(code: &str, message: &str) -> Answer {
    (400, json!({"__type": code, "message": message}))
}

pub(super) const CLUSTER: &str = "arn:aws:ecs:eu-central-1:111122223333:cluster/prod";

/// A settled service as `DescribeServices` shows it.
pub(super) fn service(name: &str) -> Value {
    json!({
        "serviceName": name,
        "serviceArn": format!("arn:aws:ecs:eu-central-1:111122223333:service/prod/{name}"),
        "clusterArn": CLUSTER,
        "status": "ACTIVE", "desiredCount": 2, "runningCount": 2, "pendingCount": 0,
        "launchType": "FARGATE", "createdAt": 1_790_000_000.25,
        "taskDefinition": "arn:aws:ecs:eu-central-1:111122223333:task-definition/shop:1",
        "currentServiceDeployment": deployment_arn(name, 1),
        "deployments": [deployment(1, "COMPLETED")],
        "events": [], "loadBalancers": [], "placementStrategy": [],
    })
}

pub(super) fn deployment(number: u32, state: &str) -> Value {
    json!({
        "id": format!("ecs-svc/{number}"), "status": "PRIMARY", "createdAt": 1_790_000_000 + number,
        "taskDefinition": format!("arn:aws:ecs:eu-central-1:111122223333:task-definition/shop:{number}"),
        "desiredCount": 2, "runningCount": 2, "pendingCount": 0, "failedTasks": 0, "rolloutState": state,
    })
}

pub(super) fn deployment_arn(service: &str, number: u32) -> String {
    format!("arn:aws:ecs:eu-central-1:111122223333:service-deployment/prod/{service}/{number}")
}
