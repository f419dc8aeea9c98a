//! What is said of a rule.

use super::accept::{entry, routes};
use super::failure;
use super::world::{rule_for, shared, tags_of};
use crate::api::EcsListenerRuleStatus;
use crate::aws::Kind;
use crate::engine::Plan;
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[test]
fn the_url_says_where_a_request_that_matches_can_be_sent() {
    for (matching, port, protocol, url) in [
        (json!({"hosts": ["a.example.com"]}), 443, "HTTPS", Some("https://a.example.com/")),
        (
            json!({"hosts": ["*.example.com", "b.example.com"], "paths": ["/x/*", "/y"]}),
            80,
            "HTTP",
            Some("http://b.example.com/y"),
        ),
        (json!({"hosts": ["a.example.com"], "paths": ["/cart/*"]}), 8443, "HTTPS", Some("https://a.example.com:8443/cart/")),
        (json!({"paths": ["/*"]}), 80, "HTTP", Some("http://shared-1.elb.example/")),
        (json!({"hosts": ["*.example.com"]}), 443, "HTTPS", None),
    ] {
        let mut world = rule_for("a").with("match", matching.clone());
        let view = world.aws.get_mut(&shared()).unwrap();
        (view.listener.port, view.listener.protocol) = (Some(port), Some(protocol.to_owned()));
        world.settle();
        assert_eq!(world.status.url.as_deref(), url, "{matching}");
    }
}

#[test]
fn a_rule_that_can_never_match_is_not_ready_and_says_why() {
    let mut world = rule_for("a.example.com").with("priority", json!(100));
    world.settle();
    let foreign = world.foreign(5, json!({"hosts": ["*.example.com"]}), BTreeMap::new());
    assert_eq!(world.pass(), Plan::InSync);
    let holds = ["Ready", "Shadowed", "Stalled", "Accepted", "Programmed"].map(|kind| world.condition(kind));
    assert_eq!(holds, [Some(false), Some(true), Some(true), Some(true), Some(true)]);
    assert_eq!(world.ready().0, "Shadowed");
    assert!(world.ready().1.contains(&foreign.arn) && world.ready().1.contains("priority 5"), "{}", world.ready().1);
    world.rule(&foreign.arn).1.extend(tags_of("team", "web"));
    world.pass();
    let by = world.status.shadowed_by.clone().unwrap();
    assert_eq!((by.priority, by.owner.as_deref()), (5, Some("team/web")));
    world.rule(&foreign.arn).0.priority = Some(200);
    world.pass();
    assert_eq!(
        (world.condition("Ready"), world.condition("Shadowed"), world.status.shadowed_by.clone()),
        (Some(true), None, None)
    );
}

#[test]
fn a_part_that_can_never_match_counts_and_parts_of_one_rule_do_not_shadow_each_other() {
    let hosts = ["*.example.com", "a.example.com", "b.example.com", "c.example.com", "d.example.com", "e.example.com"];
    let mut world = rule_for("a").with("match", json!({"hosts": hosts}));
    world.settle();
    assert_eq!(world.condition("Shadowed"), None);
    world.foreign(5, json!({"hosts": ["e.example.com"]}), BTreeMap::new());
    world.pass();
    assert_eq!(world.condition("Shadowed"), Some(true));
}

#[test]
fn a_host_without_a_certificate_is_not_ready_and_stays_on_the_listener() {
    let mut world = rule_for("a.example.com");
    world.refs.routes = routes(Some(vec![entry(&["shop"], &[])]));
    world.refs.routes[0].uncovered.insert("a.example.com".to_owned());
    world.settle();
    let holds = ["Ready", "Reconciling", "Accepted", "Programmed"].map(|kind| world.condition(kind));
    assert_eq!(holds, [Some(false), Some(true), Some(true), Some(true)]);
    assert_eq!(world.ready().0, "CertificateMissing");
    assert!(world.ready().1.contains("covers a.example.com"), "{}", world.ready().1);
    world.only();
    world.refs.routes[0].uncovered.clear();
    world.pass();
    assert_eq!((world.condition("Ready"), world.condition("Reconciling")), (Some(true), None));
}

#[test]
fn a_failure_of_aws_is_told_with_its_words_and_what_to_do() {
    let mut world = rule_for("a");
    world.pass_until(|_, _| Some((false, failure("CreateRule", Kind::Denied))));
    assert_eq!((world.condition("Accepted"), world.condition("Programmed")), (Some(true), Some(false)));
    assert!(world.ready().1.contains("CreateRule: no") && world.ready().1.contains("IAM"), "{}", world.ready().1);
}

#[test]
fn what_stands_stays_ready_when_it_can_no_longer_be_looked_at_and_says_so() {
    let mut world = rule_for("a");
    world.settle();
    world.trouble = Some(failure("DescribeRules", Kind::Throttled));
    world.pass();
    assert!(!world.ready().1.contains("DescribeRules"), "that passes by itself");
    world.trouble = Some(failure("DescribeRules", Kind::Denied));
    world.pass();
    assert_eq!(world.condition("Ready"), Some(true));
    assert!(world.ready().1.contains("DescribeRules: no"), "{}", world.ready().1);
}

#[test]
fn a_request_to_look_is_noted_once_it_was_carried_out() {
    let mut world = rule_for("a");
    world.annotations.insert("ecs-operator.io/reconcile-at".to_owned(), "now".to_owned());
    world.settle();
    assert_eq!(world.status.reconciled_at.as_deref(), Some("now"));
}

#[test]
fn what_is_written_to_status_is_read_back_the_same() {
    let mut world = rule_for("a").with("tags", json!([{"key": "team", "value": "shop"}]));
    world.foreign(5, json!({"hosts": ["a"]}), BTreeMap::new());
    world.settle();
    let written: Value = serde_json::to_value(&world.status).unwrap();
    assert_eq!(serde_json::from_value::<EcsListenerRuleStatus>(written).unwrap(), world.status);
}
