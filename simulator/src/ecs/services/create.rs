//! `CreateService`. ecs-semantics §2.1, §2.9.

use std::collections::{BTreeSet, VecDeque};

use serde_json::{Map, Value, json};

use super::validate::{self, Placement};
use super::{HIDDEN, Service, State, balancers, defaults, describe};
use crate::ecs::input::Input;
use crate::ecs::{Answer, World, clusters, deployments, roles, tags, task_definitions};
use crate::fault::ServiceError;

pub(crate) fn create(world: &mut World, input: Input<'_>) -> Answer {
    let cluster = clusters::named(world, input)?.0.to_owned();
    let name = check_name(input.required("serviceName")?)?;
    let key = (cluster, name.to_owned());
    if let Some(existing) = world.services.get(&key) {
        match existing.state {
            State::Active => return again(world, existing, input),
            State::Draining => return Err(ServiceError::invalid("Unable to Start a service that is still Draining.")),
            State::Inactive => {}
        }
    }
    let (definition, placement) = check(world, &key.0, input)?;
    let service = build(world, key.clone(), input, (&definition, &placement));
    let arn = service.arn.clone();
    world.tags.put(&arn, input.list("tags"));
    world.services.insert(key.clone(), service);
    deployments::begin(world, &key);
    describe::respond(world, &key)
}

fn check_name(name: &str) -> Result<&str, ServiceError> {
    let valid = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if name.len() > 255 || !name.bytes().all(valid) {
        return Err(ServiceError::invalid("Invalid service name: use 1 to 255 letters, digits, hyphens and underscores."));
    }
    Ok(name)
}

/// The name is taken: only the same token with the same parameters gets the service back. §2.9.
fn again(world: &World, existing: &Service, input: Input<'_>) -> Answer {
    let same =
        existing.token.as_ref().is_some_and(|(token, request)| input.text("clientToken") == Some(token) && request == input.0);
    if same {
        return Ok(json!({"service": describe::render(world, existing, true)}));
    }
    Err(ServiceError::invalid("Creation of service was not idempotent."))
}

fn check(world: &World, cluster: &str, input: Input<'_>) -> Result<(Value, Placement), ServiceError> {
    let token = input.text("clientToken").unwrap_or_default();
    if token.len() > 36 || !token.bytes().all(|byte| (33..=126).contains(&byte)) {
        return Err(ServiceError::invalid("clientToken can have 36 printable ASCII characters at most."));
    }
    tags::check(input.list("tags"))?;
    let controller = input.object("deploymentController").text("type").unwrap_or("ECS");
    if controller != "ECS" {
        return Err(ServiceError::new(
            "UnsupportedFeatureException",
            format!("The deployment controller {controller} is not simulated."),
        ));
    }
    let is_daemon = check_schedule(input)?;
    let placement = validate::placement(world, cluster, input)?;
    let definition = task_definitions::usable(world, input.required("taskDefinition")?)?;
    validate::compatible(&placement, &definition)?;
    validate::network(input.get("networkConfiguration"), &definition)?;
    validate::load_balancers(input.list("loadBalancers"), &definition)?;
    balancers::check(world, input.list("loadBalancers"), &definition)?;
    check_grace(input)?;
    validate::service_connect(input.get("serviceConnectConfiguration"), &definition)?;
    validate::volumes(input.list("volumeConfigurations"), &definition)?;
    validate::placement_rules(input, &placement)?;
    let sent = input.get("deploymentConfiguration").cloned().unwrap_or_else(|| json!({}));
    let most = if is_daemon { json!({"maximumPercent": 100, "minimumHealthyPercent": 0}) } else { json!({}) };
    validate::deployment_configuration(&defaults::deployment_configuration(&most, &sent), is_daemon)?;
    if input.text("platformVersion").is_some() && !placement.is_fargate() {
        return Err(ServiceError::invalid("The platform version must be null when specifying an EC2 launch type."));
    }
    // §9: PassRole for the definition's roles and the service's own.
    roles::check_pass(world, Input(&definition).text("taskRoleArn"))?;
    roles::check_pass(world, Input(&definition).text("executionRoleArn"))?;
    roles::check_pass(world, input.text("role"))?;
    Ok((definition, placement))
}

/// §2.1. Without a load balancer it is taken today, for container checks; it was refused once (?).
pub(super) fn check_grace(input: Input<'_>) -> Result<(), ServiceError> {
    let seconds = input.number("healthCheckGracePeriodSeconds");
    if seconds.is_some_and(|seconds| !(0..=i64::from(i32::MAX)).contains(&seconds)) {
        return Err(ServiceError::invalid("healthCheckGracePeriodSeconds must be between 0 and 2147483647."));
    }
    Ok(())
}

/// Whether it is a DAEMON. REPLICA needs a count; a DAEMON runs neither on Fargate nor with a number of its own.
fn check_schedule(input: Input<'_>) -> Result<bool, ServiceError> {
    let count = input.number("desiredCount");
    if count.is_some_and(|count| !(0..=5000).contains(&count)) {
        return Err(ServiceError::invalid("desiredCount must be between 0 and 5000."));
    }
    match input.text("schedulingStrategy").unwrap_or("REPLICA") {
        "REPLICA" if count.is_none() => {
            Err(ServiceError::invalid("The desired count must be specified when the scheduling strategy is REPLICA."))
        }
        "REPLICA" => Ok(false),
        "DAEMON" if count.is_some() => Err(ServiceError::invalid(
            "The daemon scheduling strategy does not support a desired count for services. Remove the desired count value and try again.",
        )),
        "DAEMON" if input.text("launchType") == Some("FARGATE") => {
            Err(ServiceError::invalid("The daemon scheduling strategy does not support the Fargate launch type."))
        }
        "DAEMON" if !input.list("placementStrategy").is_empty() => {
            Err(ServiceError::invalid("The daemon scheduling strategy does not support placement strategies."))
        }
        "DAEMON" => Ok(true),
        _ => Err(ServiceError::invalid("The scheduling strategy must be one of [REPLICA, DAEMON].")),
    }
}

fn build(world: &mut World, key: super::ServiceKey, input: Input<'_>, (definition, placement): (&Value, &Placement)) -> Service {
    let arn = world.arn(&format!("service/{}/{}", key.0, key.1));
    let config = defaults::config(world, input, definition, placement);
    let given = HIDDEN.iter().filter_map(|member| Some(((*member).to_owned(), input.get(member)?.clone())));
    let token = input.text("clientToken").map(|token| (token.to_owned(), input.0.clone()));
    Service {
        key,
        arn,
        state: State::Active,
        created: world.now,
        config,
        hidden: given.collect::<Map<_, _>>(),
        desired: input.number("desiredCount").unwrap_or(0),
        created_with: input.text("launchType").map(str::to_owned),
        token,
        deployments: Vec::new(),
        last_completed: None,
        history: Vec::new(),
        revisions: Vec::new(),
        tasks: BTreeSet::new(),
        events: VecDeque::new(),
        steady_since: None,
        pasts: VecDeque::from([(world.now, Value::Null)]),
        wake: None,
    }
}
