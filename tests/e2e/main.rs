//! `just e2e`: the chart, the image and the operator on a real cluster, with a simulated AWS in a pod beside it.
//!
//! A program of its own that `cargo test` leaves out (`test = false`): it takes minutes, and it needs a cluster with nodes that
//! nobody else works in. Without one it says so and is content. `cargo test --test e2e -- argocd` tells the story of Argo CD
//! instead.
//!
//! | variable | what it is |
//! |---|---|
//! | `E2E_KUBECONFIG` | the cluster; administrator's rights are needed |
//! | `E2E_LOAD` | a command that gets an image to where the nodes find it. The archive is put behind it, the name is in `E2E_IMAGE`: `kind load image-archive` |
//! | `E2E_KILL` | a command that ends the container of a pod with SIGKILL; the pod's name is put behind it. Unset: the pod is deleted with no grace, which lets it say farewell on most clusters |
//! | `E2E_REGISTRY` | what stands before the images' names, such as `registry.example.com/team/`. Unset: nothing |
//! | `E2E_PROFILE` | `release` (the default) or `dev`: which build goes into the images |
//! | `E2E_TEST_IMAGE` | the image of `helm test`, if the chart's own cannot be pulled |
//! | `E2E_AUDIT_LOG` | the API server's audit log, to hold what the operator did against what it may do |
//! | `E2E_KEEP` | `1` leaves everything as it is after a failure |
//! | `E2E_REPOSITORY` | `argocd` only: a bare Git repository that this machine can push to and Argo CD can read |

#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a program for people, and a cluster is waited for in real time"
)]

mod applications;
mod audit;
mod chapters;
mod cluster;
mod images;
mod report;
mod repository;
mod settings;
mod simulator;
mod stage;

use report::Report;
use settings::{Settings, Story};
use stage::Stage;
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    let settings = match Settings::read() {
        Ok(Some(settings)) => settings,
        Ok(None) => {
            println!("e2e: not run: E2E_KUBECONFIG names no cluster");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            println!("e2e: {error:#}");
            return ExitCode::FAILURE;
        }
    };
    let mut report = Report::default();
    if let Err(error) = run(&settings, &mut report).await {
        report.fail("the run came to its end", &error);
    }
    report.close()
}

/// All chapters, and the tidying up after them.
async fn run(settings: &Settings, report: &mut Report) -> anyhow::Result<()> {
    let stage = Stage::new(settings).await?;
    let ended = match settings.story {
        Story::Operator => chapters::all(&stage, settings, report).await,
        Story::ArgoCd => chapters::argocd::all(&stage, settings, report).await,
    };
    if settings.keep && (ended.is_err() || report.has_failed()) {
        println!("\nE2E_KEEP: everything is left in namespaces {} and {}", stage::OPERATOR, stage::SAMPLES);
        return ended;
    }
    if ended.is_err() || report.has_failed() {
        stage.last_words().await;
    }
    report.step("nothing is left in the cluster", stage.strike()).await;
    ended
}
