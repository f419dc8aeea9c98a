//! Every write to Kubernetes: finalizer, status, events, children. Nothing is written that already stands there.

use super::conditions::{Statement, Type, merge};
use super::ctx::{Shared, Written};
use super::{Managed, Notice, Stop, TOO_EARLY};
use crate::api::shared::FINALIZER;
use crate::domain::json::sha256;
use crate::trace;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::api::events::v1::Event;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use kube::api::{DeleteParams, ObjectMeta, Patch, PatchParams, PostParams};
use kube::core::error_boundary::InvalidObject;
use kube::runtime::controller::Action;
use kube::{Api, Resource, ResourceExt};
use serde_json::{Value, json};
use tracing::Instrument;

/// Longest text of an event, in bytes: Kubernetes takes 1,024.
const LONGEST_NOTE: usize = 1000;
/// Where events about objects of the whole cluster are. Kubernetes takes them here and in `kube-system` alone:
/// <https://github.com/kubernetes/kubernetes/blob/v1.34.0/pkg/apis/core/validation/events.go>, `legacyValidateEvent`.
const OF_THE_CLUSTER: &str = "default";

/// Name under which fields are managed.
pub const FIELD_MANAGER: &str = "ecs-operator";

/// Where objects of a kind are in the API.
pub trait Scope: Sized {
    /// Those of a namespace, or of the whole cluster.
    fn api<K: Resource<DynamicType = (), Scope = Self>>(kube: kube::Client, namespace: Option<&str>) -> Api<K>;
}

impl Scope for k8s_openapi::NamespaceResourceScope {
    fn api<K: Resource<DynamicType = (), Scope = Self>>(kube: kube::Client, namespace: Option<&str>) -> Api<K> {
        Api::namespaced(kube, namespace.unwrap_or_default())
    }
}

impl Scope for k8s_openapi::ClusterResourceScope {
    fn api<K: Resource<DynamicType = (), Scope = Self>>(kube: kube::Client, _: Option<&str>) -> Api<K> {
        Api::all(kube)
    }
}

fn api<K>(ctx: &Shared, namespace: Option<&str>) -> Api<K>
where
    K: Resource<DynamicType = (), Scope: Scope>,
{
    K::Scope::api(ctx.kube.clone(), namespace)
}

/// Makes a write of an object of kind `K` in a span of its own, which tells whether it was made.
async fn in_span<K: Resource<DynamicType = ()>, T>(
    what: &'static str,
    write: impl Future<Output = Result<T, kube::Error>>,
) -> Result<T, kube::Error> {
    let told = async {
        let outcome = write.await;
        match &outcome {
            Ok(_) => {}
            Err(kube::Error::Api(refusal)) => trace::kube_refused(Some(refusal.code)),
            Err(_) => trace::kube_refused(None),
        }
        outcome
    };
    told.instrument(trace::kube_write(what, &K::kind(&()))).await
}

/// Whether our finalizer stands on the object.
pub fn has_finalizer<K: Resource>(object: &K) -> bool {
    object.finalizers().iter().any(|name| name == FINALIZER)
}

/// Whether nothing of it is in AWS any more: it is being deleted, and is still there only for a finalizer of somebody else, such as
/// `foregroundDeletion` of Kubernetes itself.
pub fn has_let_go<K: Resource>(object: &K) -> bool {
    object.meta().deletion_timestamp.is_some() && !has_finalizer(object)
}

/// Puts the finalizer on the object, unless it stands there or the object is being deleted.
pub(super) async fn add_finalizer<M: Managed>(ctx: &Shared, object: &mut M::Object) -> Result<(), Stop> {
    if has_finalizer(object) || object.meta().deletion_timestamp.is_some() {
        return Ok(());
    }
    let mut finalizers = object.finalizers().to_vec();
    finalizers.push(FINALIZER.to_owned());
    object.meta_mut().finalizers = Some(finalizers);
    on_the_newest(patch_finalizers::<M>(ctx, object).await)
}

/// Takes the finalizer off the object.
pub(super) async fn remove_finalizer<M: Managed>(ctx: &Shared, object: &M::Object) -> Result<(), kube::Error> {
    if !has_finalizer(object) {
        return Ok(());
    }
    let mut without = object.clone();
    without.finalizers_mut().retain(|name| name != FINALIZER);
    match patch_finalizers::<M>(ctx, &mut without).await {
        Err(kube::Error::Api(refusal)) if refusal.code == 404 => Ok(()),
        other => other,
    }
}

/// The resource version goes along, so that a finalizer that somebody else set meanwhile is not lost.
async fn patch_finalizers<M: Managed>(ctx: &Shared, object: &mut M::Object) -> Result<(), kube::Error> {
    let patch = json!({"metadata": {
        "finalizers": object.finalizers(),
        "resourceVersion": object.resource_version(),
    }});
    let api: Api<M::Object> = api(ctx, object.namespace().as_deref());
    let (name, params, patch) = (object.name_any(), PatchParams::default(), Patch::Merge(patch));
    let written = in_span::<M::Object, _>("finalizer", api.patch_metadata(&name, &params, &patch)).await?;
    object.meta_mut().resource_version = written.metadata.resource_version;
    ctx.metrics.kube_write("finalizer");
    Ok(())
}

/// Replaces status, finalizers and version by those written last, where the cache does not show them yet.
pub(super) fn latest_status<M: Managed>(ctx: &Shared, object: &mut M::Object) {
    let uid = object.uid().unwrap_or_default();
    let mut all = ctx.written.lock();
    let Some(written) = all.get(&uid) else { return };
    if version(written.resource_version.as_deref()) <= version(object.meta().resource_version.as_deref()) {
        all.remove(&uid);
    } else if let Ok(status) = serde_json::from_value(written.status.clone()) {
        let meta = object.meta_mut();
        meta.resource_version.clone_from(&written.resource_version);
        meta.finalizers.clone_from(&written.finalizers);
        M::set_status(object, status);
    }
}

/// Resource versions of one kind are ordered as whole numbers (Kubernetes, KEP-5504).
fn version(text: Option<&str>) -> u64 {
    text.and_then(|text| text.parse().ok()).unwrap_or_default()
}

/// Writes the status if it differs from the one that stands there.
pub(super) async fn status<M: Managed>(ctx: &Shared, object: &mut M::Object, status: M::Status) -> Result<(), kube::Error> {
    replace_status::<M>(ctx, object, status, None).await
}

/// Writes what must stand in status before a step, on top of the newest version that is known or not at all. The cache may
/// lag behind what this process, or the one before it, has written: a step that was promised there already must be looked
/// for and not taken again.
pub(super) async fn promise<M: Managed>(ctx: &Shared, object: &mut M::Object, status: M::Status) -> Result<(), Stop> {
    let version = object.resource_version();
    on_the_newest(replace_status::<M>(ctx, object, status, version).await)
}

/// A write that is only made on the newest version, and was not.
fn on_the_newest(outcome: Result<(), kube::Error>) -> Result<(), Stop> {
    match outcome {
        Err(kube::Error::Api(refusal)) if refusal.code == 409 => {
            Err(Stop::waiting(TOO_EARLY, "the object has changed meanwhile"))
        }
        outcome => Ok(outcome?),
    }
}

async fn replace_status<M: Managed>(
    ctx: &Shared,
    object: &mut M::Object,
    status: M::Status,
    only_on: Option<String>,
) -> Result<(), kube::Error> {
    let before = M::status_of(object).map(serde_json::to_value).transpose().unwrap_or_default();
    let before = before.unwrap_or(Value::Null);
    let Ok(after) = serde_json::to_value(&status) else { return Ok(()) };
    if before == after {
        return Ok(());
    }
    let mut patch = json!({"status": merge_patch(&before, &after)});
    if let Some(resource_version) = only_on {
        patch["metadata"] = json!({"resourceVersion": resource_version});
    }
    let written = patch_status::<M>(ctx, object.namespace().as_deref(), &object.name_any(), &patch).await?;
    if let Some(meta) = written {
        let resource_version = meta.resource_version;
        let entry = Written { resource_version: resource_version.clone(), finalizers: meta.finalizers, status: after };
        ctx.written.lock().insert(object.uid().unwrap_or_default(), entry);
        object.meta_mut().resource_version = resource_version;
    }
    M::set_status(object, status);
    Ok(())
}

/// An object that is gone meanwhile needs no status: `None`.
async fn patch_status<M: Managed>(
    ctx: &Shared,
    namespace: Option<&str>,
    name: &str,
    patch: &Value,
) -> Result<Option<ObjectMeta>, kube::Error> {
    let api: Api<kube::core::DeserializeGuard<M::Object>> = api(ctx, namespace);
    ctx.metrics.kube_write("status");
    let (params, patch) = (PatchParams::default(), Patch::Merge(patch));
    match in_span::<M::Object, _>("status", api.patch_status(name, &params, &patch)).await {
        Ok(written) => Ok(Some(written.meta().clone())),
        Err(kube::Error::Api(refusal)) if refusal.code == 404 => Ok(None),
        Err(error) => Err(error),
    }
}

/// The merge patch (RFC 7386) that turns `before` into `after`: what is gone becomes null.
fn merge_patch(before: &Value, after: &Value) -> Value {
    let (Value::Object(old), Value::Object(new)) = (before, after) else {
        return after.clone();
    };
    let mut patch = serde_json::Map::new();
    for key in old.keys().filter(|key| !new.contains_key(*key)) {
        patch.insert(key.clone(), Value::Null);
    }
    for (key, value) in new {
        match old.get(key) {
            Some(same) if same == value => {}
            Some(other) => {
                patch.insert(key.clone(), merge_patch(other, value));
            }
            None => {
                patch.insert(key.clone(), value.clone());
            }
        }
    }
    Value::Object(patch)
}

/// Says on an object that this binary cannot read that it cannot, and leaves everything else as it is.
pub(super) async fn unreadable<M: Managed>(ctx: &Shared, bad: &InvalidObject) -> Result<Action, kube::Error> {
    let message = format!(
        "this version of the operator cannot read the object ({}); correct the field or install the version that knows it",
        bad.error
    );
    let ready = Statement::no(Type::Ready, "Unreadable", message.clone());
    let stalled = Statement::yes(Type::Stalled, "Unreadable", message);
    let uid = bad.metadata.uid.clone().unwrap_or_default();
    let said = json!({"unreadable": bad.error});
    if ctx.written.lock().get(&uid).is_some_and(|written| written.status == said) {
        return Ok(Action::await_change());
    }
    let conditions = merge(&[], &[ready, stalled], bad.metadata.generation, ctx.clock.now());
    let patch = json!({"status": {"observedGeneration": bad.metadata.generation, "conditions": conditions}});
    let name = bad.metadata.name.as_deref().unwrap_or_default();
    patch_status::<M>(ctx, bad.metadata.namespace.as_deref(), name, &patch).await?;
    ctx.written.lock().insert(uid, Written { resource_version: None, finalizers: None, status: said });
    Ok(Action::await_change())
}

/// Publishes events. One that cannot be published is logged: an event is never worth failing a pass.
pub(super) async fn notices<K>(ctx: &Shared, object: &K, notices: Vec<Notice>)
where
    K: Resource<DynamicType = ()>,
{
    let namespace = object.namespace();
    let api: Api<Event> = Api::namespaced(ctx.kube.clone(), namespace.as_deref().unwrap_or(OF_THE_CLUSTER));
    let now = ctx.clock.now();
    let published = notices.into_iter().map(|notice| publish(ctx, &api, event(object.object_ref(&()), notice, now)));
    futures::future::join_all(published).await;
}

async fn publish(ctx: &Shared, api: &Api<Event>, event: Event) {
    match in_span::<Event, _>("event", api.create(&PostParams::default(), &event)).await {
        Ok(_) => ctx.metrics.kube_write("event"),
        // It was published before, by this process or the one before it.
        Err(kube::Error::Api(refusal)) if refusal.code == 409 => {}
        Err(error) => tracing::warn!(%error, reason = event.reason, "an event could not be published"),
    }
}

/// An event of its own for each notice. kube's recorder folds those of one reason into a series and keeps the first text,
/// which would hide what ECS said later. What has an identity gets its name from it, so that it is published once.
fn event(regarding: ObjectReference, notice: Notice, now: Timestamp) -> Event {
    let identity = notice.id.unwrap_or_else(|| now.to_string());
    let whole = format!("{:?} {identity} {} {}", regarding.uid, notice.reason, notice.message);
    let object: String = regarding.name.iter().flat_map(|name| name.chars()).take(200).collect();
    Event {
        metadata: ObjectMeta {
            name: Some(format!("{object}.{}", &sha256(&whole)[..16])),
            namespace: Some(regarding.namespace.clone().unwrap_or_else(|| OF_THE_CLUSTER.to_owned())),
            ..ObjectMeta::default()
        },
        type_: Some(if notice.warning { "Warning" } else { "Normal" }.to_owned()),
        reason: Some(notice.reason),
        note: Some(notice.message[..notice.message.floor_char_boundary(LONGEST_NOTE)].to_owned()),
        action: Some("Reconcile".to_owned()),
        event_time: Some(MicroTime(now)),
        reporting_controller: Some(FIELD_MANAGER.to_owned()),
        reporting_instance: Some(FIELD_MANAGER.to_owned()),
        regarding: Some(regarding),
        ..Event::default()
    }
}

/// Applies a child object by server-side apply.
///
/// # Errors
/// What Kubernetes answered.
pub async fn apply_child<K>(ctx: &Shared, child: &K) -> Result<K, kube::Error>
where
    K: Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>
        + Clone
        + std::fmt::Debug
        + serde::Serialize
        + serde::de::DeserializeOwned,
{
    let api: Api<K> = api(ctx, child.namespace().as_deref());
    ctx.metrics.kube_write("child");
    let (name, params, patch) = (child.name_any(), PatchParams::apply(FIELD_MANAGER).force(), Patch::Apply(child));
    in_span::<K, _>("child", api.patch(&name, &params, &patch)).await
}

/// Deletes a child object; one that is gone is no error.
///
/// # Errors
/// What Kubernetes answered.
pub async fn delete_child<K>(ctx: &Shared, child: &K) -> Result<(), kube::Error>
where
    K: Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>
        + Clone
        + std::fmt::Debug
        + serde::de::DeserializeOwned,
{
    let api: Api<K> = api(ctx, child.namespace().as_deref());
    ctx.metrics.kube_write("child");
    let (name, params) = (child.name_any(), DeleteParams::default());
    match in_span::<K, _>("child", api.delete(&name, &params)).await {
        Err(kube::Error::Api(refusal)) if refusal.code == 404 => Ok(()),
        other => other.map(|_| ()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_merge_patch_names_only_what_changed_and_clears_what_went() {
        let before = json!({"a": 1, "b": {"c": 1, "d": 2}, "gone": [1]});
        let after = json!({"a": 1, "b": {"c": 3, "d": 2}, "new": true});
        assert_eq!(merge_patch(&before, &after), json!({"b": {"c": 3}, "gone": null, "new": true}));
    }

    #[test]
    fn resource_versions_are_compared_as_numbers() {
        assert!(version(Some("100")) > version(Some("99")));
    }
}
