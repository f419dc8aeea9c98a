//! What is done with a request: forwarded, redirected, or answered.

use super::rules;
use crate::api::open_enum::open_enum;
use crate::api::shared::Reference;
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is done with a request: exactly one of forward, redirect and fixedResponse.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq, Hash)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = rules::one_action())]
#[x_kube(validation = rules::stickiness_goes_with_forward())]
pub struct Action {
    /// Sends the request to target groups, shared out by weight; 1 to 5.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 5), extend("x-kubernetes-list-type" = "atomic"))]
    pub forward: Option<Vec<Forward>>,
    /// Keeps a client with the target group that it was sent to first. Goes with `forward`. Unset: each request is shared
    /// out anew.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stickiness: Option<ForwardStickiness>,
    /// Sends the client elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirect: Option<Redirect>,
    /// Answers at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fixed_response: Option<FixedResponse>,
}

/// One target group and its share.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq, Hash)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = rules::one_target_group())]
#[x_kube(validation = rules::arn_of_a_target_group("targetGroupArn"))]
pub struct Forward {
    /// An EcsTargetGroup. While it is replaced, its old and its new target group share this entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_group_ref: Option<Reference>,
    /// ARN of a target group that exists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 512))]
    pub target_group_arn: Option<String>,
    /// Share of the requests, beside the weights of the others; 0 is none. Unset: 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 999))]
    pub weight: Option<i32>,
}

/// How long a client stays with the target group that it was sent to first.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq, Hash)]
#[serde(rename_all = "camelCase")]
pub struct ForwardStickiness {
    /// Seconds, 1 to 604800.
    #[schemars(range(min = 1, max = 604_800))]
    pub duration_seconds: i32,
}

open_enum! {
    /// Whether a client may keep a redirect in mind.
    RedirectStatusCode {
        /// It may.
        Permanent = "HTTP_301",
        /// It may not.
        Temporary = "HTTP_302",
    }
}

/// Where a client is sent. What is unset stays as it was in the request. `#{protocol}`, `#{host}`, `#{port}`, `#{path}`
/// and `#{query}` stand for what the request had.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, PartialEq, Eq, Hash)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = rules::redirect_protocol())]
#[x_kube(validation = rules::redirect_port())]
#[x_kube(validation = rules::redirect_path())]
#[x_kube(validation = rules::redirect_query())]
#[x_kube(validation = rules::redirects_elsewhere())]
pub struct Redirect {
    /// HTTP_301 (for good) or HTTP_302 (for now).
    pub status_code: RedirectStatusCode,
    /// HTTP or HTTPS. HTTPS is never redirected to HTTP.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 16))]
    pub protocol: Option<String>,
    /// Port, as text.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 16))]
    pub port: Option<String>,
    /// Host name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128))]
    pub host: Option<String>,
    /// Path, with the slash that it begins with.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128))]
    pub path: Option<String>,
    /// Query, without the question mark.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128))]
    pub query: Option<String>,
}

open_enum! {
    /// What the body of an answer is.
    ContentType {
        /// Plain text.
        Text = "text/plain",
        /// A style sheet.
        Css = "text/css",
        /// A page.
        Html = "text/html",
        /// A script.
        JavaScript = "application/javascript",
        /// JSON.
        Json = "application/json",
    }
}

/// An answer that no target is asked for.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq, Hash)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = rules::response_code())]
pub struct FixedResponse {
    /// HTTP code, 2XX, 4XX or 5XX, as text.
    #[schemars(length(min = 3, max = 3))]
    pub status_code: String,
    /// What the body is. Unset: text/plain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_type: Option<ContentType>,
    /// The body, at most 1024 characters. Unset: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub message_body: Option<String>,
}
