//! Who owns an AWS object: the tags that say so, and what may be concluded from them.
//!
//! Identity is installation, kind, namespace and name, so that a restored cluster or an object made again finds its own.
//! The UID stands beside them as evidence only and decides nothing.

use super::ObjectKey;
use std::collections::BTreeMap;

/// Prefix of every tag key that the operator writes; users may not use it.
pub const TAG_PREFIX: &str = "ecs-operator.io/";
const INSTALLATION: &str = "ecs-operator.io/installation";
const KIND: &str = "ecs-operator.io/kind";
const NAMESPACE: &str = "ecs-operator.io/namespace";
const NAME: &str = "ecs-operator.io/name";
/// Key of the tag that holds the UID of the owner.
pub const UID: &str = "ecs-operator.io/uid";
/// Key of the tag that holds the hash of the declaration behind a task definition revision.
pub const HASH: &str = "ecs-operator.io/hash";
/// Key of the tag that holds the hash of the part of a declaration that an AWS object stands for.
pub const PART: &str = "ecs-operator.io/part";
/// Every key that marks an owner.
pub const OWNER_KEYS: [&str; 5] = [INSTALLATION, KIND, NAMESPACE, NAME, UID];

/// The Kubernetes object that an AWS object belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Identifier of the installation: by default the UID of the namespace `kube-system`.
    pub installation: String,
    /// Kind of the object.
    pub kind: String,
    /// Namespace of the object.
    pub namespace: String,
    /// Name of the object.
    pub name: String,
    /// UID of the object: evidence, not identity.
    pub uid: String,
}

/// What the tags of an AWS object say about its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ownership {
    /// It belongs to the object that asked.
    Ours,
    /// It belongs to another object of the operator, here or in another installation.
    Other(String),
    /// No owner stands on it.
    Nobody,
}

impl Owner {
    /// The tags that mark an AWS object as this owner's.
    pub fn tags(&self) -> BTreeMap<String, String> {
        [
            (INSTALLATION, &self.installation),
            (KIND, &self.kind),
            (NAMESPACE, &self.namespace),
            (NAME, &self.name),
            (UID, &self.uid),
        ]
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value.clone()))
        .collect()
    }

    /// What `tags` say, where `inherits` is an installation whose objects of the same kind, namespace and name are ours too.
    pub fn judge(&self, tags: &BTreeMap<String, String>, inherits: Option<&str>) -> Ownership {
        let tag = |key: &str| tags.get(key).map_or("", String::as_str);
        if tag(INSTALLATION).is_empty() && tag(NAME).is_empty() {
            return Ownership::Nobody;
        }
        let same_object = tag(KIND) == self.kind && tag(NAMESPACE) == self.namespace && tag(NAME) == self.name;
        let same_installation = tag(INSTALLATION) == self.installation || inherits.is_some_and(|id| tag(INSTALLATION) == id);
        if same_object && same_installation {
            return Ownership::Ours;
        }
        Ownership::Other(format!("{} {}/{} of installation {}", tag(KIND), tag(NAMESPACE), tag(NAME), tag(INSTALLATION)))
    }
}

/// The object of `kind` in this installation that tags name as the owner, whichever it is.
pub fn owner_of(tags: &BTreeMap<String, String>, installation: &str, kind: &str) -> Option<ObjectKey> {
    let has = |key: &str, value: &str| tags.get(key).is_some_and(|tag| tag == value);
    let named = has(INSTALLATION, installation) && has(KIND, kind);
    named.then(|| Some(ObjectKey { namespace: tags.get(NAMESPACE)?.clone(), name: tags.get(NAME)?.clone() })).flatten()
}

/// Whether `tags` are those of an object of that installation, whichever.
pub fn is_of_installation(tags: &BTreeMap<String, String>, installation: &str) -> bool {
    tags.get(INSTALLATION).is_some_and(|id| id == installation)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(installation: &str, name: &str, uid: &str) -> Owner {
        Owner {
            installation: installation.into(),
            kind: "EcsService".into(),
            namespace: "shop".into(),
            name: name.into(),
            uid: uid.into(),
        }
    }

    #[test]
    fn an_object_made_again_with_another_uid_finds_its_own() {
        let tags = owner("a", "web", "1").tags();
        assert_eq!(owner("a", "web", "2").judge(&tags, None), Ownership::Ours);
    }

    #[test]
    fn another_installation_is_another_owner_unless_inherited() {
        let tags = owner("old", "web", "1").tags();
        assert!(matches!(owner("new", "web", "1").judge(&tags, None), Ownership::Other(who) if who.contains("installation old")));
        assert_eq!(owner("new", "web", "1").judge(&tags, Some("old")), Ownership::Ours);
    }

    #[test]
    fn tags_of_people_name_no_owner() {
        let tags = BTreeMap::from([("team".to_owned(), "shop".to_owned())]);
        assert_eq!(owner("a", "web", "1").judge(&tags, None), Ownership::Nobody);
    }

    #[test]
    fn another_kind_namespace_or_name_is_another_owner_and_is_named() {
        let ours = owner("a", "web", "1");
        for other in [
            Owner { kind: "EcsTaskRun".into(), ..ours.clone() },
            Owner { namespace: "other".into(), ..ours.clone() },
            Owner { name: "other".into(), ..ours.clone() },
        ] {
            let judged = ours.judge(&other.tags(), Some("a"));
            assert!(
                matches!(&judged, Ownership::Other(who) if who.contains(&other.name) && who.contains(&other.kind)),
                "{judged:?}"
            );
        }
    }

    #[test]
    fn inheriting_reaches_only_the_same_object() {
        let tags = owner("old", "other", "1").tags();
        assert!(matches!(owner("new", "web", "1").judge(&tags, Some("old")), Ownership::Other(_)));
    }

    #[test]
    fn whoever_owns_a_thing_here_is_known_by_name() {
        let tags = owner("a", "web", "1").tags();
        assert_eq!(owner_of(&tags, "a", "EcsService").map(|key| key.to_string()).as_deref(), Some("shop/web"));
        assert_eq!(owner_of(&tags, "b", "EcsService"), None, "of another installation nothing is known");
        assert_eq!(owner_of(&tags, "a", "EcsTaskRun"), None);
        assert_eq!(owner_of(&BTreeMap::new(), "a", "EcsService"), None);
    }

    #[test]
    fn half_of_our_tags_make_no_owner_of_us() {
        let mut tags = owner("a", "web", "1").tags();
        tags.remove(KIND);
        assert!(matches!(owner("a", "web", "1").judge(&tags, None), Ownership::Other(_)));
    }

    #[test]
    fn an_installation_is_told_by_its_tag_alone() {
        let tags = owner("a", "web", "1").tags();
        assert!(is_of_installation(&tags, "a") && !is_of_installation(&tags, "b"));
        assert!(!is_of_installation(&BTreeMap::new(), ""));
    }
}
