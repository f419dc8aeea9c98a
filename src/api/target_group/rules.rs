//! What a target group must fulfil, as CEL with a sentence for the person who wrote it.

use crate::api::load_balancing::rule;
use kube::core::Rule;

const IS_OBSERVED: &str = "(has(self.managementPolicy) && self.managementPolicy == 'Observe')";

/// Other changes that AWS cannot make are made by replacing. A name that was chosen would then be taken.
pub(super) fn name_is_kept() -> Rule {
    rule(
        "!has(oldSelf.name) || (has(self.name) && self.name == oldSelf.name)",
        "name cannot be changed once it is set: make another EcsTargetGroup for another name",
    )
}

pub(super) fn name_fits() -> Rule {
    rule(
        "!has(self.name) || self.name.matches('^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$')",
        "name of a target group must consist of letters, digits and hyphens, with no hyphen at either end",
    )
}

pub(super) fn network_is_known() -> Rule {
    rule(
        format!("has(self.listener) || {IS_OBSERVED} || (has(self.vpcId) && has(self.protocol))"),
        "without a listener to take them from, vpcId and protocol are needed",
    )
}

pub(super) fn policy_is_there() -> Rule {
    rule(
        "!has(self.managementPolicy) || self.managementPolicy in ['Full', 'Observe']",
        "managementPolicy of a target group is Full or Observe: one that exists is attached by its ARN, with targetGroup.arn in expose",
    )
}

pub(super) fn observed_by_name() -> Rule {
    rule(format!("!{IS_OBSERVED} || has(self.name)"), "managementPolicy Observe needs the name of the target group in AWS")
}
