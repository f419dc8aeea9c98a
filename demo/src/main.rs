//! `cargo demo`: the operator at work, for people to watch.
//!
//! It starts a real kube-apiserver, a simulated AWS and the operator, and tells a story with them: a rollout, an edit, a
//! bad image that is rolled back, scaling, a deletion. Every line that begins with `$` is a command that was run as it
//! stands, and what follows is its output. Each chapter checks what it claims; `--once` makes the checks count.
//!
//! The operator runs here as it does in its own process, against real HTTP on both sides; only how often it reads AWS is
//! set to the stretched time. Nothing outlives this process, and files go to the build folder alone.

#![expect(clippy::print_stdout, reason = "the terminal is what this program is for")]

mod checks;
mod excerpt;
mod follow;
mod shell;
mod stage;
mod story;
mod terminal;
mod visitors;

use anyhow::Result;
use checks::Checks;
use clap::Parser;
use ecs_operator::startup::stop_on_signal;
use stage::Stage;
use std::process::ExitCode;
use std::time::Duration;

/// Shows the operator at work on this machine: no AWS account, no Kubernetes cluster.
#[derive(Parser)]
#[command(name = "cargo demo", version)]
struct Options {
    /// Tell the story, check each chapter, and end: with 0 if all went well, else with 1.
    #[arg(long)]
    once: bool,
    /// Simulated seconds of AWS that pass in one second.
    #[arg(long, default_value_t = 10.0, value_parser = speed, value_name = "N")]
    speed: f64,
}

fn speed(text: &str) -> Result<f64, String> {
    let speed = text.parse().ok().filter(|speed| (1.0..=120.0).contains(speed));
    speed.ok_or_else(|| "the speed is a number from 1 to 120".to_owned())
}

fn main() -> Result<ExitCode> {
    let options = Options::parse();
    let runtime = tokio::runtime::Runtime::new()?;
    let ended = runtime.block_on(async {
        let stop = stop_on_signal()?;
        // Dropping the play wherever it stands ends all that it started.
        stop.run_until_cancelled(play(&options)).await.unwrap_or_else(|| {
            println!();
            Ok(ExitCode::from(if options.once { 130 } else { 0 }))
        })
    });
    // A build of kube-apiserver that is under way is not waited for.
    runtime.shutdown_timeout(Duration::from_secs(1));
    ended
}

async fn play(options: &Options) -> Result<ExitCode> {
    let stage = Stage::set(options.speed).await?;
    let mut checks = Checks::default();
    if let Err(error) = story::tell(&stage, &mut checks).await {
        checks.fail(&format!("{error:#}"));
        stage.last_words();
    }
    if options.once {
        return Ok(checks.close());
    }
    stage.invite();
    std::future::pending().await
}
