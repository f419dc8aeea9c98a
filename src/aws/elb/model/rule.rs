//! Rules of listeners.

use super::{Action, Condition, Tags, Weighted, to_tags};
use aws_sdk_elasticloadbalancingv2::operation::create_rule::builders::CreateRuleInputBuilder;
use aws_sdk_elasticloadbalancingv2::operation::modify_rule::builders::ModifyRuleInputBuilder;
use aws_sdk_elasticloadbalancingv2::types;
use std::collections::BTreeSet;

/// A rule, as AWS describes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// ARN.
    pub arn: String,
    /// Rules are tried by it, the lowest first. `None`: the default rule, which is tried last.
    pub priority: Option<i32>,
    /// All of these have to hold.
    pub conditions: BTreeSet<Condition>,
    /// What is done, in this order.
    pub actions: Vec<Action>,
    /// What is changed in the request before.
    pub transforms: BTreeSet<Transform>,
}

/// A change of the request. AWS takes one of each kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Transform {
    /// Of the `Host` header.
    HostHeaderRewrite(Vec<Rewrite>),
    /// Of the URL.
    UrlRewrite(Vec<Rewrite>),
    /// One that AWS added later. It cannot be written.
    Other(String),
}

/// A regular expression and what its matches become.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rewrite {
    /// The regular expression.
    pub regex: String,
    /// What stands there afterwards; `$1` is the first group.
    pub replace: String,
}

/// A rule to be made.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NewRule {
    /// ARN of the listener.
    pub listener_arn: String,
    /// Priority, 1 to 50000.
    pub priority: i32,
    /// Conditions.
    pub conditions: BTreeSet<Condition>,
    /// Actions.
    pub actions: Vec<Action>,
    /// Transforms.
    pub transforms: BTreeSet<Transform>,
    /// Tags.
    pub tags: Tags,
}

/// What is to change in a rule. `None` stays. The priority is changed by another call.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RuleChange {
    /// ARN of the rule.
    pub arn: String,
    /// All of the new conditions.
    pub conditions: Option<BTreeSet<Condition>>,
    /// All of the new actions.
    pub actions: Option<Vec<Action>>,
    /// All of the new transforms; an empty set takes them away.
    pub transforms: Option<BTreeSet<Transform>>,
}

impl Rule {
    /// `true` for the rule that takes what no other takes.
    pub const fn is_default(&self) -> bool {
        self.priority.is_none()
    }

    /// The target groups that it forwards to, with their shares.
    pub fn target_groups(&self) -> impl Iterator<Item = &Weighted> {
        self.actions.iter().flat_map(Action::target_groups)
    }

    pub(in crate::aws) fn read(rule: types::Rule) -> Self {
        Self {
            arn: rule.rule_arn.unwrap_or_default(),
            // The default rule says `default`.
            priority: rule.priority.and_then(|priority| priority.parse().ok()),
            conditions: rule.conditions.unwrap_or_default().into_iter().map(Condition::read).collect(),
            actions: Action::read_all(rule.actions),
            transforms: rule.transforms.unwrap_or_default().into_iter().map(Transform::read).collect(),
        }
    }
}

impl NewRule {
    pub(in crate::aws) fn to_input(&self) -> CreateRuleInputBuilder {
        CreateRuleInputBuilder::default()
            .set_listener_arn(Some(self.listener_arn.clone()))
            .set_priority(Some(self.priority))
            .set_conditions(Some(self.conditions.iter().map(Condition::to_sdk).collect()))
            .set_actions(Some(Action::to_sdk_all(&self.actions)))
            .set_transforms(to_transforms(&self.transforms))
            .set_tags(to_tags(&self.tags))
    }
}

impl RuleChange {
    pub(in crate::aws) fn to_input(&self) -> ModifyRuleInputBuilder {
        ModifyRuleInputBuilder::default()
            .set_rule_arn(Some(self.arn.clone()))
            .set_conditions(self.conditions.as_ref().map(|all| all.iter().map(Condition::to_sdk).collect()))
            .set_actions(self.actions.as_deref().map(Action::to_sdk_all))
            .set_transforms(self.transforms.as_ref().and_then(to_transforms))
            // An empty list means "leave them", so taking them away has a member of its own.
            .set_reset_transforms(self.transforms.as_ref().filter(|all| all.is_empty()).map(|_| true))
    }
}

fn to_transforms(transforms: &BTreeSet<Transform>) -> Option<Vec<types::RuleTransform>> {
    (!transforms.is_empty()).then(|| transforms.iter().map(Transform::to_sdk).collect())
}

impl Transform {
    fn read(transform: types::RuleTransform) -> Self {
        let rewrites = |rewrites: Option<Vec<types::RewriteConfig>>| {
            let read = |one: types::RewriteConfig| Rewrite {
                regex: one.regex.unwrap_or_default(),
                replace: one.replace.unwrap_or_default(),
            };
            rewrites.unwrap_or_default().into_iter().map(read).collect()
        };
        match transform.r#type.as_ref().map(types::TransformTypeEnum::as_str) {
            Some("host-header-rewrite") => {
                Self::HostHeaderRewrite(rewrites(transform.host_header_rewrite_config.and_then(|config| config.rewrites)))
            }
            Some("url-rewrite") => Self::UrlRewrite(rewrites(transform.url_rewrite_config.and_then(|config| config.rewrites))),
            other => Self::Other(other.unwrap_or_default().to_owned()),
        }
    }

    fn to_sdk(&self) -> types::RuleTransform {
        let rewrites = |rewrites: &[Rewrite]| {
            let one =
                |Rewrite { regex, replace }: &Rewrite| types::RewriteConfig::builder().regex(regex).replace(replace).build();
            Some(rewrites.iter().map(one).collect())
        };
        let transform = types::RuleTransform::builder();
        match self {
            Self::HostHeaderRewrite(all) => transform
                .r#type(types::TransformTypeEnum::HostHeaderRewrite)
                .host_header_rewrite_config(types::HostHeaderRewriteConfig::builder().set_rewrites(rewrites(all)).build())
                .build(),
            Self::UrlRewrite(all) => transform
                .r#type(types::TransformTypeEnum::UrlRewrite)
                .url_rewrite_config(types::UrlRewriteConfig::builder().set_rewrites(rewrites(all)).build())
                .build(),
            Self::Other(kind) => transform.r#type(kind.as_str().into()).build(),
        }
    }
}
