//! The record of deployments, and the revisions that they deploy. ecs-semantics §3.2.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::input::{Input, epoch, missing, page};
use super::services::{Service, ServiceKey};
use super::{Answer, World, arn, clusters, deployments};
use crate::fault::ServiceError;

/// `status` of a service deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Pending,
    InProgress,
    StopRequested,
    RollbackRequested,
    RollbackInProgress,
    Successful,
    Stopped,
    RollbackSuccessful,
    RollbackFailed,
}

impl Status {
    fn name(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::InProgress => "IN_PROGRESS",
            Self::StopRequested => "STOP_REQUESTED",
            Self::RollbackRequested => "ROLLBACK_REQUESTED",
            Self::RollbackInProgress => "ROLLBACK_IN_PROGRESS",
            Self::Successful => "SUCCESSFUL",
            Self::Stopped => "STOPPED",
            Self::RollbackSuccessful => "ROLLBACK_SUCCESSFUL",
            Self::RollbackFailed => "ROLLBACK_FAILED",
        }
    }

    pub(crate) fn is_terminal(self) -> bool {
        matches!(self, Self::Successful | Self::Stopped | Self::RollbackSuccessful | Self::RollbackFailed)
    }
}

/// A rollback within a service deployment.
#[derive(Debug)]
pub(crate) struct Rollback {
    pub(crate) reason: String,
    pub(crate) started: Timestamp,
    pub(crate) revision: String,
}

/// One service deployment.
#[derive(Debug)]
pub(crate) struct ServiceDeployment {
    pub(crate) arn: String,
    pub(crate) status: Status,
    pub(crate) reason: Option<String>,
    pub(crate) target: String,
    pub(crate) sources: Vec<String>,
    /// `deploymentConfiguration` as used.
    pub(crate) config: Value,
    pub(crate) rollback: Option<Rollback>,
    pub(crate) is_triggered: bool,
    pub(crate) failures: i64,
    /// Lifecycle stage of a blue/green, linear or canary deployment.
    pub(crate) stage: Option<&'static str>,
    /// The share of production traffic that was asked for the target.
    pub(crate) production_percent: Option<i64>,
    pub(crate) hook: Option<Hook>,
    pub(crate) created: Timestamp,
    pub(crate) started: Option<Timestamp>,
    pub(crate) updated: Timestamp,
    pub(crate) finished: Option<Timestamp>,
    pub(crate) stopped: Option<Timestamp>,
}

/// A PAUSE hook that waits to be let go. §2.7.
#[derive(Debug)]
pub(crate) struct Hook {
    pub(crate) id: String,
    pub(crate) status: &'static str,
    pub(crate) expires: Timestamp,
    pub(crate) timeout_action: String,
}

/// An immutable record of what a deployment deploys.
#[derive(Debug)]
pub(crate) struct Revision {
    pub(crate) arn: String,
    pub(crate) setup: Value,
    pub(crate) images: Value,
    /// Whether its tasks are in the alternate target groups.
    pub(crate) on_alternate: bool,
    pub(crate) created: Timestamp,
}

impl ServiceDeployment {
    pub(crate) fn set(&mut self, status: Status, now: Timestamp) {
        self.status = status;
        self.updated = now;
        if matches!(status, Status::Successful | Status::RollbackSuccessful | Status::RollbackFailed) {
            self.finished = Some(now);
        }
        if status == Status::Stopped {
            self.stopped = Some(now);
            self.finished = Some(now);
        }
    }
}

pub(crate) fn list(world: &mut World, input: Input<'_>) -> Answer {
    let cluster = clusters::named(world, input)?.0.to_owned();
    let name = arn::last_part(input.required("service")?).to_owned();
    let service = world.services.get(&(cluster, name)).filter(|service| !service.is_inactive());
    let service = service.ok_or_else(|| ServiceError::new("ServiceNotFoundException", "Service not found."))?;
    let statuses: Vec<&str> = input.texts("status").collect();
    let created = input.object("createdAt");
    let bound = |member: &str| created.get(member).and_then(Value::as_f64);
    let fits = |deployment: &&ServiceDeployment| {
        let at = epoch(deployment.created).as_f64().unwrap_or_default();
        (statuses.is_empty() || statuses.contains(&deployment.status.name()))
            && bound("after").is_none_or(|after| at >= after)
            && bound("before").is_none_or(|before| at <= before)
    };
    // The newest first.
    let found: Vec<&ServiceDeployment> = service.history.iter().rev().filter(fits).collect();
    let arns: Vec<String> = found.iter().map(|deployment| deployment.arn.clone()).collect();
    let mut answer = page(input, "serviceDeployments", &arns, (20, 100))?;
    let shown = answer["serviceDeployments"].as_array().into_iter().flatten().filter_map(|arn| {
        let deployment = found.iter().find(|deployment| *arn == deployment.arn)?;
        Some(brief(world, service, deployment))
    });
    answer["serviceDeployments"] = shown.collect::<Vec<_>>().into();
    Ok(answer)
}

pub(crate) fn describe(world: &mut World, input: Input<'_>) -> Answer {
    let asked = up_to_20(input, "serviceDeploymentArns")?;
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for arn in asked {
        match find(world, arn) {
            Some((service, deployment)) => found.push(render(world, service, deployment)),
            None => failures.push(missing(arn)),
        }
    }
    Ok(json!({"serviceDeployments": found, "failures": failures}))
}

pub(crate) fn describe_revisions(world: &mut World, input: Input<'_>) -> Answer {
    let asked = up_to_20(input, "serviceRevisionArns")?;
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for arn in asked {
        let known = owner(arn).and_then(|key| world.services.get(&key));
        let revision = known.and_then(|service| Some((service, service.revisions.iter().find(|revision| revision.arn == arn)?)));
        match revision {
            Some((service, revision)) => found.push(render_revision(world, service, revision)),
            None => failures.push(missing(arn)),
        }
    }
    Ok(json!({"serviceRevisions": found, "failures": failures}))
}

fn up_to_20<'a>(input: Input<'a>, member: &str) -> Result<Vec<&'a str>, ServiceError> {
    let asked: Vec<&str> = input.texts(member).collect();
    if asked.is_empty() || asked.len() > 20 {
        return Err(ServiceError::invalid(format!("{member} must have 1 to 20 elements.")));
    }
    Ok(asked)
}

/// The service in `…:service-deployment/cluster/service/id`.
fn owner(arn: &str) -> Option<ServiceKey> {
    let mut parts = arn.split('/').skip(1);
    Some((parts.next()?.to_owned(), parts.next()?.to_owned()))
}

fn find<'a>(world: &'a World, arn: &str) -> Option<(&'a Service, &'a ServiceDeployment)> {
    let service = world.services.get(&owner(arn)?).filter(|service| !service.is_inactive())?;
    Some((service, service.history.iter().find(|deployment| deployment.arn == arn)?))
}

/// Only ROLLBACK is valid, whatever the enum says. §3.2.
pub(crate) fn stop(world: &mut World, input: Input<'_>) -> Answer {
    let arn = input.required("serviceDeploymentArn")?;
    if input.text("stopType").is_some_and(|kind| kind != "ROLLBACK") {
        return Err(ServiceError::invalid("The stop type must be ROLLBACK."));
    }
    let status = find(world, arn).map(|(_, deployment)| deployment.status).ok_or_else(unknown)?;
    let key = owner(arn).ok_or_else(unknown)?;
    match status {
        Status::Pending | Status::InProgress => deployments::rollback::on_request(world, &key),
        // In a terminal state: presumably so (?).
        status if status.is_terminal() => {
            return Err(ServiceError::new(
                "ConflictException",
                format!("The service deployment is {} and can not be stopped.", status.name()),
            ));
        }
        _ => {}
    }
    Ok(json!({"serviceDeploymentArn": arn}))
}

/// `ContinueServiceDeployment`: lets a PAUSE hook go. §2.7.
pub(crate) fn go_on(world: &mut World, input: Input<'_>) -> Answer {
    let arn = input.required("serviceDeploymentArn")?;
    let hook = input.required("hookId")?;
    let waiting = find(world, arn).ok_or_else(unknown)?.1.hook.as_ref();
    if !waiting.is_some_and(|waiting| waiting.id == hook && waiting.status == "AWAITING_ACTION") {
        return Err(ServiceError::invalid("No lifecycle hook with this id awaits an action."));
    }
    let key = owner(arn).ok_or_else(unknown)?;
    if input.text("action") == Some("ROLLBACK") {
        deployments::rollback::on_request(world, &key);
    } else {
        let deployment = world.services.get_mut(&key).and_then(|service| service.history.last_mut());
        if let Some(hook) = deployment.and_then(|deployment| deployment.hook.as_mut()) {
            hook.status = "SUCCEEDED";
        }
        deployments::look_again(world, &key);
    }
    Ok(json!({"serviceDeploymentArn": arn}))
}

fn unknown() -> ServiceError {
    ServiceError::new("ServiceDeploymentNotFoundException", "The service deployment was not found.")
}

fn brief(world: &World, service: &Service, deployment: &ServiceDeployment) -> Value {
    let mut out = json!({
        "serviceDeploymentArn": deployment.arn, "serviceArn": service.arn,
        "clusterArn": world.arn(&format!("cluster/{}", service.key.0)),
        "createdAt": epoch(deployment.created), "targetServiceRevisionArn": deployment.target,
        "status": deployment.status.name(),
    });
    add_times(&mut out, deployment);
    out
}

fn add_times(out: &mut Value, deployment: &ServiceDeployment) {
    let times = [("startedAt", deployment.started), ("finishedAt", deployment.finished), ("stoppedAt", deployment.stopped)];
    for (member, at) in times {
        if let Some(at) = at {
            out[member] = epoch(at);
        }
    }
    if let Some(reason) = &deployment.reason {
        out["statusReason"] = json!(reason);
    }
}

fn render(world: &World, service: &Service, deployment: &ServiceDeployment) -> Value {
    let counts = |revision: &str| {
        let of = |id: &str| service.deployments.iter().any(|known| known.id == id && known.revision == revision);
        let tally = deployments::tally(world, service, of);
        json!({"arn": revision, "requestedTaskCount": tally.alive, "runningTaskCount": tally.running, "pendingTaskCount": tally.starting})
    };
    let mut out = json!({
        "serviceDeploymentArn": deployment.arn, "serviceArn": service.arn,
        "clusterArn": world.arn(&format!("cluster/{}", service.key.0)),
        "createdAt": epoch(deployment.created), "updatedAt": epoch(deployment.updated),
        "sourceServiceRevisions": deployment.sources.iter().map(|arn| counts(arn)).collect::<Vec<_>>(),
        "targetServiceRevision": counts(&deployment.target),
        "status": deployment.status.name(),
        "deploymentConfiguration": deployment.config,
        "deploymentCircuitBreaker": breaker(service, deployment),
    });
    add_times(&mut out, deployment);
    if let Some(rollback) = &deployment.rollback {
        out["rollback"] =
            json!({"reason": rollback.reason, "startedAt": epoch(rollback.started), "serviceRevisionArn": rollback.revision});
    }
    if let Some(percent) = deployment.production_percent {
        out["targetServiceRevision"]["requestedProductionTrafficWeight"] = json!(percent);
    }
    if let Some(stage) = deployment.stage {
        out["lifecycleStage"] = json!(stage);
    }
    if let Some(hook) = &deployment.hook {
        let detail = json!({
            "hookId": hook.id, "targetType": "PAUSE", "status": hook.status,
            "expiresAt": epoch(hook.expires), "timeoutAction": hook.timeout_action,
        });
        out["lifecycleHookDetails"] = json!([detail]);
    }
    out
}

fn breaker(service: &Service, deployment: &ServiceDeployment) -> Value {
    let is_enabled = Input(&deployment.config).object("deploymentCircuitBreaker").flag("enable");
    let status = match deployment.status {
        _ if !is_enabled => "DISABLED",
        _ if deployment.is_triggered => "TRIGGERED",
        status if status.is_terminal() => "MONITORING_COMPLETE",
        _ => "MONITORING",
    };
    let threshold = deployments::breaker::threshold(Input(&deployment.config), service.desired);
    json!({"status": status, "failureCount": deployment.failures, "threshold": threshold})
}

fn render_revision(world: &World, service: &Service, revision: &Revision) -> Value {
    let mut out = revision.setup.clone();
    out["serviceRevisionArn"] = json!(revision.arn);
    out["serviceArn"] = json!(service.arn);
    out["clusterArn"] = json!(world.arn(&format!("cluster/{}", service.key.0)));
    out["createdAt"] = epoch(revision.created);
    out["containerImages"] = revision.images.clone();
    out["guardDutyEnabled"] = json!(false);
    out["resolvedConfiguration"] = json!({"loadBalancers": deployments::shift::resolved(&revision.setup, revision.on_alternate)});
    out
}
