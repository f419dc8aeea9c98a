//! Transforms: the host or the URL is rewritten before a target sees the request.

use regex::Regex;
use serde_json::Value;

use crate::ecs::input::Input;
use crate::elb::transforms::config_member;
use crate::traffic::HttpRequest;

/// The request as a target sees it.
pub(super) fn apply(transforms: &Value, request: &HttpRequest) -> HttpRequest {
    let mut request = request.clone();
    for transform in transforms.as_array().into_iter().flatten().map(Input) {
        let kind = transform.text("Type").unwrap_or_default();
        for rewrite in transform.object(config_member(kind)).objects("Rewrites") {
            let (regex, replace) = (rewrite.text("Regex").unwrap_or_default(), rewrite.text("Replace").unwrap_or_default());
            if kind == "host-header-rewrite" {
                request.host = rewritten(&request.host, regex, replace);
            } else {
                let url =
                    if request.query.is_empty() { request.path.clone() } else { format!("{}?{}", request.path, request.query) };
                let url = rewritten(&url, regex, replace);
                let (path, query) = url.split_once('?').unwrap_or((&url, ""));
                (request.path, request.query) = (path.to_owned(), query.to_owned());
            }
        }
    }
    request
}

/// The first match is replaced (?); `$1` to `$9` stand for what was captured.
fn rewritten(text: &str, regex: &str, replace: &str) -> String {
    let Ok(regex) = Regex::new(regex) else { return text.to_owned() };
    let mut braced = String::new();
    let mut signs = replace.chars().peekable();
    while let Some(sign) = signs.next() {
        braced.push(sign);
        if let Some(digit) = signs.next_if(|next| sign == '$' && next.is_ascii_digit()) {
            // `$1a` would mean a capture of that name otherwise.
            braced.extend(['{', digit, '}']);
        }
    }
    regex.replace(text, braced.as_str()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_captured_comes_back_whatever_follows_it() {
        assert_eq!(rewritten("/api/v1/cart", "^/api/(v[0-9])/", "/$1x/"), "/v1x/cart");
        assert_eq!(rewritten("/cart", "^/api/", "/"), "/cart");
    }
}
