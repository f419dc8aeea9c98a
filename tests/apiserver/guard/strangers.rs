//! What somebody may try who can create the five kinds in a namespace, with what is in another one, or was another
//! installation's. As in `attacks`, admission is off, and `docs/security.md` has them as a table.

use super::{ADMIN, granted, policy, written};
use crate::edge::{Edge, elb, text, until_rule_says};
use crate::references::{Two, rule, target_group};
use crate::world::{World, family, running, until_some, with};
use ecs_operator::api::EcsLoadBalancer;
use ecs_operator::settings::Guard;
use kube::api::Api;
use serde_json::{Value, json};
use std::time::Duration;

/// A service that runs `base` of the other namespace is not created while that grants these references.
async fn refused(grants: impl Fn(&Two) -> Value) {
    let two = Two::guarded().await;
    two.grants(grants(&two)).await;
    two.there(&family("base", "nginx:1")).await;
    two.world.apply(&two.runs_base()).await;
    two.world.until_told("web", "ReferenceNotGranted", &[&two.theirs, "references", "kinds: [EcsTaskDefinition]"]).await;
    two.until_there("EcsTaskDefinition", "base", "", &[]).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(two.world.count("CreateService"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_definition_granted_under_another_name() {
    refused(|two| two.grant("EcsTaskDefinition", &["base-2", "bas"])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_definition_where_target_groups_are_granted() {
    refused(|two| two.grant("EcsTargetGroup", &["base"])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_definition_granted_to_another_namespace() {
    refused(|two| {
        let other = [format!("{}-2", two.world.namespace), two.theirs.clone()];
        json!([{"from": {"names": other}, "kinds": ["EcsTaskDefinition"], "names": ["base"]}])
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_definition_by_a_grant_in_the_own_policy() {
    let two = Two::guarded().await;
    two.there(&family("base", "nginx:1")).await;
    let own = json!([{"from": {"names": ["*"]}, "kinds": ["EcsTaskDefinition"]}]);
    two.world.apply(&policy(json!({"references": own, "mode": "Audit"}))).await;
    two.world.apply(&two.runs_base()).await;
    two.world.until_told("web", "ReferenceNotGranted", &[&two.theirs]).await;
    two.until_there("EcsTaskDefinition", "base", "", &[]).await;
    assert_eq!(two.world.count("CreateService"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_definition_whose_grant_was_revoked() {
    let two = Two::guarded().await;
    two.grants(two.grant("EcsTaskDefinition", &["base"])).await;
    two.there(&family("base", "nginx:1")).await;
    two.world.apply(&two.runs_base()).await;
    two.world.until_ready("web").await;
    two.delete_there("EcsNamespacePolicy", "default").await;
    two.world.until_told("web", "ReferenceNotGranted", &[&two.theirs]).await;
    two.world.annotate("web", "ecs-operator.io/restarted-at", "now").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(two.world.count("UpdateService"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_definition_of_another_namespace_with_a_role_that_the_policy_there_does_not_grant() {
    let two = Two::guarded().await;
    let world = &two.world;
    // What the attacker's own policy grants does not count.
    world.apply(&policy(json!({"taskRoles": ["role/*"]}))).await;
    let exec = "arn:aws:iam::111122223333:role/ecs-exec";
    two.grants(two.grant("EcsTaskDefinition", &["*"])).await;
    two.there(&with(&family("base", "nginx:1"), json!({"taskRoleArn": ADMIN}))).await;
    world.apply(&two.runs_base()).await;
    world.until_told("web", "TaskDefinitionNotReady", &["taskRoleArn", ADMIN]).await;
    two.there(&with(&family("base", "nginx:1"), json!({"taskRoleArn": null, "executionRoleArn": exec}))).await;
    world.until_ready("web").await;
    // A role that is revoked there starts no new deployment here.
    let references = two.grant("EcsTaskDefinition", &["*"]);
    two.there(&policy(json!({"references": references, "executionRoles": []}))).await;
    world.annotate("web", "ecs-operator.io/restarted-at", "now").await;
    let base = format!("EcsTaskDefinition {}/base", two.theirs);
    world.until_told("web", "RoleNotGranted", &[&base, "by the policy of its namespace", exec]).await;
    assert_eq!(world.count("UpdateService"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_group_of_another_namespace() {
    let two = Two::guarded().await;
    let world = &two.world;
    let edge = Edge::new(world, "edge");
    two.grants(two.grant("EcsTaskDefinition", &["web"])).await;
    two.there(&target_group()).await;
    two.until_there("EcsTargetGroup", "web", "", &[]).await;
    world.apply(&rule("taken", &edge, &two.to_web())).await;
    until_rule_says(world, "taken", "ReferenceNotGranted", &[&two.theirs]).await;
    world.apply(&family("own", "nginx:1")).await;
    let entry = json!([{"name": "site", "port": "http", "targetGroup": {"ref": two.to_web()}}]);
    world.apply(&with(&running("web", "own", 1), json!({"expose": entry}))).await;
    world.until_told("web", "ReferenceNotGranted", &["expose entry site", &two.theirs]).await;
    assert_eq!((world.count("CreateService"), edge.ours("taken").len()), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_group_that_an_object_of_another_namespace_only_observes() {
    let two = Two::guarded().await;
    let edge = Edge::new(&two.world, "edge");
    edge.foreign(7, "theirs.example.com", &edge.target_group("theirs"));
    two.grants(two.grant("EcsTargetGroup", &["web"])).await;
    let observed = json!({"apiVersion": "ecs-operator.io/v1alpha1", "kind": "EcsTargetGroup", "metadata": {"name": "web"},
        "spec": {"name": "theirs", "managementPolicy": "Observe"}});
    two.there(&observed.to_string()).await;
    two.world.apply(&rule("taken", &edge, &two.to_web())).await;
    until_rule_says(&two.world, "taken", "NotGranted", &["targetgroup/theirs"]).await;
    assert_eq!(edge.ours("taken"), [] as [Value; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn to_hold_what_another_namespace_deletes_by_naming_it() {
    let two = Two::guarded().await;
    let world = &two.world;
    let edge = Edge::new(world, "edge");
    two.grants(json!([])).await;
    two.there(&target_group()).await;
    two.there(&family("base", "nginx:1")).await;
    for (kind, name) in [("EcsTargetGroup", "web"), ("EcsTaskDefinition", "base")] {
        two.until_there(kind, name, "", &[]).await;
    }
    world.apply(&rule("taken", &edge, &two.to_web())).await;
    world.apply(&two.runs_base()).await;
    until_rule_says(world, "taken", "ReferenceNotGranted", &[]).await;
    world.until_told("web", "ReferenceNotGranted", &[]).await;
    for (kind, name) in [("EcsTargetGroup", "web"), ("EcsTaskDefinition", "base")] {
        two.delete_there(kind, name).await;
        two.until_gone_there(kind, name).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn to_keep_a_host_by_a_rule_that_refers_to_what_is_not_granted() {
    let world =
        granted(json!({"listeners": [{"arn": "listener/app/edge/*", "hosts": ["*"]}], "targetGroups": ["targetgroup/*"]})).await;
    let edge = Edge::new(&world, "edge");
    let elsewhere = json!({"name": "web", "namespace": "kube-system"});
    world.apply(&rule("shop", &edge, &elsewhere)).await;
    until_rule_says(&world, "shop", "ReferenceNotGranted", &["kube-system"]).await;
    let good = super::attacks::rule(
        "good",
        &json!({"arn": edge.listener}),
        "shop.example.com",
        &json!({"targetGroupArn": edge.target_group("mine")}),
    );
    world.apply(&good).await;
    crate::edge::until_rule_ready(&world, "good").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_definition_that_is_made_in_another_account() {
    let two = Two::new(Guard::Off, json!({})).await;
    let away = crate::connections::AWAY;
    two.world.furnish(away);
    two.world.connect("away", away, json!({"allowedNamespaces": {"names": [two.theirs]}})).await;
    two.grants(two.grant("EcsTaskDefinition", &["base"])).await;
    let connection = two.world.connection("away");
    two.there(&with(&family("base", "nginx:1"), json!({"connectionRef": {"name": connection}}))).await;
    two.world.apply(&two.runs_base()).await;
    two.world.until_told("web", "ConnectionMismatch", &[&two.theirs, &connection, "default"]).await;
    assert_eq!(two.world.count("CreateService"), 0);
}

/// A load balancer `edge` with the tags of the object `edge` of another installation, and so is its listener.
fn of_another_installation(world: &World) -> (String, String) {
    let edge = Edge::new(world, "edge");
    let mark = |key: &str, value: &str| json!({"Key": format!("ecs-operator.io/{key}"), "Value": value});
    let tags = json!([
        mark("installation", "old"),
        mark("kind", "EcsLoadBalancer"),
        mark("namespace", &world.namespace),
        mark("name", "edge"),
        mark("uid", "1")
    ]);
    elb(world, "AddTags", json!({"ResourceArns": [edge.load_balancer, edge.listener], "Tags": tags}));
    (edge.load_balancer.clone(), edge.listener.clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_balancer_of_another_installation_by_taking_it_over() {
    let world = granted(json!({"securityGroups": ["sg-edge"]})).await;
    let (load_balancer, listener) = of_another_installation(&world);
    let before = written(&world).len();
    let spec = json!({"name": "edge", "takeOverFrom": "old", "subnets": ["subnet-a", "subnet-b"], "securityGroups": ["sg-edge"],
        "listeners": [{"port": 80, "protocol": "HTTP"}, {"port": 81, "protocol": "HTTP"}]});
    let object =
        json!({"apiVersion": "ecs-operator.io/v1alpha1", "kind": "EcsLoadBalancer", "metadata": {"name": "edge"}, "spec": spec});
    world.apply(&object.to_string()).await;
    let api: Api<EcsLoadBalancer> = Api::namespaced(world.kube.clone(), &world.namespace);
    let until_ready = async |status: &str, words: &[&str]| {
        until_some(&format!("the load balancer is Ready={status} and says {words:?}"), async || {
            let found = api.get("edge").await.unwrap();
            let said: Vec<_> = found.status.iter().flat_map(|status| &status.conditions).cloned().collect();
            let holds = |message: &str| words.iter().all(|word| message.contains(word));
            let is_told = said.iter().any(|one| one.type_ == "Ready" && one.status == status && holds(&one.message));
            if is_told { Ok(()) } else { Err(format!("{said:?}")) }
        })
        .await;
    };
    until_ready("False", &["takeOverFrom", &load_balancer, "adoption"]).await;
    assert_eq!(written(&world).len(), before, "{:?}", written(&world));
    // Each listener that was the other installation's is asked about too.
    let id = load_balancer.rsplit_once(':').unwrap().1;
    world.apply(&policy(json!({"securityGroups": ["sg-edge"], "adoption": [id]}))).await;
    until_ready("False", &["takeOverFrom", &listener, "adoption"]).await;
    world.apply(&policy(json!({"securityGroups": ["sg-edge"], "adoption": [id, "listener/app/edge/*"]}))).await;
    until_ready("True", &[]).await;
    for arn in [&load_balancer, &listener] {
        let tags = elb(&world, "DescribeTags", json!({"ResourceArns": [arn]}))["TagDescriptions"][0]["Tags"].clone();
        let owner = tags.as_array().unwrap().iter().find(|tag| tag["Key"] == "ecs-operator.io/installation").unwrap();
        assert_eq!(text(&owner["Value"]), world.installation);
    }
}
