//! Targets: who is registered with a target group, by callers or by ECS.

use std::net::Ipv4Addr;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::objects::Group;
use super::shapes::validation;
use super::{Answer, Elb, find, health};
use crate::ecs::input::Input;
use crate::fault::ServiceError;

/// Target group, id and port.
pub(crate) type TargetKey = (Arc<str>, (String, i64));

/// How a target answers the health checks of its load balancer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TargetBehaviour {
    /// As the matcher wants it.
    Healthy,
    /// With status 503.
    Unhealthy,
    /// It refuses connections.
    Refuses,
    /// It does not answer: a security group is closed, say.
    TimesOut,
    /// It is stopped, and gets no traffic.
    Stopped,
}

/// Where a target is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TargetState {
    Unused,
    Initial,
    Healthy,
    Unhealthy,
    Draining,
}

impl TargetState {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Unused => "unused",
            Self::Initial => "initial",
            Self::Healthy => "healthy",
            Self::Unhealthy => "unhealthy",
            Self::Draining => "draining",
        }
    }
}

/// A registered target.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) state: TargetState,
    /// How it answers; the patterns of [`Elb::set_behaviour`] come before it.
    pub(super) behaviour: TargetBehaviour,
    pub(super) zone: Option<String>,
    pub(super) registered: Timestamp,
    /// Since when it is checked and has answered as it does now.
    pub(super) since: Timestamp,
    /// How it answered at the last look.
    pub(super) answers: TargetBehaviour,
    /// When its draining ends.
    pub(super) gone: Option<Timestamp>,
}

/// What became of a target.
#[derive(Debug, Clone)]
pub(crate) struct News {
    pub(crate) target: TargetKey,
}

/// A range of addresses, such as `10.0.0.0/8`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Network {
    address: u32,
    bits: u32,
}

impl Network {
    /// IPv4 only; IPv6 ranges are not simulated.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (address, bits) = text.split_once('/')?;
        let bits = bits.parse().ok().filter(|bits| *bits <= 32)?;
        Some(Self { address: address.parse::<Ipv4Addr>().ok()?.to_bits(), bits })
    }

    pub(crate) fn holds(self, address: Ipv4Addr) -> bool {
        let mask = u32::MAX.checked_shl(32 - self.bits).unwrap_or(0);
        address.to_bits() & mask == self.address & mask
    }
}

/// Ranges outside the network that may be registered with the zone `all`: the private ones, and what carriers share.
const PEERS: [&str; 4] = ["10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16"];

pub(super) fn register(elb: &mut Elb, input: Input<'_>) -> Answer {
    let group = find::group(elb, input.text("TargetGroupArn").unwrap_or_default())?;
    if input.list("Targets").is_empty() {
        return Err(validation("A target must be specified"));
    }
    for target in input.objects("Targets") {
        let id = target.text("Id").unwrap_or_default();
        check_id(&group, id, target.text("AvailabilityZone"))?;
        let port = port(&group, target);
        insert(elb, &(Arc::clone(&group.arn), (id.to_owned(), port)), TargetBehaviour::Healthy, target.text("AvailabilityZone"));
    }
    let count = elb.objects.groups.get(&group.arn).map_or(0, |group| group.targets.len());
    let kind = if group.is_http() { "application" } else { "network" };
    elb.quotas.check(&format!("targets-per-{kind}-load-balancer"), count, "TooManyTargets")?;
    Ok(json!({}))
}

fn port(group: &Group, target: Input<'_>) -> i64 {
    target.number("Port").unwrap_or_else(|| group.number("Port"))
}

/// What a target may be, by the type of its group.
fn check_id(group: &Group, id: &str, zone: Option<&str>) -> Result<(), ServiceError> {
    let invalid = |message: String| Err(ServiceError::new("InvalidTarget", message));
    match group.text("TargetType") {
        "instance" if !id.starts_with("i-") => {
            invalid(format!("The following targets are not in a running state and cannot be registered: '{id}'"))
        }
        "ip" => {
            let Ok(address) = id.parse::<Ipv4Addr>() else {
                return Err(validation(format!("The IP address '{id}' is not a valid IPv4 address")));
            };
            let within = |range: &str| Network::parse(range).is_some_and(|network| network.holds(address));
            if within("10.0.0.0/16") {
                return Ok(());
            }
            if zone != Some("all") {
                return invalid(format!(
                    "You must specify an Availability Zone of 'all' for the IP address '{id}' outside of the VPC"
                ));
            }
            if PEERS.iter().any(|range| within(range)) {
                Ok(())
            } else {
                invalid(format!("The IP address '{id}' is not private"))
            }
        }
        "alb" if !id.contains(":loadbalancer/app/") => invalid(format!("'{id}' is not an Application Load Balancer")),
        "lambda" if !id.starts_with("arn:aws:lambda:") => invalid(format!("'{id}' is not a Lambda function")),
        _ => Ok(()),
    }
}

/// Registers a target; one that drains is as new.
fn insert(elb: &mut Elb, key: &TargetKey, behaviour: TargetBehaviour, zone: Option<&str>) {
    let now = elb.now;
    let Some(group) = elb.objects.groups.get_mut(&key.0) else { return };
    let group = Arc::make_mut(group);
    let is_new = group.targets.get(&key.1).is_none_or(|target| target.state == TargetState::Draining);
    if is_new {
        let target = Target {
            state: TargetState::Unused,
            behaviour,
            zone: zone.map(str::to_owned),
            registered: now,
            since: now,
            answers: behaviour,
            gone: None,
        };
        group.targets.insert(key.1.clone(), target);
    }
    health::look(elb, key);
}

/// One that is not registered counts as deregistered.
pub(super) fn deregister(elb: &mut Elb, input: Input<'_>) -> Answer {
    let group = find::group(elb, input.text("TargetGroupArn").unwrap_or_default())?;
    if input.list("Targets").is_empty() {
        return Err(validation("A target must be specified"));
    }
    for target in input.objects("Targets") {
        let id = target.text("Id").unwrap_or_default().to_owned();
        let key = (Arc::clone(&group.arn), (id, port(&group, target)));
        health::drain(elb, &key);
    }
    Ok(json!({}))
}

/// What ECS knows of a target group.
#[derive(Debug, Clone)]
pub(crate) struct GroupFacts {
    pub(crate) target_type: String,
    pub(crate) is_behind_a_balancer: bool,
}

/// ECS's side: it is no caller, so nothing is logged or throttled.
impl Elb {
    /// `None` when there is no such target group, or not for other calls yet.
    pub(crate) fn facts(&self, group: &str) -> Option<GroupFacts> {
        let known = find::group(self, group).ok()?;
        Some(GroupFacts {
            target_type: known.text("TargetType").to_owned(),
            is_behind_a_balancer: self.objects.balancer_of(group).is_some(),
        })
    }

    /// Whether a production or test listener rule is there: a rule, or a Network Load Balancer's listener.
    pub(crate) fn has_rule_or_listener(&self, arn: &str) -> bool {
        find::rule(self, arn).is_ok() || find::listener(self, arn).is_ok()
    }

    /// Registers a task; `None` when the group is gone.
    pub(crate) fn register_task(&mut self, group: &str, target: (String, i64), behaviour: TargetBehaviour) -> Option<TargetKey> {
        let arn = Arc::clone(&self.objects.groups.get(group)?.arn);
        let key = (arn, target);
        insert(self, &key, behaviour, None);
        Some(key)
    }

    /// Deregisters a task; gives back how long it drains.
    pub(crate) fn deregister_task(&mut self, key: &TargetKey) -> std::time::Duration {
        health::drain(self, key)
    }

    /// The state of a target; `None` when it is not registered.
    pub(crate) fn state_of(&self, key: &TargetKey) -> Option<TargetState> {
        Some(self.objects.groups.get(&key.0)?.targets.get(&key.1)?.state)
    }

    /// Why a target is not healthy, in words.
    pub(crate) fn description_of(&self, key: &TargetKey) -> String {
        let group = self.objects.groups.get(&key.0);
        let target = group.and_then(|group| Some((group, group.targets.get(&key.1)?)));
        target.and_then(|(group, target)| health::reason(group, target, self.now)).map_or("", |(_, words)| words).to_owned()
    }
}
