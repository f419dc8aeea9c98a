//! Reads what AWS has of a family, when status alone does not tell. A settled family costs no call.

use super::Desired;
use super::canonical::is_comparable;
use super::desired::{Absent, Present};
use super::observed::Observed;
use super::plan::candidates;
use crate::api::shared::ManagementPolicy;
use crate::api::{EcsTaskDefinition, EcsTaskDefinitionStatus};
use crate::aws::Ecs;
use crate::aws::error::AwsError;
use crate::engine::Stop;
use std::collections::BTreeSet;

/// How many of the newest revisions are described in search of one that carries our tags.
pub(super) const SEARCHED: usize = 20;

/// What is known in this pass.
///
/// # Errors
/// What AWS answered to a read.
pub async fn observe(object: &EcsTaskDefinition, want: Result<&Desired, &Stop>, ecs: &Ecs) -> Result<Observed, AwsError> {
    let memory = object.status.clone().unwrap_or_default();
    let mut seen = Observed { memory, ..Observed::default() };
    match want {
        Ok(Desired::Present(want)) => present(want, &mut seen, ecs).await?,
        Ok(Desired::Absent(want)) => absent(want, &mut seen, ecs).await?,
        Err(_) => {}
    }
    Ok(seen)
}

async fn present(want: &Present, seen: &mut Observed, ecs: &Ecs) -> Result<(), AwsError> {
    let memory = seen.memory.clone();
    let only_observed = want.management == ManagementPolicy::Observe;
    let adopting = want.management == ManagementPolicy::Adopt && memory.hash.is_none();
    let asked = want.look_at.is_some() && want.look_at != memory.reconciled_at;
    let refused = memory.revision.is_some_and(|revision| want.refused.contains(&revision));
    if only_observed || adopting {
        seen.latest = ecs.describe_task_definition(&want.family).await?;
        seen.looked_at = seen.latest.iter().cloned().collect();
    } else if memory.pending.is_some() || asked || refused || other_rules(&memory) {
        search(&want.family, &memory, seen, ecs).await?;
    }
    if let Some(current) = memory.revision.filter(|_| memory.hash.as_ref() == Some(&want.hash))
        && !candidates(want, seen, current).is_empty()
    {
        let mut running = BTreeSet::new();
        for cluster in &want.clusters {
            running.extend(ecs.revisions_with_tasks(cluster, &want.family).await?);
        }
        seen.running = Some(running);
    }
    Ok(())
}

async fn absent(want: &Absent, seen: &mut Observed, ecs: &Ecs) -> Result<(), AwsError> {
    if seen.memory.pending.is_some() && !want.only_observed {
        let memory = seen.memory.clone();
        search(&want.family, &memory, seen, ecs).await?;
    }
    Ok(())
}

/// Whether the hash in status was made by other rules than today's.
fn other_rules(memory: &EcsTaskDefinitionStatus) -> bool {
    memory.hash.as_ref().is_some_and(|hash| !is_comparable(hash))
}

/// Describes the newest ACTIVE revisions, back to the newest that status knows.
async fn search(family: &str, memory: &EcsTaskDefinitionStatus, seen: &mut Observed, ecs: &Ecs) -> Result<(), AwsError> {
    let arns = ecs.list_task_definitions(family).await?;
    seen.active = Some(arns.iter().filter_map(|arn| super::number_in(arn)).collect());
    let known = memory.revisions.iter().map(|ours| ours.revision).max().unwrap_or_default();
    for arn in arns.iter().take(SEARCHED) {
        let Some(found) = ecs.describe_task_definition(arn).await? else { continue };
        let reached = found.revision <= known;
        seen.looked_at.push(found);
        if reached {
            break;
        }
    }
    seen.latest = seen.looked_at.first().cloned();
    Ok(())
}
