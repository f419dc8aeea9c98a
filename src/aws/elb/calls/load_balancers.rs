//! Load balancers.

use super::{Elb, PAGE, attributes, gone_is_done, one};
use crate::aws::elb::model::{Attributes, LoadBalancer, NewLoadBalancer, SubnetsChange, Zone};
use crate::aws::error::AwsError;
use crate::aws::guard::Granted;
use crate::aws::guard::asks::SecurityGroups;
use crate::aws::operation::{
    CREATE_LOAD_BALANCER, DELETE_LOAD_BALANCER, DESCRIBE_LOAD_BALANCER_ATTRIBUTES, DESCRIBE_LOAD_BALANCERS,
    MODIFY_LOAD_BALANCER_ATTRIBUTES, SET_IP_ADDRESS_TYPE, SET_SECURITY_GROUPS, SET_SUBNETS,
};
use aws_sdk_elasticloadbalancingv2::operation::create_load_balancer::CreateLoadBalancerOutput;
use aws_sdk_elasticloadbalancingv2::types::{IpAddressType, LoadBalancerAttribute};

impl Elb {
    /// Describes up to twenty load balancers by ARN.
    ///
    /// # Errors
    /// Those of AWS. One that it does not know fails the call.
    pub async fn describe_load_balancers(&self, arns: &[String]) -> Result<Vec<LoadBalancer>, AwsError> {
        if arns.is_empty() {
            return Ok(Vec::new());
        }
        self.load_balancers(Some(arns), None).await
    }

    /// Describes up to twenty load balancers by name.
    ///
    /// # Errors
    /// Those of AWS. One that it does not know fails the call.
    pub async fn describe_load_balancers_named(&self, names: &[String]) -> Result<Vec<LoadBalancer>, AwsError> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        self.load_balancers(None, Some(names)).await
    }

    /// Describes all load balancers of the account and region.
    ///
    /// # Errors
    /// Those of AWS.
    pub async fn describe_all_load_balancers(&self) -> Result<Vec<LoadBalancer>, AwsError> {
        self.load_balancers(None, None).await
    }

    async fn load_balancers(&self, arns: Option<&[String]>, names: Option<&[String]>) -> Result<Vec<LoadBalancer>, AwsError> {
        let mut found = Vec::new();
        let mut next = None;
        loop {
            let page = self
                .call(DESCRIBE_LOAD_BALANCERS, || {
                    let call = self.client.describe_load_balancers().page_size(PAGE).set_marker(next.clone());
                    let call = call.set_load_balancer_arns(arns.map(<[String]>::to_vec));
                    call.set_names(names.map(<[String]>::to_vec)).send()
                })
                .await?;
            found.extend(page.load_balancers.unwrap_or_default().into_iter().map(LoadBalancer::read));
            next = page.next_marker;
            if next.is_none() {
                return Ok(found);
            }
        }
    }

    /// Describes the attributes of a load balancer.
    ///
    /// # Errors
    /// Those of AWS.
    pub async fn describe_load_balancer_attributes(&self, arn: &str) -> Result<Attributes, AwsError> {
        let output = self
            .call(DESCRIBE_LOAD_BALANCER_ATTRIBUTES, || {
                self.client.describe_load_balancer_attributes().load_balancer_arn(arn).send()
            })
            .await?;
        Ok(attributes(output.attributes.unwrap_or_default().into_iter().map(|one| (one.key, one.value))))
    }

    /// Makes a load balancer. AWS gives back one that is there already and equals it.
    ///
    /// # Errors
    /// Those of AWS; [`Kind::Conflict`](crate::aws::Kind::Conflict) if the name is taken by another.
    pub async fn create_load_balancer(&self, new: Granted<NewLoadBalancer>) -> Result<LoadBalancer, AwsError> {
        let input = new.input().to_input();
        let arn: fn(&CreateLoadBalancerOutput) -> Option<&str> = |output| output.load_balancers().first()?.load_balancer_arn();
        let name = &new.input().name;
        let output = self.caller.write(CREATE_LOAD_BALANCER, name, arn, || input.clone().send_with(&self.client)).await?;
        one(CREATE_LOAD_BALANCER, output.load_balancers, "load balancer").map(LoadBalancer::read)
    }

    /// Changes attributes of a load balancer; others stay. Returns those that AWS shows.
    ///
    /// # Errors
    /// Those of AWS.
    pub async fn modify_load_balancer_attributes(&self, arn: &str, change: &Attributes) -> Result<Attributes, AwsError> {
        let pair = |(key, value): (&String, &String)| LoadBalancerAttribute::builder().key(key).value(value).build();
        let pairs: Vec<_> = change.iter().map(pair).collect();
        let call = || {
            let call = self.client.modify_load_balancer_attributes().load_balancer_arn(arn);
            call.set_attributes(Some(pairs.clone())).send()
        };
        let output = self.caller.write(MODIFY_LOAD_BALANCER_ATTRIBUTES, arn, |_| None, call).await?;
        Ok(attributes(output.attributes.unwrap_or_default().into_iter().map(|one| (one.key, one.value))))
    }

    /// Gives a load balancer other subnets, in place of those that it has.
    ///
    /// # Errors
    /// Those of AWS.
    pub async fn set_subnets(&self, change: Granted<SubnetsChange>) -> Result<Vec<Zone>, AwsError> {
        let input = change.input().to_input();
        let arn = &change.input().arn;
        let output = self.caller.write(SET_SUBNETS, arn, |_| None, || input.clone().send_with(&self.client)).await?;
        let mut zones: Vec<Zone> = output.availability_zones.unwrap_or_default().into_iter().map(Zone::read).collect();
        zones.sort();
        Ok(zones)
    }

    /// Gives a load balancer other security groups, in place of those that it has.
    ///
    /// # Errors
    /// Those of AWS.
    pub async fn set_security_groups(&self, arn: &str, groups: Granted<SecurityGroups>) -> Result<(), AwsError> {
        let SecurityGroups(groups) = groups.input();
        let call = || self.client.set_security_groups().load_balancer_arn(arn).set_security_groups(Some(groups.clone())).send();
        self.caller.write(SET_SECURITY_GROUPS, arn, |_| None, call).await?;
        Ok(())
    }

    /// Sets the kind of addresses of a load balancer.
    ///
    /// # Errors
    /// Those of AWS.
    pub async fn set_ip_address_type(&self, arn: &str, ip_address_type: &str) -> Result<(), AwsError> {
        let call = || {
            self.client.set_ip_address_type().load_balancer_arn(arn).ip_address_type(IpAddressType::from(ip_address_type)).send()
        };
        self.caller.write(SET_IP_ADDRESS_TYPE, arn, |_| None, call).await?;
        Ok(())
    }

    /// Deletes a load balancer with its listeners. One that is gone is no error.
    ///
    /// # Errors
    /// Those of AWS; [`Kind::Invalid`](crate::aws::Kind::Invalid) while it is protected from deletion.
    pub async fn delete_load_balancer(&self, arn: &str) -> Result<(), AwsError> {
        let call = || self.client.delete_load_balancer().load_balancer_arn(arn).send();
        gone_is_done(self.caller.write(DELETE_LOAD_BALANCER, arn, |_| None, call).await)
    }
}
