//! Declarations that read as prose, a model of ECS for revisions, and passes over both.

use super::site;
use crate::api::{EcsTaskDefinition, EcsTaskDefinitionStatus};
use crate::aws::{AwsError, Kind, TaskDefinition};
use crate::domain::owner::{HASH, OWNER_KEYS};
use crate::engine::next::Next;
use crate::engine::noted::Drifted;
use crate::engine::{Managed, Pass, Plan, Stop};
use crate::kinds::task_definition::desired::{Present, desired};
use crate::kinds::task_definition::observed::Observed;
use crate::kinds::task_definition::{Desired, Done, EcsTaskDefinitionKind, Refs, Step, plan, status};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// A family as somebody declares it, with what ECS has of it and what status says.
#[derive(Clone, Debug)]
pub struct Family {
    pub spec: Value,
    pub annotations: BTreeMap<String, String>,
    pub is_deleted: bool,
    pub refs: Refs,
    pub status: EcsTaskDefinitionStatus,
    /// Every revision that was ever registered, oldest first.
    pub aws: Vec<TaskDefinition>,
    /// Numbers of revisions of which tasks run.
    pub running: BTreeSet<i32>,
    /// Every write so far.
    pub sent: Vec<Step>,
    /// What became of what somebody else had changed, so far.
    pub drifts: Vec<Drifted>,
}

/// The family `web` with one container of that image.
pub fn family(image: &str) -> Family {
    Family {
        spec: json!({"containerDefinitions": [{"name": "app", "image": image}]}),
        annotations: BTreeMap::new(),
        is_deleted: false,
        refs: Refs::default(),
        status: EcsTaskDefinitionStatus::default(),
        aws: Vec::new(),
        running: BTreeSet::new(),
        sent: Vec::new(),
        drifts: Vec::new(),
    }
}

impl Family {
    pub fn with(mut self, field: &str, value: Value) -> Self {
        self.spec[field] = value;
        self
    }

    /// The same family, declared with another image.
    pub fn edited(&mut self, image: &str) -> &mut Self {
        self.spec["containerDefinitions"][0]["image"] = json!(image);
        self
    }

    pub fn tagged(&mut self, tags: &[(&str, &str)]) -> &mut Self {
        self.spec["tags"] = tags.iter().map(|(key, value)| json!({"key": key, "value": value})).collect();
        self
    }

    pub fn object(&self) -> EcsTaskDefinition {
        EcsTaskDefinition {
            metadata: ObjectMeta {
                name: Some("web".to_owned()),
                namespace: Some("shop".to_owned()),
                uid: Some("uid-of-web".to_owned()),
                generation: Some(1),
                annotations: Some(self.annotations.clone()),
                deletion_timestamp: self.is_deleted.then_some(Time(Timestamp::UNIX_EPOCH)),
                ..ObjectMeta::default()
            },
            spec: serde_json::from_value(self.spec.clone()).unwrap(),
            status: Some(self.status.clone()),
        }
    }

    pub fn desired(&self) -> Result<Desired, Stop> {
        desired(&self.object(), &self.refs, &site())
    }

    pub fn present(&self) -> Present {
        match self.desired() {
            Ok(Desired::Present(want)) => *want,
            other => panic!("a family was expected, not {other:?}"),
        }
    }

    fn active(&self) -> impl DoubleEndedIterator<Item = &TaskDefinition> {
        self.aws.iter().filter(|one| one.active)
    }

    /// Numbers of the ACTIVE revisions.
    pub fn numbers(&self) -> Vec<i32> {
        self.active().map(|one| one.revision).collect()
    }

    /// Nothing is read of AWS, as for a settled family.
    pub fn unread(&self) -> Observed {
        Observed { memory: self.status.clone(), running: Some(self.running.clone()), ..Observed::default() }
    }

    /// The ACTIVE revisions are listed and described.
    pub fn searched(&self) -> Observed {
        Observed {
            latest: self.active().next_back().cloned(),
            looked_at: self.active().rev().cloned().collect(),
            active: Some(self.numbers()),
            ..self.unread()
        }
    }

    /// As the reads decide: a search after a crash or when other rules made the hash, the newest one for `Observe` and `Adopt`.
    pub fn seen(&self) -> Observed {
        let other_rules = self.status.hash.as_ref().is_some_and(|hash| !hash.starts_with("v1:"));
        match self.spec["managementPolicy"].as_str() {
            Some("Observe" | "Adopt") => {
                let latest = self.active().next_back().cloned();
                Observed { looked_at: latest.iter().cloned().collect(), latest, ..self.unread() }
            }
            _ if self.status.pending.is_some() || other_rules || self.is_refused() => self.searched(),
            _ => self.unread(),
        }
    }

    /// Whether ECS refused the revision to a service.
    fn is_refused(&self) -> bool {
        self.status.revision.is_some_and(|revision| self.refs.refused.contains(&revision))
    }

    /// What would be done.
    pub fn plan(&self) -> Plan<Step> {
        self.desired().map_or_else(Plan::Refuse, |want| plan::plan(&want, &self.seen()))
    }

    /// One pass, as the loop makes it.
    pub fn pass(&mut self) -> Plan<Step> {
        self.pass_seeing(self.seen())
    }

    /// One pass in which the first registration is refused.
    pub fn refused(&mut self, kind: Kind) {
        let want = self.desired().unwrap();
        self.status = status::promise(&self.status, &want, &Step::Register, &site());
        let refusal = AwsError {
            operation: "RegisterTaskDefinition",
            kind,
            code: None,
            message: "no".to_owned(),
            retry_after: None,
            request_id: None,
            is_write: true,
        };
        self.end(&Pass { want: Some(want), seen: Some(self.seen()), done: Vec::new(), end: Err(Stop::Aws(refusal)) });
    }

    pub fn pass_seeing(&mut self, seen: Observed) -> Plan<Step> {
        let want = self.desired();
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
                    done.push(self.act(step));
                    self.sent.push(step.clone());
                }
                Ok(Next::Acted)
            }
        };
        self.end(&Pass { want: want.ok(), seen: Some(seen), done, end });
        plan
    }

    fn end(&mut self, pass: &Pass<EcsTaskDefinitionKind>) {
        let after = EcsTaskDefinitionKind::status(&self.object(), pass, Some(&site()), Timestamp::UNIX_EPOCH);
        self.drifts.extend(EcsTaskDefinitionKind::noted(&self.status, &after, pass, Timestamp::UNIX_EPOCH).drift);
        self.status = after;
    }

    /// Somebody, or we, register a revision.
    pub fn register(&mut self, fields: Value, tags: BTreeMap<String, String>) -> i32 {
        let revision = self.aws.last().map_or(1, |last| last.revision + 1);
        self.aws.push(TaskDefinition {
            arn: arn(revision),
            family: "web".to_owned(),
            revision,
            active: true,
            registered_at: None,
            fields,
            tags,
        });
        revision
    }

    /// The process dies after the registration and before status is written.
    pub fn crash_while_registering(&mut self) {
        let want = self.desired().unwrap();
        let promised = status::promise(&self.status, &want, &Step::Register, &site());
        self.pass();
        self.status = promised;
    }

    fn act(&mut self, step: &Step) -> Done {
        let current = |revision: i32, want: &Present| Done::Current {
            arn: arn(revision),
            revision,
            hash: want.hash.clone(),
            tags: want.tags.clone(),
            registered_at: None,
            foreign: None,
        };
        match step {
            Step::Register => {
                let want = self.present();
                let mut tags = want.owner.tags();
                tags.insert(HASH.to_owned(), want.hash.clone());
                tags.extend(want.tags.clone());
                current(self.register(want.input.clone(), tags), &want)
            }
            Step::Claim { revision } => {
                let want = self.present();
                let mut tags = want.owner.tags();
                tags.insert(HASH.to_owned(), want.hash.clone());
                self.at(*revision).tags.extend(tags);
                current(*revision, &want)
            }
            Step::Select { revision } => current(*revision, &self.present()),
            Step::Tag { revision, tags } => {
                self.at(*revision).tags.extend(tags.clone());
                Done::Tagged { tags: tags.clone() }
            }
            Step::Untag { revision, keys } => {
                self.at(*revision).tags.retain(|key, _| !keys.contains(key));
                Done::Untagged { keys: keys.clone() }
            }
            Step::Deregister { revision } => {
                self.at(*revision).active = false;
                Done::Released { revision: *revision }
            }
            Step::Disown { revision } => {
                self.at(*revision).tags.retain(|key, _| !OWNER_KEYS.contains(&key.as_str()) && key != HASH);
                Done::Released { revision: *revision }
            }
        }
    }

    pub fn at(&mut self, revision: i32) -> &mut TaskDefinition {
        self.aws.iter_mut().find(|one| one.revision == revision).unwrap()
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

fn arn(revision: i32) -> String {
    format!("arn:aws:ecs:eu-central-1:111122223333:task-definition/web:{revision}")
}
