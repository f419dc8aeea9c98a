//! A rule of a listener as an `EcsListenerRule`. Pure.

use super::object::{Imported, NotWritten, not_expressed, shaped, tags};
use super::{Options, action};
use crate::api::load_balancing::{HeaderMatch, Match, QueryMatch};
use crate::api::{EcsListenerRule, EcsListenerRuleSpec};
use crate::aws::elb::model::{Condition, Patterns, Rewrite, Rule, Tags, Transform};
use crate::kinds::listener_rule::parts::{meaning, whole};
use serde_json::{Map, Value, json};

pub(super) const KIND: &str = "EcsListenerRule";
/// Said where somebody asks for more.
const ONLY_OBSERVED: &str = "it is observed: a rule that somebody else made cannot be adopted";

/// ARN of the listener that a rule is one of.
pub fn listener_of(rule: &str) -> Option<String> {
    let (listener, _) = rule.rsplit_once('/')?;
    let named = listener.replacen(":listener-rule/", ":listener/", 1);
    (named != listener).then_some(named)
}

/// A name in AWS's words for what has none: the load balancer's, and the priority.
pub fn name_of(rule: &Rule) -> String {
    let load_balancer = rule.arn.split('/').nth(2).unwrap_or("rule");
    rule.priority.map_or_else(|| load_balancer.to_owned(), |priority| format!("{load_balancer}-{priority}"))
}

/// The object that stands for a rule. It observes, whatever the policy.
///
/// # Errors
/// When it is the default rule, or has conditions, actions or rewrites that no field can hold.
pub fn rule(live: &Rule, tagged: &Tags, name: &str, options: &Options) -> Result<Imported, NotWritten> {
    let refuse = |why: String| NotWritten { kind: KIND, arn: live.arn.clone(), why };
    let Some(priority) = live.priority else {
        return Err(refuse(
            "it is the default rule: declare it as defaultAction of the listener in an EcsLoadBalancer".to_owned(),
        ));
    };
    let listener = listener_of(&live.arn).ok_or_else(|| refuse("its ARN names no listener".to_owned()))?;
    let mut all = action::of(&live.actions).map_err(refuse)?;
    let matched = matched(live).map_err(refuse)?;
    all.insert("match".to_owned(), serde_json::to_value(&matched).map_err(|e| refuse(e.to_string()))?);
    let rewrite = rewrite(live).map_err(refuse)?;
    all.extend((!rewrite.is_empty()).then(|| ("rewrite".to_owned(), Value::Object(rewrite))));
    all.insert("listener".to_owned(), json!({"arn": listener}));
    all.insert("priority".to_owned(), json!(priority));
    all.insert("managementPolicy".to_owned(), json!("Observe"));
    let (list, about_tags) = tags(tagged);
    all.extend(list.map(|list| ("tags".to_owned(), list)));
    let mut notes = if options.policy.word() == "Adopt" { vec![ONLY_OBSERVED.to_owned()] } else { Vec::new() };
    notes.extend(about_tags);
    let (spec, no_field) = shaped::<EcsListenerRuleSpec>(&Value::Object(all)).map_err(|e| refuse(e.to_string()))?;
    notes.extend(not_expressed(KIND, &no_field));
    let mut object = EcsListenerRule::new(name, spec);
    object.metadata.namespace.clone_from(&options.namespace);
    Imported::new(KIND, &object, &live.arn, notes)
}

/// The requests that a rule takes, in the words of the kind; checked by what the kind makes of them.
fn matched(live: &Rule) -> Result<Match, String> {
    let mut all = Match::default();
    for condition in &live.conditions {
        add(&mut all, condition)?;
    }
    let agrees = meaning(&whole(&all)) == meaning(&live.conditions);
    if agrees { Ok(all) } else { Err("its conditions repeat each other in a way that match cannot say".to_owned()) }
}

fn add(all: &mut Match, condition: &Condition) -> Result<(), String> {
    let list =
        |texts: &std::collections::BTreeSet<String>| (!texts.is_empty()).then(|| texts.iter().cloned().collect::<Vec<_>>());
    match condition {
        Condition::HostHeader(Patterns { values, regexes }) => {
            (all.hosts, all.host_regexes) = (list(values).or(all.hosts.take()), list(regexes).or(all.host_regexes.take()));
        }
        Condition::PathPattern(Patterns { values, regexes }) => {
            (all.paths, all.path_regexes) = (list(values).or(all.paths.take()), list(regexes).or(all.path_regexes.take()));
        }
        Condition::HttpHeader { name, patterns } => {
            let header = HeaderMatch { name: name.clone(), values: list(&patterns.values), regexes: list(&patterns.regexes) };
            all.headers.get_or_insert_default().push(header);
        }
        Condition::HttpRequestMethod(methods) => all.methods = list(methods),
        Condition::QueryString(pairs) => {
            all.query = Some(pairs.iter().map(|(key, value)| QueryMatch { key: key.clone(), value: value.clone() }).collect());
        }
        Condition::SourceIp { cidrs, ip_address_type: None } => all.source_cidrs = list(cidrs),
        Condition::SourceIp { .. } | Condition::Other { .. } => {
            return Err(format!("its condition {} cannot be declared", condition.field()));
        }
    }
    Ok(())
}

fn rewrite(live: &Rule) -> Result<Map<String, Value>, String> {
    let mut all = Map::new();
    for transform in &live.transforms {
        let (field, rewrites) = match transform {
            Transform::HostHeaderRewrite(rewrites) => ("host", rewrites),
            Transform::UrlRewrite(rewrites) => ("url", rewrites),
            Transform::Other(kind) => return Err(format!("its transform {kind} cannot be declared")),
        };
        let [Rewrite { regex, replace }] = rewrites.as_slice() else {
            return Err(format!("it rewrites the {field} {} times, and one can be declared", rewrites.len()));
        };
        all.insert(field.to_owned(), json!({"regex": regex, "replace": replace}));
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::elb::model::Action;
    use std::collections::BTreeSet;

    const ARN: &str = "arn:aws:elasticloadbalancing:eu-central-1:111122223333:listener-rule/app/shared/1/2/3";

    fn live(conditions: impl IntoIterator<Item = Condition>) -> Rule {
        Rule {
            arn: ARN.to_owned(),
            priority: Some(120),
            conditions: conditions.into_iter().collect(),
            actions: vec![Action::forward_to("arn:aws:tg")],
            transforms: BTreeSet::new(),
        }
    }

    #[test]
    fn a_rule_names_its_listener_and_priority() {
        let live = live([Condition::HostHeader(Patterns::values(["shop.example.com"]))]);
        assert_eq!(name_of(&live), "shared-120");
        let written = rule(&live, &Tags::new(), "shared-120", &Options::default()).unwrap();
        let document: Value = serde_yaml_ng::from_str(&written.yaml()).unwrap();
        assert_eq!(
            document["spec"],
            json!({
                "listener": {"arn": "arn:aws:elasticloadbalancing:eu-central-1:111122223333:listener/app/shared/1/2"},
                "match": {"hosts": ["shop.example.com"]}, "forward": [{"targetGroupArn": "arn:aws:tg"}],
                "priority": 120, "managementPolicy": "Observe",
            })
        );
    }

    #[test]
    fn what_match_cannot_say_is_refused_and_not_shortened() {
        let query = |key: &str| Condition::QueryString(BTreeSet::from([(Some(key.to_owned()), "1".to_owned())]));
        let other = Condition::Other { field: "moon-phase".to_owned(), patterns: Patterns::default() };
        for (conditions, said) in
            [(vec![query("a"), query("b")], "repeat each other"), (vec![other], "condition moon-phase cannot be declared")]
        {
            let refused = rule(&live(conditions), &Tags::new(), "any", &Options::default()).unwrap_err().to_string();
            assert!(refused.contains(said), "{refused}");
        }
        let default = Rule { priority: None, ..live([]) };
        assert!(rule(&default, &Tags::new(), "any", &Options::default()).unwrap_err().why.contains("default rule"));
    }
}
