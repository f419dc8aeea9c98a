//! A target group is made, kept, lost and found again.

use super::world::{behind_nlb, denied, name, web};
use super::{refusal, steps, waiting};
use crate::engine::noted::Drifted;
use crate::engine::{Plan, Stop};
use crate::kinds::target_group::Step;
use crate::kinds::target_group::observed::{Listener, Look, Shown};
use serde_json::json;

#[test]
fn a_new_target_group_is_made_without_a_look_and_is_ready_when_aws_has_it() {
    let mut world = web().with("targetType", json!("ip")).with("healthCheck", json!({"path": "/healthz"}));
    let Plan::Do(all) = world.pass() else { panic!("it is made") };
    let [Step::Create(new)] = all.as_slice() else { panic!("one call: {all:?}") };
    assert_eq!(new.health_check.path.as_deref(), Some("/healthz"));
    assert_eq!(
        (new.target_type.as_deref(), new.vpc_id.as_deref(), new.protocol.as_deref()),
        (Some("ip"), Some("vpc-1"), Some("HTTP"))
    );
    assert_eq!(new.tags["ecs-operator.io/name"], "web");
    assert_eq!(world.pass(), Plan::InSync);
    assert_eq!(world.holds(), "Ready");
    let status = world.status();
    assert!(status.serving && status.previous.is_empty());
    assert_eq!(
        (status.account.as_deref(), status.vpc_id.as_deref(), status.healthy),
        (Some("111122223333"), Some("vpc-1"), Some(0))
    );
}

#[test]
fn attributes_are_sent_with_the_creation() {
    let mut world = web().with("deregistrationDelaySeconds", json!(30));
    assert_eq!(steps(world.pass()), ["Create", "Attributes"]);
    assert_eq!(world.pass(), Plan::InSync);
    assert_eq!(world.status().applied, ["attributes.deregistration_delay.timeout_seconds"]);
}

#[test]
fn attributes_that_were_refused_after_the_creation_are_sent_again() {
    let mut world = web().with("deregistrationDelaySeconds", json!(30));
    world.fails_at = Some(2);
    world.pass();
    assert_eq!(world.said_of("Ready").0, "AwsAccessDenied");
    world.current().attributes = None;
    assert_eq!(steps(world.pass()), ["Attributes"]);
    assert_eq!(world.pass(), Plan::InSync);
}

#[test]
fn behind_a_network_load_balancer_it_says_where_connections_go_once_the_listener_forwards_to_it() {
    for (protocol, scheme) in [("TCP", "tcp"), ("TLS", "tls"), ("UDP", "udp"), ("TCP_UDP", "tcp")] {
        let mut world = behind_nlb(protocol).in_force();
        assert_eq!(world.status().url, None, "nothing forwards to it yet");
        let arn = world.status().arn.unwrap();
        world.attach(&arn, 1);
        world.pass();
        let url = format!("{scheme}://database.elb.eu-central-1.amazonaws.com:5432");
        assert_eq!(world.status().url.as_ref(), Some(&url));
        let listener = std::mem::replace(&mut world.listener, Listener::Unread);
        world.pass();
        assert_eq!(world.status().url.as_ref(), Some(&url), "what was said last, until the listener is read again");
        world.listener = Listener::Not(Stop::waiting("ListenerNotFound", "there is no listener"));
        world.pass();
        assert_eq!(world.status().url, None);
        world.listener = listener;
        world.pass();
        assert_eq!(world.status().url.as_ref(), Some(&url));
    }
}

#[test]
fn behind_an_application_load_balancer_the_rule_says_where_requests_go() {
    let mut world = web().in_force();
    let arn = world.status().arn.unwrap();
    world.attach(&arn, 1);
    world.pass();
    assert_eq!(world.status().url, None);
}

#[test]
fn while_the_listener_is_not_known_it_says_so_and_goes_on_by_itself() {
    let mut world = web();
    world.listener = Listener::Unread;
    assert!(waiting(world.pass()).contains("listener"));
    assert_eq!(world.holds(), "Reconciling");
    world.listener = Listener::Not(Stop::waiting("ListenerNotFound", "there is no listener"));
    world.pass();
    assert_eq!(world.said_of("Reconciling").0, "ListenerNotFound");
    assert!(world.sent.is_empty());
}

#[test]
fn a_listener_that_goes_away_changes_nothing_about_what_is_there() {
    let mut world = web().in_force();
    world.listener = Listener::Not(Stop::waiting("ListenerNotFound", "there is no listener"));
    world.pass();
    assert_eq!(world.said_of("Ready").0, "ListenerNotFound");
    assert!(world.sent.is_empty());
    assert!(world.status().arn.is_some() && world.status().previous.is_empty());
}

#[test]
fn a_lost_reply_makes_no_second_target_group() {
    let mut world = web();
    let Plan::Do(all) = world.plan() else { panic!("it is made") };
    world.fails_at = Some(1);
    world.pass();
    world.act(&all[0]);
    assert_eq!(world.status().name.as_ref(), Some(&world.groups[0].target_group.name), "what may be there is known");
    assert_eq!(world.pass(), Plan::InSync);
    assert_eq!(world.status().arn, Some(world.groups[0].target_group.arn.clone()));
}

#[test]
fn after_a_restart_what_was_said_stands_until_aws_was_read() {
    let mut world = web().in_force();
    let before = world.status();
    world.says(before.name.as_ref().unwrap(), Shown::Unknown);
    assert_eq!(waiting(world.pass()), "the first look at AWS");
    assert_eq!(world.status(), before);
}

#[test]
fn an_object_that_was_restored_without_status_finds_its_own() {
    let mut world = web().with("healthCheck", json!({"path": "/a"})).in_force();
    world.object.status = None;
    world.settle();
    assert_eq!(world.groups.len(), 1);
    assert_eq!(world.holds(), "Ready");
}

#[test]
fn one_deleted_by_hand_is_looked_for_once_more_and_made_again() {
    let mut world = web().in_force();
    let (arn, name) = (world.status().arn.unwrap(), world.status().name.unwrap());
    world.groups.clear();
    world.says(&name, Shown::Missing { times: 1 });
    assert!(waiting(world.pass()).contains("once more"));
    world.said.clear();
    assert_eq!(steps(world.pass()), ["Create"]);
    assert_eq!(world.pass(), Plan::InSync);
    let status = world.status();
    assert_ne!(status.arn, Some(arn));
    assert!(status.serving && status.previous.is_empty(), "a name that is made again replaces nothing");
    assert_eq!(world.drifts, [Drifted::Corrected]);
}

#[test]
fn a_name_that_was_chosen_is_looked_at_first() {
    let mut world = web().with("name", json!("checkout"));
    world.says("checkout", Shown::Unknown);
    assert_eq!(waiting(world.pass()), "the first look at AWS");
    world.said.clear();
    assert_eq!(steps(world.pass()), ["Create"]);
    assert_eq!(world.status().name.as_deref(), Some("checkout"));
}

#[test]
fn somebody_elses_target_group_is_left_alone() {
    for (tags, words) in [
        (vec![("team", "ops")], "nobody's tags stand on it"),
        (
            vec![
                ("ecs-operator.io/installation", "there"),
                ("ecs-operator.io/kind", "EcsTargetGroup"),
                ("ecs-operator.io/namespace", "shop"),
                ("ecs-operator.io/name", "web"),
            ],
            "of installation there",
        ),
    ] {
        let mut world = web().with("name", json!("checkout"));
        world.by_hand("checkout", &tags);
        let stop = refusal(world.pass());
        assert_eq!(stop.reason(), "Conflict");
        assert!(stop.message().contains(words), "{}", stop.message());
        assert!(world.status().arn.is_none() && world.status().healthy.is_none(), "it is not shown as ours");
        assert_eq!(world.holds(), "Stalled");
        world.delete();
        assert_eq!(world.pass(), Plan::Gone);
        assert!(world.sent.is_empty() && world.groups.len() == 1);
    }
}

#[test]
fn what_cannot_be_changed_under_a_chosen_name_is_told() {
    let mut world = web().with("name", json!("checkout")).in_force();
    world.edit("port", json!(8080));
    let stop = refusal(world.pass());
    assert_eq!(stop.reason(), "Immutable");
    assert!(stop.message().contains("has port 80 and AWS cannot change it to 8080"), "{}", stop.message());
    assert!(world.sent.is_empty());
}

#[test]
fn a_pause_holds_back_writes_and_says_so() {
    let mut world = web().in_force().annotated("paused", "true");
    assert_eq!(world.pass(), Plan::InSync);
    assert_eq!(world.holds(), "Paused Ready");
    world.edit("healthCheck", json!({"path": "/x"}));
    assert!(waiting(world.pass()).contains("paused"));
    assert_eq!(world.holds(), "Paused Reconciling");
    assert!(world.sent.is_empty());
}

#[test]
fn a_read_that_is_denied_is_told_and_what_was_known_is_kept() {
    let mut world = web().in_force();
    let key = world.status().name.unwrap();
    let live = Shown::There(std::sync::Arc::new(world.groups[0].clone()));
    world.said.insert(key.clone(), Look { shown: live, trouble_beside: Some(denied()), ..Look::default() });
    world.pass();
    let (reason, message) = world.said_of("Ready");
    assert_eq!(reason, "AsDeclared");
    assert!(message.contains("part of it cannot be seen") && message.contains("not authorized"), "{message}");
    world.said.insert(key, Look { trouble: Some(denied()), ..Look::default() });
    assert_eq!(refusal(world.pass()).reason(), "AwsAccessDenied");
}

#[test]
fn an_annotation_that_asks_for_a_look_is_answered_once() {
    let mut world = web().in_force().annotated("reconcile-at", "now");
    world.pass();
    assert_eq!(world.status().reconciled_at.as_deref(), Some("now"));
}

#[test]
fn observing_shows_what_is_there_and_how_it_differs_and_writes_nothing() {
    let mut world = web()
        .with("name", json!("checkout"))
        .with("managementPolicy", json!("Observe"))
        .with("port", json!(8080))
        .with("healthCheck", json!({"path": "/healthz"}));
    assert_eq!(refusal(world.pass()).reason(), "NotFound");
    world.by_hand("checkout", &[]);
    assert_eq!(world.pass(), Plan::InSync);
    let status = world.status();
    assert_eq!(status.arn.as_deref().map(name).as_deref(), Some("checkout"));
    let fields: Vec<&str> = status.drift.iter().map(|it| it.field.as_str()).collect();
    assert_eq!(fields, ["port", "healthCheck.path"]);
    assert_eq!(world.holds(), "Drifted Ready");
    world.delete();
    assert_eq!(world.pass(), Plan::Gone);
    assert!(world.sent.is_empty());
}
