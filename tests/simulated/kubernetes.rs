//! The Kubernetes API in memory, as far as the operator uses it: list, watch, merge patch, server-side apply, delete with
//! finalizers, the status subresource, optimistic concurrency. It can refuse, lose replies, and be slow to tell.
//!
//! The rules are those of the API conventions (sig-architecture, `api-conventions.md`) and of the API concepts page.

use crate::life::Life;
use crate::watching;
use axum::body::Body;
use http::{Method, Request, Response};
use kube::Client;
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// What becomes of a write.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    /// It is refused and nothing is done.
    Refused,
    /// It is done, and the reply is lost.
    ReplyLost,
}

/// Plural, namespace, name.
pub type Key = (String, String, String);

/// One change of one object.
#[derive(Clone, Debug)]
pub struct Change {
    pub version: u64,
    pub key: Key,
    pub kind: &'static str,
    pub object: Value,
}

/// The API server. Clones share its state.
#[derive(Clone)]
pub struct Kubernetes {
    state: Arc<Mutex<State>>,
    version: watch::Receiver<u64>,
}

pub struct State {
    objects: BTreeMap<Key, Value>,
    pub log: Vec<Change>,
    pub writes: usize,
    faults: VecDeque<Fault>,
    /// How long the news of a watch take.
    pub lag: Duration,
    /// Watches that began before this many breaks have ended.
    pub breaks: u64,
    version: watch::Sender<u64>,
}

/// What a request asks for.
struct Asked {
    method: Method,
    key: Key,
    is_status: bool,
    is_apply: bool,
    body: Value,
}

type Answer = (u16, Value);

impl Kubernetes {
    pub fn new() -> Self {
        let (sender, version) = watch::channel(1);
        let state = State {
            objects: BTreeMap::new(),
            log: Vec::new(),
            writes: 0,
            faults: VecDeque::new(),
            lag: Duration::ZERO,
            breaks: 0,
            version: sender,
        };
        Self { state: Arc::new(Mutex::new(state)), version }
    }

    /// A client for one life of the operator.
    pub fn client(&self, life: &Life) -> Client {
        let (server, life) = (self.clone(), life.clone());
        let service = tower::service_fn(move |request: Request<kube::client::Body>| {
            let (server, life) = (server.clone(), life.clone());
            async move { life.call(server.answer(request)).await }
        });
        Client::new(service, "default")
    }

    /// The next writes of the operator meet these.
    pub fn fail_next(&self, faults: &[Fault]) {
        self.state.lock().faults.extend(faults);
    }

    /// Ends every fault.
    pub fn heal(&self) {
        let mut state = self.state.lock();
        state.faults.clear();
        state.lag = Duration::ZERO;
    }

    /// Ends every watch. Every other time they have fallen behind and have to list again.
    pub fn break_watches(&self) {
        let mut state = self.state.lock();
        state.breaks += 1;
        state.version.send_modify(|_| {});
    }

    /// Looks at the state, or changes it.
    pub fn with<R>(&self, look: impl FnOnce(&mut State) -> R) -> R {
        look(&mut self.state.lock())
    }

    /// Resolves when there is something newer than the version that was seen.
    pub fn news(&self) -> watch::Receiver<u64> {
        self.version.clone()
    }

    /// An object, if it is there.
    pub fn get(&self, plural: &str, name: &str) -> Option<Value> {
        self.state.lock().objects.get(&key(plural, name)).cloned()
    }

    /// Every object of a kind.
    pub fn all(&self, plural: &str) -> Vec<Value> {
        self.state.lock().list(plural, "")
    }

    /// Sets the spec of an object and some of its annotations, as a person does.
    pub fn apply(&self, plural: &str, name: &str, manifest: &Value) {
        let (code, answer) = self.state.lock().apply(&key(plural, name), manifest);
        assert!(code < 300, "{answer}");
    }

    /// Deletes an object, as a person does.
    pub fn delete(&self, plural: &str, name: &str) {
        self.state.lock().delete(&key(plural, name));
    }

    /// Puts a status back, as if what was written since had never arrived.
    pub fn overwrite_status(&self, plural: &str, name: &str, status: &Value) {
        let mut state = self.state.lock();
        let mut object = state.objects[&key(plural, name)].clone();
        object["status"] = status.clone();
        state.replace(&key(plural, name), object);
    }

    async fn answer(self, request: Request<kube::client::Body>) -> Result<Response<Body>, io::Error> {
        tokio::time::sleep(Duration::from_millis(3)).await;
        let query = request.uri().query().unwrap_or_default().to_owned();
        let asked = asked(request).await;
        if asked.method == Method::GET && query.contains("watch=true") {
            // An API server without streamed lists (feature gate WatchList), which has to be listed.
            if query.contains("sendInitialEvents=true") {
                return Ok(reply(refusal(422, "sendInitialEvents is forbidden for watch")));
            }
            let from = query.split('&').find_map(|part| part.strip_prefix("resourceVersion=")).unwrap_or_default();
            let from = from.parse().unwrap_or_default();
            return Ok(Response::new(Body::from_stream(watching::watch(self, asked.key, from))));
        }
        let is_write = asked.method != Method::GET;
        let fault = if is_write { self.state.lock().faults.pop_front() } else { None };
        if fault == Some(Fault::Refused) {
            return Ok(reply(refusal(500, "InternalError")));
        }
        let answer = self.state.lock().carry_out(&asked);
        tokio::time::sleep(Duration::from_millis(3)).await;
        match fault {
            Some(Fault::ReplyLost) => Err(io::Error::other("connection reset")),
            _ => Ok(reply(answer)),
        }
    }
}

fn key(plural: &str, name: &str) -> Key {
    (plural.to_owned(), "shop".to_owned(), name.to_owned())
}

/// `/apis/<group>/<version>/namespaces/<namespace>/<plural>/<name>/status`, or a part of it.
async fn asked(request: Request<kube::client::Body>) -> Asked {
    let method = request.method().clone();
    let is_apply = request.headers().get("content-type").is_some_and(|kind| kind == "application/apply-patch+yaml");
    let path = request.uri().path().to_owned();
    let body = axum::body::to_bytes(Body::new(request.into_body()), 1 << 22).await.unwrap();
    let body = serde_json::from_slice(&body).unwrap_or_default();
    let mut parts = path.trim_start_matches('/').split('/').skip(3).peekable();
    let mut namespace = String::new();
    if parts.peek() == Some(&"namespaces") {
        parts.next();
        parts.next().unwrap_or_default().clone_into(&mut namespace);
    }
    let mut part = || parts.next().unwrap_or_default().to_owned();
    let key = (part(), namespace, part());
    Asked { method, key, is_status: part() == "status", is_apply, body }
}

fn reply((code, body): Answer) -> Response<Body> {
    Response::builder().status(code).body(Body::from(body.to_string())).unwrap()
}

fn refusal(code: u16, reason: &str) -> Answer {
    (code, json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "message": reason, "code": code}))
}

impl State {
    /// Every object of a kind, of one namespace or of all.
    pub fn list(&self, plural: &str, namespace: &str) -> Vec<Value> {
        let is_meant = |key: &Key| key.0 == plural && (namespace.is_empty() || key.1 == namespace);
        self.objects.iter().filter(|(key, _)| is_meant(key)).map(|(_, object)| object.clone()).collect()
    }

    fn carry_out(&mut self, asked: &Asked) -> Answer {
        let (key, body) = (&asked.key, &asked.body);
        if asked.method != Method::GET {
            self.writes += 1;
        }
        match asked.method {
            Method::GET if key.2.is_empty() => {
                let version = self.version.borrow().to_string();
                let items = self.list(&key.0, &key.1);
                (200, json!({"kind": "List", "apiVersion": "v1", "metadata": {"resourceVersion": version}, "items": items}))
            }
            Method::GET => self.objects.get(key).map_or_else(|| refusal(404, "NotFound"), |object| (200, object.clone())),
            Method::POST => self.create(key, body),
            Method::PATCH if asked.is_apply => self.apply(key, body),
            Method::PATCH => self.patch(key, body, asked.is_status),
            Method::DELETE => self.delete(key),
            _ => refusal(405, "MethodNotAllowed"),
        }
    }

    fn create(&mut self, key: &Key, body: &Value) -> Answer {
        let key = (key.0.clone(), key.1.clone(), body["metadata"]["name"].as_str().unwrap_or_default().to_owned());
        if self.objects.contains_key(&key) {
            return refusal(409, "AlreadyExists");
        }
        let mut object = body.clone();
        let number = *self.version.borrow();
        object["metadata"]["namespace"] = json!(key.1);
        object["metadata"]["uid"] = json!(format!("uid-{number}"));
        object["metadata"]["generation"] = json!(1);
        object["metadata"]["creationTimestamp"] =
            json!(format!("2026-01-01T{:02}:{:02}:{:02}Z", number / 3600 % 24, number / 60 % 60, number % 60));
        (201, self.store(&key, "ADDED", object))
    }

    /// The applied spec, labels, annotations and owners take the place of those that stand there.
    fn apply(&mut self, key: &Key, body: &Value) -> Answer {
        let Some(before) = self.objects.get(key) else {
            return self.create(key, body);
        };
        let mut after = before.clone();
        after["spec"] = body["spec"].clone();
        for member in ["labels", "annotations", "ownerReferences"] {
            if !body["metadata"][member].is_null() {
                after["metadata"][member] = body["metadata"][member].clone();
            }
        }
        self.replace(key, after)
    }

    fn patch(&mut self, key: &Key, patch: &Value, is_status: bool) -> Answer {
        let Some(before) = self.objects.get(key) else { return refusal(404, "NotFound") };
        let wanted = &patch["metadata"]["resourceVersion"];
        if !wanted.is_null() && *wanted != before["metadata"]["resourceVersion"] {
            return refusal(409, "Conflict");
        }
        let mut after = before.clone();
        if is_status {
            merge(&mut after["status"], &patch["status"]);
            return self.replace(key, after);
        }
        merge(&mut after, patch);
        after["status"] = before["status"].clone();
        let finalizers = |object: &Value| object["metadata"]["finalizers"].as_array().cloned().unwrap_or_default();
        let adds = finalizers(&after).iter().any(|one| !finalizers(before).contains(one));
        if adds && !before["metadata"]["deletionTimestamp"].is_null() {
            return refusal(422, "Invalid");
        }
        self.replace(key, after)
    }

    /// What changes nothing makes no version; what loses its last finalizer while it is being deleted goes.
    fn replace(&mut self, key: &Key, mut after: Value) -> Answer {
        let before = &self.objects[key];
        for member in ["uid", "creationTimestamp", "resourceVersion", "generation", "namespace"] {
            after["metadata"][member] = before["metadata"][member].clone();
        }
        if after["status"].is_null() {
            after.as_object_mut().unwrap().remove("status");
        }
        if after == *before {
            return (200, after);
        }
        if after["spec"] != before["spec"] {
            after["metadata"]["generation"] = json!(before["metadata"]["generation"].as_i64().unwrap_or_default() + 1);
        }
        if !after["metadata"]["deletionTimestamp"].is_null() && is_free(&after) {
            return (200, self.store(key, "DELETED", after));
        }
        (200, self.store(key, "MODIFIED", after))
    }

    fn delete(&mut self, key: &Key) -> Answer {
        let Some(before) = self.objects.get(key) else { return refusal(404, "NotFound") };
        let mut after = before.clone();
        if is_free(&after) {
            return (200, self.store(key, "DELETED", after));
        }
        if after["metadata"]["deletionTimestamp"].is_null() {
            after["metadata"]["deletionTimestamp"] = json!("2026-02-01T00:00:00Z");
            after["metadata"]["generation"] = json!(before["metadata"]["generation"].as_i64().unwrap_or_default() + 1);
            return (200, self.store(key, "MODIFIED", after));
        }
        (200, after)
    }

    fn store(&mut self, key: &Key, kind: &'static str, mut object: Value) -> Value {
        let version = *self.version.borrow() + 1;
        object["metadata"]["resourceVersion"] = json!(version.to_string());
        if kind == "DELETED" {
            self.objects.remove(key);
        } else {
            self.objects.insert(key.clone(), object.clone());
        }
        self.log.push(Change { version, key: key.clone(), kind, object: object.clone() });
        self.version.send_replace(version);
        self.collect_garbage();
        object
    }

    /// Deletes what has owners of which none is there, as the garbage collector of Kubernetes does, which goes by their UIDs:
    /// <https://kubernetes.io/docs/concepts/architecture/garbage-collection/#owners-dependents>.
    fn collect_garbage(&mut self) {
        let owners = |object: &Value| object["metadata"]["ownerReferences"].as_array().cloned().unwrap_or_default();
        let is_there = |owner: &Value| self.objects.values().any(|object| object["metadata"]["uid"] == owner["uid"]);
        let is_orphan = |object: &Value| !owners(object).is_empty() && !owners(object).iter().any(is_there);
        let is_left = |object: &Value| object["metadata"]["deletionTimestamp"].is_null();
        let orphans = self.objects.iter().filter(|(_, object)| is_left(object) && is_orphan(object));
        for key in orphans.map(|(key, _)| key.clone()).collect::<Vec<_>>() {
            self.delete(&key);
        }
    }
}

fn is_free(object: &Value) -> bool {
    object["metadata"]["finalizers"].as_array().is_none_or(Vec::is_empty)
}

/// RFC 7386.
fn merge(into: &mut Value, patch: &Value) {
    let Value::Object(members) = patch else {
        into.clone_from(patch);
        return;
    };
    if !into.is_object() {
        *into = json!({});
    }
    for (name, value) in members {
        if value.is_null() {
            into.as_object_mut().unwrap().remove(name);
        } else {
            merge(&mut into[name.as_str()], value);
        }
    }
}
