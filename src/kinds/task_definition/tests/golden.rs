//! The hash of one rich definition under the rules `v1`. If this test fails, the rules have changed: give them another
//! version in `canonical.rs` instead, else every family out there is registered anew.

use crate::kinds::task_definition::canonical::{canonical, hash, is_comparable};
use serde_json::Value;

const RICH: &str = include_str!("rich.json");

#[test]
fn the_hash_of_version_one_never_changes() {
    let definition: Value = serde_json::from_str(RICH).unwrap();
    assert_eq!(hash(&canonical(&definition)), "v1:688b781a1e3eb8d8f55b5491c873d24ab7e6c362d9f2bda5e6388d6e0cae0b68");
}

#[test]
fn only_hashes_of_todays_rules_can_be_compared() {
    assert!(is_comparable("v1:abc"));
    for other in ["v0:abc", "v10:abc", "abc", ""] {
        assert!(!is_comparable(other), "{other}");
    }
}
