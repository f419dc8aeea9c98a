//! Carries out one step on a task definition family.

use super::desired::Present;
use super::observe::SEARCHED;
use super::{Desired, Done, Step};
use crate::api::EcsTaskDefinition;
use crate::api::shared::ManagementPolicy;
use crate::aws::guard::Vouched;
use crate::aws::guard::asks::Adopted;
use crate::aws::{Ecs, RegisterTaskDefinitionInput, TaskDefinition, codec};
use crate::domain::owner::{HASH, OWNER_KEYS, Ownership};
use crate::engine::Stop;
use crate::engine::ctx::Ctx;
use crate::engine::grant::grant;
use crate::kinds::vouch;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// One write.
///
/// # Errors
/// What AWS answered.
pub async fn act(object: &EcsTaskDefinition, want: &Desired, step: &Step, ctx: &Ctx) -> Result<Done, Stop> {
    let ecs = ctx.aws.ecs();
    let site = ctx.site();
    let arn_of = |revision: i32| {
        let (partition, region, account) =
            site.as_ref().map_or(("aws", "", ""), |site| (site.partition.as_str(), site.region.as_str(), site.account.as_str()));
        let family = match want {
            Desired::Present(want) => &want.family,
            Desired::Absent(want) => &want.family,
        };
        format!("arn:{partition}:ecs:{region}:{account}:task-definition/{family}:{revision}")
    };
    match (step, want) {
        (Step::Register, Desired::Present(want)) => register(object, want, ctx).await,
        (Step::Claim { revision }, Desired::Present(want)) => {
            may_adopt(object, want, ctx).await?;
            let mut tags = marks(want);
            tags.extend(want.tags.clone());
            ecs.tag_resource(&arn_of(*revision), &tags).await?;
            Ok(selected(want, *revision, arn_of(*revision)))
        }
        (Step::Select { revision }, Desired::Present(want)) => {
            let mut selected = selected(want, *revision, arn_of(*revision));
            let kept = object.status.as_ref().filter(|status| status.revision == Some(*revision));
            if let (Done::Current { tags, .. }, Some(status)) = (&mut selected, kept) {
                tags.clone_from(&status.tags);
            }
            Ok(selected)
        }
        (Step::Tag { revision, tags }, _) => {
            ecs.tag_resource(&arn_of(*revision), tags).await?;
            Ok(Done::Tagged { tags: tags.clone() })
        }
        (Step::Untag { revision, keys }, _) => {
            ecs.untag_resource(&arn_of(*revision), keys).await?;
            Ok(Done::Untagged { keys: keys.clone() })
        }
        (Step::Deregister { revision }, _) => {
            ctx.aws.ecs_when_idle().deregister_task_definition(&arn_of(*revision)).await?;
            Ok(Done::Released { revision: *revision })
        }
        (Step::Disown { revision }, _) => {
            let mut keys: Vec<String> = OWNER_KEYS.iter().map(|key| (*key).to_owned()).collect();
            keys.push(HASH.to_owned());
            ecs.untag_resource(&arn_of(*revision), &keys).await?;
            Ok(Done::Released { revision: *revision })
        }
        (Step::Register | Step::Claim { .. } | Step::Select { .. }, Desired::Absent(_)) => {
            Err(Stop::waiting("Deleting", "the object is being deleted"))
        }
    }
}

/// A revision that stands for the declaration, chosen and not registered.
fn selected(want: &Present, revision: i32, arn: String) -> Done {
    Done::Current { arn, revision, hash: want.hash.clone(), tags: want.tags.clone(), registered_at: None, foreign: None }
}

/// The tags that make a revision ours and let it be found again.
fn marks(want: &Present) -> BTreeMap<String, String> {
    let mut tags = want.owner.tags();
    tags.insert(HASH.to_owned(), want.hash.clone());
    tags
}

/// A family of somebody else's is taken over only where the policy lists it.
async fn may_adopt(object: &EcsTaskDefinition, want: &Present, ctx: &Ctx) -> Result<(), Stop> {
    let Some(site) = ctx.site().filter(|_| want.management == ManagementPolicy::Adopt) else { return Ok(()) };
    let family = &want.family;
    let arn = format!("arn:{}:ecs:{}:{}:task-definition/{family}", site.partition, site.region, site.account);
    grant(ctx, object, Vouched::default(), Adopted(arn)).await.map(drop)
}

async fn register(object: &EcsTaskDefinition, want: &Present, ctx: &Ctx) -> Result<Done, Stop> {
    may_adopt(object, want, ctx).await?;
    let ecs = ctx.aws.ecs();
    let mut tags = marks(want);
    tags.extend(want.tags.clone());
    let mut input = want.input.clone();
    input["tags"] = tags.iter().map(|(key, value)| json!({"key": key, "value": value})).collect::<Value>();
    let input: RegisterTaskDefinitionInput =
        codec::to_input(&input).map_err(|error| Stop::invalid("InvalidSpec", error.to_string()))?;
    let granted = grant(ctx, object, vouch::own_family(object), input).await?;
    let registered = ecs.register_task_definition(granted).await?;
    if let Some(older) = same_before(object, want, registered.revision, &ecs).await? {
        ecs.deregister_task_definition(&registered.arn).await?;
        tracing::debug!(arn = older.arn, "found the revision that stood for this declaration already");
        return Ok(selected(want, older.revision, older.arn));
    }
    Ok(Done::Current {
        foreign: foreign(object, want, registered.revision, &ecs).await?,
        arn: registered.arn,
        revision: registered.revision,
        hash: want.hash.clone(),
        tags: want.tags.clone(),
        registered_at: registered.registered_at,
    })
}

/// The revision of ours that stood for the same declaration before, where status knows of none although the family is not
/// new: the object was restored without its status. A new revision that is the same would replace every task for nothing.
async fn same_before(
    object: &EcsTaskDefinition,
    want: &Present,
    revision: i32,
    ecs: &Ecs,
) -> Result<Option<TaskDefinition>, Stop> {
    let is_known = object.status.as_ref().is_some_and(|status| !status.revisions.is_empty());
    if is_known || revision == 1 {
        return Ok(None);
    }
    let mut arns = ecs.list_task_definitions(&want.family).await?;
    arns.retain(|arn| super::number_in(arn).is_some_and(|number| number < revision));
    for arn in arns.iter().take(SEARCHED) {
        let Some(found) = ecs.describe_task_definition(arn).await? else { continue };
        let ours = want.owner.judge(&found.tags, None) == Ownership::Ours;
        if found.active && ours && found.tags.get(HASH) == Some(&want.hash) {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// Numbers are given one after the other, so a gap tells that somebody else registered. Only then AWS is asked.
async fn foreign(object: &EcsTaskDefinition, want: &Present, revision: i32, ecs: &Ecs) -> Result<Option<Vec<i32>>, Stop> {
    let Some(status) = &object.status else { return Ok(None) };
    let ours: Vec<i32> = status.revisions.iter().map(|ours| ours.revision).collect();
    let last = ours.iter().chain(&status.foreign_revisions).max().copied().unwrap_or_default();
    if revision <= last + 1 {
        return Ok(None);
    }
    let active = ecs.list_task_definitions(&want.family).await?;
    let numbers = active.iter().filter_map(|arn| super::number_in(arn));
    Ok(Some(numbers.filter(|number| *number != revision && !ours.contains(number)).collect()))
}
