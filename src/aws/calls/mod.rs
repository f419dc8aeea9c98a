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

use super::call::{Caller, missing};
use super::codec::CodecError;
use super::error::AwsError;
use super::gate::Gate;
use super::operation::Operation;
use super::pace::{Pacer, Priority};
use aws_sdk_ecs::Client;
use aws_sdk_ecs::config::http::HttpResponse;
use aws_sdk_ecs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ecs::operation::RequestId;

/// ECS in one account and region. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Ecs {
    client: Client,
    caller: Caller,
}

impl Ecs {
    /// ECS behind a client whose own retries are off. Clients of the same account and region share one pacer.
    pub(super) const fn new(client: Client, pacer: Pacer, gate: Gate) -> Self {
        Self { client, caller: Caller::new(pacer, gate) }
    }

    /// The same, with calls of another priority. Without this they are those of a changed spec.
    #[must_use]
    pub fn at(&self, priority: Priority) -> Self {
        Self { client: self.client.clone(), caller: self.caller.at(priority) }
    }

    /// The pacer of this account and region.
    pub const fn pacer(&self) -> &Pacer {
        &self.caller.pacer
    }

    async fn call<T, E, F, S>(&self, operation: Operation, attempt: F) -> Result<T, AwsError>
    where
        F: FnMut() -> S,
        S: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + std::error::Error + 'static,
        T: RequestId,
    {
        self.caller.call(operation, attempt).await
    }
}

/// An answer that cannot be read.
fn unreadable(operation: Operation) -> impl Fn(CodecError) -> AwsError {
    move |e| AwsError::malformed(operation.name, operation.is_write, e.to_string())
}

#[cfg(test)]
mod tests;
