//! What a service exposes: the target groups and rules that belong to it, and what it registers its tasks in. Pure.
//!
//! An entry is attached once something forwards to its target group, for ECS refuses one that no load balancer knows. What
//! was attached once stays attached as long as it is declared, whatever becomes of the objects on the way.

mod objects;
mod target;

pub use objects::child_name;

use super::child::{Child, owned_by};
use crate::api::service::expose::{Exposure, ExposureStatus};
use crate::api::{EcsListenerRule, EcsService, EcsTargetGroup};
use crate::engine::Stop;
use crate::engine::conditions::{self, Type};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{Resource, ResourceExt};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The objects of load balancing that concern a service, as the caches have them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Refs {
    /// Target groups that it owns, or is named like the owner of, by name.
    pub target_groups: BTreeMap<String, EcsTargetGroup>,
    /// Target groups that it refers to, by the name of the entry: those that are there, and why others may not be used.
    pub referred: BTreeMap<String, Result<EcsTargetGroup, Stop>>,
    /// Rules that it owns, or is named like the owner of, by name.
    pub rules: BTreeMap<String, EcsListenerRule>,
}

/// All that a service exposes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Exposures {
    /// Objects that are to be applied.
    pub apply: Vec<Child>,
    /// Rules that are left over. Requests are to stay away before the tasks do.
    pub left_rules: Vec<Child>,
    /// Target groups that are left over and may go once no task is registered in them.
    pub left_target_groups: Vec<Child>,
    /// The entries, in the order of the declaration.
    pub entries: Vec<Entry>,
}

/// One entry of `expose`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// Container that gets the requests.
    pub container: String,
    /// Port of that container.
    pub port: i32,
    /// ARNs of the target groups that tasks are registered in.
    pub attached: Vec<String>,
    /// ARN of the target group that the entry stands for.
    pub target_group: Option<String>,
    /// Where it can be reached.
    pub url: Option<String>,
    /// Targets that are healthy.
    pub healthy: Option<i32>,
    /// Targets that are not healthy.
    pub unhealthy: Option<i32>,
    /// Why requests do not reach healthy tasks yet, if so.
    pub trouble: Option<Stop>,
}

impl Exposures {
    /// The entries of `loadBalancers` that they stand for.
    pub fn load_balancers(&self) -> Vec<Value> {
        let of = |entry: &Entry| {
            let (container, port) = (entry.container.clone(), entry.port);
            let one = move |arn: &String| json!({"targetGroupArn": arn, "containerName": container, "containerPort": port});
            entry.attached.iter().map(one).collect::<Vec<_>>()
        };
        self.entries.iter().flat_map(of).collect()
    }

    /// Why a service that is not there yet cannot be made: ECS takes only target groups that something forwards to.
    pub fn hindrance(&self) -> Option<&Stop> {
        self.entries.iter().filter(|entry| entry.attached.is_empty()).find_map(|entry| entry.trouble.as_ref())
    }

    /// What to say of each entry.
    pub fn status(&self) -> Vec<ExposureStatus> {
        let say = |entry: &Entry| ExposureStatus {
            name: entry.name.clone(),
            url: entry.url.clone(),
            target_group: entry.target_group.clone(),
            attached: entry.attached.clone(),
            ready: entry.trouble.is_none(),
            reason: entry.trouble.as_ref().map(|stop| stop.reason().to_owned()),
            message: entry.trouble.as_ref().map(Stop::message),
            healthy: entry.healthy,
            unhealthy: entry.unhealthy,
        };
        self.entries.iter().map(say).collect()
    }
}

/// What is wanted of all entries.
///
/// # Errors
/// [`Stop::Invalid`] when an entry names a port that the task definition does not have, or a target group that cannot take
/// its tasks, or when the task definition may not be run: then the service stays as it is.
pub fn wanted(service: &EcsService, refs: &super::Refs) -> Result<Exposures, Stop> {
    let mut all = Exposures::default();
    // Its ports are not known either.
    if let Some(stop) = refs.ungranted.as_ref().filter(|_| service.spec.expose.iter().flatten().next().is_some()) {
        return Err(stop.clone());
    }
    for exposure in service.spec.expose.iter().flatten() {
        let (container, port) = target::of(exposure, target::definition(service, refs))?;
        target::fits(exposure, service, refs)?;
        let remembered = service.status.iter().flat_map(|status| &status.exposures).find(|it| it.name == exposure.name);
        let mut entry = match &exposure.target_group {
            Some(_) => foreign(exposure, service, refs),
            None => own(exposure, service, refs, &mut all.apply),
        };
        for arn in remembered.into_iter().flat_map(|it| &it.attached) {
            if entry.target_group.is_none() && !entry.attached.contains(arn) {
                entry.attached.push(arn.clone());
            }
        }
        all.entries.push(Entry { name: exposure.name.clone(), container, port, ..entry });
    }
    objects::leave_over(service, refs, &mut all);
    Ok(all)
}

/// A target group that exists: attached, and no more. Whether something forwards to it is for ECS to say.
fn foreign(exposure: &Exposure, service: &EcsService, refs: &super::Refs) -> Entry {
    let target = exposure.target_group.clone().unwrap_or_default();
    let Some(reference) = target.r#ref else {
        return Entry { attached: target.arn.clone().into_iter().collect(), target_group: target.arn, ..Entry::default() };
    };
    let found = match refs.balancing.referred.get(&exposure.name) {
        Some(Ok(found)) => Some(found),
        Some(Err(stop)) => {
            let stop = Stop::invalid(stop.reason(), format!("expose entry {}: {}", exposure.name, stop.message()));
            return Entry { trouble: Some(stop), ..Entry::default() };
        }
        None => None,
    };
    let said = found.and_then(|it| it.status.as_ref());
    let Some(arn) = said.and_then(|status| status.arn.clone()) else {
        let message = format!("expose entry {}: EcsTargetGroup {} is not there yet", exposure.name, reference.name);
        return Entry { trouble: Some(Stop::waiting("TargetGroupNotReady", message)), ..Entry::default() };
    };
    let url = said.and_then(|status| status.url.clone());
    let entry = Entry { attached: vec![arn.clone()], target_group: Some(arn), url, ..Entry::default() };
    with_health(entry, &exposure.name, found, service)
}

/// An entry with a target group, and a rule if it says what it matches, of its own.
fn own(exposure: &Exposure, service: &EcsService, refs: &super::Refs, apply: &mut Vec<Child>) -> Entry {
    let name = child_name(service, &exposure.name);
    let target_group = match taken("EcsTargetGroup", &exposure.name, refs.balancing.target_groups.get(&name), service) {
        Ok(there) => there,
        Err(stop) => return Entry { trouble: Some(stop), ..Entry::default() },
    };
    let rule = match taken("EcsListenerRule", &exposure.name, refs.balancing.rules.get(&name), service) {
        Ok(there) => there,
        Err(stop) => return Entry { trouble: Some(stop), ..Entry::default() },
    };
    let wanted = objects::target_group(exposure, service, refs);
    if target_group.is_none_or(|there| there.spec != wanted.spec) {
        apply.push(Child::TargetGroup(Box::new(wanted)));
    }
    let wanted_rule = objects::rule(exposure, service);
    if let Some(wanted) = wanted_rule.clone().filter(|wanted| rule.is_none_or(|there| there.spec != wanted.spec)) {
        apply.push(Child::Rule(Box::new(wanted)));
    }
    let Some(status) = target_group.and_then(|it| it.status.as_ref()) else {
        return Entry { trouble: Some(not_yet(&exposure.name, "its EcsTargetGroup was not looked at yet")), ..Entry::default() };
    };
    let rule = rule.filter(|_| wanted_rule.is_some());
    let forwards =
        |arn: &String| rule.and_then(|it| it.status.as_ref()).and_then(|it| it.target_groups.iter().find(|one| one.arn == *arn));
    // ECS takes a target group once a load balancer knows it, and that one is waited for. A replaced one stays attached as
    // long as requests go there.
    let is_known =
        |arn: &String| forwards(arn).is_some() || (status.arn.as_ref() == Some(arn) && !status.load_balancer_arns.is_empty());
    let was_attached = |arn: &String| {
        let before = service.status.iter().flat_map(|it| &it.exposures).find(|it| it.name == exposure.name);
        before.is_some_and(|it| it.attached.contains(arn))
    };
    let mut attached: Vec<String> = status.arn.iter().filter(|arn| is_known(arn) || was_attached(arn)).cloned().collect();
    let replaced = status.previous.iter().map(|it| &it.arn);
    attached.extend(replaced.filter(|arn| was_attached(arn) && (!status.serving || forwards(arn).is_some())).cloned());
    let url = rule.and_then(|it| it.status.as_ref()).and_then(|it| it.url.clone()).or_else(|| status.url.clone());
    let entry = Entry { attached, target_group: status.arn.clone(), url, ..Entry::default() };
    let trouble = trouble_of(target_group).or_else(|| match (&wanted_rule, rule) {
        (Some(_), None) => Some((true, "its EcsListenerRule was not looked at yet".to_owned())),
        (_, rule) => trouble_of(rule),
    });
    let entry = Entry { healthy: status.healthy, unhealthy: status.unhealthy, ..entry };
    match trouble {
        Some((true, why)) => Entry { trouble: Some(not_yet(&exposure.name, &why)), ..entry },
        Some((false, why)) => {
            let stop = Stop::invalid("ExposureFailed", format!("expose entry {}: {why}", exposure.name));
            Entry { trouble: Some(stop), ..entry }
        }
        None => with_health(entry, &exposure.name, target_group, service),
    }
}

fn not_yet(entry: &str, why: &str) -> Stop {
    Stop::waiting("ExposureNotReady", format!("expose entry {entry}: {why}"))
}

/// Why a child does not do what it should, and whether it goes on by itself.
fn trouble_of<K: Says>(child: Option<&K>) -> Option<(bool, String)> {
    let child = child?;
    let (kind, name) = (K::kind(&()), child.name_any());
    if child.observed_generation() != child.meta().generation {
        return Some((true, format!("the newest edit of {kind} {name} was not looked at yet")));
    }
    let said = child.said();
    let ready = said.iter().find(|condition| condition.type_ == Type::Ready.as_str());
    match ready {
        Some(ready) if ready.status == "True" => None,
        Some(ready) => {
            Some((!conditions::is_true(said, Type::Stalled), format!("{kind} {name}: {}: {}", ready.reason, ready.message)))
        }
        None => Some((true, format!("{kind} {name} was not looked at yet"))),
    }
}

/// Requests reach somebody once one target is healthy.
fn with_health(entry: Entry, name: &str, target_group: Option<&EcsTargetGroup>, service: &EcsService) -> Entry {
    let Some(status) = target_group.and_then(|it| it.status.as_ref()) else { return entry };
    let entry = Entry { healthy: status.healthy, unhealthy: status.unhealthy, ..entry };
    if status.healthy.unwrap_or_default() > 0 || service.spec.desired_count == Some(0) {
        return entry;
    }
    let worst = status.targets.first();
    let why = worst.map(|it| {
        let says = [it.reason.as_deref(), it.description.as_deref(), it.hint.as_deref()];
        format!(": {} {}", it.state, says.into_iter().flatten().collect::<Vec<_>>().join("; "))
    });
    let message = format!("expose entry {name}: no target is healthy{}", why.unwrap_or_default());
    Entry { trouble: Some(Stop::waiting("NoHealthyTargets", message)), ..entry }
}

/// What an object of load balancing says of itself.
trait Says: Resource<DynamicType = ()> {
    fn observed_generation(&self) -> Option<i64>;
    fn said(&self) -> &[Condition];
}

impl Says for EcsTargetGroup {
    fn observed_generation(&self) -> Option<i64> {
        self.status.as_ref().and_then(|status| status.observed_generation)
    }
    fn said(&self) -> &[Condition] {
        self.status.as_ref().map_or(&[], |status| &status.conditions)
    }
}

impl Says for EcsListenerRule {
    fn observed_generation(&self) -> Option<i64> {
        self.status.as_ref().and_then(|status| status.observed_generation)
    }
    fn said(&self) -> &[Condition] {
        self.status.as_ref().map_or(&[], |status| &status.conditions)
    }
}

/// The child of that name, if it is ours or not there.
fn taken<'a, K: Resource<DynamicType = ()>>(
    kind: &str,
    entry: &str,
    found: Option<&'a K>,
    service: &EcsService,
) -> Result<Option<&'a K>, Stop> {
    match found {
        Some(there) if !owned_by(there, service) => Err(Stop::waiting(
            "Conflict",
            format!(
                "expose entry {entry}: {kind} {} was not made by this service; rename one of the two, or refer to it by targetGroup",
                there.name_any()
            ),
        )),
        found => Ok(found),
    }
}
