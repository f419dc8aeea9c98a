//! Times as Kubernetes keeps them.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

/// A time for status, in whole seconds: Kubernetes drops fractions, so that what is compared with what was read back must
/// have none.
pub fn whole_seconds(at: Timestamp) -> Time {
    Time(Timestamp::from_second(at.as_second()).unwrap_or(at))
}
