//! A service is exposed through a listener: reachable, while it rolls out too, and gone without a trace.

use crate::world::{World, condition, is_ready, web, with};
use ecs_operator::api::{EcsListenerRule, EcsTargetGroup};
use kube::Api;
use serde_json::{Value, json};
use simulator::{HttpRequest, HttpResponse};
use std::time::Duration;

/// A load balancer of somebody else's, with a listener that answers 404 and a rule for another host.
struct Edge {
    dns_name: String,
    listener: String,
    target_group: String,
}

impl Edge {
    async fn build(world: &World) -> Self {
        let elb = |operation: &str, input: Value| world.aws.call_elb(operation, input).unwrap();
        let made = elb(
            "CreateLoadBalancer",
            json!({"Name": "edge", "Subnets": ["subnet-a", "subnet-b"], "SecurityGroups": ["sg-edge"]}),
        );
        let balancer = made["LoadBalancers"][0].clone();
        let not_found = json!([{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}]);
        let made = elb(
            "CreateListener",
            json!({"LoadBalancerArn": balancer["LoadBalancerArn"], "Protocol": "HTTP", "Port": 80, "DefaultActions": not_found}),
        );
        let listener = made["Listeners"][0]["ListenerArn"].as_str().unwrap().to_owned();
        let made = elb(
            "CreateTargetGroup",
            json!({"Name": "theirs", "Protocol": "HTTP", "Port": 80, "VpcId": balancer["VpcId"], "TargetType": "ip"}),
        );
        let target_group = made["TargetGroups"][0]["TargetGroupArn"].as_str().unwrap().to_owned();
        elb(
            "CreateRule",
            json!({"ListenerArn": listener, "Priority": 7, "Conditions": [{"Field": "host-header", "Values": ["theirs.example.com"]}],
                "Actions": [{"Type": "forward", "TargetGroupArn": target_group}]}),
        );
        let edge = Self { dns_name: balancer["DNSName"].as_str().unwrap().to_owned(), listener, target_group };
        world.until_aws("the load balancer answers", |_| edge.get(world, "nobody.example.com").status == 404).await;
        edge
    }

    fn get(&self, world: &World, host: &str) -> HttpResponse {
        world.aws.send(&HttpRequest::get(&self.dns_name, "/").host(host))
    }

    /// The rules of the listener without its default one, and all target groups: what the operator may add to and take from.
    fn all(&self, world: &World) -> (Vec<Value>, Vec<Value>) {
        let rules = world.aws.call_elb("DescribeRules", json!({"ListenerArn": self.listener})).unwrap();
        let groups = world.aws.call_elb("DescribeTargetGroups", json!({})).unwrap();
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let rules = list(&rules["Rules"]).into_iter().filter(|rule| rule["Priority"] != "default").collect();
        (rules, list(&groups["TargetGroups"]))
    }
}

fn exposed(image: &str, edge: &Edge) -> String {
    let entry = json!({
        "name": "site", "port": "http", "listener": {"arn": edge.listener}, "match": {"hosts": ["shop.example.com"]},
        "healthCheck": {"path": "/healthz", "intervalSeconds": 5, "timeoutSeconds": 2}, "deregistrationDelaySeconds": 10,
    });
    with(&web(image, 2), json!({"expose": [entry]}))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_is_reachable_on_somebody_elses_listener_and_leaves_it_as_it_was() {
    let world = World::new().await;
    let edge = Edge::build(&world).await;
    let before = edge.all(&world);
    assert_eq!(edge.get(&world, "shop.example.com").status, 404);

    world.apply(&exposed("nginx:1.27", &edge)).await;
    let service = world.until_ready("web").await;
    let status = service.status.unwrap();
    assert_eq!(status.exposures[0].url.as_deref(), Some("http://shop.example.com/"));
    assert_eq!(status.exposed.as_deref(), Some("1/1"));
    let answer = edge.get(&world, "shop.example.com");
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(world.count("UpdateService"), 0, "created with its target group, not updated to it");
    let (rules, groups) = edge.all(&world);
    assert_eq!((rules.len(), groups.len()), (2, 2));

    world.delete_and_wait("web").await;
    assert_eq!(edge.all(&world), before);
    assert_eq!(edge.get(&world, "shop.example.com").status, 404);
    let rules: Api<EcsListenerRule> = Api::namespaced(world.kube.clone(), &world.namespace);
    let groups: Api<EcsTargetGroup> = Api::namespaced(world.kube.clone(), &world.namespace);
    assert!(rules.get_opt("web-site").await.unwrap().is_none() && groups.get_opt("web-site").await.unwrap().is_none());
    assert!(edge.target_group.contains("theirs"));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_is_lost_while_a_new_revision_rolls_out() {
    let world = World::new().await;
    let edge = Edge::build(&world).await;
    world.apply(&exposed("nginx:1.27", &edge)).await;
    world.until_ready("web").await;
    world.apply(&exposed("nginx:1.28", &edge)).await;
    let mut answers = Vec::new();
    loop {
        answers.push(edge.get(&world, "shop.example.com"));
        let service = world.services().get("web").await.unwrap();
        if is_ready(&service) && service.status.unwrap().revision.as_deref() == Some("web:2") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let failed: Vec<&HttpResponse> = answers.iter().filter(|answer| answer.status != 200).collect();
    assert!(failed.is_empty(), "{} of {} failed: {:?}", failed.len(), answers.len(), failed[0]);
    let last = edge.get(&world, "shop.example.com");
    assert!(last.body.contains("web:2"), "{last:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_whose_listener_is_not_there_is_created_once_it_is() {
    let world = World::new().await;
    let tagged = json!({"name": "site", "port": "http", "listener": {"selector": {"tags": [{"key": "edge", "value": "public"}]}, "port": 80},
        "match": {"hosts": ["shop.example.com"]}});
    world.apply(&with(&web("nginx:1.27", 1), json!({"expose": [tagged]}))).await;
    let told = world.until_told("web", "ExposureNotReady", &["no load balancer carries the tags edge=public"]).await;
    assert!(condition(&told, "Reconciling").is_some());
    assert_eq!(world.count("CreateService"), 0);
    let edge = Edge::build(&world).await;
    let arn = edge.listener.replace(":listener/", ":loadbalancer/");
    let arn = arn.rsplit_once('/').unwrap().0;
    world.aws.call_elb("AddTags", json!({"ResourceArns": [arn], "Tags": [{"Key": "edge", "Value": "public"}]})).unwrap();
    world.until_ready("web").await;
    assert_eq!(edge.get(&world, "shop.example.com").status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_group_is_replaced_without_a_lost_request() {
    let world = World::new().await;
    let edge = Edge::build(&world).await;
    let yaml = exposed("nginx:1.27", &edge);
    world.apply(&yaml).await;
    world.until_ready("web").await;
    let first = edge.all(&world).1.len();
    let mut changed: Value = serde_yaml_ng::from_str(&yaml).unwrap();
    changed["spec"]["expose"][0]["protocolVersion"] = json!("HTTP2");
    world.apply(&changed.to_string()).await;
    let mut answers = Vec::new();
    let versions = || edge.all(&world).1.iter().map(|group| group["ProtocolVersion"].clone()).collect::<Vec<_>>();
    for _ in 0..3000 {
        answers.push(edge.get(&world, "shop.example.com").status);
        let attached = world.live("web")["loadBalancers"].as_array().map_or(0, Vec::len);
        let is_replaced = versions().contains(&json!("HTTP2")) && versions().len() == first && attached == 1;
        if is_replaced && is_ready(&world.services().get("web").await.unwrap()) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(versions().contains(&json!("HTTP2")) && versions().len() == first, "{:?}", versions());
    assert!(answers.iter().all(|status| *status == 200), "{answers:?}");
}
