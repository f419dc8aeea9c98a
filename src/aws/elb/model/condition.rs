//! Conditions of rules.

use super::{listed, set, text, word};
use aws_sdk_elasticloadbalancingv2::types;
use std::collections::BTreeSet;

/// A condition of a rule. All conditions of a rule have to hold, and of each one value.
///
/// Neither the order of conditions nor that of values means anything, and AWS changes both: hence the sets.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Condition {
    /// The `Host` header.
    HostHeader(Patterns),
    /// The path of the URL.
    PathPattern(Patterns),
    /// A header. See [`Condition::http_header`].
    HttpHeader {
        /// Its name, in lower case.
        name: String,
        /// What it may be.
        patterns: Patterns,
    },
    /// The method.
    HttpRequestMethod(BTreeSet<String>),
    /// Pairs of the query, or values under any key.
    QueryString(BTreeSet<(Option<String>, String)>),
    /// Where the connection comes from.
    SourceIp {
        /// CIDR blocks.
        cidrs: BTreeSet<String>,
        /// `ipv4` or `ipv6`, with a Network Load Balancer.
        ip_address_type: Option<String>,
    },
    /// One that AWS added later.
    Other {
        /// AWS's name of what is compared.
        field: String,
        /// What it may be.
        patterns: Patterns,
    },
}

/// Values with `*` and `?`, or regular expressions. AWS takes one or the other in a condition.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Patterns {
    /// Values, in which `*` and `?` stand for others.
    pub values: BTreeSet<String>,
    /// Regular expressions.
    pub regexes: BTreeSet<String>,
}

impl Patterns {
    /// Values.
    pub fn values<S: Into<String>>(values: impl IntoIterator<Item = S>) -> Self {
        Self { values: values.into_iter().map(Into::into).collect(), regexes: BTreeSet::new() }
    }

    /// Regular expressions.
    pub fn regexes<S: Into<String>>(regexes: impl IntoIterator<Item = S>) -> Self {
        Self { values: BTreeSet::new(), regexes: regexes.into_iter().map(Into::into).collect() }
    }

    fn read(values: Option<Vec<String>>, regexes: Option<Vec<String>>) -> Self {
        Self { values: set(values), regexes: set(regexes) }
    }
}

impl Condition {
    /// A condition on a header. Names of headers have no case (RFC 9110, 5.1).
    pub fn http_header(name: &str, patterns: Patterns) -> Self {
        Self::HttpHeader { name: name.to_ascii_lowercase(), patterns }
    }

    pub(super) fn read(condition: types::RuleCondition) -> Self {
        let field = condition.field.unwrap_or_default();
        let (values, regexes) = (condition.values.filter(|v| !v.is_empty()), condition.regex_values.filter(|v| !v.is_empty()));
        match field.as_str() {
            // Older rules are shown with `values` alone; both say the same where both are there.
            "host-header" => {
                let config = condition.host_header_config.unwrap_or_else(|| types::HostHeaderConditionConfig::builder().build());
                Self::HostHeader(Patterns::read(config.values.or(values), config.regex_values.or(regexes)))
            }
            "path-pattern" => {
                let config =
                    condition.path_pattern_config.unwrap_or_else(|| types::PathPatternConditionConfig::builder().build());
                Self::PathPattern(Patterns::read(config.values.or(values), config.regex_values.or(regexes)))
            }
            "http-header" => {
                let config = condition.http_header_config.unwrap_or_else(|| types::HttpHeaderConditionConfig::builder().build());
                let name = config.http_header_name.unwrap_or_default();
                Self::http_header(&name, Patterns::read(config.values.or(values), config.regex_values.or(regexes)))
            }
            "http-request-method" => {
                let config = condition.http_request_method_config.and_then(|config| config.values);
                Self::HttpRequestMethod(set(config.or(values)))
            }
            "query-string" => {
                let pairs = condition.query_string_config.and_then(|config| config.values).unwrap_or_default();
                Self::QueryString(pairs.into_iter().map(|pair| (pair.key, pair.value.unwrap_or_default())).collect())
            }
            "source-ip" => {
                let config = condition.source_ip_config.unwrap_or_else(|| types::SourceIpConditionConfig::builder().build());
                Self::SourceIp { cidrs: set(config.values.or(values)), ip_address_type: text(config.ip_address_type) }
            }
            _ => Self::Other { field, patterns: Patterns::read(values, regexes) },
        }
    }

    pub(super) fn to_sdk(&self) -> types::RuleCondition {
        let condition = types::RuleCondition::builder().field(self.field());
        let condition = match self {
            Self::HostHeader(Patterns { values, regexes }) => {
                let config = types::HostHeaderConditionConfig::builder();
                condition.host_header_config(config.set_values(listed(values)).set_regex_values(listed(regexes)).build())
            }
            Self::PathPattern(Patterns { values, regexes }) => {
                let config = types::PathPatternConditionConfig::builder();
                condition.path_pattern_config(config.set_values(listed(values)).set_regex_values(listed(regexes)).build())
            }
            Self::HttpHeader { name, patterns: Patterns { values, regexes } } => {
                let config = types::HttpHeaderConditionConfig::builder().http_header_name(name);
                condition.http_header_config(config.set_values(listed(values)).set_regex_values(listed(regexes)).build())
            }
            Self::HttpRequestMethod(methods) => {
                let config = types::HttpRequestMethodConditionConfig::builder();
                condition.http_request_method_config(config.set_values(listed(methods)).build())
            }
            Self::QueryString(pairs) => {
                let pair = |(key, value): &(Option<String>, String)| {
                    types::QueryStringKeyValuePair::builder().set_key(key.clone()).value(value).build()
                };
                let config = types::QueryStringConditionConfig::builder();
                condition.query_string_config(config.set_values(Some(pairs.iter().map(pair).collect())).build())
            }
            Self::SourceIp { cidrs, ip_address_type } => {
                let config = types::SourceIpConditionConfig::builder().set_values(listed(cidrs));
                condition.source_ip_config(config.set_ip_address_type(word(ip_address_type.as_ref())).build())
            }
            Self::Other { patterns: Patterns { values, regexes }, .. } => {
                condition.set_values(listed(values)).set_regex_values(listed(regexes))
            }
        };
        condition.build()
    }

    /// AWS's name of what is compared.
    pub fn field(&self) -> &str {
        match self {
            Self::HostHeader(_) => "host-header",
            Self::PathPattern(_) => "path-pattern",
            Self::HttpHeader { .. } => "http-header",
            Self::HttpRequestMethod(_) => "http-request-method",
            Self::QueryString(_) => "query-string",
            Self::SourceIp { .. } => "source-ip",
            Self::Other { field, .. } => field,
        }
    }
}
