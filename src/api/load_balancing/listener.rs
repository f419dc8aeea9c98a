//! How a listener is named.

use super::rules;
use crate::api::shared::Reference;
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A listener of a load balancer: by its ARN, by an EcsLoadBalancer and a port, or by tags and a port.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq, Hash)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = rules::one_way_to_the_listener())]
#[x_kube(validation = rules::port_names_the_listener())]
#[x_kube(validation = rules::arn_of_a_listener())]
pub struct ListenerReference {
    /// ARN of the listener. Anybody may have made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 512))]
    pub arn: Option<String>,
    /// The EcsLoadBalancer that has the listener on `port`. In another namespace: that load balancer's `allowedRoutes`
    /// must list this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r#ref: Option<Reference>,
    /// Tags of the load balancer that has the listener on `port`. Exactly one load balancer of the account and region
    /// must carry all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selector: Option<LoadBalancerSelector>,
    /// Port of the listener. Goes with `ref` and `selector`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65535))]
    pub port: Option<i32>,
}

/// Finds a load balancer by its tags.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq, Hash)]
#[serde(rename_all = "camelCase")]
pub struct LoadBalancerSelector {
    /// Tags that the load balancer carries, all of them; at least one.
    #[schemars(length(min = 1, max = 10))]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["key"]))]
    pub tags: Vec<SelectedTag>,
}

/// A tag that is looked for.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[serde(rename_all = "camelCase")]
pub struct SelectedTag {
    /// Key of the tag.
    #[schemars(length(min = 1, max = 128))]
    pub key: String,
    /// Value of the tag. Unset: the empty text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub value: Option<String>,
}
