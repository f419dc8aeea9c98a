//! Carries out one step on a target group.

use super::desired::Present;
use super::standing::name_in;
use super::{Desired, Done, Step, watcher};
use crate::api::EcsTargetGroup;
use crate::aws::elb::model::{NewTargetGroup, Tags};
use crate::aws::elb::{Balancing, TargetGroupKey, TargetGroupView};
use crate::aws::guard::Vouched;
use crate::aws::reflector::Pace;
use crate::aws::{AwsError, Kind};
use crate::domain::owner::Ownership;
use crate::engine::Stop;
use crate::engine::ctx::Ctx;
use crate::engine::grant::grant;
use std::sync::Arc;

/// One write.
///
/// # Errors
/// What AWS answered.
pub async fn act(object: &EcsTargetGroup, want: &Desired, step: &Step, ctx: &Ctx) -> Result<Done, Stop> {
    let (elb, balancing) = (ctx.aws.elb(), &ctx.aws.balancing);
    match (step, want) {
        (Step::Create(new), Desired::Present(want)) => create(object, want, new, ctx).await,
        (Step::Create(_), Desired::Absent(_)) => Err(Stop::waiting("Deleting", "the object is being deleted")),
        (Step::Check { arn, check }, _) => {
            let group = written(arn, elb.modify_target_group(arn, check).await, balancing)?;
            balancing.wrote_target_group(&group, None);
            Ok(Done::Changed)
        }
        (Step::Attributes { name, attributes }, _) => {
            let view = shown(name, balancing)?;
            let arn = &view.target_group.arn;
            let told = written(arn, elb.modify_target_group_attributes(arn, attributes).await, balancing)?;
            balancing.wrote_target_group_attributes(arn, &told);
            tracing::debug!(arn, keys = ?attributes.keys(), "changed attributes of a target group");
            Ok(Done::Changed)
        }
        (Step::Tag { arn, tags }, _) => {
            written(arn, elb.add_tags(arn, tags).await, balancing)?;
            retagged(arn, balancing, |all| all.extend(tags.clone()));
            Ok(Done::Changed)
        }
        (Step::Untag { arn, keys }, _) => {
            written(arn, elb.remove_tags(arn, keys).await, balancing)?;
            retagged(arn, balancing, |all| all.retain(|key, _| !keys.contains(key)));
            Ok(Done::Changed)
        }
        (Step::Delete { arn }, _) => {
            written(arn, elb.delete_target_group(arn).await, balancing)?;
            balancing.deleted_target_group(arn);
            Ok(Done::Deleted { arn: arn.clone() })
        }
    }
}

async fn create(object: &EcsTargetGroup, want: &Present, new: &NewTargetGroup, ctx: &Ctx) -> Result<Done, Stop> {
    let (elb, balancing) = (ctx.aws.elb(), &ctx.aws.balancing);
    let key = TargetGroupKey::Name(new.name.clone());
    balancing.follow_target_group(&key, &watcher(object), Pace::Rolling);
    let granted = grant(ctx, object, Vouched::default(), new.clone()).await?;
    let group = match Box::pin(elb.create_target_group(granted)).await {
        Ok(group) => group,
        Err(error) => {
            if leaves_doubt(&error) {
                balancing.touched_target_group(&key);
            }
            let is_taken = error.kind == Kind::Conflict;
            return Err(if is_taken { taken(&new.name) } else { error.into() });
        }
    };
    // AWS gives back what exists and is equal. Under a name that was made nobody else's can be.
    if want.name.is_some() {
        let tags = elb.describe_tags(std::slice::from_ref(&group.arn)).await?.remove(&group.arn).unwrap_or_default();
        if want.owner.judge(&tags, None) != Ownership::Ours {
            balancing.wrote_target_group(&group, Some(&tags));
            return Err(taken(&new.name));
        }
    }
    balancing.wrote_target_group(&group, Some(&new.tags));
    Ok(Done::Created(Box::new(group)))
}

/// It may be ours all the same, with what was declared before: a look will tell.
fn taken(name: &str) -> Stop {
    Stop::waiting("NameTaken", format!("a target group {name} is there already; it is looked at"))
}

/// What a write came to. One whose end is not known is looked at.
fn written<T>(arn: &str, outcome: Result<T, AwsError>, balancing: &Balancing) -> Result<T, Stop> {
    outcome.map_err(|error| {
        if leaves_doubt(&error) {
            balancing.touched_target_group(&key(arn));
        }
        if error.kind == Kind::NotFound { not_known(name_in(arn)) } else { error.into() }
    })
}

fn not_known(name: &str) -> Stop {
    Stop::waiting("TargetGroupNotFound", format!("AWS does not know target group {name} yet, or no longer; it is looked at"))
}

/// By name, as all are followed.
fn key(arn: &str) -> TargetGroupKey {
    TargetGroupKey::Name(name_in(arn).to_owned())
}

fn shown(name: &str, balancing: &Balancing) -> Result<Arc<TargetGroupView>, Stop> {
    let sight = balancing.target_group(&TargetGroupKey::Name(name.to_owned()));
    sight.live().cloned().ok_or_else(|| not_known(name))
}

fn retagged(arn: &str, balancing: &Balancing, change: impl FnOnce(&mut Tags)) {
    if let Ok(view) = shown(name_in(arn), balancing) {
        let mut tags = view.tags.clone();
        change(&mut tags);
        balancing.retagged(arn, &tags);
    }
}

/// Whether a look at the target group can tell more than the refusal did.
fn leaves_doubt(error: &AwsError) -> bool {
    !matches!(error.kind, Kind::Throttled | Kind::Denied | Kind::Credentials | Kind::Quota)
}
