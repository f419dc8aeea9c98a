//! What `RegisterTaskDefinition` refuses. ecs-semantics §1.1, §1.4, §6.2.
//!
//! Where the sources quote AWS's words they are used; the rest is worded here.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::fargate::{check_size, cpu_units, mebibytes};
use crate::ecs::input::Input;
use crate::ecs::tags;
use crate::fault::ServiceError;

type Checked = Result<(), ServiceError>;

fn refuse(message: impl Into<String>) -> Checked {
    Err(ServiceError::client(message))
}

/// Checks a whole input.
pub(crate) fn validate(input: Input<'_>) -> Checked {
    check_family(input.text("family").unwrap_or_default())?;
    // §6.2: 64 KiB per registered definition.
    if input.0.to_string().len() > 64 * 1024 {
        return refuse("Actual length of task definition exceeds the maximum of 65536 bytes.");
    }
    if input.get("tags").is_some_and(|tags| tags.as_array().is_some_and(Vec::is_empty)) {
        // §0.3.
        return refuse("Tags can not be empty.");
    }
    tags::check(input.list("tags"))?;
    check_containers(input)?;
    check_volumes(input)?;
    check_size_text(input, "cpu", cpu_units)?;
    check_size_text(input, "memory", mebibytes)?;
    if requires(input, "FARGATE") {
        check_fargate(input)?;
        input.objects("containerDefinitions").try_for_each(check_fargate_container)?;
    }
    if requires(input, "EXTERNAL") && input.text("networkMode") == Some("awsvpc") {
        return refuse("Task definition does not support network mode awsvpc with launch type EXTERNAL.");
    }
    for constraint in input.objects("placementConstraints") {
        if constraint.text("type") != Some("memberOf") {
            return refuse("Placement constraints of task definitions can only be of type memberOf.");
        }
    }
    Ok(())
}

fn requires(input: Input<'_>, name: &str) -> bool {
    input.texts("requiresCompatibilities").any(|required| required == name)
}

fn check_family(family: &str) -> Checked {
    if family.is_empty() {
        return refuse("Family can not be blank.");
    }
    if family.len() > 255 {
        return refuse("Family name is too long: it can have 255 characters at most.");
    }
    let valid = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if family.bytes().all(valid) { Ok(()) } else { refuse("Family contains invalid characters.") }
}

fn check_size_text(input: Input<'_>, member: &str, read: fn(&str) -> Option<i64>) -> Checked {
    match input.text(member) {
        // §0.3.
        Some(text) if read(text).is_none_or(|number| number <= 0) => refuse(format!("Invalid '{member}' setting for task.")),
        _ => Ok(()),
    }
}

fn check_containers(input: Input<'_>) -> Checked {
    let containers: Vec<_> = input.objects("containerDefinitions").collect();
    if containers.is_empty() {
        return refuse("Container list cannot be empty.");
    }
    if containers.len() > 10 {
        return refuse("Container list cannot have more than 10 elements.");
    }
    let mut names = BTreeSet::new();
    for container in &containers {
        let name = container.text("name").unwrap_or_default();
        if name.is_empty() {
            return refuse("Container.name should not be null or empty.");
        }
        let valid = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if name.len() > 255 || !name.bytes().all(valid) {
            return refuse("Container.name contains invalid characters.");
        }
        if !names.insert(name) {
            return refuse(format!("Container names must be unique: '{name}' is there twice."));
        }
    }
    if !containers.iter().any(|container| container.0.get("essential").is_none_or(|essential| *essential == true)) {
        return refuse("A task definition needs at least one essential container.");
    }
    containers.iter().try_for_each(|container| check_container(input, *container, &names))
}

fn check_container(input: Input<'_>, container: Input<'_>, names: &BTreeSet<&str>) -> Checked {
    let name = container.text("name").unwrap_or_default();
    match container.text("image") {
        None | Some("") => return refuse("Container.image should not be null or empty."),
        Some(image) if image.len() > 255 => return refuse("Container.image is too long: it can have 255 characters at most."),
        Some(_) => {}
    }
    let (hard, soft) = (container.number("memory"), container.number("memoryReservation"));
    if !input.has("memory") && hard.is_none() && soft.is_none() {
        return refuse(format!(
            "Invalid setting for container '{name}'. At least one of 'memory' or 'memoryReservation' must be specified."
        ));
    }
    if let (Some(hard), Some(soft)) = (hard, soft)
        && soft > hard
    {
        return refuse(format!(
            "Invalid setting for container '{name}'. 'memory' must be greater than or equal to 'memoryReservation'."
        ));
    }
    for other in container.objects("dependsOn") {
        if !other.text("containerName").is_some_and(|other| other != name && names.contains(other)) {
            return refuse(format!("Container '{name}' depends on a container that is not in the task definition."));
        }
    }
    check_ports(input, container)?;
    check_health(container)?;
    check_mounts(input, container)
}

fn check_ports(input: Input<'_>, container: Input<'_>) -> Checked {
    let matched = matches!(input.text("networkMode"), Some("awsvpc" | "host"));
    for mapping in container.objects("portMappings") {
        let (inner, outer) = (mapping.number("containerPort"), mapping.number("hostPort"));
        if inner.is_some_and(|port| !(1..=65535).contains(&port)) || outer.is_some_and(|port| !(0..=65535).contains(&port)) {
            return refuse("Ports of port mappings must be between 1 and 65535.");
        }
        if matched && outer.is_some_and(|outer| outer != 0 && Some(outer) != inner) {
            let mode = input.text("networkMode").unwrap_or_default();
            return refuse(format!("When networkMode={mode}, the host ports and container ports in port mappings must match."));
        }
    }
    Ok(())
}

/// Ranges: §1.1.
fn check_health(container: Input<'_>) -> Checked {
    let check = container.object("healthCheck");
    if check.0.is_null() {
        return Ok(());
    }
    if check.list("command").is_empty() {
        return refuse("The health check command can not be empty.");
    }
    for (member, low, high) in [("interval", 5, 300), ("timeout", 2, 60), ("retries", 1, 10), ("startPeriod", 0, 300)] {
        if check.number(member).is_some_and(|number| !(low..=high).contains(&number)) {
            return refuse(format!("The health check {member} must be between {low} and {high}."));
        }
    }
    Ok(())
}

fn check_mounts(input: Input<'_>, container: Input<'_>) -> Checked {
    for mount in container.objects("mountPoints") {
        let source = mount.text("sourceVolume");
        if !input.objects("volumes").any(|volume| volume.text("name") == source) {
            return refuse(format!("Unknown volume '{}'.", source.unwrap_or_default()));
        }
    }
    Ok(())
}

fn check_volumes(input: Input<'_>) -> Checked {
    const KINDS: [&str; 5] = [
        "host",
        "dockerVolumeConfiguration",
        "efsVolumeConfiguration",
        "fsxWindowsFileServerVolumeConfiguration",
        "s3filesVolumeConfiguration",
    ];
    let mut at_launch = 0;
    let mut names = BTreeSet::new();
    for volume in input.objects("volumes") {
        let name = volume.text("name").unwrap_or_default();
        let given = KINDS.iter().filter(|kind| volume.has(kind)).count();
        if name.is_empty() || !names.insert(name) {
            return refuse("Volume names must be given and unique.");
        }
        if given > 1 || (given == 1 && volume.flag("configuredAtLaunch")) {
            return refuse(format!("Volume '{name}' has more than one configuration."));
        }
        at_launch += usize::from(volume.flag("configuredAtLaunch"));
    }
    if at_launch > 1 { refuse("Only one volume can be configured at launch.") } else { Ok(()) }
}

fn check_fargate(input: Input<'_>) -> Checked {
    let (Some(cpu), Some(memory)) = (input.text("cpu").and_then(cpu_units), input.text("memory").and_then(mebibytes)) else {
        return refuse("Fargate requires that 'cpu' and 'memory' be defined at the task level.");
    };
    if input.text("networkMode") != Some("awsvpc") {
        return refuse("Fargate only supports network mode ‘awsvpc’.");
    }
    let system = input.object("runtimePlatform").text("operatingSystemFamily").unwrap_or("LINUX");
    check_size(cpu, memory, system.starts_with("WINDOWS"))?;
    if input.object("runtimePlatform").text("cpuArchitecture") == Some("ARM64") && system.starts_with("WINDOWS") {
        return refuse("Windows on Fargate needs the architecture X86_64.");
    }
    if input.has("ipcMode") || !input.list("placementConstraints").is_empty() || input.text("pidMode") == Some("host") {
        return refuse("Fargate does not support ipcMode, placementConstraints and pidMode 'host'.");
    }
    let size = input.object("ephemeralStorage").number("sizeInGiB");
    if size.is_some_and(|size| !(21..=200).contains(&size)) {
        return refuse("Ephemeral storage must be between 21 and 200 GiB.");
    }
    let parts: i64 = input.objects("containerDefinitions").filter_map(|container| container.number("cpu")).sum();
    if parts > cpu {
        return refuse("The sum of the 'cpu' of all containers is greater than the 'cpu' of the task.");
    }
    if input.objects("volumes").any(|volume| volume.has("dockerVolumeConfiguration")) {
        return refuse("Fargate does not support docker volumes.");
    }
    let pulls_logs = input
        .objects("containerDefinitions")
        .any(|container| container.object("logConfiguration").text("logDriver") == Some("awslogs"));
    if pulls_logs && !input.has("executionRoleArn") {
        return refuse("Fargate requires task definition to have execution role ARN to support log driver awslogs.");
    }
    Ok(())
}

/// Members that Fargate does not take: §1.1.
fn check_fargate_container(container: Input<'_>) -> Checked {
    const REFUSED: [&str; 7] =
        ["disableNetworking", "dnsSearchDomains", "dnsServers", "dockerSecurityOptions", "extraHosts", "links", "privileged"];
    let given = |value: &Value| *value != false && !value.as_array().is_some_and(Vec::is_empty);
    if let Some(member) = REFUSED.iter().find(|member| container.get(member).is_some_and(given)) {
        return refuse(format!("Fargate does not support '{member}'."));
    }
    if container.objects("resourceRequirements").any(|requirement| requirement.text("type") == Some("GPU")) {
        return refuse("Fargate does not support GPU.");
    }
    let linux = container.object("linuxParameters");
    let numbers = ["maxSwap", "swappiness", "sharedMemorySize"].iter().any(|member| linux.has(member));
    if numbers || !linux.list("devices").is_empty() || !linux.list("tmpfs").is_empty() {
        return refuse("Fargate does not support devices, sharedMemorySize, tmpfs, maxSwap and swappiness.");
    }
    if linux.object("capabilities").texts("add").any(|name| name != "SYS_PTRACE") {
        return refuse("Fargate only supports adding the capability SYS_PTRACE.");
    }
    let driver = container.object("logConfiguration").text("logDriver");
    if driver.is_some_and(|driver| !["awslogs", "splunk", "awsfirelens"].contains(&driver)) {
        return refuse("Fargate only supports the log drivers awslogs, splunk and awsfirelens.");
    }
    let stop = container.number("stopTimeout");
    if stop.is_some_and(|seconds| !(2..=120).contains(&seconds)) {
        return refuse("On Fargate, stopTimeout must be between 2 and 120 seconds.");
    }
    Ok(())
}

/// What the service computes from the definition, asked for or not: §1.1.
pub(crate) fn compatibilities(input: Input<'_>) -> Value {
    let is_fargate = requires(input, "FARGATE")
        || (input.text("networkMode") == Some("awsvpc")
            && check_fargate(input).is_ok()
            && input.objects("containerDefinitions").all(|container| check_fargate_container(container).is_ok()));
    let mut names = vec!["EC2"];
    if input.text("networkMode") != Some("awsvpc") {
        names.push("EXTERNAL");
    }
    if is_fargate {
        names.push("FARGATE");
    }
    json!(names)
}
