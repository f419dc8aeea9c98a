//! What AWS checks of a signature before it looks at what is asked: its time, its key, and whether its session lasts.
//!
//! Signatures themselves are never checked. Their time is checked only once a test has set AWS's clock, since simulated time runs
//! at a speed of its own, and clients sign by the clock of the machine.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp, civil, tz::TimeZone};

use crate::fault::ServiceError;
use crate::simulator::Request;

/// How far the time of a signature may be from AWS's: "a request must reach AWS within five minutes of the time stamp in the request".
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/signing-elements.html>
const WINDOW: SignedDuration = SignedDuration::from_mins(5);

/// By what, and when, a request is signed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Signature {
    pub(crate) access_key: Option<String>,
    /// `X-Amz-Date`.
    pub(crate) at: Option<Timestamp>,
}

impl Signature {
    /// Of a time such as `20260101T010203Z`.
    pub(crate) fn new(access_key: Option<&str>, date: Option<&str>) -> Self {
        let at = date.and_then(|text| civil::DateTime::strptime("%Y%m%dT%H%M%SZ", text).ok());
        let at = at.and_then(|at| at.to_zoned(TimeZone::UTC).ok()).map(|at| at.timestamp());
        Self { access_key: access_key.map(str::to_owned), at }
    }
}

/// What signatures are held against.
#[derive(Debug, Default)]
pub(crate) struct Signatures {
    /// How far AWS's clock is ahead of the machine's. `None`: nobody looks at the clock.
    ahead: Option<SignedDuration>,
    retired: BTreeSet<String>,
}

impl Signatures {
    pub(crate) fn set_ahead(&mut self, ahead: Option<SignedDuration>) {
        self.ahead = ahead;
    }

    pub(crate) fn retire(&mut self, access_key: &str) {
        self.retired.insert(access_key.to_owned());
    }

    pub(crate) fn restore_all(&mut self) {
        self.retired.clear();
    }

    /// AWS's time, if it was set.
    pub(crate) fn now(&self) -> Option<Timestamp> {
        #[expect(
            clippy::disallowed_methods,
            reason = "clients sign by the clock of the machine, however fast simulated time runs"
        )]
        let machine = Timestamp::now();
        self.ahead.map(|ahead| machine.saturating_add(ahead).unwrap_or(machine))
    }

    /// Refuses what AWS refuses before it looks at the operation.
    ///
    /// The codes of the JSON services are those that ECS was seen to give, with status 400
    /// (<https://github.com/aws/amazon-ecs-agent/issues/1513>, <https://github.com/fabfuel/ecs-deploy/issues/126>,
    /// <https://github.com/aws-samples/cdk-fargate-gitlab-runner/issues/15>,
    /// <https://github.com/aws-azure-login/aws-azure-login/issues/37>); those of the query services, with status 403, are Elastic Load
    /// Balancing's and STS's (<https://github.com/aws/aws-sdk-js/pull/142>, <https://github.com/jenkinsci/ec2-plugin/pull/1008>,
    /// <https://github.com/barnybug/cli53/issues/278>).
    pub(crate) fn check(&self, request: &Request) -> Result<(), ServiceError> {
        let is_json = matches!(request.service.as_str(), "ecs" | "acm" | "logs");
        let refuse = |json: &str, query: &str, message: String| {
            let (status, code) = if is_json { (400, json) } else { (403, query) };
            Err(ServiceError { status, code: code.to_owned(), message })
        };
        if request.signature.access_key.as_ref().is_some_and(|key| self.retired.contains(key)) {
            let message = "The security token included in the request is invalid.".to_owned();
            return refuse("UnrecognizedClientException", "InvalidClientTokenId", message);
        }
        let Some(now) = self.now() else { return Ok(()) };
        if let Some(message) = request.signature.at.and_then(|signed| out_of_time(signed, now)) {
            return refuse("InvalidSignatureException", "SignatureDoesNotMatch", message);
        }
        if request.session.as_ref().is_some_and(|session| session.ends <= now) {
            let message = "The security token included in the request is expired".to_owned();
            return refuse("ExpiredTokenException", "ExpiredToken", message);
        }
        Ok(())
    }
}

/// AWS's sentence about a signature that is too old, or not of its time yet.
fn out_of_time(signed: Timestamp, now: Timestamp) -> Option<String> {
    let text = |at: Timestamp| at.strftime("%Y%m%dT%H%M%SZ").to_string();
    let (oldest, newest) = (now.saturating_sub(WINDOW).ok()?, now.saturating_add(WINDOW).ok()?);
    if signed < oldest {
        let (signed, oldest, now) = (text(signed), text(oldest), text(now));
        return Some(format!("Signature expired: {signed} is now earlier than {oldest} ({now} - 5 min.)"));
    }
    if signed > newest {
        let (signed, newest, now) = (text(signed), text(newest), text(now));
        return Some(format!("Signature not yet current: {signed} is still later than {newest} ({now} + 5 min.)"));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{Signature, out_of_time};

    #[test]
    fn a_signature_is_good_for_five_minutes_before_and_after() {
        let at = |text: &str| Signature::new(None, Some(text)).at.unwrap();
        let now = at("20260101T010000Z");
        assert_eq!(out_of_time(at("20260101T005500Z"), now), None);
        assert_eq!(out_of_time(at("20260101T010500Z"), now), None);
        assert_eq!(
            out_of_time(at("20260101T000000Z"), now).unwrap(),
            "Signature expired: 20260101T000000Z is now earlier than 20260101T005500Z (20260101T010000Z - 5 min.)"
        );
        assert_eq!(
            out_of_time(at("20260101T020000Z"), now).unwrap(),
            "Signature not yet current: 20260101T020000Z is still later than 20260101T010500Z (20260101T010000Z + 5 min.)"
        );
    }
}
