//! How a call is made, whatever the service: when it is its turn, and under the account of the connection.

use super::credentials::Again;
use super::error::{AwsError, chain};
use super::gate::{Gate, UnknownKey};
use super::operation::Operation;
use super::pace::{Pacer, Priority};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use parking_lot::Mutex;

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

    /// Makes a call when it is its turn. `attempt` is called again for each retry of a throttled call, and where [`Again`] says so.
    pub(super) async fn call<T, E, F, S>(&self, operation: Operation, mut attempt: F) -> Result<T, AwsError>
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

/// The key for which a call was held back, if that is why it failed.
fn held_back<E: std::error::Error + 'static>(error: &SdkError<E, HttpResponse>) -> Option<UnknownKey> {
    chain(error).find_map(|cause| cause.downcast_ref().cloned())
}

/// An answer that lacks what it is asked for.
pub(super) fn missing(operation: Operation, what: &str) -> AwsError {
    AwsError::malformed(operation.name, operation.is_write, format!("the answer holds no {what}"))
}
