//! The operator beside the rules of others on one listener, whatever happens: what others made stays byte for byte as it was,
//! and in the end ours is exactly what is declared.

use crate::edge::{Edge, answering, delete_rule, is_rule_ready, rules, text};
use crate::world::{World, until_some};
use rand::prelude::*;
use serde_json::{Value, json};
use simulator::{Fault, FaultKind};
use std::collections::BTreeMap;
use std::time::Duration;

const NAMES: [&str; 4] = ["a", "b", "c", "d"];
const WRITES: [&str; 6] = ["CreateRule", "ModifyRule", "SetRulePriorities", "AddTags", "RemoveTags", "DeleteRule"];

#[tokio::test(flavor = "multi_thread")]
async fn what_others_made_stays_as_it_was_with_seed_1() {
    beside(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_made_stays_as_it_was_with_seed_2() {
    beside(2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_made_stays_as_it_was_with_seed_3() {
    beside(3).await;
}

/// Creates, edits and deletes a few objects at random, with lost replies and throttling.
async fn beside(seed: u64) {
    let mut chance = StdRng::seed_from_u64(seed);
    let world = World::new().await;
    let edge = Edge::new(&world, "edge");
    let theirs = edge.target_group("theirs");
    world
        .aws
        .call_elb("RegisterTargets", json!({"TargetGroupArn": theirs, "Targets": [{"Id": "10.0.0.9", "Port": 80}]}))
        .unwrap();
    for (priority, host) in
        [(3, "x.example.com"), (1000, "*.theirs.example.com"), (1010, "y.example.com"), (28_300, "z.example.com")]
    {
        edge.foreign(priority, host, &theirs);
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let before = edge.foreign_things();
    let mut declared: BTreeMap<&str, Value> = BTreeMap::new();
    for step in 0..30 {
        let name = *NAMES.choose(&mut chance).unwrap();
        fail(&world, &mut chance);
        if declared.contains_key(name) && chance.random_bool(0.25) {
            declared.remove(name);
            delete_rule(&world, name).await;
        } else {
            let manifest = any(name, &edge, &mut chance);
            world.apply(&manifest.to_string()).await;
            declared.insert(name, manifest);
        }
        tokio::time::sleep(Duration::from_millis(chance.random_range(0..150))).await;
        assert_eq!(edge.foreign_things(), before, "seed {seed}, step {step}");
    }
    world.aws.clear_faults();
    for (name, manifest) in &declared {
        until_some(&format!("seed {seed}: {name} is as declared"), async || as_declared(&world, &edge, name, manifest).await)
            .await;
    }
    let ours: usize = declared.keys().map(|name| edge.ours(name).len()).sum();
    assert_eq!(edge.rules().len(), ours + 4, "seed {seed}: nothing that nobody declared is left");
    for name in declared.keys() {
        delete_rule(&world, name).await;
    }
    assert_eq!(edge.foreign_things(), before, "seed {seed}");
    assert_eq!(edge.rules().len(), 4, "seed {seed}");
}

/// Now and then the next write meets a fault.
fn fail(world: &World, chance: &mut StdRng) {
    if chance.random_bool(0.5) {
        let operation = *WRITES.choose(chance).unwrap();
        let fault = if chance.random_bool(0.6) {
            Fault::new(operation, FaultKind::LostReply)
        } else {
            Fault::error(operation, "Throttling", "Rate exceeded")
        };
        world.aws.inject(fault.times(1));
    }
}

/// A declaration of a few hosts that no other name has, sometimes with a priority of its own.
fn any(name: &str, edge: &Edge<'_>, chance: &mut StdRng) -> Value {
    let hosts: Vec<String> =
        (0..chance.random_range(1..9)).map(|_| format!("{name}{}.example.com", chance.random_range(0..12))).collect();
    let hosts: Vec<String> = std::collections::BTreeSet::from_iter(hosts).into_iter().collect();
    let mut manifest = answering(name, &edge.listener, &hosts);
    if chance.random_bool(0.3) {
        let number = NAMES.iter().position(|one| *one == name).unwrap();
        manifest["spec"]["priority"] = json!(100 + number * 50 + chance.random_range(0..3));
    }
    if chance.random_bool(0.5) {
        manifest["spec"]["tags"] = json!([{"key": "team", "value": format!("{name}-{}", chance.random_range(0..3))}]);
    }
    if chance.random_bool(0.3) {
        manifest["spec"]["rewrite"] = json!({"url": {"regex": "^/a(.*)$", "replace": "/b$1"}});
    }
    manifest
}

/// Whether the rules of an object take exactly the hosts that it declares, with its priority and its tags.
async fn as_declared(world: &World, edge: &Edge<'_>, name: &str, manifest: &Value) -> Result<(), String> {
    let object = rules(world).get(name).await.unwrap();
    let ours = edge.ours(name);
    let mut hosts: Vec<String> =
        ours.iter().flat_map(|rule| rule["Conditions"][0]["Values"].as_array().unwrap()).map(text).collect();
    hosts.sort();
    let wanted: Vec<String> = manifest["spec"]["match"]["hosts"].as_array().unwrap().iter().map(text).collect();
    let priority = manifest["spec"]["priority"]
        .as_i64()
        .is_none_or(|priority| ours.first().is_some_and(|rule| text(&rule["Priority"]) == priority.to_string()));
    let rewrites = manifest["spec"]["rewrite"].is_object();
    let transforms = ours.iter().all(|rule| rule["Transforms"].as_array().is_some_and(|all| !all.is_empty()) == rewrites);
    let tag = manifest["spec"]["tags"][0]["value"].as_str();
    let tags = ours.iter().all(|rule| {
        let tags = edge.tags(&text(&rule["RuleArn"]));
        tags.is_array()
            && tag.map_or(!tags.to_string().contains("\"team\""), |tag| tags.to_string().contains(&format!("\"{tag}\"")))
    });
    if is_rule_ready(&object) && hosts == wanted && priority && transforms && tags {
        return Ok(());
    }
    Err(format!("{}\n{ours:?}\nwanted {manifest}", serde_yaml_ng::to_string(&object.status).unwrap()))
}
