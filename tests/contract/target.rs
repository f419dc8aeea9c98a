//! Who answers: the simulator or an emulator, as one check sees it.

use crate::aws::{Refusal, send};
use crate::balancing;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_sdk_ecs::Client;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use serde_json::{Value, json};
use simulator::{Settings, Simulator};
use std::time::Duration;
use tokio::net::TcpListener;

/// How long something may take that an emulator lets happen by itself. They do it at once or never.
const PATIENCE: Duration = Duration::from_secs(5);
/// How much simulated time something may take.
const SIMULATED_PATIENCE: Duration = Duration::from_mins(20);
/// Simulated time between two looks.
const STEP: Duration = Duration::from_secs(2);

/// Where tasks are put.
#[derive(Clone, Debug)]
pub struct Places {
    /// A subnet that exists.
    pub subnet: String,
    /// Another one.
    pub other_subnet: String,
    /// A security group that exists.
    pub group: String,
    /// The network that they are in.
    pub vpc: String,
}

impl Default for Places {
    fn default() -> Self {
        let [subnet, other_subnet, group, vpc] = ["subnet-0a", "subnet-0b", "sg-0a", "vpc-00000000000000001"].map(str::to_owned);
        Self { subnet, other_subnet, group, vpc }
    }
}

/// AWS for one check: a cluster and a family of its own, both named [`Aws::id`].
#[derive(Clone, Debug)]
pub struct Aws {
    client: Client,
    address: String,
    simulator: Option<Simulator>,
    places: Places,
    /// Name of the check's cluster and of its family.
    pub id: String,
}

impl Aws {
    /// A fresh simulator behind HTTP. Its clock moves while a check waits; else it crawls, for no two things happen at one moment.
    pub async fn simulated(id: &str, config: &SdkConfig) -> Self {
        let simulator = Simulator::new(Settings { speed: 0.1, ..Settings::default() });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let server = simulator.clone();
        // It ends with the runtime of the test.
        tokio::spawn(async move { server.serve(listener, std::future::pending()).await });
        Self::new(id, &endpoint, config, Some(simulator), Places::default())
    }

    /// A share of an emulator.
    pub fn emulated(id: &str, endpoint: &str, config: &SdkConfig, places: Places) -> Self {
        Self::new(id, endpoint, config, None, places)
    }

    fn new(id: &str, endpoint: &str, config: &SdkConfig, simulator: Option<Simulator>, places: Places) -> Self {
        let client = Client::from_conf(aws_sdk_ecs::config::Builder::from(config).endpoint_url(endpoint).build());
        let address = endpoint.trim_start_matches("http://").to_owned();
        Self { client, address, simulator, places, id: id.to_owned() }
    }

    /// Makes a call.
    pub async fn call(&self, operation: &str, input: Value) -> Result<Value, Refusal> {
        send(&self.client, operation, &input).await
    }

    /// Makes a call to Elastic Load Balancing.
    pub async fn elb(&self, operation: &str, input: Value) -> Result<Value, Refusal> {
        balancing::send(&self.address, operation, &input).await
    }

    /// Asks again and again until there is an answer.
    pub async fn until<T>(&self, what: &str, ask: impl AsyncFn(&Self) -> Result<Option<T>, String>) -> Result<T, String> {
        let (step, patience) = match self.simulator {
            Some(_) => (STEP, SIMULATED_PATIENCE),
            None => (Duration::from_millis(100), PATIENCE),
        };
        let mut waited = Duration::ZERO;
        loop {
            if let Some(answer) = ask(self).await? {
                return Ok(answer);
            }
            if waited >= patience {
                return Err(format!("it never comes to pass that {what}"));
            }
            waited += step;
            self.pass(step).await;
        }
    }

    /// Lets time pass.
    pub async fn pass(&self, time: Duration) {
        match &self.simulator {
            Some(simulator) => simulator.advance(time),
            None => tokio::time::sleep(time).await,
        }
    }

    /// Two subnets in two zones.
    pub fn subnets(&self) -> Value {
        json!([self.places.subnet, self.places.other_subnet])
    }

    /// A security group.
    pub fn group_id(&self) -> &str {
        &self.places.group
    }

    /// The network.
    pub fn vpc(&self) -> &str {
        &self.places.vpc
    }

    /// What follows where in a network.
    pub fn network(&self) -> Value {
        json!({"awsvpcConfiguration": {"subnets": [self.places.subnet], "securityGroups": [self.places.group]}})
    }

    /// A network configuration that is another one.
    pub fn other_network(&self) -> Value {
        json!({"awsvpcConfiguration": {"subnets": [self.places.other_subnet], "securityGroups": [self.places.group]}})
    }

    /// A network configuration that leaves the security groups to AWS.
    pub fn network_without_groups(&self) -> Value {
        json!({"awsvpcConfiguration": {"subnets": [self.places.subnet]}})
    }
}

/// A client configuration for everything on loopback: no retries, and no patience with a reply that does not come.
pub async fn config() -> SdkConfig {
    let loader = aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(Credentials::new("111122223333", "secret", None, None, "contract"))
        // One for all checks, without TLS: a client that reads the certificates of the system takes a second of processor time.
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::builder().operation_attempt_timeout(Duration::from_secs(20)).build());
    loader.load().await
}
