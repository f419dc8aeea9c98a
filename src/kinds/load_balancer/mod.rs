//! A load balancer with its listeners.

use crate::api::EcsLoadBalancer;
use crate::engine::cache::{Indexed, Key};
use crate::engine::watch::{DigestOfStatus, hash};
use kube::ResourceExt;

impl Indexed for EcsLoadBalancer {
    fn keys(&self) -> Vec<Key> {
        let namespace = self.namespace().unwrap_or_default();
        let listeners = self.status.iter().flat_map(|status| &status.listeners);
        let mut keys: Vec<Key> = listeners.map(|listener| Key::Listener(listener.arn.clone())).collect();
        let actions = self.spec.listeners.iter().flatten().filter_map(|listener| listener.default_action.as_ref());
        let forward = actions.flat_map(|action| action.forward.iter().flatten()).filter_map(|it| it.target_group_ref.as_ref());
        keys.extend(
            forward.map(|it| Key::TargetGroup(it.namespace.clone().unwrap_or_else(|| namespace.clone()), it.name.clone())),
        );
        keys
    }
}

impl DigestOfStatus for EcsLoadBalancer {
    fn digest_of_status(&self) -> u64 {
        let Some(status) = &self.status else { return 0 };
        let listeners: Vec<_> = status.listeners.iter().map(|it| (it.port, &it.protocol, &it.arn)).collect();
        hash(&(&status.load_balancer_arn, &status.dns_name, &status.vpc_id, listeners, status.observed_generation))
    }
}
