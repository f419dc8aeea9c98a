//! Lets no call out under another account than the connection's.
//!
//! Credentials change under a running process: roles rotate, a secret is replaced, a variable is corrected. Each call is
//! looked at after it is signed and before it is sent. If it is signed with an access key that was not seen before, AWS is
//! asked first whose key that is.

use super::credentials::{Again, Kept};
use super::error::{AwsError, Kind, MISMATCH};
use crate::trace;
use aws_sdk_ecs::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_ecs::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_ecs::error::BoxError;
use aws_sdk_ecs::operation::RequestId;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, OnceLock};
use tracing::Instrument;

const OPERATION: &str = "GetCallerIdentity";
/// Keys that are remembered. Roles get new ones every hour or so, and forgetting costs one question.
const KEYS: usize = 32;

/// Which account the calls of a connection may be made in.
#[derive(Clone, Debug)]
pub(super) struct Gate(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    sts: aws_sdk_sts::Client,
    region: String,
    /// Name of the connection whose object declares the account. `None`: nobody declared it.
    declared_by: Option<String>,
    kept: Option<Kept>,
    account: OnceLock<String>,
    owners: Mutex<BTreeMap<String, String>>,
    asking: tokio::sync::Mutex<()>,
    /// Why the account is not known, and how often it was asked for in vain.
    in_vain: Mutex<(u64, Option<AwsError>)>,
}

/// Whose credentials they are.
struct Caller {
    account: String,
    arn: String,
}

/// A call was held back, since nobody knows yet whose key it is signed with.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the access key was not seen before")]
pub(super) struct UnknownKey(String);

impl Gate {
    pub(super) fn new(sts: aws_sdk_sts::Client, region: String, declared_by: Option<String>, kept: Option<Kept>) -> Self {
        let (account, owners, asking) = (OnceLock::new(), Mutex::default(), tokio::sync::Mutex::default());
        Self(Arc::new(Shared { sts, region, declared_by, kept, account, owners, asking, in_vain: Mutex::default() }))
    }

    /// The region of the connection.
    pub(super) fn region(&self) -> &str {
        &self.0.region
    }

    /// The account of the connection: the first that AWS told.
    pub(super) fn account(&self) -> Option<&str> {
        self.0.account.get().map(String::as_str)
    }

    /// The account of the connection, asked for by one of those that want to know. Who waited for an answer takes it, good
    /// or bad, and does not ask again behind it.
    pub(super) async fn known_account(&self) -> Result<&str, AwsError> {
        let times_before = self.0.in_vain.lock().0;
        let _turn = match self.account() {
            Some(account) => return Ok(account),
            None => self.0.asking.lock().await,
        };
        if self.account().is_none() {
            let (times, error) = self.0.in_vain.lock().clone();
            if let Some(error) = error.filter(|_| times != times_before) {
                return Err(error);
            }
            if let Err(error) = self.ask().await {
                *self.0.in_vain.lock() = (times + 1, Some(error.clone()));
                return Err(error);
            }
        }
        self.account().ok_or_else(|| AwsError::malformed(OPERATION, false, "the answer holds no account"))
    }

    /// Why the account could not be told when it was asked for last. `None`: it was not asked for in vain.
    pub(super) fn trouble(&self) -> Option<AwsError> {
        self.0.in_vain.lock().1.clone().filter(|_| self.account().is_none())
    }

    /// Takes the account of the connection from somebody who knows.
    pub(super) fn set_account(&self, account: String) {
        let _ = self.0.account.set(account);
    }

    /// Asks AWS whose the credentials of this moment are, and refuses those of another account.
    pub(super) async fn ask_and_compare(&self) -> Result<String, AwsError> {
        let caller = self.ask().await?;
        match self.account() {
            Some(account) if account != caller.account => Err(self.mismatch(OPERATION, account, &caller.account)),
            _ => Ok(caller.arn),
        }
    }

    /// The credentials of the connection, where the SDK does not keep them.
    pub(super) fn kept(&self) -> Option<&Kept> {
        self.0.kept.as_ref()
    }

    /// Asks AWS whose the credentials of this moment are.
    async fn ask(&self) -> Result<Caller, AwsError> {
        let mut again = Again::default();
        loop {
            match self.ask_once().await {
                Err(error) if again.helps(&error, self.kept()) => {}
                answer => return answer,
            }
        }
    }

    async fn ask_once(&self) -> Result<Caller, AwsError> {
        let key = SignedWith::default();
        let call = self.0.sts.get_caller_identity().customize().interceptor(key.clone()).send();
        let asked = async {
            let answer = call.await.map_err(|e| AwsError::sort(OPERATION, false, &e));
            match &answer {
                Ok(identity) => trace::aws_ended("ok", identity.request_id()),
                Err(error) => trace::aws_ended(error.reason(), error.request_id.as_deref()),
            }
            answer
        };
        let identity = asked.instrument(trace::aws_call("STS", OPERATION, &self.0.region)).await?;
        let account = identity.account.ok_or_else(|| AwsError::malformed(OPERATION, false, "the answer holds no account"))?;
        self.set_account(account.clone());
        let mut owners = self.0.owners.lock();
        if owners.len() >= KEYS {
            owners.clear();
        }
        owners.insert(key.0.lock().clone(), account.clone());
        Ok(Caller { account, arn: identity.arn.unwrap_or_default() })
    }

    /// Finds out about a key for which a call was held back. After this the call may be tried again.
    ///
    /// # Errors
    /// When the key belongs to another account, or AWS does not say.
    pub(super) async fn admit(&self, operation: &'static str, UnknownKey(key): &UnknownKey) -> Result<(), AwsError> {
        let _turn = self.0.asking.lock().await;
        let known = self.0.owners.lock().get(key).cloned();
        let owner = match known {
            Some(owner) => owner,
            None => self.ask().await.map_err(|e| AwsError { operation, ..e })?.account,
        };
        match self.account() {
            Some(account) if account != owner => Err(self.mismatch(operation, account, &owner)),
            _ => Ok(()),
        }
    }

    fn mismatch(&self, operation: &'static str, account: &str, owner: &str) -> AwsError {
        let message = match &self.0.declared_by {
            Some(name) => format!(
                "the credentials of AwsConnection {name} belong to account {owner}, and its accountId is {account}: nothing is \
                 sent; correct its role, or make another AwsConnection for that account"
            ),
            None => format!(
                "the credentials now belong to account {owner}, and this connection to {account}: nothing is sent; put the \
                 credentials back, or restart the operator if the change is meant"
            ),
        };
        let code = Some(MISMATCH.to_owned());
        AwsError { kind: Kind::Credentials, code, ..AwsError::malformed(operation, false, message) }
    }

    fn check(&self, key: &str) -> Result<(), UnknownKey> {
        let owners = self.0.owners.lock();
        match owners.get(key) {
            Some(owner) if self.account() == Some(owner) => Ok(()),
            _ => Err(UnknownKey(key.to_owned())),
        }
    }
}

impl Intercept for Gate {
    fn name(&self) -> &'static str {
        "Gate"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        Ok(self.check(&access_key(context))?)
    }
}

/// Notes the access key that a call is signed with.
#[derive(Clone, Default)]
struct SignedWith(Arc<Mutex<String>>);

impl fmt::Debug for SignedWith {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SignedWith")
    }
}

impl Intercept for SignedWith {
    fn name(&self) -> &'static str {
        "SignedWith"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        *self.0.lock() = access_key(context);
        Ok(())
    }
}

/// The access key in `AWS4-HMAC-SHA256 Credential=AKID/20260101/eu-central-1/ecs/aws4_request, …`. It is no secret.
fn access_key(context: &BeforeTransmitInterceptorContextRef<'_>) -> String {
    let signed = context.request().headers().get("authorization").unwrap_or_default();
    let credential = signed.split_once("Credential=").map(|(_, rest)| rest).unwrap_or_default();
    credential.split('/').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use crate::aws::connection::{Connection, config_in_process};
    use crate::aws::testing::Fake;
    use crate::aws::{Kind, Pacer, Session, Target};
    use aws_credential_types::Credentials;
    use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
    use aws_smithy_runtime_api::client::http::SharedHttpClient;
    use parking_lot::Mutex;
    use serde_json::json;
    use std::collections::BTreeMap;
    use std::sync::Arc;
    use std::time::{Duration, SystemTime};

    /// Credentials that are replaced under the running process.
    #[derive(Clone, Debug)]
    struct Replaced(Arc<Mutex<&'static str>>);

    impl ProvideCredentials for Replaced {
        fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            // Long past: so that they are asked for before each call.
            let expiry = SystemTime::UNIX_EPOCH + Duration::from_hours(1);
            future::ProvideCredentials::ready(Ok(Credentials::new(*self.0.lock(), "secret", None, Some(expiry), "test")))
        }
    }

    fn connect(key: &'static str) -> (Fake, Replaced, Connection) {
        let fake = Fake::new(|operation, body| {
            if operation != "GetCallerIdentity" {
                return (200, json!({"clusters": []}));
            }
            let account = if body.as_str().unwrap().contains("Credential=OTHER") { "999900001111" } else { "111122223333" };
            let answer = format!(
                "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>{account}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
            );
            (200, json!(answer))
        });
        let keys = Replaced(Arc::new(Mutex::new(key)));
        let config = config_in_process(SharedHttpClient::new(fake.clone()), "unused", "eu-central-1");
        let config = config.into_builder().credentials_provider(SharedCredentialsProvider::new(keys.clone())).build();
        let connection = Connection::new("default", &config, Pacer::default()).unwrap();
        (fake, keys, connection)
    }

    fn calls(fake: &Fake) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for (operation, _) in fake.calls() {
            *counts.entry(operation).or_default() += 1;
        }
        counts
    }

    fn counts(sts: usize, ecs: usize) -> BTreeMap<String, usize> {
        let all = [("GetCallerIdentity".to_owned(), sts), ("DescribeClusters".to_owned(), ecs)];
        all.into_iter().filter(|(_, count)| *count > 0).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn the_account_is_asked_for_once_and_before_the_first_call() {
        let (fake, _, connection) = connect("FIRST");
        assert_eq!(connection.account(), None);
        for _ in 0..3 {
            connection.ecs.describe_cluster("prod").await.unwrap();
        }
        assert_eq!(fake.calls()[0].0, "GetCallerIdentity");
        assert_eq!(calls(&fake), counts(1, 3));
        assert_eq!(connection.account(), Some("111122223333"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_new_key_of_the_same_account_costs_one_question() {
        let (fake, keys, connection) = connect("FIRST");
        connection.ecs.describe_cluster("prod").await.unwrap();
        *keys.0.lock() = "SECOND";
        connection.ecs.describe_cluster("prod").await.unwrap();
        connection.ecs.describe_cluster("prod").await.unwrap();
        assert_eq!(calls(&fake), counts(2, 3));
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_sent_with_credentials_of_another_account_until_they_are_put_back() {
        let (fake, keys, connection) = connect("FIRST");
        connection.ecs.describe_cluster("prod").await.unwrap();
        *keys.0.lock() = "OTHER";
        for _ in 0..10 {
            let refused = connection.ecs.describe_cluster("prod").await.unwrap_err();
            assert_eq!((refused.kind, refused.code.as_deref()), (Kind::Credentials, Some("AccountMismatch")));
            assert!(refused.message.contains("999900001111") && refused.message.contains("111122223333"), "{refused}");
        }
        assert_eq!(calls(&fake), counts(2, 1), "one question, no call");
        let write = connection.ecs.untag_resource("arn", &[]).await.unwrap_err();
        assert_eq!((write.kind, write.may_have_happened()), (Kind::Credentials, false));
        *keys.0.lock() = "FIRST";
        connection.ecs.describe_cluster("prod").await.unwrap();
        assert_eq!(calls(&fake), counts(2, 2));
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_for_an_answer_takes_it_and_does_not_ask_again() {
        let refusal = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>";
        let fake = Fake::new(move |_, _| (403, json!(refusal)));
        let config = config_in_process(SharedHttpClient::new(fake.clone()), "KEY", "eu-central-1");
        let connection = Connection::new("default", &config, Pacer::default()).unwrap();
        let asked = futures::future::join_all((0..64).map(|_| connection.known_account())).await;
        assert!(asked.iter().all(Result::is_err));
        assert_eq!(fake.count("GetCallerIdentity"), 1, "one that does not answer holds nobody up for longer than one question");
        connection.known_account().await.unwrap_err();
        assert_eq!(fake.count("GetCallerIdentity"), 2, "the next one asks again");
    }

    #[tokio::test(start_paused = true)]
    async fn a_declared_account_is_held_against_the_credentials_before_anything_is_sent() {
        let (fake, _, built_in) = connect("FIRST");
        let to = |account: &str| Target { account: account.to_owned(), region: "us-east-1".to_owned(), endpoint: None };
        let other = built_in.onward("team-a", &to("444455556666"), None, Pacer::default());
        assert_eq!((other.account(), other.region.as_str()), (Some("444455556666"), "us-east-1"));
        let refused = other.ecs.describe_cluster("prod").await.unwrap_err();
        assert_eq!(refused.code.as_deref(), Some("AccountMismatch"));
        assert!(refused.message.contains("AwsConnection team-a") && refused.message.contains("111122223333"), "{refused}");
        assert_eq!(calls(&fake), counts(1, 0));
        let same = built_in.onward("team-b", &to("111122223333"), None, Pacer::default());
        same.ecs.describe_cluster("prod").await.unwrap();
        assert_eq!(calls(&fake), counts(2, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn what_sts_refuses_is_told_by_every_call_in_its_own_words_and_nothing_is_sent() {
        let refusal = "<ErrorResponse><Error><Code>PackedPolicyTooLarge</Code><Message>Packed size of session tags consumes 120% of the allotted space.</Message></Error></ErrorResponse>";
        let fake = Fake::new(move |_, _| (400, json!(refusal)));
        let config = config_in_process(SharedHttpClient::new(fake.clone()), "KEY", "eu-central-1");
        let built_in = Connection::new("default", &config, Pacer::default()).unwrap();
        let session = Session {
            role: "arn:aws:iam::444455556666:role/ecs-operator-a".to_owned(),
            external_id: Some("between-us".to_owned()),
            seconds: None,
            namespace: Some("shop".to_owned()),
            policy: Some("{}".to_owned()),
            tags: BTreeMap::from([("ecs-operator.io/namespace".to_owned(), "shop".to_owned())]),
        };
        assert!(!format!("{session:?}").contains("between-us"));
        let to = Target { account: "444455556666".to_owned(), region: "eu-central-1".to_owned(), endpoint: None };
        let connection = built_in.onward("team-a", &to, Some(session), Pacer::default());
        let refused = connection.ecs.untag_resource("arn", &[]).await.unwrap_err();
        assert_eq!((refused.kind, refused.may_have_happened()), (Kind::Credentials, false));
        assert!(refused.message.starts_with("AssumeRole failed: PackedPolicyTooLarge: Packed size"), "{refused}");
        assert!(refused.advice().contains("under one path"), "{}", refused.advice());
        assert!(!refused.to_string().contains("between-us"));
        assert_eq!(fake.count("UntagResource"), 0);
    }
}
