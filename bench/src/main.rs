//! Measures the operator on a real kube-apiserver and a simulated AWS, and prints eleven metrics beside what is possible
//! (floor), what the best known peer needs, and the goal.
//!
//! The operator is the real program in a process of its own. Counts are exact; they come from the simulator's log of calls
//! and the audit log of kube-apiserver. Times depend on the machine and are no test: nothing here fails when a goal is missed.
#![expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]

mod arms;
mod audit;
mod objects;
mod operator;
mod table;
mod view;
mod world;

use anyhow::Result;
use arms::{Scale, Sizes};
use clap::Parser;
use std::collections::BTreeSet;
use table::Row;

/// Prints eleven metrics of the operator beside floor, peer and goal.
#[derive(Parser)]
struct Arguments {
    /// Metrics to measure, such as `1,2,6`. Unset: all. Some are measured together, and then printed together.
    #[arg(long, value_delimiter = ',', value_parser = clap::value_parser!(u8).range(1..=11))]
    only: Vec<u8>,
    /// `small` takes some minutes and shows that everything works; `full` is what the goals speak of.
    #[arg(long, value_enum, default_value_t = Scale::Small)]
    scale: Scale,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    tokio::select! {
        done = measure(&arguments) => done,
        // Leaving by the usual way ends the programs that were started.
        _ = tokio::signal::ctrl_c() => anyhow::bail!("stopped"),
    }
}

async fn measure(arguments: &Arguments) -> Result<()> {
    operator::program()?;
    let wanted: BTreeSet<u8> =
        if arguments.only.is_empty() { (1..=11).collect() } else { arguments.only.iter().copied().collect() };
    let sizes = Sizes::of(arguments.scale);
    let mut rows = Vec::new();
    for arm in arms::ALL {
        if !arm.metrics().iter().any(|metric| wanted.contains(metric)) {
            continue;
        }
        eprintln!("{arm:?}: metrics {:?}", arm.metrics());
        match arm.run(&sizes).await {
            Ok(measured) => rows.extend(measured),
            Err(error) => eprintln!("{arm:?} could not be measured: {error:#}"),
        }
    }
    print(&rows, arguments.scale);
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the table is what the program is for")]
fn print(rows: &[Row], scale: Scale) {
    let build =
        if cfg!(debug_assertions) { "debug build: times, memory and processor time say nothing" } else { "release build" };
    println!("{scale:?} scale, {build}\n\n{}", table::render(rows));
}
