//! Metrics 4, 7, 8 and 9 at ten thousand services on a hundred task definitions.

use super::pairs::SPEED;
use super::{PATIENCE, restart};
use crate::objects::{pair_name, service, task_definition};
use crate::operator::{Flags, Operator, UNPACED};
use crate::table::{Row, count, millis};
use crate::view::View;
use crate::world::{World, fast};
use anyhow::Result;
use std::time::Duration;
use tokio::time::Instant;

/// Services that share a task definition.
const SHARING: usize = 100;
/// Seconds between two sweeps in the idle measurement.
const PERIOD: u64 = 300;
const IDLE: Duration = Duration::from_mins(1);

pub(super) async fn run(size: usize) -> Result<Vec<Row>> {
    let mut world = World::new(fast(SPEED)).await?;
    let operator = Operator::start(&world, Flags { rates: UNPACED, rolling: 1, ..Flags::default() }).await?;
    let view = View::of(&world, "EcsService");
    let begun = Instant::now();
    let definitions = size.div_ceil(SHARING);
    world.apply((0..definitions).map(|number| task_definition(&family(number))).collect()).await?;
    world.apply((0..size).map(|number| service(&pair_name(number), &family(number / SHARING), Some(1))).collect()).await?;
    let applied = begun.elapsed();
    view.until_ready(size, &world, PATIENCE).await?;
    let (ready, cpu) = (begun.elapsed(), operator.cpu()?);
    drop(view);
    let of = format!("{size} services");
    let objects = size + definitions;
    let mut rows = vec![
        Row::new(4, format!("apply to all Ready, no throttling, {of}"), ready.as_secs_f64(), "s")
            .floor(count(size) * 0.005)
            .goal(count(size) * 0.01),
        Row::new(4, format!("of it until all are applied, {of}"), applied.as_secs_f64(), "s"),
        Row::new(8, format!("peak memory, {of}"), operator.peak_memory()?, "MB").floor(count(size) * 0.003).goal(64.0),
        Row::new(9, format!("processor time per object created, {of}"), millis(cpu) / count(objects), "ms").peer(7.2).goal(1.0),
    ];
    let (operator, restarted) = restart::run(&mut world, operator, size, &pair_name(size - 1), SPEED).await?;
    rows.extend(restarted);
    operator.kill().await?;
    rows.push(idle(&world, size).await?);
    Ok(rows)
}

/// Metric 9 at rest: after the first sweep, for a minute.
async fn idle(world: &World, size: usize) -> Result<Row> {
    let operator = Operator::start(world, Flags { settled: PERIOD, rates: UNPACED, ..Flags::default() }).await?;
    tokio::time::sleep(IDLE / 2).await;
    let cpu = operator.cpu()?;
    tokio::time::sleep(IDLE).await;
    let share = operator.cpu()?.saturating_sub(cpu).as_secs_f64() / IDLE.as_secs_f64() * 100.0;
    let what = format!("processor at rest, {size} services, a sweep every {PERIOD} s");
    Ok(Row::new(9, what, share, "% of a core").peer(0.05).goal(1.0))
}

fn family(number: usize) -> String {
    format!("family-{number:03}")
}
