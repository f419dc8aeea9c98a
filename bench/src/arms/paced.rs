//! Metric 5: creation under AWS's published buckets, in real time: alone, and beside a client that takes half of one.

use super::{PATIENCE, seconds, succeeded};
use crate::objects::{pair_name, pairs, pairs_in, service, task_definition};
use crate::operator::{Flags, Operator};
use crate::table::{Row, count};
use crate::world::{World, throttling};
use anyhow::{Context, Result};
use serde_json::{Value, json};
use simulator::{Call, Outcome, Timestamp};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::interval;

/// Of RegisterTaskDefinition: 20 at once, then one a second.
const REGISTER: (f64, f64) = (20.0, 1.0);
/// Of CreateService: 50 at once, then five a second.
const CREATE: (f64, f64) = (50.0, 5.0);
/// Every two seconds takes half of what RegisterTaskDefinition gains.
const HIDDEN_EVERY: Duration = Duration::from_secs(2);
const HIDDEN: &str = "hidden";
/// From the start of the operator until it is at work.
const WARM_UP: Duration = Duration::from_secs(2);

pub(super) async fn run((paired, services): (usize, usize)) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    let alone = Run {
        size: paired,
        what: format!("{paired} pairs"),
        needed: 2 * paired,
        floor: floor(paired, REGISTER),
        is_hidden_there: false,
    };
    rows.extend(alone.of_pairs().await?);
    let one = Run {
        size: services,
        what: format!("{services} services on one task definition"),
        needed: services,
        floor: floor(services, CREATE),
        is_hidden_there: false,
    };
    rows.extend(one.of_services().await?);
    let beside = Run {
        what: format!("{paired} pairs beside another client"),
        floor: floor(paired, (REGISTER.0, REGISTER.1 / 2.0)),
        is_hidden_there: true,
        ..alone
    };
    rows.extend(beside.of_pairs().await?);
    Ok(rows)
}

/// The least time in which a bucket gives so many tokens, in seconds.
fn floor(size: usize, (burst, rate): (f64, f64)) -> f64 {
    ((count(size) - burst) / rate).max(0.0)
}

struct Run {
    size: usize,
    what: String,
    /// Writes without which it cannot be done.
    needed: usize,
    floor: f64,
    is_hidden_there: bool,
}

impl Run {
    async fn of_pairs(&self) -> Result<Vec<Row>> {
        let world = World::new(throttling()).await?;
        let _operator = Operator::start(&world, Flags::default()).await?;
        tokio::time::sleep(WARM_UP).await;
        let hidden = self.is_hidden_there.then(|| tokio::spawn(take_half(world.aws_url.clone())));
        let rows = self.create(&world, pairs(self.size)).await;
        if let Some(hidden) = hidden {
            hidden.abort();
        }
        rows
    }

    async fn of_services(&self) -> Result<Vec<Row>> {
        let world = World::new(throttling()).await?;
        let _operator = Operator::start(&world, Flags::default()).await?;
        world.apply_one(task_definition("family")).await?;
        let registered = |calls: &[Call]| succeeded(calls, "RegisterTaskDefinition") == 1;
        world.until_calls("the task definition is registered", PATIENCE, registered).await?;
        tokio::time::sleep(WARM_UP).await;
        world.aws.clear_calls();
        let services = (0..self.size).map(|number| service(&pair_name(number), "family", Some(1)));
        self.create(&world, services.collect()).await
    }

    async fn create(&self, world: &World, objects: Vec<Value>) -> Result<Vec<Row>> {
        let start = world.aws.now();
        world.apply(objects).await?;
        let patience = Duration::from_secs_f64(self.floor * 3.0) + PATIENCE;
        let all = |calls: &[Call]| succeeded(calls, "CreateService") >= self.size;
        let calls = world.until_calls("every service is created", patience, all).await?;
        self.rows(start, &calls)
    }

    fn rows(&self, start: Timestamp, calls: &[Call]) -> Result<Vec<Row>> {
        let ours: Vec<&Call> = calls.iter().filter(|call| !is_hidden(call)).collect();
        let last = ours.iter().rev().find(|call| call.operation == "CreateService").context("no CreateService")?;
        let is_write = |call: &Call| !call.operation.starts_with("Describe") && !call.operation.starts_with("List");
        let is_failed = |call: &Call| call.outcome != Outcome::Ok;
        let costs = ours.iter().filter(|call| call.service == "ecs" && (is_write(call) || is_failed(call))).count();
        let throttled = ours.iter().filter(|call| call.outcome == Outcome::Throttled).count();
        let reads = ours.iter().filter(|call| !is_write(call)).count();
        let took = seconds(start, last.at);
        let allowed = if self.is_hidden_there { 5.0 } else { 1.0 };
        let row = |what: &str, ours, unit| Row::new(5, format!("{what}, {}", self.what), ours, unit);
        Ok(vec![
            row("apply to the last CreateService", took, "s").floor(self.floor).goal(self.floor * 1.03),
            row("writes and failed calls", count(costs), "").floor(count(self.needed)).goal(count(self.needed) * 1.1),
            row("throttled", count(throttled) / count(ours.len()) * 100.0, "% of calls").goal(allowed),
            row("reads of rollouts in flight", count(reads) / took, "a second"),
        ])
    }
}

fn is_hidden(call: &Call) -> bool {
    call.target.contains(HIDDEN) && pairs_in(&call.target).next().is_none()
}

/// Another client of the same account, of which the operator knows nothing.
async fn take_half(url: String) {
    let mut ticks = interval(HIDDEN_EVERY);
    loop {
        ticks.tick().await;
        if let Err(error) = register(&url).await {
            eprintln!("the other client: {error}");
        }
    }
}

async fn register(url: &str) -> Result<()> {
    let container = json!({"name": "app", "image": "registry.example.com/other:1", "memory": 128});
    let body = json!({"family": HIDDEN, "containerDefinitions": [container]}).to_string();
    let address = url.trim_start_matches("http://");
    let request = format!(
        "POST / HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-type: application/x-amz-json-1.1\r\n\
         x-amz-target: AmazonEC2ContainerServiceV20141113.RegisterTaskDefinition\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(request.as_bytes()).await?;
    stream.read_to_end(&mut Vec::new()).await?;
    Ok(())
}
