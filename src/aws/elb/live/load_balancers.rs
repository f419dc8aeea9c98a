//! Reads load balancers, with their listeners.

use super::apart::{Apart, apart};
use super::beside::is_gone;
use super::followed::{Batch, Reading};
use super::in_turn::Item;
use super::views::{LoadBalancerKey, LoadBalancerListener, LoadBalancerView};
use super::{Balancing, State};
use crate::aws::elb::calls::Elb;
use crate::aws::elb::model::{Listener, LoadBalancer};
use crate::aws::error::AwsError;
use crate::aws::pace::Priority;
use futures::future::join_all;
use std::collections::{BTreeMap, BTreeSet};
use tokio::time::Instant;

type Readings = Vec<(LoadBalancerKey, Apart<LoadBalancer>)>;
/// Listeners, by the ARN of their load balancer.
type Listeners = BTreeMap<String, Result<Vec<Listener>, AwsError>>;

impl Balancing {
    pub(super) async fn read_load_balancers(&self, batch: Batch<LoadBalancerKey>) {
        let elb = self.0.elb(batch.priority);
        let started = Instant::now();
        let readings = if matches!(batch.keys.first(), Some(LoadBalancerKey::Tags(_))) {
            self.find_by_tags(&batch.keys, batch.priority).await
        } else {
            let is_of = |one: &LoadBalancer, key: &LoadBalancerKey| match key {
                LoadBalancerKey::Arn(arn) => one.arn == *arn,
                LoadBalancerKey::Name(name) => one.name == *name,
                LoadBalancerKey::Tags(_) => false,
            };
            apart(batch.keys.clone(), |keys| describe(elb.clone(), keys), is_of).await
        };
        let listeners = read_listeners_of(&elb, &readings).await;
        let of_listeners = listeners.values().filter_map(|read| read.as_ref().ok()).flatten().map(|one| &one.arn);
        let arns: Vec<String> = listeners.keys().chain(of_listeners).cloned().collect();
        self.read_tags(&arns, batch.priority, false).await;
        let polling = &self.0.polling;
        let mut state = self.0.state.lock();
        let spread = state.spread.next(polling.settled);
        for (key, (reading, is_alone)) in readings {
            let view = reading.map(|one| state.view_load_balancer(one, &listeners, started));
            let items = items_beside(&view);
            let told = state.load_balancers.absorb(&key, (view, is_alone), (started, spread), polling);
            state.tell(told);
            state.keep_reading(items, batch.rolling.contains(&key), polling);
        }
        self.0.woken.notify_one();
    }

    /// AWS cannot look for tags: all load balancers are read, with their tags.
    async fn find_by_tags(&self, keys: &[LoadBalancerKey], priority: Priority) -> Readings {
        let all = match self.0.elb(priority).describe_all_load_balancers().await {
            Ok(all) => all,
            Err(e) => return keys.iter().map(|key| (key.clone(), (Reading::Failed(e.clone()), false))).collect(),
        };
        let arns: Vec<String> = all.iter().map(|one| one.arn.clone()).collect();
        self.read_tags(&arns, priority, false).await;
        let state = self.0.state.lock();
        keys.iter().map(|key| (key.clone(), (state.matching(key, &all), false))).collect()
    }
}

impl State {
    fn matching(&self, key: &LoadBalancerKey, all: &[LoadBalancer]) -> Reading<LoadBalancer> {
        let LoadBalancerKey::Tags(wanted) = key else { return Reading::Missing };
        let mut found = Vec::new();
        for one in all {
            match self.beside.tags(&one.arn) {
                Ok(tags) if wanted.iter().all(|(name, value)| tags.get(name) == Some(value)) => found.push(one),
                Ok(_) => {}
                Err(error) if is_gone(&error) => {}
                // It may be the one that is meant, or a second.
                Err(error) => return Reading::Failed(error),
            }
        }
        match found.as_slice() {
            [] => Reading::Missing,
            [one] => Reading::Found((*one).clone()),
            several => {
                let mut arns: Vec<String> = several.iter().map(|one| one.arn.clone()).collect();
                arns.sort();
                Reading::Several(arns)
            }
        }
    }

    fn view_load_balancer(
        &mut self,
        load_balancer: LoadBalancer,
        listeners: &Listeners,
        started: Instant,
    ) -> Reading<LoadBalancerView> {
        let arn = &load_balancer.arn;
        let read = match listeners.get(arn) {
            Some(Ok(read)) => read,
            Some(Err(error)) if !error.is_load_balancing_gone() => return Reading::Failed(error.clone()),
            _ => return Reading::Missing,
        };
        let tags = match self.beside.tags(arn) {
            Ok(tags) => tags,
            Err(error) if is_gone(&error) => return Reading::Missing,
            Err(error) => return Reading::Failed(error),
        };
        let mut listeners = Vec::new();
        let mut read = self.listener_writes.merged(arn, read, (started, Instant::now()), |listener| &listener.arn);
        read.sort_by(|a, b| (a.port, &a.arn).cmp(&(b.port, &b.arn)));
        for listener in read {
            match self.beside.tags(&listener.arn) {
                Ok(tags) => {
                    let certificates = self.beside.certificates(&listener.arn);
                    listeners.push(LoadBalancerListener { listener, tags, certificates });
                }
                // It went while we looked.
                Err(error) if is_gone(&error) => {}
                Err(error) => return Reading::Failed(error),
            }
        }
        let attributes = self.beside.attributes(arn);
        Reading::Found(LoadBalancerView { load_balancer, tags, attributes, listeners })
    }
}

/// Describes load balancers that are all named in the same way.
async fn describe(elb: Elb, keys: Vec<LoadBalancerKey>) -> Result<Vec<LoadBalancer>, AwsError> {
    let is_by_arn = matches!(keys.first(), Some(LoadBalancerKey::Arn(_)));
    let name = |key| match key {
        LoadBalancerKey::Arn(name) | LoadBalancerKey::Name(name) => Some(name),
        LoadBalancerKey::Tags(_) => None,
    };
    let names: Vec<String> = keys.into_iter().filter_map(name).collect();
    if is_by_arn { elb.describe_load_balancers(&names).await } else { elb.describe_load_balancers_named(&names).await }
}

/// Reads the listeners of the load balancers that were found.
async fn read_listeners_of(elb: &Elb, readings: &Readings) -> Listeners {
    let found = readings.iter().filter_map(|(_, (reading, _))| match reading {
        Reading::Found(one) => Some(one.arn.clone()),
        _ => None,
    });
    let arns: BTreeSet<String> = found.collect();
    join_all(arns.into_iter().map(|arn| async move {
        let read = elb.describe_listeners_of(&arn).await;
        (arn, read)
    }))
    .await
    .into_iter()
    .collect()
}

/// What is to be read beside a load balancer.
fn items_beside(view: &Reading<LoadBalancerView>) -> Vec<Item> {
    let Reading::Found(view) = view else { return Vec::new() };
    let mut items = vec![Item::LoadBalancerAttributes(view.load_balancer.arn.clone())];
    // Others have no certificates.
    let secure = view.listeners.iter().filter(|one| matches!(one.listener.protocol.as_deref(), Some("HTTPS" | "TLS")));
    items.extend(secure.map(|one| Item::Certificates(one.listener.arn.clone())));
    items
}
