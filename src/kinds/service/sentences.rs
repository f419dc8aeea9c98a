//! What a person reads in the conditions of a service. Pure.

use super::rollout;
use super::started;
use crate::api::EcsServiceStatus as Status;
use crate::api::service::status::Rollout;
use crate::domain::short_name;

/// How far a rollout has come.
pub fn counts(rollout: &Rollout) -> String {
    let number = |count: Option<i32>| count.unwrap_or_default();
    let failed = match number(rollout.failed) {
        0 => String::new(),
        failed => format!(", {failed} failed"),
    };
    format!(
        "{} of {} tasks of {} run{failed}",
        number(rollout.running),
        number(rollout.desired),
        rollout.revision.as_deref().unwrap_or("the new revision"),
    )
}

/// What serves, and what of it is not as declared yet.
pub fn serving(status: &Status) -> String {
    let outdated = started::sentence(status.started_with.as_ref()).map(|told| format!("; {told}"));
    format!(
        "{} serves: {} of {} tasks run{}",
        status.revision.as_deref().unwrap_or("it"),
        status.running_count.unwrap_or_default(),
        status.desired_count.unwrap_or_default(),
        outdated.unwrap_or_default()
    )
}

/// Which revision failed, what serves now, and the reason that stopped most tasks.
pub fn failed_sentence(status: &Status) -> String {
    let newest = status.rollout.as_ref().filter(|rollout| rollout::has_failed(rollout));
    let before = status.failed.as_ref();
    let revision =
        newest.and_then(|rollout| rollout.revision.as_deref()).or(before.map(|failed| short_name(&failed.task_definition)));
    let reason = newest.and_then(|rollout| rollout.reason.as_deref()).or(before.map(|failed| failed.reason.as_str()));
    let (revision, reason) = (revision.unwrap_or_default(), reason.unwrap_or("ECS gave no reason"));
    let now = match before.and_then(|failed| failed.rolled_back_to.as_ref()).and(status.revision.as_ref()) {
        Some(back) => format!("; {back} serves"),
        None => String::new(),
    };
    format!("{revision} failed: {}{now}{}. Edit the declaration to try again", reason.trim_end_matches('.'), hint(status))
}

/// What stopped most tasks, to be added to a sentence.
pub fn hint(status: &Status) -> String {
    let Some(worst) = status.stopped_tasks.first() else { return String::new() };
    let exit = worst.exit_code.map(|code| format!(" with exit code {code}")).unwrap_or_default();
    let container = worst.container.as_ref().map(|name| format!(" (container {name})")).unwrap_or_default();
    format!("; {} stopped{exit}{container}: {}", tasks(worst.count), worst.reason)
}

fn tasks(count: i32) -> String {
    if count == 1 { "1 task".to_owned() } else { format!("{count} tasks") }
}
