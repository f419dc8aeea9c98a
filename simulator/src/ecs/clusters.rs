//! Clusters and the capacity providers associated with them. ecs-semantics §5.

use serde_json::{Value, json};

use super::input::{Input, missing, page};
use super::{Answer, World, arn, tags};
use crate::fault::ServiceError;

/// One cluster. A deleted one stays visible as INACTIVE.
#[derive(Debug)]
pub(crate) struct Cluster {
    pub(crate) active: bool,
    pub(crate) capacity_providers: Vec<Value>,
    pub(crate) default_strategy: Vec<Value>,
    settings: Value,
    configuration: Option<Value>,
    pub(crate) service_connect_defaults: Option<Value>,
}

/// The cluster that the member of this name means.
///
/// # Errors
/// `ClusterNotFoundException`: ecs-semantics §0.2.
pub(crate) fn named<'a>(world: &'a World, input: Input<'_>) -> Result<(&'a str, &'a Cluster), ServiceError> {
    let text = input.text("cluster");
    if let Some(account) = text.filter(|text| text.starts_with("arn:")).and_then(|text| text.split(':').nth(4))
        && account != world.account
    {
        // How AWS words this is not in the sources (?).
        return Err(ServiceError::invalid(format!("Identifier is for {account}. Your accountId is {}", world.account)));
    }
    let name = arn::cluster_name(text);
    let found = world.clusters.get_key_value(name).filter(|(_, cluster)| cluster.active);
    found.map(|(name, cluster)| (name.as_str(), cluster)).ok_or_else(not_found)
}

fn not_found() -> ServiceError {
    ServiceError::new("ClusterNotFoundException", "Cluster not found.")
}

/// Makes an ACTIVE cluster of this name.
pub(crate) fn add(world: &mut World, name: &str, input: &Value) {
    let input = Input(input);
    let cluster = Cluster {
        active: true,
        capacity_providers: input.list("capacityProviders").to_vec(),
        default_strategy: input.list("defaultCapacityProviderStrategy").to_vec(),
        settings: input.get("settings").cloned().unwrap_or_else(|| json!([{"name": "containerInsights", "value": "disabled"}])),
        configuration: input.get("configuration").cloned(),
        service_connect_defaults: input.get("serviceConnectDefaults").cloned(),
    };
    world.clusters.insert(name.to_owned(), cluster);
    let arn = world.arn(&format!("cluster/{name}"));
    world.tags.put(&arn, input.list("tags"));
}

pub(crate) fn create(world: &mut World, input: Input<'_>) -> Answer {
    let name = input.text("clusterName").unwrap_or("default");
    let valid = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if name.is_empty() || name.len() > 255 || !name.bytes().all(valid) {
        return Err(ServiceError::invalid("Cluster name contains invalid characters."));
    }
    tags::check(input.list("tags"))?;
    check_providers(world, input)?;
    // An existing cluster is simply returned, and nothing of it changes. ecs-semantics §5 (?).
    if !world.clusters.get(name).is_some_and(|cluster| cluster.active) {
        add(world, name, input.0);
    }
    Ok(json!({"cluster": render(world, name, None)}))
}

fn check_providers(world: &World, input: Input<'_>) -> Result<(), ServiceError> {
    let providers: Vec<&str> = input.texts("capacityProviders").collect();
    if providers.len() > 20 {
        return Err(ServiceError::invalid("A cluster can have 20 capacity providers at most."));
    }
    for name in &providers {
        if !name.starts_with("FARGATE") && !world.providers.contains_key(*name) {
            return Err(ServiceError::invalid(format!(
                "The specified capacity provider '{name}' was not found. Specify a valid capacity provider and try again."
            )));
        }
    }
    for item in input.objects("defaultCapacityProviderStrategy") {
        let name = item.text("capacityProvider").unwrap_or_default();
        if !providers.contains(&name) {
            return Err(ServiceError::invalid(format!(
                "The capacity provider '{name}' in the default strategy is not associated with the cluster."
            )));
        }
    }
    Ok(())
}

pub(crate) fn describe(world: &mut World, input: Input<'_>) -> Answer {
    let asked: Vec<&str> = input.texts("clusters").collect();
    if asked.len() > 100 {
        return Err(ServiceError::invalid("Clusters cannot have more than 100 elements."));
    }
    let asked = if asked.is_empty() { vec!["default"] } else { asked };
    let (mut clusters, mut failures) = (Vec::new(), Vec::new());
    for text in asked {
        let name = arn::cluster_name(Some(text));
        if world.clusters.contains_key(name) {
            clusters.push(render(world, name, Some(input)));
        } else {
            failures.push(missing(&world.arn(&format!("cluster/{name}"))));
        }
    }
    Ok(json!({"clusters": clusters, "failures": failures}))
}

pub(crate) fn list(world: &mut World, input: Input<'_>) -> Answer {
    let active = world.clusters.iter().filter(|(_, cluster)| cluster.active);
    let arns: Vec<String> = active.map(|(name, _)| world.arn(&format!("cluster/{name}"))).collect();
    page(input, "clusterArns", &arns, (100, 100))
}

pub(crate) fn update(world: &mut World, input: Input<'_>) -> Answer {
    let name = named(world, input)?.0.to_owned();
    if let Some(cluster) = world.clusters.get_mut(&name) {
        if let Some(settings) = input.get("settings") {
            cluster.settings = settings.clone();
        }
        if let Some(configuration) = input.get("configuration") {
            cluster.configuration = Some(configuration.clone());
        }
        if let Some(defaults) = input.get("serviceConnectDefaults") {
            cluster.service_connect_defaults = Some(defaults.clone());
        }
    }
    Ok(json!({"cluster": render(world, &name, None)}))
}

/// Replaces everything that the cluster was associated with. ecs-semantics §5.
pub(crate) fn put_capacity_providers(world: &mut World, input: Input<'_>) -> Answer {
    let name = named(world, input)?.0.to_owned();
    check_providers(world, input)?;
    let kept: Vec<&str> = input.texts("capacityProviders").collect();
    let dropped_in_use = world.services.iter().any(|((cluster, _), service)| {
        *cluster == name && !service.is_inactive() && service.uses_provider(|provider| !kept.contains(&provider))
    });
    if dropped_in_use {
        return Err(ServiceError::new(
            "ResourceInUseException",
            "The specified capacity provider is in use and cannot be removed.",
        ));
    }
    if let Some(cluster) = world.clusters.get_mut(&name) {
        cluster.capacity_providers = input.list("capacityProviders").to_vec();
        cluster.default_strategy = input.list("defaultCapacityProviderStrategy").to_vec();
    }
    Ok(json!({"cluster": render(world, &name, None)}))
}

pub(crate) fn delete(world: &mut World, input: Input<'_>) -> Answer {
    input.required("cluster")?;
    let name = named(world, input)?.0.to_owned();
    // One error type for each thing that is in the way: ecs-semantics §0.2, §5.
    if world.services.iter().any(|((cluster, _), service)| *cluster == name && !service.is_inactive()) {
        return Err(ServiceError::new(
            "ClusterContainsServicesException",
            "The Cluster cannot be deleted while Services are active.",
        ));
    }
    if world.instances.values().any(|instance| instance.cluster == name) {
        let message = "The Cluster cannot be deleted while Container Instances are active or draining.";
        return Err(ServiceError::new("ClusterContainsContainerInstancesException", message));
    }
    if world.tasks.values().any(|task| task.cluster == name && !task.is_stopped()) {
        return Err(ServiceError::new("ClusterContainsTasksException", "The Cluster cannot be deleted while Tasks are active."));
    }
    if let Some(cluster) = world.clusters.get_mut(&name) {
        cluster.active = false;
    }
    world.tags.remove(&world.arn(&format!("cluster/{name}")));
    Ok(json!({"cluster": render(world, &name, None)}))
}

/// `include` decides about settings, tags and the like; without a request for them, none are shown. ecs-semantics §5.
fn render(world: &World, name: &str, asked: Option<Input<'_>>) -> Value {
    let Some(cluster) = world.clusters.get(name) else { return Value::Null };
    let arn = world.arn(&format!("cluster/{name}"));
    let shown = |part| asked.is_none_or(|input| input.includes(part));
    let tasks = world.tasks.values().filter(|task| task.cluster == name);
    let (mut running, mut pending) = (0, 0);
    for task in tasks {
        running += i64::from(task.is_running());
        pending += i64::from(task.is_starting());
    }
    let services = world.services.iter().filter(|((cluster, _), service)| cluster == name && service.is_active()).count();
    let mut out = json!({
        "clusterArn": arn, "clusterName": name,
        "status": if cluster.active { "ACTIVE" } else { "INACTIVE" },
        "registeredContainerInstancesCount": world.instances.values().filter(|instance| instance.cluster == name).count(),
        "runningTasksCount": running, "pendingTasksCount": pending, "activeServicesCount": services,
        "statistics": [], "tags": [], "settings": [],
        "capacityProviders": cluster.capacity_providers,
        "defaultCapacityProviderStrategy": cluster.default_strategy,
    });
    if shown("SETTINGS") {
        out["settings"] = cluster.settings.clone();
    }
    if shown("TAGS") {
        out["tags"] = world.tags.of(&arn);
    }
    if let Some(configuration) = cluster.configuration.as_ref().filter(|_| shown("CONFIGURATIONS")) {
        out["configuration"] = configuration.clone();
    }
    if let Some(defaults) = &cluster.service_connect_defaults {
        out["serviceConnectDefaults"] = defaults.clone();
    }
    out
}
