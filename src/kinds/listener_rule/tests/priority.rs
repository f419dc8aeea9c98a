//! Which priority is chosen.

use super::parts::matches;
use crate::api::load_balancing::Match;
use crate::kinds::listener_rule::covers::covers;
use crate::kinds::listener_rule::parts::{Conditions, whole};
use crate::kinds::listener_rule::priority::{Band, Standing, choose, may_stay, place};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const BAND: Band = Band { from: 1000, to: 39_999 };

fn conditions(fields: Value) -> Conditions {
    whole(&serde_json::from_value::<Match>(fields).unwrap())
}

fn host(name: &str) -> Conditions {
    conditions(json!({"hosts": [name]}))
}

fn path(path: &str) -> Conditions {
    conditions(json!({"paths": [path]}))
}

/// A rule of ours, with a priority that was chosen.
fn ours(priority: i32, conditions: Conditions) -> Standing {
    Standing { priority, conditions, is_ours: true }
}

fn foreign(priority: i32, conditions: Conditions) -> Standing {
    Standing { is_ours: false, ..ours(priority, conditions) }
}

fn chosen(conditions: &Conditions, standing: &[Standing]) -> i32 {
    choose(BAND, conditions, standing, &BTreeSet::new()).unwrap()
}

#[test]
fn the_more_specific_a_match_is_the_earlier_it_belongs() {
    let rows = [
        json!({"hosts": ["a.example.com"], "paths": ["/x"], "methods": ["GET"]}),
        json!({"hosts": ["a.example.com"], "paths": ["/x"]}),
        json!({"hosts": ["a.example.com"], "paths": ["/x/yy/*"]}),
        json!({"paths": ["/x/y/*"], "methods": ["GET"]}),
        json!({"hosts": ["a.example.com"], "paths": ["/x/*"]}),
        json!({"hosts": ["*.example.com"], "paths": ["/x/*"]}),
        json!({"paths": ["/x/*"]}),
        json!({"paths": ["/x/*", "/"]}),
        json!({"hosts": ["a.example.com"], "sourceCidrs": ["10.0.0.0/8"]}),
        json!({"hosts": ["a.example.com"]}),
        json!({"hosts": ["*.a.example.com"]}),
        json!({"hosts": ["*.example.com"]}),
        json!({"methods": ["GET"], "sourceCidrs": ["10.0.0.0/8"]}),
        json!({"methods": ["GET"]}),
        json!({"hosts": ["*"], "paths": ["/*"]}),
    ];
    let places: Vec<i64> = rows.iter().map(|row| place(&conditions(row.clone()))).collect();
    assert!(places.is_sorted_by(|a, b| a < b), "{places:?}");
    let alone: Vec<i32> = rows.iter().map(|row| chosen(&conditions(row.clone()), &[])).collect();
    assert!(alone.is_sorted(), "{alone:?}");
    assert!(alone.iter().all(|number| (BAND.from..=BAND.to).contains(number)), "{alone:?}");
    assert_eq!(place(&conditions(json!({"paths": ["/*"], "hosts": ["b"]}))), place(&host("b")), "/* says nothing");
}

#[test]
fn rules_of_one_rank_follow_each_other_with_gaps_of_ten() {
    let first = chosen(&host("a"), &[]);
    let second = chosen(&host("b"), &[ours(first, host("a"))]);
    let third = chosen(&host("c"), &[ours(first, host("a")), ours(second, host("b"))]);
    assert_eq!((second, third), (first + 10, first + 20));
}

#[test]
fn a_rule_goes_between_those_before_and_behind_it() {
    let standing = [ours(5000, path("/aa/bb/cc/*")), ours(5010, path("/aa/*"))];
    assert_eq!(chosen(&path("/aa/bb/*"), &standing), 5005);
    let crowded = [ours(5000, path("/aa/bb/cc/*")), ours(5001, path("/x/*"))];
    assert!(chosen(&path("/aa/bb/*"), &crowded) > 5001, "the order of those that share nothing is given up first");
}

#[test]
fn a_rule_goes_behind_what_it_would_leave_nothing_whoever_owns_that() {
    let number = chosen(&path("/*"), &[foreign(39_000, host("a"))]);
    assert!(number > 39_000, "{number}");
    let number = chosen(&host("a"), &[foreign(2000, host("*"))]);
    assert!(number < 2000, "{number}");
}

#[test]
fn the_same_match_of_somebody_else_stays_first() {
    let number = chosen(&host("a"), &[foreign(30_000, host("a"))]);
    assert!(number > 30_000, "{number}");
}

#[test]
fn an_order_that_cannot_be_kept_is_given_up_before_a_number_is() {
    let before_the_band = [foreign(5, host("*"))];
    assert!((BAND.from..=BAND.to).contains(&chosen(&host("a"), &before_the_band)), "it will be shadowed, and says so");
    let behind_the_band = [foreign(45_000, host("a"))];
    assert!((BAND.from..=BAND.to).contains(&chosen(&host("*"), &behind_the_band)));
}

#[test]
fn the_last_free_number_is_found_and_none_beyond_the_band() {
    let band = Band { from: 10, to: 14 };
    let standing: Vec<Standing> = [10, 11, 13, 14].map(|number| foreign(number, path(&format!("/{number}")))).into();
    assert_eq!(choose(band, &host("a"), &standing, &BTreeSet::new()), Some(12));
    assert_eq!(choose(band, &host("a"), &standing, &BTreeSet::from([12])), None);
    assert_eq!(choose(Band { from: 7, to: 7 }, &host("a"), &[], &BTreeSet::new()), Some(7));
}

#[test]
fn a_rule_may_stay_where_it_takes_nothing_from_others() {
    let standing = [foreign(100, host("a")), foreign(200, host("*.example.com"))];
    assert!(may_stay(150, &host("b.example.com"), &standing));
    assert!(!may_stay(250, &host("b.example.com"), &standing), "it would be shadowed");
    assert!(!may_stay(50, &host("*"), &standing), "it would shadow");
    assert!(may_stay(250, &host("*"), &standing));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// What covers another belongs behind it.
    #[test]
    fn a_wider_match_never_belongs_before_a_narrower_one(one in matches(), other in matches()) {
        let (one, other) = (whole(&one), whole(&other));
        if covers(&one, &other) && !covers(&other, &one) {
            prop_assert!(place(&other) <= place(&one));
        }
    }

    /// As long as a number is free one is found, and it is a free one of the band.
    #[test]
    fn a_free_number_is_always_found(wanted in matches(), taken in proptest::collection::btree_set(1..30, 0..30_usize), from in 1..20, length in 0..10) {
        let band = Band { from, to: from + length };
        let number = choose(band, &whole(&wanted), &[], &taken);
        let free: Vec<i32> = (band.from..=band.to).filter(|number| !taken.contains(number)).collect();
        prop_assert_eq!(number.is_some(), !free.is_empty());
        prop_assert!(number.is_none_or(|number| free.contains(&number)));
    }

    /// Rules that come one after the other stand in the order of what they say, and none leaves another nothing.
    #[test]
    fn none_of_ours_is_shadowed_by_another_that_came_later(all in proptest::collection::vec(matches(), 1..12)) {
        let mut standing: Vec<Standing> = Vec::new();
        for declared in all {
            let conditions = whole(&declared);
            if standing.iter().any(|rule| rule.conditions == conditions) {
                continue;
            }
            let priority = chosen(&conditions, &standing);
            prop_assert!(standing.iter().all(|rule| rule.priority != priority));
            standing.push(ours(priority, conditions));
        }
        for one in &standing {
            for other in standing.iter().filter(|other| other.priority < one.priority) {
                prop_assert!(!covers(&other.conditions, &one.conditions) || covers(&one.conditions, &other.conditions), "{:?} {:?}", other, one);
            }
        }
    }
}
