//! What a watch holds of one kind, and by what it is found. The only place that writes into a cache is its watch.

use super::home::InAws;
use super::write::has_let_go;
use crate::domain::{ObjectKey, ServiceKey};
use futures::FutureExt;
use kube::core::DeserializeGuard;
use kube::runtime::reflector::store::Writer;
use kube::runtime::reflector::{ObjectRef, Store};
use kube::runtime::watcher;
use kube::{Resource, ResourceExt};
use parking_lot::RwLock;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A watched object, readable or not.
pub type Guarded<K> = DeserializeGuard<K>;

/// Under what an object is found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// The cluster that it names.
    Cluster(String),
    /// The connection that it names, and the one that its status names. Empty: it names none.
    Connection(String),
    /// The listener of a load balancer that it stands on, or has; its ARN.
    Listener(String),
    /// The namespace that it is in: what governs all of it wakes all of it.
    Namespace(String),
    /// Namespace and name of the load balancer that it names.
    LoadBalancer(String, String),
    /// Namespace and name of the service that it belongs to.
    Owner(String, String),
    /// Another namespace that it refers into, whose policy has to grant that.
    RefersInto(String),
    /// The rule between whose target groups ECS shifts its traffic; its ARN.
    Rule(String),
    /// Namespace and name of the target group that it names.
    TargetGroup(String, String),
    /// The namespace that it is in, where it runs a task definition of another one.
    RunsForeign(String),
    /// The family that it claims, or of which it runs a revision or could go back to one.
    Family(String),
    /// The service that it claims.
    Service(ServiceKey),
    /// Namespace and name of the task definition that it runs.
    TaskDefinition(String, String),
}

/// The service that an object belongs to, as its key.
pub fn owner_key<K: Resource<DynamicType = ()>>(object: &K) -> Option<Key> {
    let owner = object.owner_references().iter().find(|owner| owner.controller == Some(true) && owner.kind == "EcsService")?;
    Some(Key::Owner(object.namespace().unwrap_or_default(), owner.name.clone()))
}

/// The connections of an object, as keys.
pub fn connection_keys<K: InAws>(object: &K) -> impl Iterator<Item = Key> {
    let named = object.connection_ref().unwrap_or_default().to_owned();
    std::iter::once(named).chain(object.home().connection.map(str::to_owned)).map(Key::Connection)
}

/// The namespace of an object, as a key.
pub fn namespace_key<K: Resource<DynamicType = ()>>(object: &K) -> Key {
    Key::Namespace(object.namespace().unwrap_or_default())
}

/// An object that is found by others.
pub trait Indexed: Resource<DynamicType = ()> {
    /// Everything under which it is found.
    fn keys(&self) -> Vec<Key>;
}

/// All objects of a kind, by name and by what they claim and point at. There may be thousands, and every pass asks: nothing
/// here walks over all of them. Clones share their state.
pub struct Cache<K: Resource<DynamicType = ()> + 'static> {
    store: Store<Guarded<K>>,
    index: Arc<RwLock<Index>>,
}

impl<K: Resource<DynamicType = ()> + Clone> Clone for Cache<K> {
    fn clone(&self) -> Self {
        Self { store: self.store.clone(), index: Arc::clone(&self.index) }
    }
}

impl<K: Resource<DynamicType = ()> + Clone + 'static> Cache<K> {
    /// An empty cache, and the end that fills it.
    pub fn new() -> (Self, CacheWriter<K>) {
        let (store, writer) = kube::runtime::reflector::store();
        let index = Arc::<RwLock<Index>>::default();
        (Self { store, index: Arc::clone(&index) }, CacheWriter { writer, index })
    }

    /// The object of that name, if it is there and readable.
    pub fn get(&self, namespace: &str, name: &str) -> Option<K> {
        self.store.get(&reference(namespace, name)).and_then(|guarded| guarded.0.clone().ok())
    }

    /// Shows each readable object that is found under `key` to `look`.
    pub fn each(&self, key: &Key, mut look: impl FnMut(&K)) {
        let names: Vec<ObjectKey> = self.index.read().names.get(key).into_iter().flatten().cloned().collect();
        for name in names {
            if let Some(Ok(object)) = self.store.get(&reference(&name.namespace, &name.name)).as_deref().map(|it| &it.0) {
                look(object);
            }
        }
    }

    /// The first object found under `key` that is as `holds` says.
    pub fn first(&self, key: &Key, holds: impl Fn(&K) -> bool) -> Option<K> {
        let index = self.index.read();
        let mut found = index
            .names
            .get(key)
            .into_iter()
            .flatten()
            .filter_map(|name| self.store.get(&reference(&name.namespace, &name.name)).and_then(|it| it.0.clone().ok()));
        found.find(|object| holds(object))
    }

    /// What `pick` makes of the keys in use, from `first` on in their order, until it makes nothing of one.
    pub(super) fn keys_from<T: Ord>(&self, first: &Key, pick: impl Fn(&Key) -> Option<T>) -> BTreeSet<T> {
        self.index.read().names.range(first..).map_while(|(key, _)| pick(key)).collect()
    }

    /// The names of all objects. Only for kinds of which there are few.
    pub fn names(&self) -> Vec<ObjectKey> {
        self.store.state().iter().map(|object| name_of(object.as_ref())).collect()
    }

    /// Waits until all objects have been listed once.
    pub(super) async fn is_filled(&self) {
        // The only error is that the watch is gone: the process is ending.
        let _ = self.store.wait_until_ready().await;
    }

    /// Whether all objects have been listed once.
    pub(super) fn is_listed(&self) -> bool {
        self.is_filled().now_or_never().is_some()
    }

    pub(super) fn store(&self) -> Store<Guarded<K>> {
        self.store.clone()
    }
}

/// The end of a cache that its watch fills.
pub struct CacheWriter<K: Resource<DynamicType = ()> + Clone + 'static> {
    writer: Writer<Guarded<K>>,
    index: Arc<RwLock<Index>>,
}

impl<K: Indexed + Clone + 'static> CacheWriter<K> {
    /// Takes an event of the watch.
    pub(super) fn take(&mut self, event: &watcher::Event<Guarded<K>>) {
        self.writer.apply_watcher_event(event);
        match event {
            watcher::Event::Apply(object) | watcher::Event::InitApply(object) => {
                // Nobody waits for what has let go: it may wait for them in turn, as an owner that is deleted in the foreground does.
                let held = object.0.as_ref().ok().filter(|object| !has_let_go(*object));
                let keys = held.map(Indexed::keys).unwrap_or_default();
                self.index.write().set(name_of(object), keys);
            }
            watcher::Event::Delete(object) => self.index.write().set(name_of(object), Vec::new()),
            watcher::Event::Init | watcher::Event::InitDone => {}
        }
    }

    pub(super) fn store(&self) -> Store<Guarded<K>> {
        self.writer.as_reader()
    }
}

/// The object of that name; without a namespace, one that belongs to the whole cluster.
pub(super) fn reference<K: Resource<DynamicType = ()>>(namespace: &str, name: &str) -> ObjectRef<Guarded<K>> {
    let reference = ObjectRef::new(name);
    if namespace.is_empty() { reference } else { reference.within(namespace) }
}

fn name_of<K: Resource>(object: &K) -> ObjectKey {
    ObjectKey { namespace: object.namespace().unwrap_or_default(), name: object.name_any() }
}

#[derive(Default)]
struct Index {
    names: BTreeMap<Key, BTreeSet<ObjectKey>>,
    keys: BTreeMap<ObjectKey, Vec<Key>>,
}

impl Index {
    /// Files an object under these keys and no others.
    fn set(&mut self, name: ObjectKey, keys: Vec<Key>) {
        for key in self.keys.remove(&name).into_iter().flatten() {
            if let Some(names) = self.names.get_mut(&key) {
                names.remove(&name);
                if names.is_empty() {
                    self.names.remove(&key);
                }
            }
        }
        for key in &keys {
            self.names.entry(key.clone()).or_default().insert(name.clone());
        }
        if !keys.is_empty() {
            self.keys.insert(name, keys);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::EcsTaskDefinition;
    use crate::api::shared::FINALIZER;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

    impl Index {
        fn found(&self, key: &Key) -> Vec<String> {
            self.names.get(key).into_iter().flatten().map(ToString::to_string).collect()
        }
    }

    fn name(name: &str) -> ObjectKey {
        ObjectKey { namespace: "shop".to_owned(), name: name.to_owned() }
    }

    fn family(family: &str) -> Key {
        Key::Family(family.to_owned())
    }

    #[test]
    fn an_object_is_found_under_its_newest_keys_only() {
        let mut index = Index::default();
        index.set(name("a"), vec![family("web"), family("api")]);
        index.set(name("b"), vec![family("web")]);
        assert_eq!(index.found(&family("web")), ["shop/a", "shop/b"]);
        index.set(name("a"), vec![family("api")]);
        assert_eq!(index.found(&family("web")), ["shop/b"]);
        assert_eq!(index.found(&family("api")), ["shop/a"]);
    }

    #[test]
    fn nothing_is_kept_of_an_object_that_is_gone() {
        let mut index = Index::default();
        index.set(name("a"), vec![family("web")]);
        index.set(name("a"), Vec::new());
        assert!(index.names.is_empty() && index.keys.is_empty());
    }

    #[test]
    fn a_cache_shows_what_its_watch_took_until_that_is_deleted() {
        let (cache, mut writer) = Cache::<EcsTaskDefinition>::new();
        let mut object = EcsTaskDefinition::new("web", crate::api::EcsTaskDefinitionSpec::default());
        object.metadata.namespace = Some("shop".to_owned());
        let count = || {
            let mut count = 0;
            cache.each(&family("web"), |_| count += 1);
            count
        };
        writer.take(&watcher::Event::Apply(DeserializeGuard(Ok(object.clone()))));
        assert_eq!((count(), cache.get("shop", "web").is_some()), (1, true));
        writer.take(&watcher::Event::Delete(DeserializeGuard(Ok(object))));
        assert_eq!((count(), cache.get("shop", "web").is_some()), (0, false));
    }

    #[test]
    fn what_is_there_only_for_a_finalizer_of_somebody_else_is_in_nobodys_way() {
        let (cache, mut writer) = Cache::<EcsTaskDefinition>::new();
        let mut object = EcsTaskDefinition::new("web", crate::api::EcsTaskDefinitionSpec::default());
        object.metadata.namespace = Some("shop".to_owned());
        object.metadata.deletion_timestamp = Some(Time(jiff::Timestamp::UNIX_EPOCH));
        for (finalizers, found) in [([FINALIZER, "foregroundDeletion"].as_slice(), true), (&["foregroundDeletion"], false)] {
            object.metadata.finalizers = Some(finalizers.iter().map(|&name| name.to_owned()).collect());
            writer.take(&watcher::Event::Apply(DeserializeGuard(Ok(object.clone()))));
            assert_eq!(cache.first(&family("web"), |_| true).is_some(), found, "{finalizers:?}");
        }
        assert!(cache.get("shop", "web").is_some(), "it is there all the same");
    }
}
