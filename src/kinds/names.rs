//! Names in AWS that are made here, for load balancers and target groups. Pure.

use crate::domain::json::sha256;

/// Letters of the namespace and of the name that a name keeps, and of the hash behind them: 32 with two hyphens, which is
/// the longest that AWS takes.
const OF_NAMESPACE: usize = 8;
const OF_NAME: usize = 12;
const OF_HASH: usize = 10;

/// `<namespace>-<name>-<hash>`, both cut to a few letters: at most 32 letters, digits and hyphens. `identity` is all that
/// tells this thing from others, for two that are cut to the same letters.
pub fn made_of(namespace: &str, name: &str, identity: &str) -> String {
    let namespace = cut(namespace, OF_NAMESPACE);
    // AWS keeps names that begin with `internal-` for itself (CreateLoadBalancer, Name).
    let namespace = if namespace == "internal" { "intern" } else { namespace.as_str() };
    let hash = &sha256(identity)[..OF_HASH];
    format!("{namespace}-{}-{hash}", cut(name, OF_NAME))
}

/// The first letters, without a hyphen at the end. What a name in AWS cannot have becomes a hyphen.
fn cut(text: &str, most: usize) -> String {
    let allowed = |letter: char| if letter.is_ascii_alphanumeric() { letter } else { '-' };
    let short: String = text.chars().take(most).map(allowed).collect();
    short.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::made_of;
    use proptest::prelude::*;

    #[test]
    fn a_name_tells_namespace_and_name_and_differs_by_the_identity() {
        let name = made_of("shop", "web", "a");
        assert!(name.starts_with("shop-web-"), "{name}");
        assert_ne!(name, made_of("shop", "web", "b"));
        assert_eq!(name, made_of("shop", "web", "a"));
    }

    #[test]
    fn a_name_never_begins_as_aws_names_its_own() {
        assert!(made_of("internal", "web", "a").starts_with("intern-web-"));
        assert!(made_of("internal-apps", "web", "a").starts_with("intern-web-"));
    }

    proptest! {
        /// Whatever Kubernetes takes as a name, AWS takes what is made of it.
        #[test]
        fn a_name_is_one_that_aws_takes(namespace in "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", name in "[a-z0-9]([-.a-z0-9]{0,100}[a-z0-9])?") {
            let made = made_of(&namespace, &name, &format!("{namespace}/{name}"));
            prop_assert!(made.len() <= 32, "{}", made);
            prop_assert!(made.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'), "{}", made);
            prop_assert!(!made.starts_with('-') && !made.ends_with('-') && !made.starts_with("internal-"), "{}", made);
        }
    }
}
