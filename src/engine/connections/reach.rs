//! By which connection a pass comes to AWS, and whether it may. Pure.

use crate::api::namespace_policy::{self, GuardMode};
use crate::api::{AwsConnection, EcsNamespacePolicySpec, EcsTaskDefinition};
use crate::aws::Target;
use crate::aws::connection::partition_of;
use crate::aws::guard::{Place, session};
use crate::engine::Stop;
use crate::engine::cache::Key;
use crate::engine::home::InAws;
use crate::engine::refs::Caches;
use crate::engine::write::has_finalizer;
use kube::ResourceExt;
use std::collections::BTreeSet;

/// How the pass over an object comes to AWS.
#[derive(Clone, Debug, PartialEq)]
pub enum Reach {
    /// By a connection, with the session of the object's namespace.
    Through(Through),
    /// Not at all: it only wants to know where a connection leads.
    Beside(String),
}

/// A way to AWS.
#[derive(Clone, Debug, PartialEq)]
pub struct Through {
    /// Name of the connection.
    pub(super) connection: String,
    /// Namespace of the object.
    pub(super) namespace: String,
    /// Whether the object has something in AWS already by way of this connection.
    is_in: bool,
    /// Whether that is all it wants to take away. A deletion is never refused.
    is_leaving: bool,
}

impl Reach {
    /// The way of an object that stands for something in AWS.
    ///
    /// # Errors
    /// When the policy of its namespace keeps it to another connection than it names.
    pub fn of<K: InAws>(object: &K, caches: &Caches) -> Result<Self, Stop> {
        let is_leaving = object.meta().deletion_timestamp.is_some();
        let used = object.home().connection.filter(|_| has_finalizer(object));
        let connection = match (caches.connection_of(object), used) {
            // Who named it otherwise before leaves by the way it came.
            (Err(_), Some(used)) if is_leaving => used.to_owned(),
            (connection, _) => connection?,
        };
        let is_in = used == Some(connection.as_str());
        let namespace = object.namespace().unwrap_or_default();
        Ok(Self::Through(Through { connection, namespace, is_in, is_leaving }))
    }
}

/// Whether an object may use a connection.
///
/// # Errors
/// What an administrator would have to change.
pub(super) fn may_use(object: &AwsConnection, way: &Through, caches: &Caches) -> Result<(), Stop> {
    if way.is_in && way.is_leaving {
        return Ok(());
    }
    if !caches.is_allowed(object.spec.allowed_namespaces.as_ref(), &way.namespace) {
        return Err(Stop::waiting(
            "NamespaceNotAllowed",
            format!(
                "AwsConnection {} does not allow namespace {}: an administrator adds it to its allowedNamespaces",
                way.connection, way.namespace
            ),
        ));
    }
    if object.metadata.deletion_timestamp.is_some() && !way.is_in {
        return Err(Stop::waiting("ConnectionNotFound", format!("AwsConnection {} is being deleted", way.connection)));
    }
    Ok(())
}

pub(super) fn not_found(name: &str) -> Stop {
    Stop::waiting(
        "ConnectionNotFound",
        format!("there is no AwsConnection {name}: create it, or correct connectionRef or policy"),
    )
}

pub(super) fn not_ready(name: &str, why: &str) -> Stop {
    Stop::waiting("ConnectionNotReady", format!("AwsConnection {name}: {why}"))
}

/// What AWS is told that the sessions of a namespace may do. `None`: whatever the role may.
///
/// # Errors
/// When the policy does not fit into a session.
pub(super) fn session_policy(way: &Through, caches: &Caches, to: &Target) -> Result<Option<String>, Stop> {
    let policy = caches.policies.get(&way.namespace, namespace_policy::NAME);
    let policy = policy.filter(|policy| policy.metadata.deletion_timestamp.is_none());
    let spec = policy.map(|policy| policy.spec).unwrap_or_default();
    if matches!(spec.mode, Some(GuardMode::Warn | GuardMode::Audit)) {
        return Ok(None);
    }
    let place = Place { partition: partition_of(&to.region).to_owned(), region: to.region.clone(), account: to.account.clone() };
    let document = match session::policy(&spec, &lent(way, caches, &place), &place) {
        // Nothing has to be passed for a deletion.
        Err(_) if way.is_leaving => session::policy(&EcsNamespacePolicySpec::default(), &BTreeSet::new(), &place),
        document => document,
    };
    document.map(Some).map_err(|long| Stop::invalid("PolicyTooLong", format!("EcsNamespacePolicy default: {long}")))
}

/// The roles of the task definitions of other namespaces that services of this one run, as those grant it now.
fn lent(way: &Through, caches: &Caches, place: &Place) -> BTreeSet<String> {
    let mut roles = BTreeSet::new();
    caches.services.each(&Key::RunsForeign(way.namespace.clone()), |service| {
        let reference = service.spec.task_definition_ref.as_ref();
        let found = reference.and_then(|it| caches.referred::<EcsTaskDefinition>(&way.namespace, it).ok().flatten());
        let Some(found) = found.filter(|found| caches.connection_of(found).ok().as_ref() == Some(&way.connection)) else {
            return;
        };
        if let Some(policy) = caches.policies.get(&found.namespace().unwrap_or_default(), namespace_policy::NAME) {
            roles.extend(session::lent(&policy.spec, &found.spec.task_definition, place));
        }
    });
    roles
}
