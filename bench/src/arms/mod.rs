//! The arms of the benchmark: each is one set-up, from which one or several metrics are read.

mod changes;
mod create;
mod exposed;
mod idle;
mod latency;
mod many;
mod paced;
mod pairs;
mod restart;
mod storm;

use crate::table::Row;
use anyhow::Result;
use clap::ValueEnum;
use simulator::{Call, Outcome};
use std::time::Duration;

/// How long nothing may happen before an arm is given up.
const PATIENCE: Duration = Duration::from_secs(150);

/// How large the runs are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Scale {
    /// Some minutes.
    Small,
    /// As the goals are stated.
    Full,
}

/// The sizes of the runs.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// Pairs that settle and are swept.
    pairs: usize,
    /// Services on a hundredth as many task definitions.
    many: usize,
    /// Pairs whose creation is counted.
    created: usize,
    /// Single creations that are timed.
    timed: usize,
    /// Pairs, and services on one task definition, made under the buckets.
    paced: (usize, usize),
    /// Services in the failure storm.
    storm: usize,
    /// Services, and samples, of changes made in ECS.
    changes: (usize, usize),
    /// Services that are exposed.
    exposed: usize,
}

impl Sizes {
    /// The sizes of a scale.
    pub fn of(scale: Scale) -> Self {
        match scale {
            Scale::Small => {
                let (paced, changes) = ((30, 100), (100, 40));
                Self { pairs: 100, many: 500, created: 20, timed: 20, paced, storm: 100, changes, exposed: 40 }
            }
            Scale::Full => {
                let (paced, changes) = ((60, 1000), (1000, 200));
                Self { pairs: 1000, many: 10_000, created: 100, timed: 200, paced, storm: 500, changes, exposed: 1000 }
            }
        }
    }
}

/// One set-up.
#[derive(Clone, Copy, Debug)]
pub enum Arm {
    /// Nothing to do.
    Idle,
    /// Pairs are created, and every call is attributed.
    Create,
    /// One creation at a time, from apply to the first write.
    Latency,
    /// Many pairs: created, restarted, swept.
    Pairs,
    /// Very many services on few task definitions.
    Many,
    /// Creation under AWS's buckets, alone and beside another client.
    Paced,
    /// ECS fails for a minute.
    Storm,
    /// ECS changes by itself.
    Changes,
    /// Services behind shared listeners: made, and settled.
    Exposed,
}

/// All arms, the short ones first.
pub const ALL: [Arm; 9] =
    [Arm::Idle, Arm::Create, Arm::Latency, Arm::Exposed, Arm::Pairs, Arm::Many, Arm::Paced, Arm::Storm, Arm::Changes];

impl Arm {
    /// The metrics that are read from it.
    pub fn metrics(self) -> &'static [u8] {
        match self {
            Self::Idle => &[8],
            Self::Create => &[2],
            Self::Latency => &[3],
            Self::Pairs => &[1, 4, 7, 8, 9],
            Self::Many => &[4, 7, 8, 9],
            Self::Paced => &[5],
            Self::Storm => &[6],
            Self::Changes => &[10],
            Self::Exposed => &[11],
        }
    }

    /// Sets it up, measures, tears it down.
    ///
    /// # Errors
    /// When it cannot be set up, or what is waited for does not happen.
    pub async fn run(self, sizes: &Sizes) -> Result<Vec<Row>> {
        match self {
            Self::Idle => idle::run().await,
            Self::Create => create::run(sizes.created).await,
            Self::Latency => latency::run(sizes.timed).await,
            Self::Pairs => pairs::run(sizes.pairs).await,
            Self::Many => many::run(sizes.many).await,
            Self::Paced => paced::run(sizes.paced).await,
            Self::Storm => storm::run(sizes.storm).await,
            Self::Changes => changes::run(sizes.changes).await,
            Self::Exposed => exposed::run(sizes.exposed).await,
        }
    }
}

/// How often an operation succeeded.
fn succeeded(calls: &[Call], operation: &str) -> usize {
    calls.iter().filter(|call| call.operation == operation && call.outcome == Outcome::Ok).count()
}

/// Names in a call that reads services: what one call costs is shared by them.
fn looks(call: &Call) -> usize {
    if call.operation == "DescribeServices" { call.input["services"].as_array().map_or(0, Vec::len) } else { 0 }
}

/// Simulated seconds from one moment to another; negative when it came before.
fn seconds(from: simulator::Timestamp, to: simulator::Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64()
}
