//! `RegisterTaskDefinition`: every call makes a revision, equal or not. ecs-semantics §1.5.

use serde_json::{Value, json};

use super::{normalise, validate};
use crate::ecs::input::{Input, epoch};
use crate::ecs::{Answer, World, roles};

/// Makes the next revision of a family.
pub(crate) fn register(world: &mut World, input: Input<'_>) -> Answer {
    validate::validate(input)?;
    // §9: the caller passes both roles to tasks.
    roles::check_pass(world, input.text("taskRoleArn"))?;
    roles::check_pass(world, input.text("executionRoleArn"))?;
    let family = input.required("family")?;
    let known = world.families.entry(family.to_owned()).or_default();
    known.last += 1;
    let number = known.last;
    let arn = world.arn(&format!("task-definition/{family}:{number}"));
    let mut revision = input.0.clone();
    if let Some(members) = revision.as_object_mut() {
        members.remove("tags");
    }
    normalise::normalise(world, &mut revision);
    revision["taskDefinitionArn"] = json!(arn);
    revision["revision"] = json!(number);
    revision["status"] = json!("ACTIVE");
    revision["compatibilities"] = validate::compatibilities(Input(&revision));
    revision["requiresAttributes"] = json!([]);
    revision["registeredAt"] = epoch(world.now);
    revision["registeredBy"] = json!(format!("arn:aws:iam::{}:user/simulated", world.account));
    world.tags.put(&arn, input.list("tags"));
    let mut answer = json!({"taskDefinition": revision});
    if input.has("tags") {
        answer["tags"] = Value::Array(input.list("tags").to_vec());
    }
    if let Some(known) = world.families.get_mut(family) {
        known.revisions.insert(number, revision);
    }
    Ok(answer)
}
