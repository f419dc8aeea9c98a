//! Carries out one step on a rule.

use super::accept::priority_in_use;
use super::desired::Present;
use super::difference::wanted_tags;
use super::observed::{holder, judged_ours};
use super::parts::{Part, meaning};
use super::plan::{free_priority, number_of_rules};
use super::{Desired, Done, Step, watcher};
use crate::api::EcsListenerRule;
use crate::aws::elb::model::{NewRule, Rule, RuleChange, Tags};
use crate::aws::{AwsError, Kind};
use crate::domain::owner::{OWNER_KEYS, Owner, PART};
use crate::engine::Stop;
use crate::engine::ctx::Ctx;
use crate::engine::grant::grant;
use crate::kinds::listener::listener_of;
use crate::kinds::vouch;
use std::collections::BTreeSet;

/// How often another priority is tried when somebody else was quicker.
const TRIES: usize = 3;

/// One write.
///
/// # Errors
/// What AWS answered, or who was quicker.
pub async fn act(object: &EcsListenerRule, want: &Desired, step: &Step, ctx: &Ctx) -> Result<Done, Stop> {
    match (step, want) {
        (Step::Found { listener }, _) => Ok(Done::Found { listener: listener.clone() }),
        (Step::Look { listener }, _) => search(listener, owner_of(want), ctx).await,
        (Step::Create { part, priority, .. }, Desired::Present(want)) => match want.parts.get(*part) {
            Some(declared) => {
                let rule = create(object, want, declared, *priority, ctx).await?;
                Ok(Done::Created { part: *part, rule })
            }
            None => Err(Stop::waiting("Outdated", "the match has fewer parts by now")),
        },
        (Step::Modify(change), Desired::Present(want)) => modify(object, change, want, ctx).await,
        (Step::SetPriorities(priorities), _) => exchange(priorities, ctx).await,
        (Step::Tag { arn, tags }, _) => {
            known(ctx.aws.elb().add_tags(arn, tags).await, arn, ctx)?;
            remember_tags(arn, ctx, |held| held.extend(tags.clone()));
            Ok(Done::Tagged)
        }
        (Step::Untag { arn, keys }, _) => {
            known(ctx.aws.elb().remove_tags(arn, keys).await, arn, ctx)?;
            remember_tags(arn, ctx, |held| held.retain(|key, _| !keys.contains(key)));
            Ok(Done::Tagged)
        }
        (Step::Delete { arn }, _) => {
            known(ctx.aws.elb().delete_rule(arn).await, arn, ctx)?;
            ctx.aws.balancing.deleted_rule(arn);
            Ok(Done::Released { arn: arn.clone() })
        }
        (Step::Disown { arn }, _) => disown(arn, ctx).await,
        (Step::Create { .. } | Step::Modify(_), Desired::Absent(_)) => {
            Err(Stop::waiting("Deleting", "the object is being deleted"))
        }
    }
}

const fn owner_of(want: &Desired) -> &Owner {
    match want {
        Desired::Present(want) => &want.owner,
        Desired::Absent(want) => &want.owner,
    }
}

/// Passes on what a write ended with. Where a look tells more than the answer did, one is made.
fn known<T>(outcome: Result<T, AwsError>, rule: &str, ctx: &Ctx) -> Result<T, Stop> {
    outcome.map_err(|error| {
        if leaves_doubt(&error) {
            ctx.aws.balancing.touched_listener(&listener_of(rule));
        }
        error.into()
    })
}

fn leaves_doubt(error: &AwsError) -> bool {
    !matches!(error.kind, Kind::Throttled | Kind::Denied | Kind::Credentials | Kind::Quota)
}

fn remember_tags(rule: &str, ctx: &Ctx, change: impl FnOnce(&mut Tags)) {
    let listener = ctx.aws.balancing.listener(&listener_of(rule));
    let held = listener.live().and_then(|view| view.rules.iter().find(|(held, _)| held.arn == rule));
    if let Some((_, tags)) = held {
        let mut tags = tags.clone();
        change(&mut tags);
        ctx.aws.balancing.retagged(rule, &tags);
    }
}

/// Everything of ours on a listener, as AWS has it now. What is found is shown to others too.
async fn search(listener: &str, owner: &Owner, ctx: &Ctx) -> Result<Done, Stop> {
    let found = match on_listener(listener, ctx).await {
        Err(error) if error.is_load_balancing_gone() => Vec::new(),
        other => other?,
    };
    let mut ours = Vec::new();
    for (rule, tags) in found.into_iter().filter(|(rule, tags)| !rule.is_default() && judged_ours(tags, owner)) {
        ctx.aws.balancing.wrote_rule(&rule, Some(&tags));
        ours.push(rule);
    }
    Ok(Done::Looked(ours))
}

async fn on_listener(listener: &str, ctx: &Ctx) -> Result<Vec<(Rule, Tags)>, AwsError> {
    let elb = ctx.aws.elb();
    let rules = elb.describe_rules(listener).await?;
    let arns: Vec<String> = rules.iter().map(|rule| rule.arn.clone()).collect();
    let mut tags = std::collections::BTreeMap::new();
    for arns in arns.chunks(20) {
        tags.extend(elb.describe_tags(arns).await?);
    }
    Ok(rules
        .into_iter()
        .map(|rule| (tags.remove(&rule.arn).unwrap_or_default(), rule))
        .map(|(tags, rule)| (rule, tags))
        .collect())
}

async fn create(object: &EcsListenerRule, want: &Present, part: &Part, wished: i32, ctx: &Ctx) -> Result<Rule, Stop> {
    let listener = want.listener.clone().unwrap_or_default();
    let who = watcher(object);
    let tags = wanted_tags(want, part);
    let mut tried = BTreeSet::new();
    let mut priority = wished;
    for _ in 0..TRIES {
        priority = reserved(object, want, part, (priority, &mut tried), ctx)?;
        let new = NewRule {
            listener_arn: listener.clone(),
            priority,
            conditions: part.conditions.clone(),
            actions: vec![want.action.clone()],
            transforms: want.transforms.clone().unwrap_or_default(),
            tags: tags.clone(),
        };
        let granted = match grant(ctx, object, vouch::of_rule(object, &listener, None, ctx), new).await {
            Ok(granted) => granted,
            Err(refused) => {
                ctx.aws.balancing.release_priority(&listener, priority, &who);
                return Err(refused);
            }
        };
        let error = match ctx.aws.elb().create_rule(granted).await {
            Ok(rule) => return Ok(created(rule, &tags, ctx)),
            Err(error) => error,
        };
        if leaves_doubt(&error) {
            ctx.aws.balancing.touched_listener(&listener);
        }
        if !error.is_priority_taken() {
            if !error.may_have_happened() {
                ctx.aws.balancing.release_priority(&listener, priority, &who);
            }
            return Err(explained(error, want, &listener, ctx).await);
        }
        if let Some(rule) = somebody_was_quicker(want, part, (&listener, priority), ctx).await? {
            return Ok(rule);
        }
    }
    Err(Stop::waiting(
        "PriorityInUse",
        format!("priority {priority} and the {TRIES} before were taken by others at the same moment; it is tried again"),
    ))
}

/// Reserves the priority, or the next that is free, so that no other pass of this process chooses the same.
fn reserved(
    object: &EcsListenerRule,
    want: &Present,
    part: &Part,
    (wished, tried): (i32, &mut BTreeSet<i32>),
    ctx: &Ctx,
) -> Result<i32, Stop> {
    let listener = want.listener.clone().unwrap_or_default();
    let who = watcher(object);
    let is_asked_for = (0..want.parts.len()).any(|part| want.priority_of(part) == Some(wished));
    let mut priority = wished;
    while tried.contains(&priority) || !ctx.aws.balancing.reserve_priority(&listener, priority, &who) {
        if is_asked_for {
            return Err(priority_in_use(priority, "a rule that is being made"));
        }
        tried.insert(priority);
        let sight = ctx.aws.balancing.listener(&listener);
        let Some(view) = sight.live() else {
            return Err(Stop::waiting("ListenerNotFound", format!("there is no listener {listener}")));
        };
        priority = free_priority(want, view, &part.conditions, tried)?;
    }
    tried.insert(priority);
    Ok(priority)
}

fn created(rule: Rule, tags: &Tags, ctx: &Ctx) -> Rule {
    tracing::debug!(arn = rule.arn, priority = rule.priority, "created a rule");
    ctx.aws.balancing.wrote_rule(&rule, Some(tags));
    rule
}

/// The priority is taken: by the rule that was to be made, if a reply was lost, or by somebody else. All of them are shown
/// from now on, so that the next choice knows them.
async fn somebody_was_quicker(
    want: &Present,
    part: &Part,
    (listener, priority): (&str, i32),
    ctx: &Ctx,
) -> Result<Option<Rule>, Stop> {
    let rules = on_listener(listener, ctx).await?;
    let taken = rules.into_iter().find(|(rule, _)| rule.priority == Some(priority));
    let Some((rule, tags)) = taken else { return Ok(None) };
    let is_ours = judged_ours(&tags, &want.owner) && tags.get(PART) == Some(&part.hash);
    if is_ours && meaning(&rule.conditions) == meaning(&part.conditions) {
        return Ok(Some(created(rule, &tags, ctx)));
    }
    let by = holder(&tags, &want.owner).map_or_else(|| format!("rule {}", rule.arn), |name| format!("EcsListenerRule {name}"));
    ctx.aws.balancing.wrote_rule(&rule, Some(&tags));
    if want.priority.is_some() {
        return Err(priority_in_use(priority, &by));
    }
    Ok(None)
}

/// What AWS's refusal means here: which quota, and on which other load balancer a target group is.
async fn explained(error: AwsError, want: &Present, listener: &str, ctx: &Ctx) -> Stop {
    let code = error.code.as_deref().map(|code| code.strip_suffix("Exception").unwrap_or(code)).unwrap_or_default();
    match code {
        "TooManyRules" => {
            let used = ctx.aws.balancing.listener(listener).live().map_or(0, |view| number_of_rules(view));
            let limit = ctx.aws.balancing.limits().and_then(|limits| limits.get("rules-per-application-load-balancer"));
            let limit = limit.map_or_else(|| "as many as there are".to_owned(), |limit| limit.to_string());
            Stop::waiting(
                "QuotaExceeded",
                format!(
                    "{}. {used} rules stand on this listener, and AWS allows {limit} on all listeners of the load balancer; delete \
                     rules, use another load balancer, or ask for a higher quota in Service Quotas. It is tried again when one goes",
                    error.message.trim_end_matches('.')
                ),
            )
        }
        "TargetGroupAssociationLimit" => {
            let arns: Vec<String> = want.action.target_groups().iter().map(|it| it.arn.clone()).collect();
            let here = ctx.aws.balancing.listener(listener).live().map(|view| view.load_balancer.arn.clone());
            let groups = ctx.aws.elb().describe_target_groups(&arns).await.unwrap_or_default();
            let other = groups.iter().find_map(|group| {
                let other = group.load_balancer_arns.iter().find(|arn| Some(*arn) != here.as_ref())?;
                Some(format!("target group {} belongs to load balancer {other}", group.name))
            });
            let what = other.unwrap_or_else(|| error.message.trim_end_matches('.').to_owned());
            Stop::waiting("TargetGroupAssociationLimit", format!("{what}; {}", error.advice()))
        }
        _ => error.into(),
    }
}

async fn modify(object: &EcsListenerRule, change: &RuleChange, want: &Present, ctx: &Ctx) -> Result<Done, Stop> {
    let listener = listener_of(&change.arn);
    let granted = grant(ctx, object, vouch::of_rule(object, &listener, Some(&change.arn), ctx), change.clone()).await?;
    let rule = match ctx.aws.elb().modify_rule(granted).await {
        Ok(rule) => rule,
        Err(error) => {
            if leaves_doubt(&error) {
                ctx.aws.balancing.touched_listener(&listener);
            }
            return Err(explained(error, want, &listener, ctx).await);
        }
    };
    tracing::debug!(
        arn = rule.arn,
        conditions = change.conditions.is_some(),
        actions = change.actions.is_some(),
        transforms = change.transforms.is_some(),
        "changed a rule"
    );
    ctx.aws.balancing.wrote_rule(&rule, None);
    Ok(Done::Changed(rule))
}

async fn exchange(priorities: &[(String, i32)], ctx: &Ctx) -> Result<Done, Stop> {
    let first = priorities.first().map(|(arn, _)| arn.clone()).unwrap_or_default();
    let rules = known(ctx.aws.elb().set_rule_priorities(priorities).await, &first, ctx)?;
    tracing::debug!(?priorities, "moved rules");
    for rule in &rules {
        ctx.aws.balancing.wrote_rule(rule, None);
    }
    Ok(Done::Moved(priorities.to_vec()))
}

/// What is gone meanwhile is no longer ours either.
async fn disown(arn: &str, ctx: &Ctx) -> Result<Done, Stop> {
    let mut keys: Vec<String> = OWNER_KEYS.iter().map(|key| (*key).to_owned()).collect();
    keys.push(PART.to_owned());
    match ctx.aws.elb().remove_tags(arn, &keys).await {
        Err(error) if error.is_load_balancing_gone() => {}
        outcome => known(outcome, arn, ctx)?,
    }
    remember_tags(arn, ctx, |held| held.retain(|key, _| !keys.contains(key)));
    tracing::debug!(arn, "let go of a rule");
    Ok(Done::Released { arn: arn.to_owned() })
}
