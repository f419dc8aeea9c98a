//! Settings that a task gets when it starts and keeps for its life: an edit of one reaches the tasks that run already only
//! when they are replaced. Pure.

use crate::api::service::status::StartedWith;
use crate::aws::LiveService;
use serde_json::Value;
use std::collections::BTreeMap;

/// The settings, with what stands for them where ECS shows none (API reference, `UpdateService`: each says that only new
/// tasks get it).
const KEPT: [(&str, &str); 3] = [("enableExecuteCommand", "false"), ("enableECSManagedTags", "false"), ("propagateTags", "NONE")];

/// What the running tasks were started with, and which of it was changed since. The first look at a deployment tells what
/// its tasks have; where no task runs, the next ones get what is set now.
pub fn started_with(before: Option<&StartedWith>, live: &LiveService) -> Option<StartedWith> {
    let primary = live.primary()?;
    let now = settings(&live.fields);
    let has_tasks = live.running + live.pending > 0;
    let settings = match before.filter(|before| before.deployment_id == primary.id && has_tasks) {
        Some(before) => before.settings.clone(),
        None => now.clone(),
    };
    let outdated = now.iter().filter(|(name, value)| settings.get(*name) != Some(*value)).map(|(name, _)| name.clone()).collect();
    Some(StartedWith { deployment_id: primary.id.clone(), settings, outdated })
}

fn settings(fields: &Value) -> BTreeMap<String, String> {
    let shown = |name: &str, default: &str| match &fields[name] {
        Value::Bool(flag) => flag.to_string(),
        Value::String(word) if !word.is_empty() => word.clone(),
        _ => default.to_owned(),
    };
    KEPT.iter().map(|(name, default)| ((*name).to_owned(), shown(name, default))).collect()
}

/// What to tell a person, if something is to be told.
pub fn sentence(started_with: Option<&StartedWith>) -> Option<String> {
    let outdated = &started_with.filter(|started| !started.outdated.is_empty())?.outdated;
    Some(format!(
        "tasks that ran before the edit keep their former {}; a new value of ecs-operator.io/restarted-at replaces them",
        outdated.join(" and ")
    ))
}
