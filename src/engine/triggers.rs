//! Which objects of a kind are to be looked at, and in which order.

use super::Managed;
use super::cache::{Cache, Guarded, reference};
use super::waiting::{Cause, Waiting};
use crate::clock::Clock;
use crate::domain::ObjectKey;
use futures::channel::mpsc;
use futures::{Stream, StreamExt};
use kube::Resource;
use kube::runtime::reflector::ObjectRef;
use std::collections::HashSet;
use std::time::Duration;

/// After a start, so many objects that are as they were get their pass at once …
const AT_ONCE: usize = 256;
/// … and the next ones so much later. It is faster than AWS lets anybody read.
const PAUSE: Duration = Duration::from_millis(50);

/// A queue of objects of one kind that are to be looked at.
pub struct Triggers<K: Resource<DynamicType = ()>> {
    sender: mpsc::UnboundedSender<ObjectRef<Guarded<K>>>,
    receiver: Option<mpsc::UnboundedReceiver<ObjectRef<Guarded<K>>>>,
    waiting: Waiting,
}

impl<K: Resource<DynamicType = ()>> Default for Triggers<K> {
    fn default() -> Self {
        let (sender, receiver) = mpsc::unbounded();
        Self { sender, receiver: Some(receiver), waiting: Waiting::default() }
    }
}

impl<K: Resource<DynamicType = ()>> Triggers<K> {
    /// Where triggers are put.
    pub fn sender(&self) -> Trigger<K> {
        Trigger { sender: self.sender.clone(), waiting: self.waiting.clone() }
    }

    /// Who waits for a pass.
    pub fn waiting(&self) -> Waiting {
        self.waiting.clone()
    }

    /// What is to be looked at, as it comes. After a start all that there is comes at once: who changed something meanwhile does
    /// not wait for it, and neither does what comes later.
    pub(super) fn stream<M>(
        &mut self,
        cache: &Cache<K>,
        clock: Clock,
    ) -> impl Stream<Item = ObjectRef<Guarded<K>>> + Send + 'static
    where
        M: Managed<Object = K>,
    {
        let Some(mut receiver) = self.receiver.take() else { return futures::stream::pending().boxed() };
        let waiting: HashSet<_> = std::iter::from_fn(|| receiver.try_recv().ok()).collect();
        let (changed, settled): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|one| is_changed::<M>(one, cache));
        let in_turn = settled.chunks(AT_ONCE).map(<[_]>::to_vec).collect::<Vec<_>>();
        let in_turn = futures::stream::iter(in_turn).then(move |some| async move {
            clock.sleep(PAUSE).await;
            futures::stream::iter(some)
        });
        futures::stream::iter(changed).chain(futures::stream::select(receiver, in_turn.flatten())).boxed()
    }
}

/// Whether the status of an object does not speak of it as it stands there.
fn is_changed<M: Managed>(reference: &ObjectRef<Guarded<M::Object>>, cache: &Cache<M::Object>) -> bool {
    let object = cache.get(reference.namespace.as_deref().unwrap_or_default(), &reference.name);
    object.is_some_and(|object| {
        let meta = object.meta();
        meta.deletion_timestamp.is_some() || M::observed_generation(&object) != meta.generation
    })
}

/// Puts objects of one kind into the queue.
pub struct Trigger<K: Resource<DynamicType = ()>> {
    sender: mpsc::UnboundedSender<ObjectRef<Guarded<K>>>,
    waiting: Waiting,
}

impl<K: Resource<DynamicType = ()>> Clone for Trigger<K> {
    fn clone(&self) -> Self {
        Self { sender: self.sender.clone(), waiting: self.waiting.clone() }
    }
}

impl<K: Resource<DynamicType = ()>> Trigger<K> {
    /// The object of that name has changed and is to be looked at.
    pub fn changed(&self, namespace: &str, name: &str) {
        self.wake(namespace, name, Cause::Object);
    }

    /// Another object that it has to do with has changed, and it is to be looked at.
    pub fn look_at(&self, namespace: &str, name: &str) {
        self.wake(namespace, name, Cause::Related);
    }

    /// Something new was read of it in AWS, and it is to be looked at.
    pub fn seen_in_aws(&self, namespace: &str, name: &str) {
        self.wake(namespace, name, Cause::Aws);
    }

    /// Nobody listens any more during shutdown, and that is fine.
    fn wake(&self, namespace: &str, name: &str, by: Cause) {
        let key = ObjectKey { namespace: namespace.to_owned(), name: name.to_owned() };
        self.waiting.woken(key, by, Clock::of_the_machine().instant());
        let _ = self.sender.unbounded_send(reference(namespace, name));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{EcsService, EcsServiceSpec};
    use crate::kinds::service::EcsServiceKind;
    use kube::core::DeserializeGuard;
    use kube::runtime::watcher::Event;

    fn service(number: usize, observed: i64) -> EcsService {
        let mut object = EcsService::new(&format!("web-{number}"), EcsServiceSpec::default());
        object.metadata.namespace = Some("shop".to_owned());
        object.metadata.generation = Some(2);
        object.status.get_or_insert_default().observed_generation = Some(observed);
        object
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_start_what_was_changed_comes_first_and_news_do_not_wait_for_the_rest() {
        let (cache, mut writer) = Cache::<EcsService>::new();
        let mut triggers = Triggers::default();
        let trigger = triggers.sender();
        for number in 0..1000 {
            let observed = if number == 700 { 1 } else { 2 };
            writer.take(&Event::Apply(DeserializeGuard(Ok(service(number, observed)))));
            trigger.look_at("shop", &format!("web-{number}"));
            trigger.look_at("shop", &format!("web-{number}"));
        }
        let mut stream = triggers.stream::<EcsServiceKind>(&cache, Clock::of_the_machine());
        assert_eq!(stream.next().await.unwrap().name, "web-700");
        trigger.look_at("shop", "news");
        assert_eq!(stream.next().await.unwrap().name, "news");
        let rest: HashSet<_> = (&mut stream).take(999).map(|it| it.name).collect().await;
        assert_eq!(rest.len(), 999, "each once");
        assert!(futures::poll!(stream.next()).is_pending());
    }
}
