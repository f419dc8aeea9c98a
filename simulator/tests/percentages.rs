//! A rolling update never has fewer healthy tasks, nor more tasks, than its percentages say.

#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};
use simulator::{Settings, Simulator};

fn describe(simulator: &Simulator) -> Value {
    simulator.call("DescribeServices", json!({"cluster": "main", "services": ["web"]})).unwrap()["services"][0].clone()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn a_rolling_update_stays_within_its_percentages(desired in 1_i64..12, least in 0_i64..=100, more in 0_i64..=100) {
        let simulator = Simulator::new(Settings { clusters: vec!["main".to_owned()], ..Settings::default() });
        let definition = json!({
            "family": "web", "requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": "256", "memory": "512",
            "containerDefinitions": [{"name": "app", "image": "nginx"}],
        });
        simulator.call("RegisterTaskDefinition", definition).unwrap();
        let most = 100 + more;
        simulator.call("CreateService", json!({
            "cluster": "main", "serviceName": "web", "taskDefinition": "web", "desiredCount": desired, "launchType": "FARGATE",
            "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-a"]}},
            "deploymentConfiguration": {"maximumPercent": most, "minimumHealthyPercent": least},
        })).unwrap();
        simulator.advance(Duration::from_mins(3));
        simulator.call("UpdateService", json!({"cluster": "main", "service": "web", "forceNewDeployment": true})).unwrap();
        let (floor, ceiling) = ((desired * least + 99) / 100, desired * most / 100);
        for _ in 0..300 {
            simulator.advance(Duration::from_secs(5));
            let seen = describe(&simulator);
            let (running, pending) = (seen["runningCount"].as_i64().unwrap(), seen["pendingCount"].as_i64().unwrap());
            prop_assert!(running >= floor, "{running} of {floor} at {least} %");
            prop_assert!(running + pending <= ceiling, "{running} + {pending} of {ceiling} at {most} %");
        }
        // Stuck or done, as the percentages have it: some task must be able to move.
        let can_move = ceiling > desired || floor < desired;
        let state = describe(&simulator)["deployments"][0]["rolloutState"].clone();
        prop_assert!(!can_move || state == "COMPLETED", "{state}");
        prop_assert!(can_move || state == "IN_PROGRESS", "{state}");
    }
}
