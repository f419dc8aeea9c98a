//! Certificates of AWS Certificate Manager, for listeners that find theirs by host. Nothing is written there.

use super::call::{Caller, missing};
use super::error::AwsError;
use super::gate::Gate;
use super::model::timestamp;
use super::operation::{DESCRIBE_CERTIFICATE, LIST_CERTIFICATES};
use super::pace::{Pacer, Priority};
use aws_sdk_acm::Client;
use aws_sdk_acm::types::{CertificateStatus, CertificateSummary, Filters, KeyAlgorithm};
use jiff::Timestamp;
use std::collections::BTreeSet;

/// Keys that load balancers take. Unless they are named, only RSA up to 2048 bits is listed.
const KEYS: [KeyAlgorithm; 6] = [
    KeyAlgorithm::Rsa2048,
    KeyAlgorithm::Rsa3072,
    KeyAlgorithm::Rsa4096,
    KeyAlgorithm::EcPrime256v1,
    KeyAlgorithm::EcSecp384r1,
    KeyAlgorithm::EcSecp521r1,
];

/// Certificate Manager in one account and region. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Acm {
    client: Client,
    caller: Caller,
}

/// A certificate that is issued.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Certificate {
    /// ARN.
    pub arn: String,
    /// The hosts that it is for, in lower case. `*.` stands for one label.
    pub hosts: BTreeSet<String>,
    /// When it ends.
    pub not_after: Option<Timestamp>,
}

impl Acm {
    /// Certificate Manager behind a client whose own retries are off. Clients of the same account and region share one pacer.
    pub(super) const fn new(client: Client, pacer: Pacer, gate: Gate) -> Self {
        Self { client, caller: Caller::new(pacer, gate) }
    }

    /// The same, with calls of another priority. Without this they are those of a changed spec.
    #[must_use]
    pub fn at(&self, priority: Priority) -> Self {
        Self { client: self.client.clone(), caller: self.caller.at(priority) }
    }

    /// The certificates that are issued, with all their hosts. A certificate with more than a hundred costs a call of its own.
    ///
    /// # Errors
    /// Those of AWS.
    pub async fn certificates(&self) -> Result<Vec<Certificate>, AwsError> {
        let mut certificates = Vec::new();
        for summary in self.list().await? {
            let has_more = summary.has_additional_subject_alternative_names == Some(true);
            let mut certificate = Certificate::read(summary);
            if has_more {
                certificate.hosts.extend(self.hosts(&certificate.arn).await?);
            }
            certificates.push(certificate);
        }
        Ok(certificates)
    }

    async fn list(&self) -> Result<Vec<CertificateSummary>, AwsError> {
        let keys = Filters::builder().set_key_types(Some(KEYS.to_vec())).build();
        let mut summaries = Vec::new();
        let mut next = None;
        loop {
            let page = self
                .caller
                .call(LIST_CERTIFICATES, || {
                    let call = self.client.list_certificates().certificate_statuses(CertificateStatus::Issued);
                    call.includes(keys.clone()).max_items(1000).set_next_token(next.clone()).send()
                })
                .await?;
            summaries.extend(page.certificate_summary_list.unwrap_or_default());
            next = page.next_token;
            if next.is_none() {
                return Ok(summaries);
            }
        }
    }

    async fn hosts(&self, arn: &str) -> Result<Vec<String>, AwsError> {
        let described =
            self.caller.call(DESCRIBE_CERTIFICATE, || self.client.describe_certificate().certificate_arn(arn).send()).await?;
        let certificate = described.certificate.ok_or_else(|| missing(DESCRIBE_CERTIFICATE, "certificate"))?;
        Ok(certificate.subject_alternative_names.unwrap_or_default().iter().map(|host| host.to_ascii_lowercase()).collect())
    }
}

impl Certificate {
    fn read(summary: CertificateSummary) -> Self {
        let others = summary.subject_alternative_name_summaries.unwrap_or_default();
        Self {
            arn: summary.certificate_arn.unwrap_or_default(),
            hosts: summary.domain_name.into_iter().chain(others).map(|host| host.to_ascii_lowercase()).collect(),
            not_after: timestamp(summary.not_after),
        }
    }

    /// Whether clients that ask for a host accept it. A host with a `*.` in front is covered by the same only.
    pub fn covers(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        let is_wild = |parent: &str| self.hosts.contains(&format!("*.{parent}"));
        // `*.example.com` is for `a.example.com`, but neither for `a.b.example.com` nor for `example.com` (RFC 6125, 6.4.3).
        self.hosts.contains(&host) || host.split_once('.').is_some_and(|(label, parent)| label != "*" && is_wild(parent))
    }

    /// The certificate for a host: one that names it before one that covers it, of several the one that is good for longest.
    pub fn best_for<'a>(host: &str, certificates: &'a [Self]) -> Option<&'a Self> {
        let named = host.to_ascii_lowercase();
        let covering = certificates.iter().filter(|certificate| certificate.covers(host));
        covering.max_by_key(|one| (one.hosts.contains(&named), one.not_after, std::cmp::Reverse(&one.arn)))
    }
}

#[cfg(test)]
mod tests {
    use super::Certificate;
    use crate::aws::Kind;
    use crate::aws::testing::{Fake, error};
    use serde_json::json;

    fn certificate(arn: &str, hosts: &[&str], not_after: i64) -> Certificate {
        Certificate {
            arn: arn.to_owned(),
            hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
            not_after: jiff::Timestamp::new(not_after, 0).ok(),
        }
    }

    #[test]
    fn a_star_stands_for_one_label() {
        let wild = certificate("a", &["*.example.com"], 1);
        assert!(wild.covers("a.example.com") && wild.covers("A.Example.Com") && wild.covers("*.example.com"));
        assert!(!wild.covers("a.b.example.com") && !wild.covers("example.com") && !wild.covers("*.b.example.com"));
        assert!(!certificate("a", &["*.com"], 1).covers("*.example.com"));
    }

    #[test]
    fn one_that_names_the_host_goes_before_one_that_covers_it_and_then_the_one_that_is_good_for_longest() {
        let all = [
            certificate("wild", &["*.example.com"], 9),
            certificate("soon", &["a.example.com"], 2),
            certificate("late", &["a.example.com"], 3),
        ];
        let best = |host| Certificate::best_for(host, &all).map(|one| one.arn.as_str());
        assert_eq!((best("a.example.com"), best("b.example.com"), best("example.org")), (Some("late"), Some("wild"), None));
    }

    #[tokio::test(start_paused = true)]
    async fn certificates_are_listed_to_the_end_and_those_with_very_many_hosts_described() {
        let fake = Fake::new(|operation, body| match (operation, body["NextToken"].as_str()) {
            ("ListCertificates", None) => {
                let one = json!({"CertificateArn": "a", "DomainName": "A.example.com", "NotAfter": 1_790_000_000});
                (200, json!({"CertificateSummaryList": [one], "NextToken": "2"}))
            }
            ("ListCertificates", Some(_)) => {
                let one =
                    json!({"CertificateArn": "b", "DomainName": "b0.example.com", "HasAdditionalSubjectAlternativeNames": true});
                (200, json!({"CertificateSummaryList": [one]}))
            }
            _ => (
                200,
                json!({"Certificate": {"CertificateArn": "b", "SubjectAlternativeNames": ["b0.example.com", "b1.example.com"]}}),
            ),
        });
        let read = fake.connection().acm.certificates().await.unwrap();
        assert_eq!(read[0], certificate("a", &["a.example.com"], 1_790_000_000));
        assert!(read[1].covers("b1.example.com"));
        assert_eq!((fake.count("ListCertificates"), fake.count("DescribeCertificate")), (2, 1));
        assert_eq!(fake.calls()[0].1["CertificateStatuses"], json!(["ISSUED"]));
    }

    #[tokio::test(start_paused = true)]
    async fn a_permission_that_is_missing_is_named() {
        let message = "User: x is not authorized to perform: acm:ListCertificates because no identity-based policy allows it";
        let fake = Fake::new(move |_, _| error("AccessDeniedException", message));
        let denied = fake.connection().acm.certificates().await.unwrap_err();
        assert_eq!((denied.kind, denied.advice().contains("`acm:ListCertificates`")), (Kind::Denied, true));
    }
}
