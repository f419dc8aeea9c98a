//! Every member of the SDK's inputs that looks as if it named something which somebody may own is either asked about by the
//! guard, or stands here with the reason why not. A new version of the SDK that brings another one fails here.

use crate::{input, service_members};
use aws_sdk_ecs::operation::register_task_definition::RegisterTaskDefinitionInput;
use aws_sdk_elasticloadbalancingv2::{operation, types};
use ecs_operator::aws::guard::Slot;
use ecs_operator::aws::guard::members::{Member, SERVICE, TASK};
use std::collections::BTreeSet;

/// What the last part of a path is suspicious of, in lower case.
const SMELLS: [&str; 51] = [
    "accesspoint",
    "account",
    "allocation",
    "arn",
    "assume",
    "authenticate",
    "authority",
    "authorization",
    "bucket",
    "capabilit",
    "certificate",
    "cluster",
    "credential",
    "device",
    "driver",
    "expression",
    "family",
    "file",
    "filesystem",
    "gateway",
    "group",
    "hook",
    "host",
    "identity",
    "image",
    "ipc",
    "key",
    "kms",
    "lambda",
    "listener",
    "loadbalancer",
    "location",
    "namespace",
    "network",
    "option",
    "parameter",
    "path",
    "pid",
    "pool",
    "policy",
    "principal",
    "privileged",
    "profile",
    "registry",
    "role",
    "rule",
    "secret",
    "snapshot",
    "source",
    "subnet",
    "value",
];
/// The same where only the whole word is.
const WORDS: [&str; 5] = ["user", "vpc", "token", "url", "endpoint"];

/// Members of `RegisterTaskDefinition` that are not asked about.
const NOT_OF_TASK: &[(&str, &str)] = &[
    ("containerDefinitions[].command[]", "what runs inside the container"),
    ("containerDefinitions[].credentialSpecs", "a list; what it holds is asked about"),
    ("containerDefinitions[].dnsServers", "inside the container"),
    ("containerDefinitions[].dockerLabels", "a label"),
    ("containerDefinitions[].dockerSecurityOptions", "a list; what it holds is asked about"),
    ("containerDefinitions[].environment", "plain values, given by whoever wrote them"),
    ("containerDefinitions[].environmentFiles", "a list; what it holds is asked about"),
    ("containerDefinitions[].environmentFiles[].type", "the kind of the value beside it"),
    ("containerDefinitions[].extraHosts", "names inside the container"),
    ("containerDefinitions[].firelensConfiguration.options", "a map; the one value that names a file in S3 is asked about"),
    ("containerDefinitions[].hostname", "a name inside the container"),
    ("containerDefinitions[].linuxParameters.capabilities", "a structure; what it adds is asked about"),
    ("containerDefinitions[].linuxParameters.capabilities.drop", "takes rights away"),
    ("containerDefinitions[].linuxParameters.devices", "a list; what it holds is asked about"),
    ("containerDefinitions[].linuxParameters.devices[].containerPath", "inside the container"),
    ("containerDefinitions[].linuxParameters.devices[].permissions", "of a device that is asked about"),
    ("containerDefinitions[].linuxParameters.tmpfs", "memory of the container"),
    ("containerDefinitions[].logConfiguration.logDriver", "a driver that the instance allows; what it names is asked about"),
    ("containerDefinitions[].logConfiguration.options", "a map; the log group in it is asked about"),
    ("containerDefinitions[].logConfiguration.secretOptions", "a list; what it holds is asked about"),
    ("containerDefinitions[].mountPoints", "volumes of the task, which are asked about"),
    ("containerDefinitions[].portMappings", "ports of the instance, which ECS gives out"),
    ("containerDefinitions[].readonlyRootFilesystem", "inside the container"),
    ("containerDefinitions[].repositoryCredentials", "a structure; what it holds is asked about"),
    ("containerDefinitions[].resourceRequirements", "an amount"),
    ("containerDefinitions[].disableNetworking", "takes the network away"),
    ("containerDefinitions[].healthCheck", "runs inside the container"),
    ("containerDefinitions[].secrets", "a list; what it holds is asked about"),
    ("containerDefinitions[].systemControls", "of the network and memory of the task: ECS refuses them with those of the host"),
    ("containerDefinitions[].user", "a user inside the container; root there is no root on the instance"),
    ("containerDefinitions[].volumesFrom", "another container of the task"),
    ("containerDefinitions[].workingDirectory", "inside the container"),
    ("containerDefinitions[].restartPolicy", "when a container is started again"),
    ("containerDefinitions[].links", "other containers of the task"),
    ("inferenceAccelerators", "hardware of the task, gone from AWS"),
    ("placementConstraints[].expression", "instances of the cluster, which is asked about"),
    ("proxyConfiguration", "a container of the task"),
    ("runtimePlatform", "the kind of machine"),
    ("tags", "labels"),
    ("volumes[].dockerVolumeConfiguration.driver", "asked about unless it is `local`"),
    ("volumes[].dockerVolumeConfiguration.driverOpts", "a map; each of its values is asked about"),
    ("volumes[].dockerVolumeConfiguration.labels", "labels of a volume"),
    ("volumes[].dockerVolumeConfiguration.autoprovision", "of a volume that is asked about"),
    ("volumes[].efsVolumeConfiguration", "a structure; file system and access point are asked about"),
    ("volumes[].fsxWindowsFileServerVolumeConfiguration", "a structure; file system and credentials are asked about"),
    ("volumes[].host", "a structure; the path on the host is asked about"),
    ("volumes[].s3filesVolumeConfiguration", "a structure; file system and access point are asked about"),
    ("volumes[].configuredAtLaunch", "a switch; the service that configures it is asked about"),
];

/// Members of `CreateService` and `UpdateService` that are not asked about.
const NOT_OF_SERVICE: &[(&str, &str)] = &[
    ("capacityProviderStrategy", "capacity of the cluster, which is asked about"),
    ("clientToken", "made by the operator"),
    ("deploymentConfiguration.alarms", "can only fail the service's own rollout"),
    ("deploymentConfiguration.deploymentCircuitBreaker", "numbers of tasks"),
    ("deploymentConfiguration.earlySuccessCriteria", "numbers of tasks"),
    (
        "deploymentConfiguration.lifecycleHooks",
        "a list; function and role are asked about, details are what the function is told",
    ),
    ("gatewayConnectors", "a gateway of the cluster, which is asked about"),
    ("healthCheckGracePeriodSeconds", "a time"),
    ("loadBalancers", "a list; what it holds is asked about"),
    ("monitoring", "how finely ECS measures"),
    ("networkConfiguration", "a structure; subnets and security groups are asked about"),
    ("placementConstraints[].expression", "instances of the cluster, which is asked about"),
    ("placementStrategy", "instances of the cluster, which is asked about"),
    ("serviceConnectConfiguration", "a structure; namespace, roles, keys and secrets are asked about"),
    ("serviceRegistries", "a list; what it holds is asked about"),
    ("tags", "labels"),
    ("volumeConfigurations", "a list; role, key and snapshot are asked about"),
    ("volumeConfigurations[].managedEBSVolume.filesystemType", "a kind of file system, on a volume of its own"),
    ("vpcLatticeConfigurations", "a list; role, target groups and rules are asked about"),
    ("enableECSManagedTags", "a switch"),
    ("propagateTags", "a word"),
];

/// Exact members below something that is left out, which are asked about all the same: an exclusion covers a tree only where
/// nothing in it is an ARN, a role or a secret.
const NEVER_EXCLUDED: [&str; 10] =
    ["arn", "role", "secret", "credential", "valuefrom", "subnet", "securitygroup", "kms", "filesystem", "snapshot"];

fn smells(path: &str) -> bool {
    let last = path.trim_end_matches("[]").trim_end_matches("{}").rsplit('.').next().unwrap().to_lowercase();
    SMELLS.iter().any(|smell| last.contains(smell)) || WORDS.contains(&last.as_str())
}

fn is_asked(path: &str, table: &[Member]) -> bool {
    table.iter().any(|member| match member.path.split_once('{') {
        Some((map, _)) => path == format!("{map}{{}}"),
        None => member.path == path,
    })
}

fn is_below(path: &str, root: &str) -> bool {
    path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[', '{']))
}

/// What looks like something to be asked about and is neither asked about nor left out.
fn unforeseen(members: &crate::Members, table: &[Member], left_out: &[(&str, &str)]) -> Vec<String> {
    let mut found = Vec::new();
    for (path, word) in members.iter().filter(|(path, _)| smells(path) && !is_asked(path, table)) {
        let leaf = matches!(*word, "string" | "anything");
        let last = path.rsplit('.').next().unwrap().to_lowercase();
        let grave = leaf && NEVER_EXCLUDED.iter().any(|smell| last.contains(smell));
        let excluded = left_out.iter().any(|(root, _)| if grave { path == root } else { is_below(path, root) });
        let is_a_folder = table.iter().any(|member| is_below(member.path, path) && member.path != path);
        if !excluded && !is_a_folder {
            found.push(path.clone());
        }
    }
    let reasons = left_out.iter().filter(|(_, reason)| reason.len() < 5);
    found.extend(reasons.map(|(path, _)| format!("{path} is left out without a reason")));
    let gone = table.iter().filter(|member| !members.contains_key(member.path.split('{').next().unwrap()));
    found.extend(gone.map(|member| format!("{} is asked about and is no longer a member", member.path)));
    found
}

#[test]
fn whatever_of_a_task_definition_somebody_may_own_is_asked_about() {
    let members = input(RegisterTaskDefinitionInput::deserialize).members;
    assert_eq!(unforeseen(&members, TASK, NOT_OF_TASK), Vec::<String>::new());
}

#[test]
fn whatever_of_a_service_somebody_may_own_is_asked_about() {
    let mut members = service_members().members;
    // UpdateService's word for serviceName.
    members.remove("service");
    assert_eq!(unforeseen(&members, SERVICE, NOT_OF_SERVICE), Vec::<String>::new());
}

#[test]
fn a_member_that_is_new_is_found() {
    let mut members = input(RegisterTaskDefinitionInput::deserialize).members;
    for new in ["containerDefinitions[].debugRoleArn", "containerDefinitions[].secrets[].fallbackFrom.secretArn", "mountRole"] {
        members.insert(new.to_owned(), "string");
        assert_eq!(unforeseen(&members, TASK, NOT_OF_TASK), [new]);
        members.remove(new);
    }
}

/// Each role that the operations of ECS take is one of the guard's: 2 of RegisterTaskDefinition, 6 of CreateService.
#[test]
fn every_role_is_a_role() {
    let mut members = service_members().members;
    members.extend(input(RegisterTaskDefinitionInput::deserialize).members);
    let roles: BTreeSet<String> =
        members.into_keys().filter(|path| path.rsplit('.').next().unwrap().to_lowercase().contains("role")).collect();
    let asked: BTreeSet<String> =
        TASK.iter().chain(SERVICE).filter(|it| it.slot.is_role()).map(|it| it.path.to_owned()).collect();
    assert_eq!(roles, asked);
    assert_eq!(asked.len(), 8);
}

/// The members of a builder of Elastic Load Balancing that smell.
macro_rules! smelling {
    ($of:expr) => {
        crate::elb::members(&$of).into_iter().filter(|name| smells(name)).collect::<Vec<_>>()
    };
}

/// That SDK has no schemas and `aws::guard::asks` goes through its inputs by hand: what there is to go through is written down.
#[test]
fn whatever_of_load_balancing_somebody_may_own_is_known() {
    // Asked about: subnets, security groups, allocations, pools.
    let new = smelling!(operation::create_load_balancer::CreateLoadBalancerInput::builder());
    assert_eq!(
        new,
        ["customerOwnedIpv4Pool", "enablePrefixForIpv6SourceNat", "ipamPools", "securityGroups", "subnetMappings", "subnets"]
    );
    assert_eq!(smelling!(types::SubnetMapping::builder()), ["allocationId", "sourceNatIpv6Prefix", "subnetId"]);
    // Asked about: certificates, trust stores, target groups. The load balancer is the object's own.
    assert_eq!(
        smelling!(operation::create_listener::CreateListenerInput::builder()),
        ["alpnPolicy", "certificates", "loadBalancerArn", "sslPolicy"]
    );
    assert_eq!(
        smelling!(operation::modify_listener::ModifyListenerInput::builder()),
        ["alpnPolicy", "certificates", "listenerArn", "sslPolicy"]
    );
    assert_eq!(smelling!(types::MutualAuthenticationAttributes::builder()), ["ignoreClientCertificateExpiry", "trustStoreArn"]);
    // Asked about: the listener with its hosts, and target groups. Secrets of identity providers cannot be declared.
    assert_eq!(smelling!(operation::create_rule::CreateRuleInput::builder()), ["listenerArn"]);
    assert_eq!(smelling!(operation::modify_rule::ModifyRuleInput::builder()), ["ruleArn"]);
    assert_eq!(smelling!(types::Action::builder()), ["authenticateCognitoConfig", "authenticateOidcConfig", "targetGroupArn"]);
    assert_eq!(smelling!(types::TargetGroupTuple::builder()), ["targetGroupArn"]);
    // Nothing to ask about: a health check's path, and a network whose targets ECS registers.
    assert_eq!(smelling!(operation::create_target_group::CreateTargetGroupInput::builder()), ["healthCheckPath"]);
}

#[test]
fn every_slot_of_a_table_is_a_field_of_the_policy() {
    let fields = crate::spec("EcsNamespacePolicy").members;
    for slot in Slot::ALL {
        assert!(fields.contains_key(slot.field()), "{} is no field", slot.field());
    }
}
