//! Rules of listeners. load-balancing §3.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};

use super::actions::{self, Place};
use super::objects::{Balancer, BalancerKind, Listener, Rule};
use super::shapes::validation;
use super::{Answer, Elb, arn, conditions, find, page, tags, transforms};
use crate::ecs::input::Input;
use crate::fault::ServiceError;

/// The listener of an Application Load Balancer: no other has rules beside the default one. (?) the words.
fn ruled(elb: &Elb, listener: &str) -> Result<(Arc<Listener>, Arc<Balancer>), ServiceError> {
    let listener = find::listener(elb, listener)?;
    let balancer = find::balancer(elb, &arn::balancer_of(&listener.arn))?;
    if balancer.kind == BalancerKind::Application {
        return Ok((listener, balancer));
    }
    let message = format!("Rules are not supported for listeners with the protocol '{}'", listener.protocol);
    Err(ServiceError::new("UnsupportedProtocol", message))
}

pub(super) fn create(elb: &mut Elb, input: Input<'_>) -> Answer {
    let (listener, balancer) = ruled(elb, input.text("ListenerArn").unwrap_or_default())?;
    tags::check(input.list("Tags"))?;
    let priority = input.number("Priority").unwrap_or_default();
    let conditions = conditions::check(elb, input.list("Conditions"))?;
    let transforms = transforms::check(input.list("Transforms"))?;
    let (actions, groups) = actions::check(elb, &Place::rule(&balancer, &listener), input.list("Actions"))?;
    if elb.objects.rules_of(&listener.arn).iter().any(|rule| rule.priority == Some(priority)) {
        return Err(in_use(priority));
    }
    // The quota is for the load balancer; default rules do not count.
    let rules = elb.objects.rules_behind(&balancer.arn).iter().filter(|rule| rule.priority.is_some()).count() + 1;
    elb.quotas.check("rules-per-application-load-balancer", rules, "TooManyRules")?;
    let id = elb.id();
    let arn: Arc<str> = format!("{}{id}", arn::rules_of(&listener.arn)).into();
    let rule = Rule { arn: Arc::clone(&arn), created: elb.now, priority: Some(priority), conditions, actions, transforms };
    let shown = render(&rule);
    elb.objects.set_uses(&arn, &balancer.arn, groups);
    elb.objects.rules.insert(Arc::clone(&arn), Arc::new(rule));
    tags::put(elb, &arn, input.list("Tags"));
    Ok(json!({"Rules": [shown]}))
}

fn in_use(priority: i64) -> ServiceError {
    ServiceError::new("PriorityInUse", format!("Priority '{priority}' is currently in use"))
}

fn render(rule: &Rule) -> Value {
    json!({
        "RuleArn": *rule.arn, "Priority": rule.priority.map_or_else(|| "default".to_owned(), |priority| priority.to_string()),
        "Conditions": rule.conditions, "Actions": rule.actions, "IsDefault": rule.priority.is_none(), "Transforms": rule.transforms,
    })
}

/// What is not given, or given as an empty list, is kept; transforms go with `ResetTransforms`. load-balancing §1.
pub(super) fn modify(elb: &mut Elb, input: Input<'_>) -> Answer {
    let mut rule = find::rule(elb, input.text("RuleArn").unwrap_or_default())?;
    let (listener, balancer) = ruled(elb, &arn::listener_of(&rule.arn))?;
    if rule.priority.is_none() {
        let message = format!("Default rule '{}' cannot be modified", rule.arn);
        return Err(ServiceError::new("OperationNotPermitted", message));
    }
    let (conditions, actions) = (input.list("Conditions"), input.list("Actions"));
    let (transforms, resets) = (input.list("Transforms"), input.flag("ResetTransforms"));
    if conditions.is_empty() && actions.is_empty() && transforms.is_empty() && !resets {
        return Err(validation("Either conditions or actions must be specified"));
    }
    if !transforms.is_empty() && resets {
        return Err(validation("You cannot specify both transforms and ResetTransforms"));
    }
    let new_conditions = if conditions.is_empty() { None } else { Some(conditions::check(elb, conditions)?) };
    let changed = Arc::make_mut(&mut rule);
    if let Some(conditions) = new_conditions {
        changed.conditions = conditions;
    }
    if !transforms.is_empty() || resets {
        changed.transforms = transforms::check(transforms)?;
    }
    if !actions.is_empty() {
        let (shown, groups) = actions::check(elb, &Place::rule(&balancer, &listener), actions)?;
        changed.actions = shown;
        elb.objects.set_uses(&changed.arn, &balancer.arn, groups);
    }
    let shown = render(&rule);
    elb.objects.rules.insert(Arc::clone(&rule.arn), rule);
    Ok(json!({"Rules": [shown]}))
}

pub(super) fn delete(elb: &mut Elb, input: Input<'_>) -> Answer {
    let rule = find::rule(elb, input.text("RuleArn").unwrap_or_default())?;
    if rule.priority.is_none() {
        let message = format!("Default rule '{}' cannot be deleted", rule.arn);
        return Err(ServiceError::new("OperationNotPermitted", message));
    }
    elb.objects.drop_uses(&rule.arn);
    elb.objects.rules.remove(&rule.arn);
    elb.objects.tags.remove(&rule.arn);
    Ok(json!({}))
}

/// All at once, or none: rules may trade places.
pub(super) fn set_priorities(elb: &mut Elb, input: Input<'_>) -> Answer {
    let mut asked: BTreeMap<Arc<str>, i64> = BTreeMap::new();
    let mut taken: BTreeSet<(String, i64)> = BTreeSet::new();
    for pair in input.objects("RulePriorities") {
        let rule = find::rule(elb, pair.text("RuleArn").unwrap_or_default())?;
        let priority = pair.number("Priority").ok_or_else(|| validation("A priority must be specified"))?;
        if rule.priority.is_none() {
            let message = format!("The priority of the default rule '{}' cannot be changed", rule.arn);
            return Err(ServiceError::new("OperationNotPermitted", message));
        }
        if !taken.insert((arn::listener_of(&rule.arn), priority)) {
            return Err(validation(format!("Priority '{priority}' was provided multiple times")));
        }
        if asked.insert(Arc::clone(&rule.arn), priority).is_some() {
            return Err(validation(format!("Rule '{}' was provided multiple times", rule.arn)));
        }
    }
    if asked.is_empty() {
        return Err(validation("A rule must be specified"));
    }
    for (listener, priority) in &taken {
        let holder = elb.objects.rules_of(listener).into_iter().find(|rule| rule.priority == Some(*priority));
        if holder.is_some_and(|holder| !asked.contains_key(&holder.arn)) {
            return Err(in_use(*priority));
        }
    }
    let mut shown = Vec::new();
    for (arn, priority) in asked {
        if let Some(rule) = elb.objects.rules.get_mut(&arn) {
            Arc::make_mut(rule).priority = Some(priority);
            shown.push(render(rule));
        }
    }
    Ok(json!({"Rules": shown}))
}

pub(super) fn describe(elb: &mut Elb, input: Input<'_>) -> Answer {
    let arns: Vec<&str> = input.texts("RuleArns").collect();
    let listener = input.text("ListenerArn");
    if arns.is_empty() == listener.is_none() {
        return Err(validation("You must specify either listener rule ARNs or a listener ARN"));
    }
    let seen = elb.seen();
    let mut found = Vec::new();
    for arn in arns {
        let rule = seen.rules.get(arn).filter(|rule| elb.is_known(rule.created));
        found.push(render(rule.ok_or_else(|| ServiceError::new("RuleNotFound", "One or more rules not found"))?));
    }
    if let Some(listener) = listener {
        if !seen.listeners.get(listener).is_some_and(|listener| elb.is_known(listener.created)) {
            return Err(ServiceError::new("ListenerNotFound", "One or more listeners not found"));
        }
        let known = seen.rules_of(listener).into_iter().filter(|rule| elb.is_known(rule.created));
        found.extend(known.map(|rule| render(rule)));
    }
    page(input, "Rules", found)
}
