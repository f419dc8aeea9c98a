//! A rule of a listener, or several where its match is too large for one.
//!
//! It owns the rules that carry its tags. It never touches a rule that carries other tags or none, nor the default rule, nor
//! the listener, nor target groups; and it never moves anybody else's rule to make room for its own.

mod accept;
mod act;
mod covers;
mod desired;
mod difference;
mod noted;
mod observe;
mod observed;
pub mod parts;
mod plan;
mod priority;
mod refs;
mod statements;
mod status;
#[cfg(test)]
mod tests;

use crate::api::namespace_policy::GuardMode;
use crate::api::shared::ManagementPolicy;
use crate::api::{EcsListenerRule, EcsListenerRuleStatus, EcsTargetGroup};
use crate::aws::elb::Watcher;
use crate::aws::elb::model::{NewRule, Rule, RuleChange, Tags};
use crate::aws::error::AwsError;
use crate::aws::guard::Slot;
use crate::domain::ObjectKey;
use crate::engine::cache::{Indexed, Key, connection_keys, namespace_key, owner_key};
use crate::engine::connections::Reach;
use crate::engine::ctx::{Ctx, Site};
use crate::engine::noted::Noted;
use crate::engine::references;
use crate::engine::refs::Caches;
use crate::engine::watch::{DigestOfStatus, hash};
use crate::engine::{Managed, Notice, Pass, Plan, Stop};
use crate::kinds::listener::load_balancer;
use crate::kinds::vouch;
use jiff::Timestamp;
use kube::ResourceExt;
use refs::Refs;
pub use refs::was_refused;

/// The kind `EcsListenerRule`.
pub struct EcsListenerRuleKind;

/// What is wanted of a rule.
#[derive(Clone, Debug, PartialEq)]
pub enum Desired {
    /// It is to be there.
    Present(Box<desired::Present>),
    /// Its object is being deleted.
    Absent(desired::Absent),
}

/// One write.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// The listener that was found is remembered, so that what else is known of it counts; no call.
    Found {
        /// ARN of the listener.
        listener: String,
    },
    /// Rules of ours are looked for on the listener itself, past what is remembered of it.
    Look {
        /// ARN of the listener.
        listener: String,
    },
    /// `CreateRule`.
    Create {
        /// Which part of the match, from 0.
        part: usize,
        /// The priority.
        priority: i32,
        /// How many rules stand there: with fewer, what failed is worth another try at once.
        among: usize,
    },
    /// `ModifyRule`.
    Modify(RuleChange),
    /// `SetRulePriorities`.
    SetPriorities(Vec<(String, i32)>),
    /// Tags are set.
    Tag {
        /// On which rule.
        arn: String,
        /// Key and value.
        tags: Tags,
    },
    /// Tags are taken off.
    Untag {
        /// From which rule.
        arn: String,
        /// Their keys.
        keys: Vec<String>,
    },
    /// `DeleteRule`.
    Delete {
        /// Its ARN.
        arn: String,
    },
    /// A rule of ours stays, without our tags.
    Disown {
        /// Its ARN.
        arn: String,
    },
}

/// What a write brought to light.
#[derive(Clone, Debug, PartialEq)]
pub enum Done {
    /// The listener is this one.
    Found {
        /// Its ARN.
        listener: String,
    },
    /// Nothing of ours is on the listener but these.
    Looked(Vec<Rule>),
    /// It was made.
    Created {
        /// For which part of the match.
        part: usize,
        /// As AWS has it.
        rule: Rule,
    },
    /// It is like this now.
    Changed(Rule),
    /// These have other priorities.
    Moved(Vec<(String, i32)>),
    /// Tags changed.
    Tagged,
    /// It is gone, or no longer ours.
    Released {
        /// Its ARN.
        arn: String,
    },
}

impl Managed for EcsListenerRuleKind {
    type Object = EcsListenerRule;
    type Status = EcsListenerRuleStatus;
    type Refs = Refs;
    type Desired = Desired;
    type Observed = observed::Observed;
    type Step = Step;
    type Done = Done;

    const KIND: &'static str = "EcsListenerRule";

    fn status_of(object: &EcsListenerRule) -> Option<&EcsListenerRuleStatus> {
        object.status.as_ref()
    }

    fn observed_generation(object: &EcsListenerRule) -> Option<i64> {
        object.status.as_ref()?.observed_generation
    }

    fn set_status(object: &mut EcsListenerRule, status: EcsListenerRuleStatus) {
        object.status = Some(status);
    }

    fn reach(object: &EcsListenerRule, caches: &Caches) -> Result<Reach, Stop> {
        Reach::of(object, caches)
    }

    fn forbidden(object: &EcsListenerRule, ctx: &Ctx) -> Option<Stop> {
        mismatch(object, &ctx.caches).or_else(|| ungranted(object, ctx))
    }

    fn refs(object: &EcsListenerRule, caches: &Caches) -> Refs {
        refs::refs(object, caches)
    }

    fn desired(object: &EcsListenerRule, refs: &Refs, site: &Site) -> Result<Desired, Stop> {
        desired::desired(object, refs, site)
    }

    /// A look into what the live side keeps: the reads themselves are made there, for many rules at once.
    async fn observe(object: &EcsListenerRule, want: Result<&Desired, &Stop>, ctx: &Ctx) -> Result<observed::Observed, AwsError> {
        Ok(observe::observe(object, want, ctx))
    }

    fn plan(want: &Desired, seen: &observed::Observed) -> Plan<Step> {
        plan::plan(want, seen)
    }

    fn promise(before: &EcsListenerRuleStatus, want: &Desired, step: &Step, site: &Site) -> EcsListenerRuleStatus {
        status::promise(before, want, step, site)
    }

    async fn act(object: &EcsListenerRule, want: &Desired, step: &Step, ctx: &Ctx) -> Result<Done, Stop> {
        act::act(object, want, step, ctx).await
    }

    fn status(object: &EcsListenerRule, pass: &Pass<Self>, site: Option<&Site>, now: Timestamp) -> EcsListenerRuleStatus {
        status::status(object, pass, site, now)
    }

    fn notices(before: &EcsListenerRuleStatus, after: &EcsListenerRuleStatus, pass: &Pass<Self>) -> Vec<Notice> {
        statements::notices(before, after, pass)
    }

    fn noted(before: &EcsListenerRuleStatus, after: &EcsListenerRuleStatus, pass: &Pass<Self>, _now: Timestamp) -> Noted {
        noted::noted(before, after, pass)
    }

    fn forget(object: &EcsListenerRule, ctx: &Ctx) {
        ctx.aws.balancing.unfollow(&watcher(object));
    }
}

/// What it refers to has to be made through the same connection: target groups, and the load balancer of its listener.
fn mismatch(object: &EcsListenerRule, caches: &Caches) -> Option<Stop> {
    let namespace = object.namespace().unwrap_or_default();
    let load_balancer = load_balancer(&object.spec.listener, &namespace, caches);
    let mut forward = object.spec.action.forward.iter().flatten().filter_map(|it| it.target_group_ref.as_ref());
    let to_it = caches.mismatch(object, load_balancer.as_ref());
    to_it.or_else(|| forward.find_map(|it| caches.mismatch_of::<EcsTargetGroup, _>(object, it)))
}

/// What the policy of the namespace does not grant of the listener and the hosts of a rule that does not stand yet. It is asked
/// again when the rule is made; said early, it keeps no host from others while the rule waits for something else.
fn ungranted(object: &EcsListenerRule, ctx: &Ctx) -> Option<Stop> {
    let stands = object.status.as_ref().is_some_and(|status| !status.rules.is_empty());
    let is_ours = object.spec.management_policy != Some(ManagementPolicy::Observe);
    let listener = object.spec.listener.arn.clone().filter(|_| is_ours && !stands)?;
    let vouched = vouch::of_rule(object, &listener, None, ctx);
    let is_looked_at = vouched.unproven.contains(&(Slot::Listeners, listener.clone()));
    let guard = ctx.guard(&object.namespace().unwrap_or_default()).vouching(vouched);
    if is_looked_at || guard.mode() != GuardMode::Enforce {
        return None;
    }
    let claim = NewRule { listener_arn: listener, conditions: parts::whole(&object.spec.r#match), ..NewRule::default() };
    let refused = guard.refused(&claim).into_iter().next()?;
    Some(Stop::invalid(refused.reason(), refused.to_string()))
}

/// The object, as the live side knows it.
fn watcher(object: &EcsListenerRule) -> Watcher {
    let object = ObjectKey { namespace: object.namespace().unwrap_or_default(), name: object.name_any() };
    Watcher { kind: EcsListenerRuleKind::KIND, object }
}

impl Indexed for EcsListenerRule {
    fn keys(&self) -> Vec<Key> {
        let namespace = self.namespace().unwrap_or_default();
        let within = |other: &Option<String>| other.clone().unwrap_or_else(|| namespace.clone());
        let mut keys: Vec<Key> = owner_key(self).into_iter().chain([namespace_key(self)]).collect();
        let seen = self.status.iter().filter_map(|status| status.listener_arn.clone());
        keys.extend(self.spec.listener.arn.iter().cloned().chain(seen).map(Key::Listener));
        keys.extend(self.spec.listener.r#ref.iter().map(|it| Key::LoadBalancer(within(&it.namespace), it.name.clone())));
        let forward = self.spec.action.forward.iter().flatten().filter_map(|it| it.target_group_ref.as_ref());
        keys.extend(forward.clone().map(|it| Key::TargetGroup(within(&it.namespace), it.name.clone())));
        keys.extend(references::keys(&namespace, forward));
        keys.extend(connection_keys(self));
        keys.sort();
        keys.dedup();
        keys
    }
}

impl DigestOfStatus for EcsListenerRule {
    fn digest_of_status(&self) -> u64 {
        let Some(status) = &self.status else { return 0 };
        let said: Vec<_> = status.conditions.iter().map(|one| (&one.type_, &one.status, &one.message)).collect();
        let connection = &status.connection;
        let forwards: Vec<_> = status.target_groups.iter().map(|it| (&it.arn, it.weight)).collect();
        hash(&(&status.listener_arn, &status.url, status.priority, forwards, status.observed_generation, said, connection))
    }
}
