//! Connections: whose credentials, which region, which endpoint, and whose account that is.
//!
//! One is made of what the environment gives (`AWS_REGION`, `AWS_ENDPOINT_URL`, a role of the pod …). The others are made from it,
//! each for an account and a region that an `AwsConnection` names.

use super::acm::Acm;
use super::calls::Ecs;
use super::credentials::Kept;
use super::elb::Elb;
use super::error::AwsError;
use super::gate::Gate;
use super::pace::Pacer;
use super::session::{AssumedRole, Session};
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_ecs::config::{IdentityCache, StalledStreamProtectionConfig};
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use std::time::Duration;

pub use crate::api::aws_connection::DEFAULT;

/// How long one try of a call may take. Without it a reply that is lost is waited for for hours.
const ATTEMPT: Duration = Duration::from_secs(20);
/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(5);
/// How long taking on a role may take, with the tries of the SDK.
const ASSUMING: Duration = Duration::from_secs(10);

/// Why there is no connection.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ConnectionError {
    /// Nothing says which region.
    #[error("no AWS region is set: set AWS_REGION")]
    NoRegion,
}

/// A way to AWS: one account, one region.
#[derive(Clone, Debug)]
pub struct Connection {
    /// Its name.
    pub name: String,
    /// The region.
    pub region: String,
    /// ECS there.
    pub ecs: Ecs,
    /// Elastic Load Balancing there.
    pub elb: Elb,
    /// Certificates there.
    pub acm: Acm,
    gate: Gate,
    config: SdkConfig,
    /// Its credentials, where the SDK does not keep them.
    kept: Option<Kept>,
}

/// Where a connection leads, as it was declared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Target {
    /// Account id, twelve digits.
    pub account: String,
    /// Region, such as `eu-central-1`.
    pub region: String,
    /// Where AWS answers. `None`: where it answers the connection of the environment.
    pub endpoint: Option<String>,
}

/// Whose account a connection is of.
enum Account {
    /// That of the first credentials.
    Unknown,
    /// It was declared, and the credentials have to be of it.
    Declared(String),
    /// It is known, and nothing is checked.
    Known(String),
}

impl Connection {
    /// Connects with what the environment gives. Nothing is asked yet: credentials that do not work are told by the
    /// objects that need them, and may be mended meanwhile.
    ///
    /// # Errors
    /// When no region is set.
    pub async fn ambient(pacer: Pacer) -> Result<Self, ConnectionError> {
        let config = aws_config::defaults(BehaviorVersion::latest()).load().await;
        let region = config.region().cloned().ok_or(ConnectionError::NoRegion)?;
        Self::keeping(DEFAULT, &config, pacer, Kept::ambient(region))
    }

    /// Connects with a configuration of the SDK and credentials that are kept here. Otherwise as [`Connection::new`].
    ///
    /// # Errors
    /// When the configuration has no region.
    pub fn keeping(name: &str, config: &SdkConfig, pacer: Pacer, kept: Kept) -> Result<Self, ConnectionError> {
        config.region().ok_or(ConnectionError::NoRegion)?;
        Ok(Self::of(name, &with(config.clone(), &kept), Some(kept), pacer, &Account::Unknown))
    }

    /// Connects with a configuration of the SDK. The account is asked for before the first call. From then on calls that
    /// are signed with credentials of another account are held back.
    ///
    /// # Errors
    /// When the configuration has no region.
    pub fn new(name: &str, config: &SdkConfig, pacer: Pacer) -> Result<Self, ConnectionError> {
        Self::build(name, config, pacer, &Account::Unknown)
    }

    /// Connects to an account that the caller knows. Whose the credentials are is not checked, so this is for tests. An empty
    /// account is one that nobody knows: as with [`Connection::new`].
    ///
    /// # Errors
    /// When the configuration has no region.
    pub fn of_account(name: &str, config: &SdkConfig, pacer: Pacer, account: String) -> Result<Self, ConnectionError> {
        let account = if account.is_empty() { Account::Unknown } else { Account::Known(account) };
        Self::build(name, config, pacer, &account)
    }

    /// Connects with the credentials of this connection to somewhere else, as they are or by taking on a role. Nothing is asked
    /// yet. Calls that are signed with credentials of another account than the declared one are held back.
    #[must_use]
    pub fn onward(&self, name: &str, to: &Target, session: Option<Session>, pacer: Pacer) -> Self {
        let mut config = self.config.clone().into_builder().region(Region::new(to.region.clone()));
        if let Some(endpoint) = &to.endpoint {
            config = config.endpoint_url(endpoint);
        }
        let mut config = config.build();
        let mut kept = self.kept.clone();
        if let Some(session) = session {
            let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT).operation_attempt_timeout(ATTEMPT).build();
            let sts = aws_sdk_sts::config::Builder::from(&config).timeout_config(timeouts).build();
            let lasts = session.lasts();
            let role = AssumedRole::new(aws_sdk_sts::Client::from_conf(sts), session, kept);
            // Kept for itself, so that nobody waits for a role that is not theirs.
            let session = Kept::lasting(lasts, ASSUMING, SharedCredentialsProvider::new(role));
            config = with(config, &session);
            kept = Some(session);
        }
        Self::of(name, &config, kept, pacer, &Account::Declared(to.account.clone()))
    }

    fn build(name: &str, config: &SdkConfig, pacer: Pacer, account: &Account) -> Result<Self, ConnectionError> {
        config.region().ok_or(ConnectionError::NoRegion)?;
        Ok(Self::of(name, config, None, pacer, account))
    }

    /// Of a configuration that has a region.
    fn of(name: &str, config: &SdkConfig, kept: Option<Kept>, pacer: Pacer, account: &Account) -> Self {
        let region = config.region().map(ToString::to_string).unwrap_or_default();
        // One cache for all services: with several, each would assume the role for itself, under a key of its own.
        let cache = config.identity_cache().unwrap_or_else(|| IdentityCache::lazy().build());
        let config = config.clone().into_builder().identity_cache(cache).build();
        let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT).operation_attempt_timeout(ATTEMPT).build();
        let sts = aws_sdk_sts::config::Builder::from(&config).timeout_config(timeouts.clone()).build();
        let declared_by = matches!(account, Account::Declared(_)).then(|| name.to_owned());
        let gate = Gate::new(aws_sdk_sts::Client::from_conf(sts), region.clone(), declared_by, kept.clone());
        // Retries are set on the clients, not in the configuration: there they would be off for credentials too.
        let ecs = aws_sdk_ecs::config::Builder::from(&config)
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts.clone())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        let elb = aws_sdk_elasticloadbalancingv2::config::Builder::from(&config)
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts.clone())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        let acm = aws_sdk_acm::config::Builder::from(&config)
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts)
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        if let Account::Declared(id) | Account::Known(id) = account {
            gate.set_account(id.clone());
        }
        let (ecs, elb, acm) = match account {
            Account::Known(_) => (ecs, elb, acm),
            _ => (ecs.interceptor(gate.clone()), elb.interceptor(gate.clone()), acm.interceptor(gate.clone())),
        };
        Self {
            name: name.to_owned(),
            region,
            ecs: Ecs::new(aws_sdk_ecs::Client::from_conf(ecs.build()), pacer.clone(), gate.clone()),
            elb: Elb::new(aws_sdk_elasticloadbalancingv2::Client::from_conf(elb.build()), pacer.clone(), gate.clone()),
            acm: Acm::new(aws_sdk_acm::Client::from_conf(acm.build()), pacer, gate.clone()),
            gate,
            config,
            kept,
        }
    }

    /// Where AWS answers, if it is not AWS's own place.
    pub fn endpoint(&self) -> Option<&str> {
        self.config.endpoint_url()
    }

    /// The pacer of the account and region.
    pub const fn pacer(&self) -> &Pacer {
        self.ecs.pacer()
    }

    /// Whether STS has refused to begin the session, as its policy and tags do not fit.
    pub fn is_refused_as_too_large(&self) -> bool {
        self.kept.as_ref().is_some_and(|kept| kept.failed_by(AwsError::is_policy_too_large))
    }

    /// The account, twelve digits, once it is known.
    pub fn account(&self) -> Option<&str> {
        self.gate.account()
    }

    /// Why the account is not known, once it was asked for in vain.
    pub fn trouble(&self) -> Option<AwsError> {
        self.gate.trouble()
    }

    /// The account, twelve digits, asked for once. One caller asks, the others wait for its answer.
    ///
    /// # Errors
    /// Those of AWS, while it has never answered.
    pub async fn known_account(&self) -> Result<&str, AwsError> {
        self.gate.known_account().await
    }

    /// Partition of the ARNs of the region, such as `aws`.
    pub fn partition(&self) -> &'static str {
        partition_of(&self.region)
    }

    /// Asks AWS as whom it knows the credentials of this moment: an ARN.
    ///
    /// # Errors
    /// Those of AWS, and when they are of another account than that of the connection.
    pub async fn caller(&self) -> Result<String, AwsError> {
        self.gate.ask_and_compare().await
    }
}

/// A configuration with credentials that are kept here.
fn with(config: SdkConfig, kept: &Kept) -> SdkConfig {
    let provider = SharedCredentialsProvider::new(kept.clone());
    config.into_builder().credentials_provider(provider).identity_cache(IdentityCache::no_cache()).build()
}

/// Partition of the ARNs of a region, such as `aws`.
pub fn partition_of(region: &str) -> &'static str {
    match region {
        region if region.starts_with("cn-") => "aws-cn",
        region if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

/// A configuration of the SDK for tests: an HTTP client in the process, fixed credentials, tokio's clock.
pub fn config_in_process(http: SharedHttpClient, access_key: &str, region: &str) -> SdkConfig {
    let credentials = Credentials::new(access_key, "secret", None, None, "in process");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region.to_owned()))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(http)
        .sleep_impl(TokioSleep::new())
        .build()
}
