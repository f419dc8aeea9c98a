//! Container instances: the machines of launch types EC2 and EXTERNAL. ecs-semantics §5.
//!
//! Real ones register themselves through their agent; a test registers them here, with as much of the input as it likes.

use serde_json::{Value, json};

use super::agenda::Event;
use super::input::{Input, epoch, missing, page};
use super::{Answer, World, arn, clusters};
use crate::fault::ServiceError;
use jiff::Timestamp;

/// One machine.
#[derive(Debug)]
pub(crate) struct Instance {
    pub(crate) cluster: String,
    pub(crate) draining: bool,
    cpu: i64,
    memory: i64,
    pub(crate) ec2_id: String,
    pub(crate) provider: Option<String>,
    attributes: Value,
    registered: Timestamp,
}

pub(crate) fn register(world: &mut World, input: Input<'_>) -> Answer {
    let cluster = clusters::named(world, input)?.0.to_owned();
    let resource = |name: &str| {
        let named = input.objects("totalResources").find(|resource| resource.text("name") == Some(name));
        named.and_then(|resource| resource.number("integerValue"))
    };
    let attribute = |name: &str| {
        let named = input.objects("attributes").find(|attribute| attribute.text("name") == Some(name));
        named.and_then(|attribute| attribute.text("value")).map(str::to_owned)
    };
    let instance = Instance {
        cluster: cluster.clone(),
        draining: false,
        cpu: resource("CPU").unwrap_or(2048),
        memory: resource("MEMORY").unwrap_or(4096),
        ec2_id: attribute("ecs.instance-id").unwrap_or_else(|| format!("i-0{}", &world.hex()[..16])),
        provider: attribute("ecs.capacity-provider"),
        attributes: input.get("attributes").cloned().unwrap_or_else(|| json!([])),
        registered: world.now,
    };
    let id = world.hex();
    world.instances.insert(id.clone(), instance);
    let arn = world.arn(&format!("container-instance/{cluster}/{id}"));
    world.tags.put(&arn, input.list("tags"));
    wake_services(world, &cluster);
    Ok(json!({"containerInstance": render(world, &id)}))
}

/// Capacity has changed: services that wait for it, and daemons, look again.
fn wake_services(world: &mut World, cluster: &str) {
    let keys: Vec<_> = world.services.keys().filter(|(of, _)| of == cluster).cloned().collect();
    for key in keys {
        world.agenda.enter(world.now, Event::Service(key));
    }
}

pub(crate) fn deregister(world: &mut World, input: Input<'_>) -> Answer {
    let cluster = clusters::named(world, input)?.0.to_owned();
    let id = arn::last_part(input.required("containerInstance")?).to_owned();
    let mut shown = render(world, &id);
    if shown.is_null() {
        return Err(ServiceError::invalid("Referenced container instance not found."));
    }
    let tasks: Vec<String> = on_instance(world, &id).map(|(task, _)| task.clone()).collect();
    if !tasks.is_empty() && !input.flag("force") {
        return Err(ServiceError::invalid("Found running tasks on the instance."));
    }
    for task in tasks {
        super::tasks::life::stop(world, &task, "ServiceSchedulerInitiated", "Host EC2 (instance) stopped/terminated.");
    }
    shown["status"] = json!("INACTIVE");
    world.instances.remove(&id);
    wake_services(world, &cluster);
    Ok(json!({"containerInstance": shown}))
}

pub(crate) fn update_state(world: &mut World, input: Input<'_>) -> Answer {
    let cluster = clusters::named(world, input)?.0.to_owned();
    let draining = match input.text("status") {
        Some("DRAINING") => true,
        Some("ACTIVE") => false,
        _ => return Err(ServiceError::invalid("Container instance status must be one of [ACTIVE, DRAINING].")),
    };
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for text in input.texts("containerInstances") {
        let id = arn::last_part(text);
        match world.instances.get_mut(id) {
            Some(instance) => {
                instance.draining = draining;
                found.push(render(world, id));
            }
            None => failures.push(missing(text)),
        }
    }
    wake_services(world, &cluster);
    Ok(json!({"containerInstances": found, "failures": failures}))
}

pub(crate) fn list(world: &mut World, input: Input<'_>) -> Answer {
    let cluster = clusters::named(world, input)?.0;
    let status = input.text("status").unwrap_or("ACTIVE");
    let here = world
        .instances
        .iter()
        .filter(|(_, instance)| instance.cluster == cluster && (instance.draining == (status == "DRAINING")));
    let arns: Vec<String> = here.map(|(id, _)| world.arn(&format!("container-instance/{cluster}/{id}"))).collect();
    page(input, "containerInstanceArns", &arns, (100, 100))
}

pub(crate) fn describe(world: &mut World, input: Input<'_>) -> Answer {
    clusters::named(world, input)?;
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for text in input.texts("containerInstances") {
        match render(world, arn::last_part(text)) {
            Value::Null => failures.push(missing(text)),
            instance => found.push(instance),
        }
    }
    Ok(json!({"containerInstances": found, "failures": failures}))
}

fn on_instance<'a>(world: &'a World, id: &'a str) -> impl Iterator<Item = (&'a String, &'a super::tasks::Task)> {
    world.tasks.iter().filter(move |(_, task)| task.instance.as_deref() == Some(id) && !task.is_stopped())
}

/// CPU units and MiB that are not taken.
fn remaining(world: &World, id: &str, instance: &Instance) -> (i64, i64) {
    let taken = on_instance(world, id).fold((0, 0), |sum, (_, task)| (sum.0 + task.cpu, sum.1 + task.memory));
    (instance.cpu - taken.0, instance.memory - taken.1)
}

/// ACTIVE machines of a cluster, and of a capacity provider when one is given.
pub(crate) fn active<'a>(
    world: &'a World,
    cluster: &'a str,
    provider: Option<&'a str>,
) -> impl Iterator<Item = (&'a String, &'a Instance)> {
    world.instances.iter().filter(move |(_, instance)| {
        instance.cluster == cluster
            && !instance.draining
            && provider.is_none_or(|name| instance.provider.as_deref() == Some(name))
    })
}

/// The machine with the most free memory that has room for (CPU units, MiB).
pub(crate) fn place(world: &World, cluster: &str, provider: Option<&str>, (cpu, memory): (i64, i64)) -> Option<String> {
    let free = active(world, cluster, provider).map(|(id, instance)| (id, remaining(world, id, instance)));
    let fitting = free.filter(|(_, (free_cpu, free_memory))| *free_cpu >= cpu && *free_memory >= memory);
    fitting.max_by_key(|(_, (_, free_memory))| *free_memory).map(|(id, _)| id.clone())
}

fn render(world: &World, id: &str) -> Value {
    let Some(instance) = world.instances.get(id) else { return Value::Null };
    let arn = world.arn(&format!("container-instance/{}/{id}", instance.cluster));
    let (cpu, memory) = remaining(world, id, instance);
    let resources = |cpu: i64, memory: i64| json!([{"name": "CPU", "type": "INTEGER", "integerValue": cpu}, {"name": "MEMORY", "type": "INTEGER", "integerValue": memory}]);
    let mut out = json!({
        "containerInstanceArn": arn, "ec2InstanceId": instance.ec2_id, "version": 1, "agentConnected": true,
        "status": if instance.draining { "DRAINING" } else { "ACTIVE" },
        "registeredResources": resources(instance.cpu, instance.memory),
        "remainingResources": resources(cpu, memory),
        "runningTasksCount": on_instance(world, id).filter(|(_, task)| task.is_running()).count(),
        "pendingTasksCount": on_instance(world, id).filter(|(_, task)| task.is_starting()).count(),
        "attributes": instance.attributes, "attachments": [], "tags": world.tags.of(&arn),
        "registeredAt": epoch(instance.registered),
    });
    if let Some(provider) = &instance.provider {
        out["capacityProviderName"] = json!(provider);
    }
    out
}
