//! Watches Kubernetes, keeps the caches, and says which objects are to be looked at: the only place that uses kube's
//! unstable runtime features.
//!
//! Each kind is watched once, however many kinds depend on it. An event of an object becomes a trigger for itself, if
//! something changed that a pass looks at, and for those that point at it.

use super::ctx::Ctx;
use super::refs::Caches;
pub use super::refs::Guarded;
use super::{Managed, reconcile};
use futures::{Stream, StreamExt, future};
use kube::runtime::controller::{Action, Config};
use kube::runtime::reflector::{ObjectRef, Store, store::Writer};
use kube::runtime::{Controller, WatchStreamExt, watcher};
use kube::{Api, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use std::collections::HashMap;
use std::fmt::Debug;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;
use futures::channel::mpsc;

/// A queue of objects of one kind that are to be looked at.
pub struct Triggers<K: Resource<DynamicType = ()>> {
    sender: mpsc::UnboundedSender<ObjectRef<Guarded<K>>>,
    receiver: Option<mpsc::UnboundedReceiver<ObjectRef<Guarded<K>>>>,
}

impl<K: Resource<DynamicType = ()>> Default for Triggers<K> {
    fn default() -> Self {
        let (sender, receiver) = mpsc::unbounded();
        Self { sender, receiver: Some(receiver) }
    }
}

impl<K: Resource<DynamicType = ()>> Triggers<K> {
    /// Where triggers are put.
    pub fn sender(&self) -> Trigger<K> {
        Trigger { sender: self.sender.clone() }
    }

    fn stream(&mut self) -> impl Stream<Item = ObjectRef<Guarded<K>>> + Send + 'static
    where
        K: 'static,
    {
        self.receiver.take().map_or_else(
            || futures::stream::pending().boxed(),
            StreamExt::boxed,
        )
    }
}

/// Puts objects of one kind into the queue.
pub struct Trigger<K: Resource<DynamicType = ()>> {
    sender: mpsc::UnboundedSender<ObjectRef<Guarded<K>>>,
}

impl<K: Resource<DynamicType = ()>> Clone for Trigger<K> {
    fn clone(&self) -> Self {
        Self { sender: self.sender.clone() }
    }
}

impl<K: Resource<DynamicType = ()>> Trigger<K> {
    /// The object of that name is to be looked at. Nobody listens any more during shutdown, and that is fine.
    pub fn look_at(&self, namespace: &str, name: &str) {
        let _ = self.sender.unbounded_send(ObjectRef::new(name).within(namespace));
    }
}

/// Watches one kind until the process ends: fills the cache through `writer` and calls `changed` with each object in
/// which something changed that anybody looks at, and with each that is gone.
pub async fn watch<K>(api: Api<Guarded<K>>, mut writer: Writer<Guarded<K>>, changed: impl Fn(&Guarded<K>, Change) + Send)
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + Sync + 'static,
    K: DigestOfStatus,
{
    let config = watcher::Config::default().any_semantic();
    let mut events = Box::pin(watcher(api, config).default_backoff());
    let mut seen: HashMap<String, Digest> = HashMap::new();
    let mut listed: Vec<Guarded<K>> = Vec::new();
    while let Some(event) = events.next().await {
        let mut event = match event {
            Ok(event) => event,
            Err(error) => {
                tracing::warn!(%error, kind = %K::kind(&()), "the watch broke off and is begun again");
                continue;
            }
        };
        if let watcher::Event::Apply(object) | watcher::Event::InitApply(object) = &mut event {
            object.managed_fields_mut().clear();
        }
        writer.apply_watcher_event(&event);
        match event {
            watcher::Event::Init => listed.clear(),
            watcher::Event::InitApply(object) => listed.push(object),
            watcher::Event::InitDone => {
                for object in listed.drain(..) {
                    notice(&mut seen, &object, &changed);
                }
            }
            watcher::Event::Apply(object) => notice(&mut seen, &object, &changed),
            watcher::Event::Delete(object) => {
                seen.remove(&object.uid().unwrap_or_default());
                changed(&object, Change { itself: true, status: true });
            }
        }
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

/// Without this our own status writes would wake us.
fn notice<K>(seen: &mut HashMap<String, Digest>, object: &Guarded<K>, changed: &impl Fn(&Guarded<K>, Change))
where
    K: Resource<DynamicType = ()> + DigestOfStatus,
{
    let meta = object.meta();
    let digest = Digest {
        itself: hash(&(
            meta.generation,
            &meta.annotations,
            &meta.finalizers,
            meta.deletion_timestamp.as_ref().map(|time| time.0),
        )),
        status: object.0.as_ref().map_or(0, DigestOfStatus::digest_of_status),
    };
    let before = seen.insert(meta.uid.clone().unwrap_or_default(), digest);
    let change = Change {
        itself: before.is_none_or(|before| before.itself != digest.itself),
        status: before.is_none_or(|before| before.status != digest.status),
    };
    if change.itself || change.status {
        changed(object, change);
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
    ctx: Arc<Ctx>,
    reader: Store<Guarded<M::Object>>,
    mut triggers: Triggers<M::Object>,
    concurrency: u16,
    shutdown: impl Future<Output = ()> + Send + Sync + 'static,
) {
    Controller::for_stream(futures::stream::pending(), reader)
        .with_config(Config::default().concurrency(concurrency))
        .reconcile_on(triggers.stream())
        .graceful_shutdown_on(shutdown)
        .run(reconcile::<M>, again_after_refusal::<M>, ctx)
        .for_each(|outcome| {
            if let Err(error) = outcome {
                tracing::debug!(%error, kind = M::KIND, "a pass ended without status");
            }
            future::ready(())
        })
        .await;
}

/// Kubernetes refused the status: a short pause, then the whole pass again.
#[expect(clippy::needless_pass_by_value, reason = "the signature is kube's")]
fn again_after_refusal<M: Managed>(
    object: Arc<Guarded<M::Object>>,
    error: &kube::Error,
    _ctx: Arc<Ctx>,
) -> Action {
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
pub fn caches() -> (Caches, Writers) {
    let (task_definitions, task_definitions_writer) = kube::runtime::reflector::store();
    let (services, services_writer) = kube::runtime::reflector::store();
    let caches = Caches { task_definitions, services };
    (caches, Writers { task_definitions: task_definitions_writer, services: services_writer })
}

/// The writing ends of the caches.
pub struct Writers {
    /// For every `EcsTaskDefinition`.
    pub task_definitions: Writer<Guarded<crate::api::EcsTaskDefinition>>,
    /// For every `EcsService`.
    pub services: Writer<Guarded<crate::api::EcsService>>,
}
