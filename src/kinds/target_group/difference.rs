//! What has to change on a target group for it to be as declared. Pure.

use super::Step;
use super::defaults;
use super::desired::Present;
use super::settings::Settings;
use crate::api::EcsTargetGroupStatus;
use crate::api::shared::Drift;
use crate::aws::elb::TargetGroupView;
use crate::aws::elb::model::HealthCheck;
use crate::domain::json::same;
use crate::engine::drift;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Prefix of the members of the health check in `status.applied` and `status.drift`.
const CHECK: &str = "healthCheck.";
/// Prefix of attributes there.
const ATTRIBUTES: &str = "attributes.";
/// Prefix of tags there.
const TAGS: &str = "tags.";

/// Everything that differs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Differences {
    /// Members of the health check to be sent.
    pub check: Map<String, Value>,
    /// Attributes to be sent.
    pub attributes: BTreeMap<String, String>,
    /// Tags to be set.
    pub tags: BTreeMap<String, String>,
    /// Keys of tags that were declared once and no longer are.
    pub gone_tags: Vec<String>,
    /// The same for people, without our own tags.
    pub drift: Vec<Drift>,
}

/// What differs between declaration and target group.
pub fn differences(want: &Present, settings: &Settings, memory: &EcsTargetGroupStatus, view: &TargetGroupView) -> Differences {
    let mut all = Differences::default();
    check(want, settings, (memory, view), &mut all);
    attributes(want, settings, (memory, view), &mut all);
    tags(want, memory, view, &mut all);
    all
}

fn check(want: &Present, settings: &Settings, (memory, view): (&EcsTargetGroupStatus, &TargetGroupView), all: &mut Differences) {
    let live = serde_json::to_value(&view.target_group.health_check).unwrap_or_default();
    let mut wanted: Vec<(String, Value, bool)> =
        want.check.iter().map(|(key, value)| (key.clone(), value.clone(), true)).collect();
    let left = || memory.applied.iter().filter_map(|path| path.strip_prefix(CHECK)).filter(|key| !want.check.contains_key(*key));
    let checked = match (want.check.get("protocol"), left().any(|key| key == "protocol")) {
        (Some(declared), _) => declared.as_str().unwrap_or_default(),
        (None, true) => defaults::check_protocol_of(settings),
        (None, false) => live["protocol"].as_str().unwrap_or_default(),
    };
    wanted.extend(left().filter_map(|key| Some((key.to_owned(), defaults::of_check(key, settings, checked)?, false))));
    for (key, value, is_declared) in wanted.into_iter().filter(|(key, value, _)| !same(value, &live[key])) {
        let declared = if is_declared { value.clone() } else { Value::Null };
        all.drift.push(drift::entry(&format!("{CHECK}{key}"), &declared, &live[&key]));
        all.check.insert(key, value);
    }
}

/// Attributes that were not read yet are sent if the declaration changed: sending what stands there already does no harm.
fn attributes(
    want: &Present,
    settings: &Settings,
    (memory, view): (&EcsTargetGroupStatus, &TargetGroupView),
    all: &mut Differences,
) {
    let is_edited = memory.applied_hash.as_ref() != Some(&want.hash);
    let is_other = |key: &str, value: &str| match &view.attributes {
        Some(live) => live.get(key).map(String::as_str) != Some(value),
        None => is_edited,
    };
    let left = memory.applied.iter().filter_map(|path| path.strip_prefix(ATTRIBUTES));
    let left = left.filter(|key| !want.attributes.contains_key(*key));
    let reset = left.filter_map(|key| Some((key, defaults::of_attribute(key, settings)?, false)));
    let declared = want.attributes.iter().map(|(key, value)| (key.as_str(), value.as_str(), true));
    for (key, value, is_declared) in declared.chain(reset).filter(|(key, value, _)| is_other(key, value)) {
        let live = view.attributes.as_ref().and_then(|live| live.get(key)).cloned();
        let field = format!("{ATTRIBUTES}{key}");
        all.drift.push(Drift { field, wanted: is_declared.then(|| value.to_owned()), seen: live });
        all.attributes.insert(key.to_owned(), value.to_owned());
    }
}

/// Others' tags stay.
fn tags(want: &Present, memory: &EcsTargetGroupStatus, view: &TargetGroupView, all: &mut Differences) {
    let live = &view.tags;
    for (key, value) in want.tags.iter().filter(|(key, value)| live.get(*key) != Some(value)) {
        let seen = live.get(key).cloned();
        all.drift.push(Drift { field: format!("{TAGS}{key}"), wanted: Some(value.clone()), seen });
        all.tags.insert(key.clone(), value.clone());
    }
    let ours = want.owner.tags();
    all.tags.extend(ours.iter().filter(|(key, value)| live.get(*key) != Some(value)).map(|(k, v)| (k.clone(), v.clone())));
    let gone = memory.applied.iter().filter_map(|path| path.strip_prefix(TAGS));
    all.gone_tags = gone.filter(|key| !want.tags.contains_key(*key) && live.contains_key(*key)).map(str::to_owned).collect();
    let left = all.gone_tags.iter();
    all.drift.extend(left.map(|key| Drift { field: format!("{TAGS}{key}"), wanted: None, seen: live.get(key).cloned() }));
}

impl Differences {
    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.check.is_empty() && self.attributes.is_empty() && self.tags.is_empty() && self.gone_tags.is_empty()
    }

    /// Leaves what others changed as it is. What marks the target group as ours is set all the same.
    pub fn only_marks(mut self, want: &Present) -> Self {
        let ours = want.owner.tags();
        self.tags.retain(|key, _| ours.contains_key(key));
        Self { tags: self.tags, ..Self::default() }
    }

    /// The writes.
    pub fn steps(self, arn: &str) -> Vec<Step> {
        let arn = || arn.to_owned();
        let mut steps = Vec::new();
        if !self.check.is_empty() {
            steps.push(Step::Check { arn: arn(), check: Box::new(as_check(&self.check)) });
        }
        if !self.attributes.is_empty() {
            steps.push(Step::Attributes { name: super::standing::name_in(&arn()).to_owned(), attributes: self.attributes });
        }
        if !self.tags.is_empty() {
            steps.push(Step::Tag { arn: arn(), tags: self.tags });
        }
        if !self.gone_tags.is_empty() {
            steps.push(Step::Untag { arn: arn(), keys: self.gone_tags });
        }
        steps
    }
}

/// Members of a health check as AWS's side takes them. Both have the same names.
pub fn as_check(members: &Map<String, Value>) -> HealthCheck {
    serde_json::from_value(Value::Object(members.clone())).unwrap_or_default()
}

/// What is to be sent again as AWS's default once it leaves the declaration.
pub fn applied(want: &Present) -> Vec<String> {
    let check = want.check.keys().map(|key| format!("{CHECK}{key}"));
    let attributes = want.attributes.keys().map(|key| format!("{ATTRIBUTES}{key}"));
    let mut all: Vec<String> = check.chain(attributes).chain(want.tags.keys().map(|key| format!("{TAGS}{key}"))).collect();
    all.sort();
    all
}
