//! ACM: certificates for listeners. They are issued at once.

use serde_json::{Value, json};

use super::text;
use crate::ecs::input::epoch;
use crate::elb::{Certificate, Elb};
use crate::fault::ServiceError;

pub(crate) fn call(elb: &mut Elb, operation: &str, input: &Value) -> Result<Value, ServiceError> {
    match operation {
        "RequestCertificate" => {
            let name = text(input, "DomainName").ok_or_else(|| invalid("DomainName must be given"))?;
            let others = input["SubjectAlternativeNames"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let mut domains = vec![name.to_owned()];
            domains.extend(others.filter(|other| *other != name).map(str::to_owned));
            Ok(json!({"CertificateArn": elb.add_certificate(&domains)}))
        }
        "ListCertificates" => {
            let asked: Vec<&str> =
                input["CertificateStatuses"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            let is_asked = asked.is_empty() || asked.contains(&"ISSUED");
            let shown = elb.certificates().filter(|_| is_asked).map(summary);
            Ok(json!({"CertificateSummaryList": shown.collect::<Vec<_>>()}))
        }
        "DescribeCertificate" => {
            let certificate = find(elb, input)?;
            let mut shown = summary(certificate);
            let user = elb.user_of_certificate(&certificate.arn);
            shown["InUseBy"] = json!(user.into_iter().collect::<Vec<_>>());
            shown["SubjectAlternativeNames"] = json!(certificate.domains);
            if let Some(members) = shown.as_object_mut() {
                members.remove("SubjectAlternativeNameSummaries");
            }
            Ok(json!({"Certificate": shown}))
        }
        "DeleteCertificate" => {
            let arn = find(elb, input)?.arn.clone();
            if elb.user_of_certificate(&arn).is_some() {
                return Err(ServiceError::new("ResourceInUseException", format!("Certificate {arn} is in use.")));
            }
            elb.remove_certificate(&arn);
            Ok(json!({}))
        }
        _ => Err(ServiceError::new("UnknownOperationException", format!("The operation {operation} is not known here."))),
    }
}

fn invalid(message: &str) -> ServiceError {
    ServiceError::new("ValidationException", message)
}

fn find<'a>(elb: &'a Elb, input: &Value) -> Result<&'a Certificate, ServiceError> {
    let arn = text(input, "CertificateArn").ok_or_else(|| invalid("CertificateArn must be given"))?;
    let missing = || ServiceError::new("ResourceNotFoundException", format!("Could not find certificate {arn}."));
    elb.certificate(arn).ok_or_else(missing)
}

fn summary(certificate: &Certificate) -> Value {
    json!({
        "CertificateArn": certificate.arn, "DomainName": certificate.domains.first(),
        "SubjectAlternativeNameSummaries": certificate.domains, "HasAdditionalSubjectAlternativeNames": false,
        "Status": "ISSUED", "Type": "AMAZON_ISSUED", "KeyAlgorithm": "RSA-2048", "RenewalEligibility": "ELIGIBLE",
        "CreatedAt": epoch(certificate.created), "IssuedAt": epoch(certificate.created),
    })
}
