//! Conditions of rules: what is refused, and how they are read back. load-balancing §3.4, normalisation §4.32.

use serde_json::{Value, json};

use super::Elb;
use super::shapes::validation;
use crate::ecs::input::Input;
use crate::fault::ServiceError;

/// Field, the member that configures it, and the longest value. Lengths and characters are those of AWS's API reference.
const FIELDS: [(&str, &str, usize); 6] = [
    ("http-header", "HttpHeaderConfig", 128),
    ("http-request-method", "HttpRequestMethodConfig", 40),
    ("host-header", "HostHeaderConfig", 128),
    ("path-pattern", "PathPatternConfig", 128),
    ("query-string", "QueryStringConfig", 128),
    ("source-ip", "SourceIpConfig", 43),
];

/// The member that configures a field.
pub(super) fn config_member(field: &str) -> &'static str {
    FIELDS.iter().find(|(known, ..)| *known == field).map_or("", |(_, member, _)| member)
}

/// Checks conditions and gives them as they are read back.
pub(super) fn check(elb: &mut Elb, conditions: &[Value]) -> Result<Value, ServiceError> {
    let mut shown = Vec::new();
    let (mut values, mut wildcards) = (0, 0);
    for condition in conditions.iter().map(Input) {
        let one = check_one(condition)?;
        let field = condition.text("Field").unwrap_or_default();
        let config = Input(&one).object(config_member(field));
        let patterns = config.list("Values");
        values += patterns.len() + config.list("RegexValues").len();
        wildcards += patterns.iter().filter_map(Value::as_str).map(|text| text.matches(['*', '?']).count()).sum::<usize>();
        let is_single = !matches!(field, "http-header" | "query-string");
        if is_single && shown.iter().any(|other: &Value| other["Field"] == one["Field"]) {
            return Err(validation(format!("A rule can only have one '{field}' condition")));
        }
        shown.push(one);
    }
    if shown.is_empty() {
        return Err(validation("A condition must be specified"));
    }
    for (quota, count, what) in
        [("condition-values-per-alb-rule", values, "values"), ("condition-wildcards-per-alb-rule", wildcards, "wildcards")]
    {
        let most = elb.quotas.most(quota);
        if count > most {
            return Err(validation(format!("A rule can only have '{most}' condition {what}")));
        }
    }
    for condition in &mut shown {
        shuffle(elb, condition);
    }
    let mut shown = Value::from(shown);
    elb.shuffle(&mut shown);
    Ok(shown)
}

/// The values come back in any order, and the same order in both places.
fn shuffle(elb: &mut Elb, condition: &mut Value) {
    let member = config_member(condition["Field"].as_str().unwrap_or_default());
    let mirrored = condition["Values"] == condition[member]["Values"];
    if let Some(values) = condition[member].get_mut("Values") {
        elb.shuffle(values);
    }
    if mirrored {
        condition["Values"] = condition[member]["Values"].clone();
    }
}

fn check_one(condition: Input<'_>) -> Result<Value, ServiceError> {
    let field = condition.text("Field").unwrap_or_default();
    let Some((_, member, longest)) = FIELDS.iter().find(|(known, ..)| *known == field) else {
        let known: Vec<_> = FIELDS.iter().map(|(known, ..)| *known).collect();
        return Err(validation(format!("Condition field '{field}' must be one of '[{}]'", known.join(","))));
    };
    if let Some((_, other, _)) = FIELDS.iter().find(|(_, other, _)| other != member && condition.has(other)) {
        return Err(validation(format!("The '{other}' is not compatible with '{field}'")));
    }
    let is_pattern = matches!(field, "host-header" | "path-pattern");
    let (plain, config) = (condition.list("Values"), condition.object(member));
    if !plain.is_empty() && !is_pattern {
        return Err(validation(format!("The 'Values' field is not compatible with '{field}'")));
    }
    if !plain.is_empty() && !config.list("Values").is_empty() && plain != config.list("Values") {
        return Err(validation(format!("You cannot specify both 'Values' and '{member}' for the condition field '{field}'")));
    }
    let values = if plain.is_empty() { config.list("Values") } else { plain };
    let regexes = if config.list("RegexValues").is_empty() { condition.list("RegexValues") } else { config.list("RegexValues") };
    if !regexes.is_empty() && !is_pattern && field != "http-header" {
        return Err(validation(format!("The 'RegexValues' field is not compatible with '{field}'")));
    }
    if values.is_empty() == regexes.is_empty() {
        return Err(validation("A condition value must be specified, as values or as regular expressions, but not both"));
    }
    check_name(field, config)?;
    values.iter().try_for_each(|value| check_value(field, value, *longest))?;
    regexes.iter().try_for_each(|regex| check_regex(regex.as_str().unwrap_or_default(), 128))?;
    Ok(render(field, member, (values, regexes), config))
}

fn render(field: &str, member: &str, (values, regexes): (&[Value], &[Value]), config: Input<'_>) -> Value {
    let mut inner = json!({});
    if !values.is_empty() {
        inner["Values"] = json!(values);
    }
    if !regexes.is_empty() {
        inner["RegexValues"] = json!(regexes);
    }
    if let Some(name) = config.text("HttpHeaderName") {
        inner["HttpHeaderName"] = json!(name);
    }
    let is_pattern = matches!(field, "host-header" | "path-pattern");
    json!({"Field": field, "Values": if is_pattern { values } else { &[] }, member: inner})
}

fn check_name(field: &str, config: Input<'_>) -> Result<(), ServiceError> {
    if field != "http-header" {
        return Ok(());
    }
    let name = config.text("HttpHeaderName").unwrap_or_default();
    if name.is_empty() {
        return Err(validation("An 'HttpHeaderName' must be specified"));
    }
    if name.len() > 40 {
        return Err(validation("The 'HttpHeaderName' value is too long; the limit is '40'"));
    }
    if name.eq_ignore_ascii_case("host") || !name.bytes().all(is_token) {
        return Err(validation(format!(
            "The 'HttpHeaderName' value '{name}' is not valid: use 'host-header' for the host header"
        )));
    }
    Ok(())
}

/// RFC 7230's characters of header names.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn check_value(field: &str, value: &Value, longest: usize) -> Result<(), ServiceError> {
    if field == "query-string" {
        let pair = Input(value);
        let (key, text) = (pair.text("Key").unwrap_or_default(), pair.text("Value").unwrap_or_default());
        if text.is_empty() {
            return Err(validation("A 'Value' must be specified in 'QueryStringKeyValuePair'"));
        }
        return if key.len() > longest || text.len() > longest { Err(too_long(field, longest)) } else { Ok(()) };
    }
    let text = value.as_str().unwrap_or_default();
    if text.is_empty() {
        return Err(validation("A condition value must be specified"));
    }
    if text.len() > longest {
        return Err(too_long(field, longest));
    }
    let fits = match field {
        "host-header" => text.contains('.') && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.*?:".contains(&byte)),
        "path-pattern" => text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.$/~\"'@:+&*?;".contains(&byte)),
        "http-request-method" => text.bytes().all(|byte| byte.is_ascii_uppercase() || b"-_".contains(&byte)),
        "source-ip" => super::targets::Network::parse(text).is_some(),
        _ => true,
    };
    if fits { Ok(()) } else { Err(validation(format!("The '{field}' value '{text}' is not valid"))) }
}

fn too_long(field: &str, longest: usize) -> ServiceError {
    validation(format!("The '{field}' value is too long; the limit is '{longest}'"))
}

/// A regular expression that compiles.
pub(super) fn check_regex(text: &str, longest: usize) -> Result<(), ServiceError> {
    if text.is_empty() || text.len() > longest {
        return Err(validation(format!("A regular expression must have 1 to {longest} characters")));
    }
    regex::Regex::new(text).map(drop).map_err(|_| validation(format!("The regular expression '{text}' is not valid")))
}
