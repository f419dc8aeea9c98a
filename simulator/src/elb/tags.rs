//! `AddTags`, `RemoveTags`, `DescribeTags`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};

use super::objects::Objects;
use super::shapes::{broken, validation};
use super::{Answer, Elb, arn};
use crate::ecs::input::Input;
use crate::fault::ServiceError;

/// Checks the tags of a new object.
pub(super) fn check(tags: &[Value]) -> Result<(), ServiceError> {
    if tags.len() > 50 {
        return Err(too_many());
    }
    let mut keys = BTreeSet::new();
    for tag in tags.iter().map(Input) {
        let key = tag.text("Key").unwrap_or_default();
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(validation("Tag keys that start with 'aws:' are reserved for system use"));
        }
        if !keys.insert(key) {
            return Err(ServiceError::new("DuplicateTagKeys", format!("Tag key was specified more than once: {key}")));
        }
    }
    Ok(())
}

fn too_many() -> ServiceError {
    ServiceError::new("TooManyTags", "You've reached the limit on the number of tags per resource: '50'")
}

/// Sets the tags of a new object.
pub(super) fn put(elb: &mut Elb, arn: &Arc<str>, tags: &[Value]) {
    elb.objects.tags.insert(Arc::clone(arn), Arc::new(pairs(tags)));
}

fn pairs(tags: &[Value]) -> BTreeMap<String, String> {
    let text = |tag: &Value, member| Input(tag).text(member).unwrap_or_default().to_owned();
    tags.iter().map(|tag| (text(tag, "Key"), text(tag, "Value"))).collect()
}

pub(super) fn add(elb: &mut Elb, input: Input<'_>) -> Answer {
    let tags = input.list("Tags");
    check(tags)?;
    for arn in input.texts("ResourceArns") {
        exists(elb, &elb.objects, arn)?;
        let known = Arc::make_mut(elb.objects.tags.entry(arn.into()).or_default());
        known.extend(pairs(tags));
        if known.len() > 50 {
            return Err(too_many());
        }
    }
    Ok(json!({}))
}

pub(super) fn remove(elb: &mut Elb, input: Input<'_>) -> Answer {
    for arn in input.texts("ResourceArns") {
        exists(elb, &elb.objects, arn)?;
        let known = Arc::make_mut(elb.objects.tags.entry(arn.into()).or_default());
        input.texts("TagKeys").for_each(|key| drop(known.remove(key)));
    }
    Ok(json!({}))
}

pub(super) fn describe(elb: &mut Elb, input: Input<'_>) -> Answer {
    let asked: Vec<&str> = input.texts("ResourceArns").collect();
    // load-balancing §1: chunks of 20.
    if asked.is_empty() || asked.len() > 20 {
        let constraint = "Member must have length between 1 and 20";
        return Err(broken(&format!("[{}]", asked.join(", ")), "resourceArns", constraint));
    }
    let seen = elb.seen();
    let mut found = Vec::new();
    for arn in asked {
        exists(elb, seen, arn)?;
        let tags = seen.tags.get(arn).into_iter().flat_map(|tags| tags.iter());
        let tags: Vec<Value> = tags.map(|(key, value)| json!({"Key": key, "Value": value})).collect();
        found.push(json!({"ResourceArn": arn, "Tags": tags}));
    }
    Ok(json!({"TagDescriptions": found}))
}

/// Each kind of resource has its own word for not being there.
fn exists(elb: &Elb, objects: &Objects, arn: &str) -> Result<(), ServiceError> {
    let (created, code, kind) = match arn::kind(arn) {
        "loadbalancer" => (objects.balancers.get(arn).map(|it| it.created), "LoadBalancerNotFound", "load balancers"),
        "targetgroup" => (objects.groups.get(arn).map(|it| it.created), "TargetGroupNotFound", "target groups"),
        "listener" => (objects.listeners.get(arn).map(|it| it.created), "ListenerNotFound", "listeners"),
        "listener-rule" => (objects.rules.get(arn).map(|it| it.created), "RuleNotFound", "rules"),
        _ => return Err(validation(format!("'{arn}' is not a valid ARN of a resource of Elastic Load Balancing"))),
    };
    if created.is_some_and(|created| elb.is_known(created)) {
        return Ok(());
    }
    let kind = format!("{}{} '{arn}' not found", kind[..1].to_uppercase(), &kind[1..]);
    Err(ServiceError::new(code, kind))
}
