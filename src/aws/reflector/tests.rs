//! The reflector against a fake AWS, in virtual time.

use super::{Pace, Polling, Seen, Services};
use crate::aws::model::LiveService;
use crate::aws::testing::{Answer, Fake, deployment, deployment_arn, error, pass, service};
use crate::aws::{Ecs, Kind};
use crate::domain::{ObjectKey, ServiceKey};
use futures::StreamExt;
use futures::stream::BoxStream;
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// A fake AWS with services that tests change, and a reflector that runs.
struct World {
    fake: Fake,
    services: Services,
    live: Arc<Mutex<BTreeMap<String, Value>>>,
    changes: BoxStream<'static, ObjectKey>,
}

type Live = Arc<Mutex<BTreeMap<String, Value>>>;

fn describe(live: &Live, body: &Value) -> Answer {
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for name in body["services"].as_array().unwrap() {
        match live.lock().get(name.as_str().unwrap()) {
            Some(service) => found.push(service.clone()),
            None => failures
                .push(json!({"arn": format!("arn:aws:ecs:r:1:service/prod/{}", name.as_str().unwrap()), "reason": "MISSING"})),
        }
    }
    (200, json!({"services": found, "failures": failures}))
}

impl World {
    fn new() -> Self {
        Self::with(|_, _| None)
    }

    /// Answers of its own go before those of the fake.
    fn with(own: impl Fn(&str, &Value) -> Option<Answer> + Send + Sync + 'static) -> Self {
        let live = Live::default();
        let held = Arc::clone(&live);
        let fake = Fake::new(move |operation, body| {
            own(operation, body).unwrap_or_else(|| match operation {
                "DescribeServices" => describe(&held, body),
                _ => (200, json!({})),
            })
        });
        let services = Services::new(fake.ecs(), Polling::default());
        let changes = services.changes().boxed();
        let running = services.clone();
        tokio::spawn(async move { running.run().await });
        Self { fake, services, live, changes }
    }

    fn add(&self, name: &str) -> ServiceKey {
        self.live.lock().insert(name.to_owned(), service(name));
        ServiceKey::new("prod", name)
    }

    fn follow(&self, key: &ServiceKey, pace: Pace) {
        self.services.follow(key, &owner(key), pace);
    }

    fn edit(&self, key: &ServiceKey, edit: impl FnOnce(&mut Value)) {
        edit(self.live.lock().get_mut(&key.name).unwrap());
    }

    async fn told(&mut self) -> Option<String> {
        timeout(Duration::from_millis(1), self.changes.next()).await.ok().flatten().map(|key| key.name)
    }

    fn live(&self, key: &ServiceKey) -> Arc<LiveService> {
        match self.services.get(key) {
            Seen::Live { service, .. } => service,
            other => panic!("{other:?}"),
        }
    }
}

fn owner(key: &ServiceKey) -> ObjectKey {
    ObjectKey { namespace: "shop".to_owned(), name: key.name.clone() }
}

async fn seconds(seconds: u64) {
    pass(Duration::from_secs(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn a_service_is_read_soon_after_it_is_followed_and_its_owner_is_told() {
    let mut world = World::new();
    let web = world.add("web");
    assert!(matches!(world.services.get(&web), Seen::Unknown));
    world.follow(&web, Pace::Settled);
    pass(Duration::from_millis(150)).await;
    assert_eq!(world.live(&web).running, 2);
    assert_eq!(world.told().await.as_deref(), Some("web"));
}

#[tokio::test(start_paused = true)]
async fn only_what_is_new_is_told() {
    let mut world = World::new();
    let web = world.add("web");
    world.follow(&web, Pace::Rolling);
    seconds(20).await;
    assert_eq!(world.told().await.as_deref(), Some("web"));
    assert_eq!(world.told().await, None);
    world.edit(&web, |web| web["deployments"][0]["updatedAt"] = json!(1_790_000_999));
    seconds(10).await;
    assert_eq!(world.told().await, None, "nobody is shown when a deployment was touched");
    world.edit(&web, |web| web["runningCount"] = json!(1));
    seconds(10).await;
    assert_eq!(world.told().await.as_deref(), Some("web"));
}

#[tokio::test(start_paused = true)]
async fn a_settled_service_costs_no_call_of_its_own() {
    let world = World::new();
    for number in 0..95 {
        let key = world.add(&format!("s{number:02}"));
        world.follow(&key, Pace::Settled);
    }
    seconds(120).await;
    world.fake.clear();
    seconds(600).await;
    let calls = world.fake.calls();
    assert!(calls.iter().all(|(operation, _)| operation == "DescribeServices"));
    // Ten sweeps of 95 are 95 calls.
    assert!((95..=106).contains(&calls.len()), "{} calls", calls.len());
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for (_, body) in &calls {
        for name in body["services"].as_array().unwrap() {
            *seen.entry(name.to_string()).or_default() += 1;
        }
    }
    assert!(seen.len() == 95 && seen.values().all(|times| *times >= 9), "{seen:?}");
}

#[tokio::test(start_paused = true)]
async fn services_that_come_one_by_one_end_in_full_calls_too() {
    let world = World::new();
    for number in 0..40 {
        let key = world.add(&format!("s{number:02}"));
        world.follow(&key, Pace::Settled);
        seconds(7).await;
    }
    seconds(180).await;
    world.fake.clear();
    seconds(600).await;
    let calls = world.fake.count("DescribeServices");
    assert!(calls <= 60, "{calls} calls for ten sweeps of 40");
}

#[tokio::test(start_paused = true)]
async fn sweeps_are_spread_over_the_time_between_two() {
    let world = World::new();
    for number in 0..500 {
        let key = world.add(&format!("s{number:03}"));
        world.follow(&key, Pace::Settled);
    }
    seconds(120).await;
    let mut busiest = 0;
    for _ in 0..12 {
        world.fake.clear();
        seconds(5).await;
        busiest = busiest.max(world.fake.count("DescribeServices"));
    }
    assert!(busiest <= 10, "{busiest} of some 50 calls a minute within 5 s");
}

#[tokio::test(start_paused = true)]
async fn a_rollout_is_read_every_few_seconds_with_its_service_deployment_until_that_is_done() {
    let status = Arc::new(Mutex::new("IN_PROGRESS"));
    let said = Arc::clone(&status);
    let mut world = World::with(move |operation, body| match operation {
        "DescribeServiceDeployments" => {
            let one = |arn: &Value| json!({"serviceDeploymentArn": arn, "status": *said.lock(), "targetServiceRevision": {"arn": "rev"}});
            let all: Vec<Value> = body["serviceDeploymentArns"].as_array().unwrap().iter().map(one).collect();
            Some((200, json!({"serviceDeployments": all})))
        }
        "DescribeServiceRevisions" => {
            Some((200, json!({"serviceRevisions": [{"serviceRevisionArn": "rev", "taskDefinition": "shop:1"}]})))
        }
        _ => None,
    });
    let web = world.add("web");
    world.follow(&web, Pace::Rolling);
    seconds(31).await;
    assert!((6..=7).contains(&world.fake.count("DescribeServices")));
    assert!((6..=7).contains(&world.fake.count("DescribeServiceDeployments")));
    assert_eq!(world.fake.count("DescribeServiceRevisions"), 1);
    while world.told().await.is_some() {}
    *status.lock() = "SUCCESSFUL";
    seconds(6).await;
    assert_eq!(world.told().await.as_deref(), Some("web"));
    let Seen::Live { deployment: Some(done), .. } = world.services.get(&web) else { panic!("no deployment") };
    assert_eq!((done.status.as_str(), done.target_task_definition.as_deref()), ("SUCCESSFUL", Some("shop:1")));
    assert_eq!(done.arn, deployment_arn("web", 1));
    world.fake.clear();
    seconds(30).await;
    assert_eq!(world.fake.count("DescribeServiceDeployments"), 0);
}

#[tokio::test(start_paused = true)]
async fn stopped_tasks_are_looked_at_while_tasks_are_lacking_and_not_too_often() {
    let mut world = World::with(|operation, _| match operation {
        "ListTasks" => Some((200, json!({"taskArns": ["t1"]}))),
        "DescribeTasks" => {
            let task = json!({"taskArn": "t1", "stoppedReason": "Essential container in task exited", "stoppedAt": 1_790_000_000,
                "containers": [{"name": "app", "exitCode": 1}]});
            Some((200, json!({"tasks": [task]})))
        }
        _ => None,
    });
    let web = world.add("web");
    world.follow(&web, Pace::Rolling);
    seconds(20).await;
    assert_eq!(world.fake.count("ListTasks"), 0);
    while world.told().await.is_some() {}
    world.edit(&web, |web| web["runningCount"] = json!(0));
    seconds(60).await;
    assert!((5..=6).contains(&world.fake.count("ListTasks")), "{}", world.fake.count("ListTasks"));
    let Seen::Live { stopped, .. } = world.services.get(&web) else { panic!("not live") };
    assert_eq!(stopped[0].containers[0].exit_code, Some(1));
    assert_eq!(world.told().await.as_deref(), Some("web"));
}

#[tokio::test(start_paused = true)]
async fn a_read_that_began_before_our_own_write_ended_is_thrown_away() {
    let mut world = World::new();
    let web = world.add("web");
    world.follow(&web, Pace::Settled);
    seconds(1).await;
    while world.told().await.is_some() {}
    // The read is under way: it takes 20 ms, and began 110 ms after it was asked for.
    world.follow(&web, Pace::Now);
    pass(Duration::from_millis(110)).await;
    let mut reply = (*world.live(&web)).clone();
    reply.desired = 9;
    reply.tags.clear();
    world.services.wrote(&web, reply);
    pass(Duration::from_millis(15)).await;
    assert_eq!(world.live(&web).desired, 9);
    world.edit(&web, |web| web["desiredCount"] = json!(9));
    seconds(1).await;
    assert_eq!(world.live(&web).desired, 9);
    assert_eq!(world.told().await.as_deref(), Some("web"), "the read that was asked for is made up for");
}

#[tokio::test(start_paused = true)]
async fn a_lagging_answer_does_not_undo_what_our_write_returned() {
    let world = World::new();
    let web = world.add("web");
    world.follow(&web, Pace::Rolling);
    seconds(1).await;
    let mut updated = service("web");
    updated["deployments"] = json!([deployment(2, "IN_PROGRESS")]);
    let reply = read(&world.fake.ecs(), updated.clone()).await;
    world.services.wrote(&web, reply);
    seconds(6).await;
    assert_eq!(world.live(&web).primary().unwrap().id, "ecs-svc/2");
    // Later it is believed: somebody may have put it back.
    seconds(20).await;
    assert_eq!(world.live(&web).primary().unwrap().id, "ecs-svc/1");
}

async fn read(_: &Ecs, described: Value) -> LiveService {
    let fake = Fake::new(move |_, _| (200, json!({"services": [described]})));
    fake.ecs().describe_services("prod", &["web".to_owned()]).await.unwrap().found.remove(0)
}

#[tokio::test(start_paused = true)]
async fn a_reply_without_tags_keeps_those_that_were_read() {
    let world = World::new();
    let web = world.add("web");
    world.edit(&web, |web| web["tags"] = json!([{"key": "a", "value": "b"}]));
    world.follow(&web, Pace::Settled);
    seconds(1).await;
    let mut reply = (*world.live(&web)).clone();
    reply.tags.clear();
    world.services.wrote(&web, reply);
    assert_eq!(world.live(&web).tags["a"], "b");
}

#[tokio::test(start_paused = true)]
async fn a_service_just_created_may_be_missing_for_a_while_and_another_may_not() {
    let mut world = World::new();
    let web = world.add("web");
    world.follow(&web, Pace::Rolling);
    seconds(1).await;
    let reply = (*world.live(&web)).clone();
    world.services.wrote(&web, reply);
    world.live.lock().remove("web");
    seconds(60).await;
    assert!(matches!(world.services.get(&web), Seen::Live { .. }));
    while world.told().await.is_some() {}
    seconds(70).await;
    assert!(matches!(world.services.get(&web), Seen::Missing { times: 1.., cluster_missing: false }));
    assert_eq!(world.told().await.as_deref(), Some("web"));
}

#[tokio::test(start_paused = true)]
async fn a_missing_service_is_looked_for_again_soon() {
    let mut world = World::new();
    let web = ServiceKey::new("prod", "web");
    world.follow(&web, Pace::Settled);
    seconds(1).await;
    assert!(matches!(world.services.get(&web), Seen::Missing { times: 1, .. }));
    seconds(5).await;
    assert!(matches!(world.services.get(&web), Seen::Missing { times: 2, .. }));
    assert_eq!((world.told().await.as_deref(), world.told().await.as_deref()), (Some("web"), Some("web")));
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_aws_does_not_know_makes_its_services_missing() {
    let world =
        World::with(|_, body| (body["cluster"] == "gone").then(|| error("ClusterNotFoundException", "Cluster not found.")));
    let (web, lost) = (world.add("web"), ServiceKey::new("gone", "web"));
    world.follow(&web, Pace::Settled);
    world.follow(&lost, Pace::Settled);
    seconds(1).await;
    assert!(matches!(world.services.get(&lost), Seen::Missing { cluster_missing: true, .. }));
    assert!(matches!(world.services.get(&web), Seen::Live { .. }));
}

#[tokio::test(start_paused = true)]
async fn a_refused_name_does_not_hide_the_others_and_is_read_alone_from_then_on() {
    let world = World::with(|_, body| {
        let names = body["services"].as_array()?;
        names.contains(&json!("bad")).then(|| error("InvalidParameterException", "Invalid identifier: bad"))
    });
    let bad = ServiceKey::new("prod", "bad");
    world.follow(&bad, Pace::Settled);
    let others: Vec<_> = (0..9).map(|number| world.add(&format!("s{number}"))).collect();
    for key in &others {
        world.follow(key, Pace::Settled);
    }
    seconds(5).await;
    assert_eq!(world.services.last_error(&bad).unwrap().kind, Kind::Invalid);
    for key in &others {
        assert!(matches!(world.services.get(key), Seen::Live { .. }), "{key}");
        assert_eq!(world.services.last_error(key), None);
    }
    seconds(120).await;
    world.fake.clear();
    seconds(300).await;
    let with_bad = |(_, body): &(String, Value)| body["services"].as_array().is_some_and(|names| names.contains(&json!("bad")));
    assert!(world.fake.calls().iter().filter(|call| with_bad(call)).all(|(_, body)| body["services"] == json!(["bad"])));
}

#[tokio::test(start_paused = true)]
async fn reads_that_fail_are_kept_told_once_and_tried_more_and_more_seldom() {
    let denied = Arc::new(Mutex::new(true));
    let is_denied = Arc::clone(&denied);
    let mut world = World::with(move |_, _| {
        is_denied.lock().then(|| error("AccessDeniedException", "User: x is not authorized to perform: ecs:DescribeServices"))
    });
    let keys: Vec<_> = (0..10).map(|number| world.add(&format!("s{number}"))).collect();
    for key in &keys {
        world.follow(key, Pace::Rolling);
    }
    seconds(600).await;
    assert_eq!(world.services.last_error(&keys[0]).unwrap().reason(), "AwsAccessDenied");
    let mut told = 0;
    while world.told().await.is_some() {
        told += 1;
    }
    assert_eq!(told, 10, "each owner once");
    assert!(world.fake.count("DescribeServices") <= 60, "{}", world.fake.count("DescribeServices"));
    *denied.lock() = false;
    seconds(301).await;
    assert_eq!(world.services.last_error(&keys[0]), None);
    assert!(world.told().await.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_read_that_was_asked_for_is_answered_even_if_nothing_is_new() {
    let mut world = World::new();
    let web = world.add("web");
    world.follow(&web, Pace::Settled);
    seconds(1).await;
    while world.told().await.is_some() {}
    world.follow(&web, Pace::Now);
    seconds(1).await;
    assert_eq!(world.told().await.as_deref(), Some("web"));
    seconds(10).await;
    assert_eq!(world.told().await, None);
}

#[tokio::test(start_paused = true)]
async fn what_is_forgotten_is_read_no_more() {
    let world = World::new();
    let web = world.add("web");
    world.follow(&web, Pace::Rolling);
    seconds(1).await;
    world.services.forget(&web);
    world.fake.clear();
    seconds(600).await;
    assert!(world.fake.calls().is_empty());
    assert!(matches!(world.services.get(&web), Seen::Unknown));
}

#[tokio::test(start_paused = true)]
async fn one_who_waits_for_a_change_is_told_within_a_second() {
    let mut world = World::new();
    for number in 0..300 {
        let key = world.add(&format!("s{number:03}"));
        world.follow(&key, Pace::Settled);
    }
    pass(Duration::from_millis(200)).await;
    while world.told().await.is_some() {}
    let web = world.add("web");
    world.follow(&web, Pace::Now);
    seconds(1).await;
    assert!(matches!(world.services.get(&web), Seen::Live { .. }), "the sweep of a start is not in the way");
}

#[tokio::test(start_paused = true)]
async fn a_permission_that_is_missing_for_the_rollout_alone_is_told_and_hides_nothing_else() {
    let mut world = World::with(|operation, _| {
        let denied = |action| {
            error("AccessDeniedException", &format!("User: x is not authorized to perform: ecs:{action} on resource: y"))
        };
        (operation != "DescribeServices").then(|| denied(operation))
    });
    let web = world.add("web");
    world.follow(&web, Pace::Rolling);
    seconds(50).await;
    assert_eq!(world.services.last_error(&web), None);
    let beside = world.services.last_error_beside(&web).unwrap();
    assert!(beside.advice().contains("`ecs:DescribeServiceDeployments`"), "{}", beside.advice());
    assert_eq!((world.told().await.as_deref(), world.told().await.as_deref()), (Some("web"), Some("web")));
    assert_eq!(world.told().await, None, "the service once, the failure once");
    assert_eq!(world.fake.count("DescribeServiceDeployments"), 1, "and it is not asked every few seconds");
    world.edit(&web, |web| web["runningCount"] = json!(0));
    seconds(9).await;
    assert_eq!(world.fake.count("ListTasks"), 1);
}

fn no_reply(kind: Kind) -> crate::aws::AwsError {
    crate::aws::AwsError {
        operation: "UpdateService",
        kind,
        code: None,
        message: "no reply in time".to_owned(),
        retry_after: None,
        request_id: None,
        is_write: true,
    }
}

#[tokio::test(start_paused = true)]
async fn while_it_is_unknown_whether_a_write_happened_nothing_older_is_shown() {
    let mut world = World::new();
    let web = world.add("web");
    world.follow(&web, Pace::Rolling);
    seconds(1).await;
    world.services.unsure(&web, &no_reply(Kind::Unknown));
    assert!(matches!(world.services.get(&web), Seen::Unknown));
    seconds(6).await;
    assert!(matches!(world.services.get(&web), Seen::Unknown), "AWS may lag: that nothing is new says nothing yet");
    assert_eq!(world.services.last_error(&web).unwrap().message, "no reply in time");
    while world.told().await.is_some() {}
    seconds(15).await;
    assert_eq!(world.live(&web).running, 2);
    assert_eq!((world.services.last_error(&web), world.told().await.as_deref()), (None, Some("web")));
}

#[tokio::test(start_paused = true)]
async fn what_shows_that_the_write_happened_is_believed_at_once() {
    let world = World::new();
    let web = world.add("web");
    world.follow(&web, Pace::Rolling);
    seconds(1).await;
    world.services.unsure(&web, &no_reply(Kind::Unknown));
    world.edit(&web, |web| web["desiredCount"] = json!(7));
    seconds(1).await;
    assert_eq!(world.live(&web).desired, 7);
}

#[tokio::test(start_paused = true)]
async fn after_an_answer_however_bad_one_look_is_enough() {
    let world = World::new();
    let web = world.add("web");
    world.follow(&web, Pace::Rolling);
    seconds(1).await;
    world.services.unsure(&web, &no_reply(Kind::Unavailable));
    assert!(matches!(world.services.get(&web), Seen::Unknown));
    seconds(1).await;
    assert_eq!(world.live(&web).running, 2);
}
