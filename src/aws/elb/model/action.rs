//! Actions of rules and of listeners.

use super::{text, word};
use aws_sdk_elasticloadbalancingv2::types;
use std::fmt;

/// What is done with a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// It goes to a target group. See [`Action::forward_to`] and [`Action::forward`].
    Forward {
        /// The target groups and their shares, by ARN. AWS keeps no order.
        target_groups: Vec<Weighted>,
        /// How long a client stays with its target group. `None`: every request is shared out anew.
        stickiness_seconds: Option<i32>,
    },
    /// It is sent elsewhere.
    Redirect(Redirect),
    /// It is answered by the load balancer.
    FixedResponse(FixedResponse),
    /// Another, such as `authenticate-oidc`: kept and sent back as it was read.
    Other(OtherAction),
}

/// A target group and its share.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Weighted {
    /// ARN of the target group.
    pub arn: String,
    /// Its share, 0 to 999. At 0 it is attached and gets nothing.
    pub weight: i32,
}

/// Where a request is sent. What is not said stays as in the request: that is the default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    /// `HTTP`, `HTTPS` or `#{protocol}`.
    pub protocol: String,
    /// Host.
    pub host: String,
    /// Port.
    pub port: String,
    /// Path, with its leading slash.
    pub path: String,
    /// Query, without the question mark.
    pub query: String,
    /// `HTTP_301` or `HTTP_302`.
    pub status_code: String,
}

/// An answer of the load balancer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FixedResponse {
    /// Status, such as `404`.
    pub status_code: String,
    /// Media type of the body.
    pub content_type: Option<String>,
    /// Body.
    pub message_body: Option<String>,
}

/// An action that is not ours to understand.
#[derive(Clone, PartialEq)]
pub struct OtherAction(Box<types::Action>);

/// Not the derived one: it may hold secrets of an identity provider.
impl fmt::Debug for OtherAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OtherAction").field(&self.kind()).finish()
    }
}

impl OtherAction {
    /// AWS's name of it, such as `authenticate-oidc`.
    pub fn kind(&self) -> &str {
        self.0.r#type.as_ref().map(types::ActionTypeEnum::as_str).unwrap_or_default()
    }
}

impl Default for Redirect {
    /// What AWS fills in.
    fn default() -> Self {
        Self {
            protocol: "#{protocol}".to_owned(),
            host: "#{host}".to_owned(),
            port: "#{port}".to_owned(),
            path: "/#{path}".to_owned(),
            query: "#{query}".to_owned(),
            status_code: "HTTP_301".to_owned(),
        }
    }
}

impl Action {
    /// Forwards all to one target group.
    pub fn forward_to(arn: &str) -> Self {
        Self::forward([(arn, 1)], None)
    }

    /// Forwards to target groups by their shares.
    pub fn forward<'a>(shares: impl IntoIterator<Item = (&'a str, i32)>, stickiness_seconds: Option<i32>) -> Self {
        let mut target_groups: Vec<_> =
            shares.into_iter().map(|(arn, weight)| Weighted { arn: arn.to_owned(), weight }).collect();
        target_groups.sort();
        Self::Forward { target_groups, stickiness_seconds }
    }

    /// The target groups that it forwards to, with their shares.
    pub fn target_groups(&self) -> &[Weighted] {
        match self {
            Self::Forward { target_groups, .. } => target_groups,
            _ => &[],
        }
    }

    /// Reads the actions of a rule or a listener, in the order in which they are done.
    pub(super) fn read_all(actions: Option<Vec<types::Action>>) -> Vec<Self> {
        let mut actions = actions.unwrap_or_default();
        actions.sort_by_key(|action| action.order.unwrap_or(i32::MAX));
        actions.into_iter().map(Self::read).collect()
    }

    /// Actions, as the SDK takes them. AWS wants their order only where there are several.
    pub(super) fn to_sdk_all(actions: &[Self]) -> Vec<types::Action> {
        let is_ordered = actions.len() > 1;
        let numbered = |(order, action): (i32, &Self)| {
            let mut action = action.to_sdk();
            action.order = is_ordered.then_some(order);
            action
        };
        (1..).zip(actions).map(numbered).collect()
    }

    fn read(mut action: types::Action) -> Self {
        match action.r#type.as_ref().map(types::ActionTypeEnum::as_str) {
            Some("forward") => read_forward(action),
            Some("redirect") => Self::Redirect(read_redirect(action.redirect_config)),
            Some("fixed-response") => {
                let config = action.fixed_response_config;
                Self::FixedResponse(config.map(read_fixed_response).unwrap_or_default())
            }
            _ => {
                // Its place in the list says the same.
                action.order = None;
                Self::Other(OtherAction(Box::new(action)))
            }
        }
    }

    fn to_sdk(&self) -> types::Action {
        let action = types::Action::builder();
        match self {
            Self::Forward { target_groups, stickiness_seconds } => {
                let action = action.r#type(types::ActionTypeEnum::Forward);
                match (target_groups.as_slice(), stickiness_seconds) {
                    // Every kind of load balancer takes this; weights came to the Network Load Balancer late.
                    ([Weighted { arn, weight: 1 }], None) => action.target_group_arn(arn).build(),
                    _ => action.forward_config(to_forward(target_groups, *stickiness_seconds)).build(),
                }
            }
            Self::Redirect(redirect) => {
                action.r#type(types::ActionTypeEnum::Redirect).redirect_config(to_redirect(redirect)).build()
            }
            Self::FixedResponse(FixedResponse { status_code, content_type, message_body }) => {
                let config = types::FixedResponseActionConfig::builder().status_code(status_code);
                let config = config.set_content_type(content_type.clone()).set_message_body(message_body.clone());
                action.r#type(types::ActionTypeEnum::FixedResponse).fixed_response_config(config.build()).build()
            }
            Self::Other(OtherAction(action)) => (**action).clone(),
        }
    }
}

/// AWS shows one target group twice, in `targetGroupArn` and in `forwardConfig`, and several in the latter only. A Network
/// Load Balancer leaves weights out.
fn read_forward(action: types::Action) -> Action {
    let config = action.forward_config;
    let tuples = config.as_ref().and_then(|config| config.target_groups.clone()).filter(|tuples| !tuples.is_empty());
    let mut target_groups: Vec<Weighted> = match tuples {
        Some(tuples) => tuples.into_iter().map(read_weighted).collect(),
        None => action.target_group_arn.into_iter().map(|arn| Weighted { arn, weight: 1 }).collect(),
    };
    target_groups.sort();
    let stickiness = config.and_then(|config| config.target_group_stickiness_config);
    let stickiness = stickiness.filter(|stickiness| stickiness.enabled == Some(true));
    Action::Forward { target_groups, stickiness_seconds: stickiness.map(|stickiness| stickiness.duration_seconds.unwrap_or(0)) }
}

fn read_weighted(tuple: types::TargetGroupTuple) -> Weighted {
    Weighted { arn: tuple.target_group_arn.unwrap_or_default(), weight: tuple.weight.unwrap_or(1) }
}

fn to_forward(target_groups: &[Weighted], stickiness_seconds: Option<i32>) -> types::ForwardActionConfig {
    let tuple =
        |Weighted { arn, weight }: &Weighted| types::TargetGroupTuple::builder().target_group_arn(arn).weight(*weight).build();
    let stickiness = stickiness_seconds
        .map(|seconds| types::TargetGroupStickinessConfig::builder().enabled(true).duration_seconds(seconds).build());
    types::ForwardActionConfig::builder()
        .set_target_groups(Some(target_groups.iter().map(tuple).collect()))
        .set_target_group_stickiness_config(stickiness)
        .build()
}

fn read_redirect(config: Option<types::RedirectActionConfig>) -> Redirect {
    let default = Redirect::default();
    let Some(config) = config else { return default };
    Redirect {
        protocol: config.protocol.unwrap_or(default.protocol),
        host: config.host.unwrap_or(default.host),
        port: config.port.unwrap_or(default.port),
        path: config.path.unwrap_or(default.path),
        query: config.query.unwrap_or(default.query),
        status_code: text(config.status_code).unwrap_or(default.status_code),
    }
}

fn to_redirect(redirect: &Redirect) -> types::RedirectActionConfig {
    types::RedirectActionConfig::builder()
        .protocol(&redirect.protocol)
        .host(&redirect.host)
        .port(&redirect.port)
        .path(&redirect.path)
        .query(&redirect.query)
        .set_status_code(word(Some(&redirect.status_code)))
        .build()
}

fn read_fixed_response(config: types::FixedResponseActionConfig) -> FixedResponse {
    FixedResponse {
        status_code: config.status_code.unwrap_or_default(),
        content_type: config.content_type,
        message_body: config.message_body,
    }
}
