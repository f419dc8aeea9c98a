//! The listener that an object names, whichever way: where to look for it, and what is seen of it.

use crate::api::EcsLoadBalancer;
use crate::api::load_balancing::ListenerReference;
use crate::aws::elb::{Balancing, ListenerView, LoadBalancerKey, Sight, Watcher};
use crate::aws::reflector::Pace;
use crate::engine::Stop;
use crate::engine::refs::Caches;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Where a listener is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// It has this ARN.
    Arn(String),
    /// On this port of the load balancer that carries these tags.
    Tagged {
        /// The tags, all of them.
        tags: BTreeMap<String, String>,
        /// The port.
        port: i32,
    },
}

/// What is seen of a listener.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// It is there.
    There(Arc<ListenerView>),
    /// It was not read yet.
    Unknown,
    /// It is not there, or cannot be told from others.
    Not(Stop),
}

/// The `EcsLoadBalancer` that is named, if one is and it is there. No I/O.
pub fn load_balancer(reference: &ListenerReference, namespace: &str, caches: &Caches) -> Option<EcsLoadBalancer> {
    let named = reference.r#ref.as_ref()?;
    caches.load_balancers.get(named.namespace.as_deref().unwrap_or(namespace), &named.name)
}

/// Where the listener is that an object of `namespace` names. No I/O.
///
/// # Errors
/// [`Stop::Waiting`] while the `EcsLoadBalancer` that is named is not there or does not have it.
pub fn place(reference: &ListenerReference, namespace: &str, caches: &Caches) -> Result<Place, Stop> {
    if let Some(arn) = &reference.arn {
        return Ok(Place::Arn(arn.clone()));
    }
    let port = reference.port.unwrap_or_default();
    if let Some(selector) = &reference.selector {
        let tags = selector.tags.iter().map(|tag| (tag.key.clone(), tag.value.clone().unwrap_or_default())).collect();
        return Ok(Place::Tagged { tags, port });
    }
    let Some(named) = &reference.r#ref else {
        return Err(Stop::invalid("InvalidSpec", "listener needs one of arn, ref and selector"));
    };
    let namespace = named.namespace.as_deref().unwrap_or(namespace);
    let Some(load_balancer) = caches.load_balancers.get(namespace, &named.name) else {
        return Err(Stop::waiting("ListenerNotFound", format!("EcsLoadBalancer {namespace}/{} is not there", named.name)));
    };
    let listeners = load_balancer.status.iter().flat_map(|status| &status.listeners);
    listeners.filter(|listener| listener.port == port).map(|listener| Place::Arn(listener.arn.clone())).next().ok_or_else(|| {
        Stop::waiting(
            "ListenerNotFound",
            format!("EcsLoadBalancer {namespace}/{} has no listener on port {port} yet", named.name),
        )
    })
}

/// What is known of a listener before it is there. One of a network load balancer is made only once there is a target group
/// for it, which therefore cannot wait for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Announced {
    /// Whether it is one of a network load balancer.
    pub is_network: bool,
    /// VPC of the load balancer.
    pub vpc_id: String,
    /// Protocol of the listener.
    pub protocol: String,
    /// Port of the listener.
    pub port: i32,
    /// DNS name of the load balancer.
    pub dns_name: Option<String>,
}

/// What the `EcsLoadBalancer` that is named declares of a listener, once the load balancer itself is there. No I/O.
pub fn announced(reference: &ListenerReference, namespace: &str, caches: &Caches) -> Option<Announced> {
    let named = reference.r#ref.as_ref()?;
    let found = caches.load_balancers.get(named.namespace.as_deref().unwrap_or(namespace), &named.name)?;
    let status = found.status.as_ref()?;
    let declared = found.spec.listeners.iter().flatten().find(|it| Some(it.port) == reference.port)?;
    Some(Announced {
        is_network: status.r#type.as_deref() == Some("network"),
        vpc_id: status.vpc_id.clone()?,
        protocol: declared.protocol.as_str().to_owned(),
        port: declared.port,
        dns_name: status.dns_name.clone(),
    })
}

/// Where a listener of a network load balancer takes connections: `tcp://<DNS name>:<port>`, with `tls` and `udp` likewise. One
/// that takes TCP and UDP on the same port is shown as `tcp`.
pub fn address(protocol: &str, dns_name: &str, port: i32) -> String {
    let scheme = if protocol == "TCP_UDP" { "tcp".to_owned() } else { protocol.to_ascii_lowercase() };
    format!("{scheme}://{dns_name}:{port}")
}

/// The listener of a rule. Its ARN stands in the rule's: `…:listener-rule/app/<name>/<id>/<listener>/<rule>`.
pub fn listener_of(rule: &str) -> String {
    let (listener, _) = rule.rsplit_once('/').unwrap_or((rule, ""));
    listener.replacen(":listener-rule/", ":listener/", 1)
}

/// Whether a listener is not there, and with it nothing that stood on it.
pub fn is_gone(stop: &Stop) -> bool {
    stop.reason() == "ListenerNotFound"
}

/// What is seen of the listener at a place, followed from now on for `who`.
pub fn look(at: &Place, balancing: &Balancing, who: &Watcher, pace: Pace) -> Found {
    match at {
        Place::Arn(arn) => listener(arn, balancing, who, pace),
        Place::Tagged { tags, port } => tagged(tags, *port, balancing, who, pace),
    }
}

fn listener(arn: &str, balancing: &Balancing, who: &Watcher, pace: Pace) -> Found {
    balancing.follow_listener(arn, who, pace);
    match balancing.listener(arn) {
        Sight::Live { value, .. } => Found::There(value),
        Sight::Unknown => balancing.last_error_of_listener(arn).map_or(Found::Unknown, |error| Found::Not(Stop::Aws(error))),
        Sight::Missing { .. } | Sight::Several { .. } => {
            Found::Not(Stop::waiting("ListenerNotFound", format!("there is no listener {arn}")))
        }
    }
}

fn tagged(tags: &BTreeMap<String, String>, port: i32, balancing: &Balancing, who: &Watcher, pace: Pace) -> Found {
    let key = LoadBalancerKey::Tags(tags.clone());
    balancing.follow_load_balancer(&key, who, pace);
    let shown = || tags.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(", ");
    let not = |reason, message| Found::Not(Stop::waiting(reason, message));
    match balancing.load_balancer(&key) {
        Sight::Live { value, .. } => match value.listeners.iter().find(|it| it.listener.port == Some(port)) {
            Some(found) => listener(&found.listener.arn, balancing, who, pace),
            None => not("ListenerNotFound", format!("load balancer {} has no listener on port {port}", value.load_balancer.name)),
        },
        Sight::Unknown => {
            balancing.last_error_of_load_balancer(&key).map_or(Found::Unknown, |error| Found::Not(Stop::Aws(error)))
        }
        Sight::Missing { .. } => not("ListenerNotFound", format!("no load balancer carries the tags {}", shown())),
        Sight::Several { arns } => not(
            "ListenerAmbiguous",
            format!("{} load balancers carry the tags {}: {}; name more tags, or the ARN", arns.len(), shown(), arns.join(", ")),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::listener_of;

    #[test]
    fn a_rule_names_its_listener() {
        let rule = "arn:aws:elasticloadbalancing:eu-central-1:111122223333:listener-rule/app/shared/50dc6c495c0c9188/f2f7dc8efc522ab2/9683b2d02a6cabee";
        let listener =
            "arn:aws:elasticloadbalancing:eu-central-1:111122223333:listener/app/shared/50dc6c495c0c9188/f2f7dc8efc522ab2";
        assert_eq!(listener_of(rule), listener);
    }
}
