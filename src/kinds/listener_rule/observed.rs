//! What AWS shows of a rule and its listener, and what status remembers. Pure.

use crate::api::EcsListenerRuleStatus;
use crate::aws::AwsError;
use crate::aws::elb::ListenerView;
use crate::aws::elb::model::{Rule, Tags};
use crate::domain::owner::{Owner, Ownership, owner_of};
use crate::kinds::listener::Found;

/// What is known in a pass.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observed {
    /// What stands in status.
    pub memory: EcsListenerRuleStatus,
    /// The listener that is declared, with all its rules. `None`: it was not looked for.
    pub listener: Option<Found>,
    /// Other listeners on which rules of ours stand, or stood, by their ARNs.
    pub elsewhere: Vec<(String, Found)>,
    /// Why the listener that is declared could not be read again, if so: what is shown of it is older then.
    pub trouble: Option<AwsError>,
    /// How many rules AWS allows to a load balancer, if it told.
    pub most_rules: Option<i64>,
    /// Whether the service that the rule belongs to may still have tasks.
    pub is_service_up: bool,
}

impl Observed {
    /// The listener that is declared, if it is there.
    pub fn view(&self) -> Option<&ListenerView> {
        match &self.listener {
            Some(Found::There(view)) => Some(view.as_ref()),
            _ => None,
        }
    }

    /// Everything of ours on the listener that is declared.
    pub fn ours<'a>(&'a self, owner: &'a Owner) -> impl Iterator<Item = &'a (Rule, Tags)> {
        self.view().into_iter().flat_map(|view| ours(view, owner))
    }

    /// Everything of ours on other listeners.
    pub fn ours_elsewhere<'a>(&'a self, owner: &'a Owner) -> impl Iterator<Item = &'a (Rule, Tags)> {
        let there = |found: &'a (String, Found)| if let Found::There(view) = &found.1 { Some(view.as_ref()) } else { None };
        self.elsewhere.iter().filter_map(there).flat_map(|view| ours(view, owner))
    }

    /// Priorities of rules that were to be made and of which nothing was seen yet.
    pub fn pending(&self) -> impl Iterator<Item = i32> {
        let is_seen = |priority| {
            let there = self.view().filter(|view| self.memory.listener_arn.as_ref() == Some(&view.listener.arn));
            there.is_some_and(|view| view.rules.iter().any(|(rule, _)| rule.priority == Some(priority)))
        };
        self.memory.rules.iter().filter(|part| part.arn.is_none()).map(|part| part.priority).filter(move |it| !is_seen(*it))
    }
}

/// The rules of a listener that belong to an object.
pub fn ours<'a>(view: &'a ListenerView, owner: &'a Owner) -> impl Iterator<Item = &'a (Rule, Tags)> {
    view.rules.iter().filter(|(rule, tags)| !rule.is_default() && judged_ours(tags, owner))
}

/// Whether tags say that a rule belongs to an object.
pub fn judged_ours(tags: &Tags, owner: &Owner) -> bool {
    owner.judge(tags, None) == Ownership::Ours
}

/// Namespace and name of the `EcsListenerRule` of this installation that tags name, whichever it is.
pub fn holder(tags: &Tags, owner: &Owner) -> Option<String> {
    owner_of(tags, &owner.installation, &owner.kind).map(|key| key.to_string())
}
