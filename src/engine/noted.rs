//! What a pass has to tell beside status and Events: what it found that somebody else had done, and which rollout it saw end. Pure.

use crate::api::shared::Drift;
use std::time::Duration;

/// What became of something that somebody else had changed in AWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drifted {
    /// It was put back.
    Corrected,
    /// It stands, and status tells of it.
    Reported,
}

impl Drifted {
    /// The word for metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Corrected => "Corrected",
            Self::Reported => "Reported",
        }
    }

    /// What a pass did about it: it was put back, or else status tells of other differences than before it.
    pub fn of(is_corrected: bool, before: &[Drift], after: &[Drift]) -> Option<Self> {
        let is_news = !after.is_empty() && before != after;
        is_corrected.then_some(Self::Corrected).or_else(|| is_news.then_some(Self::Reported))
    }
}

/// A rollout that ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// `Completed`, `RolledBack` or `Failed`.
    pub outcome: &'static str,
    /// How long it took. `None`: AWS does not tell when it began.
    pub took: Option<Duration>,
}

/// What a pass has to tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Noted {
    /// What became of what somebody else had changed, if it found any.
    pub drift: Option<Drifted>,
    /// The rollout that ended since the pass before.
    pub rollout: Option<Ended>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_differences_are_news_once() {
        let one = |field: &str| vec![Drift { field: field.to_owned(), wanted: None, seen: None }];
        assert_eq!(Drifted::of(false, &[], &one("cpu")), Some(Drifted::Reported));
        assert_eq!(Drifted::of(false, &one("cpu"), &one("cpu")), None);
        assert_eq!(Drifted::of(false, &one("cpu"), &one("memory")), Some(Drifted::Reported));
        assert_eq!(Drifted::of(false, &one("cpu"), &[]), None, "somebody put it back");
        assert_eq!(Drifted::of(true, &[], &[]), Some(Drifted::Corrected));
    }
}
