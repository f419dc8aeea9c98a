//! What the API server's audit log says that an account did, beside what the chart's rules name.

use anyhow::{Context as _, Result};
use envtest::Assets;
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use tokio::process::Command;

/// How often it was asked for since then, and how often it was refused, by `verb resource.group`.
pub fn read(log: &str, account: &str, since: &str) -> Result<BTreeMap<String, (u64, u64)>> {
    let mut all: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for line in log.lines() {
        let event: Value = serde_json::from_str(line).context("a line of the audit log is no JSON")?;
        let asked = &event["objectRef"];
        // A watch is told of twice, when it begins and when it ends; what is refused has one end.
        let is_told = event["stage"] == "ResponseComplete" || (event["stage"] == "ResponseStarted" && event["verb"] == "watch");
        let is_old = event["requestReceivedTimestamp"].as_str().unwrap_or_default() < since;
        if event["user"]["username"] != account || asked.is_null() || !is_told || is_old {
            continue;
        }
        let of = |key: &str| asked[key].as_str().unwrap_or_default();
        let under = if of("subresource").is_empty() { String::new() } else { format!("/{}", of("subresource")) };
        let verb = event["verb"].as_str().unwrap_or_default();
        let entry = all.entry(what(verb, of("apiGroup"), &format!("{}{under}", of("resource")))).or_default();
        entry.0 += 1;
        entry.1 += u64::from(event["annotations"]["authorization.k8s.io/decision"] == "forbid");
    }
    Ok(all)
}

/// What the rules of the chart name, in the same words.
pub async fn rights() -> Result<BTreeSet<String>> {
    let chart = ["template", crate::stage::RELEASE, "charts/ecs-operator", "--namespace", crate::stage::OPERATOR];
    let rendered = crate::cluster::run(Command::new(Assets::helm().await?).args(chart), "").await?;
    let mut all = BTreeSet::new();
    for document in serde_yaml_ng::Deserializer::from_str(&rendered) {
        let object = Value::deserialize(document)?;
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        // The ClusterRoles for people are bound by others.
        let is_ours = ["ecs-operator", "ecs-operator-lease"].contains(&name);
        let rules = object["rules"].as_array().filter(|_| is_ours);
        for rule in rules.into_iter().flatten() {
            let words = |key: &str| rule[key].as_array().into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>();
            for (group, resource) in
                words("apiGroups").iter().flat_map(|group| words("resources").into_iter().map(move |it| (*group, it)))
            {
                all.extend(words("verbs").iter().map(|verb| what(verb, group, resource)));
            }
        }
    }
    Ok(all)
}

fn what(verb: &str, group: &str, resource: &str) -> String {
    if group.is_empty() { format!("{verb} {resource}") } else { format!("{verb} {resource}.{group}") }
}
