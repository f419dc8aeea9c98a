//! A service that is exposed, on ministack: reached by real requests, while it rolls out too, and gone without a trace.
//!
//! Where ministack is not like AWS here stands in `docs/contract.md`. The requests are real, and so are their answers: those of
//! containers of a Docker engine where this machine has one, and everywhere those of the stand-in for one.

use crate::balancing::Edge;
use crate::docker;
use crate::engine;
use crate::traffic::{Answer, Traffic, get};
use crate::world::{World, is_ready};
use ecs_operator::api::EcsService;
use serde_json::{Value, json};
use std::io::Write;
use std::time::Duration;

const HOST: &str = "shop.example.com";
/// Name of the load balancer.
const BALANCER: &str = "web";

#[tokio::test(flavor = "multi_thread")]
async fn an_exposed_service_is_reached_on_ministack_and_leaves_a_foreign_listener_as_it_was() {
    let world = World::on(&engine::serve().await).await;
    let edge = somebody_elses(&world).await;
    let before = all(&world, &edge).await;
    assert_eq!(ask(&world, HOST).await.status, 503, "the default action, and a target group without targets");

    world.apply(shop(&Task::answering("1"), &edge)).await;
    let service = world.until("it is exposed", |service| is_ready(service) && is_exposed(service)).await;
    assert_eq!(service.status.unwrap().exposures[0].url.as_deref(), Some("http://shop.example.com/"));
    let answer = ask(&world, HOST).await;
    assert_eq!((answer.status, answer.text.contains("version 1")), (200, true), "{answer:?}");
    let theirs = ask(&world, "theirs.example.com").await;
    assert_eq!((theirs.status, theirs.text.contains("theirs")), (200, true), "{theirs:?}");
    let (rules, groups) = all(&world, &edge).await;
    assert_eq!((rules.len(), groups.len()), (before.0.len() + 1, before.1.len() + 1));

    world.delete().await;
    assert_eq!(ask(&world, HOST).await.status, 503);
    assert_eq!(all(&world, &edge).await, before);
    // ministack would have taken them in any order; this is AWS's.
    let order = ["CreateTargetGroup", "CreateRule", "CreateService", "DeleteService", "DeleteRule", "DeleteTargetGroup"];
    let writes: Vec<String> = world.asked.writes().into_iter().filter(|write| order.contains(&write.as_str())).collect();
    assert_eq!(writes, order);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_through_ministack_is_lost_while_a_service_rolls_out() {
    let world = World::on(&engine::serve().await).await;
    loses_no_request(&world, &Task::answering).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_is_lost_while_containers_of_a_docker_engine_roll_out() {
    let image = match docker::image().await {
        Ok(image) => image,
        Err(why) => {
            // Past the capture of the test harness: whoever reads the outcome has to know.
            let _ = writeln!(std::io::stderr(), "not run: a rollout of containers of a Docker engine under requests: {why}");
            return;
        }
    };
    let world = World::on(&image.engine).await;
    let task = |version: &str| Task { image: image.name.clone(), starts_slowly: true, ..Task::answering(version) };
    loses_no_request(&world, &task).await;
    // ministack's containers outlive ministack.
    world.delete().await;
}

/// A rollout under requests.
async fn loses_no_request(world: &World, task: &dyn Fn(&str) -> Task) {
    let edge = somebody_elses(world).await;
    let first = task("1");
    world.apply(shop(&first, &edge)).await;
    world.until("it is exposed", |service| is_ready(service) && is_exposed(service)).await;
    let traffic = Traffic::start(&world.address(), BALANCER, HOST);
    tokio::time::sleep(Duration::from_millis(500)).await;

    world.apply(shop(&Task { port: first.port, ..task("2") }, &edge)).await;
    let serves = |service: &EcsService| service.status.as_ref().unwrap().revision.as_deref() == Some("web:2");
    world.until("web:2 serves", |service| is_ready(service) && is_exposed(service) && serves(service)).await;
    // ministack calls a rollout COMPLETED before it stops the tasks of web:1, which then drain.
    world.until("web:1 is gone", |service| service.status.as_ref().unwrap().deployments.len() == 1).await;
    tokio::time::sleep(Duration::from_secs(3)).await;

    let answers = traffic.stop().await;
    let all: Vec<&Answer> = answers.iter().flatten().collect();
    let lost: Vec<&&Answer> = all.iter().filter(|answer| answer.status != 200).collect();
    assert!(lost.is_empty(), "{} of {} were lost, such as {:?}", lost.len(), all.len(), lost[0]);
    assert!(all.len() > 100, "{} requests show little", all.len());
    for client in &answers {
        let ends = (client.first().unwrap(), client.last().unwrap());
        assert!(ends.0.text.contains("version 1") && ends.1.text.contains("version 2"), "{ends:?}");
    }
}

/// What the tasks are.
struct Task {
    image: String,
    version: String,
    port: u16,
    /// Whether containers take a while until they answer.
    starts_slowly: bool,
}

impl Task {
    /// The port is one that hardly anybody has: containers of the stand-in for an engine are on this machine's loopback.
    fn answering(version: &str) -> Self {
        let (image, version) = ("shop:1".to_owned(), version.to_owned());
        Self { image, version, port: rand::random_range(20_000..32_000), starts_slowly: false }
    }
}

/// A load balancer with a listener, and a rule of somebody else's on it.
async fn somebody_elses(world: &World) -> Edge {
    let edge = world.aws.edge().await.unwrap();
    let answer = json!([{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200", "MessageBody": "theirs"}}]);
    let host = json!([{"Field": "host-header", "Values": ["theirs.example.com"]}]);
    world.aws.rule(&edge, &json!({"Priority": 7, "Conditions": host, "Actions": answer})).await.unwrap();
    edge
}

/// Rules of the listener, and all target groups.
async fn all(world: &World, edge: &Edge) -> (Vec<Value>, Vec<Value>) {
    let groups = world.aws.elb("DescribeTargetGroups", json!({})).await.unwrap();
    (world.aws.rules(edge).await.unwrap(), groups["TargetGroups"].as_array().cloned().unwrap_or_default())
}

async fn ask(world: &World, host: &str) -> Answer {
    get(&world.address(), BALANCER, host).await
}

fn is_exposed(service: &EcsService) -> bool {
    service.status.as_ref().is_some_and(|status| status.exposed.as_deref() == Some("1/1"))
}

fn shop(task: &Task, edge: &Edge) -> Value {
    let environment = [("VERSION", format!("version {}", task.version)), ("PORT", task.port.to_string())]
        .map(|(name, value)| json!({"name": name, "value": value}));
    let mut containers = vec![json!({
        "name": "app", "image": task.image, "environment": environment,
        "portMappings": [{"name": "http", "containerPort": task.port}],
    })];
    if task.starts_slowly {
        // The task runs when its last container was started: time for the first, which AWS's health check would give.
        containers.push(json!({"name": "after", "image": task.image, "essential": false}));
    }
    json!({
        "apiVersion": "ecs-operator.io/v1alpha1", "kind": "EcsService", "metadata": {"name": "web"},
        "spec": {
            "cluster": "web", "desiredCount": 2, "launchType": "FARGATE",
            "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-0a"], "securityGroups": ["sg-0a"]}},
            "expose": [{
                "name": "site", "port": "http", "listener": {"arn": edge.listener}, "match": {"hosts": [HOST]},
                "healthCheck": {"path": "/healthz"}, "deregistrationDelaySeconds": 10,
            }],
            "taskDefinitionTemplate": {
                "requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": "256", "memory": "512",
                "containerDefinitions": containers,
            },
        },
    })
}
