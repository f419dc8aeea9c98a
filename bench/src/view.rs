//! What a user of `kubectl get --watch` would see of services, with the moment at which it was seen.

use crate::world::World;
use anyhow::{Result, ensure};
use futures::StreamExt;
use kube::Api;
use kube::core::{GroupVersionKind, Object};
use kube::discovery::ApiResource;
use kube::runtime::watcher::{self, Event, watcher};
use parking_lot::Mutex;
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// The spec is of no interest here.
#[derive(Clone, Debug, Deserialize)]
struct Spec {}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    running_count: Option<i64>,
    conditions: Vec<Condition>,
}

#[derive(Clone, Debug, Deserialize)]
struct Condition {
    #[serde(rename = "type")]
    kind: String,
    status: String,
}

type Slim = Object<Spec, Status>;

#[derive(Clone, Copy, Debug)]
struct Shown {
    ready: bool,
    running: i64,
    /// Since when `running` is shown.
    since: Instant,
}

/// All objects of one kind, followed by a watch.
pub struct View {
    shown: Arc<Mutex<HashMap<String, Shown>>>,
    watch: JoinHandle<()>,
}

impl Drop for View {
    fn drop(&mut self) {
        self.watch.abort();
    }
}

impl View {
    /// Begins to watch a kind.
    pub fn of(world: &World, kind: &str) -> Self {
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk("ecs-operator.io", "v1alpha1", kind));
        let api: Api<Slim> = Api::namespaced_with(world.kube.clone(), "default", &resource);
        let shown: Arc<Mutex<HashMap<String, Shown>>> = Arc::default();
        let writes = Arc::clone(&shown);
        let watch = tokio::spawn(async move {
            let mut events = watcher(api, watcher::Config::default().any_semantic()).boxed();
            while let Some(event) = events.next().await {
                if let Ok(Event::Apply(object) | Event::InitApply(object)) = event {
                    take(&mut writes.lock(), object);
                }
            }
        });
        Self { shown, watch }
    }

    /// How many are Ready.
    pub fn ready(&self) -> usize {
        self.shown.lock().values().filter(|shown| shown.ready).count()
    }

    /// Waits until so many are Ready.
    ///
    /// # Errors
    /// When none more becomes Ready for `patience`.
    pub async fn until_ready(&self, count: usize, world: &World, patience: Duration) -> Result<()> {
        let mut last = (self.ready(), Instant::now());
        while last.0 < count {
            tokio::time::sleep(Duration::from_millis(20)).await;
            let ready = self.ready();
            if ready != last.0 {
                last = (ready, Instant::now());
            }
            ensure!(last.1.elapsed() < patience, "{ready} of {count} are Ready and no more become so; {}", world.explain());
        }
        Ok(())
    }

    /// Since when a service shows this number of running tasks, if it does.
    pub fn shows_running(&self, name: &str, running: i64) -> Option<Instant> {
        self.shown.lock().get(name).filter(|shown| shown.running == running).map(|shown| shown.since)
    }
}

fn take(all: &mut HashMap<String, Shown>, object: Slim) {
    let status = object.status.unwrap_or_default();
    let ready = status.conditions.iter().any(|one| one.kind == "Ready" && one.status == "True");
    let running = status.running_count.unwrap_or_default();
    let name = object.metadata.name.unwrap_or_default();
    let before = all.get(&name).filter(|before| before.running == running).map(|before| before.since);
    all.insert(name, Shown { ready, running, since: before.unwrap_or_else(Instant::now) });
}
