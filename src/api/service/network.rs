//! Where tasks are reachable: subnets, load balancers, service discovery, VPC Lattice, gateways.

use crate::api::open_enum::open_enum;
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

open_enum! {
    /// Whether a task's network interface gets a public IP address.
    AssignPublicIp {
        /// It has one.
        Enabled = "ENABLED",
        /// It has none.
        Disabled = "DISABLED",
    }
}

/// Network of tasks in network mode awsvpc.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct NetworkConfiguration {
    /// Subnets and security groups.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub awsvpc_configuration: Option<AwsVpcConfiguration>,
}

/// Subnets and security groups of each task's network interface; all of one VPC.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct AwsVpcConfiguration {
    /// Subnet ids, 1 to 16. Order means nothing.
    #[schemars(length(min = 1, max = 16), inner(length(min = 1, max = 64), regex(pattern = r"^subnet-")))]
    #[schemars(extend("x-kubernetes-list-type" = "set"))]
    pub subnets: Vec<String>,
    /// Security group ids, at most 5. Unset or empty: the VPC's default group.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 5), inner(length(min = 1, max = 64), regex(pattern = r"^sg-")))]
    #[schemars(extend("x-kubernetes-list-type" = "set"))]
    pub security_groups: Option<Vec<String>>,
    /// Public IP address for each task. Unset: DISABLED. Fargate in a public subnet needs ENABLED to pull images
    /// without NAT or endpoints.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assign_public_ip: Option<AssignPublicIp>,
}

/// Attaches one container port to a target group or a Classic Load Balancer.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("has(self.targetGroupArn) != has(self.loadBalancerName)")
        .message("set exactly one of targetGroupArn (ALB, NLB) and loadBalancerName (Classic)"),
    validation = Rule::new("!has(self.loadBalancerName) || !has(self.advancedConfiguration)")
        .message("advancedConfiguration needs a target group; a Classic Load Balancer has none"),
)]
pub struct LoadBalancer {
    /// ARN of the target group. A listener or rule must forward to it before ECS takes it; type `ip` for awsvpc,
    /// `instance` for bridge and host.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048), regex(pattern = r"^arn:"))]
    pub target_group_arn: Option<String>,
    /// Name of a Classic Load Balancer. Not with awsvpc.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255))]
    pub load_balancer_name: Option<String>,
    /// Container that receives the traffic, as named in the task definition.
    #[schemars(length(min = 1, max = 255))]
    pub container_name: String,
    /// Port of that container; the task definition must map it.
    #[schemars(range(min = 1, max = 65535))]
    pub container_port: i32,
    /// Second target group and listener rules that ECS shifts traffic with under BLUE_GREEN, LINEAR and CANARY. ECS
    /// then owns the rules' weights.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advanced_configuration: Option<AdvancedConfiguration>,
}

/// What ECS needs to shift a load balancer's traffic between two revisions.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct AdvancedConfiguration {
    /// ARN of the second target group.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048), regex(pattern = r"^arn:"))]
    pub alternate_target_group_arn: Option<String>,
    /// ARN of the listener rule (ALB) or listener (NLB) that carries production traffic.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048), regex(pattern = r"^arn:"))]
    pub production_listener_rule: Option<String>,
    /// ARN of the listener rule or listener that carries test traffic. Unset: no test traffic.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048), regex(pattern = r"^arn:"))]
    pub test_listener_rule: Option<String>,
    /// ARN of the role that lets ECS call Elastic Load Balancing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048), regex(pattern = r"^arn:"))]
    pub role_arn: Option<String>,
}

/// Registers tasks in a Cloud Map service.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("has(self.containerName) == has(self.containerPort)")
        .message("set containerName and containerPort together"),
    validation = Rule::new("!has(self.port) || !has(self.containerPort)")
        .message("set either port or containerName with containerPort"),
)]
pub struct ServiceRegistry {
    /// ARN of the Cloud Map service.
    #[schemars(length(max = 2048), regex(pattern = r"^arn:"))]
    pub registry_arn: String,
    /// Port of the SRV record; awsvpc only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65535))]
    pub port: Option<i32>,
    /// Container whose port is published; needed for bridge and host.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255))]
    pub container_name: Option<String>,
    /// Port of that container.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65535))]
    pub container_port: Option<i32>,
}

/// Registers a named port in a VPC Lattice target group.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct VpcLatticeConfiguration {
    /// ARN of the role that lets ECS call VPC Lattice.
    #[schemars(length(max = 2048), regex(pattern = r"^arn:"))]
    pub role_arn: String,
    /// ARN of the VPC Lattice target group.
    #[schemars(length(max = 2048), regex(pattern = r"^arn:"))]
    pub target_group_arn: String,
    /// Name of a port mapping in the task definition.
    #[schemars(length(min = 1, max = 64))]
    pub port_name: String,
    /// Second target group and rules for BLUE_GREEN, LINEAR and CANARY.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advanced_configuration: Option<VpcLatticeAdvancedConfiguration>,
}

/// What ECS needs to shift VPC Lattice traffic between two revisions.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct VpcLatticeAdvancedConfiguration {
    /// ARN of the second target group.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048), regex(pattern = r"^arn:"))]
    pub alternate_target_group_arn: Option<String>,
    /// ARN of the rule or listener that carries production traffic.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048), regex(pattern = r"^arn:"))]
    pub production_listener_rule: Option<String>,
    /// ARN of the rule or listener that carries test traffic.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048), regex(pattern = r"^arn:"))]
    pub test_listener_rule: Option<String>,
}

open_enum! {
    /// Protocol of a gateway's health check.
    GatewayConnectorHealthCheckProtocol {
        /// Plain HTTP.
        Http = "HTTP",
        /// HTTP over TLS.
        Https = "HTTPS",
    }
}

open_enum! {
    /// Where an ingress path of a gateway can be reached from.
    AccessType {
        /// From the internet.
        Public = "PUBLIC",
        /// From private networks only.
        Private = "PRIVATE",
    }
}

/// Attaches a named port to the ingress of an ECS gateway.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct GatewayConnector {
    /// Name of the port that receives the gateway's traffic.
    #[schemars(length(min = 1, max = 64))]
    pub port_name: String,
    /// How the gateway finds out which tasks are healthy. Unset: the gateway's defaults.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_check: Option<GatewayConnectorHealthCheck>,
    /// Which ingress paths are served. Unset: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filters: Option<GatewayConnectorFilters>,
}

/// Health check that a gateway makes on tasks.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct GatewayConnectorHealthCheck {
    /// Protocol of the check.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_check_protocol: Option<GatewayConnectorHealthCheckProtocol>,
    /// Port that is checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65535))]
    pub health_check_port: Option<i32>,
    /// Path that is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub health_check_path: Option<String>,
    /// Seconds without an answer that count as a failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub health_check_timeout_seconds: Option<i32>,
    /// Seconds from one check to the next.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub health_check_interval_seconds: Option<i32>,
    /// Successes in a row until healthy.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub healthy_threshold_count: Option<i32>,
    /// Failures in a row until unhealthy.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub unhealthy_threshold_count: Option<i32>,
    /// Codes that count as success.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub matcher: Option<GatewayConnectorHealthCheckMatcher>,
}

/// Codes that count as success, such as `200-299`.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct GatewayConnectorHealthCheckMatcher {
    /// HTTP codes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 255))]
    pub http_code: Option<String>,
    /// gRPC codes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 255))]
    pub grpc_code: Option<String>,
}

/// Which ingress paths of the gateway a connector serves.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct GatewayConnectorFilters {
    /// Access types of the paths.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 10), extend("x-kubernetes-list-type" = "set"))]
    pub access_types: Option<Vec<AccessType>>,
}
