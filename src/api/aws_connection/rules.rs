//! What a connection must fulfil, as CEL with a sentence for the person who wrote it.

use kube::core::Rule;
use schemars::Schema;
use serde_json::json;

fn rule(rule: &str, message: &str) -> Rule {
    Rule::new(rule).message(message)
}

pub(super) fn account_is_kept() -> Rule {
    rule(
        "self.accountId == oldSelf.accountId",
        "accountId cannot be changed: what was made stays where it is; make another AwsConnection for another account",
    )
}

pub(super) fn region_is_kept() -> Rule {
    rule(
        "self.region == oldSelf.region",
        "region cannot be changed: what was made stays where it is; make another AwsConnection for another region",
    )
}

pub(super) fn credentials_are_said() -> Rule {
    rule(
        "has(self.assumeRole) || has(self.ambientCredentials)",
        "set assumeRole, or ambientCredentials: Allowed to use the operator's own credentials as they are",
    )
}

pub(super) fn one_way_in() -> Rule {
    rule(
        "!(has(self.assumeRole) && has(self.ambientCredentials))",
        "set one of assumeRole and ambientCredentials: with a role the operator's own credentials only take it on",
    )
}

pub(super) fn role_is_of_the_account() -> Rule {
    rule(
        "!has(self.assumeRole) || self.assumeRole.roleArn.contains(':iam::' + self.accountId + ':')",
        "assumeRole.roleArn must be of the account accountId",
    )
}

/// An empty selector of Kubernetes means everything, which is too much to be said by an omission.
pub(super) fn selector_says_something(schema: &mut Schema) {
    schema.insert(
        "x-kubernetes-validations".to_owned(),
        json!([
            {
                "rule": "!has(self.selector) || (has(self.selector.matchLabels) && size(self.selector.matchLabels) > 0) || (has(self.selector.matchExpressions) && size(self.selector.matchExpressions) > 0)",
                "message": "selector must name a label; every namespace is said as names: ['*']",
            },
            {
                "rule": "!has(self.names) || size(self.names) <= 1 || !('*' in self.names)",
                "message": "'*' stands for all namespaces: name no others beside it",
            },
        ]),
    );
}
