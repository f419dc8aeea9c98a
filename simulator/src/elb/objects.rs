//! Everything that was made, as one value: cheap to copy, so that the past can be kept and a failed call undone.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::targets::Target;
use super::{PROVISION, arn};
use crate::clock::later;

pub(super) type ByArn<T> = BTreeMap<Arc<str>, Arc<T>>;
pub(super) type Attributes = BTreeMap<String, String>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BalancerKind {
    Application,
    Network,
    Gateway,
}

impl BalancerKind {
    pub(super) fn of(word: &str) -> Self {
        match word {
            "network" => Self::Network,
            "gateway" => Self::Gateway,
            _ => Self::Application,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Application => "application",
            Self::Network => "network",
            Self::Gateway => "gateway",
        }
    }

    /// As it stands in ARNs.
    pub(super) fn short(self) -> &'static str {
        match self {
            Self::Application => "app",
            Self::Network => "net",
            Self::Gateway => "gwy",
        }
    }
}

#[derive(Debug, Clone)]
pub(super) struct Balancer {
    pub(super) arn: Arc<str>,
    pub(super) name: String,
    pub(super) kind: BalancerKind,
    pub(super) created: Timestamp,
    /// What Describe shows, but for the state.
    pub(super) shown: Value,
    pub(super) attributes: Attributes,
}

impl Balancer {
    pub(super) fn is_active(&self, now: Timestamp) -> bool {
        later(self.created, PROVISION) <= now
    }

    pub(super) fn flag(&self, attribute: &str) -> bool {
        self.attributes.get(attribute).is_some_and(|value| value == "true")
    }
}

#[derive(Debug, Clone)]
pub(super) struct Listener {
    pub(super) arn: Arc<str>,
    pub(super) created: Timestamp,
    pub(super) port: i64,
    pub(super) protocol: String,
    /// What Describe shows, but for the default actions: those are the default rule's.
    pub(super) shown: Value,
    /// Certificates beside the default one.
    pub(super) certificates: Vec<String>,
    pub(super) attributes: Attributes,
}

#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub(super) arn: Arc<str>,
    pub(super) created: Timestamp,
    /// `None` is the default rule.
    pub(super) priority: Option<i64>,
    pub(super) conditions: Value,
    pub(super) actions: Value,
    pub(super) transforms: Value,
}

#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) arn: Arc<str>,
    pub(super) name: String,
    pub(super) created: Timestamp,
    /// What Describe shows, but for the load balancers.
    pub(super) shown: Value,
    pub(super) attributes: Attributes,
    /// By id and port.
    pub(super) targets: BTreeMap<(String, i64), Target>,
}

impl Group {
    pub(super) fn text(&self, member: &str) -> &str {
        self.shown[member].as_str().unwrap_or_default()
    }

    pub(super) fn number(&self, member: &str) -> i64 {
        self.shown[member].as_i64().unwrap_or_default()
    }

    pub(super) fn attribute(&self, key: &str) -> &str {
        self.attributes.get(key).map_or("", String::as_str)
    }

    /// Whether it belongs behind an Application Load Balancer.
    pub(super) fn is_http(&self) -> bool {
        matches!(self.text("Protocol"), "HTTP" | "HTTPS")
    }
}

#[derive(Debug, Clone, Default)]
pub(super) struct Objects {
    pub(super) balancers: ByArn<Balancer>,
    pub(super) listeners: ByArn<Listener>,
    pub(super) rules: ByArn<Rule>,
    pub(super) groups: ByArn<Group>,
    pub(super) tags: ByArn<BTreeMap<String, String>>,
    /// The load balancer by target group and the rule that forwards to it.
    uses: BTreeMap<(Arc<str>, Arc<str>), Arc<str>>,
}

impl Objects {
    pub(super) fn listeners_of(&self, balancer: &str) -> Vec<&Arc<Listener>> {
        below(&self.listeners, &arn::listeners_of(balancer))
    }

    /// The rules of a listener, by priority, the default one last.
    pub(super) fn rules_of(&self, listener: &str) -> Vec<&Arc<Rule>> {
        let mut rules = below(&self.rules, &arn::rules_of(listener));
        rules.sort_by_key(|rule| rule.priority.unwrap_or(i64::MAX));
        rules
    }

    /// The rules of all listeners of a load balancer.
    pub(super) fn rules_behind(&self, balancer: &str) -> Vec<&Arc<Rule>> {
        below(&self.rules, &arn::rules_of(&arn::listeners_of(balancer)))
    }

    /// Notes which target groups a rule forwards to, in place of what it did before.
    pub(super) fn set_uses(&mut self, rule: &Arc<str>, balancer: &Arc<str>, groups: Vec<Arc<str>>) {
        self.drop_uses(rule);
        for group in groups {
            self.uses.insert((group, Arc::clone(rule)), Arc::clone(balancer));
        }
    }

    pub(super) fn drop_uses(&mut self, rule: &str) {
        self.uses.retain(|(_, user), _| **user != *rule);
    }

    /// The load balancer that a target group is behind: there is one at most. load-balancing §3.4.
    pub(super) fn balancer_of(&self, group: &str) -> Option<&Arc<str>> {
        let from = (Arc::from(group), Arc::from(""));
        self.uses.range(from..).next().filter(|((used, _), _)| **used == *group).map(|(_, balancer)| balancer)
    }

    /// The target groups behind a load balancer.
    pub(super) fn groups_behind(&self, balancer: &str) -> Vec<Arc<str>> {
        let behind = self.uses.iter().filter(|(_, user)| ***user == *balancer);
        let mut groups: Vec<_> = behind.map(|((group, _), _)| Arc::clone(group)).collect();
        groups.dedup();
        groups
    }

    /// A load balancer that is the target of another's group.
    pub(super) fn is_target(&self, balancer: &str) -> bool {
        let groups = self.groups.values().filter(|group| group.text("TargetType") == "alb");
        groups.into_iter().any(|group| group.targets.keys().any(|(id, _)| id == balancer))
    }
}

fn below<'a, T>(map: &'a ByArn<T>, prefix: &str) -> Vec<&'a Arc<T>> {
    let from = map.range::<str, _>((Bound::Included(prefix), Bound::Unbounded));
    from.take_while(|(arn, _)| arn.starts_with(prefix)).map(|(_, value)| value).collect()
}

/// For people.
pub(super) fn overview(objects: &Objects, now: Timestamp) -> Value {
    let groups = objects.groups.values().map(|group| {
        let targets = group.targets.iter().map(|((id, port), target)| format!("{id}:{port} {}", target.state.name()));
        json!({
            "name": group.name, "arn": *group.arn, "loadBalancer": objects.balancer_of(&group.arn).map(ToString::to_string),
            "targets": targets.collect::<Vec<_>>(),
        })
    });
    let balancers = objects.balancers.values().map(|balancer| {
        let listeners = objects.listeners_of(&balancer.arn).into_iter().map(|listener| {
            let rules = objects.rules_of(&listener.arn).into_iter().map(|rule| {
                json!({
                    "priority": rule.priority.map_or_else(|| json!("default"), Value::from),
                    "conditions": rule.conditions, "actions": rule.actions,
                })
            });
            json!({"port": listener.port, "protocol": listener.protocol, "rules": rules.collect::<Vec<_>>()})
        });
        json!({
            "name": balancer.name, "type": balancer.kind.name(), "dnsName": balancer.shown["DNSName"],
            "isActive": balancer.is_active(now), "listeners": listeners.collect::<Vec<_>>(),
        })
    });
    json!({"loadBalancers": balancers.collect::<Vec<_>>(), "targetGroups": groups.collect::<Vec<_>>()})
}
