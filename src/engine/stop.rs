//! Why a pass could not go on, and whose turn it is then.

use crate::aws::error::AwsError;

/// Why a pass could not go on.
#[derive(Clone, Debug, PartialEq)]
pub enum Stop {
    /// The declaration cannot work as it stands; only an edit helps.
    Invalid {
        /// One word for condition, event and metric.
        reason: &'static str,
        /// What to change.
        message: String,
    },
    /// Another object or another owner stands in the way; it is looked at again.
    Waiting {
        /// One word for condition, event and metric.
        reason: &'static str,
        /// What is waited for.
        message: String,
    },
    /// AWS answered with an error.
    Aws(AwsError),
    /// Kubernetes answered with an error.
    Kube(String),
}

/// What is looked at again, but hardly goes away unless a person does something.
const FOR_A_PERSON: [&str; 14] = [
    "AccountMismatch",
    "AdoptionWouldChange",
    "Conflict",
    "ConnectionMismatch",
    "DeletionHeld",
    "Deregistered",
    "HostClaimed",
    "HostNotAllowed",
    "KubernetesForbidden",
    "NamespaceNotAllowed",
    "NoFreePriority",
    "PriorityInUse",
    "QuotaExceeded",
    "TargetGroupAssociationLimit",
];

impl Stop {
    /// A declaration that cannot work.
    pub fn invalid(reason: &'static str, message: impl Into<String>) -> Self {
        Self::Invalid { reason, message: message.into() }
    }

    /// Something else has to happen first.
    pub fn waiting(reason: &'static str, message: impl Into<String>) -> Self {
        Self::Waiting { reason, message: message.into() }
    }

    /// One word for condition, event and metric.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Invalid { reason, .. } | Self::Waiting { reason, .. } => reason,
            Self::Aws(error) => error.reason(),
            Self::Kube(_) => "KubernetesUnavailable",
        }
    }

    /// What happened and what to change, for people.
    pub fn message(&self) -> String {
        match self {
            Self::Invalid { message, .. } | Self::Waiting { message, .. } => message.clone(),
            Self::Kube(message) => format!("Kubernetes: {message}"),
            Self::Aws(error) => format!("{}: {}. {}", error.operation, error.message.trim_end_matches('.'), error.advice()),
        }
    }

    /// Whether the policy of the namespace does not grant it, so that nothing was sent.
    pub fn is_not_granted(&self) -> bool {
        matches!(self, Self::Invalid { reason: "NotGranted" | "RoleNotGranted", .. })
    }

    /// Whether it goes on by itself, as far as one can tell.
    pub fn is_waiting(&self) -> bool {
        match self {
            Self::Invalid { .. } => false,
            Self::Waiting { reason, .. } => !FOR_A_PERSON.contains(reason),
            Self::Aws(error) => error.is_transient(),
            Self::Kube(_) => true,
        }
    }
}

impl From<AwsError> for Stop {
    fn from(error: AwsError) -> Self {
        Self::Aws(error)
    }
}

impl From<kube::Error> for Stop {
    fn from(error: kube::Error) -> Self {
        match error {
            // Kubernetes refuses in the same way what is to be made in a namespace that is going away.
            kube::Error::Api(refusal) if refusal.code == 403 && !refusal.message.contains("being terminated") => Self::waiting(
                "KubernetesForbidden",
                format!("Kubernetes: {}; give the operator's ServiceAccount the rights that its chart gives", refusal.message),
            ),
            error => Self::Kube(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kube::core::Status;

    fn refused(message: &str) -> Stop {
        kube::Error::Api(Status::failure(message, "Forbidden").with_code(403).boxed()).into()
    }

    #[test]
    fn a_right_that_is_missing_in_kubernetes_is_for_a_person_to_give() {
        let stop = refused("ecstargetgroups.ecs-operator.io is forbidden: User \"operator\" cannot create resource");
        assert_eq!((stop.reason(), stop.is_waiting()), ("KubernetesForbidden", false));
        assert!(stop.message().contains("cannot create resource; give the operator's ServiceAccount"), "{}", stop.message());
        let ending = refused("forbidden: unable to create new content in namespace shop because it is being terminated");
        assert_eq!((ending.reason(), ending.is_waiting()), ("KubernetesUnavailable", true));
    }
}
