//! What Elastic Load Balancing refuses, with its error codes and texts, and what ECS refuses about target groups.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

mod common;

use common::{Edge, VPC, edge, group, rule};
use serde_json::{Value, json};
use simulator::{Settings, Simulator};

fn world() -> (Simulator, Edge) {
    let simulator = Simulator::new(Settings { clusters: vec!["main".to_owned()], ..Settings::default() });
    let edge = edge(&simulator, "web");
    (simulator, edge)
}

/// `base` with members replaced; null takes a member away.
fn with(mut base: Value, changes: &Value) -> Value {
    for (member, value) in changes.as_object().unwrap() {
        if value.is_null() {
            base.as_object_mut().unwrap().remove(member);
        } else {
            base[member] = value.clone();
        }
    }
    base
}

/// Asserts the code and a part of the text for each change of `base`.
fn refused(simulator: &Simulator, operation: &str, base: &Value, rows: &[(Value, &str, &str)]) {
    for (changes, code, text) in rows {
        let row = changes.to_string();
        let error = simulator.call_elb(operation, with(base.clone(), changes)).expect_err(&row);
        assert_eq!((error.code.as_str(), error.status), (*code, 400), "{row}: {error}");
        assert!(error.message.contains(text), "{row}: {error}");
    }
}

#[test]
fn a_load_balancer_that_breaks_a_rule_is_refused() {
    let (simulator, _) = world();
    let invalid = "InvalidConfigurationRequest";
    refused(
        &simulator,
        "CreateLoadBalancer",
        &json!({"Name": "other", "Subnets": ["subnet-a", "subnet-b"]}),
        &[
            (json!({"Name": null}), "ValidationError", "Value null at 'name'"),
            (json!({"Name": "x".repeat(33)}), "ValidationError", "cannot be longer than '32' characters"),
            (json!({"Name": "a_b"}), "ValidationError", "alphanumeric characters or hyphens"),
            (json!({"Name": "-a"}), "ValidationError", "cannot begin or end with '-'"),
            (json!({"Name": "internal-a"}), "ValidationError", "internal-"),
            (json!({"Subnets": ["subnet-a"]}), "ValidationError", "two different Availability Zones"),
            (json!({"Subnets": null}), "ValidationError", "two different Availability Zones"),
            (json!({"Subnets": ["subnet-a", "subnet-xa"]}), invalid, "same Availability Zone"),
            (json!({"Subnets": ["subnet-a", "subnet-missing"]}), "SubnetNotFound", "subnet-missing"),
            (json!({"SecurityGroups": ["sg-missing"]}), "InvalidSecurityGroup", "sg-missing"),
            (json!({"Scheme": "public"}), "ValidationError", "Value 'public' at 'scheme'"),
            (json!({"Type": "gateway", "SecurityGroups": ["sg-a"]}), invalid, "gateway"),
            (json!({"Type": "gateway", "Scheme": "internal"}), "InvalidScheme", "gateway"),
            (json!({"Name": "web", "Scheme": "internal"}), "DuplicateLoadBalancerName", "different settings"),
            (json!({"Tags": [{"Key": "a"}, {"Key": "a"}]}), "DuplicateTagKeys", "a"),
            (json!({"Colour": "red"}), "ValidationError", "Colour"),
        ],
    );
}

#[test]
fn a_name_with_identical_settings_is_given_back() {
    let (simulator, edge) = world();
    let again = simulator.call_elb("CreateLoadBalancer", json!({"Name": "web", "Subnets": ["subnet-b", "subnet-a"]})).unwrap();
    assert_eq!(again["LoadBalancers"][0]["LoadBalancerArn"], edge.balancer);
    assert_eq!(group(&simulator, "web"), edge.group);
}

#[test]
fn a_target_group_that_breaks_a_rule_is_refused() {
    let (simulator, _) = world();
    let rows = [
        (json!({"Name": "a--".to_owned() + &"b".repeat(30)}), "32"),
        (json!({"Name": "shop-"}), "begin or end"),
        (json!({"Protocol": null}), "A protocol must be specified"),
        (json!({"Port": null}), "A port must be specified"),
        (json!({"VpcId": null}), "A VPC ID must be specified"),
        (json!({"VpcId": "vpc-missing"}), "vpc-missing"),
        (json!({"Port": 0}), "Value '0' at 'port'"),
        (json!({"TargetType": "pod"}), "enum value set: [instance, ip, lambda, alb]"),
        (json!({"TargetType": "alb"}), "alb"),
        (json!({"TargetType": "lambda"}), "cannot be specified"),
        (json!({"ProtocolVersion": "HTTP9"}), "HTTP9"),
        (json!({"Protocol": "TCP", "ProtocolVersion": "HTTP2"}), "protocol version"),
        (json!({"HealthCheckProtocol": "TCP"}), "not supported"),
        (json!({"HealthCheckPath": "healthz"}), "begin with a '/'"),
        (json!({"HealthCheckIntervalSeconds": 4}), "Value '4' at 'healthCheckIntervalSeconds'"),
        (json!({"HealthCheckIntervalSeconds": 10, "HealthCheckTimeoutSeconds": 10}), "smaller than the interval"),
        (json!({"HealthyThresholdCount": 11}), "less than or equal to 10"),
        (json!({"HealthCheckPort": "http"}), "traffic-port"),
        (json!({"Matcher": {"HttpCode": "600"}}), "matcher"),
        (json!({"Matcher": {"GrpcCode": "0"}}), "protocol version"),
        (json!({"Protocol": "TCP", "HealthCheckPath": "/"}), "TCP"),
    ];
    let rows: Vec<_> = rows.into_iter().map(|(changes, text)| (changes, "ValidationError", text)).collect();
    let base = json!({"Name": "shop", "Protocol": "HTTP", "Port": 80, "VpcId": VPC, "TargetType": "ip"});
    refused(&simulator, "CreateTargetGroup", &base, &rows);
    refused(
        &simulator,
        "CreateTargetGroup",
        &with(base, &json!({"Name": "web", "Port": 81})),
        &[(json!({}), "DuplicateTargetGroupName", "different settings")],
    );
}

#[test]
fn a_listener_that_breaks_a_rule_is_refused() {
    let (simulator, edge) = world();
    let tcp = json!({"Name": "tcp", "Protocol": "TCP", "Port": 80, "VpcId": VPC, "TargetType": "ip"});
    let tcp = common::text(&common::made(&simulator, "CreateTargetGroup", tcp, "TargetGroups"), "TargetGroupArn");
    let other = common::edge(&simulator, "other");
    let forward = |arn: &str| json!([{"Type": "forward", "TargetGroupArn": arn}]);
    let fixed = |code: &str| json!([{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": code}}]);
    let certificate = json!([{"CertificateArn": "arn:aws:acm:eu-central-1:111122223333:certificate/none"}]);
    let loop_back = json!([{"Type": "redirect", "RedirectConfig": {"StatusCode": "HTTP_301"}}]);
    refused(
        &simulator,
        "CreateListener",
        &json!({"LoadBalancerArn": edge.balancer, "Protocol": "HTTP", "Port": 81, "DefaultActions": fixed("404")}),
        &[
            (json!({"LoadBalancerArn": format!("{}0", edge.balancer)}), "LoadBalancerNotFound", "not found"),
            (json!({"Port": null}), "ValidationError", "port must be specified"),
            (json!({"Protocol": null}), "ValidationError", "protocol must be specified"),
            (json!({"Protocol": "TCP"}), "ValidationError", "must be one of 'HTTP, HTTPS'"),
            (json!({"Port": 80}), "DuplicateListener", "already exists on this port"),
            (json!({"Protocol": "HTTPS"}), "ValidationError", "A certificate must be specified for HTTPS listeners"),
            (json!({"Protocol": "HTTPS", "Certificates": certificate}), "CertificateNotFound", "not found"),
            (json!({"Certificates": certificate}), "ValidationError", "HTTP listeners"),
            (json!({"DefaultActions": []}), "ValidationError", "action must be specified"),
            (
                json!({"DefaultActions": fixed("700")}),
                "ValidationError",
                "defaultActions.1.member.fixedResponseConfig.statusCode",
            ),
            (json!({"DefaultActions": loop_back}), "InvalidLoadBalancerAction", "creates a loop"),
            (json!({"DefaultActions": forward("arn:none")}), "TargetGroupNotFound", "arn:none"),
            (json!({"DefaultActions": forward(&tcp)}), "IncompatibleProtocols", "TCP"),
            (json!({"DefaultActions": forward(&other.group)}), "TargetGroupAssociationLimit", "more than one load balancer"),
            (json!({"DefaultActions": [{"Type": "forward"}]}), "ValidationError", "target group ARN"),
        ],
    );
}

#[test]
fn a_rule_that_breaks_a_rule_is_refused() {
    let (simulator, edge) = world();
    rule(&simulator, &edge, (7, "a.example.com"), &[(&edge.group, 1)]);
    let condition = |field: &str, values: Value| json!([{"Field": field, "Values": values}]);
    let tuple = json!({"TargetGroupArn": edge.group, "Weight": 1000});
    let six = json!(["/1", "/2", "/3", "/4", "/5", "/6"]);
    let header = |name: &str| json!([{"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": name, "Values": ["x"]}}]);
    let oidc = json!([{"Type": "authenticate-oidc", "Order": 1}, {"Type": "forward", "TargetGroupArn": edge.group, "Order": 2}]);
    let rewrite =
        |regex: &str| json!([{"Type": "url-rewrite", "UrlRewriteConfig": {"Rewrites": [{"Regex": regex, "Replace": "/"}]}}]);
    refused(
        &simulator,
        "CreateRule",
        &json!({
            "ListenerArn": edge.listener, "Priority": 8, "Conditions": condition("path-pattern", json!(["/a"])),
            "Actions": [{"Type": "forward", "TargetGroupArn": edge.group}],
        }),
        &[
            (json!({"ListenerArn": format!("{}0", edge.listener)}), "ListenerNotFound", "not found"),
            (json!({"Priority": 7}), "PriorityInUse", "Priority '7' is currently in use"),
            (json!({"Priority": 0}), "ValidationError", "greater than or equal to 1"),
            (json!({"Priority": 50_001}), "ValidationError", "less than or equal to 50000"),
            (json!({"Conditions": []}), "ValidationError", "condition must be specified"),
            (json!({"Conditions": condition("path-pattern", six)}), "ValidationError", "'5' condition values"),
            (json!({"Conditions": condition("path-pattern", json!(["/a".repeat(65)]))}), "ValidationError", "'128'"),
            (json!({"Conditions": condition("path-pattern", json!(["/*/*/*/*/*/*/*"]))}), "ValidationError", "wildcards"),
            (json!({"Conditions": condition("host-header", json!(["nodots"]))}), "ValidationError", "not valid"),
            (
                json!({"Conditions": condition("cookie", json!(["a"]))}),
                "ValidationError",
                "Condition field 'cookie' must be one of",
            ),
            (json!({"Conditions": condition("source-ip", json!(["10.0.0.0/8"]))}), "ValidationError", "not compatible"),
            (json!({"Conditions": header(&"x".repeat(41))}), "ValidationError", "'40'"),
            (json!({"Conditions": header("Host")}), "ValidationError", "host-header"),
            (
                json!({"Conditions": [
                    {"Field": "path-pattern", "Values": ["/a"]}, {"Field": "path-pattern", "Values": ["/b"]},
                ]}),
                "ValidationError",
                "only have one 'path-pattern'",
            ),
            (
                json!({"Conditions": [{"Field": "source-ip", "SourceIpConfig": {"Values": ["10.0.0.1"]}}]}),
                "ValidationError",
                "not valid",
            ),
            (json!({"Conditions": [{"Field": "path-pattern", "RegexValues": ["("]}]}), "ValidationError", "regular expression"),
            (json!({"Actions": [{"Type": "forward", "ForwardConfig": {"TargetGroups": [tuple]}}]}), "ValidationError", "'0-999'"),
            (json!({"Actions": oidc}), "InvalidLoadBalancerAction", "HTTPS"),
            (json!({"Transforms": rewrite("(")}), "ValidationError", "regular expression"),
        ],
    );
}

#[test]
fn the_default_rule_can_neither_go_nor_move() {
    let (simulator, edge) = world();
    let rules = simulator.call_elb("DescribeRules", json!({"ListenerArn": edge.listener})).unwrap();
    let default = &rules["Rules"][0]["RuleArn"];
    let pairs = json!([{"RuleArn": default, "Priority": 1}]);
    let fixed = json!([{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}]);
    for (operation, input) in [
        ("DeleteRule", json!({"RuleArn": default})),
        ("SetRulePriorities", json!({"RulePriorities": pairs})),
        ("ModifyRule", json!({"RuleArn": default, "Actions": fixed})),
    ] {
        assert_eq!(simulator.call_elb(operation, input).unwrap_err().code, "OperationNotPermitted", "{operation}");
    }
}

#[test]
fn rules_trade_places_at_once_or_not_at_all() {
    let (simulator, edge) = world();
    let first = rule(&simulator, &edge, (1, "a.example.com"), &[(&edge.group, 1)]);
    let second = rule(&simulator, &edge, (2, "b.example.com"), &[(&edge.group, 1)]);
    rule(&simulator, &edge, (3, "c.example.com"), &[(&edge.group, 1)]);
    let set = |one: i64, two: i64| {
        let pairs = json!([{"RuleArn": first, "Priority": one}, {"RuleArn": second, "Priority": two}]);
        simulator.call_elb("SetRulePriorities", json!({"RulePriorities": pairs})).map(drop).map_err(|error| error.code)
    };
    assert_eq!(set(2, 3), Err("PriorityInUse".to_owned()));
    assert_eq!(set(2, 2), Err("ValidationError".to_owned()));
    assert_eq!(set(2, 1), Ok(()));
    let rules = simulator.call_elb("DescribeRules", json!({"ListenerArn": edge.listener})).unwrap();
    let order: Vec<_> = rules["Rules"].as_array().unwrap().iter().map(|rule| rule["Priority"].as_str().unwrap()).collect();
    assert_eq!(order, ["1", "2", "3", "default"]);
    assert_eq!(rules["Rules"][0]["RuleArn"], second);
}

#[test]
fn what_is_in_use_cannot_be_deleted_and_what_is_gone_counts_as_deleted() {
    let (simulator, edge) = world();
    let code = |operation: &str, input: Value| simulator.call_elb(operation, input).map(drop).map_err(|error| error.code);
    let refused = |code: &str| Err(code.to_owned());
    assert_eq!(code("DeleteTargetGroup", json!({"TargetGroupArn": edge.group})), refused("ResourceInUse"));
    let protect = |value: &str| {
        let attributes = json!([{"Key": "deletion_protection.enabled", "Value": value}]);
        code("ModifyLoadBalancerAttributes", json!({"LoadBalancerArn": edge.balancer, "Attributes": attributes}))
    };
    protect("true").unwrap();
    assert_eq!(code("DeleteLoadBalancer", json!({"LoadBalancerArn": edge.balancer})), refused("OperationNotPermitted"));
    protect("false").unwrap();
    assert_eq!(code("DeleteLoadBalancer", json!({"LoadBalancerArn": edge.balancer})), Ok(()));
    assert_eq!(code("DeleteLoadBalancer", json!({"LoadBalancerArn": edge.balancer})), Ok(()));
    assert_eq!(code("DescribeRules", json!({"ListenerArn": edge.listener})), refused("ListenerNotFound"));
    assert_eq!(code("DeleteTargetGroup", json!({"TargetGroupArn": edge.group})), Ok(()));
    assert_eq!(code("DescribeTargetHealth", json!({"TargetGroupArn": edge.group})), refused("TargetGroupNotFound"));
}

#[test]
fn quotas_have_their_own_codes_and_a_refused_call_leaves_nothing() {
    let (simulator, edge) = world();
    simulator.set_quota("rules-per-application-load-balancer", 1);
    simulator.set_quota("target-groups", 2);
    rule(&simulator, &edge, (1, "a.example.com"), &[(&edge.group, 1)]);
    let input = json!({
        "ListenerArn": edge.listener, "Priority": 2, "Conditions": [{"Field": "path-pattern", "Values": ["/b"]}],
        "Actions": [{"Type": "forward", "TargetGroupArn": edge.group}],
    });
    assert_eq!(simulator.call_elb("CreateRule", input).unwrap_err().code, "TooManyRules");
    let rules = simulator.call_elb("DescribeRules", json!({"ListenerArn": edge.listener})).unwrap();
    assert_eq!(rules["Rules"].as_array().unwrap().len(), 2);
    group(&simulator, "second");
    let input = json!({"Name": "third", "Protocol": "HTTP", "Port": 80, "VpcId": VPC, "TargetType": "ip"});
    assert_eq!(simulator.call_elb("CreateTargetGroup", input).unwrap_err().code, "TooManyTargetGroups");
    simulator.set_quota("target-groups-per-application-load-balancer", 1);
    let second = group(&simulator, "second");
    let actions = json!([{"Type": "forward", "TargetGroupArn": second}]);
    let input = json!({"LoadBalancerArn": edge.balancer, "Protocol": "HTTP", "Port": 81, "DefaultActions": actions});
    assert_eq!(simulator.call_elb("CreateListener", input).unwrap_err().code, "TooManyUniqueTargetGroupsPerLoadBalancer");
}

#[test]
fn twenty_resources_are_described_with_their_tags_and_no_more() {
    let (simulator, edge) = world();
    let tags = json!([{"Key": "owner", "Value": "us"}]);
    simulator.call_elb("AddTags", json!({"ResourceArns": [edge.listener, edge.group], "Tags": tags})).unwrap();
    let described = simulator.call_elb("DescribeTags", json!({"ResourceArns": [edge.group]})).unwrap();
    assert_eq!(described["TagDescriptions"][0]["Tags"], tags);
    let many = vec![edge.group.clone(); 21];
    assert_eq!(simulator.call_elb("DescribeTags", json!({"ResourceArns": many})).unwrap_err().code, "ValidationError");
    let gone = json!({"ResourceArns": [format!("{}0", edge.group)]});
    assert_eq!(simulator.call_elb("DescribeTags", gone).unwrap_err().code, "TargetGroupNotFound");
}

#[test]
fn ecs_refuses_target_groups_that_cannot_work() {
    let (simulator, edge) = world();
    let definition = |family: &str, mode: &str| {
        json!({
            "family": family, "networkMode": mode, "cpu": "256", "memory": "512",
            "containerDefinitions": [{"name": "app", "image": "nginx", "memory": 64, "portMappings": [{"containerPort": 80}]}],
        })
    };
    simulator.call("RegisterTaskDefinition", definition("web", "awsvpc")).unwrap();
    simulator.call("RegisterTaskDefinition", definition("host", "bridge")).unwrap();
    let loose = group(&simulator, "loose");
    let none = format!("{}0", edge.group);
    let create = |definition: &str, group: &str| {
        let mut input = json!({
            "cluster": "main", "serviceName": "web", "taskDefinition": definition, "desiredCount": 1,
            "loadBalancers": [{"targetGroupArn": group, "containerName": "app", "containerPort": 80}],
        });
        if definition == "web" {
            input["networkConfiguration"] = json!({"awsvpcConfiguration": {"subnets": ["subnet-a"]}});
        }
        simulator.call("CreateService", input).map(drop)
    };
    for (definition, group, text) in [
        ("web", none.as_str(), "does not exist"),
        ("web", loose.as_str(), "does not have an associated load balancer."),
        ("host", edge.group.as_str(), "has target type ip, which is incompatible with the bridge network mode"),
    ] {
        let error = create(definition, group).unwrap_err();
        assert_eq!(error.code, "InvalidParameterException");
        assert!(error.message.contains(text), "{error}");
    }
    let elsewhere = "arn:aws:elasticloadbalancing:eu-central-1:444455556666:targetgroup/web/0123456789abcdef";
    create("web", elsewhere).unwrap();
}
