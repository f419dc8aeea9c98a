//! Listeners.

use super::{Elb, PAGE, attributes, gone_is_done, one};
use crate::aws::elb::model::{Attributes, Listener, ListenerChange, NewListener, to_certificate};
use crate::aws::error::AwsError;
use crate::aws::guard::Granted;
use crate::aws::guard::asks::Certificate;
use crate::aws::operation::{
    ADD_LISTENER_CERTIFICATES, CREATE_LISTENER, DELETE_LISTENER, DESCRIBE_LISTENER_ATTRIBUTES, DESCRIBE_LISTENER_CERTIFICATES,
    DESCRIBE_LISTENERS, MODIFY_LISTENER, MODIFY_LISTENER_ATTRIBUTES, REMOVE_LISTENER_CERTIFICATES,
};
use aws_sdk_elasticloadbalancingv2::operation::create_listener::CreateListenerOutput;
use aws_sdk_elasticloadbalancingv2::types::ListenerAttribute;

impl Elb {
    /// Describes up to twenty listeners by ARN.
    ///
    /// # Errors
    /// Those of AWS. One that it does not know fails the call.
    pub async fn describe_listeners(&self, arns: &[String]) -> Result<Vec<Listener>, AwsError> {
        if arns.is_empty() {
            return Ok(Vec::new());
        }
        self.listeners(Some(arns), None).await
    }

    /// Describes all listeners of a load balancer, by port.
    ///
    /// # Errors
    /// Those of AWS.
    pub async fn describe_listeners_of(&self, load_balancer: &str) -> Result<Vec<Listener>, AwsError> {
        let mut listeners = self.listeners(None, Some(load_balancer)).await?;
        listeners.sort_by(|a, b| (a.port, &a.arn).cmp(&(b.port, &b.arn)));
        Ok(listeners)
    }

    async fn listeners(&self, arns: Option<&[String]>, load_balancer: Option<&str>) -> Result<Vec<Listener>, AwsError> {
        let mut listeners = Vec::new();
        let mut next = None;
        loop {
            let page = self
                .call(DESCRIBE_LISTENERS, || {
                    let call = self.client.describe_listeners().page_size(PAGE).set_marker(next.clone());
                    let call = call.set_listener_arns(arns.map(<[String]>::to_vec));
                    call.set_load_balancer_arn(load_balancer.map(str::to_owned)).send()
                })
                .await?;
            listeners.extend(page.listeners.unwrap_or_default().into_iter().map(Listener::read));
            next = page.next_marker;
            if next.is_none() {
                return Ok(listeners);
            }
        }
    }

    /// Describes the attributes of a listener.
    ///
    /// # Errors
    /// Those of AWS.
    pub async fn describe_listener_attributes(&self, arn: &str) -> Result<Attributes, AwsError> {
        let output = self
            .call(DESCRIBE_LISTENER_ATTRIBUTES, || self.client.describe_listener_attributes().listener_arn(arn).send())
            .await?;
        Ok(attributes(output.attributes.unwrap_or_default().into_iter().map(|one| (one.key, one.value))))
    }

    /// Describes the certificates of a listener beside the default one: their ARNs, sorted.
    ///
    /// # Errors
    /// Those of AWS.
    pub async fn describe_listener_certificates(&self, arn: &str) -> Result<Vec<String>, AwsError> {
        let mut arns = Vec::new();
        let mut next = None;
        loop {
            let page = self
                .call(DESCRIBE_LISTENER_CERTIFICATES, || {
                    let call = self.client.describe_listener_certificates().listener_arn(arn).page_size(PAGE);
                    call.set_marker(next.clone()).send()
                })
                .await?;
            let others = page.certificates.unwrap_or_default().into_iter().filter(|one| one.is_default != Some(true));
            arns.extend(others.filter_map(|one| one.certificate_arn));
            next = page.next_marker;
            if next.is_none() {
                arns.sort();
                return Ok(arns);
            }
        }
    }

    /// Makes a listener.
    ///
    /// # Errors
    /// Those of AWS; [`Kind::Conflict`](crate::aws::Kind::Conflict) if the load balancer has one on this port.
    pub async fn create_listener(&self, new: Granted<NewListener>) -> Result<Listener, AwsError> {
        let input = new.input().to_input();
        let arn: fn(&CreateListenerOutput) -> Option<&str> = |output| output.listeners().first()?.listener_arn();
        let load_balancer = &new.input().load_balancer_arn;
        let output = self.caller.write(CREATE_LISTENER, load_balancer, arn, || input.clone().send_with(&self.client)).await?;
        one(CREATE_LISTENER, output.listeners, "listener").map(Listener::read)
    }

    /// Changes a listener. What the change leaves out stays as it is.
    ///
    /// # Errors
    /// Those of AWS.
    pub async fn modify_listener(&self, change: Granted<ListenerChange>) -> Result<Listener, AwsError> {
        let input = change.input().to_input();
        let arn = &change.input().arn;
        let output = self.caller.write(MODIFY_LISTENER, arn, |_| None, || input.clone().send_with(&self.client)).await?;
        one(MODIFY_LISTENER, output.listeners, "listener").map(Listener::read)
    }

    /// Changes attributes of a listener; others stay. Returns those that AWS shows.
    ///
    /// # Errors
    /// Those of AWS.
    pub async fn modify_listener_attributes(&self, arn: &str, change: &Attributes) -> Result<Attributes, AwsError> {
        let pair = |(key, value): (&String, &String)| ListenerAttribute::builder().key(key).value(value).build();
        let pairs: Vec<_> = change.iter().map(pair).collect();
        let call = || self.client.modify_listener_attributes().listener_arn(arn).set_attributes(Some(pairs.clone())).send();
        let output = self.caller.write(MODIFY_LISTENER_ATTRIBUTES, arn, |_| None, call).await?;
        Ok(attributes(output.attributes.unwrap_or_default().into_iter().map(|one| (one.key, one.value))))
    }

    /// Adds a certificate to a listener, beside the default one. One that it has is no error.
    ///
    /// # Errors
    /// Those of AWS.
    pub async fn add_listener_certificate(&self, arn: &str, certificate: Granted<Certificate>) -> Result<(), AwsError> {
        // AWS takes one in a call.
        let certificate = to_certificate(&certificate.input().0);
        let call = || self.client.add_listener_certificates().listener_arn(arn).certificates(certificate.clone()).send();
        self.caller.write(ADD_LISTENER_CERTIFICATES, arn, |_| None, call).await?;
        Ok(())
    }

    /// Takes a certificate off a listener. One that it does not have, or a listener that is gone, is no error.
    ///
    /// # Errors
    /// Those of AWS. The default one cannot be taken off.
    pub async fn remove_listener_certificate(&self, arn: &str, certificate: &str) -> Result<(), AwsError> {
        let certificate = to_certificate(certificate);
        let call = || self.client.remove_listener_certificates().listener_arn(arn).certificates(certificate.clone()).send();
        gone_is_done(self.caller.write(REMOVE_LISTENER_CERTIFICATES, arn, |_| None, call).await)
    }

    /// Deletes a listener with its rules. One that is gone is no error.
    ///
    /// # Errors
    /// Those of AWS.
    pub async fn delete_listener(&self, arn: &str) -> Result<(), AwsError> {
        let call = || self.client.delete_listener().listener_arn(arn).send();
        gone_is_done(self.caller.write(DELETE_LISTENER, arn, |_| None, call).await)
    }
}
