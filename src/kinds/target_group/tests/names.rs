//! What AWS cannot change, and the name that follows from it.

use super::world::{World, behind_nlb, web};
use crate::engine::Stop;
use crate::kinds::target_group::Desired;
use crate::kinds::target_group::observed::Listener;
use crate::kinds::target_group::settings::{Settings, complete};
use serde_json::json;

fn settings(world: &World) -> Settings {
    refused(world).unwrap()
}

fn refused(world: &World) -> Result<Settings, Stop> {
    let Ok(Desired::Present(want)) = world.desired() else { panic!("it is to be there") };
    complete(&want, &world.listener).unwrap()
}

#[test]
fn behind_an_alb_requests_are_http_and_the_vpc_is_that_of_the_load_balancer() {
    let it = settings(&web());
    assert_eq!((it.protocol.as_str(), it.port, it.vpc_id.as_str()), ("HTTP", 80, "vpc-1"));
    assert_eq!((it.protocol_version.as_deref(), it.target_type.as_str()), (Some("HTTP1"), "instance"));
}

#[test]
fn behind_an_nlb_the_protocol_is_that_of_the_listener_and_tls_ends_there() {
    for (listener, protocol) in [("TCP", "TCP"), ("TLS", "TCP"), ("UDP", "UDP"), ("TCP_UDP", "TCP_UDP")] {
        let it = settings(&behind_nlb(listener));
        assert_eq!((it.protocol.as_str(), it.protocol_version, it.port), (protocol, None, 80), "{listener}");
    }
    assert_eq!(settings(&behind_nlb("TCP").with("protocol", json!("TLS"))).port, 443);
}

#[test]
fn what_is_declared_needs_no_listener() {
    let mut world = web().with("vpcId", json!("vpc-9")).with("protocol", json!("HTTPS"));
    world.listener = Listener::Unread;
    let it = settings(&world);
    assert_eq!((it.protocol.as_str(), it.port, it.vpc_id.as_str()), ("HTTPS", 443, "vpc-9"));
}

#[test]
fn a_protocol_that_the_load_balancer_does_not_speak_is_refused_with_those_that_it_does() {
    for (world, words) in [
        (web().with("protocol", json!("TCP")), "application load balancer, which sends no TCP to targets; set protocol to HTTP"),
        (
            behind_nlb("TCP").with("protocol", json!("HTTP")),
            "network load balancer, which sends no HTTP to targets; set protocol to TCP",
        ),
    ] {
        let stop = refused(&world).unwrap_err();
        assert_eq!((stop.reason(), stop.is_waiting()), ("ProtocolMismatch", false));
        assert!(stop.message().contains(words), "{}", stop.message());
    }
}

#[test]
fn a_name_says_whose_it_is_and_never_changes_from_one_version_of_the_operator_to_another() {
    assert_eq!(settings(&web()).name, "shop-web-GOLDEN");
}

#[test]
fn a_name_fits_whatever_namespace_and_name_are() {
    for (namespace, object) in [
        ("a", "b"),
        ("namespace-that-is-long", "name.with.dots.that.is.long"),
        ("seven77-x", "eleven-char-x"),
        ("kube-sys", "-------x"),
    ] {
        let mut world = web();
        world.object.metadata.namespace = Some(namespace.to_owned());
        world.object.metadata.name = Some(object.to_owned());
        let name = settings(&world).name;
        assert!(name.len() <= 32 && !name.starts_with('-') && !name.ends_with('-') && !name.contains("--"), "{name}");
        assert!(name.chars().all(|it| it.is_ascii_alphanumeric() || it == '-'), "{name}");
    }
}

#[test]
fn whatever_aws_cannot_change_makes_another_name_and_nothing_else_does() {
    let first = settings(&web()).name;
    for (field, value) in [
        ("protocol", json!("HTTPS")),
        ("protocolVersion", json!("GRPC")),
        ("port", json!(8080)),
        ("vpcId", json!("vpc-2")),
        ("targetType", json!("ip")),
        ("ipAddressType", json!("ipv6")),
        ("targetControlPort", json!(9000)),
    ] {
        assert_ne!(settings(&web().with(field, value)).name, first, "{field}");
    }
    for (field, value) in [
        ("protocol", json!("HTTP")),
        ("protocolVersion", json!("HTTP1")),
        ("port", json!(80)),
        ("vpcId", json!("vpc-1")),
        ("targetType", json!("instance")),
        ("healthCheck", json!({"path": "/healthz"})),
        ("deregistrationDelaySeconds", json!(5)),
        ("tags", json!([{"key": "team", "value": "shop"}])),
    ] {
        assert_eq!(settings(&web().with(field, value)).name, first, "{field}");
    }
}

#[test]
fn objects_of_one_name_in_two_namespaces_or_installations_have_target_groups_of_their_own() {
    let names = ["shop", "shop2"].map(|namespace| {
        let mut world = web();
        world.object.metadata.namespace = Some(namespace.to_owned());
        settings(&world).name
    });
    assert_ne!(names[0], names[1]);
}
