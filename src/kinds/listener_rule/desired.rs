//! What is wanted of a rule, or why that cannot be said. Pure.

use super::parts::{Conditions, Part, split, whole};
use super::priority::Band;
use super::refs::{Neighbour, OwnService, Refs, Routes};
use super::{Desired, difference};
use crate::api::load_balancer::{DEFAULT_PRIORITY_FROM, DEFAULT_PRIORITY_TO};
use crate::api::load_balancing::{Action as Declared, Forward};
use crate::api::shared::{DeletionPolicy, DriftPolicy, ManagementPolicy, Reference, annotation};
use crate::api::{EcsListenerRule, EcsTargetGroup};
use crate::aws::elb::model::{Action, FixedResponse, Redirect, Rewrite, Transform};
use crate::domain::json::sha256;
use crate::domain::owner::Owner;
use crate::engine::Stop;
use crate::engine::ctx::Site;
use crate::kinds::listener::Place;
use kube::ResourceExt;
use std::collections::{BTreeMap, BTreeSet};

/// A rule that is to be there.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a wish of its own")]
pub struct Present {
    /// Where its listener is.
    pub place: Place,
    /// ARN of the listener for which the neighbours are known.
    pub listener: Option<String>,
    /// Whose it is.
    pub owner: Owner,
    /// All that it matches.
    pub whole: Conditions,
    /// The same in rules of AWS.
    pub parts: Vec<Part>,
    /// The hosts, as declared.
    pub hosts: Vec<String>,
    /// The paths, as declared.
    pub paths: Vec<String>,
    /// What is done with a request, references resolved.
    pub action: Action,
    /// How a request is rewritten, if that is declared.
    pub transforms: Option<BTreeSet<Transform>>,
    /// The priority that is asked for.
    pub priority: Option<i32>,
    /// Priorities for those who ask for none.
    pub band: Band,
    /// Tags of the declaration.
    pub tags: BTreeMap<String, String>,
    /// Optional fields that are declared, as they stand in `status.applied` once they are in force.
    pub applied: Vec<String>,
    /// The other rules of the listener.
    pub neighbours: Vec<Neighbour>,
    /// Who may use the listener.
    pub routes: Vec<Routes>,
    /// Whether ECS shifts traffic between the target groups, so that weights are its own.
    pub is_swung: bool,
    /// Hash of all that is declared.
    pub hash: String,
    /// Whether it is only looked at.
    pub is_only_observed: bool,
    /// Whether a difference that somebody else made is only reported.
    pub only_report: bool,
    /// Whether nothing may be written.
    pub paused: bool,
    /// The value of the annotation that asks to look at AWS now.
    pub look_at: Option<String>,
}

/// A rule whose object is being deleted.
#[derive(Clone, Debug, PartialEq)]
pub struct Absent {
    /// Whose it was.
    pub owner: Owner,
    /// Whether AWS's rule stays.
    pub keep: bool,
    /// Whether nothing was ever written and nothing will be.
    pub only_observed: bool,
    /// Whether nothing may be written.
    pub paused: bool,
    /// The service that it belongs to.
    pub service: Option<OwnService>,
}

impl Present {
    /// The priority that is asked for a part of the match: parts follow each other.
    pub fn priority_of(&self, part: usize) -> Option<i32> {
        self.priority.and_then(|first| first.checked_add(i32::try_from(part).ok()?))
    }
}

/// What is wanted.
///
/// # Errors
/// [`Stop::Invalid`] with what to change, or [`Stop::Waiting`] while something that is referred to is not there.
pub fn desired(object: &EcsListenerRule, refs: &Refs, site: &Site) -> Result<Desired, Stop> {
    let spec = &object.spec;
    let owner = owner_of(object, site);
    let paused = object.annotations().get(annotation::PAUSED).is_some_and(|value| value == "true");
    let is_only_observed = spec.management_policy == Some(ManagementPolicy::Observe);
    if object.metadata.deletion_timestamp.is_some() {
        let keep = spec.deletion_policy == Some(DeletionPolicy::Retain);
        let service = refs.service.clone();
        return Ok(Desired::Absent(Absent { owner, keep, only_observed: is_only_observed, paused, service }));
    }
    let whole = whole(&spec.r#match);
    let parts = split(&whole)?;
    let place = refs.place.clone()?;
    let action = action(object, refs)?;
    let transforms = spec.rewrite.as_ref().map(transforms);
    let tags: BTreeMap<String, String> =
        spec.tags.iter().flatten().map(|tag| (tag.key.clone(), tag.value.clone().unwrap_or_default())).collect();
    let default = Band { from: DEFAULT_PRIORITY_FROM, to: DEFAULT_PRIORITY_TO };
    let said = (&place, &parts, &action, &transforms, &spec.priority, &tags);
    Ok(Desired::Present(Box::new(Present {
        hash: sha256(&format!("{said:?}")),
        applied: difference::applied(&spec.action, spec.rewrite.is_some(), &tags),
        listener: refs.listener.clone(),
        hosts: spec.r#match.hosts.clone().unwrap_or_default(),
        paths: spec.r#match.paths.clone().unwrap_or_default(),
        priority: spec.priority,
        band: refs.routes.first().map_or(default, |routes| routes.band),
        neighbours: refs.neighbours.clone(),
        routes: refs.routes.clone(),
        is_swung: refs.is_swung,
        only_report: spec.drift_policy == Some(DriftPolicy::Report),
        look_at: object.annotations().get(annotation::RECONCILE_AT).cloned(),
        place,
        owner,
        whole,
        parts,
        action,
        transforms,
        tags,
        is_only_observed,
        paused,
    })))
}

/// Whose the rules of an object are.
pub fn owner_of(object: &EcsListenerRule, site: &Site) -> Owner {
    Owner {
        installation: site.installation.clone(),
        kind: "EcsListenerRule".to_owned(),
        namespace: object.namespace().unwrap_or_default(),
        name: object.name_any(),
        uid: object.uid().unwrap_or_default(),
    }
}

fn action(object: &EcsListenerRule, refs: &Refs) -> Result<Action, Stop> {
    let Declared { forward, stickiness, redirect, fixed_response } = &object.spec.action;
    if let Some(forward) = forward {
        let shares = shares(object, forward, refs)?;
        let shares = shares.iter().map(|(arn, weight)| (arn.as_str(), *weight));
        return Ok(Action::forward(shares, stickiness.as_ref().map(|it| it.duration_seconds)));
    }
    if let Some(redirect) = redirect {
        let default = Redirect::default();
        return Ok(Action::Redirect(Redirect {
            protocol: redirect.protocol.clone().unwrap_or(default.protocol),
            host: redirect.host.clone().unwrap_or(default.host),
            port: redirect.port.clone().unwrap_or(default.port),
            path: redirect.path.clone().unwrap_or(default.path),
            query: redirect.query.clone().unwrap_or(default.query),
            status_code: redirect.status_code.as_str().to_owned(),
        }));
    }
    let answer = fixed_response.as_ref().ok_or_else(|| {
        Stop::invalid("InvalidAction", "say what is done with a request: one of forward, redirect and fixedResponse")
    })?;
    Ok(Action::FixedResponse(FixedResponse {
        status_code: answer.status_code.clone(),
        content_type: answer.content_type.as_ref().map(|it| it.as_str().to_owned()),
        message_body: answer.message_body.clone(),
    }))
}

/// The target groups and their shares. Two entries that mean the same target group are one.
fn shares(object: &EcsListenerRule, forward: &[Forward], refs: &Refs) -> Result<BTreeMap<String, i32>, Stop> {
    let mut all = BTreeMap::new();
    for entry in forward {
        let weight = entry.weight.unwrap_or(1);
        let shares = match (&entry.target_group_arn, &entry.target_group_ref) {
            (Some(arn), _) => vec![(arn.clone(), weight)],
            (None, Some(reference)) => {
                let namespace = reference.namespace.clone().or_else(|| object.namespace()).unwrap_or_default();
                let found = refs.target_groups.get(&(namespace, reference.name.clone()));
                of_object(reference, found.map(Result::as_ref).transpose().map_err(Stop::clone)?, weight)?
            }
            (None, None) => {
                return Err(Stop::invalid("InvalidAction", "an entry of forward needs targetGroupRef or targetGroupArn"));
            }
        };
        for (arn, weight) in shares {
            *all.entry(arn).or_insert(0) += weight;
        }
    }
    Ok(all)
}

/// While a target group is replaced both are there, and the one that serves has the whole share (ADR 6).
fn of_object(reference: &Reference, found: Option<&EcsTargetGroup>, weight: i32) -> Result<Vec<(String, i32)>, Stop> {
    let name = reference.namespace.as_ref().map_or_else(|| reference.name.clone(), |other| format!("{other}/{}", reference.name));
    let Some(found) = found else {
        return Err(Stop::waiting("TargetGroupNotFound", format!("EcsTargetGroup {name} is not there")));
    };
    let status = found.status.as_ref();
    let Some(arn) = status.and_then(|status| status.arn.clone()) else {
        let ready = status.and_then(|status| status.conditions.iter().find(|one| one.type_ == "Ready"));
        let why = ready.map_or("it was not made yet", |ready| ready.message.as_str());
        return Err(Stop::waiting("TargetGroupNotReady", format!("EcsTargetGroup {name}: {why}")));
    };
    let is_serving = status.is_some_and(|status| status.serving);
    let older = status.and_then(|status| status.previous.last()).filter(|_| !is_serving);
    Ok(match older {
        Some(older) => vec![(older.arn.clone(), weight), (arn, 0)],
        None => vec![(arn, weight)],
    })
}

fn transforms(rewrite: &crate::api::load_balancing::Rewrite) -> BTreeSet<Transform> {
    let one =
        |it: &crate::api::load_balancing::RegexReplace| vec![Rewrite { regex: it.regex.clone(), replace: it.replace.clone() }];
    let host = rewrite.host.as_ref().map(|it| Transform::HostHeaderRewrite(one(it)));
    let url = rewrite.url.as_ref().map(|it| Transform::UrlRewrite(one(it)));
    host.into_iter().chain(url).collect()
}
