//! All checks, by area.

mod balancing;
mod balancing_refused;
mod balancing_targets;
mod clusters;
mod definitions;
mod definitions_refused;
mod deployments;
mod life;
mod services;
mod services_refused;
mod tags;
mod tasks;
mod updates;

use crate::check::{Check, area};

/// Every check, in the order of the table.
pub fn all() -> Vec<Check> {
    let areas = [
        area("Task definitions", [definitions::reads(), definitions::life()]),
        area("Task definitions that are refused", [definitions_refused::checks()]),
        area("Services", [services::checks(), life::checks()]),
        area("Services that are refused", [services_refused::checks()]),
        area("Updates", [updates::checks()]),
        area("Deployments", [deployments::checks()]),
        area("Tasks", [tasks::checks()]),
        area("Tags", [tags::checks()]),
        area("Clusters", [clusters::checks()]),
        area("Load balancers, listeners and rules", [balancing::balancers(), balancing::rules()]),
        area("Target groups and targets", [balancing_targets::groups(), balancing_targets::targets()]),
        area(
            "What Elastic Load Balancing refuses",
            [balancing_refused::edges(), balancing_refused::rules(), balancing_refused::groups()],
        ),
    ];
    areas.into_iter().flatten().collect()
}
