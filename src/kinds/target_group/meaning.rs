//! What a declaration means to a target group that is made of it: every default in words. Pure.

use super::defaults;
use super::desired::desired;
use super::observed::Listener;
use super::settings::{Settings, complete};
use super::{Desired, Refs};
use crate::api::{EcsTargetGroup, EcsTargetGroupSpec};
use crate::engine::ctx::Site;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Members of the health check that have a default.
const CHECK: [&str; 8] = [
    "protocol",
    "port",
    "path",
    "intervalSeconds",
    "timeoutSeconds",
    "healthyThresholdCount",
    "unhealthyThresholdCount",
    "matcher",
];

/// Everything that AWS is told of a target group.
#[derive(Clone, Debug, PartialEq)]
pub struct Meaning {
    settings: Settings,
    check: Map<String, Value>,
    attributes: BTreeMap<String, String>,
    tags: BTreeMap<String, String>,
}

/// The meaning of a declaration that names VPC and protocol. `None`: it says too little.
pub fn meaning(spec: &EcsTargetGroupSpec) -> Option<Meaning> {
    let nowhere = Site {
        connection: String::new(),
        account: String::new(),
        region: String::new(),
        partition: String::new(),
        installation: String::new(),
    };
    let object = EcsTargetGroup::new("any", spec.clone());
    let Ok(Desired::Present(want)) = desired(&object, &Refs::default(), &nowhere) else { return None };
    let settings = complete(&want, &Listener::Unnamed)?.ok()?;
    let mut check = want.check.clone();
    let protocol = check.get("protocol").and_then(Value::as_str);
    let protocol = protocol.unwrap_or_else(|| defaults::check_protocol_of(&settings)).to_owned();
    for member in CHECK.iter().filter(|member| !want.check.contains_key(**member)) {
        check.extend(defaults::of_check(member, &settings, &protocol).map(|value| ((*member).to_owned(), value)));
    }
    check.entry("enabled").or_insert(Value::Bool(true));
    let is_default = |key: &str, value: &str| defaults::of_attribute(key, &settings) == Some(value);
    let attributes = want.attributes.iter().filter(|(key, value)| !is_default(key, value));
    let attributes = attributes.map(|(key, value)| (key.clone(), value.clone())).collect();
    Some(Meaning { attributes, tags: want.tags.clone(), settings, check })
}
