//! Capacity providers of the account. ecs-semantics §5. FARGATE and `FARGATE_SPOT` are there without being made.

use serde_json::{Value, json};

use super::input::{Input, missing};
use super::{Answer, World, arn, tags};
use crate::fault::ServiceError;

pub(crate) fn create(world: &mut World, input: Input<'_>) -> Answer {
    let name = input.required("name")?;
    let lower = name.to_ascii_lowercase();
    if ["aws", "ecs", "fargate"].iter().any(|prefix| lower.starts_with(prefix)) {
        return Err(ServiceError::invalid("The capacity provider name can not start with aws, ecs or fargate."));
    }
    if world.providers.contains_key(name) {
        return Err(ServiceError::invalid(format!("A capacity provider with the name '{name}' already exists.")));
    }
    if !input.has("autoScalingGroupProvider") && !input.has("managedInstancesProvider") {
        return Err(ServiceError::invalid(
            "A capacity provider needs an Auto Scaling group or a managed instances configuration.",
        ));
    }
    tags::check(input.list("tags"))?;
    let arn = world.arn(&format!("capacity-provider/{name}"));
    let mut provider = json!({
        "capacityProviderArn": arn, "name": name, "status": "ACTIVE", "updateStatus": "CREATE_COMPLETE",
        "type": if input.has("autoScalingGroupProvider") { "EC2_AUTOSCALING" } else { "MANAGED_INSTANCES" },
    });
    for member in ["autoScalingGroupProvider", "managedInstancesProvider", "cluster"] {
        if let Some(value) = input.get(member) {
            provider[member] = value.clone();
        }
    }
    world.tags.put(&arn, input.list("tags"));
    world.providers.insert(name.to_owned(), provider);
    Ok(json!({"capacityProvider": render(world, name, true)}))
}

#[expect(clippy::unnecessary_wraps, reason = "every operation gives an Answer")]
pub(crate) fn describe(world: &mut World, input: Input<'_>) -> Answer {
    let asked: Vec<String> = input.texts("capacityProviders").map(|text| arn::last_part(text).to_owned()).collect();
    let all = || ["FARGATE".to_owned(), "FARGATE_SPOT".to_owned()].into_iter().chain(world.providers.keys().cloned()).collect();
    let names: Vec<String> = if asked.is_empty() { all() } else { asked };
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for name in names {
        match render(world, &name, input.includes("TAGS")) {
            Value::Null => failures.push(missing(&world.arn(&format!("capacity-provider/{name}")))),
            provider => found.push(provider),
        }
    }
    Ok(json!({"capacityProviders": found, "failures": failures}))
}

pub(crate) fn delete(world: &mut World, input: Input<'_>) -> Answer {
    let name = arn::last_part(input.required("capacityProvider")?);
    if name == "FARGATE" || name == "FARGATE_SPOT" {
        return Err(ServiceError::invalid("The specified capacity provider is reserved and cannot be deleted."));
    }
    // An in-use provider cannot be deleted: ecs-semantics §5.
    let holds = |list: &[Value]| list.iter().any(|provider| provider == name);
    if world.clusters.values().any(|cluster| cluster.active && holds(&cluster.capacity_providers)) {
        return Err(ServiceError::invalid("The capacity provider cannot be deleted because it is associated with a cluster."));
    }
    let mut gone = render(world, name, false);
    if gone.is_null() {
        return Err(ServiceError::client("The specified capacity provider does not exist."));
    }
    gone["status"] = json!("INACTIVE");
    gone["updateStatus"] = json!("DELETE_COMPLETE");
    world.providers.remove(name);
    world.tags.remove(&world.arn(&format!("capacity-provider/{name}")));
    Ok(json!({"capacityProvider": gone}))
}

fn render(world: &World, name: &str, with_tags: bool) -> Value {
    let arn = world.arn(&format!("capacity-provider/{name}"));
    if name == "FARGATE" || name == "FARGATE_SPOT" {
        return json!({"capacityProviderArn": arn, "name": name, "status": "ACTIVE", "type": name, "tags": []});
    }
    let Some(provider) = world.providers.get(name) else { return Value::Null };
    let mut provider = provider.clone();
    provider["tags"] = if with_tags { world.tags.of(&arn) } else { json!([]) };
    provider
}
