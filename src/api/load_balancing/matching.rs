//! What a rule matches, and how it rewrites what it matched.

use super::rules;
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Requests that a rule takes. All fields that are set have to hold; of each list one entry has to. AWS takes five values
/// and five wildcards in a rule: more are split over several rules.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = rules::matches_something())]
#[x_kube(validation = rules::hosts_or_host_regexes())]
#[x_kube(validation = rules::paths_or_path_regexes())]
#[x_kube(validation = rules::hosts_are_hosts())]
#[x_kube(validation = rules::paths_are_paths())]
#[x_kube(validation = rules::wildcards_are_few())]
#[x_kube(validation = rules::methods_are_methods())]
#[x_kube(validation = rules::sources_are_cidrs())]
#[x_kube(validation = rules::at_most_five_conditions())]
pub struct Match {
    /// Host names; `*` is any text, `?` one character, case means nothing. Unset: any host.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 50), inner(length(min = 1, max = 128)), extend("x-kubernetes-list-type" = "set"))]
    pub hosts: Option<Vec<String>>,
    /// Paths without the query; `*` is any text, `?` one character, case counts. Unset: any path.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 50), inner(length(min = 1, max = 128)), extend("x-kubernetes-list-type" = "set"))]
    pub paths: Option<Vec<String>>,
    /// Headers of the request; each of them has to match. Unset: any.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 5), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub headers: Option<Vec<HeaderMatch>>,
    /// Methods in capitals, such as `GET`. Unset: any.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 20), inner(length(min = 1, max = 40)), extend("x-kubernetes-list-type" = "set"))]
    pub methods: Option<Vec<String>>,
    /// Keys and values in the query, of which one has to be there. Unset: any query.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 50), extend("x-kubernetes-list-type" = "atomic"))]
    pub query: Option<Vec<QueryMatch>>,
    /// Networks that the request comes from, such as `10.0.0.0/8`. X-Forwarded-For is not looked at. Unset: any.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 50), inner(length(min = 1, max = 43)), extend("x-kubernetes-list-type" = "set"))]
    pub source_cidrs: Option<Vec<String>>,
    /// Regular expressions for the host, instead of `hosts`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 20), inner(length(min = 1, max = 128)), extend("x-kubernetes-list-type" = "set"))]
    pub host_regexes: Option<Vec<String>>,
    /// Regular expressions for the path, instead of `paths`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 20), inner(length(min = 1, max = 128)), extend("x-kubernetes-list-type" = "set"))]
    pub path_regexes: Option<Vec<String>>,
}

/// A header and what it may hold.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = rules::header_has_values())]
#[x_kube(validation = rules::header_has_a_name())]
pub struct HeaderMatch {
    /// Name of the header; case means nothing.
    #[schemars(length(min = 1, max = 40))]
    pub name: String,
    /// What it may hold; `*` is any text, `?` one character, case means nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 20), inner(length(min = 1, max = 128)), extend("x-kubernetes-list-type" = "set"))]
    pub values: Option<Vec<String>>,
    /// Regular expressions for what it may hold, instead of `values`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 20), inner(length(min = 1, max = 128)), extend("x-kubernetes-list-type" = "set"))]
    pub regexes: Option<Vec<String>>,
}

/// A key and a value in the query.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[serde(rename_all = "camelCase")]
pub struct QueryMatch {
    /// The key. Unset: the value may stand under any key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128))]
    pub key: Option<String>,
    /// The value; `*` is any text, `?` one character, case means nothing.
    #[schemars(length(min = 1, max = 128))]
    pub value: String,
}

/// What becomes of a request before it reaches a target; in words of AWS a rule's transforms.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq, Hash)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = rules::rewrites_something())]
pub struct Rewrite {
    /// How the host is rewritten. Unset: it stays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<RegexReplace>,
    /// How path and query are rewritten. Unset: they stay.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<RegexReplace>,
}

/// A regular expression and what takes the place of what it matched.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq, Hash)]
#[serde(rename_all = "camelCase")]
pub struct RegexReplace {
    /// The regular expression.
    #[schemars(length(min = 1, max = 1024))]
    pub regex: String,
    /// What takes its place; `$1`, `$2` are the groups of the expression.
    #[schemars(length(max = 1024))]
    pub replace: String,
}
