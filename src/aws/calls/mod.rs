//! The calls of ECS that the operator makes, in its own words.

mod carry;
mod clusters;
mod deployments;
mod services;
mod tags;
mod task_definitions;
mod tasks;

pub(super) use deployments::HISTORY_PER_CALL;
pub use services::DescribedServices;
pub(super) use services::SERVICES_PER_CALL;

use super::codec::CodecError;
use super::error::{AwsError, chain};
use super::gate::{Gate, UnknownKey};
use super::operation::Operation;
use super::pace::{Pacer, Priority};
use aws_sdk_ecs::Client;
use aws_sdk_ecs::config::http::HttpResponse;
use aws_sdk_ecs::error::{ProvideErrorMetadata, SdkError};
use parking_lot::Mutex;

/// ECS in one account and region. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Ecs {
    client: Client,
    pacer: Pacer,
    priority: Priority,
    gate: Gate,
}

impl Ecs {
    /// ECS behind a client whose own retries are off. Clients of the same account and region share one pacer.
    pub(super) const fn new(client: Client, pacer: Pacer, gate: Gate) -> Self {
        Self { client, pacer, priority: Priority::Change, gate }
    }

    /// The same, with calls of another priority. Without this they are those of a changed spec.
    #[must_use]
    pub fn at(&self, priority: Priority) -> Self {
        Self { priority, ..self.clone() }
    }

    /// The pacer of this account and region.
    pub const fn pacer(&self) -> &Pacer {
        &self.pacer
    }

    /// Makes a call when it is its turn. `attempt` is called again for each retry of a throttled call.
    async fn call<T, E, F, S>(&self, operation: Operation, mut attempt: F) -> Result<T, AwsError>
    where
        F: FnMut() -> S,
        S: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let held = Mutex::new(None);
        let mut admitted = 0;
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
            match key {
                // Keys can change while we ask, but not without end.
                Some(key) if admitted < 3 => self.gate.admit(operation.name, &key).await?,
                _ => return result,
            }
            admitted += 1;
        }
    }
}

/// The key for which a call was held back, if that is why it failed.
fn held_back<E: std::error::Error + 'static>(error: &SdkError<E, HttpResponse>) -> Option<UnknownKey> {
    chain(error).find_map(|cause| cause.downcast_ref().cloned())
}

/// An answer that lacks what it is asked for.
fn missing(operation: Operation, what: &str) -> AwsError {
    AwsError::malformed(operation.name, operation.is_write, format!("the answer holds no {what}"))
}

/// An answer that cannot be read.
fn unreadable(operation: Operation) -> impl Fn(CodecError) -> AwsError {
    move |e| AwsError::malformed(operation.name, operation.is_write, e.to_string())
}

#[cfg(test)]
mod tests;
