//! A declaration, a model of a listener of a few lines, and passes over both.

use super::site;
use crate::api::{EcsListenerRule, EcsListenerRuleStatus};
use crate::aws::AwsError;
use crate::aws::elb::ListenerView;
use crate::aws::elb::model::{Action, Listener, LoadBalancer, NewRule, Rule, Tags};
use crate::domain::owner::{OWNER_KEYS, Owner, PART};
use crate::engine::next::Next;
use crate::engine::noted::Drifted;
use crate::engine::{Managed, Pass, Plan, Stop};
use crate::kinds::listener::{Found, Place, listener_of};
use crate::kinds::listener_rule::desired::Present;
use crate::kinds::listener_rule::difference::wanted_tags;
use crate::kinds::listener_rule::observed::{Observed, judged_ours};
use crate::kinds::listener_rule::parts::{Conditions, whole};
use crate::kinds::listener_rule::refs::Refs;
use crate::kinds::listener_rule::{Desired, Done, EcsListenerRuleKind, Step, status};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

pub const PREFIX: &str = "arn:aws:elasticloadbalancing:eu-central-1:111122223333:";

/// The listener that rules name.
pub fn shared() -> String {
    format!("{PREFIX}listener/app/shared/1111/2222")
}

/// Another one, of another load balancer.
pub fn other() -> String {
    format!("{PREFIX}listener/app/other/3333/4444")
}

/// A declaration, what AWS has, and what status says.
pub struct World {
    pub spec: Value,
    pub annotations: BTreeMap<String, String>,
    pub is_deleted: bool,
    pub generation: i64,
    pub refs: Refs,
    pub status: EcsListenerRuleStatus,
    /// Every listener with its rules.
    pub aws: BTreeMap<String, ListenerView>,
    /// Whether listeners were not read yet.
    pub is_unread: bool,
    pub is_service_up: bool,
    pub most_rules: Option<i64>,
    /// Why the listener cannot be read any more.
    pub trouble: Option<AwsError>,
    /// Every write so far.
    pub sent: Vec<Step>,
    /// What became of what somebody else had changed, so far.
    pub drifts: Vec<Drifted>,
    number: u32,
}

/// A rule on the shared listener for one host, that forwards to one target group.
pub fn rule_for(host: &str) -> World {
    let spec = json!({
        "listener": {"arn": shared()}, "match": {"hosts": [host]}, "forward": [{"targetGroupArn": "tg-a"}],
    });
    World {
        spec,
        annotations: BTreeMap::new(),
        is_deleted: false,
        generation: 1,
        refs: Refs {
            place: Ok(Place::Arn(shared())),
            listener: Some(shared()),
            target_groups: BTreeMap::new(),
            neighbours: Vec::new(),
            routes: Vec::new(),
            service: None,
            is_swung: false,
        },
        status: EcsListenerRuleStatus::default(),
        aws: [(shared(), listener(&shared())), (other(), listener(&other()))].into(),
        is_unread: false,
        is_service_up: false,
        most_rules: Some(100),
        trouble: None,
        sent: Vec::new(),
        drifts: Vec::new(),
        number: 0,
    }
}

fn listener(arn: &str) -> ListenerView {
    let load_balancer_arn = arn.replacen(":listener/", ":loadbalancer/", 1).rsplit_once('/').unwrap().0.to_owned();
    let default = Rule {
        arn: format!("{}/default", arn.replacen(":listener/", ":listener-rule/", 1)),
        priority: None,
        conditions: Conditions::new(),
        actions: vec![Action::forward_to("tg-default")],
        transforms: [].into(),
    };
    ListenerView {
        listener: Listener {
            arn: arn.to_owned(),
            load_balancer_arn: load_balancer_arn.clone(),
            port: Some(443),
            protocol: Some("HTTPS".to_owned()),
            ..Listener::default()
        },
        load_balancer: LoadBalancer {
            arn: load_balancer_arn,
            name: "shared".to_owned(),
            kind: "application".to_owned(),
            dns_name: Some("shared-1.elb.example".to_owned()),
            ..LoadBalancer::default()
        },
        rules: vec![(default, Tags::new())],
    }
}

/// Tags of another object of this installation.
pub fn tags_of(namespace: &str, name: &str) -> Tags {
    Owner {
        installation: "here".to_owned(),
        kind: "EcsListenerRule".to_owned(),
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        uid: "other".to_owned(),
    }
    .tags()
}

impl World {
    pub fn with(mut self, field: &str, value: Value) -> Self {
        self.set(field, value);
        self
    }

    /// An edit of the declaration. Null takes a field out.
    pub fn set(&mut self, field: &str, value: Value) {
        if value.is_null() {
            self.spec.as_object_mut().unwrap().remove(field);
        } else {
            self.spec[field] = value;
        }
        self.generation += 1;
    }

    /// The same rule for other hosts.
    pub fn hosts(&mut self, hosts: &[&str]) {
        self.set("match", json!({"hosts": hosts}));
    }

    /// The declaration names another listener.
    pub fn moves_to(&mut self, listener: &str) {
        self.set("listener", json!({"arn": listener}));
        self.refs.place = Ok(Place::Arn(listener.to_owned()));
        self.refs.listener = Some(listener.to_owned());
    }

    pub fn object(&self) -> EcsListenerRule {
        EcsListenerRule {
            metadata: ObjectMeta {
                name: Some("web".to_owned()),
                namespace: Some("shop".to_owned()),
                uid: Some("uid-of-web".to_owned()),
                generation: Some(self.generation),
                annotations: Some(self.annotations.clone()),
                deletion_timestamp: self.is_deleted.then_some(Time(Timestamp::UNIX_EPOCH)),
                ..ObjectMeta::default()
            },
            spec: serde_json::from_value(self.spec.clone()).unwrap(),
            status: Some(self.status.clone()),
        }
    }

    pub fn desired(&self) -> Result<Desired, Stop> {
        EcsListenerRuleKind::desired(&self.object(), &self.refs, &site())
    }

    pub fn present(&self) -> Present {
        match self.desired() {
            Ok(Desired::Present(want)) => *want,
            other => panic!("a rule was expected, not {other:?}"),
        }
    }

    fn owner(&self) -> Owner {
        crate::kinds::listener_rule::desired::owner_of(&self.object(), &site())
    }

    fn look(&self, arn: &str) -> Found {
        match self.aws.get(arn) {
            _ if self.is_unread => Found::Unknown,
            Some(view) => Found::There(Arc::new(view.clone())),
            None => Found::Not(Stop::waiting("ListenerNotFound", format!("there is no listener {arn}"))),
        }
    }

    pub fn seen(&self) -> Observed {
        let here = match (self.is_deleted, &self.refs.place) {
            (false, Ok(Place::Arn(arn))) => Some(arn.clone()),
            (false, Ok(Place::Tagged { .. })) => Some(shared()),
            _ => None,
        };
        let made = self.status.rules.iter().filter_map(|part| part.arn.as_deref()).map(listener_of);
        let mut elsewhere: Vec<String> = made.chain(self.status.listener_arn.clone()).collect();
        elsewhere.sort();
        elsewhere.dedup();
        elsewhere.retain(|arn| Some(arn) != here.as_ref());
        Observed {
            memory: self.status.clone(),
            listener: here.map(|arn| self.look(&arn)),
            elsewhere: elsewhere.into_iter().map(|arn| (arn.clone(), self.look(&arn))).collect(),
            most_rules: self.most_rules,
            trouble: self.trouble.clone(),
            is_service_up: self.is_service_up,
        }
    }

    /// What would be done.
    pub fn plan(&self) -> Plan<Step> {
        self.desired().map_or_else(Plan::Refuse, |want| EcsListenerRuleKind::plan(&want, &self.seen()))
    }

    /// One pass, as the loop makes it.
    pub fn pass(&mut self) -> Plan<Step> {
        self.pass_until(|_, _| None)
    }

    /// One pass in which a step may end in an error, before or after it was carried out.
    pub fn pass_until(&mut self, fails: impl Fn(usize, &Step) -> Option<(bool, AwsError)>) -> Plan<Step> {
        let seen = self.seen();
        let want = self.desired();
        let plan = want.as_ref().map_or_else(|stop| Plan::Refuse(stop.clone()), |want| EcsListenerRuleKind::plan(want, &seen));
        let mut done = Vec::new();
        let before = self.status.clone();
        let end = match &plan {
            Plan::InSync => Ok(Next::Settled),
            Plan::Wait(why) => Ok(Next::Progressing(why.clone())),
            Plan::Refuse(stop) => Err(stop.clone()),
            Plan::Gone => Ok(Next::Gone),
            Plan::Do(steps) | Plan::Finish(steps) => {
                let mut end = Ok(if matches!(plan, Plan::Do(_)) { Next::Acted } else { Next::Gone });
                for (number, step) in steps.iter().enumerate() {
                    self.status = status::promise(&self.status, want.as_ref().unwrap(), step, &site());
                    let failure = fails(number, step);
                    if failure.as_ref().is_none_or(|(happens, _)| *happens) {
                        let outcome = self.act(step, want.as_ref().unwrap());
                        self.sent.push(step.clone());
                        if failure.is_none() {
                            done.push(outcome);
                        }
                    }
                    if let Some((_, error)) = failure {
                        end = Err(Stop::Aws(error));
                        break;
                    }
                }
                end
            }
        };
        let pass = Pass { want: want.ok(), seen: Some(seen), done, end };
        self.status = EcsListenerRuleKind::status(&self.object(), &pass, Some(&site()), Timestamp::UNIX_EPOCH);
        self.drifts.extend(EcsListenerRuleKind::noted(&before, &self.status, &pass, Timestamp::UNIX_EPOCH).drift);
        plan
    }

    /// Passes until nothing is left to do.
    pub fn settle(&mut self) -> Plan<Step> {
        for _ in 0..12 {
            match self.pass() {
                Plan::Do(_) => {}
                plan => return plan,
            }
        }
        panic!("it never settles: {:?}", self.sent);
    }

    fn act(&mut self, step: &Step, want: &Desired) -> Done {
        match (step, want) {
            (Step::Found { listener }, _) => Done::Found { listener: listener.clone() },
            (Step::Look { listener }, _) => {
                let owner = self.owner();
                let there = self.aws.get(listener).into_iter().flat_map(|view| &view.rules);
                Done::Looked(there.filter(|(_, tags)| judged_ours(tags, &owner)).map(|(rule, _)| rule.clone()).collect())
            }
            (Step::Create { part, priority, .. }, Desired::Present(want)) => {
                let declared = &want.parts[*part];
                let rule = self.create(NewRule {
                    listener_arn: want.listener.clone().unwrap(),
                    priority: *priority,
                    conditions: declared.conditions.clone(),
                    actions: vec![want.action.clone()],
                    transforms: want.transforms.clone().unwrap_or_default(),
                    tags: wanted_tags(want, declared),
                });
                Done::Created { part: *part, rule }
            }
            (Step::Modify(change), _) => {
                let (rule, _) = self.rule(&change.arn);
                rule.conditions = change.conditions.clone().unwrap_or_else(|| rule.conditions.clone());
                rule.actions = change.actions.clone().unwrap_or_else(|| rule.actions.clone());
                rule.transforms = change.transforms.clone().unwrap_or_else(|| rule.transforms.clone());
                Done::Changed(rule.clone())
            }
            (Step::SetPriorities(all), _) => {
                for (arn, priority) in all {
                    self.rule(arn).0.priority = Some(*priority);
                }
                self.check();
                Done::Moved(all.clone())
            }
            (Step::Tag { arn, tags }, _) => {
                self.rule(arn).1.extend(tags.clone());
                Done::Tagged
            }
            (Step::Untag { arn, keys }, _) => {
                self.rule(arn).1.retain(|key, _| !keys.contains(key));
                Done::Tagged
            }
            (Step::Delete { arn }, _) => {
                self.aws.values_mut().for_each(|view| view.rules.retain(|(rule, _)| rule.arn != *arn));
                Done::Released { arn: arn.clone() }
            }
            (Step::Disown { arn }, _) => {
                self.rule(arn).1.retain(|key, _| !OWNER_KEYS.contains(&key.as_str()) && key != PART);
                Done::Released { arn: arn.clone() }
            }
            (step, want) => panic!("{step:?} cannot be done for {want:?}"),
        }
    }

    /// `CreateRule`.
    pub fn create(&mut self, new: NewRule) -> Rule {
        self.number += 1;
        let arn = format!("{}/{:04}", new.listener_arn.replacen(":listener/", ":listener-rule/", 1), self.number);
        let NewRule { listener_arn, priority, conditions, actions, transforms, tags } = new;
        let rule = Rule { arn, priority: Some(priority), conditions, actions, transforms };
        self.aws.get_mut(&listener_arn).unwrap().rules.push((rule.clone(), tags));
        self.check();
        rule
    }

    /// What AWS never has: two rules of a listener with one priority.
    fn check(&self) {
        for view in self.aws.values() {
            let mut all: Vec<i32> = view.rules.iter().filter_map(|(rule, _)| rule.priority).collect();
            all.sort_unstable();
            assert!(all.windows(2).all(|two| two[0] != two[1]), "a priority twice: {all:?}");
        }
    }

    /// Somebody makes a rule on the shared listener.
    pub fn foreign(&mut self, priority: i32, matching: Value, tags: Tags) -> Rule {
        let conditions = whole(&serde_json::from_value(matching).unwrap());
        let actions = vec![Action::forward_to("tg-foreign")];
        self.create(NewRule { listener_arn: shared(), priority, conditions, actions, transforms: [].into(), tags })
    }

    pub fn rule(&mut self, arn: &str) -> (&mut Rule, &mut Tags) {
        let found = self.aws.values_mut().flat_map(|view| &mut view.rules).find(|(rule, _)| rule.arn == arn);
        let (rule, tags) = found.unwrap();
        (rule, tags)
    }

    /// The rules of the declaration on a listener, by priority.
    pub fn ours_on(&self, listener: &str) -> Vec<(Rule, Tags)> {
        let owner = self.owner();
        let there = self.aws.get(listener).into_iter().flat_map(|view| &view.rules);
        let mut all: Vec<_> = there.filter(|(_, tags)| judged_ours(tags, &owner)).cloned().collect();
        all.sort_by_key(|(rule, _)| rule.priority);
        all
    }

    /// The only rule of the declaration.
    pub fn only(&self) -> Rule {
        match self.ours_on(&shared()).as_slice() {
            [(rule, _)] => rule.clone(),
            other => panic!("one rule was expected, not {other:?}"),
        }
    }

    /// Everything that is not ours, as it stands.
    pub fn foreigners(&self) -> Vec<(Rule, Tags)> {
        let owner = self.owner();
        self.aws.values().flat_map(|view| &view.rules).filter(|(_, tags)| !judged_ours(tags, &owner)).cloned().collect()
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
}
