//! How targets are.

use super::text;
use aws_sdk_elasticloadbalancingv2::types;

/// A target of a target group, and how it is. In the order of ids and ports.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct TargetHealth {
    /// An address or the id of an instance.
    pub id: String,
    /// Port.
    pub port: Option<i32>,
    /// Availability zone, where AWS was told it.
    pub availability_zone: Option<String>,
    /// `healthy`, `unhealthy`, `initial`, `draining`, `unused`, `unavailable`, …
    pub state: String,
    /// Why it is not healthy, such as `Target.Timeout`.
    pub reason: Option<String>,
    /// The same in words.
    pub description: Option<String>,
    /// Port that is checked.
    pub health_check_port: Option<String>,
}

impl TargetHealth {
    /// Whether it takes requests.
    pub fn is_healthy(&self) -> bool {
        self.state == "healthy"
    }

    /// Whether its state is about to change by itself: it is being checked for the first time, or it drains.
    pub fn is_moving(&self) -> bool {
        matches!(self.state.as_str(), "initial" | "draining" | "unhealthy.draining")
    }

    pub(in crate::aws) fn read(description: types::TargetHealthDescription) -> Self {
        let target = description.target;
        let health = description.target_health;
        let port = target.as_ref().and_then(|target| target.port);
        let availability_zone = target.as_ref().and_then(|target| target.availability_zone.clone());
        let (state, reason, words) = health.map(|health| (health.state, health.reason, health.description)).unwrap_or_default();
        Self {
            id: target.and_then(|target| target.id).unwrap_or_default(),
            port,
            availability_zone,
            state: text(state).unwrap_or_default(),
            reason: text(reason),
            description: words,
            health_check_port: description.health_check_port,
        }
    }
}
