//! What Argo CD and Flux make of our objects: the scripts of deploy/argocd on statuses that the operator wrote, run by the real
//! `argocd`, and beside them what the real kstatus says, by which Flux judges.
//!
//! `argocd` is the program in the variable `ARGOCD`, else the one in `PATH`; kstatus is a library of Go and needs `go` in `PATH`.
//! Where there is none, what needs it is not run, and says so.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const PATCH: &str = "deploy/argocd/argocd-cm.yaml";
const OBJECTS: &str = "tests/argocd/objects";

/// File, health in Argo CD, the beginning of its message, and what kstatus says.
const EXPECTED: &[(&str, &str, &str, &str)] = &[
    ("connection-ready", "Healthy", "Connected: AWS knows the operator", "Current"),
    ("listener-rule-host-claimed", "Degraded", "Conflict: EcsListenerRule", "Failed"),
    ("listener-rule-ready", "Healthy", "Programmed: the listener has it", "Current"),
    ("load-balancer-provisioning", "Progressing", "Provisioning: AWS is setting up", "InProgress"),
    ("load-balancer-ready", "Healthy", "Active: ", "Current"),
    ("policy-ready", "Healthy", "InForce: what is not granted is refused", "Current"),
    ("service-edited", "Progressing", "the operator has not looked at this edit yet", "InProgress"),
    ("service-host-claimed", "Degraded", "ExposureFailed: expose entry web: EcsListenerRule worker-web: Conflict", "Failed"),
    ("service-new", "Progressing", "the operator has not looked at it yet", "InProgress"),
    ("service-not-granted", "Degraded", "TaskDefinitionNotReady: EcsTaskDefinition unknown: family: `unknown` is not", "Failed"),
    ("service-paused", "Suspended", "PausedByAnnotation: nothing is written to AWS", "Current"),
    ("service-ready", "Healthy", "Serving: web:2 serves", "Current"),
    ("service-rolled-back", "Degraded", "RolledBack: shop:4 failed: ", "Failed"),
    ("service-rolled-back-edited", "Progressing", "the operator has not looked at this edit yet", "InProgress"),
    ("service-rolling-out", "Progressing", "RolloutInProgress: 0 of 3 tasks of shop:4 run", "InProgress"),
    ("service-waiting", "Progressing", "TaskDefinitionNotFound: taskDefinitionRef needs", "InProgress"),
    ("target-group-ready", "Healthy", "AsDeclared: target group", "Current"),
    ("task-definition-not-granted", "Degraded", "NotGranted: family: `unknown` is not granted", "Failed"),
    ("task-definition-ready", "Healthy", "Registered: revision 3", "Current"),
];

fn argocd() -> Option<PathBuf> {
    let named = std::env::var_os("ARGOCD").filter(|it| !it.is_empty()).map(PathBuf::from);
    let found = named.or_else(|| in_path("argocd"));
    if found.is_none() {
        not_run("argocd", "neither ARGOCD nor PATH names the program");
    }
    found
}

fn in_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|it| it.is_file())
}

/// Past the capture of the test harness: what is left out is to be seen.
fn not_run(what: &str, why: &str) {
    let _ = writeln!(std::io::stderr(), "{what}: not run: {why}");
}

/// The program of `tests/argocd/kstatus`.
fn kstatus() -> Option<PathBuf> {
    let Some(go) = in_path("go") else {
        not_run("kstatus", "there is no go in PATH to build it with");
        return None;
    };
    let built = Path::new(env!("CARGO_TARGET_TMPDIR")).join("kstatus");
    let output =
        Command::new(go).args(["build", "-o"]).arg(&built).arg(".").current_dir("tests/argocd/kstatus").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(built)
}

/// What it computes for an object.
fn computed(kstatus: &Path, object: &Value) -> String {
    let mut child = Command::new(kstatus).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(object.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "kstatus refuses {object}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// What `argocd admin settings resource-overrides` prints.
fn overrides(argocd: &Path, words: &[&str]) -> String {
    let mut command = Command::new(argocd);
    command.args(["admin", "settings", "resource-overrides"]).args(words).args(["--argocd-cm-path", PATCH]);
    // A cluster is not asked, but the program wants a file that names one.
    let output = command.env("KUBECONFIG", "/dev/null").output().unwrap();
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn file(name: &str) -> String {
    format!("{OBJECTS}/{name}.yaml")
}

fn object(name: &str) -> Value {
    serde_yaml_ng::from_str(&fs::read_to_string(file(name)).unwrap()).unwrap()
}

#[test]
fn every_object_has_the_health_that_its_conditions_tell() {
    let Some(argocd) = argocd() else { return };
    for (name, health, message, _) in EXPECTED {
        let said = overrides(&argocd, &["health", &file(name)]);
        let told = said.strip_prefix("STATUS: ").and_then(|said| said.split_once("\nMESSAGE: "));
        let (status, told) = told.unwrap_or_else(|| panic!("{name}: {said}"));
        assert_eq!(status, *health, "{name}: {told}");
        assert!(told.starts_with(message), "{name}: {told}");
    }
}

#[test]
fn kstatus_says_the_same() {
    let Some(kstatus) = kstatus() else { return };
    for (name, health, _, expected) in EXPECTED {
        let said = computed(&kstatus, &object(name));
        assert_eq!(said, *expected, "{name}");
        let same = match said.as_str() {
            "Current" => "Healthy",
            "InProgress" => "Progressing",
            "Failed" => "Degraded",
            other => panic!("{name}: {other} is no word of kstatus for what is there to stay"),
        };
        // A pause is what kstatus has no word for.
        assert!(same == *health || *health == "Suspended", "{name}: {health} and {said}");
    }
}

#[test]
fn every_object_is_expected_to_be_something() {
    let there: BTreeSet<String> =
        fs::read_dir(OBJECTS).unwrap().map(|it| it.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned()).collect();
    assert_eq!(there, EXPECTED.iter().map(|it| it.0.to_owned()).collect());
    let kinds: BTreeSet<String> = EXPECTED.iter().map(|it| object(it.0)["kind"].as_str().unwrap().to_owned()).collect();
    let all: BTreeSet<String> = ecs_operator::api::crds().into_iter().map(|crd| crd.spec.names.kind).collect();
    assert_eq!(kinds, all, "each kind has an object here");
}

#[test]
fn actions_are_offered_where_they_make_sense() {
    let Some(argocd) = argocd() else { return };
    let offered = |name: &str| -> Vec<String> {
        let said = overrides(&argocd, &["list-actions", &file(name)]);
        let lines = said.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
        lines.map(|line| line.replace(" false", "").replace(" true", " (off)")).collect()
    };
    assert_eq!(offered("service-ready"), ["pause", "reconcile", "restart", "resume (off)"]);
    assert_eq!(offered("service-paused"), ["pause (off)", "reconcile", "restart (off)", "resume"]);
    assert_eq!(offered("load-balancer-ready"), ["pause", "reconcile", "resume (off)"]);
}

#[test]
fn an_action_sets_its_annotation_and_nothing_else() {
    let Some(argocd) = argocd() else { return };
    for (name, action, sign, annotation) in [
        ("service-ready", "restart", '>', "ecs-operator.io/restarted-at: \""),
        ("service-ready", "reconcile", '>', "ecs-operator.io/reconcile-at: \""),
        ("service-ready", "pause", '>', "ecs-operator.io/paused: \"true\""),
        ("service-paused", "resume", '<', "ecs-operator.io/paused: \"true\""),
        ("load-balancer-ready", "pause", '>', "ecs-operator.io/paused: \"true\""),
    ] {
        let said = overrides(&argocd, &["run-action", &file(name), action]);
        let changed: Vec<&str> = said.lines().filter(|line| line.starts_with(['<', '>'])).collect();
        let (annotations, others): (Vec<&str>, Vec<&str>) = changed.into_iter().partition(|line| !line.contains("annotations:"));
        let is_it = annotations.iter().all(|line| line.starts_with(sign) && line.contains(annotation));
        assert!(annotations.len() == 1 && is_it && others.len() <= 2, "{name}, {action}: {said}");
    }
}

#[test]
fn what_argo_cd_is_told_is_made_from_the_scripts_and_covers_every_kind() {
    for (form, made) in [(vec![], PATCH), (vec!["helm"], "deploy/argocd/values.yaml")] {
        let output = Command::new("deploy/argocd/render").args(form).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text == fs::read_to_string(made).unwrap(), "{made} is stale: run `just chart` and commit it");
    }
    let patch: Value = serde_yaml_ng::from_str(&fs::read_to_string(PATCH).unwrap()).unwrap();
    for crd in ecs_operator::api::crds() {
        let key = format!("resource.customizations.health.ecs-operator.io_{}", crd.spec.names.kind);
        assert!(patch["data"][&key].is_string(), "{PATCH} has no {key}");
    }
}
