//! A load balancer with its listeners: made, kept, looked at, given back.

use crate::edge::{until_rule_ready, until_rule_says};
use crate::world::{World, fast, is_write, until_some};
use ecs_operator::api::load_balancer::ListenerStatus;
use ecs_operator::api::{EcsLoadBalancer, EcsLoadBalancerStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::Api;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams};
use serde_json::{Value, json};
use simulator::{Fault, FaultKind, Outcome, Settings};
use std::time::Duration;

fn api(world: &World) -> Api<EcsLoadBalancer> {
    Api::namespaced(world.kube.clone(), &world.namespace)
}

/// A declaration named `edge`, with more members.
fn edge(more: &Value) -> String {
    let mut spec = json!({"subnets": ["subnet-a", "subnet-b"], "securityGroups": ["sg-edge"]});
    spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    spec.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    json!({"apiVersion": "ecs-operator.io/v1alpha1", "kind": "EcsLoadBalancer", "metadata": {"name": "edge"}, "spec": spec})
        .to_string()
}

fn http(port: i32) -> Value {
    json!({"port": port, "protocol": "HTTP"})
}

fn on(ports: &[i32]) -> Value {
    json!({"listeners": ports.iter().copied().map(http).collect::<Vec<_>>()})
}

async fn until(world: &World, what: &str, holds: impl Fn(&EcsLoadBalancer) -> bool) -> EcsLoadBalancer {
    until_some(what, async || {
        let found = api(world).get("edge").await.unwrap();
        if holds(&found) { Ok(found) } else { Err(serde_yaml_ng::to_string(&found.status).unwrap()) }
    })
    .await
}

fn ready(object: &EcsLoadBalancer) -> Option<&Condition> {
    object.status.as_ref()?.conditions.iter().find(|one| one.type_ == "Ready")
}

fn is_ready(object: &EcsLoadBalancer) -> bool {
    let is_newest = object.status.as_ref().is_some_and(|it| it.observed_generation == object.metadata.generation);
    is_newest && ready(object).is_some_and(|it| it.status == "True")
}

async fn until_ready(world: &World) -> EcsLoadBalancerStatus {
    until(world, "the load balancer is Ready", is_ready).await.status.unwrap()
}

/// Waits until it is not Ready for this reason, and says each of these words.
async fn until_told(world: &World, reason: &str, words: &[&str]) -> EcsLoadBalancer {
    let says = |it: &Condition| it.status == "False" && it.reason == reason && words.iter().all(|word| it.message.contains(word));
    until(world, &format!("it says {reason} and {words:?}"), |object| ready(object).is_some_and(says)).await
}

fn elb(world: &World, operation: &str, input: Value) -> Value {
    world.aws.call_elb(operation, input).unwrap()
}

/// As AWS describes them, but for the state: it becomes active by itself.
fn load_balancers(world: &World) -> Vec<Value> {
    let mut all = elb(world, "DescribeLoadBalancers", json!({}))["LoadBalancers"].as_array().cloned().unwrap_or_default();
    for it in &mut all {
        it.as_object_mut().unwrap().remove("State");
    }
    all
}

fn listeners(world: &World) -> Vec<Value> {
    let of_it = |it: &Value| elb(world, "DescribeListeners", json!({"LoadBalancerArn": it["LoadBalancerArn"]}));
    load_balancers(world).iter().flat_map(|it| of_it(it)["Listeners"].as_array().cloned().unwrap_or_default()).collect()
}

fn ports(world: &World) -> Vec<i64> {
    let mut ports: Vec<i64> = listeners(world).iter().map(|it| it["Port"].as_i64().unwrap()).collect();
    ports.sort_unstable();
    ports
}

fn made_by_hand(world: &World, name: &str) -> String {
    let made = elb(
        world,
        "CreateLoadBalancer",
        json!({"Name": name, "Subnets": ["subnet-a", "subnet-b"], "SecurityGroups": ["sg-edge"], "Tags": [{"Key": "edge", "Value": "public"}]}),
    );
    let arn = made["LoadBalancers"][0]["LoadBalancerArn"].as_str().unwrap().to_owned();
    let not_found = json!([{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}]);
    elb(world, "CreateListener", json!({"LoadBalancerArn": arn, "Protocol": "HTTP", "Port": 80, "DefaultActions": not_found}));
    arn
}

async fn delete(world: &World) {
    api(world).delete("edge", &DeleteParams::default()).await.unwrap();
}

async fn until_gone(world: &World) {
    until_some("the load balancer is gone", async || {
        let left = api(world).get_opt("edge").await.unwrap();
        left.map_or(Ok(()), |left| Err(serde_yaml_ng::to_string(&left.status).unwrap()))
    })
    .await;
}

fn writes(world: &World) -> usize {
    world.aws.calls().iter().filter(|call| is_write(&call.operation)).count()
}

fn of_port(status: &EcsLoadBalancerStatus, port: i32) -> &ListenerStatus {
    status.listeners.iter().find(|it| it.port == port).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_balancer_is_made_edited_in_place_and_deleted_with_its_listeners() {
    let world = World::new().await;
    world.apply(&edge(&on(&[80]))).await;
    let status = until_ready(&world).await;
    assert_eq!((status.state.as_deref(), status.r#type.as_deref()), (Some("active"), Some("application")));
    assert!(status.dns_name.is_some() && status.vpc_id.is_some() && of_port(&status, 80).arn.contains(":listener/app/"));
    assert_eq!(status.quotas.as_ref().unwrap().rules.as_ref().unwrap().limit, 100);

    let attributes = json!([{"key": "routing.http2.enabled", "value": "false"}]);
    let mut edited = on(&[80, 81]);
    edited.as_object_mut().unwrap().extend(
        json!({"subnets": ["subnet-b", "subnet-c"], "idleTimeoutSeconds": 120, "attributes": attributes, "ipAddressType": "dualstack"})
            .as_object()
            .unwrap()
            .clone(),
    );
    world.apply(&edge(&edited)).await;
    let arn = until_ready(&world).await.load_balancer_arn;
    assert_eq!(arn, status.load_balancer_arn, "in place");
    let live = load_balancers(&world)[0].clone();
    assert_eq!(live["IpAddressType"], "dualstack");
    let attributes = elb(&world, "DescribeLoadBalancerAttributes", json!({"LoadBalancerArn": arn}))["Attributes"].clone();
    let value = |key: &str| attributes.as_array().unwrap().iter().find(|it| it["Key"] == key).unwrap()["Value"].clone();
    assert_eq!((value("idle_timeout.timeout_seconds"), value("routing.http2.enabled")), (json!("120"), json!("false")));
    assert_eq!(ports(&world), [80, 81]);

    delete(&world).await;
    until_gone(&world).await;
    assert!(load_balancers(&world).is_empty());
    assert_eq!((world.count("DeleteLoadBalancer"), world.count("DeleteListener")), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_settled_load_balancer_is_written_to_no_more() {
    let world = World::new().await;
    world.apply(&edge(&on(&[80, 81]))).await;
    until_ready(&world).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (before, version) = (writes(&world), api(&world).get("edge").await.unwrap().metadata.resource_version);
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(writes(&world), before);
    assert_eq!(api(&world).get("edge").await.unwrap().metadata.resource_version, version, "equal status is not written");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_changes_is_served_on_the_new_one_before_it_leaves_the_old_one() {
    let world = World::new().await;
    world.apply(&edge(&on(&[80]))).await;
    until_ready(&world).await;
    world.apply(&edge(&on(&[8080]))).await;
    world.until_aws("only the new port is there", |_| ports(&world) == [8080]).await;
    let order: Vec<String> =
        world.aws.calls().into_iter().map(|call| call.operation).filter(|it| it.ends_with("Listener") && is_write(it)).collect();
    assert_eq!(order, ["CreateListener", "CreateListener", "DeleteListener"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_deleted_or_edited_by_hand_is_put_back_and_a_new_address_is_told() {
    let world = World::new().await;
    world.apply(&edge(&on(&[80, 81]))).await;
    let first = until_ready(&world).await;
    elb(&world, "DeleteListener", json!({"ListenerArn": of_port(&first, 81).arn}));
    world.until_aws("the listener is there again", |_| ports(&world) == [80, 81]).await;
    elb(&world, "SetSecurityGroups", json!({"LoadBalancerArn": first.load_balancer_arn, "SecurityGroups": ["sg-theirs"]}));
    world.until_aws("the groups are put back", |_| load_balancers(&world)[0]["SecurityGroups"] == json!(["sg-edge"])).await;

    elb(&world, "DeleteLoadBalancer", json!({"LoadBalancerArn": first.load_balancer_arn}));
    let again = until(&world, "it is made again", |object| {
        let status = object.status.as_ref().unwrap();
        is_ready(object) && status.load_balancer_arn.is_some() && status.load_balancer_arn != first.load_balancer_arn
    })
    .await;
    assert_eq!(ports(&world), [80, 81]);
    assert_eq!(again.status.unwrap().listeners.len(), 2);
    let events: Api<k8s_openapi::api::core::v1::Event> = Api::namespaced(world.kube.clone(), &world.namespace);
    let told = events.list(&ListParams::default()).await.unwrap().items;
    assert!(told.iter().any(|it| it.reason.as_deref() == Some("MadeAgain")), "the DNS name is another one");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_somebody_elses_load_balancer_has_is_left_alone() {
    let world = World::new().await;
    made_by_hand(&world, "public");
    let before = (load_balancers(&world), listeners(&world));
    let mut declared = on(&[80, 81]);
    declared["name"] = json!("public");
    world.apply(&edge(&declared)).await;
    until_told(&world, "Conflict", &["public", "nobody's tags", "Adopt"]).await;
    delete(&world).await;
    until_gone(&world).await;
    assert_eq!((load_balancers(&world), listeners(&world)), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_exists_is_adopted_once_it_agrees() {
    let world = World::new().await;
    let arn = made_by_hand(&world, "edge");
    let adopt = |ports: &[i32]| {
        let mut declared = on(ports);
        declared["managementPolicy"] = json!("Adopt");
        edge(&declared)
    };
    world.apply(&adopt(&[80, 81])).await;
    until_told(&world, "AdoptionWouldChange", &["listeners[81]"]).await;
    world.apply(&adopt(&[80])).await;
    let status = until_ready(&world).await;
    assert_eq!(status.load_balancer_arn.as_deref(), Some(arn.as_str()));
    world.apply(&adopt(&[80, 81])).await;
    world.until_aws("what is adopted is managed", |_| ports(&world) == [80, 81]).await;
    delete(&world).await;
    until_gone(&world).await;
    assert_eq!(load_balancers(&world).len(), 1, "what was adopted stays");
}

#[tokio::test(flavor = "multi_thread")]
async fn observe_finds_it_by_tags_and_writes_nothing() {
    let world = World::new().await;
    let selector = json!({"tags": [{"key": "edge", "value": "public"}]});
    let observed = edge(&json!({"subnets": null, "securityGroups": null, "managementPolicy": "Observe", "selector": selector}));
    world.apply(&observed).await;
    until_told(&world, "NotFound", &["edge=public"]).await;
    let arn = made_by_hand(&world, "public");
    let status = until_ready(&world).await;
    assert_eq!(status.load_balancer_arn.as_deref(), Some(arn.as_str()));
    assert_eq!(of_port(&status, 80).protocol, "HTTP");
    made_by_hand(&world, "public-too");
    until_told(&world, "LoadBalancerAmbiguous", &["2 load balancers"]).await;
    delete(&world).await;
    until_gone(&world).await;
    assert_eq!(load_balancers(&world).len(), 2);
    let theirs = ["CreateLoadBalancer", "CreateListener"];
    let ours = world.aws.calls().into_iter().filter(|call| is_write(&call.operation) && call.operation != "CreateCluster");
    assert_eq!(ours.filter(|call| !theirs.contains(&call.operation.as_str())).count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_of_others_holds_back_the_deletion_until_it_is_gone_or_that_is_wished() {
    let world = World::new().await;
    world.apply(&edge(&on(&[80]))).await;
    let status = until_ready(&world).await;
    let answer = json!([{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}]);
    let made = elb(
        &world,
        "CreateRule",
        json!({"ListenerArn": of_port(&status, 80).arn, "Priority": 7, "Actions": answer,
            "Conditions": [{"Field": "host-header", "Values": ["theirs.example.com"]}]}),
    );
    let rule = made["Rules"][0]["RuleArn"].as_str().unwrap().to_owned();
    until(&world, "the rule is counted", |object| {
        object.status.as_ref().is_some_and(|status| status.listeners.first().and_then(|it| it.rules_used) == Some(1))
    })
    .await;
    delete(&world).await;
    until_told(&world, "ForeignRules", &[rule.as_str(), "deletionPolicy"]).await;
    assert_eq!(world.count("DeleteLoadBalancer"), 0);
    let patch = Patch::Merge(json!({"spec": {"deletionPolicy": "Delete"}}));
    api(&world).patch("edge", &PatchParams::default(), &patch).await.unwrap();
    until_gone(&world).await;
    assert!(load_balancers(&world).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn deletion_protection_of_others_is_respected_and_ours_is_taken_off() {
    let world = World::new().await;
    world.apply(&edge(&on(&[80]))).await;
    let arn = until_ready(&world).await.load_balancer_arn.unwrap();
    let set = |value: &str| {
        let attributes = json!([{"Key": "deletion_protection.enabled", "Value": value}]);
        elb(&world, "ModifyLoadBalancerAttributes", json!({"LoadBalancerArn": arn, "Attributes": attributes}));
    };
    set("true");
    delete(&world).await;
    until(&world, "the refusal is told", |object| {
        ready(object).is_some_and(|it| it.status == "False" && it.message.contains("deletion protection"))
    })
    .await;
    assert_eq!(load_balancers(&world).len(), 1);
    set("false");
    until_gone(&world).await;

    let mut declared = on(&[80]);
    declared["deletionProtection"] = json!(true);
    world.apply(&edge(&declared)).await;
    until_ready(&world).await;
    delete(&world).await;
    until_gone(&world).await;
    assert!(load_balancers(&world).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_are_found_for_the_hosts_of_rules_and_hosts_without_are_told() {
    let world = World::new().await;
    let wild = world.aws.add_certificate(&["*.example.com"]);
    let secure = json!({"port": 443, "protocol": "HTTPS", "discoverCertificates": true});
    world.apply(&edge(&json!({"listeners": [secure]}))).await;
    until_told(&world, "CertificateNotFound", &["443", "no host yet"]).await;
    let rule = json!({
        "apiVersion": "ecs-operator.io/v1alpha1", "kind": "EcsListenerRule", "metadata": {"name": "shop"},
        "spec": {
            "listener": {"ref": {"name": "edge"}, "port": 443}, "match": {"hosts": ["shop.example.com", "shop.example.org"]},
            "fixedResponse": {"statusCode": "200"},
        },
    });
    world.apply(&rule.to_string()).await;
    let status = until_ready(&world).await;
    assert_eq!(of_port(&status, 443).uncovered_hosts, ["shop.example.org"]);
    assert_eq!(listeners(&world)[0]["Certificates"][0]["CertificateArn"], json!(wild));
    let other = world.aws.add_certificate(&["shop.example.org"]);
    until(&world, "the new certificate is found", |object| {
        object.status.as_ref().is_some_and(|status| status.listeners.iter().all(|it| it.uncovered_hosts.is_empty()))
    })
    .await;
    world
        .until_aws("the new certificate is added", |_| {
            let arn = &listeners(&world)[0]["ListenerArn"];
            let all = elb(&world, "DescribeListenerCertificates", json!({"ListenerArn": arn}));
            all["Certificates"].as_array().unwrap().iter().any(|it| it["CertificateArn"] == json!(other))
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listed_certificate_that_does_not_cover_the_host_of_a_rule_is_told_there_and_on_the_rule() {
    let world = World::new().await;
    let listed = world.aws.add_certificate(&["example.com"]);
    let secure = |certificates: Value| json!({"listeners": [{"port": 443, "protocol": "HTTPS", "certificates": certificates}]});
    world.apply(&edge(&secure(json!([{"certificateArn": listed}])))).await;
    until_ready(&world).await;
    let rule = json!({
        "apiVersion": "ecs-operator.io/v1alpha1", "kind": "EcsListenerRule", "metadata": {"name": "shop"},
        "spec": {
            "listener": {"ref": {"name": "edge"}, "port": 443}, "match": {"hosts": ["shop.example.com"]},
            "fixedResponse": {"statusCode": "200"},
        },
    });
    world.apply(&rule.to_string()).await;
    until(&world, "the load balancer says so", |object| {
        ready(object)
            .is_some_and(|it| it.status == "True" && it.message.contains("no certificate on port 443 covers shop.example.com"))
    })
    .await;
    let words = ["no certificate of the listener covers shop.example.com"];
    until_rule_says(&world, "shop", "CertificateMissing", &words).await;

    let other = world.aws.add_certificate(&["*.example.com"]);
    world.apply(&edge(&secure(json!([{"certificateArn": listed}, {"certificateArn": other}])))).await;
    until_rule_ready(&world, "shop").await;
    assert!(until_ready(&world).await.listeners[0].uncovered_hosts.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_aws_does_not_have_is_told_and_holds_no_other_listener_up() {
    let world = World::new().await;
    let absent = "arn:aws:acm:eu-central-1:111122223333:certificate/absent";
    let secure = json!({"port": 443, "protocol": "HTTPS", "certificates": [{"certificateArn": absent}]});
    world.apply(&edge(&json!({"listeners": [secure, http(80), http(8080)]}))).await;
    until_told(&world, "AwsNotFound", &["CreateListener", "absent", "region of the load balancer"]).await;
    world.until_aws("the other listeners are there", |_| ports(&world) == [80, 8080]).await;
    let here = world.aws.add_certificate(&["shop.example.com"]);
    let secure = json!({"port": 443, "protocol": "HTTPS", "certificates": [{"certificateArn": here}]});
    world.apply(&edge(&json!({"listeners": [secure, http(80), http(8080)]}))).await;
    until_ready(&world).await;
    assert_eq!(ports(&world), [80, 443, 8080]);
}

#[tokio::test(flavor = "multi_thread")]
async fn subnets_in_one_zone_are_refused_in_the_words_of_aws() {
    let world = World::new().await;
    world.apply(&edge(&json!({"subnets": ["subnet-a"]}))).await;
    until_told(&world, "AwsInvalid", &["CreateLoadBalancer", "two different Availability Zones", "correct the spec"]).await;
    world.apply(&edge(&on(&[80]))).await;
    until_ready(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn over_quota_is_told_and_holds_no_deletion_up() {
    let quotas = [("listeners-per-application-load-balancer".to_owned(), 2)].into();
    let mut world = World::without_operator(Settings { quotas, ..fast() }).await;
    world.start_operator();
    world.apply(&edge(&on(&[80, 81, 82]))).await;
    until_told(&world, "AwsQuota", &["CreateListener", "Service Quotas"]).await;
    world.apply(&edge(&on(&[80, 82]))).await;
    until_ready(&world).await;
    assert_eq!(ports(&world), [80, 82], "the old one goes first where there is no room for both");
    delete(&world).await;
    until_gone(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_denied_is_told_with_what_to_allow_and_goes_on_once_it_is() {
    for operation in
        ["CreateLoadBalancer", "CreateListener", "DescribeLoadBalancers", "DescribeListeners", "ModifyLoadBalancerAttributes"]
    {
        let world = World::new().await;
        let message =
            format!("User: x is not authorized to perform: elasticloadbalancing:{operation} because no policy allows it");
        let fault = world.aws.inject(Fault::error(operation, "AccessDenied", &message));
        let mut declared = on(&[80]);
        declared["idleTimeoutSeconds"] = json!(120);
        world.apply(&edge(&declared)).await;
        until_told(&world, "AwsAccessDenied", &[operation, &format!("allow `elasticloadbalancing:{operation}`")]).await;
        world.aws.remove_fault(fault);
        until_ready(&world).await;
        assert_eq!((load_balancers(&world).len(), ports(&world).len()), (1, 1), "{operation}");
        let fault = world.aws.inject(Fault::error(
            "DeleteLoadBalancer",
            "AccessDenied",
            "not authorized to perform: elasticloadbalancing:DeleteLoadBalancer",
        ));
        delete(&world).await;
        until_told(&world, "AwsAccessDenied", &["DeleteLoadBalancer"]).await;
        world.aws.remove_fault(fault);
        until_gone(&world).await;
        assert!(load_balancers(&world).is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_that_is_lost_makes_nothing_twice() {
    let world = World::new().await;
    let writes = [
        "CreateLoadBalancer",
        "CreateListener",
        "ModifyLoadBalancerAttributes",
        "AddTags",
        "SetSubnets",
        "ModifyListener",
        "DeleteListener",
        "DeleteLoadBalancer",
    ];
    for operation in writes {
        world.aws.inject(Fault::new(operation, FaultKind::LostReply).times(1));
    }
    let declared = |ports: &[i32], more: Value| {
        let mut declared = on(ports);
        declared.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        edge(&declared)
    };
    world.apply(&declared(&[80, 81], json!({"idleTimeoutSeconds": 120}))).await;
    until_ready(&world).await;
    assert_eq!((load_balancers(&world).len(), ports(&world)), (1, vec![80, 81]));
    let more = json!({"subnets": ["subnet-b", "subnet-c"], "tags": [{"key": "team", "value": "shop"}]});
    world.apply(&declared(&[80, 82], more)).await;
    until_ready(&world).await;
    world.until_aws("the listeners are as declared", |_| ports(&world) == [80, 82]).await;
    assert_eq!(load_balancers(&world).len(), 1);
    delete(&world).await;
    until_gone(&world).await;
    assert!(load_balancers(&world).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_aws_shows_late_is_waited_for() {
    let mut world = World::without_operator(Settings { load_balancer_lag: Duration::from_mins(1), ..fast() }).await;
    world.start_operator();
    world.apply(&edge(&on(&[80, 81]))).await;
    until_ready(&world).await;
    world.until_aws("AWS shows them", |_| ports(&world) == [80, 81]).await;
    assert_eq!(load_balancers(&world).len(), 1);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(world.count("CreateLoadBalancer"), 1);
    let made = world.aws.calls().into_iter().filter(|call| call.operation == "CreateListener" && call.outcome == Outcome::Ok);
    assert_eq!(made.count(), 2);
    let again = world.aws.calls().into_iter().any(|call| call.outcome == Outcome::Error("DuplicateListener".to_owned()));
    assert!(!again, "nothing is taken for gone that is only shown late");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_holds_back_writes_also_of_a_deletion() {
    let world = World::new().await;
    world.apply(&edge(&on(&[80]))).await;
    until_ready(&world).await;
    let annotate = async |value: &str| {
        let patch = Patch::Merge(json!({"metadata": {"annotations": {"ecs-operator.io/paused": value}}}));
        api(&world).patch("edge", &PatchParams::default(), &patch).await.unwrap();
    };
    annotate("true").await;
    world.apply(&edge(&on(&[80, 81]))).await;
    until_told(&world, "Paused", &["paused"]).await;
    delete(&world).await;
    until_told(&world, "Deleting", &["paused"]).await;
    assert_eq!(ports(&world), [80]);
    annotate("false").await;
    until_gone(&world).await;
    assert!(load_balancers(&world).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_names_it_is_waited_for_before_it_goes() {
    let world = World::new().await;
    world.apply(&edge(&on(&[80]))).await;
    until_ready(&world).await;
    let rule = json!({
        "apiVersion": "ecs-operator.io/v1alpha1", "kind": "EcsListenerRule", "metadata": {"name": "shop"},
        "spec": {
            "listener": {"ref": {"name": "edge"}, "port": 80}, "match": {"hosts": ["shop.example.com"]},
            "fixedResponse": {"statusCode": "200"},
        },
    });
    world.apply(&rule.to_string()).await;
    until_some("the rule is there", async || {
        let rules: Api<ecs_operator::api::EcsListenerRule> = Api::namespaced(world.kube.clone(), &world.namespace);
        rules.get("shop").await.map_err(|error| error.to_string())
    })
    .await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    delete(&world).await;
    let message = format!("EcsListenerRule {}/shop", world.namespace);
    until_told(&world, "Deleting", &[&message]).await;
    assert_eq!(load_balancers(&world).len(), 1);
    let rules: Api<ecs_operator::api::EcsListenerRule> = Api::namespaced(world.kube.clone(), &world.namespace);
    rules.delete("shop", &DeleteParams::default()).await.unwrap();
    until_gone(&world).await;
    assert!(load_balancers(&world).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_listener_of_a_network_load_balancer_comes_and_goes_with_the_target_group_that_names_it() {
    let world = World::new().await;
    let tcp = json!({"port": 5432, "protocol": "TCP"});
    world.apply(&edge(&json!({"type": "network", "listeners": [tcp]}))).await;
    until_told(&world, "WaitingForTargetGroup", &["5432"]).await;
    assert!(ports(&world).is_empty());
    let group = |name: &str| {
        let listener = json!({"ref": {"name": "edge"}, "port": 5432});
        json!({"apiVersion": "ecs-operator.io/v1alpha1", "kind": "EcsTargetGroup", "metadata": {"name": name},
            "spec": {"listener": listener, "targetType": "ip"}})
        .to_string()
    };
    world.apply(&group("db")).await;
    let status = until_ready(&world).await;
    let forwards = &listeners(&world)[0]["DefaultActions"][0]["TargetGroupArn"];
    let groups: Api<ecs_operator::api::EcsTargetGroup> = Api::namespaced(world.kube.clone(), &world.namespace);
    let made = groups.get("db").await.unwrap().status.unwrap();
    assert_eq!(forwards.as_str(), made.arn.as_deref());
    assert_eq!(made.protocol.as_deref(), Some("TCP"), "it is taken from the listener that is to be");
    assert_eq!(of_port(&status, 5432).claimed_by, Some(format!("{}/db", world.namespace)));

    world.apply(&group("late")).await;
    let late = format!("{}/late", world.namespace);
    until(&world, "the second is told", |object| {
        object.status.as_ref().is_some_and(|status| status.listeners.iter().any(|it| it.conflicts.contains(&late)))
    })
    .await;
    groups.delete("db", &DeleteParams::default()).await.unwrap();
    until(&world, "the second has it", |object| {
        object.status.as_ref().is_some_and(|status| status.listeners.iter().any(|it| it.claimed_by.as_ref() == Some(&late)))
    })
    .await;
    until_some("the first is gone", async || {
        let left = groups.get_opt("db").await.unwrap();
        left.map_or(Ok(()), |left| Err(serde_yaml_ng::to_string(&left.status).unwrap()))
    })
    .await;

    delete(&world).await;
    until_told(&world, "Deleting", &["EcsTargetGroup", &late]).await;
    groups.delete("late", &DeleteParams::default()).await.unwrap();
    until_gone(&world).await;
    until_some("the second is gone", async || {
        let left = groups.get_opt("late").await.unwrap();
        left.map_or(Ok(()), |left| Err(serde_yaml_ng::to_string(&left.status).unwrap()))
    })
    .await;
    assert!(load_balancers(&world).is_empty());
    let left = elb(&world, "DescribeTargetGroups", json!({}));
    assert_eq!(left["TargetGroups"].as_array().map_or(0, Vec::len), 0);
}
