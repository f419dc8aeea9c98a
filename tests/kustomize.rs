//! `kubectl kustomize` with the two files of `deploy/kustomize`: images, references and patches of one entry.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use serde::Deserialize;
use serde_json::Value;
use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

const OBJECTS: &str = "
apiVersion: ecs-operator.io/v1alpha1
kind: EcsTaskDefinition
metadata: {name: web}
spec:
  containerDefinitions:
  - name: app
    image: nginx:1.27
    environment: [{name: LEVEL, value: info}, {name: CACHE, value: 'redis:6379'}]
  - {name: logs, image: fluent-bit}
---
apiVersion: ecs-operator.io/v1alpha1
kind: EcsService
metadata: {name: web}
spec:
  cluster: prod
  taskDefinitionRef: {name: web}
---
apiVersion: ecs-operator.io/v1alpha1
kind: EcsService
metadata: {name: shop}
spec:
  cluster: prod
  taskDefinitionTemplate:
    containerDefinitions:
    - name: app
      image: nginx:1.27
      environment: [{name: LEVEL, value: info}, {name: CACHE, value: 'redis:6379'}]
  expose:
  - {name: web, port: http, listener: {ref: {name: edge}, port: 443}, match: {hosts: [shop.example.com]}, priority: 7}
  - {name: old, port: http, targetGroup: {ref: {name: web}}}
---
apiVersion: ecs-operator.io/v1alpha1
kind: EcsTargetGroup
metadata: {name: web}
spec: {listener: {ref: {name: edge}, port: 443}}
---
apiVersion: ecs-operator.io/v1alpha1
kind: EcsListenerRule
metadata: {name: web}
spec:
  listener: {ref: {name: edge}, port: 443}
  match: {hosts: [web.example.com]}
  forward: [{targetGroupRef: {name: web}}]
---
apiVersion: ecs-operator.io/v1alpha1
kind: EcsLoadBalancer
metadata: {name: edge}
spec:
  subnets: [subnet-a, subnet-b]
  listeners:
  - {port: 80, protocol: HTTP}
  - {port: 443, protocol: HTTPS, discoverCertificates: true, defaultAction: {forward: [{targetGroupRef: {name: web}}]}}
";

/// The one place that knows where `kubectl` comes from: `$KUBECTL`, or `kubectl` on the path.
fn kubectl() -> Command {
    Command::new(env::var_os("KUBECTL").map_or_else(|| PathBuf::from("kubectl"), PathBuf::from))
}

/// What kustomize makes of the objects above with these lines in the kustomization.
fn build(lines: &str) -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    for (from, to) in [("configurations/kustomizeconfig.yaml", "kustomizeconfig.yaml"), ("openapi/schema.json", "schema.json")] {
        fs::copy(PathBuf::from("deploy/kustomize").join(from), folder.path().join(to)).unwrap();
    }
    fs::write(folder.path().join("objects.yaml"), OBJECTS).unwrap();
    let known = "resources: [objects.yaml]\nconfigurations: [kustomizeconfig.yaml]\nopenapi: {path: schema.json}\n";
    fs::write(folder.path().join("kustomization.yaml"), known.to_owned() + lines).unwrap();
    let output = kubectl().arg("kustomize").arg(folder.path()).output();
    let output = output.unwrap_or_else(|error| panic!("run kubectl: {error}: install kubectl, or set KUBECTL to its path"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    serde_yaml_ng::Deserializer::from_str(&text).map(|document| Value::deserialize(document).unwrap()).collect()
}

fn object<'a>(objects: &'a [Value], kind: &str, name: &str) -> &'a Value {
    objects.iter().find(|it| it["kind"] == kind && it["metadata"]["name"] == name).unwrap()
}

fn variables(container: &Value) -> Vec<(&str, &str)> {
    let entries = container["environment"].as_array().unwrap();
    entries.iter().map(|it| (it["name"].as_str().unwrap(), it["value"].as_str().unwrap())).collect()
}

#[test]
fn images_reach_task_definitions_and_templates() {
    let objects = build("images: [{name: nginx, newName: registry.example.com/nginx, newTag: '1.28'}]");
    let alone = &object(&objects, "EcsTaskDefinition", "web")["spec"];
    assert_eq!(alone["containerDefinitions"][0]["image"], "registry.example.com/nginx:1.28");
    assert_eq!(alone["containerDefinitions"][1]["image"], "fluent-bit", "another image is left alone");
    let template = &object(&objects, "EcsService", "shop")["spec"]["taskDefinitionTemplate"];
    assert_eq!(template["containerDefinitions"][0]["image"], "registry.example.com/nginx:1.28");
}

#[test]
fn a_prefix_of_names_reaches_the_reference() {
    let objects = build("namePrefix: blue-");
    object(&objects, "EcsTaskDefinition", "blue-web");
    assert_eq!(object(&objects, "EcsService", "blue-web")["spec"]["taskDefinitionRef"]["name"], "blue-web");
}

#[test]
fn a_prefix_of_names_reaches_load_balancers_and_target_groups() {
    let objects = build("namePrefix: blue-");
    let spec = |kind: &str, name: &str| object(&objects, kind, name)["spec"].clone();
    let service = spec("EcsService", "blue-shop");
    assert_eq!(service["expose"][0]["listener"]["ref"]["name"], "blue-edge");
    assert_eq!(service["expose"][1]["targetGroup"]["ref"]["name"], "blue-web");
    assert_eq!(spec("EcsTargetGroup", "blue-web")["listener"]["ref"]["name"], "blue-edge");
    let rule = spec("EcsListenerRule", "blue-web");
    assert_eq!(rule["listener"]["ref"]["name"], "blue-edge");
    assert_eq!(rule["forward"][0]["targetGroupRef"]["name"], "blue-web");
    let listener = &spec("EcsLoadBalancer", "blue-edge")["listeners"][1];
    assert_eq!(listener["defaultAction"]["forward"][0]["targetGroupRef"]["name"], "blue-web");
}

#[test]
fn a_patch_of_one_exposure_or_listener_leaves_the_others() {
    let objects = build(
        "
patches:
- patch: |
    apiVersion: ecs-operator.io/v1alpha1
    kind: EcsService
    metadata: {name: shop}
    spec: {expose: [{name: web, match: {hosts: [new.example.com]}}]}
- patch: |
    apiVersion: ecs-operator.io/v1alpha1
    kind: EcsLoadBalancer
    metadata: {name: edge}
    spec: {listeners: [{port: 80, $patch: delete}]}
",
    );
    let entries = object(&objects, "EcsService", "shop")["spec"]["expose"].as_array().unwrap().clone();
    assert_eq!(entries.len(), 2);
    let web = entries.iter().find(|it| it["name"] == "web").unwrap();
    assert_eq!((&web["match"]["hosts"][0], &web["priority"]), (&"new.example.com".into(), &7.into()));
    let listeners = object(&objects, "EcsLoadBalancer", "edge")["spec"]["listeners"].as_array().unwrap().clone();
    assert_eq!(listeners.iter().map(|it| it["port"].clone()).collect::<Vec<_>>(), [443]);
}

#[test]
fn a_patch_of_one_variable_leaves_the_others() {
    let objects = build(
        "
patches:
- patch: |
    apiVersion: ecs-operator.io/v1alpha1
    kind: EcsTaskDefinition
    metadata: {name: web}
    spec: {containerDefinitions: [{name: app, environment: [{name: LEVEL, value: debug}]}]}
- patch: |
    apiVersion: ecs-operator.io/v1alpha1
    kind: EcsService
    metadata: {name: shop}
    spec: {taskDefinitionTemplate: {containerDefinitions: [{name: app, environment: [{name: CACHE, $patch: delete}]}]}}
",
    );
    let containers = &object(&objects, "EcsTaskDefinition", "web")["spec"]["containerDefinitions"];
    assert_eq!(containers.as_array().unwrap().len(), 2);
    let app = containers.as_array().unwrap().iter().find(|it| it["name"] == "app").unwrap();
    assert_eq!(app["image"], "nginx:1.27");
    assert_eq!(variables(app), [("LEVEL", "debug"), ("CACHE", "redis:6379")]);
    let template = &object(&objects, "EcsService", "shop")["spec"]["taskDefinitionTemplate"];
    assert_eq!(variables(&template["containerDefinitions"][0]), [("LEVEL", "info")]);
}
