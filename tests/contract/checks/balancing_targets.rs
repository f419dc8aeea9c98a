//! Target groups and targets: defaults, associations, health, and the tasks of ECS among them.

use crate::check::{Check, Seen, check, claim, holds, same};
use crate::target::Aws;
use serde_json::{Value, json};

/// Target groups.
pub fn groups() -> Vec<Check> {
    vec![
        check("an HTTP group is checked at `/` every 30 seconds for code 200, unless said otherwise", "lb 4.34 CRD", http),
        check("a TCP group is checked by connections, without a path", "lb 4.34 CRD", tcp),
        check("a gRPC group is checked for code 12 at its own path", "lb 4.34 CRD", grpc),
        check("a group is of instances with HTTP/1 and IPv4, unless said otherwise", "lb 4.34 M", instances),
        check("about twenty attributes are there that nobody set", "lb 4.35 CRD", attributes),
        check("a name with the same settings gives the group back", "M", again),
        check("a change of the health check leaves the rest of it alone", "M", modify),
        check("a group names the load balancer that forwards to it", "M", behind),
        check("a group that only a rule forwards to names its load balancer too", "lb 3.1 M", behind_rule),
        check("groups are found by their load balancer", "M", by_balancer),
        check("the deletion of a group that is not there is no error", "M", delete_nothing),
        check("tags are given at the creation, added and taken away", "M", tags),
        check("a listener and a rule have tags too", "M", tags_of_rules),
    ]
}

/// Targets.
pub fn targets() -> Vec<Check> {
    vec![
        check("a target of a group that nothing forwards to is unused", "M", unused),
        check("a target is initial at first", "M", initial),
        check("a target is healthy later", "M", healthy),
        check("a target that is not registered is unused, and says so", "M", not_registered),
        check("a target that is deregistered drains", "M", draining),
        check("a target without a port has the port of its group", "M", port),
        check("the deregistration of a target that is not there is no error", "M", deregister_nothing),
        check("a running task of a service is a target of its group", "2.6 M DG", task),
    ]
}

async fn http(aws: Aws) -> Seen {
    let wanted = json!({
        "HealthCheckProtocol": "HTTP", "HealthCheckPath": "/", "HealthCheckPort": "traffic-port", "HealthCheckIntervalSeconds": "30",
        "HealthCheckTimeoutSeconds": "5", "HealthyThresholdCount": "5", "UnhealthyThresholdCount": "2", "Matcher": {"HttpCode": "200"},
    });
    holds("", &aws.group(&json!({})).await?, &wanted)
}

async fn tcp(aws: Aws) -> Seen {
    let group = aws.group(&json!({"Protocol": "TCP"})).await?;
    holds("", &group, &json!({"HealthCheckProtocol": "TCP", "HealthCheckTimeoutSeconds": "10"}))?;
    claim(group["HealthCheckPath"].is_null() && group["Matcher"].is_null(), "there is a path or a matcher")
}

async fn grpc(aws: Aws) -> Seen {
    let wanted = json!({"HealthCheckPath": "/AWS.ALB/healthcheck", "Matcher": {"GrpcCode": "12"}, "ProtocolVersion": "GRPC"});
    holds("", &aws.group(&json!({"ProtocolVersion": "GRPC"})).await?, &wanted)
}

async fn instances(aws: Aws) -> Seen {
    let wanted = json!({"TargetType": "instance", "ProtocolVersion": "HTTP1", "IpAddressType": "ipv4"});
    holds("", &aws.group(&json!({"TargetType": null})).await?, &wanted)
}

async fn attributes(aws: Aws) -> Seen {
    let arn = aws.group(&json!({})).await?["TargetGroupArn"].clone();
    for (key, value) in [
        ("deregistration_delay.timeout_seconds", "300"),
        ("stickiness.enabled", "false"),
        ("slow_start.duration_seconds", "0"),
        ("load_balancing.algorithm.type", "round_robin"),
        ("load_balancing.cross_zone.enabled", "use_load_balancer_configuration"),
    ] {
        let seen = aws.attribute("DescribeTargetGroupAttributes", json!({"TargetGroupArn": arn}), key).await?;
        same(&format!("`{key}`"), &seen, &json!(value))?;
    }
    Ok(())
}

async fn again(aws: Aws) -> Seen {
    let made = aws.group(&json!({})).await?;
    claim(aws.group(&json!({})).await?["TargetGroupArn"] == made["TargetGroupArn"], "another one is made")
}

async fn modify(aws: Aws) -> Seen {
    let arn = aws.group(&json!({"HealthCheckIntervalSeconds": 15})).await?["TargetGroupArn"].clone();
    let answer = aws.elb("ModifyTargetGroup", json!({"TargetGroupArn": arn, "HealthCheckPath": "/healthz"})).await?;
    let wanted = json!({"HealthCheckPath": "/healthz", "HealthCheckIntervalSeconds": "15", "Matcher": {"HttpCode": "200"}});
    holds("", &answer["TargetGroups"][0], &wanted)
}

async fn behind_rule(aws: Aws) -> Seen {
    let edge = aws.edge().await?;
    let other = aws.group(&json!({"Name": format!("{}-other", aws.id)})).await?["TargetGroupArn"].clone();
    aws.rule(&edge, &json!({"Actions": [{"Type": "forward", "TargetGroupArn": other}]})).await?;
    let answer = aws.elb("DescribeTargetGroups", json!({"TargetGroupArns": [other]})).await?;
    same("`LoadBalancerArns`", &answer["TargetGroups"][0]["LoadBalancerArns"], &json!([edge.balancer]))
}

async fn behind(aws: Aws) -> Seen {
    let edge = aws.edge().await?;
    let answer = aws.elb("DescribeTargetGroups", json!({"TargetGroupArns": [edge.group]})).await?;
    same("`LoadBalancerArns`", &answer["TargetGroups"][0]["LoadBalancerArns"], &json!([edge.balancer]))
}

async fn by_balancer(aws: Aws) -> Seen {
    let edge = aws.edge().await?;
    aws.group(&json!({"Name": format!("{}-loose", aws.id)})).await?;
    let answer = aws.elb("DescribeTargetGroups", json!({"LoadBalancerArn": edge.balancer})).await?;
    let arns: Vec<&Value> =
        answer["TargetGroups"].as_array().into_iter().flatten().map(|group| &group["TargetGroupArn"]).collect();
    same("the list", &json!(arns), &json!([edge.group]))
}

async fn delete_nothing(aws: Aws) -> Seen {
    let arn = aws.group(&json!({})).await?["TargetGroupArn"].clone();
    for _ in 0..2 {
        // Words that name the group differ from run to run.
        let answer = aws.elb("DeleteTargetGroup", json!({"TargetGroupArn": arn})).await;
        answer.map_err(|refusal| format!("refused with {}", refusal.code))?;
    }
    Ok(())
}

async fn tags_of(aws: &Aws, arn: &Value) -> Result<Value, String> {
    let answer = aws.elb("DescribeTags", json!({"ResourceArns": [arn]})).await?;
    let mut tags: Vec<Value> = answer["TagDescriptions"][0]["Tags"].as_array().cloned().unwrap_or_default();
    tags.sort_by_key(Value::to_string);
    Ok(tags.into())
}

async fn tags(aws: Aws) -> Seen {
    let first = json!({"Key": "a", "Value": "1"});
    let arn = aws.group(&json!({"Tags": [first]})).await?["TargetGroupArn"].clone();
    aws.elb("AddTags", json!({"ResourceArns": [arn], "Tags": [{"Key": "b", "Value": "2"}]})).await?;
    same("the tags", &tags_of(&aws, &arn).await?, &json!([first, {"Key": "b", "Value": "2"}]))?;
    aws.elb("RemoveTags", json!({"ResourceArns": [arn], "TagKeys": ["b"]})).await?;
    same("the tags", &tags_of(&aws, &arn).await?, &json!([first]))
}

async fn tags_of_rules(aws: Aws) -> Seen {
    let edge = aws.edge().await?;
    let tag = json!([{"Key": "a", "Value": "1"}]);
    let rule = aws.rule(&edge, &json!({"Tags": tag})).await?["RuleArn"].clone();
    same("the tags of the rule", &tags_of(&aws, &rule).await?, &tag)?;
    aws.elb("AddTags", json!({"ResourceArns": [edge.listener], "Tags": tag})).await?;
    same("the tags of the listener", &tags_of(&aws, &edge.listener).await?, &tag)
}

const TARGET: &str = "10.0.9.1";

async fn register(aws: &Aws, group: &Value) -> Seen {
    // Outside of the network, wherever that is, in all zones.
    let target = json!([{"Id": TARGET, "AvailabilityZone": "all"}]);
    aws.elb("RegisterTargets", json!({"TargetGroupArn": group, "Targets": target})).await.map(drop).map_err(String::from)
}

async fn unused(aws: Aws) -> Seen {
    let group = aws.group(&json!({})).await?["TargetGroupArn"].clone();
    register(&aws, &group).await?;
    holds("", &aws.health(&group, None).await?, &json!({"State": "unused", "Reason": "Target.NotInUse"}))
}

async fn initial(aws: Aws) -> Seen {
    let edge = aws.edge().await?;
    register(&aws, &edge.group).await?;
    holds("", &aws.health(&edge.group, None).await?, &json!({"State": "initial", "Reason": "Elb.RegistrationInProgress"}))
}

async fn healthy(aws: Aws) -> Seen {
    let edge = aws.edge().await?;
    register(&aws, &edge.group).await?;
    aws.until("the target is healthy", async |aws| Ok((aws.health(&edge.group, None).await?["State"] == "healthy").then_some(())))
        .await
}

async fn not_registered(aws: Aws) -> Seen {
    let edge = aws.edge().await?;
    let wanted = json!({"State": "unused", "Reason": "Target.NotRegistered"});
    holds("", &aws.health(&edge.group, Some("10.0.9.2")).await?, &wanted)
}

async fn draining(aws: Aws) -> Seen {
    let edge = aws.edge().await?;
    register(&aws, &edge.group).await?;
    let target = json!([{"Id": TARGET}]);
    aws.elb("DeregisterTargets", json!({"TargetGroupArn": edge.group, "Targets": target})).await?;
    let wanted = json!({"State": "draining", "Reason": "Target.DeregistrationInProgress"});
    holds("", &aws.health(&edge.group, Some(TARGET)).await?, &wanted)
}

async fn port(aws: Aws) -> Seen {
    let edge = aws.edge().await?;
    register(&aws, &edge.group).await?;
    let answer = aws.elb("DescribeTargetHealth", json!({"TargetGroupArn": edge.group})).await?;
    same("`Port`", &answer["TargetHealthDescriptions"][0]["Target"]["Port"], &json!("80"))
}

async fn deregister_nothing(aws: Aws) -> Seen {
    let edge = aws.edge().await?;
    let target = json!([{"Id": "10.0.9.3"}]);
    let answer = aws.elb("DeregisterTargets", json!({"TargetGroupArn": edge.group, "Targets": target})).await;
    answer.map(drop).map_err(String::from)
}

async fn task(aws: Aws) -> Seen {
    let edge = aws.edge().await?;
    let balancers = json!([{"targetGroupArn": edge.group, "containerName": "app", "containerPort": 80}]);
    aws.create(json!({"loadBalancers": balancers})).await?;
    aws.until("a task is a target", async |aws| {
        let answer = aws.elb("DescribeTargetHealth", json!({"TargetGroupArn": edge.group})).await?;
        Ok(answer["TargetHealthDescriptions"][0]["Target"]["Id"].is_string().then_some(()))
    })
    .await
}
