//! What a pass needs beside the object: AWS, the caches, the clock, and what is remembered between passes.

use super::Stop;
use super::brake::{self, Brake};
use super::connections::Connections;
use super::failures::Failures;
use super::next::Next;
use super::refs::Caches;
use crate::api::namespace_policy;
use crate::aws::connection::Connection;
use crate::aws::guard::Place;
use crate::aws::reflector::Services;
use crate::aws::{Balancing, Certificates, Ecs, Elb, Guard, Priority};
use crate::clock::Clock;
use crate::metrics::Metrics;
use kube::runtime::controller::Action;
use kube::{Resource, ResourceExt};
use parking_lot::Mutex;
use serde_json::Value;
use std::collections::HashMap;
use std::ops::Deref;
use std::sync::Arc;

/// Where in AWS the objects live, and in whose name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// Name of the connection.
    pub connection: String,
    /// Account id, twelve digits.
    pub account: String,
    /// Region, such as `eu-central-1`.
    pub region: String,
    /// Partition of the ARNs, such as `aws`.
    pub partition: String,
    /// Identifier of this installation.
    pub installation: String,
}

impl Site {
    /// Where nothing is known of AWS.
    pub(super) fn nowhere(connection: &str, installation: &str) -> Self {
        let [account, region, partition] = [const { String::new() }; 3];
        Self { connection: connection.to_owned(), account, region, partition, installation: installation.to_owned() }
    }
}

/// One connection to AWS, as the passes of one namespace use it.
#[derive(Clone)]
pub struct Aws {
    /// Whose credentials, which account, which region.
    pub connection: Connection,
    /// The live services.
    pub services: Services,
    /// The live side of load balancing.
    pub balancing: Balancing,
    /// The certificates of the account.
    pub certificates: Certificates,
}

impl Aws {
    /// The calls, at the priority of a changed spec.
    pub fn ecs(&self) -> Ecs {
        self.connection.ecs.at(Priority::Change)
    }

    /// The calls of load balancing, at the priority of a changed spec.
    pub fn elb(&self) -> Elb {
        self.connection.elb.at(Priority::Change)
    }

    /// The calls, behind all others.
    pub fn ecs_when_idle(&self) -> Ecs {
        self.connection.ecs.at(Priority::CleanUp)
    }
}

/// What one pass has: the connection of its object, and what all passes share.
pub struct Ctx {
    /// AWS: calls, and the store of what is live.
    pub aws: Arc<Aws>,
    shared: Arc<Shared>,
}

/// What all passes share.
pub struct Shared {
    /// Every connection to AWS.
    pub connections: Connections,
    /// The client for Kubernetes.
    pub kube: kube::Client,
    /// The watch caches.
    pub caches: Caches,
    /// Time.
    pub clock: Clock,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// Identifier of this installation.
    pub installation: String,
    /// Whether namespaces may use only what their policies grant.
    pub is_guarded: bool,
    /// What holds many deletions.
    pub brake: Brake,
    /// The status written last per object, until the cache has caught up.
    pub(super) written: Mutex<HashMap<String, Written>>,
    /// The way of the last pass over each object: there it is to be forgotten when it goes another.
    ways: Mutex<HashMap<String, Arc<Aws>>>,
    failures: Failures,
}

/// A status that the cache may not show yet.
pub(super) struct Written {
    pub resource_version: Option<String>,
    /// Those that stood on the object then.
    pub finalizers: Option<Vec<String>>,
    pub status: Value,
}

impl Deref for Ctx {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.shared
    }
}

impl Ctx {
    /// A pass by way of one connection.
    pub const fn new(aws: Arc<Aws>, shared: Arc<Shared>) -> Self {
        Self { aws, shared }
    }

    /// Where the object lives, if AWS has told it already.
    pub fn site(&self) -> Option<Site> {
        let connection = &self.aws.connection;
        Some(Site {
            connection: connection.name.clone(),
            account: connection.account()?.to_owned(),
            region: connection.region.clone(),
            partition: connection.partition().to_owned(),
            installation: self.installation.clone(),
        })
    }

    /// What the objects of a namespace may make AWS do by way of this connection, as its policy stands now. One that is
    /// being deleted grants nothing any more.
    pub fn guard(&self, namespace: &str) -> Guard {
        if !self.is_guarded {
            return Guard::allow_all();
        }
        let policy = self.caches.policies.get(namespace, namespace_policy::NAME);
        let policy = policy.filter(|policy| policy.metadata.deletion_timestamp.is_none());
        Guard::of(policy.as_ref().map(|policy| &policy.spec), &self.place())
    }

    /// What entries without an account mean.
    fn place(&self) -> Place {
        self.site()
            .map(|site| Place { partition: site.partition, region: site.region, account: site.account })
            .unwrap_or_default()
    }

    /// Where the object lives. One that stands in another account or region is refused: its things are not there.
    ///
    /// # Errors
    /// When AWS does not say who we are, or when that differs from what stands in `status`.
    pub(super) async fn known_site(&self, status: Option<serde_json::Result<Value>>) -> Result<Site, Stop> {
        self.aws.connection.known_account().await?;
        let site = self
            .site()
            .ok_or_else(|| Stop::waiting("AwsUnavailable", "AWS has not said yet which account the credentials belong to"))?;
        let status = status.and_then(Result::ok).unwrap_or_default();
        for (field, here) in [("account", &site.account), ("region", &site.region)] {
            match status[field].as_str() {
                Some(there) if there != here => {
                    return Err(Stop::waiting(
                        "AccountMismatch",
                        format!(
                            "this object lives in {field} {there}, but connection {} leads to {here}; nothing is written until they \
                             match again: put connectionRef, policy or credentials back, or make a new object for {here}",
                            site.connection
                        ),
                    ));
                }
                _ => {}
            }
        }
        Ok(site)
    }
}

impl Shared {
    /// Everything that passes share.
    pub fn new(
        connections: Connections,
        kube: kube::Client,
        caches: Caches,
        (installation, is_guarded): (String, bool),
        metrics: Arc<Metrics>,
    ) -> Self {
        Self {
            connections,
            kube,
            caches,
            clock: Clock::of_the_machine(),
            metrics,
            installation,
            is_guarded,
            written: Mutex::default(),
            ways: Mutex::default(),
            failures: Failures::default(),
            brake: Brake::new(brake::Limit::NONE),
        }
    }

    /// The same with a brake.
    #[must_use]
    pub fn braked(self, limit: brake::Limit) -> Self {
        Self { brake: Brake::new(limit), ..self }
    }

    /// When to look again, from how a pass ended.
    pub(super) fn again(&self, uid: &str, end: &Result<Next, Stop>) -> Action {
        let jitter = rand::random::<f64>();
        let delay = match end {
            Ok(next) => {
                self.failures.forget(uid);
                next.delay(jitter)
            }
            Err(stop) => self.failures.failed(uid, stop, self.clock.instant(), jitter),
        };
        delay.map_or_else(Action::await_change, Action::requeue)
    }

    /// Lets a write be tried, unless the same has just failed.
    ///
    /// # Errors
    /// What it failed with.
    pub(super) fn attempt(&self, uid: &str, attempt: u64) -> Result<(), Stop> {
        self.failures.attempt(uid, attempt, self.clock.instant())
    }

    /// Notes by which connection an object is looked at now. Returns the one before, if it was read there by another live side.
    pub(super) fn goes(&self, uid: &str, by: Option<&Arc<Aws>>) -> Option<Arc<Aws>> {
        let mut ways = self.ways.lock();
        let before = match by {
            Some(aws) => ways.insert(uid.to_owned(), Arc::clone(aws)),
            None => ways.remove(uid),
        };
        before.filter(|before| by.is_none_or(|aws| !before.services.is_same(&aws.services)))
    }

    /// Forgets what is remembered about an object that is gone.
    pub(super) fn forget<K: Resource>(&self, object: &K) {
        let uid = object.uid().unwrap_or_default();
        self.written.lock().remove(&uid);
        self.failures.forget(&uid);
    }
}
