//! Metric 2: what the creation of a pair costs in calls. A pair's count ends with the reply to its CreateService.

use super::{PATIENCE, succeeded};
use crate::objects::{pairs, pairs_in};
use crate::operator::{Flags, Operator, UNPACED};
use crate::table::{Row, count};
use crate::view::View;
use crate::world::{World, fast};
use anyhow::Result;
use simulator::{Call, Outcome};
use std::collections::BTreeSet;
use std::time::Duration;

/// After all is ready, this long for calls that nobody needs.
const AFTERWARDS: Duration = Duration::from_secs(5);

pub(super) async fn run(size: usize) -> Result<Vec<Row>> {
    let mut world = World::new(fast(20.0)).await?;
    let _operator = Operator::start(&world, Flags { rates: UNPACED, ..Flags::default() }).await?;
    let view = View::of(&world, "EcsService");
    world.apply(pairs(size)).await?;
    let created = |calls: &[Call]| succeeded(calls, "CreateService") >= size;
    world.until_calls("every service is created", PATIENCE, created).await?;
    view.until_ready(size, &world, PATIENCE).await?;
    tokio::time::sleep(AFTERWARDS).await;
    let (calls, asked) = (world.aws.calls(), world.audit.since_last()?);

    let per_pair = |number: usize| count(number) / count(size);
    let updates = calls.iter().filter(|call| call.operation == "UpdateService").count();
    let until_created = until_created(&calls);
    let failed = until_created.iter().filter(|call| call.outcome != Outcome::Ok).count();
    let of = format!("{size} pairs");
    Ok(vec![
        Row::new(2, format!("AWS calls per pair created, {of}"), per_pair(until_created.len()), "")
            .floor(2.0)
            .peer(9.0)
            .goal(2.1),
        Row::new(2, format!("calls among them that failed, {of}"), count(failed), "").goal(0.0),
        Row::new(2, format!("UpdateService after create, {of}"), count(updates), "").peer(count(size)).goal(0.0),
        Row::new(2, format!("kube writes per pair until Ready, {of}"), per_pair(asked.writes() - asked.events), "").peer(8.0),
        Row::new(2, format!("Kubernetes Events per pair, {of}"), per_pair(asked.events), ""),
        Row::new(2, format!("kube GETs per pair, {of}"), per_pair(asked.gets), "").peer(4.0),
    ])
}

/// The calls that were made before their pair was created, and those that are about no pair at all.
fn until_created(calls: &[Call]) -> Vec<&Call> {
    let mut created: BTreeSet<&str> = BTreeSet::new();
    let mut counted = Vec::new();
    for call in calls {
        let mut pairs = pairs_in(&call.target).peekable();
        let is_about_none = pairs.peek().is_none();
        if is_about_none || pairs.any(|pair| !created.contains(pair)) {
            counted.push(call);
        }
        if call.operation == "CreateService" && call.outcome == Outcome::Ok {
            created.extend(pairs_in(&call.target));
        }
    }
    counted
}
