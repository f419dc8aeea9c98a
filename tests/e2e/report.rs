//! What was claimed, and whether it held.

use anyhow::Result;
use std::future::Future;
use std::process::ExitCode;
use std::time::Duration;
use tokio::time::Instant;

/// How a step that did not fail ended.
#[derive(Debug)]
pub enum Done {
    /// The claim holds.
    Passed,
    /// It could not be tried here, and why.
    NotRun(String),
}

/// One line of the table for each claim.
#[derive(Debug, Default)]
pub struct Report {
    rows: Vec<(&'static str, String, Duration)>,
}

const PASSED: &str = "passed";
const NOT_RUN: &str = "not run";
const FAILED: &str = "FAILED";

impl Report {
    /// Tries a claim. Those after it are tried all the same.
    pub async fn step(&mut self, claim: &str, work: impl Future<Output = Result<Done>>) {
        let _ = self.essential(claim, work).await;
    }

    /// Tries a claim without which the others make no sense.
    ///
    /// # Errors
    /// When it does not hold; it is in the table already.
    pub async fn essential(&mut self, claim: &str, work: impl Future<Output = Result<Done>>) -> Result<(), Broken> {
        println!("\n== {claim}");
        let started = Instant::now();
        let ended = work.await;
        let took = started.elapsed();
        let (outcome, line) = match &ended {
            Ok(Done::Passed) => (PASSED, claim.to_owned()),
            Ok(Done::NotRun(why)) => (NOT_RUN, format!("{claim}: {why}")),
            Err(error) => (FAILED, format!("{claim}: {error:#}")),
        };
        println!("   {outcome}: {line}");
        self.rows.push((outcome, line, took));
        ended.map(drop).map_err(|_| Broken)
    }

    /// Notes what broke outside of a step.
    pub fn fail(&mut self, claim: &str, error: &anyhow::Error) {
        if error.downcast_ref::<Broken>().is_none() {
            self.rows.push((FAILED, format!("{claim}: {error:#}"), Duration::ZERO));
        }
    }

    /// Whether a claim did not hold.
    pub fn has_failed(&self) -> bool {
        self.count(FAILED) > 0
    }

    fn count(&self, outcome: &str) -> usize {
        self.rows.iter().filter(|row| row.0 == outcome).count()
    }

    /// Prints the table and says how to exit.
    pub fn close(&self) -> ExitCode {
        println!("\n");
        for (outcome, line, took) in &self.rows {
            println!("{outcome:<8} {:>6.1} s  {line}", took.as_secs_f64());
        }
        let (passed, failed, skipped) = (self.count(PASSED), self.count(FAILED), self.count(NOT_RUN));
        println!("\ne2e: {passed} passed, {failed} failed, {skipped} not run");
        if failed == 0 && passed > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

/// A step failed that others stand on.
#[derive(Debug)]
pub struct Broken;

impl std::fmt::Display for Broken {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("a step failed that others stand on")
    }
}

impl std::error::Error for Broken {}
