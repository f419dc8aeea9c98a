//! What AWS shows of a target group and of those that it replaces, and what status remembers. Pure.

use super::health::healthy;
use super::settings::Settings;
use super::standing::{Standing, name_in};
use crate::api::EcsTargetGroupStatus;
use crate::api::target_group::PreviousTargetGroup;
use crate::aws::AwsError;
use crate::aws::elb::TargetGroupView;
use crate::domain::owner::{Owner, Ownership};
use crate::engine::Stop;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How often in a row AWS has to say that a target group is not there until that is believed.
pub const ENOUGH: u32 = 2;

/// What is known in a pass.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// What stands in status.
    pub memory: EcsTargetGroupStatus,
    /// What AWS cannot change. `None`: the listener has to be read first.
    pub settings: Option<Result<Settings, Stop>>,
    /// The target group of the wanted name.
    pub current: Look,
    /// Which target group the declaration stands for, and which it replaces.
    pub standing: Standing,
    /// Those that are replaced; of an object that is being deleted, all that are its own.
    pub previous: Vec<Previous>,
    /// What is seen of the listener that it is for.
    pub listener: Listener,
}

/// A target group that is to go.
#[derive(Clone, Debug, PartialEq)]
pub struct Previous {
    /// ARN and name.
    pub entry: PreviousTargetGroup,
    /// What AWS shows of it.
    pub look: Look,
}

/// What AWS shows of one target group.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Look {
    /// What was read last.
    pub shown: Shown,
    /// Why the last read failed, if it did.
    pub trouble: Option<AwsError>,
    /// Why what is read beside it, its targets or its attributes, cannot be read, if so.
    pub trouble_beside: Option<AwsError>,
}

/// What was read last of a target group.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Shown {
    /// Nothing yet.
    #[default]
    Unknown,
    /// AWS does not know it; so many reads in a row said so.
    Missing {
        /// Reads in a row.
        times: u32,
    },
    /// It is there.
    There(Arc<TargetGroupView>),
}

/// What is seen of the listener that a target group is for.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Listener {
    /// None is named.
    #[default]
    Unnamed,
    /// It was not read yet.
    Unread,
    /// It is there.
    There(Behind),
    /// It is not there, or cannot be told from others.
    Not(Stop),
}

/// What a listener says of the target groups behind it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Behind {
    /// Whether it is one of a network load balancer.
    pub is_network: bool,
    /// VPC of the load balancer.
    pub vpc_id: Option<String>,
    /// Protocol of the listener.
    pub protocol: String,
    /// Where the listener takes connections, if it is one of a network load balancer.
    pub url: Option<String>,
}

impl Look {
    /// The target group, if it is there.
    pub fn there(&self) -> Option<&Arc<TargetGroupView>> {
        match &self.shown {
            Shown::There(view) => Some(view),
            Shown::Unknown | Shown::Missing { .. } => None,
        }
    }
}

/// Whether something was sent under this name before.
pub fn is_known(memory: &EcsTargetGroupStatus, name: &str) -> bool {
    let known = memory.arn.as_deref().map(name_in);
    memory.name.as_deref() == Some(name) || known == Some(name) || memory.previous.iter().any(|it| it.name == name)
}

/// The names that are looked at: the wanted one, unless it is to be made without a look, and all that status remembers.
pub fn names(memory: &EcsTargetGroupStatus, wanted: Option<&str>, is_chosen: bool) -> BTreeSet<String> {
    let current = wanted.filter(|name| is_chosen || is_known(memory, name));
    let remembered = memory.arn.as_deref().map(name_in).into_iter().chain(memory.name.as_deref());
    let previous = memory.previous.iter().map(|it| it.name.as_str());
    current.into_iter().chain(remembered).chain(previous).map(str::to_owned).collect()
}

/// What was looked at in a pass, by name.
pub type Looks = BTreeMap<String, Look>;

impl Observed {
    /// What the looks mean for the target group of the wanted name, together with what is remembered.
    pub fn of_present(
        memory: EcsTargetGroupStatus,
        settings: Option<Result<Settings, Stop>>,
        name: Option<&str>,
        owner: &Owner,
        looks: &Looks,
    ) -> Self {
        let mut standing = Standing::of(&memory);
        let current = name.and_then(|name| looks.get(name).cloned()).unwrap_or_default();
        let ours = current.there().filter(|view| owner.judge(&view.tags, None) == Ownership::Ours);
        if let Some(view) = ours {
            standing.replaced_by(&view.target_group.arn);
        }
        let previous = still_there(&standing.previous, owner, looks);
        standing.previous = previous.iter().map(|it| it.entry.clone()).collect();
        let traffic = previous.iter().rev().find(|it| !it.entry.arn.is_empty());
        standing.serving |= match (ours, traffic) {
            (_, None) => standing.arn.is_some(),
            (Some(view), Some(old)) => can_take_over(view, &old.look),
            (None, Some(_)) => false,
        };
        Self { memory, settings, current, standing, previous, listener: Listener::default() }
    }

    /// Whether a name is still of interest.
    pub fn is_followed(&self, name: &str, wanted: Option<&str>) -> bool {
        wanted == Some(name)
            || self.standing.name.as_deref() == Some(name)
            || self.previous.iter().any(|it| it.entry.name == name)
    }

    /// What the looks mean for an object that is being deleted: all that is its own.
    pub fn of_absent(memory: EcsTargetGroupStatus, owner: &Owner, looks: &Looks) -> Self {
        let standing = Standing::of(&memory);
        let entry = |name| PreviousTargetGroup { name, arn: String::new() };
        let entries: Vec<_> = names(&memory, None, false).into_iter().map(entry).collect();
        Self { previous: still_there(&entries, owner, looks), standing, memory, ..Self::default() }
    }
}

/// Those that are not gone and are still ours. One that was never seen gets its ARN when it is.
fn still_there(entries: &[PreviousTargetGroup], owner: &Owner, looks: &Looks) -> Vec<Previous> {
    let seen = |entry: &PreviousTargetGroup| {
        let look = looks.get(&entry.name).cloned().unwrap_or_default();
        match &look.shown {
            Shown::Missing { times } if *times >= ENOUGH => None,
            Shown::There(view) if owner.judge(&view.tags, None) != Ownership::Ours => None,
            Shown::There(view) => {
                let arn = view.target_group.arn.clone();
                Some(Previous { entry: PreviousTargetGroup { arn, name: entry.name.clone() }, look })
            }
            Shown::Unknown | Shown::Missing { .. } => Some(Previous { entry: entry.clone(), look }),
        }
    };
    entries.iter().filter_map(seen).collect()
}

/// Whether the new target group can take what the old one has: it is attached, and as many of its targets are healthy.
fn can_take_over(new: &TargetGroupView, old: &Look) -> bool {
    let Some(old) = old.there() else { return false };
    if old.target_group.load_balancer_arns.is_empty() {
        return true;
    }
    let is_attached = !new.target_group.load_balancer_arns.is_empty();
    match (&new.health, &old.health) {
        (Some(new), Some(old)) => is_attached && healthy(new) >= healthy(old),
        _ => false,
    }
}
