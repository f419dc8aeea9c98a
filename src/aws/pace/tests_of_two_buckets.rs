//! Calls that need a token of their class and one of the whole API, in virtual time.

use super::{Pacer, Priority};
use crate::aws::error::{AwsError, Kind};
use crate::aws::operation::{CREATE_LOAD_BALANCER, CREATE_RULE, DESCRIBE_RULES, Operation};
use crate::aws::testing::pass;
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;

/// Buckets as AWS keeps them, with calls that take unequally long to arrive.
#[derive(Default)]
struct Aws {
    buckets: Mutex<Vec<(super::Bucket, f64, Instant)>>,
    throttled: Mutex<u32>,
}

impl Aws {
    fn take(&self, operation: Operation) -> bool {
        let mut buckets = self.buckets.lock();
        let mut wanted: Vec<super::Bucket> = vec![operation.bucket];
        wanted.extend(operation.bucket.overall());
        for bucket in &wanted {
            if !buckets.iter().any(|(known, ..)| known == bucket) {
                buckets.push((*bucket, bucket.size().0, Instant::now()));
            }
        }
        for (bucket, tokens, counted) in buckets.iter_mut() {
            let (burst, rate) = bucket.size();
            *tokens = (*tokens + counted.elapsed().as_secs_f64() * rate).min(burst);
            *counted = Instant::now();
        }
        let is_granted = buckets.iter().all(|(bucket, tokens, _)| !wanted.contains(bucket) || *tokens >= 1.0);
        if is_granted {
            buckets.iter_mut().filter(|(bucket, ..)| wanted.contains(bucket)).for_each(|(_, tokens, _)| *tokens -= 1.0);
        } else {
            *self.throttled.lock() += 1;
        }
        is_granted
    }

    async fn call(&self, operation: Operation, number: usize) -> Result<(), AwsError> {
        pass(Duration::from_millis(10 + (number as u64 * 7919) % 40)).await;
        let is_granted = self.take(operation);
        pass(Duration::from_millis(15)).await;
        if is_granted {
            return Ok(());
        }
        Err(AwsError { kind: Kind::Throttled, ..AwsError::malformed(operation.name, operation.is_write, "") })
    }
}

/// Makes calls that all want to go at once; the task ends with how long the last one took.
fn rush(pacer: &Pacer, aws: &Arc<Aws>, operation: Operation, priority: Priority, calls: usize) -> JoinHandle<f64> {
    let began = Instant::now();
    let mut all = JoinSet::new();
    for number in 0..calls {
        let (pacer, aws) = (pacer.clone(), Arc::clone(aws));
        all.spawn(async move { pacer.run(operation, priority, || aws.call(operation, number)).await });
    }
    tokio::spawn(async move {
        assert!(all.join_all().await.iter().all(Result::is_ok));
        began.elapsed().as_secs_f64()
    })
}

#[tokio::test(start_paused = true)]
async fn alone_in_the_account_nothing_is_throttled_and_each_bucket_is_used_up() {
    let (pacer, aws) = (Pacer::default(), Arc::new(Aws::default()));
    let writes = rush(&pacer, &aws, CREATE_RULE, Priority::Change, 300);
    let reads = rush(&pacer, &aws, DESCRIBE_RULES, Priority::Sweep, 600);
    let (writes, reads) = (writes.await.unwrap(), reads.await.unwrap());
    assert_eq!(*aws.throttled.lock(), 0);
    // (300 - 20) / 3 and (900 - 40) / 10.
    assert!(writes <= 93.4 * 1.05, "{writes} s for the writes");
    assert!(reads <= 86.0 * 1.1, "{reads} s for the reads");
}

#[tokio::test(start_paused = true)]
async fn writes_that_wait_for_their_own_bucket_are_not_in_the_way_of_reads() {
    let (pacer, aws) = (Pacer::default(), Arc::new(Aws::default()));
    let writes = rush(&pacer, &aws, CREATE_RULE, Priority::Change, 200);
    pass(Duration::from_secs(10)).await;
    let reads = rush(&pacer, &aws, DESCRIBE_RULES, Priority::Sweep, 20);
    let reads = reads.await.unwrap();
    assert!(reads <= 2.0, "{reads} s for twenty reads");
    assert!(!writes.is_finished());
}

#[tokio::test(start_paused = true)]
async fn load_balancers_that_wait_for_their_own_bucket_are_not_in_the_way_of_other_writes() {
    let (pacer, aws) = (Pacer::default(), Arc::new(Aws::default()));
    let creations = rush(&pacer, &aws, CREATE_LOAD_BALANCER, Priority::Change, 12);
    pass(Duration::from_secs(1)).await;
    let writes = rush(&pacer, &aws, CREATE_RULE, Priority::Rollout, 10).await.unwrap();
    assert!(writes <= 1.0, "{writes} s for ten rules");
    let creations = creations.await.unwrap();
    assert!((10.0..=13.0).contains(&creations), "{creations} s for two load balancers beyond the burst");
    assert_eq!(*aws.throttled.lock(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_change_goes_before_reads_that_wait_for_the_bucket_of_all() {
    let (pacer, aws) = (Pacer::default(), Arc::new(Aws::default()));
    let reads = rush(&pacer, &aws, DESCRIBE_RULES, Priority::Sweep, 200);
    pass(Duration::from_secs(3)).await;
    let write = rush(&pacer, &aws, CREATE_RULE, Priority::Change, 1).await.unwrap();
    assert!(write <= 0.3, "{write} s for one write among the reads of a sweep");
    assert!(!reads.is_finished());
}

#[tokio::test(start_paused = true)]
async fn one_who_gives_up_while_waiting_for_the_bucket_of_all_leaves_both_places_to_the_next() {
    let (pacer, aws) = (Pacer::default(), Arc::new(Aws::default()));
    rush(&pacer, &aws, DESCRIBE_RULES, Priority::Change, 39).await.unwrap();
    let impatient = rush(&pacer, &aws, CREATE_RULE, Priority::Rollout, 60);
    tokio::task::yield_now().await;
    impatient.abort();
    let _ = impatient.await;
    let next = rush(&pacer, &aws, CREATE_RULE, Priority::Sweep, 1).await.unwrap();
    assert!(next <= 2.0, "{next} s");
    let read = rush(&pacer, &aws, DESCRIBE_RULES, Priority::Sweep, 1).await.unwrap();
    assert!(read <= 1.0, "{read} s");
}

#[tokio::test(start_paused = true)]
async fn a_throttled_write_slows_writes_down_and_not_reads() {
    let pacer = Pacer::default();
    let mut throttled = true;
    let write = pacer.run(CREATE_RULE, Priority::Change, || {
        let now = std::mem::take(&mut throttled);
        async move {
            if now {
                return Err(AwsError { kind: Kind::Throttled, ..AwsError::malformed("CreateRule", true, "") });
            }
            Ok(())
        }
    });
    let began = Instant::now();
    write.await.unwrap();
    assert!(began.elapsed() > Duration::from_millis(600), "the bucket of writes counts as empty, and fills at half its rate");
    let began = Instant::now();
    pacer.run(DESCRIBE_RULES, Priority::Sweep, || async { Ok(()) }).await.unwrap();
    assert_eq!(began.elapsed(), Duration::ZERO);
}
