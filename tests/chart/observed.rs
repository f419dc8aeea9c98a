//! What the chart says about the operator is so: its settings, its metrics, the reasons in alerts, the runbook.

use crate::helm::{object, objects, rendered, text};
use clap::CommandFactory;
use ecs_operator::metrics::Metrics;
use ecs_operator::settings::Settings;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::Duration;

/// Environment variables of the container, with their values where they have one.
async fn environment(values: &str) -> BTreeMap<String, Option<String>> {
    let objects = rendered(values).await;
    let container = &object(&objects, "Deployment", "ecs-operator")["spec"]["template"]["spec"]["containers"][0];
    let entries = container["env"].as_array().unwrap();
    entries.iter().map(|it| (text(&it["name"]).to_owned(), it["value"].as_str().map(str::to_owned))).collect()
}

#[tokio::test]
async fn every_setting_can_be_set_and_none_else() {
    let environment = environment("settings: {installationId: blue}").await;
    let command = Settings::command();
    let settings: BTreeSet<String> = command.get_arguments().filter_map(|it| Some(it.get_env()?.to_str()?.to_owned())).collect();
    assert_eq!(environment.into_keys().collect::<BTreeSet<_>>(), settings);
}

#[tokio::test]
async fn the_defaults_of_the_chart_are_those_of_the_operator() {
    let environment = environment("").await;
    for argument in Settings::command().get_arguments() {
        let (Some(name), [default]) = (argument.get_env().and_then(|it| it.to_str()), argument.get_default_values()) else {
            continue;
        };
        if let Some(value) = &environment[name] {
            assert_eq!(Some(value.as_str()), default.to_str(), "{name}");
        }
    }
}

#[tokio::test]
async fn what_the_chart_sets_the_operator_reads() {
    let values = "watchNamespaces: [shop, pay]
settings: {installationId: blue, awsRateScale: 2.5, listen: '[::]:9090', logFormat: text, pollSettledSeconds: 86400}";
    let environment = environment(values).await;
    let command = Settings::command();
    let mut line = vec!["ecs-operator".to_owned()];
    for argument in command.get_arguments() {
        let Some(Some(value)) = argument.get_env().and_then(|it| environment.get(it.to_str()?)) else { continue };
        line.push(format!("--{}={value}", argument.get_long().unwrap()));
    }
    let read = <Settings as clap::Parser>::try_parse_from(line).unwrap();
    assert_eq!(read.namespaces, ["shop", "pay"]);
    assert_eq!(read.poll_settled, Duration::from_hours(24));
    assert!((read.aws_rate_scale - 2.5).abs() < f64::EPSILON);
    assert_eq!(read.lease_namespace.as_deref(), Some("ecs-system"));
}

#[tokio::test]
async fn the_way_to_aws_can_be_set() {
    let environment = environment("aws: {region: eu-central-1, endpointUrl: 'http://aws', credentialsSecret: keys}").await;
    assert_eq!(environment["AWS_REGION"].as_deref(), Some("eu-central-1"));
    assert_eq!(environment["AWS_ENDPOINT_URL"].as_deref(), Some("http://aws"));
    assert!(environment.contains_key("AWS_ACCESS_KEY_ID") && environment.contains_key("AWS_SECRET_ACCESS_KEY"));
}

/// Every metric once.
fn metrics() -> String {
    let metrics = Metrics::new();
    metrics.reconciled("EcsService", "Settled", Duration::from_millis(2));
    metrics.queue("EcsService", 1, Duration::from_millis(2));
    metrics.waited_for_pass("EcsService", Duration::from_millis(2));
    drop(metrics.pass_begins("EcsService"));
    metrics.drift_found("EcsService", "Corrected");
    metrics.rollout_ended("Completed", Some(Duration::from_mins(2)));
    metrics.poll("services", Some(Duration::from_mins(1)), Duration::from_mins(1));
    metrics.aws_call("DescribeServices", "ok", Duration::from_millis(20));
    metrics.aws_call_waited("DescribeServices", Duration::from_millis(20));
    metrics.aws_throttled("DescribeServices");
    metrics.kube_write("status");
    metrics.not_granted("taskRoles", "refused");
    metrics.leading(true);
    metrics.text().unwrap()
}

/// Names of our metrics in a text, with the labels that are asked for right behind them.
fn asked_for(query: &str) -> Vec<(String, Vec<String>)> {
    query
        .match_indices("ecs_operator_")
        .map(|(at, _)| {
            let rest = &query[at..];
            let end = rest.find(|c: char| !c.is_ascii_lowercase() && c != '_').unwrap_or(rest.len());
            let selector = rest[end..].strip_prefix('{').and_then(|it| it.split('}').next()).unwrap_or_default();
            let labels = selector.split("\",").filter_map(|it| it.split(['=', '!']).next()).filter(|it| !it.is_empty());
            (rest[..end].to_owned(), labels.map(str::to_owned).collect())
        })
        .collect()
}

#[tokio::test]
async fn dashboard_and_alerts_ask_for_metrics_and_labels_that_there_are() {
    let metrics = metrics();
    let dashboard: Value =
        serde_json::from_str(&fs::read_to_string("charts/ecs-operator/files/dashboard.json").unwrap()).unwrap();
    let panels = dashboard["panels"].as_array().unwrap().clone();
    let of_panels = panels.iter().flat_map(|it| it["targets"].as_array().unwrap().clone()).map(|it| text(&it["expr"]).to_owned());
    let queries: Vec<String> = of_panels.chain(alerts().await.iter().map(|it| text(&it["expr"]).to_owned())).collect();
    let mut seen = BTreeSet::new();
    for (name, labels) in queries.iter().flat_map(|it| asked_for(it)) {
        let lines: Vec<&str> =
            metrics.lines().filter(|it| it.strip_prefix(&name).is_some_and(|rest| rest.starts_with(['{', ' ']))).collect();
        assert!(!lines.is_empty(), "there is no metric {name}");
        for label in labels.iter().filter(|it| !["job", "namespace"].contains(&it.as_str())) {
            assert!(lines.iter().any(|it| it.contains(&format!("{label}=\""))), "{name} has no label {label}");
        }
        seen.insert(name.split("_bucket").next().unwrap_or_default().to_owned());
    }
    let all = metrics.lines().filter_map(|it| it.strip_prefix("# TYPE ")).map(|it| it.split(' ').next().unwrap().to_owned());
    let unused: Vec<String> = all.filter(|it| !seen.contains(it) && !seen.contains(&format!("{it}_total"))).collect();
    assert!(unused.is_empty(), "metrics that nobody looks at: {unused:?}");
}

async fn alerts() -> Vec<Value> {
    let objects = rendered("metrics: {prometheusRule: {enabled: true}}").await;
    object(&objects, "PrometheusRule", "ecs-operator")["spec"]["groups"][0]["rules"].as_array().unwrap().clone()
}

#[tokio::test]
async fn each_alert_has_its_entry_in_the_runbook_and_each_entry_its_alert() {
    let runbook = fs::read_to_string("docs/runbook.md").unwrap();
    let entries: BTreeSet<&str> =
        runbook.lines().filter_map(|it| it.strip_prefix("## ")).filter(|it| it.starts_with("EcsOperator")).collect();
    let alerts = alerts().await;
    assert_eq!(alerts.iter().map(|it| text(&it["alert"])).collect::<BTreeSet<_>>(), entries);
    for alert in &alerts {
        let name = text(&alert["alert"]);
        let url = text(&alert["annotations"]["runbook_url"]);
        assert!(url.ends_with(&format!("#{}", name.to_lowercase())), "{name}: {url}");
        assert!(["critical", "warning"].contains(&text(&alert["labels"]["severity"])), "{name}");
        assert!(!text(&alert["expr"]).contains("JOB"), "{name}");
    }
}

#[tokio::test]
async fn results_and_outcomes_in_alerts_are_words_of_the_code() {
    let files = ["src/engine/mod.rs", "src/engine/noted.rs", "src/aws/error.rs", "src/kinds/service/rollout.rs"];
    let said = files.map(|it| fs::read_to_string(it).unwrap()).concat();
    for alert in alerts().await {
        let query = text(&alert["expr"]);
        for label in ["result", "outcome"] {
            for (at, found) in query.match_indices(label) {
                let rest = query[at + found.len()..].trim_start_matches(['!', '=', '~']);
                let Some(words) = rest.strip_prefix('"').and_then(|it| it.split('"').next()) else { continue };
                for word in words.split('|') {
                    assert!(said.contains(&format!("\"{word}\"")), "{}: {label} {word}", alert["alert"]);
                }
            }
        }
    }
}

#[tokio::test]
async fn the_dashboard_is_whole_json_in_its_config_map() {
    let objects = rendered("metrics: {dashboard: {enabled: true}}").await;
    let map = object(&objects, "ConfigMap", "ecs-operator-dashboard");
    let dashboard: Value = serde_json::from_str(text(&map["data"]["ecs-operator.json"])).unwrap();
    assert_eq!(dashboard["uid"], "ecs-operator");
}

#[test]
fn the_runbook_and_the_notes_show_yaml_that_can_be_read() {
    for file in ["docs/install.md", "docs/runbook.md"] {
        let source = fs::read_to_string(file).unwrap();
        for block in source.split("```yaml\n").skip(1).filter_map(|it| it.split("\n```").next()) {
            assert!(!objects(block).is_empty(), "{file}: {block}");
        }
    }
}
