//! What Elastic Load Balancing told, and what it is asked for, as values that can be compared.
//!
//! What means the same is equal here: AWS shuffles conditions and their values, shows `forward` twice and fills in defaults.
//! Enums stay text, so that a value that the SDK does not know survives. A member of an input that is `None` is left to AWS.

mod action;
mod condition;
mod listener;
mod load_balancer;
mod rule;
mod target_group;
mod target_health;

pub use action::{Action, FixedResponse, OtherAction, Redirect, Weighted};
pub use condition::{Condition, Patterns};
pub use listener::{Listener, ListenerChange, MutualAuthentication, NewListener};
pub use load_balancer::{LoadBalancer, NewLoadBalancer, SubnetMapping, SubnetsChange, Zone};
pub use rule::{NewRule, Rewrite, Rule, RuleChange, Transform};
pub use target_group::{HealthCheck, Matcher, NewTargetGroup, TargetGroup};
pub use target_health::TargetHealth;

pub(super) use listener::to_certificate;

use aws_sdk_elasticloadbalancingv2::types;
use std::collections::{BTreeMap, BTreeSet};

/// Tags of one resource.
pub type Tags = BTreeMap<String, String>;

/// Attributes of one resource: AWS's list of key and value.
pub type Attributes = BTreeMap<String, String>;

/// Quotas of the account, by AWS's names, such as `rules-per-application-load-balancer`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountLimits(BTreeMap<String, i64>);

impl AccountLimits {
    /// The quota of a name, where AWS tells one.
    pub fn get(&self, name: &str) -> Option<i64> {
        self.0.get(name).copied()
    }

    pub(in crate::aws) fn read(limits: impl IntoIterator<Item = types::Limit>) -> Self {
        let pairs = limits.into_iter().filter_map(|limit| Some((limit.name?, limit.max?.parse().ok()?)));
        Self(pairs.collect())
    }
}

impl FromIterator<(String, i64)> for AccountLimits {
    fn from_iter<I: IntoIterator<Item = (String, i64)>>(pairs: I) -> Self {
        Self(pairs.into_iter().collect())
    }
}

/// An enum of the SDK as AWS's word.
fn text<E: AsRef<str>>(value: Option<E>) -> Option<String> {
    value.map(|value| value.as_ref().to_owned())
}

/// AWS's word as an enum of the SDK. Those that it does not know go out as they are.
fn word<E: for<'a> From<&'a str>>(value: Option<&String>) -> Option<E> {
    value.map(|value| E::from(value))
}

/// A list where order says nothing. Without members it is left out.
fn listed(set: &BTreeSet<String>) -> Option<Vec<String>> {
    (!set.is_empty()).then(|| set.iter().cloned().collect())
}

/// A list whose order says something. Without members it is left out.
fn in_order(list: &[String]) -> Option<Vec<String>> {
    (!list.is_empty()).then(|| list.to_vec())
}

fn set(list: Option<Vec<String>>) -> BTreeSet<String> {
    list.unwrap_or_default().into_iter().collect()
}

/// Tags, as the SDK takes them. None are left out: AWS refuses an empty list.
pub(in crate::aws) fn to_tags(tags: &Tags) -> Option<Vec<types::Tag>> {
    let tag = |(key, value): (&String, &String)| types::Tag::builder().key(key).value(value).build();
    (!tags.is_empty()).then(|| tags.iter().map(tag).collect())
}

/// Tags, as the SDK shows them.
pub(in crate::aws) fn read_tags(tags: Option<Vec<types::Tag>>) -> Tags {
    let pairs = tags.unwrap_or_default().into_iter();
    pairs.filter_map(|tag| Some((tag.key?, tag.value.unwrap_or_default()))).collect()
}

#[cfg(test)]
mod tests;
