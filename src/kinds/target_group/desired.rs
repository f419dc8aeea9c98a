//! What is wanted of a target group, or why that cannot be said. Pure.

use super::settings::Given;
use super::{Desired, Refs};
use crate::api::EcsTargetGroup;
use crate::api::shared::{DeletionPolicy, DriftPolicy, ManagementPolicy, annotation};
use crate::domain::json::{sha256, text, without_empties};
use crate::domain::owner::Owner;
use crate::engine::Stop;
use crate::engine::ctx::Site;
use crate::kinds::listener::{Announced, Place};
use kube::ResourceExt;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// A target group that is to be there.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a wish of its own")]
pub struct Present {
    /// Whose it is.
    pub owner: Owner,
    /// Its name, where one was chosen.
    pub name: Option<String>,
    /// What AWS cannot change, as far as it is declared.
    pub given: Given,
    /// Where the listener is that it is for, or why that is not known yet. `None`: none is named.
    pub listener: Option<Result<Place, Stop>>,
    /// What its `EcsLoadBalancer` declares of a listener that is not there yet.
    pub announced: Option<Announced>,
    /// The declared members of the health check.
    pub check: Map<String, Value>,
    /// The declared attributes, by AWS's keys.
    pub attributes: BTreeMap<String, String>,
    /// Tags of the declaration.
    pub tags: BTreeMap<String, String>,
    /// Hash of all that is declared.
    pub hash: String,
    /// Whether it is only read.
    pub only_observed: bool,
    /// Whether a difference that somebody else made is only reported.
    pub only_report: bool,
    /// Whether nothing may be written.
    pub paused: bool,
    /// The value of the annotation that asks to look at AWS now.
    pub look_at: Option<String>,
    /// Target groups in which services here register their tasks, by ARN, and which service that is.
    pub attached: BTreeMap<String, String>,
    /// Whether a service that registers its tasks in it is at work.
    pub is_awaited: bool,
    /// Why a service that refers to it cannot register its tasks there.
    pub misfit: Option<String>,
}

/// A target group whose object is being deleted.
#[derive(Clone, Debug, PartialEq)]
pub struct Absent {
    /// Whose it was.
    pub owner: Owner,
    /// Whether AWS's target group stays.
    pub keep: bool,
    /// Whether nothing was ever written and nothing will be.
    pub only_observed: bool,
    /// Whether nothing may be written.
    pub paused: bool,
    /// Objects here that still use it.
    pub users: Vec<String>,
}

/// What is wanted.
///
/// # Errors
/// [`Stop::Invalid`] with what to change.
pub fn desired(object: &EcsTargetGroup, refs: &Refs, site: &Site) -> Result<Desired, Stop> {
    let spec = &object.spec;
    let owner = owner_of(object, site);
    let only_observed = spec.management_policy == Some(ManagementPolicy::Observe);
    let paused = object.annotations().get(annotation::PAUSED).is_some_and(|value| value == "true");
    if object.metadata.deletion_timestamp.is_some() {
        let keep = spec.deletion_policy == Some(DeletionPolicy::Retain);
        return Ok(Desired::Absent(Absent { owner, keep, only_observed, paused, users: refs.users.clone() }));
    }
    if only_observed && spec.name.is_none() {
        return Err(Stop::invalid("InvalidSpec", "managementPolicy Observe needs the name of the target group in AWS"));
    }
    Ok(Desired::Present(Box::new(Present {
        owner,
        name: spec.name.clone(),
        given: Given::of(spec),
        listener: refs.listener.clone(),
        announced: refs.announced.clone(),
        check: check_of(object)?,
        attributes: spec.settings.declared_attributes(),
        tags: tags_of(object),
        hash: hash_of(object)?,
        only_observed,
        only_report: spec.drift_policy == Some(DriftPolicy::Report),
        paused,
        look_at: object.annotations().get(annotation::RECONCILE_AT).cloned(),
        attached: refs.attached.clone(),
        is_awaited: refs.is_awaited,
        misfit: refs.misfit.clone(),
    })))
}

fn owner_of(object: &EcsTargetGroup, site: &Site) -> Owner {
    Owner {
        installation: site.installation.clone(),
        kind: "EcsTargetGroup".to_owned(),
        namespace: object.namespace().unwrap_or_default(),
        name: object.name_any(),
        uid: object.uid().unwrap_or_default(),
    }
}

fn tags_of(object: &EcsTargetGroup) -> BTreeMap<String, String> {
    let tags = object.spec.tags.iter().flatten();
    tags.map(|tag| (tag.key.clone(), tag.value.clone().unwrap_or_default())).collect()
}

fn check_of(object: &EcsTargetGroup) -> Result<Map<String, Value>, Stop> {
    match as_json(&object.spec.settings.health_check)? {
        Value::Object(members) => Ok(members),
        _ => Ok(Map::new()),
    }
}

/// Everything that is declared of the target group. Spelling out a default is an edit, if AWS has another value.
fn hash_of(object: &EcsTargetGroup) -> Result<String, Stop> {
    let spec = &object.spec;
    let whole = json!({
        "settings": as_json(&spec.settings)?,
        "port": spec.port,
        "vpcId": spec.vpc_id,
        "targetType": as_json(&spec.target_type)?,
        "tags": tags_of(object),
    });
    Ok(sha256(&text(&without_empties(whole))))
}

fn as_json(value: &impl serde::Serialize) -> Result<Value, Stop> {
    let written = serde_json::to_value(value);
    let written =
        written.map_err(|error| Stop::invalid("InvalidSpec", format!("the spec cannot be written as JSON: {error}")))?;
    Ok(without_empties(written))
}
