//! Stories that users live, on a real kube-apiserver with the operator and a simulated AWS.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and a story waits in real time"
)]

mod beside_foreign_rules;
mod brake;
mod connections;
mod edge;
mod exposed;
mod fuse;
mod gitops;
mod guard;
mod how_to;
mod import;
mod installations;
mod killed;
mod kubectl;
mod lease;
mod listener_rules;
mod load_balancers;
mod network;
mod observed;
mod outages;
mod ownership;
mod references;
mod refused;
mod restored;
mod rollouts;
mod scaling;
mod target_groups;
mod waiting;
mod world;
