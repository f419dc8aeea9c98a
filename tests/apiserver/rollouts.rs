//! A service rolls out, is edited, fails, is rolled back, is deleted.

use crate::world::{World, condition, is_ready, is_true, web};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_service_rolls_out_is_edited_and_goes_away() {
    let world = World::new().await;
    world.apply(&web("nginx:1.27", 2)).await;
    let service = world.until_ready("web").await;
    let status = service.status.clone().unwrap();
    assert_eq!((status.revision.as_deref(), status.running_count), (Some("web:1"), Some(2)));

    world
        .edit(
            "web",
            json!({"taskDefinitionTemplate": {"containerDefinitions": [
                {"name": "app", "image": "nginx:1.28", "portMappings": [{"name": "http", "containerPort": 80}]}
            ]}}),
        )
        .await;
    world
        .until("web", "web:2 serves", |service| {
            is_ready(service) && service.status.as_ref().unwrap().revision.as_deref() == Some("web:2")
        })
        .await;
    assert_eq!(world.count("RegisterTaskDefinition"), 2);
    assert_eq!((world.count("CreateService"), world.count("UpdateService")), (1, 1));

    world.delete_and_wait("web").await;
    assert_eq!(world.live("web")["status"], "INACTIVE");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_image_is_rolled_back_and_the_reason_is_told() {
    let world = World::new().await;
    world.apply(&web("nginx:1.27", 2)).await;
    world.until_ready("web").await;
    world.apply(&web("shop/missing:2", 2)).await;
    let service = world.until("web", "rolled back", |service| is_true(service, "RolledBack")).await;
    let ready = condition(&service, "Ready").unwrap();
    assert_eq!((ready.status.as_str(), ready.reason.as_str()), ("False", "RolledBack"));
    assert!(is_true(&service, "Stalled"));
    assert!(ready.message.contains("CannotPullContainerError"), "{}", ready.message);
    assert!(ready.message.contains("web:1 serves"), "{}", ready.message);
}
