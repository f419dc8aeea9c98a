//! What happens to a load balancer itself: made, edited, changed by others, gone.

use super::declared::{application, network};
use super::world::{beside, in_force, world};
use super::{refusal, steps, waiting};
use crate::engine::Plan;
use crate::engine::noted::Drifted;
use crate::kinds::load_balancer::Step;
use serde_json::json;

#[test]
fn a_new_load_balancer_is_made_without_a_look_under_a_name_of_its_own() {
    let mut world = world(application());
    assert_eq!(steps(world.pass()), [Step::Create]);
    let name = world.live().load_balancer.name.clone();
    assert!(name.starts_with("edge-shared-") && name.len() <= 32, "{name}");
    assert_eq!(world.status.load_balancer_arn.as_deref(), Some(super::elb::arn(1).as_str()));
    assert_eq!(world.pass(), Plan::InSync);
    assert_eq!(world.holds(), "Ready");
    assert!(world.events().contains(&"Created"));
}

#[test]
fn another_scheme_or_type_is_another_name() {
    let name = |declared: super::declared::Declared| declared.present().new.name;
    let plain = name(application());
    assert_eq!(plain, name(application().with("scheme", json!("internet-facing"))), "the default in words is no other");
    assert_ne!(plain, name(application().with("scheme", json!("internal"))));
    assert_ne!(plain, name(network()));
    assert_eq!(name(application().with("name", json!("public"))), "public");
}

#[test]
fn one_with_a_declared_name_is_looked_for_first() {
    let mut world = world(application().with("name", json!("public")));
    world.missing = Some(1);
    assert!(!crate::kinds::load_balancer::plan::is_new(&world.declared.present(), &world.seen()));
    assert_eq!(steps(world.pass()), [Step::Create], "nobody has it");
}

#[test]
fn somebody_elses_of_that_name_is_left_alone() {
    let mut world = beside(application().with("name", json!("public")), application().with("name", json!("public")));
    let stop = refusal(world.pass());
    assert_eq!((stop.reason(), stop.is_waiting()), ("Conflict", false));
    assert!(stop.message().contains("nobody's tags"), "{}", stop.message());
    assert_eq!(world.status.load_balancer_arn, None, "what is not ours is not shown as ours");
}

#[test]
fn an_edit_is_sent_in_place() {
    let mut world = in_force(application());
    world.declared = application()
        .with("subnets", json!(["subnet-b", "subnet-c"]))
        .with("securityGroups", json!(["sg-b", "sg-a"]))
        .with("ipAddressType", json!("dualstack"))
        .with("idleTimeoutSeconds", json!(120))
        .tagged("team", "shop");
    world.settle();
    assert_eq!(world.sent.len(), 5, "{:?}", world.sent);
    assert_eq!(world.live().load_balancer.subnets().into_iter().collect::<Vec<_>>(), ["subnet-b", "subnet-c"]);
    assert_eq!(world.live().attributes.as_ref().unwrap()["idle_timeout.timeout_seconds"], "120");
    assert_eq!(world.pass(), Plan::InSync);
}

#[test]
fn what_leaves_the_declaration_goes_back_to_the_default_once_and_others_stay() {
    let declared =
        application().with("ipAddressType", json!("dualstack")).attribute("routing.http2.enabled", "false").tagged("team", "a");
    let mut world = in_force(declared);
    world.live().tags.insert("cost".to_owned(), "9".to_owned());
    world.live().attributes.as_mut().unwrap().insert("access_logs.s3.bucket".to_owned(), "logs".to_owned());
    world.declared = application();
    world.settle();
    let live = world.live().clone();
    assert_eq!(live.load_balancer.ip_address_type.as_deref(), Some("ipv4"));
    let attributes = live.attributes.unwrap();
    assert_eq!((attributes["routing.http2.enabled"].as_str(), attributes["access_logs.s3.bucket"].as_str()), ("true", "logs"));
    assert!(live.tags.contains_key("cost") && !live.tags.contains_key("team"));
    world.sent.clear();
    world.live().load_balancer.ip_address_type = Some("dualstack".to_owned());
    world.live().attributes.as_mut().unwrap().insert("routing.http2.enabled".to_owned(), "false".to_owned());
    assert_eq!(world.pass(), Plan::InSync, "it is nobody's business any more");
}

#[test]
fn attributes_that_are_not_read_yet_are_sent_where_they_never_were() {
    let mut world = in_force(application());
    world.live().attributes = None;
    world.declared = application().with("idleTimeoutSeconds", json!(120));
    assert!(matches!(steps(world.pass()).as_slice(), [Step::SetAttributes { .. }]));
    world.live().attributes = None;
    assert!(waiting(world.pass()).contains("attributes"), "whether it is in force is not known yet");
    let attributes = [("idle_timeout.timeout_seconds".to_owned(), "120".to_owned())];
    world.live().attributes = Some(attributes.into());
    assert_eq!(world.pass(), Plan::InSync);
}

#[test]
fn what_was_changed_by_hand_is_put_back_or_reported() {
    for (policy, put_back) in [("Correct", true), ("Report", false)] {
        let mut world = in_force(application().with("driftPolicy", json!(policy)).with("securityGroups", json!(["sg-a"])));
        world.live().load_balancer.security_groups.insert("sg-z".to_owned());
        world.settle();
        assert_eq!(world.live().load_balancer.security_groups.len(), if put_back { 1 } else { 2 }, "{policy}");
        let fields: Vec<&str> = world.status.drift.iter().map(|drift| drift.field.as_str()).collect();
        assert_eq!(fields, if put_back { vec![] } else { vec!["securityGroups"] });
        let noted = [if put_back { Drifted::Corrected } else { Drifted::Reported }];
        assert_eq!(world.drifts, noted, "{policy}");
        world.declared = world.declared.clone().with("securityGroups", json!(["sg-b"]));
        world.settle();
        assert_eq!(world.live().load_balancer.security_groups.iter().collect::<Vec<_>>(), ["sg-b"], "an edit is no drift");
        assert_eq!(world.drifts, noted, "{policy}");
    }
}

#[test]
fn one_that_was_deleted_by_hand_is_made_again_after_a_second_look_and_that_is_told() {
    let mut world = in_force(application().on(&[80]));
    world.live = None;
    world.missing = Some(1);
    assert!(waiting(world.pass()).contains("once more"));
    assert!(!world.status.listeners.is_empty(), "one time may be a lag");
    world.missing = Some(2);
    world.settle();
    assert_eq!(world.status.load_balancer_arn.as_deref(), Some(super::elb::arn(2).as_str()));
    assert_eq!(world.ports(), [80]);
    assert!(world.events().contains(&"MadeAgain"), "{:?}", world.told);
    assert!(world.told.iter().any(|it| it.message.contains("another DNS name: shared-2")), "{:?}", world.told);
}

#[test]
fn one_that_was_made_otherwise_is_not_replaced() {
    for (field, value) in [("type", "network"), ("scheme", "internal"), ("name", "other")] {
        let mut world = in_force(application().with("name", json!("public")));
        world.declared = world.declared.clone().with(field, json!(value));
        let stop = refusal(world.pass());
        assert_eq!(stop.reason(), "Immutable", "{field}");
        assert!(stop.message().contains(field) && stop.message().contains(value), "{}", stop.message());
    }
}

#[test]
fn a_pause_holds_back_writes_and_nothing_else() {
    let mut world = in_force(application().annotated("paused", "true"));
    assert_eq!(
        (world.pass(), world.holds()),
        (Plan::Wait("paused by annotation: a change waits".to_owned()), "Paused Reconciling".to_owned())
    );
    assert!(world.sent.is_empty());
    world.declared = application();
    world.settle();
    world.declared = application().annotated("paused", "true");
    assert_eq!((world.pass(), world.holds()), (Plan::InSync, "Paused Ready".to_owned()));
    world.live().load_balancer.ip_address_type = Some("dualstack".to_owned());
    world.declared = world.declared.clone().with("ipAddressType", json!("ipv4"));
    assert!(waiting(world.pass()).contains("paused"));
}

#[test]
fn a_wish_to_look_now_is_carried_out_once() {
    let mut world = in_force(application().annotated("reconcile-at", "1"));
    assert_eq!(world.status.reconciled_at.as_deref(), Some("1"));
    world.declared = application().annotated("reconcile-at", "2");
    world.pass();
    assert_eq!(world.status.reconciled_at.as_deref(), Some("2"));
}

#[test]
fn equal_passes_leave_an_equal_status() {
    let mut world = in_force(application().on(&[80, 81]).tagged("team", "shop").with("idleTimeoutSeconds", json!(90)));
    let status = world.status.clone();
    world.pass();
    assert_eq!(world.status, status);
}

#[test]
fn subnets_with_addresses_are_compared_by_what_is_declared_of_them() {
    let mapping = |subnet: &str, more: serde_json::Value| {
        let mut mapping = json!({"subnetId": subnet});
        mapping.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        mapping
    };
    let declared = network()
        .without("subnets")
        .with("subnetMappings", json!([mapping("subnet-a", json!({})), mapping("subnet-b", json!({}))]));
    let mut world = in_force(declared);
    assert_eq!(world.pass(), Plan::InSync);
    let addressed = json!([mapping("subnet-a", json!({"allocationId": "eipalloc-1"})), mapping("subnet-b", json!({}))]);
    world.declared = network().without("subnets").with("subnetMappings", addressed);
    assert!(matches!(steps(world.pass()).as_slice(), [Step::SetSubnets(change)] if change.subnet_mappings.len() == 2));
}
