//! What Prometheus may know, in the OpenMetrics text format. Labels are static words, so the number of series has a bound:
//! never the name of an object, never the text of an error.

use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};
use std::{fmt, time::Duration};

/// How a pass over one object ended.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct ReconcileLabels {
    /// Kind of the object, such as `EcsService`.
    pub kind: &'static str,
    /// `Settled`, `Progressing`, `Acted`, `Gone`, or the static reason of the error, such as `AwsThrottled`.
    pub result: &'static str,
}

/// One kind.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct KindLabel {
    /// Kind of the object, such as `EcsService`.
    pub kind: &'static str,
}

/// One call to AWS.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct AwsCallLabels {
    /// AWS's name of the operation, such as `DescribeServices`.
    pub operation: &'static str,
    /// `ok`, or the static reason of the error, such as `AwsThrottled`.
    pub outcome: &'static str,
}

/// One operation of AWS.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct OperationLabel {
    /// AWS's name of the operation, such as `DescribeServices`.
    pub operation: &'static str,
}

/// Something in a call that a policy does not grant.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct GuardLabels {
    /// The field of the policy in which it would have to stand.
    pub slot: &'static str,
    /// `refused` or `let_pass`.
    pub outcome: &'static str,
}

/// One write to Kubernetes.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct KubeWriteLabel {
    /// What was written: `status`, `finalizer`, `child` or `event`.
    pub what: &'static str,
}

type Histograms = Family<KindLabel, Histogram, fn() -> Histogram>;
type CallHistograms = Family<OperationLabel, Histogram, fn() -> Histogram>;

/// Every metric of the process. One value of it lives as long as the process and is shared.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    reconciles: Family<ReconcileLabels, Counter>,
    reconcile_duration: Histograms,
    aws_calls: Family<AwsCallLabels, Counter>,
    aws_call_duration: CallHistograms,
    aws_throttled: Family<OperationLabel, Counter>,
    kube_writes: Family<KubeWriteLabel, Counter>,
    not_granted: Family<GuardLabels, Counter>,
    leading: Gauge,
}

impl Metrics {
    /// All metrics at zero.
    pub fn new() -> Self {
        let mut new = Self {
            registry: Registry::with_prefix("ecs_operator"),
            reconciles: Family::default(),
            reconcile_duration: Family::new_with_constructor(durations),
            aws_calls: Family::default(),
            aws_call_duration: Family::new_with_constructor(durations),
            aws_throttled: Family::default(),
            kube_writes: Family::default(),
            not_granted: Family::default(),
            leading: Gauge::default(),
        };
        new.register();
        new
    }

    // The encoder adds `_total` to every counter.
    fn register(&mut self) {
        let to = &mut self.registry;
        to.register("reconcile", "Passes over one object, by how they ended", self.reconciles.clone());
        to.register("reconcile_duration_seconds", "How long a pass over one object took", self.reconcile_duration.clone());
        to.register("aws_calls", "Calls to AWS, by how they ended", self.aws_calls.clone());
        to.register("aws_call_duration_seconds", "How long AWS took to answer a call", self.aws_call_duration.clone());
        to.register("aws_throttled", "Calls that AWS refused because they came too fast", self.aws_throttled.clone());
        to.register("kube_writes", "Writes to the Kubernetes API, by what was written", self.kube_writes.clone());
        to.register(
            "not_granted",
            "Values that the policy of a namespace does not grant, by what became of the call",
            self.not_granted.clone(),
        );
        to.register("leading", "1 while this replica is the one that works, else 0", self.leading.clone());
    }

    /// A pass over one object ended.
    pub fn reconciled(&self, kind: &'static str, result: &'static str, took: Duration) {
        self.reconciles.get_or_create(&ReconcileLabels { kind, result }).inc();
        self.reconcile_duration.get_or_create(&KindLabel { kind }).observe(took.as_secs_f64());
    }

    /// AWS answered a call, or did not within its time.
    pub fn aws_call(&self, operation: &'static str, outcome: &'static str, took: Duration) {
        self.aws_calls.get_or_create(&AwsCallLabels { operation, outcome }).inc();
        self.aws_call_duration.get_or_create(&OperationLabel { operation }).observe(took.as_secs_f64());
    }

    /// AWS refused a call because calls came too fast.
    pub fn aws_throttled(&self, operation: &'static str) {
        self.aws_throttled.get_or_create(&OperationLabel { operation }).inc();
    }

    /// Something was written to Kubernetes: `status`, `finalizer`, `child` or `event`.
    pub fn kube_write(&self, what: &'static str) {
        self.kube_writes.get_or_create(&KubeWriteLabel { what }).inc();
    }

    /// A policy does not grant something in a call, which was `refused`, or `let_pass` by its mode.
    pub fn not_granted(&self, slot: &'static str, outcome: &'static str) {
        self.not_granted.get_or_create(&GuardLabels { slot, outcome }).inc();
    }

    /// Whether this replica is the one that works.
    pub fn leading(&self, is_leading: bool) {
        self.leading.set(i64::from(is_leading));
    }

    /// All metrics as OpenMetrics text.
    ///
    /// # Errors
    /// None in practice: only when writing to a `String` fails.
    pub fn text(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

// From the 1 ms of a settled pass to the 20 s after which a call to AWS is given up.
fn durations() -> Histogram {
    Histogram::new([0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_family_has_the_name_that_dashboards_use() {
        let metrics = Metrics::new();
        metrics.reconciled("EcsService", "Settled", Duration::from_millis(2));
        metrics.aws_call("DescribeServices", "ok", Duration::from_millis(20));
        metrics.aws_throttled("RegisterTaskDefinition");
        metrics.kube_write("status");
        metrics.not_granted("taskRoles", "refused");
        metrics.leading(true);
        let text = metrics.text().unwrap();
        for line in [
            r#"ecs_operator_reconcile_total{kind="EcsService",result="Settled"} 1"#,
            r#"ecs_operator_reconcile_duration_seconds_bucket{le="0.003",kind="EcsService"} 1"#,
            r#"ecs_operator_aws_calls_total{operation="DescribeServices",outcome="ok"} 1"#,
            r#"ecs_operator_aws_call_duration_seconds_count{operation="DescribeServices"} 1"#,
            r#"ecs_operator_aws_throttled_total{operation="RegisterTaskDefinition"} 1"#,
            r#"ecs_operator_kube_writes_total{what="status"} 1"#,
            r#"ecs_operator_not_granted_total{slot="taskRoles",outcome="refused"} 1"#,
            "ecs_operator_leading 1",
        ] {
            assert!(text.lines().any(|l| l == line), "no line `{line}` in:\n{text}");
        }
    }
}
