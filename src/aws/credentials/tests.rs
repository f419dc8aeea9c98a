use super::{AFTER_A_FAILURE, AT_LEAST, GLANCE, Kept, UNSAID, YOUNG};
use crate::aws::testing::pass;
use crate::clock::Clock;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

/// Gives `KEY-1`, `KEY-2` and so on, which end when `ends` says.
#[derive(Clone, Debug, Default)]
struct Counting {
    asked: Arc<AtomicUsize>,
    ends: Option<SystemTime>,
    is_broken: bool,
}

impl ProvideCredentials for Counting {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let this = self.clone();
        future::ProvideCredentials::new(async move {
            pass(Duration::from_millis(10)).await;
            let number = this.asked.fetch_add(1, Ordering::SeqCst) + 1;
            let given = Credentials::new(format!("KEY-{number}"), "secret", None, this.ends, "test");
            if this.is_broken { Err(CredentialsError::provider_error("no")) } else { Ok(given) }
        })
    }
}

impl Counting {
    fn ending(left: i64) -> Self {
        let end = Clock::of_the_machine().now().as_second() + left;
        let ends = SystemTime::UNIX_EPOCH + Duration::from_secs(end.try_into().unwrap());
        Self { ends: Some(ends), ..Self::default() }
    }

    fn kept(&self) -> Kept {
        let source = self.clone();
        Kept::of_files(Vec::new(), move || SharedCredentialsProvider::new(source.clone()))
    }

    fn times(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

async fn key(kept: &Kept) -> String {
    kept.provide_credentials().await.unwrap().access_key_id().to_owned()
}

const HOUR: Duration = Duration::from_hours(1);

#[tokio::test(start_paused = true)]
async fn what_lasts_an_hour_is_kept_for_an_hour_whatever_the_clock_says_of_its_end() {
    for left in [-7200, 0, 7200] {
        let source = Counting::ending(left);
        let kept = Kept::lasting(HOUR, HOUR, SharedCredentialsProvider::new(source.clone()));
        for _ in 0..58 {
            assert_eq!(key(&kept).await, "KEY-1");
            pass(Duration::from_mins(1)).await;
        }
        pass(Duration::from_mins(1)).await;
        assert_eq!(key(&kept).await, "KEY-2", "a minute before the end, with {left} s left by the clock");
    }
}

#[tokio::test(start_paused = true)]
async fn what_has_ended_by_a_clock_that_is_wrong_is_asked_for_once_a_minute_and_not_by_every_call() {
    let source = Counting::ending(-3600);
    let kept = source.kept();
    let all = futures::future::join_all((0..50).map(|_| key(&kept))).await;
    assert!(all.iter().all(|key| key == "KEY-1"), "{all:?}");
    pass(AT_LEAST).await;
    assert_eq!((key(&kept).await, source.times()), ("KEY-2".to_owned(), 2));
}

#[tokio::test(start_paused = true)]
async fn what_does_not_say_when_it_ends_is_asked_for_now_and_then() {
    let kept = Counting::default().kept();
    assert_eq!(key(&kept).await, "KEY-1");
    pass(UNSAID).await;
    assert_eq!(key(&kept).await, "KEY-2");
}

#[tokio::test(start_paused = true)]
async fn what_aws_refuses_is_given_up_once_and_not_while_it_is_young() {
    let source = Counting::default();
    let kept = source.kept();
    assert_eq!(key(&kept).await, "KEY-1");
    assert!(!kept.refused());
    assert_eq!(key(&kept).await, "KEY-1");
    pass(YOUNG).await;
    assert!(kept.refused());
    assert!(!kept.refused(), "there is nothing left to give up");
    assert_eq!(key(&kept).await, "KEY-2");
    assert!(!kept.refused());
    assert_eq!(source.times(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_told_to_all_who_wait_and_tried_again_a_second_later() {
    let source = Counting { is_broken: true, ..Counting::default() };
    let kept = source.kept();
    let all = futures::future::join_all((0..50).map(|_| kept.provide_credentials())).await;
    assert!(all.iter().all(Result::is_err));
    assert_eq!(source.times(), 1);
    pass(AFTER_A_FAILURE).await;
    kept.provide_credentials().await.unwrap_err();
    assert_eq!(source.times(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_file_that_has_changed_is_read_anew() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("credentials");
    let (read, opened) = (file.clone(), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&opened);
    let kept = Kept::of_files(vec![file.clone()], move || {
        counted.fetch_add(1, Ordering::SeqCst);
        let text = std::fs::read_to_string(&read).unwrap_or_default();
        SharedCredentialsProvider::new(Credentials::new(text, "secret", None, None, "test"))
    });
    std::fs::write(&file, "OLD").unwrap();
    assert_eq!(key(&kept).await, "OLD");
    pass(GLANCE).await;
    assert_eq!((key(&kept).await.as_str(), opened.load(Ordering::SeqCst)), ("OLD", 1), "nothing has changed");
    std::fs::write(&file, "NEW").unwrap();
    assert_eq!(key(&kept).await, "OLD", "it is looked at now and then");
    pass(GLANCE).await;
    assert_eq!(key(&kept).await, "NEW");
}
