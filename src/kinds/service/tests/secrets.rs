//! No value that may be a secret leaves through drift, conditions or events.

use super::declared::service;
use super::ecs::shown;
use super::world::beside;
use crate::kinds::service::difference::{Sides, changes};
use serde_json::{Value, json};

const SECRET: &str = "hunter2";

/// Declarations with a secret where people put them.
fn with_secrets() -> Vec<(&'static str, Value)> {
    vec![
        (
            "serviceConnectConfiguration",
            json!({"enabled": true, "logConfiguration": {"logDriver": "splunk", "options": {"splunk-token": SECRET}}}),
        ),
        (
            "deploymentConfiguration",
            json!({"lifecycleHooks": [{"hookTargetArn": "arn:aws:lambda:eu-central-1:111122223333:function:x", "roleArn": "r", "lifecycleStages": ["PRE_SCALE_UP"], "hookDetails": {"token": SECRET}}]}),
        ),
    ]
}

/// The same with another secret.
fn other(value: &Value) -> Value {
    serde_json::from_str(&value.to_string().replace(SECRET, "hunter1-hunter2")).unwrap()
}

#[test]
fn a_difference_in_a_secret_shows_neither_side() {
    for (field, value) in with_secrets() {
        let full = json!({field: value});
        let changed = json!({field: other(&value)});
        for (declared, live) in
            [(&full, &json!({})), (&full, &changed), (&json!({field: null}), &full), (&changed, &shown(&full))]
        {
            for applied in [vec![], vec![field.to_owned()]] {
                let all = changes(Sides { declared, live, applied: &applied, daemon: false, controller: "ECS", is_edited: true });
                let told: Vec<_> = all.iter().flat_map(|change| &change.drift).collect();
                assert!(!format!("{told:?}").contains(SECRET), "{field}: {told:?}");
            }
        }
    }
}

#[test]
fn a_status_shows_no_secret() {
    for (field, value) in with_secrets() {
        for policy in ["Observe", "Adopt"] {
            let mut world = beside(service("web").policy(policy).with(field, value.clone()), &service("web"));
            world.pass();
            assert_eq!(world.status.drift.len(), 1, "{field}: {:?}", world.status.drift);
            assert!(!serde_json::to_string(&world.status).unwrap().contains(SECRET), "{field}");
        }
    }
}
