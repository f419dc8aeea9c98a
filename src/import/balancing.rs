//! Reads load balancing from AWS.

use super::read::{ImportError, Reading};
use super::{load_balancer, rule, target_group};
use crate::aws::AwsError;
use crate::aws::elb::model::{Tags, TargetGroup};
use crate::aws::elb::{Elb, LoadBalancerListener, LoadBalancerView, TargetGroupView};
use std::collections::BTreeMap;

/// How many resources one call tells the tags of.
const TAGGED_PER_CALL: usize = 20;

impl Reading<'_> {
    fn elb(&self) -> &Elb {
        &self.connection.elb
    }

    /// A target group by ARN or name. One that was written already is not written again.
    ///
    /// # Errors
    /// Those of AWS, and when it is not there.
    pub async fn target_group(&mut self, named: &str) -> Result<(), ImportError> {
        if self.found.objects.iter().any(|object| object.arn == named) {
            return Ok(());
        }
        let asked = [named.to_owned()];
        let described = if named.starts_with("arn:") {
            self.elb().describe_target_groups(&asked).await
        } else {
            self.elb().describe_target_groups_named(&asked).await
        };
        let found: Option<TargetGroup> = gone_is_none(described)?.and_then(|all| all.into_iter().next());
        let Some(found) = found else { return Err(missing("target group", named)) };
        let attributes = self.elb().describe_target_group_attributes(&found.arn).await?;
        let tags = self.tags_of(std::slice::from_ref(&found.arn)).await?.remove(&found.arn).unwrap_or_default();
        let view = TargetGroupView { target_group: found, tags, attributes: Some(attributes), health: None };
        let name = self.names.of(target_group::KIND, &view.target_group.name);
        self.keep(target_group::target_group(&view, &name, self.options))
    }

    /// A rule by its ARN.
    ///
    /// # Errors
    /// Those of AWS, and when it is not there.
    pub async fn rule(&mut self, arn: &str) -> Result<(), ImportError> {
        let Some(listener) = rule::listener_of(arn) else {
            let example = "arn:aws:elasticloadbalancing:…:listener-rule/app/…";
            return Err(ImportError::Sentence(format!("{arn} is not the ARN of a rule, such as {example}")));
        };
        let rules = gone_is_none(self.elb().describe_rules(&listener).await)?.unwrap_or_default();
        let Some(live) = rules.into_iter().find(|rule| rule.arn == arn) else { return Err(missing("rule", arn)) };
        let tags = self.tags_of(std::slice::from_ref(&live.arn)).await?.remove(&live.arn).unwrap_or_default();
        let name = self.names.of(rule::KIND, &rule::name_of(&live));
        self.keep(rule::rule(&live, &tags, &name, self.options))
    }

    /// A load balancer by ARN or name, with its listeners.
    ///
    /// # Errors
    /// Those of AWS, and when it is not there.
    pub async fn load_balancer(&mut self, named: &str) -> Result<(), ImportError> {
        let asked = [named.to_owned()];
        let described = if named.starts_with("arn:") {
            self.elb().describe_load_balancers(&asked).await
        } else {
            self.elb().describe_load_balancers_named(&asked).await
        };
        let found = gone_is_none(described)?.and_then(|all| all.into_iter().next());
        let Some(found) = found else { return Err(missing("load balancer", named)) };
        let attributes = self.elb().describe_load_balancer_attributes(&found.arn).await?;
        let described = self.elb().describe_listeners_of(&found.arn).await?;
        let arns: Vec<String> = std::iter::once(&found.arn).chain(described.iter().map(|it| &it.arn)).cloned().collect();
        let mut tags = self.tags_of(&arns).await?;
        let (mut listeners, mut of_listeners) = (Vec::new(), BTreeMap::new());
        for listener in described {
            let certificates = match listener.certificate_arn {
                Some(_) => Some(self.elb().describe_listener_certificates(&listener.arn).await?),
                None => None,
            };
            of_listeners.insert(listener.arn.clone(), self.elb().describe_listener_attributes(&listener.arn).await?);
            let tags = tags.remove(&listener.arn).unwrap_or_default();
            listeners.push(LoadBalancerListener { listener, tags, certificates });
        }
        let tags = tags.remove(&found.arn).unwrap_or_default();
        let name = self.names.of(load_balancer::KIND, &found.name);
        let view = LoadBalancerView { load_balancer: found, tags, attributes: Some(attributes), listeners };
        self.keep(load_balancer::load_balancer(&view, &of_listeners, &name, self.options))
    }

    async fn tags_of(&self, arns: &[String]) -> Result<BTreeMap<String, Tags>, ImportError> {
        let mut all = BTreeMap::new();
        for arns in arns.chunks(TAGGED_PER_CALL) {
            all.extend(self.elb().describe_tags(arns).await?);
        }
        Ok(all)
    }
}

fn gone_is_none<T>(described: Result<T, AwsError>) -> Result<Option<T>, AwsError> {
    match described {
        Ok(described) => Ok(Some(described)),
        Err(error) if error.is_load_balancing_gone() => Ok(None),
        Err(error) => Err(error),
    }
}

fn missing(what: &str, named: &str) -> ImportError {
    ImportError::Sentence(format!("there is no {what} {named}; correct the name, AWS_REGION and the account"))
}
