//! Elastic Load Balancing over the wire: its protocol, its throttling, and what goes wrong on the way.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

mod common;

use std::time::Duration;

use aws_sdk_elasticloadbalancingv2::error::ProvideErrorMetadata;
use aws_sdk_elasticloadbalancingv2::types::{
    Action, ActionTypeEnum, ForwardActionConfig, HostHeaderConditionConfig, ProtocolEnum, RuleCondition, TargetGroupTuple,
    TargetTypeEnum,
};
use common::{Aws, edge, group, seconds, targets};
use serde_json::json;
use simulator::{Fault, FaultKind, Outcome, Settings, Simulator};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

#[tokio::test(start_paused = true)]
async fn a_rule_goes_over_the_wire_and_is_read_back_in_aws_s_form() {
    let aws = Aws::start();
    let edge = edge(&aws.simulator, "web");
    let tuple = TargetGroupTuple::builder().target_group_arn(&edge.group).build();
    let forward = ForwardActionConfig::builder().target_groups(tuple).build();
    let action = Action::builder().r#type(ActionTypeEnum::Forward).forward_config(forward).build();
    let hosts = HostHeaderConditionConfig::builder().values("a.example.com").values("b.example.com").build();
    let condition = RuleCondition::builder().field("host-header").host_header_config(hosts).build();
    let request = aws.elb.create_rule().listener_arn(&edge.listener).priority(7).conditions(condition).actions(action);
    let made = request.send().await.unwrap().rules.unwrap().remove(0);
    assert_eq!((made.priority(), made.is_default()), (Some("7"), Some(false)));
    let action = &made.actions()[0];
    assert_eq!(action.target_group_arn(), Some(edge.group.as_str()));
    let forward = action.forward_config().unwrap();
    assert_eq!(forward.target_groups()[0].weight(), Some(1));
    assert_eq!(forward.target_group_stickiness_config().unwrap().enabled(), Some(false));
    let condition = &made.conditions()[0];
    assert_eq!(condition.values(), condition.host_header_config().unwrap().values());
    let logged = aws.simulator.calls().pop().unwrap();
    assert_eq!((logged.service.as_str(), logged.outcome), ("elasticloadbalancing", Outcome::Ok));
    assert_eq!(logged.input["Actions"][0]["ForwardConfig"]["TargetGroups"][0]["TargetGroupArn"], edge.group);
    let none = format!("{}0", edge.listener);
    let error = aws.elb.describe_rules().listener_arn(none).send().await.unwrap_err();
    assert_eq!(error.code(), Some("ListenerNotFound"));
    assert!(error.into_service_error().is_listener_not_found_exception());
}

#[tokio::test(start_paused = true)]
async fn defaults_are_those_of_the_protocol() {
    let aws = Aws::start();
    let create = |name: &str, protocol: ProtocolEnum| {
        let request = aws.elb.create_target_group().name(name).protocol(protocol).port(80).vpc_id(common::VPC);
        request.target_type(TargetTypeEnum::Ip)
    };
    let http = create("http", ProtocolEnum::Http).send().await.unwrap().target_groups.unwrap().remove(0);
    assert_eq!((http.health_check_path(), http.protocol_version()), (Some("/"), Some("HTTP1")));
    assert_eq!((http.health_check_interval_seconds(), http.health_check_timeout_seconds()), (Some(30), Some(5)));
    assert_eq!((http.healthy_threshold_count(), http.unhealthy_threshold_count()), (Some(5), Some(2)));
    assert_eq!(http.matcher().unwrap().http_code(), Some("200"));
    assert_eq!(http.health_check_port(), Some("traffic-port"));
    let tcp = create("tcp", ProtocolEnum::Tcp).send().await.unwrap().target_groups.unwrap().remove(0);
    assert_eq!((tcp.health_check_protocol(), tcp.health_check_timeout_seconds()), (Some(&ProtocolEnum::Tcp), Some(10)));
    assert_eq!((tcp.health_check_path(), tcp.matcher()), (None, None));
    let grpc = create("grpc", ProtocolEnum::Http).protocol_version("GRPC").send().await.unwrap().target_groups.unwrap().remove(0);
    assert_eq!(grpc.health_check_path(), Some("/AWS.ALB/healthcheck"));
    assert_eq!(grpc.matcher().unwrap().grpc_code(), Some("12"));
    let attributes = aws.elb.describe_target_group_attributes().target_group_arn(http.target_group_arn().unwrap());
    let attributes = attributes.send().await.unwrap().attributes.unwrap();
    let value = |key: &str| attributes.iter().find(|it| it.key() == Some(key)).and_then(|it| it.value()).unwrap();
    assert_eq!(value("deregistration_delay.timeout_seconds"), "300");
    assert_eq!(value("stickiness.type"), "lb_cookie");
    assert_eq!(value("target_group_health.dns_failover.minimum_healthy_targets.percentage"), "off");
}

#[tokio::test(start_paused = true)]
async fn a_load_balancer_is_active_after_a_while_and_lists_come_in_pages() {
    let aws = Aws::start();
    for name in ["one", "two", "three"] {
        edge(&aws.simulator, name);
    }
    let state = |answer: &aws_sdk_elasticloadbalancingv2::operation::describe_load_balancers::DescribeLoadBalancersOutput| {
        answer.load_balancers()[0].state().unwrap().code().unwrap().as_str().to_owned()
    };
    let first = aws.elb.describe_load_balancers().page_size(2).send().await.unwrap();
    assert_eq!((first.load_balancers().len(), state(&first)), (2, "provisioning".to_owned()));
    seconds(30).await;
    let rest = aws.elb.describe_load_balancers().marker(first.next_marker().unwrap()).send().await.unwrap();
    assert_eq!((rest.load_balancers().len(), state(&rest)), (1, "active".to_owned()));
    assert_eq!(rest.next_marker(), None);
    let zones: Vec<_> = rest.load_balancers()[0].availability_zones().iter().filter_map(|zone| zone.zone_name()).collect();
    assert_eq!(zones, ["eu-central-1a", "eu-central-1b"]);
}

#[tokio::test(start_paused = true)]
async fn the_twenty_first_write_in_a_second_is_throttled() {
    let aws = Aws::with(Settings { throttling: true, ..Settings::default() });
    let group = group(&aws.simulator, "web");
    let tag = aws_sdk_elasticloadbalancingv2::types::Tag::builder().key("a").value("b").build();
    let write = || aws.elb.add_tags().resource_arns(&group).tags(tag.clone()).send();
    for _ in 0..20 {
        write().await.unwrap();
    }
    let error = write().await.unwrap_err();
    assert_eq!((error.code(), error.message()), (Some("Throttling"), Some("Rate exceeded")));
    assert_eq!(aws.simulator.calls().last().unwrap().outcome, Outcome::Throttled);
    seconds(1).await;
    write().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn faults_apply_to_load_balancing_too() {
    let aws = Aws::start();
    let edge = edge(&aws.simulator, "web");
    aws.simulator.inject(Fault::new("CreateTargetGroup", FaultKind::LostReply).on("shop").times(1));
    let create = || {
        let request = aws.elb.create_target_group().name("shop").protocol(ProtocolEnum::Http).port(80).vpc_id(common::VPC);
        request.target_type(TargetTypeEnum::Ip).send()
    };
    assert!(create().await.is_err());
    assert_eq!(create().await.unwrap().target_groups().len(), 1, "the name with the same settings gives it back");
    seconds(10).await;
    aws.elb.delete_listener().listener_arn(&edge.listener).send().await.unwrap();
    aws.simulator.inject(Fault::new("Describe*", FaultKind::StaleRead { age: Duration::from_secs(5) }).times(1));
    let listeners = || aws.elb.describe_listeners().load_balancer_arn(&edge.balancer).send();
    assert_eq!(listeners().await.unwrap().listeners().len(), 1);
    assert_eq!(listeners().await.unwrap().listeners().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_was_just_made_is_not_found_while_the_setting_says_so() {
    let aws = Aws::with(Settings { load_balancer_lag: Duration::from_secs(3), ..Settings::default() });
    let group = group(&aws.simulator, "web");
    let health = || aws.elb.describe_target_health().target_group_arn(&group).send();
    assert_eq!(health().await.unwrap_err().code(), Some("TargetGroupNotFound"));
    seconds(3).await;
    health().await.unwrap();
}

/// One request on a connection of its own; the whole answer.
async fn request(address: &str, head: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(format!("{head}\r\nConnection: close\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn the_server_is_a_proxy_to_its_load_balancers() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let simulator = Simulator::default();
    let edge = edge(&simulator, "web");
    common::rule(&simulator, &edge, (1, "shop.example.com"), &[(&edge.group, 1)]);
    targets(&simulator, &edge.group, &["10.0.9.1"]);
    simulator.advance(Duration::from_mins(1));
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = tokio::spawn({
        let simulator = simulator.clone();
        async move { simulator.serve(listener, async { drop(stopped.await) }).await }
    });

    let name = &edge.dns_name;
    let named = request(&address, &format!("GET http://{name}/ HTTP/1.1\r\nHost: {name}")).await;
    assert!(named.starts_with("HTTP/1.1 200") && named.contains("target 10.0.9.1:80"), "{named}");
    let alias = request(&address, "GET http://shop.example.com/cart HTTP/1.1\r\nHost: shop.example.com").await;
    assert!(alias.contains("x-simulator-target: 10.0.9.1:80") && alias.contains("x-simulator-rule: arn:"), "{alias}");
    let nobody = request(&address, "GET http://nobody.example.com/ HTTP/1.1\r\nHost: nobody.example.com").await;
    assert!(nobody.starts_with("HTTP/1.1 502") && nobody.contains("nobody answers at nobody.example.com:80"), "{nobody}");
    let state = request(&address, &format!("GET /_simulator/state HTTP/1.1\r\nHost: {address}")).await;
    assert!(state.contains("\"loadBalancers\":[{"), "{state}");

    stop.send(()).unwrap();
    server.await.unwrap().unwrap();
}

#[test]
fn certificates_come_from_acm() {
    let simulator = Simulator::default();
    let edge = edge(&simulator, "web");
    let arn = simulator.add_certificate(&["example.com", "*.example.com"]);
    let fixed = json!([{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}]);
    let input = json!({
        "LoadBalancerArn": edge.balancer, "Protocol": "HTTPS", "Port": 443, "DefaultActions": fixed,
        "Certificates": [{"CertificateArn": arn}],
    });
    let listener = common::made(&simulator, "CreateListener", input, "Listeners");
    assert_eq!(listener["SslPolicy"], "ELBSecurityPolicy-2016-08");
    assert_eq!(listener["MutualAuthentication"]["Mode"], "off");
    let second = json!({"ListenerArn": listener["ListenerArn"], "Certificates": [{"CertificateArn": simulator.add_certificate(&["b.test"])}]});
    simulator.call_elb("AddListenerCertificates", second.clone()).unwrap();
    let listed = || simulator.call_elb("DescribeListenerCertificates", json!({"ListenerArn": listener["ListenerArn"]})).unwrap();
    assert_eq!(listed()["Certificates"].as_array().unwrap().len(), 2);
    assert_eq!(listed()["Certificates"][0], json!({"CertificateArn": arn, "IsDefault": true}));
    simulator.call_elb("RemoveListenerCertificates", second).unwrap();
    let default = json!({"ListenerArn": listener["ListenerArn"], "Certificates": [{"CertificateArn": arn}]});
    assert_eq!(simulator.call_elb("RemoveListenerCertificates", default).unwrap_err().code, "OperationNotPermitted");
}
