//! What kstatus computes for a custom resource: the library by which Flux, and others, tell when something is done.
//!
//! After `checkGenericProperties` and `checkReadyCondition` of
//! <https://github.com/kubernetes-sigs/cli-utils/tree/master/pkg/kstatus/status>.

use serde_json::Value;

/// Its words, as far as they concern an object that is there to stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kstatus {
    Current,
    InProgress,
    Failed,
}

pub fn of(object: &Value) -> Kstatus {
    let status = &object["status"];
    let observed = &status["observedGeneration"];
    if observed.is_i64() && observed != &object["metadata"]["generation"] {
        return Kstatus::InProgress;
    }
    let conditions = || status["conditions"].as_array().into_iter().flatten();
    for condition in conditions().filter(|it| it["status"] == "True") {
        match condition["type"].as_str() {
            Some("Reconciling") => return Kstatus::InProgress,
            Some("Stalled") => return Kstatus::Failed,
            _ => {}
        }
    }
    match conditions().find(|it| it["type"] == "Ready") {
        Some(ready) if ready["status"] != "True" => Kstatus::InProgress,
        _ => Kstatus::Current,
    }
}
