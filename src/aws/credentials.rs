//! Credentials that are kept as long as they are good: until they end, until AWS refuses them, or until a file that they come from
//! changes.
//!
//! The SDK's own cache does less. It goes by the clock of the machine: where that is ahead of AWS's by the length of a session, each
//! call would begin a session of its own. It keeps what AWS refuses until it has ended, and its profiles are read once in the life
//! of a process. So it is off for what is kept here.

use super::error::{AwsError, chain};
use crate::clock::Clock;
use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, SharedCredentialsProvider, future};
use futures::future::BoxFuture;
use jiff::Timestamp;
use parking_lot::Mutex;
use std::error::Error;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex as AsyncMutex;
use tokio::time::{Instant, timeout};

/// How long before their end credentials are replaced.
const BEFORE_THE_END: Duration = Duration::from_mins(1);
/// How long credentials are kept at least, whatever the clock of this machine says about their end.
const AT_LEAST: Duration = Duration::from_mins(1);
/// How long credentials are kept that do not say when they end. The same as in the SDK.
const UNSAID: Duration = Duration::from_mins(15);
/// Credentials that are younger are not given up when AWS refuses them: newer ones would be the same.
const YOUNG: Duration = Duration::from_secs(10);
/// How often the files are looked at.
const GLANCE: Duration = Duration::from_secs(5);
/// For so long after a failure everybody is told of it and nobody tries again.
const AFTER_A_FAILURE: Duration = Duration::from_secs(1);
/// How long getting credentials may take, with the tries of the SDK.
const PATIENCE: Duration = Duration::from_secs(20);

/// Opens a source of credentials: whatever it reads once is read anew.
type Open = Box<dyn Fn() -> BoxFuture<'static, Option<SharedCredentialsProvider>> + Send + Sync>;

/// Credentials and their source. Clones share them.
#[derive(Clone)]
pub struct Kept(Arc<Shared>);

struct Shared {
    open: Open,
    files: Vec<PathBuf>,
    /// How long they last, where that is known before they are there.
    lasts: Option<Duration>,
    patience: Duration,
    state: Mutex<State>,
    turn: AsyncMutex<()>,
}

#[derive(Default)]
struct State {
    source: Option<SharedCredentialsProvider>,
    held: Option<Held>,
    /// Why there are none.
    failed: Option<(Instant, Arc<CredentialsError>)>,
    /// What the files held, and when they were looked at.
    seen: Option<u64>,
    glanced: Option<Instant>,
    /// How often all was given up: what is on its way meanwhile is not kept.
    times: u64,
}

struct Held {
    credentials: Credentials,
    since: Instant,
    until: Instant,
}

/// Whether a call that was refused is made again at once. Each reason counts once.
#[derive(Debug, Default)]
pub(super) struct Again {
    for_time: bool,
    for_key: bool,
}

impl Again {
    /// Whether the cause is mended: the SDK has learned AWS's time from the answer, or the credentials were given up for newer ones.
    /// The SDK itself tries again only where its clock is off, not where it has just been put right.
    pub(super) fn helps(&mut self, refused: &AwsError, kept: Option<&Kept>) -> bool {
        if refused.is_about_time() {
            return !std::mem::replace(&mut self.for_time, true);
        }
        if self.for_key || !refused.is_about_the_key() || !kept.is_some_and(Kept::refused) {
            return false;
        }
        self.for_key = true;
        true
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept").field("files", &self.0.files).finish_non_exhaustive()
    }
}

impl Kept {
    /// What the environment gives: variables, a profile, a token of the pod, a role of the machine. The profile is read anew when
    /// one of its files changes.
    pub(super) fn ambient(region: Region) -> Self {
        let open = move || {
            let load = aws_config::defaults(BehaviorVersion::latest()).region(region.clone()).load();
            let opened: BoxFuture<'static, _> = Box::pin(async move { load.await.credentials_provider() });
            opened
        };
        Self::new(Box::new(open), profile_files(), None, PATIENCE)
    }

    /// From a source that `open` opens, anew whenever one of the files changes and when AWS refuses what it gave.
    pub fn of_files(files: Vec<PathBuf>, open: impl Fn() -> SharedCredentialsProvider + Send + Sync + 'static) -> Self {
        Self::new(Box::new(move || Box::pin(std::future::ready(Some(open())))), files, None, PATIENCE)
    }

    /// From a source that has to be opened once, whose credentials are good for `lasts` from the moment they are asked for.
    /// Getting them may take `patience`.
    pub(super) fn lasting(lasts: Duration, patience: Duration, source: SharedCredentialsProvider) -> Self {
        let open = move || {
            let opened: BoxFuture<'static, _> = Box::pin(std::future::ready(Some(source.clone())));
            opened
        };
        Self::new(Box::new(open), Vec::new(), Some(lasts), patience)
    }

    fn new(open: Open, files: Vec<PathBuf>, lasts: Option<Duration>, patience: Duration) -> Self {
        Self(Arc::new(Shared { open, files, lasts, patience, state: Mutex::default(), turn: AsyncMutex::default() }))
    }

    /// Takes to heart that AWS does not accept these credentials. `true` if they are given up for it, so that the next call is
    /// signed with new ones.
    pub(super) fn refused(&self) -> bool {
        let mut state = self.0.state.lock();
        let is_old = state.held.as_ref().is_some_and(|held| held.since.elapsed() >= YOUNG);
        if is_old {
            state.give_up();
        }
        is_old
    }

    /// Whether there are none because of an error of AWS that is as `is` says.
    pub(super) fn failed_by(&self, is: impl Fn(&AwsError) -> bool) -> bool {
        let state = self.0.state.lock();
        let failed = state.failed.as_ref().filter(|_| state.held.is_none());
        failed.is_some_and(|(_, error)| chain(&**error).any(|cause| cause.downcast_ref::<AwsError>().is_some_and(&is)))
    }

    async fn provide(&self) -> provider::Result {
        self.glance().await;
        if let Some(found) = self.at_hand() {
            return found;
        }
        let _turn = self.0.turn.lock().await;
        if let Some(found) = self.at_hand() {
            return found;
        }
        let times = self.0.state.lock().times;
        let loaded = self.load().await;
        let mut state = self.0.state.lock();
        match loaded {
            Ok(held) => {
                let credentials = held.credentials.clone();
                if state.times == times {
                    state.held = Some(held);
                }
                Ok(credentials)
            }
            Err(error) => {
                let error = Arc::new(error);
                state.give_up();
                state.failed = Some((Instant::now(), Arc::clone(&error)));
                Err(CredentialsError::provider_error(Told(error)))
            }
        }
    }

    /// What is known, good or bad.
    fn at_hand(&self) -> Option<provider::Result> {
        let state = self.0.state.lock();
        if let Some(held) = state.held.as_ref().filter(|held| Instant::now() < held.until) {
            return Some(Ok(held.credentials.clone()));
        }
        let (_, error) = state.failed.as_ref().filter(|(when, _)| when.elapsed() < AFTER_A_FAILURE)?;
        Some(Err(CredentialsError::provider_error(Told(Arc::clone(error)))))
    }

    async fn load(&self) -> Result<Held, CredentialsError> {
        let open = self.0.state.lock().source.clone();
        let source = if let Some(source) = open {
            source
        } else {
            let none = || CredentialsError::not_loaded("no source of credentials is configured");
            let source = (self.0.open)().await.ok_or_else(none)?;
            self.0.state.lock().source.insert(source).clone()
        };
        let since = Instant::now();
        let credentials = match timeout(self.0.patience, source.provide_credentials()).await {
            Ok(answer) => answer?,
            Err(_) => source.fallback_on_interrupt().ok_or_else(|| CredentialsError::provider_timed_out(self.0.patience))?,
        };
        let lasts = match (self.0.lasts, credentials.expiry().and_then(|end| Timestamp::try_from(end).ok())) {
            (Some(lasts), _) => lasts.saturating_sub(BEFORE_THE_END),
            (None, Some(end)) => {
                let left = end.duration_since(Clock::of_the_machine().now()).try_into().unwrap_or(Duration::ZERO);
                left.saturating_sub(BEFORE_THE_END)
            }
            (None, None) => UNSAID,
        };
        Ok(Held { credentials, since, until: since + lasts.max(AT_LEAST) })
    }

    /// Looks at the files, not more often than [`GLANCE`] says.
    async fn glance(&self) {
        if self.0.files.is_empty() {
            return;
        }
        {
            let mut state = self.0.state.lock();
            if state.glanced.is_some_and(|when| when.elapsed() < GLANCE) {
                return;
            }
            state.glanced = Some(Instant::now());
        }
        let files = self.0.files.clone();
        let Ok(now) = tokio::task::spawn_blocking(move || contents(&files)).await else { return };
        let mut state = self.0.state.lock();
        let before = state.seen.replace(now);
        if before.is_some_and(|before| before != now) {
            tracing::info!("the file with the credentials for AWS has changed and is read anew");
            state.give_up();
        }
    }
}

impl State {
    fn give_up(&mut self) {
        (self.source, self.held, self.failed) = (None, None, None);
        self.times += 1;
    }
}

impl ProvideCredentials for Kept {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.provide())
    }
}

/// Why there are no credentials, told to each who asks.
#[derive(Debug)]
struct Told(Arc<CredentialsError>);

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Error for Told {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}

/// Where a profile stands. <https://docs.aws.amazon.com/sdkref/latest/guide/file-location.html>
fn profile_files() -> Vec<PathBuf> {
    let home = std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
    let file =
        |variable: &str, name: &str| std::env::var_os(variable).map_or_else(|| home.join(".aws").join(name), PathBuf::from);
    vec![file("AWS_SHARED_CREDENTIALS_FILE", "credentials"), file("AWS_CONFIG_FILE", "config")]
}

/// One number for what the files hold, within this process. One that cannot be read holds nothing.
fn contents(files: &[PathBuf]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for file in files {
        std::fs::read(file).ok().hash(&mut hasher);
    }
    hasher.finish()
}

#[cfg(test)]
mod tests;
