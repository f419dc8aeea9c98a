//! ECS in one account and region: a synchronous state machine.
//!
//! An operation is a function of the world and an input. What ECS does by itself is a list of events in the future
//! ([`agenda`]), played in order up to the present before each operation.

pub(crate) mod agenda;
mod arn;
mod capacity;
mod clusters;
mod deployments;
pub(crate) mod images;
pub(crate) mod input;
mod instances;
mod roles;
mod service_deployments;
mod services;
mod tags;
mod task_definitions;
mod tasks;
mod tempo;
mod traffic;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

use crate::elb::{Elb, TargetKey};
use crate::fault::ServiceError;
use crate::settings::Settings;
use agenda::{Agenda, Event};
use clusters::Cluster;
use images::Images;
use input::Input;
use instances::Instance;
use services::{Service, ServiceKey};
use task_definitions::Family;
use tasks::Task;
use tasks::targets::Saying;

/// What an operation gives back.
pub(crate) type Answer = Result<Value, ServiceError>;

/// ECS in one account and region.
pub(crate) struct World {
    account: String,
    region: String,
    now: Timestamp,
    rng: StdRng,
    rollback_reuses_deployment: bool,
    agenda: Agenda,
    clusters: BTreeMap<String, Cluster>,
    providers: BTreeMap<String, Value>,
    instances: BTreeMap<String, Instance>,
    families: BTreeMap<String, Family>,
    services: BTreeMap<ServiceKey, Service>,
    tasks: BTreeMap<String, Task>,
    tags: tags::Tags,
    /// Load balancing in the same place: ECS registers its tasks there.
    pub(crate) elb: Elb,
    strict_target_groups: bool,
    task_of_target: BTreeMap<TargetKey, String>,
    /// What services will say about their targets, and how often: one event for many at once.
    sayings: BTreeMap<(ServiceKey, Saying), usize>,
    tasks_started: u32,
    /// How images behave here.
    pub(crate) images: Images,
    /// Parts of the ARNs of roles that the caller may not pass.
    pub(crate) forbidden_roles: Vec<String>,
    /// The policy of the session that the call in hand is made with. `Null`: it has none.
    pub(crate) session_policy: Value,
    /// How old the answers to reads are.
    pub(crate) read_age: Duration,
}

impl World {
    pub(crate) fn new(settings: &Settings, account: &str, region: &str, now: Timestamp) -> Self {
        let mut world = Self {
            account: account.to_owned(),
            region: region.to_owned(),
            now,
            rng: StdRng::seed_from_u64(settings.seed),
            rollback_reuses_deployment: settings.rollback_reuses_deployment,
            agenda: Agenda::default(),
            clusters: BTreeMap::new(),
            providers: BTreeMap::new(),
            instances: BTreeMap::new(),
            families: BTreeMap::new(),
            services: BTreeMap::new(),
            tasks: BTreeMap::new(),
            tags: tags::Tags::default(),
            elb: Elb::new(settings, account, region, now),
            strict_target_groups: settings.strict_target_groups,
            task_of_target: BTreeMap::new(),
            sayings: BTreeMap::new(),
            tasks_started: 0,
            images: Images::default(),
            forbidden_roles: Vec::new(),
            session_policy: Value::Null,
            read_age: Duration::ZERO,
        };
        for name in &settings.clusters {
            clusters::add(&mut world, name, &Value::Null);
        }
        world
    }

    /// Plays everything that is due up to `now`.
    pub(crate) fn run_until(&mut self, now: Timestamp) {
        loop {
            // Of two things at one moment, load balancing's comes first.
            let elb = self.elb.next_at().filter(|at| *at <= now);
            if let Some(at) = elb.filter(|at| self.agenda.next_at().is_none_or(|own| *at <= own)) {
                self.now = self.now.max(at);
                self.elb.play_next();
                self.hear_of_targets();
                self.speak();
                continue;
            }
            let Some((at, event)) = self.agenda.due(now) else { break };
            self.now = self.now.max(at);
            self.elb.move_to(self.now);
            match event {
                Event::Task(id) => tasks::life::step(self, &id),
                Event::Deregister(id) => tasks::life::deregister(self, &id),
                Event::Service(key) => deployments::schedule(self, &key),
                Event::ForgetTask(id) => drop(self.tasks.remove(&id)),
                Event::ForgetService(key, created) => services::delete::forget(self, &key, created),
            }
            self.hear_of_targets();
            self.speak();
        }
        self.now = self.now.max(now);
        self.elb.move_to(self.now);
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.now
    }

    /// Carries out one operation of Elastic Load Balancing.
    pub(crate) fn call_balancing(&mut self, operation: &str, input: &Value) -> Answer {
        let answer = self.elb.call(operation, input);
        self.hear_of_targets();
        self.run_until(self.now);
        answer
    }

    /// Takes note of what became of targets.
    fn hear_of_targets(&mut self) {
        for news in self.elb.take_news() {
            if let Some(task) = self.task_of_target.get(&news.target).cloned() {
                tasks::life::step(self, &task);
            }
        }
    }

    /// Has a service say something about its targets at the end of this step.
    fn say(&mut self, service: &ServiceKey, saying: Saying) {
        *self.sayings.entry((service.clone(), saying)).or_default() += 1;
    }

    fn speak(&mut self) {
        for ((key, saying), count) in std::mem::take(&mut self.sayings) {
            let (id, now) = (self.uuid(), self.now);
            if let Some(service) = self.services.get_mut(&key) {
                service.say(id, now, &saying.text(count));
            }
        }
    }

    /// Whether a name in load balancing must mean something: it is of this account and region, and the settings say so.
    fn is_strict_about(&self, arn: &str) -> bool {
        let prefix = format!("arn:aws:elasticloadbalancing:{}:{}:", self.region, self.account);
        self.strict_target_groups && arn.starts_with(&prefix)
    }

    /// Carries out one operation whose input has passed the schema.
    #[expect(clippy::needless_pass_by_value, reason = "the caller made it for this call")]
    pub(crate) fn call(&mut self, operation: &str, input: Value) -> Answer {
        let input = Input(&input);
        let answer = match operation {
            "RegisterTaskDefinition" => task_definitions::register::register(self, input),
            "DescribeTaskDefinition" => task_definitions::describe(self, input),
            "DeregisterTaskDefinition" => task_definitions::deregister(self, input),
            "DeleteTaskDefinitions" => task_definitions::delete(self, input),
            "ListTaskDefinitions" => task_definitions::list(self, input),
            "ListTaskDefinitionFamilies" => task_definitions::list_families(self, input),
            "CreateService" => services::create::create(self, input),
            "UpdateService" => services::update::update(self, input),
            "DeleteService" => services::delete::delete(self, input),
            "DescribeServices" => services::describe::describe(self, input),
            "ListServices" => services::describe::list(self, input),
            _ => return self.call_other(operation, input),
        };
        self.run_until(self.now);
        answer
    }

    fn call_other(&mut self, operation: &str, input: Input<'_>) -> Answer {
        let answer = match operation {
            "CreateCluster" => clusters::create(self, input),
            "DescribeClusters" => clusters::describe(self, input),
            "ListClusters" => clusters::list(self, input),
            "UpdateCluster" | "UpdateClusterSettings" => clusters::update(self, input),
            "DeleteCluster" => clusters::delete(self, input),
            "PutClusterCapacityProviders" => clusters::put_capacity_providers(self, input),
            "CreateCapacityProvider" => capacity::create(self, input),
            "DescribeCapacityProviders" => capacity::describe(self, input),
            "DeleteCapacityProvider" => capacity::delete(self, input),
            "RegisterContainerInstance" => instances::register(self, input),
            "DeregisterContainerInstance" => instances::deregister(self, input),
            "UpdateContainerInstancesState" => instances::update_state(self, input),
            "ListContainerInstances" => instances::list(self, input),
            "DescribeContainerInstances" => instances::describe(self, input),
            "ListServiceDeployments" => service_deployments::list(self, input),
            "DescribeServiceDeployments" => service_deployments::describe(self, input),
            "DescribeServiceRevisions" => service_deployments::describe_revisions(self, input),
            "StopServiceDeployment" => service_deployments::stop(self, input),
            "ContinueServiceDeployment" => service_deployments::go_on(self, input),
            "RunTask" => tasks::run::run(self, input),
            "StopTask" => tasks::run::stop(self, input),
            "ListTasks" => tasks::read::list(self, input),
            "DescribeTasks" => tasks::read::describe(self, input),
            "TagResource" => tags::tag(self, input),
            "UntagResource" => tags::untag(self, input),
            "ListTagsForResource" => tags::list(self, input),
            "ListAccountSettings" => Ok(json!({"settings": []})),
            _ => Err(ServiceError::new("UnknownOperationException", format!("The operation {operation} is not simulated."))),
        };
        self.run_until(self.now);
        answer
    }

    /// What there is, in a few lines per service, for people.
    pub(crate) fn overview(&self) -> Value {
        let services = self.services.values().map(|service| services::describe::overview(self, service));
        json!({
            "clusters": self.clusters.keys().collect::<Vec<_>>(),
            "families": self.families.iter().map(|(name, family)| json!({"family": name, "revisions": family.revisions.len()})).collect::<Vec<_>>(),
            "services": services.collect::<Vec<_>>(),
            "tasks": self.tasks.len(),
            "loadBalancing": self.elb.overview(),
        })
    }

    /// An ARN of this account and region.
    fn arn(&self, resource: &str) -> String {
        format!("arn:aws:ecs:{}:{}:{resource}", self.region, self.account)
    }

    /// A number of exactly `digits` digits.
    fn digits(&mut self, digits: u32) -> String {
        let low = 10_u64.pow(digits - 1);
        self.rng.random_range(low..low.saturating_mul(10)).to_string()
    }

    /// 32 hex digits, the form of task ids.
    fn hex(&mut self) -> String {
        format!("{:032x}", self.rng.random::<u128>())
    }

    fn uuid(&mut self) -> String {
        let hex = self.hex();
        format!("{}-{}-4{}-8{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..])
    }

    /// AWS gives some lists back in another order. Equal seeds shuffle equally.
    fn shuffle(&mut self, list: Option<&mut Value>) {
        if let Some(items) = list.and_then(Value::as_array_mut) {
            items.shuffle(&mut self.rng);
        }
    }
}
