//! Attributes of AWS, and those that have a field of their own.

use super::settings::{LoadBalancingAlgorithmType, Stickiness, StickinessType, TargetGroupSettings};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// AWS's key of `deregistrationDelaySeconds`.
pub const DEREGISTRATION_DELAY: &str = "deregistration_delay.timeout_seconds";
/// AWS's key of `slowStartSeconds`.
pub const SLOW_START: &str = "slow_start.duration_seconds";
/// AWS's key of `loadBalancingAlgorithmType`.
pub const ALGORITHM: &str = "load_balancing.algorithm.type";
/// AWS's key of `stickiness.enabled`.
pub const STICKINESS_ENABLED: &str = "stickiness.enabled";
/// AWS's key of `stickiness.type`.
pub const STICKINESS_TYPE: &str = "stickiness.type";
/// AWS's key of `stickiness.durationSeconds` with lb_cookie.
pub const LB_COOKIE_DURATION: &str = "stickiness.lb_cookie.duration_seconds";
/// AWS's key of `stickiness.durationSeconds` with app_cookie.
pub const APP_COOKIE_DURATION: &str = "stickiness.app_cookie.duration_seconds";
/// AWS's key of `stickiness.cookieName`.
pub const APP_COOKIE_NAME: &str = "stickiness.app_cookie.cookie_name";
/// AWS's key of a load balancer's `idleTimeoutSeconds`.
pub const IDLE_TIMEOUT: &str = "idle_timeout.timeout_seconds";
/// AWS's key of a load balancer's `deletionProtection`.
pub const DELETION_PROTECTION: &str = "deletion_protection.enabled";

/// An attribute, under AWS's key.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Attribute {
    /// AWS's key, such as `load_balancing.cross_zone.enabled`.
    #[schemars(length(min = 1, max = 256))]
    pub key: String,
    /// The value, always as text.
    #[schemars(length(max = 1024))]
    pub value: String,
}

impl TargetGroupSettings {
    /// Every attribute that is declared, under AWS's key: those that are listed and those with a field of their own.
    pub fn declared_attributes(&self) -> BTreeMap<String, String> {
        let mut all = listed(self.attributes.as_deref());
        put(&mut all, DEREGISTRATION_DELAY, self.deregistration_delay_seconds);
        put(&mut all, SLOW_START, self.slow_start_seconds);
        put(&mut all, ALGORITHM, self.load_balancing_algorithm_type.as_ref().map(LoadBalancingAlgorithmType::as_str));
        if let Some(stickiness) = &self.stickiness {
            put_stickiness(&mut all, stickiness);
        }
        all
    }
}

fn put_stickiness(all: &mut BTreeMap<String, String>, stickiness: &Stickiness) {
    put(all, STICKINESS_ENABLED, Some(stickiness.enabled.unwrap_or(true)));
    put(all, STICKINESS_TYPE, stickiness.r#type.as_ref().map(StickinessType::as_str));
    let duration = match stickiness.r#type {
        Some(StickinessType::LbCookie) => LB_COOKIE_DURATION,
        Some(StickinessType::AppCookie) => APP_COOKIE_DURATION,
        _ => return,
    };
    put(all, duration, stickiness.duration_seconds);
    put(all, APP_COOKIE_NAME, stickiness.cookie_name.as_deref());
}

/// The attributes of a list, by key.
pub(crate) fn listed(attributes: Option<&[Attribute]>) -> BTreeMap<String, String> {
    attributes.unwrap_or_default().iter().map(|it| (it.key.clone(), it.value.clone())).collect()
}

/// Puts a value under AWS's key, if there is one.
pub(crate) fn put(all: &mut BTreeMap<String, String>, key: &str, value: Option<impl ToString>) {
    if let Some(value) = value {
        all.insert(key.to_owned(), value.to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    /// The attributes of what a person wrote, as JSON.
    fn declared(spec: Value) -> Value {
        let settings: TargetGroupSettings = serde_json::from_value(spec).unwrap();
        serde_json::to_value(settings.declared_attributes()).unwrap()
    }

    #[test]
    fn what_is_not_declared_is_no_attribute() {
        assert_eq!(declared(json!({"protocol": "HTTP", "healthCheck": {"path": "/"}})), json!({}));
    }

    #[test]
    fn fields_of_their_own_stand_beside_those_that_are_listed() {
        let spec = json!({
            "deregistrationDelaySeconds": 0, "slowStartSeconds": 30, "loadBalancingAlgorithmType": "round_robin",
            "attributes": [{"key": "load_balancing.cross_zone.enabled", "value": "true"}],
        });
        let all = json!({
            "deregistration_delay.timeout_seconds": "0", "slow_start.duration_seconds": "30",
            "load_balancing.algorithm.type": "round_robin", "load_balancing.cross_zone.enabled": "true",
        });
        assert_eq!(declared(spec), all);
    }

    #[test]
    fn the_duration_goes_to_the_cookie_that_is_chosen() {
        let by_balancer = json!({"stickiness": {"type": "lb_cookie", "durationSeconds": 60}});
        assert_eq!(
            declared(by_balancer),
            json!({"stickiness.enabled": "true", "stickiness.type": "lb_cookie", "stickiness.lb_cookie.duration_seconds": "60"})
        );
        let by_application = json!({"stickiness": {"type": "app_cookie", "durationSeconds": 60, "cookieName": "session"}});
        assert_eq!(
            declared(by_application),
            json!({
                "stickiness.enabled": "true", "stickiness.type": "app_cookie",
                "stickiness.app_cookie.duration_seconds": "60", "stickiness.app_cookie.cookie_name": "session",
            })
        );
    }

    #[test]
    fn stickiness_by_address_has_no_duration() {
        let by_address = json!({"stickiness": {"type": "source_ip"}});
        assert_eq!(declared(by_address), json!({"stickiness.enabled": "true", "stickiness.type": "source_ip"}));
        assert_eq!(declared(json!({"stickiness": {"enabled": false}})), json!({"stickiness.enabled": "false"}));
    }
}
