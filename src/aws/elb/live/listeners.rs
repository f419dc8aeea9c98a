//! Reads listeners, with their load balancers and their rules.

use super::apart::apart;
use super::beside::is_gone;
use super::followed::{Batch, ListenerKey, Reading};
use super::rules::RulesRead;
use super::views::ListenerView;
use super::{Balancing, State};
use crate::aws::elb::model::{Listener, LoadBalancer};
use crate::aws::error::AwsError;
use futures::future::join_all;
use std::collections::{BTreeMap, BTreeSet};
use tokio::time::Instant;

/// What was read of the load balancers and the rules of listeners, by ARN.
struct Around {
    load_balancers: BTreeMap<String, Reading<LoadBalancer>>,
    rules: BTreeMap<String, Result<RulesRead, AwsError>>,
}

impl Balancing {
    /// Reads a batch: one call for the listeners, one for their load balancers, and one each for their rules.
    pub(super) async fn read_listeners(&self, batch: Batch<ListenerKey>) {
        let elb = self.0.elb(batch.priority);
        let started = Instant::now();
        let describe = |keys: Vec<ListenerKey>| {
            let elb = elb.clone();
            async move {
                let arns: Vec<String> = keys.into_iter().map(|ListenerKey(arn)| arn).collect();
                elb.describe_listeners(&arns).await
            }
        };
        let readings = apart(batch.keys.clone(), describe, |listener: &Listener, key| listener.arn == key.0).await;
        let found: Vec<&Listener> = readings.iter().filter_map(|(_, (reading, _))| found(reading)).collect();
        let around = self.read_around(&found, &batch).await;
        let read = around.rules.values().filter_map(|read| read.as_ref().ok()).flat_map(|read| &read.rules);
        let arns: Vec<String> = read.map(|rule| rule.arn.clone()).collect();
        self.read_tags(&arns, batch.priority, false).await;
        let polling = &self.0.polling;
        let mut state = self.0.state.lock();
        let spread = state.spread.next(polling.settled);
        for (key, (reading, is_alone)) in readings {
            let view = reading.map(|listener| state.view_listener(listener, &around));
            let told = state.listeners.absorb(&key, (view, is_alone), (started, spread), polling);
            state.tell(told);
        }
        self.0.woken.notify_one();
    }

    async fn read_around(&self, listeners: &[&Listener], batch: &Batch<ListenerKey>) -> Around {
        let elb = self.0.elb(batch.priority);
        let owners: BTreeSet<String> = listeners.iter().map(|listener| listener.load_balancer_arn.clone()).collect();
        let describe = |arns: Vec<String>| {
            let elb = elb.clone();
            async move { elb.describe_load_balancers(&arns).await }
        };
        let owners = apart(owners.into_iter().collect(), describe, |one: &LoadBalancer, arn| one.arn == *arn);
        let rules = listeners.iter().map(|listener| {
            let (elb, arn) = (elb.clone(), listener.arn.clone());
            async move {
                let started = Instant::now();
                let read = elb.describe_rules(&arn).await;
                (arn, read.map(|rules| RulesRead { rules, started }))
            }
        });
        let (owners, rules) = futures::join!(owners, join_all(rules));
        Around {
            load_balancers: owners.into_iter().map(|(arn, (reading, _))| (arn, reading)).collect(),
            rules: rules.into_iter().collect(),
        }
    }
}

const fn found(reading: &Reading<Listener>) -> Option<&Listener> {
    match reading {
        Reading::Found(listener) => Some(listener),
        _ => None,
    }
}

impl State {
    fn view_listener(&mut self, listener: Listener, around: &Around) -> Reading<ListenerView> {
        let load_balancer = match around.load_balancers.get(&listener.load_balancer_arn) {
            Some(Reading::Found(load_balancer)) => load_balancer.clone(),
            Some(Reading::Failed(error)) => return Reading::Failed(error.clone()),
            _ => return Reading::Missing,
        };
        let read = match around.rules.get(&listener.arn) {
            Some(Ok(read)) => read,
            Some(Err(error)) if !error.is_load_balancing_gone() => return Reading::Failed(error.clone()),
            _ => return Reading::Missing,
        };
        let mut rules = Vec::new();
        for rule in self.rule_writes.merged(&listener.arn, read, Instant::now()) {
            match self.beside.tags(&rule.arn) {
                Ok(tags) => rules.push((rule, tags)),
                // It went while we looked.
                Err(error) if is_gone(&error) => {}
                Err(error) => return Reading::Failed(error),
            }
        }
        let priorities = rules.iter().filter_map(|(rule, _)| rule.priority);
        self.reserved.seen(&listener.arn, priorities);
        Reading::Found(ListenerView { listener, load_balancer, rules })
    }
}
