//! Services: what they are. ecs-semantics §2 and §3.

mod balancers;
pub(crate) mod create;
mod defaults;
pub(crate) mod delete;
pub(crate) mod describe;
pub(crate) mod update;
pub(crate) mod validate;

use std::collections::{BTreeSet, VecDeque};

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::agenda::{Agenda, Event};
use super::deployments::Deployment;
use super::input::Input;
use super::service_deployments::{Revision, ServiceDeployment};
use crate::fault::ServiceError;

/// Cluster and name.
pub(crate) type ServiceKey = (String, String);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Active,
    Draining,
    Inactive,
}

/// The deployment that a rollback goes back to: the last one that completed. §3.5.
#[derive(Debug, Clone)]
pub(crate) struct Completed {
    pub(crate) id: String,
    pub(crate) revision: String,
    pub(crate) setup: Value,
    /// Whether its tasks are in the alternate target groups.
    pub(crate) on_alternate: bool,
}

/// One incarnation of a service.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) key: ServiceKey,
    pub(crate) arn: String,
    pub(crate) state: State,
    pub(crate) created: Timestamp,
    /// What Describe shows as it is.
    pub(crate) config: Map<String, Value>,
    /// What Describe does not show on the service: it stands on its deployments and revisions (§2.3).
    pub(crate) hidden: Map<String, Value>,
    pub(crate) desired: i64,
    /// The launch type it was created with, to which an empty strategy goes back (§2.5).
    pub(crate) created_with: Option<String>,
    pub(crate) token: Option<(String, Value)>,
    /// The newest first: it is PRIMARY, the others ACTIVE (§3.1).
    pub(crate) deployments: Vec<Deployment>,
    pub(crate) last_completed: Option<Completed>,
    pub(crate) history: Vec<ServiceDeployment>,
    pub(crate) revisions: Vec<Revision>,
    /// Tasks that have not stopped.
    pub(crate) tasks: BTreeSet<String>,
    pub(crate) events: VecDeque<(String, Timestamp, String)>,
    pub(crate) steady_since: Option<Timestamp>,
    /// What reads showed until the time of a write, for stale reads; `Null` before the first.
    pub(crate) pasts: VecDeque<(Timestamp, Value)>,
    pub(crate) wake: Option<Timestamp>,
}

impl Service {
    pub(crate) fn is_active(&self) -> bool {
        self.state == State::Active
    }

    pub(crate) fn is_inactive(&self) -> bool {
        self.state == State::Inactive
    }

    pub(crate) fn is_daemon(&self) -> bool {
        self.config.get("schedulingStrategy").is_some_and(|strategy| strategy == "DAEMON")
    }

    pub(crate) fn name(&self) -> &str {
        &self.key.1
    }

    /// The value of a member of its configuration.
    pub(crate) fn get(&self, member: &str) -> &Value {
        self.config.get(member).or_else(|| self.hidden.get(member)).unwrap_or(&Value::Null)
    }

    pub(crate) fn uses_provider(&self, which: impl Fn(&str) -> bool) -> bool {
        let items = self.get("capacityProviderStrategy").as_array().into_iter().flatten().map(Input);
        items.filter_map(|item| item.text("capacityProvider")).any(which)
    }

    /// Whether it, one of its deployments or its rollback target is on this task definition.
    pub(crate) fn refers_to(&self, definition: &str) -> bool {
        !self.is_inactive()
            && (self.get("taskDefinition") == definition
                || self.deployments.iter().any(|deployment| deployment.setup["taskDefinition"] == definition))
    }

    /// Has the scheduler look at `at`, unless it will already have looked by then.
    pub(crate) fn wake_at(&mut self, agenda: &mut Agenda, at: Timestamp) {
        if self.wake.is_none_or(|wake| at < wake) {
            self.wake = Some(at);
            agenda.enter(at, Event::Service(self.key.clone()));
        }
    }

    /// Adds a service event: the newest first, 100 at most (§3.6).
    pub(crate) fn say(&mut self, id: String, at: Timestamp, message: &str) {
        self.events.push_front((id, at, format!("(service {}) {message}", self.key.1)));
        self.events.truncate(100);
    }
}

fn not_found() -> ServiceError {
    ServiceError::new("ServiceNotFoundException", "Service not found.")
}

fn not_active() -> ServiceError {
    ServiceError::new("ServiceNotActiveException", "Service was not ACTIVE.")
}

/// Members whose change starts a deployment; they travel with it, and a rollback brings them back. §2.1.
pub(crate) const SETUP: [&str; 13] = [
    "taskDefinition",
    "launchType",
    "capacityProviderStrategy",
    "networkConfiguration",
    "loadBalancers",
    "serviceRegistries",
    "platformVersion",
    "platformFamily",
    "serviceConnectConfiguration",
    "volumeConfigurations",
    "vpcLatticeConfigurations",
    "gatewayConnectors",
    "monitoring",
];

/// Members of [`SETUP`] that Describe does not show on the service. §2.3.
pub(crate) const HIDDEN: [&str; 5] =
    ["serviceConnectConfiguration", "volumeConfigurations", "vpcLatticeConfigurations", "gatewayConnectors", "monitoring"];

impl Service {
    /// What its next deployment carries.
    pub(crate) fn setup(&self) -> Value {
        let given = SETUP.iter().map(|member| (*member, self.get(member))).filter(|(_, value)| !value.is_null());
        given.map(|(member, value)| (member.to_owned(), value.clone())).collect::<Map<_, _>>().into()
    }

    /// Sets a member where it belongs.
    pub(crate) fn set(&mut self, member: &str, value: Value) {
        let members = if HIDDEN.contains(&member) { &mut self.hidden } else { &mut self.config };
        members.insert(member.to_owned(), value);
    }

    /// Brings back what a deployment carried.
    pub(crate) fn restore(&mut self, setup: &Value) {
        for member in SETUP {
            if let Some(value) = setup.get(member) {
                self.set(member, value.clone());
            } else {
                self.config.remove(member);
                self.hidden.remove(member);
            }
        }
    }
}
