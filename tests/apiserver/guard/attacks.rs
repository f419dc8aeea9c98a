//! What somebody may try who can create the five kinds in a namespace, and what it gets. Admission is off in these: the check
//! before each call is the one that counts. `docs/security.md` has them as a table, which a test here keeps complete.

use super::{ADMIN, granted, guarded, policies, policy, written};
use crate::edge::{Edge, until_rule_says};
use crate::world::{CLUSTER, World, condition, family, running, until_some, web, with};
use ecs_operator::api::{EcsLoadBalancer, EcsTargetGroup};
use k8s_openapi::api::rbac::v1::{ClusterRole, RoleBinding};
use kube::api::{Api, Patch, PatchParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use serde::Deserialize;
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

/// Waits until a task definition is refused, and says so with these words.
async fn definition_says(world: &World, name: &str, reason: &str, words: &[&str]) {
    until_some(&format!("{name} says {reason} {words:?}"), async || {
        let found = world.task_definitions().get_opt(name).await.unwrap();
        let said: Vec<_> = found.and_then(|found| found.status).into_iter().flat_map(|status| status.conditions).collect();
        let is_told = said
            .iter()
            .any(|one| one.type_ == "Ready" && one.reason == reason && words.iter().all(|word| one.message.contains(word)));
        if is_told { Ok(()) } else { Err(format!("{said:?}")) }
    })
    .await;
}

/// Applies a task definition that asks for too much: nothing is written to AWS.
async fn refused_definition(spec: Value, reason: &str, words: &[&str]) {
    let world = granted(json!({})).await;
    world.apply(&with(&family("web", "nginx:1"), spec)).await;
    definition_says(&world, "web", reason, words).await;
    assert_eq!(written(&world), [] as [&str; 0]);
}

/// Applies a service that asks for too much: it is not created.
async fn refused_service(policy: Value, spec: Value, reason: &str, words: &[&str]) {
    let world = granted(policy).await;
    world.apply(&with(&web("nginx:1", 1), spec)).await;
    world.until_told("web", reason, words).await;
    assert_eq!(world.count("CreateService"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_in_a_task_definition() {
    refused_definition(json!({"taskRoleArn": ADMIN}), "RoleNotGranted", &["taskRoleArn", ADMIN, "taskRoles"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_by_its_name_alone() {
    refused_definition(json!({"executionRoleArn": "admin"}), "RoleNotGranted", &["executionRoleArn"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_of_another_account() {
    refused_definition(
        json!({"executionRoleArn": "arn:aws:iam::999999999999:role/ecs-exec"}),
        "RoleNotGranted",
        &["999999999999"],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_granted_for_another_slot() {
    refused_definition(json!({"taskRoleArn": "arn:aws:iam::111122223333:role/ecs-exec"}), "RoleNotGranted", &["taskRoles"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_by_an_edit() {
    let world = granted(json!({})).await;
    world.apply(&family("web", "nginx:1")).await;
    world.until_registered("web", 1).await;
    world.edit_definition("web", json!({"taskRoleArn": ADMIN})).await;
    definition_says(&world, "web", "RoleNotGranted", &[ADMIN]).await;
    assert_eq!(world.count("RegisterTaskDefinition"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_by_the_template_of_a_service() {
    let world = granted(json!({})).await;
    world.apply(&with(&web("nginx:1", 1), json!({"taskDefinitionTemplate": {"taskRoleArn": ADMIN}}))).await;
    definition_says(&world, "web", "RoleNotGranted", &[ADMIN]).await;
    assert_eq!(written(&world), [] as [&str; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_definition_of_another_namespace() {
    let world = granted(json!({})).await;
    world.apply(&with(&running("web", "admin", 1), json!({"taskDefinitionRef": {"namespace": "kube-system"}}))).await;
    world.until_told("web", "ReferenceNotGranted", &["kube-system"]).await;
    assert_eq!(written(&world), [] as [&str; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revision_in_aws_that_has_a_role() {
    let world = granted(json!({})).await;
    let containers = json!([{"name": "app", "image": "nginx"}]);
    world.by_hand(
        "RegisterTaskDefinition",
        json!({"family": "admin", "taskRoleArn": ADMIN, "requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc",
            "cpu": "256", "memory": "512", "containerDefinitions": containers}),
    );
    world.apply(&with(&running("web", "x", 1), json!({"taskDefinitionRef": null, "taskDefinition": "admin:1"}))).await;
    world.until_told("web", "NotGranted", &["taskDefinition", "admin:1", "families"]).await;
    assert_eq!(world.count("CreateService"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revision_in_aws_by_way_of_an_object_that_observes_it() {
    let world = granted(json!({})).await;
    world.by_hand(
        "RegisterTaskDefinition",
        json!({"family": "admin", "taskRoleArn": ADMIN, "requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc",
            "cpu": "256", "memory": "512", "containerDefinitions": [{"name": "app", "image": "nginx:1"}]}),
    );
    let observed = with(
        &family("admin", "nginx:1"),
        json!({"managementPolicy": "Observe", "taskRoleArn": ADMIN, "containerDefinitions": [{"name": "app", "image": "nginx:1"}]}),
    );
    world.apply(&observed).await;
    world.apply(&running("web", "admin", 1)).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let service = world.services().get("web").await.unwrap();
    assert!(condition(&service, "Ready").is_none_or(|ready| ready.status != "True"), "{:?}", service.status);
    assert_eq!(world.count("CreateService"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_for_a_volume() {
    let volume = json!([{"name": "data", "managedEBSVolume": {"roleArn": ADMIN, "sizeInGiB": 10}}]);
    let mounted = json!({"volumes": [{"name": "data", "configuredAtLaunch": true}]});
    refused_service(
        json!({}),
        json!({"volumeConfigurations": volume, "taskDefinitionTemplate": mounted}),
        "RoleNotGranted",
        &["managedEBSVolume.roleArn", "infrastructureRoles"],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_and_a_function_for_a_hook() {
    let hook = json!({"hookTargetArn": "arn:aws:lambda:eu-central-1:111122223333:function:admin", "roleArn": ADMIN,
        "lifecycleStages": ["POST_SCALE_UP"]});
    refused_service(
        json!({}),
        json!({"deploymentConfiguration": {"lifecycleHooks": [hook]}}),
        "NotGranted",
        &["hookTargetArn", "lifecycleHooks[].roleArn", ADMIN],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_of_another_tenant() {
    let secret = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:payments-AbCdEf:key::";
    refused_definition(
        json!({"containerDefinitions": [{"name": "app", "image": "nginx:1", "secrets": [{"name": "KEY", "valueFrom": secret}]}]}),
        "NotGranted",
        &["secrets[].valueFrom", "payments-AbCdEf"],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_that_is_root_on_its_instance() {
    let container = json!([{"name": "app", "image": "nginx:1", "privileged": true, "memory": 64}]);
    refused_definition(
        json!({"requiresCompatibilities": ["EC2"], "networkMode": "bridge", "containerDefinitions": container}),
        "NotGranted",
        &["privileged", "ec2.allowPrivileged"],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_files_of_the_instance() {
    let bind = json!({"name": "b", "dockerVolumeConfiguration": {"driverOpts": {"device": "/", "type": "none", "o": "bind"}}});
    refused_definition(
        json!({"requiresCompatibilities": ["EC2"], "networkMode": "bridge", "volumes": [{"name": "a", "host": {"sourcePath": "/"}}, bind]}),
        "NotGranted",
        &["volumes[].host.sourcePath", "driverOpts"],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_network_of_the_instance() {
    refused_definition(
        json!({"requiresCompatibilities": ["EC2"], "networkMode": "host", "pidMode": "host"}),
        "NotGranted",
        &["networkMode", "pidMode"],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cluster_of_another_tenant() {
    refused_service(json!({"clusters": ["cluster/other"]}), json!({}), "NotGranted", &["cluster", CLUSTER, "clusters"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn subnets_and_security_groups_of_another_tenant() {
    let network = json!({"awsvpcConfiguration": {"subnets": ["subnet-admin"], "securityGroups": ["sg-admin"]}});
    refused_service(json!({}), json!({"networkConfiguration": network}), "NotGranted", &["subnet-admin", "sg-admin"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_family_of_another_tenant() {
    refused_definition(json!({"family": "payments"}), "NotGranted", &["family", "payments", "families"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_target_group_of_another_tenant() {
    let world = granted(json!({})).await;
    let edge = Edge::new(&world, "edge");
    let theirs = edge.target_group("theirs");
    edge.foreign(7, "theirs.example.com", &theirs);
    let before = written(&world).len();
    let entry = json!([{"targetGroupArn": theirs, "containerName": "app", "containerPort": 80}]);
    world.apply(&with(&web("nginx:1", 1), json!({"loadBalancers": entry}))).await;
    world.until_told("web", "NotGranted", &["targetGroupArn", "targetgroup/theirs"]).await;
    world
        .edit("web", json!({"loadBalancers": null, "expose": [{"name": "a", "port": "http", "targetGroup": {"arn": theirs}}]}))
        .await;
    world.until_told("web", "NotGranted", &["targetgroup/theirs"]).await;
    assert_eq!(world.count("CreateService"), 0, "{:?}", &written(&world)[before..]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_target_group_of_another_tenant_by_way_of_an_object_that_observes_it() {
    let world = granted(json!({"listeners": [{"arn": "listener/app/edge/*", "hosts": ["mine.example.com"]}]})).await;
    let edge = Edge::new(&world, "edge");
    edge.foreign(7, "theirs.example.com", &edge.target_group("theirs"));
    world
        .apply(
            &json!({"apiVersion": "ecs-operator.io/v1alpha1", "kind": "EcsTargetGroup", "metadata": {"name": "mine"},
                "spec": {"name": "theirs", "managementPolicy": "Observe"}})
            .to_string(),
        )
        .await;
    let groups: Api<EcsTargetGroup> = Api::namespaced(world.kube.clone(), &world.namespace);
    until_some("it is observed", async || {
        let found = groups.get("mine").await.unwrap();
        if found.status.as_ref().is_some_and(|status| status.arn.is_some()) { Ok(()) } else { Err(format!("{:?}", found.status)) }
    })
    .await;
    world
        .apply(&rule("taken", &json!({"arn": edge.listener}), "mine.example.com", &json!({"targetGroupRef": {"name": "mine"}})))
        .await;
    until_rule_says(&world, "taken", "NotGranted", &["targetgroup/theirs"]).await;
    let patch = Patch::Merge(json!({"spec": {"managementPolicy": "Full", "vpcId": "vpc-1", "protocol": "HTTP"}}));
    let _ = groups.patch("mine", &PatchParams::default(), &patch).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(edge.ours("taken"), [] as [Value; 0]);
}

pub fn rule(name: &str, listener: &Value, host: &str, forward: &Value) -> String {
    json!({
        "apiVersion": "ecs-operator.io/v1alpha1", "kind": "EcsListenerRule", "metadata": {"name": name},
        "spec": {"listener": listener, "match": {"hosts": [host]}, "forward": [forward]},
    })
    .to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_host_of_another_tenant_on_a_listener_by_its_arn() {
    let world = granted(json!({
        "listeners": [{"arn": "listener/app/edge/*", "hosts": ["*.mine.example.com"]}], "targetGroups": ["targetgroup/mine/*"],
    }))
    .await;
    let edge = Edge::new(&world, "edge");
    let mine = edge.target_group("mine");
    let forward = json!({"targetGroupArn": mine});
    world.apply(&rule("good", &json!({"arn": edge.listener}), "web.mine.example.com", &forward)).await;
    crate::edge::until_rule_ready(&world, "good").await;
    world.apply(&rule("bad", &json!({"arn": edge.listener}), "pay.theirs.example.com", &forward)).await;
    until_rule_says(&world, "bad", "NotGranted", &["pay.theirs.example.com", "*.mine.example.com"]).await;
    let edited = json!({"spec": {"match": {"hosts": ["shop.theirs.example.com"]}}});
    crate::edge::rules(&world).patch("good", &PatchParams::default(), &Patch::Merge(edited)).await.unwrap();
    until_rule_says(&world, "good", "NotGranted", &["shop.theirs.example.com"]).await;
    assert_eq!(edge.rules().len(), 1);
    assert!(edge.rules()[0].to_string().contains("web.mine.example.com"));
}

#[tokio::test(flavor = "multi_thread")]
async fn to_keep_a_host_from_whom_it_was_granted_to() {
    let world = granted(json!({
        "listeners": [{"arn": "listener/app/edge/*", "hosts": ["*.mine.example.com"]}], "targetGroups": ["targetgroup/mine/*"],
    }))
    .await;
    let edge = Edge::new(&world, "edge");
    let (mine, theirs) = (edge.target_group("mine"), edge.target_group("theirs"));
    let listener = json!({"arn": edge.listener});
    world.apply(&rule("bad", &listener, "web.mine.example.com", &json!({"targetGroupArn": theirs}))).await;
    until_rule_says(&world, "bad", "NotGranted", &["targetgroup/theirs"]).await;
    world.apply(&rule("good", &listener, "web.mine.example.com", &json!({"targetGroupArn": mine}))).await;
    crate::edge::until_rule_ready(&world, "good").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_that_is_not_granted_at_all() {
    let world = granted(json!({"targetGroups": ["targetgroup/mine/*"]})).await;
    let edge = Edge::new(&world, "edge");
    let forward = json!({"targetGroupArn": edge.target_group("mine")});
    world.apply(&rule("bad", &json!({"arn": edge.listener}), "web.mine.example.com", &forward)).await;
    until_rule_says(&world, "bad", "NotGranted", &["listener", "listeners"]).await;
    assert_eq!(edge.rules(), [] as [Value; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_by_way_of_an_object_that_observes_its_load_balancer() {
    let world = granted(json!({"targetGroups": ["targetgroup/mine/*"]})).await;
    let edge = Edge::new(&world, "edge");
    world
        .apply(
            &json!({"apiVersion": "ecs-operator.io/v1alpha1", "kind": "EcsLoadBalancer", "metadata": {"name": "mine"},
                "spec": {"loadBalancerArn": edge.load_balancer, "managementPolicy": "Observe"}})
            .to_string(),
        )
        .await;
    let balancers: Api<EcsLoadBalancer> = Api::namespaced(world.kube.clone(), &world.namespace);
    until_some("it is observed", async || {
        let found = balancers.get("mine").await.unwrap();
        let is_seen = found.status.as_ref().is_some_and(|status| !status.listeners.is_empty());
        if is_seen { Ok(()) } else { Err(format!("{:?}", found.status)) }
    })
    .await;
    let forward = json!({"targetGroupArn": edge.target_group("mine")});
    world.apply(&rule("bad", &json!({"ref": {"name": "mine"}, "port": 80}), "pay.theirs.example.com", &forward)).await;
    until_rule_says(&world, "bad", "NotGranted", &["listener"]).await;
    assert_eq!(edge.rules(), [] as [Value; 0]);
    world.apply(&policy(json!({"targetGroups": ["targetgroup/mine/*"], "loadBalancers": ["loadbalancer/app/edge/*"]}))).await;
    crate::edge::until_rule_ready(&world, "bad").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_by_way_of_an_object_that_would_adopt_its_load_balancer() {
    let world = granted(json!({"targetGroups": ["targetgroup/mine/*"]})).await;
    let edge = Edge::new(&world, "edge");
    world
        .apply(
            &json!({"apiVersion": "ecs-operator.io/v1alpha1", "kind": "EcsLoadBalancer", "metadata": {"name": "edge"},
                "spec": {"managementPolicy": "Adopt", "subnets": ["subnet-a", "subnet-b"], "securityGroups": ["sg-edge"]}})
            .to_string(),
        )
        .await;
    let balancers: Api<EcsLoadBalancer> = Api::namespaced(world.kube.clone(), &world.namespace);
    let forward = json!({"targetGroupArn": edge.target_group("mine")});
    world.apply(&rule("bad", &json!({"ref": {"name": "edge"}, "port": 80}), "pay.theirs.example.com", &forward)).await;
    until_some("the adoption is refused", async || {
        let found = balancers.get("edge").await.unwrap();
        let said = found
            .status
            .iter()
            .flat_map(|status| &status.conditions)
            .any(|one| one.reason == "NotGranted" && one.message.contains("adoption"));
        if said { Ok(()) } else { Err(format!("{:?}", found.status)) }
    })
    .await;
    crate::edge::until_rule(&world, "bad", "it waits", |rule| {
        let said = rule.status.iter().flat_map(|status| &status.conditions);
        said.into_iter().any(|one| one.reason == "NotOwnedYet" || one.reason == "NotGranted")
    })
    .await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(edge.rules(), [] as [Value; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_of_another_tenant_by_adopting_it() {
    let world = granted(json!({"families": ["old"]})).await;
    world.by_hand(
        "RegisterTaskDefinition",
        json!({"family": "old", "requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": "256", "memory": "512",
            "containerDefinitions": [{"name": "app", "image": "nginx:0"}]}),
    );
    let network = json!({"awsvpcConfiguration": {"subnets": ["subnet-a"], "securityGroups": ["sg-app"]}});
    world.by_hand(
        "CreateService",
        json!({"cluster": CLUSTER, "serviceName": "web", "taskDefinition": "old:1", "desiredCount": 1, "launchType": "FARGATE",
            "networkConfiguration": network}),
    );
    let before = written(&world).len();
    let adopted = with(
        &running("web", "none", 1),
        json!({"taskDefinitionRef": null, "taskDefinition": "old:1", "deploymentConfiguration": null, "managementPolicy": "Adopt"}),
    );
    world.apply(&adopted).await;
    world.until_told("web", "NotGranted", &["service/demo/web", "adoption"]).await;
    assert_eq!(written(&world).len(), before);
    world.apply(&policy(json!({"families": ["old"], "adoption": ["service/demo/*"]}))).await;
    world.until_ready("web").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_balancer_in_the_subnets_of_another_tenant() {
    let world = granted(json!({})).await;
    world
        .apply(
            &json!({"apiVersion": "ecs-operator.io/v1alpha1", "kind": "EcsLoadBalancer", "metadata": {"name": "edge"},
                "spec": {"subnets": ["subnet-admin", "subnet-b"], "securityGroups": ["sg-admin"], "listeners": [{"port": 80, "protocol": "HTTP"}]}})
            .to_string(),
        )
        .await;
    let balancers: Api<EcsLoadBalancer> = Api::namespaced(world.kube.clone(), &world.namespace);
    until_some("it is refused", async || {
        let found = balancers.get("edge").await.unwrap();
        let said =
            found.status.iter().flat_map(|status| &status.conditions).any(|one| {
                one.reason == "NotGranted" && one.message.contains("subnet-admin") && one.message.contains("sg-admin")
            });
        if said { Ok(()) } else { Err(format!("{:?}", found.status)) }
    })
    .await;
    assert_eq!(written(&world).iter().filter(|it| *it == "CreateLoadBalancer").count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_of_another_name() {
    let world = guarded().await;
    let told = world.refusal(&policy(json!({})).replace("\"default\"", "\"mine\"")).await;
    assert!(told.contains("a namespace has one policy"), "{told}");
}

/// Somebody who may edit the namespace, by the roles that are shipped.
#[tokio::test(flavor = "multi_thread")]
async fn a_policy_written_by_somebody_who_may_edit_the_namespace() {
    let world = granted(json!({})).await;
    let tenant = tenant(&world, crate::world::control_plane().await.kubeconfig()).await;
    let own: Api<ecs_operator::api::EcsTaskDefinition> = Api::namespaced(tenant.clone(), &world.namespace);
    let manifest: Value = serde_yaml_ng::from_str(&family("web", "nginx:1")).unwrap();
    own.patch("web", &PatchParams::apply("tenant"), &Patch::Apply(manifest)).await.unwrap();
    let of_tenant: Api<ecs_operator::api::EcsNamespacePolicy> = Api::namespaced(tenant, &world.namespace);
    of_tenant.get("default").await.unwrap();
    let patch = Patch::Merge(json!({"spec": {"taskRoles": ["role/*"]}}));
    let refused = of_tenant.patch("default", &PatchParams::default(), &patch).await.unwrap_err().to_string();
    assert!(refused.contains("cannot patch resource \"ecsnamespacepolicies\""), "{refused}");
    assert!(of_tenant.delete("default", &kube::api::DeleteParams::default()).await.is_err());
    assert_eq!(policies(&world).get("default").await.unwrap().spec.task_roles, None);
}

/// A client that is somebody else, who may what `deploy/guard/roles.yaml` lets editors do.
pub async fn tenant(world: &World, kubeconfig: &Path) -> Client {
    let text = include_str!("../../../deploy/guard/roles.yaml");
    let roles: Api<ClusterRole> = Api::all(world.kube.clone());
    for document in serde_yaml_ng::Deserializer::from_str(text) {
        let role = ClusterRole::deserialize(document).unwrap();
        let name = role.metadata.name.clone().unwrap();
        roles.patch(&name, &PatchParams::apply("story").force(), &Patch::Apply(&role)).await.unwrap();
    }
    let bindings: Api<RoleBinding> = Api::namespaced(world.kube.clone(), &world.namespace);
    for role in ["ecs-operator-edit", "ecs-operator-view"] {
        let binding = json!({
            "metadata": {"name": role}, "subjects": [{"kind": "User", "name": "tenant", "apiGroup": "rbac.authorization.k8s.io"}],
            "roleRef": {"kind": "ClusterRole", "name": role, "apiGroup": "rbac.authorization.k8s.io"},
        });
        bindings.create(&PostParams::default(), &serde_json::from_value(binding).unwrap()).await.unwrap();
    }
    let kubeconfig = Kubeconfig::read_from(kubeconfig).unwrap();
    let mut config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.unwrap();
    config.auth_info.impersonate = Some("tenant".to_owned());
    Client::try_from(config).unwrap()
}

#[test]
fn each_attack_stands_in_the_table() {
    let page = include_str!("../../../docs/security.md");
    let source = [include_str!("attacks.rs"), include_str!("strangers.rs")].concat();
    let attacks = source.split("#[tokio::test(flavor = \"multi_thread\")]\nasync fn ").skip(1);
    for attack in attacks.map(|rest| rest.split('(').next().unwrap()) {
        assert!(page.contains(&attack.replace('_', " ")), "docs/security.md does not tell what became of `{attack}`");
    }
}
