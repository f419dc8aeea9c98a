//! With which session the calls of a namespace are made.

use super::{AWAY, service};
use crate::guard::{guarded, policy};
use crate::references::Two;
use crate::world::{World, family, with};
use serde_json::{Value, json};
use simulator::Call;

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
    let expected = [("kubernetes-cluster", "test-installation"), ("kubernetes-namespace", world.namespace.as_str())];
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
