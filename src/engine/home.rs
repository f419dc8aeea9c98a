//! Where in AWS an object lives: through which connection it is made, and in which account and region.
//!
//! Pure: what is declared, what the policy of the namespace says, and what the watch caches hold.

use super::Stop;
use super::references::Referable;
use super::refs::{Caches, full_name};
use crate::api::aws_connection::{ALL_NAMESPACES, AllowedNamespaces, DEFAULT};
use crate::api::shared::Reference;
use crate::api::{EcsListenerRule, EcsLoadBalancer, EcsService, EcsTargetGroup, EcsTaskDefinition, namespace_policy};
use kube::core::{Selector, SelectorExt};
use kube::{Resource, ResourceExt};
use std::collections::BTreeMap;

/// What the status of an object says about where it lives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Home<'a> {
    /// Name of the connection.
    pub connection: Option<&'a str>,
    /// Account id, twelve digits.
    pub account: Option<&'a str>,
    /// Region, such as `eu-central-1`.
    pub region: Option<&'a str>,
}

/// An object that stands for something in an account of AWS.
pub trait InAws: Resource<DynamicType = ()> {
    /// The connection that it names.
    fn connection_ref(&self) -> Option<&str>;
    /// Where its status says that it lives.
    fn home(&self) -> Home<'_>;
}

macro_rules! in_aws {
    ($($kind:ty),+) => {
        $(impl InAws for $kind {
            fn connection_ref(&self) -> Option<&str> {
                self.spec.connection_ref.as_ref().map(|reference| reference.name.as_str())
            }

            fn home(&self) -> Home<'_> {
                let Some(status) = &self.status else { return Home::default() };
                Home {
                    connection: status.connection.as_deref(),
                    account: status.account.as_deref(),
                    region: status.region.as_deref(),
                }
            }
        })+
    };
}

in_aws!(EcsTaskDefinition, EcsService, EcsTargetGroup, EcsListenerRule, EcsLoadBalancer);

/// The connection of an object that names `named`, in a namespace whose policy names `kept`.
///
/// # Errors
/// When the policy keeps the namespace to another one.
pub fn chosen(named: Option<&str>, kept: Option<&str>) -> Result<String, Stop> {
    match (named, kept) {
        (Some(named), Some(kept)) if named != kept => Err(Stop::waiting(
            "NamespaceNotAllowed",
            format!(
                "connectionRef names {named}, and the EcsNamespacePolicy keeps this namespace to connection {kept}: take \
                 connectionRef out, or have an administrator change the policy"
            ),
        )),
        (named, kept) => Ok(named.or(kept).unwrap_or(DEFAULT).to_owned()),
    }
}

/// Whether a namespace with these labels may use a connection.
pub fn is_allowed(allowed: Option<&AllowedNamespaces>, namespace: &str, labels: &BTreeMap<String, String>) -> bool {
    let Some(allowed) = allowed else { return false };
    if allowed.names.iter().flatten().any(|name| name == ALL_NAMESPACES || name == namespace) {
        return true;
    }
    let selector = allowed.selector.clone().and_then(|selector| Selector::try_from(selector).ok());
    selector.is_some_and(|selector| !selector.selects_all() && selector.matches(labels))
}

impl Caches {
    /// The connection that the policy of a namespace keeps it to.
    pub fn kept_connection(&self, namespace: &str) -> Option<String> {
        self.policies.get(namespace, namespace_policy::NAME)?.spec.connection
    }

    /// The connection through which an object is made.
    ///
    /// # Errors
    /// When the policy of its namespace keeps it to another one than it names.
    pub fn connection_of<K: InAws>(&self, object: &K) -> Result<String, Stop> {
        let kept = self.kept_connection(&object.namespace().unwrap_or_default());
        chosen(object.connection_ref(), kept.as_deref())
    }

    /// Whether a namespace may use a connection.
    pub fn is_allowed(&self, allowed: Option<&AllowedNamespaces>, namespace: &str) -> bool {
        let labels = self.namespaces.get("", namespace).and_then(|found| found.metadata.labels).unwrap_or_default();
        is_allowed(allowed, namespace, &labels)
    }

    /// Account and region in which an object lives, or will: what stands in its status, else where its connection leads.
    fn place_of<K: InAws>(&self, object: &K) -> Option<(String, String)> {
        let home = object.home();
        if let (Some(account), Some(region)) = (home.account, home.region) {
            return Some((account.to_owned(), region.to_owned()));
        }
        let name = self.connection_of(object).ok()?;
        if let Some(found) = self.connections.get("", &name) {
            let is_allowed = self.is_allowed(found.spec.allowed_namespaces.as_ref(), &object.namespace().unwrap_or_default());
            return is_allowed.then_some((found.spec.account_id, found.spec.region));
        }
        let built_in = self.built_in.as_ref().filter(|_| name == DEFAULT)?;
        Some((built_in.account()?.to_owned(), built_in.region.clone()))
    }

    /// Whether two objects may mean the same thing in AWS when they name it alike: unless they are known to live apart.
    pub fn are_together<A: InAws, B: InAws>(&self, one: &A, other: &B) -> bool {
        match (self.place_of(one), self.place_of(other)) {
            (Some(here), Some(there)) => here == there,
            // One that has no connection yet claims nothing, unless neither has.
            (here, there) => here.is_none() && there.is_none(),
        }
    }

    /// The same of an object that is referred to, where it may be. What is not granted is told as that, and nothing else of it.
    pub fn mismatch_of<B: Referable + InAws, A: InAws>(&self, from: &A, to: &Reference) -> Option<Stop> {
        let found = self.referred::<B>(&from.namespace().unwrap_or_default(), to).ok().flatten();
        self.mismatch(from, found.as_ref())
    }

    /// Refuses what refers to an object that is made through another connection.
    pub fn mismatch<A: InAws, B: InAws>(&self, from: &A, to: Option<&B>) -> Option<Stop> {
        let to = to?;
        let (Ok(here), Ok(there)) = (self.connection_of(from), self.connection_of(to)) else { return None };
        (here != there).then(|| {
            Stop::waiting(
                "ConnectionMismatch",
                format!(
                    "{} {} is made through connection {there}, and this object through {here}: give both the same connectionRef",
                    B::kind(&()),
                    full_name(to)
                ),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn allowed(spec: serde_json::Value) -> AllowedNamespaces {
        serde_json::from_value(spec).unwrap()
    }

    fn labels(team: &str) -> BTreeMap<String, String> {
        BTreeMap::from([("team".to_owned(), team.to_owned())])
    }

    #[test]
    fn a_connection_allows_no_namespace_unless_it_says_so() {
        let none = BTreeMap::new();
        for nothing in
            [None, Some(json!({})), Some(json!({"names": []})), Some(json!({"selector": {}}))].map(|it| it.map(allowed))
        {
            assert!(!is_allowed(nothing.as_ref(), "shop", &none), "{nothing:?}");
        }
        assert!(is_allowed(Some(&allowed(json!({"names": ["*"]}))), "shop", &none));
        assert!(is_allowed(Some(&allowed(json!({"names": ["pay", "shop"]}))), "shop", &none));
        assert!(!is_allowed(Some(&allowed(json!({"names": ["sho", "shop2"]}))), "shop", &none));
    }

    #[test]
    fn a_name_or_a_label_is_enough() {
        let both = allowed(json!({"names": ["shop"], "selector": {"matchLabels": {"team": "a"}}}));
        assert!(is_allowed(Some(&both), "shop", &BTreeMap::new()));
        assert!(is_allowed(Some(&both), "pay", &labels("a")));
        assert!(!is_allowed(Some(&both), "pay", &labels("b")));
    }

    #[test]
    fn a_selector_that_cannot_be_read_allows_nobody() {
        let odd = allowed(json!({"selector": {"matchExpressions": [{"key": "team", "operator": "Near", "values": ["a"]}]}}));
        assert!(!is_allowed(Some(&odd), "pay", &labels("a")));
    }

    #[test]
    fn the_object_is_asked_first_then_the_policy() {
        assert_eq!(chosen(None, None).unwrap(), "default");
        assert_eq!(chosen(None, Some("team-a")).unwrap(), "team-a");
        assert_eq!(chosen(Some("team-b"), None).unwrap(), "team-b");
        assert_eq!(chosen(Some("team-a"), Some("team-a")).unwrap(), "team-a");
    }

    #[test]
    fn a_policy_that_names_a_connection_keeps_its_namespace_to_it() {
        let refused = chosen(Some("default"), Some("team-a")).unwrap_err();
        assert_eq!((refused.reason(), refused.is_waiting()), ("NamespaceNotAllowed", false));
        assert!(refused.message().contains("keeps this namespace to connection team-a"), "{}", refused.message());
    }
}
