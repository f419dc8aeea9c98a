//! A declaration, a model of ECS, and passes over both.

use super::declared::{Declared, arn_of};
use super::ecs::{begin, created, minute, told, updated};
use super::site;
use crate::api::{EcsService, EcsServiceStatus};
use crate::aws::reflector::Seen;
use crate::aws::{AwsError, Kind, LiveService, Rollback, ServiceDeployment, ServiceState, StoppedTask};
use crate::engine::next::Next;
use crate::engine::noted::Noted;
use crate::engine::{Managed, Pass, Plan, Stop};
use crate::kinds::service::observed::Observed;
use crate::kinds::service::{Desired, Done, EcsServiceKind, Step, plan, status};
use std::sync::Arc;

/// What ECS has, and what status says about it.
pub struct World {
    pub declared: Declared,
    pub status: EcsServiceStatus,
    pub live: Option<LiveService>,
    /// How often in a row ECS said that the service is missing, and whether the cluster is. Without: it was not read yet.
    pub missing: Option<(u32, bool)>,
    pub told: Option<ServiceDeployment>,
    pub stopped: Vec<StoppedTask>,
    pub trouble: Option<AwsError>,
    pub trouble_beside: Option<AwsError>,
    pub clock: i64,
    /// Every write so far.
    pub sent: Vec<Step>,
    /// What the last pass told for metrics.
    pub noted: Noted,
}

/// A declaration that nothing was done about yet.
pub fn world(declared: Declared) -> World {
    World {
        declared,
        status: EcsServiceStatus::default(),
        live: None,
        missing: None,
        told: None,
        stopped: Vec::new(),
        trouble: None,
        trouble_beside: None,
        clock: 0,
        sent: Vec::new(),
        noted: Noted::default(),
    }
}

/// A declaration that is in force.
pub fn in_force(declared: Declared) -> World {
    let mut world = world(declared);
    world.pass();
    world.complete();
    assert_eq!(world.pass(), Plan::InSync);
    world.sent.clear();
    world
}

/// A service that somebody made by hand as `made` declares, and a declaration of it.
pub fn beside(declared: Declared, made: &Declared) -> World {
    let mut world = world(declared);
    world.live = Some(created(&made.present().declared, made.present().tags, 0));
    world.complete();
    world
}

/// What is known of an update whose reply was lost.
pub fn no_reply() -> AwsError {
    AwsError {
        operation: "UpdateService",
        kind: Kind::Unknown,
        code: None,
        message: "no reply in time".to_owned(),
        retry_after: None,
        request_id: None,
        is_write: true,
    }
}

impl World {
    pub fn object(&self) -> EcsService {
        EcsService { status: Some(self.status.clone()), ..self.declared.object() }
    }

    pub fn seen(&self) -> Observed {
        let seen = match (&self.live, self.missing) {
            (Some(live), _) => Seen::Live {
                service: Arc::new(live.clone()),
                deployment: self.told.clone().map(Arc::new),
                stopped: Arc::new(self.stopped.clone()),
                read_at: tokio::time::Instant::now(),
            },
            (None, Some((times, cluster_missing))) => Seen::Missing { times, cluster_missing },
            (None, None) => Seen::Unknown,
        };
        Observed::new(self.status.clone(), seen, self.trouble.clone(), self.trouble_beside.clone())
    }

    /// What would be done.
    pub fn plan(&self) -> Plan<Step> {
        match EcsServiceKind::desired(&self.object(), &self.declared.refs, &site()) {
            Ok(want) => plan::plan(&want, &self.seen()),
            Err(stop) => Plan::Refuse(stop),
        }
    }

    /// One pass, as the loop makes it.
    pub fn pass(&mut self) -> Plan<Step> {
        self.pass_that_ends(None)
    }

    /// One pass whose writes take effect and whose replies are lost.
    pub fn pass_without_reply(&mut self) -> Plan<Step> {
        self.pass_that_ends(Some(Stop::Aws(no_reply())))
    }

    /// One pass whose only write is refused.
    pub fn pass_refused(&mut self, stop: Stop) {
        let before = self.live.clone();
        self.pass_that_ends(Some(stop));
        self.live = before;
    }

    fn pass_that_ends(&mut self, badly: Option<Stop>) -> Plan<Step> {
        let before = self.status.clone();
        let object = self.object();
        let seen = self.seen();
        let want = EcsServiceKind::desired(&object, &self.declared.refs, &site());
        let plan = want.as_ref().map_or_else(|stop| Plan::Refuse(stop.clone()), |want| plan::plan(want, &seen));
        let mut done = Vec::new();
        let end = match &plan {
            Plan::InSync => Ok(Next::Settled),
            Plan::Wait(why) => Ok(Next::Progressing(why.clone())),
            Plan::Refuse(stop) => Err(stop.clone()),
            Plan::Gone => Ok(Next::Gone),
            Plan::Do(steps) | Plan::Finish(steps) => {
                for step in steps {
                    self.status = status::promise(&self.status, want.as_ref().unwrap(), step, &site());
                    done.push(self.act(step, want.as_ref().unwrap()));
                    self.sent.push(step.clone());
                }
                let acted = if steps.iter().all(EcsServiceKind::is_order) { Next::Ordered } else { Next::Acted };
                Ok(if matches!(plan, Plan::Do(_)) { acted } else { Next::Gone })
            }
        };
        let end = match badly {
            Some(stop) if !done.is_empty() => {
                done.clear();
                Err(stop)
            }
            _ => end,
        };
        let pass = Pass { want: want.ok(), seen: Some(seen), done, end };
        let object = EcsService { status: Some(self.status.clone()), ..object };
        let after = status::status(&object, &pass, Some(&site()), minute(self.clock));
        self.noted = EcsServiceKind::noted(&before, &after, &pass, minute(self.clock));
        self.status = after;
        plan
    }

    /// Passes until nothing is left to do.
    pub fn settle(&mut self) {
        for _ in 0..6 {
            match self.pass() {
                Plan::Do(_) => self.complete(),
                _ => return,
            }
        }
        panic!("it never settles: {:?}", self.sent);
    }

    fn act(&mut self, step: &Step, want: &Desired) -> Done {
        self.clock += 1;
        match (step, want, &mut self.live) {
            (Step::Create, Desired::Present(want), live) => {
                let mut tags = want.owner.tags();
                tags.extend(want.tags.clone());
                Done::Began(live.insert(created(&want.declared, tags, self.clock)).clone())
            }
            (Step::Update { members, deploys, .. }, _, Some(live)) => {
                *live = updated(live, members, *deploys, self.clock);
                if *deploys { Done::Began(live.clone()) } else { Done::Changed(live.clone()) }
            }
            (Step::Claim, Desired::Present(want), Some(live)) => {
                live.tags.extend(want.owner.tags());
                live.tags.extend(want.tags.clone());
                Done::Claimed
            }
            (Step::Tag { tags, .. }, _, Some(live)) => {
                live.tags.extend(tags.clone());
                Done::Tagged
            }
            (Step::Untag { keys, .. }, _, Some(live)) => {
                live.tags.retain(|key, _| !keys.contains(key));
                Done::Tagged
            }
            (Step::Delete, _, Some(live)) => {
                live.status = ServiceState::Draining;
                Done::Deleted
            }
            (Step::ApplyChild(_) | Step::RemoveChild(_), ..) => Done::Child,
            (step, ..) => panic!("{step:?} cannot be done"),
        }
    }

    pub fn live(&mut self) -> &mut LiveService {
        self.live.as_mut().unwrap()
    }

    /// The newest rollout goes well.
    pub fn complete(&mut self) {
        let live = self.live();
        live.deployments.truncate(1);
        live.running = live.desired;
        live.pending = 0;
        for primary in &mut live.deployments {
            (primary.desired, primary.running, primary.pending) = (live.desired, live.desired, 0);
            primary.rollout_state = Some("COMPLETED".to_owned());
            primary.rollout_state_reason = Some(format!("ECS deployment {} completed.", primary.id));
        }
        self.told = None;
    }

    /// The newest rollout fails, and there is nothing to go back to.
    pub fn fail(&mut self) {
        let primary = &mut self.live().deployments[0];
        primary.rollout_state = Some("FAILED".to_owned());
        primary.rollout_state_reason = Some("ECS deployment circuit breaker: tasks failed to start.".to_owned());
        primary.failed = 3;
    }

    /// The newest rollout fails and ECS begins to go back to `revision`, under a new id.
    pub fn roll_back(&mut self, revision: &str) {
        self.fail();
        self.clock += 1;
        let clock = self.clock;
        let live = self.live();
        let (ours, failed) = (live.current_service_deployment.clone(), live.deployments[0].id.clone());
        live.fields["taskDefinition"] = arn_of(revision).into();
        begin(live, clock);
        live.current_service_deployment = ours;
        live.deployments[0].rollout_state_reason =
            Some(format!("ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/{clock}."));
        live.deployments.retain(|deployment| deployment.status == "PRIMARY" || deployment.id == failed);
    }

    /// What ECS tells of the rollout that is remembered.
    pub fn tell(&mut self, status: &str, reason: &str) {
        let arn = self.status.rollout.as_ref().and_then(|rollout| rollout.service_deployment_arn.clone()).unwrap();
        let number = arn.rsplit('/').next().unwrap().parse().unwrap();
        let is_over = !status.ends_with("IN_PROGRESS");
        self.told = Some(ServiceDeployment {
            rollback: status.starts_with("ROLLBACK").then(|| Rollback {
                reason: reason.to_owned(),
                service_revision_arn: None,
                started_at: None,
            }),
            finished_at: is_over.then(|| minute(self.clock + 1)),
            ..told(number, status)
        });
    }

    /// Whether a condition holds; `None` if it does not stand there.
    pub fn condition(&self, kind: &str) -> Option<bool> {
        self.status.conditions.iter().find(|one| one.type_ == kind).map(|one| one.status == "True")
    }

    /// Reason and message of `Ready`.
    pub fn ready(&self) -> (String, String) {
        let ready = self.status.conditions.iter().find(|one| one.type_ == "Ready").unwrap();
        (ready.reason.clone(), ready.message.clone())
    }

    /// The conditions that are true, in a row.
    pub fn holds(&self) -> String {
        let mut all: Vec<&str> =
            self.status.conditions.iter().filter(|one| one.status == "True").map(|one| one.type_.as_str()).collect();
        all.sort_unstable();
        all.join(" ")
    }
}
