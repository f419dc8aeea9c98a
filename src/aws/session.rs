//! Roles that are taken on: `AssumeRole` with the policy and the tags of whoever the calls are made for.
//!
//! [`Kept`] keeps a session and begins a new one before it ends. What STS refuses is told in its own words by every call that needs
//! the session; no key, external id or policy is ever shown.

use super::credentials::{Again, Kept};
use super::error::AwsError;
use crate::trace;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};
use aws_sdk_sts::operation::RequestId;
use aws_sdk_sts::types::Tag;
use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, SystemTime};
use tracing::Instrument;

const OPERATION: &str = "AssumeRole";
/// The longest name of a session.
const LONGEST_NAME: usize = 64;
/// How long a session lasts that nobody asked to be longer or shorter.
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>, `DurationSeconds`
const AN_HOUR: Duration = Duration::from_hours(1);

/// A session of a role, as it is asked for.
#[derive(Clone, PartialEq, Eq)]
pub struct Session {
    /// ARN of the role.
    pub role: String,
    /// What the role's trust policy asks for beside the caller.
    pub external_id: Option<String>,
    /// How long it lasts, in seconds. `None`: an hour.
    pub seconds: Option<i32>,
    /// The namespace that it is for. `None`: the operator's own.
    pub namespace: Option<String>,
    /// What the session may do of what the role may do. `None`: all of it.
    pub policy: Option<String>,
    /// The tags of the session.
    pub tags: BTreeMap<String, String>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("role", &self.role).field("namespace", &self.namespace).finish_non_exhaustive()
    }
}

impl Session {
    /// How long it lasts from the moment it is asked for. STS gives what is asked for, or refuses.
    pub(super) fn lasts(&self) -> Duration {
        self.seconds.and_then(|seconds| u64::try_from(seconds).ok()).map_or(AN_HOUR, Duration::from_secs)
    }

    /// The name that `CloudTrail` shows. STS takes letters, digits and `_+=,.@-`, and namespaces have no others.
    fn name(&self) -> String {
        let name =
            self.namespace.as_ref().map_or_else(|| "ecs-operator".to_owned(), |namespace| format!("ecs-operator-{namespace}"));
        name.chars().take(LONGEST_NAME).collect()
    }
}

/// Credentials of a role that is taken on.
#[derive(Clone)]
pub(super) struct AssumedRole {
    sts: aws_sdk_sts::Client,
    session: Session,
    /// The credentials of whoever takes the role on, where they are kept here.
    base: Option<Kept>,
}

impl fmt::Debug for AssumedRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AssumedRole").field("session", &self.session).finish_non_exhaustive()
    }
}

impl AssumedRole {
    /// With a client that has the credentials of whoever takes the role on.
    pub(super) const fn new(sts: aws_sdk_sts::Client, session: Session, base: Option<Kept>) -> Self {
        Self { sts, session, base }
    }

    async fn begin(&self) -> Result<Credentials, CredentialsError> {
        let mut again = Again::default();
        loop {
            match self.ask().await {
                // It is the credentials of who asks that may have been replaced.
                Err(error) if again.helps(&error, self.base.as_ref()) => {}
                begun => return begun.map_err(CredentialsError::provider_error),
            }
        }
    }

    async fn ask(&self) -> Result<Credentials, AwsError> {
        let Session { role, external_id, seconds, policy, tags, .. } = &self.session;
        // Keys and values are ours and not empty, so that there is nothing that could be missing.
        let tags = tags.iter().filter_map(|(key, value)| Tag::builder().key(key).value(value).build().ok());
        let asked = self
            .sts
            .assume_role()
            .role_arn(role)
            .role_session_name(self.session.name())
            .set_external_id(external_id.clone())
            .set_duration_seconds(*seconds)
            .set_policy(policy.clone())
            .set_tags(Some(tags.collect()).filter(|tags: &Vec<Tag>| !tags.is_empty()));
        let answer = async {
            let answer = asked.send().await.map_err(|error| AwsError::sort(OPERATION, false, &error));
            match &answer {
                Ok(session) => trace::aws_ended("ok", session.request_id()),
                Err(error) => trace::aws_ended(error.reason(), error.request_id.as_deref()),
            }
            answer
        };
        let region = self.sts.config().region().map(ToString::to_string).unwrap_or_default();
        let answer = answer.instrument(trace::aws_call("STS", OPERATION, &region)).await?;
        let missing = || AwsError::malformed(OPERATION, false, "the answer holds no credentials");
        let given = answer.credentials.ok_or_else(missing)?;
        let ends = SystemTime::try_from(given.expiration).map_err(|_| missing())?;
        let token = Some(given.session_token);
        Ok(Credentials::new(given.access_key_id, given.secret_access_key, token, Some(ends), OPERATION))
    }
}

impl ProvideCredentials for AssumedRole {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.begin())
    }
}
