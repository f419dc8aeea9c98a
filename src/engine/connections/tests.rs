use super::*;
use crate::aws::connection::config_in_process;
use serde_json::json;
use simulator::{Outcome, Settings, SignedDuration, Simulator};
use tokio::time::timeout;

/// Lets time pass.
async fn pass(time: Duration) {
    let _ = timeout(time, std::future::pending::<()>()).await;
}

const AWAY: &str = "444455556666";

fn connection(name: &str, region: &str) -> AwsConnection {
    let role = format!("arn:aws:iam::{AWAY}:role/ecs-operator-{name}");
    let spec = json!({"accountId": AWAY, "region": region, "assumeRole": {"roleArn": role}});
    AwsConnection::new(name, serde_json::from_value(spec).unwrap())
}

fn connections(aws: &Simulator) -> Connections {
    let config = config_in_process(aws.http_client(), "111122223333", "eu-central-1");
    let built_in = Connection::new(DEFAULT, &config, Pacer::new()).unwrap();
    let (news, _) = futures::channel::mpsc::unbounded();
    Connections::new(built_in, "test".to_owned(), Polling::default(), news)
}

impl Connections {
    fn opened(&self, name: &str, region: &str) -> Connection {
        let object = connection(name, region);
        self.open(&object, declared(&object).unwrap())
    }
}

/// Makes many calls at once through each, and says how many of them AWS found too many.
async fn throttled(aws: &Simulator, through: &[Connection]) -> usize {
    aws.clear_calls();
    let calls = through.iter().flat_map(|each| std::iter::repeat_n(each, 100));
    for answer in futures::future::join_all(calls.map(|each| each.ecs.describe_cluster("demo"))).await {
        answer.unwrap();
    }
    let made: Vec<Outcome> = aws.calls().into_iter().filter(|call| call.account == AWAY).map(|call| call.outcome).collect();
    made.into_iter().filter(|outcome| *outcome == Outcome::Throttled).count()
}

#[tokio::test(start_paused = true)]
async fn two_connections_to_one_account_and_region_stay_below_its_buckets_together() {
    let aws = Simulator::new(Settings { throttling: true, clusters: vec!["demo".to_owned()], ..Settings::default() });
    let all = connections(&aws);
    let both = [all.opened("one", "eu-central-1"), all.opened("other", "eu-central-1")];
    assert_eq!(throttled(&aws, &both).await, 0);
    // Each with a pacer of its own they would not: the same calls, to see that there is a bucket to be emptied.
    let aws = Simulator::new(Settings { throttling: true, clusters: vec!["demo".to_owned()], ..Settings::default() });
    let apart = [connections(&aws), connections(&aws)];
    let each = [apart[0].opened("one", "eu-central-1"), apart[1].opened("other", "eu-central-1")];
    assert!(throttled(&aws, &each).await > 0);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_put_right_is_followed_and_ends_sessions_by_aws_s_time() {
    let aws = Simulator::new(Settings { clusters: vec!["demo".to_owned()], ..Settings::default() });
    aws.set_clock_ahead(Some(-SignedDuration::from_hours(1)));
    let connection = connections(&aws).opened("one", "eu-central-1");
    connection.ecs.describe_cluster("demo").await.unwrap();
    pass(Duration::from_secs(20)).await;
    aws.set_clock_ahead(Some(SignedDuration::ZERO));
    aws.clear_calls();
    connection.ecs.describe_cluster("demo").await.unwrap();
    let made = aws.calls().into_iter().filter(|call| call.operation != "DescribeServices").map(|call| call.operation);
    let counts = made.fold(BTreeMap::<String, usize>::new(), |mut all, operation| {
        *all.entry(operation).or_default() += 1;
        all
    });
    // Each client is refused once for the time of its signature, and the call once more for the session that has ended.
    assert_eq!(
        counts,
        [("AssumeRole", 2), ("DescribeClusters", 3), ("GetCallerIdentity", 2)].map(|(a, b)| (a.to_owned(), b)).into()
    );
}
