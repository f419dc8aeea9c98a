//! Several accounts: which one an object is made in, with whose session, and what keeps it out.

mod refused;
mod sessions;

use crate::world::{CLUSTER, World, is_ready, running, until_some, web, with};
use ecs_operator::api::{AwsConnection, EcsService};
use futures::TryStreamExt;
use futures::future::ready;
use kube::ResourceExt;
use kube::api::{Api, DeleteParams, WatchEvent, WatchParams};
use serde_json::{Value, json};

/// The account of the operator's own credentials.
pub const HOME: &str = "111122223333";
/// Another account.
pub const AWAY: &str = "444455556666";
/// And another.
pub const FAR: &str = "777788889999";
pub const REGION: &str = "eu-central-1";

impl World {
    /// Name of a connection of this story: they belong to the whole cluster, which other stories share.
    pub fn connection(&self, name: &str) -> String {
        format!("{}-{name}", self.namespace)
    }

    /// An `AwsConnection` by a role of an account, for the namespace of this story.
    pub async fn connect(&self, name: &str, account: &str, more: Value) {
        let mut spec = json!({
            "accountId": account, "region": REGION, "allowedNamespaces": {"names": [self.namespace]},
            "assumeRole": {"roleArn": format!("arn:aws:iam::{account}:role/ecs-operator-{name}")},
        });
        for (key, value) in more.as_object().unwrap() {
            spec[key] = value.clone();
        }
        let spec: serde_json::Map<String, Value> =
            spec.as_object().unwrap().clone().into_iter().filter(|(_, value)| !value.is_null()).collect();
        let object = json!({"apiVersion": "ecs-operator.io/v1alpha1", "kind": "AwsConnection",
            "metadata": {"name": self.connection(name)}, "spec": spec});
        self.apply(&object.to_string()).await;
    }

    /// A cluster in another account.
    pub fn furnish(&self, account: &str) {
        self.aws.call_in(account, REGION, "CreateCluster", json!({"clusterName": CLUSTER})).unwrap();
    }

    /// The service as ECS of an account describes it.
    pub fn live_in(&self, account: &str, name: &str) -> Value {
        let input = json!({"cluster": CLUSTER, "services": [name], "include": ["TAGS"]});
        let answer = self.aws.call_in(account, REGION, "DescribeServices", input);
        answer.ok().and_then(|answer| answer.pointer("/services/0").cloned()).unwrap_or_default()
    }

    pub fn connections(&self) -> Api<AwsConnection> {
        Api::all(self.kube.clone())
    }

    /// Waits until a connection is Ready or not for this reason, and says these words.
    pub async fn until_connection(&self, name: &str, status: &str, reason: &str, words: &[&str]) -> AwsConnection {
        let name = self.connection(name);
        until_some(&format!("connection {name} says {reason} and {words:?}"), async || {
            let found = self.connections().get(&name).await.unwrap();
            let ready = found.status.iter().flat_map(|it| &it.conditions).find(|it| it.type_ == "Ready");
            let holds = ready.is_some_and(|it| {
                it.status == status && it.reason == reason && words.iter().all(|word| it.message.contains(word))
            });
            if holds { Ok(found) } else { Err(serde_yaml_ng::to_string(&found.status).unwrap()) }
        })
        .await
    }

    /// Calls that were made in an account, but for those of STS.
    pub fn calls_in(&self, account: &str) -> Vec<String> {
        let calls = self.aws.calls().into_iter().filter(|call| call.account == account && call.service != "sts");
        calls.map(|call| call.operation).collect()
    }
}

/// A service named `name` with its own template, made through a connection.
pub fn service(world: &World, name: &str, connection: &str) -> String {
    let mut whole: Value =
        serde_json::from_str(&with(&web("nginx:1", 1), json!({"connectionRef": {"name": world.connection(connection)}})))
            .unwrap();
    whole["metadata"]["name"] = json!(name);
    whole["spec"]["taskDefinitionTemplate"].as_object_mut().unwrap().remove("executionRoleArn");
    whole.to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_accounts_side_by_side_have_a_service_each() {
    let world = World::new().await;
    for (name, account) in [("away", AWAY), ("far", FAR)] {
        world.furnish(account);
        world.connect(name, account, json!({})).await;
        world.apply(&service(&world, name, name)).await;
    }
    for (name, account, other) in [("away", AWAY, FAR), ("far", FAR, AWAY)] {
        let ready = world.until_ready(name).await;
        let status = ready.status.unwrap();
        assert_eq!((status.connection, status.account.as_deref()), (Some(world.connection(name)), Some(account)));
        assert_eq!(world.live_in(account, name)["status"], "ACTIVE");
        assert_eq!(world.live_in(other, name), Value::Null);
        let found = world.until_connection(name, "True", "Connected", &[account, REGION]).await;
        assert!(found.status.unwrap().caller_arn.unwrap().contains(&format!("{account}:assumed-role/ecs-operator-{name}/")));
        let child = world.task_definitions().get(name).await.unwrap();
        assert_eq!(child.spec.connection_ref.unwrap().name, world.connection(name), "what is made for it goes the same way");
    }
    assert_eq!(world.calls_in(HOME), Vec::<String>::new());
    for name in ["away", "far"] {
        world.delete_and_wait(name).await;
    }
    assert_eq!(world.live_in(AWAY, "away")["status"], "INACTIVE");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_exposed_is_made_in_the_account_of_its_service() {
    let world = World::new().await;
    world.furnish(AWAY);
    world.connect("away", AWAY, json!({})).await;
    let exposed = with(
        &service(&world, "web", "away"),
        json!({"expose": [{"name": "http", "port": "http", "match": {"hosts": ["a.example.com"]},
            "listener": {"ref": {"name": "edge"}, "port": 80}, "healthCheck": {"path": "/"}}]}),
    );
    let edge = json!({"apiVersion": "ecs-operator.io/v1alpha1", "kind": "EcsLoadBalancer", "metadata": {"name": "edge"},
        "spec": {"connectionRef": {"name": world.connection("away")}, "subnets": ["subnet-a", "subnet-b"],
            "listeners": [{"port": 80, "protocol": "HTTP", "defaultAction": {"fixedResponse": {"statusCode": "404"}}}]}});
    world.apply(&edge.to_string()).await;
    world.apply(&exposed).await;
    let ready = world.until_ready("web").await;
    let arn = ready.status.unwrap().exposures[0].target_group.clone().unwrap();
    assert!(arn.contains(&format!(":{AWAY}:targetgroup/")), "{arn}");
    assert_eq!(world.calls_in(HOME), Vec::<String>::new());
    world.delete_and_wait("web").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_waits_for_its_connection_and_wakes_when_it_is_there() {
    let world = World::new().await;
    world.furnish(AWAY);
    world.apply(&service(&world, "web", "away")).await;
    let missing = world.connection("away");
    world.until_told("web", "ConnectionNotFound", &[&format!("there is no AwsConnection {missing}")]).await;
    world.connect("away", AWAY, json!({})).await;
    world.until_ready("web").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_policy_of_a_namespace_gives_it_a_connection_and_keeps_it_there() {
    let world = World::new().await;
    world.furnish(AWAY);
    world.connect("away", AWAY, json!({})).await;
    let policy = json!({"apiVersion": "ecs-operator.io/v1alpha1", "kind": "EcsNamespacePolicy", "metadata": {"name": "default"},
        "spec": {"connection": world.connection("away")}});
    world.apply(&policy.to_string()).await;
    world.apply(&with(&service(&world, "web", "away"), json!({"connectionRef": null}))).await;
    let ready = world.until_ready("web").await;
    assert_eq!(ready.status.unwrap().account.as_deref(), Some(AWAY));
    let elsewhere = with(&service(&world, "other", "away"), json!({"connectionRef": {"name": "default"}}));
    world.apply(&elsewhere).await;
    world.until_told("other", "NamespaceNotAllowed", &["keeps this namespace to connection", "default"]).await;
    assert_eq!(world.calls_in(HOME), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_label_lets_a_namespace_in_and_its_loss_shuts_it_out() {
    use kube::api::{Patch, PatchParams};
    let world = World::new().await;
    world.furnish(AWAY);
    let label = format!("uses-{}", world.namespace);
    let selector = json!({"allowedNamespaces": {"selector": {"matchLabels": {&label: "yes"}}}});
    world.connect("away", AWAY, selector).await;
    world.apply(&service(&world, "web", "away")).await;
    world.until_told("web", "NamespaceNotAllowed", &["allowedNamespaces"]).await;
    let namespaces: Api<k8s_openapi::api::core::v1::Namespace> = Api::all(world.kube.clone());
    let set = |value: Value| Patch::Merge(json!({"metadata": {"labels": {&label: value}}}));
    namespaces.patch(&world.namespace, &PatchParams::default(), &set(json!("yes"))).await.unwrap();
    world.until_ready("web").await;
    namespaces.patch(&world.namespace, &PatchParams::default(), &set(Value::Null)).await.unwrap();
    world.until_told("web", "NamespaceNotAllowed", &["allowedNamespaces"]).await;
    world.delete_and_wait("web").await;
    assert_eq!(world.live_in(AWAY, "web")["status"], "INACTIVE", "a deletion is never refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_deleted_waits_for_what_was_made_through_it_and_takes_on_nothing_new() {
    let world = World::new().await;
    world.furnish(AWAY);
    world.connect("away", AWAY, json!({})).await;
    world.apply(&service(&world, "web", "away")).await;
    world.until_ready("web").await;
    let name = world.connection("away");
    world.connections().delete(&name, &DeleteParams::default()).await.unwrap();
    let who = format!("{}/web", world.namespace);
    world.until_connection("away", "False", "Deleting", &[&who, "still has something in AWS"]).await;
    world.apply(&service(&world, "late", "away")).await;
    world.until_told("late", "ConnectionNotFound", &["is being deleted"]).await;
    world.edit("web", json!({"desiredCount": 2})).await;
    world
        .until_aws("what runs is still looked after", |aws| {
            let input = json!({"cluster": CLUSTER, "services": ["web"]});
            aws.call_in(AWAY, REGION, "DescribeServices", input).unwrap()["services"][0]["desiredCount"] == 2
        })
        .await;
    world.delete_and_wait("web").await;
    until_some("the connection is gone", async || {
        let left = world.connections().get_opt(&name).await.unwrap();
        left.map_or(Ok(()), |left| Err(serde_yaml_ng::to_string(&left.status).unwrap()))
    })
    .await;
    world.until_told("late", "ConnectionNotFound", &["there is no AwsConnection"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_process_opens_the_connection_again_and_nobody_notices() {
    let mut world = World::new().await;
    world.furnish(AWAY);
    world.connect("away", AWAY, json!({})).await;
    world.apply(&service(&world, "web", "away")).await;
    let before = world.until_ready("web").await.resource_version().unwrap();
    world.stop_operator().await;
    world.aws.clear_calls();
    world.start_operator();
    let reads = |world: &World| world.calls_in(AWAY).iter().filter(|it| *it == "DescribeServices").count();
    until_some("ECS was read some times", async || (reads(&world) > 3).then_some(()).ok_or_else(|| "not yet".to_owned())).await;
    let since = world.services().watch(&WatchParams::default().timeout(1), &before).await.unwrap();
    let not_ready: Vec<EcsService> = since
        .try_filter_map(async |event| Ok(if let WatchEvent::Modified(seen) = event { Some(seen) } else { None }))
        .try_filter(|seen| ready(!is_ready(seen)))
        .try_collect()
        .await
        .unwrap();
    assert_eq!(serde_yaml_ng::to_string(&not_ready).unwrap(), "[]\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_process_takes_away_what_was_made_through_a_connection_that_is_deleted() {
    let mut world = World::new().await;
    world.furnish(AWAY);
    world.connect("away", AWAY, json!({})).await;
    world.apply(&service(&world, "web", "away")).await;
    world.until_ready("web").await;
    world.connections().delete(&world.connection("away"), &DeleteParams::default()).await.unwrap();
    world.until_connection("away", "False", "Deleting", &["still has something in AWS"]).await;
    world.stop_operator().await;
    world.start_operator();
    world.delete_and_wait("web").await;
    assert_eq!(world.live_in(AWAY, "web")["status"], "INACTIVE");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_service_claimed_by_two_connections_of_an_account_is_a_conflict_for_the_younger() {
    let world = World::new().await;
    world.furnish(AWAY);
    world.furnish(FAR);
    world.connect("away", AWAY, json!({})).await;
    world.connect("again", AWAY, json!({})).await;
    world.connect("far", FAR, json!({})).await;
    world.apply(&service(&world, "first", "away")).await;
    world.until_ready("first").await;
    let same = |name: &str, connection: &str| with(&service(&world, name, connection), json!({"serviceName": "first"}));
    world.apply(&same("second", "again")).await;
    world.until_told("second", "Conflict", &["claimed by the older EcsService", "first"]).await;
    world.apply(&same("third", "far")).await;
    world.until_ready("third").await;
    assert_eq!(world.live_in(FAR, "first")["status"], "ACTIVE", "in another account it is another service");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_and_its_task_definition_are_made_through_one_connection() {
    let world = World::new().await;
    for (name, account) in [("away", AWAY), ("far", FAR)] {
        world.furnish(account);
        world.connect(name, account, json!({})).await;
    }
    let reference = |name: &str| json!({"connectionRef": {"name": world.connection(name)}});
    world.apply(&with(&crate::world::family("app", "nginx:1"), reference("far"))).await;
    world.until_registered("app", 1).await;
    world.apply(&with(&running("web", "app", 1), reference("away"))).await;
    world.until_told("web", "ConnectionMismatch", &["EcsTaskDefinition", "app", &world.connection("far")]).await;
    assert!(!world.calls_in(AWAY).contains(&"CreateService".to_owned()));
    world.edit("web", reference("far")).await;
    world.until_ready("web").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_moves_to_another_connection_of_its_account_and_never_to_another_account() {
    let world = World::new().await;
    for (name, account) in [("away", AWAY), ("again", AWAY), ("far", FAR)] {
        world.furnish(account);
        world.connect(name, account, json!({})).await;
    }
    world.apply(&service(&world, "web", "away")).await;
    world.until_ready("web").await;
    let before = world.live_in(AWAY, "web")["serviceArn"].clone();
    let by = |name: &str| json!({"connectionRef": {"name": world.connection(name)}, "desiredCount": 2});
    world.edit("web", by("again")).await;
    let moved = world.connection("again");
    world
        .until("web", "it is made through the other connection", |found| {
            found
                .status
                .as_ref()
                .is_some_and(|status| status.connection.as_ref() == Some(&moved) && status.desired_count == Some(2))
        })
        .await;
    assert_eq!(world.live_in(AWAY, "web")["serviceArn"], before);
    world.edit("web", by("far")).await;
    world.until_told("web", "AccountMismatch", &["lives in account", AWAY, FAR]).await;
    assert_eq!(world.live_in(FAR, "web"), Value::Null);
}
