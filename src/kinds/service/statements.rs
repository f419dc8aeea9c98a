//! The conditions of a service after a pass. Pure.

use super::EcsServiceKind as Kind;
use super::desired::Present;
use super::plan::{controller_of, is_held};
use super::rollout::state;
use super::sentences::{counts, failed_sentence, hint, serving};
use crate::api::EcsServiceStatus as Status;
use crate::api::service::status::Rollout;
use crate::aws::AwsError;
use crate::domain::short_name;
use crate::engine::conditions::{Statement, Type};
use crate::engine::drift;
use crate::engine::next::Next;
use crate::engine::{Pass, Stop, statements_of};
use jiff::Timestamp;

/// What is said of it.
pub fn statements(status: &Status, pass: &Pass<Kind>, want: Option<&Present>, now: Timestamp) -> Vec<Statement> {
    let mut all = match (&pass.end, want) {
        (Err(stop), _) => statements_of(stop),
        (Ok(Next::Gone), _) => vec![Statement::no(Type::Ready, "Deleted", "nothing of it is left in AWS")],
        (Ok(_), None) => progressing("Deleting", &waiting_for(&pass.end)),
        (Ok(_), Some(want)) => of_rollout(status, pass, want, now),
    };
    if let (Some(blind), Some(ready), true) = (blind_spot(pass), all.first_mut(), pass.end.is_ok()) {
        ready.message = format!("{}; {blind}", ready.message);
    }
    all.extend(available(status));
    if status.rollout.as_ref().is_some_and(|rollout| rollout.state == state::ROLLED_BACK) {
        let held = want.zip(pass.seen.as_ref()).is_some_and(|(want, seen)| is_held(want, seen));
        if held {
            all.push(Statement::yes(Type::RolledBack, "RolledBack", failed_sentence(status)));
        }
    }
    if want.is_some_and(|want| want.paused) {
        all.push(Statement::yes(
            Type::Paused,
            "PausedByAnnotation",
            "nothing is written to AWS while ecs-operator.io/paused is true",
        ));
    }
    if !status.drift.is_empty() {
        all.push(Statement::yes(Type::Drifted, "Differs", drift::sentence(&status.drift)));
    }
    all
}

/// What is not seen of a service because a person has to allow it first; what passes by itself is not worth a word.
fn blind_spot(pass: &Pass<Kind>) -> Option<String> {
    let seen = pass.seen.as_ref()?;
    let lasting = |error: &&AwsError| !error.is_transient();
    let error = seen.trouble.as_ref().filter(lasting).or(seen.trouble_beside.as_ref().filter(lasting))?;
    Some(format!("part of it cannot be seen: {}: {}. {}", error.operation, error.message.trim_end_matches('.'), error.advice()))
}

fn waiting_for(end: &Result<Next, Stop>) -> String {
    match end {
        Ok(Next::Progressing(why)) => why.clone(),
        _ => "the change was sent to AWS".to_owned(),
    }
}

fn progressing(reason: &'static str, message: &str) -> Vec<Statement> {
    vec![Statement::no(Type::Ready, reason, message), Statement::yes(Type::Reconciling, reason, message)]
}

fn stalled(reason: &'static str, message: &str) -> Vec<Statement> {
    vec![Statement::no(Type::Ready, reason, message), Statement::yes(Type::Stalled, reason, message)]
}

/// Ready is true only when what was asked for is what serves.
fn of_rollout(status: &Status, pass: &Pass<Kind>, want: &Present, now: Timestamp) -> Vec<Statement> {
    if let Ok(Next::Progressing(why)) = &pass.end {
        return progressing(if want.paused { "Paused" } else { "Waiting" }, why);
    }
    let live = pass.seen.as_ref().and_then(|seen| seen.live.as_deref());
    let controller = controller_of(want, live);
    let Some(rollout) = &status.rollout else {
        return without_deployments(status, controller);
    };
    let held = pass.seen.as_ref().is_some_and(|seen| is_held(want, seen));
    match rollout.state.as_str() {
        state::ROLLING_BACK => progressing("RollingBack", &failed_sentence(status)),
        state::ROLLED_BACK if held => stalled("RolledBack", &failed_sentence(status)),
        state::FAILED => stalled("RolloutFailed", &failed_sentence(status)),
        state::IN_PROGRESS if is_overdue(rollout, want, now) => {
            let message = format!(
                "{}; it has been under way for longer than {} s{}",
                counts(rollout),
                want.progress_deadline,
                hint(status)
            );
            stalled("ProgressDeadlineExceeded", &message)
        }
        state::IN_PROGRESS => progressing("RolloutInProgress", &format!("{}{}", counts(rollout), hint(status))),
        _ if !serves(status, want, controller) && held => stalled("RolloutFailed", &failed_sentence(status)),
        _ if !serves(status, want, controller) => {
            progressing("RevisionNotServing", "the revision that was asked for does not serve yet")
        }
        _ => match want.exposures.entries.iter().find_map(|entry| entry.trouble.as_ref()) {
            Some(trouble) => statements_of(trouble),
            None => vec![Statement::yes(Type::Ready, "Serving", serving(status))],
        },
    }
}

/// Controllers that ECS does not run show no deployments; the counts have to do.
fn without_deployments(status: &Status, controller: &str) -> Vec<Statement> {
    match (status.running_count, status.desired_count) {
        (Some(running), Some(desired)) if running >= desired && controller != "ECS" => {
            vec![Statement::yes(Type::Ready, "Serving", serving(status))]
        }
        _ => progressing("RolloutInProgress", "no deployment is to be seen yet"),
    }
}

/// Whether the PRIMARY deployment runs the task definition that was asked for.
pub fn serves(status: &Status, want: &Present, controller: &str) -> bool {
    let Ok(wanted) = &want.task_definition else { return false };
    if wanted.is_empty() || controller != "ECS" {
        return true;
    }
    let primary = status.deployments.iter().find(|deployment| deployment.status == "PRIMARY");
    let runs = primary.and_then(|primary| primary.revision.clone()).unwrap_or_default();
    super::canonical::is_same_task_definition(short_name(wanted), &runs)
}

fn is_overdue(rollout: &Rollout, want: &Present, now: Timestamp) -> bool {
    rollout.started_at.as_ref().is_some_and(|started| now.duration_since(started.0).as_secs() > i64::from(want.progress_deadline))
}

/// Available moves with the tasks, whatever the revision.
fn available(status: &Status) -> Option<Statement> {
    let (running, desired) = (status.running_count?, status.desired_count?);
    let message = format!("{running} of {desired} tasks run");
    Some(if running >= desired {
        Statement::yes(Type::Available, "EnoughTasks", message)
    } else {
        Statement::no(Type::Available, "TooFewTasks", message)
    })
}
