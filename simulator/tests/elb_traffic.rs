//! The data plane: which rule decides, which target answers.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

mod common;

use std::collections::BTreeMap;
use std::time::Duration;

use common::{Aws, Edge, attribute, edge, group, made, rule, seconds, targets, text};
use serde_json::{Value, json};
use simulator::{HttpRequest, HttpResponse, Simulator, TargetBehaviour};

/// A load balancer with two groups, blue with two targets and green with one, all healthy.
fn world() -> (Simulator, Edge, String) {
    let simulator = Simulator::default();
    let edge = edge(&simulator, "web");
    let green = group(&simulator, "green");
    rule(&simulator, &edge, (100, "shop.example.com"), &[(&edge.group, 3), (&green, 1)]);
    targets(&simulator, &edge.group, &["10.0.9.1", "10.0.9.2"]);
    targets(&simulator, &green, &["10.0.9.3"]);
    simulator.advance(Duration::from_mins(1));
    (simulator, edge, green)
}

fn shop(edge: &Edge, path: &str) -> HttpRequest {
    HttpRequest::get(&edge.dns_name, path).host("shop.example.com")
}

fn count(simulator: &Simulator, request: &HttpRequest, times: usize) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for _ in 0..times {
        *counts.entry(simulator.send(request).target.unwrap_or_default()).or_default() += 1;
    }
    counts
}

/// A rule of this priority that answers with its own number.
fn answer(simulator: &Simulator, edge: &Edge, priority: i64, conditions: &Value) {
    let fixed = json!({"StatusCode": "200", "MessageBody": priority.to_string(), "ContentType": "text/plain"});
    let input = json!({
        "ListenerArn": edge.listener, "Priority": priority, "Conditions": conditions,
        "Actions": [{"Type": "fixed-response", "FixedResponseConfig": fixed}],
    });
    simulator.call_elb("CreateRule", input).unwrap();
}

#[test]
fn weights_are_kept_exactly_and_targets_take_turns() {
    let (simulator, edge, _) = world();
    let counts = count(&simulator, &shop(&edge, "/"), 80);
    let expected = [("10.0.9.1:80", 30), ("10.0.9.2:80", 30), ("10.0.9.3:80", 20)];
    assert_eq!(counts, expected.map(|(target, count)| (target.to_owned(), count)).into());
}

#[test]
fn only_healthy_targets_are_asked_and_all_when_none_is() {
    let (simulator, edge, green) = world();
    simulator.set_target("10.0.9.1", TargetBehaviour::Refuses);
    simulator.set_target("10.0.9.3", TargetBehaviour::Unhealthy);
    // Until it is found out, requests fail.
    let before: Vec<u16> = (0..4).map(|_| simulator.send(&HttpRequest::get(&edge.dns_name, "/")).status).collect();
    assert_eq!(before.iter().filter(|status| **status == 502).count(), 2);
    simulator.advance(Duration::from_secs(61));
    let counts = count(&simulator, &HttpRequest::get(&edge.dns_name, "/"), 10);
    assert_eq!(counts, [("10.0.9.2:80".to_owned(), 10)].into());
    // Green has its share though none of its targets is healthy.
    let answers: Vec<HttpResponse> = (0..4).map(|_| simulator.send(&shop(&edge, "/"))).collect();
    let unhealthy: Vec<_> = answers.iter().filter(|answer| answer.target_group.as_deref() == Some(green.as_str())).collect();
    assert_eq!((unhealthy.len(), unhealthy[0].status), (1, 503));
}

#[test]
fn an_empty_group_and_a_group_of_weight_zero_are_unavailable() {
    let (simulator, edge, green) = world();
    let gone = json!({"TargetGroupArn": green, "Targets": [{"Id": "10.0.9.3"}]});
    simulator.call_elb("DeregisterTargets", gone).unwrap();
    rule(&simulator, &edge, (1, "green.example.com"), &[(&green, 1)]);
    rule(&simulator, &edge, (2, "zero.example.com"), &[(&edge.group, 0)]);
    for host in ["green.example.com", "zero.example.com"] {
        assert_eq!(simulator.send(&HttpRequest::get(&edge.dns_name, "/").host(host)).status, 503, "{host}");
    }
}

#[test]
fn the_first_rule_whose_conditions_all_hold_decides() {
    let (simulator, edge, _) = world();
    answer(
        &simulator,
        &edge,
        1,
        &json!([{"Field": "host-header", "Values": ["*.Example.com"]}, {"Field": "path-pattern", "Values": ["/img/*"]}]),
    );
    let header = json!({"HttpHeaderName": "X-Tenant", "Values": ["a*"]});
    answer(&simulator, &edge, 2, &json!([{"Field": "http-header", "HttpHeaderConfig": header}]));
    answer(&simulator, &edge, 3, &json!([{"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["POST"]}}]));
    let query = json!({"Values": [{"Key": "version", "Value": "v?"}, {"Value": "beta"}]});
    answer(&simulator, &edge, 4, &json!([{"Field": "query-string", "QueryStringConfig": query}]));
    answer(&simulator, &edge, 5, &json!([{"Field": "source-ip", "SourceIpConfig": {"Values": ["198.51.100.0/24"]}}]));
    answer(&simulator, &edge, 6, &json!([{"Field": "path-pattern", "PathPatternConfig": {"RegexValues": ["^/item/[0-9]+$"]}}]));
    let at = |path: &str| HttpRequest::get(&edge.dns_name, path).host("other.test");
    let rows = [
        ("wildcards of host and path", at("/img/a.png").host("shop.example.COM:80"), "1"),
        ("a path is told apart by case", at("/IMG/a.png").host("shop.example.com"), ""),
        ("a header in any case", at("/").header("x-tenant", "ACME"), "2"),
        ("a method", at("/").method("POST"), "3"),
        ("a key and a value", at("/?a=b&Version=V2"), "4"),
        ("a value without a key", at("/?beta"), "4"),
        ("a client", at("/").from([198, 51, 100, 9].into()), "5"),
        ("a regular expression", at("/item/42"), "6"),
        ("no part of an expression", at("/item/42/x"), ""),
    ];
    for (row, request, expected) in rows {
        let response = simulator.send(&request);
        assert_eq!(if response.target.is_some() { "" } else { response.body.as_str() }, expected, "{row}");
    }
}

#[test]
fn a_redirect_fills_in_what_it_leaves_as_it_is() {
    let (simulator, edge, _) = world();
    let redirect = json!({"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"});
    let input = json!({
        "ListenerArn": edge.listener, "Priority": 1, "Conditions": [{"Field": "path-pattern", "Values": ["*"]}],
        "Actions": [{"Type": "redirect", "RedirectConfig": redirect}],
    });
    let made = made(&simulator, "CreateRule", input, "Rules");
    assert_eq!(made["Actions"][0]["RedirectConfig"]["Path"], "/#{path}");
    let response = simulator.send(&shop(&edge, "/cart?a=1"));
    assert_eq!((response.status, response.header("location")), (301, Some("https://shop.example.com:443/cart?a=1")));
    assert_eq!(response.rule, Some(text(&made, "RuleArn")));
}

#[test]
fn stickiness_of_targets_lasts_as_long_as_its_cookie() {
    let (simulator, edge, _) = world();
    attribute(&simulator, &edge.group, "stickiness.enabled", "true");
    attribute(&simulator, &edge.group, "stickiness.lb_cookie.duration_seconds", "60");
    let plain = HttpRequest::get(&edge.dns_name, "/");
    let first = simulator.send(&plain);
    let second = simulator.send(&plain);
    assert_ne!(first.target, second.target);
    let sticky = plain.with_cookies_of(&first);
    assert_eq!(count(&simulator, &sticky, 5), [(first.target.unwrap(), 5)].into());
    simulator.advance(Duration::from_secs(61));
    assert_eq!(count(&simulator, &sticky, 6).len(), 2);
}

#[test]
fn stickiness_of_an_application_lasts_as_long_as_its_own_cookie() {
    let (simulator, edge, _) = world();
    attribute(&simulator, &edge.group, "stickiness.type", "app_cookie");
    attribute(&simulator, &edge.group, "stickiness.app_cookie.cookie_name", "SESSION");
    attribute(&simulator, &edge.group, "stickiness.enabled", "true");
    let plain = HttpRequest::get(&edge.dns_name, "/");
    let first = simulator.send(&plain);
    let sticky = plain.with_cookies_of(&first);
    assert_eq!(count(&simulator, &sticky, 5), [(first.target.unwrap(), 5)].into());
    let mut forgotten = sticky;
    forgotten.headers.retain(|(_, value)| !value.starts_with("SESSION"));
    assert_eq!(count(&simulator, &forgotten, 6).len(), 2);
}

#[test]
fn stickiness_of_groups_is_the_rules() {
    let (simulator, edge, green) = world();
    let tuples = json!([{"TargetGroupArn": edge.group, "Weight": 1}, {"TargetGroupArn": green, "Weight": 1}]);
    let forward = json!({"TargetGroups": tuples, "TargetGroupStickinessConfig": {"Enabled": true, "DurationSeconds": 600}});
    let input = json!({
        "ListenerArn": edge.listener, "Priority": 1, "Conditions": [{"Field": "path-pattern", "Values": ["/"]}],
        "Actions": [{"Type": "forward", "ForwardConfig": forward}],
    });
    simulator.call_elb("CreateRule", input).unwrap();
    let plain = HttpRequest::get(&edge.dns_name, "/");
    let first = simulator.send(&plain);
    let sticky = plain.with_cookies_of(&first);
    for _ in 0..6 {
        assert_eq!(simulator.send(&sticky).target_group, first.target_group);
    }
}

#[test]
fn a_network_load_balancer_passes_connections_on() {
    let simulator = Simulator::default();
    let input = json!({"Name": "tcp", "Type": "network", "Subnets": ["subnet-a"]});
    let balancer = made(&simulator, "CreateLoadBalancer", input, "LoadBalancers");
    let input = json!({"Name": "tcp", "Protocol": "TCP", "Port": 5432, "VpcId": common::VPC, "TargetType": "ip"});
    let group = text(&made(&simulator, "CreateTargetGroup", input, "TargetGroups"), "TargetGroupArn");
    let actions = json!([{"Type": "forward", "TargetGroupArn": group}]);
    let input =
        json!({"LoadBalancerArn": balancer["LoadBalancerArn"], "Protocol": "TCP", "Port": 5432, "DefaultActions": actions});
    let listener = made(&simulator, "CreateListener", input, "Listeners");
    let tuple = &listener["DefaultActions"][0]["ForwardConfig"]["TargetGroups"][0];
    assert_eq!(tuple, &json!({"TargetGroupArn": group}), "no weight is shown");
    targets(&simulator, &group, &["10.0.9.1"]);
    let request = HttpRequest::get(balancer["DNSName"].as_str().unwrap(), "/").port(5432);
    assert_eq!(simulator.send(&request).status, 0, "not active yet");
    simulator.advance(Duration::from_mins(1));
    assert_eq!(simulator.send(&request).target.as_deref(), Some("10.0.9.1:5432"));
    assert_eq!(simulator.send(&request.port(80)).status, 0, "no listener");
}

#[test]
fn transforms_change_what_later_parts_of_the_rule_see() {
    let (simulator, edge, _) = world();
    let rewrites = |regex: &str, replace: &str| json!({"Rewrites": [{"Regex": regex, "Replace": replace}]});
    let transforms = json!([
        {"Type": "url-rewrite", "UrlRewriteConfig": rewrites("^/old/(.*)$", "/new/$1")},
        {"Type": "host-header-rewrite", "HostHeaderRewriteConfig": rewrites("^shop\\.", "store.")},
    ]);
    let redirect = json!({"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_302"});
    let input = json!({
        "ListenerArn": edge.listener, "Priority": 1, "Conditions": [{"Field": "path-pattern", "Values": ["/old/*"]}],
        "Actions": [{"Type": "redirect", "RedirectConfig": redirect}], "Transforms": transforms,
    });
    let made = made(&simulator, "CreateRule", input, "Rules");
    let location = simulator.send(&shop(&edge, "/old/cart")).header("location").map(str::to_owned);
    assert_eq!(location.as_deref(), Some("https://store.example.com:443/new/cart"));
    let reset = json!({"RuleArn": made["RuleArn"], "ResetTransforms": true});
    assert_eq!(simulator.call_elb("ModifyRule", reset).unwrap()["Rules"][0]["Transforms"], json!([]));
    let location = simulator.send(&shop(&edge, "/old/cart")).header("location").map(str::to_owned);
    assert_eq!(location.as_deref(), Some("https://shop.example.com:443/old/cart"));
}

#[tokio::test(start_paused = true)]
async fn a_task_answers_with_its_name_and_one_that_has_just_ended_does_not() {
    let aws = Aws::start();
    let edge = edge(&aws.simulator, "web");
    aws.register_web("web", "short:1").await;
    let ends = simulator::ImageBehaviour::Exits { exit_code: 1, after_seconds: 100 };
    aws.simulator.set_image("short", ends);
    aws.create_behind("web", &edge.group, (1, 0)).await.unwrap();
    seconds(60).await;
    let request = HttpRequest::get(&edge.dns_name, "/");
    let response = aws.simulator.send(&request);
    let task = aws.tasks("web").await[0].task_arn().unwrap().to_owned();
    let id = &task.rsplit('/').next().unwrap()[..8];
    assert_eq!(response.task.as_deref(), Some(task.as_str()));
    assert_eq!(response.body, format!("web:1 task {id} at {}", response.target.clone().unwrap()));
    let mut statuses = Vec::new();
    for _ in 0..240 {
        aws.simulator.advance(Duration::from_millis(500));
        let status = aws.simulator.send(&request).status;
        if statuses.last() != Some(&status) {
            statuses.push(status);
        }
    }
    assert_eq!(&statuses[..3], [200, 502, 503]);
}
