//! Elastic Load Balancing: load balancers, listeners, rules and target groups.
//!
//! [`Elb`] has the calls, [`model`] what they take and give, [`Balancing`] keeps the live side in memory. The SDK has no
//! schemas for this service (its protocol is the old one), so the conversions are written out in [`model`].
//!
//! Targets belong to ECS: nothing here registers or deregisters any.

pub mod model;

mod calls;
mod live;

pub use calls::Elb;
pub use live::{
    Balancing, ListenerView, LoadBalancerKey, LoadBalancerListener, LoadBalancerView, Sight, TargetGroupKey, TargetGroupView,
    Watcher,
};
