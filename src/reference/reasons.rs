//! Every reason: the one word that conditions, Events and metrics share. Code and documentation are held against this table by
//! `tests/crds/reference.rs`.

use crate::engine::conditions::Type;

/// The types of condition, and what each says where it is true.
pub const CONDITIONS: &[(Type, &str)] = &[
    (Type::Ready, "what was asked for is what serves, for the generation in observedGeneration"),
    (Type::Available, "enough of it serves, whatever revision"),
    (Type::Reconciling, "work is under way, or something is waited for"),
    (Type::Stalled, "work cannot go on without help"),
    (Type::RolledBack, "ECS went back to an older revision"),
    (Type::Drifted, "AWS differs from the declaration, and is left so or being put back"),
    (Type::Paused, "nothing is written because of ecs-operator.io/paused"),
    (Type::Accepted, "a rule may stand on its listener: host, match and priority are its own"),
    (Type::Programmed, "AWS has the rule as declared"),
    (Type::Shadowed, "a rule can never match, because another one stands before it"),
];

/// A reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The word.
    pub word: &'static str,
    /// What is the case.
    pub means: &'static str,
    /// What a person can do. Empty: nothing has to be done.
    pub help: &'static str,
}

const fn reason(word: &'static str, means: &'static str, help: &'static str) -> Reason {
    Reason { word, means, help }
}

/// What is good, under way, or told of as an Event.
pub const NORMAL: &[Reason] = &[
    reason("Accepted", "host, match and priority of a rule are its own on the listener", ""),
    reason("Active", "the load balancer is there and takes connections", ""),
    reason("Applying", "a change of the load balancer was sent to AWS", ""),
    reason("AsDeclared", "the target group is as declared", ""),
    reason(
        "Audits",
        "the policy lets everything pass; log and metrics tell of what is not granted",
        "set mode to Enforce when the log is quiet",
    ),
    reason("Changed", "a rule was changed", ""),
    reason("Connected", "AWS knows the operator in the account and region of the connection", ""),
    reason("Created", "it was made in AWS", ""),
    reason("Deleted", "nothing of it is left in AWS", ""),
    reason("Deleting", "it is being deleted, and the message says what is waited for", ""),
    reason("DeploymentCompleted", "ECS completed a deployment", ""),
    reason("EcsServiceEvent", "an event of ECS about the service, in its words", ""),
    reason("EnoughTasks", "as many tasks run as the service needs to be available", ""),
    reason("HealthyTargets", "the target group has a healthy target", ""),
    reason("InForce", "the policy is in force: what it does not grant is refused", ""),
    reason("ListenerCreated", "the load balancer listens on a port", ""),
    reason("ListenerDeleted", "the load balancer no longer listens on a port", ""),
    reason("Moved", "a rule has another priority", ""),
    reason("Observed", "it is there; nothing is written to it", ""),
    reason("Programmed", "AWS has the rule as declared", ""),
    reason("Programming", "the rule is being made or changed", ""),
    reason("Provisioning", "AWS is setting up the load balancer", ""),
    reason("Registered", "a revision stands for the declaration", ""),
    reason("Registering", "a revision is being registered", ""),
    reason("Released", "a rule is gone, or no longer managed", ""),
    reason("Replaced", "a target group was made to replace another", ""),
    reason("Replacing", "a target group takes the place of another, which keeps the traffic meanwhile", ""),
    reason(
        "RollingBack",
        "a rollout failed, and ECS goes back to the revision before",
        "see status.rollout and the stopped tasks in the message",
    ),
    reason("RolloutInProgress", "ECS replaces tasks", ""),
    reason("Serving", "the revision that was asked for serves; of a target group: it takes over", ""),
    reason("SteadyState", "ECS has nothing to do for the service", ""),
    reason("TargetsDeregistered", "ECS took targets out of a target group", ""),
    reason("TargetsRegistered", "ECS put targets into a target group", ""),
    reason("TasksStarted", "ECS started tasks", ""),
    reason("TasksStopped", "ECS stopped tasks", ""),
    reason("Waiting", "something else has to happen first; the message says what", ""),
    reason(
        "Warns",
        "the policy lets everything pass; an Event tells of what is not granted",
        "set mode to Enforce when there are no more",
    ),
];

/// What is not as it should be, or needs a person.
pub const TROUBLE: &[Reason] = &[
    reason(
        "AccountMismatch",
        "the credentials belong to another account than the one that the object was made in",
        "give the operator its credentials back",
    ),
    reason(
        "AdoptionWouldChange",
        "adopting would change something; status.drift says what",
        "make the declaration agree, or set adoption: Overwrite",
    ),
    reason("AwsAccessDenied", "an IAM permission is missing", "compare the operator's role with deploy/iam"),
    reason(
        "AwsConflict",
        "the name is taken by something that was made otherwise",
        "choose another name, or set managementPolicy: Adopt",
    ),
    reason("AwsCredentials", "the operator has no credentials, or AWS does not accept them", "check the role of its pod"),
    reason("AwsInvalid", "AWS refuses what is asked for", "correct the spec as the message says"),
    reason("AwsNoReply", "AWS did not reply to a write; it is looked at before it is repeated", ""),
    reason("AwsNotFound", "something that is named does not exist in AWS", "create it, or correct the name"),
    reason("AwsNotReady", "something else has to happen in AWS first; it is tried again", ""),
    reason("AwsQuota", "a quota of the account is used up", "ask for more in Service Quotas"),
    reason(
        "AwsThrottled",
        "AWS refuses calls because they come too fast; they are made more slowly",
        "look for what else calls AWS in the account",
    ),
    reason("AwsUnavailable", "AWS does not answer, or is at fault; it is tried again", ""),
    reason(
        "CertificateMissing",
        "the rule is there, and the listener has no certificate for its host",
        "list a certificate, or set discoverCertificates on the listener",
    ),
    reason("CertificateNotFound", "no certificate fits the hosts of a listener", "list one in certificates, or request one"),
    reason(
        "Conflict",
        "somebody else has it: another object, another installation, or nobody that is known",
        "see the message; Adopt takes over what is nobody's",
    ),
    reason(
        "ConnectionMismatch",
        "it refers to something that is made through another connection",
        "give both the same connectionRef",
    ),
    reason(
        "ConnectionNotFound",
        "there is no AwsConnection of that name, or it is being deleted",
        "create it, or correct connectionRef",
    ),
    reason("ConnectionNotReady", "AWS has not let the operator in through the connection", "see the AwsConnection's own Ready"),
    reason(
        "ContainerUnhealthy",
        "ECS: a container failed its health check",
        "see its logs, and healthCheck in the task definition",
    ),
    reason(
        "CredentialsUnavailable",
        "the role of a connection cannot be taken on, or it names none",
        "see the message: the role's trust policy, or ambientCredentials: Allowed",
    ),
    reason(
        "DeletionHeld",
        "many services or load balancers were deleted at once, and this one waits",
        "set ecs-operator.io/confirm-deletion=true on it if it is to go",
    ),
    reason(
        "DeletionProtected",
        "deletion protection was turned on by somebody else",
        "turn it off in AWS, or set deletionPolicy: Retain",
    ),
    reason("DeploymentBlocked", "ECS can neither stop nor start tasks", "widen minimumHealthyPercent and maximumPercent"),
    reason("DeploymentFailed", "ECS gave up a deployment", "see the stopped tasks in Ready"),
    reason(
        "Deregistered",
        "somebody deregistered the revision, and driftPolicy is Report",
        "set driftPolicy: Correct to register it anew",
    ),
    reason("Differs", "AWS is not as declared; status.drift says where", "correct the declaration, or set driftPolicy: Correct"),
    reason("ExposureFailed", "an entry of expose cannot work", "see status.exposures"),
    reason("ExposureNotReady", "an entry of expose is not ready yet", "see status.exposures"),
    reason("Failed", "AWS could not set up the load balancer", "see the message"),
    reason(
        "ForeignRules",
        "others have rules or listeners on it, which would go with it",
        "delete them, or set deletionPolicy: Delete or Retain in so many words",
    ),
    reason("GuardOff", "the operator runs with --guard off, so that the policy refuses no call", "start it with --guard enforce"),
    reason("HostClaimed", "another namespace has a rule for the host", "choose another host, or have it listed in allowedRoutes"),
    reason("HostNotAllowed", "the namespace may not claim the host on this load balancer", "have it listed in allowedRoutes"),
    reason("Immutable", "AWS cannot change it", "set the field back, or make another object"),
    reason("Impaired", "AWS cannot scale the load balancer", "see the message; often its subnets have no free addresses"),
    reason("InvalidAction", "a rule does not say what is done with a request", "set one of forward, redirect and fixedResponse"),
    reason("InvalidEntry", "entries of the policy grant nothing; the others are in force", "correct them as the message says"),
    reason("InvalidMatch", "a match cannot be put into rules of AWS", "change it as the message says"),
    reason("InvalidSpec", "the declaration makes no sense", "change it as the message says"),
    reason("InvalidTaskSize", "Fargate has no task of that size", "use a size from the message"),
    reason("KubernetesForbidden", "the operator may not do that in Kubernetes", "compare its role with the chart's"),
    reason("KubernetesUnavailable", "the Kubernetes API does not answer; it is tried again", ""),
    reason("ListenerAmbiguous", "several load balancers carry the tags that name the listener", "name more tags, or the ARN"),
    reason("ListenerNotFound", "the listener that is named is not there", "create it, or correct the reference"),
    reason(
        "ListenerWithoutRules",
        "only listeners of application load balancers have rules",
        "name one, or leave match out of expose",
    ),
    reason("LoadBalancerAmbiguous", "several load balancers carry the tags of the selector", "name more tags, or the ARN"),
    reason(
        "MadeAgain",
        "somebody deleted the load balancer, and it was made again: its DNS name is another",
        "change DNS records that name the old one",
    ),
    reason("NameTaken", "a target group of that name came between; it is looked at", ""),
    reason("NamespaceNotAllowed", "the namespace may not put rules on this load balancer", "have it listed in allowedRoutes"),
    reason("NetworkConfigurationMissing", "network mode awsvpc needs subnets", "set networkConfiguration"),
    reason(
        "NetworkConfigurationNotAllowed",
        "networkConfiguration goes with network mode awsvpc only",
        "remove it, or change the mode",
    ),
    reason("NoContainerInstances", "ECS: the cluster has no instances that fit", "add instances, or use Fargate"),
    reason("NoFreePriority", "every priority of the band is taken on the listener", "widen priorityBand, or ask for a priority"),
    reason(
        "NoHealthyTargets",
        "the target group has no healthy target; the message says why",
        "see status.targets of the EcsTargetGroup",
    ),
    reason("NotFound", "there is nothing of that name to observe or adopt", "correct name, cluster and region"),
    reason("NotGranted", "the policy of the namespace does not grant it", "have it listed in the EcsNamespacePolicy"),
    reason("NotOwnedYet", "what is referred to does not belong to its object yet", ""),
    reason("Outdated", "something changed meanwhile; it is decided anew", ""),
    reason("Paused", "a change waits because of ecs-operator.io/paused", "take the annotation off"),
    reason("PausedByAnnotation", "nothing is written to AWS while ecs-operator.io/paused is true", "take the annotation off"),
    reason("PortNotFound", "the task definition has no such port", "correct port in expose, or the port mapping"),
    reason("PolicyTooLong", "the policy of the namespace does not fit into a session of AWS", "put its roles under one path"),
    reason("PriorityInUse", "another rule has the priority", "ask for another, or for none"),
    reason(
        "ProgressDeadlineExceeded",
        "a rollout made no progress for progressDeadlineSeconds; ECS keeps trying",
        "see the stopped tasks in the message, then correct or undo",
    ),
    reason(
        "ProtocolMismatch",
        "a load balancer of that type does not speak the protocol to targets",
        "change protocol as the message says",
    ),
    reason(
        "QuotaExceeded",
        "the load balancer has as many rules as AWS allows",
        "delete rules, or ask for more in Service Quotas",
    ),
    reason("ReadingCertificates", "the certificates of the account are being read", ""),
    reason("ReadingRules", "the rules of a listener are being read", ""),
    reason(
        "ReferenceNotGranted",
        "a reference points into another namespace, which does not grant it",
        "have it listed in references of the EcsNamespacePolicy there, or refer to an object of the own one",
    ),
    reason("RevisionNotServing", "the revision that was asked for does not serve yet", ""),
    reason("RoleNotGranted", "the policy of the namespace does not grant the role", "have it listed in the EcsNamespacePolicy"),
    reason(
        "RolledBack",
        "a rollout failed, and the revision before serves",
        "correct the declaration; the same one is not tried again",
    ),
    reason("RolloutFailed", "a rollout failed", "see the stopped tasks in the message, then correct or undo"),
    reason("ScaleInBlocked", "ECS cannot stop tasks", "see task protection"),
    reason("Shadowed", "another rule takes every request before this one", "give it a smaller priority, or narrow the other"),
    reason("TargetGroupAssociationLimit", "a target group can stand behind one load balancer", "use another target group"),
    reason("TargetGroupNotFound", "the target group that is named is not there", "create it, or correct the reference"),
    reason("TargetGroupNotReady", "the target group that is named is not ready", "see its conditions"),
    reason(
        "TargetTypeMismatch",
        "the target type does not fit the network mode",
        "use ip for awsvpc, instance for bridge and host",
    ),
    reason("TargetUnhealthy", "ECS: a target failed its health check", "see healthCheck, and the security groups"),
    reason(
        "TaskDefinitionInactive",
        "ECS refuses the revision because somebody deregistered it",
        "it is registered anew, unless driftPolicy is Report",
    ),
    reason("TaskDefinitionNotFound", "the task definition that is named is not there", "apply it, or correct the reference"),
    reason("TaskDefinitionNotReady", "the task definition is not registered yet; the message says why", "see its conditions"),
    reason("TaskPlacementFailed", "ECS found no place for a task", "see placement, CPU, memory and ports of the instances"),
    reason("TaskStartImpaired", "ECS cannot start tasks consistently", "see the stopped tasks in Ready"),
    reason("TasksReplaced", "ECS replaced tasks that were unhealthy", "see their logs"),
    reason("Throttled", "ECS is throttled by another service of AWS", ""),
    reason("TooFewTasks", "fewer tasks run than the service needs to be available", "see the stopped tasks in Ready"),
    reason("TooLarge", "the task definition is larger than AWS takes", "move environment into environmentFiles or secrets"),
    reason("Unreadable", "this version of the operator cannot read the object", "correct it, or upgrade the operator"),
    reason("VpcUnknown", "AWS does not say in which VPC a load balancer is", "set vpcId"),
    reason(
        "WaitingForTargetGroup",
        "a listener waits for a target group to forward to",
        "name the listener in an EcsTargetGroup",
    ),
];

/// How a pass ended, as `result` of the metrics says where it is no trouble.
pub const RESULTS: &[Reason] = &[
    reason("Settled", "nothing had to be done", ""),
    reason("Progressing", "something is waited for", ""),
    reason("Acted", "something was written to AWS", ""),
    reason("Gone", "nothing of a deleted object is left", ""),
];
