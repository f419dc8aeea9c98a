//! Who may stand on a listener.

use super::refusal;
use super::world::{World, rule_for, shared, tags_of};
use crate::api::load_balancer::AllowedRoute;
use crate::engine::Plan;
use crate::kinds::listener_rule::Step;
use crate::kinds::listener_rule::parts::{meaning, whole};
use crate::kinds::listener_rule::priority::Band;
use crate::kinds::listener_rule::refs::{Neighbour, Routes};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// Another object with a rule for these hosts.
fn neighbour(name: &str, hosts: &[&str]) -> Neighbour {
    let matching = serde_json::from_value(json!({"hosts": hosts})).unwrap();
    Neighbour {
        name: name.to_owned(),
        namespace: name.split('/').next().unwrap().to_owned(),
        is_older: true,
        is_out: false,
        is_explicit: false,
        whole: meaning(&whole(&matching)),
        hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
        priorities: [].into(),
    }
}

/// An entry for namespaces and hosts; no hosts are any.
pub fn entry(namespaces: &[&str], hosts: &[&str]) -> AllowedRoute {
    let owned = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
    AllowedRoute { namespaces: owned(namespaces), hosts: Some(owned(hosts)).filter(|hosts| !hosts.is_empty()) }
}

pub fn routes(allowed: Option<Vec<AllowedRoute>>) -> Vec<Routes> {
    let band = Band { from: 1000, to: 39_999 };
    vec![Routes { name: "edge/shared".to_owned(), namespace: "edge".to_owned(), allowed, band, uncovered: BTreeSet::new() }]
}

fn beside(host: &str, neighbour: Neighbour) -> World {
    let mut world = rule_for(host);
    world.refs.neighbours = vec![neighbour];
    world
}

#[test]
fn a_load_balancer_without_entries_is_for_its_own_namespace() {
    let mut world = rule_for("a.example.com");
    world.refs.routes = routes(None);
    let stop = refusal(world.pass());
    assert_eq!(stop.reason(), "NamespaceNotAllowed");
    assert!(stop.message().contains("namespace shop") && stop.message().contains("edge/shared"), "{}", stop.message());
    assert_eq!((world.condition("Accepted"), world.condition("Stalled")), (Some(false), Some(true)));
    world.refs.routes[0].namespace = "shop".to_owned();
    assert_eq!(world.settle(), Plan::InSync);
}

#[test]
fn entries_say_which_namespace_may_claim_which_host() {
    for (allowed, refused) in [
        (vec![entry(&["shop"], &[])], None),
        (vec![entry(&["sh*"], &[])], None),
        (vec![entry(&["*"], &["*.example.com"])], None),
        (vec![entry(&["shop"], &["other.example.com"]), entry(&["shop"], &["a.EXAMPLE.com"])], None),
        (vec![entry(&["team"], &[])], Some("NamespaceNotAllowed")),
        (vec![], Some("NamespaceNotAllowed")),
        (vec![entry(&["shop"], &["b.example.com"]), entry(&["team"], &["*"])], Some("HostNotAllowed")),
    ] {
        let mut world = rule_for("a.example.com");
        world.refs.routes = routes(Some(allowed.clone()));
        let reason = match world.plan() {
            Plan::Refuse(stop) => Some(stop.reason()),
            _ => None,
        };
        assert_eq!(reason, refused, "{allowed:?}");
    }
}

#[test]
fn a_rule_for_any_host_needs_an_entry_for_any_host() {
    let any = || rule_for("a").with("match", json!({"paths": ["/x"]}));
    let mut world = any();
    world.refs.routes = routes(Some(vec![entry(&["shop"], &["*.example.com"])]));
    assert_eq!(refusal(world.plan()).reason(), "HostNotAllowed");
    let mut regexes = rule_for("a").with("match", json!({"hostRegexes": ["^a"]}));
    regexes.refs.routes = world.refs.routes.clone();
    assert_eq!(refusal(regexes.plan()).reason(), "HostNotAllowed", "nobody knows what it matches");
    world.refs.routes = routes(Some(vec![entry(&["shop"], &["*"])]));
    assert!(matches!(world.plan(), Plan::Do(_)));
}

#[test]
fn each_load_balancer_that_shows_the_listener_has_a_say() {
    let mut world = rule_for("a");
    world.refs.routes = routes(Some(vec![entry(&["shop"], &[])]));
    world.refs.routes.extend(routes(None));
    assert_eq!(refusal(world.plan()).reason(), "NamespaceNotAllowed");
}

#[test]
fn a_host_of_another_namespace_cannot_be_claimed_again() {
    for (theirs, refused) in [
        ("a.example.com", true),
        ("A.example.com", true),
        ("*.example.com", true),
        ("*", true),
        ("b.example.com", false),
        ("*.b.example.com", false),
    ] {
        let mut world = beside("a.example.com", neighbour("team/web", &[&theirs.to_lowercase()]));
        let plan = world.pass();
        assert_eq!(matches!(plan, Plan::Refuse(_)), refused, "{theirs}");
        if refused {
            assert_eq!(world.ready().0, "HostClaimed");
            assert!(world.ready().1.contains("team/web"), "{}", world.ready().1);
        }
    }
    let wide = beside("*.example.com", neighbour("team/web", &["a.example.com"]));
    assert_eq!(refusal(wide.plan()).reason(), "HostClaimed", "nor taken with a wildcard");
}

#[test]
fn a_host_is_shared_within_a_namespace_and_where_an_entry_lists_it() {
    let mut own = beside("a.example.com", neighbour("shop/other", &["a.example.com", "b.example.com"]));
    assert_eq!(own.settle(), Plan::InSync);
    let mut listed = beside("a.example.com", neighbour("team/web", &["*.example.com"]));
    listed.refs.routes = routes(Some(vec![entry(&["shop"], &["*.example.com"])]));
    assert_eq!(refusal(listed.plan()).reason(), "HostClaimed", "a wildcard is not so many words");
    listed.refs.routes = routes(Some(vec![entry(&["shop"], &["a.example.com"])]));
    assert_eq!(listed.settle(), Plan::InSync);
}

#[test]
fn the_same_match_stands_once_and_the_younger_takes_over_when_the_older_goes() {
    let mut world = beside("a", neighbour("shop/first", &["a"]));
    let stop = refusal(world.pass());
    assert_eq!((stop.reason(), world.condition("Accepted")), ("Conflict", Some(false)));
    assert!(stop.message().contains("shop/first"), "{}", stop.message());
    world.refs.neighbours[0].is_out = true;
    assert_eq!(world.settle(), Plan::InSync);
    assert_eq!(world.condition("Accepted"), Some(true));
}

#[test]
fn an_edit_of_an_older_object_takes_nothing_from_one_that_serves() {
    let mut world = rule_for("a");
    world.settle();
    world.refs.neighbours = vec![neighbour("shop/first", &["a"])];
    assert_eq!(world.pass(), Plan::InSync);
    world.refs.neighbours = vec![neighbour("team/web", &["a"])];
    assert_eq!(world.pass(), Plan::InSync);
    let mut late = beside("a", Neighbour { is_older: false, ..neighbour("shop/late", &["a"]) });
    assert!(matches!(late.plan(), Plan::Do(_)));
    late.foreign(20_000, json!({"hosts": ["a"]}), tags_of("shop", "late"));
    assert_eq!(refusal(late.plan()).reason(), "Conflict", "the younger one stands there");
}

#[test]
fn of_two_that_both_stand_there_the_younger_withdraws() {
    let mut world = rule_for("a");
    world.settle();
    world.foreign(20_000, json!({"hosts": ["a"]}), tags_of("shop", "first"));
    world.refs.neighbours = vec![neighbour("shop/first", &["a"])];
    assert!(matches!(world.pass(), Plan::Do(steps) if matches!(steps.as_slice(), [Step::Delete { .. }])));
    assert_eq!(refusal(world.pass()).reason(), "Conflict");
    assert!(world.ours_on(&shared()).is_empty());
}

#[test]
fn a_rule_that_is_no_longer_allowed_is_withdrawn() {
    let mut world = rule_for("a");
    world.settle();
    world.refs.routes = routes(Some(vec![entry(&["team"], &[])]));
    world.pass();
    assert_eq!(refusal(world.pass()).reason(), "NamespaceNotAllowed");
    assert!(world.ours_on(&shared()).is_empty());
}

#[test]
fn a_priority_that_is_held_names_the_holder() {
    let held = |world: &mut World| {
        let stop = refusal(world.pass());
        assert_eq!((stop.reason(), world.condition("Accepted")), ("PriorityInUse", Some(false)));
        stop.message()
    };
    let mut world = rule_for("a").with("priority", json!(7));
    let foreign = world.foreign(7, json!({"hosts": ["b"]}), BTreeMap::new());
    assert!(held(&mut world).contains(&foreign.arn));
    let mut world = rule_for("a").with("priority", json!(7));
    world.foreign(7, json!({"hosts": ["b"]}), tags_of("team", "web"));
    assert!(held(&mut world).contains("EcsListenerRule team/web"));
    let mut world = rule_for("a").with("priority", json!(7));
    world.refs.neighbours = vec![Neighbour { priorities: [7].into(), ..neighbour("team/web", &["b"]) }];
    assert!(held(&mut world).contains("EcsListenerRule team/web"), "it is about to have it");
}

#[test]
fn a_rule_whose_new_priority_is_held_stays_where_it_is() {
    let mut world = rule_for("a").with("priority", json!(6));
    world.settle();
    world.foreign(7, json!({"hosts": ["b"]}), BTreeMap::new());
    world.set("priority", json!(7));
    assert_eq!(refusal(world.pass()).reason(), "PriorityInUse");
    assert_eq!(world.only().priority, Some(6));
}

#[test]
fn a_listener_of_a_network_load_balancer_has_no_rules() {
    let mut world = rule_for("a");
    world.aws.get_mut(&shared()).unwrap().load_balancer.kind = "network".to_owned();
    let stop = refusal(world.pass());
    assert!(stop.message().contains("only application load balancers have rules"), "{}", stop.message());
    assert_eq!((world.condition("Accepted"), world.condition("Stalled")), (Some(false), Some(true)));
}

#[test]
fn priorities_that_do_not_fit_behind_each_other_are_refused() {
    let hosts: Vec<String> = (0..6).map(|number| format!("h{number}")).collect();
    let world = rule_for("a").with("match", json!({"hosts": hosts})).with("priority", json!(50_000));
    assert!(refusal(world.plan()).message().contains("50001"));
}

#[test]
fn a_full_band_is_told() {
    let mut world = rule_for("a");
    world.refs.routes = routes(Some(vec![entry(&["shop"], &[])]));
    world.refs.routes[0].band = Band { from: 5, to: 5 };
    world.foreign(5, json!({"hosts": ["b"]}), BTreeMap::new());
    let stop = refusal(world.pass());
    assert_eq!(stop.reason(), "NoFreePriority");
    assert!(stop.message().contains("priorityBand"), "{}", stop.message());
}
