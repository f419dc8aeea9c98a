//! Certificates that are looked for, and hosts that those that are listed do not cover.

use super::declared::{Declared, application, listener};
use super::refusal;
use super::world::{World, in_force, world};
use crate::aws::acm::Certificate;
use crate::aws::{AwsError, Kind};
use crate::engine::Plan;
use crate::kinds::load_balancer::observed::Certificates;
use serde_json::json;
use std::sync::Arc;

fn certificate(arn: &str, hosts: &[&str], year: i16) -> Certificate {
    let not_after = format!("{year}-01-01T00:00:00Z").parse().unwrap();
    Certificate { arn: arn.to_owned(), hosts: hosts.iter().map(|host| (*host).to_owned()).collect(), not_after: Some(not_after) }
}

fn discovering(declared: &[&str]) -> Declared {
    let listed: Vec<_> = declared.iter().map(|arn| json!({"certificateArn": arn})).collect();
    let listed = if listed.is_empty() { json!(null) } else { json!(listed) };
    application().listening(&[listener(443, "HTTPS", &json!({"discoverCertificates": true, "certificates": listed}))])
}

fn with(mut world: World, known: &[Certificate]) -> World {
    world.certificates = Certificates::Known(Arc::new(known.to_vec()));
    world
}

fn others(world: &mut World) -> Vec<String> {
    world.on(443).certificates.clone().unwrap()
}

#[test]
fn the_certificates_of_the_hosts_of_rules_are_added() {
    let known = [certificate("arn:shop", &["shop.example.com"], 2027), certificate("arn:wild", &["*.example.org"], 2027)];
    let declared = discovering(&["arn:default"]).hosts(443, &["shop.example.com", "a.example.org", "b.example.org"]);
    let mut world = with(world(declared), &known);
    assert_eq!(world.settle(), Plan::InSync);
    assert_eq!(world.on(443).listener.certificate_arn.as_deref(), Some("arn:default"));
    assert_eq!(others(&mut world), ["arn:shop", "arn:wild"]);
}

#[test]
fn a_better_certificate_takes_the_place_of_one_that_was_found_before() {
    let host = |known: &[Certificate]| with(world(discovering(&["arn:default"]).hosts(443, &["shop.example.com"])), known);
    let mut world = host(&[certificate("arn:2027", &["shop.example.com"], 2027)]);
    world.settle();
    world = with(
        world,
        &[certificate("arn:2027", &["shop.example.com"], 2027), certificate("arn:2028", &["shop.example.com"], 2028)],
    );
    world.pass();
    assert_eq!(others(&mut world), ["arn:2028"]);
    assert_eq!(world.settle(), Plan::InSync);
}

#[test]
fn a_certificate_goes_with_the_last_host_that_needed_it() {
    let known = [certificate("arn:shop", &["shop.example.com"], 2027)];
    let mut world = with(world(discovering(&["arn:default"]).hosts(443, &["shop.example.com"])), &known);
    world.settle();
    world.declared = discovering(&["arn:default"]);
    world.settle();
    assert!(others(&mut world).is_empty());
    world.certificates = Certificates::Unknown;
    assert_eq!(world.settle(), Plan::InSync);
}

#[test]
fn what_was_found_stays_while_certificates_cannot_be_read() {
    let known = [certificate("arn:shop", &["shop.example.com"], 2027)];
    let mut world = with(world(discovering(&["arn:default"]).hosts(443, &["shop.example.com"])), &known);
    world.settle();
    for unread in [Certificates::Unknown, Certificates::Denied(denied())] {
        world.certificates = unread;
        assert_eq!(world.settle(), Plan::InSync);
        assert_eq!(others(&mut world), ["arn:shop"]);
    }
    world = with(world, &[]);
    world.settle();
    assert!(others(&mut world).is_empty(), "it is known to be gone");
}

fn denied() -> AwsError {
    AwsError {
        operation: "ListCertificates",
        kind: Kind::Denied,
        code: Some("AccessDeniedException".to_owned()),
        message: "User: x is not authorized to perform: acm:ListCertificates".to_owned(),
        retry_after: None,
        request_id: None,
        is_write: false,
    }
}

#[test]
fn a_listener_works_with_what_is_listed_where_certificates_may_not_be_read() {
    let mut world = world(discovering(&["arn:default"]).hosts(443, &["shop.example.com"]));
    world.certificates = Certificates::Denied(denied());
    assert_eq!(world.settle(), Plan::InSync);
    let (reason, message) = world.ready();
    assert_eq!((reason.as_str(), world.holds().as_str()), ("Active", "Ready"));
    assert!(message.contains("acm:ListCertificates") && message.contains("those that are listed"), "{message}");
}

#[test]
fn a_listener_without_any_certificate_waits_for_one() {
    let mut world = world(discovering(&[]).hosts(443, &["shop.example.com"]));
    world.certificates = Certificates::Unknown;
    assert_eq!(refusal(world.settle()).reason(), "ReadingCertificates");
    world.certificates = Certificates::Denied(denied());
    assert_eq!(refusal(world.settle()).reason(), "AwsAccessDenied");
    world = with(world, &[certificate("arn:other", &["other.example.com"], 2027)]);
    let stop = refusal(world.settle());
    assert_eq!((stop.reason(), stop.is_waiting()), ("CertificateNotFound", true));
    assert!(stop.message().contains("shop.example.com"), "{}", stop.message());
    world = with(world, &[certificate("arn:shop", &["shop.example.com"], 2027)]);
    assert_eq!(world.settle(), Plan::InSync);
    assert_eq!(world.on(443).listener.certificate_arn.as_deref(), Some("arn:shop"));
}

#[test]
fn hosts_that_no_certificate_covers_are_told_and_the_rest_works() {
    let known = [certificate("arn:default", &["example.com"], 2027)];
    let declared = discovering(&["arn:default"]).hosts(443, &["example.com", "shop.example.com", "*"]);
    let mut world = with(world(declared), &known);
    assert_eq!(world.settle(), Plan::InSync);
    assert_eq!(world.status.listeners[0].uncovered_hosts, ["shop.example.com"]);
    assert!(world.ready().1.contains("covers shop.example.com"), "{}", world.ready().1);
    assert_eq!(world.holds(), "Ready");
}

#[test]
fn what_a_certificate_from_elsewhere_covers_is_not_known_so_nothing_is_said() {
    let mut world = with(world(discovering(&["arn:of-iam"]).hosts(443, &["shop.example.com"])), &[]);
    world.settle();
    assert!(world.status.listeners[0].uncovered_hosts.is_empty());
}

/// A listener that has the certificate `arn:default` and looks for none, and a rule for a host.
fn listed() -> Declared {
    let listed = json!({"certificates": [{"certificateArn": "arn:default"}]});
    application().listening(&[listener(443, "HTTPS", &listed)]).hosts(443, &["shop.example.com"])
}

#[test]
fn nothing_is_looked_for_where_that_is_not_asked_for() {
    let mut world = with(in_force(listed()), &[certificate("arn:shop", &["shop.example.com"], 2027)]);
    assert_eq!(world.settle(), Plan::InSync);
    assert!(others(&mut world).is_empty());
}

#[test]
fn a_listed_certificate_that_does_not_cover_a_host_is_told() {
    let known = [certificate("arn:default", &["example.com"], 2027), certificate("arn:shop", &["shop.example.com"], 2027)];
    let mut world = with(in_force(listed()), &known);
    assert_eq!(world.settle(), Plan::InSync);
    assert_eq!(world.status.listeners[0].uncovered_hosts, ["shop.example.com"]);
    let (_, message) = world.ready();
    assert!(message.contains("covers shop.example.com: list one that does, or set discoverCertificates"), "{message}");

    // What others add serves too.
    world.on(443).certificates = Some(vec!["arn:shop".to_owned()]);
    world.settle();
    assert!(world.status.listeners[0].uncovered_hosts.is_empty());
    world.on(443).certificates = None;
    world.settle();
    assert!(world.status.listeners[0].uncovered_hosts.is_empty(), "what others added was not read yet");
}

#[test]
fn where_certificates_may_not_be_read_nothing_is_said_of_those_that_are_listed() {
    for unread in [Certificates::Unknown, Certificates::Denied(denied())] {
        let mut world = world(listed());
        world.certificates = unread;
        assert_eq!(world.settle(), Plan::InSync);
        assert!(world.status.listeners[0].uncovered_hosts.is_empty());
        assert!(!world.ready().1.contains("certificate"), "{}", world.ready().1);
    }
}
