//! How a call is made, whatever the service: when it is its turn, and under the account of the connection. What changes something
//! in AWS is logged here, in one line for each call, whether AWS did it or refused.

use super::credentials::Again;
use super::error::{AwsError, chain};
use super::gate::{Gate, UnknownKey};
use super::operation::Operation;
use super::pace::{Pacer, Priority};
use crate::trace::{self, Subject};
use aws_sdk_ecs::operation::RequestId;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use parking_lot::Mutex;
use tracing::Instrument;

/// Makes the calls of one account and region.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    pub(super) pacer: Pacer,
    pub(super) priority: Priority,
    gate: Gate,
}

impl Caller {
    /// Calls of a changed spec.
    pub(super) const fn new(pacer: Pacer, gate: Gate) -> Self {
        Self { pacer, priority: Priority::Change, gate }
    }

    /// The same at another priority.
    pub(super) fn at(&self, priority: Priority) -> Self {
        Self { priority, ..self.clone() }
    }

    /// Makes a call that changes something, and logs what became of it. `names` is what the call names, an ARN where there is one
    /// already, and `arn` finds the one in the answer.
    pub(super) async fn write<T, E, F, S>(
        &self,
        operation: Operation,
        names: &str,
        arn: fn(&T) -> Option<&str>,
        attempt: F,
    ) -> Result<T, AwsError>
    where
        F: FnMut() -> S,
        S: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + std::error::Error + 'static,
        T: RequestId,
    {
        let told = async {
            let result = self.admitted(operation, attempt).await;
            match &result {
                Ok(answer) => tell_done(operation, arn(answer).unwrap_or(names), answer.request_id()),
                Err(error) => tell_refused(names, error),
            }
            result
        };
        // In a box: each future around this one would hold it more than once.
        self.in_span(operation, Box::pin(told)).await
    }

    /// Makes a call that reads.
    pub(super) async fn call<T, E, F, S>(&self, operation: Operation, attempt: F) -> Result<T, AwsError>
    where
        F: FnMut() -> S,
        S: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + std::error::Error + 'static,
        T: RequestId,
    {
        debug_assert!(!operation.is_write, "{} changes something: have it logged", operation.name);
        self.in_span(operation, Box::pin(self.admitted(operation, attempt))).await
    }

    /// Does `work` in a span of its own, which tells how it ended.
    async fn in_span<T: RequestId>(
        &self,
        operation: Operation,
        work: impl Future<Output = Result<T, AwsError>>,
    ) -> Result<T, AwsError> {
        let span = trace::aws_call(operation.api(), operation.name, self.gate.region());
        let ended = async {
            let result = work.await;
            match &result {
                Ok(answer) => trace::aws_ended("ok", answer.request_id()),
                Err(error) => trace::aws_ended(error.reason(), error.request_id.as_deref()),
            }
            result
        };
        trace::with_tries(ended).instrument(span).await
    }

    /// Makes a call when it is its turn. `attempt` is called again for each retry of a throttled call, and where [`Again`] says so.
    async fn admitted<T, E, F, S>(&self, operation: Operation, mut attempt: F) -> Result<T, AwsError>
    where
        F: FnMut() -> S,
        S: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let held = Mutex::new(None);
        let (mut admitted, mut again) = (0, Again::default());
        loop {
            let sorted = || {
                let (sent, held) = (attempt(), &held);
                async move {
                    sent.await.map_err(|e| {
                        *held.lock() = held_back(&e);
                        AwsError::sort(operation.name, operation.is_write, &e)
                    })
                }
            };
            let result = self.pacer.run(operation, self.priority, sorted).await;
            let key = held.lock().take();
            match (key, &result) {
                // Keys can change while we ask, but not without end.
                (Some(key), _) if admitted < 3 => {
                    self.gate.admit(operation.name, &key).await?;
                    admitted += 1;
                }
                (_, Err(error)) if again.helps(error, self.gate.kept()) => {}
                _ => return result,
            }
        }
    }
}

/// AWS did it.
fn tell_done(operation: Operation, resource: &str, request_id: Option<&str>) {
    let of = Subject::current();
    let (kind, namespace, name) = parts(of.as_ref());
    tracing::info!(operation = operation.name, kind, namespace, name, resource, request_id, "changed AWS");
}

/// AWS refused it, or did not answer. What AWS says stands in the status of the object too.
fn tell_refused(resource: &str, error: &AwsError) {
    let of = Subject::current();
    let (kind, namespace, name) = parts(of.as_ref());
    let (operation, outcome, request_id) = (error.operation, error.reason(), error.request_id.as_deref());
    tracing::warn!(operation, kind, namespace, name, resource, request_id, outcome, %error, "AWS was not changed");
}

type Parts<'a> = (Option<&'static str>, Option<&'a str>, Option<&'a str>);

fn parts(of: Option<&Subject>) -> Parts<'_> {
    (of.map(|it| it.kind), of.map(|it| it.namespace.as_str()), of.map(|it| it.name.as_str()))
}

/// The key for which a call was held back, if that is why it failed.
fn held_back<E: std::error::Error + 'static>(error: &SdkError<E, HttpResponse>) -> Option<UnknownKey> {
    chain(error).find_map(|cause| cause.downcast_ref().cloned())
}

/// An answer that lacks what it is asked for.
pub(super) fn missing(operation: Operation, what: &str) -> AwsError {
    AwsError::malformed(operation.name, operation.is_write, format!("the answer holds no {what}"))
}
