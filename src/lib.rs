//! The operator: custom resources of the group `ecs-operator.io`, reconciled into Amazon ECS.
//!
//! A reconcile looks first, then thinks without touching anything, then acts in small repeatable steps, then says what it
//! saw. [`engine`] is the only loop; [`kinds`] are what it loops over; [`aws`] is the other side. [`operator`] puts them
//! together. [`import`] goes the other way: it writes what runs in AWS as custom resources. Around them stands the process:
//! [`program`], [`settings`], [`startup`], [`telemetry`] with [`trace`], [`metrics`], [`health`] and [`clock`].
//! `docs/architecture.md` has the picture.

pub mod admission;
pub mod api;
pub mod aws;
pub mod clock;
pub mod definitions;
pub mod domain;
pub mod engine;
pub mod health;
pub mod import;
pub mod kinds;
pub mod metrics;
pub mod operator;
pub mod program;
pub mod reference;
pub mod settings;
pub mod startup;
pub mod telemetry;
pub mod trace;
