//! boto3 drives the simulator through a whole rollout, as any program of a user could: over HTTP, with AWS's own waiters.

use crate::python::{FOLDER, python};
use serde_json::Value;
use simulator::{Settings, Simulator};
use std::path::Path;
use std::process::Command;
use tokio::net::TcpListener;

/// A rollout of a minute takes half a second.
const SPEED: f64 = 120.0;

#[tokio::test(flavor = "multi_thread")]
async fn boto3_drives_the_simulator_through_a_whole_rollout() {
    let settings = Settings { speed: SPEED, throttling: true, clusters: vec!["main".to_owned()], ..Settings::default() };
    let simulator = Simulator::new(settings);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let server = simulator.clone();
    tokio::spawn(async move { server.serve(listener, std::future::pending()).await });

    let output = tokio::task::spawn_blocking(move || {
        Command::new(python()).arg(Path::new(FOLDER).join("rollout.py")).arg(endpoint).output().unwrap()
    });
    let output = output.await.unwrap();
    let (said, failed) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}{failed}");
    assert!(said.ends_with("gone\n"), "{said}");

    // What it did, as the simulator saw it.
    let writes: Vec<String> = simulator
        .calls()
        .iter()
        .map(|call| call.operation.clone())
        .filter(|operation| !operation.starts_with("Describe") && !operation.starts_with("List") && !operation.starts_with("Get"))
        .collect();
    let wanted = [
        "RegisterTaskDefinition",
        "CreateService",
        "RegisterTaskDefinition",
        "UpdateService",
        "RegisterTaskDefinition",
        "UpdateService",
        "TagResource",
        "DeleteService",
    ];
    assert_eq!(writes, wanted, "{said}");
    let service = simulator.call("DescribeServices", serde_json::json!({"cluster": "main", "services": ["web"]})).unwrap();
    assert_eq!(service["services"][0]["status"], Value::from("INACTIVE"));
}
