//! A declaration, a model of AWS, and passes over both.

use super::site;
use crate::api::{EcsTargetGroup, EcsTargetGroupStatus};
use crate::aws::AwsError;
use crate::aws::elb::TargetGroupView;
use crate::aws::elb::model::{HealthCheck, Matcher, NewTargetGroup, TargetGroup, TargetHealth};
use crate::engine::next::Next;
use crate::engine::noted::Drifted;
use crate::engine::{Managed, Pass, Plan};
use crate::kinds::listener::{Place, address};
use crate::kinds::target_group::observed::{Behind, Listener, Look, Looks, Observed, Shown, names};
use crate::kinds::target_group::settings::complete;
use crate::kinds::target_group::standing::name_in;
use crate::kinds::target_group::{Desired, Done, EcsTargetGroupKind as Kind, Refs, Step};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What AWS has, and what status says about it.
#[derive(Clone, Debug)]
pub struct World {
    pub object: EcsTargetGroup,
    pub refs: Refs,
    pub listener: Listener,
    pub groups: Vec<TargetGroupView>,
    /// What AWS says of a target group in place of what it has.
    pub said: BTreeMap<String, Look>,
    /// Every write so far.
    pub sent: Vec<Step>,
    /// The first write that fails, by number.
    pub fails_at: Option<usize>,
    /// What became of what somebody else had changed, so far.
    pub drifts: Vec<Drifted>,
    clock: i64,
}

/// A target group `shop/web` behind an application load balancer in `vpc-1`.
pub fn web() -> World {
    let mut object = EcsTargetGroup::new("web", serde_json::from_value(json!({})).unwrap());
    object.metadata.namespace = Some("shop".to_owned());
    object.metadata.uid = Some("uid-of-web".to_owned());
    object.metadata.generation = Some(1);
    let listener =
        Listener::There(Behind { vpc_id: Some("vpc-1".to_owned()), protocol: "HTTPS".to_owned(), ..Behind::default() });
    World {
        object,
        refs: Refs { listener: Some(Ok(Place::Arn("listener".to_owned()))), ..Refs::default() },
        listener,
        groups: Vec::new(),
        said: BTreeMap::new(),
        sent: Vec::new(),
        fails_at: None,
        drifts: Vec::new(),
        clock: 0,
    }
}

/// The same behind a network load balancer whose listener speaks `protocol`.
pub fn behind_nlb(protocol: &str) -> World {
    let url = Some(address(protocol, "database.elb.eu-central-1.amazonaws.com", 5432));
    let behind = Behind { is_network: true, vpc_id: Some("vpc-1".to_owned()), protocol: protocol.to_owned(), url };
    World { listener: Listener::There(behind), ..web() }
}

pub fn target(number: usize, state: &str) -> TargetHealth {
    TargetHealth { id: format!("10.0.0.{number}"), port: Some(8080), state: state.to_owned(), ..TargetHealth::default() }
}

impl World {
    pub fn with(mut self, field: &str, value: Value) -> Self {
        self.edit(field, value);
        self
    }

    /// Changes a field of the spec, or takes it out with null.
    pub fn edit(&mut self, field: &str, value: Value) {
        let mut spec = serde_json::to_value(&self.object.spec).unwrap();
        spec[field] = value;
        self.object.spec = serde_json::from_value(spec).unwrap();
        *self.object.metadata.generation.as_mut().unwrap() += 1;
    }

    pub fn annotated(mut self, key: &str, value: &str) -> Self {
        let annotations = self.object.metadata.annotations.get_or_insert_default();
        annotations.insert(format!("ecs-operator.io/{key}"), value.to_owned());
        self
    }

    pub fn delete(&mut self) {
        self.object.metadata.deletion_timestamp = Some(Time(Timestamp::UNIX_EPOCH));
    }

    /// In force, with nothing sent from here on.
    pub fn in_force(mut self) -> Self {
        self.settle();
        self.sent.clear();
        self
    }

    pub fn status(&self) -> EcsTargetGroupStatus {
        self.object.status.clone().unwrap_or_default()
    }

    pub fn desired(&self) -> Result<Desired, crate::engine::Stop> {
        Kind::desired(&self.object, &self.refs, &site())
    }

    pub fn seen(&self) -> Observed {
        let memory = self.status();
        match self.desired() {
            Ok(Desired::Present(want)) => {
                let settings = complete(&want, &self.listener);
                let name = match &settings {
                    Some(Ok(settings)) => Some(settings.name.clone()),
                    _ => want.name.clone().filter(|_| want.only_observed),
                };
                let looks = self.looks(names(&memory, name.as_deref(), want.name.is_some()));
                let seen = Observed::of_present(memory, settings, name.as_deref(), &want.owner, &looks);
                Observed { listener: self.listener.clone(), ..seen }
            }
            Ok(Desired::Absent(want)) => {
                let looks = self.looks(names(&memory, None, false));
                Observed::of_absent(memory, &want.owner, &looks)
            }
            Err(_) => Observed { memory, ..Observed::default() },
        }
    }

    fn looks(&self, names: BTreeSet<String>) -> Looks {
        let look = |name: String| {
            let found = self.groups.iter().find(|view| view.target_group.name == name);
            let shown = found.map_or(Shown::Missing { times: 2 }, |view| Shown::There(Arc::new(view.clone())));
            let said = self.said.get(&name).cloned();
            (name, said.unwrap_or(Look { shown, ..Look::default() }))
        };
        names.into_iter().map(look).collect()
    }

    /// What would be done.
    pub fn plan(&self) -> Plan<Step> {
        match self.desired() {
            Ok(want) => Kind::plan(&want, &self.seen()),
            Err(stop) => Plan::Refuse(stop),
        }
    }

    /// One pass, as the loop makes it.
    pub fn pass(&mut self) -> Plan<Step> {
        let (want, seen, plan, before) = (self.desired(), self.seen(), self.plan(), self.status());
        let mut done = Vec::new();
        let mut end = match &plan {
            Plan::InSync => Ok(Next::Settled),
            Plan::Wait(why) => Ok(Next::Progressing(why.clone())),
            Plan::Refuse(stop) => Err(stop.clone()),
            Plan::Gone | Plan::Finish(_) => Ok(Next::Gone),
            Plan::Do(_) => Ok(Next::Acted),
        };
        if let Plan::Do(steps) | Plan::Finish(steps) = &plan {
            for step in steps {
                self.object.status = Some(Kind::promise(&self.status(), want.as_ref().unwrap(), step, &site()));
                self.sent.push(step.clone());
                if self.fails_at == Some(self.sent.len()) {
                    end = Err(crate::engine::Stop::Aws(denied()));
                    break;
                }
                done.push(self.act(step));
            }
        }
        let pass = Pass { want: want.ok(), seen: Some(seen), done, end };
        self.clock += 60;
        let now = Timestamp::from_second(self.clock).unwrap();
        let after = Kind::status(&self.object, &pass, Some(&site()), now);
        self.drifts.extend(Kind::noted(&before, &after, &pass, now).drift);
        self.object.status = Some(after);
        plan
    }

    /// Passes until nothing is left to do.
    pub fn settle(&mut self) {
        for _ in 0..8 {
            if !matches!(self.pass(), Plan::Do(_)) {
                return;
            }
        }
        panic!("it never settles: {:?}", self.sent);
    }

    pub fn act(&mut self, step: &Step) -> Done {
        match step {
            Step::Create(new) => {
                let there = self.groups.iter().find(|view| view.target_group.name == new.name);
                let group = there.map(|view| view.target_group.clone());
                Done::Created(Box::new(group.unwrap_or_else(|| self.make(new))))
            }
            Step::Check { arn, check } => {
                let live = &mut self.group(arn).target_group.health_check;
                let mut members = serde_json::to_value(&*live).unwrap();
                for (key, value) in serde_json::to_value(check).unwrap().as_object().unwrap() {
                    members[key] = value.clone();
                }
                *live = serde_json::from_value(members).unwrap();
                Done::Changed
            }
            Step::Attributes { name, attributes } => {
                let view = self.groups.iter_mut().find(|view| view.target_group.name == *name).unwrap();
                view.attributes.get_or_insert_default().extend(attributes.clone());
                Done::Changed
            }
            Step::Tag { arn, tags } => {
                self.group(arn).tags.extend(tags.clone());
                Done::Changed
            }
            Step::Untag { arn, keys } => {
                self.group(arn).tags.retain(|key, _| !keys.contains(key));
                Done::Changed
            }
            Step::Delete { arn } => {
                let in_use = self
                    .groups
                    .iter()
                    .any(|view| view.target_group.arn == *arn && !view.target_group.load_balancer_arns.is_empty());
                assert!(!in_use, "AWS refuses to delete what is in use");
                self.groups.retain(|view| view.target_group.arn != *arn);
                Done::Deleted { arn: arn.clone() }
            }
        }
    }

    fn make(&mut self, new: &NewTargetGroup) -> TargetGroup {
        self.clock += 1;
        let view = made(new, self.clock);
        let group = view.target_group.clone();
        self.groups.push(view);
        group
    }

    /// Somebody makes a target group of that name by hand.
    pub fn by_hand(&mut self, name: &str, tags: &[(&str, &str)]) {
        let tags = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let new = NewTargetGroup {
            name: name.to_owned(),
            protocol: Some("HTTP".to_owned()),
            port: Some(80),
            vpc_id: Some("vpc-1".to_owned()),
            tags,
            ..NewTargetGroup::default()
        };
        self.make(&new);
    }

    pub fn group(&mut self, arn: &str) -> &mut TargetGroupView {
        self.groups.iter_mut().find(|view| view.target_group.arn == arn).unwrap()
    }

    /// The target group that the declaration stands for.
    pub fn current(&mut self) -> &mut TargetGroupView {
        let arn = self.status().arn.unwrap();
        self.group(&arn)
    }

    /// Something forwards to a target group, and so many of its targets are healthy.
    pub fn attach(&mut self, arn: &str, healthy: usize) {
        let group = self.group(arn);
        group.target_group.load_balancer_arns =
            ["arn:aws:elasticloadbalancing:r:1:loadbalancer/app/shared/5"].map(str::to_owned).into();
        group.health = Some((0..healthy).map(|number| target(number, "healthy")).collect());
    }

    /// Nothing forwards to a target group any more, and ECS took its targets out.
    pub fn detach(&mut self, arn: &str) {
        let group = self.group(arn);
        group.target_group.load_balancer_arns.clear();
        group.health = Some(Vec::new());
    }

    /// What AWS says of the target group of that name, in place of what it has.
    pub fn says(&mut self, name: &str, shown: Shown) {
        self.said.insert(name.to_owned(), Look { shown, ..Look::default() });
    }

    /// The conditions that are true, in a row.
    pub fn holds(&self) -> String {
        let status = self.status();
        let mut all: Vec<&str> =
            status.conditions.iter().filter(|one| one.status == "True").map(|one| one.type_.as_str()).collect();
        all.sort_unstable();
        all.join(" ")
    }

    /// Reason and message of a condition.
    pub fn said_of(&self, kind: &str) -> (String, String) {
        let status = self.status();
        let one = status.conditions.iter().find(|one| one.type_ == kind).unwrap();
        (one.reason.clone(), one.message.clone())
    }
}

/// What AWS makes of a request, with its defaults.
pub fn made(new: &NewTargetGroup, number: i64) -> TargetGroupView {
    let protocol = new.protocol.clone().unwrap();
    let http = matches!(protocol.as_str(), "HTTP" | "HTTPS");
    let text = |text: &str| Some(text.to_owned());
    let check = new.health_check.clone();
    let by = check.protocol.clone().unwrap_or_else(|| if http { protocol.clone() } else { "TCP".to_owned() });
    let asks = by != "TCP";
    let matcher = Matcher { http_code: text(if http { "200" } else { "200-399" }), grpc_code: None };
    let attributes = if http { HTTP.as_slice() } else { TCP.as_slice() };
    TargetGroupView {
        target_group: TargetGroup {
            arn: format!("arn:aws:elasticloadbalancing:eu-central-1:111122223333:targetgroup/{}/{number}", new.name),
            name: new.name.clone(),
            protocol_version: new.protocol_version.clone().or_else(|| text("HTTP1").filter(|_| http)),
            port: new.port,
            vpc_id: new.vpc_id.clone(),
            target_type: new.target_type.clone().unwrap_or_else(|| "instance".to_owned()),
            ip_address_type: new.ip_address_type.clone().unwrap_or_else(|| "ipv4".to_owned()),
            target_control_port: new.target_control_port,
            health_check: HealthCheck {
                enabled: check.enabled.or(Some(true)),
                port: check.port.or_else(|| text("traffic-port")),
                path: check.path.or_else(|| text("/").filter(|_| asks)),
                interval_seconds: check.interval_seconds.or(Some(30)),
                timeout_seconds: check.timeout_seconds.or(Some(if http {
                    5
                } else if asks {
                    6
                } else {
                    10
                })),
                healthy_threshold_count: check.healthy_threshold_count.or(Some(5)),
                unhealthy_threshold_count: check.unhealthy_threshold_count.or(Some(2)),
                matcher: check.matcher.or(Some(matcher).filter(|_| asks)),
                protocol: Some(by),
            },
            load_balancer_arns: [].into(),
            protocol: Some(protocol),
        },
        tags: new.tags.clone(),
        attributes: Some(attributes.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()),
        health: Some(Vec::new()),
    }
}

const HTTP: [(&str, &str); 5] = [
    ("deregistration_delay.timeout_seconds", "300"),
    ("slow_start.duration_seconds", "0"),
    ("stickiness.enabled", "false"),
    ("stickiness.type", "lb_cookie"),
    ("load_balancing.algorithm.type", "round_robin"),
];
const TCP: [(&str, &str); 4] = [
    ("deregistration_delay.timeout_seconds", "300"),
    ("stickiness.enabled", "false"),
    ("stickiness.type", "source_ip"),
    ("proxy_protocol_v2.enabled", "false"),
];

/// A call that was denied.
pub fn denied() -> AwsError {
    AwsError {
        operation: "CreateTargetGroup",
        kind: crate::aws::Kind::Denied,
        code: Some("AccessDenied".to_owned()),
        message: "not authorized to perform: elasticloadbalancing:CreateTargetGroup".to_owned(),
        retry_after: None,
        request_id: None,
        is_write: true,
    }
}

/// The name of the target group with that ARN.
pub fn name(arn: &str) -> String {
    name_in(arn).to_owned()
}
