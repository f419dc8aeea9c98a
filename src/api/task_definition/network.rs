//! Ports, names and the proxy of a task.

use super::environment::KeyValuePair;
use super::rules;
use crate::api::open_enum::open_enum;
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A port, or a range of ports, that a container listens on.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = rules::port_or_range())]
pub struct PortMapping {
    /// Port in the container. Either this or `containerPortRange`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65535))]
    pub container_port: Option<i32>,
    /// Port on the instance. Unset or 0: the port of the container with awsvpc and host, a free port with bridge.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 65535))]
    pub host_port: Option<i32>,
    /// Unset: tcp.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<TransportProtocol>,
    /// Name by which Service Connect, VPC Lattice and exposure refer to the port: lower-case letters, digits, `_` and
    /// `-`. Unset: they cannot.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64), regex(pattern = r"^[a-z0-9_][a-z0-9_-]*$"))]
    pub name: Option<String>,
    /// Protocol that Service Connect speaks on this port. Unset: plain TCP. Service Connect does not allow a change in a
    /// running service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_protocol: Option<ApplicationProtocol>,
    /// Ports in the container, as `8000-8010`; ECS chooses those on the instance. Either this or `containerPort`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 11), regex(pattern = r"^[0-9]+-[0-9]+$"))]
    pub container_port_range: Option<String>,
}

/// A line of /etc/hosts.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct HostEntry {
    /// The name.
    #[schemars(length(min = 1, max = 255))]
    pub hostname: String,
    /// Its address.
    #[schemars(length(min = 1, max = 45))]
    pub ip_address: String,
}

/// The App Mesh proxy of a task.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ProxyConfiguration {
    /// Unset: APPMESH.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r#type: Option<ProxyConfigurationType>,
    /// Name of the container that is the proxy.
    #[schemars(length(min = 1, max = 255))]
    pub container_name: String,
    /// Settings of the proxy: IgnoredUID, IgnoredGID, AppPorts, ProxyIngressPort, ProxyEgressPort, EgressIgnoredPorts,
    /// EgressIgnoredIPs. Unset: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"], "maxItems" = 20))]
    pub properties: Option<Vec<KeyValuePair>>,
}

open_enum! {
    /// A transport protocol.
    TransportProtocol {
        /// TCP.
        Tcp = "tcp",
        /// UDP.
        Udp = "udp",
    }
}

open_enum! {
    /// An application protocol.
    ApplicationProtocol {
        /// gRPC.
        Grpc = "grpc",
        /// HTTP/1.1.
        Http = "http",
        /// HTTP/2.
        Http2 = "http2",
    }
}

open_enum! {
    /// A kind of proxy.
    ProxyConfigurationType {
        /// AWS App Mesh.
        Appmesh = "APPMESH",
    }
}
