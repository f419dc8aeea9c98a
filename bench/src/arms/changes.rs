//! Metric 10: something changes in ECS; how long until the status of its object says so, while settled services are read at
//! a tenth of what AWS allows.

use super::{PATIENCE, seconds};
use crate::objects::{pair_name, service, task_definition};
use crate::operator::{Flags, Operator, UNPACED};
use crate::table::{Row, count, percentile};
use crate::view::View;
use crate::world::{CLUSTER, World, fast};
use anyhow::{Context, Result};
use serde_json::json;
use std::time::Duration;
use tokio::time::Instant;

/// A task runs half a second after it is asked for: little beside a sweep.
const SPEED: f64 = 50.0;
/// A tenth of the 20 reads a second that AWS allows.
const READS: f64 = 2.0;
const PER_CALL: usize = 10;

pub(super) async fn run((size, samples): (usize, usize)) -> Result<Vec<Row>> {
    let world = World::new(fast(SPEED)).await?;
    let view = View::of(&world, "EcsService");
    let making = Operator::start(&world, Flags { rates: UNPACED, rolling: 1, ..Flags::default() }).await?;
    world.apply_one(task_definition("family")).await?;
    world.apply((0..size).map(|number| service(&pair_name(number), "family", None)).collect()).await?;
    view.until_ready(size, &world, PATIENCE).await?;
    making.kill().await?;

    let sweep = (count(size) / count(PER_CALL) / READS).ceil().max(5.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some tens of seconds")]
    let settled = sweep as u64;
    let operator = Operator::start(&world, Flags { settled, ..Flags::default() }).await?;
    tokio::time::sleep(Duration::from_secs_f64(sweep * 1.5)).await;
    world.aws.clear_calls();
    let (start, since) = (world.aws.now(), Instant::now());

    // Spread over two sweeps, and over all services.
    let mut changed = Vec::new();
    for sample in 0..samples {
        let name = pair_name(sample * size / samples);
        let update = json!({"cluster": CLUSTER, "service": name, "desiredCount": 2});
        world.aws.call("UpdateService", update)?;
        changed.push((name, Instant::now()));
        let next = since + Duration::from_secs_f64(2.0 * sweep * count(sample + 1) / count(samples));
        tokio::time::sleep_until(next).await;
    }
    let reads = count(world.aws.calls().len()) / (seconds(start, world.aws.now()) / SPEED);
    let mut took = Vec::new();
    for (name, at) in &changed {
        let deadline = Instant::now() + PATIENCE;
        let shown = loop {
            if let Some(shown) = view.shows_running(name, 2) {
                break shown;
            }
            anyhow::ensure!(Instant::now() < deadline, "{name} never shows the change; {}", world.explain());
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        took.push((shown - *at).as_secs_f64());
    }
    drop(operator);
    let of = format!("ECS change to status, {size} services, {samples} times");
    let figure = |percent| percentile(&took, percent).context("nothing changed");
    Ok(vec![
        Row::new(10, format!("{of}, p50"), figure(50)?, "s").floor(sweep / 2.0),
        Row::new(10, format!("{of}, p99"), figure(99)?, "s").floor(sweep).peer(36_000.0).goal(sweep * 1.1),
        Row::new(10, "AWS calls meanwhile", reads, "a second").goal(READS),
    ])
}
