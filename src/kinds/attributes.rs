//! Attributes: bags of key and value of which only those that were declared are ours. Pure.

use std::collections::{BTreeMap, BTreeSet};

/// What has to be set for what is declared to be so. A key that was sent before and has left the declaration goes back to
/// AWS's default once; what was never declared is left alone.
///
/// `live`: `None` where AWS's are not known; then only what was never sent is.
pub fn changes(
    declared: &BTreeMap<String, String>,
    live: Option<&BTreeMap<String, String>>,
    sent: &BTreeSet<String>,
    default: impl Fn(&str) -> Option<&'static str>,
) -> BTreeMap<String, String> {
    let differs = |key: &str, value: &str| match live {
        Some(live) => live.get(key).map(String::as_str) != Some(value),
        None => !sent.contains(key),
    };
    let mut all: BTreeMap<String, String> =
        declared.iter().filter(|(key, value)| differs(key, value)).map(|(key, value)| (key.clone(), value.clone())).collect();
    for key in sent.iter().filter(|key| !declared.contains_key(*key)) {
        let Some(value) = default(key) else { continue };
        if live.is_none_or(|live| live.get(key).is_some_and(|stands| stands != value)) {
            all.insert(key.clone(), value.to_owned());
        }
    }
    all
}

/// AWS's default of an attribute of a load balancer (`LoadBalancerAttribute` in the API reference). `None`: there is none that
/// is the same everywhere, so that the value stays.
pub fn default_of_load_balancer(kind: &str, key: &str) -> Option<&'static str> {
    Some(match key {
        "deletion_protection.enabled"
        | "access_logs.s3.enabled"
        | "connection_logs.s3.enabled"
        | "health_check_logs.s3.enabled"
        | "routing.http.drop_invalid_header_fields.enabled"
        | "routing.http.preserve_host_header.enabled"
        | "routing.http.x_amzn_tls_version_and_cipher_suite.enabled"
        | "routing.http.xff_client_port.enabled"
        | "waf.fail_open.enabled"
        | "zonal_shift.config.enabled" => "false",
        "routing.http2.enabled" => "true",
        "load_balancing.cross_zone.enabled" if kind == "network" => "false",
        "idle_timeout.timeout_seconds" => "60",
        "client_keep_alive.seconds" => "3600",
        "routing.http.desync_mitigation_mode" => "defensive",
        "routing.http.xff_header_processing.mode" => "append",
        "dns_record.client_routing_policy" => "any_availability_zone",
        _ => return None,
    })
}

/// AWS's default of an attribute of a listener (`ListenerAttribute` in the API reference): headers for answers are not set.
pub fn default_of_listener(key: &str) -> Option<&'static str> {
    Some(match key {
        "tcp.idle_timeout.seconds" => "350",
        "routing.http.response.server.enabled" => "true",
        _ if key.ends_with(".header_value") => "",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bag(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    fn sent(keys: &[&str]) -> BTreeSet<String> {
        keys.iter().map(|key| (*key).to_owned()).collect()
    }

    fn none(_: &str) -> Option<&'static str> {
        None
    }

    /// Every key has one.
    fn zero(key: &str) -> Option<&'static str> {
        (!key.is_empty()).then_some("0")
    }

    #[test]
    fn only_what_is_declared_is_compared() {
        let live = bag(&[("a", "1"), ("b", "2"), ("c", "3")]);
        assert_eq!(changes(&bag(&[("a", "1"), ("b", "9")]), Some(&live), &sent(&[]), zero), bag(&[("b", "9")]));
    }

    #[test]
    fn what_leaves_the_declaration_goes_back_to_the_default_once() {
        let declared = BTreeMap::new();
        assert_eq!(changes(&declared, Some(&bag(&[("a", "5")])), &sent(&["a"]), zero), bag(&[("a", "0")]));
        assert!(changes(&declared, Some(&bag(&[("a", "0")])), &sent(&["a"]), zero).is_empty());
        assert!(changes(&declared, Some(&bag(&[("a", "5")])), &sent(&[]), zero).is_empty(), "it was never ours");
        assert!(changes(&declared, Some(&bag(&[("a", "5")])), &sent(&["a"]), none).is_empty(), "it has no default");
    }

    #[test]
    fn what_cannot_be_seen_is_sent_once() {
        let declared = bag(&[("a", "1"), ("b", "2")]);
        assert_eq!(changes(&declared, None, &sent(&["a"]), zero), bag(&[("b", "2")]));
    }
}
