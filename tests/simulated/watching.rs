//! Watches: what changed since a version, then what changes, with bookmarks, until the watch breaks.

use crate::kubernetes::{Change, Key, Kubernetes};
use axum::body::Bytes;
use futures::Stream;
use serde_json::{Value, json};
use std::io;
use std::time::Duration;
use tokio::time::timeout;

/// How long a watch without news is silent.
const BOOKMARK: Duration = Duration::from_mins(1);

struct Watch {
    server: Kubernetes,
    key: Key,
    from: u64,
    breaks: u64,
    is_over: bool,
}

/// Lines of a watch.
pub fn watch(server: Kubernetes, key: Key, from: u64) -> impl Stream<Item = Result<Bytes, io::Error>> {
    let breaks = server.with(|state| state.breaks);
    let watch = Watch { server, key, from, breaks, is_over: false };
    futures::stream::unfold(watch, |mut watch| async move {
        let line = watch.next().await?;
        Some((Ok(Bytes::from(line.to_string() + "\n")), watch))
    })
}

impl Watch {
    async fn next(&mut self) -> Option<Value> {
        let mut news = self.server.news();
        loop {
            if self.is_over {
                return None;
            }
            news.mark_unchanged();
            let (change, breaks, lag) = self.server.with(|state| {
                let later = state.log.partition_point(|change| change.version <= self.from);
                let is_ours = |change: &&Change| change.key.0 == self.key.0;
                (state.log[later..].iter().find(is_ours).cloned(), state.breaks, state.lag)
            });
            if breaks != self.breaks {
                return self.broken(breaks);
            }
            if let Some(change) = change {
                tokio::time::sleep(lag).await;
                self.from = change.version;
                return Some(json!({"type": change.kind, "object": change.object}));
            }
            // Another kind has changed, or this watch is to break.
            let waited = timeout(BOOKMARK, news.changed()).await;
            if waited.is_err() {
                return Some(self.bookmark());
            }
        }
    }

    /// Every other watch that breaks has fallen behind and is to list again.
    fn broken(&mut self, breaks: u64) -> Option<Value> {
        self.is_over = true;
        let gone = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Expired", "message": "too old resource version", "code": 410});
        breaks.is_multiple_of(2).then(|| json!({"type": "ERROR", "object": gone}))
    }

    fn bookmark(&self) -> Value {
        let kind = if self.key.0 == "ecsservices" { "EcsService" } else { "EcsTaskDefinition" };
        json!({"type": "BOOKMARK", "object": {
            "kind": kind, "apiVersion": "ecs-operator.io/v1alpha1", "metadata": {"resourceVersion": self.from.to_string()},
        }})
    }
}
