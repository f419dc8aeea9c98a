//! The admin endpoint: what a test does through [`Simulator`]'s methods, over HTTP.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Fault, ImageBehaviour, SignedDuration, Simulator, TargetBehaviour};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Advance {
    advance_seconds: u64,
}

#[derive(Deserialize)]
pub(super) struct Image {
    pattern: String,
    #[serde(flatten)]
    behaviour: ImageBehaviour,
}

#[derive(Deserialize)]
pub(super) struct Role {
    pattern: String,
}

#[derive(Deserialize)]
pub(super) struct PackedPolicy {
    characters: Option<usize>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Key {
    access_key: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Signatures {
    ahead_seconds: Option<i64>,
}

#[derive(Deserialize)]
pub(super) struct Target {
    pattern: String,
    behaviour: TargetBehaviour,
}

#[derive(Deserialize)]
pub(super) struct Quota {
    name: String,
    max: u32,
}

#[derive(Deserialize)]
pub(super) struct Domains {
    domains: Vec<String>,
}

pub(super) async fn clock(State(simulator): State<Simulator>) -> Json<Value> {
    Json(json!({"now": simulator.now()}))
}

pub(super) async fn move_clock(State(simulator): State<Simulator>, Json(advance): Json<Advance>) -> Json<Value> {
    simulator.advance(Duration::from_secs(advance.advance_seconds));
    Json(json!({"now": simulator.now()}))
}

pub(super) async fn set_image(State(simulator): State<Simulator>, Json(image): Json<Image>) -> Json<Value> {
    simulator.set_image(&image.pattern, image.behaviour);
    Json(json!({}))
}

pub(super) async fn set_target(State(simulator): State<Simulator>, Json(target): Json<Target>) -> Json<Value> {
    simulator.set_target(&target.pattern, target.behaviour);
    Json(json!({}))
}

pub(super) async fn set_quota(State(simulator): State<Simulator>, Json(quota): Json<Quota>) -> Json<Value> {
    simulator.set_quota(&quota.name, quota.max);
    Json(json!({}))
}

pub(super) async fn add_certificate(State(simulator): State<Simulator>, Json(asked): Json<Domains>) -> Json<Value> {
    let domains: Vec<&str> = asked.domains.iter().map(String::as_str).collect();
    Json(json!({"arn": simulator.add_certificate(&domains)}))
}

pub(super) async fn forbid_role(State(simulator): State<Simulator>, Json(role): Json<Role>) -> Json<Value> {
    simulator.forbid_role(&role.pattern);
    Json(json!({}))
}

pub(super) async fn allow_roles(State(simulator): State<Simulator>) -> Json<Value> {
    simulator.allow_roles();
    Json(json!({}))
}

pub(super) async fn close_role(State(simulator): State<Simulator>, Json(role): Json<Role>) -> Json<Value> {
    simulator.close_role(&role.pattern);
    Json(json!({}))
}

pub(super) async fn open_roles(State(simulator): State<Simulator>) -> Json<Value> {
    simulator.open_roles();
    Json(json!({}))
}

pub(super) async fn set_packed_policy(State(simulator): State<Simulator>, Json(asked): Json<PackedPolicy>) -> Json<Value> {
    simulator.set_largest_packed_policy(asked.characters);
    Json(json!({}))
}

pub(super) async fn retire_key(State(simulator): State<Simulator>, Json(key): Json<Key>) -> Json<Value> {
    simulator.retire_key(&key.access_key);
    Json(json!({}))
}

pub(super) async fn restore_keys(State(simulator): State<Simulator>) -> Json<Value> {
    simulator.restore_keys();
    Json(json!({}))
}

pub(super) async fn set_signatures(State(simulator): State<Simulator>, Json(asked): Json<Signatures>) -> Json<Value> {
    simulator.set_clock_ahead(asked.ahead_seconds.map(SignedDuration::from_secs));
    Json(json!({}))
}

pub(super) async fn add_fault(State(simulator): State<Simulator>, Json(fault): Json<Fault>) -> Json<Value> {
    Json(json!({"id": simulator.inject(fault)}))
}

pub(super) async fn clear_faults(State(simulator): State<Simulator>) -> Json<Value> {
    simulator.clear_faults();
    Json(json!({}))
}

pub(super) async fn calls(State(simulator): State<Simulator>) -> Json<Value> {
    Json(json!({"calls": simulator.calls()}))
}

pub(super) async fn clear_calls(State(simulator): State<Simulator>) -> Json<Value> {
    simulator.clear_calls();
    Json(json!({}))
}

pub(super) async fn counts(State(simulator): State<Simulator>) -> Json<Value> {
    Json(json!(simulator.counts()))
}

pub(super) async fn state(State(simulator): State<Simulator>) -> Json<Value> {
    Json(simulator.state())
}
