//! Watches Kubernetes, keeps the caches, and says which objects are to be looked at: the only place that uses kube's
//! unstable runtime features.
//!
//! Each kind is watched once, however many kinds depend on it. An event of an object becomes a trigger for itself, if
//! something changed that a pass looks at, and for those that point at it.

use super::Managed;
pub use super::cache::Guarded;
use super::cache::{Cache, CacheWriter, Indexed, Key};
use super::ctx::Shared;
use super::pass::pass;
use super::refs::Caches;
use super::triggers::Triggers;
use crate::api::{
    AwsConnection, EcsListenerRule, EcsLoadBalancer, EcsNamespacePolicy, EcsService, EcsTargetGroup, EcsTaskDefinition,
};
use crate::aws::Connection;
use crate::domain::ObjectKey;
use futures::{Stream, StreamExt, future};
use k8s_openapi::api::core::v1::Namespace;
use kube::runtime::controller::{self, Action, Config};
use kube::runtime::reflector::ObjectRef;
use kube::runtime::{Controller, WatchStreamExt, watcher};
use kube::{Api, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use std::collections::{BTreeSet, HashMap};
use std::fmt::Debug;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Which objects are watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// All that there are.
    All,
    /// The one of this name.
    Named(String),
}

/// Watches one kind until the process ends, in each of `apis`: fills the cache through `writer` and calls `changed` with
/// each object in which something changed that anybody looks at, and with each that is gone. The cache counts as ready
/// once all have been listed.
pub async fn watch<K>(apis: Vec<(Api<Guarded<K>>, Which)>, writer: CacheWriter<K>, changed: impl Fn(&Guarded<K>, Change) + Send)
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + Sync + 'static,
    K: DigestOfStatus + Indexed,
{
    let streams = apis.into_iter().enumerate();
    let streams = streams.map(|(number, (api, which))| events(api, which).map(move |event| (number, event)).boxed());
    let mut events = futures::stream::select_all(streams);
    let (not_listed, began) = ((0..events.len()).collect(), Instant::now());
    let mut watched = Watched { writer, began, not_listed, listing: HashMap::new(), seen: HashMap::new() };
    watched.writer.take(&watcher::Event::Init);
    while let Some((number, event)) = events.next().await {
        match event {
            Ok(event) => watched.take(number, event, &changed),
            Err(error) => tracing::warn!(%error, kind = %K::kind(&()), "the watch broke off and is begun again"),
        }
    }
}

/// What is there, then what changes. The list is streamed: what there is of it is decoded while the rest is on its way, and its
/// text is never in memory as a whole. An API server that does not do that (feature gate `WatchList`) is asked for pages instead.
fn events<K>(api: Api<K>, which: Which) -> impl Stream<Item = watcher::Result<watcher::Event<K>>> + Send
where
    K: Resource + Clone + Debug + DeserializeOwned + Send + 'static,
{
    let config = watcher::Config::default().any_semantic();
    let config = match which {
        Which::All => config,
        Which::Named(name) => config.fields(&format!("metadata.name={name}")),
    };
    let in_pages = watcher(api.clone(), config.clone()).default_backoff();
    let streamed = watcher(api, config.streaming_lists()).default_backoff();
    streamed.take_while(|event| future::ready(!event.as_ref().is_err_and(is_not_streamed))).chain(in_pages)
}

/// The API server says which member of the request it does not take:
/// <https://kubernetes.io/docs/reference/using-api/api-concepts/#streaming-lists>.
fn is_not_streamed(error: &watcher::Error) -> bool {
    let watcher::Error::WatchStartFailed(kube::Error::Api(refusal)) = error else { return false };
    refusal.code == 422 && refusal.message.contains("sendInitialEvents")
}

/// What one kind's watches have brought.
struct Watched<K: Resource<DynamicType = ()> + Clone + 'static> {
    writer: CacheWriter<K>,
    began: Instant,
    /// The watches that have not been through their first list.
    not_listed: BTreeSet<usize>,
    /// Objects of a list that is under way, per watch.
    listing: HashMap<usize, Vec<Guarded<K>>>,
    /// Each object that is there, with the watch that brought it.
    seen: HashMap<String, (usize, ObjectRef<Guarded<K>>, Digest)>,
}

impl<K: Resource<DynamicType = ()> + Indexed + Clone + DigestOfStatus + 'static> Watched<K> {
    fn take(&mut self, number: usize, event: watcher::Event<Guarded<K>>, changed: &impl Fn(&Guarded<K>, Change)) {
        match event {
            watcher::Event::Init => {
                self.listing.insert(number, Vec::new());
            }
            watcher::Event::InitApply(object) => self.listing.entry(number).or_default().push(object),
            watcher::Event::InitDone => self.listed(number, changed),
            watcher::Event::Apply(object) => self.apply(number, object, changed),
            watcher::Event::Delete(object) => self.delete(&object, changed),
        }
    }

    /// A list is complete: what is not in it is gone. Until every watch has listed once, the cache is not shown to anybody.
    fn listed(&mut self, number: usize, changed: &impl Fn(&Guarded<K>, Change)) {
        let objects = self.listing.remove(&number).unwrap_or_default();
        let there: BTreeSet<String> = objects.iter().map(|object| object.uid().unwrap_or_default()).collect();
        let store = self.writer.store();
        let gone: Vec<_> = self
            .seen
            .iter()
            .filter(|(uid, (of, _, _))| *of == number && !there.contains(*uid))
            .filter_map(|(_, (_, reference, _))| store.get(reference))
            .collect();
        for object in gone {
            self.delete(&object, changed);
        }
        for object in objects {
            self.apply(number, object, changed);
        }
        if self.not_listed.remove(&number) && self.not_listed.is_empty() {
            self.writer.take(&watcher::Event::InitDone);
            let took = self.began.elapsed().as_secs_f64();
            tracing::info!(kind = %K::kind(&()), objects = self.seen.len(), seconds = took, "all of a kind are listed");
        }
    }

    fn apply(&mut self, number: usize, mut object: Guarded<K>, changed: &impl Fn(&Guarded<K>, Change)) {
        object.managed_fields_mut().clear();
        let event = if self.not_listed.is_empty() { watcher::Event::Apply } else { watcher::Event::InitApply };
        self.writer.take(&event(object.clone()));
        let digest = Digest::of(&object);
        let entry = (number, ObjectRef::from_obj(&object), digest);
        let before = self.seen.insert(object.uid().unwrap_or_default(), entry).map(|(_, _, digest)| digest);
        let change = Change {
            itself: before.is_none_or(|before| before.itself != digest.itself),
            status: before.is_none_or(|before| before.status != digest.status),
        };
        if change.itself || change.status {
            changed(&object, change);
        }
    }

    fn delete(&mut self, object: &Guarded<K>, changed: &impl Fn(&Guarded<K>, Change)) {
        self.seen.remove(&object.uid().unwrap_or_default());
        self.writer.take(&watcher::Event::Delete(object.clone()));
        changed(object, Change { itself: true, status: true });
    }
}

/// What changed in an object since it was seen last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its spec, annotations, finalizers, or whether it is being deleted.
    pub itself: bool,
    /// What others take from its status.
    pub status: bool,
}

/// What others take from the status of an object, as one number.
pub trait DigestOfStatus {
    /// Equal numbers: nothing changed for others.
    fn digest_of_status(&self) -> u64;
}

#[derive(PartialEq, Eq, Clone, Copy)]
struct Digest {
    itself: u64,
    status: u64,
}

impl Digest {
    /// Without this our own status writes would wake us.
    fn of<K: Resource<DynamicType = ()> + DigestOfStatus>(object: &Guarded<K>) -> Self {
        let meta = object.meta();
        let deleted = meta.deletion_timestamp.as_ref().map(|time| time.0);
        Self {
            itself: hash(&(meta.generation, &meta.annotations, &meta.finalizers, deleted)),
            status: object.0.as_ref().map_or(0, DigestOfStatus::digest_of_status),
        }
    }
}

/// One number for what a value holds, within this process.
pub fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// Runs the passes of one kind until `shutdown`, then finishes those in flight.
pub async fn run<M: Managed>(
    shared: Arc<Shared>,
    cache: &Cache<M::Object>,
    mut triggers: Triggers<M::Object>,
    concurrency: u16,
    shutdown: impl Future<Output = ()> + Send + Sync + 'static,
) {
    let (waiting, gone, clock) = (triggers.waiting(), triggers.waiting(), shared.clock);
    Controller::for_stream(futures::stream::pending(), cache.store())
        .with_config(Config::default().concurrency(concurrency))
        .reconcile_on(triggers.stream::<M>(cache, shared.clock))
        .graceful_shutdown_on(shutdown)
        .run(move |object, shared| pass::<M>(object, shared, waiting.clone()), again_after_refusal::<M>, shared)
        .for_each(move |outcome| {
            match outcome {
                // It went before its pass began.
                Err(controller::Error::ObjectNotFound(reference)) => {
                    let ObjectRef { name, namespace, .. } = *reference;
                    gone.begins(&ObjectKey { namespace: namespace.unwrap_or_default(), name }, clock.instant());
                }
                Err(error) => tracing::debug!(%error, kind = M::KIND, "a pass ended without status"),
                Ok(_) => {}
            }
            future::ready(())
        })
        .await;
}

/// Kubernetes refused the status: a short pause, then the whole pass again.
#[expect(clippy::needless_pass_by_value, reason = "the signature is kube's")]
fn again_after_refusal<M: Managed>(object: Arc<Guarded<M::Object>>, error: &kube::Error, _: Arc<Shared>) -> Action {
    tracing::warn!(
        kind = M::KIND,
        namespace = object.namespace().unwrap_or_default(),
        name = object.name_any(),
        %error,
        "Kubernetes refused a write; the pass is made again"
    );
    Action::requeue(Duration::from_secs(2).mul_f64(1.0 + rand::random::<f64>()))
}

/// The caches to be filled, with their writers.
pub fn caches(built_in: Option<Connection>, watched: Vec<String>) -> (Caches, Writers) {
    let (task_definitions, task_definitions_writer) = Cache::new();
    let (services, services_writer) = Cache::new();
    let (target_groups, target_groups_writer) = Cache::new();
    let (listener_rules, listener_rules_writer) = Cache::new();
    let (load_balancers, load_balancers_writer) = Cache::new();
    let (policies, policies_writer) = Cache::new();
    let (connections, connections_writer) = Cache::new();
    let (namespaces, namespaces_writer) = Cache::new();
    let writers = Writers {
        task_definitions: task_definitions_writer,
        services: services_writer,
        target_groups: target_groups_writer,
        listener_rules: listener_rules_writer,
        load_balancers: load_balancers_writer,
        policies: policies_writer,
        connections: connections_writer,
        namespaces: namespaces_writer,
    };
    let caches = Caches {
        task_definitions,
        services,
        target_groups,
        listener_rules,
        load_balancers,
        policies,
        connections,
        namespaces,
        built_in,
        watched,
    };
    (caches, writers)
}

/// The writing ends of the caches.
pub struct Writers {
    /// For every `EcsTaskDefinition`.
    pub task_definitions: CacheWriter<EcsTaskDefinition>,
    /// For every `EcsService`.
    pub services: CacheWriter<EcsService>,
    /// For every `EcsTargetGroup`.
    pub target_groups: CacheWriter<EcsTargetGroup>,
    /// For every `EcsListenerRule`.
    pub listener_rules: CacheWriter<EcsListenerRule>,
    /// For every `EcsLoadBalancer`.
    pub load_balancers: CacheWriter<EcsLoadBalancer>,
    /// For every `EcsNamespacePolicy`.
    pub policies: CacheWriter<EcsNamespacePolicy>,
    /// For every `AwsConnection`.
    pub connections: CacheWriter<AwsConnection>,
    /// For every namespace.
    pub namespaces: CacheWriter<Namespace>,
}

impl Indexed for Namespace {
    fn keys(&self) -> Vec<Key> {
        Vec::new()
    }
}

impl DigestOfStatus for Namespace {
    /// Its labels: what connections select namespaces by.
    fn digest_of_status(&self) -> u64 {
        hash(&self.metadata.labels)
    }
}
