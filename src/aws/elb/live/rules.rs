//! What our own writes of rules do to readings of them. Pure: time is an argument.
//!
//! Many objects write rules of one listener at the same time, so that one read of all its rules seldom falls between two
//! writes. A reading is therefore not thrown away as a whole: for each rule that we wrote since, ours counts.

use super::followed::WRITE_LAG;
use crate::aws::elb::model::Rule;
use std::collections::HashMap;
use tokio::time::Instant;

/// The rules of a listener as they were read.
pub(super) struct RulesRead {
    pub(super) rules: Vec<Rule>,
    /// When the read began.
    pub(super) started: Instant,
}

/// What we wrote lately, by listener and rule.
#[derive(Debug, Default)]
pub(super) struct RuleWrites(HashMap<String, HashMap<String, Write>>);

#[derive(Debug)]
struct Write {
    at: Instant,
    /// The rule as it was made or changed. `None`: it was deleted.
    rule: Option<Rule>,
}

impl RuleWrites {
    pub(super) fn note(&mut self, rule: &str, written: Option<Rule>, now: Instant) {
        let of_listener = self.0.entry(listener_of(rule)).or_default();
        of_listener.insert(rule.to_owned(), Write { at: now, rule: written });
    }

    /// The rules of a listener, with our own writes where these are newer, in the order of their priorities.
    pub(super) fn merged(&mut self, listener: &str, read: &RulesRead, now: Instant) -> Vec<Rule> {
        let mut rules = read.rules.clone();
        if let Some(writes) = self.0.get_mut(listener) {
            writes.retain(|_, write| read.started <= write.at || now < write.at + WRITE_LAG);
            for (arn, write) in writes.iter() {
                let is_older = read.started <= write.at;
                let at = rules.iter().position(|rule| rule.arn == *arn);
                match (at, &write.rule) {
                    // AWS may lag: what we deleted is gone, and what we made is there.
                    (Some(at), None) => drop(rules.swap_remove(at)),
                    (None, Some(rule)) => rules.push(rule.clone()),
                    (Some(at), Some(rule)) if is_older => rules[at].clone_from(rule),
                    _ => {}
                }
            }
            if writes.is_empty() {
                self.0.remove(listener);
            }
        }
        in_order(&mut rules, |rule| rule);
        rules
    }
}

/// Puts rules in the order in which they are tried: the default rule last.
pub(super) fn in_order<T>(rules: &mut [T], rule: impl Fn(&T) -> &Rule) {
    rules.sort_by(|a, b| {
        let key = |rule: &Rule| (rule.priority.is_none(), rule.priority);
        (key(rule(a)), &rule(a).arn).cmp(&(key(rule(b)), &rule(b).arn))
    });
}

/// The listener of a rule. Its ARN stands in the rule's: `…:listener-rule/app/<name>/<id>/<listener>/<rule>`.
pub(super) fn listener_of(rule: &str) -> String {
    let (listener, _) = rule.rsplit_once('/').unwrap_or((rule, ""));
    listener.replacen(":listener-rule/", ":listener/", 1)
}
