//! Blue/green and canary deployments behind a listener rule: ECS swings its weights.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

mod common;

use common::{Aws, Edge, attribute, edge, group, rule, seconds};
use serde_json::{Value, json};

struct World {
    aws: Aws,
    edge: Edge,
    green: String,
    rule: String,
}

/// A service that has rolled out with this strategy, behind a rule with two target groups.
async fn world(deployment: Value) -> World {
    let aws = Aws::start();
    let edge = edge(&aws.simulator, "blue");
    let green = group(&aws.simulator, "green");
    for arn in [&edge.group, &green] {
        attribute(&aws.simulator, arn, "deregistration_delay.timeout_seconds", "5");
    }
    let rule = rule(&aws.simulator, &edge, (1, "shop.example.com"), &[(&edge.group, 100), (&green, 0)]);
    aws.register_web("shop", "nginx:1").await;
    let advanced = json!({
        "alternateTargetGroupArn": green, "productionListenerRule": rule, "roleArn": "arn:aws:iam::111122223333:role/ecs-lb",
    });
    let input = json!({
        "cluster": "main", "serviceName": "shop", "taskDefinition": "shop:1", "desiredCount": 1, "launchType": "FARGATE",
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-a"]}}, "deploymentConfiguration": deployment,
        "loadBalancers": [{
            "targetGroupArn": edge.group, "containerName": "app", "containerPort": 80, "advancedConfiguration": advanced,
        }],
    });
    aws.simulator.call("CreateService", input).unwrap();
    // A first canary takes its time too.
    seconds(4000).await;
    World { aws, edge, green, rule }
}

impl World {
    async fn release(&self, image: &str) {
        self.aws.register_web("shop", image).await;
        self.aws.ecs.update_service().cluster("main").service("shop").task_definition("shop").send().await.unwrap();
    }

    /// Weights of blue and green.
    fn weights(&self) -> (i64, i64) {
        let rules = self.aws.simulator.call_elb("DescribeRules", json!({"RuleArns": [self.rule]})).unwrap();
        let tuples = rules["Rules"][0]["Actions"][0]["ForwardConfig"]["TargetGroups"].as_array().unwrap().clone();
        let of = |arn: &str| tuples.iter().find(|tuple| tuple["TargetGroupArn"] == arn).unwrap()["Weight"].as_i64().unwrap();
        (of(&self.edge.group), of(&self.green))
    }

    /// The weights that are seen while this many seconds go by.
    async fn seen(&self, lasts: u64) -> Vec<(i64, i64)> {
        let mut seen = vec![self.weights()];
        for _ in 0..lasts {
            seconds(1).await;
            if seen.last() != Some(&self.weights()) {
                seen.push(self.weights());
            }
        }
        seen
    }
}

#[tokio::test(start_paused = true)]
async fn a_blue_green_deployment_swings_the_rule_to_the_other_group_and_the_next_one_back() {
    let world = world(json!({"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 1})).await;
    world.release("nginx:2").await;
    assert_eq!(world.seen(240).await, [(100, 0), (0, 100)]);
    let request = simulator::HttpRequest::get(&world.edge.dns_name, "/").host("shop.example.com");
    assert!(world.aws.simulator.send(&request).body.starts_with("shop:2 task"));
    let record = world.aws.newest_deployment("shop").await;
    let revision = record.target_service_revision().unwrap().arn().unwrap();
    let described = world.aws.ecs.describe_service_revisions().service_revision_arns(revision).send().await.unwrap();
    let resolved = described.service_revisions()[0].resolved_configuration().unwrap();
    assert_eq!(resolved.load_balancers()[0].target_group_arn(), Some(world.green.as_str()));
    world.release("nginx:3").await;
    assert_eq!(world.seen(240).await, [(0, 100), (100, 0)]);
}

#[tokio::test(start_paused = true)]
async fn a_canary_has_its_share_until_its_bake_is_over() {
    let canary = json!({"canaryPercent": 5.0, "canaryBakeTimeInMinutes": 2});
    let world = world(json!({"strategy": "CANARY", "canaryConfiguration": canary})).await;
    world.release("nginx:2").await;
    assert_eq!(world.seen(400).await, [(100, 0), (95, 5), (0, 100)]);
}

#[tokio::test(start_paused = true)]
async fn a_canary_that_is_stopped_gives_the_traffic_back() {
    let canary = json!({"canaryPercent": 5.0, "canaryBakeTimeInMinutes": 60});
    let world = world(json!({"strategy": "CANARY", "canaryConfiguration": canary})).await;
    world.release("nginx:2").await;
    seconds(120).await;
    assert_eq!(world.weights(), (95, 5));
    let arn = world.aws.newest_deployment("shop").await.service_deployment_arn().unwrap().to_owned();
    world.aws.ecs.stop_service_deployment().service_deployment_arn(arn).send().await.unwrap();
    seconds(60).await;
    assert_eq!(world.weights(), (100, 0));
    assert!(world.aws.service("shop").await.task_definition().unwrap().ends_with("shop:1"));
}
