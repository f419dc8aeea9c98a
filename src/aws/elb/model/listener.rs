//! Listeners of load balancers.

use super::{Action, Tags, in_order, text, to_tags, word};
use aws_sdk_elasticloadbalancingv2::operation::create_listener::builders::CreateListenerInputBuilder;
use aws_sdk_elasticloadbalancingv2::operation::modify_listener::builders::ModifyListenerInputBuilder;
use aws_sdk_elasticloadbalancingv2::types;

/// A listener, as AWS describes it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listener {
    /// ARN.
    pub arn: String,
    /// ARN of its load balancer.
    pub load_balancer_arn: String,
    /// Port.
    pub port: Option<i32>,
    /// `HTTP`, `HTTPS`, `TCP`, `TLS`, …
    pub protocol: Option<String>,
    /// ARN of the certificate for clients that name no host, or one without a certificate of its own.
    pub certificate_arn: Option<String>,
    /// Policy for TLS.
    pub ssl_policy: Option<String>,
    /// What is done with what no rule takes.
    pub default_actions: Vec<Action>,
    /// Policy for ALPN.
    pub alpn_policy: Vec<String>,
    /// What is asked of clients.
    pub mutual_authentication: Option<MutualAuthentication>,
}

/// What is asked of the certificates of clients.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MutualAuthentication {
    /// `off`, `passthrough` or `verify`.
    pub mode: Option<String>,
    /// ARN of the trust store.
    pub trust_store_arn: Option<String>,
    /// Whether certificates that have expired are accepted.
    pub ignore_client_certificate_expiry: Option<bool>,
    /// `on` or `off`.
    pub advertise_trust_store_ca_names: Option<String>,
}

/// A listener to be made.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NewListener {
    /// ARN of the load balancer.
    pub load_balancer_arn: String,
    /// Port.
    pub port: Option<i32>,
    /// Protocol.
    pub protocol: Option<String>,
    /// ARN of the default certificate. Others are added by another call.
    pub certificate_arn: Option<String>,
    /// Policy for TLS.
    pub ssl_policy: Option<String>,
    /// What is done with what no rule takes.
    pub default_actions: Vec<Action>,
    /// Policy for ALPN.
    pub alpn_policy: Vec<String>,
    /// What is asked of clients.
    pub mutual_authentication: Option<MutualAuthentication>,
    /// Tags.
    pub tags: Tags,
}

/// What is to change in a listener. `None` stays.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListenerChange {
    /// ARN of the listener.
    pub arn: String,
    /// Port.
    pub port: Option<i32>,
    /// Protocol.
    pub protocol: Option<String>,
    /// ARN of the default certificate.
    pub certificate_arn: Option<String>,
    /// Policy for TLS.
    pub ssl_policy: Option<String>,
    /// What is done with what no rule takes.
    pub default_actions: Option<Vec<Action>>,
    /// Policy for ALPN. AWS's word for none is `None`.
    pub alpn_policy: Option<Vec<String>>,
    /// What is asked of clients.
    pub mutual_authentication: Option<MutualAuthentication>,
}

impl Listener {
    pub(in crate::aws) fn read(listener: types::Listener) -> Self {
        // With its default certificate only, whatever else it has.
        let certificate = listener.certificates.unwrap_or_default().into_iter().next();
        Self {
            arn: listener.listener_arn.unwrap_or_default(),
            load_balancer_arn: listener.load_balancer_arn.unwrap_or_default(),
            port: listener.port,
            protocol: text(listener.protocol),
            certificate_arn: certificate.and_then(|certificate| certificate.certificate_arn),
            ssl_policy: listener.ssl_policy,
            default_actions: Action::read_all(listener.default_actions),
            alpn_policy: listener.alpn_policy.unwrap_or_default(),
            mutual_authentication: listener.mutual_authentication.map(|read| MutualAuthentication {
                mode: read.mode,
                trust_store_arn: read.trust_store_arn,
                ignore_client_certificate_expiry: read.ignore_client_certificate_expiry,
                advertise_trust_store_ca_names: text(read.advertise_trust_store_ca_names),
            }),
        }
    }
}

impl MutualAuthentication {
    fn to_sdk(&self) -> types::MutualAuthenticationAttributes {
        types::MutualAuthenticationAttributes::builder()
            .set_mode(self.mode.clone())
            .set_trust_store_arn(self.trust_store_arn.clone())
            .set_ignore_client_certificate_expiry(self.ignore_client_certificate_expiry)
            .set_advertise_trust_store_ca_names(word(self.advertise_trust_store_ca_names.as_ref()))
            .build()
    }
}

/// A certificate, as the SDK takes it. `isDefault` is for answers only.
pub(in crate::aws) fn to_certificate(arn: &str) -> types::Certificate {
    types::Certificate::builder().certificate_arn(arn).build()
}

impl NewListener {
    pub(in crate::aws) fn to_input(&self) -> CreateListenerInputBuilder {
        CreateListenerInputBuilder::default()
            .set_load_balancer_arn(Some(self.load_balancer_arn.clone()))
            .set_port(self.port)
            .set_protocol(word(self.protocol.as_ref()))
            .set_certificates(self.certificate_arn.as_ref().map(|arn| vec![to_certificate(arn)]))
            .set_ssl_policy(self.ssl_policy.clone())
            .set_default_actions(Some(Action::to_sdk_all(&self.default_actions)))
            .set_alpn_policy(in_order(&self.alpn_policy))
            .set_mutual_authentication(self.mutual_authentication.as_ref().map(MutualAuthentication::to_sdk))
            .set_tags(to_tags(&self.tags))
    }
}

impl ListenerChange {
    pub(in crate::aws) fn to_input(&self) -> ModifyListenerInputBuilder {
        ModifyListenerInputBuilder::default()
            .set_listener_arn(Some(self.arn.clone()))
            .set_port(self.port)
            .set_protocol(word(self.protocol.as_ref()))
            .set_certificates(self.certificate_arn.as_ref().map(|arn| vec![to_certificate(arn)]))
            .set_ssl_policy(self.ssl_policy.clone())
            .set_default_actions(self.default_actions.as_deref().map(Action::to_sdk_all))
            .set_alpn_policy(self.alpn_policy.as_deref().and_then(in_order))
            .set_mutual_authentication(self.mutual_authentication.as_ref().map(MutualAuthentication::to_sdk))
    }
}
