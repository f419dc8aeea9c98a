//! Which rule leaves another nothing.

use crate::api::load_balancing::Match;
use crate::kinds::listener_rule::covers::{Case, covers, pattern_covers};
use crate::kinds::listener_rule::parts::{Conditions, whole};
use proptest::prelude::*;
use serde_json::{Value, json};

fn conditions(fields: &Value) -> Conditions {
    whole(&serde_json::from_value::<Match>(fields.clone()).unwrap())
}

#[test]
fn a_wider_match_covers_a_narrower_one_and_not_the_other_way_around() {
    for (wide, narrow) in [
        (json!({"paths": ["/*"]}), json!({"hosts": ["a.example.com"]})),
        (json!({"hosts": ["*"]}), json!({"methods": ["GET"]})),
        (json!({"hosts": ["*.example.com"]}), json!({"hosts": ["a.example.com"]})),
        (json!({"hosts": ["*.EXAMPLE.com"]}), json!({"hosts": ["a.example.COM"], "paths": ["/x"]})),
        (json!({"hosts": ["a", "b"]}), json!({"hosts": ["a"]})),
        (json!({"hosts": ["a"]}), json!({"hosts": ["a"], "paths": ["/x"]})),
        (json!({"paths": ["/a*"]}), json!({"paths": ["/a", "/ab/*", "/a?"]})),
        (json!({"paths": ["/a/?"]}), json!({"paths": ["/a/b"]})),
        (json!({"methods": ["GET", "POST"]}), json!({"methods": ["GET"]})),
        (json!({"sourceCidrs": ["10.0.0.0/8", "192.168.0.0/16"]}), json!({"sourceCidrs": ["10.1.0.0/16", "192.168.1.1/32"]})),
        (json!({"sourceCidrs": ["0.0.0.0/0"]}), json!({"sourceCidrs": ["10.1.0.0/16"]})),
        (json!({"sourceCidrs": ["2001:db8::/32"]}), json!({"sourceCidrs": ["2001:db8:1::/48"]})),
        (json!({"query": [{"value": "1"}]}), json!({"query": [{"key": "v", "value": "1"}]})),
        (json!({"query": [{"key": "V", "value": "*"}]}), json!({"query": [{"key": "v", "value": "1"}]})),
        (
            json!({"headers": [{"name": "X-T", "values": ["a*"]}]}),
            json!({"headers": [{"name": "x-t", "values": ["Ab"]}, {"name": "y", "values": ["1"]}]}),
        ),
        (json!({"hosts": ["a"], "paths": ["/*"]}), json!({"hosts": ["a"], "pathRegexes": ["^/x"]})),
    ] {
        let (wide, narrow) = (conditions(&wide), conditions(&narrow));
        assert!(covers(&wide, &narrow), "{wide:?} {narrow:?}");
        assert!(!covers(&narrow, &wide), "{narrow:?} {wide:?}");
        assert!(covers(&wide, &wide) && covers(&narrow, &narrow));
    }
}

#[test]
fn matches_that_only_overlap_leave_something_to_each_other() {
    for (one, other) in [
        (json!({"hosts": ["a"]}), json!({"hosts": ["b"]})),
        (json!({"hosts": ["a"]}), json!({"paths": ["/x"]})),
        (json!({"hosts": ["a", "b"]}), json!({"hosts": ["b", "c"]})),
        (json!({"paths": ["/A"]}), json!({"paths": ["/a"]})),
        (json!({"paths": ["/a/*"]}), json!({"paths": ["/a"]})),
        (json!({"paths": ["/?"]}), json!({"paths": ["/"]})),
        (json!({"hosts": ["?.example.com"]}), json!({"hosts": ["ab.example.com"]})),
        (json!({"sourceCidrs": ["10.0.0.0/16"]}), json!({"sourceCidrs": ["10.1.0.0/16"]})),
        (json!({"sourceCidrs": ["10.0.0.0/8"]}), json!({"sourceCidrs": ["2001:db8::/32"]})),
        (json!({"query": [{"key": "v", "value": "1"}]}), json!({"query": [{"key": "w", "value": "1"}]})),
        (json!({"headers": [{"name": "a", "values": ["1"]}]}), json!({"headers": [{"name": "b", "values": ["1"]}]})),
        (json!({"hostRegexes": ["^a"]}), json!({"hosts": ["a"]})),
        (json!({"hostRegexes": ["^a.*"]}), json!({"hostRegexes": ["^a"]})),
    ] {
        let (one, other) = (conditions(&one), conditions(&other));
        assert!(!covers(&one, &other) && !covers(&other, &one), "{one:?} {other:?}");
    }
}

#[test]
fn a_backslash_is_not_understood_so_nothing_is_concluded() {
    assert!(pattern_covers("a\\*", "a\\*", Case::Counts));
    assert!(!pattern_covers("*", "a\\*", Case::Counts));
    assert!(!pattern_covers("a\\*", "ab", Case::Counts));
}

/// Whether a text matches a pattern, as simply as can be said.
fn takes(pattern: &[char], text: &[char]) -> bool {
    match (pattern.first(), text.first()) {
        (None, None) => true,
        (Some('*'), _) => takes(&pattern[1..], text) || !text.is_empty() && takes(pattern, &text[1..]),
        (Some('?'), Some(_)) => takes(&pattern[1..], &text[1..]),
        (Some(one), Some(other)) => one == other && takes(&pattern[1..], &text[1..]),
        _ => false,
    }
}

/// Every text of up to four letters of which there are two.
fn texts() -> Vec<Vec<char>> {
    let mut all = vec![Vec::new()];
    let mut last = all.clone();
    for _ in 0..4 {
        last = last.iter().flat_map(|text: &Vec<char>| ['a', 'b'].map(|letter| [text.as_slice(), &[letter]].concat())).collect();
        all.extend(last.clone());
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    /// What is covered is never taken by the narrow pattern alone.
    #[test]
    fn a_covering_pattern_takes_every_text_that_the_covered_one_takes(wide in "[ab*?]{0,4}", narrow in "[ab*?]{0,4}") {
        if pattern_covers(&wide, &narrow, Case::Counts) {
            let (wide, narrow): (Vec<char>, Vec<char>) = (wide.chars().collect(), narrow.chars().collect());
            for text in texts() {
                prop_assert!(!takes(&narrow, &text) || takes(&wide, &text), "{:?}", text);
            }
        }
    }

    /// And it is found wherever the covered one is a plain text.
    #[test]
    fn a_text_that_a_pattern_takes_is_covered(wide in "[ab*?]{0,5}", text in "[ab]{0,5}") {
        let (pattern, letters): (Vec<char>, Vec<char>) = (wide.chars().collect(), text.chars().collect());
        prop_assert_eq!(pattern_covers(&wide, &text, Case::Counts), takes(&pattern, &letters));
    }
}
