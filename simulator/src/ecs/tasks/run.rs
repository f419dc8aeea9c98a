//! `RunTask` and `StopTask`. ecs-semantics §4.2.

use serde_json::{Value, json};

use super::{Launch, Place, life, read, start};
use crate::ecs::input::Input;
use crate::ecs::services::validate;
use crate::ecs::{Answer, World, arn, clusters, instances, roles, tags, task_definitions};
use crate::fault::ServiceError;

pub(crate) fn run(world: &mut World, input: Input<'_>) -> Answer {
    let cluster = clusters::named(world, input)?.0.to_owned();
    let count = input.number("count").unwrap_or(1);
    if !(1..=10).contains(&count) {
        return Err(ServiceError::invalid("Count must be between 1 and 10."));
    }
    let text = input.required("taskDefinition")?;
    let definition = match task_definitions::usable(world, text) {
        // RunTask has its own error type for this: §0.3.
        Err(error) if error.message == "TaskDefinition is inactive" => return Err(ServiceError::invalid(error.message)),
        other => other?,
    };
    if input.text("propagateTags") == Some("SERVICE") {
        return Err(ServiceError::invalid("propagateTags SERVICE can not be used to run a task."));
    }
    tags::check(input.list("tags"))?;
    let placement = validate::placement(world, &cluster, input)?;
    validate::network(input.get("networkConfiguration"), &definition)?;
    validate::compatible(&placement, &definition)?;
    roles::check_pass(world, Input(&definition).text("taskRoleArn"))?;
    roles::check_pass(world, Input(&definition).text("executionRoleArn"))?;
    let subnet = input.object("networkConfiguration").object("awsvpcConfiguration").texts("subnets").next().map(str::to_owned);
    let (mut started, mut failures) = (Vec::new(), Vec::new());
    for _ in 0..count {
        let (launch_type, provider) = placement.pick(|_| 0);
        let mut place = Place { launch_type, provider, instance: None, subnet: subnet.clone() };
        if place.launch_type != "FARGATE" {
            place.instance = instances::place(world, &cluster, place.provider.as_deref(), task_definitions::sizes(&definition));
            if place.instance.is_none() {
                // Answered with status 200: §4.2.
                failures.push(json!({"arn": world.arn(&format!("cluster/{cluster}")), "reason": "RESOURCE:MEMORY"}));
                continue;
            }
        }
        let id = start(
            world,
            Launch {
                cluster: &cluster,
                definition: &definition,
                owner: None,
                group: input.text("group"),
                started_by: input.text("startedBy"),
                place,
                overrides: input.get("overrides").cloned().unwrap_or_else(|| json!({"containerOverrides": []})),
                execute_command: input.flag("enableExecuteCommand"),
                tags: input.list("tags"),
            },
        );
        started.push(id);
    }
    let tasks: Vec<Value> =
        started.iter().filter_map(|id| world.tasks.get(id)).map(|task| read::render(world, task, true)).collect();
    Ok(json!({"tasks": tasks, "failures": failures}))
}

pub(crate) fn stop(world: &mut World, input: Input<'_>) -> Answer {
    let cluster = clusters::named(world, input)?.0.to_owned();
    let id = arn::last_part(input.required("task")?).to_owned();
    if world.tasks.get(&id).is_none_or(|task| task.cluster != cluster) {
        return Err(ServiceError::invalid("The referenced task was not found."));
    }
    // The given reason is what the task shows: §4.2.
    life::stop(world, &id, "UserInitiated", input.text("reason").unwrap_or("Task stopped by user"));
    let task = world.tasks.get(&id).map(|task| read::render(world, task, false));
    Ok(json!({"task": task}))
}
