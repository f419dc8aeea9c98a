//! Tags of every kind of resource, by ARN.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::input::Input;
use super::{Answer, World, arn};
use crate::fault::ServiceError;

/// Tags by ARN, then by key.
#[derive(Debug, Default)]
pub(crate) struct Tags(BTreeMap<String, BTreeMap<String, String>>);

impl Tags {
    /// Replaces all tags of a resource.
    pub(crate) fn put(&mut self, arn: &str, tags: &[Value]) {
        self.0.remove(arn);
        self.add(arn, tags);
    }

    fn add(&mut self, arn: &str, tags: &[Value]) {
        if tags.is_empty() {
            return;
        }
        let known = self.0.entry(arn.to_owned()).or_default();
        for tag in tags.iter().map(Input) {
            known.insert(tag.text("key").unwrap_or_default().to_owned(), tag.text("value").unwrap_or_default().to_owned());
        }
    }

    pub(crate) fn remove(&mut self, arn: &str) {
        self.0.remove(arn);
    }

    /// As the list of an answer.
    pub(crate) fn of(&self, arn: &str) -> Value {
        let tags = self.0.get(arn).into_iter().flatten();
        tags.map(|(key, value)| json!({"key": key, "value": value})).collect()
    }

    fn count(&self, arn: &str) -> usize {
        self.0.get(arn).map_or(0, |tags| tags.keys().filter(|key| !key.starts_with("aws:")).count())
    }
}

/// Checks a list of tags. ecs-semantics §6.2 and §2.1: at most 50, `aws:` is reserved; lengths are those of every AWS tag.
pub(crate) fn check(tags: &[Value]) -> Result<(), ServiceError> {
    if tags.len() > 50 {
        return Err(ServiceError::invalid("Too many tags: a resource can have 50 at most."));
    }
    let mut keys = std::collections::BTreeSet::new();
    for tag in tags.iter().map(Input) {
        let key = tag.text("key").unwrap_or_default();
        if key.is_empty() || key.chars().count() > 128 || tag.text("value").unwrap_or_default().chars().count() > 256 {
            return Err(ServiceError::invalid("Tag keys need 1 to 128 characters, tag values 0 to 256."));
        }
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(ServiceError::invalid("Tag keys that start with aws: are reserved for system use."));
        }
        if !keys.insert(key) {
            return Err(ServiceError::invalid(format!("Duplicate tag key: {key}")));
        }
    }
    Ok(())
}

pub(crate) fn tag(world: &mut World, input: Input<'_>) -> Answer {
    let arn = input.required("resourceArn")?;
    exists(world, arn)?;
    let tags = input.list("tags");
    check(tags)?;
    let added = tags.iter().map(Input).filter_map(|tag| tag.text("key"));
    let new = added.filter(|key| world.tags.0.get(arn).is_none_or(|known| !known.contains_key(*key))).count();
    // ecs-semantics §0.2: TagResource alone knows this error.
    if world.tags.count(arn) + new > 50 {
        return Err(ServiceError::new("LimitExceededException", "A resource can have 50 tags at most."));
    }
    world.tags.add(arn, tags);
    Ok(json!({}))
}

pub(crate) fn untag(world: &mut World, input: Input<'_>) -> Answer {
    let arn = input.required("resourceArn")?;
    exists(world, arn)?;
    if let Some(known) = world.tags.0.get_mut(arn) {
        input.texts("tagKeys").for_each(|key| drop(known.remove(key)));
    }
    Ok(json!({}))
}

pub(crate) fn list(world: &mut World, input: Input<'_>) -> Answer {
    let arn = input.required("resourceArn")?;
    exists(world, arn)?;
    Ok(json!({"tags": world.tags.of(arn)}))
}

/// Tags belong to what exists: ecs-semantics §0.2.
fn exists(world: &World, text: &str) -> Result<(), ServiceError> {
    let resource = text.strip_prefix(world.arn("").as_str());
    let Some((kind, rest)) = resource.and_then(|resource| resource.split_once('/')) else {
        return Err(ServiceError::invalid("Invalid resource ARN. Specify a valid ARN and try again."));
    };
    let found = match kind {
        "cluster" => world.clusters.get(rest).is_some_and(|cluster| cluster.active),
        "service" => rest.split_once('/').is_some_and(|(cluster, name)| {
            let key = (cluster.to_owned(), name.to_owned());
            world.services.get(&key).is_some_and(|service| !service.is_inactive())
        }),
        "task-definition" => super::task_definitions::revision(world, text).is_some(),
        "task" => world.tasks.contains_key(arn::last_part(text)),
        "container-instance" => world.instances.contains_key(arn::last_part(text)),
        "capacity-provider" => world.providers.contains_key(rest),
        _ => false,
    };
    if found {
        return Ok(());
    }
    Err(ServiceError::new("ResourceNotFoundException", "The specified resource was not found."))
}
