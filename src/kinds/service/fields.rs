//! What can be changed of a service, and what becomes of a field that leaves the declaration. Pure.
//!
//! The table follows the notes on `UpdateService`: a member that is left out keeps its value, so that a default has to be
//! sent in words.

use serde_json::{Value, json};

/// One member of `UpdateService`.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// AWS's name of the member.
    pub name: &'static str,
    /// Whether a change of it begins a new deployment.
    pub deploys: bool,
    /// What is sent once when it leaves the declaration.
    pub when_unset: Unset,
}

/// What is done about a field that was sent and is no longer declared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Unset {
    /// It keeps the value it has.
    Keep,
    /// An empty list is sent.
    EmptyList,
    /// A number is sent.
    Number(i64),
    /// A flag is sent.
    Flag(bool),
    /// A word is sent.
    Word(&'static str),
    /// `{enabled: false}` is sent.
    Disabled,
    /// Each part is set back on its own.
    Parts,
}

impl Unset {
    /// The value that is sent, if one is.
    pub fn value(self) -> Option<Value> {
        match self {
            Self::Keep | Self::Parts => None,
            Self::EmptyList => Some(json!([])),
            Self::Number(number) => Some(json!(number)),
            Self::Flag(flag) => Some(json!(flag)),
            Self::Word(word) => Some(json!(word)),
            Self::Disabled => Some(json!({"enabled": false})),
        }
    }
}

const fn field(name: &'static str, deploys: bool, when_unset: Unset) -> Field {
    Field { name, deploys, when_unset }
}

/// Every member of `UpdateService` that can be seen on a live service.
pub const FIELDS: [Field; 20] = [
    field("taskDefinition", true, Unset::Keep),
    field("desiredCount", false, Unset::Keep),
    field("deploymentConfiguration", false, Unset::Parts),
    field("deploymentController", false, Unset::Keep),
    field("networkConfiguration", true, Unset::Keep),
    field("loadBalancers", true, Unset::EmptyList),
    field("serviceRegistries", true, Unset::EmptyList),
    field("serviceConnectConfiguration", true, Unset::Disabled),
    field("volumeConfigurations", true, Unset::EmptyList),
    field("vpcLatticeConfigurations", true, Unset::EmptyList),
    field("platformVersion", true, Unset::Word("LATEST")),
    field("capacityProviderStrategy", true, Unset::EmptyList),
    field("availabilityZoneRebalancing", false, Unset::Keep),
    field("placementConstraints", false, Unset::EmptyList),
    field("placementStrategy", false, Unset::EmptyList),
    field("healthCheckGracePeriodSeconds", false, Unset::Number(0)),
    field("enableExecuteCommand", false, Unset::Flag(false)),
    field("enableECSManagedTags", false, Unset::Flag(false)),
    field("propagateTags", false, Unset::Word("NONE")),
    field("launchType", false, Unset::Keep),
];

/// Members that no description of a service shows; whether they were sent stands in `status.applied` with their hash.
pub const UNSEEN: [&str; 2] = ["monitoring", "gatewayConnectors"];

/// Parts of `deploymentConfiguration` and the values that switch them off, for a REPLICA service.
pub fn deployment_default(part: &str, daemon: bool) -> Option<Value> {
    Some(match part {
        "maximumPercent" => json!(if daemon { 100 } else { 200 }),
        "minimumHealthyPercent" => json!(if daemon { 0 } else { 100 }),
        "deploymentCircuitBreaker" => json!({"enable": false, "rollback": false}),
        "alarms" => json!({"alarmNames": [], "enable": false, "rollback": false}),
        "strategy" => json!("ROLLING"),
        "bakeTimeInMinutes" => json!(0),
        "lifecycleHooks" => json!([]),
        "earlySuccessCriteria" => json!({"enable": false}),
        _ => return None,
    })
}

/// What `UpdateService` takes under the controllers that ECS does not run itself (notes on the field matrix, column CD/EX).
pub fn is_updatable(field: &str, controller: &str) -> bool {
    controller == "ECS"
        || matches!(
            field,
            "desiredCount"
                | "deploymentConfiguration"
                | "deploymentController"
                | "healthCheckGracePeriodSeconds"
                | "enableECSManagedTags"
                | "propagateTags"
                | "placementConstraints"
                | "placementStrategy"
        )
}
