//! The operator's process: settings, telemetry, health, lease, then the loop until somebody asks it to stop. No decisions.

use anyhow::{Context as _, Result, bail};
use ecs_operator::{
    clock::Clock,
    definitions,
    health::{self, Readiness},
    metrics::Metrics,
    operator,
    program::Program,
    settings::Settings,
    startup::{self, Leases, Process},
    telemetry,
};
use std::process::ExitCode;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Objects are read, compared and written as trees of small pieces; this is where the time goes.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> Result<ExitCode> {
    match Program::read() {
        Program::Operate(settings) => operate(*settings).await.map(|()| ExitCode::SUCCESS),
        Program::Import(import) => Ok(import.run().await),
    }
}

async fn operate(settings: Settings) -> Result<()> {
    let telemetry = telemetry::start(settings.log_format, &settings.log_filter, &settings.replica)?;
    let ended = run(settings).await;
    telemetry.end().await;
    ended
}

async fn run(settings: Settings) -> Result<()> {
    let stop = startup::stop_on_signal().context("listen for signals")?;
    let Some(process) = stop.run_until_cancelled(prepare(settings)).await.transpose()? else { return Ok(()) };
    let Some(leases) = stop.run_until_cancelled(startup::lead(&process)).await else { return Ok(()) };
    work(process, leases, stop).await
}

async fn prepare(settings: Settings) -> Result<Process> {
    let (clock, readiness, metrics) = (Clock::of_the_machine(), Readiness::new(), Arc::new(Metrics::new()));
    let listener = TcpListener::bind(settings.listen).await;
    let listener = listener.with_context(|| format!("listen on {}; choose another --listen", settings.listen))?;
    tokio::spawn(health::serve(listener, readiness.clone(), Arc::clone(&metrics)));

    let kube = kube::Client::try_default().await.context("find the Kubernetes API; set KUBECONFIG")?;
    startup::wait_for_kinds(&kube, &clock, &readiness).await;
    tokio::spawn(definitions::watch_age(kube.clone(), clock, readiness.clone()));
    let installation = startup::installation_id(&kube, settings.installation_id.as_deref()).await?;
    Ok(Process { kube, clock, installation, metrics, readiness, settings: Arc::new(settings) })
}

/// Works until asked to stop; then what is in flight gets its grace. Without its leases it ends at once.
async fn work(process: Process, mut leases: Leases, stop: CancellationToken) -> Result<()> {
    let (clock, grace) = (process.clock, process.settings.shutdown_grace);
    let out_of_patience = async {
        stop.cancelled().await;
        clock.sleep(grace).await;
    };
    let ended = tokio::select! {
        ended = tokio::spawn(operator::run(process, stop.clone())) => ended?,
        () = leases.lost() => bail!("a lease was lost, so another process may work; this one starts anew"),
        () = out_of_patience => bail!("work in flight did not end within {grace:?}; the leases run out by themselves"),
    };
    leases.release().await.context("release the leases")?;
    ended
}
