//! A load balancer that somebody else made, with rules of its own, and rules of ours on it.

use crate::world::{World, until_some};
use ecs_operator::api::EcsListenerRule;
use kube::api::{Api, DeleteParams};
use serde_json::{Value, json};

/// A load balancer of somebody else's, with a listener that answers 404.
pub struct Edge<'a> {
    pub world: &'a World,
    /// ARN of the load balancer.
    pub load_balancer: String,
    /// ARN of the listener on port 80.
    pub listener: String,
    vpc: String,
}

impl<'a> Edge<'a> {
    pub fn new(world: &'a World, name: &str) -> Self {
        let subnets = json!(["subnet-a", "subnet-b"]);
        let made = elb(world, "CreateLoadBalancer", json!({"Name": name, "Subnets": subnets, "SecurityGroups": ["sg-edge"]}));
        let load_balancer = text(&made["LoadBalancers"][0]["LoadBalancerArn"]);
        let vpc = text(&made["LoadBalancers"][0]["VpcId"]);
        let edge = Self { world, load_balancer, listener: String::new(), vpc };
        let listener = edge.listener_on(80);
        Self { listener, ..edge }
    }

    /// Makes another listener.
    pub fn listener_on(&self, port: i32) -> String {
        let made = elb(
            self.world,
            "CreateListener",
            json!({
                "LoadBalancerArn": self.load_balancer, "Protocol": "HTTP", "Port": port,
                "DefaultActions": [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}],
            }),
        );
        text(&made["Listeners"][0]["ListenerArn"])
    }

    /// A target group that something of somebody else's forwards to, or nothing yet.
    pub fn target_group(&self, name: &str) -> String {
        let made = elb(
            self.world,
            "CreateTargetGroup",
            json!({"Name": name, "Protocol": "HTTP", "Port": 80, "VpcId": self.vpc, "TargetType": "ip"}),
        );
        text(&made["TargetGroups"][0]["TargetGroupArn"])
    }

    /// Somebody makes a rule that forwards to their target group.
    pub fn foreign(&self, priority: i32, host: &str, target_group: &str) -> String {
        let made = elb(
            self.world,
            "CreateRule",
            json!({
                "ListenerArn": self.listener, "Priority": priority,
                "Conditions": [{"Field": "host-header", "Values": [host]}],
                "Actions": [{"Type": "forward", "TargetGroupArn": target_group}],
                "Tags": [{"Key": "team", "Value": "theirs"}],
            }),
        );
        text(&made["Rules"][0]["RuleArn"])
    }

    /// The rules of the listener but the default one, each with its tags. One that goes between the two reads is not there.
    pub fn rules(&self) -> Vec<Value> {
        let found = elb(self.world, "DescribeRules", json!({"ListenerArn": self.listener}));
        let rules = found["Rules"].as_array().unwrap().iter().filter(|rule| rule["Priority"] != "default");
        let with_tags = rules.map(|rule| json!({"rule": rule, "tags": self.tags(&text(&rule["RuleArn"]))}));
        with_tags.filter(|one| !one["tags"].is_null()).collect()
    }

    /// Tags of a thing; null if it is not there.
    pub fn tags(&self, arn: &str) -> Value {
        match self.world.aws.call_elb("DescribeTags", json!({"ResourceArns": [arn]})) {
            Ok(found) => found["TagDescriptions"][0]["Tags"].clone(),
            Err(gone) if gone.code.ends_with("NotFound") => Value::Null,
            Err(error) => panic!("{error:?}"),
        }
    }

    /// The rules that carry the tags of an object, by priority.
    pub fn ours(&self, name: &str) -> Vec<Value> {
        let mark = json!({"Key": "ecs-operator.io/name", "Value": name});
        let mut all: Vec<Value> = self
            .rules()
            .into_iter()
            .filter(|one| one["tags"].as_array().unwrap().contains(&mark))
            .map(|one| one["rule"].clone())
            .collect();
        all.sort_by_key(|rule| text(&rule["Priority"]).parse::<i32>().unwrap());
        all
    }

    /// Everything that nobody here made: listeners, target groups, their targets, rules, and the tags of all of them.
    pub fn foreign_things(&self) -> Value {
        let is_ours = |tags: &Value| tags.to_string().contains("ecs-operator.io/");
        let rules: Vec<Value> = self.rules().into_iter().filter(|one| !is_ours(&one["tags"])).collect();
        let listeners = elb(self.world, "DescribeListeners", json!({"LoadBalancerArn": self.load_balancer}));
        let listeners = listeners["Listeners"].as_array().unwrap().clone();
        let groups = elb(self.world, "DescribeTargetGroups", json!({}))["TargetGroups"].as_array().unwrap().clone();
        let with_tags = |arn: &Value, all: &Value| json!({"it": all, "tags": self.tags(&text(arn))});
        let groups: Vec<Value> = groups
            .iter()
            .map(|group| {
                let health = elb(self.world, "DescribeTargetHealth", json!({"TargetGroupArn": group["TargetGroupArn"]}));
                json!([with_tags(&group["TargetGroupArn"], group), health])
            })
            .collect();
        let listeners: Vec<Value> = listeners.iter().map(|one| with_tags(&one["ListenerArn"], one)).collect();
        json!({"rules": rules, "listeners": listeners, "target groups": groups, "load balancer": self.tags(&self.load_balancer)})
    }
}

/// Has Elastic Load Balancing done something directly, as somebody else in the account would.
pub fn elb(world: &World, operation: &str, input: Value) -> Value {
    world.aws.call_elb(operation, input).unwrap()
}

/// A text of an answer.
pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The rules of a story.
pub fn rules(world: &World) -> Api<EcsListenerRule> {
    Api::namespaced(world.kube.clone(), &world.namespace)
}

/// Waits until a rule is as `holds` says; fails with its status otherwise.
pub async fn until_rule(world: &World, name: &str, what: &str, holds: impl Fn(&EcsListenerRule) -> bool) -> EcsListenerRule {
    until_some(what, async || {
        let rule = rules(world).get(name).await.unwrap();
        if holds(&rule) { Ok(rule) } else { Err(serde_yaml_ng::to_string(&rule.status).unwrap()) }
    })
    .await
}

/// Waits until a rule is Ready for its newest generation.
pub async fn until_rule_ready(world: &World, name: &str) -> EcsListenerRule {
    until_rule(world, name, &format!("{name} is Ready"), is_rule_ready).await
}

/// Whether a rule is Ready for its newest generation.
pub fn is_rule_ready(rule: &EcsListenerRule) -> bool {
    let Some(status) = &rule.status else { return false };
    status.observed_generation == rule.metadata.generation
        && status.conditions.iter().any(|one| one.type_ == "Ready" && one.status == "True")
}

/// Waits until a rule is not Ready for this reason, and says each of these words.
pub async fn until_rule_says(world: &World, name: &str, reason: &str, words: &[&str]) -> EcsListenerRule {
    until_rule(world, name, &format!("{name} says {reason} and {words:?}"), |rule| {
        let said = rule.status.iter().flat_map(|status| &status.conditions);
        said.filter(|one| one.type_ == "Ready" && one.status == "False" && one.reason == reason)
            .any(|one| words.iter().all(|word| one.message.contains(word)))
    })
    .await
}

/// Deletes a rule and waits until it is gone.
pub async fn delete_rule(world: &World, name: &str) {
    rules(world).delete(name, &DeleteParams::default()).await.unwrap();
    until_rule_gone(world, name).await;
}

/// Waits until a rule is gone from Kubernetes.
pub async fn until_rule_gone(world: &World, name: &str) {
    until_some(&format!("rule {name} is gone"), async || {
        let left = rules(world).get_opt(name).await.unwrap();
        left.map_or(Ok(()), |left| Err(serde_yaml_ng::to_string(&left.status).unwrap()))
    })
    .await;
}

/// A rule that answers by itself.
pub fn answering(name: &str, listener: &str, hosts: &[String]) -> Value {
    json!({
        "apiVersion": "ecs-operator.io/v1alpha1", "kind": "EcsListenerRule", "metadata": {"name": name},
        "spec": {
            "listener": {"arn": listener}, "match": {"hosts": hosts},
            "fixedResponse": {"statusCode": "200", "contentType": "text/plain", "messageBody": name},
        },
    })
}
