//! `ListTasks` and `DescribeTasks`. ecs-semantics §4.3.

use serde_json::{Value, json};

use super::{Stage, Task, attachment};
use crate::ecs::input::{Input, epoch, missing, page};
use crate::ecs::{Answer, World, arn, clusters};
use crate::fault::ServiceError;

pub(crate) fn list(world: &mut World, input: Input<'_>) -> Answer {
    let cluster = clusters::named(world, input)?.0;
    let service = input.text("serviceName").map(arn::last_part);
    if let Some(name) = service
        && !world.services.contains_key(&(cluster.to_owned(), name.to_owned()))
    {
        return Err(ServiceError::new("ServiceNotFoundException", "Service not found."));
    }
    let filters = ["containerInstance", "family", "serviceName", "launchType"];
    if input.has("startedBy") && filters.iter().any(|member| input.has(member)) {
        return Err(ServiceError::invalid("startedBy must be the only filter."));
    }
    // PENDING is allowed and finds nothing.
    let status = input.text("desiredStatus").unwrap_or("RUNNING");
    let instance = input.text("containerInstance").map(arn::last_part);
    let fits = |task: &&Task| {
        task.cluster == cluster
            && status == if task.stops { "STOPPED" } else { "RUNNING" }
            && service.is_none_or(|name| task.owner.as_ref().is_some_and(|owner| owner.service.1 == name))
            && input.text("family").is_none_or(|family| arn::family_and_revision(&task.definition).0 == family)
            && input.text("startedBy").is_none_or(|by| task.started_by.as_deref() == Some(by))
            && input.text("launchType").is_none_or(|kind| task.place.launch_type == kind)
            && instance.is_none_or(|id| task.instance.as_deref() == Some(id))
    };
    let arns: Vec<String> = world.tasks.values().filter(fits).map(|task| task.arn.clone()).collect();
    page(input, "taskArns", &arns, (100, 100))
}

pub(crate) fn describe(world: &mut World, input: Input<'_>) -> Answer {
    let cluster = clusters::named(world, input)?.0;
    let asked: Vec<&str> = input.texts("tasks").collect();
    if asked.is_empty() || asked.len() > 100 {
        return Err(ServiceError::invalid("Tasks must have 1 to 100 elements."));
    }
    let (mut tasks, mut failures) = (Vec::new(), Vec::new());
    for text in asked {
        let id = arn::last_part(text);
        match world.tasks.get(id).filter(|task| task.cluster == cluster) {
            Some(task) => tasks.push(render(world, task, input.includes("TAGS"))),
            None => failures.push(missing(&world.arn(&format!("task/{cluster}/{id}")))),
        }
    }
    Ok(json!({"tasks": tasks, "failures": failures}))
}

/// A task as `DescribeTasks` shows it.
pub(crate) fn render(world: &World, task: &Task, with_tags: bool) -> Value {
    let mut out = json!({
        "taskArn": task.arn,
        "clusterArn": world.arn(&format!("cluster/{}", task.cluster)),
        "taskDefinitionArn": task.definition,
        "group": task.group,
        "lastStatus": task.stage.name(),
        "desiredStatus": if task.stops { "STOPPED" } else { "RUNNING" },
        "healthStatus": task.health.name(),
        "version": task.version,
        "cpu": task.cpu.to_string(), "memory": task.memory.to_string(),
        "createdAt": epoch(task.created),
        "attachments": if task.is_awsvpc { json!([attachment(task)]) } else { json!([]) },
        "containers": containers(world, task),
        "overrides": task.overrides,
        "enableExecuteCommand": task.execute_command,
        "attributes": [],
        "tags": if with_tags { world.tags.of(&task.arn) } else { json!([]) },
    });
    let texts = [
        ("startedBy", task.started_by.clone()),
        ("launchType", Some(task.place.launch_type.clone())),
        ("capacityProviderName", task.place.provider.clone()),
        ("stopCode", task.stop_code.clone()),
        ("stoppedReason", task.stopped_reason.clone()),
        (
            "containerInstanceArn",
            task.instance.as_ref().map(|id| world.arn(&format!("container-instance/{}/{id}", task.cluster))),
        ),
    ];
    for (member, text) in texts {
        if let Some(text) = text {
            out[member] = json!(text);
        }
    }
    let times = [
        ("pullStartedAt", task.pull_started),
        ("startedAt", task.started),
        ("stoppingAt", task.stopping),
        ("stoppedAt", task.stopped),
    ];
    for (member, at) in times {
        if let Some(at) = at {
            out[member] = epoch(at);
        }
    }
    if task.place.launch_type == "FARGATE" {
        out["platformVersion"] = json!("1.4.0");
        out["platformFamily"] = json!("Linux");
    }
    out
}

fn containers(world: &World, task: &Task) -> Value {
    let status = |exited: bool| match task.stage {
        _ if exited => "STOPPED",
        Stage::Provisioning | Stage::Pending | Stage::Activating => "PENDING",
        Stage::Deprovisioning | Stage::Stopped => "STOPPED",
        _ => "RUNNING",
    };
    let rendered = task.containers.iter().map(|container| {
        let mut out = json!({
            "containerArn": world.arn(&format!("container/{}/{}/{}", task.cluster, task.id, container.name)),
            "taskArn": task.arn, "name": container.name, "image": container.image,
            "lastStatus": status(container.exit_code.is_some()),
            "healthStatus": container.health.name(), "networkInterfaces": [], "cpu": "0",
        });
        if let Some(code) = container.exit_code {
            out["exitCode"] = json!(code);
        }
        if let Some(reason) = &container.reason {
            out["reason"] = json!(reason);
        }
        if task.has_run {
            out["runtimeId"] = json!(format!("{}-{}", task.id, container.name));
            out["imageDigest"] = json!(crate::ecs::deployments::digest(&container.image));
        }
        out
    });
    rendered.collect()
}
