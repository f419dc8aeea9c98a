//! Runs helm, and reads what it renders.

use envtest::Assets;
use serde::Deserialize;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Output;
use tokio::process::Command;

/// Where the chart is.
pub const CHART: &str = "charts/ecs-operator";
/// The namespace that a release of the tests is in.
pub const NAMESPACE: &str = "ecs-system";

/// A helm that keeps its own files in the build folder.
pub async fn command() -> Command {
    let mut command = Command::new(Assets::helm().await.unwrap());
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("helm");
    for folder in ["CACHE", "CONFIG", "DATA"] {
        command.env(format!("HELM_{folder}_HOME"), home.join(folder.to_lowercase()));
    }
    command
}

/// What helm said and how it ended.
pub async fn run(words: &[&str]) -> Output {
    command().await.args(words).output().await.unwrap()
}

/// What helm prints when all is well.
pub async fn prints(words: &[&str]) -> String {
    let output = run(words).await;
    assert!(output.status.success(), "helm {}: {}", words.join(" "), said(&output));
    String::from_utf8(output.stdout).unwrap()
}

/// What helm said on standard error.
pub fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What the chart makes of these values.
pub async fn rendered(values: &str) -> Vec<Value> {
    let (_folder, file) = file_of(values);
    objects(&prints(&["template", "ecs-operator", CHART, "--namespace", NAMESPACE, "--values", &file]).await)
}

/// The sentence with which these values are refused.
pub async fn refusal(values: &str) -> String {
    let (_folder, file) = file_of(values);
    let output = run(&["template", "ecs-operator", CHART, "--namespace", NAMESPACE, "--values", &file]).await;
    assert!(!output.status.success(), "these values are refused: {values}");
    said(&output)
}

/// A file that holds these values.
pub fn file_of(values: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let file: PathBuf = folder.path().join("values.yaml");
    std::fs::write(&file, values).unwrap();
    let path = file.to_str().unwrap().to_owned();
    (folder, path)
}

/// The objects in a text of several documents.
pub fn objects(text: &str) -> Vec<Value> {
    let documents = serde_yaml_ng::Deserializer::from_str(text).map(|document| Value::deserialize(document).unwrap());
    documents.filter(|object| !object.is_null()).collect()
}

/// The one object of that kind and name.
pub fn object<'a>(objects: &'a [Value], kind: &str, name: &str) -> &'a Value {
    let mut found = objects.iter().filter(|it| it["kind"] == kind && it["metadata"]["name"] == name);
    let one = found.next().unwrap_or_else(|| panic!("there is no {kind} {name} in {:?}", names(objects)));
    assert!(found.next().is_none(), "there is more than one {kind} {name}");
    one
}

/// Kind and name of each object.
pub fn names(objects: &[Value]) -> Vec<String> {
    objects.iter().map(|it| format!("{}/{}", text(&it["kind"]), text(&it["metadata"]["name"]))).collect()
}

/// A value that is text.
pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
