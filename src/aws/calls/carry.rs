//! Sends an input as a whole.
//!
//! The SDK's client takes inputs member by member. Copying some thirty members by name would lose the one that a new SDK
//! adds, so the finished input is put in place of the client's empty one, before it is written.

use aws_sdk_ecs::config::interceptors::BeforeSerializationInterceptorContextMut;
use aws_sdk_ecs::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_ecs::error::BoxError;
use std::fmt;
use std::sync::Arc;

/// Puts an input in place.
pub(super) struct Carry<I>(pub(super) Arc<I>);

/// Not the derived one: inputs hold secrets.
impl<I> fmt::Debug for Carry<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Carry")
    }
}

impl<I: Clone + fmt::Debug + Send + Sync + 'static> Intercept for Carry<I> {
    fn name(&self) -> &'static str {
        "Carry"
    }

    fn modify_before_serialization(
        &self,
        context: &mut BeforeSerializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let place = context.input_mut().downcast_mut::<I>().ok_or("the input is of another operation")?;
        place.clone_from(&self.0);
        Ok(())
    }
}
