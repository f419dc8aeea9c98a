//! `EcsLoadBalancer`: an application or network load balancer with its listeners.
//!
//! Services share it; their rules are objects of their own. It may belong to somebody else and be only observed.

mod listener;
mod rules;
mod status;

pub use listener::*;
pub use status::*;

use super::load_balancing::{Attribute, DELETION_PROTECTION, IDLE_TIMEOUT, LoadBalancerSelector, listed, put};
use super::open_enum::open_enum;
use super::shared::{Adoption, ConnectionReference, DeletionPolicy, DriftPolicy, ManagementPolicy, Tag};
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Input members of CreateLoadBalancer that are no field of the spec, and why: none.
pub const EXCLUDED: &[(&str, &str)] = &[];

/// Values of AWS's enumerations that are not taken here, and why.
pub const EXCLUDED_VALUES: &[(&str, &str)] = &[("gateway", "ECS does not register tasks with Gateway Load Balancers")];

/// First priority that rules get without asking for one, where `priorityBand` is unset.
pub const DEFAULT_PRIORITY_FROM: i32 = 1000;
/// Last priority that rules get without asking for one, where `priorityBand` is unset.
pub const DEFAULT_PRIORITY_TO: i32 = 39999;

open_enum! {
    /// Kind of a load balancer.
    LoadBalancerType {
        /// Reads requests: HTTP and HTTPS, with rules.
        Application = "application",
        /// Passes connections on: TCP, UDP, TLS and QUIC.
        Network = "network",
    }
}

open_enum! {
    /// Who can reach a load balancer.
    Scheme {
        /// Anybody.
        InternetFacing = "internet-facing",
        /// The VPC.
        Internal = "internal",
    }
}

open_enum! {
    /// IP addresses of a load balancer.
    IpAddressType {
        /// IPv4.
        Ipv4 = "ipv4",
        /// Both.
        Dualstack = "dualstack",
        /// Both inside, IPv6 outside; ALB only.
        DualstackWithoutPublicIpv4 = "dualstack-without-public-ipv4",
    }
}

open_enum! {
    /// Whether something is on.
    OnOff {
        /// It is.
        On = "on",
        /// It is not.
        Off = "off",
    }
}

/// A load balancer, under the names of CreateLoadBalancer, with its listeners. Unset means AWS's default unless a field
/// says otherwise.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[kube(
    group = "ecs-operator.io",
    version = "v1alpha1",
    kind = "EcsLoadBalancer",
    namespaced,
    derive = "PartialEq",
    shortname = "ecslb",
    category = "ecs",
    category = "ecs-all",
    status = "EcsLoadBalancerStatus",
    doc = "An Application or Network Load Balancer with its listeners, shared by services.",
    printcolumn = r#"{"name":"Ready", "type":"string", "jsonPath":".status.conditions[?(@.type==\"Ready\")].status", "description":"Whether it is there as declared."}"#,
    printcolumn = r#"{"name":"Reason", "type":"string", "jsonPath":".status.conditions[?(@.type==\"Ready\")].reason", "description":"Why it is ready or not."}"#,
    printcolumn = r#"{"name":"Type", "type":"string", "jsonPath":".status.type", "description":"application or network."}"#,
    printcolumn = r#"{"name":"State", "type":"string", "jsonPath":".status.state", "description":"State in AWS's own word."}"#,
    printcolumn = r#"{"name":"DNS", "type":"string", "jsonPath":".status.dnsName", "description":"DNS name."}"#,
    printcolumn = r#"{"name":"Age", "type":"date", "jsonPath":".metadata.creationTimestamp"}"#,
    printcolumn = r#"{"name":"Scheme", "type":"string", "jsonPath":".status.scheme", "priority":1, "description":"internet-facing or internal."}"#,
    printcolumn = r#"{"name":"VPC", "type":"string", "jsonPath":".status.vpcId", "priority":1, "description":"VPC of the load balancer."}"#,
    printcolumn = r#"{"name":"Rules", "type":"integer", "jsonPath":".status.quotas.rules.used", "priority":1, "description":"Rules on its listeners, whoever made them."}"#,
    printcolumn = r#"{"name":"ARN", "type":"string", "jsonPath":".status.loadBalancerArn", "priority":1, "description":"ARN of the load balancer."}"#,
    printcolumn = r#"{"name":"Message", "type":"string", "jsonPath":".status.conditions[?(@.type==\"Ready\")].message", "priority":1, "description":"The same as the reason, in a sentence."}"#
)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = rules::adoption_goes_with_adopt())]
#[x_kube(validation = rules::name_is_kept())]
#[x_kube(validation = rules::name_fits())]
#[x_kube(validation = rules::found_only_when_observed())]
#[x_kube(validation = rules::one_way_to_find_it())]
#[x_kube(validation = rules::arn_of_a_load_balancer())]
#[x_kube(validation = rules::subnets_or_mappings())]
#[x_kube(validation = rules::addresses_need_network())]
#[x_kube(validation = rules::addresses_fit_the_scheme())]
#[x_kube(validation = rules::members_of_application())]
#[x_kube(validation = rules::members_of_network())]
#[x_kube(validation = rules::address_type_fits())]
#[x_kube(validation = rules::no_attribute_twice())]
#[x_kube(validation = rules::application_protocols())]
#[x_kube(validation = rules::network_protocols())]
#[x_kube(validation = rules::actions_of_network())]
#[x_kube(validation = rules::band_needs_application())]
#[x_kube(validation = rules::hosts_need_application())]
#[x_kube(validation = rules::type_is_kept())]
#[x_kube(validation = rules::scheme_is_kept())]
#[x_kube(validation = rules::pool_is_kept())]
#[x_kube(validation = rules::groups_of_network_are_kept())]
#[x_kube(validation = crate::api::load_balancing::tags_are_not_reserved())]
pub struct EcsLoadBalancerSpec {
    /// Name in AWS, at most 32 letters, digits and hyphens. Unset: made of namespace, name and a hash of what tells this object
    /// from all others; metadata.name where the load balancer exists already. Cannot be changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 32))]
    pub name: Option<String>,
    /// application (HTTP and HTTPS, with rules) or network. Unset: application. Cannot be changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r#type: Option<LoadBalancerType>,
    /// internet-facing or internal. Unset: internet-facing. Cannot be changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheme: Option<Scheme>,
    /// Subnet ids, one for each availability zone; an application load balancer needs two. An edit is in place.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 20), inner(length(min = 1, max = 64), regex(pattern = r"^subnet-")))]
    #[schemars(extend("x-kubernetes-list-type" = "set"))]
    pub subnets: Option<Vec<String>>,
    /// Subnets with addresses of their own, instead of `subnets`. An edit is in place.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 20))]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["subnetId"]))]
    pub subnet_mappings: Option<Vec<SubnetMapping>>,
    /// Security group ids. No group is made and no rule in one is written. Unset: the VPC's default group, or none for network. An edit is in place; a network load balancer
    /// keeps having some or none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 20), inner(length(min = 1, max = 64), regex(pattern = r"^sg-")))]
    #[schemars(extend("x-kubernetes-list-type" = "set"))]
    pub security_groups: Option<Vec<String>>,
    /// ipv4, dualstack or dualstack-without-public-ipv4. Unset: ipv4. An edit is in place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip_address_type: Option<IpAddressType>,
    /// Pool of customer-owned addresses on Outposts; application only. Unset: none. Cannot be changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256))]
    pub customer_owned_ipv4_pool: Option<String>,
    /// Whether each subnet gives an IPv6 prefix for source NAT, which UDP listeners with dualstack need; network only.
    /// Unset: off. An edit is in place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enable_prefix_for_ipv6_source_nat: Option<OnOff>,
    /// Where public IPv4 addresses come from; application only. Unset: from AWS. An edit is reported, not carried out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ipam_pools: Option<IpamPools>,
    /// Seconds after which a connection without traffic is closed, 1 to 4000; application only. Unset: 60.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 4000))]
    pub idle_timeout_seconds: Option<i32>,
    /// Whether AWS refuses to delete the load balancer, also for this operator. Unset: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deletion_protection: Option<bool>,
    /// Other attributes, under AWS's keys. Those that are not listed are left as they are; one that is taken out goes back
    /// to AWS's default. An edit is in place.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 40), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["key"]))]
    pub attributes: Option<Vec<Attribute>>,
    /// Tags of the load balancer and its listeners, beside the operator's own; at most 45. An edit is in place.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 45))]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["key"]))]
    pub tags: Option<Vec<Tag>>,
    /// The listeners; at most 50. One that is taken out is deleted. Unset: those that are there are left alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 50))]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["port"]))]
    pub listeners: Option<Vec<Listener>>,
    /// Who may put rules on the listeners, and for which hosts. Unset: this namespace, for any host. With entries this
    /// namespace too needs one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 50), extend("x-kubernetes-list-type" = "atomic"))]
    pub allowed_routes: Option<Vec<AllowedRoute>>,
    /// Priorities that rules get without asking for one. Unset: 1000 to 39999. An edit moves no rule that has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority_band: Option<PriorityBand>,
    /// ARN of the load balancer to observe. Goes with managementPolicy Observe.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 512))]
    pub load_balancer_arn: Option<String>,
    /// Tags of the load balancer to observe; exactly one must carry all of them. Goes with managementPolicy Observe.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selector: Option<LoadBalancerSelector>,

    /// The AwsConnection through which it is made. Unset: that of the EcsNamespacePolicy, else default. Another one has to
    /// lead to the same account and region once there is something in AWS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection_ref: Option<ConnectionReference>,
    /// Full (create, keep, delete), Observe (only read the load balancer of that name, ARN or tags) or Adopt (take over the
    /// one of that name, with the listeners on the ports that are declared). Unset: Full.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub management_policy: Option<ManagementPolicy>,
    /// What Adopt does when the load balancer differs: MustMatch (wait) or Overwrite. Unset: MustMatch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adoption: Option<Adoption>,
    /// What becomes of the load balancer when this object is deleted: Delete or Retain. Unset: Delete, but not while others
    /// have rules or listeners on it, which Delete in so many words takes along; Retain for one that was adopted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deletion_policy: Option<DeletionPolicy>,
    /// When somebody else changed the load balancer: Correct (put it back) or Report (say so in status). Unset: Correct.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drift_policy: Option<DriftPolicy>,
    /// Identifier of an installation of this operator whose load balancer for this object is inherited,
    /// with its listeners; adoption of the EcsNamespacePolicy has to list both. Unset: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128))]
    pub take_over_from: Option<String>,
}

impl EcsLoadBalancerSpec {
    /// Every attribute that is declared, under AWS's key: those that are listed and those with a field of their own.
    pub fn declared_attributes(&self) -> BTreeMap<String, String> {
        let mut all = listed(self.attributes.as_deref());
        put(&mut all, IDLE_TIMEOUT, self.idle_timeout_seconds);
        put(&mut all, DELETION_PROTECTION, self.deletion_protection);
        all
    }
}

/// A subnet with addresses of its own.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct SubnetMapping {
    /// Id of the subnet.
    #[schemars(length(min = 1, max = 64), regex(pattern = r"^subnet-"))]
    pub subnet_id: String,
    /// Id of the Elastic IP address; internet-facing network only. Unset: an address of AWS.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64), regex(pattern = r"^eipalloc-"))]
    pub allocation_id: Option<String>,
    /// Private IPv4 address; internal network only. Unset: one of the subnet.
    #[serde(rename = "privateIPv4Address", skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 7, max = 15))]
    pub private_ipv4_address: Option<String>,
    /// IPv6 address; network only. Unset: one of the subnet, with dualstack.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 2, max = 45))]
    pub ipv6_address: Option<String>,
    /// IPv6 prefix for source NAT, with /80, or `auto_assigned`; network only. Unset: auto_assigned.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 2, max = 49))]
    pub source_nat_ipv6_prefix: Option<String>,
}

/// Where public IPv4 addresses come from.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct IpamPools {
    /// Id of the IPAM pool.
    #[schemars(length(min = 1, max = 1000))]
    pub ipv4_ipam_pool_id: String,
}

/// Who may put rules on a load balancer's listeners, and for which hosts.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = rules::namespaces_are_names())]
#[x_kube(validation = rules::allowed_hosts_are_hosts())]
pub struct AllowedRoute {
    /// Namespaces by name, or all whose names begin with what stands before a `*`. `*` alone is all of them.
    #[schemars(length(min = 1, max = 50), inner(length(min = 1, max = 63)), extend("x-kubernetes-list-type" = "set"))]
    pub namespaces: Vec<String>,
    /// Hosts that they may claim, such as `shop.example.com` or `*.example.com`; `*` is any text. Unset: any host.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 50), inner(length(min = 1, max = 128)), extend("x-kubernetes-list-type" = "set"))]
    pub hosts: Option<Vec<String>>,
}

/// Priorities that rules get without asking for one.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = rules::band_has_an_order())]
pub struct PriorityBand {
    /// The first of them.
    #[schemars(range(min = 1, max = 50000))]
    pub from: i32,
    /// The last of them.
    #[schemars(range(min = 1, max = 50000))]
    pub to: i32,
}

#[cfg(test)]
mod tests {
    use super::EcsLoadBalancerSpec;
    use serde_json::json;

    #[test]
    fn fields_of_their_own_stand_beside_attributes_that_are_listed() {
        let spec: EcsLoadBalancerSpec = serde_json::from_value(json!({
            "idleTimeoutSeconds": 30, "deletionProtection": false,
            "attributes": [{"key": "routing.http2.enabled", "value": "false"}],
        }))
        .unwrap();
        let all = json!({
            "idle_timeout.timeout_seconds": "30", "deletion_protection.enabled": "false", "routing.http2.enabled": "false",
        });
        assert_eq!(serde_json::to_value(spec.declared_attributes()).unwrap(), all);
    }
}
