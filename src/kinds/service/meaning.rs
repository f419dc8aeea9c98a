//! What a declaration means to a service that is made of it: every default in words. Pure.
//!
//! Two declarations that mean the same make the same service; import leaves out what does not change the meaning.

use super::canonical::{canonical, in_words};
use super::fields::{FIELDS, deployment_default};
use crate::domain::json::{fill_default, is_empty, without_empties};
use serde_json::{Value, json};

/// Parts of `deploymentConfiguration` that have a default.
const PARTS: [&str; 8] = [
    "maximumPercent",
    "minimumHealthyPercent",
    "deploymentCircuitBreaker",
    "alarms",
    "strategy",
    "bakeTimeInMinutes",
    "lifecycleHooks",
    "earlySuccessCriteria",
];

/// A declaration in `CreateService`'s members, in a form in which those that mean the same are equal.
///
/// `availabilityZoneRebalancing` and `desiredCount` stay as they are said: what is made anew may get other values than what
/// is there already, so that leaving them out is no default.
pub fn meaning(declared: &Value) -> Value {
    let mut value = canonical(declared);
    if let Some(rebalancing) = declared.get("availabilityZoneRebalancing") {
        value["availabilityZoneRebalancing"] = rebalancing.clone();
    }
    let daemon = declared["schedulingStrategy"] == "DAEMON";
    fill_default(&mut value, "deploymentConfiguration", &json!({}));
    for part in PARTS {
        if let Some(default) = deployment_default(part, daemon) {
            fill_default(&mut value["deploymentConfiguration"], part, &default);
        }
    }
    for field in FIELDS {
        if let Some(default) = field.when_unset.value().filter(|default| !is_empty(default)) {
            fill_default(&mut value, field.name, &default);
        }
    }
    in_words(&mut value);
    without_empties(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_default_means_what_its_absence_means() {
        let spelled = json!({
            "platformVersion": "LATEST", "propagateTags": "NONE", "healthCheckGracePeriodSeconds": 0,
            "deploymentConfiguration": {
                "strategy": "ROLLING", "maximumPercent": 200, "minimumHealthyPercent": 100, "bakeTimeInMinutes": 0,
                "alarms": {"alarmNames": [], "enable": false, "rollback": false},
                "deploymentCircuitBreaker": {
                    "enable": false, "rollback": false, "resetOnHealthyTask": true,
                    "thresholdConfiguration": {"type": "BOUNDED_PERCENT", "value": 50},
                },
            },
        });
        assert_eq!(meaning(&spelled), meaning(&json!({})));
    }

    #[test]
    fn the_defaults_of_a_daemon_are_its_own() {
        let percent = |most, least| json!({"schedulingStrategy": "DAEMON", "deploymentConfiguration": {"maximumPercent": most, "minimumHealthyPercent": least}});
        let daemon = json!({"schedulingStrategy": "DAEMON"});
        assert_eq!(meaning(&percent(100, 0)), meaning(&daemon));
        assert_ne!(meaning(&percent(200, 100)), meaning(&daemon));
    }

    #[test]
    fn what_a_new_service_would_not_get_is_no_default() {
        for rebalancing in ["ENABLED", "DISABLED"] {
            assert_ne!(meaning(&json!({"availabilityZoneRebalancing": rebalancing})), meaning(&json!({})));
        }
        assert_ne!(meaning(&json!({"desiredCount": 1})), meaning(&json!({})));
        let breaker =
            |value| json!({"deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": true, "rollback": value}}});
        assert_ne!(meaning(&breaker(true)), meaning(&breaker(false)));
    }
}
