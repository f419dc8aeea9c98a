//! `UpdateService`: what is not sent is kept. ecs-semantics §2.1, §2.2, §2.5.

use serde_json::Value;

use super::validate::{self, Placement};
use super::{Service, ServiceKey, balancers, create, defaults, describe, not_active, not_found};
use crate::ecs::input::Input;
use crate::ecs::{Answer, World, arn, clusters, deployments, roles, task_definitions};
use crate::fault::ServiceError;

/// Members that are taken over as they are and start nothing: D=N in §2.1.
const QUIET: [&str; 6] = [
    "availabilityZoneRebalancing",
    "healthCheckGracePeriodSeconds",
    "enableExecuteCommand",
    "enableECSManagedTags",
    "propagateTags",
    "placementConstraints",
];

pub(crate) fn update(world: &mut World, input: Input<'_>) -> Answer {
    let key = key(world, input)?;
    let service = world.services.get(&key).ok_or_else(not_found)?;
    if !service.is_active() {
        return Err(not_active());
    }
    let Changes { setup, definition } = changes(world, service, input)?;
    let is_daemon = service.is_daemon();
    let count = input.number("desiredCount");
    if is_daemon && count.is_some() {
        return Err(ServiceError::invalid(
            "The daemon scheduling strategy does not support a desired count for services. Remove the desired count value and try again.",
        ));
    }
    if count.is_some_and(|count| !(0..=5000).contains(&count)) {
        return Err(ServiceError::invalid("desiredCount must be between 0 and 5000."));
    }
    let known = service.get("deploymentConfiguration").clone();
    let merged = defaults::deployment_configuration(&known, input.get("deploymentConfiguration").unwrap_or(&Value::Null));
    validate::deployment_configuration(&merged, is_daemon)?;
    if input.has("taskDefinition") {
        roles::check_pass(world, Input(&definition).text("taskRoleArn"))?;
        roles::check_pass(world, Input(&definition).text("executionRoleArn"))?;
    }
    let before = describe::past(world, service);
    let starts = input.flag("forceNewDeployment") || setup != service.setup();
    let Some(service) = world.services.get_mut(&key) else { return Err(not_found()) };
    service.pasts.push_back((world.now, before));
    if service.pasts.len() > 8 {
        service.pasts.pop_front();
    }
    service.restore(&setup);
    service.set("deploymentConfiguration", merged);
    apply_quiet(service, input);
    if let Some(count) = count {
        service.desired = count;
    }
    if starts {
        deployments::begin(world, &key);
    } else {
        deployments::look_again(world, &key);
    }
    describe::respond(world, &key)
}

fn apply_quiet(service: &mut Service, input: Input<'_>) {
    for member in QUIET {
        if let Some(value) = input.get(member) {
            service.set(member, value.clone());
        }
    }
    if input.has("placementStrategy") {
        service.set("placementStrategy", defaults::placement_strategy(input));
    }
}

/// The service that a request means; `service` is a name or an ARN.
pub(super) fn key(world: &World, input: Input<'_>) -> Result<ServiceKey, ServiceError> {
    let cluster = clusters::named(world, input)?.0.to_owned();
    let text = input.required("service")?;
    let name = arn::last_part(text);
    let key = (cluster, name.to_owned());
    let is_here = arn::cluster_in(text).is_none_or(|cluster| cluster == key.0);
    if is_here && world.services.contains_key(&key) { Ok(key) } else { Err(not_found()) }
}

struct Changes {
    setup: Value,
    definition: Value,
}

/// What the service's setup will be, checked as a whole.
fn changes(world: &World, service: &Service, input: Input<'_>) -> Result<Changes, ServiceError> {
    let mut setup = service.setup();
    // A service may stay on a definition that has become INACTIVE; an update may not name one (§1.5).
    let definition = match input.text("taskDefinition") {
        Some(text) => task_definitions::usable(world, text)?,
        None => task_definitions::revision(world, Input(&setup).text("taskDefinition").unwrap_or_default())
            .cloned()
            .unwrap_or_default(),
    };
    setup["taskDefinition"] = definition.get("taskDefinitionArn").cloned().unwrap_or_else(|| setup["taskDefinition"].clone());
    for member in [
        "loadBalancers",
        "serviceRegistries",
        "platformVersion",
        "serviceConnectConfiguration",
        "volumeConfigurations",
        "vpcLatticeConfigurations",
        "gatewayConnectors",
        "monitoring",
    ] {
        if let Some(value) = input.get(member) {
            replace(&mut setup, member, value.clone());
        }
    }
    if let Some(network) = input.get("networkConfiguration") {
        replace(&mut setup, "networkConfiguration", defaults::network_configuration(network));
    }
    change_strategy(world, service, input, &mut setup)?;
    if !definition.is_null() {
        check(input, &setup, &definition)?;
        if input.has("loadBalancers") || input.has("taskDefinition") {
            balancers::check(world, Input(&setup).list("loadBalancers"), &definition)?;
        }
    }
    Ok(Changes { setup, definition })
}

fn check(input: Input<'_>, setup: &Value, definition: &Value) -> Result<(), ServiceError> {
    let placement = Placement::of(setup);
    let setup = Input(setup);
    create::check_grace(input)?;
    validate::compatible(&placement, definition)?;
    validate::network(setup.get("networkConfiguration"), definition)?;
    validate::load_balancers(setup.list("loadBalancers"), definition)?;
    validate::service_connect(setup.get("serviceConnectConfiguration"), definition)?;
    validate::volumes(setup.list("volumeConfigurations"), definition)?;
    validate::placement_rules(input, &placement)?;
    if input.has("platformVersion") && !placement.is_fargate() {
        return Err(ServiceError::invalid("The platform version must be null when specifying an EC2 launch type."));
    }
    Ok(())
}

/// Takes over a value only if it says something else: lists in another order are the same, so nothing is deployed (§2.1).
fn replace(setup: &mut Value, member: &str, value: Value) {
    if canonical(&setup[member]) != canonical(&value) {
        setup[member] = value;
    }
}

/// Without nulls and with lists sorted.
fn canonical(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let given = members.iter().filter(|(_, value)| !value.is_null());
            given.map(|(name, value)| (name.clone(), canonical(value))).collect::<serde_json::Map<_, _>>().into()
        }
        Value::Array(items) => {
            let mut items: Vec<Value> = items.iter().map(canonical).collect();
            items.sort_by_key(Value::to_string);
            items.into()
        }
        other => other.clone(),
    }
}

/// Launch type and strategy: §2.5.
fn change_strategy(world: &World, service: &Service, input: Input<'_>, setup: &mut Value) -> Result<(), ServiceError> {
    let Some(asked) = input.get("capacityProviderStrategy").and_then(Value::as_array) else { return Ok(()) };
    let old = Placement::of(setup);
    let new = if asked.is_empty() {
        fall_back(world, service, &old)?
    } else {
        validate::check_strategy(world, &service.key.0, asked)?;
        Placement { launch_type: None, strategy: asked.clone() }
    };
    let version = Input(setup).text("platformVersion").map(str::to_owned);
    let mut changed = setup.as_object().cloned().unwrap_or_default();
    defaults::apply_placement(&mut changed, &new, version.as_deref());
    let changed = Value::Object(changed);
    if canonical(&changed) == canonical(setup) {
        return Ok(());
    }
    if !input.flag("forceNewDeployment") {
        return Err(ServiceError::invalid(
            "When the capacity provider strategy of a service changes, you must force a new deployment.",
        ));
    }
    *setup = changed;
    Ok(())
}

/// An empty strategy goes back to the launch type of the creation, or else to the cluster's default strategy.
fn fall_back(world: &World, service: &Service, old: &Placement) -> Result<Placement, ServiceError> {
    if old.launch_type.is_some() {
        return Ok(old.clone());
    }
    if service.created_with.is_some() {
        return Ok(Placement { launch_type: service.created_with.clone(), strategy: Vec::new() });
    }
    let default = world.clusters.get(&service.key.0).map(|cluster| cluster.default_strategy.clone()).unwrap_or_default();
    if default.is_empty() {
        return Err(ServiceError::invalid(
            "No launch type to fall back to for empty capacity provider strategy. Service was not created with a launch type.",
        ));
    }
    Ok(Placement { launch_type: None, strategy: default })
}
