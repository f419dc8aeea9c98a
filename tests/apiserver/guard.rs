//! What a namespace may make AWS do: what its policy grants is done, and everything else is refused before a call is made.
//!
//! Attacks stand in `attacks`, what is refused at `kubectl apply` in `admission`; `docs/security.md` lists them all.

mod admission;
mod attacks;
mod strangers;

use crate::world::{World, family, fast, is_ready, is_write, web};
use ecs_operator::api::{EcsNamespacePolicy, EcsService};
use ecs_operator::settings::Guard;
use kube::api::{Api, DeleteParams, Patch, PatchParams};
use serde_json::{Value, json};
use std::time::Duration;

/// A role that nobody was granted.
pub const ADMIN: &str = "arn:aws:iam::111122223333:role/admin";

/// A namespace whose policy is asked, which has none yet.
pub async fn guarded() -> World {
    let mut world = World::without_operator(fast()).await;
    world.guard = Guard::Enforce;
    world.start_operator();
    world
}

/// The policy that lets the ordinary samples through.
pub fn policy(more: Value) -> String {
    let mut policy = json!({
        "apiVersion": "ecs-operator.io/v1alpha1", "kind": "EcsNamespacePolicy", "metadata": {"name": "default"},
        "spec": {
            "clusters": ["cluster/demo"], "subnets": ["subnet-a", "subnet-b"], "securityGroups": ["sg-app"],
            "executionRoles": ["role/ecs-exec"],
        },
    });
    let Value::Object(more) = more else { panic!("{more} is no object") };
    policy["spec"].as_object_mut().unwrap().extend(more);
    policy.to_string()
}

/// A namespace with that policy.
pub async fn granted(more: Value) -> World {
    let world = guarded().await;
    world.apply(&policy(more)).await;
    world
}

pub fn policies(world: &World) -> Api<EcsNamespacePolicy> {
    Api::namespaced(world.kube.clone(), &world.namespace)
}

/// The operations that were called and change something.
pub fn written(world: &World) -> Vec<String> {
    world.aws.calls().into_iter().map(|call| call.operation).filter(|name| is_write(name)).collect()
}

fn is_told(service: &EcsService, reason: &str) -> bool {
    crate::world::condition(service, "Ready").is_some_and(|ready| ready.reason == reason)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_granted_is_done() {
    let world = granted(json!({})).await;
    world.apply(&web("nginx:1", 1)).await;
    world.until_ready("web").await;
    assert_eq!(written(&world).iter().filter(|name| *name == "CreateService").count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_policy_a_task_definition_without_roles_works_and_a_service_waits_for_one() {
    let world = guarded().await;
    world.apply(&family("plain", "nginx:1")).await;
    world.until_registered("plain", 1).await;
    world.apply(&web("nginx:1", 1)).await;
    world
        .until("web", "it is refused", |service| {
            !is_ready(service) && service.status.as_ref().is_some_and(|it| !it.conditions.is_empty())
        })
        .await;
    world
        .until_definition("web", "it says which role", |found| {
            let said = found.status.iter().flat_map(|status| &status.conditions);
            said.into_iter().any(|one| {
                one.reason == "RoleNotGranted" && one.message.contains("role/ecs-exec") && one.message.contains("executionRoles")
            })
        })
        .await;
    assert_eq!(world.writes(), 1, "the plain one: {:?}", written(&world));
    world.apply(&policy(json!({}))).await;
    world.until_ready("web").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_revoked_starts_no_new_deployment_and_is_deleted_all_the_same() {
    let world = granted(json!({})).await;
    world.apply(&web("nginx:1", 1)).await;
    world.until_ready("web").await;
    world.apply(&policy(json!({"executionRoles": []}))).await;
    world.annotate("web", "ecs-operator.io/restarted-at", "now").await;
    world.until_told("web", "RoleNotGranted", &["EcsTaskDefinition web", "role/ecs-exec"]).await;
    assert_eq!(world.count("UpdateService"), 0);
    world.edit("web", json!({"desiredCount": 2})).await;
    world.delete_and_wait("web").await;
    assert_eq!(world.live("web")["status"], "INACTIVE");
}

#[tokio::test(flavor = "multi_thread")]
async fn mode_warn_lets_pass_and_tells_in_an_event() {
    let world = granted(json!({"mode": "Warn", "executionRoles": []})).await;
    world.apply(&web("nginx:1", 1)).await;
    world.until_ready("web").await;
    let events = world.events("web").await;
    assert!(
        events.iter().any(|event| event.reason.as_deref() == Some("RoleNotGranted")
            && event.message.as_deref().is_some_and(|note| note.contains("role/ecs-exec"))),
        "{events:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn mode_audit_lets_pass_in_silence() {
    let world = granted(json!({"mode": "Audit", "executionRoles": [], "clusters": []})).await;
    world.apply(&web("nginx:1", 1)).await;
    world.until_ready("web").await;
    let told = world.events("web").await.into_iter().filter_map(|event| event.reason).filter(|it| it.ends_with("NotGranted"));
    assert_eq!(told.collect::<Vec<_>>(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_says_whether_it_is_in_force_and_which_entries_are_not() {
    let world = granted(json!({})).await;
    let says = async |reason: &str| {
        crate::world::until_some(&format!("the policy says {reason}"), async || {
            let found = policies(&world).get("default").await.unwrap();
            let said = found.status.iter().flat_map(|status| &status.conditions).any(|one| one.reason == reason);
            if said { Ok(()) } else { Err(serde_yaml_ng::to_string(&found.status).unwrap()) }
        })
        .await;
    };
    says("InForce").await;
    world.apply(&policy(json!({"taskRoles": ["role/a/../b"]}))).await;
    says("InvalidEntry").await;
    world.apply(&web("nginx:1", 1)).await;
    world.until_ready("web").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_that_leave_the_account_open_are_refused_at_apply() {
    let world = World::without_operator(fast()).await;
    for (field, entry) in [
        ("taskRoles", "*"),
        ("taskRoles", "arn:aws:iam::*"),
        ("taskRoles", "arn:aws:iam::*:role/x"),
        ("executionRoles", "role/a*b"),
        ("secrets", "arn:aws:s3:::*"),
        ("clusters", "demo"),
        ("targetGroups", "arn:aws:elasticloadbalancing:eu-central-1:*"),
    ] {
        let told = world.refusal(&policy(json!({field: [entry]}))).await;
        assert!(told.contains(field), "{field} {entry}: {told}");
    }
    let told = world.refusal(&policy(json!({})).replace("\"default\"", "\"mine\"")).await;
    assert!(told.contains("its name is default"), "{told}");
}

/// As in the deletion of a namespace: everything is deleted at once, the policy first.
#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_that_is_deleted_ends_well_and_the_policy_goes_last() {
    let world = granted(json!({})).await;
    world.apply(&web("nginx:1", 2)).await;
    world.until_ready("web").await;
    let held = policies(&world).get("default").await.unwrap();
    assert_eq!(held.metadata.finalizers.unwrap_or_default(), ["ecs-operator.io/aws"]);
    policies(&world).delete("default", &DeleteParams::default()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(policies(&world).get_opt("default").await.unwrap().is_some(), "web still has something in AWS");
    world.delete_and_wait("web").await;
    crate::world::until_some("the policy is gone", async || match policies(&world).get_opt("default").await.unwrap() {
        None => Ok(()),
        Some(left) => Err(serde_yaml_ng::to_string(&left).unwrap()),
    })
    .await;
    assert_eq!(world.live("web")["status"], "INACTIVE");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_is_being_deleted_grants_nothing_any_more() {
    let world = granted(json!({})).await;
    world.apply(&web("nginx:1", 1)).await;
    world.until_ready("web").await;
    policies(&world).delete("default", &DeleteParams::default()).await.unwrap();
    let patch = Patch::Merge(json!({"spec": {"taskDefinitionTemplate": {"cpu": "512", "memory": "1024"}}}));
    world.services().patch("web", &PatchParams::default(), &patch).await.unwrap();
    world
        .until_definition("web", "it is refused", |found| {
            let said = found.status.iter().flat_map(|status| &status.conditions);
            said.into_iter().any(|one| one.reason == "RoleNotGranted")
        })
        .await;
    assert_eq!(world.count("RegisterTaskDefinition"), 1);
}

/// One set of samples, one policy: what is sold together works together.
#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_scaled_needs_its_cluster_and_nothing_else() {
    let world = granted(json!({})).await;
    world.apply(&web("nginx:1", 1)).await;
    world.until_ready("web").await;
    world.apply(&policy(json!({"executionRoles": [], "subnets": []}))).await;
    world.edit("web", json!({"desiredCount": 2})).await;
    world.until_aws("two are wanted", |_| world.live("web")["desiredCount"] == 2).await;
    world.apply(&policy(json!({"clusters": []}))).await;
    world.edit("web", json!({"desiredCount": 3})).await;
    world.until("web", "the cluster is refused", |service| is_told(service, "NotGranted")).await;
    assert_eq!(world.live("web")["desiredCount"], 2);
}
