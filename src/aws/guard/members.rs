//! The members of ECS's inputs that name something which somebody else may own, and the slot that grants each. Pure.
//!
//! A table and no code, so that the guard before a call, the admission policy and the test against the SDK read the same.
//! `tests/sdk_members/guard.rs` fails when the SDK grows a member that looks like one of these and stands in neither list.

use super::asks::{Ask, Asks};
use crate::aws::codec::{Request, to_json};
use crate::domain::grant::Slot;
use serde_json::Value;

/// Which values of a member are asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Every text that is not empty.
    Any,
    /// `true`.
    True,
    /// This word.
    Is(&'static str),
    /// Every text but this one, and what goes on from it.
    Not(&'static str),
    /// What is an ARN.
    Arn,
}

/// A member that is asked about.
#[derive(Clone, Copy, Debug)]
pub struct Member {
    /// Its path, such as `containerDefinitions[].secrets[].valueFrom`; `{key}` is one value of a map, `{}` each of them.
    pub path: &'static str,
    /// The slot that grants it.
    pub slot: Slot,
    /// Which values.
    pub when: When,
}

const fn any(path: &'static str, slot: Slot) -> Member {
    Member { path, slot, when: When::Any }
}

const fn when(when: When, path: &'static str, slot: Slot) -> Member {
    Member { path, slot, when }
}

/// Of `RegisterTaskDefinition`.
pub const TASK: &[Member] = &[
    any("taskRoleArn", Slot::TaskRoles),
    any("executionRoleArn", Slot::ExecutionRoles),
    any("family", Slot::Families),
    any("containerDefinitions[].image", Slot::Images),
    any("containerDefinitions[].secrets[].valueFrom", Slot::Secrets),
    any("containerDefinitions[].logConfiguration.secretOptions[].valueFrom", Slot::Secrets),
    any("containerDefinitions[].logConfiguration.options{awslogs-group}", Slot::LogGroups),
    any("containerDefinitions[].repositoryCredentials.credentialsParameter", Slot::Secrets),
    any("containerDefinitions[].environmentFiles[].value", Slot::Secrets),
    any("containerDefinitions[].credentialSpecs[]", Slot::Secrets),
    when(When::Arn, "containerDefinitions[].firelensConfiguration.options{config-file-value}", Slot::Secrets),
    when(When::True, "containerDefinitions[].privileged", Slot::Privileged),
    when(When::Not("no-new-privileges"), "containerDefinitions[].dockerSecurityOptions[]", Slot::Privileged),
    any("containerDefinitions[].linuxParameters.capabilities.add[]", Slot::Capabilities),
    any("containerDefinitions[].linuxParameters.devices[].hostPath", Slot::HostDevices),
    when(When::Is("host"), "networkMode", Slot::HostNetwork),
    when(When::Is("host"), "pidMode", Slot::HostPid),
    when(When::Is("host"), "ipcMode", Slot::HostIpc),
    any("volumes[].host.sourcePath", Slot::HostVolumes),
    when(When::Not("local"), "volumes[].dockerVolumeConfiguration.driver", Slot::HostVolumes),
    when(When::Is("shared"), "volumes[].dockerVolumeConfiguration.scope", Slot::HostVolumes),
    any("volumes[].dockerVolumeConfiguration.driverOpts{}", Slot::HostVolumes),
    any("volumes[].efsVolumeConfiguration.fileSystemId", Slot::FileSystems),
    any("volumes[].efsVolumeConfiguration.authorizationConfig.accessPointId", Slot::FileSystems),
    any("volumes[].fsxWindowsFileServerVolumeConfiguration.fileSystemId", Slot::FileSystems),
    any("volumes[].fsxWindowsFileServerVolumeConfiguration.authorizationConfig.credentialsParameter", Slot::Secrets),
    any("volumes[].s3filesVolumeConfiguration.fileSystemArn", Slot::FileSystems),
    any("volumes[].s3filesVolumeConfiguration.accessPointArn", Slot::FileSystems),
];

/// Of `CreateService` and `UpdateService`.
pub const SERVICE: &[Member] = &[
    any("cluster", Slot::Clusters),
    any("taskDefinition", Slot::Families),
    any("role", Slot::InfrastructureRoles),
    any("networkConfiguration.awsvpcConfiguration.subnets[]", Slot::Subnets),
    any("networkConfiguration.awsvpcConfiguration.securityGroups[]", Slot::SecurityGroups),
    any("loadBalancers[].targetGroupArn", Slot::TargetGroups),
    any("loadBalancers[].loadBalancerName", Slot::LoadBalancers),
    any("loadBalancers[].advancedConfiguration.alternateTargetGroupArn", Slot::TargetGroups),
    any("loadBalancers[].advancedConfiguration.productionListenerRule", Slot::Listeners),
    any("loadBalancers[].advancedConfiguration.testListenerRule", Slot::Listeners),
    any("loadBalancers[].advancedConfiguration.roleArn", Slot::InfrastructureRoles),
    any("deploymentConfiguration.lifecycleHooks[].hookTargetArn", Slot::HookTargets),
    any("deploymentConfiguration.lifecycleHooks[].roleArn", Slot::InfrastructureRoles),
    any("serviceConnectConfiguration.namespace", Slot::ServiceConnectNamespaces),
    any("serviceConnectConfiguration.logConfiguration.secretOptions[].valueFrom", Slot::Secrets),
    any("serviceConnectConfiguration.logConfiguration.options{awslogs-group}", Slot::LogGroups),
    any("serviceConnectConfiguration.services[].tls.roleArn", Slot::InfrastructureRoles),
    any("serviceConnectConfiguration.services[].tls.kmsKey", Slot::Keys),
    any("serviceConnectConfiguration.services[].tls.issuerCertificateAuthority.awsPcaAuthorityArn", Slot::Keys),
    any("serviceRegistries[].registryArn", Slot::Registries),
    any("volumeConfigurations[].managedEBSVolume.roleArn", Slot::InfrastructureRoles),
    any("volumeConfigurations[].managedEBSVolume.kmsKeyId", Slot::Keys),
    any("volumeConfigurations[].managedEBSVolume.snapshotId", Slot::FileSystems),
    any("vpcLatticeConfigurations[].roleArn", Slot::InfrastructureRoles),
    any("vpcLatticeConfigurations[].targetGroupArn", Slot::TargetGroups),
    any("vpcLatticeConfigurations[].advancedConfiguration.alternateTargetGroupArn", Slot::TargetGroups),
    any("vpcLatticeConfigurations[].advancedConfiguration.productionListenerRule", Slot::Listeners),
    any("vpcLatticeConfigurations[].advancedConfiguration.testListenerRule", Slot::Listeners),
];

/// What an `EcsService` names in `expose`, below its spec. It reaches AWS as a member of `loadBalancers`.
pub const EXPOSED: &[Member] = &[any("expose[].targetGroup.arn", Slot::TargetGroups)];

/// What an `EcsListenerRule` names, below its spec. Its listener is judged at the call alone, where it is known who has it.
pub const RULE: &[Member] = &[any("forward[].targetGroupArn", Slot::TargetGroups)];

/// What an `EcsLoadBalancer` names, below its spec.
pub const LOAD_BALANCER: &[Member] = &[
    any("subnets[]", Slot::Subnets),
    any("subnetMappings[].subnetId", Slot::Subnets),
    any("subnetMappings[].allocationId", Slot::Addresses),
    any("securityGroups[]", Slot::SecurityGroups),
    any("customerOwnedIpv4Pool", Slot::Addresses),
    any("ipamPools.ipv4IpamPoolId", Slot::Addresses),
    any("listeners[].certificates[].certificateArn", Slot::Certificates),
    any("listeners[].mutualAuthentication.trustStoreArn", Slot::Certificates),
    any("listeners[].defaultAction.forward[].targetGroupArn", Slot::TargetGroups),
];

/// The members of an operation that are asked about.
pub fn of(operation: &str) -> &'static [Member] {
    if operation == "RegisterTaskDefinition" { TASK } else { SERVICE }
}

impl<I: Request> Asks for I {
    fn asks(&self, ask: &mut dyn FnMut(Ask)) {
        match to_json(self) {
            Ok(json) => {
                for member in of(I::OPERATION) {
                    walk(&json, member.path, member, ask);
                }
                if I::OPERATION != "RegisterTaskDefinition" && json["cluster"].is_null() {
                    ask(Ask::new("cluster", Slot::Clusters, "default"));
                }
            }
            // What cannot be looked through is not let through.
            Err(error) => ask(Ask::new(I::OPERATION, Slot::TaskRoles, &error.to_string())),
        }
    }
}

/// Asks about every value at `path` below `value`.
fn walk(value: &Value, path: &str, member: &Member, ask: &mut dyn FnMut(Ask)) {
    if path.is_empty() {
        return leaf(value, member, ask);
    }
    if let Some(rest) = path.strip_prefix("[]") {
        let rest = rest.strip_prefix('.').unwrap_or(rest);
        return value.as_array().into_iter().flatten().for_each(|item| walk(item, rest, member, ask));
    }
    if let Some((key, rest)) = path.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
        let entries = value.as_object().into_iter().flatten().filter(|(name, _)| key.is_empty() || *name == key);
        return entries.for_each(|(_, entry)| walk(entry, rest, member, ask));
    }
    let end = path.find(['.', '[', '{']).unwrap_or(path.len());
    let (name, rest) = path.split_at(end);
    walk(&value[name], rest.strip_prefix('.').unwrap_or(rest), member, ask);
}

fn leaf(value: &Value, member: &Member, ask: &mut dyn FnMut(Ask)) {
    let asked = match (value, member.when) {
        (Value::Bool(true), When::True) => Some("true"),
        (Value::String(text), When::Any) => Some(text.as_str()).filter(|text| !text.is_empty()),
        (Value::String(text), When::Is(word)) => Some(text.as_str()).filter(|text| text.eq_ignore_ascii_case(word)),
        (Value::String(text), When::Not(word)) => Some(text.as_str()).filter(|text| !is_or_goes_on(text, word)),
        (Value::String(text), When::Arn) => Some(text.as_str()).filter(|text| text.starts_with("arn:")),
        _ => None,
    };
    if let Some(text) = asked {
        ask(Ask::new(member.path, member.slot, text));
    }
}

/// Docker writes `no-new-privileges` and `no-new-privileges:true`.
fn is_or_goes_on(text: &str, word: &str) -> bool {
    text.strip_prefix(word).is_some_and(|rest| rest.is_empty() || (word != "local" && rest == ":true"))
}
