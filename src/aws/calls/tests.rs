//! What goes over the wire, and what is made of what comes back.

use crate::aws::codec::to_input;
use crate::aws::guard::Guard;
use crate::aws::testing::{Fake, HANG, error, service};
use crate::aws::{Kind, ServiceState};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tokio::time::Instant;

fn register(body: &Value) -> Value {
    let mut described = body.clone();
    described["taskDefinitionArn"] = json!("arn:aws:ecs:eu-central-1:111122223333:task-definition/shop:1");
    described["revision"] = json!(1);
    described["status"] = json!("ACTIVE");
    described["registeredAt"] = json!(1_790_000_000.5);
    json!({"taskDefinition": described, "tags": body["tags"]})
}

#[tokio::test(start_paused = true)]
async fn an_input_goes_over_the_wire_as_it_was_declared() {
    let fake = Fake::new(|_, body| (200, register(body)));
    let declared = json!({
        "family": "shop", "containerDefinitions": [{"name": "app", "image": "nginx", "cpu": 0, "command": []}],
        "tags": [{"key": "a", "value": "b"}],
    });
    let granted = Guard::allow_all().grant(to_input(&declared).unwrap()).unwrap();
    let registered = fake.ecs().register_task_definition(granted).await.unwrap();
    assert_eq!(fake.calls(), [("RegisterTaskDefinition".to_owned(), declared.clone())]);
    assert_eq!((registered.family.as_str(), registered.revision, registered.active), ("shop", 1, true));
    assert_eq!(registered.registered_at.unwrap().to_string(), "2026-09-21T14:13:20.5Z");
    assert_eq!(registered.fields["containerDefinitions"], declared["containerDefinitions"]);
    assert_eq!(registered.tags, BTreeMap::from([("a".to_owned(), "b".to_owned())]));
}

#[tokio::test(start_paused = true)]
async fn a_service_is_created_and_updated_as_declared() {
    let fake = Fake::new(|_, _| (200, json!({"service": service("web")})));
    let create = json!({"serviceName": "web", "cluster": "prod", "desiredCount": 0, "enableECSManagedTags": true});
    let update = json!({"service": "web", "cluster": "prod", "loadBalancers": [], "forceNewDeployment": true});
    let guard = Guard::allow_all();
    fake.ecs().create_service(guard.grant(to_input(&create).unwrap()).unwrap()).await.unwrap();
    fake.ecs().update_service(guard.grant(to_input(&update).unwrap()).unwrap()).await.unwrap();
    assert_eq!(fake.calls(), [("CreateService".to_owned(), create), ("UpdateService".to_owned(), update)]);
}

#[tokio::test(start_paused = true)]
async fn a_live_service_is_read_in_the_names_of_what_can_be_set() {
    let fake = Fake::new(|_, _| {
        let mut web = service("web");
        web["roleArn"] = json!("arn:aws:iam::111122223333:role/elb");
        web["enableECSManagedTags"] = json!(true);
        web["schedulingStrategy"] = json!("SIDEWAYS");
        web["tags"] = json!([{"key": "team", "value": "shop"}]);
        web["events"] = json!([{"id": "e1", "createdAt": 1_790_000_001, "message": "hello"}]);
        web["deployments"][0]["serviceConnectConfiguration"] = json!({"enabled": true, "namespace": "shop"});
        (200, json!({"services": [web], "failures": []}))
    });
    let described = fake.ecs().describe_services("prod", &["web".to_owned()]).await.unwrap();
    let web = &described.found[0];
    let mut names: Vec<&String> = web.fields.as_object().unwrap().keys().collect();
    names.sort();
    assert_eq!(
        names,
        [
            "cluster",
            "desiredCount",
            "enableECSManagedTags",
            "enableExecuteCommand",
            "launchType",
            "loadBalancers",
            "placementStrategy",
            "role",
            "schedulingStrategy",
            "serviceConnectConfiguration",
            "serviceName",
            "taskDefinition",
        ]
    );
    assert_eq!(web.fields["serviceConnectConfiguration"], json!({"enabled": true, "namespace": "shop"}));
    assert_eq!(web.fields["schedulingStrategy"], "SIDEWAYS");
    assert_eq!(web.fields["loadBalancers"], json!([]));
    assert_eq!(web.tags["team"], "shop");
    assert_eq!((web.status.clone(), web.running, web.events[0].message.as_str()), (ServiceState::Active, 2, "hello"));
    assert_eq!(web.primary().unwrap().rollout_state.as_deref(), Some("COMPLETED"));
    assert_eq!(fake.calls()[0].1["include"], json!(["TAGS"]));
}

#[tokio::test(start_paused = true)]
async fn a_service_that_cannot_be_told_about_does_not_hide_the_others() {
    let fake = Fake::new(|_, _| {
        let failure = |name: &str, reason: &str| json!({"arn": format!("arn:aws:ecs:r:1:service/prod/{name}"), "reason": reason});
        (200, json!({"services": [service("web")], "failures": [failure("gone", "MISSING"), failure("odd", "ACCESS_DENIED")]}))
    });
    let described = fake.ecs().describe_services("prod", &["web".to_owned(), "gone".to_owned(), "odd".to_owned()]).await.unwrap();
    assert_eq!(described.found.len(), 1);
    assert_eq!(described.missing, ["gone"]);
    assert_eq!(described.failed[0].0, "odd");
    assert!(described.failed[0].1.message.contains("ACCESS_DENIED"));
}

#[tokio::test(start_paused = true)]
async fn what_is_gone_already_needs_no_deletion() {
    let fake = Fake::new(|operation, _| match operation {
        "DeleteService" => error("ServiceNotFoundException", "Service not found."),
        "DeregisterTaskDefinition" => error("ClientException", "The specified task definition is inactive."),
        _ => error("ClientException", "Unable to describe task definition."),
    });
    let ecs = fake.ecs();
    assert_eq!(ecs.delete_service("prod", "web", true).await, Ok(None));
    assert_eq!(ecs.deregister_task_definition("shop:1").await, Ok(()));
    assert_eq!(ecs.describe_task_definition("shop:1").await, Ok(None));
}

#[tokio::test(start_paused = true)]
async fn lists_are_read_to_their_end() {
    let fake = Fake::new(|_, body| match body["nextToken"].as_str() {
        None => (200, json!({"taskDefinitionArns": ["shop:3", "shop:2"], "nextToken": "2"})),
        Some(_) => (200, json!({"taskDefinitionArns": ["shop:1"]})),
    });
    assert_eq!(fake.ecs().list_task_definitions("shop").await.unwrap(), ["shop:3", "shop:2", "shop:1"]);
    assert_eq!(fake.calls()[0].1["status"], "ACTIVE");
}

#[tokio::test(start_paused = true)]
async fn a_throttled_call_is_tried_again_here_and_another_failure_is_not() {
    let fake = Fake::new(|operation, _| match operation {
        "TagResource" => error("ThrottlingException", "Rate exceeded"),
        _ => (500, json!({"__type": "ServerException", "message": "Service Unavailable. Please try again later."})),
    });
    let ecs = fake.ecs();
    assert_eq!(ecs.tag_resource("arn", &BTreeMap::new()).await.unwrap_err().kind, Kind::Throttled);
    assert!((2..=12).contains(&fake.count("TagResource")), "{}", fake.count("TagResource"));
    assert_eq!(ecs.untag_resource("arn", &[]).await.unwrap_err().kind, Kind::Unavailable);
    assert_eq!(fake.count("UntagResource"), 1);
}

#[tokio::test(start_paused = true)]
async fn errors_keep_what_aws_said_and_a_page_of_a_proxy_is_not_shown() {
    let fake = Fake::new(|operation, _| match operation {
        "ListServices" => error("ClusterNotFoundException", "Cluster not found."),
        _ => (502, json!("<html>Bad Gateway</html>")),
    });
    let missing = fake.ecs().list_services("prod").await.unwrap_err();
    assert_eq!(missing.to_string(), "ListServices failed: ClusterNotFoundException: Cluster not found.");
    assert!(missing.is_cluster_missing());
    let page = fake.ecs().describe_cluster("prod").await.unwrap_err();
    assert_eq!((page.kind, page.to_string().contains("html")), (Kind::Unavailable, false), "{page}");
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_is_lost_is_not_waited_for_for_ever_and_the_write_may_have_happened() {
    let fake = Fake::new(|_, _| (HANG, json!({})));
    let began = Instant::now();
    let create = Guard::allow_all().grant(to_input(&json!({"serviceName": "web"})).unwrap()).unwrap();
    let lost = fake.ecs().create_service(create).await.unwrap_err();
    assert_eq!((lost.kind, lost.may_have_happened()), (Kind::Unknown, true));
    assert_eq!(lost.to_string(), "CreateService failed: no reply in time");
    assert!((19.0..21.0).contains(&began.elapsed().as_secs_f64()));
    assert_eq!(fake.count("CreateService"), 1);
}

#[tokio::test(start_paused = true)]
async fn an_answer_to_a_write_that_lacks_what_was_made_leaves_open_what_happened() {
    let fake = Fake::new(|_, _| (200, json!({})));
    let create = Guard::allow_all().grant(to_input(&json!({"serviceName": "web"})).unwrap()).unwrap();
    assert!(fake.ecs().create_service(create).await.unwrap_err().may_have_happened());
}

#[tokio::test(start_paused = true)]
async fn a_rollout_that_was_taken_back_says_why() {
    let fake = Fake::new(|_, _| {
        let taken_back = json!({
            "serviceDeploymentArn": "arn", "status": "ROLLBACK_SUCCESSFUL", "statusReason": "tasks failed to start",
            "targetServiceRevision": {"arn": "rev2"}, "createdAt": 1_790_000_000, "finishedAt": 1_790_000_060,
            "rollback": {"reason": "circuit breaker", "serviceRevisionArn": "rev1"},
            "deploymentCircuitBreaker": {"status": "TRIGGERED", "failureCount": 3, "threshold": 3},
            "deploymentConfiguration": {"strategy": "ROLLING"},
        });
        (200, json!({"serviceDeployments": [taken_back]}))
    });
    let read = fake.ecs().describe_service_deployments(&["arn".to_owned()]).await.unwrap().remove(0);
    assert!(read.is_terminal());
    assert_eq!(read.rollback.unwrap().service_revision_arn.as_deref(), Some("rev1"));
    assert_eq!((read.circuit_breaker_status.as_deref(), read.failure_count), (Some("TRIGGERED"), 3));
    assert_eq!((read.target_revision.as_deref(), read.strategy.as_deref()), (Some("rev2"), Some("ROLLING")));
}
