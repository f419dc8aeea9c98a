//! Which account the credentials belong to: asked at first use, and again now and then, since credentials can change
//! under a running process.

use super::connection::Connection;
use super::error::AwsError;
use parking_lot::Mutex;
use std::time::Duration;
use tokio::time::Instant;

/// How long an answer is trusted.
const TRUSTED: Duration = Duration::from_mins(5);

/// The account behind a connection.
#[derive(Debug)]
pub struct Account {
    connection: Connection,
    known: Mutex<Option<(String, Instant)>>,
    asking: tokio::sync::Mutex<()>,
}

impl Account {
    /// The account behind `connection`, not asked yet.
    pub fn new(connection: Connection) -> Self {
        Self { connection, known: Mutex::default(), asking: tokio::sync::Mutex::default() }
    }

    /// The account as it was told last, without asking.
    pub fn last_known(&self) -> Option<String> {
        self.known.lock().as_ref().map(|(account, _)| account.clone())
    }

    /// The account, twelve digits. One caller asks, the others wait for its answer. While STS does not answer, the last
    /// answer stands.
    ///
    /// # Errors
    /// What STS answered, when it never told the account.
    pub async fn id(&self) -> Result<String, AwsError> {
        if let Some(account) = self.trusted() {
            return Ok(account);
        }
        let _turn = self.asking.lock().await;
        if let Some(account) = self.trusted() {
            return Ok(account);
        }
        match (self.connection.caller_account().await, self.last_known()) {
            (Ok(account), _) => {
                *self.known.lock() = Some((account.clone(), Instant::now()));
                Ok(account)
            }
            (Err(_), Some(account)) => Ok(account),
            (Err(error), None) => Err(error),
        }
    }

    fn trusted(&self) -> Option<String> {
        let known = self.known.lock();
        known.as_ref().filter(|(_, asked)| asked.elapsed() < TRUSTED).map(|(account, _)| account.clone())
    }

    /// Region and the partition of ARNs in it.
    pub fn place(&self) -> (&str, &'static str) {
        let region = self.connection.region.as_str();
        let partition = match region {
            _ if region.starts_with("cn-") => "aws-cn",
            _ if region.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        };
        (region, partition)
    }

    /// The connection.
    pub const fn connection(&self) -> &Connection {
        &self.connection
    }
}
