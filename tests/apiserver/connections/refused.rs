//! What keeps the operator out of an account, and that it is nobody else's trouble.

use super::{AWAY, FAR, HOME, REGION, service};
use crate::world::{World, fast, with};
use serde_json::{Value, json};
use simulator::{Fault, FaultKind};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_that_is_not_allowed_makes_no_call() {
    let world = World::new().await;
    world.furnish(AWAY);
    world.connect("away", AWAY, json!({"allowedNamespaces": {"names": ["somebody-else"]}})).await;
    world.connect("nobody", FAR, json!({"allowedNamespaces": null})).await;
    for name in ["away", "nobody"] {
        world.apply(&service(&world, name, name)).await;
        world.until_told(name, "NamespaceNotAllowed", &[&world.namespace, "allowedNamespaces"]).await;
    }
    assert_eq!(world.aws.calls().iter().filter(|call| call.account != HOME).count(), 0);
    assert_eq!(world.count("AssumeRole"), 0);
    world.connect("away", AWAY, json!({})).await;
    world.until_ready("away").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_cannot_be_taken_on_is_told_with_what_to_change_and_tried_again() {
    let world = World::new().await;
    world.furnish(AWAY);
    world.aws.close_role("ecs-operator-away");
    let role = format!("arn:aws:iam::{AWAY}:role/ecs-operator-away");
    world.connect("away", AWAY, json!({"assumeRole": {"roleArn": role, "externalId": "a-word-between-us"}})).await;
    world.apply(&service(&world, "web", "away")).await;
    let told =
        world.until_connection("away", "False", "CredentialsUnavailable", &["sts:AssumeRole", &role, "trust policy"]).await;
    world.until_told("web", "ConnectionNotReady", &["sts:AssumeRole", "trust policy"]).await;
    let said = serde_json::to_string(&told.status).unwrap();
    assert!(!said.contains("a-word-between-us") && !said.contains("ASIA"), "{said}");
    assert_eq!(world.calls_in(AWAY), Vec::<String>::new());
    world.aws.open_roles();
    world.until_connection("away", "True", "Connected", &[]).await;
    world.until_ready("web").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_account_holds_up_no_other() {
    let world = World::new().await;
    world.furnish(AWAY);
    world.furnish(FAR);
    // One role is refused; another never gets an answer.
    world.aws.close_role("ecs-operator-refused");
    world.aws.inject(Fault { resource: Some("ecs-operator-silent".into()), ..Fault::new("AssumeRole", FaultKind::Hang) });
    for name in ["refused", "silent"] {
        world.connect(name, AWAY, json!({})).await;
        for number in 0..10 {
            world.apply(&service(&world, &format!("{name}-{number}"), name)).await;
        }
    }
    world.until_told("refused-0", "ConnectionNotReady", &["AssumeRole"]).await;
    world.connect("far", FAR, json!({})).await;
    world.apply(&service(&world, "web", "far")).await;
    let began = tokio::time::Instant::now();
    world.until_ready("web").await;
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    world.until_told("silent-0", "ConnectionNotReady", &[]).await;
    assert_eq!(world.calls_in(AWAY), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_role_the_operators_own_credentials_are_used_only_where_that_is_said() {
    let world = World::new().await;
    let sentence = {
        let spec = json!({"accountId": HOME, "region": REGION, "allowedNamespaces": {"names": [world.namespace]}});
        let object = json!({"apiVersion": "ecs-operator.io/v1alpha1", "kind": "AwsConnection",
            "metadata": {"name": world.connection("ambient")}, "spec": spec});
        world.refusal(&object.to_string()).await
    };
    assert!(sentence.contains("set assumeRole, or ambientCredentials: Allowed"), "{sentence}");
    world.connect("ambient", HOME, json!({"assumeRole": null, "ambientCredentials": "Allowed"})).await;
    world.apply(&service(&world, "web", "ambient")).await;
    let ready = world.until_ready("web").await;
    assert_eq!(ready.status.unwrap().account.as_deref(), Some(HOME));
    assert_eq!(world.count("AssumeRole"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_of_another_account_than_the_declared_one_write_nothing() {
    let world = World::new().await;
    world.furnish(AWAY);
    world.connect("wrong", AWAY, json!({"assumeRole": null, "ambientCredentials": "Allowed"})).await;
    world.apply(&service(&world, "web", "wrong")).await;
    world.until_connection("wrong", "False", "AccountMismatch", &[HOME, AWAY, "nothing is sent"]).await;
    world.until_told("web", "ConnectionNotReady", &[HOME, AWAY]).await;
    assert_eq!(world.writes(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_deleted_without_its_connection_says_why_and_stays() {
    let mut world = World::without_operator(fast()).await;
    world.furnish(AWAY);
    world.start_operator();
    world.connect("away", AWAY, json!({})).await;
    world.apply(&service(&world, "web", "away")).await;
    world.until_ready("web").await;
    world.stop_operator().await;
    world.aws.close_role("ecs-operator-away");
    world.start_operator();
    world.services().delete("web", &kube::api::DeleteParams::default()).await.unwrap();
    world.until_told("web", "ConnectionNotReady", &["sts:AssumeRole"]).await;
    let held = world.services().get("web").await.unwrap();
    assert_eq!(held.metadata.finalizers.unwrap_or_default(), ["ecs-operator.io/aws"]);
    world.aws.open_roles();
    world.until_gone("web").await;
    assert_eq!(world.live_in(AWAY, "web")["status"], "INACTIVE");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_makes_no_sense_is_refused_at_apply() {
    let world = World::new().await;
    world.connect("away", AWAY, json!({})).await;
    let role = |account: &str| json!({"roleArn": format!("arn:aws:iam::{account}:role/ecs-operator")});
    let good = json!({"accountId": AWAY, "region": REGION, "assumeRole": role(AWAY)});
    for (change, sentence) in [
        (json!({"accountId": FAR, "assumeRole": role(FAR)}), "accountId cannot be changed"),
        (json!({"region": "us-east-1"}), "region cannot be changed"),
        (json!({"assumeRole": role(FAR)}), "assumeRole.roleArn must be of the account accountId"),
        (json!({"ambientCredentials": "Allowed"}), "set one of assumeRole and ambientCredentials"),
        (json!({"allowedNamespaces": {"selector": {}}}), "selector must name a label"),
        (json!({"allowedNamespaces": {"names": ["*", "shop"]}}), "'*' stands for all namespaces"),
        (json!({"endpointUrl": "https://user:secret@example.com"}), "endpointUrl"),
    ] {
        let base = json!({"apiVersion": "ecs-operator.io/v1alpha1", "kind": "AwsConnection",
            "metadata": {"name": world.connection("away")}, "spec": good});
        let mut changed: Value = serde_json::from_str(&with(&base.to_string(), json!({}))).unwrap();
        for (key, value) in change.as_object().unwrap() {
            changed["spec"][key] = value.clone();
        }
        let said = world.refusal(&changed.to_string()).await;
        assert!(said.contains(sentence), "{change}: {said}");
    }
}
