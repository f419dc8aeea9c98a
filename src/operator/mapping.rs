//! Which objects are looked at when one changes.

use super::AllTriggers;
use crate::api::aws_connection::DEFAULT;
use crate::api::namespace_policy::NAME;
use crate::api::{
    AwsConnection, EcsListenerRule, EcsLoadBalancer, EcsNamespacePolicy, EcsService, EcsTargetGroup, EcsTaskDefinition,
};
use crate::domain::ObjectKey;
use crate::engine::Managed;
use crate::engine::cache::{Cache, Key};
use crate::engine::connections;
use crate::engine::home::InAws;
use crate::engine::refs::{Caches, task_definition_of};
use crate::engine::triggers::Trigger;
use crate::engine::watch::{Change, Guarded};
use crate::engine::write::has_finalizer;
use crate::kinds::listener_rule::was_refused;
use crate::kinds::service::{EcsServiceKind, key_of};
use crate::kinds::task_definition::family_of;
use k8s_openapi::api::core::v1::Namespace;
use kube::{Resource, ResourceExt};

/// Wakes objects of every kind.
#[derive(Clone)]
pub(super) struct Mapping {
    caches: Caches,
    task_definitions: Trigger<EcsTaskDefinition>,
    services: Trigger<EcsService>,
    target_groups: Trigger<EcsTargetGroup>,
    listener_rules: Trigger<EcsListenerRule>,
    load_balancers: Trigger<EcsLoadBalancer>,
    policies: Trigger<EcsNamespacePolicy>,
    connections: Trigger<AwsConnection>,
}

impl Mapping {
    pub(super) fn new(caches: Caches, triggers: &AllTriggers) -> Self {
        Self {
            caches,
            task_definitions: triggers.task_definitions.sender(),
            services: triggers.services.sender(),
            target_groups: triggers.target_groups.sender(),
            listener_rules: triggers.listener_rules.sender(),
            load_balancers: triggers.load_balancers.sender(),
            policies: triggers.policies.sender(),
            connections: triggers.connections.sender(),
        }
    }

    /// Something new was read in AWS for an object.
    pub(super) fn of_aws(&self, kind: &str, object: &ObjectKey) {
        let ObjectKey { namespace, name } = object;
        match kind {
            EcsServiceKind::KIND => self.services.seen_in_aws(namespace, name),
            "EcsTargetGroup" => self.target_groups.seen_in_aws(namespace, name),
            "EcsListenerRule" => self.listener_rules.seen_in_aws(namespace, name),
            "EcsLoadBalancer" => self.load_balancers.seen_in_aws(namespace, name),
            connections::KIND => self.users_of(name),
            _ => {}
        }
    }

    /// A task definition: itself; the services that run it, when it has a new revision; and those that claim the same
    /// family, when it goes.
    pub(super) fn task_definition(&self, guarded: &Guarded<EcsTaskDefinition>, change: Change) {
        let name = key(guarded);
        self.held_for(guarded);
        if change.itself {
            self.task_definitions.changed(&name.namespace, &name.name);
        }
        if change.status || change.itself {
            // Also the service of its own name: it may have been made from its template, or be in the way of it.
            self.services.look_at(&name.namespace, &name.name);
            wake(&self.caches.services, &Key::TaskDefinition(name.namespace, name.name), &self.services);
        }
        if let (Ok(object), true) = (&guarded.0, change.itself) {
            wake_others(&self.caches.task_definitions, &Key::Family(family_of(object)), object, &self.task_definitions);
        }
    }

    /// A service: itself; the task definition that it runs, which may be waiting for it to go or have been deregistered; its
    /// rules, which may be waiting too; the target groups that it registers tasks in; and those that claim the same service.
    pub(super) fn service(&self, guarded: &Guarded<EcsService>, change: Change) {
        let name = key(guarded);
        self.held_for(guarded);
        if change.itself {
            self.services.changed(&name.namespace, &name.name);
        }
        let Ok(object) = &guarded.0 else { return };
        if let Some((namespace, name)) = task_definition_of(object) {
            let is_refused = object.status.as_ref().is_some_and(|status| status.refused_task_definition.is_some());
            let waits = self.caches.task_definitions.get(&namespace, &name).is_some_and(|found| {
                found.metadata.deletion_timestamp.is_some() || found.status.is_some_and(|status| status.revisions.len() > 1)
            });
            if waits || is_refused {
                self.task_definitions.look_at(&namespace, &name);
            }
        }
        for reference in object.spec.expose.iter().flatten().filter_map(|it| it.target_group.as_ref()?.r#ref.as_ref()) {
            self.target_groups.look_at(reference.namespace.as_ref().unwrap_or(&name.namespace), &reference.name);
        }
        let owner = Key::Owner(name.namespace, name.name);
        wake(&self.caches.target_groups, &owner, &self.target_groups);
        wake_going(&self.caches.listener_rules, &owner, &self.listener_rules);
        if object.metadata.deletion_timestamp.is_some() {
            wake_others(&self.caches.services, &Key::Service(key_of(object)), object, &self.services);
        }
    }

    /// A target group: itself; the service that it belongs to and those that refer to it; and what forwards to it.
    pub(super) fn target_group(&self, guarded: &Guarded<EcsTargetGroup>, change: Change) {
        let name = key(guarded);
        self.held_for(guarded);
        if change.itself {
            self.target_groups.changed(&name.namespace, &name.name);
        }
        let this = Key::TargetGroup(name.namespace.clone(), name.name);
        wake(&self.caches.services, &this, &self.services);
        wake(&self.caches.listener_rules, &this, &self.listener_rules);
        wake(&self.caches.load_balancers, &this, &self.load_balancers);
        let Ok(object) = &guarded.0 else { return };
        self.owners_of(object);
        if let Some(reference) = object.spec.listener.as_ref().and_then(|listener| listener.r#ref.as_ref()) {
            let namespace = reference.namespace.as_ref().unwrap_or(&name.namespace);
            self.load_balancers.look_at(namespace, &reference.name);
        }
        if let Some(arn) = object.spec.listener.as_ref().and_then(|listener| listener.arn.as_ref()) {
            wake(&self.caches.load_balancers, &Key::Listener(arn.clone()), &self.load_balancers);
        }
    }

    /// A rule: itself; the service that it belongs to; the target groups that it forwards to, which may be waiting for it to
    /// go; and all others of its listener, which may be waiting for it to go or to be refused, or be shadowed by a priority that
    /// it asks for.
    pub(super) fn listener_rule(&self, guarded: &Guarded<EcsListenerRule>, change: Change) {
        let name = key(guarded);
        self.held_for(guarded);
        if change.itself {
            self.listener_rules.changed(&name.namespace, &name.name);
        }
        let Ok(object) = &guarded.0 else { return };
        self.owners_of(object);
        let concerns_others = change.itself || object.spec.priority.is_some() || was_refused(object);
        for reference in object.spec.action.forward.iter().flatten().filter_map(|it| it.target_group_ref.as_ref()) {
            self.target_groups.look_at(reference.namespace.as_ref().unwrap_or(&name.namespace), &reference.name);
        }
        if let Some(reference) = &object.spec.listener.r#ref {
            let namespace = reference.namespace.as_ref().unwrap_or(&name.namespace);
            self.load_balancers.look_at(namespace, &reference.name);
            if concerns_others {
                let key = Key::LoadBalancer(namespace.clone(), reference.name.clone());
                wake_others(&self.caches.listener_rules, &key, object, &self.listener_rules);
            }
        }
        let seen = object.status.as_ref().and_then(|status| status.listener_arn.as_ref());
        if let Some(arn) = object.spec.listener.arn.as_ref().or(seen) {
            let key = Key::Listener(arn.clone());
            wake(&self.caches.load_balancers, &key, &self.load_balancers);
            if concerns_others {
                wake_others(&self.caches.listener_rules, &key, object, &self.listener_rules);
            }
        }
    }

    /// A load balancer: itself, what stands on its listeners, and the target groups that these forward to.
    pub(super) fn load_balancer(&self, guarded: &Guarded<EcsLoadBalancer>, change: Change) {
        let name = key(guarded);
        self.held_for(guarded);
        if change.itself {
            self.load_balancers.changed(&name.namespace, &name.name);
        }
        let this = Key::LoadBalancer(name.namespace.clone(), name.name);
        wake(&self.caches.target_groups, &this, &self.target_groups);
        wake(&self.caches.listener_rules, &this, &self.listener_rules);
        let Ok(object) = &guarded.0 else { return };
        let actions = object.spec.listeners.iter().flatten().filter_map(|listener| listener.default_action.as_ref());
        let forward = actions.flat_map(|action| action.forward.iter().flatten());
        for reference in forward.filter_map(|it| it.target_group_ref.as_ref()) {
            self.target_groups.look_at(reference.namespace.as_ref().unwrap_or(&name.namespace), &reference.name);
        }
        for arn in object.status.iter().flat_map(|status| &status.listeners).map(|listener| &listener.arn) {
            wake(&self.caches.listener_rules, &Key::Listener(arn.clone()), &self.listener_rules);
            wake(&self.caches.target_groups, &Key::Listener(arn.clone()), &self.target_groups);
        }
    }

    /// A policy: itself, every object of its namespace, and those of others that refer into it: what was refused may be granted
    /// now. Those that are settled send nothing, and cost a look at the caches.
    pub(super) fn policy(&self, guarded: &Guarded<EcsNamespacePolicy>, change: Change) {
        let ObjectKey { namespace, name } = key(guarded);
        self.policies.changed(&namespace, &name);
        if change.itself {
            self.all_under(&Key::RefersInto(namespace.clone()));
            self.all_under(&Key::Namespace(namespace));
        }
    }

    /// A connection: itself, and everything that is made through it.
    pub(super) fn connection(&self, guarded: &Guarded<AwsConnection>, change: Change) {
        let name = guarded.name_any();
        self.connections.changed("", &name);
        if change.itself {
            self.users_of(&name);
        }
    }

    /// A namespace, when its labels change: connections select it by them, and so do grants of what its objects refer to.
    pub(super) fn namespace(&self, guarded: &Guarded<Namespace>, change: Change) {
        if change.status {
            self.caches.connections.names().iter().for_each(|connection| self.connections.look_at("", &connection.name));
            self.all_under(&Key::Namespace(guarded.name_any()));
        }
    }

    /// Everything that is made through a connection, or would be.
    fn users_of(&self, connection: &str) {
        let named = Key::Connection(connection.to_owned());
        self.all_under(&named);
        self.caches.policies.each(&named, |policy| {
            let namespace = policy.namespace().unwrap_or_default();
            self.policies.look_at(&namespace, NAME);
            self.all_under(&Key::Namespace(namespace));
        });
        if connection == DEFAULT {
            self.all_under(&Key::Connection(String::new()));
        }
    }

    /// Every object in AWS that is found under a key.
    fn all_under(&self, key: &Key) {
        wake(&self.caches.task_definitions, key, &self.task_definitions);
        wake(&self.caches.services, key, &self.services);
        wake(&self.caches.target_groups, key, &self.target_groups);
        wake(&self.caches.listener_rules, key, &self.listener_rules);
        wake(&self.caches.load_balancers, key, &self.load_balancers);
    }

    /// What stays as long as an object has something in AWS: the policy of its namespace and its connection.
    fn held_for<K: InAws>(&self, guarded: &Guarded<K>) {
        self.policy_of(&guarded.namespace().unwrap_or_default());
        let connection = guarded.0.as_ref().ok().and_then(|object| object.home().connection);
        let found = connection.and_then(|name| self.caches.connections.get("", name));
        if let Some(found) = found.filter(|found| found.metadata.deletion_timestamp.is_some() || !has_finalizer(found)) {
            self.connections.look_at("", &found.name_any());
        }
    }

    /// The policy of a namespace stays as long as an object there has something in AWS: it is looked at when it is to go, and
    /// until it is held.
    fn policy_of(&self, namespace: &str) {
        let policy = self.caches.policies.get(namespace, NAME);
        if policy.is_some_and(|policy| policy.metadata.deletion_timestamp.is_some() || !has_finalizer(&policy)) {
            self.policies.look_at(namespace, NAME);
        }
    }

    fn owners_of<K: Resource<DynamicType = ()>>(&self, object: &K) {
        for owner in object.owner_references().iter().filter(|owner| owner.kind == EcsServiceKind::KIND) {
            self.services.look_at(&object.namespace().unwrap_or_default(), &owner.name);
        }
    }
}

fn key<K: Resource>(object: &K) -> ObjectKey {
    ObjectKey { namespace: object.namespace().unwrap_or_default(), name: object.name_any() }
}

/// Wakes all that are found under a key.
fn wake<K: Resource<DynamicType = ()> + Clone + 'static>(cache: &Cache<K>, under: &Key, trigger: &Trigger<K>) {
    cache.each(under, |found| trigger.look_at(&found.namespace().unwrap_or_default(), &found.name_any()));
}

/// Wakes all others that are found under a key.
fn wake_others<K>(cache: &Cache<K>, under: &Key, this: &K, trigger: &Trigger<K>)
where
    K: Resource<DynamicType = ()> + Clone + 'static,
{
    cache.each(under, |found| {
        if found.meta().uid != this.meta().uid {
            trigger.look_at(&found.namespace().unwrap_or_default(), &found.name_any());
        }
    });
}

/// Wakes those under a key that are being deleted.
fn wake_going<K: Resource<DynamicType = ()> + Clone + 'static>(cache: &Cache<K>, under: &Key, trigger: &Trigger<K>) {
    cache.each(under, |found| {
        if found.meta().deletion_timestamp.is_some() {
            trigger.look_at(&found.namespace().unwrap_or_default(), &found.name_any());
        }
    });
}
