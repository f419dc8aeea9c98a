//! With which session the calls of a namespace are made.

use super::{AWAY, HOME, REGION, service};
use crate::guard::{guarded, policy};
use crate::references::Two;
use crate::world::{World, family, fast, install, until_some, web, with};
use ecs_operator::settings::Guard;
use envtest::ControlPlane;
use k8s_openapi::api::core::v1::Event;
use kube::api::{Api, ListParams};
use serde_json::{Value, json};
use simulator::{Call, Fault, FaultKind, Outcome};
use std::time::Duration;

/// What was asked of STS for a namespace, or for the operator itself.
fn assumed(world: &World, session: &str) -> Vec<Call> {
    let calls = world.aws.calls().into_iter().filter(|call| call.operation == "AssumeRole");
    calls.filter(|call| call.input["RoleSessionName"] == session).collect()
}

/// The tags of a session.
fn tags(call: &Call) -> Vec<(String, String)> {
    let text = |name: String| call.input[name.as_str()].as_str().map(str::to_owned);
    (1..).map_while(|n| Some((text(format!("Tags.member.{n}.Key"))?, text(format!("Tags.member.{n}.Value"))?))).collect()
}

/// The roles that a session may pass.
fn passes(call: &Call) -> Value {
    let policy: Value = serde_json::from_str(call.input["Policy"].as_str().unwrap()).unwrap();
    let mut statements = policy["Statement"].as_array().unwrap().clone();
    statements.retain(|statement| statement["Action"] == "iam:PassRole");
    statements.first().map_or(Value::Null, |statement| statement["Resource"].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_has_a_session_with_its_policy_and_its_name() {
    let world = guarded().await;
    world.furnish(AWAY);
    world.connect("away", AWAY, json!({})).await;
    world.apply(&policy(json!({"executionRoles": ["role/ecs-exec"]}))).await;
    let role = format!("arn:aws:iam::{AWAY}:role/ecs-exec");
    let with_a_role =
        |role: &str| with(&service(&world, "web", "away"), json!({"taskDefinitionTemplate": {"executionRoleArn": role}}));
    world.apply(&with_a_role(&role)).await;
    world.until_ready("web").await;

    let session = format!("ecs-operator-{}", world.namespace);
    let calls = assumed(&world, &session);
    assert_eq!(calls.len(), 1, "one session serves the namespace");
    assert_eq!(passes(&calls[0]), json!(role), "an entry without an account means the account of the connection");
    let expected =
        [("ecs-operator.io/installation", "test-installation"), ("ecs-operator.io/namespace", world.namespace.as_str())];
    assert_eq!(tags(&calls[0]), expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
    let own = assumed(&world, "ecs-operator");
    assert!(own.iter().all(|call| call.input["Policy"].is_null()), "what only reads has no policy");

    world.apply(&policy(json!({"executionRoles": ["role/other"]}))).await;
    let other = format!("arn:aws:iam::{AWAY}:role/other");
    world.apply(&with_a_role(&other)).await;
    world.until_ready("web").await;
    world
        .until("web", "a second revision runs", |found| {
            found.status.as_ref().and_then(|status| status.revision.as_deref()) == Some("web:2")
        })
        .await;
    let calls = assumed(&world, &session);
    assert_eq!(passes(calls.last().unwrap()), json!(other), "a policy that has changed is a new session");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_passes_the_roles_of_a_task_definition_that_another_namespace_grants() {
    let two = Two::guarded().await;
    let world = &two.world;
    world.furnish(AWAY);
    let both = json!({"names": [world.namespace, two.theirs]});
    world.connect("away", AWAY, json!({"allowedNamespaces": both})).await;
    let (role, through) = (format!("arn:aws:iam::{AWAY}:role/ecs-exec"), json!({"name": world.connection("away")}));
    two.grants(two.grant("EcsTaskDefinition", &["base"])).await;
    two.there(&with(&family("base", "nginx:1"), json!({"connectionRef": through, "executionRoleArn": role}))).await;
    world.apply(&with(&two.runs_base(), json!({"connectionRef": through}))).await;
    world.until_ready("web").await;
    let calls = assumed(world, &format!("ecs-operator-{}", world.namespace));
    assert_eq!(passes(calls.last().unwrap()), json!(role), "ECS asks again when a service is made");
    world.delete_and_wait("web").await;
    assert_eq!(world.live_in(AWAY, "web")["status"], "INACTIVE");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trust_policy_that_permits_no_tags_needs_none() {
    let world = World::new().await;
    world.furnish(AWAY);
    let role = json!({"roleArn": format!("arn:aws:iam::{AWAY}:role/ecs-operator-away"), "sessionTags": "Disabled",
        "externalId": "agreed", "sessionDurationSeconds": 900});
    world.connect("away", AWAY, json!({"assumeRole": role})).await;
    world.apply(&service(&world, "web", "away")).await;
    world.until_ready("web").await;
    let calls: Vec<Call> = world.aws.calls().into_iter().filter(|call| call.operation == "AssumeRole").collect();
    assert!(!calls.is_empty());
    for call in calls {
        assert_eq!(tags(&call), []);
        assert_eq!((&call.input["ExternalId"], &call.input["DurationSeconds"]), (&json!("agreed"), &json!("900")));
        assert!(call.input["Policy"].is_null(), "the guard is off");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_role_is_a_new_session_and_what_is_known_stays_known() {
    let world = World::new().await;
    world.furnish(AWAY);
    world.connect("away", AWAY, json!({})).await;
    world.apply(&service(&world, "web", "away")).await;
    world.until_ready("web").await;
    let role = format!("arn:aws:iam::{AWAY}:role/rotated");
    world.aws.clear_calls();
    world.connect("away", AWAY, json!({"assumeRole": {"roleArn": role}})).await;
    world.until_connection("away", "True", "Connected", &[]).await;
    world.edit("web", json!({"desiredCount": 2})).await;
    world.until("web", "two run", |found| found.status.as_ref().and_then(|it| it.running_count) == Some(2)).await;
    let roles: Vec<Value> =
        world.aws.calls().iter().map(|call| call.input["RoleArn"].clone()).filter(|it| !it.is_null()).collect();
    assert!(roles.contains(&json!(role)) && roles.iter().all(|it| *it == json!(role)), "{roles:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_too_long_for_a_session_is_told_and_hinders_no_deletion() {
    let world = guarded().await;
    world.furnish(AWAY);
    world.connect("away", AWAY, json!({})).await;
    world.apply(&policy(json!({}))).await;
    world.apply(&service(&world, "web", "away")).await;
    world.until_ready("web").await;
    let many: Vec<String> = (0..80).map(|number| format!("role/team-with-a-long-name/{number}")).collect();
    world.apply(&policy(json!({"taskRoles": many}))).await;
    world.until_told("web", "PolicyTooLong", &["2048", "role/<path>/*"]).await;
    world.delete_and_wait("web").await;
    assert_eq!(world.live_in(AWAY, "web")["status"], "INACTIVE");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_only_sts_finds_too_large_is_told_and_hinders_neither_another_namespace_nor_a_deletion() {
    let mut world = World::without_operator(fast()).await;
    world.guard = Guard::Enforce;
    let other = world.neighbour().await;
    world.start_operator();
    world.furnish(AWAY);
    world.connect("away", AWAY, json!({"allowedNamespaces": {"names": [world.namespace, other.namespace]}})).await;
    for each in [&world, &other] {
        each.apply(&policy(json!({}))).await;
    }
    world.apply(&service(&world, "web", "away")).await;
    world.until_ready("web").await;

    world.aws.set_largest_packed_policy(Some(600));
    let many: Vec<String> = (0..20).map(|number| format!("role/team/{number}")).collect();
    world.apply(&policy(json!({"taskRoles": many}))).await;
    world.edit("web", json!({"desiredCount": 2})).await;
    world.until_told("web", "PolicyTooLong", &["Packed policy consumes", "%", "role/<path>/*"]).await;
    other.apply(&with(&service(&world, "theirs", "away"), json!({"serviceName": "theirs"}))).await;
    other.until_ready("theirs").await;
    world.until_connection("away", "True", "Connected", &[]).await;
    world.delete_and_wait("web").await;
    assert_eq!(world.live_in(AWAY, "web")["status"], "INACTIVE");

    world.apply(&policy(json!({"taskRoles": ["role/team/*"]}))).await;
    world.apply(&service(&world, "again", "away")).await;
    world.until_ready("again").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_the_session_may_not_pass_is_refused_by_aws_and_told_with_what_to_change() {
    let world = guarded().await;
    world.furnish(AWAY);
    world.connect("away", AWAY, json!({})).await;
    world.apply(&policy(json!({"executionRoles": []}))).await;
    world.apply(&service(&world, "web", "away")).await;
    world.until_ready("web").await;

    // While a pass reads AWS, its namespace is granted the role: the guard asks the policy of this moment, and the session has that
    // of a moment ago. The annotation makes the pass read.
    let slowly = FaultKind::Delay { by: Duration::from_secs(4) };
    world.aws.inject(Fault::new("ListTaskDefinitions", slowly).on("late").times(2));
    let role = format!("arn:aws:iam::{AWAY}:role/ecs-exec");
    let by = json!({"connectionRef": {"name": world.connection("away")}, "executionRoleArn": role});
    let mut late: Value = serde_json::from_str(&with(&family("late", "nginx:1"), by)).unwrap();
    late["metadata"]["annotations"] = json!({"ecs-operator.io/reconcile-at": "now"});
    world.apply(&late.to_string()).await;
    world.until_aws("the pass reads", |aws| aws.calls().iter().any(|call| call.target.contains("late"))).await;
    world.apply(&policy(json!({"executionRoles": ["role/ecs-exec"]}))).await;
    world
        .until_definition("late", "AWS has refused it", |found| {
            let said = found.status.iter().flat_map(|status| &status.conditions);
            said.into_iter().any(|one| {
                one.reason == "AwsAccessDenied"
                    && ["iam:PassRole", &role, "no session policy allows", "EcsNamespacePolicy of the namespace"]
                        .iter()
                        .all(|word| one.message.contains(word))
            })
        })
        .await;
    world.until_registered("late", 1).await;
    let registered: Vec<Outcome> = {
        let calls = world.aws.calls().into_iter().filter(|call| call.operation == "RegisterTaskDefinition");
        calls.filter(|call| call.target.contains("late")).map(|call| call.outcome).collect()
    };
    assert_eq!(registered, [Outcome::Error("AccessDeniedException".to_owned()), Outcome::Ok]);
}

/// The built-in connection has the operator's own credentials for all. An `AwsConnection` of its name with a role of the same account
/// gives each namespace a session of its own, with nothing else to change.
#[tokio::test(flavor = "multi_thread")]
async fn a_connection_named_default_gives_sessions_to_those_who_name_none() {
    let plane = ControlPlane::start().await.unwrap();
    let kube = plane.client().await.unwrap();
    install(&kube).await;
    let mut world = World::in_cluster(kube, fast()).await;
    world.guard = Guard::Enforce;
    world.start_operator();
    world.apply(&policy(json!({}))).await;
    world.apply(&web("nginx:1", 1)).await;
    world.until_ready("web").await;
    assert_eq!(world.count("AssumeRole"), 0, "the built-in connection takes on no role");
    let before = world.live("web")["serviceArn"].clone();

    let role = format!("arn:aws:iam::{HOME}:role/ecs-operator-work");
    let object = json!({"apiVersion": "ecs-operator.io/v1alpha1", "kind": "AwsConnection", "metadata": {"name": "default"},
        "spec": {"accountId": HOME, "region": REGION, "assumeRole": {"roleArn": role}, "allowedNamespaces": {"names": ["*"]}}});
    world.apply(&object.to_string()).await;
    world.edit("web", json!({"desiredCount": 2, "taskDefinitionTemplate": {"cpu": "512", "memory": "1024"}})).await;
    world
        .until("web", "the second revision runs twice", |found| {
            let status = found.status.as_ref();
            status.is_some_and(|it| it.revision.as_deref() == Some("web:2") && it.running_count == Some(2))
        })
        .await;
    assert_eq!(world.live("web")["serviceArn"], before, "it is the same service");
    let sessions = assumed(&world, &format!("ecs-operator-{}", world.namespace));
    assert_eq!(sessions.len(), 1);
    assert_eq!(
        (&sessions[0].input["RoleArn"], passes(&sessions[0])),
        (&json!(role), json!(format!("arn:aws:iam::{HOME}:role/ecs-exec")))
    );
    world.stop_operator().await;
    drop(world);
    plane.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_fails_and_comes_back_is_told_as_events_in_namespace_default() {
    let world = World::new().await;
    world.furnish(AWAY);
    world.aws.close_role("ecs-operator-away");
    world.connect("away", AWAY, json!({})).await;
    let (name, api) = (world.connection("away"), Api::<Event>::namespaced(world.kube.clone(), "default"));
    let until_event = async |kind: &str, reason: &str, words: &str| {
        until_some(&format!("an event {reason}"), async || {
            let all = api.list(&ListParams::default()).await.unwrap().items;
            let of_it = all.into_iter().filter(|event| event.involved_object.name.as_ref() == Some(&name));
            let told: Vec<_> = of_it.map(|event| (event.type_, event.reason, event.message.unwrap_or_default())).collect();
            let holds = told.iter().any(|(type_, why, message)| {
                type_.as_deref() == Some(kind) && why.as_deref() == Some(reason) && message.contains(words)
            });
            if holds { Ok(()) } else { Err(format!("{told:?}")) }
        })
        .await;
    };
    until_event("Warning", "CredentialsUnavailable", "sts:AssumeRole").await;
    world.aws.open_roles();
    until_event("Normal", "Connected", AWAY).await;
}
