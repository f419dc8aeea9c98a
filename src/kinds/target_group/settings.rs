//! What AWS cannot change of a target group, put together from what is declared and what its listener says; and the name
//! that follows from it. Pure.

use super::desired::Present;
use super::observed::Listener;
use crate::api::EcsTargetGroupSpec;
use crate::aws::elb::model::TargetGroup;
use crate::domain::json::sha256;
use crate::domain::owner::Owner;
use crate::engine::Stop;

/// Longest parts of a name that is made: with two hyphens they are the 32 characters that AWS takes.
const LONGEST: (usize, usize, usize) = (8, 12, 10);

/// What AWS cannot change, as far as it is declared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Given {
    /// Protocol to the targets.
    pub protocol: Option<String>,
    /// `HTTP1`, `HTTP2` or `GRPC`.
    pub protocol_version: Option<String>,
    /// Port of targets that are registered without one.
    pub port: Option<i32>,
    /// Where the targets are.
    pub vpc_id: Option<String>,
    /// `instance` or `ip`.
    pub target_type: Option<String>,
    /// `ipv4` or `ipv6`.
    pub ip_address_type: Option<String>,
    /// Port on which targets say how much they can take.
    pub target_control_port: Option<i32>,
}

impl Given {
    /// Those of a declaration.
    pub fn of(spec: &EcsTargetGroupSpec) -> Self {
        let settings = &spec.settings;
        Self {
            protocol: settings.protocol.as_ref().map(|it| it.as_str().to_owned()),
            protocol_version: settings.protocol_version.as_ref().map(|it| it.as_str().to_owned()),
            port: spec.port,
            vpc_id: spec.vpc_id.clone(),
            target_type: spec.target_type.as_ref().map(|it| it.as_str().to_owned()),
            ip_address_type: settings.ip_address_type.as_ref().map(|it| it.as_str().to_owned()),
            target_control_port: settings.target_control_port,
        }
    }
}

/// What AWS cannot change, complete.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Name of the target group.
    pub name: String,
    /// Whether the name was chosen, so that no replacement can stand beside the target group.
    pub is_chosen: bool,
    /// Protocol to the targets.
    pub protocol: String,
    /// `HTTP1`, `HTTP2` or `GRPC`; with HTTP and HTTPS only.
    pub protocol_version: Option<String>,
    /// Port of targets that are registered without one.
    pub port: i32,
    /// Where the targets are.
    pub vpc_id: String,
    /// `instance` or `ip`.
    pub target_type: String,
    /// `ipv4` or `ipv6`.
    pub ip_address_type: String,
    /// Port on which targets say how much they can take.
    pub target_control_port: Option<i32>,
}

/// Whether a protocol is one of application load balancers.
pub fn is_http(protocol: &str) -> bool {
    matches!(protocol, "HTTP" | "HTTPS")
}

/// What is declared, completed by what the listener says. `None`: the listener has to be read first.
pub fn complete(want: &Present, listener: &Listener) -> Option<Result<Settings, Stop>> {
    let given = &want.given;
    let behind = match listener {
        Listener::There(behind) => Some(behind),
        Listener::Unnamed | Listener::Unread | Listener::Not(_) => None,
    };
    if given.vpc_id.is_none() || given.protocol.is_none() {
        match listener {
            Listener::Unread => return None,
            Listener::Not(stop) => return Some(Err(stop.clone())),
            Listener::Unnamed => {
                let message = "without a listener to take them from, vpcId and protocol are needed";
                return Some(Err(Stop::invalid("InvalidSpec", message)));
            }
            Listener::There(_) => {}
        }
    }
    let protocol = given.protocol.clone().unwrap_or_else(|| match behind {
        Some(behind) if behind.is_network => protocol_behind(&behind.protocol).to_owned(),
        _ => "HTTP".to_owned(),
    });
    if let Some(behind) = behind.filter(|behind| behind.is_network == is_http(&protocol)) {
        let (kind, fits) =
            if behind.is_network { ("network", "TCP, TLS, UDP or TCP_UDP") } else { ("application", "HTTP or HTTPS") };
        let message = format!(
            "the listener is one of a {kind} load balancer, which sends no {protocol} to targets; set protocol to {fits}"
        );
        return Some(Err(Stop::invalid("ProtocolMismatch", message)));
    }
    let vpc_id = given.vpc_id.clone().or_else(|| behind.and_then(|behind| behind.vpc_id.clone()));
    let Some(vpc_id) = vpc_id else {
        return Some(Err(Stop::waiting(
            "VpcUnknown",
            "AWS does not say in which VPC the load balancer of the listener is; set vpcId",
        )));
    };
    let http = is_http(&protocol);
    let settings = Settings {
        port: given.port.unwrap_or(if matches!(protocol.as_str(), "HTTPS" | "TLS") { 443 } else { 80 }),
        // AWS's defaults, so that spelling one out replaces nothing.
        protocol_version: given.protocol_version.clone().or_else(|| http.then(|| "HTTP1".to_owned())),
        target_type: given.target_type.clone().unwrap_or_else(|| "instance".to_owned()),
        ip_address_type: given.ip_address_type.clone().unwrap_or_else(|| "ipv4".to_owned()),
        target_control_port: given.target_control_port,
        vpc_id,
        protocol,
        name: String::new(),
        is_chosen: want.name.is_some(),
    };
    let name = want.name.clone().unwrap_or_else(|| made_name(&want.owner, &settings));
    Some(Ok(Settings { name, ..settings }))
}

/// An NLB ends TLS, so that targets see TCP where nothing else is said.
fn protocol_behind(listener: &str) -> &str {
    if listener == "TLS" { "TCP" } else { listener }
}

/// A name that says whose it is and changes with all that AWS cannot change, so that both can be there.
fn made_name(owner: &Owner, settings: &Settings) -> String {
    let whole = [
        &owner.installation,
        &owner.namespace,
        &owner.name,
        &settings.protocol,
        settings.protocol_version.as_ref().unwrap_or(&String::new()),
        &settings.port.to_string(),
        &settings.vpc_id,
        &settings.target_type,
        &settings.ip_address_type,
        &settings.target_control_port.unwrap_or_default().to_string(),
    ]
    .map(String::as_str)
    .join("\n");
    let part = |text: &str, most: usize| -> String {
        let fitting: String = text.chars().map(|it| if it.is_ascii_alphanumeric() { it } else { '-' }).take(most).collect();
        fitting.trim_matches('-').to_owned()
    };
    let (namespace, name, hash) = LONGEST;
    format!("{}-{}-{}", part(&owner.namespace, namespace), part(&owner.name, name), &sha256(&whole)[..hash])
}

/// What AWS has otherwise and cannot change: the member, what is wanted, what is there.
pub fn unlike(settings: &Settings, live: &TargetGroup) -> Vec<(&'static str, String, String)> {
    let word = |text: Option<&String>| text.cloned().unwrap_or_default();
    let number = |number: Option<i32>| number.map(|number| number.to_string()).unwrap_or_default();
    [
        ("protocol", settings.protocol.clone(), word(live.protocol.as_ref())),
        ("protocolVersion", word(settings.protocol_version.as_ref()), word(live.protocol_version.as_ref())),
        ("port", number(Some(settings.port)), number(live.port)),
        ("vpcId", settings.vpc_id.clone(), word(live.vpc_id.as_ref())),
        ("targetType", settings.target_type.clone(), live.target_type.clone()),
        ("ipAddressType", settings.ip_address_type.clone(), live.ip_address_type.clone()),
        ("targetControlPort", number(settings.target_control_port), number(live.target_control_port)),
    ]
    .into_iter()
    .filter(|(_, wanted, seen)| wanted != seen)
    .collect()
}
