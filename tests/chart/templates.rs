//! What values make of the chart.

use crate::helm::{CHART, names, object, objects, prints, rendered, text};
use serde_json::{Value, json};

/// Values, the object that they are about, and what stands there: a JSON pointer and a value, null for nothing.
type Fact = (&'static str, &'static str, &'static str, Value);

const DEPLOYMENT: &str = "Deployment/ecs-operator";
const CONTAINER: &str = "/spec/template/spec/containers/0";

fn of_the_pod() -> Vec<Fact> {
    vec![
        ("", DEPLOYMENT, "/spec/replicas", json!(2)),
        (
            "",
            DEPLOYMENT,
            "/spec/strategy",
            json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}),
        ),
        ("replicas: 1\nsettings: {leaderElection: false}", DEPLOYMENT, "/spec/strategy", json!({"type": "Recreate"})),
        ("", DEPLOYMENT, "/spec/template/spec/terminationGracePeriodSeconds", json!(25 + 10 + 5)),
        (
            "settings: {shutdownGraceSeconds: 100, leaseDurationSeconds: 30}",
            DEPLOYMENT,
            "/spec/template/spec/terminationGracePeriodSeconds",
            json!(100 + 20 + 5),
        ),
        ("", DEPLOYMENT, "/spec/template/spec/serviceAccountName", json!("ecs-operator")),
        ("serviceAccount: {name: mine}", DEPLOYMENT, "/spec/template/spec/serviceAccountName", json!("mine")),
        ("serviceAccount: {create: false}", DEPLOYMENT, "/spec/template/spec/serviceAccountName", json!("default")),
        ("", DEPLOYMENT, "/spec/template/spec/priorityClassName", Value::Null),
        ("priorityClassName: high", DEPLOYMENT, "/spec/template/spec/priorityClassName", json!("high")),
        ("nodeSelector: {pool: a}", DEPLOYMENT, "/spec/template/spec/nodeSelector", json!({"pool": "a"})),
        ("tolerations: [{operator: Exists}]", DEPLOYMENT, "/spec/template/spec/tolerations", json!([{"operator": "Exists"}])),
        ("affinity: {nodeAffinity: {}}", DEPLOYMENT, "/spec/template/spec/affinity", json!({"nodeAffinity": {}})),
        (
            "",
            DEPLOYMENT,
            "/spec/template/spec/topologySpreadConstraints/0/labelSelector/matchLabels",
            json!({"app.kubernetes.io/name": "ecs-operator", "app.kubernetes.io/instance": "ecs-operator"}),
        ),
        ("topologySpreadConstraints: []", DEPLOYMENT, "/spec/template/spec/topologySpreadConstraints", Value::Null),
        ("podAnnotations: {a: b}", DEPLOYMENT, "/spec/template/metadata/annotations/a", json!("b")),
        ("podLabels: {a: b}", DEPLOYMENT, "/spec/template/metadata/labels/a", json!("b")),
        ("commonLabels: {team: infra}", "ServiceAccount/ecs-operator", "/metadata/labels/team", json!("infra")),
        ("imagePullSecrets: [{name: pull}]", DEPLOYMENT, "/spec/template/spec/imagePullSecrets", json!([{"name": "pull"}])),
        ("extraVolumes: [{name: ca}]", DEPLOYMENT, "/spec/template/spec/volumes", json!([{"name": "ca"}])),
    ]
}

fn of_the_container() -> Vec<Fact> {
    let digest = format!("sha256:{}", "a".repeat(64));
    let values: &'static str = format!("image: {{repository: r.example/o, digest: '{digest}'}}").leak();
    let at = |rest: &str| -> &'static str { format!("{CONTAINER}{rest}").leak() };
    let version = env!("CARGO_PKG_VERSION");
    vec![
        ("", DEPLOYMENT, at("/image"), json!(format!("ecs-operator:{version}"))),
        ("image: {tag: '7'}", DEPLOYMENT, at("/image"), json!("ecs-operator:7")),
        (values, DEPLOYMENT, at("/image"), json!(format!("r.example/o@{digest}"))),
        ("", DEPLOYMENT, at("/ports"), json!([{"name": "http", "containerPort": 8080}])),
        ("settings: {listen: '[::]:9090'}", DEPLOYMENT, at("/ports/0/containerPort"), json!(9090)),
        ("settings: {listen: '[::]:9090'}", "Service/ecs-operator-metrics", "/spec/ports/0/port", json!(9090)),
        ("", DEPLOYMENT, at("/readinessProbe/httpGet/path"), json!("/readyz")),
        ("", DEPLOYMENT, at("/livenessProbe/httpGet/path"), json!("/healthz")),
        ("", DEPLOYMENT, at("/resources/limits/cpu"), Value::Null),
        ("resources: {limits: {cpu: 1}}", DEPLOYMENT, at("/resources/limits/cpu"), json!(1)),
        ("", DEPLOYMENT, at("/securityContext/readOnlyRootFilesystem"), json!(true)),
        ("extraVolumeMounts: [{name: ca}]", DEPLOYMENT, at("/volumeMounts"), json!([{"name": "ca"}])),
    ]
}

fn of_the_rest() -> Vec<Fact> {
    let role = "eks.amazonaws.com/role-arn";
    let irsa: &'static str = format!("serviceAccount: {{annotations: {{{role}: arn}}}}").leak();
    let policy = "networkPolicy: {enabled: true, metricsFrom: [{podSelector: {}}], extraEgress: [{ports: [{port: 3128}]}]}";
    vec![
        (irsa, "ServiceAccount/ecs-operator", "/metadata/annotations/eks.amazonaws.com~1role-arn", json!("arn")),
        ("", "PodDisruptionBudget/ecs-operator", "/spec/maxUnavailable", json!(1)),
        (policy, "NetworkPolicy/ecs-operator", "/spec/ingress/0/from", json!([{"podSelector": {}}])),
        (policy, "NetworkPolicy/ecs-operator", "/spec/egress/3/ports/0/port", json!(3128)),
        (
            "networkPolicy: {enabled: true, apiServerPorts: []}",
            "NetworkPolicy/ecs-operator",
            "/spec/egress/1/ports",
            json!([{"port": 443, "protocol": "TCP"}]),
        ),
        (
            "metrics: {serviceMonitor: {enabled: true, labels: {release: prometheus}}}",
            "ServiceMonitor/ecs-operator",
            "/metadata/labels/release",
            json!("prometheus"),
        ),
        (
            "metrics: {dashboard: {enabled: true}}",
            "ConfigMap/ecs-operator-dashboard",
            "/metadata/labels/grafana_dashboard",
            json!("1"),
        ),
        (
            "metrics: {prometheusRule: {enabled: true, alertLabels: {team: infra}}}",
            "PrometheusRule/ecs-operator",
            "/spec/groups/0/rules/0/labels",
            json!({"severity": "critical", "team": "infra"}),
        ),
    ]
}

#[tokio::test]
async fn the_guard_at_apply_is_installed_where_it_is_asked_for() {
    let of_admission = |objects: &[Value]| names(objects).into_iter().filter(|it| it.contains("AdmissionPolicy")).count();
    assert_eq!(of_admission(&rendered("").await), 0);
    let objects = rendered("admission: {enabled: true}").await;
    assert_eq!(of_admission(&objects), ecs_operator::admission::policies().len());
    let policy = object(&objects, "ValidatingAdmissionPolicy", "ecsservices.guard.ecs-operator.io");
    let ours = ecs_operator::admission::policies().into_iter().find(|it| it["metadata"]["name"] == policy["metadata"]["name"]);
    assert_eq!(Some(&policy["spec"]), ours.as_ref().map(|it| &it["spec"]), "as it was generated");
    assert_eq!(policy["metadata"]["labels"]["app.kubernetes.io/name"], "ecs-operator");
}

#[tokio::test]
async fn values_become_what_they_say() {
    let mut wrong = Vec::new();
    for (values, target, pointer, expected) in of_the_pod().into_iter().chain(of_the_container()).chain(of_the_rest()) {
        let objects = rendered(values).await;
        let (kind, name) = target.split_once('/').unwrap();
        let found = object(&objects, kind, name).pointer(pointer).cloned().unwrap_or_default();
        if found != expected {
            wrong.push(format!("`{values}` {target} {pointer}: {found}, not {expected}"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Values, and objects that are there with them and not without, or the other way round.
#[tokio::test]
async fn spans_are_sent_where_the_values_say_and_the_way_there_is_open() {
    let values =
        "tracing: {endpoint: 'http://otel.monitoring:4318', sampler: traceidratio, samplerArg: 0.25, headersSecret: token,
  resourceAttributes: {deployment.environment.name: prod}}
networkPolicy: {enabled: true}";
    let objects = rendered(values).await;
    let environment = &object(&objects, "Deployment", "ecs-operator")["spec"]["template"]["spec"]["containers"][0]["env"];
    let is = |name: &str| environment.as_array().unwrap().iter().find(|it| it["name"] == name).unwrap().clone();
    for (name, value) in [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://otel.monitoring:4318"),
        ("OTEL_SERVICE_NAME", "ecs-operator"),
        ("OTEL_TRACES_SAMPLER", "traceidratio"),
        ("OTEL_TRACES_SAMPLER_ARG", "0.25"),
        ("OTEL_RESOURCE_ATTRIBUTES", "k8s.namespace.name=ecs-system,k8s.pod.name=$(HOSTNAME),deployment.environment.name=prod"),
    ] {
        assert_eq!(is(name)["value"], value, "{name}");
    }
    let secret = &is("OTEL_EXPORTER_OTLP_HEADERS")["valueFrom"]["secretKeyRef"];
    assert_eq!(secret, &json!({"name": "token", "key": "headers"}));
    let names: Vec<&str> = environment.as_array().unwrap().iter().map(|it| text(&it["name"])).collect();
    let place = |name: &str| names.iter().position(|it| *it == name).unwrap();
    assert!(place("HOSTNAME") < place("OTEL_RESOURCE_ATTRIBUTES"), "Kubernetes puts in only what stands before");

    for (endpoint, port) in [
        ("http://otel.monitoring:4318", json!(4318)),
        ("http://otel.monitoring:4318/base", json!(4318)),
        ("http://otel.monitoring", json!(80)),
        ("https://otel.example.com", json!(443)),
    ] {
        let objects = rendered(&format!("tracing: {{endpoint: '{endpoint}'}}\nnetworkPolicy: {{enabled: true}}")).await;
        let egress = &object(&objects, "NetworkPolicy", "ecs-operator")["spec"]["egress"];
        let last = egress.as_array().unwrap().last().unwrap();
        assert_eq!(last, &json!({"ports": [{"port": port, "protocol": "TCP"}]}), "{endpoint}");
    }
}

#[tokio::test]
async fn without_an_endpoint_nothing_is_said_about_spans() {
    let objects = rendered("networkPolicy: {enabled: true}").await;
    assert!(!serde_json::to_string(&objects).unwrap().contains("OTEL_"));
}

#[tokio::test]
async fn an_object_is_there_only_when_it_is_asked_for() {
    for (values, target, is_there) in [
        ("", "PodDisruptionBudget/ecs-operator", true),
        ("replicas: 1", "PodDisruptionBudget/ecs-operator", false),
        ("podDisruptionBudget: {enabled: false}", "PodDisruptionBudget/ecs-operator", false),
        ("", "NetworkPolicy/ecs-operator", false),
        ("", "ServiceMonitor/ecs-operator", false),
        ("", "PrometheusRule/ecs-operator", false),
        ("", "ConfigMap/ecs-operator-dashboard", false),
        ("metrics: {service: false}", "Service/ecs-operator-metrics", false),
        ("metrics: {service: false}", "Pod/ecs-operator-test", false),
        ("", "Pod/ecs-operator-test", true),
        ("serviceAccount: {create: false}", "ServiceAccount/ecs-operator", false),
        ("", "CustomResourceDefinition/ecsservices.ecs-operator.io", true),
        ("crds: {install: false}", "CustomResourceDefinition/ecsservices.ecs-operator.io", false),
        ("", "ClusterRole/ecs-operator-view", true),
        ("rbac: {aggregate: false}", "ClusterRole/ecs-operator-view", false),
        ("rbac: {create: false}", "ClusterRole/ecs-operator", false),
        ("settings: {leaderElection: false}\nreplicas: 1", "Role/ecs-operator-lease", false),
    ] {
        let names = names(&rendered(values).await);
        assert_eq!(names.iter().any(|name| name == target), is_there, "`{values}` {target}: {names:?}");
    }
}

#[tokio::test]
async fn every_object_bears_the_release_and_its_own_namespace() {
    let everything = "networkPolicy: {enabled: true}
metrics: {serviceMonitor: {enabled: true}, prometheusRule: {enabled: true}, dashboard: {enabled: true}}";
    for object in rendered(everything).await {
        let (kind, meta) = (text(&object["kind"]), &object["metadata"]);
        assert_eq!(meta["labels"]["app.kubernetes.io/instance"], "ecs-operator", "{kind} {}", meta["name"]);
        let is_cluster_wide = kind.starts_with("ClusterRole") || kind == "CustomResourceDefinition";
        assert_eq!(meta["namespace"].is_null(), is_cluster_wide, "{kind} {}", meta["name"]);
    }
}

#[tokio::test]
async fn definitions_are_those_of_crds_and_are_kept() {
    let rendered = rendered("crds: {annotations: {a: b}}").await;
    let rendered: Vec<&Value> = rendered.iter().filter(|it| it["kind"] == "CustomResourceDefinition").collect();
    let ours = ecs_operator::api::crds();
    assert_eq!(rendered.len(), ours.len());
    for crd in &ours {
        let name = crd.metadata.name.as_deref().unwrap();
        let found = rendered.iter().find(|it| it["metadata"]["name"] == name).unwrap();
        assert_eq!(found["spec"], serde_json::to_value(&crd.spec).unwrap(), "{name}");
        assert_eq!(found["metadata"]["annotations"]["helm.sh/resource-policy"], "keep", "{name}");
        assert_eq!(found["metadata"]["annotations"]["a"], "b", "{name}");
    }
}

#[tokio::test]
async fn braces_in_a_definition_are_text() {
    let folder = copy_of_the_chart();
    let file = folder.path().join("files/crds/ecsservices.ecs-operator.io.yaml");
    let with_braces = std::fs::read_to_string(&file).unwrap().replacen("description: ", "description: '{{ fail \"no\" }}' #", 1);
    std::fs::write(&file, with_braces).unwrap();
    let text = prints(&["template", "ecs-operator", folder.path().to_str().unwrap()]).await;
    let objects = objects(&text);
    let crd = object(&objects, "CustomResourceDefinition", "ecsservices.ecs-operator.io").to_string();
    assert!(crd.contains(r#"{{ fail \"no\" }}"#));
}

#[tokio::test]
async fn lint_has_nothing_to_say() {
    prints(&["lint", "--strict", CHART]).await;
    let (_folder, namespaced) = crate::helm::file_of("watchNamespaces: [shop, pay]");
    prints(&["lint", "--strict", CHART, "--values", &namespaced]).await;
}

/// A copy of the chart that a test may change.
pub fn copy_of_the_chart() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    copy(std::path::Path::new(CHART), folder.path());
    folder
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir_all(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
