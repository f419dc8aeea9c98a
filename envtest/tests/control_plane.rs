//! What a test gets from a control plane, and what is left of it afterwards.
#![allow(clippy::unwrap_used, reason = "a failed step of a test is a failed test")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tokio::time::Instant;

use envtest::{Assets, ControlPlane};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{DeleteParams, ObjectMeta, PostParams};
use kube::{Api, Client};

/// Command lines of running processes that name this folder; each of ours does.
fn processes_of(folder: &Path) -> Vec<String> {
    let folder = folder.display().to_string();
    fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| fs::read(entry.ok()?.path().join("cmdline")).ok())
        .map(|bytes| String::from_utf8_lossy(&bytes).replace('\0', " "))
        .filter(|line| line.contains(&folder))
        .collect()
}

async fn eventually(what: &str, mut claim: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    let mut looks = tokio::time::interval(Duration::from_millis(100));
    while !claim().await {
        assert!(Instant::now() < deadline, "not within 30 s: {what}");
        looks.tick().await;
    }
}

async fn kubectl(control_plane: &ControlPlane, words: &[&str]) -> String {
    let output = tokio::process::Command::new(Assets::kubectl().await.unwrap())
        .arg("--kubeconfig")
        .arg(control_plane.kubeconfig())
        .args(words)
        .output()
        .await
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

fn config_map(name: &str, owner: Option<&ConfigMap>) -> ConfigMap {
    use kube::Resource;
    ConfigMap {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            owner_references: owner.map(|it| vec![it.owner_ref(&()).unwrap()]),
            ..ObjectMeta::default()
        },
        ..ConfigMap::default()
    }
}

async fn create(client: &Client, object: &ConfigMap) -> ConfigMap {
    Api::<ConfigMap>::default_namespaced(client.clone()).create(&PostParams::default(), object).await.unwrap()
}

#[tokio::test]
async fn kubectl_sees_namespaces_and_a_real_version_and_dropping_leaves_nothing() {
    let started = Instant::now();
    let control_plane = ControlPlane::start().await.unwrap();
    eprintln!("ready after {:?}", started.elapsed());
    let folder = control_plane.dir().to_owned();
    assert!(processes_of(&folder).len() >= 2);

    let namespaces = kubectl(&control_plane, &["get", "namespaces", "-o", "name"]).await;
    assert!(namespaces.contains("namespace/default"), "{namespaces}");
    let version = kubectl(&control_plane, &["get", "--raw", "/version"]).await;
    assert!(!version.contains("v0.0.0"), "{version}");

    drop(control_plane);
    assert_eq!(processes_of(&folder), Vec::<String>::new());
    assert!(!folder.exists());
}

#[tokio::test]
async fn objects_and_address_survive_a_restart_of_the_apiserver() {
    let place = tempfile::tempdir().unwrap();
    let mut control_plane = ControlPlane::builder().dir(place.path()).audit(true).start().await.unwrap();
    let url = control_plane.url().to_owned();
    let client = control_plane.client().await.unwrap();
    create(&client, &config_map("kept", None)).await;
    let audit = fs::read_to_string(control_plane.audit_log().unwrap()).unwrap();
    assert!(audit.contains("\"verb\":\"create\"") && audit.contains("/configmaps"));

    control_plane.stop_apiserver().await.unwrap();
    let address = url.trim_start_matches("https://").to_owned();
    assert!(TcpStream::connect(&address).is_err());
    control_plane.start_apiserver().await.unwrap();

    assert_eq!(control_plane.url(), url);
    Api::<ConfigMap>::default_namespaced(client).get("kept").await.unwrap();
    control_plane.stop().await;
    assert!(place.path().join("kube-apiserver.log").exists());
    assert!(!place.path().join("etcd").exists());
}

#[tokio::test]
async fn controllers_collect_garbage_and_keep_an_autoscaled_count_within_bounds() {
    let mut control_plane = ControlPlane::start().await.unwrap();
    control_plane
        .start_controller_manager(&["garbage-collector-controller", "horizontal-pod-autoscaler-controller"])
        .await
        .unwrap();
    let client = control_plane.client().await.unwrap();
    let owner = create(&client, &config_map("owner", None)).await;
    create(&client, &config_map("owned", Some(&owner))).await;
    let maps = Api::<ConfigMap>::default_namespaced(client.clone());
    maps.delete("owner", &DeleteParams::background()).await.unwrap();
    eventually("the owned object goes with its owner", async || maps.get_opt("owned").await.unwrap().is_none()).await;

    kubectl(&control_plane, &["create", "deployment", "web", "--image=web"]).await;
    let words = ["autoscale", "deployment", "web", "--min=3", "--max=5"];
    kubectl(&control_plane, &words).await;
    eventually("the count is raised to the minimum", async || {
        let words = ["get", "deployment", "web", "-o", "jsonpath={.spec.replicas}"];
        kubectl(&control_plane, &words).await == "3"
    })
    .await;
}

#[tokio::test]
async fn unknown_controller_is_an_error_that_names_it() {
    let mut control_plane = ControlPlane::start().await.unwrap();
    let error = control_plane.start_controller_manager(&["no-such-controller"]).await.unwrap_err();
    assert!(error.to_string().contains("no-such-controller"), "{error}");
}

/// Not a test of its own: the process that the next test kills.
#[tokio::test]
#[ignore = "runs until it is killed"]
async fn runs_until_it_is_killed() {
    let control_plane = ControlPlane::start().await.unwrap();
    eprintln!("\nfolder={}", control_plane.dir().display());
    std::future::pending::<()>().await;
}

/// Start the above in a process of its own; returns it when its control plane is ready, with the folder.
fn process_to_kill() -> (Child, String) {
    let mut process = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "runs_until_it_is_killed", "--ignored"])
        .arg("--nocapture")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let folder = BufReader::new(process.stderr.take().unwrap())
        .lines()
        .find_map(|line| Some(line.unwrap().strip_prefix("folder=")?.to_owned()))
        .unwrap();
    (process, folder)
}

#[tokio::test]
async fn process_killed_with_sigkill_leaves_no_program_and_no_file() {
    let (mut process, folder) = tokio::task::spawn_blocking(process_to_kill).await.unwrap();
    let folder = Path::new(&folder);
    let client = fs::metadata(folder.join("kubeconfig"));
    assert!(client.is_ok() && processes_of(folder).len() >= 2);
    process.kill().unwrap();
    process.wait().unwrap();
    eventually("its programs end", async || processes_of(folder).is_empty()).await;
    eventually("its folder goes", async || !folder.exists()).await;
}
