//! A target group as an `EcsTargetGroup`. Pure.

use super::Options;
use super::object::{Imported, NotWritten, not_expressed, shaped, tags};
use super::prune::without_what_is_understood;
use crate::api::load_balancing::{
    ALGORITHM, APP_COOKIE_DURATION, APP_COOKIE_NAME, DEREGISTRATION_DELAY, LB_COOKIE_DURATION, SLOW_START, STICKINESS_ENABLED,
    STICKINESS_TYPE,
};
use crate::api::{EcsTargetGroup, EcsTargetGroupSpec};
use crate::aws::elb::TargetGroupView;
use crate::aws::elb::model::Attributes;
use crate::kinds::target_group::meaning::meaning;
use serde_json::{Map, Value, json};

pub(super) const KIND: &str = "EcsTargetGroup";
/// Said where somebody asks for more.
const ONLY_OBSERVED: &str = "it is observed: a target group that somebody else made cannot be adopted";

/// The object that stands for a target group. It observes, whatever the policy.
///
/// # Errors
/// When the targets are functions or load balancers, or it has something that no field can hold.
pub fn target_group(view: &TargetGroupView, name: &str, options: &Options) -> Result<Imported, NotWritten> {
    let live = &view.target_group;
    let refuse = |why: String| NotWritten { kind: KIND, arn: live.arn.clone(), why };
    if !matches!(live.target_type.as_str(), "ip" | "instance") {
        return Err(refuse(format!("its targets are of type {}, which ECS does not register", live.target_type)));
    }
    let mut notes = if options.policy.word() == "Adopt" { vec![ONLY_OBSERVED.to_owned()] } else { Vec::new() };
    let mut check = serde_json::to_value(&live.health_check).map_err(|e| refuse(e.to_string()))?;
    if check["enabled"] == false
        && let Some(members) = check.as_object_mut()
    {
        members.remove("enabled");
        notes.push("healthCheck.enabled is left out: targets of ECS are always checked, and here they are not".to_owned());
    }
    let mut all = json!({
        "name": live.name, "protocol": live.protocol, "protocolVersion": live.protocol_version, "port": live.port,
        "vpcId": live.vpc_id, "targetType": live.target_type, "ipAddressType": live.ip_address_type,
        "targetControlPort": live.target_control_port, "healthCheck": check, "managementPolicy": "Observe",
    });
    let (list, about_tags) = tags(&view.tags);
    notes.extend(about_tags);
    if let Some(members) = all.as_object_mut() {
        members.retain(|_, value| !value.is_null());
        members.extend(list.map(|list| ("tags".to_owned(), list)));
        members.extend(attributes(view.attributes.clone().unwrap_or_default()));
    }
    let meant = meant(&all).ok_or_else(|| refuse("it shows neither protocol nor VPC".to_owned()))?;
    let spec = without_what_is_understood(all, |candidate| self::meant(candidate).as_ref() == Some(&meant));
    let (spec, no_field) = shaped::<EcsTargetGroupSpec>(&spec).map_err(|e| refuse(e.to_string()))?;
    notes.extend(not_expressed(KIND, &no_field));
    let mut object = EcsTargetGroup::new(name, spec);
    object.metadata.namespace.clone_from(&options.namespace);
    Imported::new(KIND, &object, &live.arn, notes)
}

fn meant(declaration: &Value) -> Option<(Option<String>, String, crate::kinds::target_group::meaning::Meaning)> {
    let spec: EcsTargetGroupSpec = serde_json::from_value(declaration.clone()).ok()?;
    // Which attributes there are counts one by one, where AWS has no default for them.
    Some((spec.name.clone(), format!("{:?}", spec.management_policy), meaning(&spec)?))
}

/// Attributes under the fields that they have of their own, and the others in a list.
fn attributes(mut live: Attributes) -> Map<String, Value> {
    let mut all = Map::new();
    let mut take = |key: &str| live.remove(key).filter(|value| !value.is_empty());
    let number = |text: String| text.parse::<i32>().map_or(Value::Null, |number| json!(number));
    let (delay, slow, algorithm) = (take(DEREGISTRATION_DELAY), take(SLOW_START), take(ALGORITHM));
    let (enabled, kind) = (take(STICKINESS_ENABLED), take(STICKINESS_TYPE));
    let (by_balancer, by_application, cookie) = (take(LB_COOKIE_DURATION), take(APP_COOKIE_DURATION), take(APP_COOKIE_NAME));
    let mut put = |field: &str, value: Option<Value>| all.extend(value.map(|value| (field.to_owned(), value)));
    put("deregistrationDelaySeconds", delay.map(number));
    put("slowStartSeconds", slow.map(number));
    put("loadBalancingAlgorithmType", algorithm.map(Value::from));
    // What a cookie would be like means nothing while there is none.
    if enabled.as_deref() == Some("true") {
        let mut sticky = Map::new();
        let is_by_application = kind.as_deref() == Some("app_cookie");
        let duration = match kind.as_deref() {
            Some("lb_cookie") => by_balancer,
            Some("app_cookie") => by_application,
            _ => None,
        };
        sticky.extend(kind.map(|kind| ("type".to_owned(), json!(kind))));
        sticky.extend(duration.map(|seconds| ("durationSeconds".to_owned(), number(seconds))));
        sticky.extend(cookie.filter(|_| is_by_application).map(|name| ("cookieName".to_owned(), json!(name))));
        put("stickiness", Some(Value::Object(sticky)));
    }
    // An empty text is what AWS shows where nothing was set, and it takes none.
    let rest = live.iter().filter(|(_, value)| !value.is_empty());
    let rest: Vec<Value> = rest.map(|(key, value)| json!({"key": key, "value": value})).collect();
    put("attributes", Some(Value::Array(rest)));
    all
}
