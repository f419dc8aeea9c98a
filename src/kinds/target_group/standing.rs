//! Which target group an object stands for, and which it replaces: the part of status that says what is whose turn. Pure.

use crate::api::EcsTargetGroupStatus;
use crate::api::target_group::PreviousTargetGroup;

/// Which target group the declaration stands for, and which it replaces.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Standing {
    /// ARN of the one that the declaration stands for.
    pub arn: Option<String>,
    /// Its name; or, before a new one was seen, the name that was promised to it.
    pub name: Option<String>,
    /// Those that are replaced. The last has the traffic until `serving`.
    pub previous: Vec<PreviousTargetGroup>,
    /// Whether traffic belongs to `arn`.
    pub serving: bool,
}

/// The name of a target group stands in its ARN: `…:targetgroup/<name>/<id>`.
pub fn name_in(arn: &str) -> &str {
    arn.rsplit('/').nth(1).unwrap_or_default()
}

impl Standing {
    /// What is remembered.
    pub fn of(memory: &EcsTargetGroupStatus) -> Self {
        Self { arn: memory.arn.clone(), name: memory.name.clone(), previous: memory.previous.clone(), serving: memory.serving }
    }

    /// Puts it into status.
    pub fn remember(self, status: &mut EcsTargetGroupStatus) {
        status.arn = self.arn;
        status.name = self.name;
        status.previous = self.previous;
        status.serving = self.serving;
    }

    /// A target group of that name is about to be made. A reply may be lost, so that the name has to be known before.
    pub fn promise(&mut self, name: &str) {
        self.keep_promised(name);
        self.name = Some(name.to_owned());
    }

    /// The declaration stands for this target group from now on. What it stood for before is replaced.
    pub fn replaced_by(&mut self, arn: &str) {
        let name = name_in(arn);
        self.keep_promised(name);
        self.name = Some(name.to_owned());
        if self.arn.as_deref() == Some(arn) {
            return;
        }
        let has_traffic = !self.serving && self.previous.last().is_some_and(|last| last.arn == arn);
        // Names are unique: what had this one is gone.
        self.previous.retain(|it| it.name != name);
        let left = self.arn.take().filter(|left| name_in(left) != name);
        if let Some(left) = left {
            let entry = PreviousTargetGroup { name: name_in(&left).to_owned(), arn: left };
            // One that never had traffic must not seem to have it.
            let at = if self.serving { self.previous.len() } else { 0 };
            self.previous.insert(at, entry);
        }
        self.arn = Some(arn.to_owned());
        self.serving = has_traffic || self.previous.iter().all(|it| it.arn.is_empty());
    }

    /// A target group is gone.
    pub fn without(&mut self, arn: &str) {
        self.previous.retain(|it| it.arn != arn);
    }

    /// One that was promised and never seen may be there all the same: it is looked for, and deleted.
    fn keep_promised(&mut self, name: &str) {
        let known = self.arn.as_deref().map(name_in);
        let is_lost = |it: &&String| it.as_str() != name && Some(it.as_str()) != known;
        if let Some(lost) = self.name.as_ref().filter(is_lost)
            && !self.previous.iter().any(|it| it.name == *lost)
        {
            self.previous.insert(0, PreviousTargetGroup { arn: String::new(), name: lost.clone() });
        }
    }
}
