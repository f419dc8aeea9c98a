//! What an input asks for. Elastic Load Balancing's SDK has no schemas, so its inputs are gone through by hand. Pure.

use crate::aws::elb::model::{
    Action, Condition, ListenerChange, MutualAuthentication, NewListener, NewLoadBalancer, NewRule, NewTargetGroup, RuleChange,
    SubnetMapping, SubnetsChange,
};
use crate::domain::grant::Slot;

/// Something that an input names and that has to be granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// The member that names it.
    pub member: String,
    /// The slot that grants it.
    pub slot: Slot,
    /// What is named.
    pub value: String,
    /// The hosts that are claimed on a listener. None: all of them.
    pub hosts: Vec<String>,
}

impl Ask {
    /// A value of a member.
    pub fn new(member: &str, slot: Slot, value: &str) -> Self {
        Self { member: member.to_owned(), slot, value: value.to_owned(), hosts: Vec::new() }
    }
}

/// An input that a guard can go through.
pub trait Asks {
    /// Shows everything that has to be granted.
    fn asks(&self, ask: &mut dyn FnMut(Ask));
}

/// The security groups of a load balancer, all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecurityGroups(pub Vec<String>);

/// A certificate beside the default one of a listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate(pub String);

/// Something in AWS that is to be taken over, by its ARN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adopted(pub String);

/// Something in AWS that another installation made and that is to be taken over, by its ARN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inherited(pub String);

/// A load balancer that is only looked at, but whose listeners are used from here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedLoadBalancer(pub String);

impl Asks for SecurityGroups {
    fn asks(&self, ask: &mut dyn FnMut(Ask)) {
        self.0.iter().for_each(|id| ask(Ask::new("securityGroups", Slot::SecurityGroups, id)));
    }
}

impl Asks for Certificate {
    fn asks(&self, ask: &mut dyn FnMut(Ask)) {
        ask(Ask::new("listeners[].certificates[]", Slot::Certificates, &self.0));
    }
}

impl Asks for Adopted {
    fn asks(&self, ask: &mut dyn FnMut(Ask)) {
        ask(Ask::new("managementPolicy Adopt", Slot::Adoption, &self.0));
    }
}

impl Asks for Inherited {
    fn asks(&self, ask: &mut dyn FnMut(Ask)) {
        ask(Ask::new("takeOverFrom", Slot::Adoption, &self.0));
    }
}

impl Asks for NamedLoadBalancer {
    fn asks(&self, ask: &mut dyn FnMut(Ask)) {
        ask(Ask::new("loadBalancerArn", Slot::LoadBalancers, &self.0));
    }
}

impl Asks for NewLoadBalancer {
    fn asks(&self, ask: &mut dyn FnMut(Ask)) {
        self.subnets.iter().for_each(|id| ask(Ask::new("subnets", Slot::Subnets, id)));
        mappings(&self.subnet_mappings, ask);
        self.security_groups.iter().for_each(|id| ask(Ask::new("securityGroups", Slot::SecurityGroups, id)));
        for (member, pool) in
            [("customerOwnedIpv4Pool", &self.customer_owned_ipv4_pool), ("ipamPools.ipv4IpamPoolId", &self.ipv4_ipam_pool_id)]
        {
            if let Some(pool) = pool {
                ask(Ask::new(member, Slot::Addresses, pool));
            }
        }
    }
}

impl Asks for SubnetsChange {
    fn asks(&self, ask: &mut dyn FnMut(Ask)) {
        self.subnets.iter().for_each(|id| ask(Ask::new("subnets", Slot::Subnets, id)));
        mappings(&self.subnet_mappings, ask);
    }
}

/// The subnet, and an Elastic IP address. Private addresses are the subnet's.
fn mappings(mappings: &[SubnetMapping], ask: &mut dyn FnMut(Ask)) {
    for mapping in mappings {
        ask(Ask::new("subnetMappings[].subnetId", Slot::Subnets, &mapping.subnet_id));
        if let Some(id) = &mapping.allocation_id {
            ask(Ask::new("subnetMappings[].allocationId", Slot::Addresses, id));
        }
    }
}

/// A target group names a VPC and nothing that anybody could be robbed of: its targets are registered by ECS alone.
impl Asks for NewTargetGroup {
    fn asks(&self, _: &mut dyn FnMut(Ask)) {}
}

impl Asks for NewListener {
    fn asks(&self, ask: &mut dyn FnMut(Ask)) {
        certificate(self.certificate_arn.as_ref(), ask);
        trust(self.mutual_authentication.as_ref(), ask);
        actions(&self.default_actions, ask);
    }
}

impl Asks for ListenerChange {
    fn asks(&self, ask: &mut dyn FnMut(Ask)) {
        certificate(self.certificate_arn.as_ref(), ask);
        trust(self.mutual_authentication.as_ref(), ask);
        actions(self.default_actions.as_deref().unwrap_or_default(), ask);
    }
}

fn certificate(arn: Option<&String>, ask: &mut dyn FnMut(Ask)) {
    if let Some(arn) = arn {
        ask(Ask::new("listeners[].certificates[]", Slot::Certificates, arn));
    }
}

fn trust(mutual: Option<&MutualAuthentication>, ask: &mut dyn FnMut(Ask)) {
    if let Some(arn) = mutual.and_then(|mutual| mutual.trust_store_arn.as_ref()) {
        ask(Ask::new("listeners[].mutualAuthentication.trustStoreArn", Slot::Certificates, arn));
    }
}

impl Asks for NewRule {
    fn asks(&self, ask: &mut dyn FnMut(Ask)) {
        let hosts = hosts(&self.conditions);
        ask(Ask { hosts, ..Ask::new("listener", Slot::Listeners, &self.listener_arn) });
        actions(&self.actions, ask);
    }
}

/// New conditions may claim other hosts; other edits stay within what was granted when it was made.
impl Asks for RuleChange {
    fn asks(&self, ask: &mut dyn FnMut(Ask)) {
        if let Some(conditions) = &self.conditions {
            ask(Ask { hosts: hosts(conditions), ..Ask::new("listener", Slot::Listeners, &self.arn) });
        }
        actions(self.actions.as_deref().unwrap_or_default(), ask);
    }
}

/// The hosts that conditions leave over: those of the first list, since all lists have to hold. A regular expression could be
/// any host.
fn hosts<'a>(conditions: impl IntoIterator<Item = &'a Condition>) -> Vec<String> {
    let lists = conditions.into_iter().filter_map(|condition| match condition {
        Condition::HostHeader(patterns) if patterns.regexes.is_empty() => Some(patterns.values.iter().cloned().collect()),
        _ => None,
    });
    lists.into_iter().next().unwrap_or_default()
}

/// Where requests are sent. Actions that are none of ours (`authenticate-oidc` and the like) can be declared nowhere here:
/// they are sent back as they were read from the same rule.
fn actions(actions: &[Action], ask: &mut dyn FnMut(Ask)) {
    for group in actions.iter().flat_map(Action::target_groups) {
        ask(Ask::new("forward[].targetGroupArn", Slot::TargetGroups, &group.arn));
    }
}
