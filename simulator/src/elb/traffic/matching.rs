//! Conditions of rules against a request: all conditions, any value of each.

use regex::RegexBuilder;
use serde_json::Value;

use super::any;
use crate::ecs::input::Input;
use crate::elb::conditions::config_member;
use crate::elb::targets::Network;
use crate::traffic::HttpRequest;

/// Whether every condition holds; the default rule has none.
pub(super) fn fits(conditions: &Value, request: &HttpRequest) -> bool {
    conditions.as_array().into_iter().flatten().all(|condition| fits_one(Input(condition), request))
}

/// Whether a host condition is for this host.
pub(super) fn names_host(conditions: &Value, host: &str) -> bool {
    let conditions = conditions.as_array().into_iter().flatten().map(Input);
    let mut of_host = conditions.filter(|condition| condition.text("Field") == Some("host-header"));
    of_host.any(|condition| patterns_fit(condition.object("HostHeaderConfig"), host, true))
}

fn fits_one(condition: Input<'_>, request: &HttpRequest) -> bool {
    let field = condition.text("Field").unwrap_or_default();
    let config = condition.object(config_member(field));
    match field {
        "host-header" => patterns_fit(config, host_of(request), true),
        // Paths are told apart by case, and the query is no part of them.
        "path-pattern" => patterns_fit(config, &request.path, false),
        "http-request-method" => any(config.list("Values"), |method| method == request.method),
        "http-header" => {
            let name = config.text("HttpHeaderName").unwrap_or_default();
            let of_name = request.headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
            of_name.into_iter().any(|(_, value)| patterns_fit(config, value, true))
        }
        "query-string" => config.objects("Values").any(|pair| query_fits(pair, &request.query)),
        "source-ip" => {
            any(config.list("Values"), |range| Network::parse(range).is_some_and(|network| network.holds(request.source_ip)))
        }
        _ => false,
    }
}

/// The host without its port.
fn host_of(request: &HttpRequest) -> &str {
    request.host.split(':').next().unwrap_or_default()
}

fn patterns_fit(config: Input<'_>, text: &str, ignores_case: bool) -> bool {
    let wildcard = |pattern: &str| {
        if ignores_case { wild(&pattern.to_lowercase(), &text.to_lowercase()) } else { wild(pattern, text) }
    };
    let regex = |pattern: &str| {
        let regex = RegexBuilder::new(pattern).case_insensitive(ignores_case).build();
        regex.is_ok_and(|regex| regex.is_match(text))
    };
    any(config.list("Values"), wildcard) || any(config.list("RegexValues"), regex)
}

fn query_fits(pair: Input<'_>, query: &str) -> bool {
    let value = pair.text("Value").unwrap_or_default().to_lowercase();
    let key = pair.text("Key").map(str::to_lowercase);
    query.split('&').filter(|part| !part.is_empty()).any(|part| {
        let (name, given) = part.split_once('=').unwrap_or((part, ""));
        let named = key.as_ref().is_none_or(|key| wild(key, &name.to_lowercase()));
        // Without a key a bare word counts as the value.
        let given = if key.is_none() && !part.contains('=') { part } else { given };
        named && wild(&value, &given.to_lowercase())
    })
}

/// `*` stands for any characters, `?` for exactly one.
fn wild(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut from) = (0, 0);
    // Where to go on after the latest star, and how much of the text it has taken.
    let mut star: Option<(usize, usize)> = None;
    while from < text.len() {
        if pattern.get(at).is_some_and(|sign| *sign == '?' || (*sign == text[from] && *sign != '*')) {
            (at, from) = (at + 1, from + 1);
        } else if pattern.get(at) == Some(&'*') {
            star = Some((at + 1, from));
            at += 1;
        } else if let Some((next, taken)) = star {
            star = Some((next, taken + 1));
            (at, from) = (next, taken + 1);
        } else {
            return false;
        }
    }
    pattern[at..].iter().all(|sign| *sign == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_characters_and_a_question_mark_for_one() {
        let rows = [
            ("/img/*", "/img/a/b.png", true),
            ("/img/*", "/img", false),
            ("*.example.com", "shop.example.com", true),
            ("*.example.com", "example.com", false),
            ("v?", "v1", true),
            ("v?", "v12", false),
            ("*a*b", "xxaxxab", true),
            ("*", "", true),
        ];
        for (pattern, text, expected) in rows {
            assert_eq!(wild(pattern, text), expected, "{pattern} {text}");
        }
    }
}
