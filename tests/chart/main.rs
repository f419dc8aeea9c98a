//! The chart as its users see it: what values make of it, what is refused, what it lets the operator do, and what is made from
//! it. Needs helm, which is built from Go modules where `HELM` names none.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and a cluster is waited for in real time"
)]

mod cluster;
mod generated;
mod helm;
mod iam;
mod image;
mod observed;
mod refused;
mod rights;
mod templates;
