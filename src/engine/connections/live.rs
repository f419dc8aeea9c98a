//! The live side of one connection: what is read of AWS, by whom it is asked for, as long as the connection is open.

use super::News;
use crate::aws::reflector::{Polling, Services};
use crate::aws::{Balancing, Certificates, Connection, Priority};
use crate::engine::ctx::Aws;
use futures::StreamExt;
use futures::channel::mpsc::UnboundedSender;
use std::time::Duration;
use tokio::task::JoinSet;

/// What reads, and what was read. Dropping it ends the reading.
pub(super) struct Live {
    services: Services,
    balancing: Balancing,
    certificates: Certificates,
    _running: JoinSet<()>,
}

impl Live {
    /// Reads with a connection's own session from now on; `news` learns of what has changed.
    pub(super) fn begin(own: &Connection, polling: Polling, news: &UnboundedSender<News>) -> Self {
        let services = Services::new(own.ecs.at(Priority::Sweep), polling);
        let balancing = Balancing::new(own.elb.at(Priority::Sweep), polling);
        let certificates = Certificates::new(own.acm.at(Priority::Sweep), polling);
        let of_services = services.changes().map(|owner| ("EcsService", owner));
        let of_others = futures::stream::select(balancing.changes(), certificates.changes()).map(|who| (who.kind, who.object));
        let mut changes = Box::pin(futures::stream::select(of_services, of_others));
        let (mut running, news) = (JoinSet::new(), news.clone());
        running.spawn(async move {
            while let Some(change) = changes.next().await {
                let _ = news.unbounded_send(change);
            }
        });
        let (a, b, c) = (services.clone(), balancing.clone(), certificates.clone());
        running.spawn(async move { a.run().await });
        running.spawn(async move { b.run().await });
        running.spawn(async move { c.run().await });
        Self { services, balancing, certificates, _running: running }
    }

    /// Reads with other credentials, or elsewhere. What was read stays: the account and the region are the same.
    pub(super) fn reconnect(&self, own: &Connection) {
        self.services.reconnect(own.ecs.at(Priority::Sweep));
        self.balancing.reconnect(own.elb.at(Priority::Sweep));
        self.certificates.reconnect(own.acm.at(Priority::Sweep));
    }

    /// How long ago AWS last answered for what it has not answered for longest, of each kind of things that is followed.
    pub(super) fn ages(&self) -> impl Iterator<Item = (&'static str, Duration)> {
        let all = [("services", self.services.age()), ("certificates", self.certificates.age())];
        all.into_iter().chain(self.balancing.ages()).filter_map(|(what, age)| Some((what, age?)))
    }

    /// This live side, beside the calls of a connection.
    pub(super) fn aws(&self, connection: Connection) -> Aws {
        let (services, balancing, certificates) = (self.services.clone(), self.balancing.clone(), self.certificates.clone());
        Aws { connection, services, balancing, certificates }
    }
}
