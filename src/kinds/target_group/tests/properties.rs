//! What holds for any declaration.

use super::world::{World, behind_nlb, web};
use crate::engine::Plan;
use crate::kinds::target_group::Step;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};

/// Values of the fields that may be declared or left out.
fn choices() -> Vec<(&'static str, Vec<Value>)> {
    vec![
        ("port", vec![json!(80), json!(8080)]),
        ("vpcId", vec![json!("vpc-1"), json!("vpc-2")]),
        ("targetType", vec![json!("ip"), json!("instance")]),
        (
            "healthCheck",
            vec![
                json!({"intervalSeconds": 10}),
                json!({"port": "9000", "healthyThresholdCount": 2}),
                json!({"timeoutSeconds": 3}),
            ],
        ),
        ("deregistrationDelaySeconds", vec![json!(0), json!(300), json!(20)]),
        ("attributes", vec![json!([{"key": "stickiness.enabled", "value": "true"}]), json!([{"key": "x.y", "value": "z"}])]),
        ("tags", vec![json!([{"key": "team", "value": "shop"}]), json!([{"key": "team"}, {"key": "stage", "value": "test"}])]),
        ("driftPolicy", vec![json!("Report"), json!("Correct")]),
    ]
}

type Fields = Vec<(&'static str, Value)>;

fn declarations() -> impl Strategy<Value = Fields> {
    let all = choices();
    let count = all.len();
    subsequence(all, 0..=count)
        .prop_flat_map(|fields| fields.into_iter().map(|(field, values)| (Just(field), select(values))).collect::<Vec<_>>())
}

fn declare(world: &mut World, fields: &Fields) {
    for (field, _) in choices() {
        let value = fields.iter().find(|(name, _)| *name == field).map_or(Value::Null, |(_, value)| value.clone());
        world.edit(field, value);
    }
}

fn any_world() -> impl Strategy<Value = World> {
    select(vec!["HTTP", "TCP", "UDP"]).prop_map(|protocol| if protocol == "HTTP" { web() } else { behind_nlb(protocol) })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    /// Doing what the plan says leaves nothing to do, and one target group that is as a new one would be.
    #[test]
    fn any_edit_converges_to_what_a_new_target_group_would_be(world in any_world(), before in declarations(), after in declarations()) {
        let mut edited = world.clone();
        declare(&mut edited, &before);
        edited.settle();
        declare(&mut edited, &after);
        edited.settle();
        prop_assert_eq!(edited.pass(), Plan::InSync);
        let mut fresh = world;
        declare(&mut fresh, &after);
        fresh.settle();
        prop_assert_eq!(edited.groups.len(), 1);
        let (edited, fresh) = (edited.groups.remove(0), fresh.groups.remove(0));
        prop_assert_eq!(edited.target_group.name, fresh.target_group.name);
        prop_assert_eq!(edited.target_group.health_check, fresh.target_group.health_check);
        prop_assert_eq!(edited.tags, fresh.tags);
        for (key, value) in fresh.attributes.unwrap() {
            prop_assert_eq!(edited.attributes.as_ref().unwrap().get(&key), Some(&value), "{}", key);
        }
    }

    /// A write that is refused, at whatever place, only delays: the same end is reached.
    #[test]
    fn a_refusal_at_any_step_is_made_up_for(world in any_world(), before in declarations(), after in declarations(), at in 1_usize..6, lost: bool) {
        let mut world = world;
        declare(&mut world, &before);
        world.settle();
        declare(&mut world, &after);
        world.fails_at = Some(world.sent.len() + at);
        for _ in 0..8 {
            let refused = world.sent.len() + 1 == world.fails_at.unwrap();
            let next = match world.plan() { Plan::Do(steps) => steps.first().cloned(), _ => None };
            world.pass();
            if let (true, true, Some(step)) = (lost, refused, next) {
                // The reply was lost, and it took effect all the same.
                world.act(&step);
            }
        }
        prop_assert_eq!(world.pass(), Plan::InSync);
        prop_assert_eq!(world.groups.len(), 1);
    }

    /// Whatever is declared or deleted, what carries others' tags or none is never written, and no target ever.
    #[test]
    fn what_is_not_ours_is_never_written(fields in declarations(), owner in select(vec!["nobody", "elsewhere"]), policy in select(vec!["Full", "Observe"]), deleted: bool) {
        let mut world = web();
        declare(&mut world, &fields);
        world.edit("name", json!("checkout"));
        world.edit("managementPolicy", json!(policy));
        let tags = [("ecs-operator.io/installation", owner), ("ecs-operator.io/name", "web")];
        world.by_hand("checkout", if owner == "nobody" { &[] } else { &tags });
        for _ in 0..3 {
            world.pass();
        }
        if deleted {
            world.delete();
            world.pass();
        }
        prop_assert_eq!(&world.sent, &Vec::<Step>::new());
    }

    /// The same input gives the same plan, and an equal status where nothing happened.
    #[test]
    fn a_settled_pass_changes_nothing(world in any_world(), fields in declarations()) {
        let mut world = world;
        declare(&mut world, &fields);
        let mut world = world.in_force();
        let before = world.status();
        prop_assert_eq!(world.plan(), world.plan());
        prop_assert_eq!(world.pass(), Plan::InSync);
        prop_assert_eq!(world.status(), before);
    }

    /// Nothing is deleted before what replaces it serves, nor while a service, a listener or a target needs it.
    #[test]
    fn what_serves_is_never_deleted(healthy in 0_usize..4, old_healthy in 1_usize..4, attached: bool) {
        let mut world = web().in_force();
        let old = world.status().arn.unwrap();
        world.attach(&old, old_healthy);
        world.edit("port", json!(8080));
        world.pass();
        let new = world.status().arn.unwrap();
        if attached {
            world.attach(&new, healthy);
        }
        for _ in 0..3 {
            world.pass();
        }
        prop_assert_eq!(world.status().serving, attached && healthy >= old_healthy);
        prop_assert!(world.groups.iter().any(|it| it.target_group.arn == old));
    }
}
