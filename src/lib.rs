//! To come.

pub mod aws;
pub mod domain;
