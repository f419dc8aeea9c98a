//! What Elastic Load Balancing does not take, and what ECS does not take of it.

use crate::check::{Check, Seen, check, refused};
use crate::target::Aws;
use serde_json::{Value, json};

const INVALID: &str = "ValidationError";

/// Refusals about load balancers and listeners.
pub fn edges() -> Vec<Check> {
    vec![
        check("a name of 33 characters", "lb 3.4 obs", long_name),
        check("a name with an underscore", "lb 3.4 obs", bad_name),
        check("a name that is taken, with other settings", "M", taken),
        check("an Application Load Balancer in one zone", "M", one_zone),
        check("the deletion of a load balancer that is protected", "lb 3.3 M", protected),
        check("an attribute that there is not", "M", attribute),
        check("a load balancer that is not there, by its name", "M", no_balancer),
        check("a second listener on a port", "M", second_listener),
        check("HTTPS without a certificate", "M", no_certificate),
        check("a TCP listener of an Application Load Balancer", "M", tcp),
        check("a listener of a load balancer that is not there", "M", nowhere),
        check("a forward to a group that is not there", "M", no_group),
        check("a forward to a TCP group from an HTTP listener", "M", protocols),
        check("a group behind a second load balancer", "lb 3.4 M", association),
        check("a redirect to itself", "M", redirect),
        check("a fixed response with a code that there is not", "M", fixed),
    ]
}

/// Refusals about rules.
pub fn rules() -> Vec<Check> {
    vec![
        check("a priority that is taken", "lb 3.4 M", priority),
        check("a priority of 0", "M", priority_zero),
        check("a move to a priority that is taken", "M", moved),
        check("six values in a rule", "lb 3.4 obs", six),
        check("a field that there is not", "M", field),
        check("a rule without a condition", "M", no_condition),
        check("a weight of 1000", "M", weight),
        check("the deletion of the default rule", "M", default_deleted),
        check("a number for the default rule", "M", default_moved),
        check("a rule that is not there", "M", no_rule),
    ]
}

/// Refusals about target groups, tags and services.
pub fn groups() -> Vec<Check> {
    vec![
        check("a target group without a protocol", "M", no_protocol),
        check("a target group without a network", "M", no_network),
        check("a name of a target group that is taken, with other settings", "M", group_taken),
        check("a health check every 4 seconds", "M", interval),
        check("a timeout that is as long as the interval", "obs", timeout),
        check("a function with a port", "M", lambda),
        check("the deletion of a target group that a listener forwards to", "lb 3.3 M", in_use),
        check("a target group that is not there", "M", group_missing),
        check("a delay of 3601 seconds", "M", delay),
        check("tags of 21 resources in one call", "lb 4.16 M", tags),
        check("a service behind a group that no load balancer forwards to", "lb 3.1 TF", loose),
        check("a service of awsvpc tasks behind a group of instances", "lb 3.1 obs", target_type),
    ]
}

async fn long_name(aws: Aws) -> Seen {
    refused(aws.balancer(&json!({"Name": "x".repeat(33)})).await, INVALID, "32")
}

async fn bad_name(aws: Aws) -> Seen {
    refused(aws.group(&json!({"Name": format!("{}_a", aws.id)})).await, INVALID, "alphanumeric")
}

async fn taken(aws: Aws) -> Seen {
    aws.balancer(&json!({})).await?;
    refused(aws.balancer(&json!({"Scheme": "internal"})).await, "DuplicateLoadBalancerName", "")
}

async fn one_zone(aws: Aws) -> Seen {
    let subnets = json!([aws.subnets()[0]]);
    refused(aws.balancer(&json!({"Subnets": subnets})).await, INVALID, "two different Availability Zones")
}

async fn protected(aws: Aws) -> Seen {
    let arn = aws.balancer(&json!({})).await?["LoadBalancerArn"].clone();
    let set = json!([{"Key": "deletion_protection.enabled", "Value": "true"}]);
    aws.elb("ModifyLoadBalancerAttributes", json!({"LoadBalancerArn": arn, "Attributes": set})).await?;
    refused(aws.elb("DeleteLoadBalancer", json!({"LoadBalancerArn": arn})).await, "OperationNotPermitted", "")
}

async fn attribute(aws: Aws) -> Seen {
    let arn = aws.balancer(&json!({})).await?["LoadBalancerArn"].clone();
    let set = json!([{"Key": "colour", "Value": "red"}]);
    let answer = aws.elb("ModifyLoadBalancerAttributes", json!({"LoadBalancerArn": arn, "Attributes": set})).await;
    refused(answer, INVALID, "colour")
}

async fn no_balancer(aws: Aws) -> Seen {
    refused(aws.elb("DescribeLoadBalancers", json!({"Names": ["nobody"]})).await, "LoadBalancerNotFound", "")
}

async fn second_listener(aws: Aws) -> Seen {
    let edge = aws.edge().await?;
    refused(aws.listener(&edge.balancer, &edge.group, &json!({})).await, "DuplicateListener", "")
}

async fn listener(aws: &Aws, patch: Value, code: &str, words: &str) -> Seen {
    let edge = aws.edge().await?;
    let patch = crate::check::with(json!({"Port": 81}), &patch);
    refused(aws.listener(&edge.balancer, &edge.group, &patch).await, code, words)
}

async fn no_certificate(aws: Aws) -> Seen {
    listener(&aws, json!({"Protocol": "HTTPS"}), INVALID, "certificate").await
}

async fn tcp(aws: Aws) -> Seen {
    listener(&aws, json!({"Protocol": "TCP"}), INVALID, "must be one of").await
}

async fn nowhere(aws: Aws) -> Seen {
    let edge = aws.edge().await?;
    let arn = json!(format!("{}0", edge.balancer.as_str().unwrap_or_default()));
    refused(aws.listener(&arn, &edge.group, &json!({"Port": 81})).await, "LoadBalancerNotFound", "")
}

async fn no_group(aws: Aws) -> Seen {
    let edge = aws.edge().await?;
    let arn = json!(format!("{}0", edge.group.as_str().unwrap_or_default()));
    refused(aws.listener(&edge.balancer, &arn, &json!({"Port": 81})).await, "TargetGroupNotFound", "")
}

async fn protocols(aws: Aws) -> Seen {
    let edge = aws.edge().await?;
    let tcp = aws.group(&json!({"Name": format!("{}-tcp", aws.id), "Protocol": "TCP"})).await?["TargetGroupArn"].clone();
    refused(aws.listener(&edge.balancer, &tcp, &json!({"Port": 81})).await, "IncompatibleProtocols", "")
}

async fn association(aws: Aws) -> Seen {
    let edge = aws.edge().await?;
    let second = aws.balancer(&json!({"Name": format!("{}-second", aws.id)})).await?["LoadBalancerArn"].clone();
    refused(aws.listener(&second, &edge.group, &json!({})).await, "TargetGroupAssociationLimit", "")
}

async fn redirect(aws: Aws) -> Seen {
    let actions = json!([{"Type": "redirect", "RedirectConfig": {"StatusCode": "HTTP_301"}}]);
    listener(&aws, json!({"DefaultActions": actions}), "InvalidLoadBalancerAction", "loop").await
}

async fn fixed(aws: Aws) -> Seen {
    let actions = json!([{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "700"}}]);
    listener(&aws, json!({"DefaultActions": actions}), INVALID, "statusCode").await
}

async fn rule(aws: &Aws, patch: Value, code: &str, words: &str) -> Seen {
    let edge = aws.edge().await?;
    refused(aws.rule(&edge, &patch).await, code, words)
}

async fn priority(aws: Aws) -> Seen {
    let edge = aws.edge().await?;
    aws.rule(&edge, &json!({})).await?;
    refused(aws.rule(&edge, &json!({})).await, "PriorityInUse", "")
}

async fn priority_zero(aws: Aws) -> Seen {
    rule(&aws, json!({"Priority": 0}), INVALID, "priority").await
}

async fn moved(aws: Aws) -> Seen {
    let edge = aws.edge().await?;
    let arn = aws.rule(&edge, &json!({})).await?["RuleArn"].clone();
    let other = json!([{"Field": "path-pattern", "Values": ["/b"]}]);
    aws.rule(&edge, &json!({"Priority": 11, "Conditions": other})).await?;
    let pairs = json!([{"RuleArn": arn, "Priority": 11}]);
    refused(aws.elb("SetRulePriorities", json!({"RulePriorities": pairs})).await, "PriorityInUse", "")
}

async fn six(aws: Aws) -> Seen {
    let values = ["/1", "/2", "/3", "/4", "/5", "/6"];
    let conditions = json!([{"Field": "path-pattern", "PathPatternConfig": {"Values": values}}]);
    rule(&aws, json!({"Conditions": conditions}), INVALID, "'5' condition values").await
}

async fn field(aws: Aws) -> Seen {
    rule(&aws, json!({"Conditions": [{"Field": "cookie", "Values": ["a"]}]}), INVALID, "must be one of").await
}

async fn no_condition(aws: Aws) -> Seen {
    rule(&aws, json!({"Conditions": null}), INVALID, "conditions").await
}

async fn weight(aws: Aws) -> Seen {
    let edge = aws.edge().await?;
    let tuples = json!([{"TargetGroupArn": edge.group, "Weight": 1000}]);
    let actions = json!([{"Type": "forward", "ForwardConfig": {"TargetGroups": tuples}}]);
    refused(aws.rule(&edge, &json!({"Actions": actions})).await, INVALID, "999")
}

async fn default_deleted(aws: Aws) -> Seen {
    let edge = aws.edge().await?;
    let default = aws.rules(&edge).await?[0]["RuleArn"].clone();
    refused(aws.elb("DeleteRule", json!({"RuleArn": default})).await, "OperationNotPermitted", "")
}

async fn default_moved(aws: Aws) -> Seen {
    let edge = aws.edge().await?;
    let default = aws.rules(&edge).await?[0]["RuleArn"].clone();
    let pairs = json!([{"RuleArn": default, "Priority": 1}]);
    refused(aws.elb("SetRulePriorities", json!({"RulePriorities": pairs})).await, "OperationNotPermitted", "")
}

async fn no_rule(aws: Aws) -> Seen {
    let edge = aws.edge().await?;
    let arn = aws.rule(&edge, &json!({})).await?["RuleArn"].clone();
    let arn = format!("{}0", arn.as_str().unwrap_or_default());
    refused(aws.elb("DeleteRule", json!({"RuleArn": arn})).await, "RuleNotFound", "")
}

async fn no_protocol(aws: Aws) -> Seen {
    refused(aws.group(&json!({"Protocol": null})).await, INVALID, "protocol must be specified")
}

async fn no_network(aws: Aws) -> Seen {
    refused(aws.group(&json!({"VpcId": null})).await, INVALID, "VPC")
}

async fn group_taken(aws: Aws) -> Seen {
    aws.group(&json!({})).await?;
    refused(aws.group(&json!({"Port": 81})).await, "DuplicateTargetGroupName", "")
}

async fn interval(aws: Aws) -> Seen {
    refused(aws.group(&json!({"HealthCheckIntervalSeconds": 4})).await, INVALID, "healthCheckIntervalSeconds")
}

async fn timeout(aws: Aws) -> Seen {
    let patch = json!({"HealthCheckIntervalSeconds": 10, "HealthCheckTimeoutSeconds": 10});
    refused(aws.group(&patch).await, INVALID, "smaller than the interval")
}

async fn lambda(aws: Aws) -> Seen {
    let patch = json!({"TargetType": "lambda", "Protocol": null, "VpcId": null});
    refused(aws.group(&patch).await, INVALID, "cannot be specified for target groups with target type 'lambda'")
}

async fn in_use(aws: Aws) -> Seen {
    let edge = aws.edge().await?;
    refused(aws.elb("DeleteTargetGroup", json!({"TargetGroupArn": edge.group})).await, "ResourceInUse", "currently in use")
}

async fn group_missing(aws: Aws) -> Seen {
    let edge = aws.edge().await?;
    let arn = format!("{}0", edge.group.as_str().unwrap_or_default());
    refused(aws.elb("DescribeTargetGroups", json!({"TargetGroupArns": [arn]})).await, "TargetGroupNotFound", "")
}

async fn delay(aws: Aws) -> Seen {
    let arn = aws.group(&json!({})).await?["TargetGroupArn"].clone();
    let set = json!([{"Key": "deregistration_delay.timeout_seconds", "Value": "3601"}]);
    refused(aws.elb("ModifyTargetGroupAttributes", json!({"TargetGroupArn": arn, "Attributes": set})).await, INVALID, "0-3600")
}

async fn tags(aws: Aws) -> Seen {
    let arn = aws.group(&json!({})).await?["TargetGroupArn"].clone();
    refused(aws.elb("DescribeTags", json!({"ResourceArns": vec![arn; 21]})).await, INVALID, "")
}

async fn service(aws: &Aws, group: &Value, words: &str) -> Seen {
    let balancers = json!([{"targetGroupArn": group, "containerName": "app", "containerPort": 80}]);
    refused(aws.create(json!({"loadBalancers": balancers})).await, "InvalidParameterException", words)
}

async fn loose(aws: Aws) -> Seen {
    let group = aws.group(&json!({})).await?["TargetGroupArn"].clone();
    service(&aws, &group, "does not have an associated load balancer").await
}

async fn target_type(aws: Aws) -> Seen {
    let edge = aws.edge().await?;
    let group = aws.group(&json!({"Name": format!("{}-i", aws.id), "TargetType": "instance"})).await?["TargetGroupArn"].clone();
    let actions = json!([{"Type": "forward", "TargetGroupArn": group}]);
    aws.rule(&edge, &json!({"Actions": actions})).await?;
    service(&aws, &group, "incompatible with the awsvpc network mode").await
}
