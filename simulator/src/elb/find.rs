//! Looking things up, with AWS's error for what is not there.

use std::sync::Arc;

use super::Elb;
use super::objects::{Balancer, Group, Listener, Rule};
use crate::fault::ServiceError;

pub(super) fn missing(code: &str, kind: &str, arn: &str) -> ServiceError {
    ServiceError::new(code, format!("{kind} '{arn}' not found"))
}

pub(super) fn balancer(elb: &Elb, arn: &str) -> Result<Arc<Balancer>, ServiceError> {
    let found = elb.objects.balancers.get(arn).filter(|balancer| elb.is_known(balancer.created));
    found.cloned().ok_or_else(|| missing("LoadBalancerNotFound", "Load balancer", arn))
}

pub(super) fn listener(elb: &Elb, arn: &str) -> Result<Arc<Listener>, ServiceError> {
    let found = elb.objects.listeners.get(arn).filter(|listener| elb.is_known(listener.created));
    found.cloned().ok_or_else(|| missing("ListenerNotFound", "Listener", arn))
}

pub(super) fn rule(elb: &Elb, arn: &str) -> Result<Arc<Rule>, ServiceError> {
    let found = elb.objects.rules.get(arn).filter(|rule| elb.is_known(rule.created));
    found.cloned().ok_or_else(|| missing("RuleNotFound", "Rule", arn))
}

pub(super) fn group(elb: &Elb, arn: &str) -> Result<Arc<Group>, ServiceError> {
    let found = elb.objects.groups.get(arn).filter(|group| elb.is_known(group.created));
    found.cloned().ok_or_else(|| missing("TargetGroupNotFound", "Target group", arn))
}
