//! Declaration against live service: what is no difference and what is one, rule by rule of the notes on normalisation
//! (part 3, 17 to 30; lists and nested settings stand in `normalisation_lists`).
//!
//! Not here: 19, second half (a scalable target's range), since no kind scales services yet. 24 and 25 in so far as they
//! forbid to *send* something (`field` with `random`, an empty expression): the schema refuses those.

use super::declared::arn_of;
use super::ecs::shown;
use crate::kinds::service::difference::{Sides, changes};
use serde_json::{Value, json};

/// The fields that differ between a declaration and a live service.
pub fn differing(declared: &Value, live: &Value) -> Vec<&'static str> {
    let daemon = declared["schedulingStrategy"] == "DAEMON";
    let controller = declared.pointer("/deploymentController/type").and_then(Value::as_str).unwrap_or("ECS");
    let (before, beside) = (declared.clone(), live.clone());
    let all = changes(Sides { declared, live, applied: &[], daemon, controller, is_edited: false });
    assert_eq!((declared, live), (&before, &beside), "comparing changed one of the two (rule 30)");
    all.into_iter().map(|change| change.field).collect()
}

/// `field` declared as `wanted` and live as `seen`, the rest as ECS fills it in; null is absent.
pub fn differs(field: &str, wanted: Value, seen: Value) -> bool {
    let mut live = shown(&json!({}));
    let mut declared = json!({});
    for (side, value) in [(&mut declared, wanted), (&mut live, seen)] {
        if value.is_null() {
            side.as_object_mut().unwrap().remove(field);
        } else {
            side[field] = value;
        }
    }
    match differing(&declared, &live).as_slice() {
        [] => false,
        [one] if *one == field => true,
        more => panic!("{field} was expected to differ, not {more:?}"),
    }
}

pub fn assert_same(cases: &[(&str, Value, Value)]) {
    for (field, wanted, seen) in cases {
        assert!(!differs(field, wanted.clone(), seen.clone()), "{field}: {wanted} is taken for different from {seen}");
    }
}

pub fn assert_different(cases: &[(&str, Value, Value)]) {
    for (field, wanted, seen) in cases {
        assert!(differs(field, wanted.clone(), seen.clone()), "{field}: {wanted} is taken for the same as {seen}");
    }
}

#[test]
fn a_sparse_service_does_not_differ_from_what_ecs_fills_in() {
    for declared in [json!({}), json!({"schedulingStrategy": "DAEMON"}), json!({"launchType": "FARGATE"})] {
        assert!(differing(&declared, &shown(&declared)).is_empty(), "{declared}");
    }
}

#[test]
fn a_declared_default_is_what_an_old_service_without_it_has() {
    let bare = json!({"taskDefinition": arn_of("web:1")});
    let declared = json!({
        "deploymentController": {"type": "ECS"}, "propagateTags": "NONE", "enableECSManagedTags": false,
        "enableExecuteCommand": false, "healthCheckGracePeriodSeconds": 0, "availabilityZoneRebalancing": "DISABLED",
        "loadBalancers": [], "serviceRegistries": [], "placementConstraints": [], "placementStrategy": [],
        "volumeConfigurations": [], "vpcLatticeConfigurations": [], "capacityProviderStrategy": [],
        "serviceConnectConfiguration": {"enabled": false},
        "deploymentConfiguration": {
            "strategy": "ROLLING", "bakeTimeInMinutes": 0, "maximumPercent": 200, "minimumHealthyPercent": 100,
            "alarms": {"alarmNames": [], "enable": false, "rollback": false}, "lifecycleHooks": [],
            "deploymentCircuitBreaker": {"enable": false, "rollback": false},
        },
    });
    assert_eq!(differing(&declared, &bare), Vec::<&str>::new());
    assert_eq!(differing(&declared, &shown(&json!({}))), ["availabilityZoneRebalancing"], "ECS enables it by itself");
}

#[test]
fn each_default_that_was_changed_by_somebody_is_a_difference() {
    assert_different(&[
        ("propagateTags", json!("NONE"), json!("SERVICE")),
        ("enableECSManagedTags", json!(false), json!(true)),
        ("enableExecuteCommand", json!(false), json!(true)),
        ("enableExecuteCommand", json!(true), json!(false)),
        ("healthCheckGracePeriodSeconds", json!(0), json!(60)),
        ("healthCheckGracePeriodSeconds", json!(60), json!(0)),
        ("availabilityZoneRebalancing", json!("DISABLED"), json!("ENABLED")),
        ("availabilityZoneRebalancing", json!("ENABLED"), json!("DISABLED")),
        ("availabilityZoneRebalancing", json!("ENABLED"), json!(null)),
        ("desiredCount", json!(0), json!(1)),
        ("desiredCount", json!(3), json!(2)),
        ("placementStrategy", json!([]), json!([{"type": "random"}])),
        ("loadBalancers", json!([]), json!([{"targetGroupArn": "a", "containerName": "app", "containerPort": 80}])),
        ("serviceConnectConfiguration", json!({"enabled": false}), json!({"enabled": true, "namespace": "x"})),
        ("capacityProviderStrategy", json!([]), json!([{"capacityProvider": "spot", "weight": 1}])),
    ]);
}

#[test]
fn what_is_not_declared_and_was_never_sent_is_left_alone() {
    let live = json!({
        "desiredCount": 7, "availabilityZoneRebalancing": "ENABLED", "platformVersion": "1.4.0",
        "enableExecuteCommand": true, "propagateTags": "SERVICE", "healthCheckGracePeriodSeconds": 60,
        "capacityProviderStrategy": [{"capacityProvider": "spot", "weight": 1}],
        "placementStrategy": [{"type": "random"}], "role": "arn:aws:iam::111122223333:role/x",
    });
    assert!(
        differing(&json!({"taskDefinition": arn_of("web:1")}), &{
            let mut live = live;
            live["taskDefinition"] = json!(arn_of("web:1"));
            live
        })
        .is_empty()
    );
}

#[test]
fn parts_of_the_deployment_configuration_are_compared_one_by_one() {
    let live = shown(&json!({}))["deploymentConfiguration"].clone();
    let same = [
        json!({"maximumPercent": 200}),
        json!({"minimumHealthyPercent": 100}),
        json!({"strategy": "ROLLING", "bakeTimeInMinutes": 0}),
        json!({"deploymentCircuitBreaker": {"enable": false, "rollback": false}}),
        json!({"alarms": {"alarmNames": [], "enable": false, "rollback": false}}),
        json!({}),
    ];
    for wanted in same {
        assert!(!differs("deploymentConfiguration", wanted.clone(), live.clone()), "{wanted}");
    }
    let different = [
        json!({"maximumPercent": 150}),
        json!({"minimumHealthyPercent": 0}),
        json!({"strategy": "BLUE_GREEN"}),
        json!({"bakeTimeInMinutes": 5}),
        json!({"deploymentCircuitBreaker": {"enable": true, "rollback": true}}),
        json!({"deploymentCircuitBreaker": {"enable": false, "rollback": false, "thresholdConfiguration": {"type": "COUNT", "value": 3}}}),
        json!({"alarms": {"alarmNames": ["errors"], "enable": true, "rollback": true}}),
    ];
    for wanted in different {
        assert!(differs("deploymentConfiguration", wanted.clone(), live.clone()), "{wanted}");
    }
}

#[test]
fn a_daemon_has_its_own_percentages_and_no_count() {
    let daemon = json!({"schedulingStrategy": "DAEMON", "desiredCount": 3});
    let mut live = shown(&json!({"schedulingStrategy": "DAEMON"}));
    live["desiredCount"] = json!(9);
    assert!(differing(&daemon, &live).is_empty());
    let mut declared = daemon.clone();
    declared["deploymentConfiguration"] = json!({"maximumPercent": 100, "minimumHealthyPercent": 0});
    assert!(differing(&declared, &live).is_empty());
    declared["deploymentConfiguration"] = json!({"minimumHealthyPercent": 50});
    assert_eq!(differing(&declared, &live), ["deploymentConfiguration"]);
}

#[test]
fn early_success_and_hooks_have_defaults_of_their_own() {
    let hook = |more: Value| {
        let mut hook =
            json!({"hookTargetArn": "arn:lambda:x", "roleArn": "r", "lifecycleStages": ["PRE_SCALE_UP", "POST_SCALE_UP"]});
        hook.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"lifecycleHooks": [hook]})
    };
    let filled = hook(json!({
        "lifecycleStages": ["POST_SCALE_UP", "PRE_SCALE_UP"], "targetType": "AWS_LAMBDA",
        "timeoutConfiguration": {"timeoutInMinutes": 1440, "action": "ROLLBACK"},
    }));
    assert_same(&[
        ("deploymentConfiguration", hook(json!({})), filled.clone()),
        ("deploymentConfiguration", filled.clone(), hook(json!({}))),
        (
            "deploymentConfiguration",
            hook(json!({"hookDetails": {"a": 1, "b": 2.0}})),
            hook(json!({"hookDetails": {"b": 2, "a": 1.0}})),
        ),
        (
            "deploymentConfiguration",
            json!({"earlySuccessCriteria": {"enable": true, "healthyPercent": 100, "sourceServiceRevisionCleanup": "BLOCKING"}}),
            json!({"earlySuccessCriteria": {"enable": true}}),
        ),
    ]);
    assert_different(&[
        ("deploymentConfiguration", hook(json!({"targetType": "PAUSE"})), filled.clone()),
        (
            "deploymentConfiguration",
            hook(json!({"timeoutConfiguration": {"timeoutInMinutes": 60, "action": "ROLLBACK"}})),
            filled.clone(),
        ),
        ("deploymentConfiguration", hook(json!({"lifecycleStages": ["PRE_SCALE_UP"]})), filled.clone()),
        ("deploymentConfiguration", hook(json!({"hookDetails": {"a": 1}})), hook(json!({"hookDetails": {"a": 2}}))),
        ("deploymentConfiguration", json!({"lifecycleHooks": []}), filled),
        (
            "deploymentConfiguration",
            json!({"earlySuccessCriteria": {"enable": true, "healthyPercent": 80}}),
            json!({"earlySuccessCriteria": {"enable": true}}),
        ),
    ]);
}

#[test]
fn a_task_definition_may_be_named_in_any_form() {
    let live = json!(arn_of("web:7"));
    let family_arn = json!(arn_of("web"));
    assert_same(&[
        ("taskDefinition", live.clone(), live.clone()),
        ("taskDefinition", json!("web:7"), live.clone()),
        ("taskDefinition", json!("web"), live.clone()),
        ("taskDefinition", family_arn.clone(), live.clone()),
    ]);
    assert_different(&[
        ("taskDefinition", json!("web:8"), live.clone()),
        ("taskDefinition", json!("we"), live.clone()),
        ("taskDefinition", json!("web-2"), live.clone()),
        ("taskDefinition", json!(arn_of("web:8")), live.clone()),
        ("taskDefinition", json!(arn_of("web-2")), live),
        ("taskDefinition", family_arn, json!(arn_of("web-2:7"))),
        ("taskDefinition", json!("arn:aws:ecs:us-east-1:111122223333:task-definition/web:7"), json!(arn_of("web:7"))),
    ]);
}

#[test]
fn latest_is_whatever_platform_version_runs() {
    assert_same(&[
        ("platformVersion", json!("LATEST"), json!("1.4.0")),
        ("platformVersion", json!("LATEST"), json!("LATEST")),
        ("platformVersion", json!("1.4.0"), json!("1.4.0")),
    ]);
    assert_different(&[
        ("platformVersion", json!("1.4.0"), json!("LATEST")),
        ("platformVersion", json!("1.3.0"), json!("1.4.0")),
    ]);
}

#[test]
fn under_code_deploy_what_it_swaps_is_not_compared() {
    let declared = json!({
        "deploymentController": {"type": "CODE_DEPLOY"}, "taskDefinition": arn_of("web:1"), "desiredCount": 2,
        "loadBalancers": [{"targetGroupArn": "blue", "containerName": "app", "containerPort": 80}],
    });
    let mut live = shown(&declared);
    live["taskDefinition"] = json!(arn_of("web:2"));
    live["loadBalancers"][0]["targetGroupArn"] = json!("green");
    assert!(differing(&declared, &live).is_empty());
    live["desiredCount"] = json!(3);
    assert_eq!(differing(&declared, &live), ["desiredCount"]);
}
