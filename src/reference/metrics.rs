//! The page of metrics, read from what the process would serve.

use super::cell;
use crate::metrics::Metrics;
use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::time::Duration;

/// One metric.
#[derive(Default)]
struct Row {
    kind: String,
    help: String,
    labels: Vec<String>,
}

pub(super) fn page() -> Result<String, fmt::Error> {
    let text = served()?;
    let mut rows: BTreeMap<String, Row> = BTreeMap::new();
    for line in text.lines() {
        let mut words = line.splitn(4, ' ');
        match (words.next(), words.next(), words.next(), words.next()) {
            (Some("#"), Some("HELP"), Some(name), Some(help)) => {
                help.clone_into(&mut rows.entry(name.to_owned()).or_default().help);
            }
            (Some("#"), Some("TYPE"), Some(name), Some(kind)) => {
                kind.clone_into(&mut rows.entry(name.to_owned()).or_default().kind);
            }
            _ => {}
        }
        if let Some((name, labels)) = line.split_once('{').filter(|_| !line.starts_with('#')) {
            let labels = labels.split('}').next().unwrap_or_default();
            let names = labels.split(',').filter_map(|pair| Some(pair.split_once('=')?.0.to_owned()));
            let of = rows.iter_mut().rev().find(|(row, _)| name.starts_with(row.as_str()));
            if let Some((_, row)) = of.filter(|(_, row)| row.labels.is_empty()) {
                row.labels = names.filter(|label| label != "le").collect();
            }
        }
    }
    let mut page = String::from(
        "# Metrics\n\n`/metrics` of each replica, in the OpenMetrics text format. Labels are words from fixed lists: `kind` is a kind, \
         `operation` an operation of AWS, `result` and the `outcome` of a call one of the [reasons](conditions.md) or `ok`.\n\n\
         | metric | type | labels | |\n|---|---|---|---|\n",
    );
    for (name, row) in rows {
        let total = if row.kind == "counter" { "_total" } else { "" };
        let labels: Vec<String> = row.labels.iter().map(|label| format!("`{label}`")).collect();
        writeln!(page, "| `{name}{total}` | {} | {} | {} |", row.kind, labels.join(", "), cell(row.help.trim_end_matches('.')))?;
    }
    Ok(page)
}

/// What is served once each of them has a value, so that its labels are seen.
fn served() -> Result<String, fmt::Error> {
    let metrics = Metrics::new();
    metrics.reconciled("kind", "result", Duration::ZERO);
    metrics.queue("kind", 0, Duration::ZERO);
    metrics.waited_for_pass("kind", Duration::ZERO);
    drop(metrics.pass_begins("kind"));
    metrics.drift_found("kind", "outcome");
    metrics.rollout_ended("outcome", Some(Duration::ZERO));
    metrics.poll("what", Some(Duration::ZERO), Duration::ZERO);
    metrics.aws_call("operation", "outcome", Duration::ZERO);
    metrics.aws_call_waited("operation", Duration::ZERO);
    metrics.aws_throttled("operation");
    metrics.kube_write("what");
    metrics.not_granted("slot", "outcome");
    metrics.text()
}
