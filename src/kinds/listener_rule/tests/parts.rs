//! How a match becomes rules of AWS.

use crate::api::load_balancing::{HeaderMatch, Match, QueryMatch};
use crate::aws::elb::model::Condition;
use crate::kinds::listener_rule::parts::{Conditions, Part, meaning, shown, split, whole};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn matching(fields: Value) -> Match {
    serde_json::from_value(fields).unwrap()
}

fn parts(fields: Value) -> Vec<Part> {
    split(&whole(&matching(fields))).unwrap()
}

#[test]
fn five_values_fit_into_one_rule_and_six_take_two() {
    for (fields, rules) in [
        (json!({"hosts": ["a.example.com"]}), 1),
        (json!({"hosts": ["a", "b", "c", "d", "e"]}), 1),
        (json!({"hosts": ["a", "b", "c", "d", "e", "f"]}), 2),
        (json!({"hosts": ["a", "b"], "paths": ["/1", "/2", "/3"]}), 1),
        (json!({"hosts": ["a", "b", "c"], "paths": ["/1", "/2", "/3"]}), 2),
        (json!({"hosts": ["a"], "paths": ["/1", "/2", "/3", "/4", "/5"]}), 2),
        (json!({"hosts": ["a"], "paths": ["/1"], "methods": ["GET", "POST"], "sourceCidrs": ["10.0.0.0/8"]}), 1),
    ] {
        assert_eq!(parts(fields.clone()).len(), rules, "{fields}");
    }
}

#[test]
fn five_wildcards_fit_into_one_rule_and_six_take_two() {
    for (fields, rules) in [
        (json!({"paths": ["/a/*", "/b/*", "/c/*", "/d/*", "/e/*"]}), 1),
        (json!({"paths": ["/*/a/*", "/*/b/*", "/*/c/*"]}), 2),
        (json!({"hosts": ["*.example.com"], "paths": ["/*/a/*", "/*/b/*"]}), 1),
        (json!({"hosts": ["*.example.???"], "paths": ["/a*", "/b*"]}), 2),
        (json!({"hosts": ["a.example.com"], "headers": [{"name": "x-t", "values": ["*a*", "*b*", "*c*"]}]}), 2),
        (json!({"query": [{"key": "k?", "value": "*a*"}, {"value": "*b*"}, {"value": "*c*"}]}), 2),
        (json!({"pathRegexes": ["a*b*c*", "a*b*d*"]}), 1),
    ] {
        assert_eq!(parts(fields.clone()).len(), rules, "{fields}");
    }
}

#[test]
fn a_match_that_no_rule_can_hold_is_refused_with_what_to_do() {
    let refused = |fields: Value| split(&whole(&matching(fields))).unwrap_err().message();
    assert!(refused(json!({})).contains("set one of its fields"));
    assert!(refused(json!({"hosts": [], "paths": []})).contains("set one of its fields"), "an empty list says nothing");
    let headers: Vec<Value> = (0..4).map(|number| json!({"name": format!("x-{number}"), "values": ["a"]})).collect();
    let told = refused(json!({"hosts": ["a"], "paths": ["/"], "headers": headers}));
    assert!(told.contains("6 conditions") && told.contains("leave some out"), "{told}");
    let told = refused(json!({"hosts": ["*.*.*.com", "a.com"], "paths": ["/*/*/*"]}));
    assert!(
        told.contains("6 wildcards in values that have to hold together (host-header=*.*.*.com; path-pattern=/*/*/*)"),
        "{told}"
    );
}

#[test]
fn the_case_of_hosts_and_headers_means_nothing_and_that_of_paths_does() {
    let hash = |fields: Value| parts(fields)[0].hash.clone();
    assert_eq!(hash(json!({"hosts": ["Shop.Example.com"]})), hash(json!({"hosts": ["shop.example.com"]})));
    let header = |name: &str, value: &str| json!({"headers": [{"name": name, "values": [value]}]});
    assert_eq!(hash(header("X-Tenant", "A")), hash(header("x-tenant", "a")));
    assert_ne!(hash(json!({"paths": ["/A"]})), hash(json!({"paths": ["/a"]})));
}

#[test]
fn a_hash_tells_conditions_apart() {
    let all = [
        json!({"hosts": ["a"]}),
        json!({"paths": ["a"]}),
        json!({"hostRegexes": ["a"]}),
        json!({"hosts": ["a", "b"]}),
        json!({"methods": ["a"]}),
        json!({"query": [{"value": "a"}]}),
        json!({"query": [{"key": "a", "value": "a"}]}),
        json!({"sourceCidrs": ["10.0.0.0/8"]}),
        json!({"headers": [{"name": "a", "values": ["a"]}]}),
    ];
    let hashes: BTreeSet<String> = all.iter().map(|fields| parts(fields.clone())[0].hash.clone()).collect();
    assert_eq!(hashes.len(), all.len());
}

/// The tags of every rule hold this hash: another way to make it would touch all of them.
#[test]
fn the_hash_of_a_part_never_changes() {
    let fields = json!({"hosts": ["shop.example.com"], "paths": ["/cart/*"], "query": [{"key": "v", "value": "2"}]});
    assert_eq!(parts(fields)[0].hash, "457568cbc247688d");
}

#[test]
fn conditions_are_told_in_aws_s_words() {
    let fields =
        json!({"hosts": ["a"], "paths": ["/x"], "query": [{"value": "1"}], "headers": [{"name": "X-T", "values": ["b"]}]});
    let told = shown(&whole(&matching(fields)));
    assert_eq!(told, "host-header=a; path-pattern=/x; http-header=x-t:b; query-string=*=1");
}

fn texts(most: usize) -> impl Strategy<Value = Option<Vec<String>>> {
    proptest::option::of(proptest::collection::vec("[a-e]{1,2}", 1..=most))
}

pub fn matches() -> impl Strategy<Value = Match> {
    let headers = proptest::collection::btree_map("x-[ab]", proptest::collection::vec("[a-d]", 1..4), 0..2);
    let query = proptest::collection::vec((proptest::option::of("[kl]"), "[a-c]"), 1..4);
    (texts(9), texts(7), texts(3), headers, proptest::option::of(query)).prop_map(|(hosts, paths, methods, headers, query)| {
        let headers = headers.into_iter().map(|(name, values)| HeaderMatch { name, values: Some(values), regexes: None });
        let query = query.map(|all| all.into_iter().map(|(key, value)| QueryMatch { key, value }).collect());
        let hosts = hosts.or_else(|| Some(vec!["a".to_owned()]));
        let paths = paths.map(|all| all.into_iter().map(|path| format!("/{path}")).collect());
        let headers = Some(headers.collect::<Vec<_>>()).filter(|all| !all.is_empty() && query.is_none());
        Match { hosts, paths, headers, methods, query, ..Match::default() }
    })
}

/// Every single request that conditions of plain values take, as one value of each condition.
fn requests(conditions: &Conditions) -> Vec<BTreeSet<String>> {
    let values = |condition: &Condition| -> Vec<String> {
        let said = shown(&Conditions::from([condition.clone()]));
        let (field, values) = said.split_once('=').unwrap();
        values.split(',').map(|value| format!("{field}={value}")).collect()
    };
    conditions.iter().fold(vec![BTreeSet::new()], |all, condition| {
        let with = |one: &BTreeSet<String>, value: &String| one.iter().cloned().chain([value.clone()]).collect();
        all.iter().flat_map(|one| values(condition).iter().map(|value| with(one, value)).collect::<Vec<_>>()).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// Each rule has at most five values, together they take what the match takes, and no request twice.
    #[test]
    fn the_rules_of_a_match_are_small_and_together_the_whole(declared in matches()) {
        let whole = whole(&declared);
        let parts = split(&whole).unwrap();
        let mut taken = Vec::new();
        for part in &parts {
            let values: usize = part.conditions.iter().map(|one| requests(&Conditions::from([one.clone()])).len()).sum();
            prop_assert!(values <= 5, "{:?}", part);
            taken.extend(requests(&part.conditions));
        }
        let each: BTreeSet<_> = taken.iter().cloned().collect();
        prop_assert_eq!(each.len(), taken.len(), "a request is taken twice");
        prop_assert_eq!(each, requests(&whole).into_iter().collect::<BTreeSet<_>>());
        let hashes: BTreeSet<_> = parts.iter().map(|part| &part.hash).collect();
        prop_assert_eq!(hashes.len(), parts.len());
    }

    /// No rule has more than five wildcards, and only a match of which some values can never stand in one rule is refused.
    #[test]
    fn the_rules_of_a_match_have_few_wildcards(
        hosts in proptest::collection::btree_set("[a*]{1,4}", 1..9),
        paths in proptest::collection::btree_set("/[b?]{1,3}", 1..9),
    ) {
        let of = |text: &str| text.matches(['*', '?']).count();
        let most = |all: &BTreeSet<String>| all.iter().map(|one| of(one)).max().unwrap();
        let whole = whole(&matching(json!({"hosts": hosts, "paths": paths})));
        match split(&whole) {
            Ok(parts) => {
                let taken: Vec<_> = parts.iter().flat_map(|part| requests(&part.conditions)).collect();
                prop_assert!(parts.iter().all(|part| of(&shown(&part.conditions)) <= 5), "{:?}", parts);
                prop_assert_eq!(taken.len(), hosts.len() * paths.len());
            }
            Err(_) => prop_assert!(most(&hosts) + most(&paths) > 5),
        }
    }

    /// The order in which values are written means nothing.
    #[test]
    fn the_rules_of_a_match_stay_the_same_in_another_order(declared in matches()) {
        let mut turned = declared.clone();
        for list in [&mut turned.hosts, &mut turned.paths, &mut turned.methods].into_iter().flatten() {
            list.reverse();
        }
        turned.query.iter_mut().for_each(|query| query.reverse());
        prop_assert_eq!(split(&whole(&turned)).unwrap(), split(&whole(&declared)).unwrap());
    }

    /// What means the same is equal, however often one asks.
    #[test]
    fn the_meaning_of_a_meaning_is_the_same(declared in matches()) {
        let once = meaning(&whole(&declared));
        prop_assert_eq!(meaning(&once), once);
    }
}
