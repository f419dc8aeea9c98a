//! Replicas contend for one record behind a made-up API server, in virtual time, with faults and with clocks that disagree.

use super::*;
use http::{Method, Request, Response};
use kube::client::Body;
use parking_lot::Mutex;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::{collections::VecDeque, sync::Arc};

const DURATION: Duration = Duration::from_secs(15);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    None,
    Refused,
    ReplyLost,
    NeverAnswered,
}

/// One Lease with optimistic concurrency. A fault is used up by each request, in order.
#[derive(Clone, Default)]
struct Server(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    record: Option<Value>,
    version: u64,
    faults: VecDeque<Fault>,
    is_down: bool,
}

impl Server {
    fn client(&self) -> Client {
        let server = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let server = server.clone();
            async move { server.answer(request).await }
        });
        Client::new(service, "default")
    }

    fn replica(&self, name: &str, wall_clock: &str) -> Lease {
        let identity = name.to_owned();
        let settings = LeaseSettings { namespace: "ops".into(), name: "ecs-operator".into(), identity, duration: DURATION };
        Lease::new(self.client(), Clock::starting_at(wall_clock.parse().unwrap()), settings)
    }

    async fn answer(&self, request: Request<Body>) -> Result<Response<Body>, std::io::Error> {
        let method = request.method().clone();
        let body = axum::body::to_bytes(axum::body::Body::new(request.into_body()), 1 << 20).await.unwrap();
        tokio::task::yield_now().await;
        let (fault, is_down) = {
            let mut state = self.0.lock();
            (state.faults.pop_front().unwrap_or(Fault::None), state.is_down)
        };
        if is_down || fault == Fault::NeverAnswered {
            std::future::pending::<()>().await;
        }
        if fault == Fault::Refused {
            return Ok(reply(500, &status(500)));
        }
        let (code, answer) = self.0.lock().apply(&method, &body);
        if fault == Fault::ReplyLost { Err(std::io::Error::other("connection reset")) } else { Ok(reply(code, &answer)) }
    }

    fn spec(&self) -> Value {
        self.0.lock().record.as_ref().map_or(Value::Null, |r| r["spec"].clone())
    }

    fn fail_next(&self, faults: &[Fault]) {
        self.0.lock().faults = faults.iter().copied().collect();
    }

    fn is_down(&self, is_down: bool) {
        self.0.lock().is_down = is_down;
    }
}

impl State {
    fn apply(&mut self, method: &Method, body: &[u8]) -> (u16, Value) {
        let version = self.record.as_ref().map(|r| r["metadata"]["resourceVersion"].clone());
        match (method, version) {
            (&Method::GET, Some(_)) => (200, self.record.clone().unwrap()),
            (&Method::GET | &Method::PUT, None) => (404, status(404)),
            (&Method::POST, Some(_)) => (409, status(409)),
            (&Method::POST, None) => (201, self.store(body)),
            (&Method::PUT, Some(now)) if serde_json::from_slice::<Value>(body).unwrap()["metadata"]["resourceVersion"] != now => {
                (409, status(409))
            }
            (&Method::PUT, Some(_)) => (200, self.store(body)),
            (other, _) => panic!("the lease needs no {other}"),
        }
    }

    fn store(&mut self, body: &[u8]) -> Value {
        self.version += 1;
        let mut new: Value = serde_json::from_slice(body).unwrap();
        new["metadata"]["resourceVersion"] = json!(self.version.to_string());
        self.record = Some(new.clone());
        new
    }
}

fn status(code: u16) -> Value {
    let reason = match code {
        404 => "NotFound", // the client looks at the word, not at the number
        409 => "Conflict",
        _ => "InternalError",
    };
    json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "message": "made up", "code": code})
}

fn reply(code: u16, body: &Value) -> Response<Body> {
    Response::builder().status(code).body(Body::from(body.to_string().into_bytes())).unwrap()
}

async fn seconds(n: u64) {
    Clock::of_the_machine().sleep(Duration::from_secs(n)).await;
}

async fn is_acquired_within(lease: &Lease, time: Duration) -> Option<Held> {
    timeout(time, lease.acquired(|_| {})).await.ok()
}

const NOON: &str = "2030-01-01T12:00:00Z";

#[tokio::test(start_paused = true)]
async fn the_first_replica_gets_the_lease_at_once_and_writes_what_people_read() {
    let server = Server::default();
    let _held = server.replica("a", NOON).acquired(|_| {}).await;
    let expected = json!({"holderIdentity": "a", "leaseDurationSeconds": 15, "leaseTransitions": 0,
        "acquireTime": "2030-01-01T12:00:00.000000Z", "renewTime": "2030-01-01T12:00:00.000000Z"});
    assert_eq!(server.spec(), expected);
}

#[tokio::test(start_paused = true)]
async fn a_live_holder_is_never_replaced_and_is_named_once() {
    let server = Server::default();
    let _held = server.replica("a", NOON).acquired(|_| {}).await;
    let told = Mutex::new(Vec::new());
    let second = server.replica("b", NOON);
    let hour = Duration::from_hours(1);
    assert!(timeout(hour, second.acquired(|who| told.lock().push(who.to_owned()))).await.is_err());
    assert_eq!(*told.lock(), ["a"]);
}

#[tokio::test(start_paused = true)]
async fn a_holder_that_died_is_replaced_after_the_duration_and_not_before() {
    let server = Server::default();
    drop(server.replica("a", NOON).acquired(|_| {}).await);
    let next = server.replica("b", NOON);
    assert!(is_acquired_within(&next, DURATION * 14 / 15).await.is_none());
    let next = server.replica("b", NOON);
    assert!(is_acquired_within(&next, DURATION + Duration::from_secs(2)).await.is_some());
    assert_eq!(server.spec()["leaseTransitions"], 1);
}

#[tokio::test(start_paused = true)]
async fn clocks_that_differ_by_years_change_nothing() {
    let server = Server::default();
    let _held = server.replica("a", "2020-01-01T00:00:00Z").acquired(|_| {}).await;
    let second = server.replica("b", "2040-01-01T00:00:00Z");
    assert!(is_acquired_within(&second, Duration::from_hours(1)).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_released_lease_is_taken_at_the_next_look() {
    let server = Server::default();
    let held = server.replica("a", NOON).acquired(|_| {}).await;
    let second = server.replica("b", NOON);
    let waiting = tokio::spawn(async move { second.acquired(|_| {}).await });
    seconds(30).await;
    let before = Instant::now();
    held.release().await.unwrap();
    let _held = waiting.await.unwrap();
    assert!(before.elapsed() <= Duration::from_secs(1), "took {:?}", before.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_holder_that_cannot_renew_stops_before_another_may_begin() {
    let server = Server::default();
    let mut held = server.replica("a", NOON).acquired(|_| {}).await;
    let before = Instant::now();
    server.is_down(true);
    held.lost().await;
    assert!(before.elapsed() <= DURATION * 2 / 3, "took {:?}", before.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_short_outage_does_not_cost_the_lease() {
    let server = Server::default();
    let mut held = server.replica("a", NOON).acquired(|_| {}).await;
    seconds(4).await;
    server.fail_next(&[Fault::NeverAnswered, Fault::ReplyLost]);
    assert!(timeout(Duration::from_hours(1), held.lost()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_claim_whose_reply_was_lost_is_recognised_as_ours() {
    let server = Server::default();
    server.fail_next(&[Fault::None, Fault::ReplyLost]);
    assert!(is_acquired_within(&server.replica("a", NOON), Duration::from_secs(3)).await.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_label_that_somebody_sets_costs_nothing() {
    let server = Server::default();
    let mut held = server.replica("a", NOON).acquired(|_| {}).await;
    {
        let mut state = server.0.lock();
        let mut record = state.record.clone().unwrap();
        record["metadata"]["labels"] = json!({"team": "shop"});
        state.store(record.to_string().as_bytes());
    }
    assert!(timeout(Duration::from_mins(1), held.lost()).await.is_err());
    assert_eq!(server.0.lock().record.as_ref().unwrap()["metadata"]["labels"]["team"], "shop");
}

#[tokio::test(start_paused = true)]
async fn a_holder_learns_at_its_next_renewal_that_it_was_replaced() {
    let server = Server::default();
    let mut held = server.replica("a", NOON).acquired(|_| {}).await;
    server.0.lock().store(json!({"metadata": {"name": "ecs-operator"}, "spec": {"holderIdentity": "b"}}).to_string().as_bytes());
    timeout(Duration::from_secs(6), held.lost()).await.unwrap();
    assert_eq!(server.spec()["holderIdentity"], "b");
}

/// From when to when somebody held it.
type Terms = Arc<Mutex<Vec<(Instant, Option<Instant>)>>>;

/// Contends again and again, and notes from when to when it held.
async fn contend(lease: Lease, kept: Terms, work: Duration, dies: bool) {
    loop {
        let mut held = lease.acquired(|_| {}).await;
        let mine = {
            let mut kept = kept.lock();
            kept.push((Instant::now(), None));
            kept.len() - 1
        };
        let is_lost = timeout(work, held.lost()).await.is_ok();
        kept.lock()[mine].1 = Some(Instant::now());
        match (is_lost, dies) {
            (true, _) => {}
            (false, true) => drop(held), // as if killed: nothing is given back
            (false, false) => _ = held.release().await,
        }
        Clock::of_the_machine().sleep(Duration::from_secs(1)).await;
    }
}

async fn intervals(faults: &[Fault], works: &[(u64, bool)]) -> Vec<(Instant, Option<Instant>)> {
    let (server, kept) = (Server::default(), Terms::default());
    server.fail_next(faults);
    let mut all = JoinSet::new();
    for (i, (work, dies)) in works.iter().enumerate() {
        let lease = server.replica(&format!("replica-{i}"), ["2020-01-01T00:00:00Z", NOON, "2040-01-01T00:00:00Z"][i % 3]);
        all.spawn(contend(lease, Arc::clone(&kept), Duration::from_secs(*work), *dies));
    }
    seconds(600).await;
    all.shutdown().await;
    let kept = kept.lock();
    kept.clone()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever the network does and whoever dies: one at a time, and somebody gets on.
    #[test]
    fn two_replicas_never_hold_it_at_once_and_it_never_stays_free(
        faults in proptest::collection::vec(prop_oneof![
            4 => Just(Fault::None), 1 => Just(Fault::Refused), 1 => Just(Fault::ReplyLost), 1 => Just(Fault::NeverAnswered)], 0..200),
        works in proptest::collection::vec((1u64..120, any::<bool>()), 2..4),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let kept = runtime.block_on(intervals(&faults, &works));
        prop_assert!(kept.len() > 3, "only {} terms in ten minutes", kept.len());
        for pair in kept.windows(2) {
            prop_assert!(pair[0].1.is_some_and(|end| end <= pair[1].0), "two held it at once: {pair:?}");
        }
    }
}
