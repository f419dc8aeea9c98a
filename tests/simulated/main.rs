//! The operator between two simulated wires, in virtual time: faults, lost replies, and a process that dies between any
//! two calls. The program is the real one, with the real clients; behind them stand a Kubernetes API in memory and the
//! simulator.
//!
//! `SEEDS=100..200 cargo test --test simulated` walks with other seeds than the usual ones. A walk that fails names its
//! seed; jitter in the operator is not part of it, so that a walk is repeated nearly, not exactly.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_methods, reason = "tokio's clock is paused, so that waiting takes no time")]

mod chance;
mod guard;
mod invariants;
mod kubernetes;
mod life;
mod stories;
mod walk;
mod watching;
mod world;
