//! What Prometheus may know, in the OpenMetrics text format. Labels are static words, so the number of series has a bound:
//! never the name of an object, never the text of an error.

use parking_lot::Mutex;
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};
use std::sync::atomic::AtomicU64;
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

/// Something that somebody else changed in AWS.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct DriftLabels {
    /// Kind of the object, such as `EcsService`.
    pub kind: &'static str,
    /// `Corrected` or `Reported`.
    pub outcome: &'static str,
}

/// How rollouts end.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct RolloutLabel {
    /// `Completed`, `RolledBack` or `Failed`.
    pub outcome: &'static str,
}

/// What is read in AWS again and again.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct PollLabel {
    /// `services`, `listeners`, `target_groups`, `load_balancers` or `certificates`.
    pub what: &'static str,
}

type Seconds = Gauge<f64, AtomicU64>;
type Histograms = Family<KindLabel, Histogram, fn() -> Histogram>;
type CallHistograms = Family<OperationLabel, Histogram, fn() -> Histogram>;

type RolloutHistograms = Family<RolloutLabel, Histogram, fn() -> Histogram>;

/// Sets what is only known when somebody asks.
type Ask = Box<dyn Fn(&Metrics) + Send + Sync>;

/// Every metric of the process. One value of it lives as long as the process and is shared.
pub struct Metrics {
    registry: Registry,
    ask: Mutex<Option<Ask>>,
    reconciles: Family<ReconcileLabels, Counter>,
    reconcile_duration: Histograms,
    queue_depth: Family<KindLabel, Gauge>,
    queue_duration: Histograms,
    queue_longest: Family<KindLabel, Seconds>,
    active_workers: Family<KindLabel, Gauge>,
    drift_found: Family<DriftLabels, Counter>,
    rollouts: Family<RolloutLabel, Counter>,
    rollout_duration: RolloutHistograms,
    poll_age: Family<PollLabel, Seconds>,
    poll_interval: Family<PollLabel, Seconds>,
    aws_calls: Family<AwsCallLabels, Counter>,
    aws_call_duration: CallHistograms,
    aws_call_wait: CallHistograms,
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
            ask: Mutex::default(),
            reconciles: Family::default(),
            reconcile_duration: Family::new_with_constructor(durations),
            queue_depth: Family::default(),
            queue_duration: Family::new_with_constructor(waits),
            queue_longest: Family::default(),
            active_workers: Family::default(),
            drift_found: Family::default(),
            rollouts: Family::default(),
            rollout_duration: Family::new_with_constructor(rollouts),
            poll_age: Family::default(),
            poll_interval: Family::default(),
            aws_calls: Family::default(),
            aws_call_duration: Family::new_with_constructor(durations),
            aws_call_wait: Family::new_with_constructor(waits),
            aws_throttled: Family::default(),
            kube_writes: Family::default(),
            not_granted: Family::default(),
            leading: Gauge::default(),
        };
        new.register();
        new.register_of_aws();
        new
    }

    // The encoder adds `_total` to every counter. The words of the queue are those of controller-runtime:
    // https://book.kubebuilder.io/reference/metrics-reference
    fn register(&mut self) {
        let to = &mut self.registry;
        to.register("reconcile", "Passes over one object, by how they ended", self.reconciles.clone());
        to.register("reconcile_duration_seconds", "How long a pass over one object took", self.reconcile_duration.clone());
        to.register("workqueue_depth", "Objects that were woken and wait for their pass", self.queue_depth.clone());
        to.register(
            "workqueue_queue_duration_seconds",
            "How long an object that was woken waited for its pass",
            self.queue_duration.clone(),
        );
        to.register(
            "workqueue_longest_wait_seconds",
            "How long the object that has waited longest for its pass has waited",
            self.queue_longest.clone(),
        );
        to.register("active_workers", "Passes under way", self.active_workers.clone());
        to.register("drift_found", "Passes that found in AWS what somebody else had changed, by whether it was put back (Corrected) or only told (Reported)", self.drift_found.clone());
        to.register(
            "rollouts",
            "Rollouts of services that were seen to end: Completed, RolledBack or Failed",
            self.rollouts.clone(),
        );
        to.register(
            "rollout_duration_seconds",
            "How long a rollout took, from its start in ECS to its end",
            self.rollout_duration.clone(),
        );
        to.register("kube_writes", "Writes to the Kubernetes API, by what was written", self.kube_writes.clone());
        to.register(
            "not_granted",
            "Values that the policy of a namespace does not grant, by what became of the call",
            self.not_granted.clone(),
        );
        to.register("leading", "1 while this replica is the one that works, else 0", self.leading.clone());
    }

    fn register_of_aws(&mut self) {
        let to = &mut self.registry;
        to.register(
            "poll_age_seconds",
            "How long ago AWS last answered for the thing of its sort that it has not answered for longest",
            self.poll_age.clone(),
        );
        to.register(
            "poll_interval_seconds",
            "Time between two reads of a thing of its sort that is settled",
            self.poll_interval.clone(),
        );
        to.register("aws_calls", "Calls to AWS, by how they ended", self.aws_calls.clone());
        to.register("aws_call_duration_seconds", "How long AWS took to answer a call", self.aws_call_duration.clone());
        to.register(
            "aws_call_wait_seconds",
            "How long a call waited for its turn, so that AWS's rates are kept",
            self.aws_call_wait.clone(),
        );
        to.register("aws_throttled", "Calls that AWS refused because they came too fast", self.aws_throttled.clone());
    }

    /// Has `ask` set what is only known when somebody asks, before each reading of the text. It takes the place of the one before.
    pub fn before_each_reading(&self, ask: impl Fn(&Self) + Send + Sync + 'static) {
        *self.ask.lock() = Some(Box::new(ask));
    }

    /// How many objects of a kind wait for their pass, and how long the one that has waited longest.
    pub fn queue(&self, kind: &'static str, depth: usize, longest: Duration) {
        let label = KindLabel { kind };
        self.queue_depth.get_or_create(&label).set(i64::try_from(depth).unwrap_or(i64::MAX));
        self.queue_longest.get_or_create(&label).set(longest.as_secs_f64());
    }

    /// An object that was woken has waited so long for its pass.
    pub fn waited_for_pass(&self, kind: &'static str, waited: Duration) {
        self.queue_duration.get_or_create(&KindLabel { kind }).observe(waited.as_secs_f64());
    }

    /// A pass is under way until what is returned is dropped.
    #[must_use]
    pub fn pass_begins(&self, kind: &'static str) -> UnderWay {
        let workers = self.active_workers.get_or_create_owned(&KindLabel { kind });
        workers.inc();
        UnderWay(workers)
    }

    /// A pass found in AWS what somebody else had changed, and it was `Corrected` or `Reported`.
    pub fn drift_found(&self, kind: &'static str, outcome: &'static str) {
        self.drift_found.get_or_create(&DriftLabels { kind, outcome }).inc();
    }

    /// A rollout was seen to end as `Completed`, `RolledBack` or `Failed`. `took` is `None` where ECS does not tell when it began.
    pub fn rollout_ended(&self, outcome: &'static str, took: Option<Duration>) {
        let label = RolloutLabel { outcome };
        self.rollouts.get_or_create(&label).inc();
        if let Some(took) = took {
            self.rollout_duration.get_or_create(&label).observe(took.as_secs_f64());
        }
    }

    /// How long ago AWS answered for what is read again and again, and how often that is when all is settled: `None` where
    /// nothing of it is followed.
    pub fn poll(&self, what: &'static str, age: Option<Duration>, every: Duration) {
        let label = PollLabel { what };
        let Some(age) = age else {
            self.poll_age.remove(&label);
            self.poll_interval.remove(&label);
            return;
        };
        self.poll_age.get_or_create(&label).set(age.as_secs_f64());
        self.poll_interval.get_or_create(&label).set(every.as_secs_f64());
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

    /// A call waited for its turn, whether it was made then or given up.
    pub fn aws_call_waited(&self, operation: &'static str, waited: Duration) {
        self.aws_call_wait.get_or_create(&OperationLabel { operation }).observe(waited.as_secs_f64());
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
        let ask = self.ask.lock();
        if let Some(ask) = ask.as_ref() {
            ask(self);
        }
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

/// A pass that is under way.
#[derive(Debug)]
pub struct UnderWay(Gauge);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.dec();
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

// A wait may be that of a whole sync of hundreds of objects.
fn waits() -> Histogram {
    Histogram::new([0.001, 0.01, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0])
}

// From the half minute of a small service to the hours of one that bakes.
fn rollouts() -> Histogram {
    Histogram::new([30.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 1800.0, 3600.0, 7200.0])
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
        metrics.waited_for_pass("EcsService", Duration::from_millis(200));
        metrics.drift_found("EcsService", "Corrected");
        metrics.rollout_ended("Completed", Some(Duration::from_secs(90)));
        metrics.aws_call_waited("UpdateService", Duration::from_secs(2));
        let text = metrics.text().unwrap();
        for line in [
            r#"ecs_operator_workqueue_queue_duration_seconds_bucket{le="0.3",kind="EcsService"} 1"#,
            r#"ecs_operator_drift_found_total{kind="EcsService",outcome="Corrected"} 1"#,
            r#"ecs_operator_rollouts_total{outcome="Completed"} 1"#,
            r#"ecs_operator_rollout_duration_seconds_bucket{le="60.0",outcome="Completed"} 0"#,
            r#"ecs_operator_rollout_duration_seconds_bucket{le="120.0",outcome="Completed"} 1"#,
            r#"ecs_operator_aws_call_wait_seconds_bucket{le="3.0",operation="UpdateService"} 1"#,
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

    fn has(metrics: &Metrics, line: &str) -> bool {
        metrics.text().unwrap().lines().any(|it| it == line)
    }

    #[test]
    fn a_pass_counts_as_under_way_until_it_has_ended() {
        let metrics = Metrics::new();
        let (first, second) = (metrics.pass_begins("EcsService"), metrics.pass_begins("EcsService"));
        assert!(has(&metrics, r#"ecs_operator_active_workers{kind="EcsService"} 2"#));
        drop(first);
        assert!(has(&metrics, r#"ecs_operator_active_workers{kind="EcsService"} 1"#));
        drop(second);
        assert!(has(&metrics, r#"ecs_operator_active_workers{kind="EcsService"} 0"#));
    }

    #[test]
    fn what_is_known_only_when_somebody_asks_is_asked_for_each_time() {
        let metrics = Metrics::new();
        let age = std::sync::Arc::new(Mutex::new(Some(7)));
        let of_now = std::sync::Arc::clone(&age);
        metrics.before_each_reading(move |metrics| {
            let age = (*of_now.lock()).map(Duration::from_secs);
            metrics.poll("services", age, Duration::from_mins(1));
            metrics.queue("EcsService", 3, Duration::from_millis(1500));
        });
        assert!(has(&metrics, r#"ecs_operator_poll_age_seconds{what="services"} 7.0"#));
        assert!(has(&metrics, r#"ecs_operator_poll_interval_seconds{what="services"} 60.0"#));
        assert!(has(&metrics, r#"ecs_operator_workqueue_depth{kind="EcsService"} 3"#));
        assert!(has(&metrics, r#"ecs_operator_workqueue_longest_wait_seconds{kind="EcsService"} 1.5"#));
        *age.lock() = Some(9);
        assert!(has(&metrics, r#"ecs_operator_poll_age_seconds{what="services"} 9.0"#));
        *age.lock() = None;
        assert!(!metrics.text().unwrap().contains("poll_age_seconds{"), "nothing is followed any more");
    }

    #[test]
    fn a_rollout_of_which_nobody_knows_when_it_began_counts_and_has_no_duration() {
        let metrics = Metrics::new();
        metrics.rollout_ended("RolledBack", None);
        assert!(has(&metrics, r#"ecs_operator_rollouts_total{outcome="RolledBack"} 1"#));
        assert!(!metrics.text().unwrap().contains("rollout_duration_seconds_bucket"));
    }
}
