//! Leader election: of several replicas one works, the one whose name stands in a `Lease` of `coordination.k8s.io/v1`.
//!
//! No replica trusts another's clock. Times in the Lease are for people; what counts is how long *this* process has seen
//! the record unchanged. The holder gives up a third of the duration before anybody may follow it, counted from when it
//! sent its last good renewal. Writes carry the resourceVersion they were decided on, so of two claims one fails.
//!
//! This must not be used as a lock around a single call: a process that was frozen learns of its loss only when it wakes.
//! What two leaders could do twice is made safe where it is done, by tokens and by looking first.

use crate::clock::Clock;
use k8s_openapi::{
    api::coordination::v1::{Lease as Record, LeaseSpec},
    apimachinery::pkg::apis::meta::v1::MicroTime,
};
use kube::{Api, Client, api::PostParams};
use std::time::Duration;
use tokio::{
    task::JoinSet,
    time::{Instant, timeout},
};

/// Which Lease, in whose name, and how fast.
#[derive(Clone, Debug)]
pub struct LeaseSettings {
    /// Namespace of the Lease.
    pub namespace: String,
    /// Name of the Lease: the same for all replicas that must not work at once.
    pub name: String,
    /// Name of this process. No other process may ever use it, not even the same container started anew.
    pub identity: String,
    /// A holder silent for so long is replaced. Whole seconds, as the record has no finer ones.
    pub duration: Duration,
}

impl LeaseSettings {
    fn renew_every(&self) -> Duration {
        self.duration / 3
    }

    fn look_again_after(&self) -> Duration {
        self.duration / 15
    }

    fn give_up_after(&self) -> Duration {
        self.duration * 2 / 3
    }

    // Short enough for a second try before giving up.
    fn answer_within(&self) -> Duration {
        self.duration / 6
    }
}

/// A Lease that this process would like to hold.
#[derive(Clone)]
pub struct Lease {
    api: Api<Record>,
    clock: Clock,
    settings: LeaseSettings,
}

/// The Lease is held, and is renewed in the background until this is dropped or [`Held::lost`] resolves.
#[must_use = "dropping it stops the renewal"]
pub struct Held {
    lease: Lease,
    renewal: JoinSet<()>,
}

/// A record, and since when this process has seen it unchanged.
struct Seen {
    spec: LeaseSpec,
    since: Instant,
}

enum Claim {
    Ours(Box<Record>),
    HeldBy(String),
}

impl Lease {
    /// Makes no call yet.
    pub fn new(client: Client, clock: Clock, settings: LeaseSettings) -> Self {
        Self { api: Api::namespaced(client, &settings.namespace), clock, settings }
    }

    /// Waits until this process is the holder. `held_by` hears each new name of who is, meanwhile.
    /// An API server that does not answer, or refuses, is tried again forever.
    pub async fn acquired(&self, held_by: impl Fn(&str)) -> Held {
        let (mut seen, mut told) = (None, None);
        loop {
            let asked = self.clock.instant();
            match timeout(self.settings.answer_within(), self.claim(&mut seen)).await {
                Ok(Ok(Claim::Ours(record))) => return self.held(*record, asked),
                Ok(Ok(Claim::HeldBy(holder))) => {
                    if told.as_ref() != Some(&holder) {
                        held_by(&holder);
                        told = Some(holder);
                    }
                }
                Ok(Err(e)) if is_outrun(&e) => {}
                Ok(Err(e)) => tracing::warn!(error = %e, lease = self.settings.name, "claim the lease"),
                Err(_) => tracing::warn!(error = "no answer", lease = self.settings.name, "claim the lease"),
            }
            self.clock.sleep(self.settings.look_again_after()).await;
        }
    }

    /// Who else works under this Lease: whoever renews it while we look. A process that may not read it hears of nobody.
    pub async fn held_by_another(&self) -> Option<String> {
        let mut seen: Option<Seen> = None;
        loop {
            match timeout(self.settings.answer_within(), self.api.get_opt(&self.settings.name)).await {
                Ok(Ok(None)) => return None,
                Ok(Ok(Some(live))) => {
                    let (spec, now) = (live.spec.unwrap_or_default(), self.clock.instant());
                    let is_renewed = seen.as_ref().is_some_and(|before| before.spec != spec);
                    if is_renewed && !self.is_free(&spec, Duration::ZERO) {
                        return Some(holder(&spec).to_owned());
                    }
                    let since = seen.as_ref().map_or(now, |before| before.since);
                    if self.is_free(&spec, now.duration_since(since)) {
                        return None;
                    }
                    seen.get_or_insert(Seen { spec, since: now });
                }
                Ok(Err(e)) if is_forbidden(&e) => return None,
                Ok(Err(e)) => tracing::warn!(error = %e, lease = self.settings.name, "read the lease"),
                Err(_) => tracing::warn!(error = "no answer", lease = self.settings.name, "read the lease"),
            }
            self.clock.sleep(self.settings.look_again_after()).await;
        }
    }

    /// Whether this process has the right to read it. Any other trouble counts as a yes.
    pub async fn is_readable(&self) -> bool {
        !matches!(self.api.get_opt(&self.settings.name).await, Err(e) if is_forbidden(&e))
    }

    fn held(&self, record: Record, since: Instant) -> Held {
        let mut renewal = JoinSet::new();
        let lease = self.clone();
        renewal.spawn(async move { lease.keep(record, since).await });
        Held { lease: self.clone(), renewal }
    }

    async fn claim(&self, seen: &mut Option<Seen>) -> Result<Claim, kube::Error> {
        let Some(live) = self.api.get_opt(&self.settings.name).await? else {
            return self.create().await.map(|record| Claim::Ours(Box::new(record)));
        };
        let spec = live.spec.clone().unwrap_or_default();
        let now = self.clock.instant();
        let since = match seen {
            Some(before) if before.spec == spec => before.since,
            _ => now,
        };
        let (is_free, holder) = (self.is_free(&spec, now.duration_since(since)), holder(&spec).to_owned());
        *seen = Some(Seen { spec, since });
        if is_free { Ok(Claim::Ours(Box::new(self.write(live).await?))) } else { Ok(Claim::HeldBy(holder)) }
    }

    /// The holder's own duration counts, as it may run with other settings.
    fn is_free(&self, spec: &LeaseSpec, unchanged_for: Duration) -> bool {
        let theirs = spec.lease_duration_seconds.and_then(|s| u64::try_from(s).ok()).filter(|s| *s > 0);
        let silent_after = theirs.map_or(self.settings.duration, Duration::from_secs);
        holder(spec).is_empty() || holder(spec) == self.settings.identity || unchanged_for >= silent_after
    }

    async fn create(&self) -> Result<Record, kube::Error> {
        let mut new = Record::default();
        new.metadata.name = Some(self.settings.name.clone());
        new.spec = Some(self.ours(None));
        self.api.create(&PostParams::default(), &new).await
    }

    /// Writes our name and the time, if nobody has written since `live` was read.
    async fn write(&self, mut live: Record) -> Result<Record, kube::Error> {
        live.spec = Some(self.ours(live.spec.take()));
        self.api.replace(&self.settings.name, &PostParams::default(), &live).await
    }

    fn ours(&self, before: Option<LeaseSpec>) -> LeaseSpec {
        let now = MicroTime(self.clock.now());
        let transitions = before.as_ref().map_or(-1, |b| b.lease_transitions.unwrap_or(0));
        let mut spec = before.unwrap_or_default();
        if holder(&spec) != self.settings.identity {
            spec.acquire_time = Some(now.clone());
            spec.lease_transitions = Some(transitions.saturating_add(1));
        }
        spec.holder_identity = Some(self.settings.identity.clone());
        spec.lease_duration_seconds = i32::try_from(self.settings.duration.as_secs()).ok();
        spec.renew_time = Some(now);
        spec
    }

    /// Renews until the Lease is lost. `since`: when the last good write was sent.
    async fn keep(&self, mut record: Record, mut since: Instant) {
        let mut wait = self.settings.renew_every();
        loop {
            let give_up = since + self.settings.give_up_after();
            self.clock.sleep(wait.min(give_up.duration_since(self.clock.instant()))).await;
            let asked = self.clock.instant();
            if asked >= give_up {
                return tracing::error!(lease = self.settings.name, "the lease was lost: it could not be renewed in time");
            }
            let answer_within = self.settings.answer_within().min(give_up.duration_since(asked));
            wait = self.settings.look_again_after();
            match timeout(answer_within, self.renew(&record)).await {
                Ok(Ok(Claim::Ours(renewed))) => (record, since, wait) = (*renewed, asked, self.settings.renew_every()),
                Ok(Ok(Claim::HeldBy(by))) => {
                    return tracing::error!(lease = self.settings.name, by, "the lease was lost: another process holds it");
                }
                Ok(Err(e)) => tracing::warn!(error = %e, lease = self.settings.name, "renew the lease"),
                Err(_) => tracing::warn!(error = "no answer", lease = self.settings.name, "renew the lease"),
            }
        }
    }

    // A conflict need not be a rival: the reply to our own last write may have been lost, or somebody set a label.
    async fn renew(&self, record: &Record) -> Result<Claim, kube::Error> {
        match self.write(record.clone()).await {
            Err(e) if is_outrun(&e) => {}
            other => return other.map(|record| Claim::Ours(Box::new(record))),
        }
        let record = match self.api.get_opt(&self.settings.name).await? {
            None => self.create().await?,
            Some(live) => match live.spec.as_ref().map_or("", holder) {
                by if by == self.settings.identity => self.write(live).await?,
                by => return Ok(Claim::HeldBy(by.to_owned())),
            },
        };
        Ok(Claim::Ours(Box::new(record)))
    }

    async fn give_back(&self) -> Result<(), kube::Error> {
        loop {
            let Some(mut live) = self.api.get_opt(&self.settings.name).await? else { return Ok(()) };
            match live.spec.as_mut() {
                Some(spec) if holder(spec) == self.settings.identity => spec.holder_identity = None,
                _ => return Ok(()),
            }
            match self.api.replace(&self.settings.name, &PostParams::default(), &live).await {
                Err(e) if is_outrun(&e) => {} // a renewal that was still on its way
                other => return other.map(drop),
            }
        }
    }
}

impl Held {
    /// Resolves when this process no longer may work: stop at once, another may have begun.
    pub async fn lost(&mut self) {
        self.renewal.join_next().await;
    }

    /// Lets the next replica begin at once instead of waiting out the duration. Call it when all work has ended.
    ///
    /// # Errors
    /// When the API server refuses, or does not answer in time; the next replica then waits.
    pub async fn release(mut self) -> Result<(), kube::Error> {
        self.renewal.shutdown().await;
        let patience = self.lease.settings.give_up_after();
        timeout(patience, self.lease.give_back()).await.unwrap_or_else(|late| Err(kube::Error::Service(late.into())))
    }
}

fn holder(spec: &LeaseSpec) -> &str {
    spec.holder_identity.as_deref().unwrap_or_default()
}

/// Somebody wrote, made or removed the record since we read it. That its namespace is not there is another matter.
fn is_outrun(error: &kube::Error) -> bool {
    let kube::Error::Api(status) = error else { return false };
    status.code == 409 || (status.code == 404 && !status.message.starts_with("namespaces "))
}

fn is_forbidden(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if status.code == 403)
}

#[cfg(test)]
mod tests;
