//! What holds for any declaration, any rules of others and any course of edits, deletions and lost replies.

use super::failure;
use super::parts::matches;
use super::world::{World, other, rule_for, shared, tags_of};
use crate::aws::Kind;
use crate::engine::Plan;
use crate::kinds::listener_rule::Step;
use crate::kinds::listener_rule::parts::meaning;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Something that happens to a declaration.
#[derive(Clone, Debug)]
enum Event {
    Match(Value),
    Priority(Option<i32>),
    Forward(Value),
    Rewrite(bool),
    Tags(bool),
    Listener(bool),
    /// The reply to the n-th write of the pass is lost, after it took effect or before.
    Lost(usize, bool),
    /// Somebody deletes our first rule.
    DeletedByHand,
    /// Somebody gives our first rule another action.
    EditedByHand,
    Pass,
}

fn events() -> impl Strategy<Value = Event> {
    let forward =
        vec![json!([{"targetGroupArn": "tg-a"}]), json!([{"targetGroupArn": "tg-a", "weight": 2}, {"targetGroupArn": "tg-b"}])];
    prop_oneof![
        4 => matches().prop_map(|declared| Event::Match(serde_json::to_value(declared).unwrap())),
        1 => proptest::option::of(select(vec![40, 60, 2000])).prop_map(Event::Priority),
        1 => select(forward).prop_map(Event::Forward),
        1 => any::<bool>().prop_map(Event::Rewrite),
        1 => any::<bool>().prop_map(Event::Tags),
        1 => any::<bool>().prop_map(Event::Listener),
        3 => (0..3_usize, any::<bool>()).prop_map(|(number, happened)| Event::Lost(number, happened)),
        1 => Just(Event::DeletedByHand),
        1 => Just(Event::EditedByHand),
        2 => Just(Event::Pass),
    ]
}

fn happens(world: &mut World, event: Event) {
    match event {
        Event::Match(declared) => world.set("match", declared),
        Event::Priority(priority) => world.set("priority", json!(priority)),
        Event::Forward(forward) => world.set("forward", forward),
        Event::Rewrite(there) => {
            let rewrite = json!({"url": {"regex": "a", "replace": "b"}});
            world.set("rewrite", if there { rewrite } else { Value::Null });
        }
        Event::Tags(there) => world.set("tags", if there { json!([{"key": "team", "value": "shop"}]) } else { Value::Null }),
        Event::Listener(first) => world.moves_to(&if first { shared() } else { other() }),
        Event::Lost(at, happened) => {
            let lost = |number: usize, step: &Step| {
                let is_call = !matches!(step, Step::Found { .. });
                (number == at && is_call).then(|| (happened, failure(operation(step), Kind::Unknown)))
            };
            world.pass_until(lost);
        }
        Event::DeletedByHand => {
            if let Some((rule, _)) = world.ours_on(&shared()).first() {
                world.aws.get_mut(&shared()).unwrap().rules.retain(|(held, _)| held.arn != rule.arn);
            }
        }
        Event::EditedByHand => {
            if let Some((rule, _)) = world.ours_on(&shared()).first() {
                world.rule(&rule.arn).0.conditions.clear();
            }
        }
        Event::Pass => drop(world.pass()),
    }
}

const fn operation(step: &Step) -> &'static str {
    match step {
        Step::Create { .. } => "CreateRule",
        Step::Modify(_) => "ModifyRule",
        Step::SetPriorities(_) => "SetRulePriorities",
        Step::Delete { .. } => "DeleteRule",
        _ => "AddTags",
    }
}

/// Rules of others, of whom some are of this installation.
fn others() -> impl Strategy<Value = Vec<(i32, Value, bool)>> {
    let one = (prop_oneof![1..100, 1000..1050, 13_000..14_000, 28_000..29_000], matches(), any::<bool>());
    proptest::collection::vec(one, 0..8).prop_map(|all| {
        all.into_iter().map(|(priority, declared, ours)| (priority, serde_json::to_value(declared).unwrap(), ours)).collect()
    })
}

fn world_beside(others: Vec<(i32, Value, bool)>) -> World {
    let mut world = rule_for("a");
    for (number, (priority, matching, ours)) in others.into_iter().enumerate() {
        if world.aws[&shared()].rules.iter().all(|(rule, _)| rule.priority != Some(priority)) {
            let tags =
                if ours { tags_of("team", &format!("r{number}")) } else { BTreeMap::from([("team".to_owned(), "x".to_owned())]) };
            world.foreign(priority, matching, tags);
        }
    }
    world
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever happened, in the end AWS has exactly what is declared, once, and everything of others is as it was. And
    /// once the object is gone, nothing of it is left.
    #[test]
    fn whatever_happens_ours_is_as_declared_and_others_are_as_they_were(others in others(), events in proptest::collection::vec(events(), 1..14)) {
        let mut world = world_beside(others);
        let foreign = world.foreigners();
        for event in events {
            happens(&mut world, event);
            prop_assert_eq!(&world.foreigners(), &foreign);
        }
        let end = world.settle();
        prop_assert_eq!(&world.foreigners(), &foreign);
        let want = world.present();
        match end {
            Plan::InSync => {
                let here = want.listener.clone().unwrap();
                let there = if here == shared() { other() } else { shared() };
                prop_assert!(world.ours_on(&there).is_empty());
                let mut seen: Vec<_> = world.ours_on(&here).iter().map(|(rule, _)| meaning(&rule.conditions)).collect();
                let mut wanted: Vec<_> = want.parts.iter().map(|part| meaning(&part.conditions)).collect();
                seen.sort();
                wanted.sort();
                prop_assert_eq!(seen, wanted);
                for (rule, tags) in world.ours_on(&here) {
                    prop_assert_eq!(&rule.actions, &vec![want.action.clone()]);
                    prop_assert_eq!(&rule.transforms, &want.transforms.clone().unwrap_or_default());
                    prop_assert_eq!(tags.contains_key("team"), want.tags.contains_key("team"));
                }
                prop_assert_eq!(world.status.rules.len(), want.parts.len());
            }
            Plan::Refuse(stop) => prop_assert_eq!(stop.reason(), "PriorityInUse"),
            other => prop_assert!(false, "{:?}", other),
        }
        world.sent.clear();
        world.pass();
        prop_assert!(world.sent.is_empty(), "a settled rule is written: {:?}", world.sent);
        world.is_deleted = true;
        for _ in 0..4 {
            world.pass();
        }
        prop_assert_eq!(world.plan(), Plan::Gone);
        prop_assert!(world.ours_on(&shared()).is_empty() && world.ours_on(&other()).is_empty());
        prop_assert_eq!(&world.foreigners(), &foreign);
    }

    /// A host that is declared before and after an edit is served at every moment in between.
    #[test]
    fn what_stays_declared_is_always_served(before in proptest::collection::btree_set("[a-p]", 1..16), after in proptest::collection::btree_set("[a-p]", 1..16), priority in proptest::option::of(Just(70))) {
        let mut world = rule_for("a").with("match", json!({"hosts": before}));
        world.set("priority", json!(priority));
        world.settle();
        world.set("match", json!({"hosts": after}));
        loop {
            for host in before.intersection(&after) {
                let served = world.ours_on(&shared()).iter().any(|(rule, _)| format!("{:?}", rule.conditions).contains(&format!("\"{host}\"")));
                prop_assert!(served, "{}", host);
            }
            if !matches!(world.pass(), Plan::Do(_)) {
                break;
            }
        }
        prop_assert_eq!(world.plan(), Plan::InSync);
    }

    /// A plan depends on nothing but what it is given.
    #[test]
    fn the_same_input_gives_the_same_plan(others in others(), declared in matches()) {
        let mut world = world_beside(others);
        world.set("match", serde_json::to_value(declared).unwrap());
        prop_assert_eq!(world.plan(), world.plan());
    }
}
