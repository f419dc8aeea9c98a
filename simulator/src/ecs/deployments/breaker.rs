//! Failures of a deployment: the circuit breaker and the launch backoff. ecs-semantics §3.3, §4.4.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::Rollout;
use crate::clock::later;
use crate::ecs::input::Input;
use crate::ecs::services::Service;
use crate::ecs::tasks::life::News;
use crate::ecs::tempo;

/// Tasks that fail to run before the backoff begins.
const FREE_FAILURES: u32 = 3;

/// How many failures trip the breaker.
pub(crate) fn threshold(config: Input<'_>, desired: i64) -> i64 {
    let threshold = config.object("deploymentCircuitBreaker").object("thresholdConfiguration");
    let value = threshold.number("value").unwrap_or(50);
    let share = (value * desired + 99) / 100;
    match threshold.text("type").unwrap_or("BOUNDED_PERCENT") {
        "COUNT" => value,
        "UNBOUNDED_PERCENT" => share.max(1),
        _ => share.clamp(3, 200),
    }
}

/// Notes what became of a task of the deployment at this place in the list.
pub(super) fn count(service: &mut Service, at: usize, news: News, now: Timestamp) {
    let breaker = service.get("deploymentConfiguration")["deploymentCircuitBreaker"].clone();
    // §3.3: any healthy task zeroes the count, unless told otherwise.
    let resets = breaker.get("resetOnHealthyTask").and_then(Value::as_bool).unwrap_or(true);
    let Some(deployment) = service.deployments.get_mut(at) else { return };
    match news {
        News::NeverRan => {
            deployment.failed += 1;
            deployment.never_ran += 1;
            deployment.updated = now;
            if deployment.never_ran >= FREE_FAILURES {
                let doublings = (deployment.never_ran - FREE_FAILURES).min(10);
                let wait = Duration::from_secs(15 << doublings).min(tempo::LONGEST_BACKOFF);
                deployment.hold = Some(later(now, wait));
            }
        }
        News::FailedChecks | News::FailedTargetChecks => {
            deployment.failed += 1;
            deployment.updated = now;
        }
        News::Healthy => {
            deployment.never_ran = 0;
            deployment.hold = None;
            if resets {
                deployment.failed = 0;
            }
        }
        News::Changed | News::Nothing => {}
    }
    // After its end a deployment is no longer guarded.
    if deployment.rollout == Rollout::InProgress && at == 0 {
        let failed = deployment.failed;
        if let Some(record) = service.history.last_mut().filter(|record| record.rollback.is_none()) {
            record.failures = failed;
        }
    }
}

/// Whether the PRIMARY deployment has failed too often. The latest count and configuration decide.
pub(super) fn has_tripped(service: &Service) -> bool {
    let Some((primary, record)) = service.deployments.first().zip(service.history.last()) else { return false };
    let config = Input(&record.config);
    primary.rollout == Rollout::InProgress
        && config.object("deploymentCircuitBreaker").flag("enable")
        && primary.failed >= threshold(config, service.desired)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn thresholds_are_those_of_the_documentation() {
        let none = json!({});
        for (desired, expected) in [(1, 3), (25, 13), (400, 200), (800, 200)] {
            assert_eq!(threshold(Input(&none), desired), expected, "{desired}");
        }
        let count = json!({"deploymentCircuitBreaker": {"thresholdConfiguration": {"type": "COUNT", "value": 7}}});
        assert_eq!(threshold(Input(&count), 1), 7);
        let share = json!({"deploymentCircuitBreaker": {"thresholdConfiguration": {"type": "UNBOUNDED_PERCENT", "value": 50}}});
        assert_eq!(threshold(Input(&share), 2), 1);
        assert_eq!(threshold(Input(&share), 800), 400);
    }
}
