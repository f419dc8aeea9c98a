//! The process's settings: flags, or environment variables of the same name. Read once, checked once.
//!
//! What concerns AWS (credentials, region, endpoint) is not here: the AWS SDK reads it from where every AWS tool does,
//! such as `AWS_REGION`, `AWS_PROFILE` and `AWS_ENDPOINT_URL`.

use clap::{ArgAction, CommandFactory, Parser, ValueEnum, error::ErrorKind};
use std::{net::SocketAddr, time::Duration};

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// Text for people.
    Text,
}

/// Whether namespaces may use only what was granted to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Guard {
    /// What the `EcsNamespacePolicy` of a namespace does not grant is refused.
    Enforce,
    /// Whoever may create objects can use every right of the operator in AWS.
    Off,
}

/// Runs Amazon ECS from Kubernetes: reconciles the custom resources of ecs-operator.io into Amazon ECS.
#[derive(Clone, Debug, Parser)]
#[command(name = "ecs-operator", version)]
pub struct Settings {
    /// Namespaces to watch, separated by commas. Unset: all of them.
    #[arg(long = "watch-namespaces", env = "ECS_OPERATOR_WATCH_NAMESPACES", value_delimiter = ',', value_name = "NAMESPACES")]
    pub namespaces: Vec<String>,

    /// Names this installation in the owner tags on everything it makes in AWS. Unset: the UID of namespace kube-system.
    /// Set it to keep what was made when the cluster is built anew.
    #[arg(long, env = "ECS_OPERATOR_INSTALLATION_ID", value_name = "ID")]
    pub installation_id: Option<String>,

    /// Whether to work only while holding a Lease, so that of several replicas one works and the others stand by.
    #[arg(long, env = "ECS_OPERATOR_LEADER_ELECTION", default_value_t = true, action = ArgAction::Set, value_name = "BOOL")]
    pub leader_election: bool,

    /// Namespace of the Lease. Unset: the operator's own.
    #[arg(long, env = "ECS_OPERATOR_LEASE_NAMESPACE", value_name = "NAMESPACE")]
    pub lease_namespace: Option<String>,

    /// Name of this replica in the Lease and in the logs. Unset: the name of the pod or machine.
    #[arg(long, env = "HOSTNAME", default_value = "ecs-operator", value_name = "NAME")]
    pub replica: String,

    /// Seconds after which a holder of the Lease that fell silent is replaced. It is renewed three times as often.
    #[arg(long = "lease-duration-seconds", env = "ECS_OPERATOR_LEASE_DURATION_SECONDS", default_value = "15", value_parser = seconds, value_name = "SECONDS")]
    pub lease_duration: Duration,

    /// Seconds between two looks at a service that is settled.
    #[arg(long = "poll-settled-seconds", env = "ECS_OPERATOR_POLL_SETTLED_SECONDS", default_value = "60", value_parser = seconds, value_name = "SECONDS")]
    pub poll_settled: Duration,

    /// Seconds between two looks at a service whose rollout is in flight.
    #[arg(long = "poll-rolling-seconds", env = "ECS_OPERATOR_POLL_ROLLING_SECONDS", default_value = "5", value_parser = seconds, value_name = "SECONDS")]
    pub poll_rolling: Duration,

    /// How many times AWS's published request rates the account has. Calls are paced below that; set it only after AWS has
    /// raised the account's rates.
    #[arg(long, env = "ECS_OPERATOR_AWS_RATE_SCALE", default_value = "1", value_parser = scale, value_name = "FACTOR")]
    pub aws_rate_scale: f64,

    /// Whether what a namespace makes AWS do has to be granted by its `EcsNamespacePolicy`. `off`: whoever may create objects can
    /// use every role, secret and target group that the operator can.
    #[arg(long, env = "ECS_OPERATOR_GUARD", value_enum, default_value_t = Guard::Enforce, value_name = "GUARD")]
    pub guard: Guard,

    /// So many services and load balancers may be deleted in AWS within `--deletion-brake-seconds`. Each further one waits for the
    /// annotation ecs-operator.io/confirm-deletion=true on its object. 0: none waits.
    #[arg(long, env = "ECS_OPERATOR_DELETION_BRAKE", default_value = "20", value_name = "NUMBER")]
    pub deletion_brake: u16,

    /// Seconds within which deletions are counted.
    #[arg(long = "deletion-brake-seconds", env = "ECS_OPERATOR_DELETION_BRAKE_SECONDS", default_value = "600", value_parser = seconds, value_name = "SECONDS")]
    pub deletion_brake_within: Duration,

    /// Address that serves /healthz, /readyz and /metrics. Port 0 takes any free port.
    #[arg(long, env = "ECS_OPERATOR_LISTEN", default_value = "0.0.0.0:8080", value_name = "ADDRESS")]
    pub listen: SocketAddr,

    /// Seconds that reconciles in flight get to finish once the process is asked to stop. Less than the pod's
    /// terminationGracePeriodSeconds.
    #[arg(long = "shutdown-grace-seconds", env = "ECS_OPERATOR_SHUTDOWN_GRACE_SECONDS", default_value = "25", value_parser = seconds, value_name = "SECONDS")]
    pub shutdown_grace: Duration,

    /// How log lines look.
    #[arg(long, env = "ECS_OPERATOR_LOG_FORMAT", value_enum, default_value_t = LogFormat::Json, value_name = "FORMAT")]
    pub log_format: LogFormat,

    /// Which log lines are written.
    #[arg(long, env = "RUST_LOG", default_value = "info", value_name = "FILTER")]
    pub log_filter: String,
}

impl Settings {
    /// The settings, if they make sense.
    ///
    /// # Errors
    /// With the flag and what it takes.
    pub fn checked(mut self) -> Result<Self, clap::Error> {
        let refuse = |why: &str| Err(Self::command().error(ErrorKind::ValueValidation, why));
        self.namespaces.retain(|n| !n.is_empty()); // an empty variable, as a chart renders an empty list
        if let Some(bad) = self.namespaces.iter().find(|n| !is_dns_label(n)) {
            return refuse(&format!("--watch-namespaces: `{bad}` is not the name of a namespace"));
        }
        if let Some(id) = &self.installation_id
            && (id.is_empty() || id.len() > 128 || !id.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c)))
        {
            return refuse("--installation-id: use 1 to 128 letters, digits, `.`, `_` or `-`; it becomes the value of a tag");
        }
        if self.lease_duration < Duration::from_secs(3) {
            return refuse(
                "--lease-duration-seconds: must be 3 or more, else a slow answer of the API server looks like a dead leader",
            );
        }
        if self.poll_rolling > self.poll_settled {
            return refuse("--poll-rolling-seconds: must not be longer than --poll-settled-seconds");
        }
        Ok(self)
    }
}

/// A whole number of seconds, 1 to a day.
fn seconds(text: &str) -> Result<Duration, String> {
    match text.parse() {
        Ok(n @ 1..=86_400) => Ok(Duration::from_secs(n)),
        _ => Err("use a whole number of seconds, 1 to 86400".to_owned()),
    }
}

/// A factor that leaves the pacer something to give.
fn scale(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(factor) if (0.1..=10_000.0).contains(&factor) => Ok(factor),
        _ => Err("use a number from 0.1 to 10000".to_owned()),
    }
}

fn is_dns_label(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(args: &[&str]) -> Result<Settings, String> {
        let args = ["ecs-operator"].iter().chain(args);
        Settings::try_parse_from(args).and_then(Settings::checked).map_err(|e| e.to_string())
    }

    #[test]
    fn nothing_needs_to_be_set() {
        let settings = read(&[]).unwrap();
        assert!(settings.namespaces.is_empty());
        assert!(settings.leader_election);
        assert_eq!(settings.guard, Guard::Enforce, "secure unless somebody says otherwise");
        assert_eq!(settings.lease_duration, Duration::from_secs(15));
        assert_eq!((settings.poll_settled, settings.poll_rolling), (Duration::from_mins(1), Duration::from_secs(5)));
    }

    #[test]
    fn several_namespaces_are_separated_by_commas() {
        assert_eq!(read(&["--watch-namespaces", "shop,pay"]).unwrap().namespaces, ["shop", "pay"]);
    }

    #[test]
    fn an_empty_list_of_namespaces_means_all() {
        assert!(read(&["--watch-namespaces", ""]).unwrap().namespaces.is_empty());
    }

    #[test]
    fn leader_election_can_be_switched_off() {
        assert!(!read(&["--leader-election", "false"]).unwrap().leader_election);
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_the_flag_in_the_sentence() {
        for (args, sentence) in [
            (["--watch-namespaces", "Shop"], "`Shop` is not the name of a namespace"),
            (["--installation-id", "my cluster"], "--installation-id: use 1 to 128"),
            (["--lease-duration-seconds", "1"], "--lease-duration-seconds: must be 3 or more"),
            (["--poll-rolling-seconds", "61"], "must not be longer than --poll-settled-seconds"),
            (["--poll-settled-seconds", "0"], "1 to 86400"),
            (["--shutdown-grace-seconds", "1m"], "1 to 86400"),
            (["--aws-rate-scale", "0"], "0.1 to 10000"),
        ] {
            let said = read(&args).unwrap_err();
            assert!(said.contains(sentence), "{args:?} said: {said}");
        }
    }
}
