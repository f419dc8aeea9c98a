//! Metric 6: CreateService answers 500 for a minute, for one service and for hundreds; then it heals.

use super::{PATIENCE, seconds, succeeded};
use crate::objects::{pair_name, service, task_definition};
use crate::operator::{Flags, Operator};
use crate::table::{Row, count};
use crate::world::{World, throttling};
use anyhow::{Context, Result};
use simulator::{Call, Fault, FaultKind, Timestamp};
use std::time::Duration;

const STORM: Duration = Duration::from_mins(1);
/// The time for which the peer's calls were counted, in seconds.
const COUNTED: f64 = 37.0;
/// Of CreateService: 50 at once, then five a second.
const BURST: f64 = 50.0;
const RATE: f64 = 5.0;

pub(super) async fn run(many: usize) -> Result<Vec<Row>> {
    let mut rows = one().await?;
    rows.extend(hundreds(many).await?);
    Ok(rows)
}

async fn one() -> Result<Vec<Row>> {
    let (calls, healed) = storm(1).await?;
    let first = calls.first().context("no call")?.at;
    let early = calls.iter().filter(|call| seconds(first, call.at) <= COUNTED);
    Ok(vec![
        Row::new(6, "AWS calls in 37 s, one failing service", count(early.count()), "").peer(48.0).goal(6.0),
        Row::new(6, "heal to created, one failing service", last_created(&calls, healed)?, "s").goal(10.0),
    ])
}

async fn hundreds(size: usize) -> Result<Vec<Row>> {
    let (calls, healed) = storm(size).await?;
    let is_create = |call: &&Call| call.operation == "CreateService" && seconds(call.at, healed) > 0.0;
    let during = calls.iter().filter(is_create).count();
    let others = calls.iter().filter(|call| seconds(call.at, healed) > 0.0).count() - during;
    let bucket = BURST + RATE * STORM.as_secs_f64();
    let floor = ((count(size) - BURST) / RATE).max(0.0);
    let of = format!("{size} failing services");
    Ok(vec![
        Row::new(6, format!("CreateService during the storm, {of}"), count(during) / bucket * 100.0, "% of the bucket")
            .goal(10.0),
        Row::new(6, format!("other AWS calls during the storm, {of}"), count(others), ""),
        Row::new(6, format!("heal to all created, {of}"), last_created(&calls, healed)?, "s").floor(floor).goal(floor + 10.0),
    ])
}

/// Calls from the first CreateService on, and when the storm ended.
async fn storm(size: usize) -> Result<(Vec<Call>, Timestamp)> {
    let world = World::new(throttling()).await?;
    let _operator = Operator::start(&world, Flags::default()).await?;
    world.apply_one(task_definition("family")).await?;
    let registered = |calls: &[Call]| succeeded(calls, "RegisterTaskDefinition") == 1;
    world.until_calls("the task definition is registered", PATIENCE, registered).await?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    world.aws.clear_calls();
    let kind = FaultKind::Error { status: 500, code: "ServerException".to_owned(), message: "Service Unavailable.".to_owned() };
    let fault = world.aws.inject(Fault::new("CreateService", kind));
    world.apply((0..size).map(|number| service(&pair_name(number), "family", Some(1))).collect()).await?;
    tokio::time::sleep(STORM).await;
    let healed = world.aws.now();
    world.aws.remove_fault(fault);
    let all = |calls: &[Call]| succeeded(calls, "CreateService") >= size;
    let patience = PATIENCE + Duration::from_secs_f64(count(size) / RATE);
    let calls = world.until_calls("every service is created", patience, all).await?;
    Ok((calls, healed))
}

/// Seconds from the end of the storm to the last creation.
fn last_created(calls: &[Call], healed: Timestamp) -> Result<f64> {
    let last = calls.iter().rev().find(|call| call.operation == "CreateService").context("no CreateService")?;
    Ok(seconds(healed, last.at))
}
