//! Load balancers.

use super::{Tags, in_order, listed, set, text, to_tags, word};
use aws_sdk_elasticloadbalancingv2::operation::create_load_balancer::builders::CreateLoadBalancerInputBuilder;
use aws_sdk_elasticloadbalancingv2::operation::set_subnets::builders::SetSubnetsInputBuilder;
use aws_sdk_elasticloadbalancingv2::types;
use jiff::Timestamp;
use std::collections::BTreeSet;

/// A load balancer, as AWS describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoadBalancer {
    /// ARN.
    pub arn: String,
    /// Name.
    pub name: String,
    /// `application`, `network` or `gateway`.
    pub kind: String,
    /// `internet-facing` or `internal`.
    pub scheme: Option<String>,
    /// Its name in DNS.
    pub dns_name: Option<String>,
    /// The zone of Route 53 that an alias to it names.
    pub canonical_hosted_zone_id: Option<String>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// Where it is.
    pub vpc_id: Option<String>,
    /// `provisioning`, `active`, `active_impaired` or `failed`.
    pub state: String,
    /// Why, where AWS says so.
    pub state_reason: Option<String>,
    /// Its subnets, by their ids.
    pub zones: Vec<Zone>,
    /// Its security groups.
    pub security_groups: BTreeSet<String>,
    /// `ipv4`, `dualstack` or `dualstack-without-public-ipv4`.
    pub ip_address_type: Option<String>,
    /// Pool of addresses of an Outpost.
    pub customer_owned_ipv4_pool: Option<String>,
    /// Pool of IPAM for its addresses.
    pub ipv4_ipam_pool_id: Option<String>,
    /// `on` or `off`, with a Network Load Balancer.
    pub enable_prefix_for_ipv6_source_nat: Option<String>,
    /// `on` or `off`, with a Network Load Balancer.
    pub enforce_security_group_inbound_rules_on_private_link_traffic: Option<String>,
}

/// A subnet of a load balancer.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Zone {
    /// Id of the subnet.
    pub subnet_id: String,
    /// Name of the availability zone.
    pub name: String,
    /// Addresses that were chosen for it: what a mapping of the subnet says.
    pub addresses: Vec<SubnetMapping>,
}

/// A subnet with addresses that are chosen for it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct SubnetMapping {
    /// Id of the subnet.
    pub subnet_id: String,
    /// Allocation of an Elastic IP address.
    pub allocation_id: Option<String>,
    /// Address in the subnet.
    pub private_ipv4_address: Option<String>,
    /// IPv6 address.
    pub ipv6_address: Option<String>,
    /// Prefix for source NAT.
    pub source_nat_ipv6_prefix: Option<String>,
}

/// A load balancer to be made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewLoadBalancer {
    /// Name, at most 32 characters.
    pub name: String,
    /// `application` or `network`.
    pub kind: Option<String>,
    /// `internet-facing` or `internal`.
    pub scheme: Option<String>,
    /// Ids of subnets.
    pub subnets: BTreeSet<String>,
    /// Subnets with addresses, in place of the former.
    pub subnet_mappings: Vec<SubnetMapping>,
    /// Ids of security groups, in the order of the spec.
    pub security_groups: Vec<String>,
    /// `ipv4`, `dualstack` or `dualstack-without-public-ipv4`.
    pub ip_address_type: Option<String>,
    /// Pool of addresses of an Outpost.
    pub customer_owned_ipv4_pool: Option<String>,
    /// Pool of IPAM for its addresses.
    pub ipv4_ipam_pool_id: Option<String>,
    /// `on` or `off`, with a Network Load Balancer.
    pub enable_prefix_for_ipv6_source_nat: Option<String>,
    /// Tags.
    pub tags: Tags,
}

/// What is to change in the subnets of a load balancer: all that it shall have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SubnetsChange {
    /// ARN of the load balancer.
    pub arn: String,
    /// Ids of subnets.
    pub subnets: BTreeSet<String>,
    /// Subnets with addresses, in place of the former.
    pub subnet_mappings: Vec<SubnetMapping>,
    /// `ipv4`, `dualstack` or `dualstack-without-public-ipv4`.
    pub ip_address_type: Option<String>,
    /// `on` or `off`, with a Network Load Balancer.
    pub enable_prefix_for_ipv6_source_nat: Option<String>,
}

impl LoadBalancer {
    /// Ids of its subnets.
    pub fn subnets(&self) -> BTreeSet<&str> {
        self.zones.iter().map(|zone| zone.subnet_id.as_str()).collect()
    }

    pub(in crate::aws) fn read(read: types::LoadBalancer) -> Self {
        let (state, state_reason) = read.state.map(|state| (state.code, state.reason)).unwrap_or_default();
        let mut zones: Vec<Zone> = read.availability_zones.unwrap_or_default().into_iter().map(Zone::read).collect();
        zones.sort();
        Self {
            arn: read.load_balancer_arn.unwrap_or_default(),
            name: read.load_balancer_name.unwrap_or_default(),
            kind: text(read.r#type).unwrap_or_default(),
            scheme: text(read.scheme),
            dns_name: read.dns_name,
            canonical_hosted_zone_id: read.canonical_hosted_zone_id,
            created_at: crate::aws::model::timestamp(read.created_time),
            vpc_id: read.vpc_id,
            state: text(state).unwrap_or_default(),
            state_reason,
            zones,
            security_groups: set(read.security_groups),
            ip_address_type: text(read.ip_address_type),
            customer_owned_ipv4_pool: read.customer_owned_ipv4_pool,
            ipv4_ipam_pool_id: read.ipam_pools.and_then(|pools| pools.ipv4_ipam_pool_id),
            enable_prefix_for_ipv6_source_nat: text(read.enable_prefix_for_ipv6_source_nat),
            enforce_security_group_inbound_rules_on_private_link_traffic: read
                .enforce_security_group_inbound_rules_on_private_link_traffic,
        }
    }
}

impl Zone {
    pub(in crate::aws) fn read(zone: types::AvailabilityZone) -> Self {
        let subnet_id = zone.subnet_id.unwrap_or_default();
        // One prefix a subnet, and it stands beside the addresses.
        let prefix = zone.source_nat_ipv6_prefixes.unwrap_or_default().into_iter().next();
        let address = |address: types::LoadBalancerAddress| SubnetMapping {
            subnet_id: subnet_id.clone(),
            allocation_id: address.allocation_id,
            private_ipv4_address: address.private_ipv4_address,
            ipv6_address: address.ipv6_address,
            source_nat_ipv6_prefix: prefix.clone(),
        };
        let mut addresses: Vec<_> = zone.load_balancer_addresses.unwrap_or_default().into_iter().map(address).collect();
        addresses.sort();
        Self { name: zone.zone_name.unwrap_or_default(), addresses, subnet_id }
    }
}

impl SubnetMapping {
    fn to_sdk(&self) -> types::SubnetMapping {
        types::SubnetMapping::builder()
            .subnet_id(&self.subnet_id)
            .set_allocation_id(self.allocation_id.clone())
            .set_private_ipv4_address(self.private_ipv4_address.clone())
            .set_ipv6_address(self.ipv6_address.clone())
            .set_source_nat_ipv6_prefix(self.source_nat_ipv6_prefix.clone())
            .build()
    }
}

fn to_mappings(mappings: &[SubnetMapping]) -> Option<Vec<types::SubnetMapping>> {
    (!mappings.is_empty()).then(|| mappings.iter().map(SubnetMapping::to_sdk).collect())
}

impl NewLoadBalancer {
    pub(in crate::aws) fn to_input(&self) -> CreateLoadBalancerInputBuilder {
        let pool = self.ipv4_ipam_pool_id.as_ref();
        CreateLoadBalancerInputBuilder::default()
            .set_name(Some(self.name.clone()))
            .set_type(word(self.kind.as_ref()))
            .set_scheme(word(self.scheme.as_ref()))
            .set_subnets(listed(&self.subnets))
            .set_subnet_mappings(to_mappings(&self.subnet_mappings))
            .set_security_groups(in_order(&self.security_groups))
            .set_ip_address_type(word(self.ip_address_type.as_ref()))
            .set_customer_owned_ipv4_pool(self.customer_owned_ipv4_pool.clone())
            .set_enable_prefix_for_ipv6_source_nat(word(self.enable_prefix_for_ipv6_source_nat.as_ref()))
            .set_ipam_pools(pool.map(|pool| types::IpamPools::builder().ipv4_ipam_pool_id(pool).build()))
            .set_tags(to_tags(&self.tags))
    }
}

impl SubnetsChange {
    pub(in crate::aws) fn to_input(&self) -> SetSubnetsInputBuilder {
        SetSubnetsInputBuilder::default()
            .set_load_balancer_arn(Some(self.arn.clone()))
            .set_subnets(listed(&self.subnets))
            .set_subnet_mappings(to_mappings(&self.subnet_mappings))
            .set_ip_address_type(word(self.ip_address_type.as_ref()))
            .set_enable_prefix_for_ipv6_source_nat(word(self.enable_prefix_for_ipv6_source_nat.as_ref()))
    }
}
