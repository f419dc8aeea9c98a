//! Metric 11: what it costs that services are exposed, each by a rule on a listener that it shares with others: once, until it
//! is reachable, and for ever after.

use super::{PATIENCE, succeeded};
use crate::objects::{pair_name, service, task_definition};
use crate::operator::{Flags, Operator, UNPACED};
use crate::table::{Row, count};
use crate::view::View;
use crate::world::{World, fast};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use simulator::{Call, HttpRequest};
use std::time::Duration;

const SPEED: f64 = 20.0;
/// Services on one listener: AWS takes a hundred rules and target groups for a load balancer, and tells the tags of twenty things
/// in a call.
const PER_LISTENER: usize = 80;
const PER_CALL: usize = 20;
/// Seconds between two looks at what is settled.
const PERIOD: u64 = 10;
/// Periods that are counted. Tags are read every other one.
const PERIODS: usize = 12;

/// A listener of somebody else's.
struct Edge {
    dns_name: String,
    listener: String,
}

pub(super) async fn run(size: usize) -> Result<Vec<Row>> {
    let world = World::new(fast(SPEED)).await?;
    let edges = (0..size.div_ceil(PER_LISTENER)).map(|number| edge(&world, number)).collect::<Result<Vec<_>>>()?;
    let view = View::of(&world, "EcsService");
    let making = Operator::start(&world, Flags { rates: UNPACED, rolling: 1, ..Flags::default() }).await?;
    world.apply_one(task_definition("family")).await?;
    world.apply((0..size).map(|number| exposed(number, &edges[number / PER_LISTENER])).collect()).await?;
    view.until_ready(size, &world, PATIENCE).await?;
    let made = world.aws.calls();
    for number in 0..size {
        let request = HttpRequest::get(&edges[number / PER_LISTENER].dns_name, "/").host(&host(number));
        let status = world.aws.send(&request).status;
        ensure!(status == 200, "{} is Ready, and answers {status}", pair_name(number));
    }
    making.kill().await?;
    let of = format!("{size} services on {} listener{}", edges.len(), if edges.len() == 1 { "" } else { "s" });
    let mut rows = until_reachable(&made, size, &of);
    rows.extend(settled(&world, size, edges.len(), &of).await?);
    Ok(rows)
}

/// A load balancer with a listener that answers 404.
fn edge(world: &World, number: usize) -> Result<Edge> {
    let text = |value: &Value| value.as_str().map(str::to_owned).context("an answer of the simulator lacks a member");
    let balancer = json!({"Name": format!("edge-{number}"), "Subnets": ["subnet-a", "subnet-b"], "SecurityGroups": ["sg-edge"]});
    let balancer = world.aws.call_elb("CreateLoadBalancer", balancer)?["LoadBalancers"][0].clone();
    let not_found = json!([{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}]);
    let listener = json!({
        "LoadBalancerArn": balancer["LoadBalancerArn"], "Protocol": "HTTP", "Port": 80, "DefaultActions": not_found,
    });
    let listener = world.aws.call_elb("CreateListener", listener)?["Listeners"][0].clone();
    Ok(Edge { dns_name: text(&balancer["DNSName"])?, listener: text(&listener["ListenerArn"])? })
}

fn host(number: usize) -> String {
    format!("{}.example.com", pair_name(number))
}

/// One that is soon healthy.
fn exposed(number: usize, edge: &Edge) -> Value {
    let mut object = service(&pair_name(number), "family", Some(1));
    object["spec"]["expose"] = json!([{
        "name": "web", "port": "http", "listener": {"arn": edge.listener}, "match": {"hosts": [host(number)]},
        "healthCheck": {"path": "/healthz", "intervalSeconds": 5, "timeoutSeconds": 2, "healthyThresholdCount": 2},
    }]);
    object
}

fn is_of_balancing(call: &Call) -> bool {
    call.service == "elasticloadbalancing"
}

fn is_read(call: &Call) -> bool {
    call.operation.starts_with("Describe")
}

/// The three writes that there have to be are of the target group, the rule and the service.
fn until_reachable(calls: &[Call], size: usize, of: &str) -> Vec<Row> {
    let per_service = |number: usize| count(number) / count(size);
    let of_balancing = calls.iter().filter(|call| is_of_balancing(call));
    let (reads, writes): (Vec<&Call>, Vec<&Call>) = of_balancing.partition(|call| is_read(call));
    let of_service = ["CreateService", "UpdateService"].iter().map(|operation| succeeded(calls, operation)).sum::<usize>();
    vec![
        Row::new(11, format!("writes per exposed service until reachable, {of}"), per_service(writes.len() + of_service), "")
            .floor(3.0)
            .goal(3.0),
        Row::new(11, format!("ELBv2 reads per exposed service until reachable, {of}"), per_service(reads.len()), ""),
    ]
}

/// Counts over periods in which nothing happens.
async fn settled(world: &World, size: usize, listeners: usize, of: &str) -> Result<Vec<Row>> {
    let mut operator = Operator::start(world, Flags { settled: PERIOD, rates: UNPACED, ..Flags::default() }).await?;
    // The first reads of a start are spread over a period, and tags are read early once.
    tokio::time::sleep(Duration::from_secs(4 * PERIOD)).await;
    world.aws.clear_calls();
    let length = Duration::from_secs(PERIOD) * u32::try_from(PERIODS)?;
    tokio::time::sleep(length).await;
    let calls = world.aws.calls();
    operator.alive()?;
    let of_balancing: Vec<&Call> = calls.iter().filter(|call| is_of_balancing(call)).collect();
    let times =
        |operations: &[&str]| count(of_balancing.iter().filter(|call| operations.contains(&call.operation.as_str())).count());
    let per_period = |operation: &str| times(&[operation]) / count(PERIODS);
    let writes = of_balancing.iter().filter(|call| !is_read(call)).count();
    let batches = count(size.div_ceil(PER_CALL));
    let beside = times(&["DescribeTargetHealth", "DescribeTargetGroupAttributes"]) / length.as_secs_f64();
    let row = |what: &str, ours, unit| Row::new(11, format!("{what}, {of}"), ours, unit);
    // A window holds one look more or less than there are periods in it.
    let about = |floor: f64| floor * 1.1;
    Ok(vec![
        row("DescribeRules per listener and period", per_period("DescribeRules") / count(listeners), "")
            .floor(1.0)
            .goal(about(1.0)),
        row("DescribeTags per period", per_period("DescribeTags"), "").floor(batches).goal(about(batches)),
        row("DescribeTargetGroups per period", per_period("DescribeTargetGroups"), "").floor(batches).goal(about(batches)),
        row("reads of targets and attributes, settled", beside, "a second").goal(about(0.5)),
        row("ELBv2 writes, settled", count(writes), "").goal(0.0),
        row("ELBv2 calls per period in all", count(of_balancing.len()) / count(PERIODS), ""),
    ])
}
