//! Names for objects in Kubernetes, made of names in AWS. Pure.

use std::collections::BTreeSet;

/// Longest name that is made: what Kubernetes takes as a label too.
const LONGEST: usize = 63;

/// Gives every object of a kind a name of its own.
#[derive(Clone, Debug, Default)]
pub struct Names(BTreeSet<(&'static str, String)>);

impl Names {
    /// A name that is valid in Kubernetes, as near to AWS's as can be, and not given before to an object of that kind.
    pub fn of(&mut self, kind: &'static str, in_aws: &str) -> String {
        let name = valid(in_aws);
        let candidates = std::iter::once(name.clone()).chain((2..).map(|number| numbered(&name, number)));
        let free = candidates.into_iter().find(|candidate| !self.0.contains(&(kind, candidate.clone()))).unwrap_or(name);
        self.0.insert((kind, free.clone()));
        free
    }
}

/// Lower-case letters, digits and hyphens, beginning and ending with a letter or digit.
fn valid(in_aws: &str) -> String {
    let fitting = |it: char| if it.is_ascii_alphanumeric() { it.to_ascii_lowercase() } else { '-' };
    let name: String = in_aws.chars().map(fitting).take(LONGEST).collect();
    let name = name.trim_matches('-');
    if name.is_empty() { "imported".to_owned() } else { name.to_owned() }
}

fn numbered(name: &str, number: u32) -> String {
    let end = format!("-{number}");
    let room = LONGEST.saturating_sub(end.len());
    format!("{}{end}", name.chars().take(room).collect::<String>().trim_end_matches('-'))
}

#[cfg(test)]
mod tests {
    use super::Names;

    #[test]
    fn what_kubernetes_takes_stays_and_the_rest_is_made_to_fit() {
        let mut names = Names::default();
        assert_eq!(names.of("EcsService", "web"), "web");
        assert_eq!(names.of("EcsService", "Shop_API"), "shop-api");
        assert_eq!(names.of("EcsService", "_"), "imported");
        assert_eq!(names.of("EcsService", &"x".repeat(255)).len(), 63);
    }

    #[test]
    fn two_of_a_kind_never_have_one_name() {
        let mut names = Names::default();
        assert_eq!(names.of("EcsService", "a-b"), "a-b");
        assert_eq!(names.of("EcsService", "a_b"), "a-b-2");
        assert_eq!(names.of("EcsService", "A_B"), "a-b-3");
        assert_eq!(names.of("EcsTaskDefinition", "a_b"), "a-b", "another kind has names of its own");
        let long = "y".repeat(70);
        names.of("EcsService", &long);
        assert_eq!(names.of("EcsService", &format!("{long}z")), format!("{}-2", "y".repeat(61)));
    }
}
