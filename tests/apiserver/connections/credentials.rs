//! A clock that AWS does not accept, and credentials that are replaced under the running operator.

use super::{AWAY, HOME, REGION, service};
use crate::world::{World, fast, web};
use aws_credential_types::provider::SharedCredentialsProvider;
use ecs_operator::api::EcsService;
use ecs_operator::aws::connection::{Connection, config_in_process};
use ecs_operator::aws::credentials::Kept;
use ecs_operator::aws::pace::Pacer;
use serde_json::json;
use simulator::{Outcome, SignedDuration};
use std::path::Path;

const HOUR: SignedDuration = SignedDuration::from_hours(1);

fn runs(count: i32) -> impl Fn(&EcsService) -> bool {
    move |found| found.status.as_ref().and_then(|status| status.running_count) == Some(count)
}

/// How often the session of the story's namespace was begun.
fn begun(world: &World) -> usize {
    let session = format!("ecs-operator-{}", world.namespace);
    let calls = world.aws.calls().into_iter().filter(|call| call.operation == "AssumeRole" && call.outcome == Outcome::Ok);
    calls.filter(|call| call.input["RoleSessionName"] == session).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_an_hour_off_is_told_and_all_goes_on_when_it_is_right() {
    let mut world = World::without_operator(fast()).await;
    world.aws.set_clock_ahead(Some(HOUR));
    // As with AWS_DISABLE_CLOCK_SKEW_CORRECTION=true.
    let config = config_in_process(world.aws.http_client(), HOME, REGION).into_builder().disable_clock_skew_correction(true);
    world.start_operator_by(Connection::new("default", &config.build(), Pacer::new()).unwrap());
    world.connect("away", AWAY, json!({})).await;
    world.furnish(AWAY);
    world.until_connection("away", "False", "CredentialsUnavailable", &["Signature expired", "set the clock of the node"]).await;
    world.apply(&web("nginx:1", 1)).await;
    world.until_told("web", "AwsCredentials", &["Signature expired", "set the clock of the node"]).await;
    assert!(world.live_in(HOME, "web").is_null(), "nothing is made by a clock that is wrong");

    world.aws.set_clock_ahead(Some(SignedDuration::ZERO));
    world.until_connection("away", "True", "Connected", &[]).await;
    world.until_ready("web").await;
    let before = world.live("web")["serviceArn"].clone();

    world.aws.set_clock_ahead(Some(-HOUR));
    world.edit("web", json!({"desiredCount": 2})).await;
    world.until_told("web", "AwsCredentials", &["Signature not yet current", "set the clock of the node"]).await;
    world.aws.set_clock_ahead(Some(SignedDuration::ZERO));
    world.until("web", "two run", runs(2)).await;
    assert_eq!(world.live("web")["serviceArn"], before, "what runs was left alone");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_an_hour_off_that_the_sdk_corrects_is_no_trouble_and_begins_no_session_twice() {
    for ahead in [HOUR, -HOUR] {
        let mut world = World::without_operator(fast()).await;
        world.aws.set_clock_ahead(Some(ahead));
        world.start_operator();
        world.furnish(AWAY);
        world.connect("away", AWAY, json!({})).await;
        world.apply(&service(&world, "web", "away")).await;
        world.until_ready("web").await;
        for count in 2..5 {
            world.edit("web", json!({"desiredCount": count})).await;
            world.until("web", "as many run", runs(count)).await;
        }
        assert_eq!(begun(&world), 1, "AWS's clock is {ahead:#} ahead");
        let warnings: Vec<_> =
            world.events("web").await.into_iter().filter(|it| it.type_.as_deref() == Some("Warning")).collect();
        assert!(warnings.is_empty(), "{warnings:?}");
        world.delete_and_wait("web").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_put_right_ends_sessions_by_aws_s_time_and_new_ones_are_begun() {
    let mut world = World::without_operator(fast()).await;
    world.aws.set_clock_ahead(Some(-HOUR));
    world.start_operator();
    world.furnish(AWAY);
    world.connect("away", AWAY, json!({})).await;
    world.apply(&service(&world, "web", "away")).await;
    world.until_ready("web").await;
    // For the operator the same as if its own clock had gone back an hour.
    world.aws.set_clock_ahead(Some(SignedDuration::ZERO));
    world.edit("web", json!({"desiredCount": 2})).await;
    world.until("web", "two run", runs(2)).await;
    assert_eq!(begun(&world), 2);
}

/// A profile with this key.
fn write_profile(file: &Path, key: &str) {
    std::fs::write(file, format!("[default]\naws_access_key_id = {key}\naws_secret_access_key = secret\n")).unwrap();
}

/// What the file of a profile holds, read as the environment's profile is.
fn profile(file: &Path) -> Kept {
    #[expect(deprecated, reason = "the name that the SDK asks for is of a crate that only the SDK uses")]
    use aws_config::profile::profile_file::{ProfileFileKind, ProfileFiles};
    let read = file.to_owned();
    Kept::of_files(vec![file.to_owned()], move || {
        #[expect(deprecated, reason = "see above")]
        let files = ProfileFiles::builder().with_file(ProfileFileKind::Credentials, &read).build();
        let provider = aws_config::profile::ProfileFileCredentialsProvider::builder().profile_files(files).build();
        SharedCredentialsProvider::new(provider)
    })
}

/// What a process says: the same file, in the form of `credential_process`, asked for when AWS refuses what it said before.
fn process(file: &Path) -> Kept {
    let command = format!(
        r#"echo "{{\"Version\": 1, \"AccessKeyId\": \"$(sed -n 's/aws_access_key_id = //p' {})\", \"SecretAccessKey\": \"secret\"}}""#,
        file.display()
    );
    Kept::of_files(Vec::new(), move || {
        SharedCredentialsProvider::new(aws_config::credential_process::CredentialProcessProvider::new(command.clone()))
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_are_replaced_in_their_file_are_taken_up_without_a_restart() {
    for source in [profile, process] {
        let mut world = World::without_operator(fast()).await;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("credentials");
        write_profile(&file, "AKIAOLD");
        let config = config_in_process(world.aws.http_client(), "unused", REGION);
        world.start_operator_by(Connection::keeping("default", &config, Pacer::new(), source(&file)).unwrap());
        world.apply(&web("nginx:1", 1)).await;
        world.until_ready("web").await;

        world.aws.retire_key("AKIAOLD");
        world.edit("web", json!({"desiredCount": 2})).await;
        world.until_told("web", "AwsCredentials", &["security token included in the request is invalid", "its file"]).await;
        world.furnish(AWAY);
        world.connect("away", AWAY, json!({})).await;
        world.until_connection("away", "False", "CredentialsUnavailable", &["security token"]).await;

        write_profile(&file, "AKIANEW");
        world.until("web", "two run", runs(2)).await;
        world.until_ready("web").await;
        world.until_connection("away", "True", "Connected", &[]).await;
    }
}
