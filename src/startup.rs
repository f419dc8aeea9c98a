//! What happens between settings and work: wait for the custom resources, learn whose installation this is, hold the
//! leases, and know when to stop. Apart from the leases nothing is written, neither to Kubernetes nor to AWS.

use crate::{
    api::crds,
    clock::Clock,
    engine::lease::{Held, Lease, LeaseSettings},
    health::Readiness,
    metrics::Metrics,
    settings::Settings,
};
use k8s_openapi::{api::core::v1::Namespace, apimachinery::pkg::apis::meta::v1::APIResource};
use kube::{Api, Client};
use std::{sync::Arc, time::Duration};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// What the process has before it begins to work.
#[derive(Clone)]
pub struct Process {
    /// The one client of Kubernetes.
    pub kube: Client,
    /// The one source of time.
    pub clock: Clock,
    /// Who owns what is made in AWS: part of the owner tags.
    pub installation: String,
    /// What Prometheus may know.
    pub metrics: Arc<Metrics>,
    /// Where it is said what is waited for.
    pub readiness: Readiness,
    /// As read at the start.
    pub settings: Arc<Settings>,
}

impl Process {
    /// The namespace in which the replicas of this installation contend for their Lease.
    fn own_namespace(&self) -> String {
        self.settings.lease_namespace.clone().unwrap_or_else(|| self.kube.default_namespace().to_owned())
    }
}

const API_VERSION: &str = "ecs-operator.io/v1alpha1";
/// Name of the Lease that replicas of one installation contend for.
const LEASE: &str = "ecs-operator";
/// Name of the Lease that installations contend for, in each namespace that is claimed.
const CLAIM: &str = "ecs-operator.io";
/// Where an installation that works in all namespaces claims them.
const EVERYWHERE: &str = "kube-system";
const CUSTOM_RESOURCES: &str = "custom resources";
const INSTALLATION: &str = "installation";
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// Waits until the API server serves every kind. Meanwhile `/readyz` names those that are missing. An API server that does not answer is waited for too.
///
/// Discovery is asked, not the definitions themselves: every service account may read it.
pub async fn wait_for_kinds(client: &Client, clock: &Clock, readiness: &Readiness) {
    loop {
        let why = match served(client).await {
            Ok(resources) => match missing(&resources) {
                none if none.is_empty() => return readiness.has(CUSTOM_RESOURCES),
                some => format!("{} not served; `kubectl apply -f crds/` installs them", some.join(", ")),
            },
            Err(e) => format!("the API server does not answer: {e}"),
        };
        if readiness.is_ready() {
            tracing::warn!(why, "waiting for custom resources");
        }
        readiness.waits_for(CUSTOM_RESOURCES, why);
        clock.sleep(LOOK_AGAIN).await;
    }
}

async fn served(client: &Client) -> Result<Vec<APIResource>, kube::Error> {
    match client.list_api_group_resources(API_VERSION).await {
        Ok(list) => Ok(list.resources),
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(Vec::new()),
        Err(e) => Err(e),
    }
}

fn missing(resources: &[APIResource]) -> Vec<String> {
    let kinds = crds().into_iter().map(|crd| crd.spec.names.kind);
    kinds.filter(|kind| !resources.iter().any(|r| r.kind == *kind)).collect()
}

/// Whose things in AWS are ours: the setting, else the UID of namespace kube-system, which lives as long as the cluster.
///
/// # Errors
/// When that namespace cannot be read.
pub async fn installation_id(client: &Client, setting: Option<&str>) -> anyhow::Result<String> {
    const WHAT_TO_DO: &str = "allow the operator to get it, or set --installation-id";
    if let Some(id) = setting {
        return Ok(id.to_owned());
    }
    let namespace = Api::<Namespace>::all(client.clone()).get("kube-system").await;
    let namespace =
        namespace.map_err(|e| anyhow::anyhow!("read namespace kube-system for the installation id: {e}; {WHAT_TO_DO}"))?;
    namespace.metadata.uid.ok_or_else(|| anyhow::anyhow!("namespace kube-system has no UID; set --installation-id"))
}

/// Waits until this replica is the one that works, and no other installation works on the same objects.
pub async fn lead(process: &Process) -> Leases {
    let mut leases = Leases::default();
    if process.settings.leader_election {
        leases.0.push(lead_replicas(process).await);
    }
    leases.0.extend(claim(process).await);
    process.metrics.leading(true);
    leases
}

async fn lead_replicas(process: &Process) -> Held {
    let identity = format!("{}_{:016x}", process.settings.replica, rand::random::<u64>());
    let lease = lease(process, LEASE, process.own_namespace(), identity);
    let held = lease.acquired(|by| {
        tracing::info!(by, "standing by while another replica holds the lease");
        process.readiness.note("lease", format!("held by {by}; standing by"));
    });
    let held = held.await;
    tracing::info!("the lease is held; working");
    process.readiness.note("lease", "held by this replica");
    held
}

/// Claims the namespaces that are watched. Two installations in one cluster have the same name in AWS unless they are given one,
/// and would take each other's work for their own. While another one has them, this one waits and says which it is.
async fn claim(process: &Process) -> Vec<Held> {
    let settings = &process.settings;
    let claimed = |namespace: &str| {
        let identity = format!("the ecs-operator of namespace {}", process.own_namespace());
        lease(process, CLAIM, namespace.to_owned(), identity)
    };
    let waits = |by: &str, objects: &str| {
        let why = format!("{by} works on {objects} already; uninstall one of the two, or give each its own --watch-namespaces");
        tracing::error!(why, "two installations must not work on the same objects; waiting");
        process.readiness.waits_for(INSTALLATION, why);
    };
    let everywhere = [EVERYWHERE.to_owned()];
    let namespaces = if settings.namespaces.is_empty() { everywhere.as_slice() } else { &settings.namespaces };
    if !settings.namespaces.is_empty() {
        while let Some(by) = claimed(EVERYWHERE).held_by_another().await {
            waits(&by, "all namespaces");
            process.clock.sleep(LOOK_AGAIN).await;
        }
    }
    let mut held = Vec::new();
    for namespace in namespaces {
        let lease = claimed(namespace);
        if lease.is_readable().await {
            let objects =
                if settings.namespaces.is_empty() { "all namespaces".to_owned() } else { format!("namespace {namespace}") };
            held.push(lease.acquired(|by| waits(by, &objects)).await);
        } else {
            let why = format!(
                "not claimed: allow the operator to get, create and update Lease {CLAIM} in namespace {namespace}, so that no other \
                 installation works there"
            );
            tracing::warn!(why, "another installation would not be noticed");
            process.readiness.note(INSTALLATION, why);
        }
    }
    process.readiness.has(INSTALLATION);
    held
}

fn lease(process: &Process, name: &str, namespace: String, identity: String) -> Lease {
    let settings = LeaseSettings { namespace, name: name.to_owned(), identity, duration: process.settings.lease_duration };
    Lease::new(process.kube.clone(), process.clock, settings)
}

/// What this process has to hold while it works.
#[derive(Default)]
pub struct Leases(Vec<Held>);

impl Leases {
    /// Resolves when one of them is lost: stop at once, another may have begun. Without any it never does.
    pub async fn lost(&mut self) {
        if self.0.is_empty() {
            return std::future::pending().await;
        }
        futures::future::select_all(self.0.iter_mut().map(|held| Box::pin(held.lost()))).await;
    }

    /// Lets others begin at once. Call it when all work has ended.
    ///
    /// # Errors
    /// When the API server refuses, or does not answer in time; who comes next then waits.
    pub async fn release(self) -> Result<(), kube::Error> {
        // The one of the replicas goes last: the next of them needs the others.
        for held in self.0.into_iter().rev() {
            held.release().await?;
        }
        Ok(())
    }
}

/// A token that is cancelled by SIGTERM or SIGINT.
///
/// # Errors
/// When the signals cannot be listened to.
pub fn stop_on_signal() -> std::io::Result<CancellationToken> {
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let stop = CancellationToken::new();
    let heard = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = term.recv() => tracing::info!(signal = "SIGTERM", "stopping"),
            _ = int.recv() => tracing::info!(signal = "SIGINT", "stopping"),
        }
        heard.cancel();
    });
    Ok(stop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{Request, Response};
    use kube::client::Body;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// An API server that first does not know the group, then serves all kinds but one, then all.
    fn grows(asked: &Arc<AtomicUsize>) -> Client {
        let asked = Arc::clone(asked);
        let service = tower::service_fn(move |_: Request<Body>| {
            let resource =
                |kind: &str| serde_json::json!({"name": "x", "singularName": "x", "namespaced": true, "kind": kind, "verbs": []});
            let kinds = crds().into_iter().map(|crd| crd.spec.names.kind);
            let (code, resources): (u16, Vec<_>) = match asked.fetch_add(1, Ordering::SeqCst) {
                0 => (404, vec![]),
                1 => (200, kinds.filter(|kind| kind != "EcsNamespacePolicy").map(|kind| resource(&kind)).collect()),
                _ => (200, kinds.map(|kind| resource(&kind)).collect()),
            };
            let body = match code {
                404 => {
                    serde_json::json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404})
                }
                _ => {
                    serde_json::json!({"kind": "APIResourceList", "groupVersion": "ecs-operator.io/v1alpha1", "resources": resources})
                }
            };
            let answer = Response::builder().status(code).body(Body::from(body.to_string().into_bytes())).unwrap();
            async move { Ok::<_, std::io::Error>(answer) }
        });
        Client::new(service, "default")
    }

    #[tokio::test(start_paused = true)]
    async fn the_operator_waits_until_every_kind_is_served() {
        let asked = Arc::default();
        let (client, clock, readiness) = (grows(&asked), Clock::of_the_machine(), Readiness::new());
        let wait = wait_for_kinds(&client, &clock, &readiness);
        tokio::pin!(wait);
        assert!(tokio::time::timeout(LOOK_AGAIN + Duration::from_secs(1), &mut wait).await.is_err());
        assert!(readiness.report().contains("EcsNamespacePolicy not served"), "{}", readiness.report());
        wait.await;
        assert!(readiness.is_ready());
        assert_eq!(asked.load(Ordering::SeqCst), 3);
    }

    #[tokio::test]
    async fn a_set_installation_id_needs_no_call() {
        let asked = Arc::default();
        assert_eq!(installation_id(&grows(&asked), Some("blue")).await.unwrap(), "blue");
        assert_eq!(asked.load(Ordering::SeqCst), 0);
    }
}
