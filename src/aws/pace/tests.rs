//! The pacer against AWS's own buckets, in virtual time.

use super::{PATIENCE, Pacer, Priority};
use crate::aws::error::{AwsError, Kind};
use crate::aws::operation::{
    CREATE_SERVICE, DEREGISTER_TASK_DEFINITION, DESCRIBE_SERVICES, Operation, REGISTER_TASK_DEFINITION, UPDATE_SERVICE,
};
use crate::aws::testing::pass;
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// A bucket as AWS keeps it, with calls that take unequally long to arrive.
struct Aws {
    burst: f64,
    rate: f64,
    state: Mutex<State>,
}

struct State {
    tokens: f64,
    counted: Instant,
    calls: u32,
    throttled: u32,
    done: Vec<usize>,
}

impl Aws {
    fn new(operation: Operation) -> Arc<Self> {
        let (burst, rate) = operation.bucket.size();
        let state = State { tokens: burst, counted: Instant::now(), calls: 0, throttled: 0, done: Vec::new() };
        Arc::new(Self { burst, rate, state: Mutex::new(state) })
    }

    fn take(&self) -> bool {
        let mut state = self.state.lock();
        let passed = state.counted.elapsed().as_secs_f64();
        state.counted = Instant::now();
        state.tokens = (state.tokens + passed * self.rate).min(self.burst);
        state.calls += 1;
        let is_granted = state.tokens >= 1.0;
        if is_granted {
            state.tokens -= 1.0;
        } else {
            state.throttled += 1;
        }
        is_granted
    }

    async fn call(&self, operation: Operation, number: usize) -> Result<(), AwsError> {
        pass(Duration::from_millis(10 + (number as u64 * 7919) % 40)).await;
        let is_granted = self.take();
        pass(Duration::from_millis(15)).await;
        if is_granted {
            self.state.lock().done.push(number);
            return Ok(());
        }
        Err(failure(operation, Kind::Throttled))
    }
}

fn failure(operation: Operation, kind: Kind) -> AwsError {
    AwsError { kind, ..AwsError::malformed(operation.name, operation.is_write, "") }
}

/// Makes calls that all want to go at once, and tells how long the last one took.
async fn rush(pacer: &Pacer, aws: &Arc<Aws>, operation: Operation, calls: usize) -> f64 {
    let began = Instant::now();
    let mut all = JoinSet::new();
    for number in 0..calls {
        let (pacer, aws) = (pacer.clone(), Arc::clone(aws));
        all.spawn(async move { pacer.run(operation, Priority::Change, || aws.call(operation, number)).await });
    }
    let failed = all.join_all().await.into_iter().filter(Result::is_err).count();
    assert_eq!(failed, 0);
    began.elapsed().as_secs_f64()
}

#[tokio::test(start_paused = true)]
async fn alone_in_the_account_nothing_is_throttled_and_little_time_is_lost() {
    for (operation, calls, floor) in
        [(REGISTER_TASK_DEFINITION, 60, 40.0), (CREATE_SERVICE, 1000, 190.0), (DESCRIBE_SERVICES, 1000, 45.0)]
    {
        let aws = Aws::new(operation);
        let took = rush(&Pacer::default(), &aws, operation, calls).await;
        assert_eq!(aws.state.lock().throttled, 0, "{}", operation.name);
        assert!(took <= floor * 1.03, "{}: {took} s", operation.name);
    }
}

#[tokio::test(start_paused = true)]
async fn a_stranger_who_eats_half_the_bucket_costs_few_throttled_calls() {
    let aws = Aws::new(CREATE_SERVICE);
    let stranger = Arc::clone(&aws);
    let eating = tokio::spawn(async move {
        loop {
            stranger.take();
            stranger.state.lock().calls -= 1;
            pass(Duration::from_millis(400)).await;
        }
    });
    let before = aws.state.lock().throttled;
    let took = rush(&Pacer::default(), &aws, CREATE_SERVICE, 1000).await;
    eating.abort();
    let state = aws.state.lock();
    let ours = state.calls - 1000;
    assert_eq!(before, 0);
    assert!(ours <= 50, "{ours} of ours were throttled");
    // 2.5 a second are left.
    assert!(took <= 380.0 * 1.1, "{took} s");
}

#[tokio::test(start_paused = true)]
async fn a_change_goes_before_all_that_waits() {
    let aws = Aws::new(UPDATE_SERVICE);
    let pacer = Pacer::default();
    rush(&pacer, &aws, UPDATE_SERVICE, 60).await;
    let mut all = JoinSet::new();
    let order = [
        (100, Priority::CleanUp),
        (101, Priority::Sweep),
        (102, Priority::Rollout),
        (103, Priority::Rollout),
        (104, Priority::Change),
    ];
    for (number, priority) in order {
        let (pacer, aws) = (pacer.clone(), Arc::clone(&aws));
        all.spawn(async move { pacer.run(UPDATE_SERVICE, priority, || aws.call(UPDATE_SERVICE, number)).await });
        tokio::task::yield_now().await;
    }
    all.join_all().await;
    assert_eq!(aws.state.lock().done[60..], [104, 102, 103, 101, 100]);
}

#[tokio::test(start_paused = true)]
async fn clean_up_leaves_half_the_bucket_to_those_that_come() {
    let pacer = Pacer::default();
    let cleaned = Arc::new(Mutex::new(0));
    let mut all = JoinSet::new();
    for _ in 0..20 {
        let (pacer, cleaned) = (pacer.clone(), Arc::clone(&cleaned));
        all.spawn(async move {
            let clean = || async {
                *cleaned.lock() += 1;
                Ok(())
            };
            pacer.run(DEREGISTER_TASK_DEFINITION, Priority::CleanUp, clean).await
        });
    }
    pass(Duration::from_millis(1)).await;
    assert_eq!(*cleaned.lock(), 9);
    let began = Instant::now();
    let register = || async { Ok(()) };
    pacer.run(REGISTER_TASK_DEFINITION, Priority::Change, register).await.unwrap();
    assert_eq!(began.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn patience_ends_when_aws_throttles_everything() {
    let pacer = Pacer::default();
    let mut calls = 0;
    let result: Result<(), _> = pacer
        .run(CREATE_SERVICE, Priority::Change, || {
            calls += 1;
            async { Err(failure(CREATE_SERVICE, Kind::Throttled)) }
        })
        .await;
    assert_eq!(result.unwrap_err().kind, Kind::Throttled);
    assert!((2..=6).contains(&calls), "{calls} calls");
}

#[tokio::test(start_paused = true)]
async fn while_aws_throttles_everything_all_who_wait_are_told_within_seconds() {
    let pacer = Pacer::default();
    let began = Instant::now();
    let mut all = JoinSet::new();
    for _ in 0..64 {
        let pacer = pacer.clone();
        all.spawn(async move {
            let refuse = || async {
                pass(Duration::from_millis(15)).await;
                Err::<(), _>(failure(REGISTER_TASK_DEFINITION, Kind::Throttled))
            };
            let told = pacer.run(REGISTER_TASK_DEFINITION, Priority::Change, refuse).await;
            (told.map_err(|error| error.kind), began.elapsed())
        });
    }
    for (told, after) in all.join_all().await {
        assert_eq!(told, Err(Kind::Throttled));
        assert!(after <= PATIENCE * 2, "{after:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_waits_long_for_a_turn_is_not_sent_away_while_some_calls_go_through() {
    let pacer = Pacer::default();
    let calls = Arc::new(Mutex::new(0));
    let mut all = JoinSet::new();
    for _ in 0..60 {
        let (pacer, calls) = (pacer.clone(), Arc::clone(&calls));
        all.spawn(async move {
            let every_third_is_throttled = || async {
                pass(Duration::from_millis(15)).await;
                *calls.lock() += 1;
                if *calls.lock() % 3 == 0 { Err(failure(REGISTER_TASK_DEFINITION, Kind::Throttled)) } else { Ok(()) }
            };
            pacer.run(REGISTER_TASK_DEFINITION, Priority::Change, every_third_is_throttled).await
        });
    }
    assert!(all.join_all().await.into_iter().all(|told| told.is_ok()));
}

#[tokio::test(start_paused = true)]
async fn the_wait_that_aws_asks_for_is_kept_by_all_calls_of_the_bucket() {
    let pacer = Pacer::default();
    let wait = AwsError { retry_after: Some(Duration::from_secs(7)), ..failure(CREATE_SERVICE, Kind::Unavailable) };
    let failed: Result<(), _> = pacer.run(CREATE_SERVICE, Priority::Change, || async { Err(wait.clone()) }).await;
    assert_eq!(failed.unwrap_err().kind, Kind::Unavailable);
    let began = Instant::now();
    pacer.run(UPDATE_SERVICE, Priority::Change, || async { Ok(()) }).await.unwrap();
    assert_eq!(began.elapsed(), Duration::from_secs(7));
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_probed_and_not_stormed_and_its_end_is_found_soon() {
    let pacer = Pacer::default();
    let began = Instant::now();
    let calls = Arc::new(Mutex::new(0_u32));
    let mut all = JoinSet::new();
    for _ in 0..500 {
        let (pacer, calls) = (pacer.clone(), Arc::clone(&calls));
        all.spawn(async move {
            loop {
                let create = || async {
                    pass(Duration::from_millis(15)).await;
                    if began.elapsed() < Duration::from_mins(1) {
                        *calls.lock() += 1;
                        return Err(failure(CREATE_SERVICE, Kind::Unavailable));
                    }
                    Ok(())
                };
                if pacer.run(CREATE_SERVICE, Priority::Change, create).await.is_ok() {
                    return;
                }
                pass(Duration::from_secs(1)).await;
            }
        });
    }
    all.join_all().await;
    // A tenth of what the bucket gives in 60 s.
    assert!(*calls.lock() <= 35, "{} calls", calls.lock());
    // The bucket's floor for 500 is 90 s.
    assert!(began.elapsed() <= Duration::from_secs(60 + 10 + 90), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_gives_up_leaves_its_place_to_the_next() {
    let pacer = Pacer::default();
    let aws = Aws::new(REGISTER_TASK_DEFINITION);
    rush(&pacer, &aws, REGISTER_TASK_DEFINITION, 20).await;
    let impatient = {
        let pacer = pacer.clone();
        tokio::spawn(async move { pacer.run(REGISTER_TASK_DEFINITION, Priority::Change, || async { Ok(()) }).await })
    };
    tokio::task::yield_now().await;
    let next = {
        let pacer = pacer.clone();
        tokio::spawn(async move { pacer.run(REGISTER_TASK_DEFINITION, Priority::Change, || async { Ok(()) }).await })
    };
    tokio::task::yield_now().await;
    impatient.abort();
    let began = Instant::now();
    next.await.unwrap().unwrap();
    assert!(began.elapsed() < Duration::from_secs(2));
}

#[tokio::test(start_paused = true)]
async fn one_family_is_registered_once_at_a_time_and_two_families_together() {
    let pacer = Pacer::default();
    let held = pacer.family_turn("web").await;
    assert!(tokio::time::timeout(Duration::from_secs(1), pacer.family_turn("web")).await.is_err());
    assert!(tokio::time::timeout(Duration::from_secs(1), pacer.family_turn("shop")).await.is_ok());
    drop(held);
    assert!(tokio::time::timeout(Duration::from_secs(1), pacer.family_turn("web")).await.is_ok());
}
