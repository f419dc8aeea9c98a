//! Reads from AWS what is to be written as objects.

use super::names::Names;
use super::object::{Imported, NotWritten};
use super::service::{Runs, service};
use super::task_definition::task_definition;
use super::{Options, service as of_service, task_definition as of_task_definition};
use crate::aws::error::Kind;
use crate::aws::{AwsError, Connection, Ecs, LiveService, ServiceState, TaskDefinition};
use crate::domain::pattern::{Case, pattern_covers};
use crate::domain::{Revision, short_name};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// How many services, and how many records of their history, one call describes.
const SERVICES_PER_CALL: usize = 10;
const HISTORY_PER_CALL: usize = 20;
/// Members of a service that only its revision shows.
const UNSEEN: [&str; 2] = ["monitoring", "gatewayConnectors"];

/// Why something was not imported.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ImportError {
    /// AWS answered with an error.
    #[error("{said}; {advice}", said = .0.to_string().trim_end_matches('.'), advice = advice(.0))]
    Aws(#[from] AwsError),
    /// It is not there, or cannot be written.
    #[error("{0}")]
    Sentence(String),
}

fn advice(error: &AwsError) -> String {
    match error.kind {
        Kind::Credentials => "sign in, and set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY".to_owned(),
        Kind::NotFound => "correct the name, AWS_REGION and the account".to_owned(),
        Kind::Throttled | Kind::NotReady | Kind::Unavailable | Kind::Unknown => "try again".to_owned(),
        Kind::Denied | Kind::Invalid | Kind::Conflict | Kind::Quota => error.advice(),
    }
}

/// What was read, and why some of it was not.
#[derive(Debug, Default)]
pub struct Found {
    /// The objects, in the order in which they can be applied.
    pub objects: Vec<Imported>,
    /// What could not be imported, a sentence each.
    pub failures: Vec<ImportError>,
}

/// Reads one account and region.
#[derive(Debug)]
pub struct Reading<'a> {
    pub(super) connection: &'a Connection,
    pub(super) options: &'a Options,
    pub(super) names: Names,
    pub(super) found: Found,
    families: BTreeMap<String, Family>,
}

/// A family that services run.
#[derive(Clone, Debug)]
struct Family {
    newest: Option<TaskDefinition>,
    /// Name of the object that stands for it, once it is written.
    object: Option<String>,
}

impl<'a> Reading<'a> {
    /// Nothing is read yet.
    pub fn new(connection: &'a Connection, options: &'a Options) -> Self {
        Self { connection, options, names: Names::default(), found: Found::default(), families: BTreeMap::new() }
    }

    /// What was read.
    pub fn end(self) -> Found {
        self.found
    }

    fn ecs(&self) -> &'a Ecs {
        &self.connection.ecs
    }

    /// The services of a cluster whose names a pattern takes, with what they bring along.
    ///
    /// # Errors
    /// Those of AWS, and when there is none. What concerns one service is among the failures.
    pub async fn services(&mut self, cluster: &str, pattern: &str) -> Result<(), ImportError> {
        let named = if pattern.contains(['*', '?']) {
            let all = self.ecs().list_services(cluster).await?;
            let names = all.iter().map(|arn| short_name(arn).to_owned());
            let mut names: Vec<String> = names.filter(|name| pattern_covers(pattern, name, Case::Counts)).collect();
            names.sort();
            if all.is_empty() {
                let sentence = format!("cluster {cluster} has no services; correct the cluster or AWS_REGION");
                return Err(ImportError::Sentence(sentence));
            }
            if names.is_empty() {
                return Err(ImportError::Sentence(format!(
                    "none of the {} services of cluster {cluster} is named {pattern}; correct the pattern, the cluster or AWS_REGION",
                    all.len()
                )));
            }
            names
        } else {
            vec![pattern.to_owned()]
        };
        let mut live = Vec::new();
        for names in named.chunks(SERVICES_PER_CALL) {
            let described = self.ecs().describe_services(cluster, names).await?;
            let sentence =
                |name| format!("there is no service {name} in cluster {cluster}; correct the name, the cluster or AWS_REGION");
            self.found.failures.extend(described.missing.into_iter().map(|name| ImportError::Sentence(sentence(name))));
            self.found.failures.extend(described.failed.into_iter().map(|(_, error)| ImportError::Aws(error)));
            live.extend(described.found);
        }
        live.sort_by(|a, b| a.name.cmp(&b.name));
        let unseen = self.unseen(&live).await;
        for live in live {
            let unseen = live.current_service_deployment.as_ref().and_then(|arn| unseen.get(arn)).cloned().unwrap_or_default();
            if let Err(error) = self.one_service(&live, &unseen).await {
                self.found.failures.push(error);
            }
        }
        Ok(())
    }

    async fn one_service(&mut self, live: &LiveService, unseen: &Value) -> Result<(), ImportError> {
        if matches!(live.status, ServiceState::Draining | ServiceState::Inactive) {
            return Err(ImportError::Sentence(format!("service {} was deleted: there is nothing to import", live.name)));
        }
        if self.options.with_target_groups {
            for arn in target_groups(&live.fields) {
                self.target_group(&arn).await?;
            }
        }
        let runs = self.runs(live).await?;
        let name = self.names.of(of_service::KIND, &live.name);
        self.keep(service(live, &name, runs, unseen, self.options))
    }

    pub(super) fn keep(&mut self, written: Result<Imported, NotWritten>) -> Result<(), ImportError> {
        self.found.objects.push(written.map_err(|why| ImportError::Sentence(why.to_string()))?);
        Ok(())
    }

    /// The object that a service refers to, written where it was not yet; or why the revision is named.
    async fn runs(&mut self, live: &LiveService) -> Result<Runs, ImportError> {
        let Ok(revision) = live.task_definition.parse::<Revision>() else { return Ok(Runs::Revision(None)) };
        if !self.options.with_task_definition {
            return Ok(Runs::Revision(None));
        }
        let family = self.family(&revision.family).await?;
        let Some(newest) = family.newest.filter(|newest| newest.arn == live.task_definition) else {
            return Ok(Runs::Revision(Some(format!(
                "{} runs, which is not the newest ACTIVE revision of its family: an EcsTaskDefinition would stand for another one, so the revision is named",
                short_name(&live.task_definition)
            ))));
        };
        if let Some(name) = family.object {
            return Ok(Runs::Object(name));
        }
        let name = self.names.of(of_task_definition::KIND, &newest.family);
        self.keep(task_definition(&newest, &name, Some(&newest), self.options))?;
        if let Some(known) = self.families.get_mut(&revision.family) {
            known.object = Some(name.clone());
        }
        Ok(Runs::Object(name))
    }

    async fn family(&mut self, name: &str) -> Result<Family, ImportError> {
        if let Some(known) = self.families.get(name) {
            return Ok(known.clone());
        }
        let family = Family { newest: self.ecs().describe_task_definition(name).await?, object: None };
        self.families.insert(name.to_owned(), family.clone());
        Ok(family)
    }

    /// A revision by `family:revision` or ARN, or the newest ACTIVE one of a family.
    ///
    /// # Errors
    /// Those of AWS, and when it is not there.
    pub async fn task_definition(&mut self, named: &str) -> Result<(), ImportError> {
        let Some(live) = self.ecs().describe_task_definition(named).await? else {
            return Err(ImportError::Sentence(format!(
                "there is no task definition {named}; correct the family, the number or AWS_REGION"
            )));
        };
        let newest = self.family(&live.family).await?.newest;
        let name = self.names.of(of_task_definition::KIND, &live.family);
        self.keep(task_definition(&live, &name, newest.as_ref(), self.options))
    }

    /// What only the revisions of services show, by the deployment that made them. Who may not read them goes without.
    async fn unseen(&self, services: &[LiveService]) -> BTreeMap<String, Value> {
        let deployments: Vec<String> = services.iter().filter_map(|live| live.current_service_deployment.clone()).collect();
        let mut all = BTreeMap::new();
        for arns in deployments.chunks(HISTORY_PER_CALL) {
            let Ok(described) = self.ecs().describe_service_deployments(arns).await else { continue };
            let targets: Vec<String> = described.iter().filter_map(|it| it.target_revision.clone()).collect();
            if targets.is_empty() {
                continue;
            }
            let Ok(revisions) = self.ecs().describe_service_revisions(&targets).await else { continue };
            for deployment in described {
                let target = deployment.target_revision.as_ref();
                let revision = revisions.iter().find(|revision| Some(&revision.arn) == target);
                let shown = |name: &str| Some((name.to_owned(), revision?.fields.get(name)?.clone()));
                let members: Map<String, Value> = UNSEEN.into_iter().filter_map(shown).collect();
                all.insert(deployment.arn, Value::Object(members));
            }
        }
        all
    }
}

/// Every target group that a service registers its tasks in.
fn target_groups(fields: &Value) -> Vec<String> {
    let mut all = Vec::new();
    for balancer in fields["loadBalancers"].as_array().into_iter().flatten() {
        let alternate = balancer.pointer("/advancedConfiguration/alternateTargetGroupArn");
        for arn in balancer.get("targetGroupArn").into_iter().chain(alternate).filter_map(Value::as_str) {
            if !all.iter().any(|known| known == arn) {
                all.push(arn.to_owned());
            }
        }
    }
    all
}
