//! The connections to AWS: which one a pass uses, with whose session, and whether AWS lets the operator in there.
//!
//! One is built in, made of what the environment gives. The others are opened by the passes over their `AwsConnection`, which
//! ask AWS whose account it is; a pass over any other object never waits for that. It finds a connection that is ready, or is
//! told why not and woken later. So a connection that is broken holds up nobody but its own objects.
//!
//! Each connection has a live side of its own, which reads with the connection's own session. Writes are made with one of
//! the namespace.

mod live;
mod reach;

pub use reach::Reach;

use super::ctx::{Aws, Site};
use super::refs::Caches;
use super::{Stop, TOO_EARLY};
use crate::api::AwsConnection;
use crate::api::aws_connection::{AssumeRole, DEFAULT, SessionTags};
use crate::aws::connection::partition_of;
use crate::aws::error::{AwsError, MISMATCH};
use crate::aws::guard::session;
use crate::aws::reflector::Polling;
use crate::aws::{Connection, Pacer, Session, Target};
use crate::domain::ObjectKey;
use futures::channel::mpsc::UnboundedSender;
use kube::ResourceExt;
use live::Live;
use parking_lot::Mutex;
use reach::{Through, not_ready};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// How long a connection waits for the built-in one.
const SOON: Duration = Duration::from_secs(3);

/// The kind of the objects that stand for connections.
pub const KIND: &str = "AwsConnection";

/// An object to look at: its kind, namespace and name. Of an `AwsConnection`: everything that is made through it.
pub type News = (&'static str, ObjectKey);

/// Every connection to AWS.
pub struct Connections {
    built_in: Arc<Aws>,
    // Held for as long as the reading is to go on.
    built_in_live: Live,
    installation: String,
    polling: Polling,
    state: Mutex<State>,
    news: UnboundedSender<News>,
}

#[derive(Default)]
struct State {
    open: BTreeMap<String, Open>,
    pacers: BTreeMap<Target, Pacer>,
}

/// What an `AwsConnection` declares of how to get in.
#[derive(Clone, Debug, PartialEq)]
struct Declared {
    to: Target,
    role: Option<AssumeRole>,
}

/// A connection of which AWS was asked.
struct Open {
    uid: Option<String>,
    declared: Declared,
    own: Connection,
    /// Whether the account is the declared one, and if not why. `None`: AWS has not said yet.
    verified: Option<Result<(), String>>,
    live: Option<Live>,
    /// By namespace and session policy; without a role all use the connection's own.
    sessions: BTreeMap<(String, Option<String>), Arc<Aws>>,
}

/// How an object says that the operator gets in.
///
/// # Errors
/// When it says nothing: the operator's own credentials are used as they are only where that is said.
fn declared(object: &AwsConnection) -> Result<Declared, Stop> {
    let spec = &object.spec;
    if spec.assume_role.is_none() && spec.ambient_credentials.as_ref().is_none_or(|word| word.as_str() != "Allowed") {
        return Err(Stop::invalid(
            "CredentialsUnavailable",
            format!(
                "AwsConnection {} has no assumeRole: set it, or ambientCredentials: Allowed to use the operator's own credentials",
                object.name_any()
            ),
        ));
    }
    let (account, region) = (spec.account_id.clone(), spec.region.clone());
    Ok(Declared { to: Target { account, region, endpoint: spec.endpoint_url.clone() }, role: spec.assume_role.clone() })
}

/// Whether an object says how the operator gets in.
///
/// # Errors
/// When it does not.
pub fn says_how(object: &AwsConnection) -> Result<(), Stop> {
    declared(object).map(drop)
}

impl Connections {
    /// The built-in connection, from now on read, and none besides. `news` learns which objects are to be looked at.
    /// Has to be called within the runtime of tokio.
    pub fn new(built_in: Connection, installation: String, polling: Polling, news: UnboundedSender<News>) -> Self {
        let live = Live::begin(&built_in, polling, &news);
        let built_in = Arc::new(live.aws(built_in));
        Self { built_in, built_in_live: live, installation, polling, state: Mutex::default(), news }
    }

    /// The connection that the environment gives.
    pub fn built_in(&self) -> Arc<Aws> {
        Arc::clone(&self.built_in)
    }

    /// How long ago AWS last answered for what it has not answered for longest, by any connection, of each kind of things that is
    /// followed.
    pub fn ages(&self) -> BTreeMap<&'static str, Duration> {
        let state = self.state.lock();
        let others = state.open.values().filter_map(|open| open.live.as_ref());
        let mut all = BTreeMap::new();
        for (what, age) in std::iter::once(&self.built_in_live).chain(others).flat_map(Live::ages) {
            let longest = all.entry(what).or_insert(age);
            *longest = age.max(*longest);
        }
        all
    }

    /// Opens the connection of an object, anew where it gets in otherwise than before, and asks AWS whose account it is. What is
    /// known of the account stays known. Returns as whom AWS knows the operator there.
    ///
    /// # Errors
    /// Those of AWS; an answer of another account than the declared one.
    pub async fn check(&self, object: &AwsConnection) -> Result<String, AwsError> {
        let Ok(declared) = declared(object) else { return Ok(String::new()) };
        // Only then can it share the pacer of the built-in connection, if both lead to the same place.
        let _ = tokio::time::timeout(SOON, self.built_in.connection.known_account()).await;
        let own = self.open(object, declared);
        let answer = own.caller().await;
        self.take(&object.name_any(), answer.as_ref().map(drop));
        answer
    }

    fn open(&self, object: &AwsConnection, declared: Declared) -> Connection {
        let mut state = self.state.lock();
        let name = object.name_any();
        let before = state.open.remove(&name).filter(|open| open.uid == object.metadata.uid);
        let pacer = self.pacer(&mut state, &declared.to);
        let mut open = before.unwrap_or_else(|| {
            let own = self.connect(&name, &declared, self.session(&declared, None, None), pacer.clone());
            let (uid, declared) = (object.metadata.uid.clone(), declared.clone());
            Open { uid, declared, own, verified: None, live: None, sessions: BTreeMap::new() }
        });
        if open.declared != declared {
            open.own = self.connect(&name, &declared, self.session(&declared, None, None), pacer);
            if let Some(live) = &open.live {
                live.reconnect(&open.own);
            }
            (open.declared, open.verified) = (declared, None);
            open.sessions.clear();
        }
        let own = open.own.clone();
        state.open.insert(name, open);
        own
    }

    /// The pacer of an account and region: AWS's buckets are theirs, whichever way one comes.
    fn pacer(&self, state: &mut State, to: &Target) -> Pacer {
        let built_in = &self.built_in.connection;
        let is_the_same = built_in.account() == Some(to.account.as_str())
            && built_in.region == to.region
            && to.endpoint.as_deref().is_none_or(|endpoint| built_in.endpoint() == Some(endpoint));
        if is_the_same {
            return built_in.pacer().clone();
        }
        state.pacers.entry(to.clone()).or_insert_with(|| built_in.pacer().alike()).clone()
    }

    fn connect(&self, name: &str, declared: &Declared, session: Option<Session>, pacer: Pacer) -> Connection {
        self.built_in.connection.onward(name, &declared.to, session, pacer)
    }

    /// The session of a namespace, or the connection's own; none where no role is taken on.
    fn session(&self, declared: &Declared, namespace: Option<&str>, policy: Option<String>) -> Option<Session> {
        let role = declared.role.as_ref()?;
        let is_tagged = role.session_tags != Some(SessionTags::Disabled);
        Some(Session {
            role: role.role_arn.clone(),
            external_id: role.external_id.clone(),
            seconds: role.session_duration_seconds,
            namespace: namespace.map(str::to_owned),
            policy,
            tags: if is_tagged { session::tags(&self.installation, namespace) } else { BTreeMap::new() },
        })
    }

    /// Takes AWS's answer. Who was let in once is not shut out by an outage: sessions go on, and calls say themselves what is
    /// wrong with them.
    fn take(&self, name: &str, answer: Result<(), &AwsError>) {
        let mut state = self.state.lock();
        let Some(open) = state.open.get_mut(name) else { return };
        let answer = answer.map_err(|error| (error.code.as_deref() == Some(MISMATCH), Stop::Aws(error.clone()).message()));
        let now = match (answer, &open.verified) {
            (Ok(()), _) | (Err((false, _)), Some(Ok(()))) => Ok(()),
            (Err((_, why)), _) => Err(why),
        };
        if open.verified.as_ref() != Some(&now) {
            open.verified = Some(now);
            self.tell(name);
        }
    }

    fn tell(&self, name: &str) {
        let _ = self.news.unbounded_send((KIND, ObjectKey { namespace: String::new(), name: name.to_owned() }));
    }

    /// Closes the connection of an object that is gone.
    pub fn close(&self, object: &AwsConnection) {
        let name = object.name_any();
        let mut state = self.state.lock();
        if state.open.get(&name).is_some_and(|open| open.uid == object.metadata.uid) {
            state.open.remove(&name);
            self.tell(&name);
        }
    }

    /// The connection of a pass, with the session of its namespace.
    ///
    /// # Errors
    /// Why there is none; whoever is told so is woken when that changes.
    pub(super) fn through(&self, way: &Through, caches: &Caches, is_guarded: bool) -> Result<Arc<Aws>, Stop> {
        let Some(object) = caches.connections.get("", &way.connection) else {
            return if way.connection == DEFAULT { Ok(self.built_in()) } else { Err(reach::not_found(&way.connection)) };
        };
        reach::may_use(&object, way, caches)?;
        let declared = declared(&object)?;
        let policy = match declared.role {
            Some(_) if is_guarded => reach::session_policy(way, caches, &declared.to)?,
            _ => None,
        };
        let mut state = self.state.lock();
        let open = state.open.get_mut(&way.connection);
        let open = open.filter(|open| open.uid == object.metadata.uid && open.declared == declared);
        let Some((open, verified)) = open.and_then(|open| open.verified.clone().map(|verified| (open, verified))) else {
            return Err(Stop::waiting(TOO_EARLY, "AWS was not asked yet whose account it is"));
        };
        verified.map_err(|why| not_ready(&way.connection, &why))?;
        let live = open.live.get_or_insert_with(|| Live::begin(&open.own, self.polling, &self.news));
        if declared.role.is_none() {
            let new = || Arc::new(live.aws(open.own.clone()));
            return Ok(Arc::clone(open.sessions.entry((String::new(), None)).or_insert_with(new)));
        }
        let mut key = (way.namespace.clone(), policy);
        // Nothing has to be passed for a deletion, so it is made with a smaller policy where STS refuses the session's own.
        if way.is_leaving && open.sessions.get(&key).is_some_and(|aws| aws.connection.is_refused_as_too_large()) {
            key.1 = Some(reach::smallest_policy(&declared.to));
        } else if !open.sessions.contains_key(&key) {
            // A policy that has changed ends the session; so does a namespace that is gone.
            open.sessions
                .retain(|(namespace, _), _| *namespace != way.namespace && caches.namespaces.get("", namespace).is_some());
        }
        if let Some(aws) = open.sessions.get(&key) {
            return Ok(Arc::clone(aws));
        }
        let session = self.session(&declared, Some(&way.namespace), key.1.clone());
        let connection = self.connect(&way.connection, &declared, session, open.own.pacer().clone());
        let aws = Arc::new(live.aws(connection));
        open.sessions.insert(key, Arc::clone(&aws));
        Ok(aws)
    }

    /// Where a connection leads, for passes that call nothing there.
    ///
    /// # Errors
    /// When there is no such connection, or AWS does not say whose the built-in one is.
    pub(super) async fn site(&self, name: &str, caches: &Caches) -> Result<Site, Stop> {
        let (account, region) = match caches.connections.get("", name) {
            Some(found) => (found.spec.account_id, found.spec.region),
            None if name == DEFAULT => {
                let built_in = &self.built_in.connection;
                (built_in.known_account().await?.to_owned(), built_in.region.clone())
            }
            None => return Err(reach::not_found(name)),
        };
        let (partition, installation) = (partition_of(&region).to_owned(), self.installation.clone());
        Ok(Site { connection: name.to_owned(), account, region, partition, installation })
    }
}

#[cfg(test)]
mod tests;
