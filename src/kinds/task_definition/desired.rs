//! What is wanted of a task definition family, or why that cannot be said. Pure.

use super::canonical::{canonical, cpu_units, hash, memory_mib};
use super::{Desired, Refs};
use crate::api::EcsTaskDefinition;
use crate::api::shared::{Adoption, DeletionPolicy, DriftPolicy, ManagementPolicy, annotation};
use crate::domain::owner::Owner;
use crate::engine::Stop;
use crate::engine::ctx::Site;
use kube::ResourceExt;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Revisions of this family that stay ACTIVE beside the current one when nothing is said.
const DEFAULT_HISTORY: usize = 10;
/// Largest registered definition (ECS service quotas).
const MOST_BYTES: usize = 64 * 1024;

/// Members of the spec that are ours and not AWS's.
const OURS: [&str; 6] =
    ["revisionHistoryLimit", "connectionRef", "deletionPolicy", "managementPolicy", "adoption", "driftPolicy"];

/// A family that is to be there.
#[derive(Clone, Debug, PartialEq)]
pub struct Present {
    /// Name of the family.
    pub family: String,
    /// Members of `RegisterTaskDefinition` as declared, without the tags.
    pub input: Value,
    /// The same in canonical form.
    pub canonical: Value,
    /// Hash of the canonical form.
    pub hash: String,
    /// Tags of the declaration.
    pub tags: BTreeMap<String, String>,
    /// Whose it is.
    pub owner: Owner,
    /// How many older revisions stay ACTIVE.
    pub history: usize,
    /// How much is managed.
    pub management: ManagementPolicy,
    /// Whether an existing revision that differs is overwritten on adoption.
    pub overwrite: bool,
    /// Whether nothing may be written.
    pub paused: bool,
    /// The value of the annotation that asks to look at AWS now.
    pub look_at: Option<String>,
    /// Numbers of revisions that objects here use or may go back to.
    pub in_use: BTreeSet<i32>,
    /// Numbers of revisions that ECS refused to services because somebody had deregistered them.
    pub refused: BTreeSet<i32>,
    /// Whether a revision that somebody deregistered is only told of.
    pub only_report: bool,
    /// Clusters in which tasks of the family may run.
    pub clusters: BTreeSet<String>,
}

/// A family whose object is being deleted.
#[derive(Clone, Debug, PartialEq)]
pub struct Absent {
    /// Name of the family.
    pub family: String,
    /// Whose it was.
    pub owner: Owner,
    /// Whether AWS's revisions stay.
    pub keep: bool,
    /// Whether the object never wrote to AWS and never will.
    pub only_observed: bool,
    /// Whether nothing may be written.
    pub paused: bool,
    /// Services that still use it.
    pub users: Vec<String>,
}

/// What is wanted.
///
/// # Errors
/// [`Stop::Invalid`] with what to change, or [`Stop::Waiting`] when an older object claims the same family.
pub fn desired(object: &EcsTaskDefinition, refs: &Refs, site: &Site) -> Result<Desired, Stop> {
    let family = family_of(object);
    let owner = owner_of(object, site);
    let paused = object.annotations().get(annotation::PAUSED).is_some_and(|value| value == "true");
    let management = object.spec.management_policy.clone().unwrap_or(ManagementPolicy::Full);
    if object.metadata.deletion_timestamp.is_some() {
        let adopted = management == ManagementPolicy::Adopt || object.status.as_ref().is_some_and(|status| status.adopted);
        let keep = object.spec.deletion_policy.clone().map_or(adopted, |policy| policy == DeletionPolicy::Retain);
        return Ok(Desired::Absent(Absent {
            family,
            owner,
            keep,
            only_observed: management == ManagementPolicy::Observe,
            paused,
            users: refs.users.clone(),
        }));
    }
    if let Some(holder) = &refs.older_claim {
        return Err(Stop::waiting(
            "Conflict",
            format!(
                "family {family} is claimed by the older EcsTaskDefinition {holder}; give this object another family or delete one of the two"
            ),
        ));
    }
    let input = input_of(object, &family)?;
    check(&input)?;
    let canonical = canonical(&input);
    Ok(Desired::Present(Box::new(Present {
        hash: hash(&canonical),
        canonical,
        input,
        tags: tags_of(object),
        owner,
        family,
        history: object.spec.revision_history_limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(DEFAULT_HISTORY),
        overwrite: object.spec.adoption == Some(Adoption::Overwrite),
        management,
        paused,
        look_at: object.annotations().get(annotation::RECONCILE_AT).cloned(),
        in_use: refs.in_use.clone(),
        refused: refs.refused.clone(),
        only_report: object.spec.drift_policy == Some(DriftPolicy::Report),
        clusters: refs.clusters.clone(),
    })))
}

/// Name of the family: declared, or the name of the object.
pub fn family_of(object: &EcsTaskDefinition) -> String {
    object.spec.task_definition.family.clone().unwrap_or_else(|| object.name_any())
}

fn owner_of(object: &EcsTaskDefinition, site: &Site) -> Owner {
    Owner {
        installation: site.installation.clone(),
        kind: "EcsTaskDefinition".to_owned(),
        namespace: object.namespace().unwrap_or_default(),
        name: object.name_any(),
        uid: object.uid().unwrap_or_default(),
    }
}

fn tags_of(object: &EcsTaskDefinition) -> BTreeMap<String, String> {
    let tags = object.spec.task_definition.tags.iter().flatten();
    tags.map(|tag| (tag.key.clone(), tag.value.clone().unwrap_or_default())).collect()
}

fn input_of(object: &EcsTaskDefinition, family: &str) -> Result<Value, Stop> {
    let mut input = serde_json::to_value(&object.spec)
        .map_err(|error| Stop::invalid("InvalidSpec", format!("the spec cannot be written as JSON: {error}")))?;
    if let Some(members) = input.as_object_mut() {
        members.retain(|key, _| key != "tags" && !OURS.contains(&key.as_str()));
        members.insert("family".to_owned(), Value::from(family));
    }
    for volume in input.get_mut("volumes").and_then(Value::as_array_mut).into_iter().flatten() {
        without_autoprovision(volume);
    }
    Ok(input)
}

/// AWS takes `autoprovision` only for a volume of scope `shared`, even where it says `false`.
fn without_autoprovision(volume: &mut Value) {
    let Some(docker) = volume.get_mut("dockerVolumeConfiguration").and_then(Value::as_object_mut) else { return };
    let is_shared = docker.get("scope").is_some_and(|scope| scope == "shared");
    if !is_shared && docker.get("autoprovision") == Some(&Value::Bool(false)) {
        docker.remove("autoprovision");
    }
}

/// What the schema of the kind cannot check: the forms of task sizes, and the size of the whole.
fn check(input: &Value) -> Result<(), Stop> {
    let bytes = input.to_string().len();
    if bytes > MOST_BYTES {
        return Err(Stop::invalid(
            "TooLarge",
            format!(
                "the definition has {bytes} bytes and AWS takes at most {MOST_BYTES}; move environment entries into environmentFiles or secrets"
            ),
        ));
    }
    let on_fargate = input["requiresCompatibilities"].as_array().is_some_and(|all| all.iter().any(|one| one == "FARGATE"));
    if !on_fargate {
        return Ok(());
    }
    let (cpu, memory) = (input["cpu"].as_str(), input["memory"].as_str());
    let (Some(cpu), Some(memory)) = (cpu, memory) else {
        return Err(Stop::invalid(
            "InvalidTaskSize",
            "Fargate needs cpu and memory on the task; for example cpu \"256\" and memory \"512\"",
        ));
    };
    let (Some(units), Some(mib)) = (cpu_units(cpu), memory_mib(memory)) else {
        return Err(Stop::invalid(
            "InvalidTaskSize",
            format!(
                "cpu \"{cpu}\" or memory \"{memory}\" is no task size; write units and MiB, such as \"1024\" and \"2048\", or \"1 vCPU\" and \"2 GB\""
            ),
        ));
    };
    match fargate_memory(units) {
        Some(allowed) if allowed.contains(&mib) => Ok(()),
        Some(allowed) => Err(Stop::invalid(
            "InvalidTaskSize",
            format!(
                "Fargate has no task with cpu {units} and memory {mib}; with that cpu, memory is from {} to {} MiB",
                allowed[0],
                allowed[allowed.len() - 1]
            ),
        )),
        None => Err(Stop::invalid(
            "InvalidTaskSize",
            format!("Fargate has no task with cpu {units}; it is one of 256, 512, 1024, 2048, 4096, 8192, 16384, 32768"),
        )),
    }
}

/// The memory sizes, in MiB, that Fargate offers with a number of CPU units (ECS developer guide, task sizes).
fn fargate_memory(cpu: u32) -> Option<Vec<u32>> {
    let steps = |from: u32, to: u32, step: usize| (from..=to).step_by(step).collect();
    Some(match cpu {
        256 => vec![512, 1024, 2048],
        512 => steps(1024, 4096, 1024),
        1024 => steps(2048, 8192, 1024),
        2048 => steps(4096, 16384, 1024),
        4096 => steps(8192, 30720, 1024),
        8192 => steps(16384, 61440, 4096),
        16384 => steps(32768, 122_880, 8192),
        32768 => vec![61440, 122_880, 249_856],
        _ => return None,
    })
}
