//! Rules on listeners: beside those of others, and what is told when one cannot be there.

use crate::edge::{
    Edge, answering, delete_rule, elb, is_rule_ready, rules, text, until_rule_gone, until_rule_ready, until_rule_says,
};
use crate::world::{World, fast, until_some, web, with};
use kube::api::DeleteParams;
use serde_json::{Value, json};
use simulator::{Fault, FaultKind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

fn host(name: &str) -> Vec<String> {
    vec![format!("{name}.example.com")]
}

/// A manifest with another priority, match and so on.
fn asking(mut manifest: Value, field: &str, value: Value) -> String {
    manifest["spec"][field] = value;
    manifest.to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_match_is_several_rules_that_go_with_the_object() {
    let world = World::new().await;
    let edge = Edge::new(&world, "edge");
    let hosts: Vec<String> = (0..12).map(|number| format!("h{number:02}.example.com")).collect();
    world.apply(&answering("web", &edge.listener, &hosts).to_string()).await;
    let rule = until_rule_ready(&world, "web").await;
    assert_eq!(rule.status.unwrap().rules.len(), 3);
    assert_eq!(edge.ours("web").len(), 3);
    delete_rule(&world, "web").await;
    assert_eq!(edge.rules(), [] as [Value; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_rule_twice_the_older_has_it_and_the_other_takes_over_by_itself() {
    let mut world = World::without_operator(fast()).await;
    let edge_world = &world;
    let listener = Edge::new(edge_world, "edge").listener;
    world.apply(&answering("first", &listener, &host("a")).to_string()).await;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    world.apply(&answering("second", &listener, &host("a")).to_string()).await;
    world.start_operator();
    until_rule_ready(&world, "first").await;
    let first = format!("{}/first", world.namespace);
    let rule = until_rule_says(&world, "second", "Conflict", &[&first, "host-header=a.example.com"]).await;
    let accepted = rule.status.unwrap().conditions.into_iter().find(|one| one.type_ == "Accepted").unwrap();
    assert_eq!((accepted.status.as_str(), accepted.reason.as_str()), ("False", "Conflict"));
    delete_rule(&world, "first").await;
    until_rule_ready(&world, "second").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_priority_that_somebody_holds_is_told_and_taken_once_it_is_free() {
    let world = World::new().await;
    let edge = Edge::new(&world, "edge");
    let theirs = edge.foreign(7, "theirs.example.com", &edge.target_group("theirs"));
    world.apply(&asking(answering("web", &edge.listener, &host("a")), "priority", json!(7))).await;
    until_rule_says(&world, "web", "PriorityInUse", &["priority 7", &theirs]).await;
    assert_eq!(world.count("CreateRule"), 0, "what is known to be refused is not asked for");
    elb(&world, "DeleteRule", json!({"RuleArn": theirs}));
    let rule = until_rule_ready(&world, "web").await;
    assert_eq!(rule.status.unwrap().priority, Some(7));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_over_the_quota_gets_in_when_another_goes_and_deletes_go_on() {
    let world = World::new().await;
    world.aws.set_quota("rules-per-application-load-balancer", 2);
    let edge = Edge::new(&world, "edge");
    for name in ["a", "b"] {
        world.apply(&answering(name, &edge.listener, &host(name)).to_string()).await;
        until_rule_ready(&world, name).await;
    }
    world.apply(&answering("c", &edge.listener, &host("c")).to_string()).await;
    until_rule_says(&world, "c", "QuotaExceeded", &["2 rules stand on this listener", "Service Quotas"]).await;
    delete_rule(&world, "a").await;
    until_rule_ready(&world, "c").await;
    assert_eq!(edge.rules().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_deleted_or_edited_by_hand_is_put_back() {
    let world = World::new().await;
    let edge = Edge::new(&world, "edge");
    world.apply(&answering("web", &edge.listener, &host("a")).to_string()).await;
    until_rule_ready(&world, "web").await;
    let before = edge.ours("web").remove(0);
    let arn = text(&before["RuleArn"]);
    let condition = json!([{"Field": "host-header", "Values": ["b.example.com"]}]);
    elb(&world, "ModifyRule", json!({"RuleArn": arn, "Conditions": condition}));
    until_some("the host is put back", async || if edge.ours("web") == [before.clone()] { Ok(()) } else { Err(String::new()) })
        .await;
    elb(&world, "SetRulePriorities", json!({"RulePriorities": [{"RuleArn": arn, "Priority": 3}]}));
    until_some(
        "the priority is put back",
        async || if edge.ours("web") == [before.clone()] { Ok(()) } else { Err(String::new()) },
    )
    .await;
    elb(&world, "DeleteRule", json!({"RuleArn": arn}));
    until_some("it is made again", async || if edge.ours("web").len() == 1 { Ok(()) } else { Err(String::new()) }).await;
    let again = edge.ours("web").remove(0);
    assert_eq!((&again["Priority"], &again["Conditions"]), (&before["Priority"], &before["Conditions"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_balancer_that_is_deleted_under_a_rule_is_told_and_blocks_nothing() {
    let world = World::new().await;
    let edge = Edge::new(&world, "edge");
    world.apply(&answering("web", &edge.listener, &host("a")).to_string()).await;
    until_rule_ready(&world, "web").await;
    elb(&world, "DeleteLoadBalancer", json!({"LoadBalancerArn": edge.load_balancer}));
    until_rule_says(&world, "web", "ListenerNotFound", &["there is no listener", &edge.listener]).await;
    delete_rule(&world, "web").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_that_is_found_by_tags_is_waited_for_until_it_is_there() {
    let world = World::new().await;
    let selector = json!({"selector": {"tags": [{"key": "edge", "value": "public"}]}, "port": 8080});
    world.apply(&asking(answering("web", "", &host("a")), "listener", selector)).await;
    until_rule_says(&world, "web", "ListenerNotFound", &["edge=public"]).await;
    let edge = Edge::new(&world, "edge");
    let tags = json!([{"Key": "edge", "Value": "public"}]);
    elb(&world, "AddTags", json!({"ResourceArns": [edge.load_balancer], "Tags": tags}));
    until_rule_says(&world, "web", "ListenerNotFound", &["edge has no listener on port 8080"]).await;
    let listener = edge.listener_on(8080);
    let rule = until_rule_ready(&world, "web").await;
    let status = rule.status.unwrap();
    assert_eq!(status.listener_arn, Some(listener));
    assert_eq!(status.url.as_deref(), Some("http://a.example.com:8080/"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_group_of_another_load_balancer_is_told_with_its_name() {
    let world = World::new().await;
    let theirs = Edge::new(&world, "theirs");
    let group = theirs.target_group("web");
    theirs.foreign(7, "theirs.example.com", &group);
    let edge = Edge::new(&world, "edge");
    let mut manifest = answering("web", &edge.listener, &host("a"));
    manifest["spec"].as_object_mut().unwrap().remove("fixedResponse");
    world.apply(&asking(manifest, "forward", json!([{"targetGroupArn": group}]))).await;
    until_rule_says(&world, "web", "TargetGroupAssociationLimit", &["target group web", &theirs.load_balancer]).await;
    delete_rule(&world, "web").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_can_never_match_says_which_one_stands_before_it() {
    let world = World::new().await;
    let edge = Edge::new(&world, "edge");
    let wide = edge.foreign(5, "*.example.com", &edge.target_group("theirs"));
    world.apply(&answering("web", &edge.listener, &host("a")).to_string()).await;
    until_rule_says(&world, "web", "Shadowed", &[&wide, "priority 5"]).await;
    elb(&world, "DeleteRule", json!({"RuleArn": wide}));
    until_rule_ready(&world, "web").await;
}

/// An object that stands for a load balancer of somebody else's.
async fn observed(world: &World, edge: &Edge<'_>, allowed: Value) {
    let manifest = json!({
        "apiVersion": "ecs-operator.io/v1alpha1", "kind": "EcsLoadBalancer", "metadata": {"name": "shared"},
        "spec": {"managementPolicy": "Observe", "loadBalancerArn": edge.load_balancer, "allowedRoutes": allowed},
    });
    world.apply(&manifest.to_string()).await;
    let api: kube::Api<ecs_operator::api::EcsLoadBalancer> = kube::Api::namespaced(world.kube.clone(), &world.namespace);
    until_some("the load balancer was looked at", async || {
        let status = api.get("shared").await.unwrap().status.unwrap_or_default();
        let is_seen = status.listeners.iter().any(|listener| listener.arn == edge.listener);
        if is_seen { Ok(()) } else { Err(serde_yaml_ng::to_string(&status).unwrap()) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_the_namespace_may_not_claim_is_refused_also_where_the_listener_is_named_by_arn() {
    let world = World::new().await;
    let edge = Edge::new(&world, "edge");
    let allowed = |host: &str| json!([{"namespaces": [world.namespace], "hosts": [host]}]);
    observed(&world, &edge, allowed("*.other.example.com")).await;
    world.apply(&answering("web", &edge.listener, &host("a")).to_string()).await;
    until_rule_says(&world, "web", "HostNotAllowed", &["a.example.com", "*.other.example.com", "allowedRoutes"]).await;
    assert_eq!(world.count("CreateRule"), 0);
    observed(&world, &edge, allowed("*.example.com")).await;
    until_rule_ready(&world, "web").await;
    observed(&world, &edge, allowed("b.example.com")).await;
    until_rule_says(&world, "web", "HostNotAllowed", &["b.example.com"]).await;
    assert_eq!(edge.rules(), [] as [Value; 0], "what is no longer allowed is withdrawn");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_of_a_network_load_balancer_is_refused_with_a_sentence() {
    let world = World::new().await;
    let made = elb(&world, "CreateLoadBalancer", json!({"Name": "nlb", "Type": "network", "Subnets": ["subnet-a"]}));
    let balancer = &made["LoadBalancers"][0];
    let group = elb(
        &world,
        "CreateTargetGroup",
        json!({"Name": "tcp", "Protocol": "TCP", "Port": 80, "VpcId": balancer["VpcId"], "TargetType": "ip"}),
    );
    let forward = json!([{"Type": "forward", "TargetGroupArn": group["TargetGroups"][0]["TargetGroupArn"]}]);
    let input = json!({"LoadBalancerArn": balancer["LoadBalancerArn"], "Protocol": "TCP", "Port": 80, "DefaultActions": forward});
    let listener = text(&elb(&world, "CreateListener", input)["Listeners"][0]["ListenerArn"]);
    world.apply(&answering("web", &listener, &host("a")).to_string()).await;
    until_rule_says(&world, "web", "ListenerWithoutRules", &["only application load balancers have rules"]).await;
    delete_rule(&world, "web").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_of_a_service_that_still_exposes_it_waits_for_the_entry_to_go() {
    let world = World::new().await;
    let edge = Edge::new(&world, "edge");
    let entry =
        json!({"name": "site", "port": "http", "listener": {"arn": edge.listener}, "match": {"hosts": ["a.example.com"]}});
    world.apply(&with(&web("nginx:1", 1), json!({"expose": [entry]}))).await;
    world.until_ready("web").await;
    rules(&world).delete("web-site", &DeleteParams::default()).await.unwrap();
    until_rule_says(&world, "web-site", "Deleting", &["EcsService", "still exposes it"]).await;
    assert_eq!(edge.ours("web-site").len(), 1);
    world.services().delete("web", &DeleteParams::default()).await.unwrap();
    until_rule_gone(&world, "web-site").await;
    world.until_gone("web").await;
    assert_eq!(edge.rules(), [] as [Value; 0]);
}

/// The writes that a life of a rule takes.
const WRITES: [&str; 6] = ["CreateRule", "ModifyRule", "SetRulePriorities", "AddTags", "RemoveTags", "DeleteRule"];
/// The reads.
const READS: [&str; 4] = ["DescribeListeners", "DescribeLoadBalancers", "DescribeRules", "DescribeTags"];

/// One life of a rule: made, changed in every way, and deleted, with a fault of one operation.
async fn life(operation: &'static str, fault: Fault, is_mended: impl Fn(&str) -> bool) -> World {
    let world = World::new().await;
    let edge = Edge::new(&world, "edge");
    let theirs = edge.target_group("theirs");
    edge.foreign(7, "theirs.example.com", &theirs);
    let before = edge.foreign_things();
    world.aws.inject(fault);
    let goes_on = async |goal: &str, is_reached: &dyn Fn(Option<&ecs_operator::api::EcsListenerRule>) -> bool| {
        until_some(&format!("{goal} (with {operation} failing)"), async || {
            let rule = rules(&world).get_opt("web").await.unwrap();
            if is_reached(rule.as_ref()) {
                return Ok(());
            }
            let said = serde_yaml_ng::to_string(&rule.and_then(|rule| rule.status)).unwrap();
            if is_mended(&said) {
                world.aws.clear_faults();
            }
            Err(said)
        })
        .await;
    };
    let ready = |rule: Option<&ecs_operator::api::EcsListenerRule>| rule.is_some_and(is_rule_ready);
    let manifest = |hosts: &[String], tags: Value, priority: i32| {
        let mut manifest = answering("web", &edge.listener, hosts);
        manifest["spec"]["tags"] = tags;
        manifest["spec"]["priority"] = json!(priority);
        manifest.to_string()
    };
    world.apply(&manifest(&host("a"), json!([{"key": "old", "value": "1"}]), 10)).await;
    goes_on("made", &ready).await;
    world.apply(&manifest(&host("b"), json!([{"key": "new", "value": "1"}]), 11)).await;
    goes_on("changed", &ready).await;
    let hosts: Vec<String> = (0..7).map(|number| format!("h{number}.example.com")).collect();
    world.apply(&manifest(&hosts, json!([{"key": "new", "value": "1"}]), 11)).await;
    goes_on("in two parts", &ready).await;
    let ours = edge.ours("web");
    assert_eq!(ours.iter().map(|rule| text(&rule["Priority"])).collect::<Vec<_>>(), ["11", "12"], "{operation}");
    let tags = edge.tags(&text(&ours[0]["RuleArn"])).to_string();
    assert!(tags.contains("new") && !tags.contains("old"), "{tags}");
    rules(&world).delete("web", &DeleteParams::default()).await.unwrap();
    goes_on("gone", &|rule| rule.is_none()).await;
    world.aws.clear_faults();
    assert_eq!(edge.foreign_things(), before, "{operation}");
    assert_eq!(edge.rules().len(), 1, "{operation}: something of ours is left");
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn each_reply_that_is_lost_after_it_took_effect_leaves_nothing_behind() {
    for operation in WRITES {
        let world = life(operation, Fault::new(operation, FaultKind::LostReply).times(1), |_| false).await;
        assert!(world.count(operation) > 0, "{operation} was never called");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_call_that_is_denied_is_named_and_made_once_it_is_allowed() {
    for operation in WRITES.into_iter().chain(READS) {
        let action = format!("elasticloadbalancing:{operation}");
        let message = format!("User: arn:aws:iam::111122223333:user/it is not authorized to perform: {action} on resource: *");
        let told = AtomicBool::new(false);
        life(operation, Fault::error(operation, "AccessDenied", &message), |said| {
            said.contains(&action) && !told.swap(true, Ordering::SeqCst)
        })
        .await;
        assert!(told.into_inner(), "{operation} was denied and nobody was told");
    }
}
