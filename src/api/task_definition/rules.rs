//! What a task definition must fulfil, as CEL with a sentence for the person who wrote it.
//!
//! A rule stands here only if Amazon ECS refuses the same input at every time and in every account; what depends on
//! another object or on the account is found out by the operator. A rule that the API server cannot bound does not fit
//! its cost budget, so every list and every text that a rule walks has a bound in the schema. None of these rules reads
//! `oldSelf` except [`family_is_kept`].

use kube::core::{Message, Rule};

const ON_FARGATE: &str = "has(self.requiresCompatibilities) && 'FARGATE' in self.requiresCompatibilities";

/// The sizes that Fargate has: CPU units, and a claim about `m`, the memory in MiB.
/// Source: the table of task sizes in the ECS Developer Guide, `fargate-tasks-services`.
const FARGATE_SIZES: [(&str, &str); 8] = [
    ("256", "m in [512, 1024, 2048]"),
    ("512", "m in [1024, 2048, 3072, 4096]"),
    ("1024", "m >= 2048 && m <= 8192 && m % 1024 == 0"),
    ("2048", "m >= 4096 && m <= 16384 && m % 1024 == 0"),
    ("4096", "m >= 8192 && m <= 30720 && m % 1024 == 0"),
    ("8192", "m >= 16384 && m <= 61440 && m % 4096 == 0"),
    ("16384", "m >= 32768 && m <= 122880 && m % 8192 == 0"),
    ("32768", "m in [61440, 122880, 249856]"),
];

/// The same table in words, for the message.
const FARGATE_SIZES_IN_WORDS: &str = "{'256': '512, 1024 or 2048', '512': '1024 to 4096 in steps of 1024', \
     '1024': '2048 to 8192 in steps of 1024', '2048': '4096 to 16384 in steps of 1024', \
     '4096': '8192 to 30720 in steps of 1024', '8192': '16384 to 61440 in steps of 4096', \
     '16384': '32768 to 122880 in steps of 8192', '32768': '61440, 122880 or 249856'}";

fn rule(text: impl Into<String>, message: &str) -> Rule {
    Rule::new(text.into()).message(message)
}

fn on_fargate(claim: &str, message: &str) -> Rule {
    rule(format!("!({ON_FARGATE}) || ({claim})"), message)
}

/// A claim about each container `c`.
fn each_container_on_fargate(claim: &str, message: &str) -> Rule {
    on_fargate(&format!("self.containerDefinitions.all(c, {claim})"), message)
}

/// On the object: a family may not have the dots that a Kubernetes name may have.
pub(super) fn name_is_a_family() -> Rule {
    rule(
        "has(self.spec.family) || !self.metadata.name.contains('.')",
        "metadata.name has dots, which an ECS family must not have: set spec.family, or choose a name without dots",
    )
}

/// On the object, where both the name and the field are seen: setting the field to what it defaulted to is no change.
pub(super) fn family_is_kept() -> Rule {
    rule(
        "(has(self.spec.family) ? self.spec.family : self.metadata.name) == \
         (has(oldSelf.spec.family) ? oldSelf.spec.family : oldSelf.metadata.name)",
        "spec.family cannot be changed: make a new EcsTaskDefinition for another family",
    )
}

pub(super) fn cpu_is_a_size() -> Rule {
    rule(
        "!has(self.cpu) || self.cpu.matches('^([0-9]+|[0-9]*[.]?[0-9]+ ?[vV][cC][pP][uU])$')",
        "cpu must be CPU units such as \"256\", or vCPUs such as \"0.25 vCPU\"",
    )
}

pub(super) fn memory_is_a_size() -> Rule {
    rule(
        "!has(self.memory) || self.memory.matches('^([0-9]+|[0-9]*[.]?[0-9]+ ?[gG][bB])$')",
        "memory must be MiB such as \"512\", or GB such as \"0.5 GB\"",
    )
}

pub(super) fn an_essential_container() -> Rule {
    rule(
        "self.containerDefinitions.exists(c, !has(c.essential) || c.essential)",
        "no container is essential: leave essential unset or set it to true for at least one of containerDefinitions",
    )
}

pub(super) fn fargate_needs_a_size() -> Rule {
    on_fargate(
        "has(self.cpu) && has(self.memory)",
        "FARGATE in requiresCompatibilities needs both cpu and memory of the task, such as cpu \"256\" and memory \"512\"",
    )
}

/// Pairs in plain numbers only; `1 vCPU` and `2 GB` are read by the operator.
pub(super) fn fargate_has_this_size() -> Rule {
    let pairs = FARGATE_SIZES
        .map(|(cpu, memory)| {
            let memory = memory.replace("m ", "int(self.memory) ");
            format!("self.cpu == '{cpu}' && {memory}")
        })
        .join(" || ");
    let plain = "self.cpu.matches('^[0-9]+$') && self.memory.matches('^[0-9]+$')";
    on_fargate(&format!("!has(self.cpu) || !has(self.memory) || !({plain}) || {pairs}"), "").message(Message::Expression(
        format!(
            "self.cpu in {FARGATE_SIZES_IN_WORDS} \
             ? 'FARGATE has no task with cpu ' + self.cpu + ' and memory ' + self.memory + ': with this cpu, memory must be ' \
             + {FARGATE_SIZES_IN_WORDS}[self.cpu] + ' MiB' \
             : 'FARGATE has no task with cpu ' + self.cpu + ': use 256, 512, 1024, 2048, 4096, 8192, 16384 or 32768'"
        ),
    ))
}

pub(super) fn fargate_needs_awsvpc() -> Rule {
    on_fargate(
        "has(self.networkMode) && self.networkMode == 'awsvpc'",
        "FARGATE in requiresCompatibilities needs networkMode: awsvpc",
    )
}

pub(super) fn fargate_shares_no_host() -> Rule {
    on_fargate(
        "!has(self.ipcMode) && (!has(self.pidMode) || self.pidMode == 'task') && \
         (!has(self.placementConstraints) || size(self.placementConstraints) == 0)",
        "FARGATE does not support ipcMode, pidMode host and placementConstraints: leave them out",
    )
}

pub(super) fn fargate_is_not_privileged() -> Rule {
    each_container_on_fargate(
        "!has(c.privileged) || !c.privileged",
        "FARGATE does not support privileged containers: leave privileged out, or require EC2",
    )
}

pub(super) fn fargate_has_its_own_network() -> Rule {
    let empty = ["links", "dnsServers", "dnsSearchDomains", "extraHosts", "dockerSecurityOptions"]
        .map(|list| format!("(!has(c.{list}) || size(c.{list}) == 0)"))
        .join(" && ");
    each_container_on_fargate(
        &format!("{empty} && (!has(c.disableNetworking) || !c.disableNetworking)"),
        "FARGATE does not support links, dnsServers, dnsSearchDomains, extraHosts, dockerSecurityOptions and \
         disableNetworking: leave them out of containerDefinitions",
    )
}

pub(super) fn fargate_has_its_own_kernel() -> Rule {
    each_container_on_fargate(
        "!has(c.linuxParameters) || (!has(c.linuxParameters.maxSwap) && !has(c.linuxParameters.swappiness) && \
         !has(c.linuxParameters.sharedMemorySize) && \
         (!has(c.linuxParameters.devices) || size(c.linuxParameters.devices) == 0) && \
         (!has(c.linuxParameters.capabilities) || !has(c.linuxParameters.capabilities.add) || \
         c.linuxParameters.capabilities.add.all(name, name == 'SYS_PTRACE')))",
        "FARGATE does not support devices, sharedMemorySize, maxSwap, swappiness and capabilities other than SYS_PTRACE \
         in linuxParameters: leave them out",
    )
}

pub(super) fn fargate_has_no_gpu() -> Rule {
    each_container_on_fargate(
        "!has(c.resourceRequirements) || c.resourceRequirements.all(r, r.type != 'GPU')",
        "FARGATE has no GPUs: require EC2 or MANAGED_INSTANCES",
    )
}

pub(super) fn fargate_knows_the_log_driver() -> Rule {
    each_container_on_fargate(
        "!has(c.logConfiguration) || c.logConfiguration.logDriver in ['awslogs', 'splunk', 'awsfirelens']",
        "FARGATE supports only the log drivers awslogs, splunk and awsfirelens",
    )
}

pub(super) fn fargate_has_no_host_volumes() -> Rule {
    on_fargate(
        "!has(self.volumes) || self.volumes.all(v, !has(v.dockerVolumeConfiguration) && \
         (!has(v.host) || !has(v.host.sourcePath)))",
        "FARGATE does not support dockerVolumeConfiguration and host.sourcePath in volumes",
    )
}

pub(super) fn host_port_is_the_container_port() -> Rule {
    rule(
        "!has(self.networkMode) || !(self.networkMode in ['awsvpc', 'host']) || \
         self.containerDefinitions.all(c, !has(c.portMappings) || c.portMappings.all(p, \
         !has(p.hostPort) || p.hostPort == 0 || (has(p.containerPort) && p.hostPort == p.containerPort)))",
        "hostPort must equal containerPort with networkMode awsvpc or host: leave hostPort out",
    )
}

pub(super) fn no_network_no_ports() -> Rule {
    rule(
        "!has(self.networkMode) || self.networkMode != 'none' || \
         self.containerDefinitions.all(c, !has(c.portMappings) || size(c.portMappings) == 0)",
        "networkMode none allows no portMappings",
    )
}

pub(super) fn external_has_no_awsvpc() -> Rule {
    rule(
        "!has(self.requiresCompatibilities) || !('EXTERNAL' in self.requiresCompatibilities) || \
         !has(self.networkMode) || self.networkMode != 'awsvpc'",
        "EXTERNAL in requiresCompatibilities does not go with networkMode awsvpc: use bridge, host or none",
    )
}

/// Source: RegisterTaskDefinition needs a memory of the task or of each container; Windows on EC2 is no exception.
pub(super) fn memory_is_somewhere() -> Rule {
    rule(
        "has(self.memory) || self.containerDefinitions.all(c, has(c.memory) || has(c.memoryReservation))",
        "without memory of the task, each of containerDefinitions needs memory or memoryReservation",
    )
}

pub(super) fn mounts_name_a_volume() -> Rule {
    rule(
        "self.containerDefinitions.all(c, !has(c.mountPoints) || c.mountPoints.all(m, !has(m.sourceVolume) || \
         (has(self.volumes) && self.volumes.exists(v, v.name == m.sourceVolume))))",
        "sourceVolume of mountPoints must be the name of one of volumes",
    )
}

pub(super) fn dependencies_name_a_container() -> Rule {
    rule(
        "self.containerDefinitions.all(c, !has(c.dependsOn) || c.dependsOn.all(d, \
         self.containerDefinitions.exists(other, other.name == d.containerName)))",
        "containerName of dependsOn must be the name of one of containerDefinitions",
    )
}

/// On a container. Within [`dependencies_name_a_container`] the same claim is over the cost budget.
pub(super) fn no_dependency_on_itself() -> Rule {
    rule(
        "!has(self.dependsOn) || self.dependsOn.all(d, d.containerName != self.name)",
        "a container cannot depend on itself: take its own name out of dependsOn",
    )
}

pub(super) fn tags_are_not_reserved() -> Rule {
    rule(
        "!has(self.tags) || self.tags.all(t, !t.key.lowerAscii().startsWith('aws:') && \
         !t.key.startsWith('ecs-operator.io/'))",
        "tags must not have keys that begin with aws: or ecs-operator.io/, which are reserved",
    )
}

pub(super) fn memory_covers_reservation() -> Rule {
    rule(
        "!has(self.memory) || !has(self.memoryReservation) || self.memory >= self.memoryReservation",
        "memoryReservation must not be greater than memory",
    )
}

pub(super) fn health_command_says_how() -> Rule {
    rule(
        "size(self.command) == 0 || self.command[0] in ['CMD', 'CMD-SHELL', 'NONE']",
        "the first item of healthCheck.command must be CMD or CMD-SHELL, such as [\"CMD-SHELL\", \"curl -f http://localhost/\"]",
    )
}

pub(super) fn port_or_range() -> Rule {
    rule(
        "has(self.containerPort) != has(self.containerPortRange)",
        "each of portMappings needs either containerPort or containerPortRange",
    )
}

pub(super) fn value_or_sharing() -> Rule {
    rule(
        "has(self.value) ? !has(self.sharingStrategy) : (has(self.sharingStrategy) && self.type == 'GPU')",
        "each of resourceRequirements needs a value, or for a GPU a sharingStrategy instead",
    )
}

pub(super) fn one_volume_source() -> Rule {
    let sources = [
        "host",
        "dockerVolumeConfiguration",
        "efsVolumeConfiguration",
        "s3filesVolumeConfiguration",
        "fsxWindowsFileServerVolumeConfiguration",
    ]
    .map(|field| format!("has(self.{field})"))
    .join(", ");
    rule(
        format!("[{sources}, has(self.configuredAtLaunch) && self.configuredAtLaunch].filter(given, given).size() <= 1"),
        "a volume has at most one source: host, dockerVolumeConfiguration, efsVolumeConfiguration, \
         s3filesVolumeConfiguration, fsxWindowsFileServerVolumeConfiguration or configuredAtLaunch: true",
    )
}
