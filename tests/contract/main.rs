//! The contract: what ECS and Elastic Load Balancing do, as calls with what has to come back.
//!
//! The same checks run on the simulator, which has to follow AWS in all of them, and on two emulators that others wrote. Where
//! those differ, the committed table `docs/contract.md` says so; if they come to behave otherwise a test fails with the row. So
//! the simulator and this project do not share a misunderstanding that nobody sees, and what others know better is noticed.
//!
//! The operator's own stories run against one of the emulators too ([`stories`], [`exposed`]), and boto3 drives the simulator
//! ([`rollout`]).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it fails")]
#![allow(clippy::disallowed_methods, reason = "the emulators live in real time")]

mod aws;
mod balancing;
mod check;
mod checks;
mod contract;
mod docker;
mod emulator;
mod engine;
mod exposed;
mod python;
mod recorder;
mod rollout;
mod stories;
mod table;
mod target;
mod traffic;
mod world;
