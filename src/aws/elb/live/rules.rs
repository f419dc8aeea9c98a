//! What our own writes of rules do to readings of them. Pure: time is an argument.
//!
//! Many objects write rules of one listener at the same time, so that one read of all its rules seldom falls between two
//! writes. A reading is therefore not thrown away as a whole: for each rule that we wrote since, ours counts.

use super::lately::Lately;
use crate::aws::elb::model::Rule;
use tokio::time::Instant;

/// The rules of a listener as they were read.
pub(super) struct RulesRead {
    pub(super) rules: Vec<Rule>,
    /// When the read began.
    pub(super) started: Instant,
}

/// What we wrote lately, by listener.
#[derive(Debug, Default)]
pub(super) struct RuleWrites(Lately<Rule>);

impl RuleWrites {
    pub(super) fn note(&mut self, rule: &str, written: Option<Rule>, now: Instant) {
        self.0.note(&listener_of(rule), rule, written, now);
    }

    /// The rules of a listener, with our own writes where these are newer, in the order of their priorities.
    pub(super) fn merged(&mut self, listener: &str, read: &RulesRead, now: Instant) -> Vec<Rule> {
        let mut rules = self.0.merged(listener, &read.rules, (read.started, now), |rule| &rule.arn);
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
