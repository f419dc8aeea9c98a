//! Which target group and which target: by weight, in turn, or as a cookie says.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::clock::later;
use crate::ecs::input::Input;
use crate::elb::Elb;
use crate::elb::objects::{Group, Rule};
use crate::elb::targets::TargetState;
use crate::traffic::{HttpRequest, HttpResponse};

/// Whose turn it is, for each rule and each target group.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    groups: BTreeMap<(Arc<str>, Arc<str>), i64>,
    targets: BTreeMap<Arc<str>, usize>,
}

const GROUP_COOKIE: &str = "AWSALBTG";
const TARGET_COOKIE: &str = "AWSALB";
const APP_COOKIE: &str = "AWSALBAPP-0";

/// The target group for this request; `None` when every weight is zero.
pub(super) fn group(
    elb: &mut Elb,
    rule: &Arc<Rule>,
    config: Input<'_>,
    (request, response): (&HttpRequest, &mut HttpResponse),
) -> Option<Arc<str>> {
    let weighted: Vec<(Arc<str>, i64)> = config
        .objects("TargetGroups")
        .map(|tuple| (Arc::from(tuple.text("TargetGroupArn").unwrap_or_default()), tuple.number("Weight").unwrap_or(1)))
        .filter(|(_, weight)| *weight > 0)
        .collect();
    let stickiness = config.object("TargetGroupStickinessConfig");
    if !stickiness.flag("Enabled") {
        return turn(elb, rule, &weighted);
    }
    let remembered = request.cookies(GROUP_COOKIE).find_map(|cookie| read(cookie, elb.now));
    let kept = remembered.and_then(|arn| weighted.iter().find(|(known, _)| **known == *arn).map(|(known, _)| Arc::clone(known)));
    let chosen = kept.or_else(|| turn(elb, rule, &weighted))?;
    let seconds = stickiness.number("DurationSeconds").unwrap_or(3600).unsigned_abs();
    set(response, GROUP_COOKIE, &written(&chosen, elb.now, seconds), seconds);
    Some(chosen)
}

/// Weighted round robin, as even as can be: in any run of as many requests as the weights sum up to, each group has its weight.
fn turn(elb: &mut Elb, rule: &Arc<Rule>, weighted: &[(Arc<str>, i64)]) -> Option<Arc<str>> {
    let total: i64 = weighted.iter().map(|(_, weight)| weight).sum();
    let credit = &mut elb.turns.groups;
    for (group, weight) in weighted {
        *credit.entry((Arc::clone(&rule.arn), Arc::clone(group))).or_default() += weight;
    }
    let key = |group: &Arc<str>| (Arc::clone(&rule.arn), Arc::clone(group));
    // Of equal credit the first in the list wins.
    let (chosen, _) = weighted.iter().rev().max_by_key(|(group, _)| credit.get(&key(group)).copied().unwrap_or_default())?;
    *credit.entry(key(chosen)).or_default() -= total;
    Some(Arc::clone(chosen))
}

/// The target for this request: healthy ones, or all when none is (fail open); `None` when there is none at all.
pub(super) fn target(
    elb: &mut Elb,
    group: &Arc<str>,
    (request, response): (&HttpRequest, &mut HttpResponse),
) -> Option<(String, i64)> {
    let known = Arc::clone(elb.objects.groups.get(group)?);
    let in_state = |of: &[TargetState]| -> Vec<(String, i64)> {
        known.targets.iter().filter(|(_, target)| of.contains(&target.state)).map(|(key, _)| key.clone()).collect()
    };
    let mut pool = in_state(&[TargetState::Healthy]);
    if pool.is_empty() {
        pool = in_state(&[TargetState::Unhealthy, TargetState::Initial]);
    }
    if pool.is_empty() {
        return None;
    }
    let is_sticky = known.attribute("stickiness.enabled") == "true";
    if is_sticky && known.attribute("stickiness.type") == "source_ip" {
        let place = usize::try_from(request.source_ip.to_bits()).unwrap_or_default() % pool.len();
        return pool.get(place).cloned();
    }
    if is_sticky {
        return sticky(elb, &known, &pool, (request, response));
    }
    in_turn(elb, group, &pool)
}

fn in_turn(elb: &mut Elb, group: &Arc<str>, pool: &[(String, i64)]) -> Option<(String, i64)> {
    let turn = elb.turns.targets.entry(Arc::clone(group)).or_default();
    let chosen = pool.get(*turn % pool.len()).cloned();
    *turn = turn.wrapping_add(1);
    chosen
}

/// A cookie of the load balancer's own, or one that lives as long as the application's.
fn sticky(
    elb: &mut Elb,
    group: &Group,
    pool: &[(String, i64)],
    (request, response): (&HttpRequest, &mut HttpResponse),
) -> Option<(String, i64)> {
    let is_app = group.attribute("stickiness.type") == "app_cookie";
    let (cookie, duration) = if is_app {
        (APP_COOKIE, "stickiness.app_cookie.duration_seconds")
    } else {
        (TARGET_COOKIE, "stickiness.lb_cookie.duration_seconds")
    };
    let name = |(id, port): &(String, i64)| format!("{}|{id}:{port}", group.arn);
    let remembered = request.cookies(cookie).find_map(|cookie| read(cookie, elb.now));
    let kept = remembered.and_then(|known| pool.iter().find(|target| name(target) == known).cloned());
    let app_name = group.attribute("stickiness.app_cookie.cookie_name");
    // The application's cookie must still be there for its session to go on.
    let has_session = !is_app || request.cookies(app_name).next().is_some();
    let chosen = kept.filter(|_| has_session).or_else(|| in_turn(elb, &group.arn, pool))?;
    let seconds = group.attribute(duration).parse().unwrap_or(86_400);
    if is_app && !has_session {
        // What every simulated application does: it opens a session.
        set(response, app_name, "session", seconds);
    }
    set(response, cookie, &written(&name(&chosen), elb.now, seconds), seconds);
    Some(chosen)
}

fn set(response: &mut HttpResponse, name: &str, value: &str, seconds: u64) {
    response.headers.push(("set-cookie".to_owned(), format!("{name}={value}; Max-Age={seconds}; Path=/")));
}

/// What a cookie remembers and until when, unreadable as AWS's are.
fn written(text: &str, now: Timestamp, seconds: u64) -> String {
    let until = later(now, Duration::from_secs(seconds)).as_millisecond();
    let plain = format!("{until}|{text}");
    plain.bytes().fold(String::with_capacity(2 * plain.len()), |mut cookie, byte| {
        let _ = write!(cookie, "{byte:02x}");
        cookie
    })
}

/// `None` for a cookie that is not ours or too old.
fn read(cookie: &str, now: Timestamp) -> Option<String> {
    let bytes: Option<Vec<u8>> =
        (0..cookie.len() / 2).map(|at| u8::from_str_radix(cookie.get(2 * at..2 * at + 2)?, 16).ok()).collect();
    let text = String::from_utf8(bytes?).ok()?;
    let (until, text) = text.split_once('|')?;
    (until.parse::<i64>().ok()? > now.as_millisecond()).then(|| text.to_owned())
}
