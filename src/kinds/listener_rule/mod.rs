//! A rule of a listener.

use crate::api::EcsListenerRule;
use crate::engine::cache::{Indexed, Key, owner_key};
use crate::engine::watch::{DigestOfStatus, hash};
use kube::ResourceExt;

impl Indexed for EcsListenerRule {
    fn keys(&self) -> Vec<Key> {
        let namespace = self.namespace().unwrap_or_default();
        let within = |other: &Option<String>| other.clone().unwrap_or_else(|| namespace.clone());
        let mut keys: Vec<Key> = owner_key(self).into_iter().collect();
        let seen = self.status.iter().filter_map(|status| status.listener_arn.clone());
        keys.extend(self.spec.listener.arn.iter().cloned().chain(seen).map(Key::Listener));
        keys.extend(self.spec.listener.r#ref.iter().map(|it| Key::LoadBalancer(within(&it.namespace), it.name.clone())));
        let forward = self.spec.action.forward.iter().flatten().filter_map(|it| it.target_group_ref.as_ref());
        keys.extend(forward.map(|it| Key::TargetGroup(within(&it.namespace), it.name.clone())));
        keys.sort();
        keys.dedup();
        keys
    }
}

impl DigestOfStatus for EcsListenerRule {
    fn digest_of_status(&self) -> u64 {
        let Some(status) = &self.status else { return 0 };
        let said: Vec<_> = status.conditions.iter().map(|one| (&one.type_, &one.status, &one.message)).collect();
        let forwards: Vec<_> = status.target_groups.iter().map(|it| (&it.arn, it.weight)).collect();
        hash(&(&status.listener_arn, &status.url, status.priority, forwards, status.observed_generation, said))
    }
}
