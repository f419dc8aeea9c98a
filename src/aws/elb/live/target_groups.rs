//! Reads target groups.

use super::apart::apart;
use super::followed::{Batch, Reading};
use super::in_turn::Item;
use super::views::{TargetGroupKey, TargetGroupView};
use super::{Balancing, State};
use crate::aws::elb::calls::Elb;
use crate::aws::elb::model::TargetGroup;
use crate::aws::error::AwsError;
use tokio::time::Instant;

impl Balancing {
    pub(super) async fn read_target_groups(&self, batch: Batch<TargetGroupKey>) {
        let elb = self.0.elb(batch.priority);
        let started = Instant::now();
        let is_of = |group: &TargetGroup, key: &TargetGroupKey| match key {
            TargetGroupKey::Arn(arn) => group.arn == *arn,
            TargetGroupKey::Name(name) => group.name == *name,
        };
        let readings = apart(batch.keys.clone(), |keys| describe(elb.clone(), keys), is_of).await;
        let arns: Vec<String> = readings.iter().filter_map(|(_, (reading, _))| found(reading)).collect();
        self.read_tags(&arns, batch.priority, true).await;
        let polling = &self.0.polling;
        let mut state = self.0.state.lock();
        let spread = state.spread.next(polling.settled);
        for (key, (reading, is_alone)) in readings {
            let arn = found(&reading);
            let view = reading.map(|group| state.view_target_group(group));
            let told = state.target_groups.absorb(&key, (view, is_alone), (started, spread), polling);
            state.tell(told);
            if let Some(arn) = arn {
                let items = [Item::Health(arn.clone()), Item::TargetGroupAttributes(arn)];
                state.keep_reading(items, batch.rolling.contains(&key), polling);
            }
        }
        self.0.woken.notify_one();
    }
}

fn found(reading: &Reading<TargetGroup>) -> Option<String> {
    match reading {
        Reading::Found(group) => Some(group.arn.clone()),
        _ => None,
    }
}

/// Describes target groups that are all named in the same way.
async fn describe(elb: Elb, keys: Vec<TargetGroupKey>) -> Result<Vec<TargetGroup>, AwsError> {
    let is_by_arn = matches!(keys.first(), Some(TargetGroupKey::Arn(_)));
    let names: Vec<String> = keys.into_iter().map(|(TargetGroupKey::Arn(name) | TargetGroupKey::Name(name))| name).collect();
    if is_by_arn { elb.describe_target_groups(&names).await } else { elb.describe_target_groups_named(&names).await }
}

impl State {
    pub(super) fn view_target_group(&self, target_group: TargetGroup) -> Reading<TargetGroupView> {
        let arn = &target_group.arn;
        match self.beside.tags(arn) {
            Err(error) => Reading::Failed(error),
            Ok(tags) => {
                let (attributes, health) = (self.beside.attributes(arn), self.beside.health(arn));
                Reading::Found(TargetGroupView { target_group, tags, attributes, health })
            }
        }
    }
}
