//! What has to change on a rule of AWS for it to be as declared. Pure.

use super::desired::Present;
use super::parts::{Part, meaning, shown};
use crate::api::load_balancing::Action as Declared;
use crate::api::shared::Drift;
use crate::aws::elb::model::{Action, FixedResponse, Rule, RuleChange, Tags, Transform};
use crate::domain::owner::{PART, UID};
use crate::engine::drift;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Name of `rewrite` in `status.applied`.
const REWRITE: &str = "rewrite";
/// Name of `stickiness` there.
const STICKINESS: &str = "stickiness";
/// Name of the content type of an answer there.
const CONTENT_TYPE: &str = "fixedResponse.contentType";
/// Name of the body of an answer there.
const MESSAGE_BODY: &str = "fixedResponse.messageBody";
/// Tags that AWS takes on a rule (its quota for tags of a resource).
const MOST_TAGS: usize = 50;
/// Prefix of tags there.
const TAGS: &str = "tags.";

/// Optional fields of a declaration, as they stand in `status.applied` once they are in force.
pub fn applied(action: &Declared, rewrites: bool, tags: &BTreeMap<String, String>) -> Vec<String> {
    let answer = action.fixed_response.as_ref();
    let fields = [
        (REWRITE, rewrites),
        (STICKINESS, action.stickiness.is_some()),
        (CONTENT_TYPE, answer.is_some_and(|answer| answer.content_type.is_some())),
        (MESSAGE_BODY, answer.is_some_and(|answer| answer.message_body.is_some())),
    ];
    let fields = fields.into_iter().filter(|(_, is_declared)| *is_declared).map(|(name, _)| name.to_owned());
    let mut all: Vec<String> = fields.chain(tags.keys().map(|key| format!("{TAGS}{key}"))).collect();
    all.sort();
    all
}

/// What has to change on a rule, with what differs for people. `None`: nothing.
pub fn change(want: &Present, part: &Part, live: &Rule, applied: &[String]) -> Option<(RuleChange, Vec<Drift>)> {
    let mut change = RuleChange { arn: live.arn.clone(), ..RuleChange::default() };
    let mut drift = Vec::new();
    if meaning(&part.conditions) != meaning(&live.conditions) {
        drift.push(entry("match", &shown(&part.conditions), &shown(&live.conditions)));
        change.conditions = Some(part.conditions.clone());
    }
    let action = action(want, live, applied);
    if live.actions != std::slice::from_ref(&action) {
        let seen: Vec<String> = live.actions.iter().map(in_words).collect();
        drift.push(entry(name_of(&action), &in_words(&action), &seen.join(", then ")));
        change.actions = Some(vec![action]);
    }
    if let Some(transforms) = transforms(want, live, applied) {
        drift.push(entry(REWRITE, &rewrites_in_words(&transforms), &rewrites_in_words(&live.transforms)));
        change.transforms = Some(transforms);
    }
    (!drift.is_empty()).then_some((change, drift))
}

fn entry(field: &str, wanted: &str, seen: &str) -> Drift {
    drift::entry(field, &Value::from(wanted), &Value::from(seen))
}

/// The action to be there: the declared one, and where it says nothing and never did, what stands there.
fn action(want: &Present, live: &Rule, applied: &[String]) -> Action {
    let is_kept = |field: &str| !applied.iter().chain(&want.applied).any(|path| path == field);
    match (&want.action, live.actions.as_slice()) {
        (
            Action::Forward { target_groups, stickiness_seconds },
            [Action::Forward { target_groups: seen, stickiness_seconds: seen_seconds }],
        ) => {
            let arns = |all: &[crate::aws::elb::model::Weighted]| all.iter().map(|it| it.arn.clone()).collect::<BTreeSet<_>>();
            // ECS moves the weights of a deployment between these target groups; another one is nobody's wish.
            let is_swung = want.is_swung && arns(target_groups) == arns(seen);
            Action::Forward {
                target_groups: if is_swung { seen.clone() } else { target_groups.clone() },
                stickiness_seconds: if is_kept(STICKINESS) { *seen_seconds } else { *stickiness_seconds },
            }
        }
        (Action::FixedResponse(answer), [Action::FixedResponse(seen)]) => Action::FixedResponse(FixedResponse {
            status_code: answer.status_code.clone(),
            content_type: if is_kept(CONTENT_TYPE) { seen.content_type.clone() } else { answer.content_type.clone() },
            message_body: if is_kept(MESSAGE_BODY) { seen.message_body.clone() } else { answer.message_body.clone() },
        }),
        (wanted, _) => wanted.clone(),
    }
}

/// The transforms to be sent, if any: an empty set takes away what was sent before.
fn transforms(want: &Present, live: &Rule, applied: &[String]) -> Option<BTreeSet<Transform>> {
    match &want.transforms {
        Some(wanted) => (*wanted != live.transforms).then(|| wanted.clone()),
        None => (!live.transforms.is_empty() && applied.iter().any(|path| path == REWRITE)).then(BTreeSet::new),
    }
}

/// Tags that a rule has to have. AWS takes fifty, and people may declare all but five; the sixth of ours takes the place of
/// the one that decides nothing.
pub fn wanted_tags(want: &Present, part: &Part) -> Tags {
    let mut tags = want.tags.clone();
    tags.extend(want.owner.tags());
    tags.insert(PART.to_owned(), part.hash.clone());
    if tags.len() > MOST_TAGS {
        tags.remove(UID);
    }
    tags
}

/// Tags to be set and keys of tags to be taken off. Others' tags stay. `only_marks`: those of the declaration are left.
pub fn tags(want: &Present, part: &Part, live: &Tags, applied: &[String], only_marks: bool) -> (Tags, Vec<String>) {
    let wanted = wanted_tags(want, part);
    let is_meant = |key: &String| !only_marks || !want.tags.contains_key(key);
    let set = wanted.iter().filter(|(key, value)| live.get(*key) != Some(value) && is_meant(key));
    let gone = applied.iter().filter_map(|path| path.strip_prefix(TAGS));
    let gone = gone.filter(|key| !wanted.contains_key(*key) && live.contains_key(*key) && !only_marks);
    (set.map(|(key, value)| (key.clone(), value.clone())).collect(), gone.map(str::to_owned).collect())
}

/// Where tags of the declaration are not as declared.
pub fn tag_drift(want: &Present, live: &Tags) -> Vec<Drift> {
    let differing = want.tags.iter().filter(|(key, value)| live.get(*key) != Some(value));
    differing
        .map(|(key, value)| Drift { field: format!("{TAGS}{key}"), wanted: Some(value.clone()), seen: live.get(key).cloned() })
        .collect()
}

const fn name_of(action: &Action) -> &'static str {
    match action {
        Action::Forward { .. } => "forward",
        Action::Redirect(_) => "redirect",
        Action::FixedResponse(_) => "fixedResponse",
        Action::Other(_) => "action",
    }
}

/// An action for people.
fn in_words(action: &Action) -> String {
    match action {
        Action::Forward { target_groups, stickiness_seconds } => {
            let shares: Vec<String> = target_groups.iter().map(|it| format!("{} with weight {}", it.arn, it.weight)).collect();
            let sticky = stickiness_seconds.map(|seconds| format!(", sticky for {seconds} s")).unwrap_or_default();
            format!("forward to {}{sticky}", shares.join(" and "))
        }
        Action::Redirect(to) => {
            format!("redirect to {}://{}:{}{}?{} with {}", to.protocol, to.host, to.port, to.path, to.query, to.status_code)
        }
        Action::FixedResponse(answer) => {
            let kind = answer.content_type.as_deref().unwrap_or("text/plain");
            format!("answer {} ({kind}) {}", answer.status_code, answer.message_body.as_deref().unwrap_or_default())
        }
        Action::Other(other) => other.kind().to_owned(),
    }
}

fn rewrites_in_words(transforms: &BTreeSet<Transform>) -> String {
    let one = |transform: &Transform| match transform {
        Transform::HostHeaderRewrite(all) => format!("host {}", rewrites(all)),
        Transform::UrlRewrite(all) => format!("url {}", rewrites(all)),
        Transform::Other(kind) => kind.clone(),
    };
    transforms.iter().map(one).collect::<Vec<_>>().join("; ")
}

fn rewrites(all: &[crate::aws::elb::model::Rewrite]) -> String {
    all.iter().map(|one| format!("{} to {}", one.regex, one.replace)).collect::<Vec<_>>().join(", ")
}
