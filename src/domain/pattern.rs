//! Patterns with `*` and `?`, as Elastic Load Balancing compares hosts and paths with them. Pure.

/// Whether upper and lower case are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// They are.
    Counts,
    /// They are not.
    MeansNothing,
}

/// Whether a pattern with `*` and `?` takes every text that another one takes.
pub fn pattern_covers(wide: &str, narrow: &str, case: Case) -> bool {
    let folded = |text: &str| if case == Case::Counts { text.to_owned() } else { text.to_lowercase() };
    let (wide, narrow) = (folded(wide), folded(narrow));
    // A backslash takes the meaning off a wildcard in some conditions and not in others.
    if wide == narrow || wide.contains('\\') || narrow.contains('\\') {
        return wide == narrow;
    }
    covers_chars(&wide.chars().collect::<Vec<_>>(), &narrow.chars().collect::<Vec<_>>())
}

/// Matches the narrow pattern as if it were a text: `*` of the wide one takes anything, `?` anything but a `*`.
fn covers_chars(wide: &[char], narrow: &[char]) -> bool {
    let (mut at, mut of, mut retry) = (0, 0, None);
    while of < narrow.len() {
        match wide.get(at) {
            Some('*') => {
                retry = Some((at, of));
                at += 1;
            }
            Some('?') if narrow[of] != '*' => (at, of) = (at + 1, of + 1),
            Some(same) if *same == narrow[of] && *same != '?' => (at, of) = (at + 1, of + 1),
            _ => match retry {
                Some((star, taken)) => {
                    retry = Some((star, taken + 1));
                    (at, of) = (star + 1, taken + 1);
                }
                None => return false,
            },
        }
    }
    wide[at..].iter().all(|left| *left == '*')
}
