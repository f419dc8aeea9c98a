//! Whether a rule leaves another nothing. Pure.
//!
//! The answer is safe, not complete: `true` only if every request that one takes is taken by the other too. Of regular
//! expressions it knows no more than whether they are the same text.

use super::parts::Conditions;
use crate::aws::elb::model::{Condition, Patterns};
pub use crate::domain::pattern::{Case, pattern_covers};
use core::net::IpAddr;
use std::collections::BTreeSet;

/// Whether `wide` takes every request that `narrow` takes.
pub fn covers(wide: &Conditions, narrow: &Conditions) -> bool {
    wide.iter().all(|wide| takes_all(wide) || narrow.iter().any(|narrow| covers_one(wide, narrow)))
}

/// Whether a condition lets every request pass: each has a host, and a path that begins with a slash.
pub fn takes_all(condition: &Condition) -> bool {
    match condition {
        Condition::HostHeader(patterns) => patterns.values.contains("*"),
        Condition::PathPattern(patterns) => patterns.values.iter().any(|path| path == "*" || path == "/*"),
        _ => false,
    }
}

fn covers_one(wide: &Condition, narrow: &Condition) -> bool {
    match (wide, narrow) {
        (Condition::HostHeader(wide), Condition::HostHeader(narrow)) => patterns_cover(wide, narrow, Case::MeansNothing),
        (Condition::PathPattern(wide), Condition::PathPattern(narrow)) => patterns_cover(wide, narrow, Case::Counts),
        (Condition::HttpHeader { name, patterns }, Condition::HttpHeader { name: other, patterns: narrow }) => {
            name.eq_ignore_ascii_case(other) && patterns_cover(patterns, narrow, Case::MeansNothing)
        }
        (Condition::HttpRequestMethod(wide), Condition::HttpRequestMethod(narrow)) => narrow.is_subset(wide),
        (Condition::QueryString(wide), Condition::QueryString(narrow)) => each(narrow, |(key, value)| {
            wide.iter().any(|(wide_key, wide_value)| {
                let same_key = match (wide_key, key) {
                    (None, _) => true,
                    (Some(wide), Some(key)) => wide.eq_ignore_ascii_case(key),
                    (Some(_), None) => false,
                };
                same_key && pattern_covers(wide_value, value, Case::MeansNothing)
            })
        }),
        (Condition::SourceIp { cidrs: wide, ip_address_type }, Condition::SourceIp { cidrs: narrow, ip_address_type: other }) => {
            ip_address_type == other && each(narrow, |narrow| wide.iter().any(|wide| contains(wide, narrow)))
        }
        (wide, narrow) => wide == narrow,
    }
}

/// What stands in no list is no request at all, and nothing is concluded from it.
fn each<T>(all: &BTreeSet<T>, holds: impl Fn(&T) -> bool) -> bool {
    !all.is_empty() && all.iter().all(holds)
}

fn patterns_cover(wide: &Patterns, narrow: &Patterns, case: Case) -> bool {
    let says_something = !narrow.values.is_empty() || !narrow.regexes.is_empty();
    let values = narrow.values.iter().all(|narrow| wide.values.iter().any(|wide| pattern_covers(wide, narrow, case)));
    let regexes = narrow.regexes.iter().all(|regex| wide.regexes.contains(regex) || wide.values.contains("*"));
    says_something && values && regexes
}

/// Whether one network contains another.
fn contains(wide: &str, narrow: &str) -> bool {
    let (Some((wide, wide_bits)), Some((narrow, narrow_bits))) = (network(wide), network(narrow)) else {
        return wide == narrow;
    };
    match (wide, narrow) {
        (IpAddr::V4(wide), IpAddr::V4(narrow)) if wide_bits <= narrow_bits => {
            let shift = 32 - wide_bits;
            shift >= 32 || u32::from(wide) >> shift == u32::from(narrow) >> shift
        }
        (IpAddr::V6(wide), IpAddr::V6(narrow)) if wide_bits <= narrow_bits => {
            let shift = 128 - wide_bits;
            shift >= 128 || u128::from(wide) >> shift == u128::from(narrow) >> shift
        }
        _ => false,
    }
}

fn network(cidr: &str) -> Option<(IpAddr, u32)> {
    let (address, bits) = cidr.split_once('/')?;
    let (address, bits): (IpAddr, u32) = (address.parse().ok()?, bits.parse().ok()?);
    let most = if address.is_ipv4() { 32 } else { 128 };
    (bits <= most).then_some((address, bits))
}
