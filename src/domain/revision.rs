//! Revisions of a task definition.

use super::Arn;
use std::fmt;
use std::str::FromStr;

/// One revision of a task definition family, as `family:number`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Revision {
    /// Name of the family.
    pub family: String,
    /// Number of the revision: 1 for the first, never given twice.
    pub number: u32,
}

/// A text that names no revision.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not `family:revision`, such as `web:7`, nor the ARN of one")]
pub struct NotARevision(pub String);

impl FromStr for Revision {
    type Err = NotARevision;

    /// Reads `web:7` and `arn:aws:ecs:…:task-definition/web:7`.
    fn from_str(text: &str) -> Result<Self, NotARevision> {
        let bad = || NotARevision(text.to_owned());
        let arn = text.starts_with("arn:").then(|| text.parse::<Arn>()).transpose().map_err(|_| bad())?;
        let short = match &arn {
            Some(arn) => arn.resource.strip_prefix("task-definition/").ok_or_else(bad)?,
            None => text,
        };
        let (family, number) = short.split_once(':').ok_or_else(bad)?;
        if family.is_empty() {
            return Err(bad());
        }
        Ok(Self { family: family.to_owned(), number: number.parse().map_err(|_| bad())? })
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.family, self.number)
    }
}

#[cfg(test)]
mod tests {
    use super::Revision;

    #[test]
    fn a_revision_is_read_from_its_short_form_and_from_its_arn() {
        let web = Revision { family: "web".to_owned(), number: 7 };
        assert_eq!("web:7".parse(), Ok(web.clone()));
        assert_eq!("arn:aws:ecs:eu-central-1:111122223333:task-definition/web:7".parse(), Ok(web));
    }

    #[test]
    fn what_names_no_revision_is_refused() {
        for text in ["web", ":7", "web:", "web:seven", "web:7:8", "arn:aws:ecs:r:1:service/c/web:7"] {
            assert!(text.parse::<Revision>().is_err(), "{text}");
        }
    }
}
