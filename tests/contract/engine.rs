//! A stand-in for a Docker engine, as much of one as ministack asks for: containers that run, or do not, by their image's name.
//!
//! With it ministack has tasks that fail, and so a circuit breaker and a rollback of its own making, on a machine without Docker.
//! The names mean what they mean to the simulator: `missing` cannot be pulled, `crash` exits with 1.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

/// Images of containers by the containers' identifiers.
type Containers = Arc<Mutex<BTreeMap<String, String>>>;

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
            containers.insert(id.clone(), body["Image"].as_str().unwrap_or_default().to_owned());
            (StatusCode::CREATED, Json(json!({"Id": id, "Warnings": []}))).into_response()
        }
        ["containers", "json"] => Json(json!([])).into_response(),
        ["containers", id, "json"] => match containers.lock().get(*id) {
            Some(image) => Json(inspected(id, image)).into_response(),
            None => not_found(id),
        },
        ["containers", _, "wait"] => Json(json!({"StatusCode": 1})).into_response(),
        ["containers", id] if method == Method::DELETE => {
            containers.lock().insert((*id).to_owned(), "removed".to_owned());
            StatusCode::NO_CONTENT.into_response()
        }
        ["containers", _, "start" | "stop" | "kill"] => StatusCode::NO_CONTENT.into_response(),
        _ => not_found(path),
    }
}

fn digest() -> String {
    format!("sha256:{:064x}", 7)
}

fn inspected(id: &str, image: &str) -> Value {
    let status = if image.contains("crash") { "exited" } else { "running" };
    json!({
        "Id": id, "Name": id, "Image": digest(), "Config": {"Image": image, "Labels": {}},
        "State": {"Status": status, "ExitCode": i32::from(status == "exited")}, "NetworkSettings": {"Networks": {}},
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
