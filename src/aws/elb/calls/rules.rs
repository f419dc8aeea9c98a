//! Rules.

use super::{Elb, PAGE, gone_is_done, one};
use crate::aws::elb::model::{NewRule, Rule, RuleChange};
use crate::aws::error::AwsError;
use crate::aws::guard::Granted;
use crate::aws::operation::{CREATE_RULE, DELETE_RULE, DESCRIBE_RULES, MODIFY_RULE, SET_RULE_PRIORITIES};
use aws_sdk_elasticloadbalancingv2::operation::create_rule::CreateRuleOutput;
use aws_sdk_elasticloadbalancingv2::types::RulePriorityPair;

impl Elb {
    /// Describes all rules of a listener, the default rule among them.
    ///
    /// # Errors
    /// Those of AWS.
    pub async fn describe_rules(&self, listener: &str) -> Result<Vec<Rule>, AwsError> {
        let mut rules = Vec::new();
        let mut next = None;
        loop {
            let page = self
                .call(DESCRIBE_RULES, || {
                    self.client.describe_rules().listener_arn(listener).page_size(PAGE).set_marker(next.clone()).send()
                })
                .await?;
            rules.extend(page.rules.unwrap_or_default().into_iter().map(Rule::read));
            next = page.next_marker;
            if next.is_none() {
                return Ok(rules);
            }
        }
    }

    /// Makes a rule.
    ///
    /// # Errors
    /// Those of AWS; [`Kind::Conflict`](crate::aws::Kind::Conflict) if another rule has the priority.
    pub async fn create_rule(&self, new: Granted<NewRule>) -> Result<Rule, AwsError> {
        let input = new.input().to_input();
        let arn: fn(&CreateRuleOutput) -> Option<&str> = |output| output.rules().first()?.rule_arn();
        let listener = &new.input().listener_arn;
        let output = self.caller.write(CREATE_RULE, listener, arn, || input.clone().send_with(&self.client)).await?;
        one(CREATE_RULE, output.rules, "rule").map(Rule::read)
    }

    /// Changes a rule. What the change leaves out stays as it is.
    ///
    /// # Errors
    /// Those of AWS.
    pub async fn modify_rule(&self, change: Granted<RuleChange>) -> Result<Rule, AwsError> {
        let input = change.input().to_input();
        let arn = &change.input().arn;
        let output = self.caller.write(MODIFY_RULE, arn, |_| None, || input.clone().send_with(&self.client)).await?;
        one(MODIFY_RULE, output.rules, "rule").map(Rule::read)
    }

    /// Gives rules of one listener other priorities, all at once or none.
    ///
    /// # Errors
    /// Those of AWS; [`Kind::Conflict`](crate::aws::Kind::Conflict) if another rule has one of them.
    pub async fn set_rule_priorities(&self, priorities: &[(String, i32)]) -> Result<Vec<Rule>, AwsError> {
        let pair = |(arn, priority): &(String, i32)| RulePriorityPair::builder().rule_arn(arn).priority(*priority).build();
        let pairs: Vec<_> = priorities.iter().map(pair).collect();
        let arns: Vec<&str> = priorities.iter().map(|(arn, _)| arn.as_str()).collect();
        let call = || self.client.set_rule_priorities().set_rule_priorities(Some(pairs.clone())).send();
        let output = self.caller.write(SET_RULE_PRIORITIES, &arns.join(" "), |_| None, call).await?;
        Ok(output.rules.unwrap_or_default().into_iter().map(Rule::read).collect())
    }

    /// Deletes a rule. One that is gone is no error.
    ///
    /// # Errors
    /// Those of AWS.
    pub async fn delete_rule(&self, arn: &str) -> Result<(), AwsError> {
        let call = || self.client.delete_rule().rule_arn(arn).send();
        gone_is_done(self.caller.write(DELETE_RULE, arn, |_| None, call).await)
    }
}
