//! What a service exposes: the target groups and rules that belong to it, and what it registers its tasks in. Pure.
//!
//! An entry is attached once something forwards to its target group, for ECS refuses one that no load balancer knows. What
//! was attached once stays attached as long as it is declared, whatever becomes of the objects on the way.

use super::child::{Child, owned_by, owner_reference};
use crate::api::load_balancing::{Action, Forward};
use crate::api::service::expose::{Exposure, ExposureStatus};
use crate::api::shared::{GROUP, Reference};
use crate::api::target_group::TargetType;
use crate::api::task_definition::PortMapping;
use crate::api::{EcsListenerRule, EcsListenerRuleSpec, EcsService, EcsTargetGroup, EcsTargetGroupSpec, TaskDefinition};
use crate::engine::Stop;
use crate::engine::conditions::{self, Type};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, ObjectMeta};
use kube::{Resource, ResourceExt};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The objects of load balancing that concern a service, as the caches have them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Refs {
    /// Target groups that it owns, is named like the owner of, or refers to, by name.
    pub target_groups: BTreeMap<String, EcsTargetGroup>,
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
        let unattached = self.entries.iter().filter(|entry| entry.attached.is_empty());
        unattached.filter_map(|entry| entry.trouble.as_ref()).next()
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

/// Name of the objects of an entry.
pub fn child_name(service: &EcsService, entry: &str) -> String {
    format!("{}-{entry}", service.name_any())
}

/// What is wanted of all entries.
///
/// # Errors
/// [`Stop::Invalid`] when an entry names a port that the task definition does not have, or a target group that cannot take
/// its tasks: then the service stays as it is.
pub fn wanted(service: &EcsService, refs: &super::Refs) -> Result<Exposures, Stop> {
    let mut all = Exposures::default();
    for exposure in service.spec.expose.iter().flatten() {
        let (container, port) = target_of(exposure, definition_of(service, refs))?;
        fits(exposure, service, refs)?;
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
    leave_over(service, refs, &mut all);
    Ok(all)
}

/// Container and port that an entry means.
///
/// # Errors
/// When the task definition does not have it, or is not known here.
fn target_of(exposure: &Exposure, definition: Option<&TaskDefinition>) -> Result<(String, i32), Stop> {
    let containers = || definition.into_iter().flat_map(|it| &it.container_definitions);
    if let (Some(name), Some(port)) = (&exposure.container_name, exposure.container_port) {
        let is_there = containers()
            .any(|it| it.name == *name && it.port_mappings.iter().flatten().any(|mapping| mapping.container_port == Some(port)));
        if definition.is_none() || is_there {
            return Ok((name.clone(), port));
        }
        return Err(Stop::invalid(
            "PortNotFound",
            format!(
                "expose entry {}: container {name} with a port mapping of {port} is not in the task definition; add it there or \
                 correct the entry",
                exposure.name
            ),
        ));
    }
    let wanted = exposure.port.as_deref().unwrap_or_default();
    if definition.is_none() {
        return Err(Stop::waiting(
            "TaskDefinitionNotFound",
            format!(
                "expose entry {}: the EcsTaskDefinition with a port mapping named {wanted} is not there; where taskDefinition names \
                 one in AWS, use containerName and containerPort",
                exposure.name
            ),
        ));
    }
    let named = |mapping: &&PortMapping| mapping.name.as_deref() == Some(wanted);
    let found = containers().find_map(|container| {
        let mapping = container.port_mappings.iter().flatten().find(named)?;
        Some((container.name.clone(), mapping.container_port?))
    });
    found.ok_or_else(|| {
        Stop::invalid(
            "PortNotFound",
            format!(
                "expose entry {}: no port mapping of the task definition is named {wanted}; name one so, or use containerName and \
                 containerPort",
                exposure.name
            ),
        )
    })
}

/// What the service is about to run, where an object here declares it.
fn definition_of<'a>(service: &'a EcsService, refs: &'a super::Refs) -> Option<&'a TaskDefinition> {
    let referred = refs.task_definition.as_ref().map(|found| &found.spec.task_definition);
    service.spec.task_definition_template.as_ref().or(referred)
}

/// Tasks with a network interface of their own are registered by address, others by instance (load-balancing §3.1).
fn target_type(service: &EcsService, refs: &super::Refs) -> TargetType {
    // Without a word it is bridge; where no object here declares it, only awsvpc takes a network configuration.
    let declared = definition_of(service, refs).map(|it| it.network_mode.as_ref().is_some_and(|mode| mode.as_str() == "awsvpc"));
    let is_awsvpc = declared.unwrap_or(service.spec.network_configuration.is_some());
    if is_awsvpc { TargetType::Ip } else { TargetType::Instance }
}

/// Whether the target group that an entry refers to can take the tasks.
fn fits(exposure: &Exposure, service: &EcsService, refs: &super::Refs) -> Result<(), Stop> {
    let reference = exposure.target_group.as_ref().and_then(|it| it.r#ref.as_ref());
    let Some(found) = reference.and_then(|it| refs.balancing.target_groups.get(&it.name)) else { return Ok(()) };
    let (is, wanted) = (found.spec.target_type.clone().unwrap_or(TargetType::Instance), target_type(service, refs));
    if is == wanted {
        return Ok(());
    }
    Err(Stop::invalid(
        "TargetTypeMismatch",
        format!(
            "expose entry {}: EcsTargetGroup {} has targetType {} and the tasks' network mode needs {}; set it there",
            exposure.name,
            found.name_any(),
            is.as_str(),
            wanted.as_str()
        ),
    ))
}

/// A target group that exists: attached, and no more. Whether something forwards to it is for ECS to say.
fn foreign(exposure: &Exposure, service: &EcsService, refs: &super::Refs) -> Entry {
    let target = exposure.target_group.clone().unwrap_or_default();
    let Some(reference) = target.r#ref else {
        return Entry { attached: target.arn.clone().into_iter().collect(), target_group: target.arn, ..Entry::default() };
    };
    if let Some(stop) = crosses_namespaces(&exposure.name, &reference, service) {
        return Entry { trouble: Some(stop), ..Entry::default() };
    }
    let found = refs.balancing.target_groups.get(&reference.name);
    let Some(arn) = found.and_then(|it| it.status.as_ref()).and_then(|status| status.arn.clone()) else {
        let message = format!("expose entry {}: EcsTargetGroup {} is not there yet", exposure.name, reference.name);
        return Entry { trouble: Some(Stop::waiting("TargetGroupNotReady", message)), ..Entry::default() };
    };
    let entry = Entry { attached: vec![arn.clone()], target_group: Some(arn), ..Entry::default() };
    with_health(entry, &exposure.name, found, service)
}

fn crosses_namespaces(entry: &str, reference: &Reference, service: &EcsService) -> Option<Stop> {
    let other = reference.namespace.as_ref().filter(|namespace| Some(*namespace) != service.namespace().as_ref())?;
    Some(Stop::invalid(
        "ReferenceNotGranted",
        format!("expose entry {entry}: targetGroup.ref points into namespace {other}; refer to one of the own namespace"),
    ))
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
    let wanted = target_group_of(exposure, service, refs);
    if target_group.is_none_or(|there| there.spec != wanted.spec) {
        apply.push(Child::TargetGroup(Box::new(wanted)));
    }
    let wanted_rule = rule_of(exposure, service);
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
    let url = rule.and_then(|it| it.status.as_ref()).and_then(|it| it.url.clone());
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

fn meta_of(service: &EcsService, entry: &str) -> ObjectMeta {
    ObjectMeta {
        name: Some(child_name(service, entry)),
        namespace: service.namespace(),
        labels: Some(BTreeMap::from([(format!("{GROUP}/service"), service.name_any())])),
        owner_references: Some(vec![owner_reference(service)]),
        ..ObjectMeta::default()
    }
}

fn target_group_of(exposure: &Exposure, service: &EcsService, refs: &super::Refs) -> EcsTargetGroup {
    EcsTargetGroup {
        metadata: meta_of(service, &exposure.name),
        spec: EcsTargetGroupSpec {
            settings: exposure.settings.clone(),
            target_type: Some(target_type(service, refs)),
            listener: exposure.listener.clone(),
            tags: service.spec.tags.clone(),
            deletion_policy: service.spec.deletion_policy.clone(),
            drift_policy: service.spec.drift_policy.clone(),
            ..EcsTargetGroupSpec::default()
        },
        status: None,
    }
}

/// An entry that does not say what it matches is the whole listener of a network load balancer, which has no rules.
fn rule_of(exposure: &Exposure, service: &EcsService) -> Option<EcsListenerRule> {
    let target_group_ref = Some(Reference { name: child_name(service, &exposure.name), namespace: None });
    let forward = vec![Forward { target_group_ref, ..Forward::default() }];
    Some(EcsListenerRule {
        metadata: meta_of(service, &exposure.name),
        spec: EcsListenerRuleSpec {
            listener: exposure.listener.clone()?,
            r#match: exposure.r#match.clone()?,
            rewrite: exposure.rewrite.clone(),
            action: Action { forward: Some(forward), ..Action::default() },
            priority: exposure.priority,
            tags: service.spec.tags.clone(),
            deletion_policy: service.spec.deletion_policy.clone(),
            drift_policy: service.spec.drift_policy.clone(),
            ..EcsListenerRuleSpec::default()
        },
        status: None,
    })
}

/// What the service made once and no entry asks for any more.
fn leave_over(service: &EcsService, refs: &super::Refs, all: &mut Exposures) {
    let own = |exposure: &&Exposure| exposure.target_group.is_none();
    let target_groups: Vec<String> =
        service.spec.expose.iter().flatten().filter(own).map(|it| child_name(service, &it.name)).collect();
    let with_match = |exposure: &&Exposure| exposure.r#match.is_some();
    let rules: Vec<String> =
        service.spec.expose.iter().flatten().filter(own).filter(with_match).map(|it| child_name(service, &it.name)).collect();
    all.left_rules = left(&refs.balancing.rules, &rules, service).map(|it| Child::Rule(Box::new(it))).collect();
    all.left_target_groups =
        left(&refs.balancing.target_groups, &target_groups, service).map(|it| Child::TargetGroup(Box::new(it))).collect();
}

/// Those of a service that are not among the wanted names.
fn left<'a, K: Resource<DynamicType = ()> + Clone>(
    all: &'a BTreeMap<String, K>,
    wanted: &'a [String],
    service: &'a EcsService,
) -> impl Iterator<Item = K> + 'a {
    all.iter().filter(|(name, object)| owned_by(*object, service) && !wanted.contains(name)).map(|(_, object)| object.clone())
}
