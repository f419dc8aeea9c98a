//! The operator is killed between any two calls, and its successor goes on where it was.

use crate::fuse::Fuse;
use crate::world::{CLUSTER, World, control_plane, is_ready, web};
use futures::FutureExt;
use futures::future::join_all;
use kube::Config;
use kube::config::{KubeConfigOptions, Kubeconfig};
use serde_json::json;
use std::panic::AssertUnwindSafe;

/// Killed at every write, one story each, as many at once as the machine bears.
const AT_ONCE: i64 = 8;

#[tokio::test(flavor = "multi_thread")]
async fn killed_between_any_two_calls_it_loses_nothing_and_makes_nothing_twice() {
    let mut first = 1;
    loop {
        let lives = (first..first + AT_ONCE)
            .map(|number| async move { (number, AssertUnwindSafe(killed_at(number)).catch_unwind().await) });
        let ends = join_all(lives).await;
        let failed: Vec<i64> = ends.iter().filter(|(_, end)| end.is_err()).map(|(number, _)| *number).collect();
        assert_eq!(failed, [] as [i64; 0], "killed at these writes it did not go on as it should");
        if ends.iter().any(|(_, end)| end.as_ref().is_ok_and(|burnt| !burnt)) {
            break;
        }
        first += AT_ONCE;
    }
    assert!(first > 8, "the story has more writes than {first}, or the fuse does not burn");
}

/// Plays the story with an operator that is killed at this write. Says whether there was one.
async fn killed_at(number: i64) -> bool {
    let world = World::without_operator(crate::world::fast()).await;
    let fuse = Fuse::at(number);
    let kubeconfig = Kubeconfig::read_from(control_plane().await.kubeconfig()).unwrap();
    let kube = fuse.kube(Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.unwrap());
    let victim = tokio::spawn(world.operator(kube, fuse.aws(world.aws.http_client()), "111122223333").run(<_>::default()));
    let story = story(&world);
    let mut story = Box::pin(story);
    tokio::select! {
        () = &mut story => victim.abort(),
        () = fuse.burnt() => {
            victim.abort();
            let _ = victim.await;
            let successor = world.operator(world.kube.clone(), world.aws.http_client(), "111122223333");
            let successor = tokio::spawn(successor.run(<_>::default()));
            let outcome = AssertUnwindSafe(story).catch_unwind().await;
            assert!(outcome.is_ok(), "killed at write {number}, {}: see above", fuse.last());
            successor.abort();
        }
    }
    fuse.is_burnt()
}

async fn story(world: &World) {
    world.apply(&web("nginx:1", 1)).await;
    world.until_ready("web").await;
    world.apply(&web("nginx:2", 1)).await;
    world
        .until("web", "web:2 serves", |service| {
            is_ready(service) && service.status.as_ref().unwrap().revision.as_deref() == Some("web:2")
        })
        .await;
    assert_eq!(world.active_revisions("web"), [1, 2]);
    let services = world.by_hand("ListServices", json!({"cluster": CLUSTER}));
    assert_eq!(services["serviceArns"].as_array().map(Vec::len), Some(1));
    let rollouts = world.by_hand("ListServiceDeployments", json!({"cluster": CLUSTER, "service": "web"}));
    assert_eq!(rollouts["serviceDeployments"].as_array().map(Vec::len), Some(2), "{rollouts}");
    world.delete_and_wait("web").await;
    assert_eq!(world.live("web")["status"], "INACTIVE");
    world.until_definition_gone("web").await;
    assert_eq!(world.active_revisions("web"), [] as [u32; 0]);
}
