//! The brake: many deletions at once wait for somebody to confirm them.

use crate::world::{World, fast, reason_of, until_some, web};
use ecs_operator::engine::brake::Limit;
use kube::api::{DeleteParams, ListParams};
use std::collections::BTreeSet;
use std::time::Duration;

const NAMES: [&str; 4] = ["a", "b", "c", "d"];

/// Names of the services that are still there.
async fn left(world: &World) -> BTreeSet<String> {
    let all = world.services().list(&ListParams::default()).await.unwrap();
    all.items.into_iter().filter_map(|it| it.metadata.name).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn many_deletions_at_once_are_held_until_each_is_confirmed() {
    let mut world = World::without_operator(fast()).await;
    world.brake = Limit { deletions: 2, within: Duration::from_mins(10) };
    world.start_operator();
    for name in NAMES {
        world.apply(&web("nginx:1", 1).replace("name: web", &format!("name: {name}"))).await;
    }
    for name in NAMES {
        world.until_ready(name).await;
    }

    world.services().delete_collection(&DeleteParams::default(), &ListParams::default()).await.unwrap();
    until_some("two of four are gone", async || {
        let left = left(&world).await;
        if left.len() == 2 { Ok(()) } else { Err(format!("{left:?}")) }
    })
    .await;
    let held = left(&world).await;
    for name in &held {
        let service = world.until(name, "it is held", |service| reason_of(service) == "DeletionHeld").await;
        let said = service.status.unwrap().conditions;
        let ready = said.iter().find(|it| it.type_ == "Ready").unwrap();
        assert!(ready.message.contains("ecs-operator.io/confirm-deletion=true"), "{}", ready.message);
        assert_eq!(world.live(name)["status"], "ACTIVE", "it serves on");
    }

    world.stop_operator().await;
    world.start_operator();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(left(&world).await, held, "a new process does not forget what is held");

    let first = held.first().unwrap();
    world.annotate(first, "ecs-operator.io/confirm-deletion", "true").await;
    world.until_gone(first).await;
    let second = held.last().unwrap();
    assert_eq!(left(&world).await, BTreeSet::from([second.clone()]), "one confirmation is for one object");
    world.annotate(second, "ecs-operator.io/confirm-deletion", "true").await;
    world.until_gone(second).await;
}
