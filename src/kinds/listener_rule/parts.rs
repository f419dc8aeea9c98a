//! The rules of AWS that one match takes. Pure.
//!
//! AWS takes five values and five wildcards in the conditions of a rule, all conditions together. A match with more is split
//! over several rules, and each of them is known again by the hash of its own conditions.

use crate::api::load_balancing::Match;
use crate::aws::elb::model::{Condition, Patterns};
use crate::domain::json::{sha256, text};
use crate::engine::Stop;
use core::net::IpAddr;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Values in one rule: "condition values per rule" among the quotas of Application Load Balancers. The user guide (condition
/// types) speaks of three in one condition, but all five may stand in one: CDK refuses the sixth path, in AWS's words.
const VALUES: usize = 5;
/// Wildcards in one rule: five in the user guide (condition types), six among the quotas.
const WILDCARDS: usize = 5;
/// Digits of the hash that a rule is known by.
const DIGITS: usize = 16;

/// Conditions of a rule: all of them have to hold.
pub type Conditions = BTreeSet<Condition>;

/// One rule of AWS, as far as its conditions go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its conditions, as they are sent.
    pub conditions: Conditions,
    /// Hash of what they mean.
    pub hash: String,
}

/// The whole match, as conditions of one rule that could be as large as it likes.
pub fn whole(declared: &Match) -> Conditions {
    let mut all = Conditions::new();
    if let Some(hosts) = some(declared.hosts.as_ref()) {
        all.insert(Condition::HostHeader(Patterns::values(hosts.iter().map(|host| host.to_lowercase()))));
    }
    if let Some(regexes) = some(declared.host_regexes.as_ref()) {
        all.insert(Condition::HostHeader(Patterns::regexes(regexes.iter().cloned())));
    }
    if let Some(paths) = some(declared.paths.as_ref()) {
        all.insert(Condition::PathPattern(Patterns::values(paths.iter().cloned())));
    }
    if let Some(regexes) = some(declared.path_regexes.as_ref()) {
        all.insert(Condition::PathPattern(Patterns::regexes(regexes.iter().cloned())));
    }
    for header in declared.headers.iter().flatten() {
        let values = header.values.iter().flatten().cloned().collect();
        let regexes = header.regexes.iter().flatten().cloned().collect();
        all.insert(Condition::http_header(&header.name, Patterns { values, regexes }));
    }
    if let Some(methods) = some(declared.methods.as_ref()) {
        all.insert(Condition::HttpRequestMethod(methods.iter().cloned().collect()));
    }
    if let Some(query) = some(declared.query.as_ref()) {
        all.insert(Condition::QueryString(query.iter().map(|one| (one.key.clone(), one.value.clone())).collect()));
    }
    if let Some(cidrs) = some(declared.source_cidrs.as_ref()) {
        all.insert(Condition::SourceIp { cidrs: cidrs.iter().cloned().collect(), ip_address_type: None });
    }
    all
}

fn some<T>(list: Option<&Vec<T>>) -> Option<&Vec<T>> {
    list.filter(|list| !list.is_empty())
}

/// The rules that a match takes: as few as its values allow, each with a value of every condition.
///
/// # Errors
/// [`Stop::Invalid`] when it says nothing, or has more conditions, or more wildcards in them, than a rule can have.
pub fn split(whole: &Conditions) -> Result<Vec<Part>, Stop> {
    if whole.is_empty() {
        return Err(Stop::invalid("InvalidMatch", "match says nothing; set one of its fields, such as paths: [\"/*\"]"));
    }
    if whole.len() > VALUES {
        return Err(Stop::invalid(
            "InvalidMatch",
            format!(
                "match has {} conditions that all have to hold, each header one, and AWS takes {VALUES} values in a rule; leave some out",
                whole.len()
            ),
        ));
    }
    let conditions: Vec<&Condition> = whole.iter().collect();
    let sizes = best_sizes(&conditions.iter().map(|condition| count(condition)).collect::<Vec<_>>());
    let mut all = vec![Conditions::new()];
    for (condition, size) in conditions.into_iter().zip(sizes) {
        let pieces = pieces(condition, size);
        all = all
            .into_iter()
            .flat_map(|part| pieces.iter().map(move |piece| part.iter().cloned().chain([piece.clone()]).collect()))
            .collect();
    }
    let all: Vec<Vec<Conditions>> = all.into_iter().map(with_few_wildcards).collect::<Result<_, _>>()?;
    Ok(all.into_iter().flatten().map(|conditions| Part { hash: hash(&conditions), conditions }).collect())
}

/// The same in as many rules as its wildcards take: what has most of them is halved until they are few.
fn with_few_wildcards(part: Conditions) -> Result<Vec<Conditions>, Stop> {
    let has = part.iter().map(wildcards).sum::<usize>();
    if has <= WILDCARDS {
        return Ok(vec![part]);
    }
    let halves = |condition: &Condition| pieces(condition, count(condition).div_ceil(2));
    let can_be_less = |condition: &&Condition| wildcards(condition) > 0 && halves(condition).len() > 1;
    let Some(most) = part.iter().filter(can_be_less).max_by_key(|condition| wildcards(condition)) else {
        return Err(Stop::invalid(
            "InvalidMatch",
            format!(
                "match has {has} wildcards in values that have to hold together ({}), and AWS takes {WILDCARDS} in a rule; use fewer",
                shown(&part)
            ),
        ));
    };
    let others = || part.iter().filter(|condition| *condition != most).cloned();
    let smaller = halves(most).into_iter().map(|half| with_few_wildcards(others().chain([half]).collect()));
    Ok(smaller.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

/// Wildcards in the values of a condition. Of a method and a network there are none.
fn wildcards(condition: &Condition) -> usize {
    let of = |text: &str| text.matches(['*', '?']).count();
    match condition {
        Condition::HostHeader(patterns)
        | Condition::PathPattern(patterns)
        | Condition::HttpHeader { patterns, .. }
        | Condition::Other { patterns, .. } => patterns.values.iter().map(|value| of(value)).sum(),
        Condition::QueryString(pairs) => {
            pairs.iter().map(|(key, value)| of(key.as_deref().unwrap_or_default()) + of(value)).sum()
        }
        Condition::HttpRequestMethod(_) | Condition::SourceIp { .. } => 0,
    }
}

/// How many values of each condition go into one rule, so that there are as few rules as can be; of several ways one that
/// fills them, so that one value more or less moves few others.
fn best_sizes(counts: &[usize]) -> Vec<usize> {
    let mut best = vec![1; counts.len()];
    for sizes in shares(counts.len(), VALUES) {
        if rules(counts, &sizes) <= rules(counts, &best) {
            best = sizes;
        }
    }
    best
}

fn rules(counts: &[usize], sizes: &[usize]) -> usize {
    counts.iter().zip(sizes).map(|(count, size)| count.div_ceil(*size)).product()
}

/// Every way to share out at most `left` among so many, at least one to each.
fn shares(among: usize, left: usize) -> Vec<Vec<usize>> {
    if among == 0 {
        return vec![Vec::new()];
    }
    let most = (left + 1).saturating_sub(among);
    let with = |first: usize| {
        let rest = shares(among - 1, left - first).into_iter();
        rest.map(move |rest| std::iter::once(first).chain(rest).collect())
    };
    (1..=most).flat_map(with).collect()
}

fn count(condition: &Condition) -> usize {
    match condition {
        Condition::HostHeader(patterns)
        | Condition::PathPattern(patterns)
        | Condition::HttpHeader { patterns, .. }
        | Condition::Other { patterns, .. } => patterns.values.len() + patterns.regexes.len(),
        Condition::HttpRequestMethod(methods) => methods.len(),
        Condition::QueryString(pairs) => pairs.len(),
        Condition::SourceIp { cidrs, .. } => cidrs.len(),
    }
}

/// A condition in pieces of so many values: together they mean the same.
fn pieces(condition: &Condition, size: usize) -> Vec<Condition> {
    match condition {
        Condition::HostHeader(patterns) => of_patterns(patterns, size).map(Condition::HostHeader).collect(),
        Condition::PathPattern(patterns) => of_patterns(patterns, size).map(Condition::PathPattern).collect(),
        Condition::HttpHeader { name, patterns } => {
            of_patterns(patterns, size).map(|patterns| Condition::HttpHeader { name: name.clone(), patterns }).collect()
        }
        Condition::HttpRequestMethod(methods) => chunks(methods, size).into_iter().map(Condition::HttpRequestMethod).collect(),
        Condition::QueryString(pairs) => chunks(pairs, size).into_iter().map(Condition::QueryString).collect(),
        Condition::SourceIp { cidrs, ip_address_type } => {
            let piece = |cidrs| Condition::SourceIp { cidrs, ip_address_type: ip_address_type.clone() };
            chunks(cidrs, size).into_iter().map(piece).collect()
        }
        Condition::Other { .. } => vec![condition.clone()],
    }
}

/// Values and regular expressions do not go into one condition.
fn of_patterns(patterns: &Patterns, size: usize) -> impl Iterator<Item = Patterns> {
    let values = chunks(&patterns.values, size).into_iter().map(|values| Patterns { values, regexes: BTreeSet::new() });
    let regexes = chunks(&patterns.regexes, size).into_iter().map(|regexes| Patterns { values: BTreeSet::new(), regexes });
    values.chain(regexes)
}

fn chunks<T: Clone + Ord>(values: &BTreeSet<T>, size: usize) -> Vec<BTreeSet<T>> {
    let all: Vec<T> = values.iter().cloned().collect();
    all.chunks(size).map(|chunk| chunk.iter().cloned().collect()).collect()
}

/// What conditions mean, in a form in which those that mean the same are equal.
pub fn meaning(conditions: &Conditions) -> Conditions {
    let lower = |all: &BTreeSet<String>| all.iter().map(|one| one.to_lowercase()).collect();
    let one = |condition: &Condition| match condition {
        // The case of hosts, headers and the query means nothing to a load balancer.
        Condition::HostHeader(patterns) => {
            Condition::HostHeader(Patterns { values: lower(&patterns.values), regexes: patterns.regexes.clone() })
        }
        Condition::HttpHeader { name, patterns } => Condition::HttpHeader {
            name: name.to_lowercase(),
            patterns: Patterns { values: lower(&patterns.values), regexes: patterns.regexes.clone() },
        },
        Condition::QueryString(pairs) => Condition::QueryString(
            pairs.iter().map(|(key, value)| (key.as_ref().map(|key| key.to_lowercase()), value.to_lowercase())).collect(),
        ),
        Condition::SourceIp { cidrs, ip_address_type } => Condition::SourceIp {
            cidrs: cidrs.iter().map(|cidr| network(cidr)).collect(),
            ip_address_type: ip_address_type.clone(),
        },
        other => other.clone(),
    };
    conditions.iter().map(one).collect()
}

/// A network in the one form of its address.
fn network(cidr: &str) -> String {
    let parsed = cidr.split_once('/').and_then(|(address, bits)| Some((address.parse::<IpAddr>().ok()?, bits)));
    parsed.map_or_else(|| cidr.to_owned(), |(address, bits)| format!("{address}/{bits}"))
}

fn hash(conditions: &Conditions) -> String {
    let all: Vec<Value> = meaning(conditions).iter().map(|condition| json!([condition.field(), members(condition)])).collect();
    sha256(&text(&Value::from(all)))[..DIGITS].to_owned()
}

fn members(condition: &Condition) -> Value {
    match condition {
        Condition::HostHeader(patterns) | Condition::PathPattern(patterns) | Condition::Other { patterns, .. } => {
            json!([patterns.values, patterns.regexes])
        }
        Condition::HttpHeader { name, patterns } => json!([name, patterns.values, patterns.regexes]),
        Condition::HttpRequestMethod(methods) => json!(methods),
        Condition::QueryString(pairs) => json!(pairs),
        Condition::SourceIp { cidrs, ip_address_type } => json!([cidrs, ip_address_type]),
    }
}

/// Conditions for people: `host-header=a.example.com,b.example.com; path-pattern=/x`.
pub fn shown(conditions: &Conditions) -> String {
    let one = |condition: &Condition| {
        let values: Vec<String> = match condition {
            Condition::HostHeader(patterns) | Condition::PathPattern(patterns) | Condition::Other { patterns, .. } => {
                patterns.values.iter().chain(&patterns.regexes).cloned().collect()
            }
            Condition::HttpHeader { name, patterns } => {
                patterns.values.iter().chain(&patterns.regexes).map(|value| format!("{name}:{value}")).collect()
            }
            Condition::HttpRequestMethod(methods) => methods.iter().cloned().collect(),
            Condition::QueryString(pairs) => {
                pairs.iter().map(|(key, value)| format!("{}={value}", key.as_deref().unwrap_or("*"))).collect()
            }
            Condition::SourceIp { cidrs, .. } => cidrs.iter().cloned().collect(),
        };
        format!("{}={}", condition.field(), values.join(","))
    };
    conditions.iter().map(one).collect::<Vec<_>>().join("; ")
}
