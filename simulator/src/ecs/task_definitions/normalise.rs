//! What comes back differs from what was sent. ecs-semantics §1.3.

use serde_json::{Map, Value, json};

use super::fargate::{cpu_units, mebibytes};
use crate::ecs::World;
use crate::ecs::input::Input;

/// Rewrites an accepted input into what Describe shows.
pub(crate) fn normalise(world: &mut World, definition: &mut Value) {
    let is_awsvpc = definition["networkMode"] == "awsvpc";
    let is_host = definition["networkMode"] == "host";
    size(definition, "cpu", cpu_units);
    size(definition, "memory", mebibytes);
    let needs_awsvpc = Input(definition).texts("requiresCompatibilities").any(|name| name == "FARGATE");
    if definition.get("networkMode").is_none() && !needs_awsvpc {
        // `bridge` is the Linux default on EC2: §1.1.
        definition["networkMode"] = json!("bridge");
    }
    fill(definition, "volumes", &json!([]));
    fill(definition, "placementConstraints", &json!([]));
    for volume in items(definition, "volumes") {
        let is_bare = volume.as_object().is_some_and(|members| members.len() == 1);
        if is_bare {
            volume["host"] = json!({});
        }
        efs_defaults(volume);
    }
    for container in items(definition, "containerDefinitions") {
        normalise_container(container, is_awsvpc, is_host);
    }
    shuffle(world, definition);
}

fn size(definition: &mut Value, member: &str, read: fn(&str) -> Option<i64>) {
    if let Some(number) = definition.get(member).and_then(Value::as_str).and_then(read) {
        definition[member] = json!(number.to_string());
    }
}

fn normalise_container(container: &mut Value, is_awsvpc: bool, is_host: bool) {
    fill(container, "cpu", &json!(0));
    fill(container, "essential", &json!(true));
    for list in ["environment", "mountPoints", "volumesFrom", "portMappings", "systemControls"] {
        fill(container, list, &json!([]));
    }
    for mapping in items(container, "portMappings") {
        let known = ["tcp", "udp"].iter().any(|name| mapping["protocol"] == *name);
        if !known {
            mapping["protocol"] = json!("tcp");
        }
        let is_open = mapping.get("hostPort").is_none_or(|port| *port == 0);
        if let Some(port) = mapping.get("containerPort").cloned().filter(|_| is_open) {
            mapping["hostPort"] = if is_awsvpc || is_host { port } else { json!(0) };
        }
    }
    if let Some(check) = container.get_mut("healthCheck") {
        fill(check, "interval", &json!(30));
        fill(check, "timeout", &json!(5));
        fill(check, "retries", &json!(3));
    }
    if let Some(linux) = container.get_mut("linuxParameters") {
        fill(linux, "devices", &json!([]));
        fill(linux, "tmpfs", &json!([]));
    }
}

/// EFS: §1.3.
fn efs_defaults(volume: &mut Value) {
    if let Some(efs) = volume.get_mut("efsVolumeConfiguration") {
        fill(efs, "rootDirectory", &json!("/"));
    }
}

/// The lists whose order AWS does not keep; the order of the others carries meaning or was kept in every sample.
fn shuffle(world: &mut World, definition: &mut Value) {
    world.shuffle(definition.get_mut("containerDefinitions"));
    world.shuffle(definition.get_mut("requiresCompatibilities"));
    for container in items(definition, "containerDefinitions") {
        for list in ["environment", "secrets", "portMappings", "links", "volumesFrom"] {
            world.shuffle(container.get_mut(list));
        }
    }
}

fn fill(value: &mut Value, member: &str, default: &Value) {
    if let Some(members) = value.as_object_mut() {
        fill_map(members, member, default);
    }
}

fn fill_map(members: &mut Map<String, Value>, member: &str, default: &Value) {
    let known = members.entry(member.to_owned()).or_insert(Value::Null);
    if known.is_null() {
        *known = default.clone();
    }
}

fn items<'a>(value: &'a mut Value, member: &str) -> impl Iterator<Item = &'a mut Value> {
    value.get_mut(member).and_then(Value::as_array_mut).into_iter().flatten()
}
