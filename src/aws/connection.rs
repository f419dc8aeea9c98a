//! Connections: whose credentials, which region, which endpoint, and whose account that is.
//!
//! Today there is one, `default`, made of what the environment gives (`AWS_REGION`, `AWS_ENDPOINT_URL`, a role of the pod …).
//! Others will come from `AwsConnection` objects and live in the same map.

use super::acm::Acm;
use super::calls::Ecs;
use super::elb::Elb;
use super::error::AwsError;
use super::gate::Gate;
use super::pace::Pacer;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_ecs::config::{IdentityCache, StalledStreamProtectionConfig};
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use parking_lot::RwLock;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Name of the connection that objects use which name none.
pub const DEFAULT: &str = "default";

/// How long one try of a call may take. Without it a reply that is lost is waited for for hours.
const ATTEMPT: Duration = Duration::from_secs(20);
/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(5);

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
}

/// The connections that there are, by name.
#[derive(Clone, Debug, Default)]
pub struct Connections(Arc<RwLock<BTreeMap<String, Connection>>>);

impl Connections {
    /// Adds a connection, in place of one of the same name.
    pub fn add(&self, connection: Connection) {
        self.0.write().insert(connection.name.clone(), connection);
    }

    /// The connection of a name; without a name, the default one.
    pub fn get(&self, name: Option<&str>) -> Option<Connection> {
        self.0.read().get(name.unwrap_or(DEFAULT)).cloned()
    }
}

impl Connection {
    /// Connects with what the environment gives. Nothing is asked yet: credentials that do not work are told by the
    /// objects that need them, and may be mended meanwhile.
    ///
    /// # Errors
    /// When no region is set.
    pub async fn ambient(pacer: Pacer) -> Result<Self, ConnectionError> {
        let config = aws_config::defaults(BehaviorVersion::latest()).load().await;
        Self::new(DEFAULT, &config, pacer)
    }

    /// Connects with a configuration of the SDK. The account is asked for before the first call. From then on calls that
    /// are signed with credentials of another account are held back.
    ///
    /// # Errors
    /// When the configuration has no region.
    pub fn new(name: &str, config: &SdkConfig, pacer: Pacer) -> Result<Self, ConnectionError> {
        Self::build(name, config, pacer, None)
    }

    /// Connects to an account that the caller knows. Whose the credentials are is not checked, so this is for tests. An empty
    /// account is one that nobody knows: as with [`Connection::new`].
    ///
    /// # Errors
    /// When the configuration has no region.
    pub fn of_account(name: &str, config: &SdkConfig, pacer: Pacer, account: String) -> Result<Self, ConnectionError> {
        Self::build(name, config, pacer, Some(account).filter(|account| !account.is_empty()))
    }

    fn build(name: &str, config: &SdkConfig, pacer: Pacer, account: Option<String>) -> Result<Self, ConnectionError> {
        let region = config.region().ok_or(ConnectionError::NoRegion)?.to_string();
        // One cache for all services: with several, each would assume the role for itself, under a key of its own.
        let cache = config.identity_cache().unwrap_or_else(|| IdentityCache::lazy().build());
        let config = config.clone().into_builder().identity_cache(cache).build();
        let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT).operation_attempt_timeout(ATTEMPT).build();
        let sts = aws_sdk_sts::config::Builder::from(&config).timeout_config(timeouts.clone()).build();
        let gate = Gate::new(aws_sdk_sts::Client::from_conf(sts));
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
        let (ecs, elb, acm) = match account {
            Some(account) => {
                gate.set_account(account);
                (ecs, elb, acm)
            }
            None => (ecs.interceptor(gate.clone()), elb.interceptor(gate.clone()), acm.interceptor(gate.clone())),
        };
        Ok(Self {
            name: name.to_owned(),
            region,
            ecs: Ecs::new(aws_sdk_ecs::Client::from_conf(ecs.build()), pacer.clone(), gate.clone()),
            elb: Elb::new(aws_sdk_elasticloadbalancingv2::Client::from_conf(elb.build()), pacer.clone(), gate.clone()),
            acm: Acm::new(aws_sdk_acm::Client::from_conf(acm.build()), pacer, gate.clone()),
            gate,
        })
    }

    /// The account, twelve digits, once it is known.
    pub fn account(&self) -> Option<&str> {
        self.gate.account()
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
        match self.region.as_str() {
            region if region.starts_with("cn-") => "aws-cn",
            region if region.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        }
    }

    /// Asks AWS whose account the credentials of this moment belong to.
    ///
    /// # Errors
    /// Those of AWS.
    pub async fn caller_account(&self) -> Result<String, AwsError> {
        self.gate.ask().await
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
