//! A target group is made, kept, replaced and deleted; and what goes wrong on the way is told.

use crate::edge::{Edge, elb};
use crate::world::{World, fast, running, until_some, with};
use ecs_operator::api::EcsTargetGroup;
use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams};
use serde_json::{Value, json};
use simulator::{Call, Fault, FaultKind, Outcome, TargetBehaviour};
use std::time::Duration;

/// A listener that somebody else made, on port 80 of a load balancer `edge`; its ARN.
fn listener(world: &World) -> String {
    Edge::new(world, "edge").listener
}

/// A target group for that listener.
fn web(listener: &str) -> String {
    json!({
        "apiVersion": "ecs-operator.io/v1alpha1", "kind": "EcsTargetGroup", "metadata": {"name": "web"},
        "spec": {"listener": {"arn": listener}, "targetType": "ip", "healthCheck": {"path": "/healthz", "intervalSeconds": 5, "timeoutSeconds": 2}},
    })
    .to_string()
}

/// One that names VPC and protocol itself.
fn alone() -> String {
    with(&web("none"), json!({"listener": null, "vpcId": "vpc-00000000000000001", "protocol": "HTTP"}))
}

fn objects(world: &World) -> Api<EcsTargetGroup> {
    Api::namespaced(world.kube.clone(), &world.namespace)
}

/// All target groups of AWS.
fn groups(world: &World) -> Vec<Value> {
    elb(world, "DescribeTargetGroups", json!({}))["TargetGroups"].as_array().cloned().unwrap_or_default()
}

fn attribute(world: &World, arn: &str, key: &str) -> String {
    let all = elb(world, "DescribeTargetGroupAttributes", json!({"TargetGroupArn": arn}))["Attributes"].clone();
    let found = all.as_array().unwrap().iter().find(|one| one["Key"] == key).unwrap()["Value"].clone();
    found.as_str().unwrap().to_owned()
}

fn tags(world: &World, arn: &str) -> Vec<String> {
    let all = elb(world, "DescribeTags", json!({"ResourceArns": [arn]}))["TagDescriptions"][0]["Tags"].clone();
    all.as_array().into_iter().flatten().map(|tag| tag["Key"].as_str().unwrap().to_owned()).collect()
}

/// Waits until the target group `web` is as `holds` says.
async fn until(world: &World, what: &str, holds: impl Fn(&EcsTargetGroup) -> bool) -> EcsTargetGroup {
    until_some(what, async || {
        let found = objects(world).get("web").await.unwrap();
        if holds(&found) { Ok(found) } else { Err(serde_yaml_ng::to_string(&found.status).unwrap()) }
    })
    .await
}

async fn until_ready(world: &World) -> EcsTargetGroup {
    until(world, "Ready", is_ready).await
}

fn is_ready(object: &EcsTargetGroup) -> bool {
    let Some(status) = &object.status else { return false };
    says(object, "Ready", "True", "AsDeclared", &[]) && status.observed_generation == object.metadata.generation
}

/// Whether a condition stands there with this reason and each of these words.
fn says(object: &EcsTargetGroup, kind: &str, holds: &str, reason: &str, words: &[&str]) -> bool {
    let conditions = object.status.iter().flat_map(|status| &status.conditions);
    conditions
        .filter(|one| one.type_ == kind && one.status == holds)
        .any(|one| (reason.is_empty() || one.reason == reason) && words.iter().all(|word| one.message.contains(word)))
}

async fn until_told(world: &World, reason: &str, words: &[&str]) -> EcsTargetGroup {
    until(world, &format!("{reason} and {words:?}"), |object| says(object, "Ready", "False", reason, words)).await
}

async fn until_gone(world: &World) {
    until_some("the target group is gone", async || match objects(world).get_opt("web").await.unwrap() {
        None => Ok(()),
        Some(left) => Err(serde_yaml_ng::to_string(&left.status).unwrap()),
    })
    .await;
}

async fn delete(world: &World) {
    objects(world).delete("web", &DeleteParams::default()).await.unwrap();
}

async fn edit(world: &World, spec: Value) {
    objects(world).patch("web", &PatchParams::default(), &Patch::Merge(json!({"spec": spec}))).await.unwrap();
}

fn arn(object: &EcsTargetGroup) -> String {
    object.status.as_ref().unwrap().arn.clone().unwrap()
}

fn rule(world: &World, listener: &str, group: &str) -> String {
    let made = elb(
        world,
        "CreateRule",
        json!({"ListenerArn": listener, "Priority": 1, "Conditions": [{"Field": "path-pattern", "Values": ["/*"]}],
            "Actions": [{"Type": "forward", "TargetGroupArn": group}]}),
    );
    made["Rules"][0]["RuleArn"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_group_takes_its_vpc_from_the_listener_follows_its_edits_and_goes() {
    let world = World::new().await;
    let listener = listener(&world);
    world
        .apply(&with(&web(&listener), json!({"deregistrationDelaySeconds": 30, "tags": [{"key": "team", "value": "shop"}]})))
        .await;
    let made = until_ready(&world).await;
    let arn = arn(&made);
    let live = groups(&world).remove(0);
    assert_eq!(
        (&live["VpcId"], &live["Protocol"], &live["HealthCheckPath"]),
        (&json!("vpc-00000000000000001"), &json!("HTTP"), &json!("/healthz"))
    );
    assert_eq!(attribute(&world, &arn, "deregistration_delay.timeout_seconds"), "30");
    assert!(tags(&world, &arn).contains(&"team".to_owned()));
    assert_eq!((world.count("CreateTargetGroup"), world.count("ModifyTargetGroup")), (1, 0));

    world.apply(&with(&web(&listener), json!({"healthCheck": {"path": "/ping"}, "slowStartSeconds": 60}))).await;
    until(&world, "the edit is in force", |object| {
        is_ready(object) && object.status.as_ref().unwrap().applied.iter().any(|path| path.contains("slow_start"))
    })
    .await;
    assert_eq!(groups(&world)[0]["HealthCheckPath"], "/ping");
    assert_eq!(attribute(&world, &arn, "slow_start.duration_seconds"), "60");
    assert_eq!(attribute(&world, &arn, "deregistration_delay.timeout_seconds"), "300", "AWS's default once more");
    assert!(!tags(&world, &arn).contains(&"team".to_owned()));
    assert_eq!(groups(&world).len(), 1);

    let writes = world.writes();
    let later = world.aws.now() + Duration::from_mins(4);
    world.until_aws("some minutes pass", |aws| aws.now() > later).await;
    assert_eq!(world.writes(), writes, "a settled target group is not written to");
    delete(&world).await;
    until_gone(&world).await;
    assert_eq!(groups(&world), [] as [Value; 0]);
    let events: Vec<String> = world.events("web").await.into_iter().filter_map(|event| event.reason).collect();
    assert!(events.contains(&"Created".to_owned()) && events.contains(&"Deleted".to_owned()), "{events:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_somebody_elses_target_group_has_is_told_until_it_is_free() {
    let world = World::new().await;
    let theirs =
        json!({"Name": "checkout", "Protocol": "HTTP", "Port": 80, "VpcId": "vpc-00000000000000001", "TargetType": "ip"});
    let theirs = elb(&world, "CreateTargetGroup", theirs)["TargetGroups"][0]["TargetGroupArn"].clone();
    let named = with(&alone(), json!({"name": "checkout"}));
    world.apply(&named).await;
    let told = until_told(&world, "Conflict", &["checkout exists and nobody's tags stand on it", "targetGroup.arn"]).await;
    assert!(told.status.unwrap().arn.is_none());
    // Equal settings are no excuse: AWS would give it back as if it had been made.
    world.apply(&with(&named, json!({"healthCheck": null}))).await;
    until(&world, "the edit was looked at", |object| {
        object.status.as_ref().unwrap().observed_generation == object.metadata.generation
            && says(object, "Ready", "False", "Conflict", &[])
    })
    .await;
    assert_eq!(tags(&world, theirs.as_str().unwrap()), [] as [String; 0]);
    elb(&world, "DeleteTargetGroup", json!({"TargetGroupArn": theirs}));
    until_ready(&world).await;
    assert_eq!(groups(&world)[0]["TargetGroupName"], "checkout");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_changed_or_deleted_by_hand_is_put_back() {
    let world = World::new().await;
    world.apply(&with(&alone(), json!({"deregistrationDelaySeconds": 30}))).await;
    let first = arn(&until_ready(&world).await);
    elb(&world, "ModifyTargetGroup", json!({"TargetGroupArn": first, "HealthCheckPath": "/elsewhere"}));
    let delay = json!([{"Key": "deregistration_delay.timeout_seconds", "Value": "3"}]);
    elb(&world, "ModifyTargetGroupAttributes", json!({"TargetGroupArn": first, "Attributes": delay}));
    world.until_aws("the health check is put back", |_| groups(&world)[0]["HealthCheckPath"] == "/healthz").await;
    let delay = || attribute(&world, &first, "deregistration_delay.timeout_seconds");
    world.until_aws("the attribute is put back", |_| delay() == "30").await;
    elb(&world, "DeleteTargetGroup", json!({"TargetGroupArn": first}));
    let second = until(&world, "it was made again", |object| is_ready(object) && arn(object) != first).await;
    assert_eq!(groups(&world).len(), 1);
    assert!(second.status.unwrap().previous.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_group_that_something_forwards_to_is_deleted_once_nothing_does() {
    let world = World::new().await;
    let listener = listener(&world);
    world.apply(&web(&listener)).await;
    let group = arn(&until_ready(&world).await);
    let rule = rule(&world, &listener, &group);
    until(&world, "it is attached", |object| object.status.as_ref().unwrap().load_balancer_arns.len() == 1).await;
    delete(&world).await;
    until_told(&world, "Deleting", &["load balancer edge still forwards to target group"]).await;
    assert_eq!(groups(&world).len(), 1);
    elb(&world, "DeleteRule", json!({"RuleArn": rule}));
    until_gone(&world).await;
    assert_eq!(groups(&world), [] as [Value; 0]);
    assert!(world.count("DeleteTargetGroup") <= 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_aws_cannot_change_is_replaced_and_the_old_one_serves_until_nothing_forwards_to_it() {
    let world = World::new().await;
    let listener = listener(&world);
    world.apply(&web(&listener)).await;
    let old = arn(&until_ready(&world).await);
    let rule = rule(&world, &listener, &old);
    until(&world, "it is attached", |object| object.status.as_ref().unwrap().load_balancer_arns.len() == 1).await;
    edit(&world, json!({"protocolVersion": "HTTP2"})).await;
    let replacing = until(&world, "both are there", |object| {
        object.status.as_ref().unwrap().previous.len() == 1 && says(object, "Reconciling", "True", "Replacing", &["serves until"])
    })
    .await;
    let new = arn(&replacing);
    assert!(new != old && !replacing.status.unwrap().serving);
    assert_eq!(groups(&world).len(), 2);
    elb(&world, "ModifyRule", json!({"RuleArn": rule, "Actions": [{"Type": "forward", "TargetGroupArn": new}]}));
    let after =
        until(&world, "the old one is gone", |object| is_ready(object) && object.status.as_ref().unwrap().previous.is_empty())
            .await;
    assert!(after.status.unwrap().serving);
    let left = groups(&world);
    assert_eq!((left.len(), &left[0]["ProtocolVersion"]), (1, &json!("HTTP2")));
}

#[tokio::test(flavor = "multi_thread")]
async fn unhealthy_targets_are_told_with_what_to_look_at() {
    let world = World::new().await;
    let listener = listener(&world);
    world.aws.set_target("", TargetBehaviour::TimesOut);
    world.apply(&web(&listener)).await;
    rule(&world, &listener, &arn(&until_ready(&world).await));
    world.apply(&crate::world::family("shop", "nginx:1")).await;
    let expose = json!([{"name": "site", "containerName": "app", "containerPort": 80, "targetGroup": {"ref": {"name": "web"}}}]);
    world.apply(&with(&running("shop", "shop", 2), json!({"expose": expose, "healthCheckGracePeriodSeconds": 100_000}))).await;
    world
        .until("shop", "its tasks run", |service| service.status.as_ref().is_some_and(|status| status.running_count == Some(2)))
        .await;
    until(&world, "it says why no target is healthy", |object| {
        let targets = object.status.iter().flat_map(|status| &status.targets);
        let mut unhealthy = targets.filter(|it| it.reason.as_deref() == Some("Target.Timeout"));
        let is_told =
            unhealthy.any(|it| it.hint.as_ref().is_some_and(|hint| hint.contains("security group") && hint.contains("port 80")));
        is_told && says(object, "Available", "False", "NoHealthyTargets", &["Target.Timeout"]) && is_ready(object)
    })
    .await;
    world.aws.set_target("", TargetBehaviour::Healthy);
    until(&world, "targets are healthy", |object| {
        says(object, "Available", "True", "HealthyTargets", &[])
            && object.status.as_ref().unwrap().healthy.unwrap_or_default() > 0
    })
    .await;
    assert_eq!((world.count("RegisterTargets"), world.count("DeregisterTargets")), (0, 0), "targets are ECS's alone");
    delete(&world).await;
    until_told(&world, "Deleting", &["EcsService", "shop"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_cannot_take_the_tasks_of_the_service_that_refers_to_it_says_so_too() {
    let world = World::new().await;
    let listener = listener(&world);
    world.apply(&with(&web(&listener), json!({"targetType": "instance"}))).await;
    rule(&world, &listener, &arn(&until_ready(&world).await));
    world.apply(&crate::world::family("shop", "nginx:1")).await;
    let expose = json!([{"name": "site", "containerName": "app", "containerPort": 80, "targetGroup": {"ref": {"name": "web"}}}]);
    world.apply(&with(&running("shop", "shop", 1), json!({ "expose": expose }))).await;
    let is_told = |object: &EcsTargetGroup| says(object, "Available", "False", "TargetTypeMismatch", &["/shop: ", "needs ip"]);
    until(&world, "it says so", |object| is_ready(object) && is_told(object)).await;
    edit(&world, json!({"targetType": "ip"})).await;
    until(&world, "it says so no more", |object| !is_told(object)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn over_quota_it_says_so_and_deletes_go_on() {
    let world = World::new().await;
    world.apply(&alone()).await;
    until_ready(&world).await;
    world.aws.set_quota("target-groups", 1);
    edit(&world, json!({"port": 8080})).await;
    until_told(&world, "AwsQuota", &["maximum number of target groups", "Service Quotas"]).await;
    assert_eq!(groups(&world).len(), 1, "the old one is left alone");
    delete(&world).await;
    until_gone(&world).await;
    assert_eq!(groups(&world), [] as [Value; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_retained_stays_in_aws_without_our_tags() {
    let world = World::new().await;
    world.apply(&with(&alone(), json!({"deletionPolicy": "Retain", "tags": [{"key": "team", "value": "shop"}]}))).await;
    let group = arn(&until_ready(&world).await);
    delete(&world).await;
    until_gone(&world).await;
    assert_eq!(tags(&world, &group), ["team"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn observe_shows_a_target_group_and_writes_nothing() {
    let world = World::new().await;
    let theirs =
        json!({"Name": "checkout", "Protocol": "HTTP", "Port": 80, "VpcId": "vpc-00000000000000001", "TargetType": "ip"});
    elb(&world, "CreateTargetGroup", theirs);
    world.apply(&with(&alone(), json!({"name": "checkout", "managementPolicy": "Observe", "port": 8080}))).await;
    let seen = until(&world, "the difference is told", |object| {
        says(object, "Drifted", "True", "Differs", &["port", "healthCheck.path"])
    })
    .await;
    assert!(says(&seen, "Ready", "True", "Observed", &[]));
    delete(&world).await;
    until_gone(&world).await;
    assert_eq!((groups(&world).len(), world.writes()), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_that_is_not_there_is_waited_for() {
    let world = World::new().await;
    let listener = listener(&world);
    let other = listener.replace("/edge/", "/other/");
    world.apply(&web(&other)).await;
    let told = until_told(&world, "ListenerNotFound", &[&other]).await;
    assert!(says(&told, "Reconciling", "True", "ListenerNotFound", &[]));
    edit(&world, json!({"listener": {"arn": listener}})).await;
    until_ready(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_aws_would_refuse_are_refused_and_long_ones_are_shortened() {
    let world = World::new().await;
    let told = world.refusal(&with(&alone(), json!({"name": "x".repeat(33)}))).await;
    assert!(told.contains("name") && told.contains("32"), "{told}");
    let told = world.refusal(&with(&alone(), json!({"name": "-x"}))).await;
    assert!(told.contains("no hyphen at either end"), "{told}");
    world.apply(&with(&alone(), json!({"name": "x".repeat(32)}))).await;
    until_ready(&world).await;
    let mut long: Value = serde_json::from_str(&alone()).unwrap();
    long["metadata"]["name"] = json!("a.name.with.dots.and.more.than.thirty-two.characters");
    world.apply(&long.to_string()).await;
    world.until_aws("it is made", |_| groups(&world).len() == 2).await;
}

/// Every call of this kind, and one life in which each is made.
const CALLS: [&str; 10] = [
    "CreateTargetGroup",
    "ModifyTargetGroup",
    "ModifyTargetGroupAttributes",
    "AddTags",
    "RemoveTags",
    "DeleteTargetGroup",
    "DescribeTargetGroups",
    "DescribeTags",
    "DescribeTargetHealth",
    "DescribeTargetGroupAttributes",
];

async fn life(world: &World, operation: &str) {
    world.apply(&with(&alone(), json!({"tags": [{"key": "old", "value": "1"}], "deregistrationDelaySeconds": 9}))).await;
    until_ready(world).await;
    let other =
        json!({"tags": [{"key": "new", "value": "1"}], "deregistrationDelaySeconds": 8, "healthCheck": {"path": "/other"}});
    edit(world, other).await;
    until_ready(world).await;
    let group = groups(world).remove(0);
    let arn = group["TargetGroupArn"].as_str().unwrap();
    assert_eq!(group["HealthCheckPath"], "/other");
    assert_eq!(attribute(world, arn, "deregistration_delay.timeout_seconds"), "8");
    let tags = tags(world, arn);
    assert!(tags.contains(&"new".to_owned()) && !tags.contains(&"old".to_owned()), "{tags:?}");
    edit(world, json!({"port": 8080})).await;
    until(world, "it is replaced", |object| is_ready(object) && object.status.as_ref().unwrap().previous.is_empty()).await;
    let left = groups(world);
    assert_eq!((left.len(), &left[0]["Port"]), (1, &json!(8080)));
    if operation.starts_with("Describe") {
        let is_answered = |call: &Call| call.operation == operation && call.outcome == Outcome::Ok;
        world.until_aws(&format!("{operation} is answered"), |aws| aws.calls().iter().any(is_answered)).await;
    }
    delete(world).await;
    until_gone(world).await;
    assert_eq!(groups(world), [] as [Value; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_reply_that_is_lost_is_made_up_for() {
    for operation in CALLS {
        let world = World::new().await;
        world.aws.inject(Fault::new(operation, FaultKind::LostReply).times(1));
        life(&world, operation).await;
        assert!(world.count(operation) > 0, "{operation} was never called");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_call_that_is_denied_is_named_and_made_once_it_is_allowed() {
    // Our own writes say what tags there are: reading them is missed after a restart.
    for operation in CALLS.into_iter().filter(|name| *name != "DescribeTags") {
        let mut world = World::without_operator(fast()).await;
        world.start_operator();
        let message = format!("User: it is not authorized to perform: elasticloadbalancing:{operation} on resource: *");
        world.aws.inject(Fault::error(operation, "AccessDenied", &message));
        let told = async {
            until_some(&format!("{operation} is named"), async || {
                let conditions = objects(&world).get_opt("web").await.unwrap().and_then(|it| it.status).map(|it| it.conditions);
                let said = conditions.into_iter().flatten().map(|it| it.message).collect::<Vec<_>>().join("\n");
                if said.contains(&format!("elasticloadbalancing:{operation}")) { Ok(()) } else { Err(said) }
            })
            .await;
            world.aws.clear_faults();
        };
        tokio::join!(life(&world, operation), told);
        world.stop_operator().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_restart_a_read_that_is_denied_is_named_and_nothing_is_written() {
    for operation in ["DescribeTags", "DescribeTargetGroups"] {
        let mut world = World::new().await;
        world.apply(&alone()).await;
        until_ready(&world).await;
        world.stop_operator().await;
        let message = format!("User: it is not authorized to perform: elasticloadbalancing:{operation} on resource: *");
        world.aws.inject(Fault::error(operation, "AccessDenied", &message));
        let writes = world.writes();
        world.start_operator();
        until_told(&world, "AwsAccessDenied", &[&format!("elasticloadbalancing:{operation}")]).await;
        edit(&world, json!({"healthCheck": {"path": "/other"}})).await;
        world.aws.clear_faults();
        world.until_aws("the edit is in force", |_| groups(&world)[0]["HealthCheckPath"] == "/other").await;
        until_ready(&world).await;
        assert_eq!(world.writes(), writes + 1, "nothing was made twice");
    }
}
