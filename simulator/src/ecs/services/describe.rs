//! `DescribeServices` and `ListServices`. ecs-semantics §2.3, §2.9, §6.3.

use serde_json::{Value, json};

use super::{Service, ServiceKey, State};
use crate::ecs::input::{Input, epoch, missing, page};
use crate::ecs::{Answer, World, arn, clusters, deployments};
use crate::fault::ServiceError;

pub(crate) fn describe(world: &mut World, input: Input<'_>) -> Answer {
    let cluster = clusters::named(world, input)?.0;
    let asked: Vec<&str> = input.texts("services").collect();
    if asked.is_empty() {
        return Err(ServiceError::invalid("Services cannot be empty."));
    }
    if asked.len() > 10 {
        return Err(ServiceError::invalid("Services cannot have more than 10 elements."));
    }
    let (mut services, mut failures) = (Vec::new(), Vec::new());
    for text in asked {
        let name = arn::last_part(text);
        let is_here = arn::cluster_in(text).is_none_or(|named| named == cluster);
        let service = world.services.get(&(cluster.to_owned(), name.to_owned())).filter(|_| is_here);
        match service.map_or(Value::Null, |service| seen(world, service)) {
            Value::Null => failures.push(missing(&world.arn(&format!("service/{cluster}/{name}")))),
            mut service => {
                if !input.includes("TAGS") {
                    service.as_object_mut().map(|members| members.remove("tags"));
                }
                services.push(service);
            }
        }
    }
    Ok(json!({"services": services, "failures": failures}))
}

/// What a reader sees: the present, or what was true as long ago as reads lag.
fn seen(world: &World, service: &Service) -> Value {
    let oldest = world.now.checked_sub(world.read_age).unwrap_or(world.now);
    if world.read_age.is_zero() {
        return render(world, service, true);
    }
    match service.pasts.iter().find(|(until, _)| *until > oldest) {
        Some((_, past)) => past.clone(),
        None => render(world, service, true),
    }
}

/// The service as it is before a write, to be kept for stale reads.
pub(super) fn past(world: &World, service: &Service) -> Value {
    render(world, service, true)
}

/// ACTIVE services only; the page is small. §2.9, §6.3.
pub(crate) fn list(world: &mut World, input: Input<'_>) -> Answer {
    let cluster = clusters::named(world, input)?.0;
    let fits = |service: &&Service| {
        let asked = |member: &str| input.text(member).is_none_or(|wanted| service.get(member) == wanted);
        service.key.0 == cluster
            && service.is_active()
            && asked("launchType")
            && asked("schedulingStrategy")
            && input.text("resourceManagementType").is_none_or(|kind| kind == "CUSTOMER")
    };
    let arns: Vec<String> = world.services.values().filter(fits).map(|service| service.arn.clone()).collect();
    page(input, "serviceArns", &arns, (10, 100))
}

/// The answer to a write.
pub(super) fn respond(world: &World, key: &ServiceKey) -> Answer {
    let service = world.services.get(key).ok_or_else(super::not_found)?;
    Ok(json!({"service": render(world, service, true)}))
}

fn status(service: &Service) -> &'static str {
    match service.state {
        State::Active => "ACTIVE",
        State::Draining => "DRAINING",
        State::Inactive => "INACTIVE",
    }
}

/// A service as Describe shows it.
pub(crate) fn render(world: &World, service: &Service, with_tags: bool) -> Value {
    let tally = deployments::tally(world, service, |_| true);
    let mut out = Value::Object(service.config.clone());
    let events = service.events.iter().map(|(id, at, message)| json!({"id": id, "createdAt": epoch(*at), "message": message}));
    let members = [
        ("serviceArn", json!(service.arn)),
        ("serviceName", json!(service.name())),
        ("clusterArn", json!(world.arn(&format!("cluster/{}", service.key.0)))),
        ("status", json!(status(service))),
        ("desiredCount", json!(service.desired)),
        ("runningCount", json!(tally.running)),
        ("pendingCount", json!(tally.starting)),
        ("createdAt", epoch(service.created)),
        ("createdBy", json!(format!("arn:aws:iam::{}:user/simulated", world.account))),
        ("events", events.collect()),
        (
            "deployments",
            service
                .deployments
                .iter()
                .enumerate()
                .map(|(at, deployment)| deployments::render(world, service, (at, deployment)))
                .collect(),
        ),
        ("resourceManagementType", json!("CUSTOMER")),
    ];
    for (member, value) in members {
        out[member] = value;
    }
    if let Some(current) = service.history.last() {
        out["currentServiceDeployment"] = json!(current.arn);
    }
    let revisions = service.deployments.iter().map(|deployment| {
        let tally = deployments::tally(world, service, |id| id == deployment.id);
        json!({"arn": deployment.revision, "requestedTaskCount": service.desired, "runningTaskCount": tally.running, "pendingTaskCount": tally.starting})
    });
    out["currentServiceRevisions"] = revisions.collect();
    if with_tags {
        out["tags"] = world.tags.of(&service.arn);
    }
    out
}

/// A service in one line, for people.
pub(crate) fn overview(world: &World, service: &Service) -> Value {
    let tally = deployments::tally(world, service, |_| true);
    json!({
        "cluster": service.key.0, "name": service.name(), "status": status(service), "taskDefinition": service.get("taskDefinition"),
        "desired": service.desired, "running": tally.running, "pending": tally.starting, "deployments": service.deployments.len(),
    })
}
