//! The whole operator: watches, passes and the live side of AWS, put together. The only place that knows every kind.

use crate::api::{EcsService, EcsTaskDefinition};
use crate::aws::connection::Connection;
use crate::aws::pace::Pacer;
use crate::aws::reflector::{Polling, Services};
use crate::aws::{Guard, Priority};
use crate::engine::ctx::{Aws, Ctx};
use crate::engine::refs::{Caches, task_definition_of};
use crate::engine::watch::{self, Change, Guarded, Trigger, Triggers};
use crate::kinds::service::{EcsServiceKind, key_of};
use crate::kinds::task_definition::{EcsTaskDefinitionKind, family_of};
use crate::metrics::Metrics;
use crate::startup::Process;
use futures::StreamExt;
use kube::{Api, ResourceExt};
use std::sync::Arc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Passes of one kind that may be under way at once. They wait for AWS, not for the processor.
const CONCURRENCY: u16 = 64;

/// Works with what the process has and the credentials of the environment, until `stop`.
///
/// # Errors
/// When the environment names no region.
pub async fn run(process: Process, stop: CancellationToken) -> anyhow::Result<()> {
    let pacer = Pacer::scaled(process.settings.aws_rate_scale);
    let metrics = Arc::clone(&process.metrics);
    pacer.observe(move |call| metrics.aws_call(call.operation, call.outcome, call.took));
    let operator = Operator {
        connection: Connection::ambient(pacer).await?,
        kube: process.kube,
        installation: process.installation,
        namespaces: process.settings.namespaces.clone(),
        polling: Polling { settled: process.settings.poll_settled, rolling: process.settings.poll_rolling, ..Polling::default() },
        metrics: process.metrics,
        concurrency: CONCURRENCY,
    };
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
    /// Passes of one kind that may be under way at once.
    pub concurrency: u16,
}

impl Operator {
    /// Works until `stop`, then ends what is under way.
    pub async fn run(self, stop: CancellationToken) {
        let services = Services::new(self.connection.ecs.at(Priority::Sweep), self.polling);
        let aws = Aws { connection: self.connection.clone(), services: services.clone(), guard: Guard::allow_all() };
        let (caches, writers) = watch::caches();
        let mut task_definition_triggers = Triggers::<EcsTaskDefinition>::default();
        let service_triggers = Triggers::<EcsService>::default();
        let mapping = Mapping {
            caches: caches.clone(),
            task_definitions: task_definition_triggers.sender(),
            services: service_triggers.sender(),
        };
        let ctx =
            Arc::new(Ctx::new(aws, self.kube.clone(), caches.clone(), self.installation.clone(), Arc::clone(&self.metrics)));

        let mut background = JoinSet::new();
        let (apis, to) = (self.apis(), mapping.clone());
        background.spawn(watch::watch(apis, writers.task_definitions, move |object, change| to.task_definition(object, change)));
        let (apis, to) = (self.apis(), mapping.clone());
        background.spawn(watch::watch(apis, writers.services, move |object, change| to.service(object, change)));
        let mut changes = Box::pin(services.changes());
        background.spawn(async move {
            while let Some(owner) = changes.next().await {
                mapping.services.look_at(&owner.namespace, &owner.name);
            }
        });
        background.spawn(async move { services.run().await });

        tokio::select! {
            () = caches.are_filled() => {}
            () = stop.cancelled() => {}
        }
        let ended = || stop.clone().cancelled_owned();
        tokio::join!(
            watch::run::<EcsTaskDefinitionKind>(
                Arc::clone(&ctx),
                caches.task_definitions,
                std::mem::take(&mut task_definition_triggers),
                self.concurrency,
                ended(),
            ),
            watch::run::<EcsServiceKind>(ctx, caches.services, service_triggers, self.concurrency, ended()),
        );
        background.shutdown().await;
    }

    fn apis<K>(&self) -> Vec<Api<Guarded<K>>>
    where
        K: kube::Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>,
    {
        if self.namespaces.is_empty() {
            return vec![Api::all(self.kube.clone())];
        }
        self.namespaces.iter().map(|namespace| Api::namespaced(self.kube.clone(), namespace)).collect()
    }
}

/// Which objects are looked at when one changes.
#[derive(Clone)]
struct Mapping {
    caches: Caches,
    task_definitions: Trigger<EcsTaskDefinition>,
    services: Trigger<EcsService>,
}

impl Mapping {
    /// A task definition: itself; the services that run it, when it has a new revision; and those that claim the same
    /// family, when it goes.
    fn task_definition(&self, guarded: &Guarded<EcsTaskDefinition>, change: Change) {
        let name = (guarded.namespace().unwrap_or_default(), guarded.name_any());
        if change.itself {
            self.task_definitions.look_at(&name.0, &name.1);
        }
        if change.status || change.itself {
            self.caches.each_service(|service| {
                let namespace = service.namespace().unwrap_or_default();
                let is_parent = namespace == name.0 && service.name_any() == name.1;
                if is_parent || task_definition_of(service).as_ref() == Some(&name) {
                    self.services.look_at(&namespace, &service.name_any());
                }
            });
        }
        if let (Ok(object), true) = (&guarded.0, change.itself) {
            let family = family_of(object);
            self.caches.each_task_definition(|other| {
                if other.metadata.uid != object.metadata.uid && family_of(other) == family {
                    self.task_definitions.look_at(&other.namespace().unwrap_or_default(), &other.name_any());
                }
            });
        }
    }

    /// A service: itself; the task definition that it runs, which may be waiting for it to go or have been deregistered;
    /// and those that claim the same service.
    fn service(&self, guarded: &Guarded<EcsService>, change: Change) {
        if change.itself {
            self.services.look_at(&guarded.namespace().unwrap_or_default(), &guarded.name_any());
        }
        let Ok(object) = &guarded.0 else { return };
        if let Some((namespace, name)) = task_definition_of(object) {
            let is_refused = object.status.as_ref().is_some_and(|status| status.refused_task_definition.is_some());
            let waits = self.caches.task_definition(&namespace, &name).is_some_and(|found| {
                found.metadata.deletion_timestamp.is_some() || found.status.is_some_and(|status| status.revisions.len() > 1)
            });
            if waits || is_refused {
                self.task_definitions.look_at(&namespace, &name);
            }
        }
        if object.metadata.deletion_timestamp.is_some() {
            let key = key_of(object);
            self.caches.each_service(|other| {
                if other.metadata.uid != object.metadata.uid && key_of(other) == key {
                    self.services.look_at(&other.namespace().unwrap_or_default(), &other.name_any());
                }
            });
        }
    }
}
