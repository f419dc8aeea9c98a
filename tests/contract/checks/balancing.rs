//! Load balancers, listeners and rules: what is read back, what a change keeps, what goes with what.

use crate::check::{Check, Seen, check, claim, holds, same};
use crate::target::Aws;
use serde_json::{Value, json};

/// Load balancers and listeners.
pub fn balancers() -> Vec<Check> {
    vec![
        check("a load balancer faces the internet, with IPv4 and of type application, unless said otherwise", "M", defaults),
        check("a load balancer is provisioning at first and active later", "M", active),
        check("a load balancer tells its network, its DNS name and a hosted zone", "M", identity),
        check("each subnet is shown with its zone", "M", zones),
        check("a name with the same settings gives the load balancer back", "M", again),
        check("attributes that nobody set are there, as texts", "CRD", attributes),
        check("an attribute that is set leaves the others alone", "M", attribute),
        check("security groups are replaced", "M", security_groups),
        check("the deletion of a load balancer that is not there is no error", "M", delete_nothing),
        check("the deletion of a load balancer takes its listeners along, and leaves its target groups", "lb 1 M", delete),
        check("a list of load balancers is read by pages", "M", pages),
        check("the default actions of a listener are those of a rule without a number", "M", default_rule),
        check("a listener keeps what a change leaves out", "M", listener_kept),
        check("a listener moves to another port", "M", listener_moves),
    ]
}

/// Rules.
pub fn rules() -> Vec<Check> {
    vec![
        check("a forward to one group is read back in both forms, with weight 1", "lb 4.31 CRD", forward),
        check("a forward to two groups is read back with its weights, and without a single group", "lb 4.31 CRD", weights),
        check("values of paths and hosts stand in both places", "lb 4.32 CRD", mirrored),
        check("values of other fields stand in their own place only", "lb 4.32 CRD", own_place),
        check("a redirect has filled in what it leaves as it is", "lb 4.32 CRD", redirect),
        check("a rule without transforms has an empty list of them", "lb 4.32 CRD", no_transforms),
        check("a rule keeps what a change leaves out", "lb 1 M", rule_kept),
        check("transforms are kept by a change, and go when that is said", "lb 1 M", transforms),
        check("rules are listed by priority, the default one last", "M", order),
        check("two rules trade places in one call", "lb 1 M", trade),
        check("a priority is free again when its rule is gone", "M", freed),
    ]
}

async fn defaults(aws: Aws) -> Seen {
    let wanted = json!({"Scheme": "internet-facing", "IpAddressType": "ipv4", "Type": "application", "LoadBalancerName": aws.id});
    holds("", &aws.balancer(&json!({})).await?, &wanted)
}

async fn active(aws: Aws) -> Seen {
    let made = aws.balancer(&json!({})).await?;
    same("`State`", &made["State"]["Code"], &json!("provisioning"))?;
    aws.until("it is active", async |aws| {
        let answer = aws.elb("DescribeLoadBalancers", json!({"Names": [aws.id]})).await?;
        Ok((answer["LoadBalancers"][0]["State"]["Code"] == "active").then_some(()))
    })
    .await
}

async fn identity(aws: Aws) -> Seen {
    let made = aws.balancer(&json!({})).await?;
    same("`VpcId`", &made["VpcId"], &json!(aws.vpc()))?;
    let name = made["DNSName"].as_str().unwrap_or_default();
    claim(name.starts_with(&aws.id) && name.contains("eu-central-1.elb."), format!("`DNSName` is `{name}`"))?;
    claim(made["CanonicalHostedZoneId"].as_str().is_some_and(|zone| zone.starts_with('Z')), "there is no zone")
}

async fn zones(aws: Aws) -> Seen {
    let made = aws.balancer(&json!({})).await?;
    let zones = made["AvailabilityZones"].as_array().cloned().unwrap_or_default();
    same("the number of zones", &json!(zones.len()), &json!(2))?;
    let is_whole =
        |zone: &Value| zone["SubnetId"].is_string() && zone["ZoneName"].as_str().is_some_and(|name| name.contains("eu-"));
    claim(zones.iter().all(is_whole), format!("the zones are `{}`", Value::from(zones)))
}

async fn again(aws: Aws) -> Seen {
    let made = aws.balancer(&json!({})).await?;
    claim(aws.balancer(&json!({})).await?["LoadBalancerArn"] == made["LoadBalancerArn"], "another one is made")
}

async fn read_attribute(aws: &Aws, balancer: &Value, key: &str) -> Result<Value, String> {
    Ok(aws.attribute("DescribeLoadBalancerAttributes", json!({"LoadBalancerArn": balancer}), key).await?)
}

async fn attributes(aws: Aws) -> Seen {
    let made = aws.balancer(&json!({})).await?;
    for (key, value) in
        [("idle_timeout.timeout_seconds", "60"), ("deletion_protection.enabled", "false"), ("routing.http2.enabled", "true")]
    {
        same(&format!("`{key}`"), &read_attribute(&aws, &made["LoadBalancerArn"], key).await?, &json!(value))?;
    }
    Ok(())
}

async fn attribute(aws: Aws) -> Seen {
    let arn = aws.balancer(&json!({})).await?["LoadBalancerArn"].clone();
    let set = json!([{"Key": "idle_timeout.timeout_seconds", "Value": "30"}]);
    aws.elb("ModifyLoadBalancerAttributes", json!({"LoadBalancerArn": arn, "Attributes": set})).await?;
    same("the one", &read_attribute(&aws, &arn, "idle_timeout.timeout_seconds").await?, &json!("30"))?;
    same("the other", &read_attribute(&aws, &arn, "routing.http2.enabled").await?, &json!("true"))
}

async fn security_groups(aws: Aws) -> Seen {
    let arn = aws.balancer(&json!({})).await?["LoadBalancerArn"].clone();
    let input = json!({"LoadBalancerArn": arn, "SecurityGroups": [aws.group_id()]});
    let answer = aws.elb("SetSecurityGroups", input).await?;
    same("`SecurityGroupIds`", &answer["SecurityGroupIds"], &json!([aws.group_id()]))
}

async fn delete_nothing(aws: Aws) -> Seen {
    let arn = aws.balancer(&json!({})).await?["LoadBalancerArn"].clone();
    for _ in 0..2 {
        aws.elb("DeleteLoadBalancer", json!({"LoadBalancerArn": arn})).await?;
    }
    Ok(())
}

async fn delete(aws: Aws) -> Seen {
    let edge = aws.edge().await?;
    aws.elb("DeleteLoadBalancer", json!({"LoadBalancerArn": edge.balancer})).await?;
    let listeners = aws.elb("DescribeListeners", json!({"ListenerArns": [edge.listener]})).await;
    claim(listeners.is_err_and(|refusal| refusal.code == "ListenerNotFound"), "the listener is still there")?;
    let groups = aws.elb("DescribeTargetGroups", json!({"TargetGroupArns": [edge.group]})).await?;
    let behind = &groups["TargetGroups"][0]["LoadBalancerArns"];
    claim(behind.as_array().is_none_or(Vec::is_empty), "`LoadBalancerArns` still names it")
}

async fn pages(aws: Aws) -> Seen {
    for number in 0..2 {
        aws.balancer(&json!({"Name": format!("{}-{number}", aws.id)})).await?;
    }
    let page = aws.elb("DescribeLoadBalancers", json!({"PageSize": 1})).await?;
    claim(page["LoadBalancers"].as_array().is_some_and(|page| page.len() == 1), "PageSize 1 gives everything at once")?;
    let next = aws.elb("DescribeLoadBalancers", json!({"Marker": page["NextMarker"], "PageSize": 1})).await?;
    claim(
        next["LoadBalancers"][0]["LoadBalancerArn"] != page["LoadBalancers"][0]["LoadBalancerArn"],
        "the second page is the first",
    )
}

async fn default_rule(aws: Aws) -> Seen {
    let edge = aws.edge().await?;
    let rules = aws.rules(&edge).await?;
    same("the number of rules", &json!(rules.len()), &json!(1))?;
    holds("", &rules[0], &json!({"Priority": "default", "IsDefault": "true"}))?;
    same("the group", &rules[0]["Actions"][0]["TargetGroupArn"], &edge.group)
}

async fn listener_kept(aws: Aws) -> Seen {
    let edge = aws.edge().await?;
    let fixed = json!([{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}]);
    let answer = aws.elb("ModifyListener", json!({"ListenerArn": edge.listener, "DefaultActions": fixed})).await?;
    holds("", &answer["Listeners"][0], &json!({"Port": "80", "Protocol": "HTTP"}))
}

async fn listener_moves(aws: Aws) -> Seen {
    let edge = aws.edge().await?;
    let answer = aws.elb("ModifyListener", json!({"ListenerArn": edge.listener, "Port": 81})).await?;
    same("`Port`", &answer["Listeners"][0]["Port"], &json!("81"))?;
    same("the group", &answer["Listeners"][0]["DefaultActions"][0]["TargetGroupArn"], &edge.group)
}

async fn forward(aws: Aws) -> Seen {
    let edge = aws.edge().await?;
    let action = aws.rule(&edge, &json!({})).await?["Actions"][0].clone();
    same("`TargetGroupArn`", &action["TargetGroupArn"], &edge.group)?;
    let forward = &action["ForwardConfig"];
    same("`ForwardConfig.TargetGroups`", &forward["TargetGroups"], &json!([{"TargetGroupArn": edge.group, "Weight": "1"}]))?;
    same("`Enabled`", &forward["TargetGroupStickinessConfig"]["Enabled"], &json!("false"))
}

async fn weights(aws: Aws) -> Seen {
    let edge = aws.edge().await?;
    let other = aws.group(&json!({"Name": format!("{}-green", aws.id)})).await?["TargetGroupArn"].clone();
    let tuples = json!([{"TargetGroupArn": edge.group, "Weight": 9}, {"TargetGroupArn": other, "Weight": 0}]);
    let actions = json!([{"Type": "forward", "ForwardConfig": {"TargetGroups": tuples}}]);
    let action = aws.rule(&edge, &json!({"Actions": actions})).await?["Actions"][0].clone();
    same("`TargetGroupArn`", &action["TargetGroupArn"], &Value::Null)?;
    let wanted = json!([{"TargetGroupArn": edge.group, "Weight": "9"}, {"TargetGroupArn": other, "Weight": "0"}]);
    same("`ForwardConfig.TargetGroups`", &action["ForwardConfig"]["TargetGroups"], &wanted)
}

async fn mirrored(aws: Aws) -> Seen {
    let edge = aws.edge().await?;
    let conditions = json!([{"Field": "host-header", "HostHeaderConfig": {"Values": ["a.example.com"]}}]);
    let condition = aws.rule(&edge, &json!({"Conditions": conditions})).await?["Conditions"][0].clone();
    same("`Values`", &condition["Values"], &json!(["a.example.com"]))?;
    same("`HostHeaderConfig.Values`", &condition["HostHeaderConfig"]["Values"], &json!(["a.example.com"]))
}

async fn own_place(aws: Aws) -> Seen {
    let edge = aws.edge().await?;
    let conditions = json!([{"Field": "source-ip", "SourceIpConfig": {"Values": ["10.0.0.0/8"]}}]);
    let condition = aws.rule(&edge, &json!({"Conditions": conditions})).await?["Conditions"][0].clone();
    same("`SourceIpConfig.Values`", &condition["SourceIpConfig"]["Values"], &json!(["10.0.0.0/8"]))?;
    claim(condition["Values"].as_array().is_none_or(Vec::is_empty), format!("`Values` is `{}`", condition["Values"]))
}

async fn redirect(aws: Aws) -> Seen {
    let edge = aws.edge().await?;
    let config = json!({"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"});
    let rule = aws.rule(&edge, &json!({"Actions": [{"Type": "redirect", "RedirectConfig": config}]})).await?;
    let wanted = json!({"Host": "#{host}", "Path": "/#{path}", "Query": "#{query}", "Port": "443"});
    holds("", &rule["Actions"][0]["RedirectConfig"], &wanted)
}

async fn no_transforms(aws: Aws) -> Seen {
    let edge = aws.edge().await?;
    // An empty element is an empty text here.
    same("`Transforms`", &aws.rule(&edge, &json!({})).await?["Transforms"], &json!(""))
}

async fn rule_kept(aws: Aws) -> Seen {
    let edge = aws.edge().await?;
    let rule = aws.rule(&edge, &json!({})).await?;
    let fixed = json!([{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}]);
    let answer = aws.elb("ModifyRule", json!({"RuleArn": rule["RuleArn"], "Actions": fixed})).await?;
    holds("", &answer["Rules"][0], &json!({"Priority": "10", "Conditions": rule["Conditions"]}))
}

async fn transforms(aws: Aws) -> Seen {
    let edge = aws.edge().await?;
    let rewrites = json!({"Rewrites": [{"Regex": "^/a/(.*)$", "Replace": "/$1"}]});
    let transforms = json!([{"Type": "url-rewrite", "UrlRewriteConfig": rewrites}]);
    let arn = aws.rule(&edge, &json!({"Transforms": transforms})).await?["RuleArn"].clone();
    let conditions = json!([{"Field": "path-pattern", "Values": ["/b"]}]);
    let kept = aws.elb("ModifyRule", json!({"RuleArn": arn, "Conditions": conditions})).await?;
    same("`Transforms`", &kept["Rules"][0]["Transforms"], &transforms)?;
    let reset = aws.elb("ModifyRule", json!({"RuleArn": arn, "ResetTransforms": true})).await?;
    claim(!reset["Rules"][0]["Transforms"].is_array(), "the transforms are still there")
}

async fn order(aws: Aws) -> Seen {
    let edge = aws.edge().await?;
    for priority in [200, 30, 1000] {
        let conditions = json!([{"Field": "path-pattern", "Values": [format!("/{priority}")]}]);
        aws.rule(&edge, &json!({"Priority": priority, "Conditions": conditions})).await?;
    }
    let order: Vec<Value> = aws.rules(&edge).await?.iter().map(|rule| rule["Priority"].clone()).collect();
    same("the order", &json!(order), &json!(["30", "200", "1000", "default"]))
}

async fn two(aws: &Aws, edge: &crate::balancing::Edge) -> Result<(Value, Value), String> {
    let other = json!([{"Field": "path-pattern", "Values": ["/b"]}]);
    let first = aws.rule(edge, &json!({})).await?["RuleArn"].clone();
    let second = aws.rule(edge, &json!({"Priority": 11, "Conditions": other})).await?["RuleArn"].clone();
    Ok((first, second))
}

async fn trade(aws: Aws) -> Seen {
    let edge = aws.edge().await?;
    let (first, second) = two(&aws, &edge).await?;
    let pairs = json!([{"RuleArn": first, "Priority": 11}, {"RuleArn": second, "Priority": 10}]);
    aws.elb("SetRulePriorities", json!({"RulePriorities": pairs})).await?;
    claim(aws.rules(&edge).await?[0]["RuleArn"] == second, "they have not traded places")
}

async fn freed(aws: Aws) -> Seen {
    let edge = aws.edge().await?;
    let rule = aws.rule(&edge, &json!({})).await?;
    aws.elb("DeleteRule", json!({"RuleArn": rule["RuleArn"]})).await?;
    aws.rule(&edge, &json!({})).await.map(drop).map_err(String::from)
}
