//! The loop that does what is due.

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

/// How long the loop sleeps when nothing is due.
const IDLE: Duration = Duration::from_hours(1);

/// Does what is due, for ever. `due` takes the work of this moment and says when there is more; work may bring more work.
pub(in crate::aws) async fn drive<'a, W>(
    woken: &Notify,
    mut due: impl FnMut() -> (Vec<W>, Option<Instant>),
    work: impl Fn(W) -> BoxFuture<'a, Vec<W>>,
) {
    let mut under_way: FuturesUnordered<BoxFuture<'a, Vec<W>>> = FuturesUnordered::new();
    loop {
        let (now_due, next) = due();
        under_way.extend(now_due.into_iter().map(&work));
        let something = async {
            tokio::select! {
                () = woken.notified() => Vec::new(),
                Some(more) = under_way.next() => more,
            }
        };
        let more = timeout_at(next.unwrap_or_else(|| Instant::now() + IDLE), something).await.unwrap_or_default();
        under_way.extend(more.into_iter().map(&work));
    }
}
