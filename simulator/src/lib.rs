//! A strict, living, controllable model of Amazon ECS and of Elastic Load Balancing v2.
//!
//! It stands behind the wire: the programs that talk to it are real AWS clients, either in process
//! ([`Simulator::http_client`]) or over HTTP ([`Simulator::serve`]). It is *strict*: what AWS refuses it refuses, with AWS's
//! error names and texts. It is *alive*: tasks start, fail and stop, deployments roll, trip their circuit breaker and roll back,
//! targets become healthy and drain, load balancers answer requests ([`Simulator::send`]).
//! It is *controllable*: the clock, the behaviour of images, throttling, errors, lost replies and stale reads are the test's.
//!
//! How a request travels:
//!
//! ```text
//! connector (in process) ─┐
//!                         ├─► http: which service, which operation ─► simulator: advance the clock, faults, buckets, log
//! http server (axum) ─────┘                                             └─► ecs / elb / neighbours: one synchronous function
//! ```
//!
//! No background task exists. Every request first moves the world to the present, playing the events that are due in their
//! order ([`Simulator::advance`] does the same), so that real time and tokio's paused clock give the same story.
//!
//! Comments cite `ecs-semantics §n` and `load-balancing §n`, the project's collections of facts; `(?)` marks what they leave open.

mod calls;
mod clock;
mod connector;
mod ecs;
mod elb;
mod fault;
mod http;
mod neighbours;
mod settings;
mod shapes;
mod signatures;
mod simulator;
mod throttle;
mod traffic;

pub use calls::{Call, Outcome};
pub use ecs::images::ImageBehaviour;
pub use elb::TargetBehaviour;
pub use fault::{Fault, FaultId, FaultKind, ServiceError};
pub use jiff::{SignedDuration, Timestamp};
pub use settings::Settings;
pub use simulator::Simulator;
pub use traffic::{HttpRequest, HttpResponse};
