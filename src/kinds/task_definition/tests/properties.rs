//! What holds for any declaration.

use super::declared::{Family, family};
use crate::engine::Plan;
use crate::kinds::task_definition::Step;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Members of a container that may be declared or left out.
fn members() -> Vec<(&'static str, Value)> {
    vec![
        ("cpu", json!(10)),
        ("command", json!(["a", "b"])),
        ("environment", json!([{"name": "A", "value": "1"}, {"name": "B", "value": "2"}, {"name": "C", "value": "3"}])),
        ("secrets", json!([{"name": "S", "valueFrom": "x"}, {"name": "T", "valueFrom": "y"}])),
        (
            "portMappings",
            json!([{"containerPort": 80}, {"containerPort": 443, "protocol": "tcp"}, {"containerPort": 53, "protocol": "udp"}]),
        ),
        (
            "mountPoints",
            json!([{"sourceVolume": "a", "containerPath": "/a"}, {"sourceVolume": "b", "containerPath": "/b", "readOnly": true}]),
        ),
        (
            "ulimits",
            json!([{"name": "core", "softLimit": 1, "hardLimit": 2}, {"name": "nofile", "softLimit": 1, "hardLimit": 2}]),
        ),
        ("healthCheck", json!({"command": ["CMD-SHELL", "true"]})),
        ("dockerLabels", json!({"b": "1", "a": "2"})),
    ]
}

fn containers() -> impl Strategy<Value = Value> {
    let container = |name: &'static str| {
        let all = members();
        let count = all.len();
        subsequence(all, 0..=count).prop_map(move |members| {
            let mut container = json!({"name": name, "image": "nginx:1"});
            container.as_object_mut().unwrap().extend(members.into_iter().map(|(member, value)| (member.to_owned(), value)));
            container
        })
    };
    (container("app"), container("log"), container("proxy")).prop_map(|(a, b, c)| json!([a, b, c]))
}

/// The same with lists that are sets turned around and defaults spelled out, as AWS may describe it.
fn turned(containers: &Value) -> Value {
    let mut containers = containers.clone();
    let all = containers.as_array_mut().unwrap();
    all.rotate_left(1);
    for container in all {
        let members = container.as_object_mut().unwrap();
        for list in ["environment", "secrets", "portMappings", "mountPoints", "ulimits"] {
            members.entry(list).or_insert(json!([])).as_array_mut().unwrap().reverse();
        }
        members.entry("essential").or_insert(json!(true));
        members.entry("cpu").or_insert(json!(0));
        if let Some(check) = members.get_mut("healthCheck") {
            check["interval"] = json!(30);
        }
    }
    containers
}

fn families() -> impl Strategy<Value = Family> {
    containers().prop_map(|containers| family("nginx:1").with("containerDefinitions", containers))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    /// An equal manifest in another order never registers again, and neither does a crash in between.
    #[test]
    fn an_equal_manifest_never_registers_again(mut declared in families(), crashes: bool) {
        if crashes {
            declared.crash_while_registering();
        } else {
            declared.pass();
        }
        let containers = turned(&declared.spec["containerDefinitions"]);
        declared = declared.with("containerDefinitions", containers);
        declared.pass();
        prop_assert_eq!(declared.pass(), Plan::InSync);
        prop_assert_eq!(declared.numbers(), vec![1]);
    }

    /// An edit of anything registers.
    #[test]
    fn an_edit_registers_once(mut declared in families(), container in 0..3_usize, member in select(members())) {
        declared.pass();
        let mut edited = declared.spec["containerDefinitions"].clone();
        let (name, value) = member;
        let before = edited[container].as_object_mut().unwrap().remove(name);
        if before.is_none() {
            edited[container][name] = value;
        }
        let mut declared = declared.with("containerDefinitions", edited);
        prop_assert_eq!(declared.pass(), Plan::Do(vec![Step::Register]));
        prop_assert_eq!(declared.pass(), Plan::InSync);
    }

    /// Whatever the history limit and the course of edits, what is used and what others registered stays.
    #[test]
    fn what_is_used_or_foreign_is_never_deregistered(images in proptest::collection::vec(0..4, 1..8), limit in 0..3, used in proptest::collection::btree_set(1..8_i32, 0..4), foreign in 0..8_usize) {
        let mut declared = family("nginx:x").with("revisionHistoryLimit", json!(limit));
        declared.running.clone_from(&used);
        let mut others = Vec::new();
        for (turn, image) in images.into_iter().enumerate() {
            if turn == foreign {
                others.push(declared.register(json!({}), BTreeMap::default()));
            }
            declared.edited(&format!("nginx:{image}"));
            declared.pass();
            declared.pass();
            prop_assert_eq!(declared.plan(), Plan::InSync);
            let active = declared.numbers();
            let registered: Vec<i32> = declared.aws.iter().map(|one| one.revision).collect();
            for kept in used.iter().chain(&others).filter(|kept| registered.contains(kept)) {
                prop_assert!(active.contains(kept), "{} is gone: {:?}", kept, declared.sent);
            }
            prop_assert!(active.contains(&declared.status.revision.unwrap()));
        }
    }
}
