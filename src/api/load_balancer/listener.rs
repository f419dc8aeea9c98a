//! Listeners of a load balancer.

use super::rules;
use crate::api::load_balancing::{Action, Attribute};
use crate::api::open_enum::open_enum;
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Input members of CreateListener and ModifyListener that are no field of a listener, and why.
pub const EXCLUDED_OF_LISTENER: &[(&str, &str)] = &[
    ("loadBalancerArn", "the load balancer that the listener stands in"),
    ("listenerArn", "ModifyListener's name for what the entry stands for; it is in status"),
    ("tags", "a listener carries the tags of its load balancer"),
    ("certificates.isDefault", "AWS refuses it as input: the first certificate is the default one"),
    ("mutualAuthentication.trustStoreAssociationStatus", "what AWS says, not what it takes"),
];

open_enum! {
    /// Protocol between clients and a load balancer.
    ListenerProtocol {
        /// Application.
        Http = "HTTP",
        /// Application.
        Https = "HTTPS",
        /// Network.
        Tcp = "TCP",
        /// Network; TLS ends at the load balancer.
        Tls = "TLS",
        /// Network.
        Udp = "UDP",
        /// Network, both on one port.
        TcpUdp = "TCP_UDP",
        /// Network.
        Quic = "QUIC",
        /// Network, both on one port.
        TcpQuic = "TCP_QUIC",
    }
}

open_enum! {
    /// Which version of HTTP a TLS listener offers.
    AlpnPolicy {
        /// Only HTTP/1.
        Http1Only = "HTTP1Only",
        /// Only HTTP/2.
        Http2Only = "HTTP2Only",
        /// HTTP/1 first.
        Http2Optional = "HTTP2Optional",
        /// HTTP/2 first.
        Http2Preferred = "HTTP2Preferred",
        /// Nothing is offered.
        None = "None",
    }
}

/// A listener of a load balancer.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = rules::tls_needs_a_certificate())]
#[x_kube(validation = rules::certificates_need_tls())]
#[x_kube(validation = rules::alpn_needs_tls())]
#[x_kube(validation = rules::client_certificates_need_https())]
pub struct Listener {
    /// Port that clients connect to. It is what tells listeners apart.
    #[schemars(range(min = 1, max = 65535))]
    pub port: i32,
    /// HTTP or HTTPS for application; TCP, TLS, UDP, TCP_UDP, QUIC or TCP_QUIC for network. An edit is in place.
    pub protocol: ListenerProtocol,
    /// Certificates for HTTPS and TLS; the first is used where no other fits the host. An edit is in place. Certificates that
    /// others add stay.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 25), extend("x-kubernetes-list-type" = "atomic"))]
    pub certificates: Option<Vec<Certificate>>,
    /// Whether certificates are looked for in Certificate Manager: for each host of a rule that no listed one covers, the newest
    /// that is issued. Unset: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discover_certificates: Option<bool>,
    /// Security policy for HTTPS and TLS: protocols and ciphers. Unset: AWS's default. An edit is in place.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256))]
    pub ssl_policy: Option<String>,
    /// HTTP versions that a TLS listener offers; one entry. Unset: None. An edit is in place.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1), extend("x-kubernetes-list-type" = "atomic"))]
    pub alpn_policy: Option<Vec<AlpnPolicy>>,
    /// What an HTTPS listener does with certificates of clients. Unset: nothing. An edit is in place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mutual_authentication: Option<MutualAuthentication>,
    /// Attributes under AWS's keys. Those that are not listed are left as they are; one that is taken out goes back to AWS's
    /// default. An edit is in place. What somebody else changes here is not seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 40), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["key"]))]
    pub attributes: Option<Vec<Attribute>>,
    /// What is done where no rule matches. Unset: application answers 404; network forwards to the target group that names
    /// this listener, and is made once there is one. An edit is in place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_action: Option<Action>,
}

/// A certificate of Certificate Manager or of IAM.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Certificate {
    /// ARN of the certificate.
    #[schemars(length(min = 1, max = 2048), regex(pattern = r"^arn:"))]
    pub certificate_arn: String,
}

open_enum! {
    /// What an HTTPS listener does with certificates of clients.
    MutualAuthenticationMode {
        /// Nothing.
        Off = "off",
        /// Hands them to the target.
        Passthrough = "passthrough",
        /// Checks them against a trust store.
        Verify = "verify",
    }
}

/// What an HTTPS listener does with certificates of clients.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = rules::verify_needs_a_trust_store())]
pub struct MutualAuthentication {
    /// off, passthrough (the target gets them) or verify (against the trust store).
    pub mode: MutualAuthenticationMode,
    /// ARN of the trust store. Goes with verify.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 512), regex(pattern = r"^arn:"))]
    pub trust_store_arn: Option<String>,
    /// Whether a certificate that has expired is still good. Goes with verify. Unset: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ignore_client_certificate_expiry: Option<bool>,
    /// Whether clients are told which authorities are trusted. Goes with verify. Unset: off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advertise_trust_store_ca_names: Option<super::OnOff>,
}
