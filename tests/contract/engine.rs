//! A stand-in for a Docker engine, as much of one as ministack asks for: containers that run, or do not, by their image's name.
//!
//! With it ministack has tasks that fail, and so a circuit breaker and a rollback of its own making, on a machine without Docker.
//! The names mean what they mean to the simulator: `missing` cannot be pulled, `crash` exits with 1.
//!
//! A container whose environment has a `PORT` answers there on an address of its own, so that requests through ministack's load
//! balancer get somewhere: with its `VERSION`, and, as a program does that drains, for a while after it was asked to stop.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// How long a container goes on answering that was asked to stop.
const DRAINING: Duration = Duration::from_secs(2);

/// Containers by their identifiers.
type Containers = Arc<Mutex<BTreeMap<String, Container>>>;

#[derive(Clone, Debug)]
struct Container {
    image: String,
    /// Where it answers and with what, if it does.
    answers: Option<(SocketAddr, String)>,
    stop: CancellationToken,
}

/// Serves until the runtime of the test ends; gives the value for `DOCKER_HOST`.
pub async fn serve() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = Router::new().fallback(answer).with_state(Containers::default());
    tokio::spawn(async move { axum::serve(listener, app).await });
    format!("tcp://{address}")
}

async fn answer(State(containers): State<Containers>, method: Method, uri: Uri, body: Bytes) -> Response {
    // Paths are `/v1.44/containers/ID/json`; names of images hold slashes, as they are or encoded.
    let path = uri.path().replace("%2F", "/").replace("%3A", ":");
    let path =
        path.strip_prefix("/v").and_then(|rest| rest.split_once('/')).map_or(path.trim_start_matches('/'), |(_, rest)| rest);
    let parts: Vec<&str> = path.split('/').collect();
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    match parts.as_slice() {
        ["version"] => Json(json!({"ApiVersion": "1.44", "MinAPIVersion": "1.24", "Version": "stand-in"})).into_response(),
        ["distribution", image @ .., "json"] => {
            pulled(&image.join("/"), json!({"Descriptor": {"digest": digest()}, "Platforms": []})).await
        }
        ["images", "create"] => pulled(uri.query().unwrap_or_default(), json!({"status": "pulled"})).await,
        ["images", image @ .., "json"] => pulled(&image.join("/"), json!({"Id": digest(), "RepoTags": []})).await,
        ["images", .., "tag"] => StatusCode::CREATED.into_response(),
        ["containers", "create"] => {
            let mut containers = containers.lock();
            let id = format!("{:064x}", containers.len());
            let container = created(&body);
            containers.insert(id.clone(), container);
            (StatusCode::CREATED, Json(json!({"Id": id, "Warnings": []}))).into_response()
        }
        ["containers", "json"] => Json(json!([])).into_response(),
        ["containers", id, "json"] => match containers.lock().get(*id) {
            Some(container) => Json(inspected(id, container)).into_response(),
            None => not_found(id),
        },
        ["containers", _, "wait"] => Json(json!({"StatusCode": 1})).into_response(),
        ["containers", id] if method == Method::DELETE => {
            stopped(&containers, id, |container| "removed".clone_into(&mut container.image));
            StatusCode::NO_CONTENT.into_response()
        }
        ["containers", id, "start"] => {
            let container = containers.lock()[*id].clone();
            started(container).await;
            StatusCode::NO_CONTENT.into_response()
        }
        ["containers", id, "stop" | "kill"] => {
            stopped(&containers, id, |_| ());
            StatusCode::NO_CONTENT.into_response()
        }
        _ => not_found(path),
    }
}

/// It has an address of its own in the network of loopback, all of which is this machine's.
fn created(body: &Value) -> Container {
    static NUMBER: AtomicU16 = AtomicU16::new(1);
    let environment = || body["Env"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let value = |name: &str| environment().find_map(|it| it.strip_prefix(name)?.strip_prefix('=')).map(str::to_owned);
    let port = value("PORT").and_then(|port| port.parse().ok());
    let answers = port.map(|port: u16| {
        let [high, low] = NUMBER.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        (SocketAddr::from(([127, 77, high, low], port)), value("VERSION").unwrap_or_default())
    });
    let image = body["Image"].as_str().unwrap_or_default().to_owned();
    Container { image, answers, stop: CancellationToken::new() }
}

/// Answers from before the start is confirmed, as a program does that listens at once.
async fn started(container: Container) {
    let Some((address, version)) = container.answers else { return };
    let listener = TcpListener::bind(address).await.unwrap();
    let app = Router::new().fallback(move || std::future::ready(version.clone()));
    let server = axum::serve(listener, app).into_future();
    tokio::spawn(async move {
        tokio::select! {
            _ = server => {}
            () = async { container.stop.cancelled().await; tokio::time::sleep(DRAINING).await } => {}
        }
    });
}

fn stopped(containers: &Containers, id: &str, change: impl FnOnce(&mut Container)) {
    if let Some(container) = containers.lock().get_mut(id) {
        container.stop.cancel();
        change(container);
    }
}

fn digest() -> String {
    format!("sha256:{:064x}", 7)
}

fn inspected(id: &str, container: &Container) -> Value {
    let status = if container.image.contains("crash") { "exited" } else { "running" };
    let networks = match &container.answers {
        Some((address, _)) => json!({"bridge": {"IPAddress": address.ip()}}),
        None => json!({}),
    };
    json!({
        "Id": id, "Name": id, "Image": digest(), "Config": {"Image": container.image, "Labels": {}},
        "State": {"Status": status, "ExitCode": i32::from(status == "exited")}, "NetworkSettings": {"Networks": networks},
    })
}

/// A registry takes its time to look for what it does not have. Without that ministack has rolled back before it answers the update.
async fn pulled(image: &str, answer: Value) -> Response {
    if image.contains("missing") {
        tokio::time::sleep(Duration::from_millis(300)).await;
        return not_found(&format!("manifest for {image}"));
    }
    Json(answer).into_response()
}

fn not_found(what: &str) -> Response {
    (StatusCode::NOT_FOUND, Json(json!({"message": format!("{what} not found")}))).into_response()
}
