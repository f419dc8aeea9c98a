//! Metric 3: from `kubectl apply` to the first write in AWS, one object at a time.

use super::{PATIENCE, seconds, succeeded};
use crate::objects::{pair_name, pairs_in, task_definition};
use crate::operator::{Flags, Operator, UNPACED};
use crate::table::{Row, percentile};
use crate::world::{World, fast};
use anyhow::{Context, Result};
use simulator::Settings;
use std::collections::BTreeMap;
use std::time::Duration;

const BETWEEN: Duration = Duration::from_millis(400);
const LATENCY_OF_AWS: Duration = Duration::from_millis(15);
/// What a watch event and a signed request take at the least, in milliseconds.
const FLOOR: f64 = 3.0;

pub(super) async fn run(size: usize) -> Result<Vec<Row>> {
    let world = World::new(Settings { latency: LATENCY_OF_AWS, ..fast(1.0) }).await?;
    let _operator = Operator::start(&world, Flags { rates: UNPACED, ..Flags::default() }).await?;
    // The first is not counted: it opens connections.
    let mut applied = BTreeMap::new();
    for number in 0..=size {
        let name = pair_name(number);
        let object = task_definition(&name);
        let now = world.aws.now();
        world.apply_one(object).await?;
        applied.insert(name, now);
        if number == 0 {
            world
                .until_calls("the first is registered", PATIENCE, |calls| succeeded(calls, "RegisterTaskDefinition") == 1)
                .await?;
        }
        tokio::time::sleep(BETWEEN).await;
    }
    let all = |calls: &[simulator::Call]| succeeded(calls, "RegisterTaskDefinition") > size;
    let calls = world.until_calls("all are registered", PATIENCE, all).await?;
    let first = pair_name(0);
    let mut took = Vec::new();
    for call in calls.iter().filter(|call| call.operation == "RegisterTaskDefinition") {
        let name = pairs_in(&call.target).next().context("a registration without a name")?;
        if let Some(since) = applied.remove(name).filter(|_| name != first) {
            took.push(seconds(since, call.at) * 1000.0);
        }
    }
    let of = format!("apply to RegisterTaskDefinition, {size} times");
    let figure = |percent| percentile(&took, percent).context("nothing was registered");
    Ok(vec![
        Row::new(3, format!("{of}, p50"), figure(50)?, "ms").floor(FLOOR).peer(25.9).goal(8.0),
        Row::new(3, format!("{of}, p99"), figure(99)?, "ms").peer(31.2).goal(20.0),
    ])
}
