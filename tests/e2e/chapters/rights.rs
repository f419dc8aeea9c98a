//! What the operator's ServiceAccount may do.

use crate::audit;
use crate::report::Done;
use crate::stage::{OPERATOR, RELEASE, SAMPLES, Stage};
use anyhow::{Context as _, Result, ensure};
use std::path::Path;

/// The account, as RBAC and the audit log name it.
pub fn account() -> String {
    format!("system:serviceaccount:{OPERATOR}:{RELEASE}")
}

/// Verb, resource, namespace, and whether it is allowed.
const TABLE: [(&str, &str, &str, bool); 16] = [
    ("list", "ecsservices", SAMPLES, true),
    ("watch", "ecsnamespacepolicies", SAMPLES, true),
    ("patch", "ecsservices/status", SAMPLES, true),
    ("create", "ecstargetgroups", SAMPLES, true),
    ("delete", "ecslistenerrules", SAMPLES, true),
    ("create", "events.events.k8s.io", SAMPLES, true),
    ("update", "leases/ecs-operator", OPERATOR, true),
    ("create", "ecsservices", SAMPLES, false),
    ("delete", "ecsservices", SAMPLES, false),
    ("create", "ecsnamespacepolicies", SAMPLES, false),
    ("delete", "ecsloadbalancers", SAMPLES, false),
    ("get", "secrets", OPERATOR, false),
    ("list", "pods", OPERATOR, false),
    ("update", "leases/other", OPERATOR, false),
    ("create", "leases", SAMPLES, false),
    ("patch", "customresourcedefinitions", SAMPLES, false),
];

/// Asks the API server, and tries one of what is forbidden.
pub async fn asked(stage: &Stage) -> Result<Done> {
    let account = account();
    for (verb, resource, namespace, allowed) in TABLE {
        let words = ["auth", "can-i", verb, resource, "--namespace", namespace, "--as", &account];
        let said = match stage.cluster.kubectl(&words).await {
            Ok(_) => true,
            Err(error) if error.to_string().contains("forbidden") => return Err(error),
            Err(_) => false,
        };
        let not = if allowed { "not " } else { "" };
        ensure!(said == allowed, "the account may {not}{verb} {resource} in {namespace}");
    }
    let words = ["get", "secrets", "--namespace", OPERATOR, "--as", &account];
    let refusal = stage.cluster.kubectl(&words).await.err().context("the account could read Secrets")?;
    ensure!(refusal.to_string().contains("cannot list resource \"secrets\""), "{refusal}");
    Ok(Done::Passed)
}

/// Holds the audit log against the rules.
pub async fn audited(stage: &Stage, log: Option<&Path>) -> Result<Done> {
    let Some(log) = log else {
        return Ok(Done::NotRun("E2E_AUDIT_LOG names no audit log of the API server".to_owned()));
    };
    // What was done before this release was there is of an earlier run.
    let release = stage.cluster.json(&["serviceaccount", RELEASE, "--namespace", OPERATOR]).await?;
    let since = release["metadata"]["creationTimestamp"].as_str().unwrap_or_default();
    let text = std::fs::read_to_string(log).with_context(|| format!("read {}", log.display()))?;
    let done = audit::read(&text, &account(), since)?;
    ensure!(!done.is_empty(), "{} says nothing of {}", log.display(), account());
    for (what, (times, refused)) in &done {
        println!("   {times:>5} × {what}{}", if *refused > 0 { format!(", {refused} of them refused") } else { String::new() });
    }
    let refused: Vec<&String> = done.iter().filter(|(_, (_, refused))| *refused > 0).map(|(what, _)| what).collect();
    ensure!(refused.is_empty(), "the operator asked for what its account may not: {refused:?}");
    let rights = audit::rights().await?;
    let unused: Vec<&String> = rights.iter().filter(|right| !done.contains_key(*right)).collect();
    println!("   allowed and not seen in this run: {unused:?}");
    let beyond: Vec<&String> = done.keys().filter(|what| !rights.contains(*what)).collect();
    ensure!(beyond.is_empty(), "the operator did what the chart's rules do not name, by other rights: {beyond:?}");
    Ok(Done::Passed)
}
