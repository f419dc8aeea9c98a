//! The only loop: look, decide, act, say what was seen. It knows no kind; kinds know only [`Managed`].
//!
//! ```text
//! watch event -> refs (caches) -> observe (reads) -> desired (pure) -> plan (pure) -> act (writes) -> status (pure, one write)
//! ```

pub mod cache;
pub mod conditions;
pub mod ctx;
pub mod drift;
pub mod failures;
pub mod grant;
pub mod lease;
pub mod next;
pub mod refs;
pub mod watch;
pub mod write;

use crate::aws::error::AwsError;
use conditions::Statement;
use ctx::{Ctx, Site};
use jiff::Timestamp;
use kube::core::DeserializeGuard;
use kube::runtime::controller::Action;
use kube::{Resource, ResourceExt};
use next::Next;
use refs::Caches;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt::Debug;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

/// A kind of object that stands for something in AWS.
pub trait Managed: Sized + Send + Sync + 'static {
    /// The custom resource.
    type Object: Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>
        + Clone
        + Debug
        + Serialize
        + DeserializeOwned
        + Send
        + Sync
        + 'static;
    /// Its status.
    type Status: Clone + Default + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static;
    /// What other objects contribute, taken from the watch caches.
    type Refs: Send + Sync;
    /// What is wanted in AWS, absence included.
    type Desired: Debug + Send + Sync;
    /// What is seen in AWS.
    type Observed: Send + Sync;
    /// One write, safe to repeat.
    type Step: Debug + Send + Sync;
    /// What a write brought to light.
    type Done: Send + Sync;

    /// The name of the kind.
    const KIND: &'static str;

    /// The status that stands on the object.
    fn status_of(object: &Self::Object) -> Option<&Self::Status>;
    /// Puts a status on the object: the one written last, where the cache lags behind it.
    fn set_status(object: &mut Self::Object, status: Self::Status);
    /// What other objects contribute. No I/O.
    fn refs(object: &Self::Object, caches: &Caches) -> Self::Refs;
    /// What is wanted, or why that cannot be said. Pure.
    fn desired(object: &Self::Object, refs: &Self::Refs, site: &Site) -> Result<Self::Desired, Stop>;
    /// What is seen. Reads only.
    fn observe(
        object: &Self::Object,
        want: Result<&Self::Desired, &Stop>,
        ctx: &Ctx,
    ) -> impl Future<Output = Result<Self::Observed, AwsError>> + Send;
    /// What to do about the difference. Pure.
    fn plan(want: &Self::Desired, seen: &Self::Observed) -> Plan<Self::Step>;
    /// Whether a step writes an object of Kubernetes and nothing else. Pure.
    fn is_order(_step: &Self::Step) -> bool {
        false
    }
    /// What must stand in status before `step` is carried out, so that its outcome can be found again. Pure.
    fn promise(before: &Self::Status, want: &Self::Desired, step: &Self::Step, site: &Site) -> Self::Status;
    /// Steps of different lanes do not wait for each other: where one fails, those of other lanes are carried out all the
    /// same. Pure.
    fn lane(_step: &Self::Step) -> u32 {
        0
    }
    /// Carries out one step.
    fn act(
        object: &Self::Object,
        want: &Self::Desired,
        step: &Self::Step,
        ctx: &Ctx,
    ) -> impl Future<Output = Result<Self::Done, Stop>> + Send;
    /// What to say after a pass. Pure.
    fn status(object: &Self::Object, pass: &Pass<Self>, site: Option<&Site>, now: Timestamp) -> Self::Status;
    /// What to tell as Kubernetes Events, given the status before and after. Pure.
    fn notices(before: &Self::Status, after: &Self::Status, pass: &Pass<Self>) -> Vec<Notice>;
    /// Forgets what was kept in memory for an object that is gone.
    fn forget(object: &Self::Object, ctx: &Ctx);
}

/// What a pass decided to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Plan<S> {
    /// Nothing differs.
    InSync,
    /// Nothing can be done now; the text says what is waited for.
    Wait(String),
    /// These writes, in this order; the first failure ends the pass.
    Do(Vec<S>),
    /// These writes, after which nothing of the object is left.
    Finish(Vec<S>),
    /// Nothing may be done until somebody changes something.
    Refuse(Stop),
    /// Nothing of the object is left in AWS.
    Gone,
}

/// Why a pass could not go on.
#[derive(Clone, Debug, PartialEq)]
pub enum Stop {
    /// The declaration cannot work as it stands; only an edit helps.
    Invalid {
        /// One word for condition, event and metric.
        reason: &'static str,
        /// What to change.
        message: String,
    },
    /// Another object or another owner stands in the way; it is looked at again.
    Waiting {
        /// One word for condition, event and metric.
        reason: &'static str,
        /// What is waited for.
        message: String,
    },
    /// AWS answered with an error.
    Aws(AwsError),
    /// Kubernetes answered with an error.
    Kube(String),
}

/// What is looked at again, but hardly goes away unless a person does something.
const FOR_A_PERSON: [&str; 12] = [
    "AccountMismatch",
    "AdoptionWouldChange",
    "Conflict",
    "Deregistered",
    "HostClaimed",
    "HostNotAllowed",
    "KubernetesForbidden",
    "NamespaceNotAllowed",
    "NoFreePriority",
    "PriorityInUse",
    "QuotaExceeded",
    "TargetGroupAssociationLimit",
];

impl Stop {
    /// A declaration that cannot work.
    pub fn invalid(reason: &'static str, message: impl Into<String>) -> Self {
        Self::Invalid { reason, message: message.into() }
    }

    /// Something else has to happen first.
    pub fn waiting(reason: &'static str, message: impl Into<String>) -> Self {
        Self::Waiting { reason, message: message.into() }
    }

    /// One word for condition, event and metric.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Invalid { reason, .. } | Self::Waiting { reason, .. } => reason,
            Self::Aws(error) => error.reason(),
            Self::Kube(_) => "KubernetesUnavailable",
        }
    }

    /// What happened and what to change, for people.
    pub fn message(&self) -> String {
        match self {
            Self::Invalid { message, .. } | Self::Waiting { message, .. } => message.clone(),
            Self::Kube(message) => format!("Kubernetes: {message}"),
            Self::Aws(error) => format!("{}: {}. {}", error.operation, error.message.trim_end_matches('.'), error.advice()),
        }
    }

    /// Whether the policy of the namespace does not grant it, so that nothing was sent.
    pub fn is_not_granted(&self) -> bool {
        matches!(self, Self::Invalid { reason: "NotGranted" | "RoleNotGranted", .. })
    }

    /// Whether it goes on by itself, as far as one can tell.
    pub fn is_waiting(&self) -> bool {
        match self {
            Self::Invalid { .. } => false,
            Self::Waiting { reason, .. } => !FOR_A_PERSON.contains(reason),
            Self::Aws(error) => error.is_transient(),
            Self::Kube(_) => true,
        }
    }
}

impl From<AwsError> for Stop {
    fn from(error: AwsError) -> Self {
        Self::Aws(error)
    }
}

impl From<kube::Error> for Stop {
    fn from(error: kube::Error) -> Self {
        match error {
            // Kubernetes refuses in the same way what is to be made in a namespace that is going away.
            kube::Error::Api(refusal) if refusal.code == 403 && !refusal.message.contains("being terminated") => Self::waiting(
                "KubernetesForbidden",
                format!("Kubernetes: {}; give the operator's ServiceAccount the rights that its chart gives", refusal.message),
            ),
            error => Self::Kube(error.to_string()),
        }
    }
}

/// What happened in one pass, kept so that status is written however it ended.
pub struct Pass<M: Managed> {
    /// What was wanted, if that could be said.
    pub want: Option<M::Desired>,
    /// What was seen, if the reads went well.
    pub seen: Option<M::Observed>,
    /// What the writes brought to light, in order.
    pub done: Vec<M::Done>,
    /// How it ended.
    pub end: Result<Next, Stop>,
}

/// Something to tell as a Kubernetes Event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// What makes it one and the same when it is told again. `None`: each telling is another.
    pub id: Option<String>,
    /// Whether it is a warning.
    pub warning: bool,
    /// One word.
    pub reason: String,
    /// A sentence for people.
    pub message: String,
}

/// The statements that say why a pass stopped, for `Ready` and its companions.
pub fn statements_of(stop: &Stop) -> Vec<Statement> {
    use conditions::Type::{Ready, Reconciling, Stalled};
    let companion = if stop.is_waiting() { Reconciling } else { Stalled };
    vec![Statement::no(Ready, stop.reason(), stop.message()), Statement::yes(companion, stop.reason(), stop.message())]
}

/// Reason of a pass that was made on an object as it no longer stands there. It says nothing, and the next one has the news.
const OUTDATED: &str = "Outdated";
/// How long the cache may take to catch up; its news wakes the object anyway.
const BEHIND: Duration = Duration::from_secs(1);

/// One pass over one object.
///
/// # Errors
/// Only what Kubernetes refused on the way to writing status; everything else ends in the status itself.
pub async fn reconcile<M: Managed>(guarded: Arc<DeserializeGuard<M::Object>>, ctx: Arc<Ctx>) -> Result<Action, kube::Error> {
    let mut object = match &guarded.0 {
        Ok(object) => object.clone(),
        Err(unreadable) => return write::unreadable::<M>(&ctx, unreadable).await,
    };
    write::latest_status::<M>(&ctx, &mut object);
    if write::has_let_go(&object) {
        M::forget(&object, &ctx);
        ctx.forget(&object);
        return Ok(Action::await_change());
    }
    let started = ctx.clock.instant();
    let before = M::status_of(&object).cloned().unwrap_or_default();
    let mut pass = Pass { want: None, seen: None, done: Vec::new(), end: Ok(Next::Settled) };
    pass.end = look_decide_act::<M>(&mut object, &ctx, &mut pass).await;
    if matches!(&pass.end, Err(Stop::Waiting { reason, .. }) if *reason == OUTDATED) {
        return Ok(Action::requeue(BEHIND));
    }
    let site = ctx.site();
    let status = M::status(&object, &pass, site.as_ref(), ctx.clock.now());
    let notices = M::notices(&before, &status, &pass);
    write::status::<M>(&ctx, &mut object, status).await?;
    write::notices(&ctx, &object, notices).await;
    ctx.metrics.reconciled(M::KIND, outcome(&pass), started.elapsed());
    if matches!(pass.end, Ok(Next::Gone)) {
        write::remove_finalizer::<M>(&ctx, &object).await?;
        M::forget(&object, &ctx);
        ctx.forget(&object);
    }
    Ok(ctx.again(&object.uid().unwrap_or_default(), &pass.end))
}

/// One word for the metric: how the pass ended.
fn outcome<M: Managed>(pass: &Pass<M>) -> &'static str {
    match &pass.end {
        Ok(Next::Settled) => "Settled",
        Ok(Next::Progressing(_)) => "Progressing",
        Ok(Next::Acted | Next::Ordered) => "Acted",
        Ok(Next::Gone) => "Gone",
        Err(stop) => stop.reason(),
    }
}

async fn look_decide_act<M: Managed>(object: &mut M::Object, ctx: &Ctx, pass: &mut Pass<M>) -> Result<Next, Stop> {
    let site = ctx.known_site(M::status_of(object).map(serde_json::to_value)).await?;
    let refs = M::refs(object, &ctx.caches);
    let want = M::desired(object, &refs, &site);
    pass.seen = Some(M::observe(object, want.as_ref(), ctx).await?);
    let (want, seen) = match (want, &pass.seen) {
        (Ok(want), Some(seen)) => (pass.want.insert(want), seen),
        (Err(stop), _) => return Err(stop),
        (Ok(_), None) => return Ok(Next::Settled),
    };
    match M::plan(want, seen) {
        Plan::InSync => Ok(Next::Settled),
        Plan::Wait(why) => Ok(Next::Progressing(why)),
        Plan::Refuse(stop) => Err(stop),
        Plan::Gone => Ok(Next::Gone),
        Plan::Do(steps) => {
            may_attempt::<M>(object, want, &steps, ctx)?;
            write::add_finalizer::<M>(ctx, object).await?;
            act::<M>(object, want, &steps, ctx, &mut pass.done).await?;
            Ok(if steps.iter().all(M::is_order) { Next::Ordered } else { Next::Acted })
        }
        Plan::Finish(steps) => {
            may_attempt::<M>(object, want, &steps, ctx)?;
            act::<M>(object, want, &steps, ctx, &mut pass.done).await?;
            Ok(Next::Gone)
        }
    }
}

/// What failed is not repeated because something woke the object, only when it is time or when something differs.
fn may_attempt<M: Managed>(object: &M::Object, want: &M::Desired, steps: &[M::Step], ctx: &Ctx) -> Result<(), Stop> {
    ctx.attempt(&object.uid().unwrap_or_default(), watch::hash(&format!("{want:?}{steps:?}")))
}

/// Carries out the steps in order; a failure ends its lane, and the first one is how it ended. Before each, what it needs to
/// be found again is in status.
async fn act<M: Managed>(
    object: &mut M::Object,
    want: &M::Desired,
    steps: &[M::Step],
    ctx: &Ctx,
    done: &mut Vec<M::Done>,
) -> Result<(), Stop> {
    let site = ctx.site();
    let mut failed: Vec<(u32, Stop)> = Vec::new();
    for step in steps {
        let lane = M::lane(step);
        if failed.iter().any(|(ended, _)| *ended == lane) {
            continue;
        }
        let before = M::status_of(object).cloned().unwrap_or_default();
        if let Some(site) = &site {
            write::promise::<M>(ctx, object, M::promise(&before, want, step, site)).await?;
        }
        match M::act(object, want, step, ctx).await {
            Ok(outcome) => done.push(outcome),
            Err(stop) => failed.push((lane, stop)),
        }
    }
    failed.into_iter().next().map_or(Ok(()), |(_, stop)| Err(stop))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kube::core::Status;

    fn refused(message: &str) -> Stop {
        kube::Error::Api(Status::failure(message, "Forbidden").with_code(403).boxed()).into()
    }

    #[test]
    fn a_right_that_is_missing_in_kubernetes_is_for_a_person_to_give() {
        let stop = refused("ecstargetgroups.ecs-operator.io is forbidden: User \"operator\" cannot create resource");
        assert_eq!((stop.reason(), stop.is_waiting()), ("KubernetesForbidden", false));
        assert!(stop.message().contains("cannot create resource; give the operator's ServiceAccount"), "{}", stop.message());
        let ending = refused("forbidden: unable to create new content in namespace shop because it is being terminated");
        assert_eq!((ending.reason(), ending.is_waiting()), ("KubernetesUnavailable", true));
    }
}
