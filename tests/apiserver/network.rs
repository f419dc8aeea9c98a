//! A service that has the whole listener of our own network load balancer: through rollouts, a replacement, and its deletion.

use crate::edge::elb;
use crate::world::{World, is_ready, until_some};
use ecs_operator::api::{EcsLoadBalancer, EcsService};
use kube::Api;
use kube::api::DeleteParams;
use serde_json::{Value, json};
use simulator::{HttpRequest, Outcome};
use std::time::Duration;

const PORT: u16 = 5432;

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/samples-load-balancing/network-load-balancer.yaml");

fn sample() -> String {
    std::fs::read_to_string(SAMPLE).unwrap()
}

/// The sample's service alone, with another image.
fn database(image: &str) -> Value {
    let sample = sample();
    let service = sample.split("\n---\n").nth(1).unwrap();
    let mut service: Value = serde_yaml_ng::from_str(service).unwrap();
    service["spec"]["taskDefinitionTemplate"]["containerDefinitions"][0]["image"] = json!(image);
    service
}

fn load_balancers(world: &World) -> Api<EcsLoadBalancer> {
    Api::namespaced(world.kube.clone(), &world.namespace)
}

/// A world in which the sample is Ready, and the DNS name of its load balancer.
async fn served() -> (World, String) {
    let world = World::new().await;
    world.apply(&sample()).await;
    world.until_ready("database").await;
    let dns_name = load_balancers(&world).get("tcp").await.unwrap().status.unwrap().dns_name.unwrap();
    (world, dns_name)
}

fn connects(world: &World, dns_name: &str) -> bool {
    world.aws.send(&HttpRequest::get(dns_name, "/").port(PORT)).status == 200
}

/// Names of the target groups that the listener forwards to, with their weights.
fn forwards(world: &World) -> Vec<(String, i64)> {
    let all = |found: &Value| found.as_array().cloned().unwrap_or_default();
    let balancers = all(&elb(world, "DescribeLoadBalancers", json!({}))["LoadBalancers"]);
    let of_it =
        |it: &Value| all(&elb(world, "DescribeListeners", json!({"LoadBalancerArn": it["LoadBalancerArn"]}))["Listeners"]);
    let listeners = balancers.iter().flat_map(of_it);
    let groups = listeners.flat_map(|it| all(&it["DefaultActions"][0]["ForwardConfig"]["TargetGroups"]));
    let share = |it: Value| (it["TargetGroupArn"].as_str().unwrap().to_owned(), it["Weight"].as_i64().unwrap_or(1));
    groups.map(share).collect()
}

/// Connects again and again until the service is as `holds` says; no connection may be lost.
async fn connecting(world: &World, dns_name: &str, what: &str, holds: impl Fn(&EcsService) -> bool) -> Vec<Vec<(String, i64)>> {
    let mut seen = Vec::new();
    let deadline = tokio::time::Instant::now() + Duration::from_mins(1);
    loop {
        assert!(connects(world, dns_name), "a connection is lost: {:?}", forwards(world));
        seen.push(forwards(world));
        let service = world.services().get("database").await.unwrap();
        if is_ready(&service) && holds(&service) {
            seen.dedup();
            return seen;
        }
        assert!(tokio::time::Instant::now() < deadline, "waited in vain until {what}: {:#?}", service.status);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Whether operations succeeded in this order; of those that did several times the last counts.
fn came_in_order(world: &World, order: &[&str]) {
    let calls = world.aws.calls();
    let at = |operation: &&str| calls.iter().rposition(|call| call.operation == **operation && call.outcome == Outcome::Ok);
    let came: Vec<Option<usize>> = order.iter().map(at).collect();
    assert!(came.iter().all(Option::is_some) && came.is_sorted(), "{order:?} came at {came:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_behind_our_network_load_balancer_rolls_out_without_a_lost_connection_and_goes_in_the_order_of_aws() {
    let (world, dns_name) = served().await;
    assert_eq!(world.count("UpdateService"), 0, "created with its target group, not updated to it");
    let url = format!("tcp://{dns_name}:{PORT}");
    until_some("the service says where it is reached", async || {
        let said = world.services().get("database").await.unwrap().status.unwrap().exposures;
        if said[0].url.as_deref() == Some(&url) { Ok(()) } else { Err(format!("{said:?}")) }
    })
    .await;
    world.apply(&database("postgres:18").to_string()).await;
    let serves = |service: &EcsService| service.status.as_ref().unwrap().revision.as_deref() == Some("database:2");
    connecting(&world, &dns_name, "database:2 serves", serves).await;

    load_balancers(&world).delete("tcp", &DeleteParams::default()).await.unwrap();
    until_some("the load balancer waits for what names it", async || {
        let left = load_balancers(&world).get("tcp").await.unwrap();
        let told = left.status.unwrap().conditions;
        let waits = told.iter().any(|it| it.type_ == "Ready" && it.message.contains("still named by"));
        if waits { Ok(()) } else { Err(format!("{told:?}")) }
    })
    .await;
    assert!(connects(&world, &dns_name), "and serves meanwhile");

    world.delete_and_wait("database").await;
    until_some("the load balancer is gone", async || {
        let left = load_balancers(&world).get_opt("tcp").await.unwrap();
        left.map_or(Ok(()), |left| Err(serde_yaml_ng::to_string(&left.status).unwrap()))
    })
    .await;
    let made = ["CreateLoadBalancer", "CreateTargetGroup", "CreateListener", "CreateService"];
    came_in_order(&world, &made);
    came_in_order(&world, &["DeleteService", "DeleteLoadBalancer", "DeleteTargetGroup"]);
    assert!(elb(&world, "DescribeTargetGroups", json!({}))["TargetGroups"].as_array().is_none_or(Vec::is_empty));
    assert!(elb(&world, "DescribeLoadBalancers", json!({}))["LoadBalancers"].as_array().is_none_or(Vec::is_empty));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_group_that_is_replaced_behind_our_network_load_balancer_serves_until_the_new_one_is_healthy() {
    let (world, dns_name) = served().await;
    let old = forwards(&world);
    let mut changed = database("public.ecr.aws/docker/library/postgres:17");
    changed["spec"]["expose"][0]["protocol"] = json!("TCP_UDP");
    world.apply(&changed.to_string()).await;
    let is_replaced = |service: &EcsService| {
        let exposure = &service.status.as_ref().unwrap().exposures[0];
        exposure.target_group.as_ref() != Some(&old[0].0) && exposure.attached.as_slice() == exposure.target_group.as_slice()
    };
    let seen = connecting(&world, &dns_name, "the new target group has taken over", is_replaced).await;
    let new = forwards(&world);
    assert!(new.len() == 1 && new != old, "{new:?}");
    let mut both = vec![(old[0].0.clone(), 1), (new[0].0.clone(), 0)];
    both.sort();
    let mut forwarded = seen.into_iter().map(|mut all| {
        all.sort();
        all
    });
    assert!(forwarded.any(|all| all == both), "the old one keeps the traffic while the new one has none");
    until_some("the old one is gone", async || {
        let all = elb(&world, "DescribeTargetGroups", json!({}))["TargetGroups"].as_array().cloned().unwrap_or_default();
        if all.len() == 1 { Ok(()) } else { Err(format!("{all:?}")) }
    })
    .await;

    world.delete_and_wait("database").await;
    until_some("nothing of it is left", async || {
        let all = elb(&world, "DescribeTargetGroups", json!({}))["TargetGroups"].as_array().cloned().unwrap_or_default();
        if all.is_empty() { Ok(()) } else { Err(format!("{all:?}")) }
    })
    .await;
    came_in_order(&world, &["DeleteService", "DeleteListener", "DeleteTargetGroup"]);
    assert!(load_balancers(&world).get_opt("tcp").await.unwrap().is_some(), "the load balancer stays");
}
