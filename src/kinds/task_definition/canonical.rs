//! The one form of a task definition in which a declaration and what AWS describes are equal if they mean the same.
//!
//! The rules are those of the notes on what AWS fills in, reorders and rewrites; each is tested in both directions.

use crate::domain::json::{drop_default, fill_default, sha256, sort_by, text, without_empties};
use serde_json::{Value, json};

/// Version of the rules below. Under another version two hashes cannot be compared.
const VERSION: &str = "v1";

/// Members that AWS adds to a description and nobody can declare, and the tags, which are compared on their own.
pub const NOT_DECLARED: [&str; 11] = [
    "taskDefinitionArn",
    "revision",
    "status",
    "requiresAttributes",
    "compatibilities",
    "registeredAt",
    "registeredBy",
    "deregisteredAt",
    "deleteRequestedAt",
    "family",
    "tags",
];

/// The canonical form of a declaration or of a description.
pub fn canonical(task_definition: &Value) -> Value {
    let mut value = without_empties(task_definition.clone());
    for member in NOT_DECLARED {
        if let Some(members) = value.as_object_mut() {
            members.remove(member);
        }
    }
    task(&mut value);
    let network_mode = value["networkMode"].as_str().unwrap_or_default().to_owned();
    each(&mut value, "containerDefinitions", |item| container(item, &network_mode));
    each(&mut value, "volumes", volume);
    for (list, keys) in [
        ("containerDefinitions", &["name"][..]),
        ("volumes", &["name"]),
        ("placementConstraints", &["type", "expression"]),
        ("requiresCompatibilities", &[]),
        ("inferenceAccelerators", &["deviceName"]),
    ] {
        sort(&mut value, list, keys);
    }
    without_empties(value)
}

/// The hash of a canonical form: `v1:<sha256>`.
pub fn hash(canonical: &Value) -> String {
    format!("{VERSION}:{}", sha256(&text(canonical)))
}

/// Whether a hash was made by these rules.
pub fn is_comparable(hash: &str) -> bool {
    hash.split_once(':').is_some_and(|(version, _)| version == VERSION)
}

/// CPU units of a task size as AWS accepts it: `"256"`, `".25 vCPU"`, `"1 vcpu"`.
pub fn cpu_units(written: &str) -> Option<u32> {
    amount(written, "vcpu", 1024.0)
}

/// MiB of a task size as AWS accepts it: `"512"`, `"0.5 GB"`, `"1gb"`.
pub fn memory_mib(written: &str) -> Option<u32> {
    amount(written, "gb", 1024.0)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be whole, positive and small")]
fn amount(written: &str, unit: &str, factor: f64) -> Option<u32> {
    let lower = written.trim().to_lowercase();
    let number = match lower.strip_suffix(unit) {
        Some(number) => number.trim().parse::<f64>().ok()? * factor,
        None => f64::from(lower.parse::<u32>().ok()?),
    };
    (number >= 0.0 && number.fract() == 0.0 && number <= f64::from(u32::MAX)).then_some(number as u32)
}

fn task(value: &mut Value) {
    for (member, parse) in [("cpu", cpu_units as fn(&str) -> Option<u32>), ("memory", memory_mib)] {
        if let Some(units) = value[member].as_str().and_then(parse) {
            value[member] = json!(units.to_string());
        }
    }
    // EC2's default; on Fargate only awsvpc is possible, so nothing is hidden by it.
    drop_default(value, "networkMode", &json!("bridge"));
    drop_default(value, "enableFaultInjection", &json!(false));
    if let Some(platform) = value.get_mut("runtimePlatform") {
        drop_default(platform, "cpuArchitecture", &json!(""));
        drop_default(platform, "operatingSystemFamily", &json!(""));
    }
    if value["proxyConfiguration"].is_object() {
        let proxy = &mut value["proxyConfiguration"];
        drop_default(proxy, "type", &json!("APPMESH"));
        sort(proxy, "properties", &["name"]);
    }
}

fn container(value: &mut Value, network_mode: &str) {
    drop_default(value, "essential", &json!(true));
    drop_default(value, "cpu", &json!(0));
    for flag in ["interactive", "pseudoTerminal", "privileged", "readonlyRootFilesystem", "disableNetworking"] {
        drop_default(value, flag, &json!(false));
    }
    each(value, "portMappings", |port| {
        drop_default(port, "protocol", &json!("tcp"));
        drop_default(port, "hostPort", &json!(0));
        if network_mode == "awsvpc" {
            let container_port = port["containerPort"].clone();
            drop_default(port, "hostPort", &container_port);
        }
    });
    for list in ["mountPoints", "volumesFrom"] {
        each(value, list, |mount| drop_default(mount, "readOnly", &json!(false)));
    }
    if value["healthCheck"].is_object() {
        let check = &mut value["healthCheck"];
        drop_default(check, "interval", &json!(30));
        drop_default(check, "timeout", &json!(5));
        drop_default(check, "retries", &json!(3));
    }
    for (list, keys) in [
        ("environment", &["name"][..]),
        ("secrets", &["name"]),
        ("portMappings", &["containerPort", "hostPort", "protocol", "containerPortRange"]),
        ("mountPoints", &["containerPath", "sourceVolume"]),
        ("volumesFrom", &["sourceContainer"]),
        ("links", &[]),
        ("ulimits", &["name"]),
        ("systemControls", &["namespace"]),
        ("resourceRequirements", &["type"]),
        ("environmentFiles", &["value"]),
        ("dependsOn", &["containerName"]),
    ] {
        sort(value, list, keys);
    }
    if value["logConfiguration"].is_object() {
        sort(&mut value["logConfiguration"], "secretOptions", &["name"]);
    }
}

fn volume(value: &mut Value) {
    if value["dockerVolumeConfiguration"].is_object() {
        let docker = &mut value["dockerVolumeConfiguration"];
        // Put into words, not left out: without any member it would be a volume of the host.
        fill_default(docker, "driver", &json!("local"));
        fill_default(docker, "scope", &json!("task"));
        drop_default(docker, "autoprovision", &json!(false));
    }
    if value["efsVolumeConfiguration"].is_object() {
        let efs = &mut value["efsVolumeConfiguration"];
        drop_default(efs, "rootDirectory", &json!("/"));
        drop_default(efs, "transitEncryption", &json!("DISABLED"));
        drop_default(efs, "transitEncryptionPort", &json!(0));
        if efs["authorizationConfig"].is_object() {
            drop_default(&mut efs["authorizationConfig"], "iam", &json!("DISABLED"));
        }
    }
    drop_default(value, "configuredAtLaunch", &json!(false));
}

fn each(value: &mut Value, list: &str, mut change: impl FnMut(&mut Value)) {
    if let Some(items) = value.get_mut(list).and_then(Value::as_array_mut) {
        items.iter_mut().for_each(&mut change);
    }
}

fn sort(value: &mut Value, list: &str, keys: &[&str]) {
    if let Some(items) = value.get_mut(list) {
        sort_by(items, keys);
    }
}
