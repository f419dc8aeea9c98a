//! A policy made ready to be asked. Pure.

use super::asks::Ask;
use crate::api::EcsNamespacePolicySpec;
use crate::api::namespace_policy::{Ec2Grant, GuardMode};
use crate::domain::grant::{NotAPattern, Pattern, Place, Slot};
use crate::domain::pattern::{Case, pattern_covers};
use std::collections::BTreeMap;

/// What a policy grants.
#[derive(Clone, Debug)]
pub(super) struct Compiled {
    pub(super) mode: GuardMode,
    pub(super) problems: Vec<NotAPattern>,
    place: Place,
    is_there: bool,
    lists: BTreeMap<Slot, Vec<Pattern>>,
    listeners: Vec<(Pattern, Vec<String>)>,
}

/// The entries of each slot that is a list. `None`: the field is unset.
fn lists(policy: &EcsNamespacePolicySpec) -> [(Slot, Option<&Vec<String>>); 20] {
    [
        (Slot::TaskRoles, policy.task_roles.as_ref()),
        (Slot::ExecutionRoles, policy.execution_roles.as_ref()),
        (Slot::InfrastructureRoles, policy.infrastructure_roles.as_ref()),
        (Slot::Clusters, policy.clusters.as_ref()),
        (Slot::Families, policy.families.as_ref()),
        (Slot::Images, policy.images.as_ref()),
        (Slot::Secrets, policy.secrets.as_ref()),
        (Slot::LogGroups, policy.log_groups.as_ref()),
        (Slot::FileSystems, policy.file_systems.as_ref()),
        (Slot::Subnets, policy.subnets.as_ref()),
        (Slot::SecurityGroups, policy.security_groups.as_ref()),
        (Slot::Addresses, policy.addresses.as_ref()),
        (Slot::TargetGroups, policy.target_groups.as_ref()),
        (Slot::LoadBalancers, policy.load_balancers.as_ref()),
        (Slot::Certificates, policy.certificates.as_ref()),
        (Slot::HookTargets, policy.hook_targets.as_ref()),
        (Slot::Keys, policy.keys.as_ref()),
        (Slot::Registries, policy.registries.as_ref()),
        (Slot::ServiceConnectNamespaces, policy.service_connect_namespaces.as_ref()),
        (Slot::Adoption, policy.adoption.as_ref()),
    ]
}

impl Compiled {
    pub(super) fn of(policy: &EcsNamespacePolicySpec, place: &Place, is_there: bool) -> Self {
        let mut this = Self {
            mode: policy.mode.clone().unwrap_or(GuardMode::Enforce),
            problems: Vec::new(),
            place: place.clone(),
            is_there,
            lists: BTreeMap::new(),
            listeners: Vec::new(),
        };
        // A word that this version does not know is not a reason to let things pass.
        if let GuardMode::Other(_) = this.mode {
            this.mode = GuardMode::Enforce;
        }
        for (slot, entries) in lists(policy) {
            let Some(entries) = entries else { continue };
            let patterns = entries.iter().filter_map(|entry| this.read(slot, entry)).collect();
            this.lists.insert(slot, patterns);
        }
        for grant in policy.listeners.iter().flatten() {
            if let Some(pattern) = this.read(Slot::Listeners, &grant.arn) {
                this.listeners.push((pattern, grant.hosts.clone()));
            }
        }
        this.take_hardening(policy.ec2.as_ref());
        this
    }

    fn read(&mut self, slot: Slot, entry: &str) -> Option<Pattern> {
        match Pattern::read(slot, entry, &self.place) {
            Ok(pattern) => Some(pattern),
            Err(problem) => {
                self.problems.push(problem);
                None
            }
        }
    }

    fn take_hardening(&mut self, ec2: Option<&Ec2Grant>) {
        let Some(ec2) = ec2 else { return };
        let switches = [
            (Slot::Privileged, ec2.allow_privileged),
            (Slot::HostNetwork, ec2.allow_host_network),
            (Slot::HostPid, ec2.allow_host_pid),
            (Slot::HostIpc, ec2.allow_host_ipc),
            (Slot::HostVolumes, ec2.allow_host_volumes),
            (Slot::HostDevices, ec2.allow_host_devices),
        ];
        for (slot, _) in switches.into_iter().filter(|(_, allowed)| *allowed == Some(true)) {
            let any = self.read(slot, "*");
            self.lists.insert(slot, any.into_iter().collect());
        }
        let capabilities = ec2.capabilities.iter().flatten().filter_map(|entry| self.read(Slot::Capabilities, entry)).collect();
        self.lists.insert(Slot::Capabilities, capabilities);
    }

    /// Whether a value is granted; if not, with what else there is to say about it.
    pub(super) fn judge(&self, ask: &Ask, own_family: Option<&str>) -> Result<(), Option<String>> {
        let meaning = ask.slot.meaning(&ask.value, &self.place);
        let is_open = match ask.slot {
            Slot::Images => true,
            Slot::Families => own_family == Some(meaning.as_str()),
            _ => false,
        };
        if is_open && !self.lists.contains_key(&ask.slot) {
            return Ok(());
        }
        let is_granted = match ask.slot {
            Slot::Listeners => return self.judge_listener(ask, &meaning),
            slot => self.lists.get(&slot).is_some_and(|patterns| patterns.iter().any(|pattern| pattern.takes(&meaning))),
        };
        if is_granted { Ok(()) } else { Err(self.no_policy()) }
    }

    fn no_policy(&self) -> Option<String> {
        (!self.is_there).then(|| "the namespace has no EcsNamespacePolicy yet".to_owned())
    }

    /// A listener is granted together with hosts; what names no host claims all of them.
    fn judge_listener(&self, ask: &Ask, meaning: &str) -> Result<(), Option<String>> {
        let here = self.listeners.iter().filter(|(pattern, _)| pattern.takes(meaning));
        let hosts: Vec<&String> = here.flat_map(|(_, hosts)| hosts).collect();
        if hosts.is_empty() {
            return Err(self.no_policy());
        }
        let any = ["*".to_owned()];
        let claimed = if ask.hosts.is_empty() { any.as_slice() } else { ask.hosts.as_slice() };
        let covered = |host: &String| hosts.iter().any(|granted| pattern_covers(granted, host, Case::MeansNothing));
        match claimed.iter().find(|host| !covered(host)) {
            None => Ok(()),
            Some(host) => {
                let granted: Vec<&str> = hosts.iter().map(|host| host.as_str()).collect();
                Err(Some(format!("host {host} is not among those granted there: {}", granted.join(", "))))
            }
        }
    }

    /// The roles of a slot, as IAM writes them.
    pub(super) fn resources(&self, slot: Slot) -> impl Iterator<Item = String> + '_ {
        self.lists.get(&slot).into_iter().flatten().map(Pattern::as_resource)
    }
}
