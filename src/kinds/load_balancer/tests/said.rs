//! What status says of each way in which a pass can end.

use super::declared::application;
use super::world::{in_force, world};
use crate::aws::{AwsError, Kind};
use crate::engine::next::Next;
use crate::engine::{Managed, Pass, Stop};
use crate::kinds::load_balancer::{Desired, EcsLoadBalancerKind};
use serde_json::json;

#[test]
fn it_is_ready_only_while_it_works() {
    for (state, reason, holds) in [
        ("provisioning", "Provisioning", "Reconciling"),
        ("active", "Active", "Ready"),
        ("active_impaired", "Impaired", "Stalled"),
        ("failed", "Failed", "Stalled"),
    ] {
        let mut world = in_force(application());
        world.live().load_balancer.state = state.to_owned();
        world.live().load_balancer.state_reason = Some("not enough free addresses in subnet-a".to_owned());
        world.pass();
        assert_eq!((world.ready().0.as_str(), world.holds().as_str()), (reason, holds), "{state}");
        let is_explained = world.ready().1.contains("not enough free addresses");
        assert_eq!(is_explained, holds == "Stalled", "{state}: {}", world.ready().1);
        assert_eq!(world.status.state.as_deref(), Some(state));
    }
}

#[test]
fn a_refusal_of_aws_stands_in_the_condition_with_its_words_and_what_to_do() {
    let refused = |kind, code: &str, message: &str| {
        Stop::Aws(AwsError {
            operation: "CreateListener",
            kind,
            code: Some(code.to_owned()),
            message: message.to_owned(),
            retry_after: None,
            request_id: None,
            is_write: true,
        })
    };
    for (kind, code, companion) in [
        (Kind::Quota, "TooManyListeners", "Stalled"),
        (Kind::Denied, "AccessDenied", "Stalled"),
        (Kind::NotFound, "CertificateNotFound", "Stalled"),
        (Kind::Throttled, "Throttling", "Reconciling"),
        (Kind::Unknown, "Timeout", "Reconciling"),
    ] {
        let world = world(application().on(&[80]));
        let object = world.object();
        let want = Desired::Present(Box::new(world.declared.present()));
        let stop = refused(kind, code, "the words of AWS");
        let pass: Pass<EcsLoadBalancerKind> =
            Pass { want: Some(want), seen: Some(world.seen()), done: Vec::new(), end: Err(stop.clone()) };
        let status = EcsLoadBalancerKind::status(&object, &pass, None, jiff::Timestamp::UNIX_EPOCH);
        let ready = &status.conditions[0];
        assert_eq!((ready.status.as_str(), ready.reason.as_str()), ("False", stop.reason()));
        assert!(ready.message.contains("the words of AWS") && ready.message.contains("CreateListener"), "{}", ready.message);
        assert_eq!(status.conditions[1].type_, companion, "{code}");
    }
}

#[test]
fn what_cannot_be_seen_beside_it_is_remarked_where_a_person_has_to_allow_it() {
    let mut world = in_force(application());
    world.trouble_beside = Some(AwsError {
        operation: "DescribeLoadBalancerAttributes",
        kind: Kind::Denied,
        code: Some("AccessDenied".to_owned()),
        message: "User: x is not authorized to perform: elasticloadbalancing:DescribeLoadBalancerAttributes".to_owned(),
        retry_after: None,
        request_id: None,
        is_write: false,
    });
    world.pass();
    let (reason, message) = world.ready();
    assert_eq!(reason, "Active");
    assert!(message.contains("allow `elasticloadbalancing:DescribeLoadBalancerAttributes`"), "{message}");
}

#[test]
fn a_restart_says_nothing_before_the_first_look() {
    let world = in_force(application().on(&[80]));
    let want = Desired::Present(Box::new(world.declared.present()));
    let unread = crate::kinds::load_balancer::observed::Observed { memory: world.status.clone(), ..Default::default() };
    let end = Ok(Next::Progressing("the first look at AWS".to_owned()));
    let pass: Pass<EcsLoadBalancerKind> = Pass { want: Some(want), seen: Some(unread), done: Vec::new(), end };
    let status = EcsLoadBalancerKind::status(&world.object(), &pass, None, jiff::Timestamp::UNIX_EPOCH);
    assert_eq!(status, world.status);
}

#[test]
fn where_it_stands_is_in_status_before_the_first_write() {
    let before = crate::api::EcsLoadBalancerStatus::default();
    let status = crate::kinds::load_balancer::status::promise(&before, &super::site());
    assert_eq!((status.account.as_deref(), status.region.as_deref()), (Some("111122223333"), Some("eu-central-1")));
    let mut world = world(application().with("listeners", json!([])));
    world.pass();
    assert_eq!(world.status.account.as_deref(), Some("111122223333"));
}
