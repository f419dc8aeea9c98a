//! Certificates of listeners, and TLS policies. Certificates live in ACM ([`crate::neighbours`]), whose state is here.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::listeners::is_secure;
use super::shapes::validation;
use super::{Answer, Elb, find, page};
use crate::ecs::input::Input;
use crate::fault::ServiceError;

/// A certificate in ACM.
#[derive(Debug, Clone)]
pub(crate) struct Certificate {
    pub(crate) arn: String,
    /// The first is the domain name, the others the alternative ones.
    pub(crate) domains: Vec<String>,
    pub(crate) created: Timestamp,
}

/// A few of the policies; the first is the API's default.
const POLICIES: [(&str, &[&str]); 5] = [
    ("ELBSecurityPolicy-2016-08", &["TLSv1", "TLSv1.1", "TLSv1.2"]),
    ("ELBSecurityPolicy-TLS13-1-2-2021-06", &["TLSv1.2", "TLSv1.3"]),
    ("ELBSecurityPolicy-TLS13-1-2-Res-2021-06", &["TLSv1.2", "TLSv1.3"]),
    ("ELBSecurityPolicy-TLS13-1-3-2021-06", &["TLSv1.3"]),
    ("ELBSecurityPolicy-FS-1-2-Res-2020-10", &["TLSv1.2"]),
];

pub(super) const DEFAULT_POLICY: &str = POLICIES[0].0;

pub(super) fn check_policy(name: &str) -> Result<(), ServiceError> {
    if POLICIES.iter().any(|(known, _)| *known == name) {
        return Ok(());
    }
    Err(ServiceError::new("SSLPolicyNotFound", format!("SSL policy '{name}' not found")))
}

impl Elb {
    /// Issues a certificate for these domain names.
    pub(crate) fn add_certificate(&mut self, domains: &[String]) -> String {
        let hex = format!("{}{}", self.id(), self.id());
        let id = format!("{}-{}-4{}-8{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..]);
        let arn = format!("arn:aws:acm:{}:{}:certificate/{id}", self.region, self.account);
        let certificate = Certificate { arn: arn.clone(), domains: domains.to_vec(), created: self.now };
        self.certificates.insert(arn.clone(), certificate);
        arn
    }

    pub(crate) fn certificates(&self) -> impl Iterator<Item = &Certificate> {
        self.certificates.values()
    }

    pub(crate) fn certificate(&self, arn: &str) -> Option<&Certificate> {
        self.certificates.get(arn)
    }

    /// The listener that uses a certificate, if one does.
    pub(crate) fn user_of_certificate(&self, arn: &str) -> Option<String> {
        let holds = |certificates: &Value| certificates.as_array().into_iter().flatten().any(|it| it["CertificateArn"] == arn);
        let mut listeners = self.objects.listeners.values();
        let user = listeners.find(|it| holds(&it.shown["Certificates"]) || it.certificates.iter().any(|known| known == arn));
        user.map(|listener| super::arn::balancer_of(&listener.arn))
    }

    pub(crate) fn remove_certificate(&mut self, arn: &str) -> bool {
        self.certificates.remove(arn).is_some()
    }
}

/// A certificate of ACM must be there; those of IAM are not simulated and taken as written.
pub(super) fn check(elb: &Elb, arn: &str) -> Result<(), ServiceError> {
    let is_iam = arn.starts_with("arn:aws:iam::") && arn.contains(":server-certificate/");
    if is_iam || elb.certificates.contains_key(arn) {
        return Ok(());
    }
    Err(ServiceError::new("CertificateNotFound", format!("Certificate '{arn}' not found")))
}

pub(super) fn add(elb: &mut Elb, input: Input<'_>) -> Answer {
    let mut listener = find::listener(elb, input.text("ListenerArn").unwrap_or_default())?;
    if !is_secure(&listener.protocol) {
        let message = format!("Certificates cannot be specified for {} listeners", listener.protocol);
        return Err(ServiceError::new("UnsupportedProtocol", message));
    }
    let arns = asked(input)?;
    for arn in &arns {
        check(elb, arn)?;
    }
    let changed = Arc::make_mut(&mut listener);
    for arn in &arns {
        if !changed.certificates.contains(arn) && changed.shown["Certificates"][0]["CertificateArn"] != json!(arn) {
            changed.certificates.push(arn.clone());
        }
    }
    let kind = if listener.protocol == "HTTPS" { "application" } else { "network" };
    elb.quotas.check(&format!("certificates-per-{kind}-load-balancer"), listener.certificates.len(), "TooManyCertificates")?;
    elb.objects.listeners.insert(Arc::clone(&listener.arn), listener);
    let shown: Vec<_> = arns.iter().map(|arn| json!({"CertificateArn": arn, "IsDefault": false})).collect();
    Ok(json!({"Certificates": shown}))
}

fn asked(input: Input<'_>) -> Result<Vec<String>, ServiceError> {
    let arns: Vec<String> =
        input.objects("Certificates").filter_map(|certificate| certificate.text("CertificateArn")).map(str::to_owned).collect();
    if input.objects("Certificates").any(|certificate| certificate.has("IsDefault")) {
        return Err(validation("You cannot set IsDefault in this request"));
    }
    if arns.is_empty() { Err(validation("A certificate must be specified")) } else { Ok(arns) }
}

pub(super) fn remove(elb: &mut Elb, input: Input<'_>) -> Answer {
    let mut listener = find::listener(elb, input.text("ListenerArn").unwrap_or_default())?;
    let arns = asked(input)?;
    if arns.iter().any(|arn| listener.shown["Certificates"][0]["CertificateArn"] == json!(arn)) {
        return Err(ServiceError::new("OperationNotPermitted", "Default certificates cannot be removed"));
    }
    Arc::make_mut(&mut listener).certificates.retain(|known| !arns.contains(known));
    elb.objects.listeners.insert(Arc::clone(&listener.arn), listener);
    Ok(json!({}))
}

pub(super) fn describe(elb: &mut Elb, input: Input<'_>) -> Answer {
    let arn = input.text("ListenerArn").unwrap_or_default();
    let now = find::listener(elb, arn)?;
    let listener = elb.seen().listeners.get(arn).unwrap_or(&now);
    let first = listener.shown["Certificates"].as_array().into_iter().flatten();
    let first = first.map(|it| json!({"CertificateArn": it["CertificateArn"], "IsDefault": true}));
    let others = listener.certificates.iter().map(|arn| json!({"CertificateArn": arn, "IsDefault": false}));
    page(input, "Certificates", first.chain(others).collect())
}

pub(super) fn describe_policies(input: Input<'_>) -> Answer {
    for name in input.texts("Names") {
        check_policy(name)?;
    }
    let asked: Vec<&str> = input.texts("Names").collect();
    let known = POLICIES.iter().filter(|(name, _)| asked.is_empty() || asked.contains(name));
    let shown = known.map(|(name, protocols)| {
        json!({
            "Name": name, "SslProtocols": protocols,
            "Ciphers": [{"Name": "ECDHE-RSA-AES128-GCM-SHA256", "Priority": 1}, {"Name": "ECDHE-RSA-AES256-GCM-SHA384", "Priority": 2}],
            "SupportedLoadBalancerTypes": ["application", "network"],
        })
    });
    page(input, "SslPolicies", shown.collect())
}
