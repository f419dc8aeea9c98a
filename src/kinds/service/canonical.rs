//! The one form of a service in which a declaration and what AWS shows are equal if they mean the same. Pure.

use crate::domain::json::{drop_default, fill_default, is_empty, sort_by, without_empties};
use crate::domain::short_name;
use serde_json::{Value, json};

/// Members whose default AWS fills in, with that default.
fn defaults() -> [(&'static str, Value); 8] {
    [
        ("schedulingStrategy", json!("REPLICA")),
        ("propagateTags", json!("NONE")),
        ("enableECSManagedTags", json!(false)),
        ("enableExecuteCommand", json!(false)),
        ("healthCheckGracePeriodSeconds", json!(0)),
        ("deploymentController", json!({"type": "ECS"})),
        ("serviceConnectConfiguration", json!({"enabled": false})),
        // What a service has that never had the setting; a new one is enabled by ECS and says so.
        ("availabilityZoneRebalancing", json!("DISABLED")),
    ]
}

/// The canonical form of a declaration or of a live service.
pub fn canonical(service: &Value) -> Value {
    let mut value = without_empties(service.clone());
    for (member, default) in defaults() {
        drop_default(&mut value, member, &default);
    }
    if let Some(network) = value.pointer_mut("/networkConfiguration/awsvpcConfiguration") {
        fill_default(network, "assignPublicIp", &json!("DISABLED"));
        sort(network, "subnets", &[]);
        sort(network, "securityGroups", &[]);
    }
    sort(&mut value, "loadBalancers", &["targetGroupArn", "loadBalancerName", "containerName", "containerPort"]);
    sort(&mut value, "serviceRegistries", &["registryArn"]);
    sort(&mut value, "vpcLatticeConfigurations", &["portName", "targetGroupArn"]);
    each(&mut value, "capacityProviderStrategy", |item| {
        fill_default(item, "base", &json!(0));
        fill_default(item, "weight", &json!(0));
    });
    sort(&mut value, "capacityProviderStrategy", &["capacityProvider"]);
    each(&mut value, "placementConstraints", |item| drop_default(item, "expression", &json!("")));
    sort(&mut value, "placementConstraints", &["type", "expression"]);
    each(&mut value, "placementStrategy", placement);
    if let Some(volumes) = value.get_mut("volumeConfigurations").and_then(Value::as_array_mut) {
        volumes.retain(|volume| volume["managedEBSVolume"].is_object());
    }
    sort(&mut value, "volumeConfigurations", &["name"]);
    deployment(&mut value);
    connect(&mut value);
    without_empties(value)
}

/// Order counts here; case does not, and `host` is another word for `instanceId`.
fn placement(item: &mut Value) {
    drop_default(item, "field", &json!(""));
    if let Some(field) = item["field"].as_str() {
        let lower = field.to_lowercase();
        item["field"] = json!(if lower == "host" { "instanceid".to_owned() } else { lower });
    }
}

fn deployment(value: &mut Value) {
    let Some(configuration) = value.get_mut("deploymentConfiguration") else { return };
    if let Some(alarms) = configuration.get_mut("alarms") {
        sort(alarms, "alarmNames", &[]);
    }
    each(configuration, "lifecycleHooks", |hook| sort(hook, "lifecycleStages", &[]));
    sort(configuration, "lifecycleHooks", &["hookTargetArn"]);
}

fn connect(value: &mut Value) {
    let Some(connect) = value.get_mut("serviceConnectConfiguration") else { return };
    sort(connect, "services", &["portName"]);
}

/// The live side, with what only differs in form put into the form of the declaration: names for ARNs, a platform
/// version that `LATEST` was resolved to, a revision that a bare family was resolved to, and defaults in words.
pub fn in_the_form_of(wanted: &Value, live: &Value) -> Value {
    let mut live = live.clone();
    in_words(&mut live);
    if matches!(wanted["platformVersion"].as_str(), Some("LATEST")) && live["platformVersion"].is_string() {
        live["platformVersion"] = json!("LATEST");
    }
    if let (Some(wanted), Some(seen)) = (wanted["taskDefinition"].as_str(), live["taskDefinition"].as_str())
        && is_same_task_definition(wanted, seen)
    {
        live["taskDefinition"] = json!(wanted);
    }
    let namespace = "/serviceConnectConfiguration/namespace";
    if let (Some(wanted), Some(seen)) = (wanted.pointer(namespace), live.pointer_mut(namespace)) {
        // The ARN holds an identifier and not the name, so that a name cannot be told from it.
        if !is_arn(wanted) && is_arn(seen) {
            *seen = wanted.clone();
        }
    }
    live
}

/// Defaults of nested settings, on the live side only: a declaration that spells one out must differ from another value,
/// and one that leaves it out takes whatever ECS computed.
pub(super) fn in_words(live: &mut Value) {
    each(live, "volumeConfigurations", |volume| {
        for (member, default) in [("encrypted", json!(true)), ("filesystemType", json!("xfs")), ("volumeType", json!("gp3"))] {
            fill_default(&mut volume["managedEBSVolume"], member, &default);
        }
    });
    if let Some(connect) = live.get_mut("serviceConnectConfiguration") {
        each(connect, "services", |service| fill_default(service, "ingressPortOverride", &json!(0)));
    }
    let Some(configuration) = live.get_mut("deploymentConfiguration") else { return };
    if let Some(breaker) = configuration.get_mut("deploymentCircuitBreaker") {
        // Services from before these members do not show them (normalisation §3.17).
        fill_default(breaker, "resetOnHealthyTask", &json!(true));
        fill_default(breaker, "thresholdConfiguration", &json!({"type": "BOUNDED_PERCENT", "value": 50}));
    }
    each(configuration, "lifecycleHooks", |hook| {
        fill_default(hook, "targetType", &json!("AWS_LAMBDA"));
        fill_default(hook, "timeoutConfiguration", &json!({}));
        fill_default(&mut hook["timeoutConfiguration"], "timeoutInMinutes", &json!(1440));
        fill_default(&mut hook["timeoutConfiguration"], "action", &json!("ROLLBACK"));
    });
    if let Some(criteria) = configuration.get_mut("earlySuccessCriteria") {
        fill_default(criteria, "healthyPercent", &json!(100));
        fill_default(criteria, "sourceServiceRevisionCleanup", &json!("BLOCKING"));
    }
}

fn is_arn(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.starts_with("arn:"))
}

/// Whether a declared task definition (`family:number` or bare family, as ARN or not) is the one that runs (an ARN).
pub fn is_same_task_definition(wanted: &str, seen: &str) -> bool {
    if wanted == seen {
        return true;
    }
    // Behind the last slash there is a colon only before the number of the revision.
    let is_pinned = short_name(wanted).contains(':');
    let seen = if wanted.starts_with("arn:") { seen } else { short_name(seen) };
    match seen.rsplit_once(':') {
        Some((family, _)) if !is_pinned => family == wanted,
        _ => seen == wanted,
    }
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

/// Whether a declared value asks for nothing, so that it equals an absent one.
pub fn asks_for_nothing(value: &Value) -> bool {
    is_empty(value) || *value == json!({"enabled": false})
}
