//! Load balancing against the simulator, in virtual time: calls, conversions, pacer and live side in one.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use ecs_operator::aws::acm::Certificate;
use ecs_operator::aws::codec::to_input;
use ecs_operator::aws::connection::config_in_process;
use ecs_operator::aws::elb::model::{
    Action, Condition, FixedResponse, HealthCheck, Matcher, NewListener, NewLoadBalancer, NewRule, NewTargetGroup, Patterns,
    Redirect, Rewrite, Rule, RuleChange, Tags, TargetGroup, TargetHealth, Transform,
};
use ecs_operator::aws::elb::{Sight, TargetGroupKey, Watcher};
use ecs_operator::aws::{Asks, Balancing, Connection, Elb, Granted, Guard, Kind, Pace, Pacer, Polling};
use ecs_operator::domain::ObjectKey;
use serde_json::json;
use simulator::{Settings, Simulator};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

fn connect() -> (Simulator, Connection) {
    let simulator = Simulator::new(Settings::default());
    let config = config_in_process(simulator.http_client(), "AKIDEXAMPLE", "eu-central-1");
    (simulator, Connection::new("default", &config, Pacer::new()).unwrap())
}

fn grant<I: Asks>(input: I) -> Granted<I> {
    Guard::allow_all().grant(input).unwrap()
}

async fn pass(time: Duration) {
    let _ = timeout(time, std::future::pending::<()>()).await;
}

fn who() -> Watcher {
    Watcher { kind: "EcsListenerRule", object: ObjectKey { namespace: "shop".to_owned(), name: "web".to_owned() } }
}

fn tags(name: &str) -> Tags {
    Tags::from([("name".to_owned(), name.to_owned())])
}

/// A load balancer with a listener that answers 404; returns both ARNs.
async fn edge(elb: &Elb) -> (String, String) {
    let new = NewLoadBalancer {
        name: "edge".to_owned(),
        scheme: Some("internal".to_owned()),
        subnets: ["subnet-a", "subnet-b"].map(str::to_owned).into(),
        tags: tags("edge"),
        ..NewLoadBalancer::default()
    };
    let load_balancer = elb.create_load_balancer(grant(new)).await.unwrap();
    assert_eq!(load_balancer.subnets(), BTreeSet::from(["subnet-a", "subnet-b"]));
    let not_found = FixedResponse { status_code: "404".to_owned(), content_type: None, message_body: None };
    let new = NewListener {
        load_balancer_arn: load_balancer.arn.clone(),
        port: Some(80),
        protocol: Some("HTTP".to_owned()),
        default_actions: vec![Action::FixedResponse(not_found)],
        tags: tags("edge"),
        ..NewListener::default()
    };
    let listener = elb.create_listener(grant(new.clone())).await.unwrap();
    assert_eq!(listener.default_actions, new.default_actions);
    (load_balancer.arn, listener.arn)
}

async fn group(elb: &Elb, name: &str) -> TargetGroup {
    let check = HealthCheck {
        path: Some("/healthz".to_owned()),
        interval_seconds: Some(10),
        matcher: Some(Matcher { http_code: Some("200-299".to_owned()), grpc_code: None }),
        ..HealthCheck::default()
    };
    let new = NewTargetGroup {
        name: name.to_owned(),
        protocol: Some("HTTP".to_owned()),
        port: Some(80),
        vpc_id: Some("vpc-00000000000000001".to_owned()),
        target_type: Some("ip".to_owned()),
        health_check: check,
        tags: tags(name),
        ..NewTargetGroup::default()
    };
    elb.create_target_group(grant(new)).await.unwrap()
}

fn rule(listener: &str, priority: i32, host: &str, actions: Vec<Action>) -> NewRule {
    NewRule {
        listener_arn: listener.to_owned(),
        priority,
        conditions: BTreeSet::from([Condition::HostHeader(Patterns::values([host]))]),
        actions,
        transforms: BTreeSet::new(),
        tags: tags(host),
    }
}

fn follow(connection: &Connection) -> Balancing {
    let balancing = Balancing::new(connection.elb.clone(), Polling::default());
    let running = balancing.clone();
    tokio::spawn(async move { running.run().await });
    balancing
}

async fn read_again(elb: &Elb, listener: &str, made: &Rule) -> Rule {
    elb.describe_rules(listener).await.unwrap().into_iter().find(|rule| rule.arn == made.arn).unwrap()
}

#[tokio::test(start_paused = true)]
async fn what_is_declared_in_a_rule_equals_what_is_read_back_however_aws_shuffles_it() {
    let (_, connection) = connect();
    let elb = &connection.elb;
    let (_, listener) = edge(elb).await;
    let (blue, green) = (group(elb, "blue").await.arn, group(elb, "green").await.arn);
    let conditions = |all: Vec<Condition>| all.into_iter().collect::<BTreeSet<_>>();
    let many = conditions(vec![
        Condition::HostHeader(Patterns::values(["b.example.com", "a.example.com"])),
        Condition::HttpRequestMethod(["POST".to_owned()].into()),
        Condition::QueryString([(Some("v".to_owned()), "1".to_owned())].into()),
        Condition::SourceIp { cidrs: ["10.0.0.0/8".to_owned()].into(), ip_address_type: None },
    ]);
    let others = conditions(vec![
        Condition::PathPattern(Patterns::values(["/a/*", "/b/*"])),
        Condition::http_header("X-Tenant", Patterns::values(["x*", "y*"])),
    ]);
    let rows = [
        (many, vec![Action::forward_to(&blue)]),
        (others, vec![Action::forward([(blue.as_str(), 80), (green.as_str(), 20)], Some(600))]),
        (
            conditions(vec![Condition::HostHeader(Patterns::regexes(["^v[0-9]+\\.example\\.com$"]))]),
            vec![Action::Redirect(Redirect { protocol: "HTTPS".to_owned(), port: "443".to_owned(), ..Redirect::default() })],
        ),
    ];
    for (priority, (conditions, actions)) in (1..).zip(rows) {
        let transforms = BTreeSet::from([Transform::UrlRewrite(vec![Rewrite {
            regex: "^/old/(.*)$".to_owned(),
            replace: "/new/$1".to_owned(),
        }])]);
        let new = NewRule { conditions, transforms, ..rule(&listener, priority, "x", actions) };
        let made = elb.create_rule(grant(new.clone())).await.unwrap();
        for read in [&made, &read_again(elb, &listener, &made).await, &read_again(elb, &listener, &made).await] {
            assert_eq!((&read.conditions, &read.actions), (&new.conditions, &new.actions));
            assert_eq!((&read.transforms, read.priority), (&new.transforms, Some(priority)));
        }
    }
    assert!(elb.describe_rules(&listener).await.unwrap().iter().any(Rule::is_default));
}

#[tokio::test(start_paused = true)]
async fn a_rule_is_changed_in_part_and_loses_its_transforms_when_they_are_taken_away() {
    let (_, connection) = connect();
    let elb = &connection.elb;
    let (_, listener) = edge(elb).await;
    let group = group(elb, "web").await.arn;
    let rewrite = Rewrite { regex: "^/old".to_owned(), replace: "/new".to_owned() };
    let new = NewRule {
        transforms: BTreeSet::from([Transform::UrlRewrite(vec![rewrite])]),
        ..rule(&listener, 7, "shop.example.com", vec![Action::forward_to(&group)])
    };
    let made = elb.create_rule(grant(new.clone())).await.unwrap();
    let host = BTreeSet::from([Condition::HostHeader(Patterns::values(["new.example.com"]))]);
    let change = RuleChange { arn: made.arn.clone(), conditions: Some(host.clone()), ..RuleChange::default() };
    let changed = elb.modify_rule(grant(change)).await.unwrap();
    assert_eq!((&changed.conditions, &changed.actions, &changed.transforms), (&host, &new.actions, &new.transforms));
    let change = RuleChange { arn: made.arn.clone(), transforms: Some(BTreeSet::new()), ..RuleChange::default() };
    assert!(elb.modify_rule(grant(change)).await.unwrap().transforms.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_priority_that_is_taken_is_a_conflict_and_two_rules_change_places_in_one_call() {
    let (_, connection) = connect();
    let elb = &connection.elb;
    let (_, listener) = edge(elb).await;
    let forward = vec![Action::forward_to(&group(elb, "web").await.arn)];
    let first = elb.create_rule(grant(rule(&listener, 1, "a.example.com", forward.clone()))).await.unwrap();
    let taken = elb.create_rule(grant(rule(&listener, 1, "b.example.com", forward.clone()))).await.unwrap_err();
    assert!(taken.kind == Kind::Conflict && taken.is_priority_taken(), "{taken}");
    let second = elb.create_rule(grant(rule(&listener, 2, "b.example.com", forward))).await.unwrap();
    elb.set_rule_priorities(&[(first.arn.clone(), 2), (second.arn.clone(), 1)]).await.unwrap();
    let swapped = (read_again(elb, &listener, &first).await.priority, read_again(elb, &listener, &second).await.priority);
    assert_eq!(swapped, (Some(2), Some(1)));
}

#[tokio::test(start_paused = true)]
async fn things_go_in_the_order_of_their_ties_and_what_is_gone_is_no_error() {
    let (_, connection) = connect();
    let elb = &connection.elb;
    let (load_balancer, listener) = edge(elb).await;
    let group = group(elb, "web").await.arn;
    let made = elb.create_rule(grant(rule(&listener, 1, "a.example.com", vec![Action::forward_to(&group)]))).await.unwrap();
    assert_eq!(elb.delete_target_group(&group).await.unwrap_err().kind, Kind::NotReady, "the rule forwards to it");
    for _ in 0..2 {
        elb.delete_rule(&made.arn).await.unwrap();
        elb.delete_target_group(&group).await.unwrap();
        elb.delete_listener(&listener).await.unwrap();
        elb.delete_load_balancer(&load_balancer).await.unwrap();
    }
    assert_eq!(elb.describe_rules(&listener).await.unwrap_err().kind, Kind::NotFound);
}

#[tokio::test(start_paused = true)]
async fn a_load_balancer_that_is_protected_says_what_to_do() {
    let (_, connection) = connect();
    let elb = &connection.elb;
    let (load_balancer, _) = edge(elb).await;
    let protect = |value: &str| Tags::from([("deletion_protection.enabled".to_owned(), value.to_owned())]);
    elb.modify_load_balancer_attributes(&load_balancer, &protect("true")).await.unwrap();
    let refused = elb.delete_load_balancer(&load_balancer).await.unwrap_err();
    assert!(refused.advice().contains("deletion protection"), "{refused}");
    elb.modify_load_balancer_attributes(&load_balancer, &protect("false")).await.unwrap();
    elb.delete_load_balancer(&load_balancer).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_live_side_shows_a_listener_with_its_rules_and_believes_our_own_writes() {
    let (_, connection) = connect();
    let elb = &connection.elb;
    let (_, listener) = edge(elb).await;
    let group = group(elb, "web").await;
    let balancing = follow(&connection);
    let key = TargetGroupKey::Name("web".to_owned());
    balancing.follow_listener(&listener, &who(), Pace::Settled);
    balancing.follow_target_group(&key, &who(), Pace::Settled);
    pass(Duration::from_secs(2)).await;
    let view = Arc::clone(balancing.listener(&listener).live().unwrap());
    assert_eq!((view.load_balancer.name.as_str(), view.rules.len()), ("edge", 1));
    assert!(balancing.target_group(&key).live().unwrap().target_group.load_balancer_arns.is_empty());
    let new = rule(&listener, 7, "shop.example.com", vec![Action::forward_to(&group.arn)]);
    assert!(balancing.reserve_priority(&listener, 7, &who()));
    let made = elb.create_rule(grant(new.clone())).await.unwrap();
    balancing.wrote_rule(&made, Some(&new.tags));
    assert_eq!(balancing.listener(&listener).live().unwrap().rules[0], (made.clone(), new.tags.clone()));
    pass(Duration::from_secs(1)).await;
    let attached = Arc::clone(balancing.target_group(&key).live().unwrap());
    assert_eq!(attached.target_group.load_balancer_arns.len(), 1, "it is looked at again without being asked");
    assert_eq!(attached.tags, tags("web"));
    pass(Duration::from_mins(5)).await;
    assert_eq!(balancing.listener(&listener).live().unwrap().rules[0], (made.clone(), new.tags));
    elb.delete_rule(&made.arn).await.unwrap();
    balancing.deleted_rule(&made.arn);
    assert_eq!(balancing.listener(&listener).live().unwrap().rules.len(), 1);
    elb.delete_listener(&listener).await.unwrap();
    pass(Duration::from_mins(2)).await;
    assert!(matches!(balancing.listener(&listener), Sight::Missing { .. }));
    assert_eq!(balancing.limits().unwrap().get("target-groups-per-action-on-application-load-balancer"), Some(5));
}

#[tokio::test(start_paused = true)]
async fn the_targets_that_ecs_registers_are_seen_to_become_healthy() {
    let (simulator, connection) = connect();
    let (elb, ecs) = (&connection.elb, &connection.ecs);
    simulator.call("CreateCluster", json!({"clusterName": "prod"})).unwrap();
    let (_, listener) = edge(elb).await;
    let group = group(elb, "web").await;
    elb.create_rule(grant(rule(&listener, 7, "shop.example.com", vec![Action::forward_to(&group.arn)]))).await.unwrap();
    let task = json!({
        "family": "shop", "cpu": "256", "memory": "512", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"],
        "containerDefinitions": [{"name": "app", "image": "nginx:1", "portMappings": [{"containerPort": 8080}]}],
    });
    let revision = ecs.register_task_definition(grant(to_input(&task).unwrap())).await.unwrap().arn;
    let service = json!({
        "cluster": "prod", "serviceName": "web", "taskDefinition": revision, "desiredCount": 2, "launchType": "FARGATE",
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-a"]}},
        "loadBalancers": [{"targetGroupArn": group.arn, "containerName": "app", "containerPort": 8080}],
    });
    ecs.create_service(grant(to_input(&service).unwrap())).await.unwrap();
    let balancing = follow(&connection);
    let key = TargetGroupKey::Arn(group.arn);
    balancing.follow_target_group(&key, &who(), Pace::Rolling);
    let mut states = BTreeSet::new();
    for _ in 0..60 {
        pass(Duration::from_secs(3)).await;
        let sight = balancing.target_group(&key);
        let health = sight.live().and_then(|view| view.health.clone()).unwrap_or_default();
        states.extend(health.iter().map(|target| target.state.clone()));
    }
    let health = balancing.target_group(&key).live().unwrap().health.clone().unwrap();
    assert_eq!((health.len(), health.iter().all(TargetHealth::is_healthy)), (2, true), "{health:?}");
    assert!(states.contains("initial"), "{states:?}");
}

#[tokio::test(start_paused = true)]
async fn the_certificate_of_a_host_is_found() {
    let (simulator, connection) = connect();
    let wild = simulator.add_certificate(&["*.example.com", "example.com"]);
    let shop = simulator.add_certificate(&["shop.example.com"]);
    let certificates = connection.acm.certificates().await.unwrap();
    let best = |host| Certificate::best_for(host, &certificates).map(|one| one.arn.clone());
    assert_eq!((best("shop.example.com"), best("a.example.com")), (Some(shop), Some(wild)));
    assert_eq!(best("example.org"), None);
}
