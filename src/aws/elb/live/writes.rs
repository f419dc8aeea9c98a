//! Our own writes: what they returned counts as read. Nobody is told of it, since whoever wrote knows.

use super::followed::ListenerKey;
use super::in_turn::names_of_target_group;
use super::rules::{in_order, listener_of};
use super::views::{LoadBalancerKey, LoadBalancerListener, LoadBalancerView, TargetGroupKey, TargetGroupView};
use super::{Balancing, State};
use crate::aws::elb::model::{Attributes, Listener, LoadBalancer, Rule, Tags, TargetGroup};
use tokio::time::Instant;

impl Balancing {
    /// Takes a rule as our own write returned it. `tags`: those that it was made with; `None` where it was changed.
    pub fn wrote_rule(&self, rule: &Rule, tags: Option<&Tags>) {
        let (now, listener, polling) = (Instant::now(), listener_of(&rule.arn), self.0.polling);
        self.change(|state| {
            if let Some(tags) = tags {
                state.beside.tags.entry(rule.arn.clone()).or_default().wrote(tags.clone(), now);
            }
            state.reserved.seen(&listener, rule.priority);
            state.rule_writes.note(&rule.arn, Some(rule.clone()), now);
            state.listeners.change(&ListenerKey(listener), |view| {
                if let Some((held, _)) = view.rules.iter_mut().find(|(held, _)| held.arn == rule.arn) {
                    held.clone_from(rule);
                } else if let Some(tags) = tags {
                    view.rules.push((rule.clone(), tags.clone()));
                }
                in_order(&mut view.rules, |(rule, _)| rule);
            });
            // They belong to the load balancer from now on, and services wait for that.
            for group in rule.target_groups() {
                state.hurry_unattached(&group.arn, &polling);
            }
        });
    }

    /// Notes that we deleted a rule.
    pub fn deleted_rule(&self, arn: &str) {
        self.change(|state| {
            state.rule_writes.note(arn, None, Instant::now());
            state.listeners.change(&ListenerKey(listener_of(arn)), |view| view.rules.retain(|(rule, _)| rule.arn != arn));
        });
    }

    /// Notes a write to a rule or a listener whose end is not known. It is read at once, and all who follow it are told.
    pub fn touched_listener(&self, arn: &str) {
        self.change(|state| {
            state.listener_writes.forget(arn);
            state.listeners.touched(&ListenerKey(arn.to_owned()));
        });
    }

    /// Takes a target group as our own write returned it. `tags`: those that it was made with; `None` where it was changed.
    pub fn wrote_target_group(&self, group: &TargetGroup, tags: Option<&Tags>) {
        self.change(|state| {
            let arn = &group.arn;
            if let Some(tags) = tags {
                state.beside.tags.entry(arn.clone()).or_default().wrote(tags.clone(), Instant::now());
            }
            let Ok(tags) = state.beside.tags(arn) else { return };
            for key in names_of_target_group(arn) {
                let (attributes, health) = (state.beside.attributes(arn), state.beside.health(arn));
                let view = TargetGroupView { target_group: group.clone(), tags: tags.clone(), attributes, health };
                state.target_groups.wrote(&key, view);
            }
        });
    }

    /// Takes attributes of a target group that our own write returned, beside those that were read.
    pub fn wrote_target_group_attributes(&self, arn: &str, attributes: &Attributes) {
        self.change(|state| {
            state.wrote_attributes(arn, attributes);
            state.show_target_group(arn, false);
        });
    }

    /// Notes that we deleted a target group.
    pub fn deleted_target_group(&self, arn: &str) {
        self.change(|state| {
            for key in names_of_target_group(arn) {
                state.target_groups.deleted(&key);
            }
        });
    }

    /// Notes a write to a target group whose end is not known. It is read at once, and all who follow it are told.
    pub fn touched_target_group(&self, by: &TargetGroupKey) {
        self.change(|state| state.target_groups.touched(by));
    }

    /// Takes a load balancer as our own write returned it. `tags`: those that it was made with; `None` where it was changed.
    pub fn wrote_load_balancer(&self, one: &LoadBalancer, tags: Option<&Tags>) {
        self.change(|state| {
            if let Some(tags) = tags {
                state.beside.tags.entry(one.arn.clone()).or_default().wrote(tags.clone(), Instant::now());
            }
            let Ok(tags) = state.beside.tags(&one.arn) else { return };
            for key in [LoadBalancerKey::Arn(one.arn.clone()), LoadBalancerKey::Name(one.name.clone())] {
                let held = state.load_balancers.shown(&key).filter(|held| held.load_balancer.arn == one.arn);
                let listeners = held.map(|held| held.listeners.clone()).unwrap_or_default();
                let (attributes, load_balancer) = (state.beside.attributes(&one.arn), one.clone());
                let view = LoadBalancerView { load_balancer, tags: tags.clone(), attributes, listeners };
                state.load_balancers.wrote(&key, view);
            }
        });
    }

    /// Takes attributes of a load balancer that our own write returned, beside those that were read.
    pub fn wrote_load_balancer_attributes(&self, arn: &str, attributes: &Attributes) {
        self.change(|state| {
            state.wrote_attributes(arn, attributes);
            state.show_load_balancer(arn, false);
        });
    }

    /// Takes a listener as our own write returned it. `tags`: those that it was made with; `None` where it was changed.
    pub fn wrote_listener(&self, listener: &Listener, tags: Option<&Tags>) {
        self.change(|state| {
            let (of, arn) = (&listener.load_balancer_arn, &listener.arn);
            state.listener_writes.note(of, arn, Some(listener.clone()), Instant::now());
            if let Some(tags) = tags {
                state.beside.tags.entry(listener.arn.clone()).or_default().wrote(tags.clone(), Instant::now());
            }
            if let Ok(tags) = state.beside.tags(&listener.arn) {
                state.write_listeners(&listener.load_balancer_arn, |listeners| {
                    let written = LoadBalancerListener { listener: listener.clone(), tags: tags.clone(), certificates: None };
                    match listeners.iter_mut().find(|held| held.listener.arn == listener.arn) {
                        Some(held) => held.listener.clone_from(listener),
                        None => listeners.push(written),
                    }
                    listeners.sort_by(|a, b| (a.listener.port, &a.listener.arn).cmp(&(b.listener.port, &b.listener.arn)));
                });
            }
            // Its default rule changed with it.
            state.listeners.hurry(&ListenerKey(listener.arn.clone()), &self.0.polling);
        });
    }

    /// Notes that we deleted a listener.
    pub fn deleted_listener(&self, load_balancer: &str, arn: &str) {
        self.change(|state| {
            state.listener_writes.note(load_balancer, arn, None, Instant::now());
            state.write_listeners(load_balancer, |listeners| listeners.retain(|held| held.listener.arn != arn));
            state.listeners.deleted(&ListenerKey(arn.to_owned()));
        });
    }

    /// Takes the certificates of a listener beside its default one, as our own writes left them.
    pub fn wrote_certificates(&self, listener: &str, mut certificates: Vec<String>) {
        certificates.sort();
        self.change(|state| {
            state.beside.certificates.entry(listener.to_owned()).or_default().wrote(certificates, Instant::now());
            state.show_load_balancer(listener, false);
        });
    }

    /// Notes that we deleted a load balancer.
    pub fn deleted_load_balancer(&self, arn: &str) {
        self.change(|state| {
            for key in state.keys_of(arn) {
                state.load_balancers.deleted(&key);
            }
        });
    }

    /// Notes a write to a load balancer whose end is not known. It is read at once, and all who follow it are told.
    pub fn touched_load_balancer(&self, by: &LoadBalancerKey) {
        self.change(|state| state.load_balancers.touched(by));
    }

    /// Takes all the tags that a thing has after our own writes.
    pub fn retagged(&self, arn: &str, tags: &Tags) {
        self.change(|state| {
            state.beside.tags.entry(arn.to_owned()).or_default().wrote(tags.clone(), Instant::now());
            if arn.contains(":listener-rule/") {
                state.listeners.change(&ListenerKey(listener_of(arn)), |view| {
                    let of_it = view.rules.iter_mut().filter(|(rule, _)| rule.arn == arn);
                    of_it.for_each(|(_, held)| held.clone_from(tags));
                });
            } else if arn.contains(":targetgroup/") {
                state.show_target_group(arn, false);
            } else {
                state.show_load_balancer(arn, false);
            }
        });
    }
}

impl State {
    /// AWS shows all attributes, or those that were changed: the others are as before, if they were read.
    fn wrote_attributes(&mut self, arn: &str, attributes: &Attributes) {
        if let Some(mut all) = self.beside.attributes(arn) {
            all.extend(attributes.clone());
            self.beside.attributes.entry(arn.to_owned()).or_default().wrote(all, Instant::now());
        }
    }

    fn hurry_unattached(&mut self, arn: &str, polling: &crate::aws::reflector::Polling) {
        for key in names_of_target_group(arn) {
            if self.target_groups.shown(&key).is_some_and(|view| view.target_group.load_balancer_arns.is_empty()) {
                self.target_groups.hurry(&key, polling);
            }
        }
    }

    fn keys_of(&self, load_balancer: &str) -> Vec<LoadBalancerKey> {
        let of_it = self.load_balancers.live().filter(|(_, view)| view.load_balancer.arn == load_balancer);
        of_it.map(|(key, _)| key.clone()).collect()
    }

    fn write_listeners(&mut self, load_balancer: &str, write: impl Fn(&mut Vec<LoadBalancerListener>)) {
        for key in self.keys_of(load_balancer) {
            if let Some(held) = self.load_balancers.shown(&key) {
                let mut view = (**held).clone();
                write(&mut view.listeners);
                self.load_balancers.wrote(&key, view);
            }
        }
    }
}
