//! Listeners of an Application Load Balancer.

use super::declared::{application, listener};
use super::refusal;
use super::world::{in_force, world};
use crate::aws::elb::model::{AccountLimits, Action, FixedResponse, Tags};
use crate::engine::Plan;
use crate::kinds::load_balancer::Step;
use serde_json::{Value, json};

#[test]
fn listeners_are_made_after_the_load_balancer_and_answer_404_where_nothing_is_said() {
    let mut world = world(application().on(&[80, 8080]));
    world.settle();
    assert_eq!(world.ports(), [80, 8080]);
    let Action::FixedResponse(FixedResponse { status_code, .. }) = &world.on(80).listener.default_actions[0] else {
        panic!("no answer")
    };
    assert_eq!(status_code, "404");
    assert_eq!(world.ready().0, "Active");
    assert!(world.ready().1.contains("80, 8080"), "{}", world.ready().1);
    let ports: Vec<i32> = world.status.listeners.iter().map(|it| it.port).collect();
    assert_eq!(ports, [80, 8080]);
    assert!(world.status.listeners.iter().all(|it| it.arn.contains(":listener/")));
}

#[test]
fn listeners_carry_our_tags_and_those_of_the_load_balancer() {
    let mut world = in_force(application().on(&[80]).tagged("team", "shop"));
    assert_eq!(world.on(80).tags["team"], "shop");
    assert_eq!(world.on(80).tags["ecs-operator.io/kind"], "EcsLoadBalancer");
    world.on(80).tags.remove("team");
    world.on(80).tags.insert("cost".to_owned(), "9".to_owned());
    world.settle();
    let tags = &world.on(80).tags;
    assert_eq!((tags["team"].as_str(), tags["cost"].as_str()), ("shop", "9"));
}

#[test]
fn a_listener_on_another_port_is_there_before_the_old_one_goes() {
    let mut world = in_force(application().on(&[80]));
    world.declared = application().on(&[81]);
    world.pass();
    assert_eq!(world.ports(), [80, 81]);
    world.settle();
    assert_eq!(world.ports(), [81]);
    assert_eq!(world.events()[..2], ["ListenerCreated", "ListenerDeleted"]);
}

#[test]
fn where_there_is_no_room_for_both_the_old_one_goes_first() {
    let mut world = in_force(application().on(&[80]));
    world.limits = Some(AccountLimits::from_iter([("listeners-per-application-load-balancer".to_owned(), 1)]));
    world.declared = application().on(&[81]);
    world.settle();
    assert!(matches!(&world.sent[0], Step::DeleteListener { port: 80, .. }), "{:?}", world.sent);
    assert_eq!(world.ports(), [81]);
}

#[test]
fn one_that_was_deleted_or_edited_by_hand_is_as_declared_again() {
    let mut world = in_force(application().on(&[80, 81]));
    world.live().listeners.remove(1);
    world.on(80).listener.default_actions = vec![Action::forward_to("arn:other")];
    world.settle();
    assert_eq!(world.ports(), [80, 81]);
    assert!(matches!(world.on(80).listener.default_actions[0], Action::FixedResponse(_)));
}

#[test]
fn somebody_elses_listener_stays_and_is_told_where_it_is_in_the_way() {
    let mut world = in_force(application().on(&[80, 81]));
    world.on(81).tags = Tags::new();
    world.declared = application().on(&[80]);
    assert_eq!(world.settle(), Plan::InSync);
    assert_eq!(world.ports(), [80, 81], "it is not ours to delete");
    world.declared = application().on(&[80, 81]);
    let stop = refusal(world.settle());
    assert_eq!(stop.reason(), "Conflict");
    assert!(stop.message().contains("port 81"), "{}", stop.message());
    assert!(world.sent.is_empty());
}

#[test]
fn listeners_that_are_not_declared_at_all_are_left_alone() {
    let mut world = in_force(application().on(&[80]));
    world.declared = application();
    assert_eq!(world.settle(), Plan::InSync);
    assert_eq!(world.ports(), [80]);
    world.declared = application().on(&[]);
    world.settle();
    assert!(world.ports().is_empty(), "an empty list is none");
}

#[test]
fn a_listener_with_rules_of_others_does_not_go() {
    let mut world = in_force(application().on(&[80, 81]));
    world.rule(81, "theirs", Tags::new());
    world.declared = application().on(&[80]);
    let stop = refusal(world.settle());
    assert_eq!((stop.reason(), stop.is_waiting()), ("ForeignRules", true));
    assert!(stop.message().contains("theirs"), "{}", stop.message());
    world.rules.clear();
    let ours = world.declared.present().owner.tags();
    world.rule(81, "ours", ours);
    world.settle();
    assert_eq!(world.ports(), [80], "rules of objects here make themselves anew");
}

#[test]
fn policies_and_certificates_follow_the_declaration_and_go_back_to_the_default() {
    let secure = |more: &Value| application().listening(&[listener(443, "HTTPS", more)]);
    let mut world = in_force(secure(&json!({
        "certificates": [{"certificateArn": "arn:a"}, {"certificateArn": "arn:b"}],
        "sslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06",
        "mutualAuthentication": {"mode": "passthrough"},
    })));
    assert_eq!(world.on(443).certificates.as_deref(), Some(&["arn:b".to_owned()][..]));
    world.on(443).certificates.as_mut().unwrap().push("arn:theirs".to_owned());
    world.declared = secure(&json!({"certificates": [{"certificateArn": "arn:c"}]}));
    world.settle();
    let live = world.on(443).clone();
    assert_eq!(live.listener.certificate_arn.as_deref(), Some("arn:c"));
    assert_eq!(live.listener.ssl_policy.as_deref(), Some("ELBSecurityPolicy-2016-08"));
    assert_eq!(live.listener.mutual_authentication.unwrap().mode.as_deref(), Some("off"));
    assert_eq!(live.certificates.as_deref(), Some(&["arn:theirs".to_owned()][..]), "what others added stays");
    assert_eq!(world.pass(), Plan::InSync);
}

#[test]
fn another_protocol_is_an_edit_in_place() {
    let mut world = in_force(application().on(&[443]));
    let secure = listener(443, "HTTPS", &json!({"certificates": [{"certificateArn": "arn:a"}, {"certificateArn": "arn:b"}]}));
    world.declared = application().listening(&[secure]);
    world.settle();
    assert_eq!(world.on(443).listener.protocol.as_deref(), Some("HTTPS"));
    assert_eq!(world.on(443).certificates.as_deref(), Some(&["arn:b".to_owned()][..]));
    world.declared = application().on(&[443]);
    assert_eq!(world.settle(), Plan::InSync);
}

#[test]
fn attributes_of_a_listener_are_sent_once_and_set_back_once() {
    let key = "routing.http.response.server.enabled";
    let with =
        |value: &str| application().listening(&[listener(80, "HTTP", &json!({"attributes": [{"key": key, "value": value}]}))]);
    let mut world = in_force(with("false"));
    assert_eq!(world.pass(), Plan::InSync);
    let sent = |world: &super::world::World| {
        let of_it = |step: &Step| match step {
            Step::SetListenerAttributes { set, .. } => set.get(key).cloned(),
            _ => None,
        };
        world.sent.iter().filter_map(of_it).collect::<Vec<_>>()
    };
    world.declared = with("true");
    world.settle();
    world.declared = with("false");
    world.settle();
    world.declared = application().on(&[80]);
    world.settle();
    world.settle();
    assert_eq!(sent(&world), ["true", "false", "true"]);
}

#[test]
fn one_listener_does_not_wait_for_another() {
    use crate::engine::Managed;
    use crate::kinds::load_balancer::EcsLoadBalancerKind as Kind;
    let mut world = world(application().on(&[80, 81]));
    world.pass();
    let lanes: Vec<u32> = super::steps(world.plan()).iter().map(Kind::lane).collect();
    assert_eq!(lanes, [80, 81]);
}

#[test]
fn quotas_are_told_with_what_is_used_of_them() {
    let limits = [
        ("rules-per-application-load-balancer", 100),
        ("target-groups-per-application-load-balancer", 100),
        ("listeners-per-application-load-balancer", 50),
        ("certificates-per-application-load-balancer", 25),
    ];
    let mut world = in_force(application().on(&[80, 81]));
    world.limits = Some(limits.into_iter().map(|(name, limit)| (name.to_owned(), limit)).collect());
    world.rule(80, "theirs", Tags::new());
    world.pass();
    let quotas = world.status.quotas.clone().unwrap();
    let (rules, listeners) = (quotas.rules.unwrap(), quotas.listeners.unwrap());
    assert_eq!((rules.used, rules.limit, listeners.used, listeners.limit), (1, 100, 2, 50));
    assert_eq!(world.status.listeners[0].rules_used, Some(1));
}
