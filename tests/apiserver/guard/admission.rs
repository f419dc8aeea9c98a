//! The guard at `kubectl apply`: `deploy/guard/policies.yaml` on a control plane of its own, since it holds for all namespaces.

use super::{ADMIN, policies, policy};
use crate::world::{World, family, fast, install, running, web, with};
use ecs_operator::api::EcsTaskDefinition;
use ecs_operator::settings::Guard;
use envtest::ControlPlane;
use k8s_openapi::api::rbac::v1::{Role, RoleBinding};
use kube::api::{Api, DeleteParams, DynamicObject, Patch, PatchParams, PostParams};
use kube::core::GroupVersionKind;
use kube::discovery::ApiResource;
use kube::{Client, ResourceExt};
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::sync::OnceCell;

const PASSES: &str = "arn:aws:iam::111122223333:role/ecs-exec";

/// A control plane on which the admission policies are in force.
async fn plane() -> Client {
    static SHARED: OnceCell<ControlPlane> = OnceCell::const_new();
    let plane = SHARED
        .get_or_init(|| async {
            let plane = ControlPlane::start().await.unwrap();
            let kube = plane.client().await.unwrap();
            install(&kube).await;
            apply_all(&kube, include_str!("../../../deploy/guard/policies.yaml")).await;
            in_force(&kube).await;
            plane
        })
        .await;
    plane.client().await.unwrap()
}

async fn apply_all(kube: &Client, yaml: &str) {
    for document in serde_yaml_ng::Deserializer::from_str(yaml) {
        let object = Value::deserialize(document).unwrap();
        let kind = object["kind"].as_str().unwrap();
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk("admissionregistration.k8s.io", "v1", kind));
        let api: Api<DynamicObject> = Api::all_with(kube.clone(), &resource);
        let name = object["metadata"]["name"].as_str().unwrap();
        api.patch(name, &PatchParams::apply("story").force(), &Patch::Apply(&object)).await.unwrap();
    }
}

/// The API server takes a while to read them: until then nothing is refused.
async fn in_force(kube: &Client) {
    let world = World::in_cluster(kube.clone(), fast()).await;
    for _ in 0..600 {
        if world.try_apply(&family("probe", "nginx:1")).await.is_err() {
            return;
        }
        world.task_definitions().delete("probe", &DeleteParams::default()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the admission policies were never in force");
}

/// A namespace there; with a policy, if one is given, once the API server knows it.
async fn namespace(policy: Option<String>) -> World {
    let world = World::in_cluster(plane().await, fast()).await;
    if let Some(policy) = policy {
        world.apply(&policy).await;
        for _ in 0..100 {
            if world.try_apply(&family("probe", "nginx:1")).await.is_ok() {
                world.task_definitions().delete("probe", &DeleteParams::default()).await.unwrap();
                return world;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("the policy is not known to the admission: {}", world.refusal(&family("probe", "nginx:1")).await);
    }
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_policy_nothing_is_created() {
    let world = namespace(None).await;
    let told = world.refusal(&family("web", "nginx:1")).await;
    assert!(told.contains("no params found"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_is_listed_is_taken_and_one_that_is_not_is_refused_for_an_administrator_too() {
    let world = namespace(Some(policy(json!({})))).await;
    world.apply(&with(&family("good", "nginx:1"), json!({"executionRoleArn": PASSES}))).await;
    world.apply(&with(&family("named", "nginx:1"), json!({"executionRoleArn": "ecs-exec"}))).await;
    world.apply(&web("nginx:1", 1)).await;
    for (spec, member) in [
        (json!({"taskRoleArn": ADMIN}), "spec.taskRoleArn"),
        (json!({"executionRoleArn": ADMIN}), "spec.executionRoleArn"),
        (json!({"taskRoleArn": "admin"}), "spec.taskRoleArn"),
        (json!({"family": "payments"}), "spec.family"),
        (json!({"requiresCompatibilities": ["EC2"], "networkMode": "host"}), "spec.networkMode"),
        (
            json!({"containerDefinitions": [{"name": "app", "image": "nginx", "secrets": [{"name": "A", "valueFrom": "/admin/x"}]}]}),
            "secrets[].valueFrom",
        ),
    ] {
        let told = world.refusal(&with(&family("bad", "nginx:1"), spec)).await;
        assert!(told.contains(member) && told.contains("EcsNamespacePolicy default"), "{told}");
    }
    for (spec, member) in [
        (json!({"taskDefinitionTemplate": {"taskRoleArn": ADMIN}}), "spec.taskDefinitionTemplate.taskRoleArn"),
        (json!({"taskDefinitionTemplate": {"executionRoleArn": ADMIN}}), "spec.taskDefinitionTemplate.executionRoleArn"),
        (json!({"cluster": "other"}), "spec.cluster"),
        (json!({"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-x"]}}}), "subnets[]"),
        (
            json!({"loadBalancers": [{"containerName": "app", "containerPort": 80, "targetGroupArn":
                "arn:aws:elasticloadbalancing:eu-central-1:111122223333:targetgroup/theirs/0123456789abcdef"}]}),
            "loadBalancers[].targetGroupArn",
        ),
    ] {
        let told = world.refusal(&with(&web("nginx:1", 1).replace("name: web}", "name: bad}"), spec)).await;
        assert!(told.contains(member), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whether_another_namespace_grants_a_reference_is_left_to_the_operator() {
    let world = namespace(Some(policy(json!({})))).await;
    let elsewhere = json!({"name": "web", "namespace": "elsewhere"});
    let entry = json!([{"name": "site", "containerName": "app", "containerPort": 80, "targetGroup": {"ref": elsewhere}}]);
    world.apply(&with(&running("web", "base", 1), json!({"taskDefinitionRef": elsewhere, "expose": entry}))).await;
    let listener = json!({"ref": {"name": "edge"}, "port": 80});
    world.apply(&super::attacks::rule("web", &listener, "a.example.com", &json!({"targetGroupRef": elsewhere}))).await;
    let references = json!([{"from": {"names": ["elsewhere"]}, "kinds": ["EcsTaskDefinition"]}]);
    world.apply(&policy(json!({"references": references}))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_of_every_form_are_understood() {
    let world = namespace(Some(policy(json!({
        "taskRoles": ["arn:aws:iam::111122223333:role/team-*"],
        "secrets": ["secret:db-AbCdEf", "parameter/team/*", "arn:aws:s3:::bucket/team/*"],
        "families": ["fam-*", "web", "probe"], "logGroups": ["/ecs/*"], "images": ["nginx:*"],
        "ec2": {"allowPrivileged": true, "capabilities": ["SYS_PTRACE"]},
    }))))
    .await;
    let container = json!([{
        "name": "app", "image": "nginx:1", "privileged": true, "memory": 64,
        "secrets": [
            {"name": "A", "valueFrom": "arn:aws:secretsmanager:eu-central-1:111122223333:secret:db-AbCdEf:key::"},
            {"name": "B", "valueFrom": "/team/x"},
            {"name": "C", "valueFrom": "arn:aws:ssm:eu-central-1:111122223333:parameter/team/x"},
        ],
        "environmentFiles": [{"type": "s3", "value": "arn:aws:s3:::bucket/team/web.env"}],
        "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/ecs/web", "awslogs-region": "eu-central-1"}},
        "linuxParameters": {"capabilities": {"add": ["SYS_PTRACE"]}},
    }]);
    let good = json!({"family": "fam-web", "taskRoleArn": "arn:aws:iam::111122223333:role/team-a", "requiresCompatibilities": ["EC2"],
        "networkMode": "bridge", "containerDefinitions": container});
    world.apply(&with(&family("web", "nginx:1"), good.clone())).await;
    world.apply(&with(&family("name", "nginx:1"), json!({"family": "fam-x", "taskRoleArn": "team-b"}))).await;
    for (path, value) in [
        ("/containerDefinitions/0/image", json!("evil:1")),
        (
            "/containerDefinitions/0/secrets/0/valueFrom",
            json!("arn:aws:secretsmanager:eu-central-1:111122223333:secret:db-AbCdEfX"),
        ),
        ("/containerDefinitions/0/secrets/1/valueFrom", json!("/team/../admin/x")),
        ("/containerDefinitions/0/environmentFiles/0/value", json!("arn:aws:s3:::bucket/admin/web.env")),
        ("/containerDefinitions/0/logConfiguration/options/awslogs-group", json!("/admin")),
        ("/containerDefinitions/0/linuxParameters/capabilities/add/0", json!("SYS_ADMIN")),
        ("/taskRoleArn", json!("arn:aws:iam::999999999999:role/team-a")),
    ] {
        let mut bad = good.clone();
        *bad.pointer_mut(path).unwrap() = value;
        let told = world.refusal(&with(&family("web", "nginx:1"), bad)).await;
        assert!(told.contains("not granted"), "{path}: {told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_to_a_role_that_is_not_listed_is_refused_and_one_of_a_label_is_not() {
    let world = namespace(Some(policy(json!({})))).await;
    world.apply(&with(&family("web", "nginx:1"), json!({"executionRoleArn": PASSES}))).await;
    let edit = Patch::Merge(json!({"spec": {"executionRoleArn": ADMIN}}));
    let told = world.task_definitions().patch("web", &PatchParams::default(), &edit).await.unwrap_err().to_string();
    assert!(told.contains("executionRoleArn"), "{told}");
    world.apply(&policy(json!({"executionRoles": []}))).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let label = Patch::Merge(json!({"metadata": {"labels": {"team": "a"}}}));
    world.task_definitions().patch("web", &PatchParams::default(), &label).await.unwrap();
    world.task_definitions().delete("web", &DeleteParams::default()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_finalizer_is_taken_off_after_the_policy_is_gone() {
    let world = namespace(Some(policy(json!({})))).await;
    world.apply(&with(&family("web", "nginx:1"), json!({"executionRoleArn": PASSES}))).await;
    let held = Patch::Merge(json!({"metadata": {"finalizers": ["ecs-operator.io/aws"]}}));
    world.task_definitions().patch("web", &PatchParams::default(), &held).await.unwrap();
    policies(&world).delete("default", &DeleteParams::default()).await.unwrap();
    world.task_definitions().delete("web", &DeleteParams::default()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let freed = Patch::Merge(json!({"metadata": {"finalizers": null}}));
    world.task_definitions().patch("web", &PatchParams::default(), &freed).await.unwrap();
    assert!(world.task_definitions().get_opt("web").await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mode_that_is_not_enforce_refuses_nothing() {
    let world = namespace(Some(policy(json!({"mode": "Audit"})))).await;
    world.apply(&with(&family("web", "nginx:1"), json!({"taskRoleArn": ADMIN}))).await;
}

/// IAM's `PassRole` in the words of RBAC, on a control plane of its own: it would ask everybody else too.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_applies_a_role_may_be_asked_whether_he_may_pass_it() {
    let plane = ControlPlane::start().await.unwrap();
    let kube = plane.client().await.unwrap();
    install(&kube).await;
    apply_all(&kube, include_str!("../../../deploy/guard/requester.yaml")).await;
    let world = World::in_cluster(kube.clone(), fast()).await;
    let tenant = super::attacks::tenant(&world, plane.kubeconfig()).await;
    let own: Api<EcsTaskDefinition> = Api::namespaced(tenant, &world.namespace);
    let apply = async |spec: Value| {
        let manifest: Value = serde_json::from_str(&with(&family("web", "nginx:1"), spec)).unwrap();
        own.patch("web", &PatchParams::apply("tenant").force(), &Patch::Apply(manifest)).await
    };
    let refused = crate::world::until_some("the admission policy is in force", async || {
        if let Err(refused) = apply(json!({"taskRoleArn": PASSES})).await {
            return Ok(refused.to_string());
        }
        own.delete("web", &DeleteParams::default()).await.unwrap();
        Err("it was let through".to_owned())
    })
    .await;
    assert!(refused.contains("you may not pass this role"), "{refused}");
    apply(json!({})).await.unwrap();
    let role = json!({
        "metadata": {"name": "pass"},
        "rules": [{"apiGroups": ["ecs-operator.io"], "resources": ["iamroles"], "verbs": ["pass"], "resourceNames": [PASSES]}],
    });
    let roles: Api<Role> = Api::namespaced(kube.clone(), &world.namespace);
    roles.create(&PostParams::default(), &serde_json::from_value(role).unwrap()).await.unwrap();
    let binding = json!({
        "metadata": {"name": "pass"}, "subjects": [{"kind": "User", "name": "tenant", "apiGroup": "rbac.authorization.k8s.io"}],
        "roleRef": {"kind": "Role", "name": "pass", "apiGroup": "rbac.authorization.k8s.io"},
    });
    let bindings: Api<RoleBinding> = Api::namespaced(kube, &world.namespace);
    bindings.create(&PostParams::default(), &serde_json::from_value(binding).unwrap()).await.unwrap();
    crate::world::until_some("the right is known", async || {
        apply(json!({"taskRoleArn": PASSES})).await.map(drop).map_err(|refused| refused.to_string())
    })
    .await;
    let refused = apply(json!({"taskRoleArn": ADMIN})).await.unwrap_err().to_string();
    assert!(refused.contains("you may not pass this role"), "{refused}");
    plane.stop().await;
}

/// With both layers on, a service lives its whole life.
#[tokio::test(flavor = "multi_thread")]
async fn with_admission_on_a_service_comes_is_edited_and_goes() {
    let mut world = namespace(Some(policy(json!({})))).await;
    world.guard = Guard::Enforce;
    world.start_operator();
    world.apply(&web("nginx:1", 1)).await;
    world.until_ready("web").await;
    world.apply(&web("nginx:2", 2)).await;
    world.until_ready("web").await;
    policies(&world).delete("default", &DeleteParams::default()).await.unwrap();
    world.delete_and_wait("web").await;
    world.until_definition_gone("web").await;
    assert_eq!(world.live("web")["status"], "INACTIVE");
    assert!(
        world.services().list(&kube::api::ListParams::default()).await.unwrap().items.iter().all(|it| it.name_any() != "web")
    );
}
