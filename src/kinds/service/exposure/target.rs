//! What requests are sent to: the port of a container, and a target group that can take its tasks. Pure.

use crate::api::service::expose::Exposure;
use crate::api::target_group::TargetType;
use crate::api::task_definition::PortMapping;
use crate::api::{EcsService, TaskDefinition};
use crate::engine::Stop;
use crate::engine::references::shown_in;
use crate::kinds::TARGET_TYPE_MISMATCH;
use crate::kinds::service::Refs;
use kube::ResourceExt;

/// Container and port that an entry means.
///
/// # Errors
/// When the task definition does not have it, or is not known here.
pub(super) fn of(exposure: &Exposure, definition: Option<&TaskDefinition>) -> Result<(String, i32), Stop> {
    let containers = || definition.into_iter().flat_map(|it| &it.container_definitions);
    if let (Some(name), Some(port)) = (&exposure.container_name, exposure.container_port) {
        let is_there = containers()
            .any(|it| it.name == *name && it.port_mappings.iter().flatten().any(|mapping| mapping.container_port == Some(port)));
        if definition.is_none() || is_there {
            return Ok((name.clone(), port));
        }
        return Err(Stop::invalid(
            "PortNotFound",
            format!(
                "expose entry {}: container {name} with a port mapping of {port} is not in the task definition; add it there or \
                 correct the entry",
                exposure.name
            ),
        ));
    }
    let wanted = exposure.port.as_deref().unwrap_or_default();
    if definition.is_none() {
        return Err(Stop::waiting(
            "TaskDefinitionNotFound",
            format!(
                "expose entry {}: the EcsTaskDefinition with a port mapping named {wanted} is not there; where taskDefinition names \
                 one in AWS, use containerName and containerPort",
                exposure.name
            ),
        ));
    }
    let named = |mapping: &&PortMapping| mapping.name.as_deref() == Some(wanted);
    let found = containers().find_map(|container| {
        let mapping = container.port_mappings.iter().flatten().find(named)?;
        Some((container.name.clone(), mapping.container_port?))
    });
    found.ok_or_else(|| {
        Stop::invalid(
            "PortNotFound",
            format!(
                "expose entry {}: no port mapping of the task definition is named {wanted}; name one so, or use containerName and \
                 containerPort",
                exposure.name
            ),
        )
    })
}

/// What the service is about to run, where an object here declares it.
pub(super) fn definition<'a>(service: &'a EcsService, refs: &'a Refs) -> Option<&'a TaskDefinition> {
    let referred = refs.task_definition.as_ref().map(|found| &found.spec.task_definition);
    service.spec.task_definition_template.as_ref().or(referred)
}

/// Tasks with a network interface of their own are registered by address, others by instance (load-balancing §3.1).
pub(super) fn type_of(service: &EcsService, refs: &Refs) -> TargetType {
    // Without a word it is bridge; where no object here declares it, only awsvpc takes a network configuration.
    let declared = definition(service, refs).map(|it| it.network_mode.as_ref().is_some_and(|mode| mode.as_str() == "awsvpc"));
    let is_awsvpc = declared.unwrap_or(service.spec.network_configuration.is_some());
    if is_awsvpc { TargetType::Ip } else { TargetType::Instance }
}

/// Whether the target group that an entry refers to can take the tasks.
pub(super) fn fits(exposure: &Exposure, service: &EcsService, refs: &Refs) -> Result<(), Stop> {
    let Some(Ok(found)) = refs.balancing.referred.get(&exposure.name) else { return Ok(()) };
    let (is, wanted) = (found.spec.target_type.clone().unwrap_or(TargetType::Instance), type_of(service, refs));
    if is == wanted {
        return Ok(());
    }
    Err(Stop::invalid(
        TARGET_TYPE_MISMATCH,
        format!(
            "expose entry {}: EcsTargetGroup {} has targetType {} and the tasks' network mode needs {}; set it there",
            exposure.name,
            shown_in(found, &service.namespace().unwrap_or_default()),
            is.as_str(),
            wanted.as_str()
        ),
    ))
}
