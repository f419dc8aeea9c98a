//! What is wanted of a service, or why that cannot be said. Pure.

use super::canonical::canonical;
use super::child::{self, Child, Template};
use super::difference::{nested, rollout_hash};
use super::exposure::{self, Exposures};
use super::{Desired, Refs};
use crate::api::shared::{Adoption, DeletionPolicy, DriftPolicy, ManagementPolicy, annotation};
use crate::api::{EcsService, EcsTaskDefinition, NOT_OBSERVED};
use crate::domain::ServiceKey;
use crate::domain::json::{sha256, text};
use crate::domain::owner::Owner;
use crate::engine::Stop;
use crate::engine::conditions::{self, Type};
use crate::engine::ctx::Site;
use kube::ResourceExt;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// How long a rollout may take before it is reported as stalled, in seconds, when nothing is said.
const DEFAULT_DEADLINE: i32 = 1800;

/// Members of the spec that are ours and not AWS's.
const OURS: [&str; 11] = [
    "connectionRef",
    "taskDefinitionRef",
    "taskDefinitionTemplate",
    "revisionHistoryLimit",
    "managementPolicy",
    "adoption",
    "deletionPolicy",
    "driftPolicy",
    "takeOverFrom",
    "progressDeadlineSeconds",
    "expose",
];

/// A service that is to be there.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a wish of its own")]
pub struct Present {
    /// Where it stands in ECS.
    pub key: ServiceKey,
    /// Whose it is.
    pub owner: Owner,
    /// An installation whose services are ours too.
    pub inherits: Option<String>,
    /// Members of `CreateService` as declared, references resolved, without tags and token.
    pub declared: Value,
    /// Tags of the declaration.
    pub tags: BTreeMap<String, String>,
    /// The task definition to run, or why it is not known yet.
    pub task_definition: Result<String, Stop>,
    /// What is to become of the task definition that belongs to this service alone.
    pub template: Template,
    /// What it exposes.
    pub exposures: Exposures,
    /// Hash of all that is declared.
    pub hash: String,
    /// Hash of what a rollout is made of.
    pub rollout_hash: String,
    /// The deployment controller: `ECS`, `CODE_DEPLOY` or `EXTERNAL`.
    pub controller: String,
    /// Whether one task runs on each instance.
    pub daemon: bool,
    /// How much is managed.
    pub management: ManagementPolicy,
    /// Whether an existing service that differs is overwritten on adoption.
    pub overwrite: bool,
    /// Whether a difference that somebody else made is only reported.
    pub only_report: bool,
    /// Whether nothing may be written.
    pub paused: bool,
    /// The value of the annotation that asks for a restart.
    pub restarted_at: Option<String>,
    /// The value of the annotation that asks to look at AWS now.
    pub look_at: Option<String>,
    /// Seconds after which a rollout is reported as stalled.
    pub progress_deadline: i32,
}

/// A service whose object is being deleted.
#[derive(Clone, Debug, PartialEq)]
pub struct Absent {
    /// Where it stands in ECS.
    pub key: ServiceKey,
    /// Whose it was.
    pub owner: Owner,
    /// An installation whose services are ours too.
    pub inherits: Option<String>,
    /// Whether AWS's service stays.
    pub keep: bool,
    /// Whether nothing was ever written and nothing will be.
    pub only_observed: bool,
    /// Whether nothing may be written.
    pub paused: bool,
    /// The objects that belong to this service alone, in the order in which they may go.
    pub children: Vec<Child>,
}

/// What is wanted.
///
/// # Errors
/// [`Stop::Invalid`] with what to change, or [`Stop::Waiting`] when an older object claims the same service.
pub fn desired(object: &EcsService, refs: &Refs, site: &Site) -> Result<Desired, Stop> {
    let spec = &object.spec;
    let owner = owner_of(object, site);
    let management = spec.management_policy.clone().unwrap_or(ManagementPolicy::Full);
    let paused = object.annotations().get(annotation::PAUSED).is_some_and(|value| value == "true");
    if object.metadata.deletion_timestamp.is_some() {
        let adopted = object.status.as_ref().is_some_and(|status| status.adopted);
        let keep = spec.deletion_policy.clone().map_or(adopted, |policy| policy == DeletionPolicy::Retain);
        return Ok(Desired::Absent(Box::new(Absent {
            key: key_of(object),
            owner,
            inherits: spec.take_over_from.clone(),
            keep,
            only_observed: management == ManagementPolicy::Observe,
            paused,
            children: child::all_of(object, refs),
        })));
    }
    check(object, refs)?;
    let task_definition = task_definition(object, refs);
    let exposures = exposure::wanted(object, refs)?;
    let declared = declared(object, task_definition.as_deref().ok(), &exposures)?;
    let restarted_at = object.annotations().get(annotation::RESTARTED_AT).cloned();
    let tags: BTreeMap<String, String> =
        spec.tags.iter().flatten().map(|tag| (tag.key.clone(), tag.value.clone().unwrap_or_default())).collect();
    let controller = declared.pointer("/deploymentController/type").and_then(Value::as_str).unwrap_or("ECS").to_owned();
    let daemon = declared["schedulingStrategy"] == "DAEMON";
    Ok(Desired::Present(Box::new(Present {
        key: key_of(object),
        owner,
        inherits: spec.take_over_from.clone(),
        hash: declaration_hash(&declared, &tags),
        rollout_hash: rollout_hash(&declared, restarted_at.as_deref()),
        declared,
        tags,
        task_definition,
        template: child::wanted(object, refs),
        exposures,
        controller,
        daemon,
        overwrite: spec.adoption == Some(Adoption::Overwrite),
        only_report: spec.drift_policy == Some(DriftPolicy::Report),
        management,
        paused,
        restarted_at,
        look_at: object.annotations().get(annotation::RECONCILE_AT).cloned(),
        progress_deadline: spec.progress_deadline_seconds.unwrap_or(DEFAULT_DEADLINE),
    })))
}

/// Which members are declared counts beside what they mean: spelling out a default is an edit, if the service has another value.
fn declaration_hash(declared: &Value, tags: &BTreeMap<String, String>) -> String {
    let mut paths: Vec<String> = nested("", declared).into_iter().map(|(path, _)| path).collect();
    paths.sort();
    paths.dedup();
    sha256(&format!("{}{}{}", text(&canonical(declared)), text(&json!(tags)), paths.join("\n")))
}

/// Where the service stands in ECS.
pub fn key_of(object: &EcsService) -> ServiceKey {
    let name = object.spec.service_name.clone().unwrap_or_else(|| object.name_any());
    ServiceKey::new(&object.spec.cluster, &name)
}

fn owner_of(object: &EcsService, site: &Site) -> Owner {
    Owner {
        installation: site.installation.clone(),
        kind: "EcsService".to_owned(),
        namespace: object.namespace().unwrap_or_default(),
        name: object.name_any(),
        uid: object.uid().unwrap_or_default(),
    }
}

/// What needs other objects or the past, and so cannot be a rule of the schema.
fn check(object: &EcsService, refs: &Refs) -> Result<(), Stop> {
    let key = key_of(object);
    if let Some(holder) = &refs.older_claim {
        return Err(Stop::waiting(
            "Conflict",
            format!(
                "service {} in cluster {} is claimed by the older EcsService {holder}; give this object another serviceName or delete one of the two",
                key.name, key.cluster
            ),
        ));
    }
    let network_mode = refs.network_mode.as_deref().unwrap_or_default();
    let has_network = object.spec.network_configuration.is_some();
    if network_mode == "awsvpc" && !has_network {
        return Err(Stop::invalid(
            "NetworkConfigurationMissing",
            "the task definition has networkMode awsvpc; set networkConfiguration.awsvpcConfiguration.subnets",
        ));
    }
    if has_network && refs.network_mode.is_some() && network_mode != "awsvpc" {
        return Err(Stop::invalid(
            "NetworkConfigurationNotAllowed",
            "networkConfiguration is only for task definitions with networkMode awsvpc; remove it or set that mode",
        ));
    }
    Ok(())
}

/// The ARN or name to run, if the object that it comes from is ready to be run.
fn task_definition(object: &EcsService, refs: &Refs) -> Result<String, Stop> {
    if let Some(written) = &object.spec.task_definition {
        return Ok(written.clone());
    }
    if let Some(stop) = &refs.ungranted {
        return Err(stop.clone());
    }
    let (kind, name) = match (&object.spec.task_definition_ref, &object.spec.task_definition_template) {
        (Some(reference), _) => {
            let other = reference.namespace.as_ref().filter(|namespace| Some(*namespace) != object.namespace().as_ref());
            let name = other.map_or_else(|| reference.name.clone(), |other| format!("{other}/{}", reference.name));
            ("taskDefinitionRef", name)
        }
        (None, Some(_)) => ("taskDefinitionTemplate", object.name_any()),
        (None, None) => return Ok(String::new()),
    };
    let Some(found) = &refs.task_definition else {
        return Err(Stop::waiting(
            "TaskDefinitionNotFound",
            format!("{kind} needs EcsTaskDefinition {name}, which is not there"),
        ));
    };
    if kind == "taskDefinitionTemplate" && !child::owned_by(found, object) && found.metadata.deletion_timestamp.is_none() {
        return Err(Stop::waiting(
            "Conflict",
            format!(
                "EcsTaskDefinition {name} was not made from this service's taskDefinitionTemplate; rename one of the two, or refer to it by taskDefinitionRef"
            ),
        ));
    }
    ready_arn(found)
}

/// Only a revision that stands for the newest generation is run, so that one edit of both is one rollout.
fn ready_arn(found: &EcsTaskDefinition) -> Result<String, Stop> {
    let name = found.name_any();
    let not_yet = |why: &str| Stop::waiting("TaskDefinitionNotReady", format!("EcsTaskDefinition {name}: {why}"));
    let Some(status) = &found.status else { return Err(not_yet("not registered yet")) };
    if found.metadata.deletion_timestamp.is_some() {
        return Err(not_yet("it is being deleted"));
    }
    if status.observed_generation != found.metadata.generation {
        let is_new = status.observed_generation.is_none_or(|observed| observed == NOT_OBSERVED);
        return Err(not_yet(if is_new { "not registered yet" } else { "the newest edit is not registered yet" }));
    }
    if let (Some(arn), true) = (&status.task_definition_arn, conditions::is_true(&status.conditions, Type::Ready)) {
        return Ok(arn.clone());
    }
    let ready = status.conditions.iter().find(|condition| condition.type_ == "Ready");
    let why = ready.map_or("not registered yet", |condition| condition.message.as_str());
    // It will not become ready by itself, so the service will not either. Whoever watches only the service has to be told.
    if conditions::is_true(&status.conditions, Type::Stalled) {
        return Err(Stop::invalid("TaskDefinitionNotReady", format!("EcsTaskDefinition {name}: {why}")));
    }
    Err(not_yet(why))
}

fn declared(object: &EcsService, task_definition: Option<&str>, exposures: &Exposures) -> Result<Value, Stop> {
    let mut declared = serde_json::to_value(&object.spec)
        .map_err(|error| Stop::invalid("InvalidSpec", format!("the spec cannot be written as JSON: {error}")))?;
    if let Some(members) = declared.as_object_mut() {
        members.retain(|key, _| key != "tags" && !OURS.contains(&key.as_str()));
        members.insert("serviceName".to_owned(), json!(key_of(object).name));
        if let Some(arn) = task_definition.filter(|arn| !arn.is_empty()) {
            members.insert("taskDefinition".to_owned(), json!(arn));
        }
        let exposed = exposures.load_balancers();
        if !exposed.is_empty() {
            let raw = members.remove("loadBalancers").and_then(|raw| raw.as_array().cloned()).unwrap_or_default();
            members.insert("loadBalancers".to_owned(), raw.into_iter().chain(exposed).collect());
        }
        // It is the number of instances, whoever wrote it into the spec.
        if members.get("schedulingStrategy").is_some_and(|strategy| strategy == "DAEMON") {
            members.remove("desiredCount");
        }
    }
    Ok(declared)
}
