//! A service as an `EcsService`. Pure.

use super::object::{Imported, NotWritten, not_expressed, shaped, tags};
use super::prune::without_what_is_understood;
use super::{Options, Policy};
use crate::api::shared::Drift;
use crate::api::{EcsService, EcsServiceSpec};
use crate::aws::LiveService;
use crate::domain::json::is_empty;
use crate::domain::short_name;
use crate::kinds::service::difference::{Sides, changes};
use crate::kinds::service::meaning::meaning;
use serde_json::{Map, Value, json};

pub(super) const KIND: &str = "EcsService";
/// What belongs to task sets where somebody else deploys.
const OF_TASK_SETS: [&str; 7] = [
    "taskDefinition",
    "launchType",
    "platformVersion",
    "networkConfiguration",
    "loadBalancers",
    "serviceRegistries",
    "capacityProviderStrategy",
];

/// What the service is said to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Runs {
    /// An `EcsTaskDefinition` of that name, which stands for the revision.
    Object(String),
    /// The revision itself, and why, where that is worth a word.
    Revision(Option<String>),
}

/// The object that stands for a live service. `unseen`: what its revision shows and no description of it does.
///
/// # Errors
/// When ECS keeps the service itself, or it has something that no field can hold.
pub fn service(live: &LiveService, name: &str, runs: Runs, unseen: &Value, options: &Options) -> Result<Imported, NotWritten> {
    let refuse = |why: String| NotWritten { kind: KIND, arn: live.arn.clone(), why };
    if live.managed_by_ecs {
        return Err(refuse("it is an Express service, which ECS keeps itself".to_owned()));
    }
    let mut notes = Vec::new();
    let whole = declared(live, name, &runs, options, &mut notes);
    let meant = meaning(&whole);
    let is_a_spec = |candidate: &Value| serde_json::from_value::<EcsServiceSpec>(candidate.clone()).is_ok();
    let spec = without_what_is_understood(whole, |candidate| meaning(candidate) == meant && is_a_spec(candidate));
    let (spec, no_field) = shaped::<EcsServiceSpec>(&spec).map_err(|e| refuse(e.to_string()))?;
    notes.extend(not_expressed(KIND, &no_field));
    notes.extend(not_shown(unseen));
    for drift in differing(live, &spec).map_err(|e| refuse(e.to_string()))? {
        notes.push(format!("{} cannot be written so that it agrees: make it agree before adoption", drift.field));
    }
    if let Runs::Revision(Some(why)) = runs {
        notes.push(why);
    }
    let mut object = EcsService::new(name, spec);
    object.metadata.namespace.clone_from(&options.namespace);
    Imported::new(KIND, &object, &live.arn, notes)
}

/// All that the service has, in the names of the spec.
fn declared(live: &LiveService, name: &str, runs: &Runs, options: &Options, notes: &mut Vec<String>) -> Value {
    let mut all = live.fields.as_object().cloned().unwrap_or_default();
    all.insert("cluster".to_owned(), json!(short_name(&live.cluster_arn)));
    all.insert("serviceName".to_owned(), json!(live.name));
    if live.name == name {
        all.remove("serviceName");
    }
    match runs {
        Runs::Object(name) => {
            all.remove("taskDefinition");
            all.insert("taskDefinitionRef".to_owned(), json!({"name": name}));
        }
        Runs::Revision(_) => {
            all.insert("taskDefinition".to_owned(), json!(short_name(&live.task_definition)));
        }
    }
    if all.get("role").and_then(Value::as_str).is_some_and(is_service_linked) {
        all.remove("role");
    }
    if !options.with_desired_count || all.get("schedulingStrategy").is_some_and(|strategy| strategy == "DAEMON") {
        all.remove("desiredCount");
    }
    if all.get("deploymentController").is_some_and(|controller| controller["type"] == "EXTERNAL") {
        without_task_sets(&mut all, notes);
    }
    let (list, about_tags) = tags(&live.tags);
    notes.extend(about_tags);
    all.extend(list.map(|list| ("tags".to_owned(), list)));
    all.insert("managementPolicy".to_owned(), json!(options.policy.word()));
    Value::Object(all)
}

/// The role that ECS makes for itself: what an unset role means.
fn is_service_linked(role: &str) -> bool {
    role.contains(":role/aws-service-role/ecs.amazonaws.com/")
}

fn without_task_sets(all: &mut Map<String, Value>, notes: &mut Vec<String>) {
    for member in OF_TASK_SETS {
        let taken = all.remove(member);
        if taken.is_some_and(|value| !is_empty(&value) && value != "") {
            notes.push(format!(
                "{member} is left out: with deploymentController EXTERNAL it belongs to task sets, which stay as they are"
            ));
        }
    }
    all.remove("taskDefinitionRef");
}

/// Members that DescribeServices never shows. They cannot be compared, so declaring them would send them once.
fn not_shown(unseen: &Value) -> Vec<String> {
    let members = unseen.as_object().into_iter().flatten().filter(|(_, value)| !is_empty(value));
    members
        .map(|(name, value)| {
            format!(
                "{name} is left out and stays as it is: ECS shows it on a revision only, so that it cannot be compared; declared, it is sent once: {value}"
            )
        })
        .collect()
}

/// What the operator would find to differ, by its own rules.
fn differing(live: &LiveService, spec: &EcsServiceSpec) -> Result<Vec<Drift>, serde_json::Error> {
    let mut declared = serde_json::to_value(spec)?;
    if spec.task_definition_ref.is_some() {
        declared["taskDefinition"] = json!(live.task_definition);
    }
    let controller = live.fields.pointer("/deploymentController/type").and_then(Value::as_str).unwrap_or("ECS").to_owned();
    let sides = Sides {
        declared: &declared,
        live: &live.fields,
        applied: &[],
        daemon: declared["schedulingStrategy"] == "DAEMON",
        controller: &controller,
        is_edited: false,
    };
    Ok(changes(sides).into_iter().flat_map(|change| change.drift).collect())
}

impl Policy {
    /// The word of `managementPolicy`.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Observe => "Observe",
            Self::Adopt => "Adopt",
        }
    }
}
