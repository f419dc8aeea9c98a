//! Metric 7: SIGKILL and start again over settled services. The second start finds a spec that was changed meanwhile.

use super::{PATIENCE, looks, seconds};
use crate::operator::{Flags, Operator};
use crate::table::{Row, count};
use crate::world::World;
use anyhow::{Context, Result};
use simulator::Call;
use std::collections::BTreeSet;
use std::time::Duration;

/// After the sweep, this long for writes that nobody needs.
const AFTERWARDS: Duration = Duration::from_secs(5);

/// Restarts as users would, at the published rates, and returns the operator that runs at the end. `changed` is a service
/// whose spec is changed while no operator runs; `speed` is the simulator's.
pub(super) async fn run(
    world: &mut World,
    operator: Operator,
    size: usize,
    changed: &str,
    speed: f64,
) -> Result<(Operator, Vec<Row>)> {
    operator.kill().await?;
    world.audit.since_last()?;
    world.aws.clear_calls();
    let operator = Operator::start(world, Flags::default()).await?;
    let calls = world.until_calls("every service is seen again", PATIENCE, |calls| seen(calls) >= size).await?;
    let swept = operator.started.elapsed();
    tokio::time::sleep(AFTERWARDS).await;
    let asked = world.audit.since_last()?;
    let peak = operator.peak_memory()?;

    operator.kill().await?;
    world.aws.clear_calls();
    world.scale(changed, 2).await?;
    let start = world.aws.now();
    let operator = Operator::start(world, Flags::default()).await?;
    let acted = world.until_calls("the new spec is acted on", PATIENCE, |calls| update(calls).is_some()).await?;
    let acted = update(&acted).context("no UpdateService")?;

    let of = format!("{size} services");
    let full = count(size);
    let rows = vec![
        Row::new(7, format!("AWS calls after a restart, {of}"), count(calls.len()), "")
            .floor(full / 10.0)
            .peer(2.0 * full)
            .goal(full / 10.0 + 10.0),
        Row::new(7, format!("kube writes after a restart, {of}"), count(asked.writes()), "").peer(2.0 * full).goal(0.0),
        Row::new(7, format!("until all are seen again, {of}"), swept.as_secs_f64(), "s").floor(floor(size)),
        Row::new(7, format!("start to acting on a new spec, {of}"), seconds(start, acted) / speed, "s").goal(1.0),
        Row::new(8, format!("peak memory after a restart, {of}"), peak, "MB"),
    ];
    Ok((operator, rows))
}

/// Different services that were described.
fn seen(calls: &[Call]) -> usize {
    let described = calls.iter().filter(|call| looks(call) > 0);
    let names = described.flat_map(|call| call.input["services"].as_array().into_iter().flatten());
    names.filter_map(serde_json::Value::as_str).collect::<BTreeSet<_>>().len()
}

fn update(calls: &[Call]) -> Option<simulator::Timestamp> {
    calls.iter().find(|call| call.operation == "UpdateService").map(|call| call.at)
}

/// Ten services a call, a hundred calls at once, then twenty a second.
fn floor(size: usize) -> f64 {
    (count(size) / 10.0 - 100.0).max(0.0) / 20.0
}
