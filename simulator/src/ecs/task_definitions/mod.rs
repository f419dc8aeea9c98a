//! Task definitions: families and their revisions. ecs-semantics §1.

mod fargate;
mod normalise;
pub(crate) mod register;
mod validate;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::input::{Input, epoch, page};
use super::{Answer, World, arn};
use crate::fault::ServiceError;

/// A family. It is remembered when all its revisions are gone: numbers are never used twice (§1.5).
#[derive(Debug, Default)]
pub(crate) struct Family {
    pub(crate) revisions: BTreeMap<u64, Value>,
    pub(crate) last: u64,
}

/// The revision that `text` names: the latest ACTIVE one when it names a family only (§1.5).
pub(crate) fn revision<'a>(world: &'a World, text: &str) -> Option<&'a Value> {
    // An ARN of another account or region is not ours to find.
    if text.starts_with("arn:") && !text.starts_with(world.arn("task-definition/").as_str()) {
        return None;
    }
    let (name, number) = arn::family_and_revision(text);
    let family = world.families.get(name)?;
    match number {
        Some(number) => family.revisions.get(&number.parse().ok()?),
        None => family.revisions.values().rev().find(|revision| is_active(revision)),
    }
}

pub(crate) fn is_active(revision: &Value) -> bool {
    revision["status"] == "ACTIVE"
}

/// The revision for a new task, service or update: it must be ACTIVE (§1.5). The texts: §0.3.
pub(crate) fn usable(world: &World, text: &str) -> Result<Value, ServiceError> {
    let Some(revision) = revision(world, text) else {
        return Err(ServiceError::client("TaskDefinition not found."));
    };
    if is_active(revision) {
        return Ok(revision.clone());
    }
    Err(ServiceError::client("TaskDefinition is inactive"))
}

pub(crate) fn describe(world: &mut World, input: Input<'_>) -> Answer {
    let text = input.required("taskDefinition")?;
    // An unknown one is a ClientException: §0.2.
    let found = revision(world, text).ok_or_else(|| ServiceError::client("Unable to describe task definition."))?;
    let mut answer = json!({"taskDefinition": found});
    if input.includes("TAGS") {
        // Beside the definition, not in it, and only when asked for: §1.2.
        answer["tags"] = world.tags.of(found["taskDefinitionArn"].as_str().unwrap_or_default());
    }
    Ok(answer)
}

pub(crate) fn deregister(world: &mut World, input: Input<'_>) -> Answer {
    let text = input.required("taskDefinition")?;
    let (name, number) = arn::family_and_revision(text);
    let Some(number) = number.and_then(|number| number.parse::<u64>().ok()) else {
        return Err(ServiceError::client("Invalid revision number. Give the task definition as family:revision."));
    };
    let now = epoch(world.now);
    let family = world.families.get_mut(name);
    let Some(revision) = family.and_then(|family| family.revisions.get_mut(&number)) else {
        return Err(ServiceError::client("The specified task definition does not exist."));
    };
    if is_active(revision) {
        revision["status"] = json!("INACTIVE");
        revision["deregisteredAt"] = now;
    }
    Ok(json!({"taskDefinition": revision}))
}

/// Only INACTIVE revisions can be deleted; `DELETE_IN_PROGRESS` lasts until nothing refers to them (§1.5).
pub(crate) fn delete(world: &mut World, input: Input<'_>) -> Answer {
    let asked: Vec<&str> = input.texts("taskDefinitions").collect();
    if asked.is_empty() || asked.len() > 10 {
        return Err(ServiceError::invalid("taskDefinitions must have 1 to 10 items."));
    }
    let (mut deleted, mut failures) = (Vec::new(), Vec::new());
    for text in asked {
        match delete_one(world, text) {
            Ok(revision) => deleted.push(revision),
            Err(reason) => failures.push(json!({"arn": text, "reason": reason})),
        }
    }
    Ok(json!({"taskDefinitions": deleted, "failures": failures}))
}

fn delete_one(world: &mut World, text: &str) -> Result<Value, &'static str> {
    let now = epoch(world.now);
    let (name, number) = arn::family_and_revision(text);
    let number = number
        .and_then(|number| number.parse::<u64>().ok())
        .ok_or("The specified task definition identifier is invalid. Specify a valid name or ARN and try again.")?;
    let found =
        revision(world, text).ok_or("The specified task definition was not found. Specify a valid name or ARN and try again.")?;
    if is_active(found) {
        return Err("The specified task definition is still in ACTIVE status. Please deregister the target and try again.");
    }
    let arn = found["taskDefinitionArn"].clone();
    let is_referred_to = world.tasks.values().any(|task| task.definition == arn)
        || world.services.values().any(|service| service.refers_to(arn.as_str().unwrap_or_default()));
    let Some(family) = world.families.get_mut(name) else { return Err("The specified task definition was not found.") };
    let Some(revision) = family.revisions.get_mut(&number) else { return Err("The specified task definition was not found.") };
    revision["status"] = json!("DELETE_IN_PROGRESS");
    revision["deleteRequestedAt"] = now;
    let shown = revision.clone();
    if !is_referred_to {
        family.revisions.remove(&number);
    }
    Ok(shown)
}

/// By family, then by revision; ACTIVE unless asked otherwise; the prefix is a whole family name (§1.5).
pub(crate) fn list(world: &mut World, input: Input<'_>) -> Answer {
    let status = input.text("status").unwrap_or("ACTIVE");
    let families = world.families.iter().filter(|(name, _)| input.text("familyPrefix").is_none_or(|prefix| *name == prefix));
    let revisions = families.flat_map(|(_, family)| family.revisions.values());
    let mut arns: Vec<String> = revisions
        .filter(|revision| revision["status"] == status)
        .filter_map(|revision| revision["taskDefinitionArn"].as_str().map(str::to_owned))
        .collect();
    if input.text("sort") == Some("DESC") {
        arns.reverse();
    }
    page(input, "taskDefinitionArns", &arns, (100, 100))
}

pub(crate) fn list_families(world: &mut World, input: Input<'_>) -> Answer {
    let status = input.text("status").unwrap_or("ACTIVE");
    let named = world.families.iter().filter(|(name, _)| name.starts_with(input.text("familyPrefix").unwrap_or_default()));
    let families: Vec<String> = named
        .filter(|(_, family)| {
            let is_alive = family.revisions.values().any(is_active);
            status == "ALL" || is_alive == (status == "ACTIVE")
        })
        .map(|(name, _)| name.clone())
        .collect();
    page(input, "families", &families, (100, 100))
}

/// CPU units and MiB that one task takes: the task's own, or else the sum of its containers'.
pub(crate) fn sizes(definition: &Value) -> (i64, i64) {
    let definition = Input(definition);
    let own = |member: &str| definition.text(member).and_then(|text| text.parse::<i64>().ok());
    let sum = |read: fn(Input<'_>) -> Option<i64>| definition.objects("containerDefinitions").filter_map(read).sum();
    let cpu = own("cpu").unwrap_or_else(|| sum(|container| container.number("cpu")));
    let memory = own("memory")
        .unwrap_or_else(|| sum(|container| container.number("memory").or_else(|| container.number("memoryReservation"))));
    (cpu, memory)
}
