//! Metrics 1, 4, 7, 8 and 9 at a thousand pairs: created, restarted, swept.

use super::{PATIENCE, looks, restart};
use crate::objects::{pair_name, pairs};
use crate::operator::{Flags, Operator, UNPACED};
use crate::table::{Row, count, millis};
use crate::view::View;
use crate::world::{World, fast};
use anyhow::Result;
use simulator::Call;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;

/// Fast enough that a rollout takes three seconds, slow enough that ECS's six-hourly event of the steady state stays away.
pub(super) const SPEED: f64 = 20.0;
const SWEEPS: usize = 3;
/// Seconds between two sweeps.
const PERIOD: u64 = 20;

pub(super) async fn run(size: usize) -> Result<Vec<Row>> {
    let mut world = World::new(fast(SPEED)).await?;
    let operator = Operator::start(&world, Flags { rates: UNPACED, rolling: 1, ..Flags::default() }).await?;
    let view = View::of(&world, "EcsService");
    let objects = 2 * size;
    let begun = Instant::now();
    world.apply(pairs(size)).await?;
    view.until_ready(size, &world, PATIENCE).await?;
    let (ready, cpu) = (begun.elapsed(), operator.cpu()?);
    drop(view);
    let of = format!("{size} pairs");
    let mut rows = vec![
        Row::new(4, format!("apply to all Ready, no throttling, {of}"), ready.as_secs_f64(), "s")
            .floor(count(size) * 0.01)
            .peer(count(size) * 0.156)
            .goal(count(size) * 0.02),
        Row::new(8, format!("peak memory, {objects} objects"), operator.peak_memory()?, "MB").peer(91.0),
        Row::new(9, format!("processor time per object created, {of}"), millis(cpu) / count(objects), "ms").peer(7.2).goal(1.0),
    ];
    let (operator, restarted) = restart::run(&mut world, operator, size, &pair_name(size - 1), SPEED).await?;
    rows.extend(restarted);
    operator.kill().await?;
    rows.extend(sweeps(&world, size).await?);
    Ok(rows)
}

/// Metric 1, and 9 for it: from when all were seen once until all were seen three times more.
async fn sweeps(world: &World, size: usize) -> Result<Vec<Row>> {
    let operator = Operator::start(world, Flags { settled: PERIOD, rates: UNPACED, ..Flags::default() }).await?;
    // The first reads of a start are spread over a period; from then on each service is due when it is.
    tokio::time::sleep(Duration::from_secs(2 * PERIOD)).await;
    world.aws.clear_calls();
    let cpu = operator.cpu()?;
    let all = |calls: &[Call]| swept(calls, size) >= SWEEPS;
    let calls = world.until_calls("three sweeps are done", PATIENCE, all).await?;
    let cpu = operator.cpu()?.saturating_sub(cpu);
    let looked: usize = calls.iter().map(looks).sum();
    let of = format!("{size} pairs, {SWEEPS} sweeps");
    Ok(vec![
        Row::new(1, format!("AWS calls per pair and sweep, {of}"), count(calls.len()) / count(looked), "")
            .floor(0.1)
            .peer(2.0)
            .goal(0.105),
        // A pair is two objects, of which the peer sweeps both.
        Row::new(9, format!("processor time per object swept, {of}"), millis(cpu) / count(2 * looked), "ms").peer(3.4).goal(0.1),
    ])
}

/// How often every service was looked at.
fn swept(calls: &[Call], size: usize) -> usize {
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    for call in calls.iter().filter(|call| looks(call) > 0) {
        for name in call.input["services"].as_array().into_iter().flatten().filter_map(serde_json::Value::as_str) {
            *times.entry(name).or_default() += 1;
        }
    }
    if times.len() < size { 0 } else { times.into_values().min().unwrap_or(0) }
}
