//! What is generated from something else equals it. `just chart` writes it.

use crate::helm::{CHART, NAMESPACE, command, objects, prints};
use envtest::Assets;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

const ADVICE: &str = "is stale: run `just chart` and commit it";

fn names_in(folder: &str) -> BTreeSet<String> {
    let files = fs::read_dir(folder).unwrap().map(|it| it.unwrap().file_name().into_string().unwrap());
    files.filter(|name| name != "kustomization.yaml").collect()
}

#[test]
fn the_definitions_in_the_chart_are_those_of_crds() {
    let folder = format!("{CHART}/files/crds");
    assert_eq!(names_in(&folder), names_in("crds"), "{folder} {ADVICE}");
    for name in names_in("crds") {
        let [ours, theirs] = ["crds", folder.as_str()].map(|it| fs::read(Path::new(it).join(&name)).unwrap());
        assert!(ours == theirs, "{folder}/{name} {ADVICE}");
    }
    let kustomization = fs::read_to_string(format!("{folder}/kustomization.yaml")).unwrap();
    let listed: BTreeSet<String> = kustomization.lines().filter_map(|it| it.strip_prefix("- ")).map(str::to_owned).collect();
    assert_eq!(listed, names_in("crds"), "{folder}/kustomization.yaml lists others");
}

#[test]
fn the_admission_policies_in_the_chart_are_those_of_deploy() {
    let [ours, theirs] =
        ["deploy/guard/policies.yaml", "charts/ecs-operator/files/guard/policies.yaml"].map(|it| fs::read(it).unwrap());
    assert!(ours == theirs, "charts/ecs-operator/files/guard {ADVICE}");
}

#[test]
fn the_readme_of_the_chart_is_made_from_its_values() {
    let output = Command::new("python3").args(["charts/readme.py", CHART]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let made = String::from_utf8(output.stdout).unwrap();
    assert!(made == fs::read_to_string(format!("{CHART}/README.md")).unwrap(), "{CHART}/README.md {ADVICE}");
}

#[test]
fn every_value_is_explained() {
    let text = fs::read_to_string(format!("{CHART}/values.yaml")).unwrap();
    let values: serde_json::Value = serde_yaml_ng::from_str(&text).unwrap();
    let readme = fs::read_to_string(format!("{CHART}/README.md")).unwrap();
    let mut to_see = vec![(String::new(), values)];
    while let Some((path, value)) = to_see.pop() {
        if readme.contains(&format!("| `{path}` |")) {
            continue;
        }
        let inner = value.as_object().unwrap_or_else(|| panic!("values.yaml says nothing of {path}")).clone();
        to_see.extend(inner.into_iter().map(|(key, value)| (format!("{path}.{key}").trim_start_matches('.').to_owned(), value)));
    }
}

#[tokio::test]
async fn the_objects_for_kustomize_are_those_of_the_chart() {
    let helm = command().await;
    let made = Command::new("deploy/operator/render").arg(helm.as_std().get_program()).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let made = String::from_utf8(made.stdout).unwrap();
    assert!(made == fs::read_to_string("deploy/operator/operator.yaml").unwrap(), "deploy/operator/operator.yaml {ADVICE}");
}

#[tokio::test]
async fn kustomize_builds_what_helm_installs() {
    let kubectl = Assets::kubectl().await.unwrap();
    let output = Command::new(kubectl).args(["kustomize", "deploy/operator"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let built = objects(&String::from_utf8(output.stdout).unwrap());
    let helm = objects(&prints(&["template", "ecs-operator", CHART, "--namespace", NAMESPACE, "--skip-tests"]).await);
    let names = |of: &[serde_json::Value]| -> BTreeSet<String> { crate::helm::names(of).into_iter().collect() };
    let mut expected = names(&helm);
    expected.insert(format!("Namespace/{NAMESPACE}"));
    assert_eq!(names(&built), expected);
    for object in built.iter().filter(|it| it["kind"] == "CustomResourceDefinition") {
        let options = &object["metadata"]["annotations"]["argocd.argoproj.io/sync-options"];
        assert_eq!(options, "Prune=false,Delete=false", "{}", object["metadata"]["name"]);
    }
}

#[test]
fn the_chart_has_the_version_of_the_operator() {
    let chart: serde_json::Value = serde_yaml_ng::from_str(&fs::read_to_string(format!("{CHART}/Chart.yaml")).unwrap()).unwrap();
    assert_eq!(chart["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(chart["appVersion"], env!("CARGO_PKG_VERSION"));
}
