//! Stopped tasks, grouped by what made them stop. Pure.

use crate::api::service::status::{Rollout, StoppedTasks};
use crate::aws::StoppedTask;
use crate::domain::whole_seconds;
use std::collections::BTreeMap;

/// How many groups are shown.
const SHOWN: usize = 5;

/// The tasks of the rollout that failed, by reason and exit code, most frequent first. Tasks that ECS stopped because it
/// scaled or replaced them are no failures.
pub fn grouped(stopped: &[StoppedTask], rollout: Option<&Rollout>) -> Vec<StoppedTasks> {
    let deployment = rollout.and_then(|rollout| rollout.deployment_id.as_deref());
    let mut groups: BTreeMap<(String, Option<String>, Option<i32>), StoppedTasks> = BTreeMap::new();
    for task in stopped.iter().filter(|task| is_failure(task, deployment)) {
        let culprit = task.containers.iter().find(|container| container.exit_code.is_some_and(|code| code != 0));
        let told = task.containers.iter().find_map(|container| container.reason.clone());
        let reason = told.filter(|told| !told.is_empty()).or_else(|| task.stopped_reason.clone()).unwrap_or_default();
        let reason = without_identifiers(&reason);
        let container = culprit.map(|container| container.name.clone());
        let exit_code = culprit.and_then(|container| container.exit_code);
        let group = groups.entry((reason.clone(), container.clone(), exit_code)).or_insert_with(|| StoppedTasks {
            reason,
            container,
            exit_code,
            ..StoppedTasks::default()
        });
        group.count += 1;
        let at = task.stopped_at.map(whole_seconds);
        if group.last_stopped_at.as_ref().is_none_or(|last| at.as_ref().is_some_and(|at| at.0 >= last.0)) {
            group.last_stopped_at = at;
            group.last_task = Some(crate::domain::short_name(&task.arn).to_owned());
        }
    }
    let mut groups: Vec<StoppedTasks> = groups.into_values().collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.count));
    groups.truncate(SHOWN);
    groups
}

fn is_failure(task: &StoppedTask, deployment: Option<&str>) -> bool {
    let of_rollout = deployment.is_none_or(|id| task.started_by.as_deref().is_none_or(|by| by == id));
    let reason = task.stopped_reason.as_deref().unwrap_or_default();
    of_rollout && !reason.starts_with("Scaling activity initiated by") && task.stop_code.as_deref() != Some("UserInitiated")
}

/// Words that differ from task to task (identifiers, digests, addresses) would make a group of each task.
fn without_identifiers(reason: &str) -> String {
    let kept: Vec<&str> = reason.split_whitespace().map(|word| if is_identifier(word) { "…" } else { word }).collect();
    kept.join(" ")
}

fn is_identifier(word: &str) -> bool {
    let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
    let hex = bare.len() >= 16 && bare.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
    hex || bare.starts_with("eni-") || bare.starts_with("ecs-svc/") || bare.starts_with("sha256:")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_do_not_split_a_group() {
        assert_eq!(
            without_identifiers("Task failed in (deployment ecs-svc/123) on eni-0a1b: abcdef0123456789abcdef"),
            "Task failed in (deployment … on … …"
        );
    }
}
