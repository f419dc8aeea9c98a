//! One of several replicas works: the Lease on a real kube-apiserver.

use crate::world::{World, fast};
use ecs_operator::clock::Clock;
use ecs_operator::engine::lease::{Lease, LeaseSettings};
use k8s_openapi::api::coordination::v1::Lease as Record;
use kube::Api;
use std::time::{Duration, Instant};
use tokio::time::timeout;

const DURATION: Duration = Duration::from_secs(3);

fn replica(world: &World, identity: &str) -> Lease {
    let settings = LeaseSettings {
        namespace: world.namespace.clone(),
        name: "ecs-operator".to_owned(),
        identity: identity.to_owned(),
        duration: DURATION,
    };
    Lease::new(world.kube.clone(), Clock::of_the_machine(), settings)
}

async fn holder(world: &World) -> Option<String> {
    let api: Api<Record> = Api::namespaced(world.kube.clone(), &world.namespace);
    api.get("ecs-operator").await.unwrap().spec.unwrap().holder_identity
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_goes_gives_its_place_to_the_next_at_once() {
    let world = World::without_operator(fast()).await;
    let first = replica(&world, "a").acquired(|_| {}).await;
    assert_eq!(holder(&world).await.as_deref(), Some("a"));
    let second = replica(&world, "b");
    let early = timeout(DURATION * 2, second.acquired(|by| assert_eq!(by, "a"))).await;
    assert!(early.is_err(), "the first renews, so the second waits");
    let released = Instant::now();
    first.release().await.unwrap();
    let second = second.acquired(|_| {}).await;
    assert!(released.elapsed() < DURATION, "{:?}", released.elapsed());
    assert_eq!(holder(&world).await.as_deref(), Some("b"));
    second.release().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_falls_silent_is_replaced() {
    let world = World::without_operator(fast()).await;
    drop(replica(&world, "a").acquired(|_| {}).await);
    let waited = Instant::now();
    let second = replica(&world, "b").acquired(|_| {}).await;
    assert!(waited.elapsed() >= DURATION, "{:?}", waited.elapsed());
    let record: Api<Record> = Api::namespaced(world.kube.clone(), &world.namespace);
    let record = record.get("ecs-operator").await.unwrap().spec.unwrap();
    assert_eq!((record.holder_identity.as_deref(), record.lease_transitions), (Some("b"), Some(1)));
    second.release().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_is_pushed_out_learns_of_it() {
    let world = World::without_operator(fast()).await;
    let mut first = replica(&world, "a").acquired(|_| {}).await;
    let api: Api<Record> = Api::namespaced(world.kube.clone(), &world.namespace);
    let usurped = kube::api::Patch::Merge(serde_json::json!({"spec": {"holderIdentity": "b"}}));
    api.patch("ecs-operator", &kube::api::PatchParams::default(), &usurped).await.unwrap();
    timeout(DURATION, first.lost()).await.unwrap();
}
