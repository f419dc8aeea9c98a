//! What refers to each other has to be made through one connection, whichever kinds these are.

use super::{AWAY, FAR, REGION};
use crate::world::{World, until_some};
use kube::api::{Api, DynamicObject, Patch, PatchParams};
use kube::core::GroupVersionKind;
use kube::discovery::ApiResource;
use serde_json::{Value, json};

fn api(world: &World, kind: &str) -> Api<DynamicObject> {
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk("ecs-operator.io", "v1alpha1", kind));
    Api::namespaced_with(world.kube.clone(), &world.namespace, &resource)
}

/// Waits until an object has Ready with this status and reason, for its newest generation, and says these words.
async fn until_says(world: &World, (kind, name): (&str, &str), (status, reason): (&str, &str), words: &[&str]) {
    until_some(&format!("{kind} {name} says {status} {reason} and {words:?}"), async || {
        let found = api(world, kind).get(name).await.unwrap();
        let said = &found.data["status"];
        let ready = said["conditions"].as_array().into_iter().flatten().find(|one| one["type"] == "Ready");
        let is_newest = said["observedGeneration"] == json!(found.metadata.generation);
        let holds = ready.is_some_and(|one| {
            let message = one["message"].as_str().unwrap_or_default();
            let is_reason = reason.is_empty() || one["reason"] == reason;
            one["status"] == status && is_reason && words.iter().all(|word| message.contains(word))
        });
        if holds && is_newest { Ok(()) } else { Err(said.to_string()) }
    })
    .await;
}

impl World {
    /// Applies an object that is made through a connection.
    async fn apply_by(&self, connection: &str, kind: &str, name: &str, spec: Value) {
        let mut spec = spec;
        spec["connectionRef"] = json!({"name": self.connection(connection)});
        let object = json!({"apiVersion": "ecs-operator.io/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec});
        self.apply(&object.to_string()).await;
    }
}

/// Connections to two accounts, and what others refer to: a load balancer `edge` and a target group `pool`, in the second.
async fn furnished() -> World {
    let world = World::new().await;
    for (name, account) in [("away", AWAY), ("far", FAR)] {
        world.furnish(account);
        world.connect(name, account, json!({})).await;
    }
    let listeners = json!([{"port": 80, "protocol": "HTTP", "defaultAction": {"fixedResponse": {"statusCode": "404"}}}]);
    world.apply_by("far", "EcsLoadBalancer", "edge", json!({"subnets": ["subnet-a", "subnet-b"], "listeners": listeners})).await;
    until_says(&world, ("EcsLoadBalancer", "edge"), ("True", ""), &[]).await;
    let vpc = json!({"vpcId": "vpc-00000000000000001", "protocol": "HTTP", "targetType": "ip"});
    world.apply_by("far", "EcsTargetGroup", "pool", vpc).await;
    until_says(&world, ("EcsTargetGroup", "pool"), ("True", ""), &[]).await;
    world
}

/// An object of the first connection that refers to one of the second is refused and nothing of it is made; through the same
/// connection it is.
async fn is_refused_until_both_agree(kind: &str, spec: Value, (named_kind, named): (&str, &str), create: &str) {
    let world = furnished().await;
    world.apply_by("away", kind, "one", spec).await;
    let (named, here, there) = (format!("{}/{named}", world.namespace), world.connection("away"), world.connection("far"));
    let words = [named_kind, &named, &here, &there, "give both the same connectionRef"];
    until_says(&world, (kind, "one"), ("False", "ConnectionMismatch"), &words).await;
    assert!(!world.calls_in(AWAY).iter().any(|call| call == create), "{:?}", world.calls_in(AWAY));
    let agree = Patch::Merge(json!({"spec": {"connectionRef": {"name": there}}}));
    api(&world, kind).patch("one", &PatchParams::default(), &agree).await.unwrap();
    until_says(&world, (kind, "one"), ("True", ""), &[]).await;
    assert!(world.calls_in(FAR).iter().any(|call| call == create));
    assert!(world.aws.call_elb_in(AWAY, REGION, "DescribeLoadBalancers", json!({})).unwrap()["LoadBalancers"] == json!([]));
}

fn on_edge(action: &Value) -> Value {
    let mut spec = json!({"listener": {"ref": {"name": "edge"}, "port": 80}, "match": {"hosts": ["a.example.com"]}});
    spec.as_object_mut().unwrap().extend(action.as_object().unwrap().clone());
    spec
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_and_the_load_balancer_of_its_listener_are_made_through_one_connection() {
    let spec = on_edge(&json!({"fixedResponse": {"statusCode": "200"}}));
    is_refused_until_both_agree("EcsListenerRule", spec, ("EcsLoadBalancer", "edge"), "CreateRule").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_and_the_target_group_that_it_forwards_to_are_made_through_one_connection() {
    let world = furnished().await;
    let balancer = world.aws.call_elb_in(
        AWAY,
        REGION,
        "CreateLoadBalancer",
        json!({"Name": "theirs", "Subnets": ["subnet-a", "subnet-b"], "SecurityGroups": ["sg-edge"]}),
    );
    let balancer = balancer.unwrap()["LoadBalancers"][0]["LoadBalancerArn"].clone();
    let listener = json!({"LoadBalancerArn": balancer, "Protocol": "HTTP", "Port": 80,
        "DefaultActions": [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}]});
    let listener = world.aws.call_elb_in(AWAY, REGION, "CreateListener", listener).unwrap();
    let mut spec = on_edge(&json!({"forward": [{"targetGroupRef": {"name": "pool"}}]}));
    spec["listener"] = json!({"arn": listener["Listeners"][0]["ListenerArn"]});
    world.apply_by("away", "EcsListenerRule", "one", spec).await;
    let named = format!("EcsTargetGroup {}/pool", world.namespace);
    until_says(&world, ("EcsListenerRule", "one"), ("False", "ConnectionMismatch"), &[&named, &world.connection("far")]).await;
    assert!(!world.calls_in(AWAY).contains(&"CreateRule".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_group_and_the_load_balancer_of_its_listener_are_made_through_one_connection() {
    let spec = json!({"listener": {"ref": {"name": "edge"}, "port": 80}, "targetType": "ip"});
    is_refused_until_both_agree("EcsTargetGroup", spec, ("EcsLoadBalancer", "edge"), "CreateTargetGroup").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_balancer_and_the_target_group_that_it_forwards_to_are_made_through_one_connection() {
    let forward = json!({"port": 81, "protocol": "HTTP", "defaultAction": {"forward": [{"targetGroupRef": {"name": "pool"}}]}});
    let spec = json!({"subnets": ["subnet-a", "subnet-b"], "listeners": [forward]});
    is_refused_until_both_agree("EcsLoadBalancer", spec, ("EcsTargetGroup", "pool"), "CreateLoadBalancer").await;
}
