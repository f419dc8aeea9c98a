//! Tags of things in AWS: which have to be set or taken off for them to be as declared. Those of others stay. Pure.

use crate::domain::owner::Owner;
use std::collections::BTreeMap;

/// Tags, as AWS has them.
pub type Tags = BTreeMap<String, String>;

/// What has to change in the tags of a thing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Key and value of what is missing or other.
    pub set: Tags,
    /// Keys that were declared once and no longer are.
    pub gone: Vec<String>,
}

/// What has to change for `live` to hold the owner's tags and those that are declared. `sent`: keys that were declared
/// before.
pub fn change<'a>(owner: &Owner, declared: &Tags, live: &Tags, sent: impl IntoIterator<Item = &'a str>) -> Change {
    let mut wanted = declared.clone();
    wanted.extend(owner.tags());
    let gone = sent.into_iter().filter(|key| !wanted.contains_key(*key) && live.contains_key(*key)).map(str::to_owned).collect();
    wanted.retain(|key, value| live.get(key) != Some(value));
    Change { set: wanted, gone }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner() -> Owner {
        Owner {
            installation: "here".into(),
            kind: "EcsLoadBalancer".into(),
            namespace: "edge".into(),
            name: "shared".into(),
            uid: "1".into(),
        }
    }

    fn tags(pairs: &[(&str, &str)]) -> Tags {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn what_is_declared_is_set_and_what_no_longer_is_goes_but_others_stay() {
        let mut live = owner().tags();
        live.extend(tags(&[("team", "old"), ("cost", "9"), ("stage", "test")]));
        let change = change(&owner(), &tags(&[("team", "new")]), &live, ["team", "stage", "never-there"]);
        assert_eq!(change, Change { set: tags(&[("team", "new")]), gone: vec!["stage".to_owned()] });
    }

    #[test]
    fn the_owner_is_written_where_it_is_not_there_and_cannot_be_declared_away() {
        let declared = tags(&[("ecs-operator.io/name", "other")]);
        assert_eq!(change(&owner(), &declared, &Tags::new(), []).set, owner().tags());
        assert_eq!(change(&owner(), &declared, &owner().tags(), ["ecs-operator.io/name"]), Change::default());
    }
}
