//! Carries out one step on a load balancer.

use super::desired::Present;
use super::observe::watcher;
use super::refs::refs;
use super::{Desired, Done, Step};
use crate::api::EcsLoadBalancer;
use crate::api::shared::ManagementPolicy;
use crate::aws::elb::model::{Attributes, ListenerChange, NewListener, NewLoadBalancer, SubnetsChange, Tags};
use crate::aws::elb::{Balancing, LoadBalancerKey, LoadBalancerView, Sight, Watcher};
use crate::aws::guard::Vouched;
use crate::aws::guard::asks::{Adopted, Certificate, Inherited, SecurityGroups};
use crate::aws::reflector::Pace;
use crate::aws::{AwsError, Kind};
use crate::domain::owner::{UID, is_of_installation};
use crate::engine::Stop;
use crate::engine::ctx::Ctx;
use crate::engine::grant::grant;
use crate::kinds::vouch;
use std::sync::Arc;

/// One write.
///
/// # Errors
/// What AWS answered.
pub async fn act(object: &EcsLoadBalancer, want: &Desired, step: &Step, ctx: &Ctx) -> Result<Done, Stop> {
    let key = match want {
        Desired::Present(want) => &want.key,
        Desired::Absent(want) => &want.key,
    };
    let on = On { object, key, who: watcher(object), ctx };
    on.inherit(step).await?;
    match (step, want) {
        (Step::Create, Desired::Present(want)) => create(object, want, ctx).await,
        (Step::Create, Desired::Absent(_)) => Err(Stop::waiting("Deleting", "the object is being deleted")),
        (Step::Tag { arn, tags, .. }, _) => on.tag(arn, tags).await,
        (Step::Untag { arn, keys, .. }, _) => on.untag(arn, keys).await,
        (Step::SetSubnets(change), _) => on.set_subnets(change).await,
        (Step::SetSecurityGroups { arn, groups }, _) => on.set_security_groups(arn, groups).await,
        (Step::SetIpAddressType { arn, kind }, _) => on.set_ip_address_type(arn, kind).await,
        (Step::SetAttributes { arn, set }, _) => on.set_attributes(arn, set).await,
        (Step::CreateListener(new), _) => on.create_listener(new).await,
        (Step::ModifyListener { change, .. }, _) => on.modify_listener(change).await,
        (Step::SetListenerAttributes { port, arn, set }, _) => on.set_listener_attributes(*port, arn, set).await,
        (Step::AddCertificate { port, arn, certificate }, _) => on.add_certificate(*port, arn, certificate).await,
        (Step::RemoveCertificate { arn, certificate, .. }, _) => on.remove_certificate(arn, certificate).await,
        (Step::DeleteListener { port, arn }, _) => on.delete_listener(*port, arn).await,
        (Step::Delete { arn }, _) => on.delete(arn).await,
    }
}

/// The name is the same each time, so that a repetition after a lost reply gives back the one that is there.
async fn create(object: &EcsLoadBalancer, want: &Present, ctx: &Ctx) -> Result<Done, Stop> {
    let (balancing, who) = (&ctx.aws.balancing, watcher(object));
    let mut tags = want.tags.clone();
    tags.extend(want.owner.tags());
    let new = NewLoadBalancer { tags: tags.clone(), ..want.new.clone() };
    let granted = grant(ctx, object, Vouched::default(), new).await?;
    let created = match ctx.aws.elb().create_load_balancer(granted).await {
        Ok(created) => created,
        Err(error) => {
            if leaves_doubt(&error) {
                balancing.touched_load_balancer(&want.key);
            }
            return Err(error.into());
        }
    };
    // What an older one of this object was followed for is of no interest any more.
    balancing.unfollow(&who);
    let key = LoadBalancerKey::Arn(created.arn.clone());
    balancing.follow_load_balancer(&key, &who, Pace::Rolling);
    balancing.wrote_load_balancer(&created, Some(&tags));
    Ok(Done::Created(Box::new(created)))
}

/// Whether a look can tell more than the refusal did.
fn leaves_doubt(error: &AwsError) -> bool {
    !matches!(error.kind, Kind::Throttled | Kind::Denied | Kind::Credentials | Kind::Quota | Kind::Invalid)
}

/// The load balancer that steps are taken on.
struct On<'a> {
    object: &'a EcsLoadBalancer,
    key: &'a LoadBalancerKey,
    who: Watcher,
    ctx: &'a Ctx,
}

impl On<'_> {
    fn balancing(&self) -> &Balancing {
        &self.ctx.aws.balancing
    }

    /// What is shown of it.
    fn view(&self) -> Option<Arc<LoadBalancerView>> {
        match self.balancing().load_balancer(self.key) {
            Sight::Live { value, .. } => Some(value),
            _ => None,
        }
    }

    /// Has it read again where the outcome is not known.
    fn ended<T>(&self, outcome: Result<T, AwsError>) -> Result<T, Stop> {
        outcome.map_err(|mut error| {
            if leaves_doubt(&error) {
                self.balancing().touched_load_balancer(self.key);
            }
            // What was just made may not be known everywhere yet; what is gone is seen to be by the next read.
            if error.is_load_balancing_gone() {
                error.kind = Kind::NotReady;
            }
            error.into()
        })
    }

    /// The tags of the load balancer, or of a listener of it, as they are shown.
    fn tags_of(&self, arn: &str) -> Option<Tags> {
        let view = self.view()?;
        if view.load_balancer.arn == arn {
            return Some(view.tags.clone());
        }
        view.listeners.iter().find(|it| it.listener.arn == arn).map(|it| it.tags.clone())
    }

    fn retagged(&self, arn: &str, change: impl FnOnce(&mut Tags)) {
        match self.tags_of(arn) {
            Some(mut tags) => {
                change(&mut tags);
                self.balancing().retagged(arn, &tags);
            }
            None => self.balancing().touched_load_balancer(self.key),
        }
    }

    async fn tag(&self, arn: &str, tags: &Tags) -> Result<Done, Stop> {
        self.may_mark(arn, tags).await?;
        self.ended(self.ctx.aws.elb().add_tags(arn, tags).await)?;
        self.retagged(arn, |all| all.extend(tags.clone()));
        Ok(Done::Changed)
    }

    /// The target groups that stand for objects.
    fn vouched(&self) -> Vouched {
        let refs = refs(self.object, &self.ctx.caches);
        vouch::of_load_balancer(&refs.target_groups, refs.claims.values().flatten(), self.ctx)
    }

    /// Our marks on what carries none take it over, which the policy has to list.
    async fn may_mark(&self, arn: &str, tags: &Tags) -> Result<(), Stop> {
        let is_adoption = self.object.spec.management_policy == Some(ManagementPolicy::Adopt);
        let is_marked = self.tags_of(arn).is_some_and(|tags| tags.contains_key(UID));
        if !is_adoption || is_marked || !tags.contains_key(UID) {
            return Ok(());
        }
        grant(self.ctx, self.object, Vouched::default(), Adopted(arn.to_owned())).await.map(drop)
    }

    /// What still carries the tags of another installation is taken over with the first write to it, which the policy has to
    /// grant: for the load balancer, and for a listener of it that is written to.
    async fn inherit(&self, step: &Step) -> Result<(), Stop> {
        let (Some(from), Some(view)) = (&self.object.spec.take_over_from, self.view()) else { return Ok(()) };
        let is_theirs = |tags: &Tags| is_of_installation(tags, from) && !is_of_installation(tags, &self.ctx.installation);
        let listener = view.listeners.iter().find(|it| step.listener() == Some(it.listener.arn.as_str()));
        let listener = listener.filter(|it| is_theirs(&it.tags)).map(|it| &it.listener.arn);
        for arn in Some(&view.load_balancer.arn).filter(|_| is_theirs(&view.tags)).into_iter().chain(listener) {
            grant(self.ctx, self.object, Vouched::default(), Inherited(arn.clone())).await?;
        }
        Ok(())
    }

    async fn untag(&self, arn: &str, keys: &[String]) -> Result<Done, Stop> {
        self.ended(self.ctx.aws.elb().remove_tags(arn, keys).await)?;
        self.retagged(arn, |all| all.retain(|key, _| !keys.contains(key)));
        Ok(Done::Changed)
    }

    async fn set_subnets(&self, change: &SubnetsChange) -> Result<Done, Stop> {
        let granted = grant(self.ctx, self.object, Vouched::default(), change.clone()).await?;
        let zones = self.ended(self.ctx.aws.elb().set_subnets(granted).await)?;
        if let Some(view) = self.view() {
            let mut changed = view.load_balancer.clone();
            changed.zones = zones;
            if let Some(prefix) = &change.enable_prefix_for_ipv6_source_nat {
                changed.enable_prefix_for_ipv6_source_nat = Some(prefix.clone());
            }
            self.balancing().wrote_load_balancer(&changed, None);
        }
        Ok(Done::Changed)
    }

    async fn set_security_groups(&self, arn: &str, groups: &[String]) -> Result<Done, Stop> {
        let granted = grant(self.ctx, self.object, Vouched::default(), SecurityGroups(groups.to_vec())).await?;
        self.ended(self.ctx.aws.elb().set_security_groups(arn, granted).await)?;
        if let Some(view) = self.view() {
            let mut changed = view.load_balancer.clone();
            changed.security_groups = groups.iter().cloned().collect();
            self.balancing().wrote_load_balancer(&changed, None);
        }
        Ok(Done::Changed)
    }

    async fn set_ip_address_type(&self, arn: &str, kind: &str) -> Result<Done, Stop> {
        self.ended(self.ctx.aws.elb().set_ip_address_type(arn, kind).await)?;
        tracing::debug!(arn, kind, "set the address type of a load balancer");
        if let Some(view) = self.view() {
            let mut changed = view.load_balancer.clone();
            changed.ip_address_type = Some(kind.to_owned());
            self.balancing().wrote_load_balancer(&changed, None);
        }
        Ok(Done::Changed)
    }

    async fn set_attributes(&self, arn: &str, set: &Attributes) -> Result<Done, Stop> {
        let shown = self.ended(self.ctx.aws.elb().modify_load_balancer_attributes(arn, set).await)?;
        tracing::debug!(arn, keys = ?set.keys(), "set attributes of a load balancer");
        self.balancing().wrote_load_balancer_attributes(arn, &shown);
        Ok(Done::Attributes { port: None, set: set.clone() })
    }

    async fn create_listener(&self, new: &NewListener) -> Result<Done, Stop> {
        let granted = grant(self.ctx, self.object, self.vouched(), new.clone()).await?;
        let created = self.ended(self.ctx.aws.elb().create_listener(granted).await)?;
        self.balancing().wrote_listener(&created, Some(&new.tags));
        Ok(Done::ListenerCreated {
            port: new.port.unwrap_or_default(),
            protocol: created.protocol.unwrap_or_default(),
            arn: created.arn,
        })
    }

    async fn modify_listener(&self, change: &ListenerChange) -> Result<Done, Stop> {
        let granted = grant(self.ctx, self.object, self.vouched(), change.clone()).await?;
        let changed = self.ended(self.ctx.aws.elb().modify_listener(granted).await)?;
        self.balancing().wrote_listener(&changed, None);
        Ok(Done::Changed)
    }

    async fn set_listener_attributes(&self, port: i32, arn: &str, set: &Attributes) -> Result<Done, Stop> {
        self.ended(self.ctx.aws.elb().modify_listener_attributes(arn, set).await)?;
        tracing::debug!(arn, keys = ?set.keys(), "set attributes of a listener");
        Ok(Done::Attributes { port: Some(port), set: set.clone() })
    }

    async fn add_certificate(&self, port: i32, arn: &str, certificate: &str) -> Result<Done, Stop> {
        let granted = grant(self.ctx, self.object, Vouched::default(), Certificate(certificate.to_owned())).await?;
        self.ended(self.ctx.aws.elb().add_listener_certificate(arn, granted).await)?;
        tracing::debug!(arn, certificate, "added a certificate to a listener");
        self.certified(arn, |all| all.push(certificate.to_owned()));
        Ok(Done::Certified { port, certificate: certificate.to_owned() })
    }

    async fn remove_certificate(&self, arn: &str, certificate: &str) -> Result<Done, Stop> {
        self.ended(self.ctx.aws.elb().remove_listener_certificate(arn, certificate).await)?;
        tracing::debug!(arn, certificate, "took a certificate off a listener");
        self.certified(arn, |all| all.retain(|it| it != certificate));
        Ok(Done::Changed)
    }

    /// Certificates that were never read are read in their turn.
    fn certified(&self, listener: &str, change: impl FnOnce(&mut Vec<String>)) {
        let view = self.view();
        let shown = view.iter().flat_map(|view| &view.listeners).find(|it| it.listener.arn == listener);
        if let Some(mut certificates) = shown.and_then(|it| it.certificates.clone()) {
            change(&mut certificates);
            self.balancing().wrote_certificates(listener, certificates);
        }
    }

    async fn delete_listener(&self, port: i32, arn: &str) -> Result<Done, Stop> {
        let deleted = self.ctx.aws.elb().delete_listener(arn).await;
        if deleted.is_err() {
            self.balancing().touched_listener(arn);
        }
        self.ended(deleted)?;
        if let Some(view) = self.view() {
            self.balancing().deleted_listener(&view.load_balancer.arn, arn);
        }
        self.balancing().unfollow_listener(arn, &self.who);
        Ok(Done::ListenerDeleted { port })
    }

    async fn delete(&self, arn: &str) -> Result<Done, Stop> {
        self.ended(self.ctx.aws.elb().delete_load_balancer(arn).await)?;
        self.balancing().deleted_load_balancer(arn);
        Ok(Done::Deleted)
    }
}
