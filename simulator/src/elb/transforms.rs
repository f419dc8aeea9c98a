//! Transforms of rules: the host header or the URL is rewritten before a request goes to its target.

use serde_json::{Value, json};

use super::conditions::check_regex;
use super::shapes::validation;
use crate::ecs::input::Input;
use crate::fault::ServiceError;

/// The member that configures a kind of transform.
pub(super) fn config_member(kind: &str) -> &'static str {
    if kind == "host-header-rewrite" { "HostHeaderRewriteConfig" } else { "UrlRewriteConfig" }
}

/// At most one of each kind, with one rewrite each.
pub(super) fn check(transforms: &[Value]) -> Result<Value, ServiceError> {
    let mut seen: Vec<&str> = Vec::new();
    for transform in transforms.iter().map(Input) {
        let kind = transform.text("Type").unwrap_or_default();
        if seen.contains(&kind) {
            return Err(validation(format!("A rule can only have one transform of type '{kind}'")));
        }
        seen.push(kind);
        let member = config_member(kind);
        let rewrites = transform.object(member).list("Rewrites");
        let [rewrite] = rewrites else {
            return Err(validation(format!("A transform of type '{kind}' must have one rewrite in '{member}'")));
        };
        check_regex(Input(rewrite).text("Regex").unwrap_or_default(), 1024)?;
    }
    Ok(json!(transforms))
}
