//! A target group.

use crate::api::EcsTargetGroup;
use crate::engine::cache::{Indexed, Key, owner_key};
use crate::engine::watch::{DigestOfStatus, hash};
use kube::ResourceExt;

impl Indexed for EcsTargetGroup {
    fn keys(&self) -> Vec<Key> {
        let namespace = self.namespace().unwrap_or_default();
        let mut keys: Vec<Key> = owner_key(self).into_iter().collect();
        if let Some(listener) = &self.spec.listener {
            keys.extend(listener.arn.iter().cloned().map(Key::Listener));
            keys.extend(
                listener
                    .r#ref
                    .iter()
                    .map(|it| Key::LoadBalancer(it.namespace.clone().unwrap_or_else(|| namespace.clone()), it.name.clone())),
            );
        }
        keys
    }
}

impl DigestOfStatus for EcsTargetGroup {
    fn digest_of_status(&self) -> u64 {
        let Some(status) = &self.status else { return 0 };
        let ready = status.conditions.iter().find(|one| one.type_ == "Ready").map(|one| (&one.status, &one.message));
        let previous: Vec<&str> = status.previous.iter().map(|it| it.arn.as_str()).collect();
        let health = (status.healthy, status.unhealthy, &status.load_balancer_arns);
        hash(&(&status.arn, previous, status.serving, health, status.observed_generation, ready))
    }
}
