//! AWS's errors, sorted by what to do about them. Pure.
//!
//! AWS's names are too coarse (`InvalidParameterException` is a typo, a name that is taken, or "try again in a minute"),
//! so a few of its texts are matched too. Not a single value of a request gets into an error from here; AWS's own message is passed on.

mod advice;

use super::gate::UnknownKey;
use advice::{NO_SESSION, advice_on, advice_on_a_role, advice_on_time, denied_advice, is_out_of_time};
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_ecs::config::http::HttpResponse;
use aws_sdk_ecs::error::{ProvideErrorMetadata, SdkError};
use std::error::Error;
use std::time::Duration;

/// The code of our own for credentials of another account than that of the connection.
pub const MISMATCH: &str = "AccountMismatch";

/// What to do about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Too many calls, for longer than the pacer keeps a caller waiting. Try later.
    Throttled,
    /// An IAM permission is missing.
    Denied,
    /// The operator's own credentials are absent, expired or not accepted.
    Credentials,
    /// AWS refuses what is asked for: the spec has to change.
    Invalid,
    /// What the call names does not exist.
    NotFound,
    /// The name is taken by something that was made otherwise.
    Conflict,
    /// Something else has to happen first; the same call works later.
    NotReady,
    /// AWS is at fault or out of reach. A write may have taken effect all the same: see [`AwsError::may_have_happened`].
    Unavailable,
    /// No reply to a write: it may have taken effect.
    Unknown,
    /// A quota of the account is used up.
    Quota,
}

/// A call of AWS that failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{operation} failed: {}{message}", .code.as_ref().map(|c| format!("{c}: ")).unwrap_or_default())]
pub struct AwsError {
    /// The operation, such as `CreateService`.
    pub operation: &'static str,
    /// What to do about it.
    pub kind: Kind,
    /// AWS's name of the error, where it gave one.
    pub code: Option<String>,
    /// AWS's text, or ours where there was no answer.
    pub message: String,
    /// How long AWS asks to wait, where it says so.
    pub retry_after: Option<Duration>,
    /// AWS's id of the request, for a support case.
    pub request_id: Option<String>,
    /// `true` if the operation changes something.
    pub is_write: bool,
}

impl Kind {
    /// The word for conditions, events and metrics.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Throttled => "AwsThrottled",
            Self::Denied => "AwsAccessDenied",
            Self::Credentials => "AwsCredentials",
            Self::Invalid => "AwsInvalid",
            Self::NotFound => "AwsNotFound",
            Self::Conflict => "AwsConflict",
            Self::NotReady => "AwsNotReady",
            Self::Unavailable => "AwsUnavailable",
            Self::Unknown => "AwsNoReply",
            Self::Quota => "AwsQuota",
        }
    }
}

impl AwsError {
    /// The word for conditions, events and metrics.
    pub fn reason(&self) -> &'static str {
        if self.is_policy_too_large() { "PolicyTooLong" } else { self.kind.reason() }
    }

    /// `true` if a write may have taken effect although it failed: look before repeating what is not idempotent.
    pub const fn may_have_happened(&self) -> bool {
        self.is_write && matches!(self.kind, Kind::Unknown | Kind::Unavailable)
    }

    /// `true` if the same call can work later with nothing changed by a person.
    pub const fn is_transient(&self) -> bool {
        matches!(self.kind, Kind::Throttled | Kind::NotReady | Kind::Unavailable | Kind::Unknown)
    }

    /// `true` if it is the cluster that does not exist.
    pub fn is_cluster_missing(&self) -> bool {
        self.code.as_deref() == Some("ClusterNotFoundException")
    }

    /// `true` if the service exists no more, or not as an active one.
    pub fn is_service_gone(&self) -> bool {
        matches!(self.code.as_deref(), Some("ServiceNotFoundException" | "ServiceNotActiveException"))
    }

    /// `true` if the load balancer, listener, rule or target group that the call is about does not exist.
    pub fn is_load_balancing_gone(&self) -> bool {
        let gone = ["LoadBalancerNotFound", "ListenerNotFound", "RuleNotFound", "TargetGroupNotFound"];
        self.code.as_deref().is_some_and(|code| gone.contains(&code.strip_suffix("Exception").unwrap_or(code)))
    }

    /// `true` if another rule of the listener has the priority.
    pub fn is_priority_taken(&self) -> bool {
        self.code.as_deref().is_some_and(|code| code.strip_suffix("Exception").unwrap_or(code) == "PriorityInUse")
    }

    /// `true` if a write names a revision of a task definition that was deregistered.
    pub fn is_task_definition_inactive(&self) -> bool {
        self.is_write && self.message.to_ascii_lowercase().contains("taskdefinition is inactive")
    }

    /// `true` if AWS does not know the access key, or not any more: newer credentials can help.
    pub fn is_about_the_key(&self) -> bool {
        let codes = ["ExpiredToken", "UnrecognizedClient", "InvalidClientTokenId", "InvalidAccessKeyId", "AuthFailure"];
        self.code.as_deref().is_some_and(|code| codes.contains(&code.strip_suffix("Exception").unwrap_or(code)))
    }

    /// `true` if the policy and the tags of a session do not fit into what STS packs them into.
    pub fn is_policy_too_large(&self) -> bool {
        self.code.as_deref().is_some_and(|code| code.strip_suffix("Exception").unwrap_or(code) == "PackedPolicyTooLarge")
    }

    /// `true` if the time of the signature is what AWS does not accept.
    pub fn is_about_time(&self) -> bool {
        self.code.as_deref().is_some_and(|code| is_out_of_time(code, &self.message))
    }

    /// What a person can do about it, in one sentence.
    pub fn advice(&self) -> String {
        if let Some(advice) =
            self.code.as_deref().and_then(|code| advice_on_time(code, &self.message).or_else(|| advice_on(code)))
        {
            return advice.to_owned();
        }
        if self.message.starts_with(NO_SESSION) || self.operation == "AssumeRole" {
            return advice_on_a_role(self.code.as_deref().unwrap_or_default(), &self.message).to_owned();
        }
        match self.kind {
            Kind::Denied => denied_advice(&self.message),
            Kind::Credentials => {
                "check the credentials of the operator's pod: its role, its file, or the AWS_* variables, after which it has to be \
                 restarted"
                    .to_owned()
            }
            Kind::Invalid => "correct the spec as the message says".to_owned(),
            Kind::NotFound if self.is_cluster_missing() => {
                "create the cluster, or correct its name, account and region".to_owned()
            }
            Kind::NotFound => "create what is missing, or correct its name".to_owned(),
            Kind::Conflict => "choose another name, or set `managementPolicy: Adopt` to take over what exists".to_owned(),
            Kind::Quota => "ask for a higher quota in Service Quotas, or remove what is not needed".to_owned(),
            Kind::Throttled => {
                "nothing to do: it is tried again more slowly; look for what else calls AWS in this account".to_owned()
            }
            Kind::NotReady | Kind::Unavailable | Kind::Unknown => "nothing to do: it is tried again".to_owned(),
        }
    }

    /// An answer that AWS should not give.
    pub(super) fn malformed(operation: &'static str, is_write: bool, message: impl Into<String>) -> Self {
        let kind = if is_write { Kind::Unknown } else { Kind::Unavailable };
        Self { operation, kind, code: None, message: message.into(), retry_after: None, request_id: None, is_write }
    }

    /// A call that was not made because AWS throttles all of its kind.
    pub(super) fn throttled(operation: &'static str, is_write: bool) -> Self {
        let message = "AWS throttles all calls of this kind".to_owned();
        Self { operation, kind: Kind::Throttled, code: None, message, retry_after: None, request_id: None, is_write }
    }

    /// A call that was not made, because the role for it could not be taken on.
    fn without_session(operation: &'static str, is_write: bool, refused: &Self) -> Self {
        let kind = if refused.is_transient() { Kind::NotReady } else { Kind::Credentials };
        Self { operation, kind, message: refused.to_string(), is_write, ..refused.clone() }
    }

    /// Sorts an error of the SDK.
    pub(super) fn sort<E>(operation: &'static str, is_write: bool, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        if let Some(refused) = chain(error).find_map(|cause| cause.downcast_ref::<Self>()) {
            return Self::without_session(operation, is_write, refused);
        }
        let raw = error.raw_response();
        let header = |name: &str| raw.and_then(|r| r.headers().get(name)).map(str::to_owned);
        let status = raw.map(|r| r.status().as_u16());
        let code = error.code().map(|c| c.rsplit('#').next().unwrap_or(c).to_owned());
        let text = error.message().map(str::to_owned);
        let kind = match (error, &code) {
            (SdkError::ServiceError(_), Some(code)) => by_code(operation, code, text.as_deref().unwrap_or_default(), status),
            _ => by_shape(error, status, is_write),
        };
        Self {
            operation,
            kind,
            code,
            message: text.unwrap_or_else(|| describe(error, status)),
            retry_after: retry_after(header("x-amz-retry-after").as_deref(), header("retry-after").as_deref()),
            request_id: header("x-amzn-requestid").or_else(|| header("x-amz-request-id")),
            is_write,
        }
    }
}

/// Parses the waits that AWS asks for: its own header is in milliseconds, HTTP's in seconds (dates are not used by AWS).
fn retry_after(own: Option<&str>, http: Option<&str>) -> Option<Duration> {
    let own = own.and_then(|ms| ms.trim().parse().ok()).map(Duration::from_millis);
    own.or_else(|| http.and_then(|s| s.trim().parse().ok()).map(Duration::from_secs))
}

/// Texts that mean "later": ecs-semantics lists who was seen to match on them.
const NOT_READY: &[&str] = &[
    "still draining",
    "does not have an associated load balancer",
    "verify that the ecs service role being passed has the proper permissions",
    "unable to assume the service linked role",
    "the service cannot be stopped while deployments are active",
    "too many concurrent attempts",
    "has a dependent object",
    "please try again",
];

fn by_code(operation: &str, code: &str, message: &str, status: Option<u16>) -> Kind {
    let text = message.to_ascii_lowercase();
    let code = code.strip_suffix("Exception").unwrap_or(code);
    if let Some(kind) = of_load_balancing(code) {
        return kind;
    }
    match code {
        "Throttling"
        | "Throttled"
        | "ThrottledRequest"
        | "RequestThrottled"
        | "RequestLimitExceeded"
        | "TooManyRequests"
        | "RequestThrottling"
        | "BandwidthLimitExceeded"
        | "SlowDown"
        | "PriorRequestNotComplete" => Kind::Throttled,
        "AccessDenied" | "UnauthorizedOperation" | "Blocked" | "NotAuthorized" => Kind::Denied,
        "ExpiredToken"
        | "InvalidSignature"
        | "SignatureDoesNotMatch"
        | "UnrecognizedClient"
        | "InvalidClientTokenId"
        | "MissingAuthenticationToken"
        | "IncompleteSignature"
        | "InvalidAccessKeyId"
        | "AuthFailure"
        | "RequestExpired"
        | "RequestTimeTooSkewed"
        | "OptInRequired" => Kind::Credentials,
        "Conflict" => Kind::Conflict,
        "UpdateInProgress" | "ServiceNotActive" | "ResourceInUse" | "DependencyViolation" => Kind::NotReady,
        "ClusterNotFound"
        | "ServiceNotFound"
        | "ResourceNotFound"
        | "NamespaceNotFound"
        | "TaskSetNotFound"
        | "ServiceDeploymentNotFound"
        | "TargetNotFound" => Kind::NotFound,
        "LimitExceeded" | "AttributeLimitExceeded" | "ServiceQuotaExceeded" => Kind::Quota,
        "Server" | "ServiceUnavailable" | "InternalFailure" | "InternalServerError" | "InternalError" => Kind::Unavailable,
        _ if status == Some(429) || text.contains("rate exceeded") => Kind::Throttled,
        _ if status.is_some_and(|s| s >= 500) => Kind::Unavailable,
        _ if text.contains("was not idempotent") => Kind::Conflict,
        _ if NOT_READY.iter().any(|t| text.contains(t)) => Kind::NotReady,
        // There is no error of its own for a task definition that does not exist.
        "Client" if is_about_one_task_definition(operation) => Kind::NotFound,
        _ if text.contains("quota") => Kind::Quota,
        _ => Kind::Invalid,
    }
}

/// Codes that only Elastic Load Balancing has.
fn of_load_balancing(code: &str) -> Option<Kind> {
    Some(match code {
        // A target group belongs to one load balancer, a priority to one rule of a listener.
        "PriorityInUse"
        | "TargetGroupAssociationLimit"
        | "DuplicateTargetGroupName"
        | "DuplicateLoadBalancerName"
        | "DuplicateListener" => Kind::Conflict,
        "LoadBalancerNotFound"
        | "ListenerNotFound"
        | "RuleNotFound"
        | "TargetGroupNotFound"
        | "CertificateNotFound"
        | "SSLPolicyNotFound"
        | "SubnetNotFound"
        | "AllocationIdNotFound"
        | "TrustStoreNotFound" => Kind::NotFound,
        // These two are about what the spec asks for, the others that begin like them about what the account has.
        "TooManyActions" | "TooManyTags" => Kind::Invalid,
        "TooManyRequests" => return None,
        code if code.starts_with("TooMany") => Kind::Quota,
        "HealthUnavailable" => Kind::Unavailable,
        _ => return None,
    })
}

fn is_about_one_task_definition(operation: &str) -> bool {
    matches!(operation, "DescribeTaskDefinition" | "DeregisterTaskDefinition")
}

/// Sorts what is no answer of the service: no reply, a reply of something in between, credentials that cannot be had.
fn by_shape<E>(error: &SdkError<E, HttpResponse>, status: Option<u16>, is_write: bool) -> Kind
where
    E: Error + 'static,
{
    let lost = if is_write { Kind::Unknown } else { Kind::Unavailable };
    match error {
        _ if is_about_credentials(error) => Kind::Credentials,
        // Nothing was sent.
        SdkError::ConstructionFailure(_) => Kind::Invalid,
        SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) => lost,
        _ => match status {
            Some(429) => Kind::Throttled,
            Some(401 | 403) => Kind::Denied,
            Some(500..) => Kind::Unavailable,
            // An answer that cannot be read says nothing about what was done.
            _ => lost,
        },
    }
}

fn is_about_credentials<E: Error + 'static>(error: &SdkError<E, HttpResponse>) -> bool {
    // A call that the gate holds back was not sent.
    chain(error).any(|cause| cause.is::<CredentialsError>() || cause.is::<UnknownKey>())
}

/// An error and its causes.
pub(super) fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |e| (*e).source())
}

fn describe<E: Error + 'static>(error: &SdkError<E, HttpResponse>, status: Option<u16>) -> String {
    let why = match error {
        SdkError::TimeoutError(_) => "no reply in time".to_owned(),
        // The innermost cause is the one that says something: "connection refused".
        SdkError::DispatchFailure(_) | SdkError::ConstructionFailure(_) => {
            chain(error).last().map(ToString::to_string).unwrap_or_default()
        }
        // Not the parser's words about a page that nobody asked for.
        _ => "an answer that is not AWS's".to_owned(),
    };
    match status {
        Some(status) => format!("{why} (HTTP {status})"),
        None => why,
    }
}

#[cfg(test)]
mod tests {
    use super::{AwsError, Kind};
    use aws_sdk_ecs::config::http::HttpResponse;
    use aws_sdk_ecs::error::{ConnectorError, ErrorMetadata, SdkError};
    use aws_sdk_ecs::operation::create_service::CreateServiceError;
    use aws_smithy_types::body::SdkBody;
    use std::time::Duration;

    fn response(status: u16, headers: &[(&'static str, &'static str)]) -> HttpResponse {
        let mut response = HttpResponse::new(status.try_into().unwrap(), SdkBody::empty());
        for (name, value) in headers {
            response.headers_mut().insert(*name, *value);
        }
        response
    }

    fn refused(operation: &'static str, status: u16, code: &str, message: &str) -> AwsError {
        let error = CreateServiceError::generic(ErrorMetadata::builder().code(code).message(message).build());
        AwsError::sort(operation, true, &SdkError::service_error(error, response(status, &[])))
    }

    #[test]
    fn a_clock_that_is_off_is_said_in_words() {
        for (code, message) in [
            ("RequestTimeTooSkewed", "The difference between the request time and the current time is too large."),
            ("InvalidSignatureException", "Signature expired: 20260101T000000Z is now earlier than 20260101T005500Z"),
            ("SignatureDoesNotMatch", "Signature not yet current: 20260101T020000Z is still later than 20260101T011500Z"),
        ] {
            let error = refused("CreateService", 403, code, message);
            assert_eq!(error.kind, Kind::Credentials, "{code}");
            assert!(error.advice().contains("set the clock of the node"), "{code}: {}", error.advice());
        }
        let other = refused("CreateService", 403, "SignatureDoesNotMatch", "The request signature we calculated does not match");
        assert!(other.advice().contains("secret access key") && other.advice().contains("clock"), "{}", other.advice());
    }

    #[test]
    fn a_session_that_sts_does_not_begin_says_what_to_change() {
        let transitive = "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key";
        for (code, message, words) in [
            ("PackedPolicyTooLarge", "Packed policy consumes 112% of allotted space", "under one path"),
            ("InvalidParameterValue", transitive, "disableSessionTags"),
        ] {
            assert!(refused("AssumeRole", 400, code, message).advice().contains(words), "{code}");
        }
        let mut large = refused("AssumeRole", 400, "PackedPolicyTooLarge", "Packed policy consumes 112% of allotted space");
        large.kind = Kind::Credentials;
        assert_eq!(large.reason(), "PolicyTooLong");
    }

    #[test]
    fn errors_are_sorted_by_what_to_do_about_them() {
        let rows: &[(&'static str, u16, &str, &str, Kind)] = &[
            ("CreateService", 400, "ThrottlingException", "Rate exceeded", Kind::Throttled),
            ("CreateService", 400, "ClientException", "Rate exceeded", Kind::Throttled),
            ("CreateService", 400, "AccessDeniedException", "User: x is not authorized", Kind::Denied),
            (
                "CreateService",
                400,
                "ExpiredTokenException",
                "The security token included in the request is expired",
                Kind::Credentials,
            ),
            ("CreateService", 400, "InvalidSignatureException", "Signature expired", Kind::Credentials),
            ("CreateService", 400, "UnrecognizedClientException", "The security token is invalid", Kind::Credentials),
            ("CreateService", 400, "InvalidParameterException", "Creation of service was not idempotent.", Kind::Conflict),
            (
                "CreateService",
                400,
                "InvalidParameterException",
                "Unable to Start a service that is still Draining.",
                Kind::NotReady,
            ),
            (
                "CreateService",
                400,
                "InvalidParameterException",
                "The target group with targetGroupArn x does not have an associated load balancer.",
                Kind::NotReady,
            ),
            ("CreateService", 400, "InvalidParameterException", "Unable to assume the service linked role.", Kind::NotReady),
            ("CreateService", 400, "InvalidParameterException", "Launch type should be one of [EC2,FARGATE].", Kind::Invalid),
            ("CreateService", 400, "ClusterNotFoundException", "Cluster not found.", Kind::NotFound),
            ("UpdateService", 400, "ServiceNotActiveException", "Service was not ACTIVE.", Kind::NotReady),
            ("UpdateService", 400, "ServiceNotFoundException", "Service not found.", Kind::NotFound),
            ("UpdateService", 400, "ClientException", "TaskDefinition is inactive", Kind::Invalid),
            (
                "RegisterTaskDefinition",
                400,
                "ClientException",
                "Too many concurrent attempts to create a new revision of the specified family.",
                Kind::NotReady,
            ),
            (
                "RegisterTaskDefinition",
                400,
                "ClientException",
                "No Fargate configuration exists for given values.",
                Kind::Invalid,
            ),
            ("RegisterTaskDefinition", 400, "LimitExceededException", "The limit for the resource was exceeded.", Kind::Quota),
            ("DescribeTaskDefinition", 400, "ClientException", "Unable to describe task definition.", Kind::NotFound),
            ("DescribeServices", 500, "ServerException", "Service Unavailable. Please try again later.", Kind::Unavailable),
            ("DescribeServices", 503, "SomethingNew", "", Kind::Unavailable),
            ("DescribeServices", 400, "SomethingNewException", "no", Kind::Invalid),
        ];
        sorted(rows);
    }

    #[test]
    fn errors_of_load_balancing_are_sorted_too() {
        sorted(&[
            ("CreateRule", 400, "PriorityInUse", "Priority '7' is currently in use", Kind::Conflict),
            ("CreateRule", 400, "TooManyRules", "The maximum number of rules has been reached", Kind::Quota),
            ("CreateRule", 400, "TooManyUniqueTargetGroupsPerLoadBalancer", "no", Kind::Quota),
            ("CreateRule", 400, "TooManyActions", "no", Kind::Invalid),
            ("CreateRule", 400, "TargetGroupAssociationLimit", "no", Kind::Conflict),
            ("CreateRule", 400, "ListenerNotFound", "One or more listeners not found", Kind::NotFound),
            ("CreateRule", 400, "ValidationError", "A condition value is missing", Kind::Invalid),
            ("CreateTargetGroup", 400, "DuplicateTargetGroupName", "exists, but with different settings", Kind::Conflict),
            ("DeleteTargetGroup", 400, "ResourceInUse", "is currently in use by a listener or a rule", Kind::NotReady),
            ("DeleteLoadBalancer", 400, "OperationNotPermitted", "deletion protection is enabled", Kind::Invalid),
            ("CreateListener", 400, "CertificateNotFound", "Certificate 'x' not found", Kind::NotFound),
            ("CreateListener", 400, "UnsupportedCertificate", "no", Kind::Invalid),
            ("CreateListener", 400, "SSLPolicyNotFound", "no", Kind::NotFound),
            ("CreateListener", 400, "DuplicateListener", "A listener already exists on this port", Kind::Conflict),
            ("CreateLoadBalancer", 400, "SubnetNotFound", "no", Kind::NotFound),
            ("AddTags", 400, "DuplicateTagKeys", "no", Kind::Invalid),
            ("AddTags", 400, "TooManyTags", "no", Kind::Invalid),
            ("DescribeTargetHealth", 400, "HealthUnavailable", "no", Kind::Unavailable),
            ("DescribeRules", 400, "Throttling", "Rate exceeded", Kind::Throttled),
            ("DescribeRules", 400, "TooManyRequestsException", "", Kind::Throttled),
        ]);
    }

    fn sorted(rows: &[(&'static str, u16, &str, &str, Kind)]) {
        for (operation, status, code, message, kind) in rows {
            assert_eq!(refused(operation, *status, code, message).kind, *kind, "{operation} {code} {message}");
        }
    }

    #[test]
    fn a_write_without_reply_may_have_happened_and_a_read_has_not() {
        let lost = |is_write| {
            let error: SdkError<CreateServiceError, HttpResponse> = SdkError::timeout_error("timed out");
            AwsError::sort("CreateService", is_write, &error)
        };
        assert_eq!((lost(true).kind, lost(true).may_have_happened()), (Kind::Unknown, true));
        assert_eq!((lost(false).kind, lost(false).may_have_happened()), (Kind::Unavailable, false));
        assert!(!refused("CreateService", 400, "ClientException", "no").may_have_happened());
    }

    #[test]
    fn a_page_that_is_not_aws_s_is_an_outage() {
        let error: SdkError<CreateServiceError, HttpResponse> =
            SdkError::response_error("expected value at line 1: <html>", response(502, &[]));
        let sorted = AwsError::sort("CreateService", true, &error);
        assert_eq!(sorted.kind, Kind::Unavailable);
        assert_eq!(sorted.to_string(), "CreateService failed: an answer that is not AWS's (HTTP 502)");
    }

    #[test]
    fn credentials_that_cannot_be_had_are_told_from_an_outage() {
        let cause = aws_credential_types::provider::error::CredentialsError::not_loaded("no role");
        let error: SdkError<CreateServiceError, HttpResponse> =
            SdkError::dispatch_failure(ConnectorError::other(cause.into(), None));
        assert_eq!(AwsError::sort("CreateService", true, &error).kind, Kind::Credentials);
    }

    #[test]
    fn the_wait_that_aws_asks_for_is_kept() {
        let wait = |headers: &[(&'static str, &'static str)]| {
            let error = CreateServiceError::generic(ErrorMetadata::builder().code("ThrottlingException").build());
            AwsError::sort("CreateService", true, &SdkError::service_error(error, response(400, headers))).retry_after
        };
        assert_eq!(wait(&[("x-amz-retry-after", "1500")]), Some(Duration::from_millis(1500)));
        assert_eq!(wait(&[("retry-after", "3")]), Some(Duration::from_secs(3)));
        assert_eq!(wait(&[]), None);
    }

    #[test]
    fn errors_that_say_more_than_their_kind_have_advice_of_their_own() {
        let advice = |code| refused("CreateRule", 400, code, "no").advice();
        assert!(advice("PriorityInUse").starts_with("choose another priority"));
        assert!(advice("TargetGroupAssociationLimit").contains("one only"));
        assert!(advice("OperationNotPermitted").contains("deletion protection"));
        assert!(advice("CertificateNotFoundException").contains("ARN of the certificate"));
        assert!(advice("TooManyRules").contains("quota"));
    }

    #[test]
    fn the_missing_permission_is_named() {
        let denied = |message| refused("CreateService", 400, "AccessDeniedException", message).advice();
        assert_eq!(
            denied(
                "User: arn:aws:sts::111122223333:assumed-role/op/x is not authorized to perform: ecs:TagResource on resource: arn:aws:ecs:eu-central-1:111122223333:service/prod/web because no identity-based policy allows the ecs:TagResource action"
            ),
            "allow `ecs:TagResource` on `arn:aws:ecs:eu-central-1:111122223333:service/prod/web` in the IAM policy of the operator's role",
        );
        assert_eq!(
            denied(
                "User: x is not authorized to perform: iam:PassRole on resource: arn:aws:iam::111122223333:role/app with an explicit deny in an identity-based policy"
            ),
            "allow `iam:PassRole` on `arn:aws:iam::111122223333:role/app` in the IAM policy of the operator's role, with `iam:PassedToService` `ecs-tasks.amazonaws.com`; a policy denies it explicitly",
        );
        let by_session = denied(
            "User: x is not authorized to perform: iam:PassRole on resource: arn:aws:iam::111122223333:role/app because no session policy allows the iam:PassRole action",
        );
        assert!(by_session.contains("EcsNamespacePolicy") && by_session.contains("`iam:PassRole`"), "{by_session}");
        assert_eq!(denied("no"), "allow the action in the IAM policy of the operator's role");
    }
}
