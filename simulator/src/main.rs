//! The simulator as a program: `cargo run -p simulator -- --listen 127.0.0.1:4566`.

use std::io::Write;
use std::net::SocketAddr;

use clap::Parser;
use simulator::{Settings, Simulator};

/// Simulates Amazon ECS and Elastic Load Balancing for any AWS client, on one endpoint.
#[derive(Parser)]
#[command(version)]
struct Options {
    /// Address to listen on; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:4566")]
    listen: SocketAddr,
    /// Simulated seconds that pass in one second.
    #[arg(long, default_value_t = 1.0, value_parser = speed)]
    speed: f64,
    /// Let every call through, however many there are.
    #[arg(long)]
    no_throttling: bool,
    /// Account of callers whose access key id is not an account number.
    #[arg(long, default_value = "111122223333")]
    account: String,
    /// Region of requests without a signature.
    #[arg(long, default_value = "eu-central-1")]
    region: String,
    /// A cluster that exists from the start; may be repeated.
    #[arg(long = "cluster")]
    clusters: Vec<String>,
    /// Seed of identifiers and list orders.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

fn speed(text: &str) -> Result<f64, String> {
    let speed = text.parse::<f64>().ok().filter(|speed| (0.0..=1e6).contains(speed));
    speed.ok_or_else(|| "the speed is a number from 0 to 1000000, such as 10".to_owned())
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    let options = Options::parse();
    let settings = Settings {
        account: options.account,
        region: options.region,
        speed: options.speed,
        throttling: !options.no_throttling,
        seed: options.seed,
        clusters: options.clusters,
        log_inputs: false,
        ..Settings::default()
    };
    let listener = tokio::net::TcpListener::bind(options.listen).await?;
    writeln!(std::io::stdout(), "simulator: AWS_ENDPOINT_URL=http://{}", listener.local_addr()?)?;
    Simulator::new(settings).serve(listener, stopped()).await
}

/// Completes on Ctrl-C or SIGTERM.
async fn stopped() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        let _ = tokio::signal::ctrl_c().await;
        return;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
