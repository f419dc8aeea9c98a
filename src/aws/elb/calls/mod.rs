//! The calls of Elastic Load Balancing that the operator makes, in its own words.

mod listeners;
mod load_balancers;
mod rules;
mod tags;
mod target_groups;

use super::model::Attributes;
use crate::aws::call::{Caller, missing};
use crate::aws::error::AwsError;
use crate::aws::gate::Gate;
use crate::aws::operation::Operation;
use crate::aws::pace::{Pacer, Priority};
use aws_sdk_elasticloadbalancingv2::Client;
use aws_sdk_elasticloadbalancingv2::config::http::HttpResponse;
use aws_sdk_elasticloadbalancingv2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_elasticloadbalancingv2::operation::RequestId;

/// How many resources one call describes by ARN or name, and of how many one tells the tags.
pub(super) const PER_CALL: usize = 20;

/// The largest page, so that there are few.
const PAGE: i32 = 400;

/// Elastic Load Balancing in one account and region. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Elb {
    client: Client,
    caller: Caller,
}

impl Elb {
    /// Elastic Load Balancing behind a client whose own retries are off. Clients of the same account and region share one pacer.
    pub(in crate::aws) const fn new(client: Client, pacer: Pacer, gate: Gate) -> Self {
        Self { client, caller: Caller::new(pacer, gate) }
    }

    /// The same, with calls of another priority. Without this they are those of a changed spec.
    #[must_use]
    pub fn at(&self, priority: Priority) -> Self {
        Self { client: self.client.clone(), caller: self.caller.at(priority) }
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

/// What AWS says was made or changed: one thing.
fn one<T>(operation: Operation, all: Option<Vec<T>>, what: &str) -> Result<T, AwsError> {
    all.unwrap_or_default().into_iter().next().ok_or_else(|| missing(operation, what))
}

/// A deletion of what is gone already is done.
fn gone_is_done<T>(deleted: Result<T, AwsError>) -> Result<(), AwsError> {
    match deleted {
        Err(e) if e.is_load_balancing_gone() => Ok(()),
        other => other.map(drop),
    }
}

/// Attributes from AWS's pairs.
fn attributes(pairs: impl IntoIterator<Item = (Option<String>, Option<String>)>) -> Attributes {
    pairs.into_iter().filter_map(|(key, value)| Some((key?, value.unwrap_or_default()))).collect()
}

#[cfg(test)]
mod tests;
