//! What a listener rule must fulfil, as CEL with a sentence for the person who wrote it.

use crate::api::load_balancing::rule;
use kube::core::Rule;

pub(super) fn policy_is_there() -> Rule {
    rule(
        "!has(self.managementPolicy) || self.managementPolicy in ['Full', 'Observe']",
        "managementPolicy of a listener rule is Full or Observe: a rule that exists is replaced by one of this operator, then deleted by hand",
    )
}

pub(super) fn observed_by_priority() -> Rule {
    rule(
        "!has(self.managementPolicy) || self.managementPolicy != 'Observe' || has(self.priority)",
        "managementPolicy Observe needs the priority of the rule in AWS",
    )
}
