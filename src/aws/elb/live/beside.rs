//! What is read beside the things that are followed, by ARN: tags, attributes, targets, certificates.
//!
//! A failure here leaves the thing itself in view. It is kept and told, since somebody has to allow these calls too. Tags are
//! the exception: without them nobody knows whose a thing is, so nothing is shown before its tags are.

use super::Balancing;
use super::apart::apart;
use super::followed::Reading;
use crate::aws::elb::calls::PER_CALL;
use crate::aws::elb::model::{Attributes, Tags, TargetHealth};
use crate::aws::error::{AwsError, Kind};
use crate::aws::pace::Priority;
use futures::future::join_all;
use std::collections::HashMap;
use std::time::Duration;
use tokio::time::Instant;

/// What was read of one thing.
#[derive(Debug)]
pub(super) struct Noted<T> {
    pub(super) value: Option<T>,
    pub(super) read_at: Option<Instant>,
    error: Option<(AwsError, Instant)>,
    written: Option<Instant>,
}

/// What was read beside the things that are followed.
#[derive(Debug, Default)]
pub(super) struct Beside {
    pub(super) tags: HashMap<String, Noted<Tags>>,
    pub(super) attributes: HashMap<String, Noted<Attributes>>,
    pub(super) health: HashMap<String, Noted<Vec<TargetHealth>>>,
    pub(super) certificates: HashMap<String, Noted<Vec<String>>>,
}

impl<T> Default for Noted<T> {
    fn default() -> Self {
        Self { value: None, read_at: None, error: None, written: None }
    }
}

impl<T> Noted<T> {
    /// Takes a reading that began at `started`, and says whether a failure came or went.
    pub(super) fn absorb(&mut self, read: Result<T, AwsError>, started: Instant, now: Instant) -> bool {
        if self.written.is_some_and(|written| started <= written) {
            return false;
        }
        let sort = |error: &AwsError| (error.kind, error.code.clone());
        let old = self.error.take().map(|(error, _)| sort(&error));
        match read {
            Ok(value) => {
                self.value = Some(value);
                self.read_at = Some(now);
                old.is_some()
            }
            Err(error) => {
                let is_new = old != Some(sort(&error));
                self.error = Some((error, now));
                is_new
            }
        }
    }

    /// Takes what our own write made of it.
    pub(super) fn wrote(&mut self, value: T, now: Instant) {
        *self = Self { value: Some(value), read_at: Some(now), error: None, written: Some(now) };
    }

    /// Whether it is to be read: it was never, or not for so long; but not where it was just refused.
    pub(super) fn is_due(&self, every: Duration, now: Instant) -> bool {
        let is_refused = self.error.as_ref().is_some_and(|(error, at)| !error.is_transient() && now < *at + every);
        !is_refused && self.read_at.is_none_or(|at| at + every <= now)
    }
}

impl Beside {
    /// The tags of a thing.
    ///
    /// # Errors
    /// Why they are not known.
    pub(super) fn tags(&self, arn: &str) -> Result<Tags, AwsError> {
        let noted = self.tags.get(arn);
        match noted.and_then(|noted| noted.value.clone()) {
            Some(tags) => Ok(tags),
            None => Err(noted.and_then(|noted| noted.error.as_ref()).map_or_else(
                || AwsError::malformed("DescribeTags", false, format!("the answer holds no tags of {arn}")),
                |(error, _)| error.clone(),
            )),
        }
    }

    pub(super) fn attributes(&self, arn: &str) -> Option<Attributes> {
        self.attributes.get(arn)?.value.clone()
    }

    pub(super) fn health(&self, arn: &str) -> Option<Vec<TargetHealth>> {
        self.health.get(arn)?.value.clone()
    }

    pub(super) fn certificates(&self, arn: &str) -> Option<Vec<String>> {
        self.certificates.get(arn)?.value.clone()
    }

    pub(super) fn error(&self, arn: &str) -> Option<AwsError> {
        fn of<T>(map: &HashMap<String, Noted<T>>, arn: &str) -> Option<AwsError> {
            map.get(arn)?.error.as_ref().map(|(error, _)| error.clone())
        }
        of(&self.health, arn).or_else(|| of(&self.attributes, arn)).or_else(|| of(&self.certificates, arn))
    }

    /// Forgets what was not read since then, but for what is used.
    pub(super) fn forget(&mut self, since: Instant, is_used: impl Fn(&str) -> bool) {
        fn old<T>(map: &mut HashMap<String, Noted<T>>, since: Instant, is_used: &impl Fn(&str) -> bool) {
            map.retain(|arn, noted| is_used(arn) || noted.read_at.is_some_and(|at| at >= since));
        }
        old(&mut self.tags, since, &is_used);
        old(&mut self.attributes, since, &is_used);
        old(&mut self.health, since, &is_used);
        old(&mut self.certificates, since, &is_used);
    }
}

impl Balancing {
    /// Reads the tags of those whose tags are not known, or were read long ago. `is_first_soon` has the second read of tags
    /// come after one time instead of two: so that rules and target groups are read in turn.
    pub(super) async fn read_tags(&self, arns: impl IntoIterator<Item = &String>, priority: Priority, is_first_soon: bool) {
        let settled = self.0.polling.settled;
        // Every other time. Half a time early counts: what is read together has to stay together.
        let every = settled * 3 / 2;
        let started = Instant::now();
        let due: Vec<String> = {
            let state = self.0.state.lock();
            let is_due = |arn: &&String| state.beside.tags.get(*arn).is_none_or(|noted| noted.is_due(every, started));
            arns.into_iter().filter(is_due).cloned().collect()
        };
        let elb = self.0.elb(priority);
        let describe = |arns: Vec<String>| {
            let elb = elb.clone();
            async move { elb.describe_tags(&arns).await.map(|all| all.into_iter().collect::<Vec<_>>()) }
        };
        let calls = due.chunks(PER_CALL).map(|arns| apart(arns.to_vec(), describe, |(of, _): &(String, Tags), arn| of == arn));
        let read = join_all(calls).await;
        let now = Instant::now();
        let mut state = self.0.state.lock();
        for (arn, (reading, _)) in read.into_iter().flatten() {
            let tags = match reading {
                Reading::Found((_, tags)) => Ok(tags),
                Reading::Failed(error) => Err(error),
                Reading::Missing | Reading::Several(_) => Err(gone(&arn)),
            };
            let noted = state.beside.tags.entry(arn).or_default();
            let is_first = noted.read_at.is_none();
            noted.absorb(tags, started, now);
            if is_first && is_first_soon {
                noted.read_at = noted.read_at.and_then(|at| at.checked_sub(settled)).or(noted.read_at);
            }
        }
    }
}

/// Whether tags could not be read because what they are on is gone.
pub(super) fn is_gone(error: &AwsError) -> bool {
    error.kind == Kind::NotFound
}

fn gone(arn: &str) -> AwsError {
    AwsError { kind: Kind::NotFound, ..AwsError::malformed("DescribeTags", false, format!("{arn} does not exist")) }
}
