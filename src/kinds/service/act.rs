//! Carries out one step on a service.

use super::child::Child;
use super::desired::Present;
use super::status::INACTIVE;
use super::{Desired, Done, Step, owner_of};
use crate::api::EcsService;
use crate::aws::guard::Vouched;
use crate::aws::guard::asks::{Adopted, Inherited};
use crate::aws::reflector::{Pace, Seen};
use crate::aws::{AwsError, CreateServiceInput, Kind, LiveService, UpdateServiceInput, codec};
use crate::domain::ServiceKey;
use crate::domain::json::{sha256, text};
use crate::domain::owner::{Ownership, is_of_installation};
use crate::engine::ctx::Ctx;
use crate::engine::grant::grant;
use crate::engine::{Stop, write};
use crate::kinds::vouch;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Longest `clientToken` that ECS takes is 36 characters; one of its pages says 32.
const TOKEN: usize = 32;

/// One write.
///
/// # Errors
/// What AWS or Kubernetes answered.
pub async fn act(object: &EcsService, want: &Desired, step: &Step, ctx: &Ctx) -> Result<Done, Stop> {
    let key = match want {
        Desired::Present(want) => &want.key,
        Desired::Absent(want) => &want.key,
    };
    if matches!(step, Step::Update { .. } | Step::Tag { .. } | Step::Untag { .. } | Step::Delete) {
        inherit(object, key, ctx).await?;
    }
    match (step, want) {
        (Step::Create, Desired::Present(want)) => create(object, want, ctx).await.map_err(|stop| refused(object, stop)),
        (Step::Update { members, force, deploys, .. }, Desired::Present(want)) => {
            update(object, want, (members, *force, *deploys), ctx).await.map_err(|stop| refused(object, stop))
        }
        (Step::Claim, Desired::Present(want)) => claim(object, want, ctx).await,
        (Step::Tag { arn, tags }, _) => {
            retagged(key, ctx, ctx.aws.ecs().tag_resource(arn, tags).await, |all| all.extend(tags.clone()))?;
            Ok(Done::Tagged)
        }
        (Step::Untag { arn, keys }, _) => {
            retagged(key, ctx, ctx.aws.ecs().untag_resource(arn, keys).await, |all| all.retain(|key, _| !keys.contains(key)))?;
            Ok(Done::Tagged)
        }
        (Step::ApplyChild(child), _) => {
            match child {
                Child::TaskDefinition(it) => write::apply_child(ctx, it.as_ref()).await.map(drop),
                Child::TargetGroup(it) => write::apply_child(ctx, it.as_ref()).await.map(drop),
                Child::Rule(it) => write::apply_child(ctx, it.as_ref()).await.map(drop),
            }?;
            Ok(Done::Child)
        }
        (Step::RemoveChild(child), _) => {
            match child {
                Child::TaskDefinition(it) => write::delete_child(ctx, it.as_ref()).await,
                Child::TargetGroup(it) => write::delete_child(ctx, it.as_ref()).await,
                Child::Rule(it) => write::delete_child(ctx, it.as_ref()).await,
            }?;
            Ok(Done::Child)
        }
        (Step::Delete, _) => delete(key, ctx).await,
        (Step::Create | Step::Update { .. } | Step::Claim, Desired::Absent(_)) => {
            Err(Stop::waiting("Deleting", "the object is being deleted"))
        }
    }
}

/// A revision that somebody deregistered is for its own object to mend, unless this one names it in words.
fn refused(object: &EcsService, stop: Stop) -> Stop {
    match stop {
        Stop::Aws(error) if error.is_task_definition_inactive() && object.spec.task_definition.is_none() => Stop::waiting(
            INACTIVE,
            format!("{}: somebody deregistered the revision; its EcsTaskDefinition says what is done about it", error.operation),
        ),
        stop => stop,
    }
}

async fn create(object: &EcsService, want: &Present, ctx: &Ctx) -> Result<Done, Stop> {
    let mut tags = want.owner.tags();
    tags.extend(want.tags.clone());
    let mut input = want.declared.clone();
    if !want.daemon && want.controller == "ECS" && input["desiredCount"].is_null() {
        input["desiredCount"] = json!(1);
    }
    input["tags"] = listed(&tags);
    input["clientToken"] = json!(token(object, want, &input));
    vouch::deployment_is_granted(object, ctx)?;
    let input: CreateServiceInput = codec::to_input(&input).map_err(|error| Stop::invalid("InvalidSpec", error.to_string()))?;
    let granted = grant(ctx, object, vouch::of_service(object, ctx), input).await?;
    let services = &ctx.aws.services;
    let created = match ctx.aws.ecs().create_service(granted).await {
        Ok(created) => created,
        Err(error) => {
            // Somebody's service of that name may stand there: a look will tell. Where AWS broke, the token makes the
            // repetition safe, and one call is enough.
            if leaves_doubt(&error) && error.kind != Kind::Unavailable {
                services.follow(&want.key, &owner_of(object), Pace::Now);
                services.touched(&want.key);
            }
            return Err(error.into());
        }
    };
    services.follow(&want.key, &owner_of(object), Pace::Rolling);
    if want.owner.judge(&created.tags, want.inherits.as_deref()) != Ownership::Ours {
        services.wrote(&want.key, created);
        return Err(Stop::waiting(
            "Conflict",
            format!("a service {} that is not ours exists in cluster {}", want.key.name, want.key.cluster),
        ));
    }
    Ok(Done::Began(remember(&want.key, created, ctx)))
}

/// The same request for the same incarnation has the same token, so that a repetition after a lost reply is no second
/// service, and a service made again after its deletion is.
fn token(object: &EcsService, want: &Present, input: &Value) -> String {
    let incarnation = object.status.as_ref().and_then(|status| status.created_at.as_ref()).map(|time| time.0.to_string());
    let owner = &want.owner;
    let whole = format!(
        "{}/{}/{}/{}\n{}\n{}",
        owner.installation,
        owner.kind,
        owner.namespace,
        owner.name,
        text(input),
        incarnation.unwrap_or_default()
    );
    sha256(&whole)[..TOKEN].to_owned()
}

async fn update(
    object: &EcsService,
    want: &Present,
    (members, force, deploys): (&Value, bool, bool),
    ctx: &Ctx,
) -> Result<Done, Stop> {
    let mut input = members.clone();
    input["cluster"] = json!(want.key.cluster);
    input["service"] = json!(want.key.name);
    if force {
        input["forceNewDeployment"] = json!(true);
    }
    tracing::debug!(service = %want.key, fields = ?members.as_object().map(serde_json::Map::keys), force, "updating a service");
    if deploys || force {
        vouch::deployment_is_granted(object, ctx)?;
    }
    let input: UpdateServiceInput = codec::to_input(&input).map_err(|error| Stop::invalid("InvalidSpec", error.to_string()))?;
    let granted = grant(ctx, object, vouch::of_service(object, ctx), input).await?;
    match ctx.aws.ecs().update_service(granted).await {
        Ok(updated) => {
            let live = remember(&want.key, updated, ctx);
            Ok(if deploys { Done::Began(live) } else { Done::Changed(live) })
        }
        Err(error) => {
            if error.may_have_happened() {
                ctx.aws.services.unsure(&want.key, &error);
            } else if leaves_doubt(&error) {
                ctx.aws.services.touched(&want.key);
            }
            Err(error.into())
        }
    }
}

async fn claim(object: &EcsService, want: &Present, ctx: &Ctx) -> Result<Done, Stop> {
    let Seen::Live { service, .. } = ctx.aws.services.get(&want.key) else {
        return Err(Stop::waiting("NotFound", "the service to take over is no longer there"));
    };
    let arn = service.arn.clone();
    grant(ctx, object, Vouched::default(), Adopted(arn.clone())).await?;
    let mut tags = want.owner.tags();
    tags.extend(want.tags.clone());
    let outcome = ctx.aws.ecs().tag_resource(&arn, &tags).await;
    retagged(&want.key, ctx, outcome, |all| all.extend(tags))?;
    tracing::debug!(arn, "took over a service");
    Ok(Done::Claimed)
}

/// What still carries the tags of another installation is taken over with the first write to it, which the policy has to grant.
async fn inherit(object: &EcsService, key: &ServiceKey, ctx: &Ctx) -> Result<(), Stop> {
    let Seen::Live { service, .. } = ctx.aws.services.get(key) else { return Ok(()) };
    if object.spec.take_over_from.is_none() || is_of_installation(&service.tags, &ctx.installation) {
        return Ok(());
    }
    grant(ctx, object, Vouched::default(), Inherited(service.arn.clone())).await.map(drop)
}

/// The reply says nothing, but what it means is known: the pass that follows at once must not set the tags again.
fn retagged(
    key: &ServiceKey,
    ctx: &Ctx,
    outcome: Result<(), AwsError>,
    change: impl FnOnce(&mut BTreeMap<String, String>),
) -> Result<(), Stop> {
    match (&outcome, ctx.aws.services.get(key)) {
        (Ok(()), Seen::Live { service, .. }) => {
            let mut tags = service.tags.clone();
            change(&mut tags);
            ctx.aws.services.retagged(key, tags);
        }
        _ => ctx.aws.services.touched(key),
    }
    Ok(outcome?)
}

async fn delete(key: &ServiceKey, ctx: &Ctx) -> Result<Done, Stop> {
    let deleted = ctx.aws.ecs().delete_service(&key.cluster, &key.name, true).await;
    match deleted {
        Ok(Some(live)) => {
            remember(key, live, ctx);
        }
        Ok(None) => ctx.aws.services.touched(key),
        Err(error) => {
            if leaves_doubt(&error) {
                ctx.aws.services.touched(key);
            }
            return Err(error.into());
        }
    }
    Ok(Done::Deleted)
}

/// Whether a look at the service can tell more than the refusal did.
fn leaves_doubt(error: &AwsError) -> bool {
    !matches!(error.kind, Kind::Throttled | Kind::Denied | Kind::Credentials | Kind::Quota)
}

/// The reply to our own write is the newest that is known.
fn remember(key: &ServiceKey, live: LiveService, ctx: &Ctx) -> LiveService {
    ctx.aws.services.wrote(key, live.clone());
    live
}

fn listed(tags: &BTreeMap<String, String>) -> Value {
    tags.iter().map(|(key, value)| json!({"key": key, "value": value})).collect()
}
