//! ECS's hand on listener rules: it swings the weights of blue/green, linear and canary deployments. load-balancing §3.2.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Elb, arn, health, listeners};

impl Elb {
    /// Has a rule, or the default action of a listener, forward by these weights. What was a single target group becomes a list, as
    /// ECS leaves it; stickiness stays.
    pub(crate) fn set_weights(&mut self, rule: &str, weights: &[(String, i64)]) {
        let found = self.objects.rules.get(rule).or_else(|| listeners::default_rule(&self.objects, rule)).cloned();
        let Some(mut rule) = found else { return };
        let before = self.objects.clone();
        let changed = Arc::make_mut(&mut rule);
        let mut actions = changed.actions.as_array().cloned().unwrap_or_default();
        let Some(action) = actions.last_mut().filter(|action| action["Type"] == "forward") else { return };
        let tuples: Vec<Value> = weights.iter().map(|(arn, weight)| json!({"TargetGroupArn": arn, "Weight": weight})).collect();
        action["ForwardConfig"]["TargetGroups"] = json!(tuples);
        if let Some(members) = action.as_object_mut() {
            members.remove("TargetGroupArn");
        }
        changed.actions = actions.into();
        let balancer: Arc<str> = arn::balancer_of(&changed.arn).into();
        let mut groups: Vec<Arc<str>> = weights.iter().map(|(arn, _)| Arc::from(arn.as_str())).collect();
        groups.retain(|group| self.objects.groups.contains_key(group));
        self.objects.set_uses(&rule.arn, &balancer, groups);
        self.objects.rules.insert(Arc::clone(&rule.arn), rule);
        self.remember(before);
        health::look_at_all(self);
    }
}
