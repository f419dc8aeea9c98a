//! Both ways through the SDK's types.

use super::*;
use std::collections::BTreeSet;

fn strings(all: &[&str]) -> BTreeSet<String> {
    all.iter().map(|one| (*one).to_owned()).collect()
}

/// The members of an input that are left out, by its `Debug` text: `CreateRuleInputBuilder { listener_arn: None, … }`.
fn left_out(input: &impl std::fmt::Debug) -> Vec<String> {
    let text = format!("{input:?}");
    let members = text.split_once('{').map_or("", |(_, members)| members);
    // Depth 0 only: members of members may be left out.
    let (mut depth, mut start, mut out) = (0, 0, Vec::new());
    for (at, c) in members.char_indices() {
        match c {
            '{' | '[' | '(' => depth += 1,
            '}' | ']' | ')' => depth -= 1,
            _ => {}
        }
        if (c == ',' && depth == 0) || depth < 0 {
            let member = members[start..at].trim();
            if let Some((name, "None")) = member.split_once(": ") {
                out.push(name.to_owned());
            }
            start = at + 1;
        }
    }
    out
}

fn conditions() -> Vec<Condition> {
    vec![
        Condition::HostHeader(Patterns::values(["b.example.com", "a.example.com"])),
        Condition::PathPattern(Patterns::regexes(["^/v[0-9]+/"])),
        Condition::http_header("X-Tenant", Patterns::values(["a*"])),
        Condition::HttpRequestMethod(strings(&["POST", "GET"])),
        Condition::QueryString(BTreeSet::from([(Some("v".to_owned()), "1".to_owned()), (None, "beta".to_owned())])),
        Condition::SourceIp { cidrs: strings(&["10.0.0.0/8"]), ip_address_type: None },
        Condition::SourceIp { cidrs: BTreeSet::new(), ip_address_type: Some("ipv6".to_owned()) },
        Condition::Other { field: "phase-of-the-moon".to_owned(), patterns: Patterns::values(["full"]) },
    ]
}

fn actions() -> Vec<Action> {
    vec![
        Action::forward([("tg-b", 20), ("tg-a", 80)], Some(600)),
        Action::forward_to("tg-a"),
        Action::forward([("tg-a", 0)], None),
        Action::Redirect(Redirect { protocol: "HTTPS".to_owned(), port: "443".to_owned(), ..Redirect::default() }),
        Action::Redirect(Redirect { status_code: "HTTP_308".to_owned(), ..Redirect::default() }),
        Action::FixedResponse(FixedResponse { status_code: "404".to_owned(), content_type: None, message_body: None }),
    ]
}

fn rule() -> NewRule {
    NewRule {
        listener_arn: "listener".to_owned(),
        priority: 7,
        conditions: conditions().into_iter().collect(),
        actions: actions(),
        transforms: BTreeSet::from([
            Transform::UrlRewrite(vec![Rewrite { regex: "^/old".to_owned(), replace: "/new".to_owned() }]),
            Transform::HostHeaderRewrite(vec![Rewrite { regex: ".*".to_owned(), replace: "internal".to_owned() }]),
        ]),
        tags: Tags::from([("team".to_owned(), "shop".to_owned())]),
    }
}

#[test]
fn a_rule_that_was_made_is_read_as_it_was_declared() {
    let new = rule();
    let input = new.to_input();
    let read = Rule::read(
        types::Rule::builder()
            .rule_arn("arn")
            .priority("7")
            .set_conditions(input.get_conditions().clone())
            .set_actions(input.get_actions().clone())
            .set_transforms(input.get_transforms().clone())
            .build(),
    );
    assert_eq!(read.conditions, new.conditions);
    assert_eq!(read.actions, new.actions);
    assert_eq!(read.transforms, new.transforms);
    assert_eq!((read.priority, read.is_default()), (Some(7), false));
    assert_eq!(read_tags(input.get_tags().clone()), new.tags);
    assert_eq!(left_out(&input), [] as [&str; 0]);
}

#[test]
fn actions_keep_their_order_whatever_the_order_of_the_answer() {
    let mut sent = Action::to_sdk_all(&actions());
    sent.reverse();
    assert_eq!(Action::read_all(Some(sent)), actions());
    let one = Action::to_sdk_all(&actions()[..1]);
    assert_eq!(one[0].order, None, "AWS wants none where there is one action");
}

#[test]
fn the_order_of_conditions_and_of_values_means_nothing() {
    let condition = |values: &[&str]| {
        let config =
            types::HostHeaderConditionConfig::builder().set_values(Some(values.iter().map(ToString::to_string).collect()));
        types::RuleCondition::builder().field("host-header").host_header_config(config.build()).build()
    };
    let path = types::RuleCondition::builder().field("path-pattern").values("/a").build();
    let one = types::Rule::builder().conditions(condition(&["a", "b"])).conditions(path.clone()).build();
    let other = types::Rule::builder().conditions(path).conditions(condition(&["b", "a"])).build();
    assert_eq!(Rule::read(one), Rule::read(other));
}

#[test]
fn values_that_are_shown_twice_are_read_once_and_an_empty_list_hides_none() {
    let config = types::PathPatternConditionConfig::builder().values("/a").build();
    let both = types::RuleCondition::builder().field("path-pattern").values("/a").path_pattern_config(config).build();
    assert_eq!(Condition::read(both), Condition::PathPattern(Patterns::values(["/a"])));
    let config = types::HttpRequestMethodConditionConfig::builder().values("GET").build();
    let method = types::RuleCondition::builder().field("http-request-method").set_values(Some(Vec::new()));
    let method = method.http_request_method_config(config).build();
    assert_eq!(Condition::read(method), Condition::HttpRequestMethod(strings(&["GET"])));
}

#[test]
fn names_of_headers_have_no_case() {
    let config = types::HttpHeaderConditionConfig::builder().http_header_name("X-TENANT").values("a").build();
    let read = Condition::read(types::RuleCondition::builder().field("http-header").http_header_config(config).build());
    assert_eq!(read, Condition::http_header("x-tenant", Patterns::values(["a"])));
}

#[test]
fn a_target_group_is_the_same_however_aws_shows_that_all_goes_to_it() {
    let forward = || types::Action::builder().r#type(types::ActionTypeEnum::Forward);
    let tuple = |weight: Option<i32>| types::TargetGroupTuple::builder().target_group_arn("tg").set_weight(weight).build();
    let off = types::TargetGroupStickinessConfig::builder().enabled(false).build();
    let config = |weight| types::ForwardActionConfig::builder().target_groups(tuple(weight));
    let shown = [
        forward().target_group_arn("tg").build(),
        forward().target_group_arn("tg").forward_config(config(Some(1)).target_group_stickiness_config(off).build()).build(),
        forward().forward_config(config(None).build()).order(1).build(),
    ];
    for action in shown {
        assert_eq!(Action::read_all(Some(vec![action])), [Action::forward_to("tg")]);
    }
    let sent = Action::to_sdk_all(&[Action::forward_to("tg")]).remove(0);
    assert_eq!((sent.target_group_arn.as_deref(), sent.forward_config), (Some("tg"), None));
}

#[test]
fn a_redirect_is_the_same_with_and_without_what_aws_fills_in() {
    let config = types::RedirectActionConfig::builder()
        .host("#{host}")
        .path("/#{path}")
        .port("443")
        .query("#{query}")
        .protocol("HTTPS")
        .status_code(types::RedirectActionStatusCodeEnum::Http301)
        .build();
    let action = types::Action::builder().r#type(types::ActionTypeEnum::Redirect).redirect_config(config).build();
    let declared = Redirect { protocol: "HTTPS".to_owned(), port: "443".to_owned(), ..Redirect::default() };
    assert_eq!(Action::read_all(Some(vec![action])), [Action::Redirect(declared)]);
}

#[test]
fn an_action_that_is_not_ours_to_understand_goes_back_as_it_came_and_shows_no_secret() {
    let oidc = types::AuthenticateOidcActionConfig::builder().issuer("https://id").client_id("me").client_secret("hush").build();
    let action =
        types::Action::builder().r#type(types::ActionTypeEnum::AuthenticateOidc).authenticate_oidc_config(oidc).order(1).build();
    let last = types::Action::builder().r#type(types::ActionTypeEnum::Forward).target_group_arn("tg").order(2).build();
    let read = Action::read_all(Some(vec![action.clone(), last]));
    assert_eq!(format!("{:?}", read[0]), r#"Other(OtherAction("authenticate-oidc"))"#);
    assert_eq!(Action::to_sdk_all(&read)[0], action);
}

#[test]
fn the_default_rule_has_no_priority() {
    let read = Rule::read(types::Rule::builder().priority("default").is_default(true).build());
    assert!(read.is_default());
}

#[test]
fn a_change_of_a_rule_sends_what_changes_and_takes_transforms_away_by_a_member_of_its_own() {
    let change = RuleChange { arn: "rule".to_owned(), transforms: Some(BTreeSet::new()), ..RuleChange::default() };
    let input = change.to_input();
    assert_eq!(left_out(&input), ["conditions", "actions", "transforms"]);
    assert_eq!(*input.get_reset_transforms(), Some(true));
    let all = rule();
    let change = RuleChange {
        arn: "rule".to_owned(),
        conditions: Some(all.conditions),
        actions: Some(all.actions),
        transforms: Some(all.transforms),
    };
    assert_eq!(left_out(&change.to_input()), ["reset_transforms"]);
}

fn health_check() -> HealthCheck {
    HealthCheck {
        enabled: Some(true),
        protocol: Some("HTTP".to_owned()),
        port: Some("traffic-port".to_owned()),
        path: Some("/healthz".to_owned()),
        interval_seconds: Some(10),
        timeout_seconds: Some(5),
        healthy_threshold_count: Some(2),
        unhealthy_threshold_count: Some(3),
        matcher: Some(Matcher { http_code: Some("200-299".to_owned()), grpc_code: None }),
    }
}

fn target_group() -> NewTargetGroup {
    NewTargetGroup {
        name: "shop-web".to_owned(),
        protocol: Some("SMOKE".to_owned()),
        protocol_version: Some("HTTP9".to_owned()),
        port: Some(80),
        vpc_id: Some("vpc-1".to_owned()),
        target_type: Some("pigeon".to_owned()),
        ip_address_type: Some("ipv9".to_owned()),
        target_control_port: Some(9000),
        health_check: health_check(),
        tags: Tags::from([("team".to_owned(), "shop".to_owned())]),
    }
}

#[test]
fn a_target_group_that_was_made_is_read_as_it_was_declared_in_words_that_the_sdk_does_not_know_too() {
    let new = target_group();
    let input = new.to_input();
    assert_eq!(left_out(&input), [] as [&str; 0]);
    let check = &new.health_check;
    let read = TargetGroup::read(
        types::TargetGroup::builder()
            .target_group_arn("arn")
            .set_target_group_name(input.get_name().clone())
            .set_protocol(input.get_protocol().clone())
            .set_protocol_version(input.get_protocol_version().clone())
            .set_port(*input.get_port())
            .set_vpc_id(input.get_vpc_id().clone())
            .set_target_type(input.get_target_type().clone())
            .set_ip_address_type(input.get_ip_address_type().clone())
            .set_target_control_port(*input.get_target_control_port())
            .set_health_check_enabled(*input.get_health_check_enabled())
            .set_health_check_protocol(input.get_health_check_protocol().clone())
            .set_health_check_port(input.get_health_check_port().clone())
            .set_health_check_path(input.get_health_check_path().clone())
            .set_health_check_interval_seconds(*input.get_health_check_interval_seconds())
            .set_health_check_timeout_seconds(*input.get_health_check_timeout_seconds())
            .set_healthy_threshold_count(*input.get_healthy_threshold_count())
            .set_unhealthy_threshold_count(*input.get_unhealthy_threshold_count())
            .set_matcher(input.get_matcher().clone())
            .load_balancer_arns("b")
            .load_balancer_arns("a")
            .build(),
    );
    assert_eq!(read.health_check, *check);
    assert_eq!((&read.protocol, &read.protocol_version, read.port), (&new.protocol, &new.protocol_version, new.port));
    assert_eq!((Some(&read.target_type), Some(&read.ip_address_type)), (new.target_type.as_ref(), new.ip_address_type.as_ref()));
    assert_eq!((&read.vpc_id, read.target_control_port, &read.name), (&new.vpc_id, new.target_control_port, &new.name));
    assert_eq!(read.load_balancer_arns, strings(&["a", "b"]));
}

#[test]
fn what_aws_leaves_out_of_a_target_group_is_its_default() {
    let read = TargetGroup::read(types::TargetGroup::builder().build());
    assert_eq!((read.target_type.as_str(), read.ip_address_type.as_str()), ("instance", "ipv4"));
    assert_eq!(read.protocol_version, None);
    let http = TargetGroup::read(types::TargetGroup::builder().protocol(types::ProtocolEnum::Http).build());
    assert_eq!(http.protocol_version.as_deref(), Some("HTTP1"));
}

#[test]
fn a_change_of_a_health_check_holds_all_that_aws_can_change() {
    assert_eq!(left_out(&health_check().to_input("arn")), [] as [&str; 0]);
    let path = HealthCheck { path: Some("/".to_owned()), ..HealthCheck::default() };
    assert_eq!(left_out(&path.to_input("arn")).len(), 8);
}

#[test]
fn a_target_group_can_be_written_in_aws_s_names() {
    let json = serde_json::json!({"name": "web", "vpcId": "vpc-1", "healthCheck": {"path": "/", "matcher": {"httpCode": "200"}}});
    let new: NewTargetGroup = serde_json::from_value(json).unwrap();
    assert_eq!((new.vpc_id.as_deref(), new.health_check.path.as_deref()), (Some("vpc-1"), Some("/")));
}

#[test]
fn targets_are_read_with_what_is_wrong_with_them() {
    let target = types::TargetDescription::builder().id("10.0.0.7").port(8080).availability_zone("a").build();
    let health = types::TargetHealth::builder()
        .state("unhealthy.draining".into())
        .reason("Target.Bored".into())
        .description("it yawns")
        .build();
    let read = TargetHealth::read(
        types::TargetHealthDescription::builder().target(target).target_health(health).health_check_port("8080").build(),
    );
    assert_eq!((read.id.as_str(), read.port, read.state.as_str()), ("10.0.0.7", Some(8080), "unhealthy.draining"));
    assert_eq!((read.reason.as_deref(), read.description.as_deref()), (Some("Target.Bored"), Some("it yawns")));
    assert!(!read.is_healthy() && read.is_moving());
}

fn mapping() -> SubnetMapping {
    SubnetMapping {
        subnet_id: "subnet-b".to_owned(),
        allocation_id: Some("eipalloc-1".to_owned()),
        private_ipv4_address: Some("10.0.0.9".to_owned()),
        ipv6_address: None,
        source_nat_ipv6_prefix: Some("auto_assigned".to_owned()),
    }
}

#[test]
fn a_load_balancer_that_was_made_is_read_as_it_was_declared() {
    let new = NewLoadBalancer {
        name: "edge".to_owned(),
        kind: Some("network".to_owned()),
        scheme: Some("underground".to_owned()),
        subnets: strings(&["subnet-a"]),
        subnet_mappings: vec![mapping()],
        security_groups: vec!["sg-2".to_owned(), "sg-1".to_owned()],
        ip_address_type: Some("dualstack".to_owned()),
        customer_owned_ipv4_pool: Some("pool".to_owned()),
        ipv4_ipam_pool_id: Some("ipam".to_owned()),
        enable_prefix_for_ipv6_source_nat: Some("on".to_owned()),
        tags: Tags::from([("team".to_owned(), "shop".to_owned())]),
    };
    let input = new.to_input();
    assert_eq!(left_out(&input), [] as [&str; 0]);
    let address = types::LoadBalancerAddress::builder().allocation_id("eipalloc-1").private_ipv4_address("10.0.0.9").build();
    let zone = |subnet: &str| types::AvailabilityZone::builder().subnet_id(subnet).zone_name("z");
    let read = LoadBalancer::read(
        types::LoadBalancer::builder()
            .set_load_balancer_name(input.get_name().clone())
            .set_type(input.get_type().clone())
            .set_scheme(input.get_scheme().clone())
            .set_security_groups(input.get_security_groups().clone())
            .set_ip_address_type(input.get_ip_address_type().clone())
            .set_customer_owned_ipv4_pool(input.get_customer_owned_ipv4_pool().clone())
            .set_ipam_pools(input.get_ipam_pools().clone())
            .set_enable_prefix_for_ipv6_source_nat(input.get_enable_prefix_for_ipv6_source_nat().clone())
            .availability_zones(
                zone("subnet-b").load_balancer_addresses(address).source_nat_ipv6_prefixes("auto_assigned").build(),
            )
            .availability_zones(zone("subnet-a").build())
            .state(types::LoadBalancerState::builder().code("sulking".into()).reason("rain").build())
            .build(),
    );
    assert_eq!((&read.name, Some(&read.kind), &read.scheme), (&new.name, new.kind.as_ref(), &new.scheme));
    assert_eq!(read.security_groups, strings(&["sg-1", "sg-2"]));
    assert_eq!(read.subnets(), BTreeSet::from(["subnet-a", "subnet-b"]));
    assert_eq!((&read.zones[0].addresses, &read.zones[1].addresses), (&vec![], &new.subnet_mappings));
    assert_eq!((read.ip_address_type, read.ipv4_ipam_pool_id), (new.ip_address_type, new.ipv4_ipam_pool_id));
    assert_eq!(read.customer_owned_ipv4_pool, new.customer_owned_ipv4_pool);
    assert_eq!(read.enable_prefix_for_ipv6_source_nat, new.enable_prefix_for_ipv6_source_nat);
    assert_eq!((read.state.as_str(), read.state_reason.as_deref()), ("sulking", Some("rain")));
}

#[test]
fn a_change_of_subnets_holds_all_that_aws_takes() {
    let change = SubnetsChange {
        arn: "arn".to_owned(),
        subnets: strings(&["subnet-a"]),
        subnet_mappings: vec![mapping()],
        ip_address_type: Some("ipv4".to_owned()),
        enable_prefix_for_ipv6_source_nat: Some("off".to_owned()),
    };
    assert_eq!(left_out(&change.to_input()), [] as [&str; 0]);
}

fn listener() -> NewListener {
    NewListener {
        load_balancer_arn: "lb".to_owned(),
        port: Some(443),
        protocol: Some("HTTPS".to_owned()),
        certificate_arn: Some("cert".to_owned()),
        ssl_policy: Some("policy".to_owned()),
        default_actions: actions(),
        alpn_policy: vec!["HTTP2Preferred".to_owned()],
        mutual_authentication: Some(MutualAuthentication {
            mode: Some("verify".to_owned()),
            trust_store_arn: Some("store".to_owned()),
            ignore_client_certificate_expiry: Some(false),
            advertise_trust_store_ca_names: Some("on".to_owned()),
        }),
        tags: Tags::from([("team".to_owned(), "shop".to_owned())]),
    }
}

#[test]
fn a_listener_that_was_made_is_read_as_it_was_declared() {
    let new = listener();
    let input = new.to_input();
    assert_eq!(left_out(&input), [] as [&str; 0]);
    let read = Listener::read(
        types::Listener::builder()
            .set_load_balancer_arn(input.get_load_balancer_arn().clone())
            .set_port(*input.get_port())
            .set_protocol(input.get_protocol().clone())
            .set_certificates(input.get_certificates().clone())
            .set_ssl_policy(input.get_ssl_policy().clone())
            .set_default_actions(input.get_default_actions().clone())
            .set_alpn_policy(input.get_alpn_policy().clone())
            .set_mutual_authentication(input.get_mutual_authentication().clone())
            .build(),
    );
    assert_eq!((read.load_balancer_arn, read.port, read.protocol), (new.load_balancer_arn, new.port, new.protocol));
    assert_eq!((read.certificate_arn, read.ssl_policy), (new.certificate_arn, new.ssl_policy));
    assert_eq!((read.default_actions, read.alpn_policy), (new.default_actions, new.alpn_policy));
    assert_eq!(read.mutual_authentication, new.mutual_authentication);
}

#[test]
fn a_change_of_a_listener_sends_what_changes() {
    let change = ListenerChange { arn: "arn".to_owned(), ssl_policy: Some("new".to_owned()), ..ListenerChange::default() };
    let left = left_out(&change.to_input());
    assert_eq!(left, ["port", "protocol", "certificates", "default_actions", "alpn_policy", "mutual_authentication"]);
    let new = listener();
    let all = ListenerChange {
        arn: "arn".to_owned(),
        port: new.port,
        protocol: new.protocol,
        certificate_arn: new.certificate_arn,
        ssl_policy: new.ssl_policy,
        default_actions: Some(new.default_actions),
        alpn_policy: Some(new.alpn_policy),
        mutual_authentication: new.mutual_authentication,
    };
    assert_eq!(left_out(&all.to_input()), [] as [&str; 0]);
}

#[test]
fn quotas_are_read_by_name() {
    let limit = |name: &str, max: &str| types::Limit::builder().name(name).max(max).build();
    let limits = AccountLimits::read([limit("rules-per-application-load-balancer", "100"), limit("odd", "many")]);
    assert_eq!((limits.get("rules-per-application-load-balancer"), limits.get("odd")), (Some(100), None));
}
