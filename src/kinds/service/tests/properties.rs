//! What holds for any declaration.

use super::declared::{Declared, service};
use super::ecs::{created, shown};
use super::steps;
use super::world::{beside, in_force, world};
use crate::domain::owner::Owner;
use crate::engine::Plan;
use crate::kinds::service::Step;
use crate::kinds::service::canonical::canonical;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Values of the members that may be declared or left out.
fn choices() -> Vec<(&'static str, Vec<Value>)> {
    let target = |arn: &str, more: Value| {
        let mut target = json!({"targetGroupArn": arn, "containerName": "app", "containerPort": 80});
        target.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        target
    };
    let vpc = |more: Value| json!({"awsvpcConfiguration": more});
    vec![
        ("desiredCount", vec![json!(0), json!(1), json!(4)]),
        ("taskDefinition", vec![json!("web:1"), json!("web:2"), json!("web")]),
        ("enableExecuteCommand", vec![json!(false), json!(true)]),
        ("enableECSManagedTags", vec![json!(false), json!(true)]),
        ("healthCheckGracePeriodSeconds", vec![json!(0), json!(60)]),
        ("propagateTags", vec![json!("NONE"), json!("SERVICE")]),
        ("availabilityZoneRebalancing", vec![json!("ENABLED"), json!("DISABLED")]),
        ("platformVersion", vec![json!("LATEST"), json!("1.4.0")]),
        ("placementStrategy", vec![json!([]), json!([{"type": "random"}]), json!([{"type": "binpack", "field": "memory"}])]),
        ("placementConstraints", vec![json!([]), json!([{"type": "distinctInstance"}])]),
        (
            "capacityProviderStrategy",
            vec![
                json!([{"capacityProvider": "a", "weight": 1}]),
                json!([{"capacityProvider": "b", "base": 1}, {"capacityProvider": "a"}]),
            ],
        ),
        (
            "networkConfiguration",
            vec![
                vpc(json!({"subnets": ["a", "b"]})),
                vpc(json!({"subnets": ["a"], "securityGroups": ["x", "y"], "assignPublicIp": "ENABLED"})),
            ],
        ),
        (
            "loadBalancers",
            vec![
                json!([]),
                json!([target("a", json!({})), target("b", json!({}))]),
                json!([target(
                    "a",
                    json!({"advancedConfiguration": {"alternateTargetGroupArn": "b", "productionListenerRule": "r", "roleArn": "x"}})
                )]),
            ],
        ),
        (
            "serviceConnectConfiguration",
            vec![
                json!({"enabled": false}),
                json!({"enabled": true, "namespace": "n", "services": [{"portName": "http"}, {"portName": "admin"}]}),
            ],
        ),
        (
            "deploymentConfiguration",
            vec![
                json!({}),
                json!({"maximumPercent": 150}),
                json!({"minimumHealthyPercent": 0, "deploymentCircuitBreaker": {"enable": true, "rollback": true}, "alarms": {"alarmNames": ["z", "a"], "enable": true, "rollback": false}}),
            ],
        ),
    ]
}

fn declarations() -> impl Strategy<Value = Declared> {
    let all = choices();
    let count = all.len();
    let picked = subsequence(all, 0..=count)
        .prop_flat_map(|fields| fields.into_iter().map(|(field, values)| (Just(field), select(values))).collect::<Vec<_>>());
    let tags = subsequence(vec![("team", "shop"), ("team", "ops"), ("stage", "test")], 0..=2);
    (picked, tags).prop_map(|(fields, tags)| {
        let declared = fields.into_iter().fold(service("web"), |declared, (field, value)| declared.with(field, value));
        let mut seen = Vec::new();
        tags.into_iter().fold(declared, |declared, (key, value)| {
            if seen.contains(&key) {
                return declared;
            }
            seen.push(key);
            declared.tagged(key, value)
        })
    })
}

/// Members that keep what they have when they leave the declaration.
fn kept(field: &str) -> bool {
    matches!(
        field,
        "desiredCount" | "availabilityZoneRebalancing" | "networkConfiguration" | "taskDefinition" | "serviceName" | "cluster"
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    /// After one edit everything declared is so, and what is no longer declared is as ECS would have made it.
    #[test]
    fn an_edit_converges_in_one_update_to_what_a_new_service_would_be(before in declarations(), after in declarations()) {
        let mut world = in_force(before);
        world.declared = after.clone();
        world.settle();
        prop_assert_eq!(world.plan(), Plan::InSync);
        let updates = world.sent.iter().filter(|step| matches!(step, Step::Update { .. })).count();
        prop_assert!(updates <= 1, "{:?}", world.sent);
        let (fresh, live) = (canonical(&shown(&after.present().declared)), canonical(&world.live().fields));
        for (field, wanted) in fresh.as_object().unwrap() {
            if !kept(field) || !after.spec[field].is_null() {
                let seen = &live[field];
                let named_alike = field == "taskDefinition" || field == "capacityProviderStrategy" && wanted.is_null();
                prop_assert!(named_alike || wanted == seen, "{}: {} is not {}", field, seen, wanted);
            }
        }
    }

    /// One pass over a service that agrees writes nothing, in whatever order its lists come back.
    #[test]
    fn what_was_just_made_is_in_sync(declared in declarations()) {
        let mut world = in_force(declared);
        prop_assert_eq!(world.pass(), Plan::InSync);
        prop_assert!(world.sent.is_empty());
    }

    /// Whatever stands there under another name or none, nothing is written.
    #[test]
    fn what_is_not_ours_is_never_written(declared in declarations(), made in declarations(), policy in select(vec!["Full", "Observe", "Adopt"]), owner in select(vec!["nobody", "here", "elsewhere"]), deleted: bool) {
        let mut declared = declared.policy(policy);
        declared.is_deleted = deleted;
        let mut world = beside(declared, &made);
        if owner != "nobody" {
            let other = Owner { installation: owner.to_owned(), kind: "EcsService".to_owned(), namespace: "shop".to_owned(), name: "other".to_owned(), uid: "uid-of-web".to_owned() };
            world.live().tags.extend(other.tags());
        }
        for _ in 0..3 {
            world.pass();
        }
        let ours = policy == "Adopt" && owner == "nobody" && !deleted;
        prop_assert!(ours || world.sent.is_empty(), "{:?}", world.sent);
        prop_assert!(world.sent.is_empty() || world.sent == [Step::Claim], "{:?}", world.sent);
    }

    /// A plan depends on nothing but what it is given.
    #[test]
    fn the_same_input_gives_the_same_plan(before in declarations(), after in declarations()) {
        let mut world = in_force(before);
        world.declared = after;
        prop_assert_eq!(world.plan(), world.plan());
    }

    /// Whatever is edited, the number of tasks is sent only where it is declared.
    #[test]
    fn an_undeclared_count_is_never_sent(before in declarations(), after in declarations(), running in 0..50) {
        let mut world = in_force(before);
        world.live().fields["desiredCount"] = json!(running);
        world.declared = after.without("desiredCount");
        if let Plan::Do(all) = world.plan() {
            for step in all {
                if let Step::Update { members, .. } = step {
                    prop_assert!(members["desiredCount"].is_null());
                }
            }
        }
    }

    /// A revision that failed is held back, whatever else is edited that begins no rollout.
    #[test]
    fn a_failed_revision_is_held_back(declared in declarations(), count in 0..9) {
        let mut world = in_force(declared.clone().runs("web:1"));
        world.declared = declared.runs("web:3");
        world.pass();
        world.roll_back("web:1");
        world.pass();
        world.complete();
        world.pass();
        world.sent.clear();
        world.declared = world.declared.clone().count(count);
        world.settle();
        for step in &world.sent {
            prop_assert!(matches!(step, Step::Update { deploys: false, force: false, .. }), "{:?}", step);
        }
    }
}

#[test]
fn the_model_makes_what_is_declared() {
    let declared = service("web").count(2).present().declared;
    assert_eq!(created(&declared, BTreeMap::default(), 1).fields["desiredCount"], json!(2));
    assert_eq!(steps(world(service("web")).plan()), [Step::Create]);
}
