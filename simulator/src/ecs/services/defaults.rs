//! What Describe fills in. ecs-semantics §2.3.

use serde_json::{Map, Value, json};

use crate::ecs::World;
use crate::ecs::input::Input;
use crate::ecs::services::validate::Placement;

/// The configuration that a new service shows.
pub(crate) fn config(world: &mut World, input: Input<'_>, definition: &Value, placement: &Placement) -> Map<String, Value> {
    let is_daemon = input.text("schedulingStrategy") == Some("DAEMON");
    let mut config = Map::new();
    config.insert("taskDefinition".to_owned(), definition["taskDefinitionArn"].clone());
    config.insert("schedulingStrategy".to_owned(), json!(if is_daemon { "DAEMON" } else { "REPLICA" }));
    let or = |member: &str, default: Value| (member.to_owned(), input.get(member).cloned().unwrap_or(default));
    config.extend([
        or("deploymentController", json!({"type": "ECS"})),
        or("propagateTags", json!("NONE")),
        or("healthCheckGracePeriodSeconds", json!(0)),
        or("enableECSManagedTags", json!(false)),
        or("enableExecuteCommand", json!(false)),
        or("loadBalancers", json!([])),
        or("serviceRegistries", json!([])),
        or("placementConstraints", json!([])),
    ]);
    config.insert("placementStrategy".to_owned(), placement_strategy(input));
    let sent = input.get("deploymentConfiguration").cloned().unwrap_or_else(|| json!({}));
    let deployment = deployment_configuration(&base_deployment_configuration(is_daemon), &sent);
    config.insert("availabilityZoneRebalancing".to_owned(), rebalancing(input, &deployment, placement));
    config.insert("deploymentConfiguration".to_owned(), deployment);
    if definition["networkMode"] == "awsvpc" {
        // The service-linked role, when no role is given.
        let role = format!("arn:aws:iam::{}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS", world.account);
        config.insert("roleArn".to_owned(), json!(role));
    }
    if let Some(network) = input.get("networkConfiguration") {
        let mut network = network_configuration(network);
        shuffle_network(world, &mut network);
        config.insert("networkConfiguration".to_owned(), network);
    }
    apply_placement(&mut config, placement, input.text("platformVersion"));
    config
}

/// Exactly one of launch type and strategy is shown.
pub(crate) fn apply_placement(config: &mut Map<String, Value>, placement: &Placement, version: Option<&str>) {
    for member in ["launchType", "capacityProviderStrategy", "platformVersion", "platformFamily"] {
        config.remove(member);
    }
    if let Some(kind) = &placement.launch_type {
        config.insert("launchType".to_owned(), json!(kind))
    } else {
        let filled = placement.strategy.iter().map(|item| {
            let mut item = item.clone();
            for member in ["weight", "base"] {
                if item.get(member).is_none_or(Value::is_null) {
                    item[member] = json!(0);
                }
            }
            item
        });
        config.insert("capacityProviderStrategy".to_owned(), filled.collect())
    };
    if placement.is_fargate() {
        config.insert("platformVersion".to_owned(), json!(version.unwrap_or("LATEST")));
        config.insert("platformFamily".to_owned(), json!("Linux"));
    }
}

/// What is not said about the network: a missing group list comes back as an empty one.
pub(crate) fn network_configuration(network: &Value) -> Value {
    let mut network = network.clone();
    if let Some(vpc) = network.get_mut("awsvpcConfiguration") {
        for (member, default) in [("assignPublicIp", json!("DISABLED")), ("securityGroups", json!([]))] {
            if vpc.get(member).is_none_or(Value::is_null) {
                vpc[member] = default;
            }
        }
    }
    network
}

/// Subnets and groups come back in any order.
pub(crate) fn shuffle_network(world: &mut World, network: &mut Value) {
    if let Some(vpc) = network.get_mut("awsvpcConfiguration") {
        world.shuffle(vpc.get_mut("subnets"));
        world.shuffle(vpc.get_mut("securityGroups"));
    }
}

/// CPU and MEMORY come back in upper case.
pub(crate) fn placement_strategy(input: Input<'_>) -> Value {
    let items = input.list("placementStrategy").iter().map(|item| {
        let mut item = item.clone();
        if let Some(field @ ("cpu" | "memory")) = Input(&item).text("field") {
            item["field"] = json!(field.to_ascii_uppercase());
        }
        item
    });
    items.collect()
}

fn base_deployment_configuration(is_daemon: bool) -> Value {
    let (most, least) = if is_daemon { (100, 0) } else { (200, 100) };
    json!({
        "strategy": "ROLLING", "bakeTimeInMinutes": 0, "maximumPercent": most, "minimumHealthyPercent": least,
        "deploymentCircuitBreaker": {
            "enable": false, "rollback": false, "resetOnHealthyTask": true,
            "thresholdConfiguration": {"type": "BOUNDED_PERCENT", "value": 50},
        },
        "alarms": {"alarmNames": [], "enable": false, "rollback": false},
    })
}

/// Sub-objects are merged one by one: what is not sent stays (§2.2).
pub(crate) fn deployment_configuration(known: &Value, sent: &Value) -> Value {
    let mut merged = known.clone();
    for (member, value) in sent.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null()) {
        match (merged.get_mut(member).and_then(Value::as_object_mut), value.as_object()) {
            (Some(old), Some(new)) => old.extend(new.iter().map(|(name, value)| (name.clone(), value.clone()))),
            _ => merged[member] = value.clone(),
        }
    }
    if merged["strategy"] == "LINEAR" && merged.get("linearConfiguration").is_none() {
        merged["linearConfiguration"] = json!({"stepPercent": 10.0, "stepBakeTimeInMinutes": 6});
    }
    if merged["strategy"] == "CANARY" && merged.get("canaryConfiguration").is_none() {
        merged["canaryConfiguration"] = json!({"canaryPercent": 5.0, "canaryBakeTimeInMinutes": 10});
    }
    merged
}

/// ENABLED by default where the configuration allows it.
fn rebalancing(input: Input<'_>, deployment: &Value, placement: &Placement) -> Value {
    if let Some(given) = input.get("availabilityZoneRebalancing") {
        return given.clone();
    }
    let spreads = input
        .objects("placementStrategy")
        .next()
        .is_none_or(|first| first.text("field").is_some_and(|field| field.contains("availability-zone")));
    let pins_zone = input
        .objects("placementConstraints")
        .any(|constraint| constraint.text("expression").is_some_and(|expression| expression.contains("ecs.availability-zone")));
    let is_classic = input.objects("loadBalancers").any(|balancer| balancer.has("loadBalancerName"));
    let is_open = deployment["maximumPercent"].as_i64().is_some_and(|most| most > 100);
    let fits = is_open
        && spreads
        && !pins_zone
        && !is_classic
        && input.text("schedulingStrategy") != Some("DAEMON")
        && placement.launch_type.as_deref() != Some("EXTERNAL");
    json!(if fits { "ENABLED" } else { "DISABLED" })
}
