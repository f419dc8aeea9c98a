//! A pass as it is counted and traced: what woke it, that it is under way, and the span that its calls belong to.

use super::waiting::Waiting;
use super::{Managed, Shared, reconcile};
use crate::domain::ObjectKey;
use crate::trace::{self, Subject};
use kube::core::DeserializeGuard;
use kube::runtime::controller::Action;
use kube::{Resource, ResourceExt};
use std::sync::Arc;
use tracing::Instrument;

/// One pass over one object that waited for it.
///
/// # Errors
/// Those of [`reconcile`].
pub(super) async fn pass<M: Managed>(
    guarded: Arc<DeserializeGuard<M::Object>>,
    shared: Arc<Shared>,
    waiting: Waiting,
) -> Result<Action, kube::Error> {
    let object = ObjectKey { namespace: guarded.namespace().unwrap_or_default(), name: guarded.name_any() };
    let (cause, waited) = waiting.begins(&object, shared.clock.instant());
    shared.metrics.waited_for_pass(M::KIND, waited);
    let _under_way = shared.metrics.pass_begins(M::KIND);
    let subject = Subject { kind: M::KIND, namespace: object.namespace, name: object.name };
    let span = trace::pass(&subject, guarded.meta().generation, cause.as_str(), waited);
    subject.during(reconcile::<M>(guarded, shared)).instrument(span).await
}
