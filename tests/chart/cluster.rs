//! The chart on a real kube-apiserver: installed, upgraded, removed, refused; its pods under the restricted level of pod
//! security; what its account may do.
//!
//! There is no node, so nothing runs. Definitions belong to a whole cluster, so each story has one of its own.

use crate::helm::{CHART, NAMESPACE, command, file_of, object, rendered, said};
use crate::rights::needed;
use crate::templates::copy_of_the_chart;
use envtest::ControlPlane;
use k8s_openapi::api::authorization::v1::{ResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec};
use k8s_openapi::api::core::v1::{Namespace, Pod, Secret};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, DynamicObject, ListParams, PostParams};
use kube::core::GroupVersionKind;
use kube::discovery::ApiResource;
use kube::{Client, ResourceExt};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Output;

/// Bytes that etcd takes in a Secret: Helm keeps a release in one.
const SECRET: usize = 1024 * 1024;

struct Cluster {
    plane: ControlPlane,
    kube: Client,
}

impl Cluster {
    async fn new() -> Self {
        let plane = ControlPlane::start().await.unwrap();
        let kube = plane.client().await.unwrap();
        Self { plane, kube }
    }

    async fn helm(&self, words: &[&str]) -> Output {
        command().await.args(words).arg("--kubeconfig").arg(self.plane.kubeconfig()).output().await.unwrap()
    }

    async fn install(&self, release: &str, namespace: &str, chart: &Path, values: &str) -> Output {
        let (_folder, file) = file_of(values);
        let chart = chart.to_str().unwrap();
        let words = ["upgrade", "--install", release, chart, "--namespace", namespace, "--create-namespace", "--values", &file];
        self.helm(&words).await
    }

    async fn installed(&self, release: &str, namespace: &str, chart: &Path, values: &str) {
        let output = self.install(release, namespace, chart, values).await;
        assert!(output.status.success(), "{}", said(&output));
    }

    async fn refused(&self, release: &str, namespace: &str, values: &str) -> String {
        let output = self.install(release, namespace, Path::new(CHART), values).await;
        assert!(!output.status.success(), "{release} in {namespace} with `{values}` is refused");
        said(&output)
    }

    async fn namespace(&self, name: &str, labels: Value) {
        let namespace: Namespace = serde_json::from_value(json!({"metadata": {"name": name, "labels": labels}})).unwrap();
        Api::all(self.kube.clone()).create(&PostParams::default(), &namespace).await.unwrap();
    }

    async fn definition(&self) -> Option<CustomResourceDefinition> {
        Api::all(self.kube.clone()).get_opt("ecsservices.ecs-operator.io").await.unwrap()
    }
}

/// What `kubectl explain ecsservice` says.
fn description(definition: &CustomResourceDefinition) -> String {
    let schema = definition.spec.versions[0].schema.clone().unwrap().open_api_v3_schema.unwrap();
    schema.description.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_brings_new_definitions_and_an_uninstall_leaves_all_objects() {
    let cluster = Cluster::new().await;
    let older = copy_of_the_chart();
    let file = older.path().join("files/crds/ecsservices.ecs-operator.io.yaml");
    let newest = std::fs::read_to_string(&file).unwrap();
    let parsed: CustomResourceDefinition = serde_yaml_ng::from_str(&newest).unwrap();
    let (new, old) = (description(&parsed), "What it was before.");
    std::fs::write(&file, newest.replacen(&format!("description: {new}"), &format!("description: {old}"), 1)).unwrap();
    cluster.installed("ecs-operator", NAMESPACE, older.path(), "").await;
    assert_eq!(description(&cluster.definition().await.unwrap()), old);

    cluster.installed("ecs-operator", NAMESPACE, Path::new(CHART), "").await;
    let definition = cluster.definition().await.unwrap();
    assert_eq!(description(&definition), new);

    let established = kube::runtime::conditions::is_crd_established();
    let all: Api<CustomResourceDefinition> = Api::all(cluster.kube.clone());
    kube::runtime::wait::await_condition(all, &definition.name_any(), established).await.unwrap();
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk("ecs-operator.io", "v1alpha1", "EcsService"));
    let services: Api<DynamicObject> = Api::namespaced_with(cluster.kube.clone(), "default", &resource);
    let web = json!({"apiVersion": "ecs-operator.io/v1alpha1", "kind": "EcsService", "metadata": {"name": "web"},
        "spec": {"cluster": "demo", "taskDefinition": "web:1"}});
    services.create(&PostParams::default(), &serde_json::from_value(web).unwrap()).await.unwrap();

    let secrets: Api<Secret> = Api::namespaced(cluster.kube.clone(), NAMESPACE);
    for secret in secrets.list(&ListParams::default()).await.unwrap() {
        let size: usize = secret.data.iter().flatten().map(|(_, value)| value.0.len()).sum();
        assert!(size < SECRET * 3 / 4, "{} has {size} bytes", secret.name_any());
    }

    let output = cluster.helm(&["uninstall", "ecs-operator", "--namespace", NAMESPACE]).await;
    assert!(output.status.success(), "{}", said(&output));
    assert!(cluster.definition().await.is_some(), "the definitions stay");
    assert!(services.get_opt("web").await.unwrap().is_some_and(|it| it.metadata.deletion_timestamp.is_none()));

    cluster.installed("ecs-operator", NAMESPACE, Path::new(CHART), "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_release_is_refused_where_another_works() {
    let cluster = Cluster::new().await;
    for namespace in ["shop", "pay"] {
        cluster.namespace(namespace, json!({})).await;
    }
    let alone = "crds: {install: false}\nrbac: {aggregate: false}\n";
    cluster.installed("first", "one", Path::new(CHART), "watchNamespaces: [shop]").await;

    let sentence = cluster.refused("second", "two", "watchNamespaces: [pay]").await;
    assert!(sentence.contains("was installed by release first in namespace one. Set crds.install=false"), "{sentence}");
    let sentence = cluster.refused("second", "two", "watchNamespaces: [pay]\ncrds: {install: false}").await;
    assert!(sentence.contains("was made by release first in namespace one. Set rbac.aggregate=false"), "{sentence}");
    let sentence = cluster.refused("second", "two", &format!("{alone}watchNamespaces: [pay, shop]")).await;
    assert!(sentence.contains("release first in namespace one works in namespace shop already"), "{sentence}");
    let sentence = cluster.refused("second", "two", alone).await;
    assert!(
        sentence.contains("release first in namespace one works in namespace shop already, and this one would work in all"),
        "{sentence}"
    );
    let sentence = cluster.refused("second", "one", &format!("{alone}watchNamespaces: [pay]")).await;
    assert!(sentence.contains("has its Lease in namespace one already, so this one would stand by forever"), "{sentence}");

    cluster.installed("second", "two", Path::new(CHART), &format!("{alone}watchNamespaces: [pay]")).await;
    let output = cluster.helm(&["uninstall", "first", "--namespace", "one"]).await;
    assert!(output.status.success(), "{}", said(&output));
    let output = cluster.helm(&["uninstall", "second", "--namespace", "two"]).await;
    assert!(output.status.success(), "{}", said(&output));

    cluster.installed("third", "three", Path::new(CHART), alone).await;
    let sentence = cluster.refused("fourth", "four", &format!("{alone}watchNamespaces: [pay]")).await;
    assert!(sentence.contains("release third in namespace three works in all namespaces of this cluster already"), "{sentence}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_restricted_level_of_pod_security_admits_the_pods() {
    let cluster = Cluster::new().await;
    cluster.namespace("strict", json!({"pod-security.kubernetes.io/enforce": "restricted"})).await;
    let pods: Api<Pod> = Api::namespaced(cluster.kube.clone(), "strict");
    let try_out = PostParams { dry_run: true, ..PostParams::default() };
    let objects = rendered("metrics: {service: true}").await;
    let pod_of = |spec: &Value| -> Pod { serde_json::from_value(json!({"metadata": {"name": "any"}, "spec": spec})).unwrap() };

    let spec = &object(&objects, "Deployment", "ecs-operator")["spec"]["template"]["spec"];
    pods.create(&try_out, &pod_of(spec)).await.unwrap();
    pods.create(&try_out, &pod_of(&object(&objects, "Pod", "ecs-operator-test")["spec"])).await.unwrap();

    let mut careless = spec.clone();
    careless["containers"][0]["securityContext"] = json!({});
    let refused = pods.create(&try_out, &pod_of(&careless)).await.unwrap_err().to_string();
    assert!(refused.contains("violates PodSecurity \"restricted"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_account_may_do_what_the_code_needs_and_no_secret_is_open_to_it() {
    let cluster = Cluster::new().await;
    cluster.installed("ecs-operator", NAMESPACE, Path::new(CHART), "").await;
    for (group, resource, name, verb) in needed() {
        let namespace = match (group.as_str(), name.as_deref()) {
            ("coordination.k8s.io", Some("ecs-operator.io")) => "kube-system",
            ("coordination.k8s.io", _) => NAMESPACE,
            _ => "default",
        };
        assert!(may(&cluster.kube, namespace, &group, (&resource, name.as_deref()), &verb).await, "{verb} {resource}");
    }
    for (group, resource, name, verb) in [
        ("", "secrets", None, "get"),
        ("", "secrets", None, "list"),
        ("", "configmaps", None, "get"),
        ("", "pods", None, "list"),
        ("", "namespaces", Some("default"), "get"),
        ("ecs-operator.io", "ecsservices", None, "create"),
        ("ecs-operator.io", "ecsservices", None, "delete"),
        ("ecs-operator.io", "ecsloadbalancers", None, "create"),
        ("coordination.k8s.io", "leases", Some("another"), "update"),
        ("apiextensions.k8s.io", "customresourcedefinitions", None, "list"),
        ("rbac.authorization.k8s.io", "clusterroles", None, "list"),
    ] {
        assert!(!may(&cluster.kube, NAMESPACE, group, (resource, name), verb).await, "{verb} {resource}");
    }
    assert!(!may(&cluster.kube, "default", "coordination.k8s.io", ("leases", None), "create").await, "only beside the operator");
}

/// Whether the account of the operator may.
async fn may(kube: &Client, namespace: &str, group: &str, (resource, name): (&str, Option<&str>), verb: &str) -> bool {
    let (resource, subresource) = resource.split_once('/').map_or((resource, None), |(it, sub)| (it, Some(sub.to_owned())));
    let review = SubjectAccessReview {
        spec: SubjectAccessReviewSpec {
            user: Some(format!("system:serviceaccount:{NAMESPACE}:ecs-operator")),
            groups: Some(vec!["system:serviceaccounts".to_owned(), "system:authenticated".to_owned()]),
            resource_attributes: Some(ResourceAttributes {
                namespace: (resource != "namespaces").then(|| namespace.to_owned()),
                group: Some(group.to_owned()),
                resource: Some(resource.to_owned()),
                subresource,
                name: name.map(str::to_owned),
                verb: Some(verb.to_owned()),
                ..ResourceAttributes::default()
            }),
            ..SubjectAccessReviewSpec::default()
        },
        ..SubjectAccessReview::default()
    };
    let review = Api::all(kube.clone()).create(&PostParams::default(), &review).await.unwrap();
    review.status.is_some_and(|status| status.allowed)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_notes_say_where_it_works_and_how_to_remove_all() {
    let cluster = Cluster::new().await;
    let (_folder, file) = file_of("watchNamespaces: [default]\naws: {credentialsSecret: keys}");
    let notes = cluster
        .helm(&["install", "ecs-operator", CHART, "--namespace", NAMESPACE, "--create-namespace", "--values", &file])
        .await;
    assert!(notes.status.success(), "{}", said(&notes));
    let notes = String::from_utf8(notes.stdout).unwrap();
    for sentence in ["works in namespaces default.", "with the keys in Secret keys", "Uninstalling deletes nothing in AWS"] {
        assert!(notes.contains(sentence), "{sentence}: {notes}");
    }
    let order: Vec<usize> = ["kubectl delete ecs-all", " uninstall ecs-operator", "kubectl delete crd"]
        .iter()
        .map(|it| notes.find(it).unwrap())
        .collect();
    assert!(order.is_sorted(), "{notes}");
}
