//! Which priority a rule gets that asks for none. Pure.
//!
//! A rule belongs where its match says: exact host and path first, then longer paths before shorter ones, hosts, hosts with
//! a wildcard, what is left, and what takes everything last. Each has its place in the band from the start, so that rules
//! which are made at the same time stand in order too. From there it goes to where the rules on the listener leave room:
//! before those that would leave it nothing, behind those that it would leave nothing, with gaps of ten.

use super::covers::{covers, takes_all};
use super::parts::Conditions;
use crate::aws::elb::model::{Condition, Patterns};
use std::collections::BTreeSet;

/// Free numbers between two rules, where there is room.
const GAP: i32 = 10;
/// The first number that AWS takes.
pub const FIRST: i32 = 1;
/// The last number that AWS takes.
pub const LAST: i32 = 50_000;
/// Where the end of the band is, in the measure of [`place`].
const WHOLE: i64 = 1_000_000;
/// Longest host or path that AWS takes.
const LONGEST: usize = 128;

/// Priorities that are given to rules which ask for none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Band {
    /// The first.
    pub from: i32,
    /// The last.
    pub to: i32,
}

/// A rule that stands on the listener.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// Its priority.
    pub priority: i32,
    /// What it takes.
    pub conditions: Conditions,
    /// Whether its priority was chosen here, so that it stands where its match says.
    pub is_ours: bool,
}

/// Where a rule may go: between these two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Between(i32, i32);

/// A free priority for a rule with these conditions; `None` if there is none in the band.
pub fn choose(band: Band, conditions: &Conditions, standing: &[Standing], taken: &BTreeSet<i32>) -> Option<i32> {
    let all = Between(band.from.max(FIRST) - 1, band.to.min(LAST) + 1);
    let must = within(all, bounds(conditions, standing));
    let ordered = within(must, ours(must, conditions, standing));
    let is_free = |number: i32| !taken.contains(&number) && !standing.iter().any(|rule| rule.priority == number);
    let wish = anchor(band, conditions);
    [ordered, must, Between(must.0.clamp(all.0, all.1), all.1), all].into_iter().find_map(|between| pick(between, wish, is_free))
}

/// Whether a rule with these conditions may stay at its priority: it takes nothing from those behind it that was theirs, and
/// none before it takes everything.
pub fn may_stay(priority: i32, conditions: &Conditions, standing: &[Standing]) -> bool {
    let Between(after, before) = bounds(conditions, standing);
    after < priority && priority < before
}

/// Behind everything that it would leave nothing, before everything that would leave it nothing. Of two that mean the same,
/// the one that stands there stays first.
fn bounds(conditions: &Conditions, standing: &[Standing]) -> Between {
    let mut bounds = Between(i32::MIN, i32::MAX);
    for rule in standing {
        if covers(conditions, &rule.conditions) {
            bounds.0 = bounds.0.max(rule.priority);
        } else if covers(&rule.conditions, conditions) {
            bounds.1 = bounds.1.min(rule.priority);
        }
    }
    bounds
}

/// The same for the order among our own rules, as far as these stand in order themselves.
fn ours(must: Between, conditions: &Conditions, standing: &[Standing]) -> Between {
    let mine = place(conditions);
    let of_ours = || standing.iter().filter(|rule| rule.is_ours && must.0 < rule.priority && rule.priority < must.1);
    let before = of_ours().filter(|rule| place(&rule.conditions) > mine).map(|rule| rule.priority).min().unwrap_or(i32::MAX);
    let earlier = of_ours().filter(|rule| place(&rule.conditions) <= mine && rule.priority < before);
    Between(earlier.map(|rule| rule.priority).max().unwrap_or(i32::MIN), before)
}

fn within(outer: Between, inner: Between) -> Between {
    Between(outer.0.max(inner.0), outer.1.min(inner.1))
}

/// The free number in between that is nearest to the wish, with room around it if there is some.
fn pick(Between(after, before): Between, wish: i32, is_free: impl Fn(i32) -> bool) -> Option<i32> {
    let (low, high) = (after.checked_add(1)?, before.checked_sub(1)?);
    if low > high {
        return None;
    }
    let middle = low + (high - low) / 2;
    let start = if wish < after + GAP && wish != low {
        Some(after + GAP).filter(|number| *number <= high).unwrap_or(middle)
    } else if wish > before - GAP && wish != low {
        Some(before - GAP).filter(|number| *number >= low).unwrap_or(middle)
    } else {
        wish
    };
    let in_gaps = (start..=high).step_by(10).chain((low..start).rev().skip(9).step_by(10));
    let closely = (start..=high).chain((low..start).rev());
    in_gaps.chain(closely).find(|number| is_free(*number))
}

/// The number at which a rule belongs if it stood alone.
fn anchor(band: Band, conditions: &Conditions) -> i32 {
    let span = i64::from(band.to) - i64::from(band.from);
    let offset = span * place(conditions) / WHOLE;
    let offset = offset - offset % i64::from(GAP);
    band.from + i32::try_from(offset).unwrap_or_default()
}

/// Where in a band a rule belongs, from 0 to a million; the more specific it is, the smaller.
pub fn place(conditions: &Conditions) -> i64 {
    let said = || conditions.iter().filter(|condition| !takes_all(condition));
    let host = said().find_map(|condition| if let Condition::HostHeader(host) = condition { Some(host) } else { None });
    let path = said().find_map(|condition| if let Condition::PathPattern(path) = condition { Some(path) } else { None });
    let others = said().filter(|condition| !matches!(condition, Condition::HostHeader(_) | Condition::PathPattern(_))).count();
    // More conditions beside are more specific.
    let beside = 4 - i64::try_from(others.min(4)).unwrap_or_default();
    let step = |start: i64, end: i64, at: i64, of: i64| start + (end - start) * at / of;
    match (host, path) {
        (Some(host), Some(path)) if is_exact(host) && is_exact(path) => step(0, 100_000, beside, 5),
        (host, Some(path)) => {
            let host = host.map_or(2, |host| i64::from(!is_exact(host)));
            step(100_000, 700_000, (shortness(path) * 3 + host) * 5 + beside, 129 * 3 * 5)
        }
        (Some(host), None) if is_exact(host) => step(700_000, 800_000, beside, 5),
        (Some(host), None) => step(800_000, 900_000, shortness(host) * 5 + beside, 129 * 5),
        (None, None) if others > 0 => step(900_000, 990_000, beside, 5),
        (None, None) => 990_000,
    }
}

fn is_exact(patterns: &Patterns) -> bool {
    patterns.regexes.is_empty() && !patterns.values.iter().any(|value| value.contains(['*', '?']))
}

/// How much shorter than it could be the shortest pattern is, wildcards left out. Of a regular expression nothing is known.
fn shortness(patterns: &Patterns) -> i64 {
    let literal = |value: &String| value.chars().filter(|letter| !matches!(letter, '*' | '?')).count();
    let shortest = if patterns.regexes.is_empty() { patterns.values.iter().map(literal).min().unwrap_or_default() } else { 0 };
    i64::try_from(LONGEST - shortest.min(LONGEST)).unwrap_or_default()
}
