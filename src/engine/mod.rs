//! The only loop: look, decide, act, say what was seen. It knows no kind; kinds know only [`Managed`].
//!
//! ```text
//! watch event -> refs (caches) -> observe (reads) -> desired (pure) -> plan (pure) -> act (writes) -> status (pure, one write)
//! ```

pub mod brake;
pub mod cache;
pub mod conditions;
pub mod connections;
pub mod ctx;
pub mod drift;
pub mod failures;
pub mod grant;
pub mod home;
pub mod lease;
pub mod next;
pub mod noted;
mod pass;
pub mod references;
pub mod refs;
mod stop;
pub mod triggers;
pub mod waiting;
pub mod watch;
pub mod write;

use crate::api::shared::annotation;
use crate::aws::error::AwsError;
use crate::trace;
use conditions::Statement;
use connections::Reach;
use ctx::{Ctx, Shared, Site};
use jiff::Timestamp;
use kube::core::DeserializeGuard;
use kube::runtime::controller::Action;
use kube::{Resource, ResourceExt};
use next::Next;
use noted::Noted;
use refs::Caches;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt::Debug;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

pub use stop::Stop;

/// A kind of object that stands for something in AWS.
pub trait Managed: Sized + Send + Sync + 'static {
    /// The custom resource.
    type Object: Resource<DynamicType = (), Scope: write::Scope>
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
    /// The generation of the object that its status speaks of.
    fn observed_generation(object: &Self::Object) -> Option<i64>;
    /// Puts a status on the object: the one written last, where the cache lags behind it.
    fn set_status(object: &mut Self::Object, status: Self::Status);
    /// By which connection its passes come to AWS, or why by none. No I/O.
    fn reach(object: &Self::Object, caches: &Caches) -> Result<Reach, Stop>;
    /// Why it may not be at all, whatever else it waits for: what it refers to is made through another connection, or it would
    /// stand in the way of others without a grant. No I/O.
    fn forbidden(_object: &Self::Object, _ctx: &Ctx) -> Option<Stop> {
        None
    }
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
    /// Whether a step takes away what serves people: many of these at once are held by the [`brake`]. Pure.
    fn takes_away(_step: &Self::Step) -> bool {
        false
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
    /// What to tell beside that, for metrics, given the status before and after. Pure.
    fn noted(_before: &Self::Status, _after: &Self::Status, _pass: &Pass<Self>, _now: Timestamp) -> Noted {
        Noted::default()
    }
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

/// Reason of a pass that knows too little to say anything: the object no longer stands there as it was seen, or AWS was not asked
/// yet whose account its connection leads to. What its status says stays, and the next pass has the news.
const TOO_EARLY: &str = "TooEarly";
/// How long the news may take; they wake the object anyway.
const SOON: Duration = Duration::from_secs(1);

/// One pass over one object.
///
/// # Errors
/// Only what Kubernetes refused on the way to writing status; everything else ends in the status itself.
pub async fn reconcile<M: Managed>(
    guarded: Arc<DeserializeGuard<M::Object>>,
    shared: Arc<Shared>,
) -> Result<Action, kube::Error> {
    let mut object = match &guarded.0 {
        Ok(object) => object.clone(),
        Err(unreadable) => return write::unreadable::<M>(&shared, unreadable).await,
    };
    write::latest_status::<M>(&shared, &mut object);
    if write::has_let_go(&object) {
        forget::<M>(&object, &shared);
        return Ok(Action::await_change());
    }
    let started = shared.clock.instant();
    let before = M::status_of(&object).cloned().unwrap_or_default();
    let mut pass = Pass { want: None, seen: None, done: Vec::new(), end: Ok(Next::Settled) };
    let mut site = None;
    pass.end = match by_its_connection::<M>(&object, &shared) {
        Ok((ctx, reach)) => {
            let end = look_decide_act::<M>(&mut object, &ctx, &reach, &mut pass).await;
            site = ctx.site();
            end
        }
        Err(stop) => Err(stop),
    };
    trace::pass_ended(outcome(&pass), pass.end.as_ref().is_err_and(|stop| !stop.is_waiting()));
    if matches!(&pass.end, Err(Stop::Waiting { reason, .. }) if *reason == TOO_EARLY) {
        return Ok(Action::requeue(SOON));
    }
    let now = shared.clock.now();
    let status = M::status(&object, &pass, site.as_ref(), now);
    let notices = M::notices(&before, &status, &pass);
    let noted = M::noted(&before, &status, &pass, now);
    write::status::<M>(&shared, &mut object, status).await?;
    write::notices(&shared, &object, notices).await;
    shared.metrics.reconciled(M::KIND, outcome(&pass), started.elapsed());
    count::<M>(&shared, noted);
    if matches!(pass.end, Ok(Next::Gone)) {
        write::remove_finalizer::<M>(&shared, &object).await?;
        forget::<M>(&object, &shared);
    }
    Ok(shared.again(&object.uid().unwrap_or_default(), &pass.end))
}

/// What the pass over an object goes by. Where that is another live side than before, the one before forgets the object.
fn by_its_connection<M: Managed>(object: &M::Object, shared: &Arc<Shared>) -> Result<(Ctx, Reach), Stop> {
    let reach = M::reach(object, &shared.caches);
    let aws = match &reach {
        Ok(Reach::Through(way)) => shared.connections.through(way, &shared.caches, shared.is_guarded),
        Ok(Reach::Beside(_)) => return Ok((Ctx::new(shared.connections.built_in(), Arc::clone(shared)), reach?)),
        Err(stop) => Err(stop.clone()),
    };
    // A way that is closed for a while is not given up: what was read there is still known when it opens.
    if let Ok(aws) = &aws
        && let Some(before) = shared.goes(&object.uid().unwrap_or_default(), Some(aws))
    {
        M::forget(object, &Ctx::new(before, Arc::clone(shared)));
    }
    Ok((Ctx::new(aws?, Arc::clone(shared)), reach?))
}

/// Forgets an object that is gone, wherever it was known.
fn forget<M: Managed>(object: &M::Object, shared: &Arc<Shared>) {
    let before = shared.goes(&object.uid().unwrap_or_default(), None);
    let aws = before.unwrap_or_else(|| shared.connections.built_in());
    M::forget(object, &Ctx::new(aws, Arc::clone(shared)));
    shared.forget(object);
}

/// Once status tells of it, so that a pass that is made again counts nothing twice.
fn count<M: Managed>(shared: &Shared, noted: Noted) {
    if let Some(drifted) = noted.drift {
        shared.metrics.drift_found(M::KIND, drifted.as_str());
    }
    if let Some(ended) = noted.rollout {
        shared.metrics.rollout_ended(ended.outcome, ended.took);
    }
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

async fn look_decide_act<M: Managed>(object: &mut M::Object, ctx: &Ctx, reach: &Reach, pass: &mut Pass<M>) -> Result<Next, Stop> {
    let is_going = object.meta().deletion_timestamp.is_some();
    let site = match reach {
        Reach::Through(_) => ctx.known_site(M::status_of(object).map(serde_json::to_value)).await?,
        Reach::Beside(name) => match ctx.connections.site(name, &ctx.caches).await {
            // What calls nothing in AWS goes without it.
            Err(_) if is_going => Site::nowhere(name, &ctx.installation),
            site => site?,
        },
    };
    if let Some(stop) = M::forbidden(object, ctx).filter(|_| !is_going) {
        return Err(stop);
    }
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
            may_take_away::<M>(object, &steps, ctx)?;
            may_attempt::<M>(object, want, &steps, ctx)?;
            write::add_finalizer::<M>(ctx, object).await?;
            act::<M>(object, want, &steps, ctx, &mut pass.done).await?;
            Ok(if steps.iter().all(M::is_order) { Next::Ordered } else { Next::Acted })
        }
        Plan::Finish(steps) => {
            may_take_away::<M>(object, &steps, ctx)?;
            may_attempt::<M>(object, want, &steps, ctx)?;
            act::<M>(object, want, &steps, ctx, &mut pass.done).await?;
            Ok(Next::Gone)
        }
    }
}

/// Reason of a deletion that the brake holds.
const DELETION_HELD: &str = "DeletionHeld";

/// A deletion that was held waits for its confirmation, however much time passes: else it would only be a slower one.
fn may_take_away<M: Managed>(object: &M::Object, steps: &[M::Step], ctx: &Ctx) -> Result<(), Stop> {
    let is_deletion = object.meta().deletion_timestamp.is_some() && steps.iter().any(M::takes_away);
    let is_confirmed = object.annotations().get(annotation::CONFIRM_DELETION).is_some_and(|value| value == "true");
    if !is_deletion || is_confirmed {
        return Ok(());
    }
    let status = M::status_of(object).map(serde_json::to_value).and_then(Result::ok).unwrap_or_default();
    let was_held = status["conditions"].as_array().into_iter().flatten().any(|it| it["reason"] == DELETION_HELD);
    if !was_held && ctx.brake.lets(&object.uid().unwrap_or_default(), ctx.clock.instant()) {
        return Ok(());
    }
    Err(Stop::waiting(DELETION_HELD, ctx.brake.sentence()))
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
