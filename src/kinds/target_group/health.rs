//! How the targets are, for people: counts, and groups with a hint of what to look at. Pure.

use crate::api::target_group::Targets;
use crate::aws::elb::model::{HealthCheck, TargetGroup, TargetHealth};

/// Targets by state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Those that take requests.
    pub healthy: i32,
    /// Those that fail their checks.
    pub unhealthy: i32,
    /// Those that were taken out and finish their requests.
    pub draining: i32,
    /// Those that are checked for the first time.
    pub initial: i32,
}

/// How many targets take requests.
pub fn healthy(targets: &[TargetHealth]) -> usize {
    targets.iter().filter(|target| target.is_healthy()).count()
}

/// Targets by state.
pub fn counts(targets: &[TargetHealth]) -> Counts {
    let mut counts = Counts::default();
    for target in targets {
        match target.state.as_str() {
            "healthy" => counts.healthy += 1,
            "unhealthy" | "unavailable" => counts.unhealthy += 1,
            "draining" | "unhealthy.draining" => counts.draining += 1,
            "initial" => counts.initial += 1,
            _ => {}
        }
    }
    counts
}

/// Whether something about the targets is about to change or in trouble, so that it is worth a closer look.
pub fn is_moving(targets: &[TargetHealth]) -> bool {
    targets.iter().any(|target| !matches!(target.state.as_str(), "healthy" | "unused"))
}

/// Targets in the same state for the same reason, those in trouble first.
pub fn grouped(targets: &[TargetHealth], group: &TargetGroup) -> Vec<Targets> {
    let mut all: Vec<Targets> = Vec::new();
    for target in targets {
        let same = all.iter_mut().find(|it| it.state == target.state && it.reason == target.reason);
        match same {
            Some(same) => same.count += 1,
            None => all.push(Targets {
                state: target.state.clone(),
                reason: target.reason.clone(),
                description: target.description.clone(),
                count: 1,
                example: Some(shown(target)),
                hint: target.reason.as_deref().and_then(|reason| hint(reason, target, &group.health_check)),
            }),
        }
    }
    all.sort_by(|a, b| (rank(&a.state), -a.count, &a.reason).cmp(&(rank(&b.state), -b.count, &b.reason)));
    all
}

fn shown(target: &TargetHealth) -> String {
    target.port.map_or_else(|| target.id.clone(), |port| format!("{}:{port}", target.id))
}

fn rank(state: &str) -> u8 {
    match state {
        "unhealthy" => 0,
        "unavailable" => 1,
        "initial" => 2,
        "unused" => 3,
        "healthy" => 5,
        _ => 4,
    }
}

/// What to look at. The reasons are those of AWS's reference of `TargetHealth`.
fn hint(reason: &str, target: &TargetHealth, check: &HealthCheck) -> Option<String> {
    let own = check.port.as_deref().filter(|port| *port != "traffic-port").map(str::to_owned);
    let port = own.or_else(|| target.health_check_port.clone()).or_else(|| target.port.map(|port| port.to_string()));
    let port = port.unwrap_or_else(|| "of the health check".to_owned());
    let path = check.path.as_deref().unwrap_or("/");
    let matcher = check.matcher.as_ref().and_then(|it| it.http_code.clone().or_else(|| it.grpc_code.clone()));
    Some(match reason {
        "Target.Timeout" => format!(
            "does a security group of the tasks let that of the load balancer in on port {port}? If so, the container takes \
             longer than healthCheck.timeoutSeconds ({}) to answer {path}",
            check.timeout_seconds.unwrap_or_default()
        ),
        "Target.ResponseCodeMismatch" => format!(
            "{path} has to answer with {}; correct healthCheck.path or healthCheck.matcher, or what the container answers",
            matcher.unwrap_or_else(|| "a code of healthCheck.matcher".to_owned())
        ),
        "Target.FailedHealthChecks" => format!(
            "does the container listen on port {port} on all addresses, not only on localhost? If it takes long to start, raise \
             healthCheckGracePeriodSeconds of the service"
        ),
        "Target.NotInUse" => {
            "nothing forwards to this target group yet, or the load balancer has no subnet in the target's zone".to_owned()
        }
        "Target.NotRegistered" => "ECS has not registered it yet, or has taken it out".to_owned(),
        "Target.InvalidState" => "the instance is stopped or being terminated".to_owned(),
        "Target.IpUnusable" => "the address is in use by a load balancer; give the task another".to_owned(),
        "Target.HealthCheckDisabled" => "its health is unknown: take healthCheck.enabled out".to_owned(),
        "Elb.InternalError" => "the load balancer is at fault: nothing to do; if it lasts, ask AWS".to_owned(),
        _ => return None,
    })
}
