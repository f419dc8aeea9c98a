//! What the kinds of load balancing share: how a listener is named, what a rule matches and does, how a target group
//! checks and spreads.
//!
//! The fields are those of Elastic Load Balancing in camelCase, with three changes: the health check's stand under
//! `healthCheck` without the prefix, conditions under `match` as lists of what they compare with, and an action is the
//! field that AWS's `type` names.

mod action;
mod attributes;
mod health;
mod listener;
mod matching;
mod rules;
mod settings;
mod settings_rules;

pub use action::*;
pub use attributes::*;
pub use health::*;
pub use listener::*;
pub use matching::*;
pub(super) use rules::{HOST_CHARACTERS, arn_of_a_target_group, each_of, rule, tags_are_not_reserved};
pub use settings::*;
