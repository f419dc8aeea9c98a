//! The live side against a fake AWS, in virtual time.

mod beside;
mod listeners;
mod load_balancers;
mod target_groups;
mod world;
mod writes;
