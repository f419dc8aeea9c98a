//! References to objects of other namespaces: who may refer to what, and what is found where one may.
//!
//! The namespace that holds an object says so in its policy. Neither the mode of a policy nor `--guard off` lets anything
//! pass here: nobody has ever been able to refer to another namespace without a grant, so there is nothing to get used to.
//!
//! Pure: what is declared, what the policies say, and what the watch caches hold.

use super::Stop;
use super::cache::{Cache, Key};
use super::home::is_allowed;
use super::refs::{Caches, full_name};
use crate::api::namespace_policy::{self, ReferenceGrant, ReferencedKind};
use crate::api::shared::Reference;
use crate::api::{EcsTargetGroup, EcsTaskDefinition};
use kube::core::Selector;
use kube::{Resource, ResourceExt};
use std::collections::BTreeMap;

/// Reason of a reference that is not granted.
pub const NOT_GRANTED: &str = "ReferenceNotGranted";

/// The target groups that an object refers to, by namespace and name: those that are there, and why others may not be used.
pub type TargetGroups = BTreeMap<(String, String), Result<EcsTargetGroup, Stop>>;

/// A kind whose objects can be referred to from other namespaces.
pub trait Referable: Resource<DynamicType = ()> + Clone + 'static {
    /// What the watch holds of it.
    fn cache(caches: &Caches) -> &Cache<Self>;
}

impl Referable for EcsTaskDefinition {
    fn cache(caches: &Caches) -> &Cache<Self> {
        &caches.task_definitions
    }
}

impl Referable for EcsTargetGroup {
    fn cache(caches: &Caches) -> &Cache<Self> {
        &caches.target_groups
    }
}

/// Whether objects of a namespace with these labels may refer to the object of that kind and name.
pub fn is_granted(grants: &[ReferenceGrant], (kind, name): (&str, &str), from: (&str, &BTreeMap<String, String>)) -> bool {
    let names_it = |pattern: &String| match pattern.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => pattern == name,
    };
    grants.iter().any(|grant| {
        grant.kinds.iter().any(|it| it.as_str() == kind)
            && grant.names.as_ref().is_none_or(|names| names.iter().any(names_it))
            && is_allowed(Some(&grant.from), from.0, from.1)
    })
}

/// Entries that grant nothing, and why.
pub fn problems(grants: &[ReferenceGrant]) -> Vec<String> {
    let of_one = |(number, grant): (usize, &ReferenceGrant)| {
        let mut why: Vec<String> = Vec::new();
        if grant.from.names.as_ref().is_none_or(Vec::is_empty) && grant.from.selector.is_none() {
            why.push("from names no namespace and has no selector".to_owned());
        }
        match grant.from.selector.clone().map(Selector::try_from) {
            Some(Err(error)) => why.push(format!("from.selector cannot be read ({error})")),
            Some(Ok(selector)) if selector.selects_all() => {
                why.push("from.selector names no label".to_owned());
            }
            _ => {}
        }
        let unknown = grant.kinds.iter().map(ReferencedKind::as_str);
        let unknown = unknown.filter(|kind| !ReferencedKind::VALUES.contains(kind));
        why.extend(unknown.map(|kind| format!("kind {kind} cannot be referred to")));
        why.into_iter().map(move |why| format!("references[{number}]: {why}"))
    };
    grants.iter().enumerate().flat_map(of_one).collect()
}

/// What an object that refers into other namespaces is found under, so that it is looked at when a grant there changes.
pub fn keys<'a>(own: &'a str, references: impl Iterator<Item = &'a Reference> + 'a) -> impl Iterator<Item = Key> + 'a {
    references.filter_map(|it| it.namespace.clone()).filter(move |other| other != own).map(Key::RefersInto)
}

/// The name of an object for somebody in a namespace: with its own where that is another one.
pub fn shown_in<K: Resource>(object: &K, namespace: &str) -> String {
    if object.meta().namespace.as_deref() == Some(namespace) { object.name_any() } else { full_name(object) }
}

impl Caches {
    /// Whether objects of namespace `from` may refer to an object of a kind: one of their own, or one that its namespace grants
    /// them at this moment. A policy that is being deleted grants nothing.
    pub fn may_refer<K: Referable>(&self, from: &str, namespace: &str, name: &str) -> bool {
        if from == namespace {
            return true;
        }
        let policy = self.policies.get(namespace, namespace_policy::NAME);
        let Some(policy) = policy.filter(|policy| policy.metadata.deletion_timestamp.is_none()) else { return false };
        let labels = self.namespaces.get("", from).and_then(|found| found.metadata.labels).unwrap_or_default();
        is_granted(policy.spec.references.as_deref().unwrap_or_default(), (&K::kind(&()), name), (from, &labels))
    }

    /// The object that one of namespace `from` refers to, if it is there.
    ///
    /// # Errors
    /// [`Stop::Invalid`] with what an administrator would have to grant, whether the object is there or not. A change of the
    /// policy or of the labels wakes the object that refers.
    pub fn referred<K: Referable>(&self, from: &str, to: &Reference) -> Result<Option<K>, Stop> {
        let namespace = to.namespace.as_deref().unwrap_or(from);
        if self.may_refer::<K>(from, namespace, &to.name) {
            return Ok(K::cache(self).get(namespace, &to.name));
        }
        Err(self.refused(&K::kind(&()), from, (namespace, &to.name)))
    }

    fn refused(&self, kind: &str, from: &str, (namespace, name): (&str, &str)) -> Stop {
        if !self.watched.is_empty() && !self.watched.iter().any(|it| it == namespace) {
            return Stop::invalid(
                NOT_GRANTED,
                format!(
                    "{kind} {namespace}/{name} is in a namespace that this installation does not watch: add {namespace} to \
                     watchNamespaces, or refer to an object of the own namespace"
                ),
            );
        }
        Stop::invalid(
            NOT_GRANTED,
            format!(
                "namespace {namespace} does not grant {kind} {name} to namespace {from}; an administrator grants it in \
                 EcsNamespacePolicy default of namespace {namespace}: references: [{{from: {{names: [{from}]}}, kinds: [{kind}], \
                 names: [{name}]}}]"
            ),
        )
    }

    /// The target groups that an object of namespace `from` refers to.
    pub fn target_groups_of<'a>(&self, from: &str, references: impl Iterator<Item = &'a Reference>) -> TargetGroups {
        let one = |to: &Reference| {
            let key = (to.namespace.clone().unwrap_or_else(|| from.to_owned()), to.name.clone());
            Some((key, self.referred(from, to).transpose()?))
        };
        references.filter_map(one).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn granted(grants: Value, kind: &str, name: &str, from: &str, team: &str) -> bool {
        let grants: Vec<ReferenceGrant> = serde_json::from_value(grants).unwrap();
        is_granted(&grants, (kind, name), (from, &BTreeMap::from([("team".to_owned(), team.to_owned())])))
    }

    #[test]
    fn a_grant_is_for_a_kind_and_a_name_and_a_namespace() {
        let one = json!([{"from": {"names": ["shop"]}, "kinds": ["EcsTaskDefinition"], "names": ["base"]}]);
        assert!(granted(one.clone(), "EcsTaskDefinition", "base", "shop", "a"));
        for (kind, name, from) in [
            ("EcsTargetGroup", "base", "shop"),
            ("EcsTaskDefinition", "base-2", "shop"),
            ("EcsTaskDefinition", "bas", "shop"),
            ("EcsTaskDefinition", "base", "shop-2"),
            ("EcsTaskDefinition", "base", "sho"),
        ] {
            assert!(!granted(one.clone(), kind, name, from, "a"), "{kind} {name} {from}");
        }
    }

    #[test]
    fn two_grants_do_not_add_up_to_a_third() {
        let two = json!([
            {"from": {"names": ["shop"]}, "kinds": ["EcsTaskDefinition"], "names": ["base"]},
            {"from": {"names": ["pay"]}, "kinds": ["EcsTargetGroup"], "names": ["web"]},
        ]);
        assert!(granted(two.clone(), "EcsTargetGroup", "web", "pay", "a"));
        assert!(!granted(two.clone(), "EcsTargetGroup", "web", "shop", "a"));
        assert!(!granted(two, "EcsTaskDefinition", "base", "pay", "a"));
    }

    #[test]
    fn names_may_end_in_a_star_and_are_all_where_none_is_said() {
        let named = |names: Value| json!([{"from": {"names": ["*"]}, "kinds": ["EcsTargetGroup"], "names": names}]);
        assert!(granted(named(json!(["web-*"])), "EcsTargetGroup", "web-http", "shop", "a"));
        assert!(!granted(named(json!(["web-*"])), "EcsTargetGroup", "web", "shop", "a"));
        assert!(granted(named(Value::Null), "EcsTargetGroup", "any", "shop", "a"));
        assert!(!granted(named(json!([])), "EcsTargetGroup", "any", "shop", "a"));
    }

    #[test]
    fn a_namespace_is_meant_by_name_or_by_label_and_never_by_an_omission() {
        let from = |from: Value| json!([{"from": from, "kinds": ["EcsTargetGroup"]}]);
        let by_label = json!({"selector": {"matchLabels": {"team": "a"}}});
        assert!(granted(from(by_label.clone()), "EcsTargetGroup", "web", "shop", "a"));
        assert!(!granted(from(by_label), "EcsTargetGroup", "web", "shop", "b"));
        for nobody in [json!({}), json!({"names": []}), json!({"selector": {}})] {
            assert!(!granted(from(nobody.clone()), "EcsTargetGroup", "web", "shop", "a"), "{nobody}");
        }
    }

    #[test]
    fn entries_that_grant_nothing_are_told_by_their_number() {
        let odd = json!({"matchExpressions": [{"key": "team", "operator": "Near", "values": ["a"]}]});
        let grants: Vec<ReferenceGrant> = serde_json::from_value(json!([
            {"from": {"names": ["shop"]}, "kinds": ["EcsTaskDefinition"]},
            {"from": {}, "kinds": ["EcsTaskDefinition"]},
            {"from": {"selector": odd}, "kinds": ["EcsTargetGroup"]},
            {"from": {"selector": {}}, "kinds": ["EcsTargetGroup", "EcsService"]},
        ]))
        .unwrap();
        let told = problems(&grants).join("\n");
        assert_eq!(told.lines().count(), 4, "{told}");
        for words in [
            "references[1]: from names no namespace",
            "references[2]: from.selector cannot be read",
            "references[3]: kind EcsService",
        ] {
            assert!(told.contains(words), "{told}");
        }
    }

    #[test]
    fn only_what_refers_elsewhere_is_found_under_where_it_refers_to() {
        let to = |namespace: Option<&str>| Reference { name: "a".to_owned(), namespace: namespace.map(str::to_owned) };
        let all = [to(None), to(Some("shop")), to(Some("pay"))];
        assert_eq!(keys("shop", all.iter()).collect::<Vec<_>>(), [Key::RefersInto("pay".to_owned())]);
    }
}
