//! What `CreateService`, `UpdateService` and `RunTask` refuse. ecs-semantics §2.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::ecs::World;
use crate::ecs::input::Input;
use crate::fault::ServiceError;

type Checked = Result<(), ServiceError>;

fn refuse(message: impl Into<String>) -> Checked {
    Err(ServiceError::invalid(message))
}

/// Where tasks go: a launch type or a strategy, never both.
#[derive(Debug, Clone)]
pub(crate) struct Placement {
    pub(crate) launch_type: Option<String>,
    pub(crate) strategy: Vec<Value>,
}

impl Placement {
    pub(crate) fn of(setup: &Value) -> Self {
        let setup = Input(setup);
        Self {
            launch_type: setup.text("launchType").map(str::to_owned),
            strategy: setup.list("capacityProviderStrategy").to_vec(),
        }
    }

    pub(crate) fn is_fargate(&self) -> bool {
        match &self.launch_type {
            Some(kind) => kind == "FARGATE",
            None => self.providers().any(|name| name.starts_with("FARGATE")),
        }
    }

    fn providers(&self) -> impl Iterator<Item = &str> {
        self.strategy.iter().filter_map(|item| Input(item).text("capacityProvider"))
    }

    /// Launch type and provider of the next task, given how many each provider has: first the base, then by weight.
    pub(crate) fn pick(&self, count: impl Fn(&str) -> i64) -> (String, Option<String>) {
        if let Some(kind) = &self.launch_type {
            return (kind.clone(), None);
        }
        let items = || {
            self.strategy.iter().map(Input).filter_map(|item| {
                let name = item.text("capacityProvider")?;
                Some((name, item.number("weight").unwrap_or(0), item.number("base").unwrap_or(0), count(name)))
            })
        };
        let short = items().find(|(_, _, base, have)| have < base).map(|(name, ..)| name);
        // Cross-multiplied so that the least loaded per weight comes first.
        let lightest =
            items().filter(|(_, weight, ..)| *weight > 0).min_by(|a, b| ((a.3 - a.2 + 1) * b.1).cmp(&((b.3 - b.2 + 1) * a.1)));
        let name = short.or(lightest.map(|(name, ..)| name)).unwrap_or("FARGATE");
        let kind = if name.starts_with("FARGATE") { "FARGATE" } else { "EC2" };
        (kind.to_owned(), Some(name.to_owned()))
    }
}

/// Reads launch type and strategy of a request; without both, the cluster's default strategy, then EC2. §2.3, §5.
pub(crate) fn placement(world: &World, cluster: &str, input: Input<'_>) -> Result<Placement, ServiceError> {
    let strategy = input.list("capacityProviderStrategy").to_vec();
    let launch_type = input.text("launchType").map(str::to_owned);
    if launch_type.is_some() && !strategy.is_empty() {
        return Err(ServiceError::invalid(
            "Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.",
        ));
    }
    if let Some(kind) = &launch_type
        && !["EC2", "FARGATE", "EXTERNAL"].contains(&kind.as_str())
    {
        // MANAGED_INSTANCES is in the enum but goes through a strategy: §2.1.
        return Err(ServiceError::invalid("Launch type should be one of [EC2,FARGATE,EXTERNAL]."));
    }
    if launch_type.is_some() {
        return Ok(Placement { launch_type, strategy: Vec::new() });
    }
    let default = world.clusters.get(cluster).map(|cluster| cluster.default_strategy.clone()).unwrap_or_default();
    let strategy = if strategy.is_empty() { default } else { strategy };
    if strategy.is_empty() {
        return Ok(Placement { launch_type: Some("EC2".to_owned()), strategy });
    }
    check_strategy(world, cluster, &strategy)?;
    Ok(Placement { launch_type: None, strategy })
}

/// Rules of strategies: §2.5.
pub(crate) fn check_strategy(world: &World, cluster: &str, strategy: &[Value]) -> Checked {
    let associated = world.clusters.get(cluster).map(|cluster| cluster.capacity_providers.as_slice()).unwrap_or_default();
    if strategy.len() > 20 {
        return refuse("A capacity provider strategy can have 20 items at most.");
    }
    let items = || strategy.iter().map(Input);
    let mut names = BTreeSet::new();
    for item in items() {
        let name = item.text("capacityProvider").unwrap_or_default();
        if !associated.iter().any(|known| known == name) {
            return refuse(format!(
                "The specified capacity provider '{name}' is not associated with the cluster. Associate it with the cluster and try again."
            ));
        }
        if !names.insert(name) {
            return refuse(format!("The capacity provider '{name}' is in the strategy twice."));
        }
        if !(0..=1000).contains(&item.number("weight").unwrap_or(0)) || !(0..=100_000).contains(&item.number("base").unwrap_or(0))
        {
            return refuse("Weights must be between 0 and 1000, bases between 0 and 100000.");
        }
    }
    if items().filter(|item| item.number("base").unwrap_or(0) > 0).count() > 1 {
        return refuse(
            "The specified capacity provider strategy cannot contain more than one capacity provider with a base value defined.",
        );
    }
    if items().all(|item| item.number("weight").unwrap_or(0) == 0) {
        return refuse(
            "The specified capacity provider strategy must contain at least one capacity provider with a weight greater than 0.",
        );
    }
    let fargate = names.iter().filter(|name| name.starts_with("FARGATE")).count();
    if fargate != 0 && fargate != names.len() {
        return refuse(
            "A capacity provider strategy cannot contain a mix of capacity providers using Auto Scaling groups and Fargate providers.",
        );
    }
    Ok(())
}

/// The definition must be able to run there: §2.5.
pub(crate) fn compatible(placement: &Placement, definition: &Value) -> Checked {
    let kind = match &placement.launch_type {
        Some(kind) => kind.as_str(),
        None if placement.is_fargate() => "FARGATE",
        None => "EC2",
    };
    let definition = Input(definition);
    let required = definition.list("requiresCompatibilities");
    let fits = if required.is_empty() {
        definition.texts("compatibilities").any(|name| name == kind)
    } else {
        required.iter().any(|name| name == kind)
    };
    if fits { Ok(()) } else { refuse(format!("Task definition does not support launch_type {kind}.")) }
}

/// Required with awsvpc, refused without it: §2.1.
pub(crate) fn network(network: Option<&Value>, definition: &Value) -> Checked {
    let given = network.map(|network| Input(network).object("awsvpcConfiguration")).filter(|vpc| !vpc.0.is_null());
    match (given, definition["networkMode"] == "awsvpc") {
        (None, true) => refuse("Network Configuration must be provided when networkMode 'awsvpc' is specified."),
        (Some(_), false) => refuse("Network Configuration is not valid for the given networkMode of this task definition."),
        (None, false) => Ok(()),
        (Some(vpc), true) => {
            let (subnets, groups) = (vpc.list("subnets").len(), vpc.list("securityGroups").len());
            if subnets == 0 {
                return refuse("subnets can not be empty.");
            }
            if subnets > 16 || groups > 5 {
                return refuse("A network configuration can have 16 subnets and 5 security groups at most.");
            }
            Ok(())
        }
    }
}

/// Container and port of load balancers must be in the definition: §2.6.
pub(crate) fn load_balancers(balancers: &[Value], definition: &Value) -> Checked {
    if balancers.len() > 5 {
        return refuse("A service can have 5 target groups at most.");
    }
    let definition = Input(definition);
    for balancer in balancers.iter().map(Input) {
        let name = balancer.text("containerName").unwrap_or_default();
        let Some(container) = definition.objects("containerDefinitions").find(|container| container.text("name") == Some(name))
        else {
            return refuse(format!("The container {name} does not exist in the task definition."));
        };
        let port = balancer.number("containerPort").unwrap_or_default();
        if !container.objects("portMappings").any(|mapping| mapping.number("containerPort") == Some(port)) {
            return refuse(format!("The container {name} did not have a container port {port} defined."));
        }
        if balancer.has("targetGroupArn") == balancer.has("loadBalancerName") {
            return refuse("A load balancer needs either a target group ARN or the name of a Classic Load Balancer.");
        }
        if balancer.has("loadBalancerName") && definition.text("networkMode") == Some("awsvpc") {
            return refuse("Classic Load Balancers can not be used with networkMode awsvpc.");
        }
    }
    Ok(())
}

/// Service Connect names ports of the definition: §2.8.
pub(crate) fn service_connect(connect: Option<&Value>, definition: &Value) -> Checked {
    let Some(connect) = connect.map(Input).filter(|connect| connect.flag("enabled")) else { return Ok(()) };
    let definition = Input(definition);
    for service in connect.objects("services") {
        let port = service.text("portName").unwrap_or_default();
        let named = definition
            .objects("containerDefinitions")
            .any(|container| container.objects("portMappings").any(|mapping| mapping.text("name") == Some(port)));
        if !named {
            return refuse(format!(
                "The task definition has no port mapping with the name '{port}' that Service Connect refers to."
            ));
        }
    }
    Ok(())
}

/// Volumes must be configured at launch in the definition, and all of those must be given: §2.8.
pub(crate) fn volumes(given: &[Value], definition: &Value) -> Checked {
    let at_launch: Vec<&str> = Input(definition)
        .objects("volumes")
        .filter(|volume| volume.flag("configuredAtLaunch"))
        .filter_map(|volume| volume.text("name"))
        .collect();
    let names: Vec<&str> = given.iter().filter_map(|volume| Input(volume).text("name")).collect();
    if names.iter().any(|name| !at_launch.contains(name)) || at_launch.iter().any(|name| !names.contains(name)) {
        return refuse(
            "The volume configurations of the service must match the volumes of the task definition that are configured at launch.",
        );
    }
    Ok(())
}

/// Percentages and strategies: §2.4.
pub(crate) fn deployment_configuration(merged: &Value, is_daemon: bool) -> Checked {
    let config = Input(merged);
    let most = config.number("maximumPercent").unwrap_or(200);
    let least = config.number("minimumHealthyPercent").unwrap_or(100);
    if most < 100 && !is_daemon || least < 0 || least > most {
        return refuse("maximumPercent must be at least 100, and minimumHealthyPercent between 0 and maximumPercent.");
    }
    if is_daemon && least >= 100 && most <= 100 {
        return refuse("The deployment configuration of a DAEMON must let tasks be replaced.");
    }
    let strategy = config.text("strategy").unwrap_or("ROLLING");
    if !["ROLLING", "BLUE_GREEN", "LINEAR", "CANARY"].contains(&strategy) {
        return refuse("The deployment strategy must be one of [ROLLING, BLUE_GREEN, LINEAR, CANARY].");
    }
    let ranges = [
        ("linearConfiguration", "stepPercent", 3.0, 100.0, "LINEAR"),
        ("canaryConfiguration", "canaryPercent", 0.1, 100.0, "CANARY"),
    ];
    for (member, percent, low, high, of) in ranges {
        let given = config.object(member);
        if !given.0.is_null() && strategy != of {
            return refuse(format!("{member} can only be given with the strategy {of}."));
        }
        if given.get(percent).and_then(Value::as_f64).is_some_and(|percent| !(low..=high).contains(&percent)) {
            return refuse(format!("{percent} must be between {low} and {high}."));
        }
    }
    if !(0..=1440).contains(&config.number("bakeTimeInMinutes").unwrap_or(0)) {
        return refuse("bakeTimeInMinutes must be between 0 and 1440.");
    }
    Ok(())
}

/// Placement rules: §2.1; none of it works on Fargate.
pub(crate) fn placement_rules(input: Input<'_>, placement: &Placement) -> Checked {
    let (constraints, strategies) = (input.list("placementConstraints"), input.list("placementStrategy"));
    if placement.is_fargate() && !(constraints.is_empty() && strategies.is_empty()) {
        return refuse("Placement constraints and strategies are not supported with Fargate.");
    }
    if constraints.len() > 10 || strategies.len() > 5 {
        return refuse("A service can have 10 placement constraints and 5 placement strategies at most.");
    }
    Ok(())
}
