//! What a person can do about an error of AWS, in half a sentence. Pure.

/// How the message of a call begins that had no session: see `AwsError::without_session`.
pub(super) const NO_SESSION: &str = "AssumeRole failed";

/// AWS takes a signature for five minutes before and after its own time. AWS, "Elements of an AWS API request signature".
const CLOCK: &str = "set the clock of the node that the operator runs on: it differs from AWS's by more than AWS takes";

/// What can be done about a signature that AWS does not take. Its time is the commonest reason, and AWS says so in the text only.
pub(super) fn advice_on_time(code: &str, message: &str) -> Option<&'static str> {
    match code.strip_suffix("Exception").unwrap_or(code) {
        _ if is_out_of_time(code, message) => Some(CLOCK),
        "SignatureDoesNotMatch" | "InvalidSignature" => Some(
            "check the secret access key that the operator has, and the clock of the node that it runs on: AWS does not say which of the two is wrong",
        ),
        _ => None,
    }
}

/// Whether AWS says that a signature is too old, or not of its time yet. ECS and STS say so with the codes of a wrong signature.
pub(super) fn is_out_of_time(code: &str, message: &str) -> bool {
    let is_late = ["Signature expired", "not yet current", "too skewed", "too large"].iter().any(|text| message.contains(text));
    match code.strip_suffix("Exception").unwrap_or(code) {
        "RequestTimeTooSkewed" | "RequestExpired" => true,
        "SignatureDoesNotMatch" | "InvalidSignature" => is_late,
        _ => false,
    }
}

/// What can be done about a role that cannot be taken on.
pub(super) fn advice_on_a_role(code: &str, message: &str) -> &'static str {
    match code.strip_suffix("Exception").unwrap_or(code) {
        "PackedPolicyTooLarge" => {
            "put the roles of the namespace under one path and list `role/<path>/*` in its EcsNamespacePolicy, or set \
             assumeRole.sessionTags: Disabled in the AwsConnection"
        }
        // EKS Pod Identity hands its own tags on, one of which has the name of one of ours:
        // <https://github.com/aws/eks-pod-identity-agent/issues/80>
        _ if message.contains("transitive") => {
            "set disableSessionTags in the operator's Pod Identity association, or assumeRole.sessionTags: Disabled in the AwsConnection"
        }
        _ if message.contains("sts:TagSession") => {
            "allow sts:TagSession in the trust policy of the role, or set assumeRole.sessionTags: Disabled in the AwsConnection"
        }
        "AccessDenied" => {
            "allow sts:AssumeRole on the role in the IAM policy of the operator, and let the trust policy of the role name the \
             operator, with the externalId of the AwsConnection if it asks for one"
        }
        _ if message.contains("DurationSeconds") => {
            "lower assumeRole.sessionDurationSeconds in the AwsConnection: at most 3600 where the operator itself has a role"
        }
        "RegionDisabled" => "activate STS for that region in the account, or use another region",
        _ => "check assumeRole in the AwsConnection, and the credentials of the operator's pod",
    }
}

/// What can be done about errors of Elastic Load Balancing that say more than their kind.
pub(super) fn advice_on(code: &str) -> Option<&'static str> {
    Some(match code.strip_suffix("Exception").unwrap_or(code) {
        "PriorityInUse" => "choose another priority, or leave it out to have a free one chosen",
        "TargetGroupAssociationLimit" => {
            "use another target group, or take this one off the other load balancer: it can belong to one only"
        }
        "DuplicateListener" => "choose another port: the load balancer has a listener on this one",
        "OperationNotPermitted" => "check whether deletion protection is on, and turn it off if the load balancer may go",
        "CertificateNotFound" => "correct the ARN of the certificate; it has to be in the region of the load balancer",
        "UnsupportedCertificate" => "use a certificate that the load balancer supports: look at its key and its state in ACM",
        "SSLPolicyNotFound" => "correct the name of the policy in `sslPolicy`",
        _ => return None,
    })
}

/// Names the action that is missing, as AWS names it: `… is not authorized to perform: ecs:CreateService on resource: … because …`.
pub(super) fn denied_advice(message: &str) -> String {
    let after = |mark: &str| message.split_once(mark).map(|(_, rest)| rest);
    let word = |text: &str| text.split_whitespace().next().unwrap_or_default().trim_end_matches(['.', ',']).to_owned();
    let Some(action) = after("to perform: ").map(word).filter(|a| a.contains(':')) else {
        return "allow the action in the IAM policy of the operator's role".to_owned();
    };
    if message.contains("no session policy allows") {
        return format!(
            "list what it names in the EcsNamespacePolicy of the namespace, whose sessions may use `{action}` on nothing else; after a \
             change of the policy a new session is begun by itself"
        );
    }
    let on = after("on resource: ").map(word).map(|r| format!(" on `{r}`")).unwrap_or_default();
    let condition = if action == "iam:PassRole" { ", with `iam:PassedToService` `ecs-tasks.amazonaws.com`" } else { "" };
    let by = if message.contains("explicit deny") { "; a policy denies it explicitly" } else { "" };
    format!("allow `{action}`{on} in the IAM policy of the operator's role{condition}{by}")
}
