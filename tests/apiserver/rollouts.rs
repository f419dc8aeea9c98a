//! A service rolls out, is edited, fails, is rolled back, is deleted.

use crate::world::{CLUSTER, SPEED, World, condition, family, is_ready, is_true, running, web, with};
use kube::api::DeleteParams;
use serde_json::json;
use simulator::Settings;
use std::time::Duration;

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

#[tokio::test(flavor = "multi_thread")]
async fn a_new_revision_reaches_the_services_that_refer_to_it_at_once() {
    let world = World::new().await;
    world.apply(&family("shop", "nginx:1")).await;
    world.apply(&running("web", "shop", 1)).await;
    world.apply(&running("jobs", "shop", 1)).await;
    world.until_ready("web").await;
    world.until_ready("jobs").await;
    world.apply(&family("shop", "nginx:2")).await;
    for name in ["web", "jobs"] {
        world
            .until(name, "shop:2 serves", |service| {
                is_ready(service) && service.status.as_ref().unwrap().revision.as_deref() == Some("shop:2")
            })
            .await;
    }
    let calls = world.aws.calls();
    let first = |operation: &str| calls.iter().filter(|call| call.operation == operation).map(|call| call.at).collect::<Vec<_>>();
    let (registered, updated) = (first("RegisterTaskDefinition")[1], first("UpdateService"));
    assert_eq!(updated.len(), 2);
    for at in updated {
        let seconds = at.duration_since(registered).as_secs_f64() / SPEED;
        // It takes some milliseconds; a peer takes ten hours. The machine may be busy.
        assert!(seconds < 5.0, "{seconds} s");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revision_that_failed_is_not_rolled_out_again_until_it_is_edited() {
    let mut world = World::new().await;
    world.apply(&web("nginx:1", 1)).await;
    world.until_ready("web").await;
    world.apply(&web("shop/crash:2", 1)).await;
    let service = world.until("web", "rolled back", |service| is_true(service, "RolledBack")).await;
    let told = &condition(&service, "Ready").unwrap().message;
    assert!(told.contains("exit code 1") && told.contains("Edit the declaration to try again"), "{told}");
    world.stop_operator().await;
    world.start_operator();
    world.annotate("web", "ecs-operator.io/reconcile-at", "now").await;
    world.until("web", "it looked again", |service| service.status.as_ref().unwrap().reconciled_at.is_some()).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(world.count("UpdateService"), 1);
    assert!(is_true(&world.services().get("web").await.unwrap(), "RolledBack"));
    world.apply(&web("nginx:3", 1)).await;
    let service = world.until_ready("web").await;
    assert!(condition(&service, "RolledBack").is_none() && condition(&service, "Stalled").is_none());
    let status = service.status.unwrap();
    assert_eq!(status.revision.as_deref(), Some("web:3"), "{}", serde_yaml_ng::to_string(&status).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn restarted_at_replaces_the_tasks_once() {
    let mut world = World::new().await;
    world.apply(&web("nginx:1", 1)).await;
    world.until_ready("web").await;
    let before = world.live("web")["deployments"][0]["id"].clone();
    world.annotate("web", "ecs-operator.io/restarted-at", "2026-01-01T00:00:00Z").await;
    world
        .until("web", "restarted", |service| {
            is_ready(service) && service.status.as_ref().unwrap().restarted_at.as_deref() == Some("2026-01-01T00:00:00Z")
        })
        .await;
    assert_ne!(world.live("web")["deployments"][0]["id"], before);
    world.stop_operator().await;
    world.start_operator();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(world.count("UpdateService"), 1);
    assert_eq!(world.active_revisions("web"), [1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn capacity_providers_are_changed_in_place() {
    let world = World::new().await;
    let providers = json!(["FARGATE", "FARGATE_SPOT"]);
    world.by_hand(
        "PutClusterCapacityProviders",
        json!({
            "cluster": CLUSTER, "capacityProviders": providers, "defaultCapacityProviderStrategy": [],
        }),
    );
    world.apply(&web("nginx:1", 1)).await;
    world.until_ready("web").await;
    let before = world.live("web");
    let spot = json!([{"capacityProvider": "FARGATE_SPOT", "weight": 1}]);
    world.apply(&with(&web("nginx:1", 1), json!({"launchType": null, "capacityProviderStrategy": spot}))).await;
    world
        .until("web", "it runs on spot", |service| {
            is_ready(service) && service.status.as_ref().unwrap().observed_generation == Some(2)
        })
        .await;
    let after = world.live("web");
    assert_eq!(after["createdAt"], before["createdAt"]);
    assert_eq!(after["capacityProviderStrategy"][0]["capacityProvider"], "FARGATE_SPOT");
    let update = world.aws.calls().into_iter().find(|call| call.operation == "UpdateService").unwrap();
    assert_eq!(update.input["forceNewDeployment"], true);
    assert_eq!(world.count("DeleteService"), 0);

    world.apply(&web("nginx:1", 1)).await;
    world
        .until("web", "it runs on its launch type", |service| {
            is_ready(service) && service.status.as_ref().unwrap().observed_generation == Some(3)
        })
        .await;
    assert_eq!(world.live("web")["launchType"], "FARGATE");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delete_waits_for_the_drain_and_gone_means_gone() {
    // Slow enough to see it drain.
    let mut world = World::without_operator(Settings { speed: 20.0, ..Settings::default() }).await;
    world.start_operator();
    let slow =
        json!({"taskDefinitionTemplate": {"containerDefinitions": [{"name": "app", "image": "nginx:1", "stopTimeout": 60}]}});
    world.apply(&with(&web("nginx:1", 1), slow)).await;
    world.until_ready("web").await;
    world.services().delete("web", &DeleteParams::default()).await.unwrap();
    world.until_told("web", "Deleting", &["its tasks are being stopped"]).await;
    world.until_gone("web").await;
    assert_eq!(world.live("web")["status"], "INACTIVE");
    world.until_definition_gone("web").await;
    assert_eq!(world.active_revisions("web"), [] as [u32; 0]);

    world.apply(&web("nginx:1", 1)).await;
    world.until_ready("web").await;
    assert_eq!(world.live("web")["status"], "ACTIVE");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_somebody_deleted_is_made_again_once_it_has_drained() {
    let world = World::new().await;
    world.apply(&web("nginx:1", 1)).await;
    let before = world.until_ready("web").await.status.unwrap();
    world.by_hand("DeleteService", json!({"cluster": CLUSTER, "service": "web", "force": true}));
    let service = world
        .until("web", "it is made again", |service| {
            is_ready(service) && service.status.as_ref().unwrap().created_at != before.created_at
        })
        .await;
    assert_eq!(world.live("web")["status"], "ACTIVE");
    assert_eq!(service.status.unwrap().revision.as_deref(), Some("web:1"));
    assert_eq!(world.count("RegisterTaskDefinition"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_cluster_is_gone_a_delete_ends() {
    let mut world = World::new().await;
    world.apply(&web("nginx:1", 1)).await;
    world.until_ready("web").await;
    world.stop_operator().await;
    world.by_hand("DeleteService", json!({"cluster": CLUSTER, "service": "web", "force": true}));
    world
        .until_aws("it has drained", |aws| {
            let input = json!({"cluster": CLUSTER, "services": ["web"]});
            aws.call("DescribeServices", input).unwrap()["services"][0]["status"] == "INACTIVE"
        })
        .await;
    world.until_aws("the cluster is gone", |aws| aws.call("DeleteCluster", json!({"cluster": CLUSTER})).is_ok()).await;
    world.start_operator();
    world.delete_and_wait("web").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn old_revisions_go_beyond_the_limit_but_never_one_that_runs() {
    let world = World::new().await;
    let limited = |image: &str| with(&family("shop", image), json!({"revisionHistoryLimit": 1}));
    world.apply(&limited("nginx:1")).await;
    world.until_registered("shop", 1).await;
    world.apply(&with(&running("old", "shop", 1), json!({"taskDefinitionRef": null, "taskDefinition": "shop:1"}))).await;
    world.until_ready("old").await;
    for revision in 2..=5 {
        world.apply(&limited(&format!("nginx:{revision}"))).await;
        world.until_registered("shop", revision).await;
    }
    world
        .until_aws("the surplus is deregistered", |aws| {
            let input = json!({"familyPrefix": "shop", "status": "ACTIVE"});
            aws.call("ListTaskDefinitions", input).unwrap()["taskDefinitionArns"].as_array().unwrap().len() == 3
        })
        .await;
    assert_eq!(world.active_revisions("shop"), [1, 4, 5]);
    world
        .until_definition("shop", "status lists what is left", |found| {
            found.status.iter().flat_map(|status| &status.revisions).map(|one| one.revision).eq([1, 4, 5])
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revert_uses_the_old_revision_again() {
    let world = World::new().await;
    for (image, revision) in [("nginx:1", 1), ("nginx:2", 2), ("nginx:1", 1)] {
        world.apply(&family("shop", image)).await;
        world.until_registered("shop", revision).await;
    }
    assert_eq!(world.count("RegisterTaskDefinition"), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_task_moves_available_and_not_ready() {
    let world = World::new().await;
    world.apply(&web("nginx:1", 2)).await;
    world.until_ready("web").await;
    world.aws.set_image("nginx", simulator::ImageBehaviour::Slow { by_seconds: 600 });
    let tasks = world.by_hand("ListTasks", json!({"cluster": CLUSTER, "serviceName": "web"}));
    for task in tasks["taskArns"].as_array().unwrap() {
        world.by_hand("StopTask", json!({"cluster": CLUSTER, "task": task}));
    }
    let service = world
        .until("web", "not available", |service| condition(service, "Available").is_some_and(|it| it.status == "False"))
        .await;
    assert!(is_true(&service, "Ready"), "what was asked for is what serves");
    world.until("web", "available again", |service| is_true(service, "Available")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_is_taken_out_goes_back_to_its_default_once() {
    let world = World::new().await;
    world.apply(&with(&web("nginx:1", 1), json!({"enableExecuteCommand": true}))).await;
    world.until_ready("web").await;
    assert_eq!(world.live("web")["enableExecuteCommand"], true);
    world.apply(&web("nginx:1", 1)).await;
    world.until("web", "the edit is in force", |service| is_ready(service) && service.metadata.generation == Some(2)).await;
    assert_eq!(world.live("web")["enableExecuteCommand"], false);
    world.by_hand("UpdateService", json!({"cluster": CLUSTER, "service": "web", "enableExecuteCommand": true}));
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(world.count("UpdateService"), 1, "unset and no longer sent: left to others");
}

#[tokio::test(flavor = "multi_thread")]
async fn that_running_tasks_lack_a_setting_is_told_until_a_restart() {
    let world = World::new().await;
    world.apply(&web("nginx:1", 2)).await;
    world.until_ready("web").await;
    world.edit("web", json!({"enableExecuteCommand": true})).await;
    let tells = |service: &ecs_operator::api::EcsService| {
        condition(service, "Ready").is_some_and(|ready| ready.message.contains("keep their former enableExecuteCommand"))
    };
    let service = world.until("web", "it is told", |service| is_ready(service) && tells(service)).await;
    assert_eq!(service.status.unwrap().started_with.unwrap().outdated, ["enableExecuteCommand"]);
    world.annotate("web", "ecs-operator.io/restarted-at", "now").await;
    let service = world
        .until("web", "it is told no more", |service| {
            is_ready(service) && !tells(service) && service.status.as_ref().unwrap().restarted_at.is_some()
        })
        .await;
    assert_eq!(service.status.unwrap().started_with.unwrap().outdated, [] as [String; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn going_back_to_what_serves_shows_a_completed_rollout() {
    let world = World::new().await;
    world.apply(&web("nginx:1", 1)).await;
    world.until_ready("web").await;
    world.apply(&web("shop/crash:2", 1)).await;
    world.until("web", "rolled back", |service| is_true(service, "RolledBack")).await;
    world.apply(&web("nginx:1", 1)).await;
    let service = world.until_ready("web").await;
    let rollout = service.status.unwrap().rollout.unwrap();
    assert_eq!((rollout.state.as_str(), rollout.revision.as_deref()), ("Completed", Some("web:1")));
    tokio::time::sleep(Duration::from_secs(2)).await;
    let status = world.services().get("web").await.unwrap().status.unwrap();
    assert_eq!((status.rollout.unwrap().state.as_str(), status.failed), ("Completed", None), "and stays so");
    assert_eq!(world.count("UpdateService"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revision_that_somebody_deregistered_is_registered_anew_when_ecs_refuses_it() {
    let world = World::new().await;
    world.apply(&family("shop", "nginx:1")).await;
    world.apply(&running("web", "shop", 1)).await;
    world.until_ready("web").await;
    world.by_hand("DeregisterTaskDefinition", json!({"taskDefinition": "shop:1"}));
    world.apply(&running("jobs", "shop", 1)).await;
    for name in ["jobs", "web"] {
        world
            .until(name, "shop:2 serves", |service| {
                is_ready(service) && service.status.as_ref().unwrap().revision.as_deref() == Some("shop:2")
            })
            .await;
    }
    assert_eq!(world.active_revisions("shop"), [2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revision_that_somebody_deregistered_is_only_told_of_where_that_is_asked_for() {
    let world = World::new().await;
    world.apply(&with(&family("shop", "nginx:1"), json!({"driftPolicy": "Report"}))).await;
    world.until_registered("shop", 1).await;
    world.by_hand("DeregisterTaskDefinition", json!({"taskDefinition": "shop:1"}));
    world.apply(&running("web", "shop", 1)).await;
    world
        .until_definition("shop", "it is told", |found| {
            let status = found.status.as_ref().unwrap();
            status.conditions.iter().any(|one| one.type_ == "Ready" && one.reason == "Deregistered")
        })
        .await;
    world.until_told("web", "TaskDefinitionNotReady", &["somebody deregistered revision shop:1"]).await;
    assert_eq!(world.active_revisions("shop"), [] as [u32; 0]);
    world.edit_definition("shop", json!({"driftPolicy": "Correct"})).await;
    world.until_ready("web").await;
    assert_eq!(world.active_revisions("shop"), [2]);
}
