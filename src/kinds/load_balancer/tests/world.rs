//! A declaration, a model of Elastic Load Balancing, and passes over both.

use super::declared::Declared;
use super::elb::{carried_out, made};
use super::site;
use crate::api::{EcsLoadBalancer, EcsLoadBalancerStatus};
use crate::aws::AwsError;
use crate::aws::elb::model::{AccountLimits, Rule, Tags};
use crate::aws::elb::{LoadBalancerListener, LoadBalancerView};
use crate::engine::next::Next;
use crate::engine::noted::Drifted;
use crate::engine::{Managed, Notice, Pass, Plan};
use crate::kinds::load_balancer::observed::{Certificates, Observed, State};
use crate::kinds::load_balancer::{Desired, Done, EcsLoadBalancerKind, Step, plan, status};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What AWS has, and what status says about it.
pub struct World {
    pub declared: Declared,
    pub status: EcsLoadBalancerStatus,
    pub live: Option<LoadBalancerView>,
    /// How often in a row AWS said that it is missing. Without: it was not read yet.
    pub missing: Option<u32>,
    pub trouble_beside: Option<AwsError>,
    pub rules: BTreeMap<String, Vec<(Rule, Tags)>>,
    pub limits: Option<AccountLimits>,
    pub certificates: Certificates,
    /// Every write so far.
    pub sent: Vec<Step>,
    pub told: Vec<Notice>,
    /// What became of what somebody else had changed, so far.
    pub drifts: Vec<Drifted>,
    made: usize,
}

/// A declaration that nothing was done about yet.
pub fn world(declared: Declared) -> World {
    World {
        declared,
        status: EcsLoadBalancerStatus::default(),
        live: None,
        missing: None,
        trouble_beside: None,
        rules: BTreeMap::new(),
        limits: None,
        certificates: Certificates::NotAsked,
        sent: Vec::new(),
        told: Vec::new(),
        drifts: Vec::new(),
        made: 0,
    }
}

/// A declaration that is in force.
pub fn in_force(declared: Declared) -> World {
    let mut world = world(declared);
    world.settle();
    world.sent.clear();
    world.told.clear();
    world
}

/// A load balancer that somebody made by hand as `by_hand` declares, and a declaration of it.
pub fn beside(declared: Declared, by_hand: Declared) -> World {
    let name = declared.spec["name"].as_str().unwrap_or("shared").to_owned();
    let mut other = in_force(by_hand.with("name", serde_json::json!(name)));
    other.live().tags.clear();
    for listener in &mut other.live().listeners {
        listener.tags.clear();
    }
    World { live: other.live, ..world(declared) }
}

impl World {
    pub fn object(&self) -> EcsLoadBalancer {
        EcsLoadBalancer { status: Some(self.status.clone()), ..self.declared.object() }
    }

    pub fn seen(&self) -> Observed {
        let unseen = |want: &Desired| match want {
            Desired::Present(want) => plan::is_new(want, &Observed { memory: self.status.clone(), ..Observed::default() }),
            Desired::Absent(_) => self.status.account.is_none(),
        };
        let is_unseen =
            EcsLoadBalancerKind::desired(&self.object(), &self.declared.refs, &site()).is_ok_and(|want| unseen(&want));
        let state = match (&self.live, self.missing) {
            _ if is_unseen => State::Unknown,
            (Some(view), _) => State::There(Arc::new(view.clone())),
            (None, Some(times)) => State::Missing { times },
            (None, None) => State::Missing { times: 2 },
        };
        let on_it: BTreeSet<String> =
            self.live.iter().flat_map(|view| &view.listeners).map(|it| it.listener.arn.clone()).collect();
        let rules = on_it.into_iter().map(|arn| (arn.clone(), self.rules.get(&arn).cloned().unwrap_or_default()));
        Observed {
            memory: self.status.clone(),
            state,
            trouble: None,
            trouble_beside: self.trouble_beside.clone(),
            rules: rules.collect(),
            limits: self.limits.clone(),
            certificates: self.certificates.clone(),
        }
    }

    /// What would be done.
    pub fn plan(&self) -> Plan<Step> {
        match EcsLoadBalancerKind::desired(&self.object(), &self.declared.refs, &site()) {
            Ok(want) => plan::plan(&want, &self.seen()),
            Err(stop) => Plan::Refuse(stop),
        }
    }

    /// One pass, as the loop makes it.
    pub fn pass(&mut self) -> Plan<Step> {
        let object = self.object();
        let seen = self.seen();
        let want = EcsLoadBalancerKind::desired(&object, &self.declared.refs, &site());
        let plan = want.as_ref().map_or_else(|stop| Plan::Refuse(stop.clone()), |want| plan::plan(want, &seen));
        let mut done = Vec::new();
        let before = self.status.clone();
        let end = match &plan {
            Plan::InSync => Ok(Next::Settled),
            Plan::Wait(why) => Ok(Next::Progressing(why.clone())),
            Plan::Refuse(stop) => Err(stop.clone()),
            Plan::Gone => Ok(Next::Gone),
            Plan::Do(steps) | Plan::Finish(steps) => {
                for step in steps {
                    self.status = status::promise(&self.status, &site());
                    done.push(self.act(step, want.as_ref().unwrap()));
                    self.sent.push(step.clone());
                }
                Ok(if matches!(plan, Plan::Do(_)) { Next::Acted } else { Next::Gone })
            }
        };
        let pass = Pass { want: want.ok(), seen: Some(seen), done, end };
        let object = EcsLoadBalancer { status: Some(self.status.clone()), ..object };
        self.status = status::status(&object, &pass, Some(&site()), jiff::Timestamp::UNIX_EPOCH);
        self.told.extend(EcsLoadBalancerKind::notices(&before, &self.status, &pass));
        let noted = EcsLoadBalancerKind::noted(&before, &self.status, &pass, jiff::Timestamp::UNIX_EPOCH);
        self.drifts.extend(noted.drift);
        plan
    }

    /// Passes until nothing is left to do.
    pub fn settle(&mut self) -> Plan<Step> {
        for _ in 0..8 {
            match self.pass() {
                Plan::Do(_) => {}
                plan => return plan,
            }
        }
        panic!("it never settles: {:?}", self.sent);
    }

    fn act(&mut self, step: &Step, want: &Desired) -> Done {
        match (step, want) {
            (Step::Create, Desired::Present(want)) => {
                self.made += 1;
                let mut tags = want.owner.tags();
                tags.extend(want.tags.clone());
                let view = self.live.insert(made(&want.new, tags, self.made));
                Done::Created(Box::new(view.load_balancer.clone()))
            }
            (Step::Delete { arn }, _) => {
                assert_eq!(self.live.take().unwrap().load_balancer.arn, *arn);
                Done::Deleted
            }
            _ => carried_out(step, self.live()),
        }
    }

    pub fn live(&mut self) -> &mut LoadBalancerView {
        self.live.as_mut().unwrap()
    }

    /// The listener on a port.
    pub fn on(&mut self, port: i32) -> &mut LoadBalancerListener {
        self.live().listeners.iter_mut().find(|it| it.listener.port == Some(port)).unwrap()
    }

    /// Ports of the listeners that are there.
    pub fn ports(&self) -> Vec<i32> {
        self.live.iter().flat_map(|view| &view.listeners).filter_map(|it| it.listener.port).collect()
    }

    /// Somebody else put a rule on the listener of a port; or, with our tags, a rule of an `EcsListenerRule`.
    pub fn rule(&mut self, port: i32, name: &str, tags: Tags) {
        let listener = self.on(port).listener.arn.clone();
        let rule = Rule {
            arn: format!("{}/{name}", listener.replace(":listener/", ":listener-rule/")),
            priority: Some(1),
            conditions: BTreeSet::new(),
            actions: Vec::new(),
            transforms: BTreeSet::new(),
        };
        self.rules.entry(listener).or_default().push((rule, tags));
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

    /// Reasons of the events so far.
    pub fn events(&self) -> Vec<&str> {
        self.told.iter().map(|notice| notice.reason.as_str()).collect()
    }
}
