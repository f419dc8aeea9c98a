//! The whole operator: watches, passes and the live side of AWS, put together. The only place that knows every kind.

mod mapping;

use crate::api::{
    AwsConnection, EcsListenerRule, EcsLoadBalancer, EcsNamespacePolicy, EcsService, EcsTargetGroup, EcsTaskDefinition,
};
use crate::aws::Kind;
use crate::aws::certificates::SELDOM;
use crate::aws::connection::Connection;
use crate::aws::pace::{Observed, Pacer};
use crate::aws::reflector::Polling;
use crate::clock::Clock;
use crate::engine::brake;
use crate::engine::connections::Connections;
use crate::engine::ctx::Shared;
use crate::engine::refs::Caches;
use crate::engine::triggers::Triggers;
use crate::engine::waiting::Waiting;
use crate::engine::watch::{self, Guarded, Which};
use crate::engine::{Managed, Stop};
use crate::health::Readiness;
use crate::kinds::connection::AwsConnectionKind;
use crate::kinds::listener_rule::EcsListenerRuleKind;
use crate::kinds::load_balancer::EcsLoadBalancerKind;
use crate::kinds::namespace_policy::EcsNamespacePolicyKind;
use crate::kinds::service::EcsServiceKind;
use crate::kinds::target_group::EcsTargetGroupKind;
use crate::kinds::task_definition::EcsTaskDefinitionKind;
use crate::metrics::Metrics;
use crate::settings::Guard;
use crate::startup::Process;
use futures::StreamExt;
use k8s_openapi::api::core::v1::Namespace;
use kube::Api;
use mapping::Mapping;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Passes of one kind that may be under way at once. They wait for AWS, not for the processor.
const CONCURRENCY: u16 = 64;
/// Time between two looks at what is waited for.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// What is read in AWS again and again.
const POLLED: [&str; 5] = ["services", "listeners", "target_groups", "load_balancers", "certificates"];

/// Works with what the process has and the credentials of the environment, until `stop`.
///
/// # Errors
/// When the environment names no region.
pub async fn run(process: Process, stop: CancellationToken) -> anyhow::Result<()> {
    let pacer = Pacer::scaled(process.settings.aws_rate_scale);
    let operator = Operator {
        connection: Connection::ambient(pacer).await?,
        kube: process.kube,
        installation: process.installation,
        namespaces: process.settings.namespaces.clone(),
        polling: Polling { settled: process.settings.poll_settled, rolling: process.settings.poll_rolling, ..Polling::default() },
        metrics: process.metrics,
        readiness: process.readiness,
        concurrency: CONCURRENCY,
        guard: process.settings.guard,
        brake: brake::Limit { deletions: process.settings.deletion_brake, within: process.settings.deletion_brake_within },
    };
    if operator.guard == Guard::Off {
        tracing::warn!("the guard is off: whoever may create objects can use every right that the operator has in AWS");
    }
    operator.run(stop).await;
    Ok(())
}

/// What the operator is made of.
pub struct Operator {
    /// The client for Kubernetes.
    pub kube: kube::Client,
    /// The connection to AWS.
    pub connection: Connection,
    /// Identifier of this installation.
    pub installation: String,
    /// The namespaces to watch. None: all.
    pub namespaces: Vec<String>,
    /// How often AWS is read.
    pub polling: Polling,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// Where it is said what is waited for.
    pub readiness: Readiness,
    /// Passes of one kind that may be under way at once.
    pub concurrency: u16,
    /// Whether namespaces may use only what their policies grant.
    pub guard: Guard,
    /// How many deletions go through.
    pub brake: brake::Limit,
}

impl Operator {
    /// Works until `stop`, then ends what is under way.
    pub async fn run(self, stop: CancellationToken) {
        let (news, mut heard) = futures::channel::mpsc::unbounded();
        let connections = Connections::new(self.connection.clone(), self.installation.clone(), self.polling, news);
        let (caches, writers) = watch::caches(Some(self.connection.clone()), self.namespaces.clone());
        let triggers = AllTriggers::default();
        let mapping = Mapping::new(caches.clone(), &triggers);
        let whose = (self.installation.clone(), self.guard == Guard::Enforce);
        let shared = Shared::new(connections, self.kube.clone(), caches.clone(), whose, Arc::clone(&self.metrics));
        let shared = Arc::new(shared.braked(self.brake));
        self.measure(&shared, &triggers);

        let mut background = JoinSet::new();
        self.watch_kubernetes(writers, &mapping, &mut background);
        background.spawn(async move {
            while let Some((kind, object)) = heard.next().await {
                mapping.of_aws(kind, &object);
            }
        });

        background.spawn(tell_of_account(self.connection.clone(), shared.clock, self.readiness.clone()));

        tokio::select! {
            () = lists(&caches, &self.readiness) => {}
            () = stop.cancelled() => {}
        }
        passes(&shared, &caches, triggers, self.concurrency, &stop).await;
        background.shutdown().await;
    }

    /// Counts the calls, and has asked for what is only known at the moment: who waits, and how old is what was read.
    fn measure(&self, shared: &Arc<Shared>, triggers: &AllTriggers) {
        let metrics = Arc::clone(&self.metrics);
        self.connection.pacer().observe(move |call| observed(&metrics, call));
        // The metrics outlive the work, and must not keep it.
        let (shared, waiting) = (Arc::downgrade(shared), triggers.waiting());
        let certificates = self.polling.settled * SELDOM;
        let settled = self.polling.settled;
        self.metrics.before_each_reading(move |metrics| {
            let Some(shared) = shared.upgrade() else { return };
            for (kind, waiting) in &waiting {
                let (depth, longest) = waiting.all(shared.clock.instant());
                metrics.queue(kind, depth, longest);
            }
            let ages = shared.connections.ages();
            for what in POLLED {
                let every = if what == "certificates" { certificates } else { settled };
                metrics.poll(what, ages.get(what).copied(), every);
            }
        });
    }

    /// Watches every kind, and wakes what depends on what changed.
    fn watch_kubernetes(&self, writers: watch::Writers, mapping: &Mapping, background: &mut JoinSet<()>) {
        let to = mapping.clone();
        background.spawn(watch::watch(self.apis(), writers.task_definitions, move |it, change| to.task_definition(it, change)));
        let to = mapping.clone();
        background.spawn(watch::watch(self.apis(), writers.services, move |it, change| to.service(it, change)));
        let to = mapping.clone();
        background.spawn(watch::watch(self.apis(), writers.target_groups, move |it, change| to.target_group(it, change)));
        let to = mapping.clone();
        background.spawn(watch::watch(self.apis(), writers.listener_rules, move |it, change| to.listener_rule(it, change)));
        let to = mapping.clone();
        background.spawn(watch::watch(self.apis(), writers.load_balancers, move |it, change| to.load_balancer(it, change)));
        let to = mapping.clone();
        background.spawn(watch::watch(self.apis(), writers.policies, move |it, change| to.policy(it, change)));
        let to = mapping.clone();
        let everywhere = vec![(Api::all(self.kube.clone()), Which::All)];
        background.spawn(watch::watch(everywhere, writers.connections, move |it, change| to.connection(it, change)));
        let to = mapping.clone();
        background.spawn(watch::watch(self.named(), writers.namespaces, move |it, change| to.namespace(it, change)));
    }

    fn apis<K>(&self) -> Vec<(Api<Guarded<K>>, Which)>
    where
        K: kube::Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>,
    {
        if self.namespaces.is_empty() {
            return vec![(Api::all(self.kube.clone()), Which::All)];
        }
        let within = |namespace: &String| (Api::namespaced(self.kube.clone(), namespace), Which::All);
        self.namespaces.iter().map(within).collect()
    }

    /// The namespaces themselves: those that are watched and no others.
    fn named(&self) -> Vec<(Api<Guarded<Namespace>>, Which)> {
        if self.namespaces.is_empty() {
            return vec![(Api::all(self.kube.clone()), Which::All)];
        }
        let one = |namespace: &String| (Api::all(self.kube.clone()), Which::Named(namespace.clone()));
        self.namespaces.iter().map(one).collect()
    }
}

/// Waits until everything has been listed once. Meanwhile `/readyz` names what has not.
async fn lists(caches: &Caches, readiness: &Readiness) {
    const LISTS: &str = "lists";
    loop {
        let missing = caches.not_filled();
        if missing.is_empty() {
            return readiness.has(LISTS);
        }
        let why = "not listed yet; the log says so where the API server refuses";
        readiness.waits_for(LISTS, format!("{} {why}", missing.join(", ")));
        let _ = tokio::time::timeout(LOOK_AGAIN, caches.are_filled()).await;
    }
}

/// While AWS does not say whose the credentials are, `/readyz` tells why. That makes the process no less ready: another one would
/// be told the same, and what hangs on `AwsConnection`s goes on.
async fn tell_of_account(connection: Connection, clock: Clock, readiness: Readiness) {
    const ABOUT: &str = "AWS";
    while connection.account().is_none() {
        if let Some(error) = connection.trouble() {
            let why = Stop::Aws(error).message();
            readiness.note(
                ABOUT,
                format!("the account of the operator's own credentials is not known, so nothing is done there: {why}"),
            );
        }
        clock.sleep(LOOK_AGAIN).await;
    }
    readiness.forget(ABOUT);
}

/// Runs the passes of every kind until `stop`, then finishes those in flight.
async fn passes(shared: &Arc<Shared>, caches: &Caches, triggers: AllTriggers, at_once: u16, stop: &CancellationToken) {
    let (ctx, ended) = (|| Arc::clone(shared), || stop.clone().cancelled_owned());
    tokio::join!(
        watch::run::<EcsTaskDefinitionKind>(ctx(), &caches.task_definitions, triggers.task_definitions, at_once, ended()),
        watch::run::<EcsServiceKind>(ctx(), &caches.services, triggers.services, at_once, ended()),
        watch::run::<EcsTargetGroupKind>(ctx(), &caches.target_groups, triggers.target_groups, at_once, ended()),
        watch::run::<EcsListenerRuleKind>(ctx(), &caches.listener_rules, triggers.listener_rules, at_once, ended()),
        watch::run::<EcsLoadBalancerKind>(ctx(), &caches.load_balancers, triggers.load_balancers, at_once, ended()),
        watch::run::<EcsNamespacePolicyKind>(ctx(), &caches.policies, triggers.policies, at_once, ended()),
        watch::run::<AwsConnectionKind>(ctx(), &caches.connections, triggers.connections, at_once, ended()),
    );
}

/// Counts one call to AWS.
fn observed(metrics: &Metrics, call: &Observed) {
    metrics.aws_call_waited(call.operation, call.waited);
    // One that was given up was never made.
    let Some(took) = call.took else { return };
    metrics.aws_call(call.operation, call.outcome, took);
    if call.outcome == Kind::Throttled.reason() {
        metrics.aws_throttled(call.operation);
    }
}

/// The queues of all kinds.
#[derive(Default)]
struct AllTriggers {
    task_definitions: Triggers<EcsTaskDefinition>,
    services: Triggers<EcsService>,
    target_groups: Triggers<EcsTargetGroup>,
    listener_rules: Triggers<EcsListenerRule>,
    load_balancers: Triggers<EcsLoadBalancer>,
    policies: Triggers<EcsNamespacePolicy>,
    connections: Triggers<AwsConnection>,
}

impl AllTriggers {
    /// Who waits for a pass, by kind.
    fn waiting(&self) -> [(&'static str, Waiting); 7] {
        [
            (EcsTaskDefinitionKind::KIND, self.task_definitions.waiting()),
            (EcsServiceKind::KIND, self.services.waiting()),
            (EcsTargetGroupKind::KIND, self.target_groups.waiting()),
            (EcsListenerRuleKind::KIND, self.listener_rules.waiting()),
            (EcsLoadBalancerKind::KIND, self.load_balancers.waiting()),
            (EcsNamespacePolicyKind::KIND, self.policies.waiting()),
            (AwsConnectionKind::KIND, self.connections.waiting()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::connection::config_in_process;
    use serde_json::json;
    use simulator::{Fault, Settings, Simulator};

    fn connection(aws: &Simulator) -> Connection {
        let config = config_in_process(aws.http_client(), "111122223333", "eu-central-1");
        Connection::new("default", &config, Pacer::new()).unwrap()
    }

    #[tokio::test]
    async fn readyz_names_the_lists_that_have_not_come() {
        let kube = kube::Client::new(
            tower::service_fn(|_| std::future::pending::<Result<http::Response<kube::client::Body>, std::io::Error>>()),
            "ops",
        );
        let readiness = Readiness::new();
        let operator = Operator {
            kube,
            connection: connection(&Simulator::new(Settings::default())),
            installation: "here".to_owned(),
            namespaces: Vec::new(),
            polling: Polling::default(),
            metrics: Arc::default(),
            readiness: readiness.clone(),
            concurrency: 1,
            guard: Guard::Off,
            brake: brake::Limit::NONE,
        };
        let running = tokio::spawn(operator.run(CancellationToken::new()));
        while readiness.is_ready() {
            tokio::task::yield_now().await;
        }
        let said = readiness.report();
        assert!(
            said.starts_with("waiting for lists: EcsTaskDefinition, EcsService,") && said.contains("Namespace not listed yet"),
            "{said}"
        );
        running.abort();
    }

    #[tokio::test(start_paused = true)]
    async fn readyz_tells_while_aws_does_not_say_whose_the_credentials_are() {
        let aws = Simulator::new(Settings::default());
        aws.call("CreateCluster", json!({"clusterName": "demo"})).unwrap();
        aws.inject(Fault::error("GetCallerIdentity", "InvalidClientTokenId", "The security token is invalid.").times(1));
        let (connection, readiness) = (connection(&aws), Readiness::new());
        let telling = tokio::spawn(tell_of_account(connection.clone(), Clock::of_the_machine(), readiness.clone()));
        tokio::task::yield_now().await;
        assert_eq!(readiness.report(), "ready\n", "nobody has asked");
        connection.known_account().await.unwrap_err();
        Clock::of_the_machine().sleep(LOOK_AGAIN * 2).await;
        let said = readiness.report();
        assert!(
            readiness.is_ready() && said.contains("AWS: the account of the operator's own credentials is not known"),
            "{said}"
        );
        assert!(said.contains("The security token is invalid"), "{said}");
        connection.known_account().await.unwrap();
        telling.await.unwrap();
        assert_eq!(readiness.report(), "ready\n");
    }
}
